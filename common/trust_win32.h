/*
 * Trust in a file that somebody else made: what must hold before a program of ours runs, installs
 * or keeps it (design, Trust). The file is opened so that nobody can write, rename or remove it,
 * its SHA-256 is taken and its Authenticode signature verified over that same handle, and the
 * handle stays open until trust_file_close. Start it by trust_file_path, which no link leads
 * astray: with the file open no folder above it can be renamed.
 *
 * The file must lie in a folder that only administrators can write: a view of it that somebody
 * mapped for writing before is not seen by sharing rules. Blocking (revocation may ask the
 * network); any thread, one struct trust_file belongs to one.
 */
#ifndef GPUPV_TRUST_WIN32_H
#define GPUPV_TRUST_WIN32_H

#include "common/err.h"

#include <windows.h>

#include <wincrypt.h>

#define TRUST_SIGNER_BYTES 128

struct trust_file;

/* Opens path and checks it. sha256: 64 lower-case hex digits; publishers: allowed signers separated
 * by '|'; NULL leaves that check out (a program of Windows itself). ERR_UNSAFE: another hash, no
 * valid signature, another signer, or not a plain file on this computer; ERR_BUSY: somebody has it
 * open for writing. The caller frees with trust_file_close. */
bool trust_file_open(const char *path,
                     const char *sha256,
                     const char *publishers,
                     struct trust_file **ret_file,
                     struct err *err);

/* Lets go of the file; NULL is fine. */
void trust_file_close(struct trust_file *file);

/* The path to use while the file is open: absolute, without links. Owned by file. */
const char *trust_file_path(const struct trust_file *file);

/* Who signed it, "" when publishers was NULL. Owned by file. */
const char *trust_file_signer(const struct trust_file *file);

/* The signer's certificate, NULL when publishers was NULL. Owned by file. */
PCCERT_CONTEXT trust_file_certificate(const struct trust_file *file);

/* The organisation of a certificate, where there is none its common name, else "". */
void trust_certificate_name(PCCERT_CONTEXT certificate, char *out, size_t size);

#endif
