/*
 * The decision: what to repair next, and what to tell. reconcile is a pure function of (profile,
 * findings, memory, now, options): no I/O, no clock, no allocation; the same input gives the same
 * plan, and findings that are all right give none. The rules it realises (design, section 5):
 *
 * - A check is repaired after everything it needs is right. A lost display comes before everything
 *   and waits for nobody.
 * - Each cause has a ladder; a rung is tried a bounded number of times with back-off, the next rung
 *   at once. A used-up ladder is given up until its evidence changes or a person asks. A cause that
 *   keeps coming back is given up for a day.
 * - What disrupts waits until no client is connected and nobody is at the desktop, or `now`. The
 *   console picture is given back before a repair takes the stream away, and taken only after
 *   stream_ready has held.
 * - One restart serves all that wait for it, is planned last and has a budget per day.
 */
#ifndef GPUPV_RECONCILE_H
#define GPUPV_RECONCILE_H

#include "guest/journal.h"

/* Waits after the n-th attempt of one rung; the last repeats. */
#define RECONCILE_BACKOFFS 5
extern const int64_t reconcile_backoff_ms[RECONCILE_BACKOFFS];

#define RECONCILE_FLAPS     12              /* fixes of one cause within a day before giving up */
#define RECONCILE_REBOOT_MS INT64_C(300000) /* a restart that did not happen by then has failed */
#define RECONCILE_BOOT_MS   INT64_C(180000) /* a machine without a desktop is `starting` so long */

struct reconcile_options {
    bool now;       /* a person asked: no waiting for idle or back-off */
    bool gate_shut; /* setup is running: plan nothing */
    bool observe;   /* the profile's mode, or a dry run of it: plan, but say that nothing is done */
    bool reset_parsec; /* a person asked for a new Parsec, sign-in included */
    uint32_t only;     /* CHECK_BITs to repair; 0: all */
};

/* Why a check that is not right is not being repaired this moment. */
enum plan_wait {
    PLAN_NOT_WAITING,
    PLAN_WAIT_NEEDS,  /* for another check */
    PLAN_WAIT_IDLE,   /* for the people who use the machine */
    PLAN_WAIT_HOLD,   /* until the stream has been ready long enough */
    PLAN_WAIT_RETRY,  /* back-off; retry_at_ms */
    PLAN_WAIT_REBOOT, /* for a restart that is on its way or due */
    PLAN_WAIT_BUDGET, /* for the reboot budget; retry_at_ms */
    PLAN_WAIT_PERSON  /* for a person: restarts are not allowed, or nothing is left to try */
};

struct plan_check {
    enum check_status status;
    enum plan_wait wait;
    enum cause cause;      /* of the finding */
    enum repair_id next;   /* the repair that is due, planned or waited with; REPAIR_NONE */
    enum check_id blocker; /* with PLAN_WAIT_NEEDS */
    enum text_id remedy;   /* what happens next or what a person can do */
    uint16_t attempts;
    int64_t retry_at_ms; /* wall time, 0: none */
};

struct plan_item {
    enum check_id check;
    enum cause cause;
    enum repair_id repair;
    uint32_t detail;
    uint32_t rung;
};

#define PLAN_ITEMS (CHECK_COUNT + 2) /* a new Parsec and the console before it */

struct plan {
    struct plan_item items[PLAN_ITEMS]; /* due now, in the order to do them */
    size_t count;
    struct plan_check checks[CHECK_COUNT];
    enum health_level level;
    bool desktop_ready, stream_ready;
    int64_t next_ms; /* wall time when time alone changes the plan; 0: never */
};

/* The plan for what was found. findings->facts.ready_for_ms says how long stream_ready has held. */
void reconcile(const struct profile *profile,
               const struct findings *findings,
               const struct journal_state *journal,
               int64_t now_ms,
               const struct reconcile_options *options,
               struct plan *ret_plan);

/* What came of a repair that was applied (or failed): the findings afterwards decide, not what the
 * repair says. */
enum journal_outcome reconcile_outcome(const struct plan_item *item,
                                       bool applied,
                                       bool wants_reboot,
                                       const struct findings *after);

/* The records that the memory owes after an observation: causes that went away by themselves, and
 * ladders that are used up. Fills at most max (CAUSE_COUNT is always enough), returns how many. */
size_t reconcile_notes(const struct findings *findings,
                       const struct journal_state *journal,
                       const struct plan *plan,
                       struct journal_record *ret_records,
                       size_t max);

/* True when a repair that disrupts so much has to wait for the people who use the machine. */
bool reconcile_in_use(const struct profile *profile,
                      const struct findings *findings,
                      bool stream_ready,
                      enum repair_disrupts disrupts);

#endif
