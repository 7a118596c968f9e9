/* ChangeServiceConfig2W and QueryServiceConfig2W. Values and their places as on Windows: those that
 * the offline registration of guest.md section 6.1 writes are the same. A level with pointers is
 * answered in one buffer, the strings and arrays behind the structure. */
#include "service.h"

#include "../common/state.h"
#include "../thunk/thunk.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY "service"

enum {
    ACTIONS_MAX = 64,
    TRIGGERS_MAX = 16,
    PRESHUTDOWN_DEFAULT_MS = 180000,
    FAILURE_HEADER_BYTES = 20,
    BUFFER_BYTES = 8192
};

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* ---- one number ---- */

struct number_level {
    DWORD level;
    const wchar_t *value;
    DWORD otherwise, max;
};

static const struct number_level numbers[] = {
    {SERVICE_CONFIG_DELAYED_AUTO_START_INFO, L"DelayedAutostart", 0, 1},
    {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, L"FailureActionsOnNonCrashFailures", 0, 1},
    {SERVICE_CONFIG_SERVICE_SID_INFO, L"ServiceSidType", 0, SERVICE_SID_TYPE_RESTRICTED},
    {SERVICE_CONFIG_PRESHUTDOWN_INFO, L"PreshutdownTimeout", PRESHUTDOWN_DEFAULT_MS, MAXDWORD},
};

static const struct number_level *number_level(DWORD level)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].level == level)
            return &numbers[i];
    return NULL;
}

static DWORD read_number(HKEY key, const wchar_t *name, DWORD otherwise)
{
    DWORD value, size = sizeof(value);

    return RegGetValueW(key, NULL, name, RRF_RT_REG_DWORD, NULL, &value, &size) ? otherwise : value;
}

/* Delayed start is for services that start by themselves (its documentation). */
static DWORD set_number(HKEY key, const struct number_level *row, DWORD value)
{
    if (value > row->max || (row->level == SERVICE_CONFIG_SERVICE_SID_INFO && value == 2))
        return ERROR_INVALID_PARAMETER;
    if (row->level == SERVICE_CONFIG_DELAYED_AUTO_START_INFO && value &&
        read_number(key, L"Start", SERVICE_DEMAND_START) != SERVICE_AUTO_START)
        return ERROR_INVALID_PARAMETER;
    return (DWORD)RegSetValueExW(
        key, row->value, 0, REG_DWORD, (const BYTE *)&value, sizeof(value));
}

/* ---- failure actions: header, then pairs of type and delay, all of 32 bits ---- */

static DWORD set_failure_actions(HKEY key, const SERVICE_FAILURE_ACTIONSW *info, DWORD access)
{
    DWORD packed[FAILURE_HEADER_BYTES / 4 + 2 * ACTIONS_MAX] = {
        info->dwResetPeriod, 0, 0, info->cActions, FAILURE_HEADER_BYTES};
    DWORD size = FAILURE_HEADER_BYTES + 8 * info->cActions;

    if (!info->lpsaActions) /* unchanged */
        return ERROR_SUCCESS;
    if (info->cActions > ACTIONS_MAX)
        return ERROR_INVALID_PARAMETER;
    for (DWORD i = 0; i < info->cActions; i++) {
        if (info->lpsaActions[i].Type > SC_ACTION_RUN_COMMAND)
            return ERROR_INVALID_PARAMETER;
        if (info->lpsaActions[i].Type == SC_ACTION_RESTART && !(access & SERVICE_START))
            return ERROR_ACCESS_DENIED;
        packed[5 + 2 * i] = info->lpsaActions[i].Type;
        packed[6 + 2 * i] = info->lpsaActions[i].Delay;
    }
    if (info->lpCommand)
        RegSetValueExW(key,
                       L"FailureCommand",
                       0,
                       REG_SZ,
                       (const BYTE *)info->lpCommand,
                       (DWORD)((wcslen(info->lpCommand) + 1) * sizeof(wchar_t)));
    if (info->lpRebootMsg)
        RegSetValueExW(key,
                       L"RebootMessage",
                       0,
                       REG_SZ,
                       (const BYTE *)info->lpRebootMsg,
                       (DWORD)((wcslen(info->lpRebootMsg) + 1) * sizeof(wchar_t)));
    return (DWORD)RegSetValueExW(key, L"FailureActions", 0, REG_BINARY, (const BYTE *)packed, size);
}

