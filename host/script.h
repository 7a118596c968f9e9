/*
 * The parameter block of a CopyFilesToVM.ps1: `$params = @{ Key = Value ... }` of Easy-GPU-PV and
 * its forks, or the lines "Key=Value" of a params.txt. The text is only read, never run: a value
 * that is no plain literal (an expression, a string with a variable in it) is handed over as text
 * with the kind SCRIPT_EXPRESSION. The text may come from anywhere; whatever is in it, reading
 * ends. Pure.
 */
#ifndef GPUPV_HOST_SCRIPT_H
#define GPUPV_HOST_SCRIPT_H

#include "common/err.h"

#include <stddef.h>

#define SCRIPT_BYTES       ((size_t)4 << 20) /* the original has 180,000 */
#define SCRIPT_ENTRIES     128
#define SCRIPT_KEY_BYTES   64
#define SCRIPT_VALUE_BYTES 1024

enum script_kind { SCRIPT_TEXT, SCRIPT_NUMBER, SCRIPT_BOOL, SCRIPT_EXPRESSION };

struct script_entry {
    char key[SCRIPT_KEY_BYTES];
    enum script_kind kind;
    char text[SCRIPT_VALUE_BYTES]; /* of any kind, as UTF-8; cut when it was longer */
    int64_t number;                /* SCRIPT_NUMBER; SCRIPT_BOOL: 0 or 1 */
    unsigned line;                 /* from 1 */
};

struct script {
    size_t count;
    struct script_entry entries[SCRIPT_ENTRIES];
};

/* Reads the block out of a file's bytes (UTF-8 or UTF-16 with or without a mark). ERR_NOT_FOUND
 * when there is none, ERR_BAD_INPUT with the line when it does not end. */
bool script_read(const void *bytes, size_t length, struct script *ret_script, struct err *err);

#endif
