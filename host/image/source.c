/* Sources: files, parts of others, memory. */
#include "host/image/source.h"

#include "common/fs.h"

#include <stdlib.h>
#include <string.h>

bool source_has(const struct source *source, uint64_t position, uint64_t size_bytes)
{
    return position <= source->size_bytes && size_bytes <= source->size_bytes - position;
}

bool source_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    if (!source_has(source, position, size)) {
        err_set(err,
                ERR_BAD_INPUT,
                TEXT_IMAGE_SHORT,
                source->name,
                TEXT_NUM(source->size_bytes),
                TEXT_NUM(size),
                TEXT_NUM(position),
                NULL);
        return err_hint(err, TEXT_IMAGE_SHORT_HINT);
    }
    return !size || source->ops->read(source, position, data, size, err);
}

void source_free(struct source *source)
{
    if (source)
        source->ops->free(source);
}

/* ---- files ---- */

struct file_source {
    struct source source;
    struct fs_file *file;
};

static bool
file_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    struct file_source *s = (struct file_source *)source;
    size_t got = 0;

    if (!fs_file_read(s->file, position, data, size, &got, err))
        return false;
    if (got == size)
        return true;
    err_set(err, ERR_BUSY, TEXT_IMAGE_SHRUNK, source->name, NULL);
    return err_hint(err, TEXT_IMAGE_SHRUNK_HINT);
}

static void file_free(struct source *source)
{
    struct file_source *s = (struct file_source *)source;

    fs_file_close(s->file);
    free(s);
}

static const struct source_ops file_ops = {.read = file_read, .free = file_free};

bool source_open_file(const char *path, struct source **ret_source, struct err *err)
{
    struct file_source *s = calloc(1, sizeof *s);
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!s)
        return err_no_memory(err);
    s->source.ops = &file_ops;
    text_copy(s->source.name, sizeof s->source.name, path);
    if (!fs_file_open(path, FS_FOLLOW, FS_SHARED, &s->file, err) ||
        !fs_file_stat(s->file, &stat, err)) {
        file_free(&s->source);
        return false;
    }
    s->source.size_bytes = stat.size_bytes;
    *ret_source = &s->source;
    return true;
}

/* ---- parts ---- */

struct part_source {
    struct source source;
    struct source *inner;
    uint64_t position;
};

static bool
part_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    struct part_source *s = (struct part_source *)source;

    return source_read(s->inner, s->position + position, data, size, err);
}

static void plain_free(struct source *source)
{
    free(source);
}

static const struct source_ops part_ops = {.read = part_read, .free = plain_free};

bool source_open_part(struct source *inner,
                      uint64_t position,
                      uint64_t size_bytes,
                      const char *name,
                      struct source **ret_source,
                      struct err *err)
{
    struct part_source *s;

    if (!source_has(inner, position, size_bytes)) {
        err_set(err,
                ERR_BAD_INPUT,
                TEXT_IMAGE_SHORT,
                inner->name,
                TEXT_NUM(inner->size_bytes),
                TEXT_NUM(size_bytes),
                TEXT_NUM(position),
                NULL);
        return err_hint(err, TEXT_IMAGE_SHORT_HINT);
    }
    s = calloc(1, sizeof *s);
    if (!s)
        return err_no_memory(err);
    s->source.ops = &part_ops;
    s->source.size_bytes = size_bytes;
    text_copy(s->source.name, sizeof s->source.name, name ? name : inner->name);
    s->inner = inner;
    s->position = position;
    *ret_source = &s->source;
    return true;
}

/* ---- memory ---- */

struct memory_source {
    struct source source;
    const uint8_t *data;
};

static bool
memory_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    struct memory_source *s = (struct memory_source *)source;

    (void)err;
    memcpy(data, s->data + position, size);
    return true;
}

static const struct source_ops memory_ops = {.read = memory_read, .free = plain_free};

bool source_open_memory(
    const void *data, size_t size, const char *name, struct source **ret_source, struct err *err)
{
    struct memory_source *s = calloc(1, sizeof *s);

    if (!s)
        return err_no_memory(err);
    s->source.ops = &memory_ops;
    s->source.size_bytes = size;
    text_copy(s->source.name, sizeof s->source.name, name);
    s->data = data;
    *ret_source = &s->source;
    return true;
}
