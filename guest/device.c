#include "guest/device.h"

#include <stdio.h>
#include <string.h>

const struct device_kind device_vdd = {
    .hardware_id = "Root\\Parsec\\VDA",
    .name = "Parsec Virtual Display Adapter",
    .device_class = "Display",
    .package_root = ROOT_VDD_PROGRAM,
    .package_inf = "driver/mm.inf",
};

const struct device_kind device_cable = {
    .hardware_id = "VBAudioVACWDM",
    .name = "VB-Audio Virtual Cable",
    .device_class = "MEDIA",
};

const struct device_kind device_gpu = {
    .hardware_id = "PCI\\VEN_1414&DEV_008E",
    .name = "Microsoft Virtual Render Device",
    .device_class = "Display",
};

const struct device_kind device_video = {
    .hardware_id = "VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}",
    .name = "Microsoft Hyper-V Video",
    .device_class = "Display",
};

bool device_works(const struct device *device)
{
    return device->present && device->started && device->problem == DEVICE_PROBLEM_NONE;
}

/* A working instance before one with a problem, that before a phantom. */
static int device_rank(const struct device *device)
{
    if (device_works(device))
        return 2;
    return device->present ? 1 : 0;
}

bool device_look(struct devices_port *devices,
                 const struct device_kind *kind,
                 struct device_view *ret_view,
                 struct err *err)
{
    struct device_list list;

    if (!devices->ops->list(devices, kind->hardware_id, &list, err))
        return err_context(err, TEXT_DEVICE_STEP, kind->name);
    *ret_view = (struct device_view){.list = list};
    for (size_t i = 0; i < list.count; i++) {
        const struct device *device = &ret_view->list.items[i];

        if (!device->present)
            continue;
        ret_view->present++;
        if (!ret_view->best || device_rank(device) > device_rank(ret_view->best))
            ret_view->best = device;
    }
    ret_view->extra = list.count - (ret_view->best ? 1 : 0);
    return true;
}

bool device_tidy(struct devices_port *devices,
                 const struct device_kind *kind,
                 bool *ret_reboot,
                 struct err *err)
{
    struct device_view view;

    if (!device_look(devices, kind, &view, err))
        return false;
    for (size_t i = 0; i < view.list.count; i++) {
        const struct device *device = &view.list.items[i];
        bool reboot = false;

        if (device == view.best)
            continue;
        if (!devices->ops->remove(devices, device->instance, &reboot, err))
            return err_context(err, TEXT_DEVICE_STEP, device->instance);
        *ret_reboot = *ret_reboot || reboot;
    }
    return true;
}

bool device_enable(struct devices_port *devices,
                   const struct device_kind *kind,
                   bool *ret_reboot,
                   struct err *err)
{
    struct device_view view;

    if (!device_look(devices, kind, &view, err))
        return false;
    if (!view.present)
        return err_set(err, ERR_NOT_FOUND, TEXT_DEVICE_GONE, kind->name, NULL);
    for (size_t i = 0; i < view.list.count; i++) {
        const struct device *device = &view.list.items[i];
        bool reboot = false;

        if (!device->present || device->problem != DEVICE_PROBLEM_DISABLED)
            continue;
        if (!devices->ops->enable(devices, device->instance, &reboot, err))
            return err_context(err, TEXT_DEVICE_STEP, device->instance);
        *ret_reboot = *ret_reboot || reboot;
    }
    return true;
}

static bool
restart_one(struct repair_context *context, const char *instance, bool *ret_reboot, struct err *err)
{
    struct devices_port *devices = context->check->machine->devices;
    struct err first = ERR_INIT;
    bool disabled;

    if (!repair_will_undo(context, UNDO_IF_INTERRUPTED, instance, err))
        return false;
    disabled = devices->ops->disable(devices, instance, ret_reboot, &first);
    /* also after a failure: it may be half done */
    if (!devices->ops->enable(devices, instance, ret_reboot, err))
        return err_context(err, TEXT_DEVICE_STEP, instance);
    if (!disabled && err)
        *err = first;
    return disabled;
}

bool device_restart(struct repair_context *context,
                    const struct device_kind *kind,
                    bool *ret_reboot,
                    struct err *err)
{
    struct device_view view;

    if (!device_look(context->check->machine->devices, kind, &view, err))
        return false;
    if (!view.present)
        return err_set(err, ERR_NOT_FOUND, TEXT_DEVICE_GONE, kind->name, NULL);
    for (size_t i = 0; i < view.list.count; i++) {
        bool reboot = false;

        if (!view.list.items[i].present)
            continue;
        if (!restart_one(context, view.list.items[i].instance, &reboot, err))
            return false;
        *ret_reboot = *ret_reboot || reboot;
    }
    return true;
}

bool repair_device_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct devices_port *devices = context->check->machine->devices;
    bool reboot = false;

    return devices->ops->enable(devices, data, &reboot, err);
}

/* ---- binding a driver package ---- */

/* The INF to use: the driver store's, else the one that the installer left. *ret_staged tells
 * which. */
static bool package_find(struct machine *machine,
                         const struct device_kind *kind,
                         char *ret_inf,
                         bool *ret_staged,
                         struct err *err)
{
    char folder[FS_PATH_BYTES] = "";
    struct fs_stat stat = {.kind = FS_MISSING};
    int length;

