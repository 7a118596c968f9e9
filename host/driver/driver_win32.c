/*
 * Windows' drivers: a GPU's interface path leads to a device, its properties to the class key and
 * the published INF, SetupAPI from there to the folder of the driver store. No association of files
 * is ever asked for.
 */
#include "host/driver/driver.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <initguid.h>

#include <devpkey.h>
#include <setupapi.h>
#include <shlobj.h>

#define PROPERTY_UNITS 512
#define VALUE_BYTES    8192
#define STORE          "System32\\DriverStore\\FileRepository"

static bool fail(DWORD code, enum text_id message, const char *what, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, message, what, NULL);
}

static bool to_utf8(const WCHAR *text, char *out, size_t size)
{
    return utf16_to_utf8_into((const uint16_t *)text, utf16_len((const uint16_t *)text), out, size);
}

/* SetupGetInfDriverStoreLocationW; the headers of mingw-w64 lack it. */
typedef BOOL(WINAPI *find_in_store)(const WCHAR *inf,
                                    const void *platform,
                                    const WCHAR *locale,
                                    WCHAR *out,
                                    DWORD units,
                                    DWORD *ret_needed);

/* ---- the adapter ---- */

static void
property(HDEVINFO set, SP_DEVINFO_DATA *data, const DEVPROPKEY *key, char *out, size_t size)
{
    WCHAR text[PROPERTY_UNITS];
    DEVPROPTYPE type;

    *out = '\0';
    if (!SetupDiGetDevicePropertyW(
            set, data, key, &type, (BYTE *)text, sizeof text - sizeof *text, NULL, 0) ||
        type != DEVPROP_TYPE_STRING)
        return;
    text[PROPERTY_UNITS - 1] = 0;
    if (!to_utf8(text, out, size))
        *out = '\0';
}

static bool
read_device(HDEVINFO set, SP_DEVINFO_DATA *data, struct driver_adapter *adapter, struct err *err)
{
    property(set, data, &DEVPKEY_Device_FriendlyName, adapter->name, sizeof adapter->name);
    if (!*adapter->name)
        property(set, data, &DEVPKEY_Device_DeviceDesc, adapter->name, sizeof adapter->name);
    property(set, data, &DEVPKEY_Device_Driver, adapter->class_key, sizeof adapter->class_key);
    property(set, data, &DEVPKEY_Device_DriverInfPath, adapter->inf, sizeof adapter->inf);
    property(set, data, &DEVPKEY_Device_DriverVersion, adapter->version, sizeof adapter->version);
    adapter->vendor = driver_vendor_of(adapter->instance);
    if (*adapter->class_key && *adapter->inf)
        return true;
    err_set(err, ERR_NOT_FOUND, TEXT_DRIVER_NO_INF, adapter->name, NULL);
    return err_hint(err, TEXT_DRIVER_NO_INF_HINT);
}

static bool system_locate(struct driver_port *port,
                          const char *gpu,
                          struct driver_adapter *ret_adapter,
                          struct err *err)
{
    struct driver_adapter adapter = {.vendor = DRIVER_VENDOR_OTHER};
    SP_DEVINFO_DATA data = {.cbSize = sizeof data};
    HDEVINFO set = INVALID_HANDLE_VALUE;
    uint16_t *instance = NULL;
    bool ok = false;

    (void)port;
    if (!driver_instance_of(gpu, adapter.instance) ||
        !utf16_from_utf8(adapter.instance, &instance, err)) {
        err_set(err, ERR_NOT_FOUND, TEXT_DRIVER_NO_ADAPTER, gpu, NULL);
        goto out;
    }
    set = SetupDiCreateDeviceInfoList(NULL, NULL);
    if (set == INVALID_HANDLE_VALUE) {
        fail(GetLastError(), TEXT_DRIVER_QUERY, gpu, err);
        goto out;
    }
    if (!SetupDiOpenDeviceInfoW(set, (const WCHAR *)instance, NULL, 0, &data)) {
        err_set(err, ERR_NOT_FOUND, TEXT_DRIVER_NO_ADAPTER, adapter.instance, NULL);
        err_hint(err, TEXT_DRIVER_NO_ADAPTER_HINT);
        goto out;
    }
    ok = read_device(set, &data, &adapter, err);

out:
    if (ok)
        *ret_adapter = adapter;
    if (set != INVALID_HANDLE_VALUE)
        SetupDiDestroyDeviceInfoList(set);
    free(instance);
    return ok;
}

/* ---- keys ---- */

/* The strings of a list, one below the other. */
static void join(WCHAR *text, size_t units)
{
    while (units && !text[units - 1])
        units--;
    for (size_t i = 0; i < units; i++)
        if (!text[i])
            text[i] = L'\n';
    text[units] = 0;
}

