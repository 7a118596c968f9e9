/* Records of golden parents. */
#include "host/image/golden_record.h"

#include "common/digest.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define GB_MOST 65536

bool golden_key(const struct golden_origin *origin, char *out, struct err *err)
{
    char text[FS_PATH_BYTES], digest[DIGEST_HEX_BYTES];
    int n = snprintf(text,
                     sizeof text,
                     "%d|%s|%llu|%lld|%u|%s|%u.%u|%u",
                     VERSION,
                     origin->image,
                     (unsigned long long)origin->file_bytes,
                     (long long)origin->file_modified_ms,
                     origin->index,
                     origin->edition,
                     origin->build,
                     origin->revision,
                     (unsigned)origin->size_gb);

    if (n < 0 || (size_t)n >= sizeof text)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, origin->edition, NULL);
    if (!digest_data(text, (size_t)n, digest, err))
        return false;
    text_copy(out, GOLDEN_KEY_BYTES, digest);
    return true;
}

bool golden_is_key(const char *text)
{
    return strspn(text, "0123456789abcdef") == GOLDEN_KEY_BYTES - 1 && !text[GOLDEN_KEY_BYTES - 1];
}

bool golden_path(
    char *out, const char *folder, const char *key, const char *suffix, struct err *err)
{
    char name[FS_NAME_BYTES];

    /* a person typed it */
    if (!golden_is_key(key))
        return err_set(err, ERR_NOT_FOUND, TEXT_BUILD_NO_GOLDEN, key, NULL);
    snprintf(name, sizeof name, "%s%s", key, suffix);
    return fs_join(out, folder, name, err);
}

bool golden_lock(const char *folder,
                 const char *key,
                 int64_t wait_ms,
                 struct fs_lock **ret_lock,
                 struct err *err)
{
    char path[FS_PATH_BYTES];

    return fs_make_dirs(folder, FS_PRIVATE, err) && golden_path(path, folder, key, ".lock", err) &&
           fs_lock(path, wait_ms, ret_lock, err);
}

void golden_done(struct golden *golden)
{
    free(golden->children);
    golden->children = NULL;
    golden->child_count = 0;
}

/* ---- children ---- */

static size_t child_index(const struct golden *golden, const char *path)
{
    size_t i = 0;

    while (i < golden->child_count && strcmp(golden->children[i], path) != 0)
        i++;
    return i;
}

bool golden_add_child(struct golden *golden, const char *path, struct err *err)
{
    char(*children)[FS_PATH_BYTES];

    if (child_index(golden, path) < golden->child_count)
        return true;
    if (golden->child_count >= GOLDEN_CHILDREN)
        return err_set(err, ERR_TOO_LARGE, TEXT_BUILD_MANY_CHILDREN, golden->name, NULL);
    children = realloc(golden->children, (golden->child_count + 1) * sizeof *children);
    if (!children)
        return err_no_memory(err);
    golden->children = children;
    text_copy(children[golden->child_count++], FS_PATH_BYTES, path);
    return true;
}

bool golden_drop_child(struct golden *golden, const char *path)
{
    size_t i = child_index(golden, path);

    if (i == golden->child_count)
        return false;
    golden->child_count--;
    memmove(golden->children[i],
            golden->children[golden->child_count],
            sizeof golden->children[i] * (i != golden->child_count));
    return true;
}

/* ---- files ---- */

static bool read_origin(const cJSON *json, struct golden_origin *origin, struct err *err)
{
    int64_t bytes = 0, modified_ms = 0, index = 0, build = 0, revision = 0, gb = 0;

    if (!json_string_into(json, "image", NULL, origin->image, sizeof origin->image, err) ||
        !json_string_into(json, "edition", NULL, origin->edition, sizeof origin->edition, err) ||
        !json_int(json, "file_bytes", 0, JSON_INT_MAX, &bytes, err) ||
        !json_int(json, "file_modified_ms", -JSON_INT_MAX, JSON_INT_MAX, &modified_ms, err) ||
        !json_int(json, "index", 0, UINT16_MAX, &index, err) ||
        !json_int(json, "build", 0, UINT32_MAX, &build, err) ||
        !json_int(json, "revision", 0, UINT32_MAX, &revision, err) ||
        !json_int(json, "size_gb", 0, GB_MOST, &gb, err))
        return false;
    origin->file_bytes = (uint64_t)bytes;
    origin->file_modified_ms = modified_ms;
    origin->index = (unsigned)index;
    origin->build = (unsigned)build;
    origin->revision = (unsigned)revision;
    origin->size_gb = (uint32_t)gb;
    return true;
}

