/* Single values of a profile. */
#include "host/settings.h"

#include "common/options.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES   128
#define NAMES_MAX   64
#define PORT_DIGITS 5

/* Before names of the profile where a whole spec is shown; fine here too. */
#define GUEST_PREFIX "guest."

/* All names of an object, for the nearest one. */
static const char *nearest_field(const cJSON *object, const char *name)
{
    const char *names[NAMES_MAX];
    const cJSON *field;
    size_t count = 0;

    cJSON_ArrayForEach(field, object) if (count < NAMES_MAX) names[count++] = field->string;
    return options_nearest(name, names, count);
}

static bool unknown(const char *path, const char *nearest, struct err *err)
{
    return err_set(err,
                   ERR_USAGE,
                   nearest ? TEXT_JSON_UNKNOWN_FIELD : TEXT_HOST_SETTING_UNKNOWN,
                   path,
                   nearest ? nearest : "",
                   NULL);
}

/* The value as JSON: a number, true, an array, an object or a string. */
static cJSON *read_value(const char *text)
{
    cJSON *value = NULL;

    if (json_parse(text, strlen(text), &json_limits_message, &value, NULL))
        return value;
    return cJSON_CreateString(text);
}

/* Follows all but the last part of path; lines of Parsec's own configuration may be new. */
static cJSON *find_parent(cJSON *root, const char *path, char *ret_last, struct err *err)
{
    cJSON *object = root;

    for (;;) {
        size_t length = strcspn(path, ".");
        cJSON *next;

        if (!length || length >= KEY_BYTES) {
            unknown(path, NULL, err);
            return NULL;
        }
        text_copy(ret_last, length + 1, path);
        if (!path[length])
            return object;
        next = cJSON_GetObjectItemCaseSensitive(object, ret_last);
        if (!cJSON_IsObject(next)) {
            unknown(ret_last, nearest_field(object, ret_last), err);
            return NULL;
        }
        object = next;
        path += length + 1;
    }
}

static bool replace(cJSON *root, const char *path, const char *text, struct err *err)
{
    char last[KEY_BYTES];
    cJSON *parent = find_parent(root, path, last, err);
    cJSON *value;

    if (!parent)
        return false;
    if (!cJSON_GetObjectItemCaseSensitive(parent, last) && strncmp(path, "parsec.config.", 14) != 0)
        return unknown(path, nearest_field(parent, last), err);
    value = read_value(text);
    cJSON_DeleteItemFromObjectCaseSensitive(parent, last);
    if (value && cJSON_AddItemToObject(parent, last, value))
        return true;
    cJSON_Delete(value);
    return err_no_memory(err);
}

/* What follows from the strategy is left to it when it changes from or to `hold`. */
static void leave_to_strategy(cJSON *root, const char *path, const char *text)
{
    cJSON *display = cJSON_GetObjectItemCaseSensitive(root, "display");
    const cJSON *before = cJSON_GetObjectItemCaseSensitive(display, "strategy");

    if (strcmp(path, "display.strategy") != 0 ||
        (strcmp(text, "hold") == 0) == (strcmp(before->valuestring, "hold") == 0))
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(display, "privacy");
    cJSON_DeleteItemFromObjectCaseSensitive(display, "virtual_monitors");
}

bool settings_apply(struct profile *profile, const char *setting, struct err *err)
{
    size_t length = strcspn(setting, "=");
    char path[KEY_BYTES];
    cJSON *json;
    bool ok;

    if (!setting[length] || length >= sizeof path)
        return err_set(err, ERR_USAGE, TEXT_HOST_SETTING_FORM, setting, NULL);
    text_copy(path, length + 1, setting);
    if (strncmp(path, GUEST_PREFIX, sizeof GUEST_PREFIX - 1) == 0)
        memmove(path, path + sizeof GUEST_PREFIX - 1, length - (sizeof GUEST_PREFIX - 1) + 1);
    json = profile_to_json(profile);
    if (!json)
        return err_no_memory(err);
    leave_to_strategy(json, path, setting + length + 1);
    ok = replace(json, path, setting + length + 1, err) && profile_parse(json, profile, err);
    cJSON_Delete(json);
    return ok;
}

bool settings_proxy(struct profile *profile, const char *proxy, struct err *err)
{
    const char *colon = strrchr(proxy, ':');
    struct profile changed = *profile;
    cJSON *json, *parsec, *object = NULL;
    char address[PROFILE_VALUE_BYTES];
    bool ok = false, none = !strcmp(proxy, "none");
    long port = colon ? strtol(colon + 1, NULL, 10) : 0;

    if (!none && (!colon || colon == proxy || (size_t)(colon - proxy) >= sizeof address ||
                  strspn(colon + 1, "0123456789") != strlen(colon + 1) || !colon[1] ||
                  strlen(colon + 1) > PORT_DIGITS || port < 1 || port > UINT16_MAX))
        return err_set(err, ERR_USAGE, TEXT_HOST_PROXY_FORM, proxy, NULL);
    json = profile_to_json(profile);
    parsec = cJSON_GetObjectItemCaseSensitive(json, "parsec");
    cJSON_DeleteItemFromObjectCaseSensitive(parsec, "proxy");
    object = cJSON_AddObjectToObject(parsec, "proxy");
    if (!none)
        text_copy(address, (size_t)(colon - proxy) + 1, proxy);
    if (none)
        ok = cJSON_AddStringToObject(object, "via", "none") != NULL;
    else if (!strcmp(address, "host"))
        ok = cJSON_AddStringToObject(object, "via", "host") && json_add_int(object, "port", port);
    else
        ok = cJSON_AddStringToObject(object, "via", "direct") &&
             cJSON_AddStringToObject(object, "address", address) &&
             json_add_int(object, "port", port);
    if (!ok)
        err_no_memory(err);
    ok = ok && profile_parse(json, &changed, err);
    cJSON_Delete(json);
    if (ok)
        *profile = changed;
    return ok;
}
