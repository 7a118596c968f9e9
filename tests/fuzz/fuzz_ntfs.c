/* The state of an NTFS volume: a sound volume with some bytes changed. Input: for each change the
 * place (two bytes) and the byte. */
#include "tests/fuzz/fuzz.h"

#include "host/image/ntfs_state.h"
#include "tests/support/ntfs_write.h"

#include <stdlib.h>

#define CHANGE_BYTES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t volume[NTFS_WRITE_BYTES];
    struct ntfs_write what = {.size_bytes = UINT64_C(1) << 30, .log_used = size & 1};
    struct source *source = NULL;
    struct err err = ERR_INIT;
    bool dirty = false;

    ntfs_write(&what, volume);
    for (size_t i = 0; i + CHANGE_BYTES <= size; i += CHANGE_BYTES)
        volume[data[i] | data[i + 1] << 8] = data[i + 2];
    if (!source_open_memory(volume, sizeof volume, "volume", &source, &err))
        abort();
    if (!ntfs_state(source, &dirty, &err) && err.kind != ERR_BAD_INPUT)
        abort();
    source_free(source);
    return 0;
}
