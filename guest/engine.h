/*
 * The engine: observe, plan, act, verify, journal, on one machine. A pass is one blocking call from
 * a job thread; the agent makes passes at its start, when system->wait_change reports a change,
 * when result.next_in_ms has passed, and on request. At most one pass at a time; only engine_stop
 * may be called meanwhile, from any thread. A crash at any instruction loses nothing.
 *
 *     engine_first_aid(machine);                     before anything else
 *     engine_open(&setup, &engine, &damage, &err);   damage: log it and go on
 *     for (;;) { engine_pass(engine, &profile, &options, &result, &err); wait; }
 */
#ifndef GPUPV_ENGINE_H
#define GPUPV_ENGINE_H

#include "guest/reconcile.h"

#define ENGINE_STEPS 64 /* repairs in one pass; the rest waits for the next pass */

/* Notifications get lost: a pass at least so often; while all is well the wait doubles up to the
 * second figure, until something happens. */
#define ENGINE_SLOW_MS    INT64_C(60000)
#define ENGINE_SLOWEST_MS INT64_C(600000)

struct engine;

/* The first act of every start, before journal, network and checks: when no display path is active,
 * or only virtual ones that vanish within the time in which a dead holder's monitors do, Hyper-V
 * Video is enabled. Returns true when it enabled it; *ret_err (never NULL) tells a failure. Takes
 * at most ENGINE_FIRST_AID_MS, and longer than a few calls only while Hyper-V Video is off. */
#define ENGINE_FIRST_AID_MS INT64_C(1300)
bool engine_first_aid(struct machine *machine, struct err *ret_err);

enum engine_phase {
    ENGINE_OBSERVED,  /* checks have run: health is fresh */
    ENGINE_REPAIRING, /* about to run event.repair */
    ENGINE_REPAIRED   /* it ended: event.outcome, event.why */
};

struct engine_event {
    enum engine_phase phase;
    enum check_id check;
    enum cause cause;
    enum repair_id repair;
    enum journal_outcome outcome;
    const struct err *why;       /* of a failure, else NULL */
    const struct health *health; /* as known now; valid during the call */
};

/* What an engine works with; everything is owned by the caller and outlives the engine. */
struct engine_setup {
    struct machine *machine;
    struct parsec *parsec;    /* NULL: Parsec's checks say unknown */
    const char *journal_path; /* NULL: memory only */
    /* Progress, called on the thread of the pass; NULL: none. Quick, and calls nothing of here. */
    void (*on_event)(const struct engine_event *event, void *user);
    void *user;
};

/* Makes an engine. *ret_damage reports a damaged journal (the engine works all the same). The
 * caller frees with engine_free. */
bool engine_open(const struct engine_setup *setup,
                 struct engine **ret_engine,
                 struct err *ret_damage,
                 struct err *err);

/* NULL is fine. Gives nothing back by itself: see engine_give_console. */
void engine_free(struct engine *engine);

struct engine_options {
    bool dry_run;      /* change nothing; result.steps says what would be done */
    bool now;          /* no waiting for idle and back-off; what was given up is tried again */
    bool asked;        /* a person asked for it: acts although the profile only observes */
    bool reset_parsec; /* reinstall Parsec and let a person sign in anew */
    uint32_t only;     /* CHECK_BITs to repair; 0: all. All are looked at */
};

struct engine_step {
    enum check_id check;
    enum cause cause;
    enum repair_id repair;
    bool waits;      /* planned, but not now: health says for what */
    bool done;       /* outcome says what came of it; else it is what would be done */
    struct err note; /* what it would do or why it failed; kind ERR_NONE: the repair's title */
    enum journal_outcome outcome; /* when it was done */
};

struct engine_result {
    struct health health;
    struct plan plan; /* the last plan: what waits, and for what */
    struct engine_step steps[ENGINE_STEPS];
    size_t step_count;
    int64_t next_in_ms; /* make the next pass after so long at the latest */
    bool rebooting;     /* Windows was asked to restart */
    bool stopped;       /* engine_stop ended the pass early */
};

/* One pass. The result is filled even when it returns false, which means that the journal could not
 * be written (nothing but a lost display was repaired then). */
bool engine_pass(struct engine *engine,
                 const struct profile *profile,
                 const struct engine_options *options,
                 struct engine_result *ret_result,
                 struct err *err);

/* Asks a running pass to end before its next repair; any thread. The next pass starts anew. */
void engine_stop(struct engine *engine);

/* A person wants the console picture (display.restore) until told otherwise (display.auto):
 * remembered over restarts; keep gives the picture back at once. */
bool engine_keep_console(struct engine *engine, bool keep, struct err *err);

/* Enables Hyper-V Video and extends the desktop: when the service stops, the machine shuts down or
 * sign-in mode begins. */
bool engine_give_console(struct engine *engine, struct err *err);

/* The same without an engine, for a service that must end while a repair still runs: machine is one
 * of the caller's own. A machine without Hyper-V Video has nothing to give: true. */
bool engine_rescue_console(struct machine *machine, struct err *err);

/* Takes back what was changed for as long as the agent manages the machine (legacy tasks, policies,
 * configuration lines), newest first, and gives the console back; goes on after failures and
 * reports the first. For `release`.
 */
bool engine_revert(struct engine *engine, const struct profile *profile, struct err *err);

/* What the last look means for the GPU's driver. */
struct engine_moment {
    bool known;      /* there was a look */
    bool in_use;     /* a stream would be disturbed */
    bool gpu_broken; /* the adapter does not work with the driver that is there */
    bool gpu_good;   /* adapter and driver are as they should be */
};

/* Tells it. */
void engine_moment(const struct engine *engine,
                   const struct profile *profile,
                   struct engine_moment *ret_moment);

/* The memory, for reports; owned by engine. */
const struct journal_state *engine_memory(const struct engine *engine);

/* Called after each journal write: for tests that crash there. */
void engine_set_journal_hook(struct engine *engine, void (*hook)(void *user), void *user);

#endif
