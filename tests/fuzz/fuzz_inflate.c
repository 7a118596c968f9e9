/* Inflate: the first four bytes are the size of the result, the rest is the packed data. */
#include "tests/fuzz/fuzz.h"

#include "common/inflate.h"

#include <stdlib.h>

#define RESULT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t result;
    uint8_t *out;

    if (size < 4)
        return 0;
    result = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % RESULT_MAX;
    /* exactly as long as the result, so that a write past the end is seen */
    out = malloc(result ? result : 1);
    if (out)
        (void)inflate_block(data + 4, size - 4, out, result);
    free(out);
    return 0;
}
