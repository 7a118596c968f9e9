/* completions: what a shell has to know to complete command lines. */
#include "host/command.h"
#include "host/completions.h"

#include <stdio.h>

#define SCRIPT_BYTES 65536

static bool completions_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct buf out;
    bool ok;

    buf_init(&out, SCRIPT_BYTES);
    ok = (completions_write(call->verb->name, &out) && !out.failed) || err_no_memory(err);
    /* a script for a program, not a text for a person */
    if (ok)
        ok = fwrite(out.data, 1, out.len, call->ui.out) == out.len || err_no_memory(err);
    buf_done(&out);
    *ret_code = CODE_OK;
    return ok;
}

static const struct command_verb verbs[] = {
    {"bash", "", TEXT_SETUP_HELP_COMPLETIONS_BASH, 0},
    {"powershell", "", TEXT_SETUP_HELP_COMPLETIONS_POWERSHELL, 0},
    {0},
};

const struct command command_completions = {
    .name = "completions",
    .summary = TEXT_SETUP_HELP_COMPLETIONS,
    .args = "bash|powershell",
    .verbs = verbs,
    .flags = COMMAND_READ_ONLY,
    .exec = completions_exec,
};
