/* The payload store: kinds, records, current versions. */
#include "guest/payload_store.h"

#include "common/json.h"
#include "common/publishers.h"
#include "common/zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER         "payloads"
#define UNPACKED       "unpacked"
#define HASH_IN_NAME   16
#define RECORD_VERSION 1

static const struct payload_kind kinds[PAYLOAD_COUNT] = {
    [PAYLOAD_PARSEC] =
        {
            .name = "parsec",
            .suffix = ".exe",
            .publishers = PUBLISHERS_PARSEC,
            .max_bytes = PAYLOAD_MAX_BYTES,
        },
    [PAYLOAD_PARSEC_VDD] =
        {
            .name = "parsec-vdd",
            .suffix = ".exe",
            .publishers = PUBLISHERS_VDD,
            .max_bytes = PAYLOAD_MAX_BYTES,
        },
    [PAYLOAD_VB_CABLE] =
        {
            .name = "vb-cable",
            .suffix = ".zip",
            .publishers = PUBLISHERS_CABLE,
            .max_bytes = PAYLOAD_MAX_BYTES,
            .program = "VBCABLE_Setup_x64.exe",
        },
};

const struct payload_kind *payload_kind(enum payload_id id)
{
    return &kinds[id];
}

bool payload_parse(const char *name, enum payload_id *ret_id)
{
    unsigned i;

    for (i = 0; i < PAYLOAD_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_id = (enum payload_id)i;
            return true;
        }
    }
    return false;
}

void payload_record_name(enum payload_id id, char *out)
{
    snprintf(out, PAYLOAD_PATH_NAME, "%s.json", kinds[id].name);
}

void payload_version_name(const struct payload_info *info, char *out)
{
    snprintf(out, PAYLOAD_PATH_NAME, "%s-%.*s", kinds[info->id].name, HASH_IN_NAME, info->sha256);
}

void payload_part_name(const struct payload_info *info, char *out)
{
    snprintf(
        out, PAYLOAD_PATH_NAME, "%s-%.*s.part", kinds[info->id].name, HASH_IN_NAME, info->sha256);
}

/* ASCII comparison without case of length bytes. */
static bool same(const char *a, const char *b, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] + 32) : a[i];
        char y = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] + 32) : b[i];

        if (x != y)
            return false;
    }
    return true;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), end = strlen(suffix);

    return length > end && same(text + length - end, suffix, end);
}

bool payload_info_check(const struct payload_info *info, struct err *err)
{
    const struct payload_kind *kind;
    char safe[sizeof info->version];

    if ((unsigned)info->id >= PAYLOAD_COUNT)
        return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_PAYLOAD_BAD, "?", NULL);
    kind = &kinds[info->id];
    if (!fs_name_is_safe(info->file) || !ends_with(info->file, kind->suffix))
        return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_PAYLOAD_NAME, info->file, kind->name, NULL);
    if (!digest_is_hex(info->sha256) || info->size_bytes == 0 || info->version[0] == '\0' ||
        strcmp(text_safe(safe, sizeof safe, info->version), info->version) != 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_PAYLOAD_BAD, kind->name, NULL);
    if (info->size_bytes > kind->max_bytes)
        return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_PAYLOAD_TOO_LARGE, kind->name, NULL);
    if (!text_is_listed(kind->publishers, info->publisher))
        return err_set(
            err, ERR_UNSAFE, TEXT_PARSEC_PAYLOAD_PUBLISHER, kind->name, info->publisher, NULL);
    return true;
}

/* ---- records ---- */

bool payload_record_write(struct payload_store *store,
                          const struct payload_info *info,
                          struct err *err)
{
    char name[PAYLOAD_PATH_NAME], path[FS_PATH_BYTES];
    cJSON *json = cJSON_CreateObject();
    struct buf text;
    bool ok = false;

    buf_init(&text, json_limits_file.bytes);
    payload_record_name(info->id, name);
    if (!json || !json_add_int(json, "record", RECORD_VERSION) ||
        !cJSON_AddStringToObject(json, "file", info->file) ||
        !cJSON_AddStringToObject(json, "version", info->version) ||
        !cJSON_AddStringToObject(json, "sha256", info->sha256) ||
        !cJSON_AddStringToObject(json, "publisher", info->publisher) ||
        !json_add_int(json, "size_bytes", (int64_t)info->size_bytes) ||
        !json_write_pretty(json, &text)) {
        err_no_memory(err);
        goto out;
    }
    ok = fs_join(path, store->folder, name, err) &&
         fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);

