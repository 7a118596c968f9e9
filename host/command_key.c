/* key: moves the key of a VM to another host, or to this one after it was reinstalled (F13). */
#include "host/adopt_record.h"
#include "host/guest/connect.h"
#include "host/key_export.h"
#include "host/secret.h"

#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"passphrase-from", 0, OPTION_TEXT, "WHERE", TEXT_SETUP_HELP_PASSPHRASE, 0, 0},
    {0},
};

static bool read_passphrase(struct call *call,
                            const struct target *target,
                            bool twice,
                            char *out,
                            size_t size,
                            struct err *err)
{
    const struct secret_question question = {.ask = TEXT_SETUP_KEY_ASK,
                                             .nobody = TEXT_SETUP_KEY_NOBODY,
                                             .nobody_hint = TEXT_SETUP_KEY_NOBODY_HINT,
                                             .twice = twice};
    const char *from = call_text(call, "passphrase-from");

    return secret_ask(
        &call->ui, from ? from : "prompt", &question, target->name, "", out, size, err);
}

static bool export_key(struct call *call, struct target *target, const char *path, struct err *err)
{
    char passphrase[ACCOUNT_PASSWORD_BYTES];
    struct key_file keys;
    bool ok;

    if (!target_managed(target, err) || !connect_keys(call->store, target->id, &keys, err))
        return false;
    ok = read_passphrase(call, target, true, passphrase, sizeof passphrase, err) &&
         key_export_write(path, &keys, passphrase, KEY_EXPORT_ROUNDS, err);
    secure_wipe(passphrase, sizeof passphrase);
    key_wipe(&keys);
    if (ok)
        ui_say(&call->ui, TONE_GOOD, TEXT_SETUP_KEY_EXPORTED, target->name, path, NULL);
    return ok;
}

/* A key that this host has is replaced only when somebody says so. */
static bool
may_replace(struct call *call, const struct target *target, const char *path, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_MISSING ||
        ui_confirm(&call->ui, TEXT_SETUP_KEY_REPLACE, target->name, NULL))
        return true;
    err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
    return err_hint(err, TEXT_HOST_NOT_CONFIRMED_HINT);
}

static bool
keep_key(struct call *call, struct target *target, const struct key_file *keys, struct err *err)
{
    char path[FS_PATH_BYTES];

    if (!store_path(call->store, target->id, "key.json", path, err) ||
        !may_replace(call, target, path, err))
        return false;
    if (!target->managed) {
        adopt_record(call, target, false);
        if (!store_save(call->store, &target->record, err))
            return false;
    }
    if (key_save(path, &key_seal_host, keys, err))
        return true;
    if (!target->managed)
        store_remove(call->store, target->id, NULL);
    return false;
}

static bool import_key(struct call *call, struct target *target, const char *path, struct err *err)
{
    char passphrase[ACCOUNT_PASSWORD_BYTES];
    struct key_file keys = {.count = 0};
    bool ok;

    if (target->broken) {
        if (err)
            *err = target->broken_why;
        return false;
    }
    ok = read_passphrase(call, target, false, passphrase, sizeof passphrase, err) &&
         key_export_read(path, passphrase, &keys, err);
    secure_wipe(passphrase, sizeof passphrase);
    if (ok && strcmp(keys.vm, target->id) != 0) {
        err_set(err, ERR_CONFLICT, TEXT_SETUP_KEY_OTHER, path, keys.vm, NULL);
        ok = err_hint(err, TEXT_SETUP_KEY_OTHER_HINT);
    }
    ok = ok && keep_key(call, target, &keys, err);
    key_wipe(&keys);
    if (ok)
        ui_say(&call->ui, TONE_GOOD, TEXT_SETUP_KEY_IMPORTED, target->name, NULL);
    return ok;
}

static bool show_json(struct call *call, const struct target *target, struct err *err)
{
    cJSON *document = ui_document_new("key");

    if (!cJSON_AddStringToObject(document, "name", target->name) ||
        !cJSON_AddStringToObject(document, "id", target->id) ||
        !cJSON_AddStringToObject(document, "done", call->verb->name)) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

static bool key_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct target *target;
    struct fs_lock *lock = NULL;
    bool ok;

    if (call->word_count != 2) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, "key", call->command->args, NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    target = calloc(1, sizeof *target);
    ok = (target || err_no_memory(err)) && target_one(call, call->words[0], target, err) &&
         store_lock_vm(call->store, target->id, target->name, &lock, err) &&
         target_refresh(call, target, err) &&
         (strcmp(call->verb->name, "export") ? import_key(call, target, call->words[1], err)
                                             : export_key(call, target, call->words[1], err));
    fs_unlock(lock);
    if (ok && call->ui.json)
        ok = show_json(call, target, err);
    free(target);
    *ret_code = CODE_OK;
    return ok;
}

static const struct command_verb verbs[] = {
    {"export", "NAME FILE", TEXT_SETUP_HELP_KEY_EXPORT, 0},
    {"import", "NAME FILE", TEXT_SETUP_HELP_KEY_IMPORT, 0},
    {0},
};

const struct command command_key = {
    .name = "key",
    .summary = TEXT_SETUP_HELP_KEY,
    .args = "export|import NAME FILE",
    .options = options,
    .verbs = verbs,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_HYPERVISOR,
    .most_words = 2,
    .exec = key_exec,
};
