/*
 * The paravirtualised graphics adapter as the display kernel tells about it (D3DKMT*, guest.md
 * section 5): the functions are found in gdi32 at run time, since older versions of Windows and
 * Wine lack some. Reads only; any thread.
 */
#ifndef GPUPV_MACHINE_GPU_ADAPTER_WIN32_H
#define GPUPV_MACHINE_GPU_ADAPTER_WIN32_H

#include "common/err.h"

#include <windows.h>

#define GPU_PATH_UNITS 512
#define GPU_APIS       4 /* Direct3D 9, 10, 11, 12 */

/* What one query after another said; what Windows does not tell is empty or 0. */
struct gpu_kernel_facts {
    bool present; /* a paravirtualised adapter exists */
    LUID luid;
    uint32_t vendor; /* PCI id of the host's GPU: 0x10DE NVIDIA, 0x1002 AMD, 0x8086 Intel */
    uint16_t description[128];
    uint16_t store_path[GPU_PATH_UNITS]; /* of the package, as this machine should have it */
    uint16_t driver[GPU_APIS][MAX_PATH]; /* the user-mode driver of each API */
    uint64_t umd_version, kmd_version;   /* 4 x 16 bits, the major part on top */
};

/* Reads them of the first paravirtualised adapter; none at all is true. ERR_UNSUPPORTED where
 * Windows has no such functions. */
bool gpu_kernel_query(struct gpu_kernel_facts *ret_facts, struct err *err);

#endif
