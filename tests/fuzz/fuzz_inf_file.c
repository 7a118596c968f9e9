/* The INF of a driver package: every line can be asked for, and nothing of it is longer than it
 * was. */
#include "tests/fuzz/fuzz.h"

#include "host/driver/inf_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inf_file *inf = NULL;
    char out[INF_TEXT_BYTES];
    struct inf_line line;
    size_t cursor = 0, lines = 0;

    if (!inf_file_parse("fuzz", data, size, &inf, NULL))
        return 0;
    while (inf_file_next(inf, NULL, &cursor, &line)) {
        size_t again = cursor - 1;
        struct inf_line same;

        if (!inf_file_next(inf, line.section, &again, &same) || same.first != line.first ||
            line.count == 0)
            abort();
        for (size_t i = 0; i < line.count; i++)
            if (strlen(inf_file_field(inf, &line, i, out)) >= sizeof out ||
                strlen(inf_file_raw(inf, &line, i)) > 3 * size)
                abort();
        lines++;
    }
    if (lines == 0)
        abort();
    inf_file_value(inf, "Version", "DriverVer", 1, out);
    inf_file_free(inf);
    return 0;
}
