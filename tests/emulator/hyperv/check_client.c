/* See check.h. */
#include "check.h"

#include "../common/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 4096, WAIT_MS = 20000, PAUSE_MS = 10, QUERY_BYTES = 1024, KEY_BYTES = 128 };

static const GUID clsid_text_source = {
    0x8d1c559d, 0x84f0, 0x4bb3, {0xa7, 0xd5, 0x56, 0xa7, 0x43, 0x5a, 0x9b, 0xa6}};
static const GUID iid_text_source = {
    0xbfbf883a, 0xcad7, 0x11d3, {0xa1, 0x1b, 0x00, 0x10, 0x5a, 0x1f, 0x51, 0x5a}};

static char *kept[KEPT_MAX];
static size_t kept_count;

/* Strings live for a while: the oldest goes when there are many. */
static const char *keep(char *text)
{
    size_t at = kept_count++ % KEPT_MAX;

    free(kept[at]);
    kept[at] = text;
    return text;
}

static const char *utf8(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, wide ? wide : L"", -1, NULL, 0, NULL, NULL);
    char *text = malloc((size_t)size);

    assert_non_null(text);
    WideCharToMultiByte(CP_UTF8, 0, wide ? wide : L"", -1, text, size, NULL, NULL);
    return keep(text);
}

static BSTR bstr(const char *text)
{
    int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    BSTR made = SysAllocStringLen(NULL, (UINT)(units - 1));

    assert_non_null(made);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, made, units);
    return made;
}

HRESULT client_connect(const wchar_t *space, IWbemServices **ret_services)
{
    IWbemLocator *locator;
    BSTR name = SysAllocString(space);
    HRESULT result;

    assert_int_equal(
        CoCreateInstance(
            &CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, (void **)&locator),
        S_OK);
    *ret_services = NULL;
    result =
        IWbemLocator_ConnectServer(locator, name, NULL, NULL, NULL, 0, NULL, NULL, ret_services);
    SysFreeString(name);
    IWbemLocator_Release(locator);
    return result;
}

HRESULT client_blanket(void *proxy)
{
    return CoSetProxyBlanket(proxy,
                             RPC_C_AUTHN_WINNT,
                             RPC_C_AUTHZ_NONE,
                             NULL,
                             RPC_C_AUTHN_LEVEL_CALL,
                             RPC_C_IMP_LEVEL_IMPERSONATE,
                             NULL,
                             EOAC_NONE);
}

IWbemServices *client_open(const wchar_t *space)
{
    IWbemServices *services;

    assert_int_equal(client_connect(space, &services), S_OK);
    assert_int_equal(client_blanket(services), S_OK);
    return services;
}

HRESULT client_query(IWbemServices *services, const char *text, struct objects *ret_objects)
{
    IEnumWbemClassObject *found;
    BSTR language = bstr("WQL"), query = bstr(text);
    HRESULT result = IWbemServices_ExecQuery(services,
                                             language,
                                             query,
                                             WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
                                             NULL,
                                             &found);

    SysFreeString(language);
    SysFreeString(query);
    ret_objects->count = 0;
    if (FAILED(result))
        return result;
    client_blanket(found);
    result = IEnumWbemClassObject_Next(
        found, (LONG)WBEM_INFINITE, OBJECTS_MAX, ret_objects->rows, &ret_objects->count);
    IEnumWbemClassObject_Release(found);
    return FAILED(result) ? result : S_OK;
}

void objects_done(struct objects *objects)
{
    for (ULONG i = 0; i < objects->count; i++)
        IWbemClassObject_Release(objects->rows[i]);
    objects->count = 0;
}

IWbemClassObject *client_one(IWbemServices *services, const char *text)
{
    struct objects found;

    assert_int_equal(client_query(services, text, &found), S_OK);
    if (found.count != 1)
        print_error("%lu objects: %s\n", found.count, text);
    assert_int_equal(found.count, 1);
    return found.rows[0];
}

size_t client_count(IWbemServices *services, const char *text)
{
    struct objects found;
    size_t count;

    assert_int_equal(client_query(services, text, &found), S_OK);
    count = found.count;
    objects_done(&found);
    return count;
}

HRESULT client_get(IWbemServices *services, const char *path, IWbemClassObject **ret_object)
{
    BSTR text = bstr(path);
    HRESULT result = IWbemServices_GetObject(services, text, 0, NULL, ret_object, NULL);

    SysFreeString(text);
    return result;
}

/* ---- properties ---- */

