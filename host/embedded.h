/*
 * Data files of packaging/ that the program carries (packaging/cmake/embed.cmake). Each is replaced
 * by a file of the same name in the folder of all state.
 */
#ifndef GPUPV_HOST_EMBEDDED_H
#define GPUPV_HOST_EMBEDDED_H

#include <stddef.h>

extern const unsigned char embedded_payloads[]; /* packaging/payloads.json */
extern const size_t embedded_payloads_bytes;

extern const unsigned char embedded_known_bad[]; /* packaging/known-bad.json */
extern const size_t embedded_known_bad_bytes;

#endif