    if (!machine->drivers->ops->find(machine->drivers, kind->hardware_id, ret_inf, err))
        return false;
    *ret_staged = ret_inf[0] != 0;
    if (*ret_staged)
        return true;
    if (kind->package_inf &&
        (!machine->files->ops->stat(
             machine->files, kind->package_root, kind->package_inf, &stat, err) ||
         !machine->files->ops->path(
             machine->files, kind->package_root, folder, sizeof folder, err)))
        return false;
    if (stat.kind != FS_FILE) {
        err_set(err, ERR_NOT_FOUND, TEXT_PACKAGE_NONE, kind->name, NULL);
        return err_hint(err, TEXT_HINT_DEVICE_PAYLOAD);
    }
    length = snprintf(ret_inf, FS_PATH_BYTES, "%s/%s", folder, kind->package_inf);
    if (length < 0 || length >= FS_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PACKAGE_NONE, kind->name, NULL);
    return true;
}

/* The certificate is on record before it is added, unless somebody else has put it there. */
static bool publisher_trust(struct repair_context *context, const char *inf, struct err *err)
{
    struct drivers_port *drivers = context->check->machine->drivers;
    struct repair_context record = *context;
    char mark[DRIVER_MARK_BYTES];
    bool trusted = false;

    record.repair = REPAIR_PUBLISHER_TRUST;
    return drivers->ops->signer(drivers, inf, mark, &trusted, err) &&
           (trusted || repair_will_undo(&record, UNDO_AT_RELEASE, mark, err)) &&
           drivers->ops->trust_signer(drivers, inf, err);
}

/* Nobody can answer a question in session 0: what would ask must not need to any more. */
static bool package_trust(struct repair_context *context, const char *inf, struct err *err)
{
    struct drivers_port *drivers = context->check->machine->drivers;
    enum driver_trust trust;

    if (!drivers->ops->trust(drivers, inf, &trust, err))
        return false;
    if (trust == DRIVER_SILENT)
        return true;
    if (trust == DRIVER_UNTRUSTED)
        return err_set(err, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED, inf, NULL);
    return publisher_trust(context, inf, err);
}

bool device_bind(struct repair_context *context,
                 const struct device_kind *kind,
                 bool *ret_reboot,
                 struct err *err)
{
    struct machine *machine = context->check->machine;
    struct drivers_port *drivers = machine->drivers;
    struct device_view view;
    char inf[FS_PATH_BYTES] = "";
    bool staged, reboot = false;

    if (!package_find(machine, kind, inf, &staged, err) || !package_trust(context, inf, err))
        return false;
    if (!staged && !drivers->ops->stage(drivers, inf, err))
        return false;
    if (!device_tidy(machine->devices, kind, ret_reboot, err) ||
        !device_look(machine->devices, kind, &view, err))
        return false;
    if (!view.present && !machine->devices->ops->create(
                             machine->devices, kind->hardware_id, kind->device_class, err))
        return false;
    if (!drivers->ops->bind(drivers, kind->hardware_id, inf, &reboot, err))
        return false;
    *ret_reboot = *ret_reboot || reboot;
    return true;
}

/* ---- looking ---- */

bool device_video_look(struct devices_port *devices,
                       enum video_state *ret_state,
                       char *ret_instance,
                       struct err *err)
{
    struct device_view view;

    if (!device_look(devices, &device_video, &view, err))
        return false;
    text_copy(ret_instance, DEVICE_ID_BYTES, view.best ? view.best->instance : "");
    *ret_state = !view.best                ? VIDEO_ABSENT
                 : device_works(view.best) ? VIDEO_ENABLED
                                           : VIDEO_DISABLED;
    return true;
}

static enum cause problem_cause(int32_t problem, const struct device_causes *causes)
{
    switch (problem) {
    case DEVICE_PROBLEM_DISABLED:
        return causes->disabled;
    case DEVICE_PROBLEM_FAILED_START:
        return causes->not_started;
    case DEVICE_PROBLEM_NONE: /* not started, and no reason given */
    case DEVICE_PROBLEM_FAILED_ADD:
    case DEVICE_PROBLEM_FAILURE:
        return causes->failed;
    case DEVICE_PROBLEM_NEED_RESTART:
    case DEVICE_PROBLEM_BEING_REMOVED:
    case DEVICE_PROBLEM_STILL_LOADED:
        return causes->need_restart;
    case DEVICE_PROBLEM_UNSIGNED:
        return causes->unsigned_driver;
    case DEVICE_PROBLEM_CONFLICT:
        return causes->conflict;
    default:
        return causes->no_driver;
    }
}

void device_check(struct devices_port *devices,
                  const struct device_kind *kind,
                  const struct device_causes *causes,
                  struct finding *ret_finding)
{
    struct device_view view;
    struct err err = ERR_INIT;
    const char *name = kind->name;

    if (!device_look(devices, kind, &view, &err))
        finding_unknown(ret_finding, &err);
    else if (!view.best)
        finding_set(ret_finding, causes->missing, 0, name, NULL);
    else if (!device_works(view.best))
        finding_set(ret_finding,
                    problem_cause(view.best->problem, causes),
                    (uint32_t)view.best->problem,
                    view.best->name[0] ? view.best->name : name,
                    TEXT_NUM(view.best->problem),
                    NULL);
    else if (view.extra && causes->extra != CAUSE_NONE)
        finding_set(ret_finding, causes->extra, 0, name, TEXT_NUM(view.extra), NULL);
    else
        finding_ok(ret_finding);
}