const char *object_string(IWbemClassObject *object, const wchar_t *name)
{
    VARIANT value;
    const char *text = NULL;

    assert_int_equal(IWbemClassObject_Get(object, name, 0, &value, NULL, NULL), S_OK);
    if (V_VT(&value) == VT_BSTR)
        text = utf8(V_BSTR(&value));
    else
        assert_int_equal(V_VT(&value), VT_NULL);
    VariantClear(&value);
    return text;
}

LONG object_long(IWbemClassObject *object, const wchar_t *name)
{
    VARIANT value;
    LONG number = -1;

    assert_int_equal(IWbemClassObject_Get(object, name, 0, &value, NULL, NULL), S_OK);
    if (V_VT(&value) == VT_I4)
        number = V_I4(&value);
    else if (V_VT(&value) == VT_BOOL)
        number = V_BOOL(&value) != VARIANT_FALSE;
    VariantClear(&value);
    return number;
}

const char *object_element(IWbemClassObject *object, const wchar_t *name, LONG index)
{
    VARIANT value;
    const char *text = NULL;
    BSTR item;

    assert_int_equal(IWbemClassObject_Get(object, name, 0, &value, NULL, NULL), S_OK);
    if (V_VT(&value) == (VT_ARRAY | VT_BSTR) &&
        SUCCEEDED(SafeArrayGetElement(V_ARRAY(&value), &index, &item))) {
        text = utf8(item);
        SysFreeString(item);
    }
    VariantClear(&value);
    return text;
}

const char *object_own_path(IWbemClassObject *object)
{
    return object_string(object, L"__PATH");
}

HRESULT object_put(IWbemClassObject *object, const wchar_t *name, VARIANT value)
{
    HRESULT result = IWbemClassObject_Put(object, name, 0, &value, 0);

    VariantClear(&value);
    return result;
}

VARIANT value_text(const char *text)
{
    VARIANT value;

    VariantInit(&value);
    V_VT(&value) = VT_BSTR;
    V_BSTR(&value) = bstr(text);
    return value;
}

VARIANT value_long(LONG number)
{
    VARIANT value;

    VariantInit(&value);
    V_VT(&value) = VT_I4;
    V_I4(&value) = number;
    return value;
}

VARIANT value_bool(bool is)
{
    VARIANT value;

    VariantInit(&value);
    V_VT(&value) = VT_BOOL;
    V_BOOL(&value) = is ? VARIANT_TRUE : VARIANT_FALSE;
    return value;
}

VARIANT value_list(const char *const *texts)
{
    VARIANT value;
    LONG count = 0;

    while (texts[count])
        count++;
    VariantInit(&value);
    V_VT(&value) = VT_ARRAY | VT_BSTR;
    V_ARRAY(&value) = SafeArrayCreateVector(VT_BSTR, 0, (ULONG)count);
    assert_non_null(V_ARRAY(&value));
    for (LONG i = 0; i < count; i++) {
        BSTR item = bstr(texts[i]);

        SafeArrayPutElement(V_ARRAY(&value), &i, item);
        SysFreeString(item);
    }
    return value;
}

VARIANT value_one(const char *text)
{
    const char *const texts[] = {text, NULL};

    return value_list(texts);
}

VARIANT value_null(void)
{
    VARIANT value;

    VariantInit(&value);
    V_VT(&value) = VT_NULL;
    return value;
}

const char *object_xml(IWbemClassObject *object, ULONG format)
{
    IWbemObjectTextSrc *source;
    BSTR text = NULL;
    const char *xml;

    assert_int_equal(
        CoCreateInstance(
            &clsid_text_source, NULL, CLSCTX_INPROC_SERVER, &iid_text_source, (void **)&source),
        S_OK);
    assert_int_equal(IWbemObjectTextSrc_GetText(source, 0, object, format, NULL, &text), S_OK);
    xml = utf8(text);
    SysFreeString(text);
    IWbemObjectTextSrc_Release(source);
    return xml;
}

/* ---- methods ---- */

IWbemClassObject *client_input(IWbemServices *services, const char *class, const char *method)
{
    IWbemClassObject *definition, *in_class = NULL, *in;
    BSTR name = bstr(method);

    assert_int_equal(client_get(services, class, &definition), S_OK);
    assert_int_equal(IWbemClassObject_GetMethod(definition, name, 0, &in_class, NULL), S_OK);
    SysFreeString(name);
    IWbemClassObject_Release(definition);
    assert_non_null(in_class);
    assert_int_equal(IWbemClassObject_SpawnInstance(in_class, 0, &in), S_OK);
    IWbemClassObject_Release(in_class);
    return in;
}

