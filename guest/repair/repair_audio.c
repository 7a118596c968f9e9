#include "guest/device.h"

#define SERVICE_WAIT_MS INT64_C(20000)

bool repair_cable_tidy(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_tidy(context->check->machine->devices, &device_cable, ret_reboot, err);
}

bool repair_cable_enable(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_enable(context->check->machine->devices, &device_cable, ret_reboot, err);
}

bool repair_cable_restart(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_restart(context, &device_cable, ret_reboot, err);
}

bool repair_cable_bind(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_bind(context, &device_cable, ret_reboot, err);
}

static bool service_up(struct services_port *port, const char *name, struct err *err)
{
    struct service_status status;

    if (!port->ops->query(port, name, &status, err))
        return false;
    if (status.state == SERVICE_STATE_RUNNING)
        return true;
    if (status.start == SERVICE_START_DISABLED &&
        !port->ops->set_start(port, name, SERVICE_START_AUTO, err))
        return false;
    return port->ops->start(port, name, SERVICE_WAIT_MS, err);
}

bool repair_audio_start(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct services_port *port = context->check->machine->services;

    (void)ret_reboot;
    return service_up(port, "AudioEndpointBuilder", err) && service_up(port, "Audiosrv", err);
}

bool repair_audio_default(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct system_port *port = context->check->machine->system;
    bool present = false, is_default = false;

    (void)ret_reboot;
    return port->ops->audio(port, true, &present, &is_default, err);
}
