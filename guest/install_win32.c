/*
 * The two plans. Installing prepares everything beside what runs, stops the service for the time of
 * one rename, and starts it again; what the service manager could do by itself meanwhile (the
 * trigger) is switched off first and on last. Undo records hold what stood before.
 */
#include "guest/install.h"
#include "guest/install_files_win32.h"
#include "guest/install_service_win32.h"
#include "guest/install_trust_win32.h"

#include "common/clock.h"
#include "common/command_line.h"
#include "common/json.h"
#include "common/log.h"
#include "common/utf16.h"
#include "common/version.h"
#include "guest/event_log.h"
#include "guest/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_PROGRAM  "gpupv-agent.new.exe"
#define START_WAIT_MS  30000
#define ANSWER_WAIT_MS 60000
#define ANSWER_POLL_MS 250
#define STOP_WAIT_MS   90000
#define REMOVE_WAIT_MS 15000
#define PLAN_INSTALL   "install"
#define PLAN_UNINSTALL "uninstall"

struct install {
    const struct install_options *options;
    char folder[FS_PATH_BYTES];  /* of the program */
    char source[FS_PATH_BYTES];  /* the program to install */
    char target[FS_PATH_BYTES];  /* where it stands installed */
    char fresh[FS_PATH_BYTES];   /* the copy that takes its place */
    char command[FS_PATH_BYTES]; /* of the service */
    bool same_program;           /* it stands there already */
    bool same;                   /* and the service is as it should be */
    bool changed;
};

static struct install *of(void *user)
{
    return user;
}

static bool flag(const cJSON *record, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(record, name));
}

static const char *text(const cJSON *record, const char *name)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, name));

    return value ? value : "";
}

static bool note_flag(cJSON *record, const char *name, bool value, struct err *err)
{
    return cJSON_AddBoolToObject(record, name, value) || err_no_memory(err);
}

static bool note_text(cJSON *record, const char *name, const char *value, struct err *err)
{
    return cJSON_AddStringToObject(record, name, value) || err_no_memory(err);
}

/* ---- the trigger ---- */

static bool trigger_prepare(void *user, cJSON *record, struct err *err)
{
    bool set = false;

    (void)user;
    return install_trigger_is_set(&set, err) && note_flag(record, "set", set, err);
}

static bool trigger_off(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)user;
    (void)record;
    return install_trigger_set(false, err);
}

static bool trigger_off_undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    return !flag(record, "set") || install_trigger_set(true, err);
}

static bool trigger_on(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)user;
    (void)record;
    return install_trigger_set(true, err);
}

static bool trigger_on_undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    (void)record;
    return install_trigger_set(false, err);
}

/* ---- the event source ---- */

static bool events_prepare(void *user, cJSON *record, struct err *err)
{
    struct install_state state;

    (void)user;
    /* an older agent has one that tells the same */
    return install_look(&state, err) &&
           note_flag(record, "older", state.service != INSTALL_ABSENT, err);
}

static bool events_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)record;
    return install_events_make(of(user)->target, err);
}

static bool events_undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    return flag(record, "older") || install_events_remove(err);
}

/* ---- the program ---- */

static bool copy_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct install *install = user;

    (void)steps;
    (void)record;
    return install->same_program || install_copy(install->source, install->fresh, err);
}

static bool copy_undo(void *user, const cJSON *record, struct err *err)
{
    (void)record;
    return fs_remove(of(user)->fresh, err);
}

static bool stop_prepare(void *user, cJSON *record, struct err *err)
{
    struct install_state state;

    (void)user;
    return install_look(&state, err) &&
           note_flag(record,
                     "ran",
                     state.service == INSTALL_RUNNING || state.service == INSTALL_CHANGING,
                     err);
}

static bool stop_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)record;
    return of(user)->same || install_service_stop(STOP_WAIT_MS, err);
}

static bool stop_undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    return !flag(record, "ran") || install_service_start(START_WAIT_MS, err);
}

static bool swap_prepare(void *user, cJSON *record, struct err *err)
{
    struct install *install = user;
    struct fs_stat stat;
    char old[64];

    snprintf(old, sizeof old, "gpupv-agent.old-%lld.exe", (long long)clock_wall_ms(clock_system()));
    if (install->same_program)
        return true;
    return fs_stat(install->target, &stat, err) && note_flag(record, "swaps", true, err) &&
           (stat.kind == FS_MISSING || note_text(record, "old", old, err));
}

