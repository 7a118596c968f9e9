/*
 * From the parameters of a CopyFilesToVM.ps1 to a VM spec. What gpupv does differently, does not
 * do, or keeps out of files (passwords, keys) is listed with the reason instead of being dropped.
 * Pure, but that the spec's defaults ask the machine for its size.
 */
#ifndef GPUPV_HOST_IMPORT_H
#define GPUPV_HOST_IMPORT_H

#include "host/script.h"
#include "host/spec.h"

/* A parameter that is not in the spec. */
struct import_unused {
    char key[SCRIPT_KEY_BYTES];
    unsigned line;
    struct err why;
};

struct import {
    struct spec spec;
    size_t unused_count;
    struct import_unused unused[SCRIPT_ENTRIES];
};

/* Fills *ret_import, in the order of the script. A parameter whose value cannot be used is one of
 * the unused. */
void import_script(const struct script *script, struct import *ret_import);

#endif
