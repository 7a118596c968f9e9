/* The host's cache of payloads. */
#include "host/guest/payloads.h"

#include "common/json.h"
#include "common/publishers.h"
#include "common/zip.h"
#include "host/guest/publisher.h"
#include "host/guest/stand_in.h"
#include "host/many.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION  1
#define RECORD_BYTES    4096
#define HASH_IN_NAME    16
#define SHA256_BYTES    32
#define VERSION_UNKNOWN "unknown"

struct payloads {
    char folder[FS_PATH_BYTES];
};

const struct payload_row payload_rows[PAYLOADS_COUNT] = {
    {.name = "parsec",
     .title = TEXT_HOST_PAYLOAD_PARSEC,
     .pattern = "parsec-windows*.exe",
     .publishers = PUBLISHERS_PARSEC,
     .file = "parsec-windows.exe",
     .version = "150-104"},
    {.name = "parsec-vdd",
     .title = TEXT_HOST_PAYLOAD_VDD,
     .pattern = "parsec-vdd-*.exe",
     .publishers = PUBLISHERS_VDD,
     .file = "parsec-vdd-0.45.0.0.exe",
     .version = "0.45.0.0"},
    {.name = "vb-cable",
     .title = TEXT_HOST_PAYLOAD_CABLE,
     .pattern = "VBCABLE_Driver_Pack*.zip",
     .publishers = PUBLISHERS_CABLE,
     .file = "VBCABLE_Driver_Pack45.zip",
     .version = "45",
     .program = "VBCABLE_Setup_x64.exe"},
};

bool payloads_open(const char *state, struct payloads **ret_payloads, struct err *err)
{
    struct payloads *payloads = calloc(1, sizeof *payloads);

    if (!payloads)
        return err_no_memory(err);
    if (!fs_join(payloads->folder, state, "payloads", err) ||
        !fs_make_dirs(payloads->folder, FS_PRIVATE, err)) {
        free(payloads);
        return false;
    }
    *ret_payloads = payloads;
    return true;
}

void payloads_free(struct payloads *payloads)
{
    free(payloads);
}

void payloads_folder(size_t row, const struct payload_item *item, char *out, size_t size)
{
    snprintf(out, size, "%s-%.*s", payload_rows[row].name, HASH_IN_NAME, item->sha256);
}

static bool record_path(const struct payloads *payloads, size_t row, char *out, struct err *err)
{
    char name[64];

    snprintf(name, sizeof name, "%s.json", payload_rows[row].name);
    return fs_join(out, payloads->folder, name, err);
}

bool payloads_paths(const struct payloads *payloads,
                    size_t row,
                    const struct payload_item *item,
                    char *ret_record,
                    char *ret_file,
                    struct err *err)
{
    char name[64], folder[FS_PATH_BYTES];

    payloads_folder(row, item, name, sizeof name);
    return record_path(payloads, row, ret_record, err) &&
           fs_join(folder, payloads->folder, name, err) &&
           fs_join(ret_file, folder, item->file, err);
}

static bool read_record(const cJSON *json, struct payload_item *item, struct err *err)
{
    int64_t record = 0, size = 0;

    if (!json_int(json, "record", RECORD_VERSION, RECORD_VERSION, &record, err) ||
        !json_string_into(json, "file", NULL, item->file, sizeof item->file, err) ||
        !json_string_into(json, "version", NULL, item->version, sizeof item->version, err) ||
        !json_string_into(json, "sha256", NULL, item->sha256, sizeof item->sha256, err) ||
        !json_string_into(json, "publisher", NULL, item->publisher, sizeof item->publisher, err) ||
        !json_int(json, "size_bytes", 1, (int64_t)PAYLOADS_FILE_BYTES, &size, err))
        return false;
    if (!fs_name_is_safe(item->file) || strlen(item->sha256) != PAYLOADS_HASH_BYTES - 1 ||
        strspn(item->sha256, "0123456789abcdef") != PAYLOADS_HASH_BYTES - 1)
        return err_set(err, ERR_BAD_INPUT, TEXT_HOST_PAYLOAD_RECORD, item->file, NULL);
    item->size_bytes = (uint64_t)size;
    return true;
}

/* A record whose file is missing or has another size is as good as none. */
static bool
file_stands(const struct payloads *payloads, size_t row, const struct payload_item *item)
{
    char record[FS_PATH_BYTES], file[FS_PATH_BYTES];
    struct fs_stat stat;

    return payloads_paths(payloads, row, item, record, file, NULL) && fs_stat(file, &stat, NULL) &&
           stat.kind == FS_FILE && stat.size_bytes == item->size_bytes;
}

