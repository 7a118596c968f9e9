/* Connections with guests, and what to say when no key fits. */
#include "host/guest/connect.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS   250
#define PROBE_MS   1500
#define PROBES_MAX 64

bool connect_hint(struct hypervisor *h,
                  const char *id,
                  struct connect_hint *ret_hint,
                  struct err *err)
{
    struct connect_hint hint = {.present = false};
    const cJSON *generations = NULL, *item;
    cJSON *json = NULL;
    struct buf text;
    bool ok;

    buf_init(&text, KVP_BYTES);
    ok = h->ops->kvp(h, id, &text, err);
    if (ok && text.len && json_parse(buf_str(&text), text.len, &json_limits_message, &json, NULL) &&
        json_string_into(json, "boot", "", hint.boot_id, sizeof hint.boot_id, NULL) &&
        json_string_into(json, "level", "", hint.level, sizeof hint.level, NULL) &&
        json_int(json, "uptime_s", 0, INT64_MAX >> 11, &hint.uptime_s, NULL) &&
        json_array(json, "generations", &generations, NULL)) {
        hint.present = true;
        cJSON_ArrayForEach(item, generations) if (cJSON_IsNumber(item) &&
                                                  hint.generation_count < CONNECT_GENERATIONS)
            hint.generations[hint.generation_count++] = (int64_t)item->valuedouble;
    }
    cJSON_Delete(json);
    buf_done(&text);
    if (ok)
        *ret_hint = hint;
    return ok;
}

bool connect_keys(struct store *store, const char *id, struct key_file *ret_keys, struct err *err)
{
    char path[FS_PATH_BYTES];

    return store_path(store, id, "key.json", path, err) &&
           key_load(path, &key_seal_host, ret_keys, err);
}

static bool save_keys(struct store *store, const struct key_file *keys, struct err *err)
{
    char path[FS_PATH_BYTES];

    return store_path(store, keys->vm, "key.json", path, err) &&
           key_save(path, &key_seal_host, keys, err);
}

bool connect_target(struct hypervisor *h,
                    const char *id,
                    const struct key_file *keys,
                    bool older,
                    struct client_target *ret_target,
                    struct err *err)
{
    struct client_target target = {.key_count = 0};

    if (!h->ops->address(h, id, &target.address, err))
        return false;
    for (size_t i = 0; i < keys->count && target.key_count < CLIENT_KEYS; i++) {
        struct client_key *key = &target.keys[target.key_count];

        if ((keys->entries[i].generation < keys->current) != older)
            continue;
        key_identity(keys, keys->entries[i].generation, key->identity);
        memcpy(key->secret, keys->entries[i].secret, sizeof key->secret);
        target.key_count++;
    }
    if (!target.key_count)
        return err_set(err, ERR_AUTH, TEXT_HOST_KEY_REFUSED, id, NULL);
    *ret_target = target;
    connect_target_done(&target);
    return true;
}

void connect_target_done(struct client_target *target)
{
    volatile uint8_t *byte = (volatile uint8_t *)target->keys;

    for (size_t i = 0; i < sizeof target->keys; i++)
        byte[i] = 0;
}

bool connect_call(struct client *client,
                  enum method_id method,
                  const cJSON *params,
                  cJSON **ret_result,
                  struct err *err)
{
    struct client_call call = {.method = method, .params = params};
    struct client_reply reply = CLIENT_REPLY_INIT;

    if (!client_call(client, &call, &reply, err))
        return false;
    if (ret_result) {
        *ret_result = reply.result;
        reply.result = NULL;
    }
    client_reply_done(&reply);
    return true;
}

/* Sends the newest key over a session that was made under an older one. */
static bool
send_newest(struct client *client, const struct key_file *keys, int64_t from, struct err *err)
{
    struct client_call call = {.method = METHOD_KEY_ROTATE};
    cJSON *params = cJSON_CreateObject();
    bool ok;

    ok = json_add_int(params, "from", from) &&
         json_add_int(params, "generation", keys->entries[0].generation);
    if (!ok)
        err_no_memory(err);
    call.params = params;
    call.body = keys->entries[0].secret;
    call.body_length = sizeof keys->entries[0].secret;
    ok = ok && client_call(client, &call, NULL, err);
    cJSON_Delete(params);
    return ok;
}

bool connect_mend(struct store *store, struct client *client, const char *id, struct err *err)
{
    int64_t used = client_peer(client)->generation;
    struct key_file keys;
    bool ok = true;

    if (!connect_keys(store, id, &keys, err))
        return false;
    if (used > keys.current)
        ok = !key_confirm(&keys, used, true) || save_keys(store, &keys, err);
    else if (used < keys.entries[0].generation)
        ok = send_newest(client, &keys, used, err);
    key_wipe(&keys);
    return ok;
}

/* One try with the keys of one kind. */
static bool try_keys(struct hypervisor *h,
                     const struct key_file *keys,
                     const char *id,
                     bool older,
                     int64_t timeout_ms,
                     struct client **ret_client,
                     struct err *err)
{
    struct client_target target;
    bool ok;

    if (!connect_target(h, id, keys, older, &target, err))
        return false;
    ok = client_open(&target, timeout_ms, ret_client, err);
    connect_target_done(&target);
    return ok;
}

bool connect_open(struct hypervisor *h,
                  struct store *store,
                  const char *id,
                  int64_t timeout_ms,
                  struct client **ret_client,
                  struct err *err)
{
    struct client *client = NULL;
    struct err why = ERR_INIT;
    struct key_file keys;
    bool ok;

