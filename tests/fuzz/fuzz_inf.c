/* Three lines of an INF: a section's target, a date, a version. Orders of versions are orders. */
#include "tests/fuzz/fuzz.h"

#include "guest/inf.h"

#include <stdlib.h>
#include <string.h>

#define LINES      3
#define LINE_BYTES 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct inf_machine machine = {.major = 10, .build = 22631, .product_type = 1};
    static const struct inf_version today = {.year = 2026, .month = 6, .day = 15, .parts = {1}};
    char lines[LINES][LINE_BYTES] = {{0}};
    struct inf_version version;

    for (size_t i = 0; i < LINES; i++) {
        const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
        size_t length = end ? (size_t)(end - data) : size;

        if (length)
            memcpy(lines[i], data, length < LINE_BYTES ? length : LINE_BYTES - 1);
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
    (void)inf_target_serves(lines[0], &machine);
    if (inf_version_parse(lines[1], lines[2], &version)) {
        if (version.month < 1 || version.month > 12 || version.day < 1 || version.day > 31 ||
            inf_version_compare(&version, &version) != 0 ||
            inf_version_compare(&version, &today) != -inf_version_compare(&today, &version))
            abort();
    }
    return 0;
}
