#include "guest/check/check.h"

void check_session_desktop(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    if (!facts->session_known)
        finding_unknown(ret_finding, &facts->session_why);
    else if (facts->session.desktop_age_ms < 0)
        finding_set(ret_finding, CAUSE_DESKTOP_NONE, 0, NULL);
    else
        finding_ok(ret_finding);
}

void check_session_enhanced(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;

    if (!facts->session_known)
        finding_unknown(ret_finding, &facts->session_why);
    else if (facts->session.enhanced)
        finding_set(ret_finding, CAUSE_ENHANCED_SESSION, 0, NULL);
    else
        finding_ok(ret_finding);
}
