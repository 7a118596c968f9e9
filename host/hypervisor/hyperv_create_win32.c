/* Making and removing VMs. What fails on the way is taken back. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/clock.h"
#include "common/link_hyperv.h"
#include "common/log.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define GENERATION_2     "Microsoft:Hyper-V:SubType:2"
#define WINDOWS_TEMPLATE "1734c6e8-3154-4dda-ba5f-a874cc483422"

/* Values of Msvm_VirtualSystemSettingData. */
#define START_NOTHING  2
#define STOP_GUEST     4 /* a VM with a GPU cannot be saved */
#define NO_CHECKPOINTS 2

/* ---- define ---- */

/* Fills in the settings that decide what the VM is, before it is. */
static bool put_identity(struct IWbemClassObject *settings,
                         const struct vm_settings *wanted,
                         const char *disk,
                         struct err *err)
{
    char notes[HYPERV_NOTES_BYTES];
    const char *const list[] = {notes};

    hyperv_notes_write(wanted->marker, disk, notes);
    return wmi_put_text(settings, "ElementName", wanted->name, err) &&
           wmi_put_text(settings, "VirtualSystemSubType", GENERATION_2, err) &&
           wmi_put_texts(settings, "Notes", list, 1, err);
}

/* The VM that a job of DefineSystem made. */
static bool affected(struct hyperv *h, const char *job, char *ret_path, struct err *err)
{
    struct wmi_rows rows = {NULL};
    char type[64];
    bool found = false;
    bool ok = wmi_associators(h->wmi, job, "Msvm_AffectedJobElement", NULL, &rows, err);

    for (size_t i = 0; ok && !found && i < rows.count; i++)
        found = wmi_text(rows.items[i], "__CLASS", type, sizeof type) &&
                wmi_text_same(type, SYSTEM_CLASS) && wmi_path(rows.items[i], ret_path, NULL);
    wmi_rows_done(&rows);
    return ok && (found || err_set(err, ERR_FAILED, TEXT_HV_ANSWER, "DefineSystem", NULL));
}

static bool define(struct hyperv *h,
                   const struct vm_settings *wanted,
                   const char *disk,
                   struct hyperv_vm *ret_vm,
                   struct err *err)
{
    struct IWbemClassObject *settings = NULL;
    char path[WMI_PATH_BYTES], id[VM_ID_BYTES];
    struct wmi_call call = {.wmi = NULL};
    bool ok = wmi_spawn(h->wmi, SETTINGS_CLASS, &settings, err) &&
              put_identity(settings, wanted, disk, err) &&
              hyperv_service_call(h, &call, "DefineSystem", err) &&
              wmi_put_embedded(call.in, "SystemSettings", settings, err) &&
              wmi_call_run(&call, err);

    if (ok && (!wmi_text(call.out, "ResultingSystem", path, sizeof path) || !*path))
        ok = affected(h, call.job, path, err);
    wmi_call_done(&call);
    wmi_object_free(settings);
    return ok &&
           (wmi_path_key(path, "Name", id, sizeof id) ||
            err_set(err, ERR_FAILED, TEXT_HV_ANSWER, "DefineSystem", NULL)) &&
           hyperv_find(h, id, ret_vm, err);
}

/* What every VM of ours is like: safe start, no checkpoints, Windows shut down with the host. */
static bool set_habits(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct IWbemClassObject *settings = NULL;
    bool ok = hyperv_settings(h, vm, &settings, err) &&
              wmi_put_number(settings, "AutomaticStartupAction", START_NOTHING, err) &&
              wmi_put_number(settings, "AutomaticShutdownAction", STOP_GUEST, err) &&
              wmi_put_number(settings, "UserSnapshotType", NO_CHECKPOINTS, err) &&
              wmi_put_number(settings, "AutomaticSnapshotsEnabled", false, err) &&
              wmi_put_number(settings, "SecureBootEnabled", true, err) &&
              wmi_put_text(settings, "SecureBootTemplateId", WINDOWS_TEMPLATE, err) &&
              hyperv_modify_settings(h, settings, err);

    wmi_object_free(settings);
    return ok;
}

/* ---- the drive ---- */

static bool
add_controller(struct hyperv *h, const struct hyperv_vm *vm, char *ret_path, struct err *err)
{
    struct hyperv_part part = {.type = RESOURCE_CLASS, .sub_type = CONTROLLER_TYPE};
    bool ok = hyperv_template(h, part.type, part.sub_type, &part.object, err) &&
              hyperv_add(h, vm, &part, ret_path, err);

    wmi_object_free(part.object);
    return ok;
}

static bool add_drive(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct hyperv_part part = {.type = RESOURCE_CLASS, .sub_type = DRIVE_TYPE};
    char controller[WMI_PATH_BYTES];
    bool ok = add_controller(h, vm, controller, err) &&
              hyperv_template(h, part.type, part.sub_type, &part.object, err) &&
              wmi_put_text(part.object, "Parent", controller, err) &&
              wmi_put_text(part.object, "AddressOnParent", "0", err) &&
              hyperv_add(h, vm, &part, NULL, err);

    wmi_object_free(part.object);
    return ok;
}

/* ---- where the disk will be ---- */

