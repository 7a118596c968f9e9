/* What the agent remembers of Parsec, the evidence for the display strategy, and the account. */
#include "tests/support/support.h"

#include "guest/parsec/account.h"
#include "guest/parsec/strategy.h"

#include "common/fs.h"

#include <string.h>

/* ---- memory ---- */

static void a_missing_memory_is_a_fresh_one(void **state)
{
    struct parsec_state loaded;

    (void)state;
    support_folder("empty");
    assert_true(parsec_state_load("empty", &loaded, NULL));
    assert_int_equal(loaded.strategy, CONFIG_STRATEGY_PARSEC);
    assert_false(loaded.account_seen);
}

static void a_damaged_memory_is_one_clear_error(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{}",
                                        "{\"state\":2}",
                                        "{\"state\":1,\"strategy\":\"both\"}",
                                        "{\"state\":1,\"strategy\":1}",
                                        "{\"state\":1,\"removals\":-1}",
                                        "{\"state\":1,\"before\":[]}",
                                        "{\"state\":1,\"before\":{\"a b\":\"1\"}}",
                                        "{\"state\":1,\"before\":{\"a\":1}}",
                                        "{\"state\":1,\"before\":{\"a\":\"1\\n2\"}}",
                                        "{\"state\":1,\"surprise\":true}",
                                        "{\"state\":1,\"state\":1}"};
    size_t i;

    (void)state;
    support_folder("damaged");
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct parsec_state loaded = {.removals = 77};
        struct err err = ERR_INIT;

        assert_true(fs_write_atomic(
            "damaged/" PARSEC_STATE_FILE, texts[i], strlen(texts[i]), FS_PRIVATE, NULL));
        if (parsec_state_load("damaged", &loaded, &err) || !err_is_set(&err))
            fail_msg("accepted: %s", texts[i]);
        assert_int_equal(loaded.removals, 77);
    }
}

static void what_is_saved_comes_back(void **state)
{
    struct parsec_state saved, loaded;

    (void)state;
    support_folder("saved");
    parsec_state_init(&saved);
    saved.profile_strategy = PROFILE_STRATEGY_HOLD;
    saved.strategy = CONFIG_STRATEGY_HOLD;
    saved.evidence = PARSEC_EVIDENCE_NO_MONITOR;
    saved.removals = 3;
    saved.removal_wall_ms = INT64_C(1760000000123);
    saved.no_monitor = 4;
    saved.account_seen = true;
    assert_true(config_lines_set(&saved.before, "host_name", "\"PC\" \xE4\xB8\xAD"));
    assert_true(config_lines_set(&saved.before, "app_proxy", NULL));
    assert_true(config_lines_set(&saved.applied, "host_privacy_mode", "1"));
    assert_true(parsec_state_save("saved", &saved, NULL));
    assert_true(parsec_state_load("saved", &loaded, NULL));
    assert_memory_equal(&saved, &loaded, sizeof saved);
}

/* ---- strategy ---- */

#define MINUTE 60000

struct history {
    struct profile profile;
    struct parsec_state state;
    struct strategy_watch watch;
    struct strategy_facts facts;
};

static void history_init(struct history *history, enum profile_strategy strategy)
{
    memset(history, 0, sizeof *history);
    profile_init(&history->profile);
    history->profile.display.strategy = strategy;
    parsec_state_init(&history->state);
    history->state.profile_strategy = strategy;
    history->facts.can_judge = true;
    history->facts.now_ms = 1000;
}

/* Lets time pass with clients connected; true when something was learned. */
static bool pass(struct history *history, int64_t time_ms, uint32_t clients, bool monitor)
{
    history->facts.now_ms += time_ms;
    history->facts.clients = clients;
    history->facts.monitor = monitor;
    return strategy_observe(&history->profile, &history->facts, &history->watch, &history->state);
}

/* One connection that stays for a minute. */
static void connection(struct history *history, bool monitor)
{
    pass(history, MINUTE, 0, false);
    pass(history, 1000, 1, monitor);
    pass(history, MINUTE, 1, monitor);
}

