/*
 * UTF-16 as arrays of uint16_t (little endian as in memory on our targets), portable so that
 * MULTI_SZ lists, hives and Windows strings can be tested everywhere. Lone surrogates are refused
 * on the way in and out. Pure.
 */
#ifndef GPUPV_UTF16_H
#define GPUPV_UTF16_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

/* Length of a zero-terminated UTF-16 string in units. */
size_t utf16_len(const uint16_t *text);

/* Converts UTF-8 to a zero-terminated UTF-16 string; the caller frees *ret_text with free(). */
bool utf16_from_utf8(const char *utf8, uint16_t **ret_text, struct err *err);

/* Converts units of UTF-16 to UTF-8; the caller frees *ret_text with free(). */
bool utf16_to_utf8(const uint16_t *text, size_t units, char **ret_text, struct err *err);

/* The same into a fixed array; false when it does not fit or is malformed. */
bool utf16_to_utf8_into(const uint16_t *text, size_t units, char *out, size_t size);

#endif
