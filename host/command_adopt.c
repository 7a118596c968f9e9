/* adopt: takes a VM that somebody else made under management, or gives one a new key. */
#include "host/adopt_record.h"
#include "host/boot.h"
#include "host/disk.h"
#include "host/fetch.h"
#include "host/inject.h"

#include <string.h>

static const struct option options[] = {
    {"rekey", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_REKEY, 0, 0},
    {"accept-licenses", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_ACCEPT_LICENSES, 0, 0},
    {"repair", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_ADOPT_REPAIR, 0, 0},
    {0},
};

/* A new key beside the ones this host has, so that whichever of them a death leaves in the guest is
 * known here; the first one when it has none that can be read. */
static bool new_keys(struct call *call, const char *id, struct key_file *ret_keys, struct err *err)
{
    if (connect_keys(call->store, id, ret_keys, NULL))
        return key_rotate_begin(ret_keys, err);
    return key_new(id, ret_keys, err);
}

/* Offline: the disk gets a new key, and what the agent needs besides. */
static bool inject_new_key(struct call *call, struct target *target, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct key_file keys;
    bool ok;

    if (!new_keys(call, target->id, &keys, err))
        return false;
    /* ours first: a guest with a key that nobody has could not be reached any more */
    ok = store_path(call->store, target->id, "key.json", path, err) &&
         key_save(path, &key_seal_host, &keys, err) && inject_agent(call, target, &keys, true, err);
    key_wipe(&keys);
    return ok;
}

/* Online: a new generation over a session under the old one. */
static bool rotate(struct call *call, struct target *target, struct err *err)
{
    struct client *client = NULL;
    char path[FS_PATH_BYTES];
    struct key_file keys;
    bool ok;

    if (!boot_connect(call, target, &client, err))
        return false;
    ok = connect_keys(call->store, target->id, &keys, err);
    if (ok) {
        ok = key_rotate_begin(&keys, err) &&
             store_path(call->store, target->id, "key.json", path, err) &&
             key_save(path, &key_seal_host, &keys, err) &&
             connect_mend(call->store, client, target->id, err);
        key_wipe(&keys);
    }
    client_close(client);
    /* the next hello under the new key is what ends the rotation */
    if (!ok || !boot_connect(call, target, &client, err))
        return false;
    client_close(client);
    return true;
}

static bool adopt(struct call *call, struct target *target, struct err *err)
{
    bool running = target->vm.state != VM_OFF && target->vm.state != VM_SAVED;

    if (!boot_present(target, err))
        return false;
    if (target->managed && !call_flag(call, "rekey"))
        return err_set(err, ERR_EXISTS, TEXT_HOST_MANAGED_ALREADY, target->name, NULL);
    if (target->managed && running)
        return rotate(call, target, err);
    if (!disk_needs_off(target, err))
        return false;
    if (!target->managed) {
        adopt_record(call, target, call_flag(call, "repair"));
        if (!store_save(call->store, &target->record, err))
            return false;
    }
    if (inject_new_key(call, target, err))
        return true;
    if (!target->managed)
        store_remove(call->store, target->id, NULL);
    return false;
}

static void adopt_each(struct call *call, struct target *target, struct outcome *outcome)
{
    bool managed = target->managed;
    struct err err = ERR_INIT;

    if (target->broken)
        outcome_failed(outcome, &target->broken_why);
    else if (call_flag(call, "dry-run"))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     managed ? TEXT_HOST_WOULD_REKEY : TEXT_HOST_WOULD_ADOPT,
                     NULL);
    else if (adopt(call, target, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     managed                                             ? TEXT_HOST_REKEYED
                     : target->record.spec.guest.mode == PROFILE_OBSERVE ? TEXT_HOST_ADOPTED_OBSERVE
                                                                         : TEXT_HOST_ADOPTED,
                     target->name,
                     NULL);
    else
        outcome_failed(outcome, &err);
}

static bool adopt_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    return (call_flag(call, "dry-run") ||
            fetch_payloads(call, call_flag(call, "accept-licenses"), err)) &&
           many_run(call, ret_code, err);
}

const struct command command_adopt = {
    .name = "adopt",
    .summary = TEXT_HELP_ADOPT,
    .args = "NAME...",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .exec = adopt_exec,
    .each = adopt_each,
};
