/*
 * What manifest*.c share: neighbours in the order, and the bytes of a digest. Private to them.
 */
#ifndef GPUPV_MANIFEST_CHECK_H
#define GPUPV_MANIFEST_CHECK_H

#include "manifest.h"

/* Checks two neighbours in a list: ERR_UNSAFE for twins and for a file in the place of a folder,
 * ERR_BAD_INPUT when they stand in the wrong order. Checking all neighbours checks the whole list,
 * as what is below one folder stands together. */
bool manifest_check_pair(const char *before, const char *after, struct err *err);

/* Bytes of a digest on the wire. */
size_t manifest_digest_bytes(enum manifest_digest digest);

#endif
