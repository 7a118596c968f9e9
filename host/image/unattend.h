/*
 * The answer file for Windows Setup, as it lies in Windows\Panther\unattend.xml of a disk that was
 * applied and never booted: the passes specialize and oobeSystem, which ask nobody anything and end
 * on the desktop of a local administrator. Facts: imaging.md 1.7, guest.md 6.5.
 *
 * The password in it is only disguised, as Windows wants it; the agent removes the file after the
 * first sign-in, and what Windows keeps of it. Pure.
 */
#ifndef GPUPV_UNATTEND_H
#define GPUPV_UNATTEND_H

#include "common/buf.h"
#include "common/err.h"

#define UNATTEND_BYTES 32768
#define UNATTEND_FILE  "unattend.xml"

struct unattend {
    const char *architecture; /* "amd64" */
    const char *computer;
    const char *user;
    const char *password;
    bool autologon;
    const char *language;  /* of the image: "zh-CN" */
    const char *locale;    /* formats and system locale */
    const char *keyboard;  /* "0407:00000407", or a locale for its usual one */
    const char *time_zone; /* as Windows names it, "" leaves Windows its own */
};

/* Checks the names and the password and appends the answer file to out, which holds a secret
 * ERR_USAGE for what Windows would refuse. */
bool unattend_write(const struct unattend *unattend, struct buf *out, struct err *err);

#endif
