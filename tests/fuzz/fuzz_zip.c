/* ZIP archives: what is accepted has safe names and unpacks to the sizes that were claimed. */
#include "tests/fuzz/fuzz.h"

#include "common/zip.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zip zip;
    size_t i;

    if (!zip_open(data, size, &zip, NULL))
        return 0;
    for (i = 0; i < zip.count; i++) {
        const struct zip_entry *entry = &zip.entries[i];
        struct buf out;

        if (entry->name[0] == '/' || strncmp(entry->name, "../", 3) == 0 ||
            strstr(entry->name, "/../") || strchr(entry->name, '\\') || strchr(entry->name, ':'))
            abort();
        if (entry->folder || entry->bytes > 1024 * 1024)
            continue;
        buf_init(&out, 1024 * 1024);
        if (zip_read(&zip, entry, &out, NULL) && out.len != entry->bytes)
            abort();
        buf_done(&out);
    }
    zip_done(&zip);
    return 0;
}
