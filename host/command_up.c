/* up, create: from nothing to a VM that plays. */
#include "host/fetch.h"
#include "host/report.h"
#include "host/place.h"
#include "host/secret.h"
#include "host/settings.h"
#include "host/up.h"
#include "host/up_disk.h"

#include "common/fs.h"
#include "common/secure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_S_DEFAULT 1800
#define SETTLE_S_MOST    86400

static const struct option options[] = {
    {"spec", 0, OPTION_TEXT, "FILE", TEXT_HELP_OPTION_SPEC, 0, 0},
    {"iso", 0, OPTION_TEXT, "FILE", TEXT_HELP_OPTION_ISO, 0, 0},
    {"edition", 0, OPTION_TEXT, "NAME|N", TEXT_HELP_OPTION_EDITION, 0, 0},
    {"parent", 0, OPTION_TEXT, "FILE|none", TEXT_BUILD_HELP_PARENT, 0, 0},
    {"disk-size", 0, OPTION_NUMBER, "GB", TEXT_HELP_OPTION_DISK_SIZE, 20, 65536},
    {"memory", 0, OPTION_TEXT, "SIZE", TEXT_HELP_OPTION_MEMORY, 0, 0},
    {"cpus", 0, OPTION_NUMBER, "N", TEXT_HELP_OPTION_CPUS, 1, 2048},
    {"switch", 0, OPTION_TEXT, "NAME", TEXT_HELP_OPTION_SWITCH, 0, 0},
    {"gpu", 0, OPTION_TEXT, "NAME|PATH", TEXT_HELP_OPTION_GPU, 0, 0},
    {"gpu-attach", 0, OPTION_TEXT, "WHEN", TEXT_HELP_OPTION_GPU_ATTACH, 0, 0},
    {"gpu-share", 0, OPTION_NUMBER, "PERCENT", TEXT_HELP_OPTION_GPU_SHARE, 1, 100},
    {"user", 0, OPTION_TEXT, "NAME", TEXT_HELP_OPTION_USER, 0, 0},
    {"password-from", 0, OPTION_TEXT, "WHERE", TEXT_HELP_OPTION_PASSWORD_FROM, 0, 0},
    {"proxy", 0, OPTION_TEXT, "ADDRESS:PORT", TEXT_HELP_OPTION_PROXY, 0, 0},
    {"set", 0, OPTION_TEXT, "KEY=VALUE", TEXT_HELP_OPTION_SET, 0, 0},
    {"accept-licenses", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_ACCEPT_LICENSES, 0, 0},
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, SETTLE_S_MOST},
    {"world", 0, OPTION_TEXT, "NAME", TEXT_HELP_OPTION_WORLD, 0, 0},
    {0},
};

/* ---- the spec ---- */

static bool
take_text(const struct call *call, const char *option, char *value, size_t size, struct err *err)
{
    const char *text = call_text(call, option);

    if (!text)
        return true;
    if (strlen(text) >= size)
        return err_set(
            err, ERR_USAGE, TEXT_JSON_TOO_LONG, option, TEXT_NUM((int64_t)size - 1), NULL);
    text_copy(value, size, text);
    return true;
}

static bool take_choice(const struct call *call, enum spec_attach *attach, struct err *err)
{
    const char *text = call_text(call, "gpu-attach");

    if (!text)
        return true;
    for (int i = 0; spec_attach_names[i]; i++)
        if (!strcmp(spec_attach_names[i], text)) {
            *attach = (enum spec_attach)i;
            return true;
        }
    return err_set(err,
                   ERR_USAGE,
                   TEXT_JSON_CHOICE,
                   "gpu-attach",
                   text,
                   "after_setup, at_creation, never",
                   NULL);
}

static bool take_options(const struct call *call, struct spec *spec, struct err *err)
{
    const char *memory = call_text(call, "memory");

    if (memory && !spec_parse_mb(memory, &spec->memory_mb))
        return err_set(err, ERR_USAGE, TEXT_HOST_MEMORY_BAD, memory, NULL);
    spec->disk.size_gb = (uint32_t)call_number(call, "disk-size", spec->disk.size_gb);
    spec->cpus = (uint32_t)call_number(call, "cpus", spec->cpus);
    spec->gpu.share_percent = (uint32_t)call_number(call, "gpu-share", spec->gpu.share_percent);
    return take_text(call, "iso", spec->iso, sizeof spec->iso, err) &&
           take_text(call, "edition", spec->edition, sizeof spec->edition, err) &&
           take_text(call, "parent", spec->disk.parent, sizeof spec->disk.parent, err) &&
           take_text(call, "switch", spec->network, sizeof spec->network, err) &&
           take_text(call, "gpu", spec->gpu.select, sizeof spec->gpu.select, err) &&
           take_text(call, "user", spec->account.user, sizeof spec->account.user, err) &&
           take_text(call,
                     "password-from",
                     spec->account.password_from,
                     sizeof spec->account.password_from,
                     err) &&
           take_text(call, "world", spec->world, sizeof spec->world, err) &&
           take_choice(call, &spec->gpu.attach, err) &&
           (!call_text(call, "proxy") ||
            settings_proxy(&spec->guest, call_text(call, "proxy"), err)) &&
           (!call_text(call, "set") || settings_apply(&spec->guest, call_text(call, "set"), err));
}

