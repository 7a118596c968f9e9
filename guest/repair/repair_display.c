#include "guest/console.h"
#include "guest/device.h"
#include "guest/journal.h"
#include "guest/parsec/parsec.h"

/* The holder's open handle refuses a device that shall stop. It holds again when the check finds
 * its monitor missing. */
static void let_go(struct repair_context *context)
{
    if (context->check->parsec)
        holder_release(context->check->parsec->holder);
}

bool repair_vdd_tidy(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    let_go(context);
    return device_tidy(context->check->machine->devices, &device_vdd, ret_reboot, err);
}

bool repair_vdd_enable(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return device_enable(context->check->machine->devices, &device_vdd, ret_reboot, err);
}

bool repair_vdd_restart(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    let_go(context);
    return device_restart(context, &device_vdd, ret_reboot, err);
}

bool repair_vdd_bind(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    let_go(context);
    return device_bind(context, &device_vdd, ret_reboot, err);
}

/* ---- the console picture ---- */

static bool note_console(struct repair_context *context, bool taken, struct err *err)
{
    struct journal_record record = {.event = JOURNAL_CONSOLE, .value = taken ? 1 : 0};

    if (!context->journal || journal_state(context->journal)->console_taken == taken)
        return true;
    text_copy(record.text, sizeof record.text, context->check->findings->facts.video_instance);
    return journal_append(context->journal, record, err);
}

/* The picture counts more than the memory of it: what cannot be written is written next time. */
bool repair_console_give(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct machine *machine = context->check->machine;
    char instance[DEVICE_ID_BYTES];
    enum video_state state;

    if (!device_video_look(machine->devices, &state, instance, err))
        return false;
    if (state == VIDEO_ABSENT)
        return err_set(err, ERR_NOT_FOUND, TEXT_VIDEO_NONE, NULL);
    if (state != VIDEO_ENABLED &&
        !machine->devices->ops->enable(machine->devices, instance, ret_reboot, err))
        return err_context(err, TEXT_DEVICE_STEP, instance);
    /* without a desktop there is nothing to extend, and the picture is there all the same */
    machine->displays->ops->set_topology(machine->displays, DISPLAY_EXTEND, NULL);
    note_console(context, false, NULL);
    return true;
}

/* A disable that would need a restart is none: it does not last over one. */
static bool take_picture(struct repair_context *context, struct err *err)
{
    struct devices_port *devices = context->check->machine->devices;
    char instance[DEVICE_ID_BYTES];
    enum video_state state;
    bool reboot = false;

    if (!device_video_look(devices, &state, instance, err))
        return false;
    if (state != VIDEO_ENABLED)
        return true;
    return note_console(context, true, err) &&
           devices->ops->disable(devices, instance, &reboot, err);
}

bool repair_console_take(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    const struct check_context *check = context->check;
    struct displays_port *displays = check->machine->displays;

    (void)ret_reboot;
    if (console_virtual_active(&check->findings->facts) &&
        !displays->ops->set_topology(displays, DISPLAY_VIRTUAL_MAIN, err))
        return false;
    if (check->profile->display.hyperv_video != PROFILE_VIDEO_DISABLE)
        return true;
    return take_picture(context, err);
}

bool repair_publisher_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct drivers_port *drivers = context->check->machine->drivers;

    return drivers->ops->distrust(drivers, data, err);
}