out:
    cJSON_Delete(json);
    buf_done(&text);
    return ok;
}

static bool record_parse(const cJSON *json, struct payload_info *info, struct err *err)
{
    static const char *const known[] = {
        "record", "file", "version", "sha256", "publisher", "size_bytes", NULL};
    int64_t record = 0, size = 0;

    if (!json_only_known(json, known, err) ||
        !json_int(json, "record", RECORD_VERSION, RECORD_VERSION, &record, err) ||
        !json_string_into(json, "file", NULL, info->file, sizeof info->file, err) ||
        !json_string_into(json, "version", NULL, info->version, sizeof info->version, err) ||
        !json_string_into(json, "sha256", NULL, info->sha256, sizeof info->sha256, err) ||
        !json_string_into(json, "publisher", NULL, info->publisher, sizeof info->publisher, err) ||
        !json_int(json, "size_bytes", 1, (int64_t)PAYLOAD_MAX_BYTES, &size, err))
        return false;
    info->size_bytes = (uint64_t)size;
    return payload_info_check(info, err);
}

bool payload_find(struct payload_store *store,
                  enum payload_id id,
                  struct payload_info *ret_info,
                  bool *ret_present,
                  struct err *err)
{
    char name[PAYLOAD_PATH_NAME], path[FS_PATH_BYTES];
    struct payload_info info = {.id = id};
    struct err why = ERR_INIT;
    cJSON *json = NULL;
    bool ok;

    payload_record_name(id, name);
    if (!fs_join(path, store->folder, name, err))
        return false;
    if (!json_read_file(path, &json_limits_file, &json, &why)) {
        if (why.kind != ERR_NOT_FOUND) {
            if (err)
                *err = why;
            return false;
        }
        *ret_present = false;
        return true;
    }
    ok = record_parse(json, &info, err);
    cJSON_Delete(json);
    if (ok) {
        *ret_info = info;
        *ret_present = true;
    }
    return ok || err_context(err, TEXT_FILE_READING, path);
}

/* Checks the stored file against its record. */
static bool check_file(const char *version, const struct payload_info *info, struct err *err)
{
    char hash[DIGEST_HEX_BYTES];

    if (!digest_file(version, info->file, hash, NULL, err))
        return false;
    return strcmp(hash, info->sha256) == 0 ||
           err_set(err, ERR_UNSAFE, TEXT_PARSEC_PAYLOAD_CHANGED, info->file, NULL);
}

bool payload_current(struct payload_store *store, enum payload_id id, struct payload_info *ret_info)
{
    char name[PAYLOAD_PATH_NAME], version[FS_PATH_BYTES];
    struct payload_info info;
    bool present = false;

    if (!payload_find(store, id, &info, &present, NULL) || !present)
        return false;
    payload_version_name(&info, name);
    if (!fs_join(version, store->folder, name, NULL) || !check_file(version, &info, NULL))
        return false;
    *ret_info = info;
    return true;
}

/* ---- sweeping ---- */

struct sweep {
    struct payload_store *store;
    const char *prefix;              /* "parsec-" */
    char current[PAYLOAD_PATH_NAME]; /* folder to keep, "" none */
    char part[PAYLOAD_PATH_NAME];    /* unfinished put to keep, "" none */
    bool ok;
    struct err *err;
};

/* True for "<name>-<16 digits>" with or without ".part": parsec-vdd is not a version of parsec. */
static bool is_version_of(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);

    if (strncmp(name, prefix, length) != 0)
        return false;
    name += length;
    return strspn(name, "0123456789abcdef") == HASH_IN_NAME &&
           (name[HASH_IN_NAME] == '\0' || strcmp(name + HASH_IN_NAME, ".part") == 0);
}

