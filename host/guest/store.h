/*
 * The VM store: what gpupv knows about the VMs that it manages, one private folder per VM id below
 * <state>/store/vms: vm.json (this record), health.json (the last report, with its time), key.json
 * (common/key.h) and lock. A record that cannot be read is one error of that VM and hides no other.
 * Writes are atomic; a command that changes a VM holds its lock, readers need none. Blocking; any
 * thread.
 */
#ifndef GPUPV_HOST_GUEST_STORE_H
#define GPUPV_HOST_GUEST_STORE_H

#include "common/health.h"
#include "host/spec.h"

#define STORE_VERSION 1
#define STORE_FILES   8
#define STORE_LOCK_MS                                                                              \
    300 /* a killed command may hold its locks for a moment: children not yet started */

enum store_wanted { STORE_WANTED_OFF, STORE_WANTED_RUNNING };

/* A file or folder that gpupv made for the VM; `remove` deletes these and nothing else. */
struct store_file {
    char path[FS_PATH_BYTES];
    bool folder;
};

struct store_vm {
    char id[VM_ID_BYTES];
    bool adopted; /* made by somebody else */
    bool set_up;  /* Windows and the agent went through a first boot: the GPU may come */
    bool ready;   /* `up` went through once */
    enum store_wanted wanted; /* what the last start or stop asked for */
    char gpu[GPU_PATH_BYTES]; /* the GPU that the VM shall have, "" none */
    char gpu_name[GPU_NAME_BYTES];
    bool gpu_held_back; /* started without it on purpose */
    char driver_id[24]; /* the content of the GPU driver package that the VM got last, "" none */
    char driver_version[32]; /* and its version */
    bool profile_pending;    /* changed while the VM was off: goes in at the next start */
    struct spec spec;
    struct store_file files[STORE_FILES];
    size_t file_count;
};

struct store;

/* One entry of store_list. */
struct store_entry {
    char id[VM_ID_BYTES];
    bool readable; /* vm is set, else why */
    struct store_vm vm;
    struct err why;
};

/* Opens the store below the folder of all state; makes it when missing. */
bool store_open(const char *state, struct store **ret_store, struct err *err);

/* NULL is fine. */
void store_free(struct store *store);

/* All VMs. Caller frees *ret_entries with free. */
bool store_list(struct store *store,
                struct store_entry **ret_entries,
                size_t *ret_count,
                struct err *err);

/* One VM; ERR_NOT_FOUND when it is not managed. */
bool store_load(struct store *store, const char *id, struct store_vm *ret_vm, struct err *err);

/* Saves the record; makes the VM's folder when missing. */
bool store_save(struct store *store, const struct store_vm *vm, struct err *err);

/* Forgets the VM: its folder goes. */
bool store_remove(struct store *store, const char *id, struct err *err);

/* Adds a path to the files that gpupv made; one that is there already is fine. */
bool store_vm_add_file(struct store_vm *vm, const char *path, bool folder, struct err *err);

/* The last report; ERR_NOT_FOUND when there is none. */
bool store_health_load(struct store *store,
                       const char *id,
                       struct health *ret_health,
                       struct err *err);
bool store_health_save(struct store *store,
                       const char *id,
                       const struct health *health,
                       struct err *err);

/* The path of a file in the VM's folder (out: FS_PATH_BYTES). */
bool store_path(
    const struct store *store, const char *id, const char *file, char *out, struct err *err);

/* The path of a file that belongs to no VM, "journal/x.json": its folders are made. */
bool store_own_path(const struct store *store, const char *file, char *out, struct err *err);

/* Locks a VM for a change, by id (name is for the error) or, while it has none, by name (without
 * case). ERR_BUSY. Release with fs_unlock. */
bool store_lock_vm(struct store *store,
                   const char *id,
                   const char *name,
                   struct fs_lock **ret_lock,
                   struct err *err);
bool store_lock_name(struct store *store,
                     const char *name,
                     struct fs_lock **ret_lock,
                     struct err *err);

#endif
