/* Disks as plain folders. */
#include "host/image/dir_label.h"
#include "host/image/dir_windows.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES ((size_t)256 << 20)
#define COPY_DEPTH 64
#define PERMILLE   1000
#define ROLES      4

struct image_volume {
    bool there;
    bool read_only;
    char root[FS_PATH_BYTES];
};

struct image_disk {
    char path[FS_PATH_BYTES];
    struct image_volume volumes[ROLES];
};

static const char *const role_folders[ROLES] = {[IMAGE_ESP] = ".esp",
                                                [IMAGE_MSR] = ".msr",
                                                [IMAGE_WINDOWS] = "",
                                                [IMAGE_RECOVERY] = ".recovery"};

void image_free(struct image_port *port)
{
    if (port)
        port->free(port);
}

/* ---- names ---- */

struct lookup {
    const char *wanted;
    char found[FS_NAME_BYTES];
};

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

static bool match(const char *name, enum fs_kind kind, void *user)
{
    struct lookup *lookup = user;

    (void)kind;
    if (!same_name(name, lookup->wanted))
        return true;
    text_copy(lookup->found, sizeof lookup->found, name);
    return false;
}

/* Turns a name inside the volume into a path; components that exist are found without case. */
static bool resolve(const struct image_volume *volume, const char *name, char *out, struct err *err)
{
    char part[FS_NAME_BYTES], folder[FS_PATH_BYTES];

    text_copy(out, FS_PATH_BYTES, volume->root);
    while (*name) {
        size_t length = strcspn(name, "/");
        struct lookup lookup = {.wanted = part};

        if (length >= sizeof part)
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
        memcpy(part, name, length);
        part[length] = 0;
        if (!fs_name_is_safe(part))
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, part, NULL);
        text_copy(folder, sizeof folder, out);
        if (!fs_list(folder, match, &lookup, err) ||
            !fs_join(out, folder, *lookup.found ? lookup.found : part, err))
            return false;
        name += length;
        name += *name == '/';
    }
    return true;
}

/* ---- disks ---- */

static bool refuse_existing(const char *path, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_MISSING || err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL);
}

/* A folder can be made wherever one can be made. */
static bool dir_preflight(struct image_port *port, const char *path, struct err *err)
{
    (void)port;
    return refuse_existing(path, err);
}

static bool
dir_create(struct image_port *port, const char *path, uint64_t size_bytes, struct err *err)
{
    struct dir_label label = {.size_bytes = size_bytes};

    (void)port;
    return refuse_existing(path, err) && fs_make_dirs(path, FS_PRIVATE, err) &&
           dir_label_renew(path, &label, err);
}

static bool copy_file(const char *from, const char *to, struct err *err)
{
    struct buf data;
    bool ok;

    buf_init(&data, COPY_BYTES);
    ok = fs_read(from, COPY_BYTES, &data, err) &&
         fs_write_atomic(to, data.data, data.len, FS_PRIVATE, err);
    buf_done(&data);
    return ok;
}

struct copy {
    const char *from, *to;
    unsigned depth;
    bool ok;
    struct err *err;
};

static bool copy_tree(const char *from, const char *to, unsigned depth, struct err *err);

static bool copy_one(const char *name, enum fs_kind kind, void *user)
{
    struct copy *copy = user;
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES];

    copy->ok = fs_join(from, copy->from, name, copy->err) && fs_join(to, copy->to, name, copy->err);
    if (copy->ok && kind == FS_FOLDER)
        copy->ok = copy_tree(from, to, copy->depth + 1, copy->err);
    else if (copy->ok && kind == FS_FILE)
        copy->ok = copy_file(from, to, copy->err);
    return copy->ok;
}

static bool copy_tree(const char *from, const char *to, unsigned depth, struct err *err)
{
    struct copy copy = {from, to, depth, true, err};

    if (depth > COPY_DEPTH)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_UNSAFE, from, NULL);
    return fs_make_dirs(to, FS_PRIVATE, err) && fs_list(from, copy_one, &copy, err) && copy.ok;
}

/* Copies a disk; the copy gets a label of its own, which comes last: without it there is no disk.
 */
static bool copy_disk(const char *from, const char *to, struct dir_label *label, struct err *err)
{
    char file[FS_PATH_BYTES];

    return refuse_existing(to, err) && copy_tree(from, to, 0, err) &&
           fs_join(file, to, DIR_LABEL_FILE, err) && fs_remove(file, err) &&
           dir_label_renew(to, label, err);
}