    if (!connect_keys(store, id, &keys, &why)) {
        /* a managed VM without a key cannot be told from one whose key nobody knows */
        if (why.kind == ERR_NOT_FOUND)
            err_set(&why, ERR_AUTH, TEXT_HOST_KEY_REFUSED, id, NULL);
        if (err)
            *err = why;
        return false;
    }
    ok = try_keys(h, &keys, id, false, timeout_ms, &client, &why);
    if (!ok && why.kind == ERR_AUTH)
        ok = try_keys(h, &keys, id, true, timeout_ms, &client, &why);
    key_wipe(&keys);
    if (!ok) {
        if (err)
            *err = why;
        return false;
    }
    if (client_peer(client)->cloned) {
        client_close(client);
        err_set(err, ERR_CONFLICT, TEXT_HOST_KEY_CLONE_OF_SELF, id, NULL);
        return err_hint(err, TEXT_HOST_KEY_REKEY_HINT);
    }
    /* a key that could not be mended now is mended by the next connection */
    connect_mend(store, client, id, NULL);
    *ret_client = client;
    return true;
}

bool connect_wait(struct hypervisor *h,
                  struct store *store,
                  const char *id,
                  int64_t timeout_ms,
                  bool (*on_wait)(int64_t waited_ms, void *user),
                  void *user,
                  struct client **ret_client,
                  struct err *err)
{
    int64_t begun = clock_now_ms(clock_system()), waited = 0;
    struct err why = ERR_INIT;

    for (;;) {
        int64_t left = timeout_ms - waited;

        if (connect_open(h, store, id, left < CONNECT_MS ? left : CONNECT_MS, ret_client, &why))
            return true;
        waited = clock_now_ms(clock_system()) - begun;
        if ((why.kind != ERR_UNREACHABLE && why.kind != ERR_TIMEOUT && why.kind != ERR_CLOSED) ||
            waited >= timeout_ms) {
            if (err)
                *err = why;
            return false;
        }
        if (on_wait && !on_wait(waited, user))
            return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
        clock_sleep_ms(clock_system(), RETRY_MS);
    }
}

/* ---- which accident was it ---- */

/* Whether the guest in VM id answers to a key of another VM: then its disk is a copy. */
static bool answers_to(
    struct hypervisor *h, struct store *store, const char *id, const char *other, bool *ret_cloned)
{
    struct client *client = NULL;
    struct key_file keys;
    bool ok;

    if (!connect_keys(store, other, &keys, NULL))
        return false;
    ok = try_keys(h, &keys, id, false, PROBE_MS, &client, NULL) ||
         try_keys(h, &keys, id, true, PROBE_MS, &client, NULL);
    key_wipe(&keys);
    if (ok)
        *ret_cloned = client_peer(client)->cloned;
    client_close(client);
    return ok;
}

/* The VM that the guest in VM id is a copy of. */
static bool find_original(
    struct hypervisor *h, struct store *store, const char *id, char *ret_name, size_t *ret_managed)
{
    struct store_entry *entries = NULL;
    size_t count = 0;
    bool found = false, cloned = false;

    *ret_managed = 0;
    if (!store_list(store, &entries, &count, NULL))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].readable || !strcmp(entries[i].id, id))
            continue;
        ++*ret_managed;
        if (!found && *ret_managed <= PROBES_MAX &&
            answers_to(h, store, id, entries[i].id, &cloned)) {
            found = true;
            text_copy(ret_name, VM_NAME_BYTES, entries[i].vm.spec.name);
        }
    }
    free(entries);
    return found;
}

/* The sentence for a VM whose keys the store has. */
static enum text_id judge_managed(const struct key_file *keys, const struct connect_hint *hint)
{
    int64_t newest = 0, oldest_ours = keys->entries[keys->count - 1].generation;

    for (size_t i = 0; i < hint->generation_count; i++)
        if (hint->generations[i] > newest)
            newest = hint->generations[i];
    if (!newest)
        return TEXT_HOST_KEY_REFUSED;
    if (newest < oldest_ours)
        return TEXT_HOST_KEY_GUEST_RESTORED;
    if (newest > keys->entries[0].generation)
        return TEXT_HOST_KEY_HOST_RESTORED;
    return TEXT_HOST_KEY_OTHER_DISK;
}

void connect_explain(struct hypervisor *h,
                     struct store *store,
                     const char *id,
                     const char *name,
                     bool managed,
                     struct err *err)
{
    struct connect_hint hint = {.present = false};
    char original[VM_NAME_BYTES] = "";
    enum text_id why = TEXT_HOST_KEY_REFUSED;
    struct key_file keys;
    size_t others = 0;

    if (err->kind != ERR_AUTH)
        return;
    connect_hint(h, id, &hint, NULL);
    if (find_original(h, store, id, original, &others)) {
        why = TEXT_HOST_KEY_CLONE;
    } else if (managed && connect_keys(store, id, &keys, NULL)) {
        why = judge_managed(&keys, &hint);
        key_wipe(&keys);
    } else {
        why = managed  ? TEXT_HOST_KEY_LOST
              : others ? TEXT_HOST_KEY_MOVED
                       : TEXT_HOST_KEY_REINSTALLED;
    }
    err_set(err, ERR_AUTH, why, name, original, NULL);
    err_hint(err, TEXT_HOST_KEY_REKEY_HINT);
}
