#include "tests/support/worlds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BROKEN_SHOWN 5
#define MINUTE_MS    INT64_C(60000)

const struct world_group world_groups[WORLD_GROUPS] = {
    {"gpu", {CHECK_GPU_PRESENT, CHECK_GPU_DRIVER, CHECK_GPU_STATUS, CHECK_GPU_ENCODE}, 4},
    {"display",
     {CHECK_DISPLAY_ADAPTER,
      CHECK_DISPLAY_MONITOR,
      CHECK_DISPLAY_HYPERV_VIDEO,
      CHECK_SESSION_DESKTOP,
      CHECK_SESSION_ENHANCED,
      CHECK_PARSEC_CONFIG,
      CHECK_PARSEC_ACCOUNT},
     7},
    {"audio", {CHECK_AUDIO_CABLE, CHECK_AUDIO_SERVICE, CHECK_AUDIO_DEFAULT}, 3},
    {"parsec",
     {CHECK_PARSEC_INSTALLED,
      CHECK_PARSEC_SERVICE,
      CHECK_PARSEC_CONFIG,
      CHECK_PARSEC_ACCOUNT,
      CHECK_PARSEC_LOG,
      CHECK_PARSEC_NETWORK},
     6},
    {"legacy", {CHECK_LEGACY_SCRIPTS, CHECK_LEGACY_TASKS, CHECK_SYSTEM_PASSWORD}, 3},
    {"system",
     {CHECK_SYSTEM_POWER,
      CHECK_SYSTEM_MEDIA,
      CHECK_SYSTEM_UAC,
      CHECK_SYSTEM_UPDATES,
      CHECK_SYSTEM_REBOOT},
     5},
};

/* Large, and used by one run after the other. */
static struct model model;

static bool cause_can_be(enum cause cause, enum check_id check, bool hold)
{
    switch (cause) {
    case CAUSE_PARSEC_RESET: /* asked for, never found */
        return false;
    case CAUSE_MONITOR_ABSENT:
    case CAUSE_MONITOR_FOREIGN:
        return hold;
    case CAUSE_MONITOR_HELD:
    case CAUSE_MONITOR_NOT_SHOWN:
        return !hold;
    default:
        return cause_row(cause)->check == check && check != CHECK_DISPLAY_HYPERV_VIDEO;
    }
}

size_t world_kinds(enum check_id check, bool hold, struct world_kind ret_kinds[WORLD_KINDS])
{
    size_t count = 0;

    ret_kinds[count++] = (struct world_kind){.type = WORLD_RIGHT};
    ret_kinds[count++] = (struct world_kind){.type = WORLD_BLIND};
    if (check == CHECK_DISPLAY_HYPERV_VIDEO)
        ret_kinds[count++] = (struct world_kind){.type = WORLD_VIDEO_OFF};
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT && count < WORLD_KINDS; i++) {
        enum cause cause = (enum cause)i;

        if (cause_row(cause)->check == check && cause_can_be(cause, check, hold))
            ret_kinds[count++] = (struct world_kind){.type = WORLD_CAUSE, .cause = cause};
    }
    return count;
}

static void set_kind(enum check_id check, const struct world_kind *kind)
{
    switch (kind->type) {
    case WORLD_RIGHT:
        break;
    case WORLD_BLIND:
        model.blind |= CHECK_BIT(check);
        break;
    case WORLD_CAUSE:
        model.truth[check] = kind->cause;
        break;
    case WORLD_VIDEO_OFF:
        model.video_on = false;
        model.video_stays_off = true;
        break;
    }
}

static void describe(void)
{
    printf("BROKEN %s; %s;", model.broken, model.hold ? "hold" : "parsec");
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (model.truth[i] != CAUSE_NONE)
            printf(" %s", cause_row(model.truth[i])->name);
    }
    printf("; blind %08" PRIx32 "; behaviours", model.blind);
    for (int i = REPAIR_NONE + 1; i < REPAIR_COUNT; i++) {
        if (model.repairs[i])
            printf(" %s=%u", repair_row((enum repair_id)i)->name, model.behaviour[i]);
    }
    printf("\n");
}