static bool
dir_create_child(struct image_port *port, const char *path, const char *parent, struct err *err)
{
    struct dir_label label;

    (void)port;
    if (!dir_label_load(parent, &label, err))
        return false;
    text_copy(label.parent, sizeof label.parent, parent);
    text_copy(label.parent_id, sizeof label.parent_id, label.id);
    return copy_disk(parent, path, &label, err);
}

static bool find_volumes(struct image_disk *disk, enum image_access access, struct err *err)
{
    for (size_t role = 0; role < ROLES; role++) {
        struct image_volume *volume = &disk->volumes[role];
        struct fs_stat stat;

        volume->read_only = access == IMAGE_READ;
        if (!*role_folders[role])
            text_copy(volume->root, sizeof volume->root, disk->path);
        else if (!fs_join(volume->root, disk->path, role_folders[role], err))
            return false;
        if (!fs_stat(volume->root, &stat, err))
            return false;
        volume->there = stat.kind == FS_FOLDER;
    }
    return true;
}

static bool dir_attach(struct image_port *port,
                       const char *path,
                       enum image_access access,
                       struct image_disk **ret_disk,
                       struct err *err)
{
    struct image_disk *disk = calloc(1, sizeof *disk);
    struct dir_label label;

    (void)port;
    if (!disk)
        return err_no_memory(err);
    text_copy(disk->path, sizeof disk->path, path);
    if (!dir_label_load(path, &label, err) || !find_volumes(disk, access, err) ||
        (access == IMAGE_WRITE && !dir_label_renew(path, &label, err))) {
        free(disk);
        return false;
    }
    *ret_disk = disk;
    return true;
}

static bool may_write(const struct image_volume *volume, struct err *err)
{
    return !volume->read_only || err_set(err, ERR_DENIED, TEXT_DISK_READ_ONLY, volume->root, NULL);
}

static bool dir_layout(struct image_port *port,
                       struct image_disk *disk,
                       const struct image_partition *partitions,
                       size_t count,
                       struct err *err)
{
    (void)port;
    for (size_t i = 0; i < count; i++) {
        struct image_volume *volume = &disk->volumes[partitions[i].role];

        if (!partitions[i].size_bytes && i + 1 < count)
            return err_set(err, ERR_BAD_INPUT, TEXT_HOST_LAYOUT_BAD, TEXT_NUM(i + 1), NULL);
        if (!may_write(volume, err) || !fs_make_dirs(volume->root, FS_PRIVATE, err))
            return false;
        volume->there = true;
    }
    return true;
}

static bool dir_volume(struct image_port *port,
                       struct image_disk *disk,
                       enum image_role role,
                       struct image_volume **ret_volume,
                       struct err *err)
{
    (void)port;
    if (!disk->volumes[role].there)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
    *ret_volume = &disk->volumes[role];
    return true;
}

/* The roles whose folders exist, in their order, are the partitions. */
static bool dir_partition(struct image_port *port,
                          struct image_disk *disk,
                          size_t index,
                          struct image_volume **ret_volume,
                          struct err *err)
{
    (void)port;
    for (size_t role = 0; role < ROLES; role++)
        if (disk->volumes[role].there && !index--) {
            *ret_volume = &disk->volumes[role];
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
}

static bool dir_detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    (void)port;
    (void)err;
    free(disk);
    return true;
}

static bool any_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    *(bool *)user = true;
    return false;
}

/* A disk whose making died before it got its label is an empty folder. */
static bool is_unborn(const char *path)
{
    bool any = false;

    return fs_sweep(path, NULL) && fs_list(path, any_entry, &any, NULL) && !any;
}

static bool dir_remove_disk(struct image_port *port, const char *path, struct err *err)
{
    struct dir_label label;
    struct fs_stat stat;

    (void)port;
    if (!fs_stat(path, &stat, err))
        return false;
    /* a folder that is no disk of ours is somebody else's */
    return stat.kind == FS_MISSING ||
           ((is_unborn(path) || dir_label_load(path, &label, err)) && fs_remove_tree(path, err));
}

/* ---- disks that are not attached ---- */

static bool check_parent(const char *path, const struct dir_label *label, struct err *err)
{
    struct err why = ERR_INIT;
    struct dir_label parent;
    bool found;

    if (!*label->parent)
        return true;
    found = dir_label_load(label->parent, &parent, &why);
    if (found && !strcmp(parent.id, label->parent_id))
        return true;
    err_set(err,
            ERR_CONFLICT,
            found ? TEXT_BUILD_PARENT_CHANGED : TEXT_BUILD_PARENT_MISSING,
            path,
            label->parent,
            NULL);
    return err_hint(err, TEXT_BUILD_PARENT_HINT);
}

