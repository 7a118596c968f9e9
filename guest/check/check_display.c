#include "guest/console.h"
#include "guest/device.h"

void check_display_adapter(struct check_context *context, struct finding *ret_finding)
{
    static const struct device_causes causes = {
        .missing = CAUSE_VDD_MISSING,
        .extra = CAUSE_VDD_EXTRA,
        .disabled = CAUSE_VDD_DISABLED,
        .not_started = CAUSE_VDD_FAILED,
        .failed = CAUSE_VDD_FAILED,
        .no_driver = CAUSE_VDD_NO_DRIVER,
        .need_restart = CAUSE_VDD_NEED_RESTART,
        .unsigned_driver = CAUSE_VDD_UNSIGNED,
        .conflict = CAUSE_VDD_FAILED,
    };

    device_check(context->machine->devices, &device_vdd, &causes, ret_finding);
}

void check_display_hyperv_video(struct check_context *context, struct finding *ret_finding)
{
    console_judge(context->profile, context->journal, context->findings, ret_finding);
}
