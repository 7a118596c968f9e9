/* Helpers of the contract tests. */
#include "tests/unit/contract/contract.h"

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

void contract_arrange(struct contract *contract, const char *edit)
{
    if (!contract->arrange || !contract->arrange(contract, edit))
        skip();
}