/* Where the next thing goes, behind those that were answered before it. */
struct answer {
    BYTE *bytes;
    DWORD used;
};

static void *append(struct answer *a, const void *bytes, DWORD size)
{
    void *place = a->bytes + a->used;

    if (a->used + size > BUFFER_BYTES)
        return NULL;
    memcpy(place, bytes, size);
    a->used += (size + 7) & ~7u;
    return place;
}

static wchar_t *append_text(struct answer *a, HKEY key, const wchar_t *value)
{
    wchar_t text[SERVICE_NAME_CHARS] = L"";
    DWORD size = sizeof(text);

    RegGetValueW(key, NULL, value, RRF_RT_REG_SZ, NULL, text, &size);
    return append(a, text, (DWORD)((wcslen(text) + 1) * sizeof(wchar_t)));
}

static void query_failure_actions(HKEY key, struct answer *a)
{
    DWORD packed[FAILURE_HEADER_BYTES / 4 + 2 * ACTIONS_MAX] = {0}, size = sizeof(packed);
    SERVICE_FAILURE_ACTIONSW empty = {0}, *info = append(a, &empty, sizeof(empty));

    info->lpRebootMsg = append_text(a, key, L"RebootMessage");
    info->lpCommand = append_text(a, key, L"FailureCommand");
    if (RegGetValueW(key, NULL, L"FailureActions", RRF_RT_REG_BINARY, NULL, packed, &size) ||
        size < FAILURE_HEADER_BYTES || size < FAILURE_HEADER_BYTES + 8 * packed[3])
        return;
    info->dwResetPeriod = packed[0];
    info->cActions = packed[3];
    info->lpsaActions = append(a, packed + 5, 8 * info->cActions);
}

/* ---- required privileges: a list of names ---- */

static DWORD list_size(const wchar_t *list)
{
    DWORD length = 0;

    while (list[length])
        length += (DWORD)wcslen(list + length) + 1;
    return (length + 1) * (DWORD)sizeof(wchar_t);
}

static DWORD set_privileges(HKEY key, const SERVICE_REQUIRED_PRIVILEGES_INFOW *info)
{
    const wchar_t *list = info->pmszRequiredPrivileges;

    if (!list)
        return ERROR_INVALID_PARAMETER;
    for (const wchar_t *name = list; *name; name += wcslen(name) + 1) {
        LUID luid;

        if (!LookupPrivilegeValueW(NULL, name, &luid))
            return ERROR_INVALID_PARAMETER;
    }
    return (DWORD)RegSetValueExW(
        key, L"RequiredPrivileges", 0, REG_MULTI_SZ, (const BYTE *)list, list_size(list));
}

static void query_privileges(HKEY key, struct answer *a)
{
    SERVICE_REQUIRED_PRIVILEGES_INFOW empty = {0}, *info = append(a, &empty, sizeof(empty));
    wchar_t list[1024] = L"";
    DWORD size = sizeof(list);

    if (!RegGetValueW(key, NULL, L"RequiredPrivileges", RRF_RT_REG_MULTI_SZ, NULL, list, &size))
        info->pmszRequiredPrivileges = append(a, list, list_size(list));
}

/* ---- triggers: subkeys 0.. of TriggerInfo ---- */

