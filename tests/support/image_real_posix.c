/* Disks with real formats: VHDX files with partition tables. */
#include "tests/support/image_real.h"

#include "host/image/inspect.h"
#include "host/image/vhdx.h"
#include "tests/support/gpt_write.h"
#include "tests/support/vhdx_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define PERMILLE    1000
#define PREFIX      "attached-"

struct real_port {
    struct image_port base;
    char work[FS_PATH_BYTES];
    unsigned attached; /* so far */
};

/* ---- disks ---- */

static bool refuse_existing(const char *path, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_MISSING || err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL);
}

static bool preflight(struct image_port *port, const char *path, struct err *err)
{
    (void)port;
    return refuse_existing(path, err);
}

static bool
inspect(struct image_port *port, const char *path, struct image_look *ret_look, struct err *err)
{
    (void)port;
    return inspect_vhdx(path, ret_look, err);
}

static bool copy_content(struct source *from,
                         struct vhdx_writer *to,
                         image_progress progress,
                         void *user,
                         struct err *err)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    bool ok = piece || err_no_memory(err);

    for (uint64_t at = 0; ok && at < from->size_bytes; at += PIECE_BYTES) {
        uint64_t left = from->size_bytes - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        if (progress && !progress((unsigned)(at * PERMILLE / from->size_bytes), user))
            ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
        ok = ok && source_read(from, at, piece, size, err) &&
             (real_is_zero(piece, size) || vhdx_write_at(to, at, piece, size, err));
    }
    free(piece);
    if (ok && progress && !progress(PERMILLE, user))
        ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    return ok;
}

static bool copy_disk(struct image_port *port,
                      const char *path,
                      const char *source,
                      bool instant,
                      image_progress progress,
                      void *user,
                      struct err *err)
{
    struct vhdx_writer *writer = NULL;
    struct vhdx_chain *chain = NULL;
    bool ok;

    (void)port;
    if (!refuse_existing(path, err) || !vhdx_chain_open(source, &chain, err))
        return false;
    if (instant) {
        vhdx_chain_free(chain);
        return err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_CLONE, path, NULL);
    }
    ok = vhdx_write_create(path, vhdx_chain_source(chain)->size_bytes, 0, 0, err) &&
         vhdx_write_open(path, &writer, err) &&
         copy_content(vhdx_chain_source(chain), writer, progress, user, err);
    ok = vhdx_write_close(writer, ok ? err : NULL) && ok;
    vhdx_chain_free(chain);
    if (!ok)
        fs_remove(path, NULL);
    return ok;
}

static bool
disk_create(struct image_port *port, const char *path, uint64_t size_bytes, struct err *err)
{
    (void)port;
    return refuse_existing(path, err) && vhdx_write_create(path, size_bytes, 0, 0, err);
}

/* How the parent is called from the folder of the child: "..\..\golden\x.vhdx". */
static bool relative_name(const char *child, const char *parent, char out[FS_PATH_BYTES])
{
    char from[PATH_MAX], to[PATH_MAX], folder[FS_PATH_BYTES];
    size_t same = 0, used;

    text_copy(folder, sizeof folder, child);
    fs_parent(folder);
    if (!realpath(*folder ? folder : ".", from) || !realpath(parent, to))
        return false;
    for (size_t i = 0; from[i] && from[i] == to[i]; i++)
        if (to[i + 1] == '/' && (!from[i + 1] || from[i + 1] == '/'))
            same = i + 1;
    used = (size_t)snprintf(out, FS_PATH_BYTES, ".");
    for (const char *at = from + same; *at; at++)
        if (*at == '/')
            used += (size_t)snprintf(out + used, FS_PATH_BYTES - used, "\\..");
    used += (size_t)snprintf(out + used, FS_PATH_BYTES - used, "%s", to + same);
    for (size_t i = 0; i < used && i < FS_PATH_BYTES; i++)
        if (out[i] == '/')
            out[i] = '\\';
    return used < FS_PATH_BYTES;
}

