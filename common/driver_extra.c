#include "common/driver_extra.h"

#include <stdlib.h>
#include <string.h>

#define EXTRA_VERSION 1

static const char *const key_names[DRIVER_KEYS] = {"service", "adapter"};
static const char *const type_names[DRIVER_TYPES] = {"dword", "string", "expand", "multi"};

/* ---- writing ---- */

static bool add_value(cJSON *values, const struct driver_value *value)
{
    cJSON *item = cJSON_CreateObject();

    return item && cJSON_AddItemToArray(values, item) &&
           cJSON_AddStringToObject(item, "key", key_names[value->key]) &&
           cJSON_AddStringToObject(item, "name", value->name) &&
           cJSON_AddStringToObject(item, "type", type_names[value->type]) &&
           (value->type == DRIVER_DWORD
                ? json_add_int(item, "value", value->number)
                : cJSON_AddStringToObject(item, "value", value->text) != NULL);
}

static bool add_text(cJSON *list, const char *text)
{
    cJSON *item = cJSON_CreateString(text);

    return item && cJSON_AddItemToArray(list, item);
}

static bool fill(const struct driver_extra *extra, cJSON *json)
{
    cJSON *values, *links, *newer;
    bool ok = json_add_int(json, "version", EXTRA_VERSION) &&
              cJSON_AddStringToObject(json, "package", extra->package) &&
              cJSON_AddStringToObject(json, "driver", extra->driver);

    values = ok ? cJSON_AddArrayToObject(json, "values") : NULL;
    links = values ? cJSON_AddArrayToObject(json, "links") : NULL;
    newer = links ? cJSON_AddArrayToObject(json, "newer") : NULL;
    ok = newer != NULL;
    for (size_t i = 0; ok && i < extra->value_count; i++)
        ok = add_value(values, &extra->values[i]);
    for (size_t i = 0; ok && i < extra->link_count; i++)
        ok = add_text(links, extra->links[i]);
    for (size_t i = 0; ok && i < extra->newer_count; i++)
        ok = add_text(newer, extra->newer[i]);
    return ok;
}

bool driver_extra_write(const struct driver_extra *extra, struct buf *out, struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json && fill(extra, json) && json_write_pretty(json, out);

    cJSON_Delete(json);
    return ok || err_no_memory(err);
}

/* ---- reading ---- */

static bool bad(const char *what, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_EXTRA, what, NULL);
}

/* Names of values as drivers have them: letters, digits and what joins words. */
static bool is_value_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-. ";

    return *name && !name[strspn(name, allowed)];
}

/* Text that Windows takes for a program or driver to start must be of the package. */
static bool is_of_package(const char *text)
{
    size_t root = strlen(DRIVER_STORE_ROOT);

    return strncmp(text, DRIVER_STORE_ROOT, root) == 0 && !strstr(text, "..") &&
           !strpbrk(text + root, "/%\":*?<>|");
}

static bool check_value(const struct driver_value *value, struct err *err)
{
    bool image = !strcmp(value->name, "ImagePath");

    if (!is_value_name(value->name))
        return bad(value->name, err);
    if (value->key != DRIVER_KEY_SERVICE || value->type == DRIVER_DWORD)
        return !image || value->key != DRIVER_KEY_SERVICE || bad(value->name, err);
    /* "Group" orders the start, everything else that the service reads is a path */
    if (!strcmp(value->name, "Group"))
        return !value->text[strcspn(value->text, "\\/:%")] || bad(value->name, err);
    return (image && is_of_package(value->text)) ||
           err_set(err, ERR_UNSAFE, TEXT_DRIVER_EXTRA, value->name, NULL);
}

static bool read_value(const cJSON *json, struct driver_value *value, struct err *err)
{
    int key = -1, type = -1;
    int64_t number = 0;

    if (!json_choice(json, "key", key_names, DRIVER_KEYS, &key, err) ||
        !json_choice(json, "type", type_names, DRIVER_TYPES, &type, err) ||
        !json_string_into(json, "name", NULL, value->name, sizeof value->name, err))
        return false;
    if (key < 0 || type < 0)
        return bad("values", err);
    value->key = (enum driver_key)key;
    value->type = (enum driver_type)type;
    if (value->type == DRIVER_DWORD) {
        if (!json_int(json, "value", 0, UINT32_MAX, &number, err))
            return false;
        value->number = (uint32_t)number;
    } else if (!json_string_into(json, "value", NULL, value->text, sizeof value->text, err)) {
        return false;
    }
    return check_value(value, err);
}

static bool read_values(const cJSON *json, struct driver_extra *extra, struct err *err)
{
    const cJSON *list = NULL, *item;

    if (!json_array(json, "values", &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsObject(item) || extra->value_count == DRIVER_EXTRA_VALUES)
            return bad("values", err);
        if (!read_value(item, &extra->values[extra->value_count++], err))
            return false;
    }
    return true;
}

static bool read_links(const cJSON *json, struct driver_extra *extra, struct err *err)
{
    const cJSON *list = NULL, *item;

    if (!json_array(json, "links", &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        const char *folder = cJSON_GetStringValue(item);

        if (!folder || extra->link_count == DRIVER_EXTRA_LINKS || !fs_name_is_safe(folder))
            return bad("links", err);
        text_copy(extra->links[extra->link_count++], FS_NAME_BYTES, folder);
    }
    return true;
}

static bool read_newer(const cJSON *json, struct driver_extra *extra, struct err *err)
{
    const cJSON *list = NULL, *item;

    if (!json_array(json, "newer", &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        const char *path = cJSON_GetStringValue(item);

        if (!path || extra->newer_count == DRIVER_EXTRA_NEWER ||
            strlen(path) >= sizeof extra->newer[0])
            return bad("newer", err);
        if (!driver_tree_check(path, err))
            return false;
        text_copy(extra->newer[extra->newer_count++], sizeof extra->newer[0], path);
    }
    return true;
}

bool driver_extra_parse(const char *text,
                        size_t length,
                        struct driver_extra *ret_extra,
                        struct err *err)
{
    struct driver_extra *extra = calloc(1, sizeof *extra);
    cJSON *json = NULL;
    int64_t version = 0;
    bool ok;

    if (!extra)
        return err_no_memory(err);
    ok = length <= DRIVER_EXTRA_BYTES || bad("size", err);
    ok = ok && json_parse(text, length, &json_limits_message, &json, err) &&
         (cJSON_IsObject(json) || bad("object", err)) &&
         json_int(json, "version", EXTRA_VERSION, EXTRA_VERSION, &version, err) &&
         (version == EXTRA_VERSION || bad("version", err)) &&
         json_string_into(json, "package", NULL, extra->package, sizeof extra->package, err) &&
         json_string_into(json, "driver", NULL, extra->driver, sizeof extra->driver, err) &&
         (fs_name_is_safe(extra->package) || bad("package", err)) &&
         read_values(json, extra, err) && read_links(json, extra, err) &&
         read_newer(json, extra, err);
    if (ok)
        *ret_extra = *extra;
    cJSON_Delete(json);
    free(extra);
    return ok;
}

bool driver_extra_is_newer(const struct driver_extra *extra, const char *path)
{
    for (size_t i = 0; i < extra->newer_count; i++)
        if (manifest_compare(extra->newer[i], path) == 0)
            return true;
    return false;
}
