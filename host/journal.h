/*
 * The journals of long work on disks (common/steps.h): one file for each piece of work, named after
 * its kind and what it works on, and a lock that says that somebody is at it. What a process that
 * died left is ended later, by the same work on the same thing or by `images clean`; what lives is
 * left alone. Blocking.
 */
#ifndef GPUPV_HOST_JOURNAL_H
#define GPUPV_HOST_JOURNAL_H

#include "host/command.h"

#define JOURNAL_NAME_BYTES 64

struct journal {
    char name[JOURNAL_NAME_BYTES]; /* of the steps plan */
    char path[FS_PATH_BYTES];
    struct fs_lock *lock;
};

/* Locks and names the journal of work of this kind ("flatten-") on a thing (path or id). ERR_BUSY
 * when somebody is at it. End with journal_close. */
bool journal_open(struct call *call,
                  const char *kind,
                  const char *thing,
                  struct journal *ret_journal,
                  struct err *err);

/* Releases the lock; the file is that of the steps. */
void journal_close(struct journal *journal);

/* Calls settle, locked, for each journal of a kind that nobody is at, until one fails. */
bool journal_each(struct call *call,
                  const char *kind,
                  bool (*settle)(const struct journal *journal, void *user, struct err *err),
                  void *user,
                  struct err *err);

#endif
