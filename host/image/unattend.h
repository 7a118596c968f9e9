/*
 * The answer file for Windows Setup, as it lies in Windows\Panther\unattend.xml of a disk that was
 * applied and never booted: the passes specialize and oobeSystem, which ask nobody anything and end
 * on the desktop of a local administrator. Facts: imaging.md 1.7, guest.md 6.5.
 *
 * Secrets in it: the user's password under LocalAccount and AutoLogon, for a server also under
 * AdministratorPassword, each only disguised (base64 of UTF-16 of password and element name), as
 * Windows wants it; the product key in plain text. Setup keeps the file where it lies, and
 * autologon leaves the password with Winlogon (DefaultPassword) until its count is used up. The
 * agent removes all of that after the first sign-in. Pure.
 */
#ifndef GPUPV_UNATTEND_H
#define GPUPV_UNATTEND_H

#include "common/buf.h"
#include "common/err.h"

#define UNATTEND_BYTES     32768
#define UNATTEND_FILE      "unattend.xml"
#define UNATTEND_KEY_BYTES 64

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
    bool administrator;    /* a server: its built-in account gets the password too, else it asks */
    const char *product_key; /* NULL or "": the edition's own */
};

/* Checks a product key by its form. ERR_USAGE; never tells it. */
bool unattend_check_key(const char *key, struct err *err);

/* Checks the names and the password and appends the answer file to out, which holds a secret
 * ERR_USAGE for what Windows would refuse. */
bool unattend_write(const struct unattend *unattend, struct buf *out, struct err *err);

#endif