static bool swap_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct install *install = user;
    char old[FS_PATH_BYTES];

    if (install->same_program)
        return true;
    install->changed = true;
    if (*text(record, "old") && (!fs_join(old, install->folder, text(record, "old"), err) ||
                                 !fs_rename(install->target, old, err)))
        return false;
    steps_advance(steps, 500);
    return fs_rename(install->fresh, install->target, err);
}

/* Whatever of the two renames happened: the old program is back, or there is none. */
static bool swap_undo(void *user, const cJSON *record, struct err *err)
{
    struct install *install = user;
    char old[FS_PATH_BYTES];
    struct fs_stat stat = {.kind = FS_MISSING};
    bool later = false;

    if (!flag(record, "swaps"))
        return true;
    if (*text(record, "old") &&
        (!fs_join(old, install->folder, text(record, "old"), err) || !fs_stat(old, &stat, err)))
        return false;
    if (*text(record, "old") && stat.kind == FS_MISSING)
        return true; /* not even the first rename */
    return install_remove_file(install->target, &later, err) &&
           (!*text(record, "old") || fs_rename(old, install->target, err));
}

/* ---- the service ---- */

static bool make_prepare(void *user, cJSON *record, struct err *err)
{
    struct install_state state;

    (void)user;
    return install_look(&state, err) &&
           note_flag(record, "older", state.service != INSTALL_ABSENT, err) &&
           note_text(record, "command", state.command, err);
}

static bool make_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct install *install = user;

    install->changed |= strcmp(text(record, "command"), install->command) != 0;
    if (!install_service_make(install->command, err))
        return false;
    steps_advance(steps, 500);
    return install_service_configure(err);
}

static bool make_undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    if (flag(record, "older"))
        return install_service_make(text(record, "command"), err);
    return install_service_stop(STOP_WAIT_MS, err) && install_service_remove(REMOVE_WAIT_MS, err);
}

static bool start_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)user;
    (void)record;
    return install_service_start(START_WAIT_MS, err);
}

static bool start_undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    (void)record;
    return install_service_stop(STOP_WAIT_MS, err);
}

/* RUNNING is said before anything is tried: only an agent that answers is one that works. */
static bool answer_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    const struct install_options *options = of(user)->options;
    int64_t end_ms = clock_now_ms(clock_system()) + ANSWER_WAIT_MS;
    struct install_state state = {.service = INSTALL_RUNNING};
    struct err why = ERR_INIT;

    (void)steps;
    (void)record;
    while (options->answers && !options->answers(options->folder, &why)) {
        if (!install_look(&state, err))
            return false;
        if (state.service == INSTALL_STOPPED || clock_now_ms(clock_system()) >= end_ms) {
            err_set(err, ERR_FAILED, TEXT_INSTALL_SILENT, options->folder, NULL);
            return err_hint(err, TEXT_INSTALL_SILENT_HINT);
        }
        clock_sleep_ms(clock_system(), ANSWER_POLL_MS);
    }
    return true;
}

static const struct step install_rows[] = {
    {.name = "trigger.off",
     .title = TEXT_INSTALL_STEP_PREPARE,
     .prepare = trigger_prepare,
     .act = trigger_off,
     .undo = trigger_off_undo},
    {.name = "program.copy",
     .title = TEXT_INSTALL_STEP_COPY,
     .weight = 2,
     .act = copy_act,
     .undo = copy_undo},
    {.name = "events",
     .title = TEXT_INSTALL_STEP_EVENTS,
     .prepare = events_prepare,
     .act = events_act,
     .undo = events_undo},
    {.name = "service.stop",
     .title = TEXT_INSTALL_STEP_STOP,
     .weight = 2,
     .prepare = stop_prepare,
     .act = stop_act,
     .undo = stop_undo},
    {.name = "program.swap",
     .title = TEXT_INSTALL_STEP_SWAP,
     .prepare = swap_prepare,
     .act = swap_act,
     .undo = swap_undo},
    {.name = "service.make",
     .title = TEXT_INSTALL_STEP_MAKE,
     .prepare = make_prepare,
     .act = make_act,
     .undo = make_undo},
    {.name = "service.start",
     .title = TEXT_INSTALL_STEP_START,
     .weight = 2,
     .act = start_act,
     .undo = start_undo},
    {.name = "service.answer", .title = TEXT_INSTALL_STEP_ANSWER, .weight = 4, .act = answer_act},
    {.name = "trigger.on",
     .title = TEXT_INSTALL_STEP_FINISH,
     .act = trigger_on,
     .undo = trigger_on_undo},
};

static const struct steps_plan install_plan = {.name = PLAN_INSTALL,
                                               .rows = install_rows,
                                               .count =
                                                   sizeof install_rows / sizeof install_rows[0]};

/* ---- before and after ---- */

