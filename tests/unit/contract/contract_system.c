/* Contract of the ports of sessions, network and the system. */
#include "tests/unit/contract/contract.h"

#include <stdio.h>
#include <string.h>

/* ---- sessions ---- */

static struct session_state session(struct contract *contract)
{
    struct sessions_port *port = contract->machine->sessions;
    struct session_state now;

    assert_true(port->ops->query(port, &now, NULL));
    return now;
}

static void nobody_logged_on_has_no_desktop(void **state)
{
    struct contract *contract = contract_acting(state);
    struct session_state now;

    contract_arrange(contract, "session=logged_off");
    now = session(contract);
    assert_false(now.user_logged_on);
    assert_int_equal(now.desktop_age_ms, -1);
    assert_int_equal(now.input_idle_ms, -1);
}

static void a_program_for_nobody_is_a_conflict(void **state)
{
    struct contract *contract = contract_acting(state);
    struct sessions_port *port = contract->machine->sessions;
    struct err err = ERR_INIT;

    contract_arrange(contract, "session=logged_off");
    assert_false(port->ops->start_program(port, "C:\\Windows\\notepad.exe", &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
}

static void the_desktop_and_idleness_grow_older(void **state)
{
    struct contract *contract = contract_acting(state);
    struct session_state before, after;

    contract_arrange(contract, "session=logged_on");
    before = session(contract);
    assert_true(before.user_logged_on && before.user[0]);
    contract->later(contract, 60000);
    after = session(contract);
    assert_true(after.desktop_age_ms >= before.desktop_age_ms + 60000);
    assert_true(after.input_idle_ms >= 60000);
}

static void an_enhanced_session_is_given_back_to_the_console(void **state)
{
    struct contract *contract = contract_acting(state);
    struct sessions_port *port = contract->machine->sessions;

    contract_arrange(contract, "session=enhanced");
    assert_true(session(contract).enhanced);
    assert_true(port->ops->to_console(port, NULL));
    assert_false(session(contract).enhanced);
    assert_true(session(contract).user_logged_on);
}

static void a_started_program_runs(void **state)
{
    struct contract *contract = contract_acting(state);
    struct sessions_port *port = contract->machine->sessions;
    struct processes_port *processes = contract->machine->processes;
    unsigned count = 0;

    contract_arrange(contract, "session=logged_on");
    assert_true(port->ops->start_program(port, "C:\\Program Files\\Parsec\\window.exe", NULL));
    assert_true(processes->ops->count(processes, "window.exe", &count, NULL));
    assert_int_equal(count, 1);
}

static const struct CMUnitTest sessions[] = {
    cmocka_unit_test(nobody_logged_on_has_no_desktop),
    cmocka_unit_test(a_program_for_nobody_is_a_conflict),
    cmocka_unit_test(the_desktop_and_idleness_grow_older),
    cmocka_unit_test(an_enhanced_session_is_given_back_to_the_console),
    cmocka_unit_test(a_started_program_runs),
};

const struct contract_tests contract_sessions = {
    "sessions", sessions, sizeof(sessions) / sizeof(sessions[0])};

/* ---- network ---- */

struct network_row {
    const char *edit;
    enum network_trouble direct, through_proxy;
};

static const struct network_row network_rows[] = {
    {"network=ok", NETWORK_OK, NETWORK_OK},
    {"network=dead", NETWORK_NO_NAMES, NETWORK_PROXY_REFUSED},
    {"network=no_address", NETWORK_NO_ADDRESS, NETWORK_NO_ADDRESS},
    {"network=no_names", NETWORK_NO_NAMES, NETWORK_OK},
    {"network=proxy", NETWORK_BLOCKED, NETWORK_OK},
    {"network=proxy_refused", NETWORK_BLOCKED, NETWORK_PROXY_REFUSED},
    {"network=proxy_denied", NETWORK_BLOCKED, NETWORK_PROXY_DENIED},
    {"network=blocked", NETWORK_BLOCKED, NETWORK_PROXY_REFUSED},
    {"network=clock_wrong", NETWORK_CLOCK_WRONG, NETWORK_CLOCK_WRONG},
    {"network=no_udp", NETWORK_NO_UDP, NETWORK_NO_UDP},
    {"network=double_nat", NETWORK_DOUBLE_NAT, NETWORK_DOUBLE_NAT},
};

static void the_first_trouble_is_named_with_its_target(void **state)
{
    struct contract *contract = contract_acting(state);
    struct network_proxy proxy = {.enabled = true, .address = "127.0.0.1"};
    struct network_port *port = contract->machine->network;
    size_t arranged = 0;
    char name[32];

    for (size_t i = 0; i < sizeof(network_rows) / sizeof(network_rows[0]); i++) {
        const struct network_row *row = &network_rows[i];
        struct network_result direct, through;

        if (!contract->arrange || !contract->arrange(contract, row->edit))
            continue;
        arranged++;
        proxy.port = contract->proxy_port;
        snprintf(name, sizeof(name), "127.0.0.1:%u", (unsigned)proxy.port);
        assert_true(port->ops->check(port, NULL, &direct, NULL));
        assert_true(port->ops->check(port, &proxy, &through, NULL));
        if (direct.trouble != row->direct || through.trouble != row->through_proxy)
            fail_msg("%s: %d and %d", row->edit, direct.trouble, through.trouble);
        if (through.trouble == NETWORK_PROXY_REFUSED || through.trouble == NETWORK_PROXY_DENIED)
            assert_string_equal(through.target, name);
    }
    if (!arranged)
        skip();
}

static void a_disabled_proxy_is_as_none(void **state)
{
    const struct network_proxy proxy = {.address = "127.0.0.1", .port = 1};
    struct contract *contract = contract_acting(state);
    struct network_port *port = contract->machine->network;
    struct network_result result;

    contract_arrange(contract, "network=ok");
    assert_true(port->ops->check(port, &proxy, &result, NULL));
    assert_int_equal(result.trouble, NETWORK_OK);
}

static const struct CMUnitTest network[] = {
    cmocka_unit_test(the_first_trouble_is_named_with_its_target),
    cmocka_unit_test(a_disabled_proxy_is_as_none),
};

const struct contract_tests contract_network = {
    "network", network, sizeof(network) / sizeof(network[0])};

/* ---- the system ---- */

static struct system_state query(struct contract *contract)
{
    struct system_port *port = contract->machine->system;
    struct system_state now;

    assert_true(port->ops->query(port, &now, NULL));
    return now;
}

static void a_summary_above_the_limit_is_too_large(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    struct err err = ERR_INIT;
    char text[1002];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_false(port->ops->publish(port, text, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_true(port->ops->publish(port, text + 1, NULL));
    assert_true(port->ops->publish(port, "", NULL));
}

static void a_boot_has_its_own_id_and_uptime(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_state before = query(contract), after;

    if (!contract->boot)
        skip();
    assert_true(before.boot_id[0] && before.uptime_ms >= 0);
    assert_string_equal(query(contract).boot_id, before.boot_id);
    contract->later(contract, 600000);
    assert_true(query(contract).uptime_ms >= before.uptime_ms + 600000);
    assert_true(contract->boot(contract));
    after = query(contract);
    assert_string_not_equal(after.boot_id, before.boot_id);
    assert_true(after.uptime_ms < before.uptime_ms + 600000);
}

static void policies_are_applied(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    bool reboot;

    contract_arrange(contract, "system.sleep=allowed");
    contract_arrange(contract, "system.updates=drivers");
    contract_arrange(contract, "system.media=missing");
    assert_true(query(contract).sleep_allowed && query(contract).driver_updates);
    assert_false(query(contract).media_present);
    assert_true(port->ops->apply(port, SYSTEM_NO_SLEEP, &reboot, NULL));
    assert_true(port->ops->apply(port, SYSTEM_NO_DRIVER_UPDATES, &reboot, NULL));
    assert_true(port->ops->apply(port, SYSTEM_MEDIA, &reboot, NULL));
    assert_false(query(contract).sleep_allowed || query(contract).driver_updates);
    assert_true(query(contract).media_present);
}

static void media_that_is_not_offered_is_unsupported(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    struct err err = ERR_INIT;
    bool reboot;

    contract_arrange(contract, "system.media=unavailable");
    assert_false(port->ops->apply(port, SYSTEM_MEDIA, &reboot, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

static void the_cable_can_be_made_the_default_output(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    bool present = false, is_default = true;

    contract_arrange(contract, "audio.default=other");
    assert_true(port->ops->audio(port, false, &present, &is_default, NULL));
    assert_true(present);
    assert_false(is_default);
    assert_true(port->ops->audio(port, true, &present, &is_default, NULL));
    assert_true(is_default);
}

static void without_device_or_audio_service_there_is_no_endpoint(void **state)
{
    static const char *const edits[] = {
        "audio.cable=missing", "audio.cable=disabled", "audio.service=stopped"};
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;

    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        bool present = true, is_default = true;
        struct err err = ERR_INIT;

        contract_arrange(contract, "audio.cable=ok");
        contract_arrange(contract, "audio.service=running");
        contract_arrange(contract, edits[i]);
        assert_true(port->ops->audio(port, false, &present, &is_default, NULL));
        assert_false(present || is_default);
        assert_false(port->ops->audio(port, true, &present, &is_default, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
    }
}

/* Forgets what happened before. */
static void settle(struct contract *contract)
{
    struct system_port *port = contract->machine->system;
    bool changed = true;

    while (changed)
        assert_true(port->ops->wait_change(port, 0, &changed, NULL));
}

static void waiting_ends_at_the_time_out_when_nothing_changes(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    bool changed = true;

    contract->later(contract, 600000);
    settle(contract);
    assert_true(port->ops->wait_change(port, 50, &changed, NULL));
    assert_false(changed);
}

static void waiting_tells_that_something_changed(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    bool changed = false;

    settle(contract);
    contract_arrange(contract, "display.adapter=disabled");
    assert_true(port->ops->wait_change(port, 5000, &changed, NULL));
    assert_true(changed);
}

static void a_wake_before_the_wait_ends_it_at_once(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    bool changed = true;

    contract->later(contract, 600000);
    settle(contract);
    port->ops->wake(port);
    assert_true(port->ops->wait_change(port, -1, &changed, NULL));
    assert_false(changed);
}

static void publishing_is_no_change(void **state)
{
    struct contract *contract = contract_acting(state);
    struct system_port *port = contract->machine->system;
    bool changed = true;

    contract->later(contract, 600000);
    settle(contract);
    assert_true(port->ops->publish(port, "healthy", NULL));
    assert_true(port->ops->wait_change(port, 50, &changed, NULL));
    assert_false(changed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_summary_above_the_limit_is_too_large),
    cmocka_unit_test(media_that_is_not_offered_is_unsupported),
    cmocka_unit_test(without_device_or_audio_service_there_is_no_endpoint),
    cmocka_unit_test(a_boot_has_its_own_id_and_uptime),
    cmocka_unit_test(policies_are_applied),
    cmocka_unit_test(the_cable_can_be_made_the_default_output),
    cmocka_unit_test(waiting_ends_at_the_time_out_when_nothing_changes),
    cmocka_unit_test(waiting_tells_that_something_changed),
    cmocka_unit_test(a_wake_before_the_wait_ends_it_at_once),
    cmocka_unit_test(publishing_is_no_change),
};

const struct contract_tests contract_system = {"system", tests, sizeof(tests) / sizeof(tests[0])};