static bool sweep_entry(const char *name, enum fs_kind kind, void *user)
{
    struct sweep *sweep = user;
    char path[FS_PATH_BYTES];

    if (!is_version_of(name, sweep->prefix) || strcmp(name, sweep->current) == 0 ||
        strcmp(name, sweep->part) == 0)
        return true;
    sweep->ok =
        fs_join(path, sweep->store->folder, name, sweep->err) &&
        (kind == FS_FOLDER ? fs_remove_tree(path, sweep->err) : fs_remove(path, sweep->err));
    return sweep->ok;
}

bool payload_sweep(struct payload_store *store,
                   enum payload_id id,
                   const struct payload_info *keep,
                   struct err *err)
{
    char prefix[PAYLOAD_PATH_NAME];
    struct sweep sweep = {.store = store, .prefix = prefix, .ok = true, .err = err};
    struct payload_info info;

    snprintf(prefix, sizeof prefix, "%s-", kinds[id].name);
    if (payload_current(store, id, &info))
        payload_version_name(&info, sweep.current);
    if (keep)
        payload_part_name(keep, sweep.part);
    return fs_list(store->folder, sweep_entry, &sweep, err) && sweep.ok;
}

bool payload_remove(struct payload_store *store, enum payload_id id, struct err *err)
{
    char name[PAYLOAD_PATH_NAME], path[FS_PATH_BYTES];

    payload_record_name(id, name);
    return fs_join(path, store->folder, name, err) && fs_remove(path, err) &&
           payload_sweep(store, id, NULL, err);
}

/* ---- the store ---- */

bool payload_store_open(const char *folder, struct payload_store **ret_store, struct err *err)
{
    struct payload_store *store = calloc(1, sizeof *store);

    if (!store)
        return err_no_memory(err);
    if (!fs_join(store->folder, folder, FOLDER, err) ||
        !fs_make_dirs(store->folder, FS_PRIVATE, err) || !fs_sweep(store->folder, err)) {
        payload_store_free(store);
        return false;
    }
    *ret_store = store;
    return true;
}

void payload_store_free(struct payload_store *store)
{
    free(store);
}

/* ---- programs ---- */

/* Unpacks the ZIP into a new folder beside it, whatever an earlier attempt left there. */
static bool unpack(const char *version, const char *file, const char *target, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct zip zip = {.entries = NULL};
    struct buf data;
    bool ok = false;

    buf_init(&data, (size_t)PAYLOAD_MAX_BYTES);
    if (!fs_join(path, version, file, err) || !fs_read(path, (size_t)PAYLOAD_MAX_BYTES, &data, err))
        goto out;
    ok = zip_open(data.data, data.len, &zip, err) && fs_remove_tree(target, err) &&
         fs_make_dirs(target, FS_PRIVATE, err) && zip_unpack(&zip, target, err);

out:
    zip_done(&zip);
    buf_done(&data);
    return ok || err_context(err, TEXT_FILE_READING, file);
}

bool payload_program(struct payload_store *store,
                     enum payload_id id,
                     char *ret_path,
                     char *ret_sha256,
                     struct err *err)
{
    char name[PAYLOAD_PATH_NAME], version[FS_PATH_BYTES], unpacked[FS_PATH_BYTES];
    char path[FS_PATH_BYTES], hash[DIGEST_HEX_BYTES];
    struct payload_info info;
    bool present = false;

    if (!payload_find(store, id, &info, &present, err))
        return false;
    if (!present)
        return err_set(err, ERR_NOT_FOUND, TEXT_PARSEC_PAYLOAD_ABSENT, kinds[id].name, NULL);
    payload_version_name(&info, name);
    if (!fs_join(version, store->folder, name, err) || !check_file(version, &info, err))
        return false;
    if (!kinds[id].program) {
        if (!fs_join(path, version, info.file, err))
            return false;
        text_copy(hash, sizeof hash, info.sha256);
    } else if (!fs_join(unpacked, version, UNPACKED, err) ||
               !unpack(version, info.file, unpacked, err) ||
               !digest_file(unpacked, kinds[id].program, hash, NULL, err) ||
               !fs_join(path, unpacked, kinds[id].program, err)) {
        return false;
    }
    text_copy(ret_path, FS_PATH_BYTES, path);
    text_copy(ret_sha256, DIGEST_HEX_BYTES, hash);
    return true;
}
