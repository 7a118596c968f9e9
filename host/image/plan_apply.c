/* A plan against a volume: checked whole, then written. */
#include "host/image/plan_inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PART_BYTES  ((size_t)1 << 20)
#define SPARE_BYTES ((uint64_t)64 << 20) /* the file system needs some for itself */
#define PERMILLE    1000

/* One run over a volume. */
struct run {
    struct plan *plan;
    struct image_port *port;
    struct image_volume *volume;
};

static bool is_below(const char *name, const char *folder)
{
    for (; *folder; name++, folder++)
        if (tolower((unsigned char)*name) != tolower((unsigned char)*folder))
            return false;
    return *name == '/';
}

/* ---- checking ---- */

static bool size_of(struct plan_item *item, struct err *err)
{
    struct fs_stat stat;

    if (item->kind != PLAN_FILE) {
        item->size_bytes = item->length;
        return true;
    }
    if (!fs_stat(item->source, &stat, err))
        return false;
    item->size_bytes = stat.size_bytes;
    return stat.kind == FS_FILE || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, item->source, NULL);
}

static bool same_part(const struct plan_item *item,
                      struct fs_file *source,
                      uint64_t at,
                      const struct buf *there,
                      uint8_t *room)
{
    size_t got = 0;

    if (!source)
        return at + there->len <= item->length && !memcmp(item->data + at, there->data, there->len);
    return fs_file_read(source, at, room, there->len, &got, NULL) && got == there->len &&
           !memcmp(room, there->data, got);
}

/* True when the file on the volume, which is as long, has the content that the item would give it.
 * Whatever cannot be read is not the same. */
static bool is_same(const struct run *run, const struct plan_item *item)
{
    struct fs_file *source = NULL;
    uint8_t *room = malloc(PART_BYTES);
    struct buf there;
    bool same = room && (item->kind == PLAN_DATA ||
                         fs_file_open(item->source, FS_READ, FS_PRIVATE, &source, NULL));

    buf_init(&there, PART_BYTES);
    for (uint64_t at = 0; same && at < item->size_bytes; at += there.len) {
        buf_clear(&there);
        same = run->port->tree->read(
                   run->port, run->volume, item->name, at, PART_BYTES, &there, NULL) &&
               there.len && same_part(item, source, at, &there, room);
    }
    buf_done(&there);
    fs_file_close(source);
    free(room);
    return same;
}

/* Only what the plan may replace stands in the way of its files. */
static bool check_place(const struct run *run, struct plan_item *item, struct err *err)
{
    struct fs_stat there;

    item->skip = false;
    if (!run->port->tree->stat(run->port, run->volume, item->name, &there, err))
        return false;
    if (there.kind == FS_MISSING)
        return true;
    if (there.kind == FS_FILE && there.size_bytes == item->size_bytes && is_same(run, item)) {
        item->skip = true;
        return true;
    }
    if (there.kind == FS_FILE && (item->flags & PLAN_REPLACE || is_below(item->name, PLAN_DRIVERS)))
        return true;
    err_set(err, ERR_EXISTS, TEXT_BUILD_FOREIGN_FILE, item->name, NULL);
    return err_hint(err, TEXT_BUILD_FOREIGN_FILE_HINT);
}

static bool
check_item(const struct run *run, struct plan_item *item, uint64_t *bytes, struct err *err)
{
    switch (item->kind) {
    case PLAN_FILE:
    case PLAN_DATA:
        if (!size_of(item, err) || !check_place(run, item, err))
            return false;
        *bytes += item->skip ? 0 : item->size_bytes;
        return true;
    case PLAN_HIVE:
        if (!plan_edit_hive(item, run->port, run->volume, err))
            return false;
        item->size_bytes = 0;
        return true;
    case PLAN_FOLDER:
    case PLAN_REMOVAL:
        break;
    }
    return true;
}

static bool check(const struct run *run, uint64_t *ret_bytes, struct err *err)
{
    uint64_t bytes = 0, room = 0;

    for (size_t i = 0; i < run->plan->count; i++)
        if (!check_item(run, &run->plan->items[i], &bytes, err))
            return false;
    if (!run->port->volume->free_space(run->port, run->volume, &room, err))
        return false;
    *ret_bytes = bytes;
    if (bytes && room < bytes + SPARE_BYTES)
        return err_set(err,
                       ERR_NO_SPACE,
                       TEXT_BUILD_VOLUME_FULL,
                       TEXT_NUM((int64_t)((bytes + SPARE_BYTES) >> 20)),
                       TEXT_NUM((int64_t)(room >> 20)),
                       NULL);
    return true;
}

bool plan_check(struct plan *plan,
                struct image_port *port,
                struct image_volume *volume,
                struct err *err)
{
    struct run run = {plan, port, volume};
    uint64_t bytes;

    return check(&run, &bytes, err);
}

/* ---- writing ---- */

static bool write_folder(const struct run *run, const struct plan_item *item, struct err *err)
{
    struct image_port *port = run->port;

    return port->tree->make_dir(port, run->volume, item->name, item->acl, err) &&
           (item->acl == IMAGE_ACL_INHERIT ||
            port->tree->set_acl(port, run->volume, item->name, item->acl, err));
}

static bool write_hive(const struct run *run, const struct plan_item *item, struct err *err)
{
    const uint8_t *data;
    size_t length;

    if (!hive_is_changed(item->edited))
        return true;
    return hive_finish(item->edited, &data, &length, err) &&
           run->port->tree->put(
               run->port, run->volume, item->name, data, length, IMAGE_ACL_INHERIT, err);
}

static bool write_item(const struct run *run, const struct plan_item *item, struct err *err)
{
    struct image_port *port = run->port;

    switch (item->kind) {
    case PLAN_FOLDER:
        return write_folder(run, item, err);
    case PLAN_FILE:
        return item->skip ||
               port->tree->put_file(port, run->volume, item->name, item->source, item->acl, err);
    case PLAN_DATA:
        return item->skip ||
               port->tree->put(
                   port, run->volume, item->name, item->data, item->length, item->acl, err);
    case PLAN_REMOVAL:
        return port->tree->remove(port, run->volume, item->name, err);
    case PLAN_HIVE:
        return write_hive(run, item, err);
    }
    return false;
}

bool plan_apply(struct plan *plan,
                struct image_port *port,
                struct image_volume *volume,
                image_progress progress,
                void *user,
                struct err *err)
{
    struct run run = {plan, port, volume};
    uint64_t bytes = 0, done = 0;

    if (!check(&run, &bytes, err))
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];

        if (progress && !progress((unsigned)(bytes ? done * PERMILLE / bytes : 0), user))
            return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
        if (!write_item(&run, item, err))
            return err_context(err, TEXT_BUILD_WRITING, item->name);
        done += item->skip ? 0 : item->size_bytes;
    }
    return true;
}
