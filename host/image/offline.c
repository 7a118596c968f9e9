/* The Windows of a VM that is off. */
#include "host/image/offline.h"

#include "host/image/plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HIBERNATION "hiberfil.sys"

static bool ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);

    if (length < tail)
        return false;
    for (path += length - tail; *end; path++, end++)
        if (tolower((unsigned char)*path) != *end)
            return false;
    return true;
}

static bool refuse(enum text_id why, const char *path, struct err *err)
{
    err_set(err, ERR_CONFLICT, why, path, NULL);
    return err_hint(err, TEXT_BUILD_SHUT_DOWN_HINT);
}

/* ---- the chain ---- */

static bool check_name(const char *path, struct err *err)
{
    /* what Hyper-V puts in the place of the disk when a checkpoint is made */
    if (ends_with(path, ".avhdx") || ends_with(path, ".avhd")) {
        err_set(err, ERR_CONFLICT, TEXT_BUILD_CHECKPOINT, path, NULL);
        return err_hint(err, TEXT_BUILD_CHECKPOINT_HINT);
    }
    if (ends_with(path, ".vhd")) {
        err_set(err, ERR_UNSUPPORTED, TEXT_BUILD_OLD_FORMAT, path, NULL);
        return err_hint(err, TEXT_BUILD_OLD_FORMAT_HINT);
    }
    return true;
}

struct children {
    struct image_port *port;
    const char *folder, *path, *name; /* name: of the disk, in folder */
    const struct image_look *look;
    char found[FS_PATH_BYTES]; /* "": none */
};

/* A disk that cannot be read is not known to be a child; it cannot be used as one either. */
static bool is_child(const struct children *children, const char *path)
{
    struct image_look *other = calloc(1, sizeof *other);
    bool child = other && strcmp(path, children->path) != 0 &&
                 children->port->file->inspect(children->port, path, other, NULL) &&
                 !strcmp(other->parent_id, children->look->id);

    free(other);
    return child;
}

static bool look_beside(const char *name, enum fs_kind kind, void *user)
{
    struct children *children = user;
    char path[FS_PATH_BYTES];

    (void)kind;
    /* the disk itself, however its path was spelled */
    if (!strcmp(name, children->name))
        return true;
    if ((ends_with(name, ".vhdx") || ends_with(name, ".avhdx")) &&
        fs_join(path, children->folder, name, NULL) && is_child(children, path))
        text_copy(children->found, sizeof children->found, path);
    return !*children->found;
}

static bool check_children(struct image_port *port,
                           const char *path,
                           const struct image_look *look,
                           const struct offline_others *others,
                           struct err *err)
{
    char folder[FS_PATH_BYTES];
    struct children children = {.port = port, .folder = folder, .path = path, .look = look};

    text_copy(folder, sizeof folder, path);
    fs_parent(folder);
    children.name = path + strlen(folder);
    children.name += strspn(children.name, "/\\");
    if (!*folder)
        text_copy(folder, sizeof folder, ".");
    if (!fs_list(folder, look_beside, &children, err))
        return false;
    for (size_t i = 0; others && !*children.found && i < others->count; i++)
        if (is_child(&children, others->paths[i]))
            text_copy(children.found, sizeof children.found, others->paths[i]);
    if (!*children.found)
        return true;
    err_set(err, ERR_CONFLICT, TEXT_BUILD_HAS_CHILD, path, children.found, NULL);
    return err_hint(err, TEXT_BUILD_HAS_CHILD_HINT);
}

bool offline_check(struct image_port *port,
                   const char *path,
                   const struct offline_others *others,
                   struct image_look *ret_look,
                   struct err *err)
{
    struct image_look *look = calloc(1, sizeof *look);
    bool ok;

    if (!look)
        return err_no_memory(err);
    ok = check_name(path, err) && port->file->inspect(port, path, look, err) &&
         (!look->unclean || refuse(TEXT_BUILD_DISK_UNCLEAN, path, err)) &&
         check_children(port, path, look, others, err);
    if (ok)
        *ret_look = *look;
    free(look);
    return ok;
}

/* ---- the volume ---- */

static bool is_candidate(const struct image_part *part)
{
    return part->role == IMAGE_WINDOWS && part->content == IMAGE_CONTENT_NTFS;
}

static bool has_windows(struct image_port *port,
                        struct image_disk *disk,
                        size_t part,
                        struct image_volume **ret_volume,
                        bool *ret_has,
                        struct err *err)
{
    struct fs_stat stat;

    if (!port->disk->partition(port, disk, part, ret_volume, err) ||
        !port->tree->stat(port, *ret_volume, PLAN_SYSTEM, &stat, err))
        return false;
    *ret_has = stat.kind == FS_FILE;
    return true;
}

/* Finds the one partition with Windows; *ret_part is look->part_count when there is none. */
static bool find_windows(struct image_port *port,
                         struct image_disk *disk,
                         const char *path,
                         const struct image_look *look,
                         size_t *ret_part,
                         struct err *err)
{
    size_t found = look->part_count;

