/* Port of the registry: HKEY_LOCAL_MACHINE in both views. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES_MAX (64 * 1024)

/* The first component of a key's name. */
static const struct view {
    const char *prefix;
    REGSAM access;
} views[] = {
    {"HKLM\\", KEY_WOW64_64KEY},
    {"HKLM32\\", KEY_WOW64_32KEY},
};

static const struct view *view_of(const char *key)
{
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (_strnicmp(key, views[i].prefix, strlen(views[i].prefix)) == 0)
            return &views[i];
    return NULL;
}

/* Opens (make: creates) the key; *ret_key is NULL when it is missing. */
static bool open_key(const char *key, REGSAM access, bool make, HKEY *ret_key, struct err *err)
{
    const struct view *view = view_of(key);
    uint16_t *path = NULL;
    HKEY opened = NULL;
    LSTATUS code;

    if (!view)
        return err_set(err, ERR_BAD_INPUT, TEXT_WINDOWS_KEY_NAME, key, NULL);
    if (!utf16_from_utf8(key + strlen(view->prefix), &path, err))
        return false;
    access |= view->access;
    code = make ? RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, access, NULL, &opened, NULL)
                : RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, access, &opened);
    free(path);
    if (code && (make || (code != ERROR_FILE_NOT_FOUND && code != ERROR_PATH_NOT_FOUND)))
        return call_fail((DWORD)code, TEXT_WINDOWS_KEY_OPEN, key, err);
    *ret_key = code ? NULL : opened;
    return true;
}

/* ---- reading ---- */

/* The strings of a REG_MULTI_SZ of that many units, one below the other. A list without its end,
 * as Windows stores what it is given, is read as far as it goes. */
static bool join_strings(uint16_t *text, size_t units, char *out, size_t size)
{
    while (units && !text[units - 1])
        units--;
    for (size_t i = 0; i < units; i++)
        if (!text[i])
            text[i] = '\n';
    return utf16_to_utf8_into(text, units, out, size);
}

static bool decode(DWORD type,
                   uint16_t *text,
                   DWORD bytes,
                   const char *name,
                   struct registry_value *value,
                   struct err *err)
{
    size_t units = bytes / sizeof *text;
    bool ok;

    if (type == REG_DWORD && bytes == sizeof value->dword) {
        value->type = REGISTRY_DWORD;
        memcpy(&value->dword, text, sizeof value->dword);
        return true;
    }
    if (type != REG_SZ && type != REG_EXPAND_SZ && type != REG_MULTI_SZ)
        return err_set(err, ERR_BAD_INPUT, TEXT_WINDOWS_VALUE_TYPE, name, NULL);
    if (type == REG_MULTI_SZ) {
        value->type = REGISTRY_MULTI;
        ok = join_strings(text, units, value->text, sizeof value->text);
    } else {
        value->type = REGISTRY_STRING;
        ok = utf16_to_utf8_into(text, utf16_len(text), value->text, sizeof value->text);
    }
    return ok || err_set(err, ERR_TOO_LARGE, TEXT_WINDOWS_VALUE_LARGE, name, NULL);
}

/* Replaces the variables in *text, which the caller frees. */
static bool expand(uint16_t **text, struct err *err)
{
    DWORD units = ExpandEnvironmentStringsW(*text, NULL, 0);
    uint16_t *expanded = calloc((size_t)units + 1, sizeof *expanded);

    if (!expanded)
        return err_no_memory(err);
    if (!ExpandEnvironmentStringsW(*text, expanded, units + 1)) {
        free(expanded);
        return true; /* as it stands */
    }
    free(*text);
    *text = expanded;
    return true;
}

/* Reads the raw bytes, two zero units behind them; *ret_text is NULL when the value is missing. */
static bool read_raw(HKEY key,
                     const uint16_t *name16,
                     const char *name,
                     DWORD *ret_type,
                     uint16_t **ret_text,
                     DWORD *ret_bytes,
                     struct err *err)
{
    LSTATUS code = ERROR_MORE_DATA;
    uint16_t *text = NULL;
    DWORD bytes = 0, room = 0;

