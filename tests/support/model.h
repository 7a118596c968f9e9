/*
 * An abstract guest for tests of the engine's decisions: each check is right, has one of its
 * causes, or cannot be read, and each repair works, fails, lies or needs a restart. It is driven by
 * the real plan (reconcile) and the real memory (journal_fold), has its own time, and checks the
 * rules of the design after each single action. No I/O and no allocation: a run takes microseconds.
 */
#ifndef GPUPV_TESTS_MODEL_H
#define GPUPV_TESTS_MODEL_H

#include "guest/reconcile.h"

enum model_behaviour {
    MODEL_WORKS,
    MODEL_FAILS,   /* says so, changes nothing */
    MODEL_LIES,    /* says it worked, changes nothing */
    MODEL_REBOOTS, /* works after a restart */
    MODEL_BEHAVIOURS,
    MODEL_UNDECIDED = MODEL_BEHAVIOURS
};

/* Things that happen to a world by themselves. */
enum model_event_kind {
    MODEL_SIGNED_OUT,
    MODEL_SIGNED_IN,
    MODEL_SERVICE_STOPS,
    MODEL_ADAPTER_FAILS,
    MODEL_MONITOR_DIES,
    MODEL_CLIENT_COMES,
    MODEL_CLIENT_LEAVES,
    MODEL_INPUT,
    MODEL_LOGOFF,
    MODEL_LOGON,
    MODEL_VIDEO_DISABLED, /* persistently, by somebody else */
    MODEL_AGENT_DIES,     /* and is started again */
    MODEL_AGENT_DIES_ACTING,
    MODEL_POWER_CUT,
    MODEL_CLOCK_BACK, /* wall time jumps back by a day */
    MODEL_BLIND,      /* one check cannot be read any more */
    MODEL_SEES,
    MODEL_KEEP_CONSOLE,
    MODEL_AUTO_CONSOLE,
    MODEL_EVENT_KINDS
};

struct model_event {
    enum model_event_kind kind;
    int64_t at_ms; /* after the start */
    enum check_id check;
};

#define MODEL_EVENTS  8
#define MODEL_CHOICES 64

struct model {
    struct profile profile;
    struct journal_state memory;

    /* the world */
    enum cause truth[CHECK_COUNT]; /* CAUSE_NONE: right; display.hyperv_video follows from below */
    uint32_t blind;                /* CHECK_BITs that cannot be read */
    bool hold;
    bool video_exists, video_on;
    bool video_stays_off; /* disabled persistently by somebody else */
    bool breaks;          /* a repair that takes the stream away and fails leaves Parsec stopped */
    int clients;
    uint8_t behaviour[REPAIR_COUNT]; /* enum model_behaviour */
    uint32_t cured_at_boot;          /* CHECK_BITs */
    bool boots;                      /* a restart is on its way */
    uint32_t boot;
    int64_t now_ms, wall_offset_ms, boot_ms, desktop_ms, input_ms;
    int64_t ready_ms; /* stream ready since, -1 */
    struct model_event events[MODEL_EVENTS];
    size_t event_count, event_next;

    /* how undecided behaviours are chosen: choices[] in the order in which repairs first run */
    uint8_t choices[MODEL_CHOICES];
    size_t choice_count, choice_used;

    /* filled by a run */
    struct findings findings;
    struct plan plan;
    unsigned actions, reboots, passes, waits;
    int64_t reboot_ms[JOURNAL_REBOOTS]; /* when they were asked for, newest first */
    bool clock_jumped;
    unsigned repairs[REPAIR_COUNT];
    char broken[160]; /* the rule that was broken, "" */
};

/* A world in which all is right, with the default profile. */
void model_init(struct model *model);

/* Runs until time changes nothing any more; false with model->broken when a rule was broken. */
bool model_run(struct model *model);

/* Sets up the next leaf of the tree of undecided behaviours after a run; false when all were
 * visited. The caller sets the world up again, keeping choices and choice_count. */
bool model_next_choices(uint8_t *choices, size_t *choice_count);

/* True when a person can see the machine: what is true, not what checks say. */
bool model_visible(const struct model *model);

#endif
