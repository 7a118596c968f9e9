/* Repairs that put Easy-GPU-PV's leftovers to rest. */
#include "guest/legacy.h"

#include "guest/parsec/parsec.h"
#include "guest/repair/repair.h"

#define UNDO_SCRIPTS "scripts"

/* A task is on record before it is disabled. */
static bool disable_task(struct repair_context *context, const char *name, struct err *err)
{
    struct tasks_port *tasks = context->check->machine->tasks;
    struct task task;

    if (!tasks->ops->query(tasks, name, &task, err))
        return false;
    if (!task.present || !task.enabled)
        return true;
    return repair_will_undo(context, UNDO_AT_RELEASE, name, err) &&
           tasks->ops->set_enabled(tasks, name, false, err);
}

/* One that cannot be disabled does not save the others; the first failure is told. */
bool repair_legacy_tasks(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    bool ok = true;

    (void)ret_reboot;
    for (size_t i = 0; legacy_tasks[i]; i++)
        ok = disable_task(context, legacy_tasks[i], ok ? err : NULL) && ok;
    return ok;
}

bool repair_legacy_tasks_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct tasks_port *tasks = context->check->machine->tasks;
    struct task task;

    if (!tasks->ops->query(tasks, data, &task, err))
        return false;
    return !task.present || tasks->ops->set_enabled(tasks, data, true, err);
}

bool repair_legacy_scripts(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct parsec *parsec = context->check->parsec;

    (void)ret_reboot;
    if (!parsec)
        return err_set(err, ERR_UNSUPPORTED, TEXT_CHECK_ABSENT, NULL);
    return repair_will_undo(context, UNDO_AT_RELEASE, UNDO_SCRIPTS, err) &&
           legacy_remove_scripts(context->check->machine->files, parsec->folder, err);
}

bool repair_legacy_scripts_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct parsec *parsec = context->check->parsec;

    (void)data;
    if (!parsec)
        return err_set(err, ERR_UNSUPPORTED, TEXT_CHECK_ABSENT, NULL);
    return legacy_restore_scripts(context->check->machine->files, parsec->folder, err);
}
