/* Helpers of the contract tests. */
#include "tests/unit/contract/contract.h"

#include <stdio.h>
#include <stdlib.h>

int contract_run(const struct contract_tests *port,
                 struct contract *contract,
                 int (*open)(void **),
                 int (*close)(void **))
{
    struct CMUnitTest *tests = calloc(port->count, sizeof(*tests));
    char name[128];
    int failed;

    if (!tests)
        return 1;
    for (size_t i = 0; i < port->count; i++) {
        tests[i] = port->tests[i];
        tests[i].setup_func = open;
        tests[i].teardown_func = close;
        tests[i].initial_state = contract;
    }
    snprintf(name, sizeof(name), "%s, %s", port->name, contract->name);
    failed = _cmocka_run_group_tests(name, tests, port->count, NULL, NULL);
    free(tests);
    return failed;
}

struct contract *contract_looking(void **state)
{
    return *state;
}

struct contract *contract_acting(void **state)
{
    struct contract *contract = *state;

    if (!contract->may_act)
        skip();
    return contract;
}

void contract_must(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s (%ld)", err_message(err, TEXT_EN, text, sizeof(text)), (long)err->code);
}

void contract_arrange(struct contract *contract, const char *edit)
{
    if (!contract->arrange || !contract->arrange(contract, edit))
        skip();
}
