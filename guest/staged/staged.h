/*
 * The host's GPU driver as it lies in the guest: the package in place, one that is on its way, and
 * what is left of the old one. Files come into a folder beside the places of the package (the
 * stage), are flushed, and then a note is written that they shall be put in place; from there on
 * everything goes forward: each folder by one rename, each loose file by one rename after the old
 * one (which may be in use) was renamed aside, values and links last. Whatever dies in between, the
 * next start goes on, and what fails is taken back, so that there always is one whole package.
 *
 *   <store>/../gpupv/stage/...   the package that comes, as the tree of driver_tree.h
 *   <store>/../gpupv/old/...     what was replaced; removed after a good boot
 *   <data>/drivers.json          the notes; drivers.gpm: the list of what is in place (the truth),
 *   <data>/drivers-next.gpm      of what is to be put in place; drivers-extra.json: its settings
 *
 * One thread at a time (the job thread).
 */
#ifndef GPUPV_STAGED_H
#define GPUPV_STAGED_H

#include "common/bulk.h"
#include "common/driver_extra.h"
#include "common/profile.h"
#include "guest/machine/machine.h"

#define STAGED_NOTES_FILE "drivers.json"
#define STAGED_LIST_FILE  "drivers.gpm"
#define STAGED_NEXT_FILE  "drivers-next.gpm"
#define STAGED_EXTRA_FILE "drivers-extra.json"
#define STAGED_LIST_BYTES ((size_t)16 << 20)

/* What became of a package. */
enum staged_state {
    STAGED_NONE,    /* nothing of that name */
    STAGED_DONE,    /* in place */
    STAGED_WAITING, /* complete; put in place when nobody is disturbed */
    STAGED_REBOOT   /* complete; something is in use until Windows starts anew */
};

/* What the engine knows of the moment. */
struct staged_moment {
    bool known;      /* checks have run in this process */
    bool in_use;     /* somebody would be disturbed */
    bool gpu_broken; /* the adapter does not work as it is: nothing to disturb */
    bool gpu_good;   /* adapter and driver are as they should be */
    char boot_id[40];
};

struct staged;

/* Reads the notes in folder (the agent's data). Damaged ones are begun anew, *ret_damage says so.
 * The caller frees with staged_close. */
bool staged_open(struct machine *machine,
                 const char *folder,
                 struct staged **ret_staged,
                 struct err *ret_damage,
                 struct err *err);

/* NULL is fine. */
void staged_close(struct staged *staged);

/* For tests of sudden death: asked before each change of the disk or the registry; once it says
 * false it must go on saying so, and everything fails without changing anything. */
void staged_set_gate(struct staged *staged, bool (*gate)(void *user), void *user);

/* What the guest has of a package: every file that is there, by its size and time with the digest
 * that was noted, otherwise (and with `full`) with the digest of its content; strange files in its
 * folders too. A package that is complete and waits counts as if it were in place. The caller ends
 * *ret_files with manifest_done. */
bool staged_list(struct staged *staged,
                 const char *package,
                 bool full,
                 struct manifest *ret_files,
                 struct err *err);

/* The state of a package, and the version that is in place ("" none; 40 bytes, may be NULL). */
enum staged_state staged_state(const struct staged *staged, const char *package, char *ret_version);

/* Gets ready for files of a package: checks paths and space, forgets another one that had begun;
 * says which files are there already (have: files->count entries). ret_folder (FS_PATH_BYTES): the
 * stage. */
bool staged_begin(struct staged *staged,
                  const char *package,
                  const struct manifest *files,
                  struct bulk_have *have,
                  char *ret_folder,
                  struct err *err);

/* Writes bytes of one file of the stage; the last ones make it whole. *ret_next: where to go on. */
bool staged_write(struct staged *staged,
                  const char *package,
                  const char *path,
                  uint64_t size_bytes,
                  uint64_t offset,
                  const void *data,
                  size_t length,
                  uint64_t *ret_next,
                  struct err *err);

/* Checks that stage and places have the whole package, flushes it and notes that it shall be put
 * in place; does so if the moment allows. */
bool staged_commit(struct staged *staged,
                   const char *package,
                   const char *version,
                   enum profile_when when,
                   const struct manifest *files,
                   const struct staged_moment *moment,
                   enum staged_state *ret_state,
                   struct err *err);

/* Throws away what came of a package that was not put in place. */
bool staged_abort(struct staged *staged, const char *package, struct err *err);

/* Goes on with what waits if the moment allows, and removes what is old after a good boot. Called
 * at the start and after every pass; cheap when there is nothing to do. *ret_changed: something was
 * put in place. */
bool staged_settle(struct staged *staged,
                   const struct staged_moment *moment,
                   bool *ret_changed,
                   struct err *err);

#endif