/* Files are named as seen from here, now; the disk may be made by a later run. */
static bool fix_path(char *path, struct err *err)
{
    char absolute[FS_PATH_BYTES];

    if (!*path || !strcmp(path, UP_PARENT_NONE))
        return true;
    if (!place_absolute(path, absolute, err))
        return false;
    text_copy(path, FS_PATH_BYTES, absolute);
    return true;
}

/* Defaults, then the file, then the options. */
static bool make_spec(const struct call *call, const char *name, struct spec *spec, struct err *err)
{
    const char *file = call_text(call, "spec");
    char derived[ACCOUNT_COMPUTER_BYTES];

    spec_init(spec, name);
    text_copy(derived, sizeof derived, spec->computer_name);
    if (file && !spec_load(spec, file, err))
        return false;
    text_copy(spec->name, sizeof spec->name, name);
    if (!take_options(call, spec, err))
        return false;
    /* nobody named it: then it keeps away from the user's name */
    if (!strcmp(spec->computer_name, derived))
        account_computer(name, spec->account.user, spec->computer_name);
    return spec_check(spec, err) && fix_path(spec->iso, err) && fix_path(spec->disk.path, err) &&
           fix_path(spec->disk.parent, err);
}

/* ---- one VM ---- */

static void finish(struct call *call,
                   struct target *target,
                   const struct health *health,
                   bool changed,
                   struct outcome *outcome)
{
    struct report report = {.target = target, .state = REPORT_HEALTH, .has_health = true};
    char detail[UI_TEXT_BYTES];
    const char *level;

    report.health = *health;
    report_detail(&report, call->ui.lang, detail, sizeof detail);
    level = text_raw(health_level_title(health->level), call->ui.lang);
    if (health->level == LEVEL_NEEDS_SIGN_IN)
        outcome_done(
            outcome, &call->ui, CODE_NEEDS_SIGN_IN, TEXT_HOST_UP_NEEDS_SIGN_IN, target->name, NULL);
    else
        outcome_done(outcome,
                     &call->ui,
                     (enum exit_code)health_exit_code(health->level),
                     !*detail  ? TEXT_HOST_UP_DONE
                     : changed ? TEXT_HOST_UP_DONE_DETAIL
                               : TEXT_HOST_UP_UNCHANGED,
                     level,
                     detail,
                     NULL);
    outcome->json = cJSON_CreateObject();
    cJSON_AddStringToObject(outcome->json, "level", health_level_name(health->level));
    cJSON_AddBoolToObject(outcome->json, "changed", changed);
}

static bool refuse_foreign(struct call *call, const struct target *target, struct err *err)
{
    if (!target->exists || target->managed || up_is_unfinished(call, target->name, NULL))
        return true;
    err_set(err, ERR_EXISTS, TEXT_HOST_UP_FOREIGN, target->name, NULL);
    return err_hint(err, TEXT_HOST_NOT_MANAGED_HINT);
}

/* What `up` is about to do with a VM. */
struct up_work {
    struct up_request request;
    char password[ACCOUNT_PASSWORD_BYTES];
    struct progress progress;
    struct health health;
    bool changed;
};

static bool is_new(struct call *call, const struct target *target)
{
    return !target->managed || !target->record.ready || up_is_unfinished(call, target->name, NULL);
}

/* The password goes into the disk; a guest that somebody only plays needs none that is known. */
static bool ask_password(struct call *call, struct up_work *work, struct err *err)
{
    const struct spec *spec = &work->request.spec;
    const char *from = spec->account.password_from;

    work->request.password = work->password;
    if (call_flag(call, "dry-run"))
        return true;
    if (call->simulated && !strcmp(from, "prompt"))
        return secret_make(work->password, sizeof work->password, err);
    return secret_read(&call->ui,
                       from,
                       spec->account.user,
                       spec->name,
                       work->password,
                       sizeof work->password,
                       err) &&
           account_check_password(work->password, err);
}

/* What is known of a new VM before anything of it exists. */
static bool
prepare_new(struct call *call, const struct target *target, struct up_work *work, struct err *err)
{
    return make_spec(call, target->name, &work->request.spec, err) &&
           up_choose_gpu(call, &work->request.spec, &work->request.gpu, err) &&
           up_disk_check(call, &work->request.spec, err) && ask_password(call, work, err);
}

