/* Contract of the port of scheduled tasks. */
#include "tests/unit/contract/contract.h"

#define NAME "Install VB Cable"

static struct task query(struct contract *contract, const char *name)
{
    struct tasks_port *port = contract->machine->tasks;
    struct task task;

    assert_true(port->ops->query(port, name, &task, NULL));
    return task;
}

static void a_missing_task_is_not_present_and_no_error(void **state)
{
    struct task task = query(contract_looking(state), "No Such Task");

    assert_false(task.present);
    assert_string_equal(task.name, "No Such Task");
}

static void changing_a_missing_task_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct tasks_port *port = contract->machine->tasks;
    struct err err = ERR_INIT;

    assert_false(port->ops->set_enabled(port, "No Such Task", false, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void a_task_can_be_disabled_and_enabled_again(void **state)
{
    struct contract *contract = contract_acting(state);
    struct tasks_port *port = contract->machine->tasks;

    contract_arrange(contract, "legacy.tasks=present");
    assert_true(query(contract, NAME).present && query(contract, NAME).enabled);
    assert_true(port->ops->set_enabled(port, NAME, false, NULL));
    assert_true(query(contract, NAME).present);
    assert_false(query(contract, NAME).enabled);
    assert_true(port->ops->set_enabled(port, NAME, true, NULL));
    assert_true(query(contract, NAME).enabled);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_task_is_not_present_and_no_error),
    cmocka_unit_test(changing_a_missing_task_is_not_found),
    cmocka_unit_test(a_task_can_be_disabled_and_enabled_again),
};

const struct contract_tests contract_tasks = {"tasks", tests, sizeof(tests) / sizeof(tests[0])};
