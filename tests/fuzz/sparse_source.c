/* Sources that are mostly zero. */
#include "tests/fuzz/sparse_source.h"

#include <string.h>

static bool
sparse_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    const struct sparse_source *sparse = (const struct sparse_source *)source;

    (void)err;
    memset(data, 0, size);
    for (size_t i = 0; i < sparse->count; i++) {
        const struct sparse_piece *piece = &sparse->pieces[i];
        uint64_t from = position > piece->position ? position : piece->position;
        uint64_t end = position + size, piece_end = piece->position + piece->size;

        if (piece_end < end)
            end = piece_end;
        if (from < end)
            memcpy((uint8_t *)data + (from - position),
                   piece->data + (from - piece->position),
                   (size_t)(end - from));
    }
    return true;
}

static void sparse_free(struct source *source)
{
    (void)source;
}

static const struct source_ops sparse_ops = {.read = sparse_read, .free = sparse_free};

void sparse_init(struct sparse_source *sparse, uint64_t size_bytes)
{
    memset(sparse, 0, sizeof *sparse);
    sparse->source.ops = &sparse_ops;
    sparse->source.size_bytes = size_bytes;
    text_copy(sparse->source.name, sizeof sparse->source.name, "input");
}

void sparse_add(
    struct sparse_source *sparse, uint64_t position, size_t size, uint8_t **input, size_t *left)
{
    if (size > *left)
        size = *left;
    sparse->pieces[sparse->count++] = (struct sparse_piece){position, *input, size};
    *input += size;
    *left -= size;
}
