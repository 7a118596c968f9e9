/*
 * The inside of the agent, shared by its files: agent.c (life), agent_pass.c (when passes are made
 * and what comes of them), agent_handlers.c (the methods of the protocol) and agent_summary.c.
 * "loop" and "job" say which thread a member belongs to.
 */
#ifndef GPUPV_GUEST_AGENT_STATE_H
#define GPUPV_GUEST_AGENT_STATE_H

#include "common/digest.h"
#include "common/job.h"
#include "common/key.h"
#include "common/relay.h"
#include "common/session_server.h"
#include "guest/agent.h"
#include "guest/agent_control.h"
#include "guest/agent_files.h"
#include "guest/engine.h"
#include "guest/local_door.h"
#include "guest/pairing.h"
#include "guest/parsec/parsec.h"
#include "guest/staged/staged.h"

#include <uv.h>

#define AGENT_LISTEN_RETRY_MS 30000
#define AGENT_CHANGE_MS       150 /* changes come in bursts: one pass for all of them */
#define AGENT_FLUSH_MS        500
#define AGENT_SIGNALS         3

struct agent {
    uv_loop_t loop;
    struct agent_options options;
    struct machine *machine; /* job */
    struct parsec *parsec;   /* job */
    struct engine *engine;   /* job, but for engine_stop */
    struct staged *staged;   /* job */
    struct job_queue *jobs;
    struct session_server *server;   /* loop */
    struct bulk_store *bulk;         /* loop */
    struct relay *relay;             /* loop; NULL: none */
    struct agent_transfer *transfer; /* loop: files that come; NULL: none */
    struct buf driver_list;          /* job: as last asked for, handed out in pieces */
    char driver_digest[DIGEST_HEX_BYTES];
    struct buf driver_commit; /* job: a list that comes in pieces */
    struct key_file key;      /* loop */
    bool key_loaded;
    struct local_door door; /* loop: for commands on this machine */
    bool door_open;
    struct profile profile;     /* loop; jobs get copies */
    struct err profile_damaged; /* the file could not be used: observing only */
    char boot_id[40], instance[40];
    char vm_id[KEY_VM_BYTES]; /* of this machine as Hyper-V says, "": unknown */
    bool cloned;              /* the key is of another machine */

    uv_timer_t pass_timer, listen_timer, change_timer;
    uv_async_t change_async, event_async, control_async;
    uv_signal_t signals[AGENT_SIGNALS];
    uv_thread_t watcher;
    bool watching, pass_queued, pass_again, stopping, told_listen;
    volatile bool watch_ends; /* read by the watcher after each wake */
    int exit_code;

    struct health health; /* loop: the last one that was told */
    bool health_known;

    uv_mutex_t mailbox_lock; /* what a running pass tells before it is done */
    struct health mailbox;
    struct request *mailbox_request; /* of the pass that runs; NULL: automatic */
    enum repair_id mailbox_repair;   /* under way; REPAIR_NONE: nothing to tell */
    bool mailbox_full;
    int64_t generations[KEY_ENTRIES]; /* of the keys, for the summary */
    size_t generation_count;

    uint64_t sequence;  /* job: of health reports */
    char summary[1024]; /* job: as last published */
};

/* The path of one of the agent's own files (FS_PATH_BYTES). */
bool agent_path(const struct agent *agent, const char *name, char *out, struct err *err);

/* ---- agent_pass.c ---- */

/* A pass that somebody asked for, or an automatic one. */
struct agent_pass {
    struct agent *agent;
    struct profile profile;
    struct engine_options options;
    struct engine_result result;
    bool automatic, ok;
    int power;  /* the machine goes down: the exit code */
    bool again; /* something was put in place: look anew */
    struct err err;
    struct request *request; /* NULL: automatic; answered by agent_answer_pass */
};

/* Makes a pass soon; several wishes become one. Loop. */
void agent_want_pass(struct agent *agent);

/* Makes a pass for a request, which is answered when it is done. Loop. */
void agent_request_pass(struct agent *agent,
                        const struct engine_options *options,
                        struct request *request);

/* options.power: 0 while the machine stays up. Job. */
int agent_power(struct agent *agent);

/* engine_setup.on_event. Job. */
void agent_on_event(const struct engine_event *event, void *user);

/* event_async: hands the mailbox to the watchers. Loop. */
void agent_on_mailbox(uv_async_t *async);

/* Takes a key that was saved. Loop. */
void agent_take_key(struct agent *agent, const struct key_file *key);

/* Ends the agent: exit_code tells why. Loop. */
void agent_stop(struct agent *agent, int exit_code);

/* ---- agent_handlers.c ---- */

extern const struct request_binding agent_bindings[];
extern const size_t agent_binding_count;

/* Answers repair.run and health.get{refresh} with what the pass found. Loop. */
void agent_answer_pass(struct agent_pass *pass);

/* Tells those who watch health, and those who watch the log. Loop. */
void agent_tell_health(struct agent *agent);

/* ---- agent_drivers.c ---- */

/* The handlers of drivers.*. Loop. */
void agent_on_drivers_manifest(struct request *request, void *user);
void agent_on_drivers_put(struct request *request, void *user);
void agent_on_drivers_commit(struct request *request, void *user);
void agent_on_drivers_abort(struct request *request, void *user);

/* Whether the GPU driver may be touched now. Job. */
void agent_driver_moment(struct agent *agent,
                         const struct profile *profile,
                         struct staged_moment *ret_moment);

/* ---- agent_summary.c ---- */

/* Publishes the KVP summary when it changed: level "starting" while health is NULL. Job, and
 * agent_run before there are threads. */
void agent_publish(struct agent *agent, const struct health *health);

#endif
