/* Virtual machines: which rows a new one has, its power, and the guest inside, which is either made
 * up or what the hooks of a test run. */
#ifndef GPUPV_TESTS_HYPERV_MACHINE_H
#define GPUPV_TESTS_HYPERV_MACHINE_H

#include "job.h"
#include "store.h"

enum {
    POWER_UNKNOWN = 0,
    POWER_OTHER = 1,
    POWER_RUNNING = 2,
    POWER_OFF = 3,
    POWER_STOPPING = 4,
    POWER_SAVED = 6,
    POWER_PAUSED = 9,
    POWER_STARTING = 10
};

#define TYPE_REALIZED "Microsoft:Hyper-V:System:Realized"
#define TYPE_SNAPSHOT "Microsoft:Hyper-V:Snapshot:Realized"
#define DEFINITION    "Microsoft:Definition\\"

/* The id behind "Microsoft:" up to the next backslash: of a machine or snapshot, or "Definition".
 * Caller frees. */
char *instance_owner(const char *instance_id);

/* A machine, its settings, the next of the settings that belong to the same machine or snapshot. */
cJSON *machine_find(const char *id);
cJSON *machine_settings(const char *id);
cJSON *settings_next(const char *owner, const char *class, const cJSON *after);

/* Makes a machine from the properties of its settings, as DefineSystem gets them. */
cJSON *machine_new(const cJSON *properties);
cJSON *machine_new_as(const char *id, const cJSON *properties); /* NULL: a fresh id */

/* Removes it with everything that belongs to it. */
void machine_remove(const char *id);

/* EnabledState, as it was last told. */
int machine_state(const char *id);

/* Puts it into a state right now, with its devices. */
void machine_enter(const char *id, int state);

/* Lets guests and states that lag behind go on. */
void machine_tick(void);

/* Operational status of the heartbeat: 2, 12, 13. */
int machine_heartbeat(const cJSON *vm);
uint64_t machine_uptime(const cJSON *vm);

/* What guest and host tell each other: lines of the guest's file, appended to the exchange items.
 */
void machine_kvp(const cJSON *vm, cJSON *properties);

/* Asks the guest's Windows: "shutdown", "reboot". */
void machine_ask(const char *id, const char *what);

/* What a row of a machine or one of its devices looks like now. */
void machine_live(const cJSON *row, cJSON *properties);

/* The computer itself, root\virtualization\v2. */
cJSON *machine_host(void);

/* device.c: rows of devices, there while the machine runs. */
void devices_add(const cJSON *vm);
void devices_remove(const char *id);

/* start.c: whether it could start now. */
bool start_check(const cJSON *vm, struct failure *failure);

/* hook.c: runs the command of a hook ("StartHook") with " word id"; false when there is none. */
bool hook_run(const char *hook, const char *word, const char *id);
/* The guest's file, "heartbeat" or "kvp", up to size bytes; "" when there is none. */
void hook_file(const char *kind, const char *id, char *ret_text, size_t size);
void hook_forget(const char *id);

#endif