static void the_profiles_strategy_is_not_weighed(void **state)
{
    struct history history;
    int i;

    (void)state;
    history_init(&history, PROFILE_STRATEGY_PARSEC);
    for (i = 0; i < 5; i++) {
        connection(&history, false);
        strategy_removed(&history.profile, &history.state, 1000 + i);
    }
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
    history_init(&history, PROFILE_STRATEGY_HOLD);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_HOLD);
    assert_false(pass(&history, MINUTE, 1, false));
    assert_int_equal(strategy_reason(&history.profile, &history.state), TEXT_NONE);
}

static void connections_without_a_monitor_are_evidence(void **state)
{
    struct history history;

    (void)state;
    history_init(&history, PROFILE_STRATEGY_AUTO);
    connection(&history, false);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
    assert_true(history.watch.counted);
    pass(&history, 10 * MINUTE, 1, false); /* one connection counts once */
    assert_int_equal(history.state.no_monitor, 1);
    connection(&history, false);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_HOLD);
    assert_int_equal(strategy_reason(&history.profile, &history.state), TEXT_PARSEC_HOLD_MONITOR);
}

static void monitors_short_visits_and_other_faults_are_no_evidence(void **state)
{
    struct history history;
    int i;

    (void)state;
    history_init(&history, PROFILE_STRATEGY_AUTO);
    for (i = 0; i < 5; i++)
        connection(&history, true);
    for (i = 0; i < 5; i++) { /* gone before the monitor was due */
        pass(&history, MINUTE, 0, false);
        pass(&history, 1000, 1, false);
        pass(&history, STRATEGY_CLIENT_MS - 1, 1, false);
    }
    history.facts.can_judge = false; /* say, the adapter does not work */
    for (i = 0; i < 5; i++)
        connection(&history, false);
    history.facts.can_judge = true;
    assert_false(pass(&history, 1000, 1, false)); /* from now on it could be judged */
    assert_int_equal(history.state.no_monitor, 0);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
}

static void removals_are_evidence_when_they_come_together(void **state)
{
    int64_t wall_ms = INT64_C(1760000000000);
    struct history history;

    (void)state;
    history_init(&history, PROFILE_STRATEGY_AUTO);
    strategy_removed(&history.profile, &history.state, wall_ms);
    wall_ms += STRATEGY_FORGET_MS + 1;
    strategy_removed(&history.profile, &history.state, wall_ms);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
    strategy_removed(&history.profile, &history.state, wall_ms + MINUTE);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_HOLD);
    assert_int_equal(strategy_reason(&history.profile, &history.state), TEXT_PARSEC_HOLD_LINES);
}

static void no_virtual_monitor_wanted_means_no_evidence(void **state)
{
    struct history history;

    (void)state;
    history_init(&history, PROFILE_STRATEGY_AUTO);
    history.profile.display.virtual_monitors = 0;
    connection(&history, false);
    connection(&history, false);
    connection(&history, false);
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
}

static void choosing_a_strategy_forgets_what_was_learned(void **state)
{
    struct history history;

    (void)state;
    history_init(&history, PROFILE_STRATEGY_AUTO);
    connection(&history, false);
    connection(&history, false);
    history.profile.display.strategy = PROFILE_STRATEGY_PARSEC;
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
    assert_true(pass(&history, 1000, 0, false));
    history.profile.display.strategy = PROFILE_STRATEGY_AUTO;
    assert_true(pass(&history, 1000, 0, false));
    assert_int_equal(strategy_active(&history.profile, &history.state), CONFIG_STRATEGY_PARSEC);
    assert_int_equal(history.state.no_monitor, 0);
}

/* ---- account ---- */

/* A files port that only knows user.bin, and must not be asked to read it. */
struct fake {
    struct files_port port;
    struct fs_stat shared, user;
    bool shared_fails, user_fails;
};

static bool fake_stat(struct files_port *port,
                      enum file_root root,
                      const char *name,
                      struct fs_stat *ret_stat,
                      struct err *err)
{
    struct fake *fake = (struct fake *)port;

    assert_string_equal(name, "user.bin");
    if (root == ROOT_PARSEC_SHARED ? fake->shared_fails : fake->user_fails)
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
    *ret_stat = root == ROOT_PARSEC_SHARED ? fake->shared : fake->user;
    return true;
}

static const struct files_ops fake_ops = {.stat = fake_stat};