    for (size_t i = 0; i < look->part_count; i++) {
        struct image_volume *volume;
        bool has = false;

        if (!is_candidate(&look->parts[i]))
            continue;
        if (!has_windows(port, disk, i, &volume, &has, err))
            return false;
        if (has && found < look->part_count)
            return err_set(err, ERR_CONFLICT, TEXT_BUILD_TWO_WINDOWS, path, NULL);
        if (has)
            found = i;
    }
    *ret_part = found;
    return true;
}

static bool no_windows(const char *path, const struct image_look *look, struct err *err)
{
    for (size_t i = 0; i < look->part_count; i++)
        if (look->parts[i].content == IMAGE_CONTENT_BITLOCKER) {
            err_set(err, ERR_UNSUPPORTED, TEXT_BUILD_BITLOCKER, path, NULL);
            return err_hint(err, TEXT_BUILD_BITLOCKER_HINT);
        }
    return err_set(err, ERR_NOT_FOUND, TEXT_BUILD_DATA_DISK, path, NULL);
}

/* The file of a fast start or of hibernation keeps what Windows had in memory; a session that ended
 * leaves other letters, or zeros (guest.md 6.5 and the header of ntfs-3g's check). */
static bool check_hibernation(struct image_port *port,
                              struct image_volume *volume,
                              const char *path,
                              struct err *err)
{
    static const char *const asleep[] = {"hibr", "HIBR", "rstr", "RSTR"};
    struct fs_stat stat;
    struct buf head;
    bool ok;

    if (!port->tree->stat(port, volume, HIBERNATION, &stat, err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    buf_init(&head, 4);
    ok = port->tree->read(port, volume, HIBERNATION, 0, 4, &head, err);
    for (size_t i = 0; ok && i < sizeof asleep / sizeof *asleep; i++)
        if (head.len == 4 && !memcmp(head.data, asleep[i], 4))
            ok = refuse(TEXT_BUILD_HIBERNATED, path, err);
    buf_done(&head);
    return ok;
}

/* Looks at the partitions with the disk attached for reading only: whatever is found, nothing was
 * changed. */
static bool choose(struct image_port *port,
                   const char *path,
                   const struct image_look *look,
                   size_t *ret_part,
                   struct err *err)
{
    struct image_volume *volume = NULL;
    struct image_disk *disk = NULL;
    size_t part = 0;
    bool ok;

    if (!port->disk->attach(port, path, IMAGE_READ, &disk, err))
        return false;
    ok = find_windows(port, disk, path, look, &part, err) &&
         (part < look->part_count || no_windows(path, look, err)) &&
         (!look->parts[part].dirty || refuse(TEXT_BUILD_VOLUME_DIRTY, path, err)) &&
         port->disk->partition(port, disk, part, &volume, err) &&
         check_hibernation(port, volume, path, err);
    ok = port->disk->detach(port, disk, ok ? err : NULL) && ok;
    if (ok)
        *ret_part = part;
    return ok;
}

bool offline_open(struct image_port *port,
                  const char *path,
                  const struct offline_others *others,
                  struct image_disk **ret_disk,
                  struct image_volume **ret_volume,
                  struct err *err)
{
    struct image_look *look = calloc(1, sizeof *look);
    struct image_disk *disk = NULL;
    size_t part = 0;
    bool ok;

    if (!look)
        return err_no_memory(err);
    ok = offline_check(port, path, others, look, err) && choose(port, path, look, &part, err);
    free(look);
    if (!ok || !port->disk->attach(port, path, IMAGE_WRITE, &disk, err))
        return false;
    if (!port->disk->partition(port, disk, part, ret_volume, err)) {
        port->disk->detach(port, disk, NULL);
        return false;
    }
    *ret_disk = disk;
    return true;
}

bool offline_find(struct image_port *port,
                  const char *const *paths,
                  size_t count,
                  size_t *ret_index,
                  struct err *err)
{
    struct image_look *look = calloc(1, sizeof *look);
    struct err first = ERR_INIT;
    size_t found = count;
    bool ok = true;

    if (!look)
        return err_no_memory(err);
    for (size_t i = 0; ok && i < count; i++) {
        struct err why = ERR_INIT;
        size_t part;

        if (!offline_check(port, paths[i], NULL, look, &why) ||
            !choose(port, paths[i], look, &part, &why)) {
            if (!err_is_set(&first) || first.kind == ERR_NOT_FOUND)
                first = why;
            continue;
        }
        ok = found == count || err_set(err, ERR_CONFLICT, TEXT_BUILD_TWO_WINDOWS, paths[i], NULL);
        found = i;
    }
    free(look);
    if (ok && found == count) {
        if (err)
            *err = first;
        return err_is_set(&first) ? false
                                  : err_set(err, ERR_NOT_FOUND, TEXT_BUILD_DATA_DISK, "", NULL);
    }
    if (ok)
        *ret_index = found;
    return ok;
}
