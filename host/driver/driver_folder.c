/* A host's driver world kept in a folder: registry.json and files/ as Windows' volume has them. */
#include "host/driver/driver_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct driver_folder {
    struct driver_port port;
    char base[FS_PATH_BYTES];
    cJSON *json;
};

static struct driver_folder *folder_of(struct driver_port *port)
{
    return (struct driver_folder *)port;
}

static bool read_adapter(const cJSON *json, struct driver_adapter *adapter, struct err *err)
{
    if (!json_string_into(
            json, "instance", NULL, adapter->instance, sizeof adapter->instance, err) ||
        !json_string_into(json, "name", NULL, adapter->name, sizeof adapter->name, err) ||
        !json_string_into(
            json, "class_key", NULL, adapter->class_key, sizeof adapter->class_key, err) ||
        !json_string_into(json, "inf", "", adapter->inf, sizeof adapter->inf, err) ||
        !json_string_into(json, "version", "", adapter->version, sizeof adapter->version, err))
        return false;
    adapter->vendor = driver_vendor_of(adapter->instance);
    if (*adapter->inf)
        return true;
    err_set(err, ERR_NOT_FOUND, TEXT_DRIVER_NO_INF, adapter->name, NULL);
    return err_hint(err, TEXT_DRIVER_NO_INF_HINT);
}

static bool folder_locate(struct driver_port *port,
                          const char *gpu,
                          struct driver_adapter *ret_adapter,
                          struct err *err)
{
    const cJSON *list = NULL, *item;

    if (!json_array(folder_of(port)->json, "adapters", &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "gpu"));

        if (name && !strcmp(name, gpu))
            return read_adapter(item, ret_adapter, err);
    }
    err_set(err, ERR_NOT_FOUND, TEXT_DRIVER_NO_ADAPTER, gpu, NULL);
    return err_hint(err, TEXT_DRIVER_NO_ADAPTER_HINT);
}

static bool read_value(const cJSON *item, struct driver_key_value *value)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(item, "value");
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "type"));

    value->name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
    value->text = cJSON_IsString(data) ? data->valuestring : "";
    value->type = cJSON_IsNumber(data)              ? DRIVER_DWORD
                  : type && !strcmp(type, "multi")  ? DRIVER_MULTI
                  : type && !strcmp(type, "expand") ? DRIVER_EXPAND
                                                    : DRIVER_STRING;
    value->number = cJSON_IsNumber(data) ? (uint32_t)data->valuedouble : 0;
    return value->name != NULL;
}

static bool folder_values(struct driver_port *port,
                          const char *key,
                          bool (*visit)(const struct driver_key_value *value, void *user),
                          void *user,
                          struct err *err)
{
    const cJSON *keys = NULL, *list = NULL, *item;

    if (!json_object(folder_of(port)->json, "keys", &keys, err) || !keys)
        return keys == NULL;
    if (!json_array(keys, key, &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        struct driver_key_value value;

        if (read_value(item, &value) && !visit(&value, user))
            break;
    }
    return true;
}

static bool
folder_place(struct driver_port *port, enum driver_place place, char *ret_folder, struct err *err)
{
    char below[FS_PATH_BYTES];

    snprintf(below,
             sizeof below,
             "files/%s",
             place == DRIVER_STORE ? DRIVER_MAKE_STORE : driver_place_folder(place));
    return fs_join(ret_folder, folder_of(port)->base, below, err);
}

static bool
folder_package(struct driver_port *port, const char *inf, char *ret_folder, struct err *err)
{
    const cJSON *packages = NULL;
    const char *name = NULL;
    char store[FS_PATH_BYTES];

    if (!json_object(folder_of(port)->json, "packages", &packages, err))
        return false;
    if (packages)
        name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packages, inf));
    if (!name || !fs_name_is_safe(name))
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, inf, NULL);
    return folder_place(port, DRIVER_STORE, store, err) && fs_join(ret_folder, store, name, err);
}

static void folder_free(struct driver_port *port)
{
    cJSON_Delete(folder_of(port)->json);
    free(folder_of(port));
}

static const struct driver_ops folder_ops = {
    .locate = folder_locate,
    .values = folder_values,
    .package = folder_package,
    .place = folder_place,
    .free = folder_free,
};

bool driver_open_folder(const char *folder, struct driver_port **ret_port, struct err *err)
{
    struct driver_folder *port = calloc(1, sizeof *port);
    char path[FS_PATH_BYTES];

    if (!port)
        return err_no_memory(err);
    port->port.ops = &folder_ops;
    text_copy(port->base, sizeof port->base, folder);
    if (!fs_join(path, folder, DRIVER_MAKE_REGISTRY, err) ||
        !json_read_file(path, &json_limits_file, &port->json, err)) {
        free(port);
        return false;
    }
    *ret_port = &port->port;
    return true;
}
