/*
 * Parsec's configuration files. The first byte chooses the format and the wanted lines, the rest is
 * the file. Whatever it is: merging twice is merging once, and a file that agrees stays as it is.
 */
#include "tests/fuzz/fuzz.h"

#include "guest/parsec/config.h"

#include <stdlib.h>
#include <string.h>

static void want(struct config_lines *lines, unsigned choice)
{
    static const char *const values[] = {"1", "0", "true", "a # b", "", NULL, "65535", "\"\\"};

    memset(lines, 0, sizeof *lines);
    config_lines_set(lines, "host_virtual_monitors", values[choice & 7]);
    config_lines_set(lines, "app_proxy", values[choice >> 3 & 7]);
    config_lines_set(lines, "a", values[choice >> 1 & 7]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum config_format format = size > 0 && data[0] & 0x80 ? CONFIG_JSON : CONFIG_TEXT;
    struct config_diff diff, again;
    struct config_lines wanted;
    struct buf once, twice;

    if (size == 0)
        return 0;
    want(&wanted, data[0] & 0x7F);
    buf_init(&once, CONFIG_MAX_BYTES);
    buf_init(&twice, CONFIG_MAX_BYTES);
    if (config_merge(format, data + 1, size - 1, &wanted, &once, &diff, NULL)) {
        if (!config_merge(format, once.data, once.len, &wanted, &twice, &again, NULL) ||
            again.count > 0 || again.encoding || once.len != twice.len ||
            (once.len > 0 && memcmp(once.data, twice.data, once.len) != 0))
            abort();
        if (diff.count == 0 && !diff.encoding &&
            (once.len != size - 1 || (once.len > 0 && memcmp(once.data, data + 1, once.len) != 0)))
            abort();
    }
    buf_done(&once);
    buf_done(&twice);
    return 0;
}