static void run(struct world_counts *counts)
{
    bool ok = model_run(&model);

    counts->runs++;
    counts->actions += model.actions;
    counts->reboots += model.reboots;
    counts->healthy += model.plan.level == LEVEL_HEALTHY;
    if (model.actions > counts->most_actions)
        counts->most_actions = model.actions;
    if (model.reboots > counts->most_reboots)
        counts->most_reboots = model.reboots;
    if (!ok && counts->broken++ < BROKEN_SHOWN)
        describe();
}

/* ---- exhaustive ---- */

/* The checks that vary, and where the counting of combinations stands. */
struct odometer {
    enum check_id checks[2 * WORLD_GROUP_SIZE];
    struct world_kind kinds[2 * WORLD_GROUP_SIZE][WORLD_KINDS];
    size_t sizes[2 * WORLD_GROUP_SIZE];
    size_t at[2 * WORLD_GROUP_SIZE];
    size_t count;
};

static void odometer_add(struct odometer *odometer, const struct world_group *group, bool hold)
{
    for (size_t i = 0; i < group->count; i++) {
        size_t place = odometer->count;

        for (size_t k = 0; k < odometer->count; k++) {
            if (odometer->checks[k] == group->checks[i])
                place = CHECK_COUNT; /* is there: groups may overlap */
        }
        if (place == CHECK_COUNT)
            continue;
        odometer->checks[place] = group->checks[i];
        odometer->sizes[place] = world_kinds(group->checks[i], hold, odometer->kinds[place]);
        odometer->count++;
    }
}

static bool odometer_next(struct odometer *odometer)
{
    for (size_t i = 0; i < odometer->count; i++) {
        if (++odometer->at[i] < odometer->sizes[i])
            return true;
        odometer->at[i] = 0;
    }
    return false;
}

static uint64_t odometer_size(const struct odometer *odometer)
{
    uint64_t size = 1;

    for (size_t i = 0; i < odometer->count; i++)
        size *= odometer->sizes[i];
    return size;
}

static void set_world(const struct odometer *odometer, bool hold)
{
    model_init(&model);
    model.hold = hold;
    for (size_t i = 0; i < odometer->count; i++)
        set_kind(odometer->checks[i], &odometer->kinds[i][odometer->at[i]]);
}

/* All behaviours of all repairs that runs of this world meet. */
static void run_behaviours(const struct odometer *odometer, bool hold, struct world_counts *counts)
{
    uint8_t choices[MODEL_CHOICES];
    size_t count = 0;

    counts->worlds++;
    do {
        set_world(odometer, hold);
        memset(model.behaviour, MODEL_UNDECIDED, sizeof model.behaviour);
        memcpy(model.choices, choices, count);
        model.choice_count = count;
        run(counts);
        count = model.choice_count;
        memcpy(choices, model.choices, count);
    } while (model_next_choices(choices, &count));
}

void world_run_group(const struct world_group *group, bool hold, struct world_counts *counts)
{
    struct odometer odometer = {0};

    odometer_add(&odometer, group, hold);
    do {
        run_behaviours(&odometer, hold, counts);
    } while (odometer_next(&odometer));
}

void world_run_pair(const struct world_group *a,
                    const struct world_group *b,
                    bool hold,
                    struct world_counts *counts)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            struct world_group one = {a->name, {a->checks[i]}, 1};
            struct world_group other = {b->name, {b->checks[j]}, 1};
            struct odometer odometer = {0};

            odometer_add(&odometer, &one, hold);
            odometer_add(&odometer, &other, hold);
            do {
                run_behaviours(&odometer, hold, counts);
            } while (odometer_next(&odometer));
        }
    }
}

