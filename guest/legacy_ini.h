/*
 * Text of the local group policy: psscripts.ini (which scripts run at logon and start-up) and
 * gpt.ini (the version by which Windows notices a change). Pure: text in, text out. Input is UTF-8
 * or UTF-16 with a byte order mark, as the policy editor writes it; what is not understood stays as
 * it is, byte for byte.
 */
#ifndef GPUPV_GUEST_LEGACY_INI_H
#define GPUPV_GUEST_LEGACY_INI_H

#include "common/buf.h"
#include "common/err.h"

/* Which entry of psscripts.ini: `<n>CmdLine=` in section names script, alone or by the end of its
 * path. */
struct legacy_entry {
    const char *section; /* "Logon" */
    const char *script;  /* "Install.ps1" */
    const char *path;    /* "\\GroupPolicy\\User\\Scripts\\Logon\\Install.ps1" */
};

/* Copies psscripts.ini to out without the entry, with the entries behind it moved up, since Windows
 * stops reading at the first missing number. *ret_found: there was one. */
bool legacy_ini_remove(const void *data,
                       size_t length,
                       const struct legacy_entry *entry,
                       struct buf *out,
                       bool *ret_found,
                       struct err *err);

/* Copies gpt.ini to out with its version raised by one change of the user's part, or of the
 * machine's. Without a version it is copied as it is. */
bool legacy_ini_raise(
    const void *data, size_t length, bool user_part, struct buf *out, struct err *err);

/* True when the file (UTF-8 or UTF-16 with or without a mark) holds the ASCII text, compared
 * without case. */
bool legacy_text_holds(const void *data, size_t length, const char *text);

#endif