static bool trigger_fits(const struct service_trigger *t)
{
    bool known = (t->type >= SERVICE_TRIGGER_TYPE_DEVICE_INTERFACE_ARRIVAL &&
                  t->type <= SERVICE_TRIGGER_TYPE_CUSTOM_SYSTEM_STATE_CHANGE) ||
                 t->type == SERVICE_TRIGGER_TYPE_CUSTOM;

    return known && t->subtype && (t->action == TRIGGER_STARTS || t->action == TRIGGER_STOPS) &&
           (!t->data_count || t->data);
}

static void write_trigger(HKEY key, DWORD number, const struct service_trigger *t)
{
    wchar_t path[32];
    HKEY sub;

    swprintf(path, 32, L"TriggerInfo\\%lu", number);
    if (RegCreateKeyExW(key, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &sub, NULL))
        return;
    RegSetValueExW(sub, L"Type", 0, REG_DWORD, (const BYTE *)&t->type, sizeof(DWORD));
    RegSetValueExW(sub, L"Action", 0, REG_DWORD, (const BYTE *)&t->action, sizeof(DWORD));
    RegSetValueExW(sub, L"GUID", 0, REG_BINARY, (const BYTE *)t->subtype, sizeof(GUID));
    for (DWORD i = 0; i < t->data_count; i++) {
        const struct service_trigger_data *item = &t->data[i];
        wchar_t name[32];

        swprintf(name, 32, L"Data%lu", i);
        RegSetValueExW(sub, name, 0, REG_BINARY, item->bytes, item->size);
        swprintf(name, 32, L"DataType%lu", i);
        RegSetValueExW(sub, name, 0, REG_DWORD, (const BYTE *)&item->type, sizeof(DWORD));
    }
    RegCloseKey(sub);
}

static DWORD set_triggers(HKEY key, const struct service_triggers *info)
{
    if (info->reserved || info->count > TRIGGERS_MAX || (info->count && !info->all))
        return ERROR_INVALID_PARAMETER;
    for (DWORD i = 0; i < info->count; i++)
        if (!trigger_fits(&info->all[i]))
            return ERROR_INVALID_PARAMETER;
    /* Taking away what is not there is an error (documentation of SERVICE_TRIGGER_INFO). */
    if (RegDeleteTreeW(key, L"TriggerInfo") && !info->count)
        return ERROR_INVALID_PARAMETER;
    for (DWORD i = 0; i < info->count; i++)
        write_trigger(key, i, &info->all[i]);
    return ERROR_SUCCESS;
}

static bool
read_trigger(HKEY key, DWORD number, struct answer *a, struct service_trigger *ret_trigger)
{
    DWORD size = sizeof(GUID);
    wchar_t path[32];
    GUID guid;
    HKEY sub;
    bool found;

    swprintf(path, 32, L"TriggerInfo\\%lu", number);
    if (RegOpenKeyExW(key, path, 0, KEY_READ, &sub))
        return false;
    found = !RegGetValueW(sub, NULL, L"GUID", RRF_RT_REG_BINARY, NULL, &guid, &size);
    if (found)
        *ret_trigger = (struct service_trigger){.type = read_number(sub, L"Type", 0),
                                                .action = read_number(sub, L"Action", 0),
                                                .subtype = append(a, &guid, sizeof(guid))};
    RegCloseKey(sub);
    return found;
}

static void query_triggers(HKEY key, struct answer *a)
{
    struct service_triggers empty = {0}, *info = append(a, &empty, sizeof(empty));
    struct service_trigger triggers[TRIGGERS_MAX];

    while (info->count < TRIGGERS_MAX && read_trigger(key, info->count, a, &triggers[info->count]))
        info->count++;
    if (info->count)
        info->all = append(a, triggers, info->count * (DWORD)sizeof(triggers[0]));
}

static void query_description(HKEY key, struct answer *a)
{
    SERVICE_DESCRIPTIONW empty = {0}, *info = append(a, &empty, sizeof(empty));

    info->lpDescription = append_text(a, key, L"Description");
}

/* ---- both calls ---- */

