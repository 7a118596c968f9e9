/* Signatures of driver packages: what SetupVerifyInfFile says, and what an installation does with
 * it. */
#ifndef GPUPV_TESTS_PNP_VERIFY_H
#define GPUPV_TESTS_PNP_VERIFY_H

#include "machine.h"

struct verdict {
    DWORD code; /* 0: Microsoft's own or WHQL; ERROR_AUTHENTICODE_TRUSTED_PUBLISHER: a publisher in
                   the store; ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED: Windows would ask; else
                   refused */
    wchar_t signer[PNP_TEXT_MAX];
    wchar_t catalog[PATH_CHARS];
    wchar_t certificate[48]; /* SHA-1, hex; empty when nothing was signed */
};

/* Judges the package of an INF, which may lie in the driver store. */
void verify_inf(const wchar_t *path, struct verdict *ret_verdict);

/* Judges a certificate by its SHA-1 as verify_inf would. */
DWORD verify_certificate(const wchar_t *certificate, const wchar_t *trust);

#endif
