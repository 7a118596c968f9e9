/* Hyper-V's port: opening, and what all of its parts need. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#define BOOT_DEADLINE_MS 600000 /* the first start of a Windows from an image takes minutes */

/* ---- why there is nothing ---- */

bool hyperv_explain_empty(struct err *err)
{
    struct wmi_rows rows = {NULL};
    struct wmi *wmi = NULL;
    char state[32] = "";
    bool ok = wmi_open(WMI_WINDOWS, &wmi, err) &&
              wmi_select(wmi, "Win32_Service", "Name", "vmms", &rows, err),
         found;

    found = ok && rows.count && wmi_text(rows.items[0], "State", state, sizeof state);
    wmi_rows_done(&rows);
    wmi_close(wmi);
    if (!ok)
        return false;
    if (!found) {
        err_set(err, ERR_UNSUPPORTED, TEXT_HV_ABSENT, NULL);
        return err_hint(err, TEXT_HV_ABSENT_HINT);
    }
    if (strcmp(state, "Running") != 0) {
        err_set(err, ERR_UNSUPPORTED, TEXT_HV_STOPPED, NULL);
        return err_hint(err, TEXT_HV_STOPPED_HINT);
    }
    err_set(err, ERR_DENIED, TEXT_HV_DENIED, NULL);
    return err_hint(err, TEXT_HV_DENIED_HINT);
}

/* ---- VMs ---- */

/* The one row of the management service is there for those who may manage. */
static bool find_service(struct hyperv *h, struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok = wmi_query(h->wmi, "SELECT * FROM " SERVICE_CLASS, &rows, err);

    if (ok && !rows.count)
        ok = hyperv_explain_empty(err);
    else if (ok)
        ok = wmi_path(rows.items[0], h->service, err);
    wmi_rows_done(&rows);
    return ok;
}

static bool read_vm(struct IWbemClassObject *row, struct hyperv_vm *vm, struct err *err)
{
    uint64_t state = 0;

    wmi_number(row, "EnabledState", &state);
    vm->state = (uint32_t)state;
    wmi_text(row, "ElementName", vm->name, sizeof vm->name);
    return (wmi_text(row, "Name", vm->id, sizeof vm->id) ||
            err_set(err, ERR_FAILED, TEXT_HV_PROPERTY, "Name", NULL)) &&
           wmi_path(row, vm->path, err);
}

bool hyperv_find(struct hyperv *h, const char *id, struct hyperv_vm *ret_vm, struct err *err)
{
    struct wmi_rows rows = {NULL}, services = {NULL};
    struct hyperv_vm vm = {.id = ""};
    bool ok;

    if (!hyperv_is_vm_id(id))
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_VM_GONE, id, NULL);
    ok = wmi_select(h->wmi, SYSTEM_CLASS, "Name", id, &rows, err);
    if (ok && !rows.count) {
        /* a service that is down answers with nothing, too */
        ok = wmi_query(h->wmi, "SELECT * FROM " SERVICE_CLASS, &services, err) &&
             (services.count ? err_set(err, ERR_NOT_FOUND, TEXT_HOST_VM_GONE, id, NULL)
                             : hyperv_explain_empty(err));
        wmi_rows_done(&services);
    } else if (ok) {
        ok = read_vm(rows.items[0], &vm, err);
    }
    wmi_rows_done(&rows);
    if (ok)
        *ret_vm = vm;
    return ok;
}

bool hyperv_find_off(struct hyperv *h, const char *id, struct hyperv_vm *ret_vm, struct err *err)
{
    if (!hyperv_find(h, id, ret_vm, err))
        return false;
    return hyperv_is_off(ret_vm->state) ||
           err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, ret_vm->name, NULL);
}

bool hyperv_wait(struct hyperv *h, struct hyperv_vm *vm, uint32_t state, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + HYPERV_STATE_MS;

    while (hyperv_find(h, vm->id, vm, err)) {
        if (vm->state == state)
            return true;
        if (clock_now_ms(clock_system()) >= until)
            return err_set(err,
                           ERR_TIMEOUT,
                           TEXT_HOST_STATE_TIMEOUT,
                           vm->name,
                           vm_state_name(hyperv_state(vm->state)),
                           vm_state_name(hyperv_state(state)),
                           TEXT_NUM(HYPERV_STATE_MS / 1000),
                           NULL);
        clock_sleep_ms(clock_system(), HYPERV_POLL_MS);
    }
    return false;
}

