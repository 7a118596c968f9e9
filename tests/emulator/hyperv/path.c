/* See path.h. */
#include "path.h"

#include "hyperv.h"
#include "value.h"

#include "common/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 65536, NAME_BYTES = 128 };

/* A name of a class or key; its length, 0 for none. */
static size_t name_length(const char *text)
{
    size_t length = 0;

    while (text[length] == '_' || (text[length] >= '0' && text[length] <= '9') ||
           ((text[length] | 32) >= 'a' && (text[length] | 32) <= 'z'))
        length++;
    return length < NAME_BYTES ? length : 0;
}

/* \\HOST\name\space: in front of the class, when it is there. */
static HRESULT skip_server(const char *space, const char **text)
{
    const char *at = *text, *colon = at + strcspn(at, "\"':");
    size_t length;

    if (*colon != ':')
        colon = NULL;
    if (at[0] == '\\' && at[1] == '\\') {
        at += 2;
        length = strcspn(at, "\\");
        if (!colon || !at[length])
            return (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
        if (!(length == 1 && *at == '.') &&
            (_strnicmp(at, emulator_host(), length) || emulator_host()[length]))
            return (HRESULT)WBEM_E_NOT_FOUND;
        at += length + 1;
    } else if (!colon)
        return S_OK;
    if (_strnicmp(at, space, strlen(space)) || at + strlen(space) != colon)
        return (HRESULT)WBEM_E_NOT_FOUND;
    *text = colon + 1;
    return S_OK;
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* A value in either quotes: only backslashes and quotes can be escaped. */
static char *quoted(const char **text)
{
    const char *at = *text + 1;
    char quote = **text;
    char *value = emulator_grow(NULL, strlen(at) + 1);
    size_t length = 0;

    for (; *at && *at != quote; at++) {
        if (*at == '\\' && at[1] != '\\' && !is_quote(at[1]))
            break;
        if (*at == '\\')
            at++;
        value[length++] = *at;
    }
    value[length] = '\0';
    if (*at != quote) {
        free(value);
        return NULL;
    }
    *text = at + 1;
    return value;
}

static char *unquoted(const char **text)
{
    size_t length = strcspn(*text, ",");
    char *value = emulator_print("%.*s", (int)length, *text);

    *text += length;
    return value;
}

static bool is_text(CIMTYPE type)
{
    return type == CIM_STRING || type == CIM_REFERENCE || type == CIM_DATETIME;
}

static bool
parse_value(const char **text, const struct schema_property *property, struct path *path)
{
    char *raw;
    cJSON *value = NULL;

    if (is_text(property->type) != is_quote(**text))
        return false;
    raw = is_quote(**text) ? quoted(text) : unquoted(text);
    if (raw)
        value = value_parse(property->type, raw);
    free(raw);
    if (!value)
        return false;
    cJSON_AddItemToObject(path->keys, property->name, value);
    return true;
}

/* Class="value", of a class with one key. */
static bool parse_only_key(const char *text, struct path *path)
{
    const struct schema_property *p, *key = NULL;

    for (size_t i = 0; (p = schema_property_at(path->class, i)); i++) {
        if (p->key && key)
            return false;
        if (p->key)
            key = p;
    }
    return key && parse_value(&text, key, path) && !*text;
}

static bool parse_key(const char **text, struct path *path)
{
    size_t length = name_length(*text);
    char name[NAME_BYTES];
    const struct schema_property *property;

    snprintf(name, sizeof(name), "%.*s", (int)length, *text);
    property = length ? schema_property(path->class, name) : NULL;
    if (!property || !property->key || (*text)[length] != '=' ||
        cJSON_GetObjectItem(path->keys, property->name))
        return false;
    *text += length + 1;
    return parse_value(text, property, path);
}

static bool has_all_keys(const struct path *path)
{
    const struct schema_property *p;

    for (size_t i = 0; (p = schema_property_at(path->class, i)); i++)
        if (p->key && !cJSON_GetObjectItem(path->keys, p->name))
            return false;
    return true;
}

HRESULT path_parse(const char *space, const char *text, struct path *ret_path)
{
    char name[NAME_BYTES];
    size_t length;
    HRESULT result;

    memset(ret_path, 0, sizeof(*ret_path));
    result = skip_server(space, &text);
    if (FAILED(result))
        return result;
    length = name_length(text);
    if (!length)
        return (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
    snprintf(name, sizeof(name), "%.*s", (int)length, text);
    ret_path->class = schema_class(space, name);
    if (!ret_path->class)
        return (HRESULT)WBEM_E_INVALID_CLASS;
    text += length;
    if (!*text)
        return S_OK;
    ret_path->keys = cJSON_CreateObject();
    if (*text == '=') {
        text++;
        return parse_only_key(text, ret_path) ? S_OK : (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
    }
    if (*text++ != '.')
        return (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
    while (parse_key(&text, ret_path)) {
        if (!*text)
            return has_all_keys(ret_path) ? S_OK : (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
        if (*text++ != ',')
            break;
    }
    return (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
}

void path_done(struct path *path)
{
    cJSON_Delete(path->keys);
    path->keys = NULL;
}

static void put_escaped(struct buf *out, const char *text)
{
    buf_puts(out, "\"");
    for (; *text; text++)
        buf_printf(out, "%s%c", *text == '\\' || *text == '"' ? "\\" : "", *text);
    buf_puts(out, "\"");
}

char *path_relative(const struct schema_class *class, const cJSON *properties)
{
    struct buf out;
    const struct schema_property *p;
    char separator = '.';
    char *path;

    buf_init(&out, PATH_MAX_BYTES);
    buf_puts(&out, class->name);
    for (size_t i = 0; (p = schema_property_at(class, i)); i++) {
        const cJSON *value = cJSON_GetObjectItem(properties, p->name);
        char *text;

        if (!p->key)
            continue;
        if (!value || cJSON_IsNull(value)) {
            buf_done(&out);
            return NULL;
        }
        text = value_text(p->type, value);
        buf_printf(&out, "%c%s=", separator, p->name);
        if (is_text(p->type))
            put_escaped(&out, text);
        else
            buf_puts(&out, text);
        free(text);
        separator = ',';
    }
    if (separator == '.') { /* a class without keys */
        buf_done(&out);
        return NULL;
    }
    path = buf_take(&out);
    buf_done(&out);
    return path;
}

char *path_full(const struct schema_class *class, const cJSON *properties)
{
    char *relative = path_relative(class, properties), *full;

    if (!relative)
        return NULL;
    full = emulator_print("\\\\%s\\%s:%s", emulator_host(), class->space, relative);
    free(relative);
    return full;
}

bool path_matches(const struct path *path,
                  const struct schema_class *class,
                  const cJSON *properties)
{
    const cJSON *key;

    if (!path->keys || !schema_is_a(class, path->class->name))
        return false;
    cJSON_ArrayForEach(key, path->keys)
    {
        const struct schema_property *p = schema_property(path->class, key->string);
        const cJSON *value = cJSON_GetObjectItem(properties, key->string);

        if (!value || value_compare(p->type, key, value))
            return false;
    }
    return true;
}
