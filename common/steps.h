/*
 * Long work as an ordered list of steps that a crash cannot leave half-done. Before a step acts,
 * its undo record is written to a steps file and flushed; after it acted it is marked done.
 * Whatever dies in between, the file says what may exist: steps_run goes on where it was,
 * steps_undo takes everything back in reverse order. Both may die and be called again.
 *
 * A record holds references (paths, ids), never secrets: what must not lie on the disk is asked
 * again. Fields whose names speak of secrets are refused.
 *
 * The file is one JSON line per event, appended and flushed. A line that a crash cut short is
 * dropped; anything else that does not fit is ERR_BAD_INPUT. Blocking, one thread; the caller holds
 * the lock of whatever the plan works on. When all is done or undone the file is removed.
 */
#ifndef GPUPV_STEPS_H
#define GPUPV_STEPS_H

#include "common/json.h"

#define STEPS_MAX          64
#define STEPS_NAME_BYTES   64
#define STEPS_RECORD_BYTES 16384
#define STEPS_FILE_BYTES   (4 * 1024 * 1024)

struct steps;

/* One step. `user` is what steps_run was given; all but name, title and act may be NULL or 0. */
struct step {
    const char *name;   /* stable, in the file: "vm.create" */
    enum text_id title; /* shown while it runs, and the context of its error; no arguments */
    unsigned weight;    /* share of the whole work; 0 counts as 1 */

    /* Fills the undo record; changes nothing. */
    bool (*prepare)(void *user, cJSON *record, struct err *err);

    /* Does it; may add to the record, which is written again with the mark "done". */
    bool (*act)(struct steps *steps, void *user, cJSON *record, struct err *err);

    /* Takes back what act did, whether all, part or none of it happened; may run twice. */
    bool (*undo)(void *user, const cJSON *record, struct err *err);

    /* When resuming: the step was done by an earlier run, this is its record. */
    bool (*restore)(void *user, const cJSON *record, struct err *err);
};

struct steps_plan {
    const char *name; /* in the file: "up lab1"; a file of another plan is ERR_CONFLICT */
    const struct step *rows;
    size_t count; /* at most STEPS_MAX */
};

/* Where the work is. */
struct steps_progress {
    const struct step *step;
    size_t index, count;
    unsigned permille; /* of the whole plan */
    bool undoing;
};

/* How the caller watches; members may be NULL. Called on the thread of steps_run. */
struct steps_watch {
    void (*on_progress)(const struct steps_progress *progress, void *user);
    bool (*cancelled)(void *user); /* asked between steps and by steps_is_cancelled */
    void *user;
};

/* Runs the plan; the file at path tells what is done already. An undo that was interrupted is ended
 * first, then all begins anew. A step that began but was not marked done is undone, then runs again
 * (without undo: runs again). On failure, or ERR_CANCELLED, the file stays: the caller decides
 * between another steps_run and steps_undo. watch may be NULL. */
bool steps_run(const struct steps_plan *plan,
               const char *path,
               void *user,
               const struct steps_watch *watch,
               struct err *err);

/* Takes back what the file says, in reverse order, and removes the file; without a file there is
 * nothing to do. Stops at the first step whose undo fails: the file stays for another try. */
bool steps_undo(const struct steps_plan *plan,
                const char *path,
                void *user,
                const struct steps_watch *watch,
                struct err *err);

/* What an interrupted run left; name is "" when there is nothing. */
struct steps_left {
    char plan[STEPS_NAME_BYTES];
    char step[STEPS_NAME_BYTES]; /* the last one that began, "" when none did */
    size_t done;
    bool undoing;
};

/* Looks into the file without changing it. A missing file is fine. */
bool steps_look(const char *path, struct steps_left *ret_left, struct err *err);

/* For act: says how far this step is, in thousandths. */
void steps_advance(struct steps *steps, unsigned permille);

/* For act: true when the caller wants to stop; act then returns ERR_CANCELLED when it can. */
bool steps_is_cancelled(const struct steps *steps);

/* For act: writes the record as it is now and flushes it, so that an undo after a crash knows what
 * act found out (the id of something it is about to make). */
bool steps_save_record(struct steps *steps, struct err *err);

#endif
