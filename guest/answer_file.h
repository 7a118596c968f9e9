/*
 * Passwords and product keys in an answer file of Windows Setup. Windows keeps such files after
 * setup, and what they say of a password is at best disguised: the text is replaced by the words
 * that Windows itself leaves there, everything else stays as it is. Pure; any bytes.
 */
#ifndef GPUPV_GUEST_ANSWER_FILE_H
#define GPUPV_GUEST_ANSWER_FILE_H

#include "common/buf.h"

#define ANSWER_FILE_BYTES   ((size_t)1024 * 1024) /* larger ones are not understood */
#define ANSWER_FILE_DELETED "*SENSITIVE*DATA*DELETED*"

enum answer_file {
    ANSWER_FILE_CLEAN,  /* says no secret */
    ANSWER_FILE_SECRET, /* says one */
    ANSWER_FILE_STRANGE /* may say one, and is not of a form that can be edited */
};

/* Looks at the file; with SECRET the file without its passwords is appended to out, unless that is
 * NULL. out may run out of room: buf's `failed`. */
enum answer_file answer_file_scrub(const void *data, size_t length, struct buf *out);

#endif
