/* Running, resuming and undoing a plan. */
#include "common/steps_file.h"

#include <assert.h>
#include <string.h>

struct steps {
    const struct steps_plan *plan;
    const struct steps_watch *watch;
    void *user;
    struct steps_file file;
    size_t index; /* of the step that runs */
    cJSON *record;
    unsigned weight_done, weight_all;
};

static unsigned weight_of(const struct step *step)
{
    return step->weight ? step->weight : 1;
}

static void tell(const struct steps *steps, unsigned permille, bool undoing)
{
    const struct step *step = &steps->plan->rows[steps->index];
    uint64_t done = (uint64_t)steps->weight_done * 1000 + (uint64_t)weight_of(step) * permille;
    struct steps_progress progress = {
        .step = step,
        .index = steps->index,
        .count = steps->plan->count,
        .permille = (unsigned)(done / steps->weight_all),
        .undoing = undoing,
    };

    if (steps->watch && steps->watch->on_progress)
        steps->watch->on_progress(&progress, steps->watch->user);
}

void steps_advance(struct steps *steps, unsigned permille)
{
    tell(steps, permille < 1000 ? permille : 1000, false);
}

bool steps_is_cancelled(const struct steps *steps)
{
    return steps->watch && steps->watch->cancelled && steps->watch->cancelled(steps->watch->user);
}

bool steps_save_record(struct steps *steps, struct err *err)
{
    return steps_file_event(
        &steps->file, steps->plan->rows[steps->index].name, STEPS_BEGUN, steps->record, err);
}

/* Calls the step's undo, if it has one, and marks it undone. */
static bool undo_entry(struct steps *steps,
                       const struct step *step,
                       const struct steps_entry *entry,
                       struct err *err)
{
    if (step->undo && !step->undo(steps->user, entry->record, err))
        return err_context(err, step->title, NULL);
    return steps_file_event(&steps->file, step->name, STEPS_UNDONE, NULL, err);
}

/* Prepares, writes the record, acts, marks done. */
static bool run_step(struct steps *steps, const struct step *step, struct err *err)
{
    bool ok;

    steps->record = cJSON_CreateObject();
    if (!steps->record)
        return err_no_memory(err);
    ok = (!step->prepare || step->prepare(steps->user, steps->record, err)) &&
         steps_file_event(&steps->file, step->name, STEPS_BEGUN, steps->record, err) &&
         step->act(steps, steps->user, steps->record, err) &&
         steps_file_event(&steps->file, step->name, STEPS_DONE, steps->record, err);
    cJSON_Delete(steps->record);
    steps->record = NULL;
    return ok || err_context(err, step->title, NULL);
}

/* Goes on with a step that an earlier run may have begun or done. */
static bool resume_step(struct steps *steps, const struct step *step, struct err *err)
{
    const struct steps_entry *entry = steps_file_find(&steps->file, step->name);

    if (entry && entry->state == STEPS_DONE)
        return !step->restore || step->restore(steps->user, entry->record, err) ||
               err_context(err, step->title, NULL);
    if (steps_is_cancelled(steps))
        return err_set(err, ERR_CANCELLED, TEXT_CANCELLED, NULL);
    tell(steps, 0, false);
    if (entry && !undo_entry(steps, step, entry, err))
        return false;
    return run_step(steps, step, err);
}

static const struct step *find_row(const struct steps_plan *plan, const char *name, size_t *ret_at)
{
    size_t i;

    for (i = 0; i < plan->count; i++) {
        if (strcmp(plan->rows[i].name, name) == 0) {
            *ret_at = i;
            return &plan->rows[i];
        }
    }
    return NULL;
}

/* Loads the file; it must be of this plan and know only its steps. */
static bool open_steps(struct steps *steps,
                       const struct steps_plan *plan,
                       const char *path,
                       void *user,
                       const struct steps_watch *watch,
                       struct err *err)
{
    size_t i;
    size_t at;

    assert(plan->count > 0 && plan->count <= STEPS_MAX);
    memset(steps, 0, sizeof *steps);
    steps->plan = plan;
    steps->user = user;
    steps->watch = watch;
    for (i = 0; i < plan->count; i++)
        steps->weight_all += weight_of(&plan->rows[i]);
    if (!steps_file_load(&steps->file, path, err))
        return false;
    if (steps->file.plan[0] && strcmp(steps->file.plan, plan->name) != 0)
        return err_set(err, ERR_CONFLICT, TEXT_STEPS_OTHER, path, steps->file.plan, NULL);
    for (i = 0; i < steps->file.count; i++) {
        if (!find_row(plan, steps->file.entries[i].name, &at))
            return err_set(err, ERR_UNSUPPORTED, TEXT_STEPS_NEWER, path, NULL);
    }
    return true;
}

/* Undoes everything in the file, last begun first. The file stays. */
static bool undo_all(struct steps *steps, struct err *err)
{
    size_t i;

    if (!steps_file_undo(&steps->file, err))
        return false;
    for (i = steps->file.count; i-- > 0;) {
        struct steps_entry *entry = &steps->file.entries[i];
        const struct step *step = find_row(steps->plan, entry->name, &steps->index);

        if (!step || entry->state == STEPS_UNDONE)
            continue; /* that each has its row was looked at when the file was opened */
        tell(steps, 0, true);
        if (!undo_entry(steps, step, entry, err))
            return false;
    }
    return true;
}

static bool run_all(struct steps *steps, struct err *err)
{
    const struct steps_plan *plan = steps->plan;
    bool fresh = !steps->file.plan[0];

    if (steps->file.undoing) {
        if (!undo_all(steps, err))
            return false;
        fresh = true;
    }
    if (fresh && !steps_file_start(&steps->file, plan->name, err))
        return false;
    for (steps->index = 0; steps->index < plan->count; steps->index++) {
        const struct step *step = &plan->rows[steps->index];

        if (!resume_step(steps, step, err))
            return false;
        steps->weight_done += weight_of(step);
    }
    steps->index = plan->count - 1;
    steps->weight_done -= weight_of(&plan->rows[steps->index]);
    tell(steps, 1000, false);
    return steps_file_finish(&steps->file, err);
}

bool steps_run(const struct steps_plan *plan,
               const char *path,
               void *user,
               const struct steps_watch *watch,
               struct err *err)
{
    struct steps steps;
    bool ok = open_steps(&steps, plan, path, user, watch, err) && run_all(&steps, err);

    steps_file_done(&steps.file);
    return ok;
}

bool steps_undo(const struct steps_plan *plan,
                const char *path,
                void *user,
                const struct steps_watch *watch,
                struct err *err)
{
    struct steps steps;
    bool ok = open_steps(&steps, plan, path, user, watch, err);

    if (ok && steps.file.plan[0])
        ok = undo_all(&steps, err);
    ok = ok && steps_file_finish(&steps.file, err);
    steps_file_done(&steps.file);
    return ok;
}

bool steps_look(const char *path, struct steps_left *ret_left, struct err *err)
{
    struct steps_left left = {.plan = ""};
    struct steps_file file;
    bool ok = steps_file_load(&file, path, err);
    size_t i;

    if (ok) {
        text_copy(left.plan, sizeof left.plan, file.plan);
        left.undoing = file.undoing;
        for (i = 0; i < file.count; i++) {
            left.done += file.entries[i].state == STEPS_DONE;
            if (file.entries[i].state != STEPS_UNDONE)
                text_copy(left.step, sizeof left.step, file.entries[i].name);
        }
        *ret_left = left;
    }
    steps_file_done(&file);
    return ok;
}