bool install_permitted(struct err *err)
{
    if (fs_is_administrator())
        return true;
    err_set(err, ERR_DENIED, TEXT_INSTALL_DENIED, NULL);
    return err_hint(err, TEXT_INSTALL_DENIED_HINT);
}

/* Takes back what an install left that died. What cannot be taken back any more is left to the run
 * that follows, which makes or removes all of it anyway. */
static void end_earlier(struct install *install, const char *path)
{
    struct steps_left left;
    struct err err = ERR_INIT;
    bool ok = steps_look(path, &left, &err);

    if (ok && left.plan[0] && strcmp(left.plan, PLAN_INSTALL) == 0)
        ok = steps_undo(&install_plan, path, install, NULL, &err);
    if (!ok)
        log_err(LOG_WARN, "install", "an earlier install", &err);
    fs_remove(path, NULL);
}

static bool make_command(struct install *install, struct err *err)
{
    const char *words[INSTALL_ARGS + 3] = {install->target, "service"};
    struct buf line;
    bool ok;

    for (size_t i = 0; i < INSTALL_ARGS && install->options->args[i]; i++)
        words[2 + i] = install->options->args[i];
    buf_init(&line, sizeof install->command - 1);
    command_line_put_all(&line, words);
    ok = !line.failed ||
         err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, install->target, "service", NULL);
    if (ok)
        text_copy(install->command, sizeof install->command, buf_str(&line));
    buf_done(&line);
    return ok;
}

/* The paths that both plans need. */
static bool find_places(struct install *install, struct err *err)
{
    return folder_program(install->folder, err) &&
           fs_join(install->target, install->folder, AGENT_PROGRAM, err) &&
           fs_join(install->fresh, install->folder, FRESH_PROGRAM, err);
}

/* The program must be one that nobody but administrators could have put there. */
static bool find_program(struct install *install, struct err *err)
{
    const char *program = install->options->program;
    char self[FS_PATH_BYTES];

    if (!program && !fs_self_path(self, sizeof self, err))
        return false;
    return install_path_check(
        program ? program : self, INSTALL_PLACE_PROGRAM, install->source, err);
}

/* What stands already: nothing is stopped for an install that changes nothing. */
static bool compare(struct install *install, struct err *err)
{
    struct install_state state;

    if (!install_look(&state, err))
        return false;
    install->same_program = install_is_same(install->source, install->target);
    install->same = install->same_program && strcmp(state.command, install->command) == 0;
    install->changed = !install->same || state.service != INSTALL_RUNNING || !state.automatic;
    return true;
}

bool install_run(const struct install_options *options, bool *ret_changed, struct err *err)
{
    struct install *install = calloc(1, sizeof *install);
    char path[FS_PATH_BYTES];
    bool later = false, ok;

    if (!install)
        return err_no_memory(err);
    install->options = options;
    ok = install_permitted(err) && find_places(install, err) && find_program(install, err) &&
         make_command(install, err) && fs_make_dirs(options->folder, FS_PRIVATE, err) &&
         fs_join(path, options->folder, INSTALL_STEPS, err);
    if (ok)
        end_earlier(install, path);
    ok = ok && install_folder_make(install->folder, err) && compare(install, err);
    if (ok && !steps_run(&install_plan, path, install, options->watch, err)) {
        struct err undo = ERR_INIT;

        ok = false;
        if (!steps_undo(&install_plan, path, install, options->watch, &undo))
            log_err(LOG_ERROR, "install", "taking back", &undo);
        install_folder_remove(install->folder, NULL);
    }
    if (ok) {
        install_sweep(install->folder, &later, NULL); /* what stays is tried again next time */
        if (install->changed)
            event_log_report(EVENT_INSTALLED, version_text(), "");
        *ret_changed = install->changed;
    }
    free(install);
    return ok;
}

/* ---- removing ---- */

struct uninstall {
    const struct uninstall_options *options;
    struct install places;
    bool later;
};

static bool remove_service(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)user;
    (void)record;
    return install_service_remove(REMOVE_WAIT_MS, err);
}

static bool remove_stop(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)user;
    (void)record;
    return install_service_stop(STOP_WAIT_MS, err);
}

static bool give_back(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    const struct uninstall_options *options = ((struct uninstall *)user)->options;

    (void)steps;
    (void)record;
    return !options->give_back || options->give_back(options->user, err);
}

static bool remove_events(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)user;
    (void)record;
    return install_events_remove(err);
}

