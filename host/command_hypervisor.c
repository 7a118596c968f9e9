/* hypervisor: whether it starts with Windows; other virtual machines may want it off. */
#include "host/command.h"
#include "host/ledger.h"
#include "common/ui/console.h"

#include <string.h>

static bool show(struct call *call, struct computer *computer, bool reboot, struct err *err)
{
    static const enum text_id launches[LAUNCH_TYPES] = {
        [LAUNCH_UNKNOWN] = TEXT_SETUP_CHECK_UNKNOWN,
        [LAUNCH_UNSET] = TEXT_SETUP_CHECK_LAUNCH_AUTO,
        [LAUNCH_AUTO] = TEXT_SETUP_CHECK_LAUNCH_AUTO,
        [LAUNCH_OFF] = TEXT_SETUP_CHECK_LAUNCH_OFF,
    };
    struct computer_facts facts;
    cJSON *document;

    if (!computer->ops->facts(computer, &facts, err))
        return false;
    if (!call->ui.json) {
        ui_say(&call->ui,
               TONE_PLAIN,
               facts.hypervisor == FACT_YES ? TEXT_SETUP_CHECK_HYPERVISOR_ON
                                            : TEXT_SETUP_CHECK_HYPERVISOR_OFF,
               NULL);
        ui_say(&call->ui, TONE_PLAIN, launches[facts.launch], NULL);
        if (reboot)
            ui_say(&call->ui, TONE_WARN, TEXT_SETUP_RESTART_NEEDED, NULL);
        return true;
    }
    document = ui_document_new("hypervisor");
    if (!cJSON_AddBoolToObject(document, "running", facts.hypervisor == FACT_YES) ||
        !cJSON_AddBoolToObject(
            document, "starts", facts.launch == LAUNCH_AUTO || facts.launch == LAUNCH_UNSET) ||
        !cJSON_AddBoolToObject(document, "restart_needed", reboot)) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

/* What runs now may be another thing than what was set, also by an earlier change. */
static bool needs_restart(struct computer *computer, bool on, bool *ret_reboot, struct err *err)
{
    struct computer_facts facts;

    if (!computer->ops->facts(computer, &facts, err))
        return false;
    *ret_reboot = facts.hypervisor != (on ? FACT_YES : FACT_NO);
    return true;
}

static bool
change(struct call *call, struct computer *computer, bool on, bool *ret_reboot, struct err *err)
{
    struct ledger *ledger = NULL;
    bool changed = false, ok;

    if (!call->simulated && !console_is_admin()) {
        err_set(err, ERR_DENIED, TEXT_HOST_NOT_ADMIN, "hypervisor", NULL);
        return err_hint(err, TEXT_HOST_NOT_ADMIN_HINT);
    }
    if (!ui_confirm(&call->ui,
                    on ? TEXT_SETUP_ASK_LAUNCH_AUTO : TEXT_SETUP_ASK_LAUNCH_OFF,
                    "hypervisorlaunchtype",
                    NULL)) {
        err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
        return err_hint(err, TEXT_HOST_NOT_CONFIRMED_HINT);
    }
    ok = ledger_open(call->state, &ledger, err) &&
         ledger_change(
             ledger, computer, COMPUTER_LAUNCH, on ? "auto" : "off", &changed, ret_reboot, err);
    ledger_free(ledger);
    return ok && needs_restart(computer, on, ret_reboot, err);
}

static bool hypervisor_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct computer *computer = NULL;
    bool reboot = false, ok;

    ok = call->simulated ? computer_open_sim(call->state, &computer, err)
                         : computer_open_system(call->state, &computer, err);
    if (ok && strcmp(call->verb->name, "status") != 0)
        ok = change(call, computer, !strcmp(call->verb->name, "on"), &reboot, err);
    ok = ok && show(call, computer, reboot, err);
    computer_free(computer);
    if (ok)
        *ret_code = reboot ? CODE_REBOOT : CODE_OK;
    return ok;
}

static const struct command_verb verbs[] = {
    {"status", "", TEXT_SETUP_HELP_HYPERVISOR_STATUS, 0},
    {"on", "", TEXT_SETUP_HELP_HYPERVISOR_ON, 0},
    {"off", "", TEXT_SETUP_HELP_HYPERVISOR_OFF, 0},
    {0},
};

const struct command command_hypervisor = {
    .name = "hypervisor",
    .summary = TEXT_SETUP_HELP_HYPERVISOR,
    .args = "status|on|off",
    .verbs = verbs,
    .exec = hypervisor_exec,
};
