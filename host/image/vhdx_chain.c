/* VHDX: a disk with its parents, read as one. */
#include "host/image/vhdx_inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONG_PREFIX "\\\\?\\"

struct link {
    char path[FS_PATH_BYTES];
    struct source *source;
    struct vhdx *vhdx;
};

struct vhdx_chain {
    struct source content; /* first member: what is read */
    struct link links[VHDX_CHAIN_MAX];
    size_t count;
};

/* ---- reading ---- */

static bool read_link(struct vhdx_chain *chain,
                      size_t index,
                      uint64_t position,
                      uint8_t *data,
                      size_t size,
                      struct err *err);

/* What the parent has; a child may have been made larger than its parent, which is zero there. */
static bool read_parent(struct vhdx_chain *chain,
                        size_t index,
                        uint64_t position,
                        uint8_t *data,
                        size_t size,
                        struct err *err)
{
    const struct link *parent = &chain->links[index];
    uint64_t end = parent->vhdx->info.size_bytes;
    size_t there = size;

    if (position >= end)
        there = 0;
    else if (size > end - position)
        there = (size_t)(end - position);
    memset(data + there, 0, size - there);
    return !there || read_link(chain, index, position, data, there, err);
}

static bool read_link(struct vhdx_chain *chain,
                      size_t index,
                      uint64_t position,
                      uint8_t *data,
                      size_t size,
                      struct err *err)
{
    struct link *link = &chain->links[index];

    while (size) {
        struct vhdx_extent extent;
        size_t length;
        bool ok = true;

        if (!vhdx_map(link->vhdx, position, size, &extent, err))
            return false;
        length = (size_t)extent.length;
        if (extent.where == VHDX_HERE)
            ok = source_read(link->source, extent.offset, data, length, err);
        else if (extent.where == VHDX_PARENT)
            ok = read_parent(chain, index + 1, position, data, length, err);
        else
            memset(data, 0, length);
        if (!ok)
            return false;
        position += length;
        data += length;
        size -= length;
    }
    return true;
}

static bool
content_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    return read_link((struct vhdx_chain *)source, 0, position, data, size, err);
}

static void content_free(struct source *source)
{
    vhdx_chain_free((struct vhdx_chain *)source);
}

static const struct source_ops content_ops = {.read = content_read, .free = content_free};

/* ---- finding parents ---- */

static bool has_drive(const char *path)
{
    return isalpha((unsigned char)path[0]) && path[1] == ':' && path[2] == '\\';
}

static void use_slashes(char *path)
{
    for (; *path; path++)
        if (*path == '\\')
            *path = '/';
}

/* The path beside the child; false when the name leads to another volume or computer. */
static bool relative_path(const char *child, const char *relative, char *out)
{
    char folder[FS_PATH_BYTES], name[FS_PATH_BYTES];

    if (!*relative || *relative == '\\' || *relative == '/' || strchr(relative, ':'))
        return false;
    text_copy(folder, sizeof folder, child);
    fs_parent(folder);
    text_copy(name, sizeof name, relative);
    use_slashes(name);
    if (!*folder) {
        text_copy(out, FS_PATH_BYTES, name);
        return true;
    }
    return fs_join(out, folder, name, NULL);
}

/* A path on a drive of this computer. A share would be asked with our user's credentials just
 * because a file says so; disks on shares find their parents by the relative name. */
static bool absolute_path(const char *absolute, char *out)
{
    if (!strncmp(absolute, LONG_PREFIX, sizeof LONG_PREFIX - 1))
        absolute += sizeof LONG_PREFIX - 1;
    if (!has_drive(absolute))
        return false;
    text_copy(out, FS_PATH_BYTES, absolute);
    return true;
}

static bool in_chain(const struct vhdx_chain *chain, const struct guid *data_write)
{
    for (size_t i = 0; i < chain->count; i++)
        if (guid_equal(&chain->links[i].vhdx->info.data_write, data_write))
            return true;
    return false;
}

static void link_done(struct link *link)
{
    vhdx_free(link->vhdx);
    source_free(link->source);
    memset(link, 0, sizeof *link);
}

static bool open_link(struct link *link, const char *path, struct err *err)
{
    memset(link, 0, sizeof *link);
    text_copy(link->path, sizeof link->path, path);
    if (source_open_file(path, &link->source, err) && vhdx_open(link->source, &link->vhdx, err))
        return true;
    link_done(link);
    return false;
}

