/*
 * Checks: each looks at one thing and only reads. The ids, names and titles are those of
 * common/health.h; the rows here say what a check needs (checks that must be right before this one
 * is repaired), how long its answer may be reused and the function that looks. One file per topic:
 * check_gpu.c, check_display.c, check_audio.c, check_parsec.c, check_legacy.c, check_session.c,
 * check_system.c. To add one: an id in health.h, its causes in cause.h, a row here, a function.
 *
 * A finding is a cause (cause.h) and the arguments of its sentence. Blocking; job threads only.
 */
#ifndef GPUPV_CHECK_H
#define GPUPV_CHECK_H

#include "common/profile.h"
#include "guest/check/cause.h"
#include "guest/machine/machine.h"

struct journal_state;
struct parsec; /* guest/parsec/parsec.h */

#define CHECK_BIT(id) (UINT32_C(1) << (id))
#define CHECK_ALL     (CHECK_BIT(CHECK_COUNT) - 1)

struct finding {
    enum check_status status; /* UNKNOWN, OK, OFF, WARNING or BAD */
    enum cause cause;         /* CAUSE_NONE unless WARNING or BAD */
    uint32_t detail;          /* evidence within the cause; 0 when there is only one kind */
    struct err why;           /* of WARNING, BAD (from the cause's row) and UNKNOWN */
};

enum video_state {
    VIDEO_UNKNOWN,
    VIDEO_ABSENT,  /* no Hyper-V Video in this machine */
    VIDEO_ENABLED, /* its picture may be active or not: see the paths */
    VIDEO_DISABLED
};

/* What several checks and the plan look at, read once per observation. The parts that could not be
 * read have their `known` false and say why. */
struct facts {
    bool system_known, session_known, paths_known, gpu_known;
    struct err system_why, session_why, paths_why, gpu_why;
    struct system_state system;
    struct session_state session;
    struct display_list paths;
    struct gpu_adapter gpu;
    enum video_state video; /* Microsoft Hyper-V Video */
    char video_instance[DEVICE_ID_BYTES];
    /* Of Parsec, set by the engine from struct parsec. */
    int clients; /* connected, -1: unknown */
    struct health_stream stream;
    bool hold;            /* the display strategy in force is `hold` */
    bool signing_in;      /* a person is signing in: the console is theirs */
    int64_t ready_for_ms; /* stream_ready has held so long, -1: not ready; set by the engine */
};

struct findings {
    struct facts facts;
    struct finding checks[CHECK_COUNT];
};

struct check_context {
    struct machine *machine;
    const struct profile *profile;
    const struct journal_state *journal; /* memory: strategy, console taken, what was written */
    struct parsec
        *parsec; /* log, holder, payloads, memory; NULL: checks that need it say unknown */
    struct findings *findings; /* facts, and the findings of the checks that ran before this one */
};

struct check {
    enum check_id id;
    uint32_t needs;  /* CHECK_BITs of checks that must be right first; within one group */
    bool critical;   /* without it nobody can be served: given up means failed, not degraded */
    int64_t keep_ms; /* a good answer may be reused so long within and between passes; 0: look
                        every time */
    void (*run)(struct check_context *context, struct finding *ret_finding);
};

/* The row of a check. */
const struct check *check_row(enum check_id id);

/* The order in which checks run and repairs are planned: a check stands behind all it needs. */
enum check_id check_order(size_t position);

/* Reads the facts that the checks share; never fails, unknown parts say why. Leaves Parsec's part
 * and ready_for_ms as they are. */
void facts_read(struct machine *machine, struct facts *facts);

/* True when the setup gate is open (design, section 5): Windows' setup and first-run experience are
 * over, or an interactive desktop is older than SETUP_DESKTOP_MS. */
#define SETUP_DESKTOP_MS INT64_C(120000)
bool facts_setup_done(const struct facts *facts);

/* True when nobody has given input for idle_ms, nobody is logged on, or the session of a machine
 * that logged itself on was never touched. Unknown counts as not idle. */
bool facts_idle(const struct facts *facts, int64_t idle_ms);

/* Runs the checks of mask in order; the others keep their finding. */
void check_run(struct check_context *context, uint32_t mask);

/* Setters for the functions of the rows. finding_set takes status and sentence from the row of the
 * cause; the arguments are const char *, ended by NULL. */
void finding_ok(struct finding *finding);
void finding_off(struct finding *finding);
void finding_unknown(struct finding *finding, const struct err *why);
void finding_set(struct finding *finding, enum cause cause, uint32_t detail, ...) GPUPV_SENTINEL;

/* The functions of the rows. */
void check_gpu_present(struct check_context *context, struct finding *ret_finding);
void check_gpu_status(struct check_context *context, struct finding *ret_finding);
void check_gpu_driver(struct check_context *context, struct finding *ret_finding);
void check_gpu_encode(struct check_context *context, struct finding *ret_finding);
void check_display_adapter(struct check_context *context, struct finding *ret_finding);
void check_display_monitor(struct check_context *context, struct finding *ret_finding);
void check_display_hyperv_video(struct check_context *context, struct finding *ret_finding);
void check_audio_cable(struct check_context *context, struct finding *ret_finding);
void check_audio_service(struct check_context *context, struct finding *ret_finding);
void check_audio_default(struct check_context *context, struct finding *ret_finding);
void check_parsec_installed(struct check_context *context, struct finding *ret_finding);
void check_parsec_service(struct check_context *context, struct finding *ret_finding);
void check_parsec_config(struct check_context *context, struct finding *ret_finding);
void check_parsec_account(struct check_context *context, struct finding *ret_finding);
void check_parsec_log(struct check_context *context, struct finding *ret_finding);
void check_parsec_network(struct check_context *context, struct finding *ret_finding);
void check_legacy_tasks(struct check_context *context, struct finding *ret_finding);
void check_legacy_scripts(struct check_context *context, struct finding *ret_finding);
void check_session_desktop(struct check_context *context, struct finding *ret_finding);
void check_session_enhanced(struct check_context *context, struct finding *ret_finding);
void check_system_power(struct check_context *context, struct finding *ret_finding);
void check_system_media(struct check_context *context, struct finding *ret_finding);
void check_system_uac(struct check_context *context, struct finding *ret_finding);
void check_system_updates(struct check_context *context, struct finding *ret_finding);
void check_system_password(struct check_context *context, struct finding *ret_finding);
void check_system_reboot(struct check_context *context, struct finding *ret_finding);

#endif
