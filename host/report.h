/*
 * What can be said of VMs now: power state, what the agents report, and where they do not answer
 * the reason, with the published hint and the last report from the store. Made for many VMs at once
 * over a pool of sessions, so that a silent guest holds up nobody. Blocking; one thread.
 */
#ifndef GPUPV_HOST_REPORT_H
#define GPUPV_HOST_REPORT_H

#include "host/guest/connect.h"
#include "host/many.h"

/* What a VM is, beyond what its agent says. */
enum report_state {
    REPORT_HEALTH,     /* the agent answered: health says the rest */
    REPORT_OFF,        /* off as wanted */
    REPORT_STOPPED,    /* off, though it should run */
    REPORT_STARTING,   /* Windows or its agent is still coming up */
    REPORT_BOOT_STUCK, /* no heartbeat and no agent for too long */
    REPORT_SILENT,     /* Windows runs, its agent does not answer */
    REPORT_KEY,        /* the agent answers to no key of ours */
    REPORT_GONE,       /* deleted behind our back */
    REPORT_BROKEN,     /* its record in the store cannot be read */
    REPORT_UNMANAGED,  /* not ours, named all the same */
    REPORT_STATES
};

struct report {
    const struct target *target;
    enum report_state state;
    enum exit_code code;
    struct err why;  /* of every state but HEALTH, OFF and STARTING */
    bool has_health; /* health is set: now (HEALTH) or from the store */
    struct health health;
    struct connect_hint hint;
    char driver_host[32]; /* version of the host's driver of its GPU, "" unknown */
    bool waiting_for_gpu; /* its partition was taken away on purpose */
};

/* Fills reports[0..count) for targets[0..count). pool may be NULL: a new one is made for the round.
 */
bool reports_make(struct call *call,
                  struct client_pool *pool,
                  const struct target *targets,
                  size_t count,
                  struct report *reports,
                  struct err *err);

/* Stable name ("boot_stuck", "healthy"), sentence and tone of a report. */
const char *report_name(const struct report *report);
enum text_id report_title(const struct report *report);
enum ui_tone report_tone(const struct report *report);

/* One line that says what matters most: the error, the first check that is not fine, or the stream.
 * "" when there is nothing to say. Returns out. */
const char *report_detail(const struct report *report, enum text_lang lang, char *out, size_t size);

/* "NVENC H.265 1920x1080@60, 1 client, 25 Mbit/s", "" when nothing is known. Returns out. */
const char *report_stream(const struct health *health, enum text_lang lang, char *out, size_t size);

/* The report as JSON; caller frees, NULL: no memory. */
cJSON *report_to_json(const struct call *call, const struct report *report);

/* Why a start is stuck, as an error with the evidence and the way back. Returns false. */
bool report_boot_stuck(struct call *call, const struct vm_info *vm, struct err *err);

#endif
