/* An answer file of anybody: what is left of it says no password, and nothing is added. */
#include "tests/fuzz/fuzz.h"

#include "guest/answer_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum answer_file kind;
    struct buf out;

    buf_init(&out, ANSWER_FILE_BYTES);
    kind = answer_file_scrub(data, size, &out);
    if (kind != answer_file_scrub(data, size, NULL))
        abort();
    if (kind == ANSWER_FILE_SECRET && !out.failed &&
        answer_file_scrub(out.data, out.len, NULL) != ANSWER_FILE_CLEAN)
        abort();
    buf_done(&out);
    return 0;
}
