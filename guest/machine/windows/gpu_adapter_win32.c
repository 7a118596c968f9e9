/*
 * D3DKMTEnumAdapters2/3 and D3DKMTQueryAdapterInfo. mingw-w64 has no d3dkmthk.h; layouts and
 * numbers are those of its public documentation.
 */
#include "guest/machine/windows/gpu_adapter_win32.h"

#include "guest/machine/windows/call_win32.h"

#include "common/utf16.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* KMTQUERYADAPTERINFOTYPE */
enum query_type {
    QUERY_UMD_NAME = 1,
    QUERY_ADAPTER_TYPE = 15,
    QUERY_UMD_VERSION = 18,
    QUERY_DEVICE_IDS = 31,
    QUERY_REGISTRY = 48,
    QUERY_KMD_VERSION = 49,
    QUERY_DESCRIPTION = 65
};

#define ADAPTER_PARAVIRTUALIZED (1u << 7) /* D3DKMT_ADAPTERTYPE */
#define INCLUDE_COMPUTE_ONLY    1u        /* D3DKMT_ENUMADAPTERS_FILTER */
#define ADAPTERS_MAX            256

struct adapter_info { /* D3DKMT_ADAPTERINFO */
    UINT handle;
    LUID luid;
    ULONG source_count;
    BOOL precise_present_regions;
};

struct enum_adapters { /* D3DKMT_ENUMADAPTERS2 */
    ULONG count;
    struct adapter_info *adapters;
};

struct enum_adapters_filtered { /* D3DKMT_ENUMADAPTERS3 */
    ULONGLONG filter;
    ULONG count;
    struct adapter_info *adapters;
};

struct query { /* D3DKMT_QUERYADAPTERINFO */
    UINT handle;
    UINT type;
    void *data;
    UINT size;
};

struct umd_name { /* D3DKMT_UMDFILENAMEINFO */
    UINT api;
    WCHAR path[MAX_PATH];
};

struct device_ids { /* D3DKMT_QUERY_DEVICE_IDS */
    UINT physical_index;
    UINT vendor, device, subsystem_vendor, subsystem, revision, bus;
};

/* D3DDDI_QUERYREGISTRY_INFO; the value follows from `output` on */
struct registry_query {
    UINT type, flags;
    WCHAR value_name[MAX_PATH];
    ULONG value_type, physical_index, output_size;
    UINT status;
    union {
        UINT64 number;
        WCHAR text[1];
    } output;
};

enum { REGISTRY_STORE_PATH = 2, REGISTRY_TRANSLATE = 1 };
enum { REGISTRY_OK, REGISTRY_OVERFLOW };

struct kernel {
    LONG(APIENTRY *enum_2)(struct enum_adapters *);
    LONG(APIENTRY *enum_3)(struct enum_adapters_filtered *); /* Windows 10 2004 and later */
    LONG(APIENTRY *query)(const struct query *);
    LONG(APIENTRY *close)(const UINT *);
};

_Static_assert(sizeof(struct adapter_info) == 20, "D3DKMT_ADAPTERINFO");
_Static_assert(sizeof(struct query) == 24, "D3DKMT_QUERYADAPTERINFO");
_Static_assert(offsetof(struct registry_query, output) == 544, "D3DDDI_QUERYREGISTRY_INFO");

static bool find_kernel(struct kernel *kernel)
{
    HMODULE gdi = GetModuleHandleW(L"gdi32.dll"); /* user32, which we import, brings it */

    if (!gdi)
        return false;
    call_store(&kernel->enum_2, GetProcAddress(gdi, "D3DKMTEnumAdapters2"));
    call_store(&kernel->enum_3, GetProcAddress(gdi, "D3DKMTEnumAdapters3"));
    call_store(&kernel->query, GetProcAddress(gdi, "D3DKMTQueryAdapterInfo"));
    call_store(&kernel->close, GetProcAddress(gdi, "D3DKMTCloseAdapter"));
    return (kernel->enum_2 || kernel->enum_3) && kernel->query && kernel->close;
}

static LONG enumerate(const struct kernel *kernel, ULONG *count, struct adapter_info *adapters)
{
    struct enum_adapters_filtered three = {
        .filter = INCLUDE_COMPUTE_ONLY, .count = *count, .adapters = adapters};
    struct enum_adapters two = {.count = *count, .adapters = adapters};
    LONG status = kernel->enum_3 ? kernel->enum_3(&three) : kernel->enum_2(&two);

    *count = kernel->enum_3 ? three.count : two.count;
    return status;
}