HRESULT client_call(IWbemServices *services,
                    const char *path,
                    const char *method,
                    IWbemClassObject *in,
                    IWbemClassObject **ret_out)
{
    BSTR path_text = bstr(path), name = bstr(method);
    HRESULT result =
        IWbemServices_ExecMethod(services, path_text, name, 0, NULL, in, ret_out, NULL);

    SysFreeString(path_text);
    SysFreeString(name);
    return result;
}

static void wait_for_job(IWbemServices *services, const char *path, struct outcome *ret)
{
    for (int waited = 0; waited < WAIT_MS; waited += PAUSE_MS) {
        IWbemClassObject *job;

        assert_int_equal(client_get(services, path, &job), S_OK);
        ret->state = object_long(job, L"JobState");
        ret->error = object_long(job, L"ErrorCode");
        IWbemClassObject_Release(job);
        if (ret->state >= 7 && ret->state <= 10)
            return;
        Sleep(PAUSE_MS);
    }
    fail_msg("a job does not end");
}

struct outcome client_do(IWbemServices *services,
                         const char *path,
                         const char *class,
                         const char *method,
                         IWbemClassObject *in,
                         IWbemClassObject **ret_out)
{
    struct outcome outcome = {0};
    IWbemClassObject *out = NULL;

    (void)class;
    outcome.result = client_call(services, path, method, in, &out);
    if (in)
        IWbemClassObject_Release(in);
    if (FAILED(outcome.result))
        return outcome;
    outcome.value = object_long(out, L"ReturnValue");
    if (outcome.value == 4096)
        wait_for_job(services, object_string(out, L"Job"), &outcome);
    if (ret_out)
        *ret_out = out;
    else
        IWbemClassObject_Release(out);
    return outcome;
}

const char *singleton(IWbemServices *services, const char *class)
{
    char query[QUERY_BYTES];
    IWbemClassObject *object;
    const char *path;

    snprintf(query, sizeof(query), "SELECT * FROM %s", class);
    object = client_one(services, query);
    path = object_own_path(object);
    IWbemClassObject_Release(object);
    return path;
}

const char *management(IWbemServices *services)
{
    return singleton(services, "Msvm_VirtualSystemManagementService");
}

/* ---- machines ---- */

#define SERVICE "Msvm_VirtualSystemManagementService"

/* The object that a job or an output made: by the job's association when the output is empty. */
static const char *made_by(IWbemServices *services, IWbemClassObject *out, const char *direct)
{
    char query[QUERY_BYTES];
    IWbemClassObject *made;
    const char *path;

    if (direct)
        return direct;
    snprintf(query,
             sizeof(query),
             "ASSOCIATORS OF {%s} WHERE AssocClass=Msvm_AffectedJobElement",
             object_string(out, L"Job"));
    made = client_one(services, query);
    path = object_own_path(made);
    IWbemClassObject_Release(made);
    return path;
}

const char *machine_make(IWbemServices *services, const char *name)
{
    IWbemClassObject *class, *settings, *in = client_input(services, SERVICE, "DefineSystem"), *out;
    struct outcome outcome;
    const char *path;

    assert_int_equal(client_get(services, "Msvm_VirtualSystemSettingData", &class), S_OK);
    assert_int_equal(IWbemClassObject_SpawnInstance(class, 0, &settings), S_OK);
    object_put(settings, L"ElementName", value_text(name));
    object_put(settings, L"VirtualSystemSubType", value_text("Microsoft:Hyper-V:SubType:2"));
    object_put(in, L"SystemSettings", value_text(object_xml(settings, 2)));
    IWbemClassObject_Release(class);
    IWbemClassObject_Release(settings);
    outcome = client_do(services, management(services), SERVICE, "DefineSystem", in, &out);
    assert_int_equal(outcome.result, S_OK);
    assert_true(outcome.value == 0 || (outcome.value == 4096 && outcome.state == 7));
    path = made_by(services, out, object_string(out, L"ResultingSystem"));
    IWbemClassObject_Release(out);
    return path;
}

static const char *id_of(const char *vm)
{
    const char *name = strstr(vm, "Name=\"");
    char *id;

    name = name ? strstr(name + 1, ",Name=\"") : NULL;
    assert_non_null(name);
    id = malloc(strlen(name));
    assert_non_null(id);
    snprintf(id, strlen(name), "%.36s", name + 7);
    return keep(id);
}

