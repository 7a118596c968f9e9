/* `selftest`: the agent's probes on this machine. */
#include "guest/command.h"
#include "guest/selftest.h"

#include <stdio.h>

int command_selftest(struct agent_call *call)
{
    static struct selftest_guest guest; /* large; a process tests once */
    const char *report = arguments_get(&call->args, "report")->text;
    struct selftest test = {.schema = "agent.selftest"};
    char system[64] = "";
    unsigned refuted = 0;
    bool ok;

    test.rows = selftest_guest_rows(&test.count);
    ok = selftest_guest_open(&guest, call->machine, call->folder, &call->err);
    if (ok && guest.facts.system_known) {
        snprintf(system,
                 sizeof system,
                 "%sWindows %s",
                 call->disk[0] ? "simulated " : "",
                 guest.facts.system.build);
        test.system = system;
    }
    ok = ok && selftest_run(&test, &guest, &call->ui, report, &refuted, &call->err);
    selftest_guest_done(&guest);
    return !ok ? 2 : refuted ? 1 : 0;
}
