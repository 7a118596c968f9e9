/* Connections, queries, objects, events. */
#include <windows.h>

#include "host/hypervisor/wmi_inside_win32.h"

#include "common/utf16.h"
#include "host/hypervisor/hyperv_rules.h"

#include <stdlib.h>
#include <string.h>

#define NEXT_MS     60000 /* a provider that says nothing for so long is gone */
#define QUERY_BYTES 8192

/* As in wbemcli.h, which declares them only. */
static const GUID locator_class = {
    0x4590f811, 0x1d3a, 0x11d0, {0x89, 0x1f, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24}};
static const GUID locator_interface = {
    0xdc12a687, 0x737f, 0x11cf, {0x88, 0x4d, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24}};

BSTR wmi_bstr(const char *text)
{
    uint16_t *wide = NULL;
    BSTR made;

    if (!utf16_from_utf8(text, &wide, NULL))
        return NULL;
    made = SysAllocString(wide);
    free(wide);
    return made;
}

bool wmi_put_bstr(struct buf *out, BSTR text)
{
    char *utf8 = NULL;
    bool ok = !text || utf16_to_utf8(text, SysStringLen(text), &utf8, NULL);

    ok = ok && (!utf8 || buf_puts(out, utf8));
    free(utf8);
    return ok;
}

bool wmi_fail(HRESULT result, enum text_id text, const char *what, struct err *err)
{
    return hyperv_wmi_failed((int32_t)result, text, what, err);
}

/* ---- connecting ---- */

/* Every thread of the process is in the multithreaded apartment from here on; the process's
 * default security is ours to set once, and others may have been first. */
static HRESULT enter(void)
{
    static LONG entered;
    CO_MTA_USAGE_COOKIE cookie;
    HRESULT result;

    if (InterlockedCompareExchange(&entered, 1, 0))
        return S_OK;
    result = CoIncrementMTAUsage(&cookie);
    if (FAILED(result)) {
        InterlockedExchange(&entered, 0);
        return result;
    }
    result = CoInitializeSecurity(NULL,
                                  -1,
                                  NULL,
                                  NULL,
                                  RPC_C_AUTHN_LEVEL_DEFAULT,
                                  RPC_C_IMP_LEVEL_IMPERSONATE,
                                  NULL,
                                  EOAC_NONE,
                                  NULL);
    return result == RPC_E_TOO_LATE ? S_OK : result;
}

/* Lets the service act as us; each proxy needs it anew. */
static HRESULT trust(IUnknown *proxy)
{
    return CoSetProxyBlanket(proxy,
                             RPC_C_AUTHN_WINNT,
                             RPC_C_AUTHZ_NONE,
                             NULL,
                             RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                             RPC_C_IMP_LEVEL_IMPERSONATE,
                             NULL,
                             EOAC_NONE);
}

static HRESULT connect_to(BSTR name_space, IWbemServices **ret_services)
{
    IWbemLocator *locator = NULL;
    IWbemServices *services = NULL;
    HRESULT result = CoCreateInstance(
        &locator_class, NULL, CLSCTX_INPROC_SERVER, &locator_interface, (void **)&locator);

    if (FAILED(result))
        return result;
    result =
        IWbemLocator_ConnectServer(locator, name_space, NULL, NULL, NULL, 0, NULL, NULL, &services);
    IWbemLocator_Release(locator);
    if (SUCCEEDED(result))
        result = trust((IUnknown *)services);
    if (FAILED(result)) {
        if (services)
            IWbemServices_Release(services);
        return result;
    }
    *ret_services = services;
    return result;
}

bool wmi_open(const char *name_space, struct wmi **ret_wmi, struct err *err)
{
    struct wmi *wmi = calloc(1, sizeof *wmi);
    BSTR name = wmi_bstr(name_space);
    HRESULT result = wmi && name ? enter() : E_OUTOFMEMORY;

    if (SUCCEEDED(result))
        result = connect_to(name, &wmi->services);
    SysFreeString(name);
    if (FAILED(result)) {
        free(wmi);
        return wmi_fail(result, TEXT_HV_CONNECT, name_space, err);
    }
    *ret_wmi = wmi;
    return true;
}

