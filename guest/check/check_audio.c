#include "guest/device.h"

static const char *const services[] = {"AudioEndpointBuilder", "Audiosrv"};

void check_audio_cable(struct check_context *context, struct finding *ret_finding)
{
    static const struct device_causes causes = {
        .missing = CAUSE_CABLE_MISSING,
        .extra = CAUSE_CABLE_EXTRA,
        .disabled = CAUSE_CABLE_DISABLED,
        .not_started = CAUSE_CABLE_FAILED,
        .failed = CAUSE_CABLE_FAILED,
        .no_driver = CAUSE_CABLE_NO_DRIVER,
        .need_restart = CAUSE_CABLE_NEED_RESTART,
        .unsigned_driver = CAUSE_CABLE_UNSIGNED,
        .conflict = CAUSE_CABLE_FAILED,
    };

    if (!context->profile->audio.cable)
        finding_off(ret_finding);
    else
        device_check(context->machine->devices, &device_cable, &causes, ret_finding);
}

void check_audio_service(struct check_context *context, struct finding *ret_finding)
{
    struct services_port *port = context->machine->services;

    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        struct service_status status;
        struct err err = ERR_INIT;

        if (!port->ops->query(port, services[i], &status, &err)) {
            finding_unknown(ret_finding, &err);
            return;
        }
        if (status.state != SERVICE_STATE_RUNNING) {
            finding_set(ret_finding, CAUSE_AUDIO_STOPPED, 0, services[i], NULL);
            return;
        }
    }
    finding_ok(ret_finding);
}

void check_audio_default(struct check_context *context, struct finding *ret_finding)
{
    struct system_port *port = context->machine->system;
    struct err err = ERR_INIT;
    bool present = false, is_default = false;

    if (!context->profile->audio.cable)
        finding_off(ret_finding);
    else if (!port->ops->audio(port, false, &present, &is_default, &err))
        finding_unknown(ret_finding, &err);
    else if (!present)
        finding_set(ret_finding, CAUSE_AUDIO_ENDPOINT, 0, NULL);
    else if (!is_default && context->profile->audio.make_default)
        finding_set(ret_finding, CAUSE_AUDIO_NOT_DEFAULT, 0, NULL);
    else
        finding_ok(ret_finding);
}
