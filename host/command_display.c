/* display: gives the console its picture back, or lets the agent decide again. */
#include "host/boot.h"

#include <string.h>

static void display_each(struct call *call, struct target *target, struct outcome *outcome)
{
    bool restore = !strcmp(call->verb->name, "restore");
    struct client *client = NULL;
    struct err err = ERR_INIT;

    if (boot_connect(call, target, &client, &err) &&
        connect_call(
            client, restore ? METHOD_DISPLAY_RESTORE : METHOD_DISPLAY_AUTO, NULL, NULL, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     restore ? TEXT_HOST_DISPLAY_RESTORED : TEXT_HOST_DISPLAY_AUTO,
                     NULL);
    else
        outcome_failed(outcome, &err);
    client_close(client);
}

static const struct command_verb display_verbs[] = {
    {"restore", "NAME...", TEXT_HELP_DISPLAY_RESTORE, 0},
    {"auto", "NAME...", TEXT_HELP_DISPLAY_AUTO, 0},
    {0},
};

const struct command command_display = {
    .name = "display",
    .summary = TEXT_HELP_DISPLAY,
    .args = "restore|auto NAME...",
    .verbs = display_verbs,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_NO_LOCK,
    .each = display_each,
};
