/* Power of VMs: the button, the cord, and requests to the guest's Windows. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/log.h"

#define SHUTDOWN_CLASS "Msvm_ShutdownComponent"
#define STATE_RESET    11
#define REASON         "gpupv"
#define NO_CONTACT     12
#define SHUTTING_DOWN  32782u /* already */

/* ---- the button ---- */

static bool
request_state(struct hyperv *h, const struct hyperv_vm *vm, unsigned state, struct err *err)
{
    struct wmi_call call;
    bool ok = wmi_call_begin(&call, h->wmi, SYSTEM_CLASS, vm->path, "RequestStateChange", err) &&
              wmi_put_number(call.in, "RequestedState", state, err) && wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

static bool has_partition(struct hyperv *h, const struct hyperv_vm *vm, struct err *err, bool *ret)
{
    struct wmi_rows rows = {NULL};
    bool ok = hyperv_resources(h, vm, PARTITION_CLASS, NULL, &rows, err);

    *ret = ok && rows.count;
    wmi_rows_done(&rows);
    return ok;
}

/* What a smaller room for the GPU cannot mend. */
static bool is_other_cause(const struct err *err)
{
    return err->kind == ERR_CONFLICT || err->kind == ERR_DENIED || err->kind == ERR_NO_MEMORY ||
           err->kind == ERR_TIMEOUT || err->kind == ERR_UNREACHABLE || err->kind == ERR_NOT_FOUND;
}

/* Starts; a host whose addresses do not reach as far as the GPU's room gets less of it. */
static bool start(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    struct err why = ERR_INIT, first = ERR_INIT;
    bool gpu = false, less = true;

    if (!has_partition(h, vm, err, &gpu))
        return false;
    while (!request_state(h, vm, HYPERV_STATE_ON, &why)) {
        if (!err_is_set(&first))
            first = why;
        if (!gpu || is_other_cause(&why) || !hyperv_less_room(h, vm, &less, NULL) || !less) {
            if (gpu && first.hint == TEXT_NONE)
                err_hint(&first, TEXT_HV_START_GPU_HINT);
            if (err)
                *err = first;
            return false;
        }
        log_err(LOG_WARN, "hyperv", "start with less room for the GPU after", &why);
        err_clear(&why);
    }
    return hyperv_wait(h, vm, HYPERV_STATE_ON, err);
}

/* ---- the guest ---- */

/* The guest's part that shuts it down; there while the VM runs. */
static bool
find_component(struct hyperv *h, const struct hyperv_vm *vm, char *ret_path, struct err *err)
{
    struct wmi_rows rows = {NULL};
    uint64_t status = 0;
    bool ok = wmi_select(h->wmi, SHUTDOWN_CLASS, "SystemName", vm->id, &rows, err);

    if (ok && rows.count)
        wmi_number(rows.items[0], "OperationalStatus", &status);
    if (ok && (!rows.count || status == NO_CONTACT)) {
        err_set(err, ERR_CONFLICT, TEXT_HV_NO_GUEST, vm->name, NULL);
        ok = err_hint(err, TEXT_HV_NO_GUEST_HINT);
    }
    ok = ok && wmi_path(rows.items[0], ret_path, err);
    wmi_rows_done(&rows);
    return ok;
}

/* These have no jobs. */
static bool
ask_guest(struct hyperv *h, const struct hyperv_vm *vm, const char *method, struct err *err)
{
    char path[WMI_PATH_BYTES];
    struct wmi_call call = {.wmi = NULL};
    struct err why = ERR_INIT;
    bool ok = find_component(h, vm, path, err) &&
              wmi_call_begin(&call, h->wmi, SHUTDOWN_CLASS, path, method, err) &&
              wmi_put_number(call.in, "Force", true, err) &&
              wmi_put_text(call.in, "Reason", REASON, err);

    call.plain = true;
    if (ok && !wmi_call_run(&call, &why)) {
        ok = call.code == SHUTTING_DOWN;
        if (call.code == HYPERV_GUEST_NOT_READY) {
            err_set(&why, ERR_CONFLICT, TEXT_HV_NO_GUEST, vm->name, NULL);
            err_hint(&why, TEXT_HV_NO_GUEST_HINT);
        }
        if (!ok && err)
            *err = why;
    }
    wmi_call_done(&call);
    return ok;
}

/* ---- what was asked for ---- */

static bool power_on(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    if (!hyperv_is_off(vm->state) && hyperv_state(vm->state) != VM_SAVED)
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, vm->name, NULL);
    return start(h, vm, err) || err_context(err, TEXT_HV_DOING_START, vm->name);
}

static bool power_off(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    struct err why = ERR_INIT;

    if (hyperv_is_off(vm->state))
        return true;
    /* it may have gone off meanwhile: that is what the state tells */
    if (!request_state(h, vm, HYPERV_STATE_OFF, &why) && why.kind != ERR_CONFLICT) {
        err_context(&why, TEXT_HV_DOING_STOP, vm->name);
        if (err)
            *err = why;
        return false;
    }
    return hyperv_wait(h, vm, HYPERV_STATE_OFF, err);
}

static bool shut_down(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    return hyperv_is_off(vm->state) || ask_guest(h, vm, "InitiateShutdown", err);
}

static bool reboot(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    return ask_guest(h, vm, "InitiateReboot", err);
}

static bool reset(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    return request_state(h, vm, STATE_RESET, err) && hyperv_wait(h, vm, HYPERV_STATE_ON, err);
}

static const struct {
    bool (*act)(struct hyperv *h, struct hyperv_vm *vm, struct err *err);
    bool needs_on;
} acts[] = {
    [VM_POWER_ON] = {power_on, false},
    [VM_POWER_SHUTDOWN] = {shut_down, false},
    [VM_POWER_OFF] = {power_off, false},
    [VM_POWER_REBOOT] = {reboot, true},
    [VM_POWER_RESET] = {reset, true},
};

bool hyperv_power(struct hypervisor *base, const char *id, enum vm_power power, struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct hyperv_vm vm;

    if (!hyperv_find(h, id, &vm, err))
        return false;
    if (acts[power].needs_on && hyperv_state(vm.state) != VM_RUNNING)
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_IS_OFF, vm.name, NULL);
    return acts[power].act(h, &vm, err);
}
