/* CM_Register_Notification: one thread a process reads the record of events and calls back, in
 * order, on a thread of its own, as Windows does from its thread pool. */
#include "cm.h"

#include <objbase.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { HANDLE_MAGIC = 0x434d4e46 };

struct registration {
    DWORD magic;
    CM_NOTIFY_FILTER filter;
    PCM_NOTIFY_CALLBACK callback;
    void *context;
    DWORD first; /* number of the first event that is told */
    struct registration *next;
};

enum { RENEWED_MS = 200 }; /* a key that goes tells nobody */

static struct registration *all;
static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static CONDITION_VARIABLE idle = CONDITION_VARIABLE_INIT;
static struct registration *calling; /* whose callback runs now */
static HANDLE watcher;
static DWORD watcher_id;

/* ---- what is told to whom ---- */

static const struct {
    enum event_kind kind;
    CM_NOTIFY_FILTER_TYPE type;
    CM_NOTIFY_ACTION action;
} actions[] = {
    {EVENT_INTERFACE_ARRIVAL,
     CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE,
     CM_NOTIFY_ACTION_DEVICEINTERFACEARRIVAL},
    {EVENT_INTERFACE_REMOVAL,
     CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE,
     CM_NOTIFY_ACTION_DEVICEINTERFACEREMOVAL},
    {EVENT_ENUMERATED,
     CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE,
     CM_NOTIFY_ACTION_DEVICEINSTANCEENUMERATED},
    {EVENT_STARTED, CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE, CM_NOTIFY_ACTION_DEVICEINSTANCESTARTED},
    {EVENT_REMOVED, CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE, CM_NOTIFY_ACTION_DEVICEINSTANCEREMOVED},
};

static bool wants(const struct registration *r, CM_NOTIFY_FILTER_TYPE type, const wchar_t *text)
{
    wchar_t instance[PNP_ID_MAX], guid_text[40];
    GUID guid;

    if (r->filter.FilterType != type)
        return false;
    if (r->filter.Flags)
        return true; /* all of them */
    if (type == CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE)
        return !_wcsicmp(r->filter.u.DeviceInstance.InstanceId, text);
    return interface_parse(text, instance, guid_text) && !CLSIDFromString(guid_text, &guid) &&
           IsEqualGUID(&guid, &r->filter.u.DeviceInterface.ClassGuid);
}

static void call(struct registration *r,
                 CM_NOTIFY_FILTER_TYPE type,
                 CM_NOTIFY_ACTION action,
                 const wchar_t *text)
{
    wchar_t instance[PNP_ID_MAX], guid_text[40];
    size_t text_size = (wcslen(text) + 1) * sizeof(wchar_t), size;
    CM_NOTIFY_EVENT_DATA *data = calloc(1, sizeof(*data) + text_size);

    if (!data)
        return;
    data->FilterType = type;
    if (type == CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE) {
        if (interface_parse(text, instance, guid_text))
            CLSIDFromString(guid_text, &data->u.DeviceInterface.ClassGuid);
        memcpy(data->u.DeviceInterface.SymbolicLink, text, text_size);
        size = offsetof(CM_NOTIFY_EVENT_DATA, u.DeviceInterface.SymbolicLink) + text_size;
    } else {
        memcpy(data->u.DeviceInstance.InstanceId, text, text_size);
        size = offsetof(CM_NOTIFY_EVENT_DATA, u.DeviceInstance.InstanceId) + text_size;
    }
    r->callback((HCMNOTIFICATION)r, r->context, action, data, (DWORD)size);
    free(data);
}

/* The next registration at or behind r that wants the event, claimed for a call. */
static struct registration *
claim(struct registration *r, DWORD number, CM_NOTIFY_FILTER_TYPE type, const wchar_t *text)
{
    while (r && !(number >= r->first && wants(r, type, text)))
        r = r->next;
    calling = r;
    return r;
}

static void tell(DWORD number, enum event_kind kind, const wchar_t *text)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct registration *r;

        if (actions[i].kind != kind)
            continue;
        AcquireSRWLockExclusive(&lock);
        for (r = claim(all, number, actions[i].type, text); r;
             r = claim(r->next, number, actions[i].type, text)) {
            ReleaseSRWLockExclusive(&lock);
            call(r, actions[i].type, actions[i].action, text);
            AcquireSRWLockExclusive(&lock);
            calling = NULL;
            WakeAllConditionVariable(&idle);
        }
        ReleaseSRWLockExclusive(&lock);
    }
}

static DWORD tell_new(DWORD seen)
{
    wchar_t text[INTERFACE_CHARS];
    enum event_kind kind;
    DWORD last;

    machine_enter();
    last = event_last();
    machine_leave();
    while (seen < last) {
        bool known;

        machine_enter();
        known = event_get(++seen, &kind, text, INTERFACE_CHARS);
        machine_leave();
        if (known)
            tell(seen, kind, text);
    }
    return seen;
}

