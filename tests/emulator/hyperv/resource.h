/* Settings of machines and their resources: what may be added, changed and removed, and when. All
 * functions that can fail say why and leave undoing to the job. owner is the id of a machine. */
#ifndef GPUPV_TESTS_HYPERV_RESOURCE_H
#define GPUPV_TESTS_HYPERV_RESOURCE_H

#include "job.h"
#include "store.h"

#define SUB_TYPE "Microsoft:Hyper-V:"

/* Rules of one kind of resource. */
struct resource_kind {
    const char *sub_type, *class;
    const char *parent, *other_parent; /* sub types that it hangs on; NULL: on nothing */
    uint16_t type;
    uint8_t most;   /* of them in a machine, 0: any number */
    bool while_off; /* added, changed and removed only while the machine is off */
    bool by_hand;   /* may come without its template, with type and sub type */
    bool addable;   /* else it comes with the machine */
    /* More rules for a row that is in the state already, new or changed; NULL: none. */
    bool (*check)(cJSON *row, const char *owner, struct failure *failure);
};

/* The rules for a sub type; NULL: unknown. */
const struct resource_kind *resource_kind(const char *sub_type);

/* resource_add.c: adds {"class", "p"} to a machine; *ret_row stays valid while nothing fails. */
bool resource_add(const cJSON *instance,
                  const char *owner,
                  cJSON **ret_row,
                  struct failure *failure);

/* resource_modify.c: changes the row that {"class", "p"} names; what is null stays. */
bool resource_modify(const cJSON *instance, cJSON **ret_row, struct failure *failure);

/* The row of a machine that an embedded instance or a path is about, or NULL; whether the change
 * needs the machine to be off. */
cJSON *resource_row(const cJSON *instance);
bool resource_needs_off(const cJSON *row, const cJSON *properties);

/* resource_remove.c: removes a row with what hangs on it. */
bool resource_remove(cJSON *row, struct failure *failure);

/* storage.c, network.c, gpu.c: checks of kinds. */
bool storage_check_drive(cJSON *row, const char *owner, struct failure *failure);
bool storage_check_media(cJSON *row, const char *owner, struct failure *failure);
bool network_check_port(cJSON *row, const char *owner, struct failure *failure);
void network_removed(const cJSON *port);
bool network_check_connection(cJSON *row, const char *owner, struct failure *failure);
bool gpu_check(cJSON *row, const char *owner, struct failure *failure);
bool memory_check(cJSON *row, const char *owner, struct failure *failure);
bool processor_check(cJSON *row, const char *owner, struct failure *failure);

/* The GPU that a partition is pinned to, NULL: any; *ret_gone when its path leads nowhere. */
cJSON *gpu_of(const cJSON *partition, bool *ret_gone);
cJSON *gpu_any(void);              /* NULL: none */
bool gpu_hidden(const cJSON *gpu); /* setting HideGpu: the card was taken out */
bool gpu_amounts_given(const cJSON *properties);
bool gpu_in_use(const char *owner); /* the machine has a partition */

/* system_modify.c: changes settings of a machine as ModifySystemSettings does. */
bool system_modify(const cJSON *instance, struct failure *failure);
bool system_needs_off(const cJSON *settings, const cJSON *properties);
bool system_values_allowed(const cJSON *properties, struct failure *failure);

/* Values as Hyper-V keeps them: upper case ids, one note. */
void settings_normalise(cJSON *settings);

/* boot.c: the entry of a drive or port in the order of its machine. */
void boot_add(const cJSON *device, const char *description, int type);
void boot_remove(const cJSON *device);

/* snapshot.c: a snapshot of a machine as it is; its settings. */
cJSON *snapshot_new(const char *id, const char *name);
bool snapshot_any(const char *id);

#endif
