/* The engine's decisions over many worlds; `test_worlds full` runs them all, with `held` or
 * `others` those with a held monitor or all the others, which take about as long. */
#include "tests/support/support.h"

#include "tests/support/worlds.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RANDOM_SEED  UINT64_C(20240229)
#define RANDOM_QUICK 10000
#define RANDOM_FULL  1000000
#define PRODUCT_FULL 100000

/* The bounds that the tables give: no run may act more often. */
#define MOST_ACTIONS 400

/* The tests whose guests have a held monitor. */
#define HELD "*with_a_held_monitor"

static bool full;

static const struct world_group *group_find(const char *name)
{
    for (size_t i = 0; i < WORLD_GROUPS; i++) {
        if (strcmp(world_groups[i].name, name) == 0)
            return &world_groups[i];
    }
    return NULL;
}

static uint32_t group_bits(const struct world_group *group)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < group->count; i++)
        bits |= CHECK_BIT(group->checks[i]);
    return bits;
}

static void needs_stay_within_groups(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORLD_GROUPS; i++) {
        for (size_t j = 0; j < world_groups[i].count; j++) {
            enum check_id check = world_groups[i].checks[j];
            uint32_t crossing = check_row(check)->needs & ~group_bits(&world_groups[i]);

            if (crossing)
                fail_msg("%s of group %s needs %08x outside of it",
                         check_name(check),
                         world_groups[i].name,
                         (unsigned)crossing);
        }
    }
}

static void groups_cover_every_check(void **state)
{
    uint32_t covered = 0;

    (void)state;
    for (size_t i = 0; i < WORLD_GROUPS; i++)
        covered |= group_bits(&world_groups[i]);
    assert_int_equal(covered, CHECK_ALL);
}

static void kinds_fit_their_table(void **state)
{
    (void)state;
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct world_kind kinds[WORLD_KINDS];

        assert_in_range(world_kinds((enum check_id)i, true, kinds), 2, WORLD_KINDS - 1);
    }
}

static void expect_right(const char *what, const struct world_counts *counts)
{
    world_print(what, counts);
    assert_int_equal(counts->broken, 0);
    assert_true(counts->runs > 0);
    assert_in_range(counts->most_actions, 1, MOST_ACTIONS);
}

static void run_group(const char *name, bool hold)
{
    struct world_counts counts = {0};

    world_run_group(group_find(name), hold, &counts);
    expect_right(name, &counts);
}

static void every_world_of_gpu_ends_right(void **state)
{
    (void)state;
    run_group("gpu", false);
}

static void every_world_of_audio_ends_right(void **state)
{
    (void)state;
    run_group("audio", false);
}

static void every_world_of_legacy_ends_right(void **state)
{
    (void)state;
    run_group("legacy", false);
}

static void every_world_of_system_ends_right(void **state)
{
    (void)state;
    run_group("system", false);
}

static void every_world_of_parsec_ends_right(void **state)
{
    (void)state;
    if (!full)
        skip();
    run_group("parsec", false);
}

static void every_world_of_display_ends_right_with_parsecs_monitor(void **state)
{
    (void)state;
    if (!full)
        skip();
    run_group("display", false);
}

static void every_world_of_display_ends_right_with_a_held_monitor(void **state)
{
    (void)state;
    if (!full)
        skip();
    run_group("display", true);
}

static void every_pair_of_groups_ends_right(void **state)
{
    struct world_counts counts = {0};

    (void)state;
    if (!full)
        skip();
    for (size_t i = 0; i < WORLD_GROUPS; i++) {
        for (size_t j = i + 1; j < WORLD_GROUPS; j++)
            world_run_pair(&world_groups[i], &world_groups[j], true, &counts);
    }
    expect_right("pairs, one wrong each", &counts);
}

static void every_product_of_groups_ends_right(void **state)
{
    struct world_counts counts = {0};

    (void)state;
    for (size_t i = 0; i < WORLD_GROUPS; i++) {
        for (size_t j = i + 1; j < WORLD_GROUPS; j++)
            world_run_product(&world_groups[i],
                              &world_groups[j],
                              (i + j) % 2 != 0,
                              full ? PRODUCT_FULL : PRODUCT_FULL / 100,
                              &counts);
    }
    expect_right("products of two groups", &counts);
}

static void random_worlds_end_right(void **state)
{
    struct world_counts counts = {0};
    clock_t start = clock();

    (void)state;
    world_run_random(RANDOM_SEED, full ? RANDOM_FULL : RANDOM_QUICK, &counts);
    expect_right("random whole worlds", &counts);
    printf("random worlds: %.1f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_stay_within_groups),
        cmocka_unit_test(groups_cover_every_check),
        cmocka_unit_test(kinds_fit_their_table),
        cmocka_unit_test(every_world_of_gpu_ends_right),
        cmocka_unit_test(every_world_of_audio_ends_right),
        cmocka_unit_test(every_world_of_legacy_ends_right),
        cmocka_unit_test(every_world_of_system_ends_right),
        cmocka_unit_test(every_world_of_parsec_ends_right),
        cmocka_unit_test(every_world_of_display_ends_right_with_parsecs_monitor),
        cmocka_unit_test(every_world_of_display_ends_right_with_a_held_monitor),
        cmocka_unit_test(every_pair_of_groups_ends_right),
        cmocka_unit_test(every_product_of_groups_ends_right),
        cmocka_unit_test(random_worlds_end_right),
    };

    full = argc > 1 && strcmp(argv[1], "full") == 0;
    if (argc > 2 && strcmp(argv[2], "held") == 0)
        cmocka_set_test_filter(HELD);
    if (argc > 2 && strcmp(argv[2], "others") == 0)
        cmocka_set_skip_filter(HELD);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
