/* The D3DKMT functions of gdi32. All are found by GetProcAddress as well as by import. */
#include "d3dkmt.h"

#include "../common/state.h"

#include <ntstatus.h>
#include <winternl.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY   "gpu"
#define STORE L"C:\\Windows\\System32\\DriverStore\\FileRepository\\"
#define HOST  L"C:\\Windows\\System32\\HostDriverStore\\FileRepository\\"

enum { INCLUDE_COMPUTE_ONLY = 1, INCLUDE_DISPLAY_ONLY = 2, BUS_PCI = 1 };

/* Every adapter that is handed out is open, until D3DKMTCloseAdapter. A call without an array tells
 * how much room it takes. */
static NTSTATUS enumerate(ULONG *count, struct d3dkmt_adapter_info *rows, bool display_only)
{
    NTSTATUS fault = (NTSTATUS)state_fault(KEY, "FailEnum");
    struct gpu_adapter_state all[GPU_ADAPTERS];
    size_t found = gpu_adapters(all);
    ULONG listed = 0;

    if (fault)
        return fault;
    for (size_t i = 0; i < found; i++)
        if (display_only || all[i].bits & D3DKMT_RENDER)
            all[listed++] = all[i];
    if (!rows) {
        *count = listed;
        return STATUS_SUCCESS;
    }
    if (*count < listed)
        return STATUS_BUFFER_TOO_SMALL;
    for (ULONG i = 0; i < listed; i++) {
        D3DKMT_HANDLE handle = gpu_open(all[i].luid);

        if (!handle) {
            while (i--)
                gpu_close(rows[i].handle);
            return STATUS_NO_MEMORY;
        }
        rows[i] = (struct d3dkmt_adapter_info){
            .handle = handle, .luid = all[i].luid, .source_count = all[i].sources};
    }
    *count = listed;
    return STATUS_SUCCESS;
}

static NTSTATUS WINAPI on_enum2(struct d3dkmt_enum2 *call)
{
    return call ? enumerate(&call->count, call->adapters, true) : STATUS_INVALID_PARAMETER;
}

static NTSTATUS WINAPI on_enum3(struct d3dkmt_enum3 *call)
{
    if (!call || call->filter & ~(ULONGLONG)(INCLUDE_COMPUTE_ONLY | INCLUDE_DISPLAY_ONLY))
        return STATUS_INVALID_PARAMETER;
    return enumerate(&call->count, call->adapters, call->filter & INCLUDE_DISPLAY_ONLY);
}

static NTSTATUS WINAPI on_open_luid(struct d3dkmt_open_luid *call)
{
    struct gpu_adapter_state all[GPU_ADAPTERS];
    size_t count = gpu_adapters(all);

    if (!call)
        return STATUS_INVALID_PARAMETER;
    for (size_t i = 0; i < count; i++)
        if (!memcmp(&all[i].luid, &call->luid, sizeof(LUID))) {
            call->handle = gpu_open(call->luid);
            return call->handle ? STATUS_SUCCESS : STATUS_NO_MEMORY;
        }
    return STATUS_INVALID_PARAMETER;
}