static bool
disk_create_child(struct image_port *port, const char *path, const char *parent, struct err *err)
{
    char relative[FS_PATH_BYTES];
    struct fs_stat stat;

    (void)port;
    if (!refuse_existing(path, err) || !fs_stat(parent, &stat, err))
        return false;
    if (stat.kind != FS_FILE)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, parent, NULL);
    return (relative_name(path, parent, relative) ||
            err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, parent, NULL)) &&
           vhdx_write_create_child(path, parent, relative, NULL, 0, err);
}

static bool read_table(struct image_disk *disk, struct err *err)
{
    struct err why = ERR_INIT;
    struct vhdx_chain *chain = NULL;
    char name[32];
    struct gpt gpt;
    bool ok;

    if (!vhdx_chain_open(disk->path, &chain, err))
        return false;
    disk->size_bytes = vhdx_chain_source(chain)->size_bytes;
    disk->count = 0;
    ok = gpt_read(vhdx_chain_source(chain), vhdx_chain_info(chain, 0)->sector_bytes, &gpt, &why);
    for (size_t i = 0; ok && i < gpt.count && i < IMAGE_PARTITIONS; i++) {
        struct image_volume *volume = &disk->volumes[disk->count++];

        memset(volume, 0, sizeof *volume);
        volume->disk = disk;
        volume->role = IMAGE_OTHER;
        for (int role = IMAGE_ESP; role < IMAGE_OTHER; role++)
            if (guid_is(&gpt.partitions[i].type, gpt_type((enum image_role)role)))
                volume->role = (enum image_role)role;
        volume->offset_bytes = gpt_offset(&gpt, i);
        volume->size_bytes = gpt_size(&gpt, i);
        snprintf(name, sizeof name, "part%zu.img", i + 1);
        ok = fs_join(volume->file, disk->folder, name, &why);
    }
    vhdx_chain_free(chain);
    if (!ok && why.kind != ERR_NOT_FOUND && err)
        *err = why;
    return ok || why.kind == ERR_NOT_FOUND; /* an empty disk has none */
}

/* Frees; what was changed and not written back is gone. */
static void disk_free(struct image_disk *disk)
{
    for (size_t i = 0; i < disk->count; i++)
        real_fs_close(&disk->volumes[i], NULL);
    fs_remove_tree(disk->folder, NULL);
    if (disk->lock >= 0)
        close(disk->lock);
    free(disk);
}

static bool disk_attach(struct image_port *base,
                        const char *path,
                        enum image_access access,
                        struct image_disk **ret_disk,
                        struct err *err)
{
    struct real_port *port = (struct real_port *)base;
    struct image_disk *disk = calloc(1, sizeof *disk);
    char name[64];

    if (!disk)
        return err_no_memory(err);
    disk->access = access;
    text_copy(disk->path, sizeof disk->path, path);
    disk->lock = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(name, sizeof name, PREFIX "%ld-%u", (long)getpid(), port->attached++);
    if (disk->lock < 0)
        err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, path, NULL);
    else if (flock(disk->lock, (access == IMAGE_WRITE ? LOCK_EX : LOCK_SH) | LOCK_NB))
        err_set(err, ERR_BUSY, TEXT_DISK_ATTACH, path, NULL);
    else if (fs_join(disk->folder, port->work, name, err) &&
             fs_make_dirs(disk->folder, FS_PRIVATE, err) && read_table(disk, err)) {
        *ret_disk = disk;
        return true;
    }
    disk_free(disk);
    return false;
}

static bool disk_layout(struct image_port *port,
                        struct image_disk *disk,
                        const struct image_partition *partitions,
                        size_t count,
                        struct err *err)
{
    struct vhdx_writer *writer = NULL;
    struct gpt gpt;
    bool ok;

