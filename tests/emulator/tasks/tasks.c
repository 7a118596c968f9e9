/* The Task Scheduler as a COM server in place of Wine's, whose tasks can be neither disabled nor
 * stopped. Only what reads and changes tasks of the root folder is there; everything else answers
 * E_NOTIMPL. Tasks are keys, written by tests:
 *
 *   HKLM\Software\gpupv-emulator\tasks
 *     FailConnect  REG_DWORD  HRESULT (0x80070005: not an administrator)
 *   ...\tasks\<name>
 *     Enabled      REG_DWORD  1
 *     Running      REG_DWORD  1: an instance runs; Stop ends it
 *     Stops        REG_DWORD  how often it was stopped; written
 *     FailChange   REG_DWORD  HRESULT of put_Enabled
 *
 * Rules from the documentation of the interfaces: nothing before Connect; a path of the root folder
 * is its backslash; a missing task is 0x80070002; a task that is disabled is in state DISABLED also
 * while it runs [probe]; stopping what does not run is a success. */
#include "../common/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <taskschd.h>

#define KEY "tasks"

enum { KEY_BYTES = 256, NAME_UNITS = 128, METHODS = 25 };

typedef void (*method)(void);

static const GUID iid_unknown = {0, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID iid_factory = {1, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID clsid_scheduler = {
    0x0f87369f, 0xa4e5, 0x4cfc, {0xbd, 0x3e, 0x73, 0xe6, 0x15, 0x45, 0x72, 0xdd}};
static const GUID iid_service = {
    0x2faba4c7, 0x4da9, 0x4013, {0x96, 0x97, 0x20, 0xcc, 0x3f, 0xd4, 0x0f, 0x85}};

/* Every object: its methods, in the order of taskschd.idl. */
struct object {
    const method *methods;
    LONG references;
    bool connected;      /* a service */
    char key[KEY_BYTES]; /* a task */
};

static HRESULT STDMETHODCALLTYPE nothing(void)
{
    return E_NOTIMPL;
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

static HRESULT STDMETHODCALLTYPE query(struct object *self, const GUID *iid, void **ret)
{
    bool known =
        !memcmp(iid, &iid_unknown, sizeof(*iid)) || !memcmp(iid, &iid_service, sizeof(*iid));

    *ret = known ? self : NULL;
    if (known)
        add_ref(self);
    return known ? S_OK : E_NOINTERFACE;
}

static struct object *object_new(const method *methods)
{
    struct object *made = calloc(1, sizeof(*made));

    if (made) {
        made->methods = methods;
        made->references = 1;
    }
    return made;
}

/* ---- IRegisteredTask ---- */

static HRESULT STDMETHODCALLTYPE task_state(struct object *self, TASK_STATE *ret_state)
{
    if (!ret_state)
        return E_POINTER;
    *ret_state = !state_number(self->key, "Enabled", 1)  ? TASK_STATE_DISABLED
                 : state_number(self->key, "Running", 0) ? TASK_STATE_RUNNING
                                                         : TASK_STATE_READY;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE task_get_enabled(struct object *self, VARIANT_BOOL *ret_enabled)
{
    if (!ret_enabled)
        return E_POINTER;
    *ret_enabled = state_number(self->key, "Enabled", 1) ? VARIANT_TRUE : VARIANT_FALSE;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE task_put_enabled(struct object *self, VARIANT_BOOL enabled)
{
    DWORD fault = state_fault(self->key, "FailChange");

    if (fault)
        return (HRESULT)fault;
    state_set_number(self->key, "Enabled", enabled != VARIANT_FALSE);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE task_stop(struct object *self, LONG flags)
{
    if (flags)
        return E_INVALIDARG;
    if (state_number(self->key, "Running", 0))
        state_set_number(self->key, "Stops", state_number(self->key, "Stops", 0) + 1);
    state_set_number(self->key, "Running", 0);
    return S_OK;
}

static const method task_methods[METHODS] = {
    [0] = (method)query,      [1] = (method)add_ref,           [2] = (method)release,
    [3] = (method)nothing,    [4] = (method)nothing,           [5] = (method)nothing,
    [6] = (method)nothing,    [7] = (method)nothing,           [8] = (method)nothing,
    [9] = (method)task_state, [10] = (method)task_get_enabled, [11] = (method)task_put_enabled,
    [12] = (method)nothing,   [13] = (method)nothing,          [14] = (method)nothing,
    [15] = (method)nothing,   [16] = (method)nothing,          [17] = (method)nothing,
    [18] = (method)nothing,   [19] = (method)nothing,          [20] = (method)nothing,
    [21] = (method)nothing,   [22] = (method)nothing,          [23] = (method)task_stop,
    [24] = (method)nothing,
};

/* ---- ITaskFolder ---- */

static bool key_exists(const char *key)
{
    char path[KEY_BYTES + 64];
    HKEY opened;

    snprintf(path, sizeof(path), "%s\\%s", STATE_ROOT, key);
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &opened))
        return false;
    RegCloseKey(opened);
    return true;
}

static HRESULT STDMETHODCALLTYPE folder_get_task(struct object *self,
                                                 BSTR path,
                                                 IRegisteredTask **ret_task)
{
    struct object *task;
    char name[NAME_UNITS];

    (void)self;
    if (!ret_task)
        return E_POINTER;
    *ret_task = NULL;
    if (!path || !*path || !wcscmp(path, L".") || !wcscmp(path, L".."))
        return E_INVALIDARG;
    if (!WideCharToMultiByte(CP_UTF8, 0, path, -1, name, sizeof(name), NULL, NULL))
        return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    task = object_new(task_methods);
    if (!task)
        return E_OUTOFMEMORY;
    snprintf(task->key, sizeof(task->key), KEY "\\%s", name[0] == '\\' ? name + 1 : name);
    if (!key_exists(task->key)) {
        free(task);
        return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    }
    *ret_task = (IRegisteredTask *)(void *)task;
    return S_OK;
}

static const method folder_methods[METHODS] = {
    [0] = (method)query,    [1] = (method)add_ref,          [2] = (method)release,
    [3] = (method)nothing,  [4] = (method)nothing,          [5] = (method)nothing,
    [6] = (method)nothing,  [7] = (method)nothing,          [8] = (method)nothing,
    [9] = (method)nothing,  [10] = (method)nothing,         [11] = (method)nothing,
    [12] = (method)nothing, [13] = (method)folder_get_task, [14] = (method)nothing,
    [15] = (method)nothing, [16] = (method)nothing,         [17] = (method)nothing,
    [18] = (method)nothing, [19] = (method)nothing,
};

/* ---- ITaskService ---- */

static HRESULT STDMETHODCALLTYPE
service_connect(struct object *self, VARIANT server, VARIANT user, VARIANT domain, VARIANT password)
{
    DWORD fault = state_fault(KEY, "FailConnect");

    if (server.vt != VT_EMPTY || user.vt != VT_EMPTY || domain.vt != VT_EMPTY ||
        password.vt != VT_EMPTY)
        return E_NOTIMPL; /* other machines and other people */
    if (fault)
        return (HRESULT)fault;
    self->connected = true;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE service_get_folder(struct object *self,
                                                    BSTR path,
                                                    ITaskFolder **ret_folder)
{
    if (!ret_folder)
        return E_POINTER;
    *ret_folder = NULL;
    if (!self->connected)
        return HRESULT_FROM_WIN32(ERROR_ONLY_IF_CONNECTED);
    if (!path || (*path && wcscmp(path, L"\\")))
        return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    *ret_folder = (ITaskFolder *)(void *)object_new(folder_methods);
    return *ret_folder ? S_OK : E_OUTOFMEMORY;
}

static const method service_methods[METHODS] = {
    [0] = (method)query,
    [1] = (method)add_ref,
    [2] = (method)release,
    [3] = (method)nothing,
    [4] = (method)nothing,
    [5] = (method)nothing,
    [6] = (method)nothing,
    [7] = (method)service_get_folder,
    [8] = (method)nothing,
    [9] = (method)nothing,
    [10] = (method)service_connect,
    [11] = (method)nothing,
    [12] = (method)nothing,
    [13] = (method)nothing,
    [14] = (method)nothing,
    [15] = (method)nothing,
};

/* ---- the class ---- */

static HRESULT STDMETHODCALLTYPE factory_query(IClassFactory *self, REFIID iid, void **ret)
{
    bool known =
        !memcmp(iid, &iid_unknown, sizeof(*iid)) || !memcmp(iid, &iid_factory, sizeof(*iid));

    *ret = known ? self : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE factory_keep(IClassFactory *self)
{
    (void)self;
    return 1;
}

static HRESULT STDMETHODCALLTYPE factory_create(IClassFactory *self,
                                                IUnknown *outer,
                                                REFIID iid,
                                                void **ret)
{
    struct object *service;
    HRESULT result;

    (void)self;
    *ret = NULL;
    if (outer)
        return CLASS_E_NOAGGREGATION;
    service = object_new(service_methods);
    if (!service)
        return E_OUTOFMEMORY;
    result = query(service, iid, ret);
    release(service);
    return result;
}

static HRESULT STDMETHODCALLTYPE factory_lock(IClassFactory *self, BOOL lock)
{
    (void)self;
    (void)lock;
    return S_OK;
}

static const IClassFactoryVtbl factory_methods = {
    factory_query, factory_keep, factory_keep, factory_create, factory_lock};

HRESULT WINAPI DllGetClassObject(REFCLSID class, REFIID iid, void **ret)
{
    static IClassFactory factory;

    *ret = NULL;
    if (memcmp(class, &clsid_scheduler, sizeof(*class)))
        return CLASS_E_CLASSNOTAVAILABLE;
    factory.lpVtbl = (IClassFactoryVtbl *)(uintptr_t)&factory_methods;
    return factory_query(&factory, iid, ret);
}
