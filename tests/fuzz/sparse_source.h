/*
 * A large source of which a fuzzer's input fills only a few places, so that formats whose tables
 * lie mebibytes apart are fuzzed with small inputs. The rest is zero. Test code only.
 */
#ifndef GPUPV_TESTS_SPARSE_SOURCE_H
#define GPUPV_TESTS_SPARSE_SOURCE_H

#include "host/image/source.h"

#define SPARSE_PIECES 24

struct sparse_source {
    struct source source; /* first member */
    size_t count;
    struct sparse_piece {
        uint64_t position;
        uint8_t *data; /* borrowed */
        size_t size;
    } pieces[SPARSE_PIECES];
};

/* An empty source of this size. */
void sparse_init(struct sparse_source *sparse, uint64_t size_bytes);

/* Puts the next at most `size` bytes of the input to position; the input goes on behind them. */
void sparse_add(
    struct sparse_source *sparse, uint64_t position, size_t size, uint8_t **input, size_t *left);

#endif
