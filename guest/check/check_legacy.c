/* Checks for the leftovers of Easy-GPU-PV. */
#include "guest/legacy.h"

#include "guest/check/check.h"

void check_legacy_tasks(struct check_context *context, struct finding *ret_finding)
{
    char first[TASK_NAME_BYTES];
    struct err err = ERR_INIT;
    unsigned count = 0;

    if (!context->profile->legacy.remove_tasks)
        finding_off(ret_finding);
    else if (!legacy_count_tasks(context->machine->tasks, &count, first, &err))
        finding_unknown(ret_finding, &err);
    else if (count > 0)
        finding_set(ret_finding, CAUSE_LEGACY_TASKS, count, TEXT_NUM(count), first, NULL);
    else
        finding_ok(ret_finding);
}

void check_legacy_scripts(struct check_context *context, struct finding *ret_finding)
{
    struct err err = ERR_INIT;
    bool found = false;

    if (!context->profile->legacy.remove_scripts)
        finding_off(ret_finding);
    else if (!legacy_look_scripts(context->machine->files, &found, &err))
        finding_unknown(ret_finding, &err);
    else if (found)
        finding_set(ret_finding, CAUSE_LEGACY_SCRIPTS, 0, NULL);
    else
        finding_ok(ret_finding);
}
