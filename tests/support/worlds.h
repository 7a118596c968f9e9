/*
 * Many abstract guests (model.h): every combination of the kinds of a group of checks with every
 * behaviour of the repairs that a run meets, and seeded random whole worlds. The groups are written
 * down here and compared with the tables by a test, so that a new `needs` that crosses them is
 * noticed.
 */
#ifndef GPUPV_TESTS_WORLDS_H
#define GPUPV_TESTS_WORLDS_H

#include "tests/support/model.h"

#define WORLD_GROUPS     6
#define WORLD_GROUP_SIZE 8
#define WORLD_KINDS      16

struct world_group {
    const char *name;
    enum check_id checks[WORLD_GROUP_SIZE];
    size_t count;
};

extern const struct world_group world_groups[WORLD_GROUPS];

/* One way a check can be: right, blind, one of its causes, or (display.hyperv_video) switched off
 * by somebody else. */
enum world_kind_type { WORLD_RIGHT, WORLD_BLIND, WORLD_CAUSE, WORLD_VIDEO_OFF };

struct world_kind {
    enum world_kind_type type;
    enum cause cause;
};

/* The kinds of a check under a display strategy; returns how many. */
size_t world_kinds(enum check_id check, bool hold, struct world_kind ret_kinds[WORLD_KINDS]);

struct world_counts {
    uint64_t worlds, runs, actions, reboots, healthy;
    unsigned most_actions, most_reboots;
    uint64_t broken;
};

/* Runs every combination of kinds of the group's checks, the rest right, each with every behaviour
 * of every repair it meets. Broken runs are printed. */
void world_run_group(const struct world_group *group, bool hold, struct world_counts *counts);

/* The same for one wrong check of each of two groups at a time. */
void world_run_pair(const struct world_group *a,
                    const struct world_group *b,
                    bool hold,
                    struct world_counts *counts);

/* Every combination of kinds of two groups, at most `most` of them (seeded picks when there are
 * more), each with all repairs behaving the same way. */
void world_run_product(const struct world_group *a,
                       const struct world_group *b,
                       bool hold,
                       uint64_t most,
                       struct world_counts *counts);

/* Runs `count` random worlds of the seed: kinds, behaviours, profile, strategy and events. */
void world_run_random(uint64_t seed, uint64_t count, struct world_counts *counts);

/* Prints one line of counts. */
void world_print(const char *what, const struct world_counts *counts);

#endif
