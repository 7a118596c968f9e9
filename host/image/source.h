/*
 * Where bytes come from: a file, a part of another source, a file inside an ISO, the content of a
 * chain of disks. Everything that reads a format takes a source, so it works on all of them. A
 * source has a fixed size and is read at any position; it never changes. `name` is for messages.
 * Sources that stand on others borrow them, and the others must live longer. One thread at a time
 * for one source.
 */
#ifndef GPUPV_IMAGE_SOURCE_H
#define GPUPV_IMAGE_SOURCE_H

#include "common/err.h"

#include <stddef.h>

struct source;

struct source_ops {
    /* Reads exactly size bytes, which lie within the source. */
    bool (*read)(
        struct source *source, uint64_t position, void *data, size_t size, struct err *err);
    /* Frees the source, not what it stands on. */
    void (*free)(struct source *source);
};

/* First member of every implementation. */
struct source {
    const struct source_ops *ops;
    uint64_t size_bytes;
    char name[ERR_ARG_BYTES];
};

/* Reads exactly size bytes at position; beyond the end is ERR_BAD_INPUT, "ends too early". */
bool source_read(
    struct source *source, uint64_t position, void *data, size_t size, struct err *err);

/* True when the range lies within the source. */
bool source_has(const struct source *source, uint64_t position, uint64_t size_bytes);

/* NULL is fine. */
void source_free(struct source *source);

/* A file that a person named; links are followed. Caller frees with source_free. */
bool source_open_file(const char *path, struct source **ret_source, struct err *err);

/* Part of inner, which must hold all of it (else ERR_BAD_INPUT); name NULL: that of inner. Caller
 * frees with source_free. */
bool source_open_part(struct source *inner,
                      uint64_t position,
                      uint64_t size_bytes,
                      const char *name,
                      struct source **ret_source,
                      struct err *err);

/* Bytes in memory, which must live longer. Caller frees with source_free. */
bool source_open_memory(
    const void *data, size_t size, const char *name, struct source **ret_source, struct err *err);

#endif
