/* Contract of the port of services. */
#include "tests/unit/contract/contract.h"

#define NAME    "Parsec"
#define WAIT_MS 30000

static struct service_status query(struct contract *contract, const char *name)
{
    struct services_port *port = contract->machine->services;
    struct service_status status;

    assert_true(port->ops->query(port, name, &status, NULL));
    return status;
}

static void a_missing_service_is_absent_and_no_error(void **state)
{
    assert_int_equal(query(contract_looking(state), "NoSuchService").state, SERVICE_STATE_ABSENT);
}

static void acting_on_a_missing_service_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;
    struct err err = ERR_INIT;

    assert_false(port->ops->start(port, "NoSuchService", 0, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    err_clear(&err);
    assert_false(port->ops->stop(port, "NoSuchService", 0, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    err_clear(&err);
    assert_false(port->ops->set_start(port, "NoSuchService", SERVICE_START_AUTO, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void a_stopped_service_starts_and_runs(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;

    contract_arrange(contract, "parsec.service=stopped");
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_STOPPED);
    assert_true(port->ops->start(port, NAME, WAIT_MS, NULL));
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_RUNNING);
}

static void starting_a_running_service_is_fine(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;

    contract_arrange(contract, "parsec.service=running");
    assert_true(port->ops->start(port, NAME, 0, NULL));
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_RUNNING);
}

static void stopping_stops_and_stopping_again_is_fine(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;

    contract_arrange(contract, "parsec.service=running");
    assert_true(port->ops->stop(port, NAME, WAIT_MS, NULL));
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_STOPPED);
    assert_true(port->ops->stop(port, NAME, 0, NULL));
}

static void a_start_that_takes_longer_than_the_wait_times_out_and_goes_on(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;
    struct err err = ERR_INIT;

    contract_arrange(contract, "parsec.service=stopped");
    assert_false(port->ops->start(port, NAME, 0, &err));
    assert_int_equal(err.kind, ERR_TIMEOUT);
    contract->later(contract, WAIT_MS);
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_RUNNING);
}

static void a_disabled_service_does_not_start_until_its_start_type_changes(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;

    contract_arrange(contract, "parsec.service=disabled");
    assert_false(port->ops->start(port, NAME, WAIT_MS, NULL));
    assert_true(port->ops->set_start(port, NAME, SERVICE_START_AUTO, NULL));
    assert_int_equal(query(contract, NAME).start, SERVICE_START_AUTO);
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_STOPPED);
    assert_true(port->ops->start(port, NAME, WAIT_MS, NULL));
}

static void an_automatic_service_runs_after_a_boot(void **state)
{
    struct contract *contract = contract_acting(state);
    struct services_port *port = contract->machine->services;

    if (!contract->boot)
        skip();
    assert_true(port->ops->stop(port, NAME, WAIT_MS, NULL));
    assert_true(contract->boot(contract));
    contract->later(contract, WAIT_MS);
    assert_int_equal(query(contract, NAME).state, SERVICE_STATE_RUNNING);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_service_is_absent_and_no_error),
    cmocka_unit_test(acting_on_a_missing_service_is_not_found),
    cmocka_unit_test(a_start_that_takes_longer_than_the_wait_times_out_and_goes_on),
    cmocka_unit_test(a_disabled_service_does_not_start_until_its_start_type_changes),
    cmocka_unit_test(a_stopped_service_starts_and_runs),
    cmocka_unit_test(starting_a_running_service_is_fine),
    cmocka_unit_test(stopping_stops_and_stopping_again_is_fine),
    cmocka_unit_test(an_automatic_service_runs_after_a_boot),
};

const struct contract_tests contract_services = {
    "services", tests, sizeof(tests) / sizeof(tests[0])};