/* Each adapter comes with a handle, which the caller closes. */
static bool
list_adapters(const struct kernel *kernel, ULONG *ret_count, struct adapter_info **ret_adapters)
{
    struct adapter_info *adapters;
    ULONG count = 0;

    if (enumerate(kernel, &count, NULL) < 0 || count > ADAPTERS_MAX)
        return false;
    count += 4; /* some may come in between */
    adapters = calloc(count, sizeof *adapters);
    if (!adapters)
        return false;
    if (enumerate(kernel, &count, adapters) < 0) {
        free(adapters);
        return false;
    }
    *ret_count = count;
    *ret_adapters = adapters;
    return true;
}

/* ---- questions ---- */

static bool
ask(const struct kernel *kernel, UINT handle, enum query_type type, void *data, size_t size)
{
    struct query query = {.handle = handle, .type = type, .data = data, .size = (UINT)size};

    return kernel->query(&query) >= 0;
}

static void ask_description(const struct kernel *kernel, UINT handle, uint16_t *out, size_t units)
{
    enum { UNITS = 4096 }; /* D3DKMT_DRIVER_DESCRIPTION */
    uint16_t *text = calloc(UNITS, sizeof *text);

    if (text && ask(kernel, handle, QUERY_DESCRIPTION, text, UNITS * sizeof *text)) {
        text[UNITS - 1] = 0;
        memcpy(out, text, (units - 1) * sizeof *out);
    }
    free(text);
}

/* The first call tells how much room the path needs. */
static void ask_store_path(const struct kernel *kernel, UINT handle, uint16_t *out, size_t units)
{
    const size_t fixed = offsetof(struct registry_query, output);
    size_t size = sizeof(struct registry_query);

    for (int tries = 0; tries < 2; tries++) {
        struct registry_query *registry = calloc(1, size + sizeof(WCHAR));
        bool ok;

        if (!registry)
            return;
        registry->type = REGISTRY_STORE_PATH;
        registry->flags = REGISTRY_TRANSLATE;
        ok = ask(kernel, handle, QUERY_REGISTRY, registry, size);
        if (ok && registry->status == REGISTRY_OK && fixed + registry->output_size <= size &&
            registry->output_size / sizeof(WCHAR) < units)
            memcpy(out, registry->output.text, registry->output_size);
        ok = ok && registry->status == REGISTRY_OVERFLOW &&
             registry->output_size <= units * sizeof(WCHAR);
        size = sizeof(struct registry_query) + registry->output_size;
        free(registry);
        if (!ok)
            return;
    }
}

static void read_facts(const struct kernel *kernel,
                       const struct adapter_info *adapter,
                       struct gpu_kernel_facts *facts)
{
    struct device_ids ids = {.physical_index = 0};

    facts->present = true;
    facts->luid = adapter->luid;
    ask_description(kernel,
                    adapter->handle,
                    facts->description,
                    sizeof facts->description / sizeof facts->description[0]);
    ask_store_path(kernel, adapter->handle, facts->store_path, GPU_PATH_UNITS - 1);
    if (ask(kernel, adapter->handle, QUERY_DEVICE_IDS, &ids, sizeof ids))
        facts->vendor = ids.vendor;
    for (UINT api = 0; api < GPU_APIS; api++) {
        struct umd_name name = {.api = api};

        if (ask(kernel, adapter->handle, QUERY_UMD_NAME, &name, sizeof name)) {
            name.path[MAX_PATH - 1] = 0;
            memcpy(facts->driver[api], name.path, sizeof name.path);
        }
    }
    (void)ask(
        kernel, adapter->handle, QUERY_UMD_VERSION, &facts->umd_version, sizeof facts->umd_version);
    (void)ask(
        kernel, adapter->handle, QUERY_KMD_VERSION, &facts->kmd_version, sizeof facts->kmd_version);
}

bool gpu_kernel_query(struct gpu_kernel_facts *ret_facts, struct err *err)
{
    struct gpu_kernel_facts *facts = calloc(1, sizeof *facts);
    struct adapter_info *adapters = NULL;
    struct kernel kernel = {0};
    ULONG count = 0;

    if (!facts)
        return err_no_memory(err);
    if (!find_kernel(&kernel) || !list_adapters(&kernel, &count, &adapters)) {
        free(facts);
        return err_set(err, ERR_UNSUPPORTED, TEXT_DEVICE_GPU_QUERY, NULL);
    }
    for (ULONG i = 0; i < count; i++) {
        UINT bits = 0;

        if (!facts->present &&
            ask(&kernel, adapters[i].handle, QUERY_ADAPTER_TYPE, &bits, sizeof bits) &&
            (bits & ADAPTER_PARAVIRTUALIZED))
            read_facts(&kernel, &adapters[i], facts);
        (void)kernel.close(&adapters[i].handle);
    }
    free(adapters);
    *ret_facts = *facts;
    free(facts);
    return true;
}
