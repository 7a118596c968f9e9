/*
 * Stand-ins for installers: small files that only a simulated Windows runs, so that no product is
 * redistributed. They say who would have signed them. A stand-in for a ZIP file is a real archive
 * with one stored program in it. Pure.
 */
#ifndef GPUPV_HOST_GUEST_STAND_IN_H
#define GPUPV_HOST_GUEST_STAND_IN_H

#include "common/buf.h"

/* Appends a stand-in; program: the name of the file inside an archive, NULL for a plain file. False
 * when out is full. */
bool stand_in_write(struct buf *out,
                    const char *program,
                    const char *publisher,
                    const char *version);

/* What a stand-in says of itself; "" for both when it is none. */
void stand_in_read(const struct buf *data,
                   char *ret_publisher,
                   size_t publisher_size,
                   char *ret_version,
                   size_t version_size);

#endif
