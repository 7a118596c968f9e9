/* Keys: what the file accepts, and that host and guest meet again whatever dies during a rotation.
 */
#include "common/fs.h"
#include "common/key.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

#define VM "0b1cdd6e-2f5e-4d52-9d8a-3f6a1f2c4e55"

static struct key_file new_key(void)
{
    struct key_file key;

    assert_true(key_new(VM, &key, NULL));
    return key;
}

/* ---- two machines that lose their memory at any disk write ---- */

struct pair {
    struct key_file host, guest; /* as they lie on the two disks */
    int writes, crash_at;        /* the write that is not reached any more; -1: none */
};

/* One write to a disk; false when the power was cut before it. */
static bool pair_write(struct pair *pair, struct key_file *disk, const struct key_file *key)
{
    if (pair->writes++ == pair->crash_at)
        return false;
    *disk = *key;
    return true;
}

/* The generation both know, in the order in which the host dials: next, current, previous. */
static int64_t pair_meet(const struct pair *pair)
{
    for (size_t i = 0; i < pair->host.count; i++) {
        const struct key_entry *mine = &pair->host.entries[i];
        const struct key_entry *theirs = key_find(&pair->guest, mine->generation);

        if (theirs && memcmp(mine->secret, theirs->secret, sizeof mine->secret) == 0)
            return mine->generation;
    }
    return 0;
}

/* A hello under generation: both sides confirm, in the order that guest_first says. */
static bool pair_hello(struct pair *pair, int64_t generation, bool guest_first)
{
    for (int turn = 0; turn < 2; turn++) {
        bool guest = (turn == 0) == guest_first;
        struct key_file key = guest ? pair->guest : pair->host;

        if (key_confirm(&key, generation, !guest) &&
            !pair_write(pair, guest ? &pair->guest : &pair->host, &key))
            return false;
    }
    return true;
}

/* Rotates to the end, or to the crash. */
static bool pair_rotate(struct pair *pair, bool guest_first)
{
    int64_t from = pair_meet(pair), target;
    struct key_file host, guest;

    assert_int_not_equal(from, 0);
    if (!pair_hello(pair, from, guest_first))
        return false;
    host = pair->host;
    assert_true(key_rotate_begin(&host, NULL));
    if (!pair_write(pair, &pair->host, &host))
        return false;
    target = host.entries[0].generation;
    guest = pair->guest;
    if (from < target) {
        assert_true(key_accept(&guest, from, from, target, host.entries[0].secret, NULL));
        if (!pair_write(pair, &pair->guest, &guest))
            return false;
    }
    return pair_hello(pair, pair_meet(pair), guest_first);
}

static void they_meet_again_whatever_write_of_a_rotation_is_lost(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        for (int crash = 0; crash < 6; crash++) {
            struct pair pair = {.host = new_key(), .crash_at = crash};
            int64_t before;

            pair.guest = pair.host;
            pair_rotate(&pair, order);
            before = pair_meet(&pair);
            assert_int_not_equal(before, 0);
            pair.crash_at = -1;
            assert_true(pair_rotate(&pair, order));
            assert_true(pair_meet(&pair) >= before);
            assert_int_equal(pair.host.current, pair_meet(&pair));
            assert_int_equal(pair.guest.count, 1);
        }
    }
}

static void a_guest_restored_to_the_last_generation_is_met_and_catches_up(void **state)
{
    struct pair pair = {.host = new_key(), .crash_at = -1};
    struct key_file old;

    (void)state;
    pair.guest = pair.host;
    old = pair.guest;
    assert_true(pair_rotate(&pair, false));
    pair.guest = old;
    assert_int_equal(pair_meet(&pair), 1);
    assert_true(key_accept(&pair.guest,
                           1,
                           1,
                           pair.host.current,
                           key_find(&pair.host, pair.host.current)->secret,
                           NULL));
    assert_int_equal(pair_meet(&pair), pair.host.current);
}

/* ---- the same by chance: every order of events, both memories and both disks ---- */

struct side {
    struct key_file memory, disk;
};

struct world {
    struct side host, guest;
    int64_t session;        /* the generation both are connected under, 0: not connected */
    struct key_file backup; /* the guest's disk as it was once */
};

enum event {
    DIAL,
    BEGIN_AND_SAVE,
    BEGIN_ONLY,
    SEND_AND_SAVE,
    SEND_AND_DIE, /* the guest, before it saved and answered */
    HOST_SAVES,
    HOST_DIES,
    GUEST_DIES,
    BACK_UP,
    EVENTS
};

static int64_t common_of(const struct key_file *host, const struct key_file *guest)
{
    struct pair pair = {.host = *host, .guest = *guest};

    return pair_meet(&pair);
}

/* Saves, or dies and comes back with what is on the disk; false then. */
static bool save_or_die(struct side *side, bool save)
{
    if (save)
        side->disk = side->memory;
    else
        side->memory = side->disk;
    return save;
}

