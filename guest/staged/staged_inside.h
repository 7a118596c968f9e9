/*
 * The inside of staged*.c: notes, places, and the parts that are files of their own. Nobody else
 * includes this.
 */
#ifndef GPUPV_STAGED_INSIDE_H
#define GPUPV_STAGED_INSIDE_H

#include "guest/staged/staged.h"

#define STAGED_VERSION_BYTES 40

/* Attribute in the list of what is in place: another one's file stayed there instead of ours. */
#define STAGED_KEPT FS_SYSTEM

struct staged_notes {
    char package[FS_NAME_BYTES], version[STAGED_VERSION_BYTES];   /* in place; "" none */
    char next[FS_NAME_BYTES], next_version[STAGED_VERSION_BYTES]; /* complete; "" none */
    enum profile_when when;                                       /* of next */
    char next_boot[40];                                           /* in which it was completed */
    bool switching;                              /* next is being put in place: must go on */
    bool settled;                                /* values and links of what is in place stand */
    char staging[FS_NAME_BYTES];                 /* whose files the stage has; "" none */
    char old[DRIVER_FOLDERS_MAX][FS_NAME_BYTES]; /* package folders that nothing needs */
    size_t old_count;
    char switched_boot[40]; /* in which something was put in place */
    bool has_old;           /* there may be something in old/ */
};

struct staged {
    struct machine *machine;
    char folder[FS_PATH_BYTES];
    char places[DRIVER_PLACES][FS_PATH_BYTES], work[FS_PATH_BYTES];
    bool placed;   /* the two above are known */
    bool verified; /* the stage was compared with digests by this process */
    bool in_use;   /* the last try failed since something was in use */
    struct staged_notes notes;
    bool (*gate)(void *user); /* NULL: open */
    void *gate_user;
};

/* Asks the gate; ERR_CANCELLED when it is shut. */
bool staged_may_change(const struct staged *staged, struct err *err);

enum staged_where { STAGED_PLACE, STAGED_STAGE, STAGED_OLD };

/* The path of a file or folder of the tree (out: FS_PATH_BYTES); places must be known. */
bool staged_path(const struct staged *staged,
                 enum staged_where where,
                 const char *tree,
                 char *out,
                 struct err *err);

/* Asks the machine for its places, once. */
bool staged_places(struct staged *staged, struct err *err);

/* The notes, read and replaced as a whole. */
bool staged_notes_load(struct staged *staged, struct err *err);
bool staged_notes_save(struct staged *staged, struct err *err);

/* A list of the data folder; a missing one is empty. End it with manifest_done. */
bool staged_load_list(const struct staged *staged,
                      const char *name,
                      struct manifest *ret_files,
                      struct err *err);
bool staged_save_list(const struct staged *staged,
                      const char *name,
                      const struct manifest *files,
                      struct err *err);

/* "store/<folder>" and "store/<folder>/<name>" (MANIFEST_PATH_BYTES); false when too long. */
bool staged_folder_tree(const char *folder, char *out);

/* ---- staged_look.c ---- */

/* Adds what is in place or in the stage of each entry of base to files: see staged_list. */
bool staged_look(struct staged *staged,
                 const struct manifest *base,
                 bool with_stage,
                 bool full,
                 struct manifest *files,
                 struct err *err);

/* Adds the files of a package folder in place that base does not have. */
bool staged_look_strange(struct staged *staged,
                         const struct manifest *base,
                         const char *folder,
                         struct manifest *files,
                         struct err *err);

/* ---- staged_switch.c ---- */

/* Puts next in place; what fails is taken back. *ret_in_use: something is in use. */
bool staged_switch(struct staged *staged, const char *boot_id, bool *ret_in_use, struct err *err);

/* ---- staged_extra.c ---- */

/* Reads the settings at path; a missing file has none. */
bool staged_extra_read(const char *path, struct driver_extra *ret_extra, struct err *err);

/* Sets values and links; what is right stays untouched. *ret_all is false when values of the
 * adapter could not be set since there is no adapter yet. */
bool staged_extra_apply(struct staged *staged,
                        const struct driver_extra *extra,
                        bool *ret_all,
                        struct err *err);

/* Removes the links of `old` that `extra` does not have. */
void staged_extra_retire(struct staged *staged,
                         const struct driver_extra *old,
                         const struct driver_extra *extra);

#endif
