/* Journals of work on disks. */
#include "host/journal.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define FOLDER  "journal/"
#define LOCKS   "locks/"
#define WAIT_MS 10000 /* `images clean` looks at it for a moment */

static bool lock(struct call *call, struct journal *journal, int64_t wait_ms, struct err *err)
{
    char file[sizeof LOCKS + JOURNAL_NAME_BYTES], path[FS_PATH_BYTES];

    snprintf(file, sizeof file, LOCKS "%s", journal->name);
    return store_own_path(call->store, file, path, err) &&
           fs_lock(path, wait_ms, &journal->lock, err);
}

bool journal_open(struct call *call,
                  const char *kind,
                  const char *thing,
                  struct journal *ret_journal,
                  struct err *err)
{
    char file[sizeof FOLDER + JOURNAL_NAME_BYTES];
    struct journal journal = {.lock = NULL};

    snprintf(journal.name,
             sizeof journal.name,
             "%s%016llx",
             kind,
             (unsigned long long)XXH64(thing, strlen(thing), 0));
    snprintf(file, sizeof file, FOLDER "%s", journal.name);
    if (!store_own_path(call->store, file, journal.path, err) ||
        !lock(call, &journal, WAIT_MS, err))
        return false;
    *ret_journal = journal;
    return true;
}

void journal_close(struct journal *journal)
{
    fs_unlock(journal->lock);
    journal->lock = NULL;
}

struct walk {
    struct call *call;
    const char *kind;
    const char *folder;
    bool (*settle)(const struct journal *journal, void *user, struct err *err);
    void *user;
    bool ok;
    struct err *err;
};

static bool settle_one(const char *name, enum fs_kind kind, void *user)
{
    struct walk *walk = user;
    struct journal journal = {.lock = NULL};
    struct err why = ERR_INIT;

    if (kind != FS_FILE || strncmp(name, walk->kind, strlen(walk->kind)) != 0 ||
        strlen(name) >= sizeof journal.name || strchr(name, '.'))
        return true;
    text_copy(journal.name, sizeof journal.name, name);
    walk->ok = fs_join(journal.path, walk->folder, name, walk->err);
    if (walk->ok && !lock(walk->call, &journal, 0, &why)) {
        walk->ok = why.kind == ERR_BUSY;
        if (!walk->ok && walk->err)
            *walk->err = why;
        return walk->ok;
    }
    walk->ok = walk->ok && walk->settle(&journal, walk->user, walk->err);
    journal_close(&journal);
    return walk->ok;
}

bool journal_each(struct call *call,
                  const char *kind,
                  bool (*settle)(const struct journal *journal, void *user, struct err *err),
                  void *user,
                  struct err *err)
{
    char folder[FS_PATH_BYTES];
    struct walk walk = {call, kind, folder, settle, user, true, err};

    /* any file of that folder names it */
    if (!store_own_path(call->store, FOLDER "x", folder, err))
        return false;
    fs_parent(folder);
    return fs_list(folder, settle_one, &walk, err) && walk.ok;
}