/* A hello: both confirm, and each saves unless it dies just then. */
static void dial(struct world *world, unsigned chance)
{
    world->session = common_of(&world->host.memory, &world->guest.memory);
    assert_int_not_equal(world->session, 0);
    key_confirm(&world->host.memory, world->session, true);
    key_confirm(&world->guest.memory, world->session, false);
    if (!save_or_die(&world->host, chance & 1))
        world->session = 0;
    if (!save_or_die(&world->guest, chance & 2))
        world->session = 0;
}

/* key.rotate: the newest, when the session is under an older one. The host sends only what it
 * saved, the guest answers only when it saved. */
static void deliver(struct world *world, bool save)
{
    const struct key_entry *newest = &world->host.disk.entries[0];

    if (world->session && newest->generation > world->session)
        key_accept(&world->guest.memory,
                   world->session,
                   world->session,
                   newest->generation,
                   newest->secret,
                   NULL);
    if (!save_or_die(&world->guest, save))
        world->session = 0;
}

static void happen(struct world *world, enum event event, unsigned chance)
{
    switch (event) {
    case DIAL:
        dial(world, chance);
        break;
    case BEGIN_AND_SAVE:
    case BEGIN_ONLY:
        assert_true(key_rotate_begin(&world->host.memory, NULL));
        if (event == BEGIN_AND_SAVE)
            world->host.disk = world->host.memory;
        break;
    case SEND_AND_SAVE:
    case SEND_AND_DIE:
        deliver(world, event == SEND_AND_SAVE);
        break;
    case HOST_SAVES:
        save_or_die(&world->host, true);
        break;
    case HOST_DIES:
    case GUEST_DIES:
        save_or_die(event == HOST_DIES ? &world->host : &world->guest, false);
        world->session = 0;
        break;
    default:
        world->backup = world->guest.disk;
        break;
    }
}

static void expect_meeting(const struct world *world, unsigned seed, int step)
{
    const struct key_file *host[] = {&world->host.memory, &world->host.disk};
    const struct key_file *guest[] = {&world->guest.memory, &world->guest.disk};

    /* whichever of them dies now, or both, or none */
    for (int i = 0; i < 4; i++)
        if (!common_of(host[i & 1], guest[i >> 1]))
            fail_msg("seed %u, step %d: they never meet again (%d)", seed, step, i);
    /* and if somebody puts back the guest's old disk, as long as the host still keeps it */
    if (world->backup.current + KEY_KEPT - 1 >= world->host.disk.current &&
        !common_of(&world->host.disk, &world->backup))
        fail_msg("seed %u, step %d: the restored guest is not met", seed, step);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* 20,000 lives of 60 events each. */
static void they_meet_again_whatever_happens_in_whatever_order(void **state)
{
    struct key_file first = new_key();

    (void)state;
    for (unsigned seed = 1; seed <= 20000; seed++) {
        struct world world = {.host = {first, first}, .guest = {first, first}, .backup = first};
        unsigned random = seed;

        for (int step = 0; step < 60; step++) {
            unsigned event = next_random(&random) % EVENTS;

            happen(&world, (enum event)event, next_random(&random));
            expect_meeting(&world, seed, step);
        }
    }
}

static void a_restored_guest_of_any_kept_age_catches_up_in_one_rotation(void **state)
{
    (void)state;
    for (int age = 0; age < KEY_KEPT; age++) {
        struct pair pair = {.host = new_key(), .crash_at = -1};
        struct key_file old;

        pair.guest = pair.host;
        for (int i = 0; i < 5; i++) {
            if (i == 5 - age)
                old = pair.guest;
            assert_true(pair_rotate(&pair, i & 1));
        }
        if (age)
            pair.guest = old;
        assert_int_equal(pair_meet(&pair), pair.host.current - age);
        assert_true(pair_rotate(&pair, false));
        assert_int_equal(pair_meet(&pair), pair.host.current);
        assert_int_equal(pair.guest.count, 1);
    }
}

static void a_pending_next_is_kept_and_sent_again(void **state)
{
    struct key_file key = new_key(), first;

    (void)state;
    assert_true(key_rotate_begin(&key, NULL));
    first = key;
    assert_true(key_rotate_begin(&key, NULL));
    assert_memory_equal(&key, &first, sizeof key);
    assert_int_equal(key_next(&key)->generation, 2);
}

static void the_guest_refuses_a_rotation_that_lost_the_race(void **state)
{
    static const struct {
        int64_t session, from, generation;
    } rows[] = {{1, 2, 3}, {2, 1, 3}, {2, 2, 2}, {2, 2, 1}, {7, 7, 8}};
    uint8_t secret[KEY_SECRET_BYTES] = {1};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key_file key = new_key(), before;
        struct err err = ERR_INIT;

        assert_true(key_accept(&key, 1, 1, 2, secret, NULL));
        assert_true(key_confirm(&key, 2, false));
        before = key;
        assert_false(
            key_accept(&key, rows[i].session, rows[i].from, rows[i].generation, secret, &err));
        assert_int_equal(err.kind, ERR_CONFLICT);
        assert_memory_equal(&key, &before, sizeof key);
    }
}