/* Opens path as the next link if it is what the last one was made from. */
static bool try_parent(struct vhdx_chain *chain, const char *path, struct err *err)
{
    const struct link *child = &chain->links[chain->count - 1];
    struct link *link = &chain->links[chain->count];
    const struct vhdx_info *info;

    if (!open_link(link, path, err))
        return false;
    info = &link->vhdx->info;
    if (in_chain(chain, &info->data_write)) {
        err_set(err, ERR_CONFLICT, TEXT_IMAGE_VHDX_CYCLE, chain->links[0].path, path, NULL);
        err_hint(err, TEXT_IMAGE_VHDX_DAMAGED_HINT);
    } else if (!guid_equal(&info->data_write, &child->vhdx->info.parent.linkage)) {
        err_set(err, ERR_CONFLICT, TEXT_IMAGE_VHDX_PARENT_CHANGED, child->path, path, NULL);
        err_hint(err, TEXT_IMAGE_VHDX_PARENT_CHANGED_HINT);
    } else if (info->sector_bytes != child->vhdx->info.sector_bytes) {
        vhdx_damaged(child->vhdx, "sector size", err);
    } else {
        chain->count++;
        return true;
    }
    link_done(link);
    return false;
}

static bool missing(const struct link *child, struct err *err)
{
    const struct vhdx_parent *parent = &child->vhdx->info.parent;

    err_set(err,
            ERR_NOT_FOUND,
            TEXT_IMAGE_VHDX_PARENT_MISSING,
            child->path,
            *parent->relative ? parent->relative : parent->absolute,
            NULL);
    return err_hint(err, TEXT_IMAGE_VHDX_PARENT_MISSING_HINT);
}

/* The first name that leads to the right file wins; else the first thing that was found tells what
 * is wrong. */
static bool add_parent(struct vhdx_chain *chain, struct err *err)
{
    const struct link *child = &chain->links[chain->count - 1];
    const struct vhdx_parent *parent = &child->vhdx->info.parent;
    struct err first = ERR_INIT, second = ERR_INIT;
    char path[FS_PATH_BYTES];

    if (chain->count == VHDX_CHAIN_MAX)
        return err_set(err,
                       ERR_TOO_LARGE,
                       TEXT_IMAGE_VHDX_DEEP,
                       chain->links[0].path,
                       TEXT_NUM(VHDX_CHAIN_MAX),
                       NULL);
    if (relative_path(child->path, parent->relative, path) && try_parent(chain, path, &first))
        return true;
    if (absolute_path(parent->absolute, path) && try_parent(chain, path, &second))
        return true;
    if (err_is_set(&first) && first.kind != ERR_NOT_FOUND)
        second = first;
    if (!err_is_set(&second) || second.kind == ERR_NOT_FOUND)
        return missing(child, err);
    if (err)
        *err = second;
    return false;
}

bool vhdx_chain_open(const char *path, struct vhdx_chain **ret_chain, struct err *err)
{
    struct vhdx_chain *chain = calloc(1, sizeof *chain);

    if (!chain)
        return err_no_memory(err);
    chain->content.ops = &content_ops;
    text_copy(chain->content.name, sizeof chain->content.name, path);
    if (!open_link(&chain->links[0], path, err)) {
        free(chain);
        return false;
    }
    chain->count = 1;
    chain->content.size_bytes = chain->links[0].vhdx->info.size_bytes;
    while (chain->links[chain->count - 1].vhdx->info.differencing)
        if (!add_parent(chain, err)) {
            vhdx_chain_free(chain);
            return false;
        }
    *ret_chain = chain;
    return true;
}

void vhdx_chain_free(struct vhdx_chain *chain)
{
    if (!chain)
        return;
    for (size_t i = 0; i < chain->count; i++)
        link_done(&chain->links[i]);
    free(chain);
}

struct source *vhdx_chain_source(struct vhdx_chain *chain)
{
    return &chain->content;
}

size_t vhdx_chain_count(const struct vhdx_chain *chain)
{
    return chain->count;
}

const char *vhdx_chain_path(const struct vhdx_chain *chain, size_t index)
{
    return chain->links[index].path;
}

const struct vhdx_info *vhdx_chain_info(const struct vhdx_chain *chain, size_t index)
{
    return &chain->links[index].vhdx->info;
}