static bool read_children(const cJSON *json, struct golden *golden, struct err *err)
{
    const cJSON *list = NULL, *item;

    if (!json_array(json, "children", &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "children", NULL);
        if (!golden_add_child(golden, item->valuestring, err))
            return false;
    }
    return true;
}

static bool read_record(const cJSON *json, struct golden *golden, struct err *err)
{
    const cJSON *origin = NULL;

    return json_string_into(json, "disk", NULL, golden->disk, sizeof golden->disk, err) &&
           json_string_into(json, "id", NULL, golden->id, sizeof golden->id, err) &&
           json_string_into(json, "source", NULL, golden->source, sizeof golden->source, err) &&
           json_string_into(json, "name", NULL, golden->name, sizeof golden->name, err) &&
           json_int(json, "made_ms", 0, JSON_INT_MAX, &golden->made_ms, err) &&
           json_object(json, "origin", &origin, err) && read_origin(origin, &golden->origin, err) &&
           read_children(json, golden, err);
}

bool golden_load(const char *folder, const char *key, struct golden *ret_golden, struct err *err)
{
    struct golden golden = {.child_count = 0};
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    if (!golden_path(path, folder, key, GOLDEN_RECORD, err))
        return false;
    if (!json_read_file(path, &json_limits_file, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            err_set(&why, ERR_NOT_FOUND, TEXT_BUILD_NO_GOLDEN, key, NULL);
        if (err)
            *err = why;
        return false;
    }
    text_copy(golden.key, sizeof golden.key, key);
    ok = read_record(json, &golden, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    if (ok)
        *ret_golden = golden;
    else
        golden_done(&golden);
    return ok;
}

static cJSON *to_json(const struct golden *golden)
{
    const struct golden_origin *from = &golden->origin;
    cJSON *json = cJSON_CreateObject();
    cJSON *origin = cJSON_AddObjectToObject(json, "origin");
    cJSON *children = cJSON_AddArrayToObject(json, "children");
    bool ok = json_add_int(json, "version", VERSION) &&
              cJSON_AddStringToObject(json, "disk", golden->disk) &&
              cJSON_AddStringToObject(json, "id", golden->id) &&
              cJSON_AddStringToObject(json, "source", golden->source) &&
              cJSON_AddStringToObject(json, "name", golden->name) &&
              json_add_int(json, "made_ms", golden->made_ms) &&
              cJSON_AddStringToObject(origin, "image", from->image) &&
              cJSON_AddStringToObject(origin, "edition", from->edition) &&
              json_add_int(origin, "file_bytes", (int64_t)from->file_bytes) &&
              json_add_int(origin, "file_modified_ms", from->file_modified_ms) &&
              json_add_int(origin, "index", from->index) &&
              json_add_int(origin, "build", from->build) &&
              json_add_int(origin, "revision", from->revision) &&
              json_add_int(origin, "size_gb", from->size_gb);

    for (size_t i = 0; ok && i < golden->child_count; i++)
        ok = cJSON_AddItemToArray(children, cJSON_CreateString(golden->children[i]));
    if (ok)
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool golden_save(const char *folder, const struct golden *golden, struct err *err)
{
    cJSON *json = to_json(golden);
    char path[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = json && json_write_pretty(json, &text);
    if (!ok)
        err_no_memory(err);
    ok = ok && golden_path(path, folder, golden->key, GOLDEN_RECORD, err) &&
         fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

struct listing {
    const char *folder;
    struct golden *list;
    size_t count;
    bool ok;
};

static bool list_one(const char *name, enum fs_kind kind, void *user)
{
    struct listing *listing = user;
    char key[GOLDEN_KEY_BYTES];
    struct golden *list;

    if (kind != FS_FILE || strlen(name) != GOLDEN_KEY_BYTES - 1 + strlen(GOLDEN_RECORD) ||
        strcmp(name + GOLDEN_KEY_BYTES - 1, GOLDEN_RECORD) != 0)
        return true;
    memcpy(key, name, sizeof key - 1);
    key[sizeof key - 1] = 0;
    list = realloc(listing->list, (listing->count + 1) * sizeof *list);
    listing->ok = list != NULL;
    if (!list)
        return false;
    listing->list = list;
    if (golden_load(listing->folder, key, &list[listing->count], NULL))
        listing->count++;
    return true;
}

bool golden_list(const char *folder, struct golden **ret_list, size_t *ret_count, struct err *err)
{
    struct listing listing = {.folder = folder, .ok = true};
    bool ok = fs_list(folder, list_one, &listing, err) && (listing.ok || err_no_memory(err));

    if (ok) {
        *ret_list = listing.list;
        *ret_count = listing.count;
        return true;
    }
    while (listing.count > 0)
        golden_done(&listing.list[--listing.count]);
    free(listing.list);
    return false;
}
