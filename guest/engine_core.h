/*
 * The inside of the engine, shared by engine.c (the pass) and engine_observe.c (looking, health and
 * undo). One job thread, but for `stop`.
 */
#ifndef GPUPV_GUEST_ENGINE_CORE_H
#define GPUPV_GUEST_ENGINE_CORE_H

#include "guest/engine.h"
#include "guest/parsec/parsec.h"

struct engine {
    struct engine_setup setup;
    struct journal *journal;
    struct profile profile; /* of the present pass */
    struct findings findings;
    int64_t looked_ms[CHECK_COUNT]; /* the machine's clock at the last look; 0: never */
    int64_t passed_ms, slow_ms;     /* the last pass, and the slow wait that it asked for */
    int64_t ready_since_ms;         /* stream_ready holds since; -1: it does not */
    bool reset_parsec;              /* asked for and not done yet */
    volatile bool stop;             /* set by engine_stop from any thread */
};

/* What checks and repairs work with now. */
struct check_context engine_check_context(struct engine *engine);

/* Forgets answers that may be reused; all of them when a person asked. */
void engine_forget_findings(struct engine *engine, bool all);

/* Reads facts and runs the checks; a good answer within its keep_ms is reused, but not that of
 * `fresh` (CHECK_COUNT: none). */
void engine_observe(struct engine *engine, enum check_id fresh);

/* Fills the report from findings and plan; `observes`: nothing is being done. */
void engine_health(const struct engine *engine,
                   const struct plan *plan,
                   bool observes,
                   struct health *ret_health);

/* Takes back what lives so long, newest first; goes on after failures and reports the first. */
bool engine_undo(struct engine *engine, enum undo_life life, struct err *err);

/* The repair ended: what it would have taken back after a crash is no longer needed. */
void engine_drop_undos(struct engine *engine, enum repair_id repair);

#endif