/* ---- settings and resources ---- */

bool hyperv_settings(struct hyperv *h,
                     const struct hyperv_vm *vm,
                     struct IWbemClassObject **ret_settings,
                     struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok =
        wmi_associators(h->wmi, vm->path, "Msvm_SettingsDefineState", SETTINGS_CLASS, &rows, err);

    if (ok && !rows.count)
        ok = err_set(err, ERR_FAILED, TEXT_HV_OBJECT, SETTINGS_CLASS, NULL);
    if (ok)
        *ret_settings = wmi_rows_take(&rows, 0);
    wmi_rows_done(&rows);
    return ok;
}

bool hyperv_service_call(struct hyperv *h,
                         struct wmi_call *call,
                         const char *method,
                         struct err *err)
{
    return wmi_call_begin(call, h->wmi, SERVICE_CLASS, h->service, method, err);
}

bool hyperv_modify_settings(struct hyperv *h, struct IWbemClassObject *settings, struct err *err)
{
    struct wmi_call call;
    bool ok = hyperv_service_call(h, &call, "ModifySystemSettings", err) &&
              wmi_put_embedded(call.in, "SystemSettings", settings, err) &&
              wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

bool hyperv_modify_resource(struct hyperv *h, struct IWbemClassObject *resource, struct err *err)
{
    struct wmi_call call;
    bool ok = hyperv_service_call(h, &call, "ModifyResourceSettings", err) &&
              wmi_put_embedded_list(call.in, "ResourceSettings", resource, err) &&
              wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

/* Keeps the rows of a sub type. */
static void keep_type(struct wmi_rows *rows, const char *sub_type)
{
    char type[128];

    for (size_t i = rows->count; i-- > 0;) {
        wmi_text(rows->items[i], "ResourceSubType", type, sizeof type);
        if (!wmi_text_same(type, sub_type))
            wmi_object_free(wmi_rows_take(rows, i));
    }
}

bool hyperv_resources(struct hyperv *h,
                      const struct hyperv_vm *vm,
                      const char *type,
                      const char *sub_type,
                      struct wmi_rows *ret_rows,
                      struct err *err)
{
    char prefix[VM_ID_BYTES + 16] = "Microsoft:";

    text_copy(prefix + strlen(prefix), VM_ID_BYTES, vm->id);
    if (!wmi_select_like(h->wmi, type, "InstanceID", prefix, ret_rows, err))
        return false;
    if (sub_type)
        keep_type(ret_rows, sub_type);
    return true;
}

bool hyperv_template(struct hyperv *h,
                     const char *type,
                     const char *sub_type,
                     struct IWbemClassObject **ret,
                     struct err *err)
{
    static const char end[] = "\\Default";
    struct wmi_rows rows = {NULL};
    char id[512];
    bool ok = wmi_select(h->wmi, type, "ResourceSubType", sub_type, &rows, err), found = false;

    for (size_t i = 0; ok && !found && i < rows.count; i++) {
        size_t length;

        wmi_text(rows.items[i], "InstanceID", id, sizeof id);
        length = strlen(id);
        if (length > sizeof end && wmi_text_same(id + length - (sizeof end - 1), end)) {
            *ret = wmi_rows_take(&rows, i);
            found = true;
        }
    }
    wmi_rows_done(&rows);
    return ok && (found || err_set(err, ERR_UNSUPPORTED, TEXT_HV_OBJECT, sub_type, NULL));
}

/* Where the new resource is; a job does not say it. */
static bool new_path(struct hyperv *h,
                     const struct hyperv_vm *vm,
                     const struct hyperv_part *part,
                     struct wmi_call *call,
                     char *ret_path,
                     struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok;

    if (wmi_text(call->out, "ResultingResourceSettings", ret_path, WMI_PATH_BYTES) && *ret_path)
        return true;
    ok = hyperv_resources(h, vm, part->type, part->sub_type, &rows, err) &&
         (rows.count || err_set(err, ERR_FAILED, TEXT_HV_OBJECT, part->sub_type, NULL)) &&
         wmi_path(rows.items[rows.count - 1], ret_path, err);
    wmi_rows_done(&rows);
    return ok;
}

bool hyperv_add(struct hyperv *h,
                const struct hyperv_vm *vm,
                const struct hyperv_part *part,
                char *ret_path,
                struct err *err)
{
    struct IWbemClassObject *settings = NULL;
    char path[WMI_PATH_BYTES];
    struct wmi_call call = {.wmi = NULL};
    bool ok = hyperv_settings(h, vm, &settings, err) && wmi_path(settings, path, err) &&
              hyperv_service_call(h, &call, "AddResourceSettings", err) &&
              wmi_put_text(call.in, "AffectedConfiguration", path, err) &&
              wmi_put_embedded_list(call.in, "ResourceSettings", part->object, err) &&
              wmi_call_run(&call, err) &&
              (!ret_path || new_path(h, vm, part, &call, ret_path, err));

    wmi_call_done(&call);
    wmi_object_free(settings);
    return ok;
}

bool hyperv_take(struct hyperv *h, const char *path, struct err *err)
{
    const char *const paths[] = {path};
    struct wmi_call call;
    bool ok = hyperv_service_call(h, &call, "RemoveResourceSettings", err) &&
              wmi_put_texts(call.in, "ResourceSettings", paths, 1, err) && wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

/* ---- address and waiting ---- */

static bool hyperv_address(struct hypervisor *h,
                           const char *id,
                           struct link_address *ret_address,
                           struct err *err)
{
    struct link_address address = {.kind = LINK_HYPERV, .service = link_service_id};

    (void)h;
    if (!link_guid_parse(id, &address.vm))
        return err_set(err, ERR_BAD_INPUT, TEXT_KEY_VM, id, NULL);
    *ret_address = address;
    return true;
}

#define EVENTS_FROM_MS 2000 /* shorter waits are slept: events come a second late anyway */
#define CHANGES                                                                                    \
    "SELECT * FROM __InstanceModificationEvent WITHIN 1 WHERE TargetInstance ISA "                 \
    "'Msvm_ComputerSystem' AND TargetInstance.EnabledState <> PreviousInstance.EnabledState"

/* Waits for an event; false when there are none to be had. */
static bool wait_event(struct hyperv *h, int64_t timeout_ms)
{
    bool happened = false, ok = true;

    uv_mutex_lock(&h->mutex);
    if (!h->events)
        ok = wmi_events_open(h->wmi, CHANGES, &h->events, NULL);
    ok = ok && wmi_events_wait(h->events, timeout_ms, &happened, NULL);
    if (!ok) { /* a service that restarts ends them */
        wmi_events_close(h->events);
        h->events = NULL;
    }
    uv_mutex_unlock(&h->mutex);
    return ok;
}

static bool hyperv_wait_change(struct hypervisor *base, int64_t timeout_ms, struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;

    (void)err;
    if (timeout_ms < EVENTS_FROM_MS || !wait_event(h, timeout_ms))
        clock_sleep_ms(clock_system(), timeout_ms < EVENTS_FROM_MS ? timeout_ms : EVENTS_FROM_MS);
    return true;
}

/* ---- the port ---- */

static void hyperv_free(struct hypervisor *base)
{
    struct hyperv *h = (struct hyperv *)base;

    wmi_events_close(h->events);
    wmi_close(h->wmi);
    uv_mutex_destroy(&h->mutex);
    free(h);
}

static const struct hypervisor_ops hyperv_ops = {
    .list = hyperv_list,
    .host = hyperv_host,
    .create = hyperv_create,
    .configure = hyperv_configure,
    .remove = hyperv_remove,
    .power = hyperv_power,
    .gpu = hyperv_gpu,
    .kvp = hyperv_kvp,
    .address = hyperv_address,
    .picture = hyperv_picture,
    .wait_change = hyperv_wait_change,
    .free = hyperv_free,
};

bool hypervisor_open_system(struct hypervisor **ret_hypervisor, struct err *err)
{
    struct hyperv *h = calloc(1, sizeof *h);
    struct err why = ERR_INIT;

    if (!h)
        return err_no_memory(err);
    if (uv_mutex_init(&h->mutex) != 0) {
        free(h);
        return err_no_memory(err);
    }
    h->base.ops = &hyperv_ops;
    h->base.boot_deadline_ms = BOOT_DEADLINE_MS;
    if (wmi_open(WMI_VIRTUAL, &h->wmi, &why) && find_service(h, &why)) {
        *ret_hypervisor = &h->base;
        return true;
    }
    if (why.code == WMI_NO_NAMESPACE) {
        err_set(&why, ERR_UNSUPPORTED, TEXT_HV_ABSENT, NULL);
        err_hint(&why, TEXT_HV_ABSENT_HINT);
    }
    hyperv_free(&h->base);
    if (err)
        *err = why;
    return false;
}
