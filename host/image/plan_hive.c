/* The changes of a hive, made in memory. */
#include "host/image/plan_inside.h"

#include <stdio.h>
#include <string.h>

#define LOG_BYTES    ((size_t)64 << 20)
#define CURRENT      "CurrentControlSet\\"
#define SELECT       "Select"
#define SETS         999
#define LOG_SUFFIXES 3

void plan_keep_edit(struct plan_hive *hive, const struct plan_edit *edit)
{
    hive->edits[hive->count++] = *edit;
}

/* Reads a file that may be missing; *ret_there tells. */
static bool get_if_there(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         struct buf *out,
                         bool *ret_there,
                         struct err *err)
{
    struct fs_stat stat;

    if (!port->tree->stat(port, volume, name, &stat, err))
        return false;
    *ret_there = stat.kind == FS_FILE;
    return !*ret_there || port->tree->get(port, volume, name, out, err);
}

static bool check_logs(const struct hive *hive,
                       const char *name,
                       struct image_port *port,
                       struct image_volume *volume,
                       struct err *err)
{
    static const char *const suffixes[LOG_SUFFIXES] = {".LOG", ".LOG1", ".LOG2"};
    bool ok = true;

    for (size_t i = 0; ok && i < LOG_SUFFIXES; i++) {
        char log[FS_PATH_BYTES];
        struct buf data;
        bool there;

        snprintf(log, sizeof log, "%s%s", name, suffixes[i]);
        buf_init(&data, LOG_BYTES);
        ok = get_if_there(port, volume, log, &data, &there, err) &&
             (!there || hive_check_log(hive, data.data, data.len, err));
        buf_done(&data);
    }
    return ok;
}

static bool load(const char *name,
                 struct image_port *port,
                 struct image_volume *volume,
                 struct hive **ret_hive,
                 struct err *err)
{
    struct hive *hive = NULL;
    struct buf data;
    bool there;

    buf_init(&data, HIVE_BYTES_MAX);
    if (!get_if_there(port, volume, name, &data, &there, err)) {
        buf_done(&data);
        return false;
    }
    if (!there) {
        buf_done(&data);
        return err_set(err, ERR_NOT_FOUND, TEXT_BUILD_NO_WINDOWS, name, NULL);
    }
    if (!hive_open(&data, name, &hive, err))
        return false;
    if (!check_logs(hive, name, port, volume, err)) {
        hive_free(hive);
        return false;
    }
    *ret_hive = hive;
    return true;
}

/* The path of a key with the control set that Windows starts with. */
static bool
real_key(const struct hive *hive, const char *key, char *out, size_t size, struct err *err)
{
    uint32_t select = HIVE_NO_KEY, number = 1;
    bool present = false;
    int n;

    if (strncmp(key, CURRENT, strlen(CURRENT)) != 0)
        n = snprintf(out, size, "%s", key);
    else {
        if (!hive_find(hive, hive_root(hive), SELECT, &select, err) ||
            (select != HIVE_NO_KEY &&
             !hive_get_dword(hive, select, "Default", &present, &number, err)))
            return false;
        if (number < 1 || number > SETS)
            return err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_NAME, SELECT, NULL);
        n = snprintf(out, size, "ControlSet%03u\\%s", (unsigned)number, key + strlen(CURRENT));
    }
    return (n >= 0 && (size_t)n < size) ||
           err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, key, NULL);
}

static bool remove_key(struct hive *hive, char *path, struct err *err)
{
    char *last = strrchr(path, '\\');
    uint32_t parent = hive_root(hive);

    if (last) {
        *last = 0;
        if (!hive_find(hive, hive_root(hive), path, &parent, err))
            return false;
        path = last + 1;
    }
    return parent == HIVE_NO_KEY || hive_remove_key(hive, parent, path, err);
}

/* A value that is there as it should be is no change. */
static bool is_set(const struct hive *hive, uint32_t key, const struct plan_edit *edit)
{
    struct buf now;
    uint32_t type;
    bool same;

    buf_init(&now, HIVE_VALUE_MAX);
    same = hive_get(hive, key, edit->name, &type, &now, NULL) && type == edit->type &&
           now.len == edit->length && (!now.len || !memcmp(now.data, edit->data, now.len));
    buf_done(&now);
    return same;
}

static bool
set_value(struct hive *hive, const char *path, const struct plan_edit *edit, struct err *err)
{
    uint32_t key = HIVE_NO_KEY;

    return hive_make_key(hive, hive_root(hive), path, &key, err) &&
           (is_set(hive, key, edit) ||
            hive_set(hive, key, edit->name, edit->type, edit->data, edit->length, err));
}

bool plan_edit_hive(struct plan_item *item,
                    struct image_port *port,
                    struct image_volume *volume,
                    struct err *err)
{
    struct hive *hive = NULL;
    char path[FS_PATH_BYTES];
    bool ok;

    hive_free(item->edited);
    item->edited = NULL;
    ok = load(item->name, port, volume, &hive, err);
    for (size_t i = 0; ok && i < item->hive->count; i++) {
        const struct plan_edit *edit = &item->hive->edits[i];

        ok = real_key(hive, edit->key, path, sizeof path, err) &&
             (edit->kind == PLAN_SET ? set_value(hive, path, edit, err)
                                     : remove_key(hive, path, err));
    }
    if (!ok) {
        hive_free(hive);
        return false;
    }
    item->edited = hive;
    return true;
}
