/*
 * From a VM to a connection with its agent: the address comes from the hypervisor, the keys from
 * the store, the session from client.h. Also what follows from keys: confirming the generation that
 * a guest took, bringing a guest that came back with an older one up to date, and saying which of
 * restored backup, clone, moved VM or reinstalled host fits when no key does (design, Key life;
 * flow F13). Blocking; any thread.
 */
#ifndef GPUPV_HOST_GUEST_CONNECT_H
#define GPUPV_HOST_GUEST_CONNECT_H

#include "common/key.h"
#include "host/guest/client.h"
#include "host/guest/store.h"

#define CONNECT_MS          5000
#define CONNECT_GENERATIONS 8

/* What the guest's agent published by KVP, as a hint (design, Out of band). */
struct connect_hint {
    bool present;
    char boot_id[SESSION_WORD_BYTES];
    char level[24];
    int64_t uptime_s;
    int64_t generations[CONNECT_GENERATIONS]; /* of the keys that the guest knows */
    size_t generation_count;
};

/* Reads the published hint; nothing or garbage is true with present false. */
bool connect_hint(struct hypervisor *h,
                  const char *id,
                  struct connect_hint *ret_hint,
                  struct err *err);

/* Loads the VM's keys from the store; key_wipe them. ERR_NOT_FOUND when the store has none. */
bool connect_keys(struct store *store, const char *id, struct key_file *ret_keys, struct err *err);

/* Where and with which keys: next and current, or with `older` the ones before. False when there
 * are none of that kind (ERR_AUTH). Wipe the target with connect_target_done. */
bool connect_target(struct hypervisor *h,
                    const char *id,
                    const struct key_file *keys,
                    bool older,
                    struct client_target *ret_target,
                    struct err *err);

/* Overwrites the secrets. */
void connect_target_done(struct client_target *target);

/* Connects to a managed guest within timeout_ms, with the older keys too when the newer ones are
 * refused, and mends the keys. A guest that runs in a VM its key was not made for is ERR_CONFLICT.
 */
bool connect_open(struct hypervisor *h,
                  struct store *store,
                  const char *id,
                  int64_t timeout_ms,
                  struct client **ret_client,
                  struct err *err);

/* After a hello under a generation: makes it current in the store, and sends the newest key to a
 * guest that used an older one. */
bool connect_mend(struct store *store, struct client *client, const char *id, struct err *err);

/* Waits for the agent until it answers hello, at most timeout_ms; on_wait (may be NULL) is called
 * about four times a second and ends the waiting (ERR_CANCELLED) by returning false. */
bool connect_wait(struct hypervisor *h,
                  struct store *store,
                  const char *id,
                  int64_t timeout_ms,
                  bool (*on_wait)(int64_t waited_ms, void *user),
                  void *user,
                  struct client **ret_client,
                  struct err *err);

/* Turns ERR_AUTH of a running VM into the sentence that fits the evidence, with the command that
 * mends it. managed: the store has the VM. Other errors stay as they are. */
void connect_explain(struct hypervisor *h,
                     struct store *store,
                     const char *id,
                     const char *name,
                     bool managed,
                     struct err *err);

/* Calls a method without a body and hands out its result; ret_result may be NULL. Caller frees with
 * cJSON_Delete. */
bool connect_call(struct client *client,
                  enum method_id method,
                  const cJSON *params,
                  cJSON **ret_result,
                  struct err *err);

#endif