/* The folder that Hyper-V is set to. */
static bool disk_folder(struct hyperv *h, char *out, struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok = wmi_query(
        h->wmi, "SELECT * FROM Msvm_VirtualSystemManagementServiceSettingData", &rows, err);

    if (ok &&
        (!rows.count || !wmi_text(rows.items[0], "DefaultVirtualHardDiskPath", out, FS_PATH_BYTES)))
        ok = err_set(err, ERR_FAILED, TEXT_HV_PROPERTY, "DefaultVirtualHardDiskPath", NULL);
    wmi_rows_done(&rows);
    return ok;
}

/* "NAME.vhdx", or "NAME 2.vhdx" when that is somebody's already. */
static bool choose_disk(struct hyperv *h,
                        const struct vm_settings *wanted,
                        char out[FS_PATH_BYTES],
                        struct err *err)
{
    char folder[FS_PATH_BYTES], name[FS_NAME_BYTES];
    struct fs_stat stat;

    if (*wanted->disk) {
        text_copy(out, FS_PATH_BYTES, wanted->disk);
        return true;
    }
    if (!disk_folder(h, folder, err) || !fs_make_dirs(folder, FS_SHARED, err))
        return false;
    for (unsigned i = 1; i < 1000; i++) {
        snprintf(name, sizeof name, i > 1 ? "%s %u.vhdx" : "%s.vhdx", wanted->name, i);
        if (!fs_join(out, folder, name, err) || !fs_stat(out, &stat, err))
            return false;
        if (stat.kind == FS_MISSING)
            return true;
    }
    return err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, out, NULL);
}

static bool is_there(const char *path)
{
    struct fs_stat stat;

    return fs_stat(path, &stat, NULL) && stat.kind == FS_FILE;
}

/* ---- create ---- */

static bool furnish(struct hyperv *h,
                    const struct hyperv_vm *vm,
                    const struct vm_settings *wanted,
                    const char *disk,
                    struct err *err)
{
    if (!set_habits(h, vm, err) || !hyperv_set_memory(h, vm, wanted->memory_mb, err) ||
        !hyperv_set_cpus(h, vm, wanted->cpus, err))
        return err_context(err, TEXT_HV_DOING_SETTINGS, wanted->name);
    if (!add_drive(h, vm, err) || (is_there(disk) && !hyperv_set_disk(h, vm, disk, err)))
        return err_context(err, TEXT_HV_DOING_DISK, wanted->name);
    if (!hyperv_set_network(h, vm, wanted->network, err))
        return err_context(err, TEXT_HV_DOING_NETWORK, wanted->name);
    return hyperv_add_tpm(h, vm, err) || err_context(err, TEXT_HV_DOING_TPM, wanted->name);
}

/* What a host needs so that others than administrators reach our guests; no VM fails for it. */
static void register_service(void)
{
    struct err why = ERR_INIT;

    if (!link_hyperv_register(&why))
        log_err(LOG_INFO, "hyperv", "registering the service", &why);
}

bool hyperv_create(struct hypervisor *base,
                   const struct vm_settings *settings,
                   char *ret_id,
                   struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct hyperv_vm vm = {.id = ""};
    struct err why = ERR_INIT, again = ERR_INIT;
    char disk[FS_PATH_BYTES];

    if (!choose_disk(h, settings, disk, &why) ||
        !define(h, settings, is_there(disk) ? "" : disk, &vm, &why)) {
        err_context(&why, TEXT_HV_DOING_CREATE, settings->name);
    } else if (furnish(h, &vm, settings, disk, &why)) {
        register_service();
        for (size_t i = 0; i < VM_ID_BYTES; i++)
            ret_id[i] = (char)tolower((unsigned char)vm.id[i]);
        return true;
    } else if (!hyperv_remove(base, vm.id, &again)) {
        log_err(LOG_WARN, "hyperv", "taking back a VM", &again);
    }
    if (err)
        *err = why;
    return false;
}

/* ---- remove ---- */

static bool take_partitions(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct wmi_rows rows = {NULL};
    char path[WMI_PATH_BYTES];
    bool ok = hyperv_resources(h, vm, PARTITION_CLASS, NULL, &rows, err);

    for (size_t i = 0; ok && i < rows.count; i++)
        ok = wmi_path(rows.items[i], path, err) && hyperv_take(h, path, err);
    wmi_rows_done(&rows);
    return ok;
}

static bool destroy(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct wmi_call call;
    bool ok = hyperv_service_call(h, &call, "DestroySystem", err) &&
              wmi_put_text(call.in, "AffectedSystem", vm->path, err) && wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

static bool wait_gone(struct hyperv *h, struct hyperv_vm *vm, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + HYPERV_STATE_MS;
    struct err why = ERR_INIT;

    while (hyperv_find(h, vm->id, vm, &why)) {
        if (clock_now_ms(clock_system()) >= until)
            return err_set(err,
                           ERR_TIMEOUT,
                           TEXT_HV_JOB_SLOW,
                           "DestroySystem",
                           TEXT_NUM(HYPERV_STATE_MS / 1000),
                           NULL);
        clock_sleep_ms(clock_system(), HYPERV_POLL_MS);
    }
    if (why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

bool hyperv_remove(struct hypervisor *base, const char *id, struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct err why = ERR_INIT;
    struct hyperv_vm vm;

    if (!hyperv_find(h, id, &vm, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    /* a saved one has nothing that runs */
    if (!hyperv_is_off(vm.state) && hyperv_state(vm.state) != VM_SAVED)
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, vm.name, NULL);
    return (take_partitions(h, &vm, err) && destroy(h, &vm, err) && wait_gone(h, &vm, err)) ||
           err_context(err, TEXT_HV_DOING_REMOVE, vm.name);
}