bool payloads_find(struct payloads *payloads,
                   size_t row,
                   struct payload_item *ret_item,
                   struct err *err)
{
    struct payload_item item = {.present = false};
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    if (!record_path(payloads, row, path, err))
        return false;
    if (!json_read_file(path, &json_limits_message, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND) {
            *ret_item = item;
            return true;
        }
        if (err)
            *err = why;
        return false;
    }
    ok = read_record(json, &item, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    if (!ok)
        return false;
    item.present = file_stands(payloads, row, &item);
    *ret_item = item;
    return true;
}

static bool hash(const struct buf *data, char out[PAYLOADS_HASH_BYTES], struct err *err)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    unsigned char digest[SHA256_BYTES];

    if (!info || mbedtls_md(info, data->data, data->len, digest) != 0)
        return err_no_memory(err);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + i * 2, 3, "%02x", digest[i]);
    return true;
}

static bool
save_record(struct payloads *payloads, size_t row, const struct payload_item *item, struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    char path[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, RECORD_BYTES);
    ok = json_add_int(json, "record", RECORD_VERSION) &&
         cJSON_AddStringToObject(json, "file", item->file) &&
         cJSON_AddStringToObject(json, "version", item->version) &&
         cJSON_AddStringToObject(json, "sha256", item->sha256) &&
         cJSON_AddStringToObject(json, "publisher", item->publisher) &&
         json_add_int(json, "size_bytes", (int64_t)item->size_bytes) &&
         json_write_pretty(json, &text);
    if (!ok)
        err_no_memory(err);
    ok = ok && record_path(payloads, row, path, err) &&
         fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

/* Stores the content; the record comes last, so that it never names half a file. */
static bool take(struct payloads *payloads,
                 size_t row,
                 const struct buf *data,
                 struct payload_item *item,
                 struct err *err)
{
    char record[FS_PATH_BYTES], file[FS_PATH_BYTES], folder[FS_PATH_BYTES];

    item->size_bytes = data->len;
    if (!data->len)
        return err_set(err, ERR_BAD_INPUT, TEXT_HOST_PAYLOAD_EMPTY, item->file, NULL);
    if (!hash(data, item->sha256, err) || !payloads_paths(payloads, row, item, record, file, err))
        return false;
    text_copy(folder, sizeof folder, file);
    folder[strlen(folder) - strlen(item->file) - 1] = 0;
    return fs_make_dirs(folder, FS_PRIVATE, err) &&
           fs_write_atomic(file, data->data, data->len, FS_PRIVATE, err) &&
           save_record(payloads, row, item, err);
}

static bool find_row(const char *name, size_t *ret_row, struct err *err)
{
    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        if (many_match(payload_rows[i].pattern, name)) {
            *ret_row = i;
            return true;
        }
    err_set(err, ERR_BAD_INPUT, TEXT_HOST_PAYLOAD_UNKNOWN, name, NULL);
    return err_hint(err, TEXT_HOST_PAYLOAD_UNKNOWN_HINT);
}

bool payloads_is_payload(const char *name)
{
    size_t row;

    return find_row(name, &row, NULL);
}

bool payloads_fits(size_t row, const char *name)
{
    return fs_name_is_safe(name) && many_match(payload_rows[row].pattern, name);
}

static const char *base_name(const char *path)
{
    const char *base = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            base = path + 1;
    return base;
}

/* ---- who signed it ---- */

/* What is to be judged: the file, or the program in the archive. */
static bool
unpack_program(const struct buf *data, const char *program, struct buf *out, struct err *err)
{
    struct zip zip = {.entries = NULL};
    size_t length = strlen(program);
    bool ok = zip_open(data->data, data->len, &zip, err);
    const struct zip_entry *found = NULL;

    for (size_t i = 0; ok && i < zip.count; i++) {
        size_t name = strlen(zip.entries[i].name);

        if (name >= length && !strcmp(zip.entries[i].name + name - length, program) &&
            (name == length || zip.entries[i].name[name - length - 1] == '/'))
            found = &zip.entries[i];
    }
    if (ok && !found)
        ok = err_set(err, ERR_NOT_FOUND, TEXT_SETUP_FETCH_NO_PROGRAM, program, NULL);
    ok = ok && zip_read(&zip, found, out, err);
    zip_done(&zip);
    return ok;
}

/* Windows judges a file, so a copy that nobody else can write is made for it. */
static bool ask_system(struct payloads *payloads,
                       size_t row,
                       const struct buf *data,
                       struct payload_item *item,
                       struct err *err)
{
    const struct payload_row *about = &payload_rows[row];
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES], version[sizeof item->version] = "";
    struct buf program;
    bool ok;

    buf_init(&program, PAYLOADS_FILE_BYTES);
    ok = fs_join(folder, payloads->folder, "judged", err) && fs_remove_tree(folder, err) &&
         fs_make_dirs(folder, FS_PRIVATE, err) &&
         fs_join(path, folder, about->program ? about->program : item->file, err) &&
         (!about->program || unpack_program(data, about->program, &program, err)) &&
         fs_write_atomic(path,
                         about->program ? program.data : data->data,
                         about->program ? program.len : data->len,
                         FS_PRIVATE,
                         err) &&
         publisher_check(path,
                         about->publishers,
                         item->publisher,
                         sizeof item->publisher,
                         version,
                         sizeof version,
                         err);
    fs_remove_tree(folder, NULL);
    buf_done(&program);
    if (ok && !*item->version)
        text_copy(item->version, sizeof item->version, version);
    return ok;
}

