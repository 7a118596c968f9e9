/* Conversion between UTF-8 and UTF-16, strict in both directions. */
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define UTF8_PER_UNIT 3 /* at most; a surrogate pair (two units) makes four bytes */

size_t utf16_len(const uint16_t *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

bool utf16_from_utf8(const char *utf8, uint16_t **ret_text, struct err *err)
{
    size_t length = strlen(utf8);
    const char *end = utf8 + length;
    uint16_t *text;
    size_t n = 0;

    if (!text_is_utf8(utf8, length))
        return err_set(err, ERR_BAD_INPUT, TEXT_NOT_UTF8, utf8, NULL);
    text = calloc(length + 1, sizeof *text);
    if (!text)
        return err_no_memory(err);
    while (utf8 < end) {
        uint32_t c = 0;

        utf8 += text_decode(utf8, (size_t)(end - utf8), &c);
        if (c < 0x10000) {
            text[n++] = (uint16_t)c;
        } else {
            text[n++] = (uint16_t)(0xD800 + ((c - 0x10000) >> 10));
            text[n++] = (uint16_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
        }
    }
    *ret_text = text;
    return true;
}

/* Decodes one character; 0 for a lone surrogate or an embedded zero. */
static size_t decode_utf16(const uint16_t *text, size_t units, uint32_t *ret_char)
{
    uint32_t c = text[0];

    *ret_char = c;
    if (c == 0)
        return 0;
    if (c < 0xD800 || c > 0xDFFF)
        return 1;
    if (c > 0xDBFF || units < 2 || text[1] < 0xDC00 || text[1] > 0xDFFF)
        return 0;
    *ret_char = 0x10000 + ((c - 0xD800) << 10) + (text[1] - 0xDC00u);
    return 2;
}

bool utf16_to_utf8_into(const uint16_t *text, size_t units, char *out, size_t size)
{
    size_t at = 0;

    if (size == 0)
        return false;
    while (units) {
        char bytes[4];
        uint32_t c;
        size_t used = decode_utf16(text, units, &c);
        size_t n = used ? text_encode(c, bytes) : 0;

        if (n == 0 || n >= size - at) {
            out[0] = '\0';
            return false;
        }
        memcpy(out + at, bytes, n);
        at += n;
        text += used;
        units -= used;
    }
    out[at] = '\0';
    return true;
}

bool utf16_to_utf8(const uint16_t *text, size_t units, char **ret_text, struct err *err)
{
    size_t size;
    char *out;

    if (units >= SIZE_MAX / UTF8_PER_UNIT)
        return err_no_memory(err);
    size = units * UTF8_PER_UNIT + 1;
    out = malloc(size);
    if (!out)
        return err_no_memory(err);
    if (!utf16_to_utf8_into(text, units, out, size)) {
        free(out);
        return err_set(err, ERR_BAD_INPUT, TEXT_NOT_UTF16, NULL);
    }
    *ret_text = out;
    return true;
}
