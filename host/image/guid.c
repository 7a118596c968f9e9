/* GUIDs in the order of disks. */
#include "host/image/guid.h"

#include "common/link.h"

#include <string.h>

/* From the order of the text to that of the disk, and back. */
static void swap(const uint8_t *from, uint8_t *to)
{
    static const uint8_t order[GUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    for (unsigned i = 0; i < GUID_BYTES; i++)
        to[i] = from[order[i]];
}

bool guid_parse(const char *text, struct guid *ret_guid)
{
    struct link_guid parsed;

    if (!link_guid_parse(text, &parsed))
        return false;
    swap(parsed.bytes, ret_guid->bytes);
    return true;
}

const char *guid_text(const struct guid *guid, char *out)
{
    struct link_guid swapped;

    swap(guid->bytes, swapped.bytes);
    return link_guid_text(&swapped, out);
}

bool guid_is(const struct guid *guid, const char *text)
{
    char own[GUID_TEXT_BYTES];

    return strcmp(guid_text(guid, own), text) == 0;
}

bool guid_equal(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, GUID_BYTES) == 0;
}

bool guid_is_zero(const struct guid *guid)
{
    static const struct guid zero;

    return guid_equal(guid, &zero);
}
