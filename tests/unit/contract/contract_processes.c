/* Contract of the port of processes. */
#include "tests/unit/contract/contract.h"

static bool run(struct contract *contract,
                const struct process_run *run_what,
                struct process_result *ret_result,
                struct err *err)
{
    struct processes_port *port = contract->machine->processes;

    return port->ops->run(port, run_what, ret_result, err);
}

static unsigned count(struct contract *contract, const char *name)
{
    struct processes_port *port = contract->machine->processes;
    unsigned found = 99;

    assert_true(port->ops->count(port, name, &found, NULL));
    return found;
}

static struct process_run program(struct contract *contract)
{
    struct process_run what = {.path = contract->program,
                               .deadline_ms = INT64_C(1000) * (contract->program_seconds + 60),
                               .sha256 = contract->program_sha256,
                               .publishers = contract->program_publisher};

    if (!contract->program)
        skip();
    return what;
}

static void a_name_that_nobody_runs_counts_nothing_and_ends_nothing(void **state)
{
    struct contract *contract = contract_looking(state);
    struct processes_port *port = contract->machine->processes;

    assert_int_equal(count(contract, "no-such-program.exe"), 0);
    assert_true(port->ops->terminate(port, "no-such-program.exe", NULL));
}

static void a_missing_program_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct process_run what = {.path = "/no/such/program.exe", .deadline_ms = 1000};
    struct process_result result = {.exit_code = 77};
    struct err err = ERR_INIT;

    assert_false(run(contract, &what, &result, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(result.exit_code, 77);
}

static void a_program_with_another_hash_is_unsafe(void **state)
{
    struct contract *contract = contract_acting(state);
    struct process_run what = program(contract);
    struct process_result result;
    struct err err = ERR_INIT;

    what.sha256 = "00000000000000000000000000000000000000000000000000000000000000ff";
    assert_false(run(contract, &what, &result, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
}

static void a_program_of_another_publisher_is_unsafe(void **state)
{
    struct contract *contract = contract_acting(state);
    struct process_run what = program(contract);
    struct process_result result;
    struct err err = ERR_INIT;

    what.publishers = "Somebody Else|Nobody, Inc.";
    assert_false(run(contract, &what, &result, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
}

static void a_program_runs_to_its_end_and_gives_its_exit_code(void **state)
{
    struct contract *contract = contract_acting(state);
    struct process_run what = program(contract);
    struct process_result result = {.exit_code = 77, .timed_out = true};

    assert_true(run(contract, &what, &result, NULL));
    assert_int_equal(result.exit_code, 0);
    assert_false(result.timed_out);
}

static void a_program_is_killed_at_its_deadline(void **state)
{
    struct contract *contract = contract_acting(state);
    struct process_run what = program(contract);
    struct process_result result;

    what.deadline_ms = INT64_C(1000) * contract->program_seconds / 4;
    assert_true(run(contract, &what, &result, NULL));
    assert_true(result.timed_out);
}

static void terminating_ends_all_processes_of_a_name(void **state)
{
    struct contract *contract = contract_acting(state);
    struct processes_port *port = contract->machine->processes;
    struct services_port *services = contract->machine->services;

    contract_arrange(contract, "parsec.service=running");
    assert_int_equal(count(contract, "PARSECD.EXE"), 2); /* the service's and the user's */
    assert_true(services->ops->stop(services, "Parsec", 30000, NULL));
    assert_int_equal(count(contract, "parsecd.exe"), 1); /* nobody starts this one again */
    assert_true(port->ops->terminate(port, "parsecd.exe", NULL));
    assert_int_equal(count(contract, "parsecd.exe"), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_program_is_not_found),
    cmocka_unit_test(a_program_with_another_hash_is_unsafe),
    cmocka_unit_test(a_program_of_another_publisher_is_unsafe),
    cmocka_unit_test(a_program_is_killed_at_its_deadline),
    cmocka_unit_test(a_program_runs_to_its_end_and_gives_its_exit_code),
    cmocka_unit_test(a_name_that_nobody_runs_counts_nothing_and_ends_nothing),
    cmocka_unit_test(terminating_ends_all_processes_of_a_name),
};

const struct contract_tests contract_processes = {
    "processes", tests, sizeof(tests) / sizeof(tests[0])};
