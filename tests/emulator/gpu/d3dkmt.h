/* The part of the display kernel interface that tells a guest about its paravirtualised adapter.
 * mingw-w64 lacks d3dkmthk.h; layouts and numbers are those of its documentation. The adapters are
 * the display devices of the PnP manager that are started, and the software renderer. What the
 * host's driver reports through a paravirtualised one lies in
 *
 *   HKLM\Software\gpupv-emulator\gpu
 *     Description        REG_SZ        "NVIDIA GeForce RTX 4070"
 *     Folder             REG_SZ        name of the package's folder in the host's driver store
 *     UserModeDrivers    REG_MULTI_SZ  file in that folder for D3D 9, 10, 11, 12
 *     UserModeVersion    REG_SZ        "32.0.15.6094"
 *     KernelModeVersion  REG_SZ
 *     Vendor Device Subsystem Revision  REG_DWORD
 *     Fail<number>       REG_DWORD     NTSTATUS of D3DKMTQueryAdapterInfo of that type
 *     FailEnum           REG_DWORD     NTSTATUS of both enumerations
 *     FailDevice         REG_DWORD     HRESULT of D3D11CreateDevice
 *     NoEnum3            REG_DWORD     1: a Windows before 2004, D3DKMTEnumAdapters3 is not
 * exported */
#ifndef GPUPV_TESTS_D3DKMT_H
#define GPUPV_TESTS_D3DKMT_H

#include <windows.h>
#include <stdbool.h>
#include <stdint.h>

#include "../common/hook.h"

typedef UINT D3DKMT_HANDLE;

enum d3dkmt_type {
    D3DKMT_TYPE_UMD_NAME = 1,
    D3DKMT_TYPE_ADAPTER_TYPE = 15,
    D3DKMT_TYPE_UMD_VERSION = 18,
    D3DKMT_TYPE_DEVICE_IDS = 31,
    D3DKMT_TYPE_QUERY_REGISTRY = 48,
    D3DKMT_TYPE_KMD_VERSION = 49,
    D3DKMT_TYPE_DESCRIPTION = 65
};

/* Bits of D3DKMT_ADAPTERTYPE. */
enum d3dkmt_adapter_bits {
    D3DKMT_RENDER = 1 << 0,
    D3DKMT_DISPLAY = 1 << 1,
    D3DKMT_SOFTWARE = 1 << 2,
    D3DKMT_POST = 1 << 3,
    D3DKMT_HYBRID_DISCRETE = 1 << 4,
    D3DKMT_INDIRECT = 1 << 6,
    D3DKMT_PARAVIRTUALIZED = 1 << 7
};

struct d3dkmt_adapter_info {
    D3DKMT_HANDLE handle;
    LUID luid;
    ULONG source_count;
    BOOL precise_present_regions;
};

struct d3dkmt_enum2 {
    ULONG count;
    struct d3dkmt_adapter_info *adapters;
};

struct d3dkmt_enum3 {
    ULONGLONG filter; /* bit 0 compute only, bit 1 display only */
    ULONG count;
    struct d3dkmt_adapter_info *adapters;
};

struct d3dkmt_open_luid {
    LUID luid;
    D3DKMT_HANDLE handle;
};

struct d3dkmt_query {
    D3DKMT_HANDLE handle;
    UINT type;
    void *data;
    UINT size;
};

struct d3dkmt_close {
    D3DKMT_HANDLE handle;
};

struct d3dkmt_umd_name {
    UINT version; /* 0..3: D3D 9, 10, 11, 12 */
    wchar_t path[MAX_PATH];
};

struct d3dkmt_device_ids {
    UINT physical_index;
    UINT vendor, device, subsystem_vendor, subsystem, revision, bus;
};

enum { D3DKMT_REGISTRY_DRIVER_STORE_PATH = 2, D3DKMT_REGISTRY_TRANSLATE_PATH = 1 };
enum d3dkmt_registry_status { D3DKMT_REGISTRY_OK, D3DKMT_REGISTRY_OVERFLOW, D3DKMT_REGISTRY_FAIL };

struct d3dkmt_registry {
    UINT type, flags;
    wchar_t value_name[MAX_PATH];
    ULONG value_type, physical_index, output_size;
    UINT status;
    union {
        DWORD output_dword;
        UINT64 output_qword;
        wchar_t output_text[1];
        BYTE output_bytes[1];
    };
};

struct d3dkmt_description {
    wchar_t text[4096];
};

/* ---- adapters.c ---- */

struct gpu_adapter_state {
    LUID luid;
    UINT bits;
    ULONG sources;
    wchar_t description[128];
};

enum { GPU_ADAPTERS = 16 };

/* Adapters that the kernel knows now. */
size_t gpu_adapters(struct gpu_adapter_state *ret_adapters);

/* Handles of this process. 0: the table is full. */
D3DKMT_HANDLE gpu_open(LUID luid);
bool gpu_close(D3DKMT_HANDLE handle);

/* The adapter of an open handle; false when there is no such handle or its device is gone. */
bool gpu_of_handle(D3DKMT_HANDLE handle, struct gpu_adapter_state *ret_adapter);

/* ---- calls.c ---- */

extern const struct hook gpu_hooks[];
extern const size_t gpu_hook_count;

/* ---- dxgi.c ---- */

extern const struct hook dxgi_hooks[];
extern const size_t dxgi_hook_count;

#endif
