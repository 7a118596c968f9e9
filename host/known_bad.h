/*
 * Builds of Windows and GPUs with drivers that are known to give trouble (flow F14), as dated data:
 * the program carries packaging/known-bad.json, and a known-bad.json in the folder of all state is
 * taken in its place when it is newer. Blocking; any thread.
 */
#ifndef GPUPV_HOST_KNOWN_BAD_H
#define GPUPV_HOST_KNOWN_BAD_H

#include "common/fs.h"

#define KNOWN_BAD_MOST       128
#define KNOWN_BAD_TEXT_BYTES 200

enum known_bad_what { KNOWN_BAD_HOST, KNOWN_BAD_GUEST, KNOWN_BAD_DRIVER, KNOWN_BAD_WHATS };

struct known_bad {
    enum known_bad_what what;
    char gpu[96];          /* KNOWN_BAD_DRIVER: patterns of its name, separated by '|' */
    char from[32], to[32]; /* both count; "" leaves that end open */
    char symptom[TEXT_LANGS][KNOWN_BAD_TEXT_BYTES];
    char workaround[TEXT_LANGS][KNOWN_BAD_TEXT_BYTES];
    char source[KNOWN_BAD_TEXT_BYTES];
};

struct known_bad_list {
    char date[16]; /* "2026-11-27" */
    size_t count;
    struct known_bad rows[KNOWN_BAD_MOST];
};

/* Reads the list. A file of the person that is wrong is refused with the path of the field. */
bool known_bad_load(const char *state, struct known_bad_list *ret_list, struct err *err);

/* The first entry for a version ("10.0.26100.4946", or of a driver), NULL when there is none. gpu:
 * its name, NULL unless KNOWN_BAD_DRIVER. */
const struct known_bad *known_bad_find(const struct known_bad_list *list,
                                       enum known_bad_what what,
                                       const char *gpu,
                                       const char *version);

/* Compares versions number by number; missing numbers are 0. <0, 0, >0. */
int known_bad_compare(const char *a, const char *b);

#endif
