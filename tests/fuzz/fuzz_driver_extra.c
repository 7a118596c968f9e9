/* The settings of a driver package: what is accepted is written and read back as it was, and names
 * no place but its own. */
#include "tests/fuzz/fuzz.h"

#include "common/driver_extra.h"

#include <stdlib.h>
#include <string.h>

static struct driver_extra extra, again;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text;

    if (!driver_extra_parse((const char *)data, size, &extra, NULL))
        return 0;
    for (size_t i = 0; i < extra.value_count; i++)
        if (extra.values[i].key == DRIVER_KEY_SERVICE && strstr(extra.values[i].text, ".."))
            abort();
    for (size_t i = 0; i < extra.link_count; i++)
        if (!fs_name_is_safe(extra.links[i]))
            abort();
    buf_init(&text, 8 * DRIVER_EXTRA_BYTES);
    if (!driver_extra_write(&extra, &text, NULL))
        abort();
    if (text.len <= DRIVER_EXTRA_BYTES &&
        (!driver_extra_parse(buf_str(&text), text.len, &again, NULL) ||
         again.value_count != extra.value_count || again.newer_count != extra.newer_count))
        abort();
    buf_done(&text);
    return 0;
}
