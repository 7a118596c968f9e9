/* What a host says of a payload: the first byte is the kind, then file, version and publisher, each
 * ended by a zero. A file name that is accepted can be one component of a path on every system. */
#include "tests/fuzz/fuzz.h"

#include "guest/payload_store.h"

#include <stdlib.h>
#include <string.h>

static void take(const uint8_t **data, size_t *size, char *out, size_t room)
{
    size_t length = 0;

    while (length < *size && (*data)[length])
        length++;
    memset(out, 0, room);
    memcpy(out, *data, length < room ? length : room - 1);
    length += length < *size;
    *data += length;
    *size -= length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct payload_info info = {.size_bytes = 1};
    char name[PAYLOAD_PATH_NAME];

    if (size == 0)
        return 0;
    info.id = (enum payload_id)(*data++ % PAYLOAD_COUNT);
    size--;
    memset(info.sha256, 'a', sizeof info.sha256 - 1);
    take(&data, &size, info.file, sizeof info.file);
    take(&data, &size, info.version, sizeof info.version);
    take(&data, &size, info.publisher, sizeof info.publisher);
    if (size > 0)
        info.sha256[0] = (char)*data;
    if (!payload_info_check(&info, NULL))
        return 0;
    if (strpbrk(info.file, "/\\:*?\"<>|\x1b\n") || strcmp(info.file, "..") == 0)
        abort();
    payload_part_name(&info, name);
    if (!fs_name_is_safe(name))
        abort();
    return 0;
}
