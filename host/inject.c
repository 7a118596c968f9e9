/* Injections into the disks of VMs that stand. */
#include "host/inject_inside.h"

#include "common/steps.h"
#include "host/disk.h"
#include "host/journal.h"

#include <string.h>

#define KIND "inject-"

/* One injection. */
struct job {
    struct call *call;
    const struct target *target; /* NULL while recovering: then disk and id say which */
    struct plan *plan;
    char disk[FS_PATH_BYTES];
};

/* ---- without a journal ---- */

static bool
apply(struct call *call, const struct target *target, struct plan *plan, struct err *err)
{
    struct disk_session session;

    if (!disk_open(call, target, &session, err))
        return false;
    return disk_close(
        &session, plan_apply(plan, session.port, session.volume, NULL, NULL, err), err);
}

/* ---- with one ---- */

static bool prepare(void *user, cJSON *record, struct err *err)
{
    struct job *job = user;

    return (cJSON_AddStringToObject(record, "id", job->target->id) &&
            cJSON_AddStringToObject(record, "disk", job->target->vm.settings.disk)) ||
           err_no_memory(err);
}

/* Writes down that the agent is new here, so that all of it may be taken out again. */
static bool note_new(struct job *job,
                     struct disk_session *session,
                     struct steps *steps,
                     cJSON *record,
                     struct err *err)
{
    struct fs_stat stat;

    if (!session->port->tree->stat(
            session->port, session->volume, inject_place(job->call)->data, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return true;
    cJSON_DeleteItemFromObjectCaseSensitive(record, "new");
    return (cJSON_AddTrueToObject(record, "new") || err_no_memory(err)) &&
           steps_save_record(steps, err);
}

static bool act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;
    struct disk_session session;
    bool ok;

    if (!disk_open(job->call, job->target, &session, err))
        return false;
    ok = plan_check(job->plan, session.port, session.volume, err) &&
         note_new(job, &session, steps, record, err) &&
         plan_apply(job->plan, session.port, session.volume, NULL, NULL, err);
    return disk_close(&session, ok, err);
}

/* Takes the agent out of the VM's disk again, if it was new there. A VM that is gone, or has
 * another disk by now, needs nothing. */
static bool undo(void *user, const cJSON *record, struct err *err)
{
    struct job *job = user;
    struct target target = {.exists = false};
    struct plan *plan = NULL;
    char disk[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    bool ok;

    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(record, "new")))
        return true;
    if (!json_string_into(record, "id", NULL, target.id, sizeof target.id, err) ||
        !json_string_into(record, "disk", NULL, disk, sizeof disk, err))
        return false;
    if (!call_open_hypervisor(job->call, err))
        return false;
    if (!hypervisor_find(job->call->hypervisor, target.id, &target.vm, &why)) {
        if (err)
            *err = why;
        return why.kind == ERR_NOT_FOUND;
    }
    text_copy(target.name, sizeof target.name, target.vm.settings.name);
    text_copy(job->disk, sizeof job->disk, disk);
    if (strcmp(disk, target.vm.settings.disk) != 0)
        return true;
    ok = plan_new(&plan, err) && inject_add_removal(job->call, plan, err) &&
         apply(job->call, &target, plan, err);
    plan_free(plan);
    return ok;
}

static const struct step rows[] = {
    {.name = "inject",
     .title = TEXT_BUILD_STAGE_INJECT,
     .prepare = prepare,
     .act = act,
     .undo = undo},
};

static bool run(struct call *call, const struct target *target, struct plan *plan, struct err *err)
{
    struct steps_plan steps = {.rows = rows, .count = 1};
    struct job job = {.call = call, .target = target, .plan = plan};
    struct err why = ERR_INIT;
    struct journal journal;
    bool ok;

    if (!journal_open(call, KIND, target->id, &journal, err))
        return false;
    steps.name = journal.name;
    ok = steps_run(&steps, journal.path, &job, NULL, &why);
    if (!ok) {
        /* what cannot be taken back now, `images clean` or the next injection takes back */
        steps_undo(&steps, journal.path, &job, NULL, NULL);
        if (err)
            *err = why;
    }
    journal_close(&journal);
    return ok;
}

bool inject_agent(struct call *call,
                  const struct target *target,
                  const struct key_file *keys,
                  bool with_payloads,
                  struct err *err)
{
    struct inject_what what = {.parts = INJECT_PROGRAM | INJECT_AGENT |
                                        (with_payloads ? (unsigned)INJECT_PAYLOADS : 0),
                               .target = target,
                               .keys = keys};
    struct plan *plan = NULL;
    bool ok = disk_needs_off(target, err) && plan_new(&plan, err) &&
              inject_add(call, &what, plan, err) && run(call, target, plan, err);

    plan_free(plan);
    return ok;
}

bool inject_profile(struct call *call, struct target *target, struct err *err)
{
    struct plan *plan = NULL;
    bool ok;

    if (!target->record.profile_pending)
        return true;
    ok = plan_new(&plan, err) && inject_add_profile(call, target, plan, err) &&
         apply(call, target, plan, err);
    plan_free(plan);
    if (!ok)
        return false;
    target->record.profile_pending = false;
    return store_save(call->store, &target->record, err);
}

bool inject_remove(struct call *call, const struct target *target, struct err *err)
{
    struct plan *plan = NULL;
    bool ok = disk_needs_off(target, err) && plan_new(&plan, err) &&
              inject_add_removal(call, plan, err) && apply(call, target, plan, err);

    plan_free(plan);
    return ok;
}

/* ---- what died ---- */

struct recovery {
    struct call *call;
    void (*told)(const char *disk, void *user);
    void *user;
};

static bool recover(const struct journal *journal, void *user, struct err *err)
{
    const struct recovery *recovery = user;
    const struct steps_plan steps = {.name = journal->name, .rows = rows, .count = 1};
    struct job job = {.call = recovery->call};

    if (!steps_undo(&steps, journal->path, &job, NULL, err))
        return false;
    if (*job.disk && recovery->told)
        recovery->told(job.disk, recovery->user);
    return true;
}

bool inject_recover(struct call *call,
                    void (*told)(const char *disk, void *user),
                    void *user,
                    struct err *err)
{
    struct recovery recovery = {call, told, user};

    return journal_each(call, KIND, recover, &recovery, err);
}