static bool remove_program(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct uninstall *uninstall = user;
    const struct install *places = &uninstall->places;

    (void)record;
    if (!install_sweep(places->folder, &uninstall->later, err))
        return false;
    steps_advance(steps, 500);
    return install_remove_file(places->target, &uninstall->later, err) &&
           install_folder_remove(places->folder, err);
}

struct emptying {
    const char *folder;
    bool ok;
    struct err *err;
};

static bool on_data(const char *name, enum fs_kind kind, void *user)
{
    struct emptying *emptying = user;
    char path[FS_PATH_BYTES];

    (void)kind;
    if (strcmp(name, INSTALL_STEPS) == 0)
        return true; /* the last to go */
    emptying->ok =
        fs_join(path, emptying->folder, name, emptying->err) && fs_remove_tree(path, emptying->err);
    return emptying->ok;
}

static bool remove_data(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    const struct uninstall_options *options = ((struct uninstall *)user)->options;
    struct emptying emptying = {.folder = options->folder, .ok = true, .err = err};

    (void)steps;
    (void)record;
    return fs_list(options->folder, on_data, &emptying, err) && emptying.ok;
}

static const struct step uninstall_rows[] = {
    {.name = "trigger.off", .title = TEXT_INSTALL_STEP_PREPARE, .act = trigger_off},
    {.name = "service.stop", .title = TEXT_INSTALL_STEP_STOP, .weight = 2, .act = remove_stop},
    {.name = "give_back", .title = TEXT_INSTALL_STEP_GIVE_BACK, .weight = 2, .act = give_back},
    {.name = "service.remove", .title = TEXT_INSTALL_STEP_REMOVE, .act = remove_service},
    {.name = "program.remove", .title = TEXT_INSTALL_STEP_PROGRAM, .act = remove_program},
    {.name = "events.remove", .title = TEXT_INSTALL_STEP_EVENTS, .act = remove_events},
    {.name = "data.remove", .title = TEXT_INSTALL_STEP_DATA, .act = remove_data},
};

static const struct steps_plan uninstall_plan = {.name = PLAN_UNINSTALL,
                                                 .rows = uninstall_rows,
                                                 .count = sizeof uninstall_rows /
                                                          sizeof uninstall_rows[0]};

/* A removal that died is gone on with; an install that died is simply part of what is removed. */
static void look_at_earlier(const char *path)
{
    struct steps_left left;

    if (!steps_look(path, &left, NULL) || (left.plan[0] && strcmp(left.plan, PLAN_UNINSTALL) != 0))
        fs_remove(path, NULL);
}

bool uninstall_run(const struct uninstall_options *options, bool *ret_later, struct err *err)
{
    struct uninstall *uninstall = calloc(1, sizeof *uninstall);
    char path[FS_PATH_BYTES];
    bool ok;

    if (!uninstall)
        return err_no_memory(err);
    uninstall->options = options;
    ok = install_permitted(err) && find_places(&uninstall->places, err) &&
         fs_make_dirs(options->folder, FS_PRIVATE, err) &&
         fs_join(path, options->folder, INSTALL_STEPS, err);
    if (ok) {
        look_at_earlier(path);
        ok = steps_run(&uninstall_plan, path, uninstall, options->watch, err) &&
             fs_remove_tree(options->folder, err);
    }
    if (ok)
        *ret_later = uninstall->later;
    free(uninstall);
    return ok;
}

/* ---- by the service itself ---- */

/* What the service was started with, as `uninstall`. */
static bool removal_command(uint16_t **ret_line, struct err *err)
{
    struct install_state state;
    struct install places;
    const char *words[8] = {places.target, "uninstall", "--yes"};
    size_t count = 3;
    struct buf line;
    bool ok;

    memset(&places, 0, sizeof places);
    if (!install_look(&state, err) || !find_places(&places, err))
        return false;
    if (state.disk[0]) {
        words[count++] = "--simulate";
        words[count++] = state.disk;
    }
    if (state.data[0]) {
        words[count++] = "--data";
        words[count++] = state.data;
    }
    buf_init(&line, FS_PATH_BYTES * 3);
    command_line_put_all(&line, words);
    ok = line.failed ? err_no_memory(err) : utf16_from_utf8(buf_str(&line), ret_line, err);
    buf_done(&line);
    return ok;
}

bool install_remove_later(struct err *err)
{
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    uint16_t *line = NULL;
    bool ok;

    if (!removal_command(&line, err))
        return false;
    ok = CreateProcessW(NULL,
                        (WCHAR *)line,
                        NULL,
                        NULL,
                        FALSE,
                        CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP,
                        NULL,
                        NULL,
                        &start,
                        &process) ||
         err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_INSTALL_REMOVE, NULL);
    if (ok) {
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    free(line);
    return ok;
}