void wmi_close(struct wmi *wmi)
{
    if (!wmi)
        return;
    IWbemServices_Release(wmi->services);
    free(wmi);
}

/* ---- queries ---- */

static bool add_row(struct wmi_rows *rows, IWbemClassObject *object)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 16;
        IWbemClassObject **items = realloc(rows->items, room * sizeof *items);

        if (!items)
            return false;
        rows->items = items;
        rows->room = room;
    }
    rows->items[rows->count++] = object;
    return true;
}

static HRESULT read_rows(IEnumWbemClassObject *found, struct wmi_rows *rows)
{
    for (;;) {
        IWbemClassObject *object = NULL;
        ULONG count = 0;
        HRESULT result = IEnumWbemClassObject_Next(found, NEXT_MS, 1, &object, &count);

        if (FAILED(result) || result == WBEM_S_FALSE)
            return result;
        if (result == WBEM_S_TIMEDOUT)
            return HRESULT_FROM_WIN32(ERROR_TIMEOUT);
        if (count && !add_row(rows, object)) {
            IWbemClassObject_Release(object);
            return E_OUTOFMEMORY;
        }
    }
}

bool wmi_query(struct wmi *wmi, const char *wql, struct wmi_rows *ret_rows, struct err *err)
{
    BSTR language = wmi_bstr("WQL"), query = wmi_bstr(wql);
    IEnumWbemClassObject *found = NULL;
    HRESULT result = E_OUTOFMEMORY;

    *ret_rows = (struct wmi_rows){NULL};
    if (language && query)
        result = IWbemServices_ExecQuery(wmi->services,
                                         language,
                                         query,
                                         WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
                                         NULL,
                                         &found);
    if (SUCCEEDED(result))
        result = trust((IUnknown *)found);
    if (SUCCEEDED(result))
        result = read_rows(found, ret_rows);
    if (found)
        IEnumWbemClassObject_Release(found);
    SysFreeString(language);
    SysFreeString(query);
    return SUCCEEDED(result) || wmi_fail(result, TEXT_HV_QUERY, wql, err);
}

/* Runs the query in text, which is freed. */
static bool query_of(struct wmi *wmi, struct buf *text, struct wmi_rows *ret_rows, struct err *err)
{
    bool ok;

    *ret_rows = (struct wmi_rows){NULL};
    ok = text->failed ? err_no_memory(err) : wmi_query(wmi, buf_str(text), ret_rows, err);
    buf_done(text);
    return ok;
}

bool wmi_select(struct wmi *wmi,
                const char *type,
                const char *property,
                const char *value,
                struct wmi_rows *ret_rows,
                struct err *err)
{
    struct buf text;

    buf_init(&text, QUERY_BYTES);
    buf_printf(&text, "SELECT * FROM %s WHERE %s = ", type, property);
    wmi_put_literal(&text, value);
    return query_of(wmi, &text, ret_rows, err);
}

bool wmi_select_like(struct wmi *wmi,
                     const char *type,
                     const char *property,
                     const char *value,
                     struct wmi_rows *ret_rows,
                     struct err *err)
{
    struct buf text, pattern;

    buf_init(&text, QUERY_BYTES);
    buf_init(&pattern, QUERY_BYTES);
    buf_printf(&pattern, "%s%%", value);
    buf_printf(&text, "SELECT * FROM %s WHERE %s LIKE ", type, property);
    wmi_put_literal(&text, buf_str(&pattern));
    buf_done(&pattern);
    return query_of(wmi, &text, ret_rows, err);
}

bool wmi_associators(struct wmi *wmi,
                     const char *path,
                     const char *association,
                     const char *result,
                     struct wmi_rows *ret_rows,
                     struct err *err)
{
    struct buf text;

