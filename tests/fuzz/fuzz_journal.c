/*
 * Journals with right checksums and any content: each line of the input gets the checksum that it
 * needs to be read; what was understood dumps into the same state.
 */
#include "guest/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_lines(const uint8_t *data, size_t size, struct buf *out)
{
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;

        buf_printf(out, "%016" PRIx64 " ", (uint64_t)XXH64(data, length, 0));
        buf_put(out, data, length);
        buf_put(out, "\n", 1);
        data += length;
        size -= length;
        if (size) {
            data++;
            size--;
        }
    }
}

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_state *state = calloc(1, sizeof *state), *again = calloc(1, sizeof *again);
    struct buf lines, dump;
    size_t good = 0;

    must(state && again);
    buf_init(&lines, JOURNAL_FILE_BYTES);
    buf_init(&dump, JOURNAL_FILE_BYTES);
    put_lines(data, size, &lines);
    journal_replay(buf_str(&lines), lines.len, state, &good);
    must(good <= lines.len);
    must(journal_dump(state, 1, &dump));
    must(journal_replay(buf_str(&dump), dump.len, again, &good) == JOURNAL_WHOLE);
    buf_done(&lines);
    buf_done(&dump);
    free(state);
    free(again);
    return 0;
}