static bool
dir_inspect(struct image_port *port, const char *path, struct image_look *ret_look, struct err *err)
{
    static const enum image_content contents[ROLES] = {[IMAGE_ESP] = IMAGE_CONTENT_FAT,
                                                       [IMAGE_WINDOWS] = IMAGE_CONTENT_NTFS,
                                                       [IMAGE_RECOVERY] = IMAGE_CONTENT_NTFS};
    struct image_look look = {0};
    struct image_disk disk = {0};
    struct dir_label label;

    (void)port;
    text_copy(disk.path, sizeof disk.path, path);
    if (!dir_label_load(path, &label, err) || !check_parent(path, &label, err) ||
        !find_volumes(&disk, IMAGE_READ, err))
        return false;
    look.size_bytes = label.size_bytes;
    text_copy(look.id, sizeof look.id, label.id);
    text_copy(look.parent, sizeof look.parent, label.parent);
    text_copy(look.parent_id, sizeof look.parent_id, label.parent_id);
    for (size_t role = 0; role < ROLES; role++) {
        struct image_part *part = &look.parts[look.part_count];

        if (!disk.volumes[role].there)
            continue;
        part->role = (enum image_role)role;
        part->content = contents[role];
        if (role == IMAGE_WINDOWS) {
            part->content = label.bitlocker ? IMAGE_CONTENT_BITLOCKER : IMAGE_CONTENT_NTFS;
            part->dirty = label.dirty;
        }
        look.part_count++;
    }
    *ret_look = look;
    return true;
}

static bool dir_copy(struct image_port *port,
                     const char *path,
                     const char *source,
                     bool instant,
                     image_progress progress,
                     void *user,
                     struct err *err)
{
    struct dir_label label;
    bool ok;

    (void)port;
    if (!dir_label_load(source, &label, err) || !check_parent(source, &label, err) ||
        !refuse_existing(path, err))
        return false;
    if (instant)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_CLONE, path, NULL);
    *label.parent = *label.parent_id = 0;
    if (progress && !progress(0, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    ok = copy_disk(source, path, &label, err);
    if (ok && progress && !progress(PERMILLE, user))
        ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (!ok)
        fs_remove_tree(path, NULL);
    return ok;
}

/* ---- volumes ---- */

static bool dir_format(struct image_port *port,
                       struct image_volume *volume,
                       enum image_fs fs,
                       const char *label,
                       struct err *err)
{
    (void)port;
    (void)fs;
    if (strlen(label) >= IMAGE_LABEL_BYTES)
        return err_set(
            err, ERR_BAD_INPUT, TEXT_JSON_TOO_LONG, label, TEXT_NUM(IMAGE_LABEL_BYTES - 1), NULL);
    return may_write(volume, err) && fs_make_dirs(volume->root, FS_PRIVATE, err);
}

static bool dir_free_space(struct image_port *port,
                           struct image_volume *volume,
                           uint64_t *ret_bytes,
                           struct err *err)
{
    (void)port;
    return fs_free_space(volume->root, ret_bytes, err);
}

/* The image is the folder itself, or one below it; out is "" for a file, and for no source. */
static bool image_folder(const struct image_source *source, char *out, struct err *err)
{
    struct fs_stat stat;

    *out = 0;
    if (!source->path || !*source->path)
        return true;
    if (!fs_stat(source->path, &stat, err))
        return false;
    if (stat.kind == FS_FILE && source->index)
        return true;
    if (!source->inside)
        text_copy(out, FS_PATH_BYTES, source->path);
    else if (!fs_join(out, source->path, source->inside, err))
        return false;
    if (!fs_stat(out, &stat, err))
        return false;
    return (stat.kind == FS_FOLDER && source->index == 1) ||
           err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_IMAGE, out, TEXT_NUM(source->index), NULL);
}

static bool dir_apply(struct image_port *port,
                      const struct image_source *source,
                      struct image_volume *volume,
                      image_progress progress,
                      void *user,
                      struct err *err)
{
    char from[FS_PATH_BYTES];