static bool decode(
    DWORD type, BYTE *bytes, DWORD length, struct driver_key_value *value, char *text, size_t size)
{
    static const struct {
        DWORD windows;
        enum driver_type ours;
    } types[] = {{REG_DWORD, DRIVER_DWORD},
                 {REG_SZ, DRIVER_STRING},
                 {REG_EXPAND_SZ, DRIVER_EXPAND},
                 {REG_MULTI_SZ, DRIVER_MULTI}};
    WCHAR *wide = (WCHAR *)(void *)bytes;
    size_t i = 0;

    while (i < sizeof types / sizeof *types && types[i].windows != type)
        i++;
    if (i == sizeof types / sizeof *types)
        return false;
    value->type = types[i].ours;
    value->text = "";
    if (type == REG_DWORD) {
        if (length == sizeof value->number)
            memcpy(&value->number, bytes, sizeof value->number);
        return length == sizeof value->number;
    }
    wide[length / sizeof *wide] = 0;
    if (type == REG_MULTI_SZ)
        join(wide, length / sizeof *wide);
    value->text = text;
    return to_utf8(wide, text, size);
}

static bool each_value(HKEY key,
                       bool (*visit)(const struct driver_key_value *value, void *user),
                       void *user,
                       struct err *err)
{
    BYTE *bytes = malloc(VALUE_BYTES + 2 * sizeof(WCHAR));
    char *text = malloc(2 * VALUE_BYTES), name[256];
    LSTATUS code = ERROR_SUCCESS;
    bool ok = (bytes && text) || err_no_memory(err);

    for (DWORD i = 0; ok && code != ERROR_NO_MORE_ITEMS; i++) {
        WCHAR wide[256];
        DWORD units = 256, length = VALUE_BYTES, type = REG_NONE;
        struct driver_key_value value = {.name = name};

        code = RegEnumValueW(key, i, wide, &units, NULL, &type, bytes, &length);
        /* too large for anything that we know: not ours */
        if (code || !to_utf8(wide, name, sizeof name) ||
            !decode(type, bytes, length, &value, text, 2 * VALUE_BYTES))
            continue;
        if (!visit(&value, user))
            break;
    }
    free(bytes);
    free(text);
    return ok;
}

static bool system_values(struct driver_port *port,
                          const char *key,
                          bool (*visit)(const struct driver_key_value *value, void *user),
                          void *user,
                          struct err *err)
{
    uint16_t *path = NULL;
    HKEY opened = NULL;
    LSTATUS code;
    bool ok;

    (void)port;
    if (!utf16_from_utf8(key, &path, err))
        return false;
    code = RegOpenKeyExW(
        HKEY_LOCAL_MACHINE, (const WCHAR *)path, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &opened);
    free(path);
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        return true;
    if (code)
        return fail((DWORD)code, TEXT_DRIVER_QUERY, key, err);
    ok = each_value(opened, visit, user, err);
    RegCloseKey(opened);
    return ok;
}

/* ---- folders ---- */

static bool
system_package(struct driver_port *port, const char *inf, char *ret_folder, struct err *err)
{
    HMODULE setup = GetModuleHandleW(L"setupapi.dll");
    FARPROC found = setup ? GetProcAddress(setup, "SetupGetInfDriverStoreLocationW") : NULL;
    find_in_store find = NULL;
    WCHAR path[MAX_PATH];
    uint16_t *name = NULL;
    bool ok;

    (void)port;
    if (!found)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DRIVER_QUERY, inf, NULL);
    memcpy(&find, &found, sizeof find); /* every type of function pointer has this size */
    if (!utf16_from_utf8(inf, &name, err))
        return false;
    ok = find((const WCHAR *)name, NULL, NULL, path, MAX_PATH, NULL) ||
         fail(GetLastError(), TEXT_DRIVER_QUERY, inf, err);
    free(name);
    if (!ok)
        return false;
    if (!to_utf8(path, ret_folder, FS_PATH_BYTES))
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, inf, NULL);
    fs_parent(ret_folder);
    return true;
}

static bool folder_of(int id, char *out, struct err *err)
{
    WCHAR path[MAX_PATH];
    HRESULT code = SHGetFolderPathW(NULL, id, NULL, SHGFP_TYPE_CURRENT, path);

    if (FAILED(code))
        return err_set_os(err, ERR_DOMAIN_HRESULT, code, TEXT_DRIVER_QUERY, "folders", NULL);
    return to_utf8(path, out, FS_PATH_BYTES) ||
           err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "folders", NULL);
}

static bool
system_place(struct driver_port *port, enum driver_place place, char *ret_folder, struct err *err)
{
    static const struct {
        int id;
        const char *below; /* NULL: the folder itself */
    } rows[DRIVER_PLACES] = {
        [DRIVER_STORE] = {CSIDL_WINDOWS, STORE},
        [DRIVER_SYSTEM32] = {CSIDL_WINDOWS, "System32"},
        [DRIVER_SYSWOW64] = {CSIDL_WINDOWS, "SysWOW64"},
        [DRIVER_PROGRAM_DATA] = {CSIDL_COMMON_APPDATA, NULL},
    };
    char base[FS_PATH_BYTES];

    (void)port;
    if (!rows[place].below)
        return folder_of(rows[place].id, ret_folder, err);
    return folder_of(rows[place].id, base, err) &&
           fs_join(ret_folder, base, rows[place].below, err);
}

static void system_free(struct driver_port *port)
{
    free(port);
}

static const struct driver_ops system_ops = {
    .locate = system_locate,
    .values = system_values,
    .package = system_package,
    .place = system_place,
    .free = system_free,
};

bool driver_open_system(struct driver_port **ret_port, struct err *err)
{
    struct driver_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &system_ops;
    *ret_port = port;
    return true;
}
