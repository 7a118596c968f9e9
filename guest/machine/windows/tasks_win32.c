/* Port of scheduled tasks: the Task Scheduler's COM interface, its root folder only. Each call
 * connects anew, so that the port holds nothing while nobody asks. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/utf16.h"

#include <stdlib.h>

#include <taskschd.h>

/* {0f87369f-a4e5-4cfc-bd3e-73e6154572dd}, {2faba4c7-4da9-4013-9697-20cc3fd40f85} */
static const GUID scheduler_class = {
    0x0f87369f, 0xa4e5, 0x4cfc, {0xbd, 0x3e, 0x73, 0xe6, 0x15, 0x45, 0x72, 0xdd}};
static const GUID service_interface = {
    0x2faba4c7, 0x4da9, 0x4013, {0x96, 0x97, 0x20, 0xcc, 0x3f, 0xd4, 0x0f, 0x85}};

struct scheduler {
    bool entered; /* COM, on this thread */
    ITaskService *service;
    ITaskFolder *root;
};

static void scheduler_close(struct scheduler *scheduler)
{
    if (scheduler->root)
        ITaskFolder_Release(scheduler->root);
    if (scheduler->service)
        ITaskService_Release(scheduler->service);
    if (scheduler->entered)
        CoUninitialize();
    *scheduler = (struct scheduler){0};
}

static HRESULT connect_to(struct scheduler *scheduler)
{
    static const uint16_t root[] = {'\\', 0};
    VARIANT none = {.vt = VT_EMPTY};
    HRESULT result = CoInitializeEx(NULL, COINIT_MULTITHREADED);
    BSTR path;

    /* a thread that is in an apartment of its own already will do as well */
    scheduler->entered = SUCCEEDED(result);
    if (FAILED(result) && result != RPC_E_CHANGED_MODE)
        return result;
    result = CoCreateInstance(&scheduler_class,
                              NULL,
                              CLSCTX_INPROC_SERVER,
                              &service_interface,
                              (void **)&scheduler->service);
    if (SUCCEEDED(result))
        result = ITaskService_Connect(scheduler->service, none, none, none, none);
    if (FAILED(result))
        return result;
    path = SysAllocString(root);
    if (!path)
        return E_OUTOFMEMORY;
    result = ITaskService_GetFolder(scheduler->service, path, &scheduler->root);
    SysFreeString(path);
    return result;
}

static bool scheduler_open(struct scheduler *scheduler, struct err *err)
{
    HRESULT result = connect_to(scheduler);

    if (SUCCEEDED(result))
        return true;
    scheduler_close(scheduler);
    return call_fail_com(result, TEXT_WINDOWS_SCHEDULER, "", err);
}

/* The task; *ret_task is NULL when there is none. */
static bool find_task(struct scheduler *scheduler,
                      const char *name,
                      IRegisteredTask **ret_task,
                      struct err *err)
{
    IRegisteredTask *task = NULL;
    uint16_t *name16 = NULL;
    HRESULT result;
    BSTR path;

    if (!utf16_from_utf8(name, &name16, err))
        return false;
    path = SysAllocString(name16);
    free(name16);
    if (!path)
        return err_no_memory(err);
    result = ITaskFolder_GetTask(scheduler->root, path, &task);
    SysFreeString(path);
    if (result == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND) ||
        result == HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND)) {
        *ret_task = NULL;
        return true;
    }
    if (FAILED(result))
        return call_fail_com(result, TEXT_WINDOWS_TASK_QUERY, name, err);
    *ret_task = task;
    return true;
}

static bool query(struct tasks_port *port, const char *name, struct task *ret_task, struct err *err)
{
    struct scheduler scheduler = {0};
    IRegisteredTask *found = NULL;
    struct task task = {.present = false};
    VARIANT_BOOL enabled = VARIANT_FALSE;
    HRESULT result = S_OK;
    bool ok;

    (void)port;
    text_copy(task.name, sizeof task.name, name);
    ok = scheduler_open(&scheduler, err) && find_task(&scheduler, name, &found, err);
    if (found) {
        result = IRegisteredTask_get_Enabled(found, &enabled);
        task.present = true;
        task.enabled = enabled != VARIANT_FALSE;
        IRegisteredTask_Release(found);
    }
    scheduler_close(&scheduler);
    if (ok && FAILED(result))
        ok = call_fail_com(result, TEXT_WINDOWS_TASK_QUERY, name, err);
    if (ok)
        *ret_task = task;
    return ok;
}

#define TASK_NOT_RUNNING ((HRESULT)0x8004130b) /* SCHED_E_TASK_NOT_RUNNING */

static bool runs(IRegisteredTask *task)
{
    TASK_STATE state = TASK_STATE_UNKNOWN;

    return FAILED(IRegisteredTask_get_State(task, &state)) || state == TASK_STATE_RUNNING ||
           state == TASK_STATE_QUEUED;
}

/* Disables before it stops, so that nothing starts in between; a disabled task may not say any more
 * that it runs [probe], so it is asked before, too. */
static HRESULT change(IRegisteredTask *task, bool enabled)
{
    bool running = !enabled && runs(task);
    HRESULT result = IRegisteredTask_put_Enabled(task, enabled ? VARIANT_TRUE : VARIANT_FALSE);

    if (FAILED(result) || enabled || !(running || runs(task)))
        return result;
    result = IRegisteredTask_Stop(task, 0);
    return result == TASK_NOT_RUNNING ? S_OK : result;
}

static bool set_enabled(struct tasks_port *port, const char *name, bool enabled, struct err *err)
{
    struct scheduler scheduler = {0};
    IRegisteredTask *found = NULL;
    HRESULT result = S_OK;
    bool ok;

    (void)port;
    ok = scheduler_open(&scheduler, err) && find_task(&scheduler, name, &found, err);
    if (ok && !found)
        ok = err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_TASK, name, NULL);
    if (found) {
        result = change(found, enabled);
        IRegisteredTask_Release(found);
    }
    scheduler_close(&scheduler);
    if (ok && FAILED(result))
        ok = call_fail_com(result, TEXT_WINDOWS_TASK_CHANGE, name, err);
    return ok;
}

static const struct tasks_ops ops = {.query = query, .set_enabled = set_enabled};

bool windows_tasks_new(struct tasks_port **ret_port, struct err *err)
{
    struct tasks_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_tasks_free(struct tasks_port *port)
{
    free(port);
}
