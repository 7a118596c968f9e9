#include "guest/check/check.h"
#include "guest/password.h"

static void judge(const struct facts *facts, bool wrong, enum cause cause, struct finding *ret)
{
    if (!facts->system_known)
        finding_unknown(ret, &facts->system_why);
    else if (wrong)
        finding_set(ret, cause, 0, NULL);
    else
        finding_ok(ret);
}

void check_system_power(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    judge(facts, facts->system.sleep_allowed, CAUSE_SLEEP_ALLOWED, ret_finding);
}

void check_system_media(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    judge(facts, !facts->system.media_present, CAUSE_MEDIA_MISSING, ret_finding);
}

void check_system_uac(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    judge(facts, facts->system.uac_secure_desktop, CAUSE_UAC_SECURE, ret_finding);
}

void check_system_updates(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    judge(facts, facts->system.driver_updates, CAUSE_DRIVER_UPDATES, ret_finding);
}

/* Setup still needs its answers until somebody was signed in by them. */
void check_system_password(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;
    struct password_view view;
    struct err err = ERR_INIT;

    if (!facts_setup_done(facts))
        finding_off(ret_finding);
    else if (!password_look(context->machine, &view, &err))
        finding_unknown(ret_finding, &err);
    else if (view.where && view.automatic &&
             !(facts->session_known && facts->session.user_logged_on))
        finding_off(ret_finding);
    else if (view.where)
        finding_set(ret_finding, CAUSE_PASSWORD_READABLE, 0, view.where, NULL);
    else
        finding_ok(ret_finding);
}

void check_system_reboot(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    judge(facts, facts->system.reboot_pending, CAUSE_REBOOT_PENDING, ret_finding);
}