static DWORD WINAPI watch(void *first)
{
    DWORD seen = (DWORD)(ULONG_PTR)first;
    HANDLE changed = CreateEventW(NULL, FALSE, FALSE, NULL);
    HKEY key = event_key();

    for (;;) { /* armed before the look: no change falls between */
        if (RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, changed, TRUE)) {
            /* the machine is made anew, and counts from the beginning: its keys are not to be made
             * before it has its seed */
            RegCloseKey(key);
            machine_enter();
            key = event_key();
            machine_leave();
            seen = 0;
            Sleep(RENEWED_MS);
            continue;
        }
        seen = tell_new(seen);
        WaitForSingleObject(changed, RENEWED_MS);
    }
    return 0;
}

/* ---- registering ---- */

static bool is_zero(const GUID *guid)
{
    static const GUID zero;

    return IsEqualGUID(guid, &zero);
}

static CONFIGRET check_filter(const CM_NOTIFY_FILTER *filter)
{
    if (filter->cbSize != sizeof(*filter))
        return CR_INVALID_STRUCTURE_SIZE;
    if (filter->Flags & ~(DWORD)CM_NOTIFY_FILTER_VALID_FLAGS || filter->Reserved)
        return CR_INVALID_DATA;
    switch (filter->FilterType) {
    case CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE:
        if (filter->Flags & CM_NOTIFY_FILTER_FLAG_ALL_DEVICE_INSTANCES)
            return CR_INVALID_DATA;
        /* All classes and one class exclude each other. */
        return !filter->Flags == is_zero(&filter->u.DeviceInterface.ClassGuid) ? CR_INVALID_DATA
                                                                               : CR_SUCCESS;
    case CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE:
        if (filter->Flags & CM_NOTIFY_FILTER_FLAG_ALL_INTERFACE_CLASSES)
            return CR_INVALID_DATA;
        return !filter->Flags == !*filter->u.DeviceInstance.InstanceId ? CR_INVALID_DATA
                                                                       : CR_SUCCESS;
    case CM_NOTIFY_FILTER_TYPE_DEVICEHANDLE:
        return CR_CALL_NOT_IMPLEMENTED; /* README.md */
    default:
        return CR_INVALID_DATA;
    }
}

static CONFIGRET add(struct registration *r)
{
    AcquireSRWLockExclusive(&lock);
    machine_enter();
    r->first = event_last() + 1;
    machine_leave();
    r->next = all;
    all = r;
    if (!watcher)
        watcher = CreateThread(NULL, 0, watch, (void *)(ULONG_PTR)(r->first - 1), 0, &watcher_id);
    ReleaseSRWLockExclusive(&lock);
    return watcher ? CR_SUCCESS : CR_OUT_OF_MEMORY;
}

CONFIGRET WINAPI CM_Register_Notification(PCM_NOTIFY_FILTER filter,
                                          PVOID context,
                                          PCM_NOTIFY_CALLBACK callback,
                                          PHCMNOTIFICATION ret_handle)
{
    CONFIGRET code = call_fault("CM_Register_Notification");
    struct registration *r = NULL;

    if (!code && (!filter || !callback || !ret_handle))
        code = CR_INVALID_POINTER;
    if (!code)
        code = check_filter(filter);
    if (!code && !(r = calloc(1, sizeof(*r))))
        code = CR_OUT_OF_MEMORY;
    if (!code) {
        r->magic = HANDLE_MAGIC;
        r->filter = *filter;
        r->callback = callback;
        r->context = context;
        *ret_handle = (HCMNOTIFICATION)r; /* before a callback can come */
        code = add(r);
    }
    return call_cr(code, "CM_Register_Notification(%d)", filter ? (int)filter->FilterType : -1);
}

/* Takes it out of the list and waits for its callback. */
static CONFIGRET take_out(struct registration *r)
{
    struct registration **at = &all;

    AcquireSRWLockExclusive(&lock);
    while (*at && *at != r)
        at = &(*at)->next;
    if (!*at) {
        ReleaseSRWLockExclusive(&lock);
        return CR_INVALID_DATA;
    }
    while (calling == r)
        SleepConditionVariableSRW(&idle, &lock, INFINITE, 0);
    for (at = &all; *at != r; at = &(*at)->next)
        ;
    *at = r->next;
    ReleaseSRWLockExclusive(&lock);
    free(r);
    return CR_SUCCESS;
}

/* From a callback it would wait for itself: Windows warns of the deadlock, here it is a code, so
 * that a test ends. */
CONFIGRET WINAPI CM_Unregister_Notification(HCMNOTIFICATION handle)
{
    CONFIGRET code = call_fault("CM_Unregister_Notification");

    if (!code && GetCurrentThreadId() == watcher_id)
        code = CR_FAILURE;
    else if (!code)
        code = handle ? take_out((struct registration *)handle) : CR_INVALID_DATA;
    return call_cr(code, "CM_Unregister_Notification()");
}
