/* selftest: the host's probes on this computer. */
#include "host/command.h"
#include "host/probes.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option options[] = {
    {"report", 0, OPTION_TEXT, "FILE", TEXT_SETUP_HELP_REPORT, 0, 0},
    {0},
};

static bool read_facts(struct call *call, struct computer_facts *ret_facts, struct err *err)
{
    struct computer *computer = NULL;
    bool ok;

    ok = (call->simulated ? computer_open_sim(call->state, &computer, err)
                          : computer_open_system(call->state, &computer, err)) &&
         computer->ops->facts(computer, ret_facts, err);
    computer_free(computer);
    return ok;
}

static bool run(struct call *call, struct probes_view *view, unsigned *ret_refuted, struct err *err)
{
    struct selftest test = {.schema = "host.selftest"};
    struct computer_facts facts = {.firmware = FACT_UNKNOWN};
    struct hypervisor *h = NULL;
    struct err why = ERR_INIT;
    char system[COMPUTER_TEXT_BYTES * 3];

    if (!read_facts(call, &facts, err))
        return false;
    if (!(call->simulated ? hypervisor_open_sim(call->state, NULL, &h, &why)
                          : hypervisor_open_system(&h, &why)))
        h = NULL;
    probes_look(view, &facts, h, &why);
    hypervisor_free(h);
    test.rows = probes_rows(&test.count);
    snprintf(system,
             sizeof system,
             "%sWindows %s %s",
             call->simulated ? "simulated " : "",
             facts.build,
             facts.edition);
    test.system = system;
    return selftest_run(&test, view, &call->ui, call_text(call, "report"), ret_refuted, err);
}

static bool selftest_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct probes_view *view = calloc(1, sizeof *view);
    unsigned refuted = 0;
    bool ok = (view || err_no_memory(err)) && run(call, view, &refuted, err);

    free(view);
    *ret_code = refuted ? CODE_DEGRADED : CODE_OK;
    return ok;
}

const struct command command_selftest = {
    .name = "selftest",
    .summary = TEXT_SETUP_HELP_SELFTEST,
    .args = "",
    .options = options,
    .exec = selftest_exec,
};
