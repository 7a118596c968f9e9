/* The few functions of DXGI and Direct3D 11 that lead from an adapter's LUID to a device on it, for
 * programs that open an encoder. Found by GetProcAddress and import, as those of gdi32. Objects
 * answer the methods of IUnknown and those named here; all others return E_NOTIMPL. */
#include "d3dkmt.h"

#include "../common/state.h"
#include "dxgi_device.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define KEY "gpu"

/* Positions in the tables of methods. */
enum { QUERY, ADD_REF, RELEASE, FACTORY_ENUM_ADAPTERS1 = 12, ADAPTER_GET_DESC1 = 10, METHODS = 64 };

enum { NOT_FOUND = (int)0x887A0002, REMOVED = (int)0x887A0005, DRIVER_UNKNOWN = 0 };

struct object {
    void *const *methods;
    LONG references;
};

struct adapter {
    struct object object;
    struct gpu_adapter_state about;
};

/* DXGI_ADAPTER_DESC1 */
struct adapter_description {
    wchar_t description[128];
    UINT vendor, device, subsystem, revision;
    SIZE_T video_memory, system_memory, shared_memory;
    LUID luid;
    UINT flags; /* 2: software */
};

static const GUID iid_unknown = {0, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID iid_factory1 = {
    0x770aae78, 0xf26f, 0x4dba, {0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}};

static HRESULT STDMETHODCALLTYPE not_there(struct object *self)
{
    (void)self;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE query(struct object *self, const GUID *iid, void **ret)
{
    *ret = NULL;
    if (memcmp(iid, &iid_unknown, sizeof(*iid)))
        return E_NOINTERFACE;
    InterlockedIncrement(&self->references);
    *ret = self;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE add_ref(struct object *self)
{
    return (ULONG)InterlockedIncrement(&self->references);
}

static ULONG STDMETHODCALLTYPE release(struct object *self)
{
    LONG left = InterlockedDecrement(&self->references);

    if (!left)
        free(self);
    return (ULONG)left;
}

static void *methods[3][METHODS]; /* factory, adapter, device */

static void *pointer(hook_function function)
{
    void *made;

    memcpy(&made, &function, sizeof(made));
    return made;
}

static void fill(void **table)
{
    for (int i = 0; i < METHODS; i++)
        table[i] = pointer((hook_function)not_there);
    table[QUERY] = pointer((hook_function)query);
    table[ADD_REF] = pointer((hook_function)add_ref);
    table[RELEASE] = pointer((hook_function)release);
}

/* Subsystem and revision are zero in a guest, unlike what the kernel says (guest.md section 4.2).
 */
static HRESULT STDMETHODCALLTYPE get_description(struct adapter *self,
                                                 struct adapter_description *ret)
{
    bool real = self->about.bits & D3DKMT_PARAVIRTUALIZED;

    memset(ret, 0, sizeof(*ret));
    wcscpy(ret->description, self->about.description);
    ret->vendor = real ? state_number(KEY, "Vendor", 0x10DE) : 0x1414;
    ret->device = real ? state_number(KEY, "Device", 0x2786) : 0x008C;
    ret->video_memory = real ? (SIZE_T)4 << 30 : 0;
    ret->luid = self->about.luid;
    ret->flags = real ? 0 : 2;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE enum_adapters(struct object *self, UINT index, void **ret)
{
    struct gpu_adapter_state all[GPU_ADAPTERS];
    size_t count = gpu_adapters(all);

    (void)self;
    *ret = NULL;
    for (size_t i = 0; i < count; i++) {
        struct adapter *made;

        if (!(all[i].bits & D3DKMT_RENDER) || index--)
            continue;
        made = calloc(1, sizeof(*made));
        if (!made)
            return E_OUTOFMEMORY;
        made->object.methods = methods[1];
        made->object.references = 1;
        made->about = all[i];
        *ret = made;
        return S_OK;
    }
    return NOT_FOUND;
}

static BOOL CALLBACK fill_tables(INIT_ONCE *once, void *parameter, void **context)
{
    (void)once;
    (void)parameter;
    (void)context;
    for (int i = 0; i < 3; i++)
        fill(methods[i]);
    methods[0][FACTORY_ENUM_ADAPTERS1] = pointer((hook_function)enum_adapters);
    methods[1][ADAPTER_GET_DESC1] = pointer((hook_function)get_description);
    return TRUE;
}

static void prepare(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

    InitOnceExecuteOnce(&once, fill_tables, NULL, NULL);
}

static HRESULT WINAPI on_create_factory(const GUID *iid, void **ret)
{
    struct object *made;

    if (!ret)
        return E_POINTER;
    *ret = NULL;
    if (memcmp(iid, &iid_factory1, sizeof(*iid)))
        return E_NOINTERFACE;
    prepare();
    made = calloc(1, sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    made->methods = methods[0];
    made->references = 1;
    *ret = made;
    return S_OK;
}

/* An adapter of its own goes with the driver type "unknown" only (documentation). */
static HRESULT WINAPI on_create_device(struct adapter *adapter,
                                       int driver,
                                       HMODULE software,
                                       UINT flags,
                                       const int *levels,
                                       UINT level_count,
                                       UINT sdk,
                                       void **ret_device,
                                       int *ret_level,
                                       void **ret_context)
{
    HRESULT fault = (HRESULT)state_fault(KEY, "FailDevice");
    struct gpu_adapter_state all[GPU_ADAPTERS];
    struct gpu_device *made;
    bool there = false;
    size_t count;

    (void)flags;
    (void)levels;
    (void)level_count;
    if (fault)
        return fault;
    if (!adapter || driver != DRIVER_UNKNOWN || software || sdk != 7)
        return E_INVALIDARG;
    count = gpu_adapters(all);
    for (size_t i = 0; i < count; i++)
        there = there || !memcmp(&all[i].luid, &adapter->about.luid, sizeof(LUID));
    if (!there)
        return REMOVED;
    if (ret_level)
        *ret_level = 0xb000;
    if (ret_context)
        *ret_context = NULL;
    if (!ret_device)
        return S_FALSE;
    made = calloc(1, sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    *made = (struct gpu_device){.methods = methods[2],
                                .references = 1,
                                .mark = GPU_DEVICE_MARK,
                                .adapter = adapter->about.luid,
                                .paravirtualised = adapter->about.bits & D3DKMT_PARAVIRTUALIZED};
    *ret_device = made;
    return S_OK;
}

const struct hook dxgi_hooks[] = {
    {"d3d11", "D3D11CreateDevice", (hook_function)on_create_device, NULL},
    {"dxgi", "CreateDXGIFactory1", (hook_function)on_create_factory, NULL},
};
const size_t dxgi_hook_count = sizeof(dxgi_hooks) / sizeof(dxgi_hooks[0]);