/* ---- random ---- */

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return random_next(state) % limit;
}

void world_run_product(const struct world_group *a,
                       const struct world_group *b,
                       bool hold,
                       uint64_t most,
                       struct world_counts *counts)
{
    struct odometer odometer = {0};
    uint64_t state = 1, size, done = 0;
    bool all;

    odometer_add(&odometer, a, hold);
    odometer_add(&odometer, b, hold);
    size = odometer_size(&odometer);
    all = size <= most;
    do {
        counts->worlds++;
        for (int behaviour = 0; behaviour < MODEL_BEHAVIOURS; behaviour++) {
            set_world(&odometer, hold);
            memset(model.behaviour, behaviour, sizeof model.behaviour);
            run(counts);
        }
        if (!all) {
            for (size_t i = 0; i < odometer.count; i++)
                odometer.at[i] = (size_t)random_below(&state, odometer.sizes[i]);
        }
        done++;
    } while (all ? odometer_next(&odometer) : done < most);
}

static void random_events(uint64_t *state)
{
    int64_t at_ms = 0;

    model.event_count = (size_t)random_below(state, MODEL_EVENTS + 1);
    for (size_t i = 0; i < model.event_count; i++) {
        at_ms += (int64_t)random_below(state, 20 * (uint64_t)MINUTE_MS);
        model.events[i] = (struct model_event){
            .kind = (enum model_event_kind)random_below(state, MODEL_EVENT_KINDS),
            .at_ms = at_ms,
            .check = (enum check_id)random_below(state, CHECK_COUNT),
        };
    }
}

static void random_profile(uint64_t *state)
{
    struct profile *profile = &model.profile;

    profile->display.hyperv_video = (enum profile_video)random_below(state, 3);
    profile->display.ready_hold_s = (uint32_t)random_below(state, 60);
    profile->reboots.allowed = random_below(state, 5) != 0;
    profile->reboots.budget = (uint32_t)random_below(state, 5);
    profile->policy.power = random_below(state, 2) != 0;
    profile->policy.media = random_below(state, 2) != 0;
    profile->policy.updates = random_below(state, 2) != 0;
    profile->idle_minutes = (uint32_t)random_below(state, 30);
}

static void random_world(uint64_t *state)
{
    uint64_t wrong_in_ten = 1 + random_below(state, 6);

    model_init(&model);
    model.hold = random_below(state, 2) != 0;
    model.breaks = random_below(state, 4) == 0;
    model.video_exists = random_below(state, 10) != 0;
    model.video_on = model.video_exists;
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct world_kind kinds[WORLD_KINDS];
        size_t count = world_kinds((enum check_id)i, model.hold, kinds);

        if (random_below(state, 10) < wrong_in_ten)
            set_kind((enum check_id)i, &kinds[random_below(state, count)]);
    }
    for (int i = 0; i < REPAIR_COUNT; i++)
        model.behaviour[i] = (uint8_t)random_below(state, MODEL_BEHAVIOURS);
    random_profile(state);
    random_events(state);
}

void world_run_random(uint64_t seed, uint64_t count, struct world_counts *counts)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t state = seed + i * UINT64_C(0x100000001b3);
        uint64_t before = counts->broken;

        random_world(&state);
        counts->worlds++;
        run(counts);
        if (counts->broken > before && counts->broken <= BROKEN_SHOWN)
            printf("  world %" PRIu64 " of seed %" PRIu64 "\n", i, seed);
    }
}

void world_print(const char *what, const struct world_counts *counts)
{
    printf("%-24s %9" PRIu64 " worlds %10" PRIu64 " runs %11" PRIu64
           " actions, at most %u actions and %u restarts in one, %" PRIu64 " healthy, %" PRIu64
           " broken\n",
           what,
           counts->worlds,
           counts->runs,
           counts->actions,
           counts->most_actions,
           counts->most_reboots,
           counts->healthy,
           counts->broken);
    fflush(stdout);
}