    buf_init(&text, QUERY_BYTES);
    buf_printf(&text, "ASSOCIATORS OF {%s} WHERE AssocClass=%s", path, association);
    if (result)
        buf_printf(&text, " ResultClass=%s", result);
    return query_of(wmi, &text, ret_rows, err);
}

struct IWbemClassObject *wmi_rows_take(struct wmi_rows *rows, size_t index)
{
    IWbemClassObject *taken;

    if (index >= rows->count)
        return NULL;
    taken = rows->items[index];
    rows->items[index] = rows->items[--rows->count];
    return taken;
}

void wmi_rows_done(struct wmi_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        IWbemClassObject_Release(rows->items[i]);
    free(rows->items);
    *rows = (struct wmi_rows){NULL};
}

/* ---- objects ---- */

bool wmi_get(struct wmi *wmi, const char *path, struct IWbemClassObject **ret, struct err *err)
{
    BSTR text = wmi_bstr(path);
    IWbemClassObject *object = NULL;
    HRESULT result = E_OUTOFMEMORY;

    if (text)
        result = IWbemServices_GetObject(
            wmi->services, text, WBEM_FLAG_RETURN_WBEM_COMPLETE, NULL, &object, NULL);
    SysFreeString(text);
    if (FAILED(result) || !object)
        return wmi_fail(FAILED(result) ? result : E_POINTER, TEXT_HV_OBJECT, path, err);
    *ret = object;
    return true;
}

bool wmi_spawn(struct wmi *wmi, const char *type, struct IWbemClassObject **ret, struct err *err)
{
    IWbemClassObject *class_object = NULL;
    HRESULT result;

    if (!wmi_get(wmi, type, &class_object, err) || !class_object)
        return false;
    result = IWbemClassObject_SpawnInstance(class_object, 0, ret);
    IWbemClassObject_Release(class_object);
    return SUCCEEDED(result) || wmi_fail(result, TEXT_HV_OBJECT, type, err);
}

void wmi_object_free(struct IWbemClassObject *object)
{
    if (object)
        IWbemClassObject_Release(object);
}

/* ---- events ---- */

bool wmi_events_open(struct wmi *wmi,
                     const char *wql,
                     struct IEnumWbemClassObject **ret_events,
                     struct err *err)
{
    BSTR language = wmi_bstr("WQL"), query = wmi_bstr(wql);
    IEnumWbemClassObject *events = NULL;
    HRESULT result = E_OUTOFMEMORY;

    if (language && query)
        result = IWbemServices_ExecNotificationQuery(wmi->services,
                                                     language,
                                                     query,
                                                     WBEM_FLAG_FORWARD_ONLY |
                                                         WBEM_FLAG_RETURN_IMMEDIATELY,
                                                     NULL,
                                                     &events);
    if (SUCCEEDED(result))
        result = trust((IUnknown *)events);
    SysFreeString(language);
    SysFreeString(query);
    if (FAILED(result)) {
        wmi_events_close(events);
        return wmi_fail(result, TEXT_HV_QUERY, wql, err);
    }
    *ret_events = events;
    return true;
}

bool wmi_events_wait(struct IEnumWbemClassObject *events,
                     int64_t timeout_ms,
                     bool *ret_happened,
                     struct err *err)
{
    IWbemClassObject *event = NULL;
    ULONG count = 0;
    HRESULT result = IEnumWbemClassObject_Next(events, (LONG)timeout_ms, 1, &event, &count);

    if (event)
        IWbemClassObject_Release(event);
    if (FAILED(result) || result == WBEM_S_FALSE)
        return wmi_fail(FAILED(result) ? result : E_FAIL, TEXT_HV_QUERY, "events", err);
    *ret_happened = count != 0;
    return true;
}

void wmi_events_close(struct IEnumWbemClassObject *events)
{
    if (events)
        IEnumWbemClassObject_Release(events);
}
