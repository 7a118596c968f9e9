/*
 * Repairs: each changes one thing toward the desired state and is safe to run again. The rows say
 * what a repair disrupts, so that the plan can wait for idle, and whether it takes the stream away,
 * so that the console picture is given back first. One file per topic: repair_gpu.c,
 * repair_display.c, repair_audio.c, repair_parsec.c, repair_legacy.c, repair_session.c,
 * repair_system.c. Which cause is answered by which repairs stands in check/cause.c.
 *
 * An apply reports what it did, never whether it helped: the engine runs the check again. "Reboot
 * needed" is a result. Before its first change an apply registers how to undo it
 * (repair_will_undo), on disk. Blocking; the engine's job thread only.
 */
#ifndef GPUPV_REPAIR_H
#define GPUPV_REPAIR_H

#include "guest/check/check.h"

struct journal;

enum repair_disrupts { DISRUPTS_NOTHING, DISRUPTS_STREAM, DISRUPTS_SESSION, DISRUPTS_MACHINE };

struct repair_context {
    struct check_context *check; /* machine, profile, parts, findings of this pass */
    struct journal *journal;     /* for undo records; NULL in a dry run */
    enum repair_id repair;       /* the row that runs */
    enum cause cause;            /* why */
};

/* How long an undo record lives. */
enum undo_life {
    UNDO_IF_INTERRUPTED, /* dropped when the repair ends; run at the next start when it did not */
    UNDO_AT_RELEASE      /* kept until the agent is removed or a person asks to revert */
};

struct repair {
    enum repair_id id;
    const char *name;   /* stable: "vdd.restart" */
    enum text_id title; /* what it does, as a person reads it */
    enum repair_disrupts disrupts;
    bool drops_stream;  /* the stream may vanish meanwhile: console picture first */
    bool loses_account; /* may sign Parsec out: only on a person's request */
    bool needs_hold;    /* only after stream_ready has held for ready_hold_s */
    int64_t settle_ms;  /* after a successful apply the check may take so long to turn good */
    /* Says what apply would do, for a dry run, as a sentence with arguments; reads only. NULL: the
     * title says it all. */
    void (*plan)(struct repair_context *context, struct err *ret_note);
    /* Does it. *ret_reboot (false at the call) is set when the effect needs a restart. */
    bool (*apply)(struct repair_context *context, bool *ret_reboot, struct err *err);
    /* Takes back what data (as registered) says. NULL when nothing is ever registered. */
    bool (*undo)(struct repair_context *context, const char *data, struct err *err);
};

/* The row of a repair; REPAIR_NONE has an empty one. */
const struct repair *repair_row(enum repair_id id);

/* The repair of a stable name; false when there is none. */
bool repair_parse(const char *name, enum repair_id *ret_id);

/* Puts on disk, before the change, how to take it back: data (less than JOURNAL_TEXT_BYTES,
 * printable) comes back to the row's undo. An identical record is not written twice. False: do not
 * act. */
bool repair_will_undo(struct repair_context *context,
                      enum undo_life life,
                      const char *data,
                      struct err *err);

/* Whether an undo record of this repair stands: what it made is the agent's. */
bool repair_is_ours(const struct journal_state *state, enum repair_id repair);

/* Strikes out the undo record of context->repair: somebody no longer wants what it made. */
bool repair_forget_undo(struct repair_context *context, const char *data, struct err *err);

/* What must not vanish from Parsec's data while a repair runs: account and configuration files.
 * Only presence is looked at (design: user.bin is never read). */
struct repair_guard {
    bool known;
    uint32_t present; /* one bit per place and file */
};

/* Takes the guard before an apply; places that cannot be looked at leave `known` false. */
void repair_guard_take(struct machine *machine, struct repair_guard *guard);

/* False, with the file that is gone, when something present before is missing now. */
bool repair_guard_check(struct machine *machine, const struct repair_guard *guard, struct err *err);

/* The functions of the rows. */
bool repair_device_undo(struct repair_context *context, const char *data, struct err *err);
bool repair_gpu_enable(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_gpu_restart(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_vdd_tidy(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_vdd_enable(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_vdd_restart(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_vdd_bind(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_publisher_undo(struct repair_context *context, const char *data, struct err *err);
bool repair_vdd_install(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_monitor_hold(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_monitor_release(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_monitor_mode(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_console_give(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_console_take(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_cable_tidy(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_cable_enable(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_cable_restart(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_cable_bind(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_cable_install(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_audio_start(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_audio_default(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_install(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_again(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_start(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_restart(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_config(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_config_undo(struct repair_context *context, const char *data, struct err *err);
bool repair_parsec_reset(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_layer(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_parsec_layer_undo(struct repair_context *context, const char *data, struct err *err);
bool repair_legacy_scripts(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_legacy_scripts_undo(struct repair_context *context, const char *data, struct err *err);
bool repair_legacy_tasks(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_legacy_tasks_undo(struct repair_context *context, const char *data, struct err *err);
bool repair_session_console(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_no_sleep(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_media(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_no_driver_updates(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_reboot(struct repair_context *context, bool *ret_reboot, struct err *err);
bool repair_password_hide(struct repair_context *context, bool *ret_reboot, struct err *err);

#endif
