/*
 * GUIDs as disks store them: the first three fields little-endian, as in the Windows struct. Text
 * is lower-case without braces, as elsewhere in the program. Pure.
 */
#ifndef GPUPV_IMAGE_GUID_H
#define GPUPV_IMAGE_GUID_H

#include <stdbool.h>
#include <stdint.h>

#define GUID_BYTES      16
#define GUID_TEXT_BYTES 37 /* with the terminating zero */

struct guid {
    uint8_t bytes[GUID_BYTES]; /* as stored */
};

/* "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" to a guid; either case, braces are allowed. */
bool guid_parse(const char *text, struct guid *ret_guid);

/* Writes the text into out (GUID_TEXT_BYTES) and returns it. */
const char *guid_text(const struct guid *guid, char *out);

/* True when guid has this text, which is lower-case and without braces. */
bool guid_is(const struct guid *guid, const char *text);

/* True when they are the same. */
bool guid_equal(const struct guid *a, const struct guid *b);

/* True when all bytes are zero. */
bool guid_is_zero(const struct guid *guid);

#endif