    (void)port;
    if (disk->access != IMAGE_WRITE)
        return err_set(err, ERR_DENIED, TEXT_DISK_READ_ONLY, disk->path, NULL);
    for (size_t i = 0; i < disk->count; i++)
        if (!real_fs_close(&disk->volumes[i], err))
            return false;
    if (!vhdx_write_open(disk->path, &writer, err))
        return false;
    ok = gpt_plan(
             vhdx_write_size(writer), vhdx_write_sector(writer), partitions, count, &gpt, err) &&
         gpt_write_vhdx(writer, &gpt, err);
    ok = vhdx_write_close(writer, ok ? err : NULL) && ok;
    return ok && read_table(disk, err);
}

static bool disk_volume(struct image_port *port,
                        struct image_disk *disk,
                        enum image_role role,
                        struct image_volume **ret_volume,
                        struct err *err)
{
    (void)port;
    for (size_t i = 0; i < disk->count; i++)
        if (disk->volumes[i].role == role) {
            *ret_volume = &disk->volumes[i];
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
}

static bool disk_partition(struct image_port *port,
                           struct image_disk *disk,
                           size_t index,
                           struct image_volume **ret_volume,
                           struct err *err)
{
    (void)port;
    if (index >= disk->count)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
    *ret_volume = &disk->volumes[index];
    return true;
}

static bool disk_detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    bool ok = true;

    (void)port;
    if (!disk)
        return true;
    for (size_t i = 0; i < disk->count; i++)
        ok = real_fs_close(&disk->volumes[i], ok ? err : NULL) && ok;
    if (disk->access == IMAGE_WRITE)
        ok = real_write_back(disk, ok ? err : NULL) && ok;
    disk_free(disk);
    return ok;
}

/* What begins as a disk file does, or what a killed creation leaves: nothing at all. */
static bool is_disk_file(const char *path)
{
    struct fs_file *file = NULL;
    char begin[8] = "";
    size_t got = 1;
    bool ok = fs_file_open(path, FS_READ, FS_SHARED, &file, NULL) &&
              fs_file_read(file, 0, begin, sizeof begin, &got, NULL);

    fs_file_close(file);
    return ok && (!got || !memcmp(begin, "vhdxfile", sizeof begin));
}

static bool disk_remove(struct image_port *port, const char *path, struct err *err)
{
    struct fs_stat stat;

    (void)port;
    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_MISSING)
        return true;
    return ((stat.kind == FS_FILE && is_disk_file(path)) ||
            err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, path, NULL)) &&
           fs_remove(path, err);
}

/* ---- the port ---- */

static const struct image_file_ops file_ops = {
    .preflight = preflight,
    .inspect = inspect,
    .copy = copy_disk,
};

static const struct image_disk_ops disk_ops = {
    .create = disk_create,
    .create_child = disk_create_child,
    .attach = disk_attach,
    .layout = disk_layout,
    .volume = disk_volume,
    .partition = disk_partition,
    .detach = disk_detach,
    .remove = disk_remove,
};

static void port_free(struct image_port *port)
{
    free(port);
}

/* What processes that died had attached. */
static bool sweep_one(const char *name, enum fs_kind kind, void *user)
{
    char path[FS_PATH_BYTES];
    long pid;

    if (kind == FS_FOLDER && sscanf(name, PREFIX "%ld-", &pid) == 1 && kill((pid_t)pid, 0) &&
        errno == ESRCH && fs_join(path, user, name, NULL))
        fs_remove_tree(path, NULL);
    return true;
}

bool image_open_system(const char *work, struct image_port **ret_port, struct err *err)
{
    struct real_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    text_copy(port->work, sizeof port->work, work);
    port->base = (struct image_port){
        &file_ops, &disk_ops, &real_volume_ops, &real_apply_ops, &real_tree_ops, port_free};
    fs_list(work, sweep_one, port->work, NULL);
    *ret_port = &port->base;
    return true;
}