static NTSTATUS WINAPI on_close(const struct d3dkmt_close *call)
{
    return call && gpu_close(call->handle) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* ---- what the types answer; data has at least the size of their rows ---- */

static NTSTATUS adapter_type(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    memcpy(q->data, &a->bits, sizeof(a->bits));
    return STATUS_SUCCESS;
}

/* The name of the n-th user-mode driver of the package, NULL when the vendor has none for it. */
static const wchar_t *driver_file(wchar_t *names, UINT n)
{
    while (n-- && *names)
        names += wcslen(names) + 1;
    return *names ? names : NULL;
}

static NTSTATUS umd_name(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    struct d3dkmt_umd_name *name = q->data;
    wchar_t names[STATE_TEXT_BYTES], folder[MAX_PATH];
    const wchar_t *file;

    if (name->version > 3)
        return STATUS_INVALID_PARAMETER;
    state_strings(KEY, "UserModeDrivers", names, STATE_TEXT_BYTES);
    file = driver_file(names, name->version);
    if (!(a->bits & D3DKMT_PARAVIRTUALIZED) || !file ||
        !state_text(KEY, "Folder", folder, MAX_PATH))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return swprintf(name->path, MAX_PATH, HOST L"%ls\\%ls", folder, file) > 0
               ? STATUS_SUCCESS
               : STATUS_BUFFER_OVERFLOW;
}

/* "32.0.15.6094": four times sixteen bits, the first in the highest. */
static NTSTATUS version(const struct gpu_adapter_state *a, struct d3dkmt_query *q, const char *name)
{
    wchar_t text[STATE_TEXT_BYTES];
    unsigned part[4] = {0};
    uint64_t packed = 0;

    if (!(a->bits & D3DKMT_PARAVIRTUALIZED) || !state_text(KEY, name, text, STATE_TEXT_BYTES) ||
        swscanf(text, L"%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]) != 4)
        return STATUS_NOT_SUPPORTED;
    for (int i = 0; i < 4; i++)
        packed = packed << 16 | (part[i] & 0xFFFF);
    memcpy(q->data, &packed, sizeof(packed));
    return STATUS_SUCCESS;
}

static NTSTATUS umd_version(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    return version(a, q, "UserModeVersion");
}

static NTSTATUS kmd_version(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    return version(a, q, "KernelModeVersion");
}

static NTSTATUS device_ids(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    struct d3dkmt_device_ids *ids = q->data;
    bool real = a->bits & D3DKMT_PARAVIRTUALIZED;
    DWORD subsystem = real ? state_number(KEY, "Subsystem", 0x40E71458) : 0;

    if (ids->physical_index)
        return STATUS_INVALID_PARAMETER;
    ids->vendor = real ? state_number(KEY, "Vendor", 0x10DE) : 0x1414;
    ids->device = real ? state_number(KEY, "Device", 0x2786) : 0x008C;
    ids->subsystem_vendor = subsystem & 0xFFFF;
    ids->subsystem = subsystem >> 16;
    ids->revision = real ? state_number(KEY, "Revision", 0xA1) : 0;
    ids->bus = BUS_PCI;
    return STATUS_SUCCESS;
}

/* Too little room is no failed call: the status inside says so, with the size that is needed. */
static NTSTATUS registry(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    struct d3dkmt_registry *r = q->data;
    wchar_t folder[MAX_PATH], path[2 * MAX_PATH];
    ULONG need, room = q->size - (UINT)offsetof(struct d3dkmt_registry, output_text);

    if (r->type != D3DKMT_REGISTRY_DRIVER_STORE_PATH ||
        r->flags & ~(UINT)D3DKMT_REGISTRY_TRANSLATE_PATH || r->physical_index)
        return STATUS_INVALID_PARAMETER;
    if (!(a->bits & D3DKMT_PARAVIRTUALIZED) || !state_text(KEY, "Folder", folder, MAX_PATH)) {
        r->status = D3DKMT_REGISTRY_FAIL;
        return STATUS_SUCCESS;
    }
    swprintf(path,
             2 * MAX_PATH,
             L"%ls%ls",
             r->flags & D3DKMT_REGISTRY_TRANSLATE_PATH ? HOST : STORE,
             folder);
    need = (ULONG)((wcslen(path) + 1) * sizeof(*path));
    r->value_type = REG_SZ;
    r->output_size = need;
    if (room < need) {
        r->status = D3DKMT_REGISTRY_OVERFLOW;
        return STATUS_SUCCESS;
    }
    memcpy(r->output_text, path, need);
    r->status = D3DKMT_REGISTRY_OK;
    return STATUS_SUCCESS;
}

static NTSTATUS description(const struct gpu_adapter_state *a, struct d3dkmt_query *q)
{
    struct d3dkmt_description *d = q->data;

    memset(d, 0, sizeof(*d));
    wcscpy(d->text, a->description);
    return STATUS_SUCCESS;
}

static const struct {
    UINT type;
    UINT size;
    bool grows; /* more room than that is fine */
    NTSTATUS (*answer)(const struct gpu_adapter_state *a, struct d3dkmt_query *q);
} types[] = {
    {D3DKMT_TYPE_UMD_NAME, sizeof(struct d3dkmt_umd_name), false, umd_name},
    {D3DKMT_TYPE_ADAPTER_TYPE, sizeof(UINT), false, adapter_type},
    {D3DKMT_TYPE_UMD_VERSION, sizeof(uint64_t), false, umd_version},
    {D3DKMT_TYPE_DEVICE_IDS, sizeof(struct d3dkmt_device_ids), false, device_ids},
    {D3DKMT_TYPE_QUERY_REGISTRY, sizeof(struct d3dkmt_registry), true, registry},
    {D3DKMT_TYPE_KMD_VERSION, sizeof(uint64_t), false, kmd_version},
    {D3DKMT_TYPE_DESCRIPTION, sizeof(struct d3dkmt_description), false, description},
};

static NTSTATUS WINAPI on_query(const struct d3dkmt_query *call)
{
    struct gpu_adapter_state adapter;
    struct d3dkmt_query query;
    char fault[16];
    NTSTATUS status;

    if (!call || !call->data || !gpu_of_handle(call->handle, &adapter))
        return STATUS_INVALID_PARAMETER;
    query = *call;
    snprintf(fault, sizeof(fault), "Fail%u", query.type);
    status = (NTSTATUS)state_fault(KEY, fault);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type != query.type)
            continue;
        if (query.size < types[i].size || (query.size > types[i].size && !types[i].grows))
            return STATUS_INVALID_PARAMETER;
        return types[i].answer(&adapter, &query);
    }
    return STATUS_INVALID_PARAMETER;
}

static bool before_2004(void)
{
    return state_number(KEY, "NoEnum3", 0);
}

const struct hook gpu_hooks[] = {
    {"gdi32", "D3DKMTCloseAdapter", (hook_function)on_close, NULL},
    {"gdi32", "D3DKMTEnumAdapters2", (hook_function)on_enum2, NULL},
    {"gdi32", "D3DKMTEnumAdapters3", (hook_function)on_enum3, before_2004},
    {"gdi32", "D3DKMTOpenAdapterFromLuid", (hook_function)on_open_luid, NULL},
    {"gdi32", "D3DKMTQueryAdapterInfo", (hook_function)on_query, NULL},
};
const size_t gpu_hook_count = sizeof(gpu_hooks) / sizeof(gpu_hooks[0]);