/* The version in the name: what the pattern's star stands for. */
static void version_of_name(size_t row, const char *file, char *out, size_t size)
{
    const char *pattern = payload_rows[row].pattern, *star = strchr(pattern, '*');
    size_t before = (size_t)(star - pattern), after = strlen(star + 1), length = strlen(file);

    *out = 0;
    if (length > before + after && length - before - after < size)
        text_copy(out, length - before - after + 1, file + before);
    if (*out < '0' || *out > '9')
        *out = 0;
}

/* Who signed it and which version it is. In the simulation a stand-in says so itself. */
static bool judge(struct payloads *payloads,
                  size_t row,
                  const struct buf *data,
                  bool simulated,
                  struct payload_item *item,
                  struct err *err)
{
    const char *publishers = payload_rows[row].publishers;

    if (simulated) {
        stand_in_read(
            data, item->publisher, sizeof item->publisher, item->version, sizeof item->version);
    } else {
        version_of_name(row, item->file, item->version, sizeof item->version);
        if (!ask_system(payloads, row, data, item, err))
            return false;
    }
    if (!*item->version)
        text_copy(item->version, sizeof item->version, VERSION_UNKNOWN);
    if (text_is_listed(publishers, item->publisher))
        return true;
    err_set(err,
            ERR_UNSAFE,
            TEXT_HOST_PAYLOAD_PUBLISHER,
            item->file,
            *item->publisher ? item->publisher : "-",
            publishers,
            NULL);
    return err_hint(err, TEXT_HOST_PAYLOAD_PUBLISHER_HINT);
}

bool payloads_take(struct payloads *payloads,
                   size_t row,
                   const struct payloads_new *new_file,
                   struct err *err)
{
    struct payload_item item = {.present = true};
    char found[PAYLOADS_HASH_BYTES];
    struct buf data;
    bool ok;

    text_copy(item.file, sizeof item.file, new_file->file);
    buf_init(&data, PAYLOADS_FILE_BYTES);
    ok = fs_read(new_file->path, PAYLOADS_FILE_BYTES, &data, err);
    if (ok && *new_file->sha256) {
        ok = hash(&data, found, err);
        if (ok && strcmp(found, new_file->sha256) != 0)
            ok = err_set(err,
                         ERR_UNSAFE,
                         TEXT_SETUP_FETCH_PIN,
                         new_file->file,
                         found,
                         new_file->sha256,
                         NULL);
    }
    ok = ok && judge(payloads, row, &data, new_file->simulated, &item, err) &&
         take(payloads, row, &data, &item, err);
    buf_done(&data);
    return ok;
}

bool payloads_add(
    struct payloads *payloads, const char *path, bool simulated, size_t *ret_row, struct err *err)
{
    struct payloads_new new_file = {path, base_name(path), "", simulated};
    size_t row = 0;

    if (!find_row(new_file.file, &row, err) || !payloads_take(payloads, row, &new_file, err))
        return false;
    *ret_row = row;
    return true;
}

bool payloads_make_stand_in(struct payloads *payloads, size_t row, struct err *err)
{
    const struct payload_row *about = &payload_rows[row];
    struct payload_item item = {.present = true};
    struct buf data;
    bool ok;

    text_copy(item.file, sizeof item.file, about->file);
    text_copy(item.version, sizeof item.version, about->version);
    text_copy(item.publisher, strcspn(about->publishers, "|") + 1, about->publishers);
    buf_init(&data, PAYLOADS_FILE_BYTES);
    ok = (stand_in_write(&data, about->program, item.publisher, item.version) ||
          err_no_memory(err)) &&
         take(payloads, row, &data, &item, err);
    buf_done(&data);
    return ok;
}