/* An earlier run died: the spec and the GPU of then count, also when it died while it wrote them
 * down, and its disk may still have to be made. */
static bool prepare_unfinished(struct call *call,
                               const struct target *target,
                               struct up_work *work,
                               struct err *err)
{
    const struct store_vm *record = &target->record;

    work->request.spec = record->spec;
    text_copy(work->request.gpu.path, sizeof work->request.gpu.path, record->gpu);
    text_copy(work->request.gpu.name, sizeof work->request.gpu.name, record->gpu_name);
    return !up_needs_disk(call, target->name) || ask_password(call, work, err);
}

static bool prepare(struct call *call, struct target *target, struct up_work *work, struct err *err)
{
    if (target->broken) {
        if (err)
            *err = target->broken_why;
        return false;
    }
    if (target->managed && !target->exists) {
        err_set(err, ERR_NOT_FOUND, TEXT_HOST_GONE, target->name, NULL);
        return err_hint(err, TEXT_HOST_GONE_HINT);
    }
    work->request.settle_ms = call_number(call, "timeout", SETTLE_S_DEFAULT) * 1000;
    work->request.boots = call->command == &command_up;
    return refuse_foreign(call, target, err) &&
           (target->managed ? prepare_unfinished(call, target, work, err)
                            : prepare_new(call, target, work, err));
}

static bool do_up(struct call *call, struct target *target, struct up_work *work, struct err *err)
{
    if (!is_new(call, target))
        return up_ensure(call,
                         target,
                         work->request.settle_ms,
                         &work->progress,
                         &work->changed,
                         &work->health,
                         err);
    work->changed = true;
    return up_make(call, target, &work->request, &work->progress, &work->health, err);
}

static void work_free(struct up_work *work)
{
    secure_wipe(work->password, sizeof work->password);
    free(work);
}

static void up_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct up_work *work = calloc(1, sizeof *work);
    struct err err = ERR_INIT;
    bool ok;

    if (!work) {
        err_no_memory(&err);
        outcome_failed(outcome, &err);
        return;
    }
    if (!prepare(call, target, work, &err)) {
        outcome_failed(outcome, &err);
        work_free(work);
        return;
    }
    if (call_flag(call, "dry-run")) {
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     is_new(call, target)         ? TEXT_HOST_UP_WOULD_MAKE
                     : target->vm.state == VM_OFF ? TEXT_HOST_WOULD_START
                                                  : TEXT_HOST_UP_WOULD_CHECK,
                     work->request.gpu.name,
                     NULL);
        work_free(work);
        return;
    }
    progress_begin(&work->progress, &call->ui, target->name, outcome->alone);
    ok = do_up(call, target, work, &err);
    progress_end(&work->progress);
    if (!ok)
        outcome_failed(outcome, &err);
    else if (work->request.boots)
        finish(call, target, &work->health, work->changed, outcome);
    work_free(work);
}

static void create_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;

    if (target->managed && !target->broken && !up_is_unfinished(call, target->name, NULL)) {
        err_set(&err, ERR_EXISTS, TEXT_HOST_CREATE_EXISTS, target->name, NULL);
        outcome_failed(outcome, &err);
        return;
    }
    up_each(call, target, outcome);
    if (!err_is_set(&outcome->err) && !*outcome->result)
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_CREATED, target->name, NULL);
}

/* Only the sign-in is open, which needs a person, and there is one. */
static bool may_offer_sign_in(struct call *call, enum exit_code code)
{
    return code == CODE_NEEDS_SIGN_IN && call->word_count == 1 && !strpbrk(call->words[0], "*?") &&
           call->ui.interactive && !call->ui.yes && !call->ui.json &&
           ui_confirm(&call->ui, TEXT_HOST_UP_SIGN_IN_ASK, call->words[0], NULL);
}

static bool up_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct call sign_in = *call;

    if (!call_flag(call, "dry-run") &&
        !fetch_payloads(call, call_flag(call, "accept-licenses"), err))
        return false;
    if (!many_run(call, ret_code, err))
        return false;
    if (!may_offer_sign_in(call, *ret_code))
        return true;
    sign_in.command = &command_signin;
    *ret_code = CODE_OK;
    return many_run(&sign_in, ret_code, err);
}

#define UP_FLAGS (COMMAND_NEEDS_ADMIN | COMMAND_NEW_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN)

const struct command command_up = {
    .name = "up",
    .summary = TEXT_HELP_UP,
    .args = "NAME...",
    .options = options,
    .flags = UP_FLAGS,
    .exec = up_exec,
    .each = up_each,
};

const struct command command_create = {
    .name = "create",
    .summary = TEXT_HELP_CREATE,
    .args = "NAME...",
    .options = options,
    .flags = UP_FLAGS,
    .exec = up_exec,
    .each = create_each,
};
