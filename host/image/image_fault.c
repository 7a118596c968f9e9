/* An image port that lets one call of another fail. */
#include "host/image/image.h"

#include <stdlib.h>

struct fault_port {
    struct image_port base;
    struct image_port *inner;
    const struct image_fault *fault;
    unsigned calls;
};

static struct fault_port *of(struct image_port *port)
{
    return (struct fault_port *)port;
}

/* Counts the call; false with err when it must fail before it is done. */
static bool before(struct image_port *port, struct err *err)
{
    struct fault_port *f = of(port);

    f->calls++;
    if (f->calls != f->fault->call || f->fault->after)
        return true;
    return err_set(err, f->fault->kind, TEXT_HOST_FAULT, TEXT_NUM(f->calls), NULL);
}

/* The same after it was done. */
static bool after(struct image_port *port, bool ok, struct err *err)
{
    struct fault_port *f = of(port);

    if (!ok || f->calls != f->fault->call || !f->fault->after)
        return ok;
    return err_set(err, f->fault->kind, TEXT_HOST_FAULT, TEXT_NUM(f->calls), NULL);
}

static bool fault_preflight(struct image_port *port, const char *path, struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->file->preflight(in, path, err), err);
}

static bool fault_inspect(struct image_port *port,
                          const char *path,
                          struct image_look *ret_look,
                          struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->file->inspect(in, path, ret_look, err), err);
}

static bool fault_copy(struct image_port *port,
                       const char *path,
                       const char *source,
                       bool instant,
                       image_progress progress,
                       void *user,
                       struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->file->copy(in, path, source, instant, progress, user, err), err);
}

static bool
fault_create(struct image_port *port, const char *path, uint64_t size_bytes, struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->disk->create(in, path, size_bytes, err), err);
}

static bool
fault_create_child(struct image_port *port, const char *path, const char *parent, struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->disk->create_child(in, path, parent, err), err);
}

static bool fault_attach(struct image_port *port,
                         const char *path,
                         enum image_access access,
                         struct image_disk **ret_disk,
                         struct err *err)
{
    struct image_port *in = of(port)->inner;
    struct image_disk *disk = NULL;

    if (!before(port, err) || !in->disk->attach(in, path, access, &disk, err))
        return false;
    /* nobody would let go of a disk whose attaching failed */
    if (!after(port, true, err)) {
        in->disk->detach(in, disk, NULL);
        return false;
    }
    *ret_disk = disk;
    return true;
}

static bool fault_layout(struct image_port *port,
                         struct image_disk *disk,
                         const struct image_partition *partitions,
                         size_t count,
                         struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->disk->layout(in, disk, partitions, count, err), err);
}

static bool fault_volume(struct image_port *port,
                         struct image_disk *disk,
                         enum image_role role,
                         struct image_volume **ret_volume,
                         struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->disk->volume(in, disk, role, ret_volume, err), err);
}

/* The disk is let go of whatever is answered. */
static bool fault_partition(struct image_port *port,
                            struct image_disk *disk,
                            size_t index,
                            struct image_volume **ret_volume,
                            struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->disk->partition(in, disk, index, ret_volume, err), err);
}

static bool fault_detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    struct image_port *in = of(port)->inner;
    bool ok = before(port, err);

    return in->disk->detach(in, disk, ok ? err : NULL) && ok && after(port, ok, err);
}

static bool fault_remove_disk(struct image_port *port, const char *path, struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->disk->remove(in, path, err), err);
}

static bool fault_format(struct image_port *port,
                         struct image_volume *volume,
                         enum image_fs fs,
                         const char *label,
                         struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->volume->format(in, volume, fs, label, err), err);
}

static bool fault_free_space(struct image_port *port,
                             struct image_volume *volume,
                             uint64_t *ret_bytes,
                             struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->volume->free_space(in, volume, ret_bytes, err), err);
}

static bool fault_apply(struct image_port *port,
                        const struct image_source *source,
                        struct image_volume *volume,
                        image_progress progress,
                        void *user,
                        struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->apply->apply(in, source, volume, progress, user, err), err);
}

static bool fault_boot(struct image_port *port,
                       struct image_volume *windows,
                       struct image_volume *esp,
                       const struct image_boot *boot,
                       struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->apply->boot(in, windows, esp, boot, err), err);
}

static bool fault_make_dir(struct image_port *port,
                           struct image_volume *volume,
                           const char *name,
                           enum image_acl acl,
                           struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->tree->make_dir(in, volume, name, acl, err), err);
}

static bool fault_put(struct image_port *port,
                      struct image_volume *volume,
                      const char *name,
                      const void *data,
                      size_t length,
                      enum image_acl acl,
                      struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->tree->put(in, volume, name, data, length, acl, err), err);
}

static bool fault_put_file(struct image_port *port,
                           struct image_volume *volume,
                           const char *name,
                           const char *source,
                           enum image_acl acl,
                           struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->tree->put_file(in, volume, name, source, acl, err), err);
}

static bool fault_get(struct image_port *port,
                      struct image_volume *volume,
                      const char *name,
                      struct buf *out,
                      struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->tree->get(in, volume, name, out, err), err);
}

static bool fault_read(struct image_port *port,
                       struct image_volume *volume,
                       const char *name,
                       uint64_t offset,
                       size_t max,
                       struct buf *out,
                       struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) &&
           after(port, in->tree->read(in, volume, name, offset, max, out, err), err);
}

static bool fault_stat(struct image_port *port,
                       struct image_volume *volume,
                       const char *name,
                       struct fs_stat *ret_stat,
                       struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->tree->stat(in, volume, name, ret_stat, err), err);
}

static bool fault_set_acl(struct image_port *port,
                          struct image_volume *volume,
                          const char *name,
                          enum image_acl acl,
                          struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->tree->set_acl(in, volume, name, acl, err), err);
}

static bool fault_remove(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         struct err *err)
{
    struct image_port *in = of(port)->inner;

    return before(port, err) && after(port, in->tree->remove(in, volume, name, err), err);
}

static void fault_free(struct image_port *port)
{
    free(port);
}

static const struct image_file_ops file_ops = {
    .preflight = fault_preflight,
    .inspect = fault_inspect,
    .copy = fault_copy,
};

static const struct image_disk_ops disk_ops = {
    .create = fault_create,
    .create_child = fault_create_child,
    .attach = fault_attach,
    .layout = fault_layout,
    .volume = fault_volume,
    .partition = fault_partition,
    .detach = fault_detach,
    .remove = fault_remove_disk,
};

static const struct image_volume_ops volume_ops = {
    .format = fault_format,
    .free_space = fault_free_space,
};

static const struct image_apply_ops apply_ops = {
    .apply = fault_apply,
    .boot = fault_boot,
};

static const struct image_tree_ops tree_ops = {
    .make_dir = fault_make_dir,
    .put = fault_put,
    .put_file = fault_put_file,
    .get = fault_get,
    .read = fault_read,
    .stat = fault_stat,
    .set_acl = fault_set_acl,
    .remove = fault_remove,
};

bool image_open_fault(struct image_port *inner,
                      const struct image_fault *fault,
                      struct image_port **ret_port,
                      struct err *err)
{
    struct fault_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->base =
        (struct image_port){&file_ops, &disk_ops, &volume_ops, &apply_ops, &tree_ops, fault_free};
    port->inner = inner;
    port->fault = fault;
    *ret_port = &port->base;
    return true;
}

unsigned image_fault_calls(const struct image_port *port)
{
    return ((const struct fault_port *)port)->calls;
}