static void identities_name_one_generation_of_one_vm(void **state)
{
    struct key_file key = new_key();
    char identity[KEY_IDENTITY_BYTES];

    (void)state;
    key_rotate_begin(&key, NULL);
    assert_string_equal(key_identity(&key, 2, identity), VM ":2");
    assert_int_equal(key_by_identity(&key, identity)->generation, 2);
    assert_null(key_by_identity(&key, VM ":3"));
    assert_null(key_by_identity(&key, VM));
    assert_null(key_by_identity(&key, ""));
    assert_int_equal(key_identity_generation(VM ":17"), 17);
    assert_int_equal(key_identity_generation(VM ":17x"), 0);
    assert_int_equal(key_identity_generation(VM ":"), 0);
    assert_int_equal(key_identity_generation("x:99999999999999999999"), 0);
}

static void a_saved_key_comes_back_as_it_was(void **state)
{
    char path[FS_PATH_BYTES];
    const struct key_seal *seals[] = {&key_seal_plain, &key_seal_host};

    (void)state;
    snprintf(path, sizeof path, "%s/key.json", support_folder("key_saved"));
    for (size_t i = 0; i < 2; i++) {
        struct key_file key = new_key(), back = {0};

        assert_true(key_rotate_begin(&key, NULL));
        assert_true(key_save(path, seals[i], &key, NULL));
        assert_true(key_load(path, seals[i], &back, NULL));
        assert_memory_equal(&key, &back, sizeof key);
    }
}

static void damaged_files_are_refused_with_one_error(void **state)
{
    static const char secret[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{\"version\":2,\"vm\":\"" VM "\",\"current\":1,\"seal\":\"plain\",\"keys\":[]}",
        "{\"version\":1,\"vm\":\"" VM "\",\"current\":1,\"seal\":\"plain\",\"keys\":[]}",
        "{\"version\":1,\"vm\":\"short\",\"current\":1,\"seal\":\"plain\",\"keys\":[@1]}",
        "{\"version\":1,\"vm\":\"" VM "\",\"current\":2,\"seal\":\"plain\",\"keys\":[@1]}",
        "{\"version\":1,\"vm\":\"" VM "\",\"current\":1,\"seal\":\"other\",\"keys\":[@1]}",
        "{\"version\":1,\"vm\":\"" VM "\",\"current\":1,\"seal\":\"plain\",\"keys\":[@1,@1]}",
        "{\"version\":1,\"vm\":\"" VM
        "\",\"current\":1,\"seal\":\"plain\",\"keys\":[@5,@4,@3,@2,@1]}",
        "{\"version\":1,\"vm\":\"" VM
        "\",\"current\":1,\"seal\":\"plain\",\"keys\":[{\"generation\":1,\"secret\":\"zz\"}]}",
        "{\"version\":1,\"vm\":\"" VM
        "\",\"current\":1,\"seal\":\"plain\",\"keys\":[{\"generation\":1,\"secret\":\"00\"}]}",
    };
    char path[FS_PATH_BYTES];

    (void)state;
    snprintf(path, sizeof path, "%s/key.json", support_folder("key_damaged"));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct key_file key = {0};
        struct err err = ERR_INIT;
        struct buf text;

        buf_init(&text, 4096);
        for (const char *c = bodies[i]; *c; c++) {
            if (*c == '@')
                buf_printf(&text, "{\"generation\":%c,\"secret\":\"%s\"}", *++c, secret);
            else
                buf_put(&text, c, 1);
        }
        assert_true(fs_write_atomic(
            path, text.data ? text.data : (const void *)"", text.len, FS_PRIVATE, NULL));
        assert_false(key_load(path, &key_seal_plain, &key, &err));
        if (err.kind != ERR_BAD_INPUT && err.kind != ERR_UNSUPPORTED && err.kind != ERR_TOO_LARGE)
            fail_msg("row %zu: %s", i, err_kind_name(err.kind));
        assert_int_equal(key.count, 0);
        buf_done(&text);
    }
}

static void a_missing_file_is_told_apart(void **state)
{
    struct key_file key;
    struct err err = ERR_INIT;

    (void)state;
    assert_false(key_load("no/such/key.json", &key_seal_plain, &key, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_meet_again_whatever_write_of_a_rotation_is_lost),
        cmocka_unit_test(a_guest_restored_to_the_last_generation_is_met_and_catches_up),
        cmocka_unit_test(they_meet_again_whatever_happens_in_whatever_order),
        cmocka_unit_test(a_restored_guest_of_any_kept_age_catches_up_in_one_rotation),
        cmocka_unit_test(a_pending_next_is_kept_and_sent_again),
        cmocka_unit_test(the_guest_refuses_a_rotation_that_lost_the_race),
        cmocka_unit_test(identities_name_one_generation_of_one_vm),
        cmocka_unit_test(a_saved_key_comes_back_as_it_was),
        cmocka_unit_test(damaged_files_are_refused_with_one_error),
        cmocka_unit_test(a_missing_file_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
