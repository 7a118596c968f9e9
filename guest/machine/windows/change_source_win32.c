/* Sources of changes: registry keys and services. */
#include "guest/machine/windows/change_source_win32.h"

#include <stdlib.h>
#include <string.h>

/* ---- registry keys ---- */

#define KEY_UNITS 256

/* Opens the key or its nearest existing parent; *ret_at_target tells which. */
static HKEY open_nearest(const WCHAR *path, bool *ret_at_target)
{
    WCHAR name[KEY_UNITS];
    HKEY key = NULL;
    WCHAR *end;

    *ret_at_target = true;
    wcsncpy(name, path, KEY_UNITS - 1);
    name[KEY_UNITS - 1] = 0;
    while (RegOpenKeyExW(HKEY_LOCAL_MACHINE, name, 0, KEY_NOTIFY | KEY_WOW64_64KEY, &key)) {
        *ret_at_target = false;
        end = wcsrchr(name, L'\\');
        if (!end)
            return NULL;
        *end = 0;
    }
    return key;
}

static void close_key(struct change_key *source)
{
    if (source->key)
        RegCloseKey(source->key);
    source->key = NULL;
    source->armed = false;
}

void change_key_arm(struct change_key *source)
{
    DWORD filter = REG_NOTIFY_CHANGE_NAME;

    if (source->armed)
        return;
    if (!source->event)
        source->event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!source->key)
        source->key = open_nearest(source->path, &source->at_target);
    if (source->at_target)
        filter |= REG_NOTIFY_CHANGE_LAST_SET;
    source->armed =
        source->event && source->key &&
        RegNotifyChangeKeyValue(source->key, source->at_target, filter, source->event, TRUE) == 0;
}

enum change_class change_key_fired(struct change_key *source)
{
    bool was_target = source->at_target;

    /* anew from the top: the key may have come or gone */
    close_key(source);
    change_key_arm(source);
    return was_target || source->at_target ? CHANGE_NOW : CHANGE_NONE;
}

void change_key_done(struct change_key *source)
{
    close_key(source);
    if (source->event)
        CloseHandle(source->event);
    source->event = NULL;
}

/* ---- the process of a service ---- */

/* The process that the service runs in, 0 when it does not run. */
static DWORD process_of(const WCHAR *name)
{
    SERVICE_STATUS_PROCESS status = {0};
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), service = NULL;
    DWORD size;

    if (manager)
        service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS);
    if (service && !QueryServiceStatusEx(
                       service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &size))
        status.dwProcessId = 0;
    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
    return status.dwProcessId;
}

void change_process_arm(struct change_process *source)
{
    DWORD id;

    if (source->process)
        return;
    id = process_of(source->service);
    if (id)
        source->process = OpenProcess(SYNCHRONIZE, FALSE, id);
}

enum change_class change_process_fired(struct change_process *source)
{
    change_process_done(source);
    return CHANGE_NOW;
}

void change_process_done(struct change_process *source)
{
    if (source->process)
        CloseHandle(source->process);
    source->process = NULL;
}

/* ---- the state of a service ---- */

/* A state in the mask that the service is in already would be told at once, again and again. */
static const struct {
    DWORD state, notify;
} states[] = {
    {SERVICE_STOPPED, SERVICE_NOTIFY_STOPPED},
    {SERVICE_RUNNING, SERVICE_NOTIFY_RUNNING},
};

static void CALLBACK on_notify(void *parameter)
{
    SERVICE_NOTIFYW *notify = parameter;
    struct change_service *source = notify->pContext;

    source->armed = false;
    source->fired = true;
    LocalFree(notify->pszServiceNames);
    notify->pszServiceNames = NULL;
}

static void close_service(struct change_service *source)
{
    if (source->service)
        CloseServiceHandle(source->service);
    if (source->manager)
        CloseServiceHandle(source->manager);
    source->service = source->manager = NULL;
    source->armed = false;
}

static DWORD mask_for(const struct change_service *source)
{
    DWORD mask = SERVICE_NOTIFY_CREATED | SERVICE_NOTIFY_DELETED;
    SERVICE_STATUS status = {0};

    if (!source->name)
        return mask;
    mask = SERVICE_NOTIFY_DELETE_PENDING;
    if (!QueryServiceStatus(source->service, &status))
        return mask;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (status.dwCurrentState != states[i].state)
            mask |= states[i].notify;
    return mask;
}

void change_service_arm(struct change_service *source)
{
    SC_HANDLE watched;

    if (source->armed)
        return;
    if (!source->manager)
        source->manager = OpenSCManagerW(
            NULL, NULL, SC_MANAGER_CONNECT | (source->name ? 0 : SC_MANAGER_ENUMERATE_SERVICE));
    if (source->manager && source->name && !source->service)
        source->service = OpenServiceW(source->manager, source->name, SERVICE_QUERY_STATUS);
    watched = source->name ? source->service : source->manager;
    if (!watched)
        return;
    memset(&source->notify, 0, sizeof source->notify);
    source->notify.dwVersion = SERVICE_NOTIFY_STATUS_CHANGE;
    source->notify.pfnNotifyCallback = on_notify;
    source->notify.pContext = source;
    source->armed = NotifyServiceStatusChangeW(watched, mask_for(source), &source->notify) == 0;
    if (!source->armed)
        close_service(source);
}

enum change_class change_service_fired(struct change_service *source)
{
    source->fired = false;
    /* a handle to a service that is being deleted would keep it */
    close_service(source);
    change_service_arm(source);
    return CHANGE_NOW;
}

void change_service_done(struct change_service *source)
{
    close_service(source);
}
