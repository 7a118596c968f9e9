/*
 * `install` and `uninstall`: what a person says and sees of them. Uninstalling offers to take back
 * what the agent changed for as long as it managed the machine (scheduled tasks and logon script of
 * Easy-GPU-PV, policies, lines of Parsec's configuration), by the memory in its data.
 */
#include "guest/agent_state.h"
#include "guest/command.h"
#include "guest/install.h"
#include "guest/local_client.h"
#include "guest/machine/machine.h"

#include "common/secure.h"
#include "common/ui/progress.h"
#include "common/version.h"

#include <string.h>

static void on_progress(const struct steps_progress *progress, void *user)
{
    progress_step(user, progress->permille, progress->step->title, NULL);
}

/* ---- install ---- */

/* The agent answers commands: it has started, read its data, and its loop runs. */
static bool agent_answers(const char *folder, struct err *err)
{
    struct local_client *client = NULL;
    bool ok = local_client_open(folder, &client, err);

    local_client_close(client);
    return ok;
}

struct service_args {
    char disk[FS_PATH_BYTES], data[FS_PATH_BYTES];
};

/* What the service gets of this command line; relative paths would mean others to it. */
static bool
make_args(struct agent_call *call, struct service_args *args, struct install_options *options)
{
    const struct option_value *disk = arguments_get(&call->args, "simulate");
    const struct option_value *data = arguments_get(&call->args, "data");
    const struct option_value *listen = arguments_get(&call->args, "listen");
    size_t count = 0;

    if (disk->set) {
        if (!install_full_path(disk->text, args->disk, &call->err))
            return false;
        options->args[count++] = "--simulate";
        options->args[count++] = args->disk;
    }
    if (data->set) {
        if (!install_full_path(data->text, args->data, &call->err))
            return false;
        options->args[count++] = "--data";
        options->args[count++] = args->data;
    }
    if (listen->set) {
        options->args[count++] = "--listen";
        options->args[count++] = listen->text;
    }
    return true;
}

/* The code waits before the service starts; it must not outlive an install that failed. */
static bool begin_pairing(struct agent_call *call)
{
    const char *word = arguments_get(&call->args, "pair")->text;
    char code[PAIR_CODE_BYTES] = "";
    bool ok = !word || (pair_read_code(word, code, &call->err) &&
                        pairing_begin(call->folder, code, clock_system(), &call->err));

    secure_wipe(code, sizeof code);
    return ok;
}

static void say_installed(struct agent_call *call, bool changed, bool pairs)
{
    cJSON *document;

    if (!call->ui.json) {
        ui_say(&call->ui,
               TONE_GOOD,
               changed ? TEXT_INSTALL_DONE : TEXT_INSTALL_SAME,
               version_text(),
               NULL);
        if (pairs)
            ui_say(&call->ui, TONE_PLAIN, TEXT_PAIR_WAITS, TEXT_NUM(PAIR_LIFE_MS / 60000), NULL);
        return;
    }
    document = ui_document_new("agent.install");
    if (!document || !cJSON_AddBoolToObject(document, "changed", changed) ||
        !cJSON_AddBoolToObject(document, "pairs", pairs) ||
        !cJSON_AddStringToObject(document, "build", version_text()))
        err_no_memory(&call->err);
    ui_document(&call->ui, document, &call->err);
}

int command_install(struct agent_call *call)
{
    struct progress progress;
    struct steps_watch watch = {.on_progress = on_progress, .user = &progress};
    struct service_args args = {.disk = ""};
    struct install_options options = {
        .folder = call->folder, .answers = agent_answers, .watch = &watch};
    bool pairs = arguments_get(&call->args, "pair")->set, changed = false, ok;

    if (!install_permitted(&call->err) || !make_args(call, &args, &options) ||
        !install_data_is_ours(call->folder, &call->err) || !begin_pairing(call))
        return 2;
    progress_begin(&progress, &call->ui, NULL, true);
    ok = install_run(&options, &changed, &call->err);
    progress_end(&progress);
    if (!ok && pairs)
        pairing_end(call->folder, NULL);
    if (ok)
        say_installed(call, changed, pairs);
    return ok ? 0 : 2;
}

/* ---- uninstall ---- */

struct removal {
    struct agent_call *call;
    bool gives_back;
};

/* By the memory of the agent, which is stopped; under its lock. */
static bool revert(struct agent_call *call, struct err *err)
{
    struct engine_setup setup = {.machine = call->machine};
    struct err damage = ERR_INIT;
    struct engine *engine = NULL;
    struct fs_lock *lock = NULL;
    struct profile profile;
    char path[FS_PATH_BYTES], journal[FS_PATH_BYTES];
    bool ok = false;

    profile_init(&profile);
    if (!fs_join(path, call->folder, AGENT_LOCK_FILE, err) || !fs_lock(path, 0, &lock, err) ||
        !fs_join(journal, call->folder, AGENT_JOURNAL_FILE, err))
        goto out;
    setup.journal_path = journal;
    if (parsec_open(call->machine, call->folder, clock_system(), &setup.parsec, err) &&
        engine_open(&setup, &engine, &damage, err))
        ok = engine_revert(engine, &profile, err);

out:
    engine_free(engine);
    parsec_close(setup.parsec);
    fs_unlock(lock);
    return ok;
}

/* A machine that cannot be worked on keeps nobody from removing the agent: it is told, once. */
static bool give_back(void *user, struct err *err)
{
    struct removal *removal = user;
    struct agent_call *call = removal->call;
    struct err why = ERR_INIT;

    (void)err;
    if (!command_machine(call, &why)) {
        ui_error(&call->ui, NULL, &why);
        return true;
    }
    call->machine->system->ops->publish(call->machine->system, "", NULL);
    if (removal->gives_back && !revert(call, &why))
        ui_error(&call->ui, NULL, &why);
    return true;
}

static void say_removed(struct agent_call *call, bool later)
{
    cJSON *document;

    if (!call->ui.json) {
        ui_say(&call->ui, TONE_GOOD, later ? TEXT_UNINSTALL_LATER : TEXT_UNINSTALL_DONE, NULL);
        return;
    }
    document = ui_document_new("agent.uninstall");
    if (!document || !cJSON_AddBoolToObject(document, "at_next_start", later))
        err_no_memory(&call->err);
    ui_document(&call->ui, document, &call->err);
}

int command_uninstall(struct agent_call *call)
{
    struct removal removal = {.call = call,
                              .gives_back = !arguments_get(&call->args, "keep-changes")->set};
    struct progress progress;
    struct steps_watch watch = {.on_progress = on_progress, .user = &progress};
    struct uninstall_options options = {
        .folder = call->folder, .give_back = give_back, .user = &removal, .watch = &watch};
    bool later = false, ok;

    if (!install_permitted(&call->err) || !install_data_is_ours(call->folder, &call->err))
        return 2;
    if (!ui_confirm(&call->ui, TEXT_UNINSTALL_ASK, NULL)) {
        err_set(&call->err, ERR_CANCELLED, TEXT_AGENT_NOT_CONFIRMED, NULL);
        return 2;
    }
    if (removal.gives_back)
        removal.gives_back = ui_confirm(&call->ui, TEXT_UNINSTALL_ASK_GIVE_BACK, NULL);
    progress_begin(&progress, &call->ui, NULL, true);
    ok = uninstall_run(&options, &later, &call->err);
    progress_end(&progress);
    if (ok)
        say_removed(call, later);
    return ok ? 0 : 2;
}