    while (code == ERROR_MORE_DATA && room <= VALUE_BYTES_MAX) {
        room = room ? 2 * room : 1024;
        free(text);
        text = calloc(1, room + 2 * sizeof *text);
        if (!text)
            return err_no_memory(err);
        bytes = room;
        code = RegQueryValueExW(key, name16, NULL, ret_type, (BYTE *)text, &bytes);
    }
    if (code) {
        free(text);
        if (code == ERROR_FILE_NOT_FOUND) {
            *ret_text = NULL;
            return true;
        }
        return call_fail((DWORD)code, TEXT_WINDOWS_VALUE_READ, name, err);
    }
    text[bytes / sizeof *text] = 0; /* behind an odd number of bytes, too */
    *ret_text = text;
    *ret_bytes = bytes;
    return true;
}

static bool get(struct registry_port *port,
                const char *key,
                const char *name,
                struct registry_value *ret_value,
                struct err *err)
{
    struct registry_value value = {.type = REGISTRY_ABSENT};
    uint16_t *name16 = NULL, *text = NULL;
    DWORD type = REG_NONE, bytes = 0;
    HKEY opened = NULL;
    bool ok = false;

    (void)port;
    if (!utf16_from_utf8(name, &name16, err) ||
        !open_key(key, KEY_QUERY_VALUE, false, &opened, err))
        goto out;
    if (opened && !read_raw(opened, name16, name, &type, &text, &bytes, err))
        goto out;
    if (text && type == REG_EXPAND_SZ && !expand(&text, err))
        goto out;
    ok = !text || decode(type, text, bytes, name, &value, err);

out:
    if (ok)
        *ret_value = value;
    else
        err_context(err, TEXT_WINDOWS_READING_KEY, key);
    if (opened)
        RegCloseKey(opened);
    free(text);
    free(name16);
    return ok;
}

/* ---- writing ---- */

/* Turns the lines of text into the strings of a REG_MULTI_SZ, its end included. */
static size_t split_strings(uint16_t *text)
{
    size_t units = utf16_len(text);

    for (size_t i = 0; i < units; i++)
        if (text[i] == '\n')
            text[i] = 0;
    text[units + 1] = 0; /* utf16_from_utf8 ends with one: see write_text */
    return units + (units ? 2 : 1);
}

static LSTATUS
write_text(HKEY key, const uint16_t *name16, const struct registry_value *value, struct err *err)
{
    bool multi = value->type == REGISTRY_MULTI;
    uint16_t *text = NULL, *list = NULL;
    size_t units;
    LSTATUS code = ERROR_OUTOFMEMORY;

    if (!utf16_from_utf8(value->text, &text, err))
        return ERROR_NO_UNICODE_TRANSLATION;
    units = utf16_len(text) + 1;
    list = calloc(units + 1, sizeof *list);
    if (list) {
        memcpy(list, text, units * sizeof *list);
        if (multi)
            units = split_strings(list);
        code = RegSetValueExW(key,
                              name16,
                              0,
                              multi ? REG_MULTI_SZ : REG_SZ,
                              (const BYTE *)list,
                              (DWORD)(units * sizeof *list));
    }
    free(list);
    free(text);
    return code;
}

static LSTATUS
write_value(HKEY key, const uint16_t *name16, const struct registry_value *value, struct err *err)
{
    LSTATUS code;

    switch (value->type) {
    case REGISTRY_ABSENT:
        code = RegDeleteValueW(key, name16);
        return code == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : code;
    case REGISTRY_DWORD:
        return RegSetValueExW(
            key, name16, 0, REG_DWORD, (const BYTE *)&value->dword, sizeof value->dword);
    default:
        return write_text(key, name16, value, err);
    }
}

static bool set(struct registry_port *port,
                const char *key,
                const char *name,
                const struct registry_value *value,
                struct err *err)
{
    uint16_t *name16 = NULL;
    HKEY opened = NULL;
    LSTATUS code;
    bool ok;

    (void)port;
    ok = utf16_from_utf8(name, &name16, err) &&
         open_key(key, KEY_SET_VALUE, value->type != REGISTRY_ABSENT, &opened, err);
    if (ok && opened) {
        code = write_value(opened, name16, value, err);
        ok = code == ERROR_SUCCESS || call_fail((DWORD)code, TEXT_WINDOWS_VALUE_WRITE, name, err);
        RegCloseKey(opened);
    }
    free(name16);
    return ok || err_context(err, TEXT_WINDOWS_WRITING_KEY, key);
}

static const struct registry_ops ops = {.get = get, .set = set};

bool windows_registry_new(struct registry_port **ret_port, struct err *err)
{
    struct registry_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_registry_free(struct registry_port *port)
{
    free(port);
}
