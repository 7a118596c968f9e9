/* The label of a disk that is a plain folder. */
#include "host/image/dir_label.h"

#include "common/json.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define ID_BYTES 16

static bool new_id(char out[IMAGE_ID_BYTES], struct err *err)
{
    uint8_t random[ID_BYTES];
    int code = uv_random(NULL, NULL, random, sizeof random, 0, NULL);
    size_t n = 0;

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HOST_NO_RANDOM, NULL);
    for (size_t i = 0; i < sizeof random; i++)
        n += (size_t)snprintf(out + n,
                              IMAGE_ID_BYTES - n,
                              "%s%02x",
                              i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                              random[i]);
    return true;
}

static bool read_fields(const cJSON *json, struct dir_label *label, struct err *err)
{
    int64_t size_bytes = 0;

    if (!json_int(json, "size_bytes", 0, JSON_INT_MAX, &size_bytes, err) ||
        !json_string_into(json, "id", "", label->id, sizeof label->id, err) ||
        !json_string_into(json, "parent", "", label->parent, sizeof label->parent, err) ||
        !json_string_into(json, "parent_id", "", label->parent_id, sizeof label->parent_id, err) ||
        !json_bool(json, "dirty", &label->dirty, err) ||
        !json_bool(json, "bitlocker", &label->bitlocker, err))
        return false;
    label->size_bytes = (uint64_t)size_bytes;
    return true;
}

bool dir_label_load(const char *path, struct dir_label *ret_label, struct err *err)
{
    struct dir_label label = {0};
    char file[FS_PATH_BYTES];
    cJSON *json = NULL;
    struct fs_stat stat;
    bool ok;

    if (!fs_join(file, path, DIR_LABEL_FILE, err) || !fs_stat(file, &stat, err))
        return false;
    if (stat.kind != FS_FILE)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, path, NULL);
    if (!json_read_file(file, &json_limits_file, &json, err))
        return false;
    ok = read_fields(json, &label, err) || err_context(err, TEXT_FILE_READING, file);
    cJSON_Delete(json);
    if (ok)
        *ret_label = label;
    return ok;
}

bool dir_label_renew(const char *path, struct dir_label *label, struct err *err)
{
    char file[FS_PATH_BYTES];
    cJSON *json = cJSON_CreateObject();
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = new_id(label->id, err);
    if (ok && !(json_add_int(json, "size_bytes", (int64_t)label->size_bytes) &&
                cJSON_AddStringToObject(json, "id", label->id) &&
                cJSON_AddStringToObject(json, "parent", label->parent) &&
                cJSON_AddStringToObject(json, "parent_id", label->parent_id) &&
                (!label->dirty || cJSON_AddTrueToObject(json, "dirty")) &&
                (!label->bitlocker || cJSON_AddTrueToObject(json, "bitlocker")) &&
                json_write_pretty(json, &text)))
        ok = err_no_memory(err);
    ok = ok && fs_join(file, path, DIR_LABEL_FILE, err) &&
         fs_write_atomic(file, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}