IWbemClassObject *machine_own_settings(IWbemServices *services, const char *vm)
{
    char query[QUERY_BYTES];

    snprintf(query,
             sizeof(query),
             "SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemIdentifier='%s' AND "
             "VirtualSystemType='Microsoft:Hyper-V:System:Realized'",
             id_of(vm));
    return client_one(services, query);
}

IWbemClassObject *machine_resource(IWbemServices *services, const char *vm, const char *class)
{
    char query[QUERY_BYTES];

    snprintf(query,
             sizeof(query),
             "SELECT * FROM %s WHERE InstanceID LIKE 'Microsoft:%s%%'",
             class,
             id_of(vm));
    return client_one(services, query);
}

IWbemClassObject *template_of(IWbemServices *services, const char *class, const char *sub_type)
{
    char query[QUERY_BYTES];

    snprintf(query,
             sizeof(query),
             "SELECT * FROM %s WHERE ResourceSubType='Microsoft:Hyper-V:%s' AND InstanceID LIKE "
             "'%%\\\\Default'",
             class,
             sub_type);
    return client_one(services, query);
}

struct outcome machine_add(IWbemServices *services,
                           const char *vm,
                           IWbemClassObject *resource,
                           const char **ret_path)
{
    IWbemClassObject *settings = machine_own_settings(services, vm);
    IWbemClassObject *in = client_input(services, SERVICE, "AddResourceSettings"), *out = NULL;
    struct outcome outcome;

    object_put(in, L"AffectedConfiguration", value_text(object_own_path(settings)));
    object_put(in, L"ResourceSettings", value_one(object_xml(resource, 1)));
    IWbemClassObject_Release(settings);
    IWbemClassObject_Release(resource);
    outcome = client_do(services, management(services), SERVICE, "AddResourceSettings", in, &out);
    if (ret_path && out && (!outcome.value || outcome.state == 7))
        *ret_path = made_by(services, out, object_element(out, L"ResultingResourceSettings", 0));
    if (out)
        IWbemClassObject_Release(out);
    return outcome;
}

struct outcome machine_change(IWbemServices *services, IWbemClassObject *resource)
{
    IWbemClassObject *in = client_input(services, SERVICE, "ModifyResourceSettings");

    object_put(in, L"ResourceSettings", value_one(object_xml(resource, 1)));
    IWbemClassObject_Release(resource);
    return client_do(services, management(services), SERVICE, "ModifyResourceSettings", in, NULL);
}

struct outcome machine_change_settings(IWbemServices *services, IWbemClassObject *settings)
{
    IWbemClassObject *in = client_input(services, SERVICE, "ModifySystemSettings");

    object_put(in, L"SystemSettings", value_text(object_xml(settings, 2)));
    IWbemClassObject_Release(settings);
    return client_do(services, management(services), SERVICE, "ModifySystemSettings", in, NULL);
}

struct outcome machine_request(IWbemServices *services, const char *vm, LONG state)
{
    IWbemClassObject *in = client_input(services, "Msvm_ComputerSystem", "RequestStateChange");

    object_put(in, L"RequestedState", value_long(state));
    return client_do(services, vm, "Msvm_ComputerSystem", "RequestStateChange", in, NULL);
}

struct outcome machine_destroy(IWbemServices *services, const char *vm)
{
    IWbemClassObject *in = client_input(services, SERVICE, "DestroySystem");

    object_put(in, L"AffectedSystem", value_text(vm));
    return client_do(services, management(services), SERVICE, "DestroySystem", in, NULL);
}

LONG machine_wait(IWbemServices *services, const char *vm, LONG state)
{
    LONG now = -1;

    for (int waited = 0; waited < WAIT_MS && now != state; waited += PAUSE_MS) {
        IWbemClassObject *object;

        assert_int_equal(client_get(services, vm, &object), S_OK);
        now = object_long(object, L"EnabledState");
        IWbemClassObject_Release(object);
        if (now != state)
            Sleep(PAUSE_MS);
    }
    return now;
}

/* ---- settings ---- */

void emulator_set(const char *key, const char *name, DWORD value)
{
    char full[KEY_BYTES];

    snprintf(full, sizeof(full), key[0] ? "hyperv\\%s" : "hyperv%s", key);
    state_set_number(full, name, value);
}

void emulator_set_text(const char *name, const wchar_t *text)
{
    state_set_text("hyperv", name, text);
}

void emulator_unset(const char *key, const char *name)
{
    char full[KEY_BYTES];

    snprintf(full, sizeof(full), key[0] ? "hyperv\\%s" : "hyperv%s", key);
    state_remove(full, name);
}