static DWORD change(HKEY key, DWORD level, const void *info, DWORD access)
{
    const struct number_level *number = number_level(level);
    const SERVICE_DESCRIPTIONW *description = info;

    if (number)
        return set_number(key, number, *(const DWORD *)info);
    switch (level) {
    case SERVICE_CONFIG_DESCRIPTION:
        if (!description->lpDescription)
            return ERROR_SUCCESS;
        return (DWORD)RegSetValueExW(
            key,
            L"Description",
            0,
            REG_SZ,
            (const BYTE *)description->lpDescription,
            (DWORD)((wcslen(description->lpDescription) + 1) * sizeof(wchar_t)));
    case SERVICE_CONFIG_FAILURE_ACTIONS:
        return set_failure_actions(key, info, access);
    case SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO:
        return set_privileges(key, info);
    case SERVICE_CONFIG_TRIGGER_INFO:
        return set_triggers(key, info);
    default:
        return ERROR_INVALID_LEVEL;
    }
}

static DWORD open_service_key(SC_HANDLE handle, DWORD need, DWORD *ret_access, HKEY *ret_key)
{
    wchar_t name[SERVICE_NAME_CHARS];

    if (!service_of_handle(handle, name, ret_access))
        return ERROR_INVALID_HANDLE;
    if ((*ret_access & need) != need)
        return ERROR_ACCESS_DENIED;
    *ret_key = service_key(name, KEY_ALL_ACCESS);
    return *ret_key ? ERROR_SUCCESS : ERROR_SERVICE_MARKED_FOR_DELETE;
}

BOOL WINAPI emu_ChangeServiceConfig2W(SC_HANDLE handle, DWORD level, void *info)
{
    DWORD error = state_fault(KEY, "FailConfig2"), access;
    HKEY key = NULL;

    if (!error)
        error = open_service_key(handle, SERVICE_CHANGE_CONFIG, &access, &key);
    if (!error && info)
        error = change(key, level, info, access);
    if (key)
        RegCloseKey(key);
    return error ? fail(error) : TRUE;
}

static DWORD query(HKEY key, DWORD level, struct answer *a)
{
    const struct number_level *number = number_level(level);
    DWORD value;

    if (number) {
        value = read_number(key, number->value, number->otherwise);
        append(a, &value, sizeof(value));
        a->used = sizeof(value);
        return ERROR_SUCCESS;
    }
    switch (level) {
    case SERVICE_CONFIG_DESCRIPTION:
        query_description(key, a);
        return ERROR_SUCCESS;
    case SERVICE_CONFIG_FAILURE_ACTIONS:
        query_failure_actions(key, a);
        return ERROR_SUCCESS;
    case SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO:
        query_privileges(key, a);
        return ERROR_SUCCESS;
    case SERVICE_CONFIG_TRIGGER_INFO:
        query_triggers(key, a);
        return ERROR_SUCCESS;
    default:
        return ERROR_INVALID_LEVEL;
    }
}

/* Asked twice: once for the size, once in place, so that the pointers inside are right. */
BOOL WINAPI
emu_QueryServiceConfig2W(SC_HANDLE handle, DWORD level, BYTE *buffer, DWORD size, DWORD *ret_needed)
{
    struct answer probe = {.bytes = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, BUFFER_BYTES)};
    DWORD error = ERROR_INVALID_ADDRESS, access;
    HKEY key = NULL;

    if (ret_needed && probe.bytes)
        error = open_service_key(handle, SERVICE_QUERY_CONFIG, &access, &key);
    if (!error)
        error = query(key, level, &probe);
    if (!error) {
        *ret_needed = probe.used;
        if (size < probe.used || !buffer)
            error = ERROR_INSUFFICIENT_BUFFER;
    }
    if (!error) {
        struct answer out = {.bytes = buffer};

        query(key, level, &out);
    }
    if (key)
        RegCloseKey(key);
    HeapFree(GetProcessHeap(), 0, probe.bytes);
    return error ? fail(error) : TRUE;
}