    (void)port;
    if (!may_write(volume, err) || !image_folder(source, from, err))
        return false;
    if (progress && !progress(0, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (!(*from ? copy_tree(from, volume->root, 0, err) : dir_windows_make(volume->root, err)))
        return false;
    if (progress && !progress(PERMILLE, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    return true;
}

static bool dir_boot(struct image_port *port,
                     struct image_volume *windows,
                     struct image_volume *esp,
                     const struct image_boot *boot,
                     struct err *err)
{
    (void)port;
    (void)windows;
    return may_write(esp, err) && dir_windows_start(esp->root, boot->locale, err);
}

/* ---- trees ---- */

/* Everything in such a disk is private anyway. */
static bool dir_make_dir(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         enum image_acl acl,
                         struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    (void)acl;
    return may_write(volume, err) && resolve(volume, name, path, err) &&
           fs_make_dirs(path, FS_PRIVATE, err);
}

/* The path of a file whose folder exists. */
static bool place(struct image_volume *volume, const char *name, char *out, struct err *err)
{
    char folder[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!may_write(volume, err) || !resolve(volume, name, out, err))
        return false;
    text_copy(folder, sizeof folder, out);
    fs_parent(folder);
    if (!fs_stat(folder, &stat, err))
        return false;
    return stat.kind == FS_FOLDER || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, folder, NULL);
}

static bool dir_put(struct image_port *port,
                    struct image_volume *volume,
                    const char *name,
                    const void *data,
                    size_t length,
                    enum image_acl acl,
                    struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    (void)acl;
    return place(volume, name, path, err) && fs_write_atomic(path, data, length, FS_PRIVATE, err);
}

static bool dir_put_file(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         const char *source,
                         enum image_acl acl,
                         struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    (void)acl;
    return place(volume, name, path, err) && copy_file(source, path, err);
}

static bool dir_get(struct image_port *port,
                    struct image_volume *volume,
                    const char *name,
                    struct buf *out,
                    struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    return resolve(volume, name, path, err) && fs_read(path, out->max - out->len, out, err);
}

static bool dir_read(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     uint64_t offset,
                     size_t max,
                     struct buf *out,
                     struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_file *file = NULL;
    uint8_t *room = NULL;
    size_t got = 0;
    bool ok;

    (void)port;
    if (!resolve(volume, name, path, err) || !fs_file_open(path, FS_READ, FS_PRIVATE, &file, err))
        return false;
    room = buf_reserve(out, max);
    ok = room ? fs_file_read(file, offset, room, max, &got, err) : err_no_memory(err);
    if (ok)
        buf_added(out, got);
    fs_file_close(file);
    return ok;
}

static bool dir_stat(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     struct fs_stat *ret_stat,
                     struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    return resolve(volume, name, path, err) && fs_stat(path, ret_stat, err);
}

/* The name must exist as on a real volume. */
static bool dir_set_acl(struct image_port *port,
                        struct image_volume *volume,
                        const char *name,
                        enum image_acl acl,
                        struct err *err)
{
    struct fs_stat stat;

    (void)acl;
    if (!may_write(volume, err) || !dir_stat(port, volume, name, &stat, err))
        return false;
    return stat.kind != FS_MISSING || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
}

static bool
dir_remove(struct image_port *port, struct image_volume *volume, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    (void)port;
    if (!*name)
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
    if (!may_write(volume, err) || !resolve(volume, name, path, err) || !fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_FOLDER ? fs_remove_tree(path, err) : fs_remove(path, err);
}

static void dir_free(struct image_port *port)
{
    free(port);
}

static const struct image_file_ops file_ops = {
    .preflight = dir_preflight,
    .inspect = dir_inspect,
    .copy = dir_copy,
};

static const struct image_disk_ops disk_ops = {
    .create = dir_create,
    .create_child = dir_create_child,
    .attach = dir_attach,
    .layout = dir_layout,
    .volume = dir_volume,
    .partition = dir_partition,
    .detach = dir_detach,
    .remove = dir_remove_disk,
};

static const struct image_volume_ops volume_ops = {
    .format = dir_format,
    .free_space = dir_free_space,
};

static const struct image_apply_ops apply_ops = {
    .apply = dir_apply,
    .boot = dir_boot,
};

static const struct image_tree_ops tree_ops = {
    .make_dir = dir_make_dir,
    .put = dir_put,
    .put_file = dir_put_file,
    .get = dir_get,
    .read = dir_read,
    .stat = dir_stat,
    .set_acl = dir_set_acl,
    .remove = dir_remove,
};

bool image_open_dir(struct image_port **ret_port, struct err *err)
{
    struct image_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    *port = (struct image_port){&file_ops, &disk_ops, &volume_ops, &apply_ops, &tree_ops, dir_free};
    *ret_port = port;
    return true;
}
