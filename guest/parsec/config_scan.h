/*
 * Positions in a JSON text: the grammar without a tree, so that config_json.c can change a value
 * and leave every other byte as it is. Internal to guest/parsec/config_json*.c.
 */
#ifndef GPUPV_GUEST_PARSEC_CONFIG_SCAN_H
#define GPUPV_GUEST_PARSEC_CONFIG_SCAN_H

#include "guest/parsec/config_edit.h"

#define SCAN_DEPTH 16

/* A place in the text. */
struct scan {
    const char *p;
    const char *end;
};

/* One member of an object; the pieces point into the text. */
struct scan_member {
    struct config_span lead;  /* blanks before the key */
    struct config_span key;   /* with its quotes */
    struct config_span value; /* without blanks around it */
    struct config_span tail;  /* blanks behind the value */
};

/* The start of a text. */
struct scan scan_start(struct config_span text);

/* Passes over blanks. */
void scan_blanks(struct scan *scan);

/* Passes over one character; false when another one stands there. */
bool scan_take(struct scan *scan, char wanted);

/* Passes over one value of at most depth levels; false when none stands there. */
bool scan_value(struct scan *scan, unsigned depth);

/* Takes the next member of an object that scan_value accepted, from behind its opening bracket;
 * false at its end, the scan then stands on the closing bracket. */
bool scan_member(struct scan *scan, struct scan_member *ret_member);

#endif
