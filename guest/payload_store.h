/*
 * What payload.c and payload_put.c share: how the store lies on the disk. Internal to them.
 */
#ifndef GPUPV_GUEST_PAYLOAD_STORE_H
#define GPUPV_GUEST_PAYLOAD_STORE_H

#include "guest/payload.h"

struct payload_store {
    char folder[FS_PATH_BYTES]; /* .../payloads */
};

#define PAYLOAD_PATH_NAME 96 /* of an entry of the store's folder */

/* Names in the store's folder: the record, the folder of a version, the file that is being put. */
void payload_record_name(enum payload_id id, char *out);
void payload_version_name(const struct payload_info *info, char *out);
void payload_part_name(const struct payload_info *info, char *out);

/* False, with a reason, unless info can be what the host's word says: ERR_BAD_INPUT, ERR_TOO_LARGE,
 * or ERR_UNSAFE for a publisher that is not allowed for this payload. */
bool payload_info_check(const struct payload_info *info, struct err *err);

/* The current version whose record can be read and whose file is as recorded. A damaged one counts
 * as absent, so that it can be put again. */
bool payload_current(struct payload_store *store,
                     enum payload_id id,
                     struct payload_info *ret_info);

/* Makes info the current version: the commit of a put. */
bool payload_record_write(struct payload_store *store,
                          const struct payload_info *info,
                          struct err *err);

/* Removes versions of id that are not current, and unfinished puts of other files than keep (NULL:
 * of all). */
bool payload_sweep(struct payload_store *store,
                   enum payload_id id,
                   const struct payload_info *keep,
                   struct err *err);

#endif
