/* The edit: Parsec stopped, files changed, Parsec started. */
#include "guest/parsec/config_place.h"

#include "guest/parsec/strategy.h"

#include <stdio.h>
#include <string.h>

/* Whether and how Parsec ran before it was stopped. */
struct running {
    bool service; /* the service has to be started again */
    bool program; /* an installation for one user: parsecd itself */
};

static bool is_busy(const struct config_job *job, struct err *err)
{
    unsigned processes = 0;

    if (job->force)
        return false;
    if (!parsec_log_read(job->log, job->machine->files, err))
        return true;
    if (parsec_log_clients(parsec_log_state(job->log)) == 0)
        return false;
    /* a log ends in the middle of a session when Parsec was ended: nobody can be connected then */
    if (job->machine->processes->ops->count(
            job->machine->processes, PARSEC_PROCESS, &processes, err) &&
        processes == 0)
        return false;
    err_set(err, ERR_BUSY, TEXT_PARSEC_CLIENT_CONNECTED, NULL);
    return true;
}

static bool parsec_stop(struct machine *machine, struct running *ret_running, struct err *err)
{
    struct service_status service;
    unsigned processes = 0;

    if (!machine->services->ops->query(machine->services, PARSEC_SERVICE, &service, err) ||
        !machine->processes->ops->count(machine->processes, PARSEC_PROCESS, &processes, err))
        return false;
    ret_running->service =
        service.state == SERVICE_STATE_RUNNING || service.state == SERVICE_STATE_PENDING;
    ret_running->program = service.state == SERVICE_STATE_ABSENT && processes > 0;
    if (ret_running->service && !machine->services->ops->stop(
                                    machine->services, PARSEC_SERVICE, PARSEC_SERVICE_WAIT_MS, err))
        return false;
    return machine->processes->ops->terminate(machine->processes, PARSEC_PROCESS, err);
}

/* An installation for one user has no service: its program is started in the user's session. Nobody
 * there: it starts with the next logon. */
static void program_start(struct machine *machine)
{
    char folder[FS_PATH_BYTES] = "", path[FS_PATH_BYTES];

    if (machine->files->ops->path(machine->files, ROOT_PARSEC_USER, folder, sizeof folder, NULL) &&
        folder[0] && fs_join(path, folder, PARSEC_PROCESS, NULL))
        (void)machine->sessions->ops->start_program(machine->sessions, path, NULL);
}

static bool parsec_start(struct machine *machine, const struct running *running, struct err *err)
{
    if (running->program)
        program_start(machine);
    return !running->service || machine->services->ops->start(
                                    machine->services, PARSEC_SERVICE, PARSEC_SERVICE_WAIT_MS, err);
}

/* Keeps a file that is going to be replaced: a person may want to see what was in it. */
static bool keep_broken(const struct config_job *job,
                        enum config_place place,
                        const struct buf *data,
                        struct err *err)
{
    const struct config_place_row *row = config_place_row(place);
    char name[64], path[FS_PATH_BYTES];

    snprintf(name,
             sizeof name,
             "broken-%s-%s",
             row->root == ROOT_PARSEC_USER ? "user" : "shared",
             row->name);
    return fs_join(path, job->folder, name, err) &&
           fs_write_atomic(path, data->data, data->len, FS_PRIVATE, err);
}

/* Edits one file. It is read again, since Parsec writes it when it ends. */
static bool edit_file(const struct config_job *job,
                      enum config_place place,
                      const struct config_lines *lines,
                      struct err *err)
{
    const struct config_place_row *row = config_place_row(place);
    struct files_port *files = job->machine->files;
    struct config_diff diff = {.count = 0};
    struct err why = ERR_INIT;
    struct buf data, edited;
    bool exists, ok = false;

    buf_init(&data, CONFIG_MAX_BYTES + 1);
    buf_init(&edited, CONFIG_MAX_BYTES);
    if (!config_read_place(files, place, &data, &exists, err))
        goto out;
    if (!config_merge(row->format, data.data, data.len, lines, &edited, &diff, &why)) {
        buf_clear(&edited);
        if (!keep_broken(job, place, &data, err) ||
            !config_merge(row->format, NULL, 0, lines, &edited, &diff, err))
            goto out;
    }
    ok = (diff.count == 0 && !diff.encoding) ||
         files->ops->write(files, row->root, row->name, edited.data, edited.len, err);

out:
    buf_done(&data);
    buf_done(&edited);
    return ok || err_context(err, TEXT_PARSEC_EDITING, row->name);
}

/* Notes what stands in the files now of keys that the agent has not written yet. */
static void note_before(const struct config_view *view, struct parsec_state *state)
{
    int place;
    size_t i;

    for (place = 0; place < CONFIG_PLACES; place++) {
        const struct config_diff *diff = &view->files[place].diff;

        for (i = 0; i < diff->count; i++) {
            const struct config_change *change = &diff->items[i];

            if (!config_lines_find(&state->before, change->key))
                config_lines_set(&state->before,
                                 change->key,
                                 change->present && !change->odd ? change->found : NULL);
        }
    }
}

/* What was given back is no longer the agent's. */
static void forget_before(const struct config_lines *wanted, struct parsec_state *state)
{
    struct config_lines kept = {.count = 0};
    size_t i;

    for (i = 0; i < state->before.count; i++) {
        if (config_lines_find(wanted, state->before.items[i].key))
            kept.items[kept.count++] = state->before.items[i];
    }
    state->before = kept;
}

static void note_applied(const struct config_lines *wanted, struct parsec_state *state)
{
    size_t i;

    state->applied.count = 0;
    for (i = 0; i < wanted->count; i++) {
        if (config_key_is_ours(wanted->items[i].key) && !wanted->items[i].absent)
            state->applied.items[state->applied.count++] = wanted->items[i];
    }
}

/* Edits all targets with Parsec stopped. Parsec is started again whatever happens. */
static bool edit_all(const struct config_job *job, const struct config_view *view, struct err *err)
{
    struct running running = {false, false};
    struct err why = ERR_INIT;
    bool ok = parsec_stop(job->machine, &running, err);
    int place;

    for (place = 0; place < CONFIG_PLACES && ok; place++) {
        if (view->files[place].target)
            ok = edit_file(job, (enum config_place)place, &view->wanted, err);
    }
    if (!parsec_start(job->machine, &running, &why) && ok) {
        if (err)
            *err = why;
        ok = false;
    }
    return ok;
}

/* Edits the files to lines; wanted are those that the profile itself asks for. */
static bool run(const struct config_job *job,
                const struct config_lines *lines,
                const struct config_lines *wanted,
                struct err *err)
{
    struct config_view view;

    if (!config_compare(job->machine, job->profile, job->log, lines, &view, err))
        return false;
    if (view.differences > 0) {
        if (is_busy(job, err))
            return false;
        note_before(&view, job->state);
        if (!parsec_state_save(job->folder, job->state, err) || !edit_all(job, &view, err))
            return false;
    }
    forget_before(wanted, job->state);
    note_applied(wanted, job->state);
    return parsec_state_save(job->folder, job->state, err);
}

bool config_apply(const struct config_job *job, struct err *err)
{
    struct config_lines lines, wanted;

    config_wanted_now(job->profile, job->state, &lines);
    config_wanted(job->profile, strategy_active(job->profile, job->state), &wanted);
    return run(job, &lines, &wanted, err);
}

bool config_give_back(const struct config_job *job, struct err *err)
{
    static const struct config_lines none = {.count = 0};
    struct config_lines before = job->state->before;

    return run(job, &before, &none, err);
}
