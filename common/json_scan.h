/*
 * The strict check that runs before cJSON sees a text: grammar of RFC 8259, UTF-8, limits and
 * duplicate keys, in one pass over the bytes. Keys are remembered as positions, in a small array on
 * the stack that moves to the heap for large objects only. Private to json.c.
 */
#ifndef GPUPV_JSON_SCAN_H
#define GPUPV_JSON_SCAN_H

#include "json.h"

#define JSON_DEPTH_MAX 32 /* no struct json_limits asks for more */

/* True when text is exactly one acceptable value within limits; errors name line and column. */
bool json_scan(const char *text, size_t length, const struct json_limits *limits, struct err *err);

#endif