struct sign_in {
    struct fake fake;
    struct parsec_log_state log;
    struct parsec_state state;
    struct account_view view;
};

static void sign_in_init(struct sign_in *sign_in)
{
    memset(sign_in, 0, sizeof *sign_in);
    sign_in->fake.port.ops = &fake_ops;
    parsec_log_init(&sign_in->log);
    parsec_state_init(&sign_in->state);
}

static enum account look(struct sign_in *sign_in)
{
    bool changed;

    assert_true(account_look(
        &sign_in->fake.port, &sign_in->log, &sign_in->state, &sign_in->view, &changed, NULL));
    return sign_in->view.account;
}

static void write_user_bin(struct fs_stat *stat, int64_t modified_ms)
{
    *stat = (struct fs_stat){.kind = FS_FILE, .size_bytes = 300, .modified_ms = modified_ms};
}

static void
a_place_that_cannot_be_looked_at_is_an_error_only_when_it_is_the_shared_one(void **state)
{
    struct sign_in sign_in;
    struct err err = ERR_INIT;
    bool changed;

    (void)state;
    sign_in_init(&sign_in);
    sign_in.fake.user_fails = true;
    assert_int_equal(look(&sign_in), ACCOUNT_NO);
    sign_in.fake.shared_fails = true;
    assert_false(account_look(
        &sign_in.fake.port, &sign_in.log, &sign_in.state, &sign_in.view, &changed, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
}

static void yes_no_and_lost_are_told_apart(void **state)
{
    struct sign_in sign_in;

    (void)state;
    sign_in_init(&sign_in);
    assert_int_equal(look(&sign_in), ACCOUNT_NO);
    write_user_bin(&sign_in.fake.user, 1000);
    assert_int_equal(look(&sign_in), ACCOUNT_YES);
    sign_in.fake.user.kind = FS_MISSING;
    assert_int_equal(look(&sign_in), ACCOUNT_LOST);
    write_user_bin(&sign_in.fake.shared, 2000);
    assert_int_equal(look(&sign_in), ACCOUNT_YES);
}

static void a_refused_session_is_lost_until_somebody_signs_in_anew(void **state)
{
    static const char refused[] = "[D 2026-03-15 10:30:00] ws_connect[128] = -3008";
    static const char welcome[] = "[I 2026-03-15 10:31:00] STUN reply from 198.51.100.7:3478";
    struct sign_in sign_in;

    (void)state;
    sign_in_init(&sign_in);
    write_user_bin(&sign_in.fake.shared, 1000);
    parsec_log_line(&sign_in.log, refused, sizeof refused - 1);
    assert_int_equal(look(&sign_in), ACCOUNT_LOST);
    assert_int_equal(look(&sign_in), ACCOUNT_LOST);
    write_user_bin(&sign_in.fake.shared, 5000); /* a new session, the log has not said yet */
    assert_int_equal(look(&sign_in), ACCOUNT_YES);
    parsec_log_line(&sign_in.log, refused, sizeof refused - 1);
    assert_int_equal(look(&sign_in), ACCOUNT_LOST);
    parsec_log_line(&sign_in.log, welcome, sizeof welcome - 1);
    assert_int_equal(look(&sign_in), ACCOUNT_YES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_memory_is_one_clear_error),
        cmocka_unit_test(a_missing_memory_is_a_fresh_one),
        cmocka_unit_test(what_is_saved_comes_back),
        cmocka_unit_test(the_profiles_strategy_is_not_weighed),
        cmocka_unit_test(connections_without_a_monitor_are_evidence),
        cmocka_unit_test(monitors_short_visits_and_other_faults_are_no_evidence),
        cmocka_unit_test(removals_are_evidence_when_they_come_together),
        cmocka_unit_test(no_virtual_monitor_wanted_means_no_evidence),
        cmocka_unit_test(choosing_a_strategy_forgets_what_was_learned),
        cmocka_unit_test(
            a_place_that_cannot_be_looked_at_is_an_error_only_when_it_is_the_shared_one),
        cmocka_unit_test(yes_no_and_lost_are_told_apart),
        cmocka_unit_test(a_refused_session_is_lost_until_somebody_signs_in_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
