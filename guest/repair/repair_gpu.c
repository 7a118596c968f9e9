#include "guest/device.h"

bool repair_gpu_enable(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_enable(context->check->machine->devices, &device_gpu, ret_reboot, err);
}

bool repair_gpu_restart(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_restart(context, &device_gpu, ret_reboot, err);
}
