/* Changing VMs that are off: name, notes, memory, processors, disk, network. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_STEP_MB 2

/* ---- memory and processors ---- */

static bool first_resource(struct hyperv *h,
                           const struct hyperv_vm *vm,
                           const char *type,
                           struct IWbemClassObject **ret,
                           struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok = hyperv_resources(h, vm, type, NULL, &rows, err) &&
              (rows.count || err_set(err, ERR_FAILED, TEXT_HV_OBJECT, type, NULL));

    if (ok)
        *ret = wmi_rows_take(&rows, 0);
    wmi_rows_done(&rows);
    return ok;
}

bool hyperv_set_memory(struct hyperv *h,
                       const struct hyperv_vm *vm,
                       uint32_t memory_mb,
                       struct err *err)
{
    uint64_t memory = memory_mb / MEMORY_STEP_MB * MEMORY_STEP_MB;
    struct IWbemClassObject *row = NULL;
    bool ok = first_resource(h, vm, MEMORY_CLASS, &row, err) &&
              wmi_put_number(row, "DynamicMemoryEnabled", false, err) &&
              wmi_put_number(row, "VirtualQuantity", memory, err) &&
              wmi_put_number(row, "Reservation", memory, err) &&
              wmi_put_number(row, "Limit", memory, err) && hyperv_modify_resource(h, row, err);

    wmi_object_free(row);
    return ok;
}

/* Hyper-V takes more than there are, and does not start the VM. */
static bool host_cpus(uint64_t *ret_count, struct err *err)
{
    struct wmi_rows rows = {NULL};
    struct wmi *wmi = NULL;
    bool ok = wmi_open(WMI_WINDOWS, &wmi, err) &&
              wmi_query(wmi, "SELECT * FROM Win32_ComputerSystem", &rows, err);

    *ret_count = 0;
    if (ok && rows.count)
        wmi_number(rows.items[0], "NumberOfLogicalProcessors", ret_count);
    wmi_rows_done(&rows);
    wmi_close(wmi);
    return ok;
}

bool hyperv_set_cpus(struct hyperv *h, const struct hyperv_vm *vm, uint32_t cpus, struct err *err)
{
    uint64_t most = 0;
    struct IWbemClassObject *row = NULL;
    bool ok;

    if (!host_cpus(&most, err))
        return false;
    if (most && cpus > most)
        return err_set(err, ERR_USAGE, TEXT_HV_CPUS_MANY, TEXT_NUM(cpus), TEXT_NUM(most), NULL);
    ok = first_resource(h, vm, PROCESSOR_CLASS, &row, err) &&
         wmi_put_number(row, "VirtualQuantity", cpus, err) && hyperv_modify_resource(h, row, err);
    wmi_object_free(row);
    return ok;
}

/* ---- disk ---- */

/* Where our drive is: the first one. */
static bool
find_drive(struct hyperv *h, const struct hyperv_vm *vm, char *ret_path, struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok = hyperv_resources(h, vm, RESOURCE_CLASS, DRIVE_TYPE, &rows, err) &&
              (rows.count || err_set(err, ERR_NOT_FOUND, TEXT_HV_OBJECT, DRIVE_TYPE, NULL)) &&
              wmi_path(rows.items[0], ret_path, err);

    wmi_rows_done(&rows);
    return ok;
}

static bool
change_media(struct hyperv *h, struct IWbemClassObject *row, const char *disk, struct err *err)
{
    const char *const files[] = {disk};

    return wmi_put_texts(row, "HostResource", files, 1, err) && hyperv_modify_resource(h, row, err);
}

static bool
add_media(struct hyperv *h, const struct hyperv_vm *vm, const char *disk, struct err *err)
{
    struct hyperv_part part = {.type = STORAGE_CLASS, .sub_type = DISK_TYPE};
    const char *const files[] = {disk};
    char drive[WMI_PATH_BYTES];
    bool ok = find_drive(h, vm, drive, err) &&
              hyperv_template(h, part.type, part.sub_type, &part.object, err) &&
              wmi_put_text(part.object, "Parent", drive, err) &&
              wmi_put_texts(part.object, "HostResource", files, 1, err) &&
              hyperv_add(h, vm, &part, NULL, err);

    wmi_object_free(part.object);
    return ok;
}

#define BOOT_ENTRIES 32

struct boot_order {
    char entries[BOOT_ENTRIES][WMI_PATH_BYTES];
    size_t count;
};

static bool add_entry(const char *text, void *user)
{
    struct boot_order *order = user;

    if (order->count < BOOT_ENTRIES)
        text_copy(order->entries[order->count], WMI_PATH_BYTES, text);
    order->count++;
    return order->count <= BOOT_ENTRIES;
}

/* The start entry of a drive; "" when it has none. */
static bool drive_entry(struct hyperv *h, const char *drive, char *ret_path, struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok = wmi_associators(
        h->wmi, drive, "Msvm_LogicalIdentity", "Msvm_BootSourceSettingData", &rows, err);

    *ret_path = 0;
    if (ok && rows.count)
        ok = wmi_path(rows.items[0], ret_path, err);
    wmi_rows_done(&rows);
    return ok;
}

/* Writes the order with one entry in front: the strings are Hyper-V's own. */
static bool write_order(struct hyperv *h,
                        struct IWbemClassObject *settings,
                        const struct boot_order *order,
                        size_t first,
                        struct err *err)
{
    const char *texts[BOOT_ENTRIES];
    size_t n = 0;

    texts[n++] = order->entries[first];
    for (size_t i = 0; i < order->count; i++)
        if (i != first)
            texts[n++] = order->entries[i];
    return wmi_put_texts(settings, "BootSourceOrder", texts, n, err) &&
           hyperv_modify_settings(h, settings, err);
}

/* A network that comes first would cost every start a minute. */
static bool start_from_drive(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct boot_order *order = calloc(1, sizeof *order);
    struct IWbemClassObject *settings = NULL;
    char drive[WMI_PATH_BYTES], entry[WMI_PATH_BYTES];
    size_t at = 0;
    bool ok = (order || err_no_memory(err)) && find_drive(h, vm, drive, err) &&
              drive_entry(h, drive, entry, err) && hyperv_settings(h, vm, &settings, err);

    if (ok && *entry) {
        wmi_texts(settings, "BootSourceOrder", add_entry, order);
        while (at < order->count && at < BOOT_ENTRIES && !wmi_path_same(order->entries[at], entry))
            at++;
        if (at && at < order->count && order->count <= BOOT_ENTRIES)
            ok = write_order(h, settings, order, at, err);
    }
    wmi_object_free(settings);
    free(order);
    return ok;
}

bool hyperv_set_disk(struct hyperv *h,
                     const struct hyperv_vm *vm,
                     const char *disk,
                     struct err *err)
{
    struct wmi_rows rows = {NULL};
    char now[FS_PATH_BYTES] = "";
    bool ok = hyperv_resources(h, vm, STORAGE_CLASS, DISK_TYPE, &rows, err);

    if (ok && rows.count)
        wmi_text(rows.items[0], "HostResource", now, sizeof now);
    if (ok && !wmi_text_same(now, disk))
        ok = rows.count ? change_media(h, rows.items[0], disk, err) : add_media(h, vm, disk, err);
    wmi_rows_done(&rows);
    return ok && start_from_drive(h, vm, err);
}

/* ---- network ---- */

static void list_switch(char *list, size_t size, const char *name)
{
    size_t used = strlen(list);

    snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

static bool no_switch(const char *network, const char *list, struct err *err)
{
    if (*network)
        err_set(err, ERR_NOT_FOUND, TEXT_HV_NO_SWITCH, network, list, NULL);
    else
        err_set(err, ERR_NOT_FOUND, TEXT_HV_NO_DEFAULT_SWITCH, list, NULL);
    return err_hint(err, TEXT_HV_NO_SWITCH_HINT);
}

/* The switch of this name or id; "" is the Default Switch, which is called otherwise elsewhere. */
static bool find_switch(struct hyperv *h, const char *network, char *ret_path, struct err *err)
{
    struct wmi_rows rows = {NULL};
    char id[64], name[VM_SWITCH_BYTES], list[ERR_ARG_BYTES] = "";
    bool ok = wmi_query(h->wmi, "SELECT * FROM " SWITCH_CLASS, &rows, err), found = false;

    for (size_t i = 0; ok && !found && i < rows.count; i++) {
        wmi_text(rows.items[i], "Name", id, sizeof id);
        wmi_text(rows.items[i], "ElementName", name, sizeof name);
        list_switch(list, sizeof list, name);
        found = *network ? !strcmp(name, network) || wmi_text_same(id, network)
                         : wmi_text_same(id, HYPERV_DEFAULT_SWITCH);
        if (found)
            ok = wmi_path(rows.items[i], ret_path, err);
    }
    wmi_rows_done(&rows);
    return ok && (found || no_switch(network, list, err));
}

static void new_guid(char out[48])
{
    char text[40] = "";
    struct link_guid guid;

    if (!uv_random(NULL, NULL, guid.bytes, sizeof guid.bytes, 0, NULL)) {
        guid.bytes[6] = (uint8_t)((guid.bytes[6] & 0x0f) | 0x40);
        guid.bytes[8] = (uint8_t)((guid.bytes[8] & 0x3f) | 0x80);
        link_guid_text(&guid, text);
    }
    snprintf(out, 48, "{%s}", text);
}

static bool find_port(struct hyperv *h, const struct hyperv_vm *vm, char *ret_path, struct err *err)
{
    struct hyperv_part part = {.type = PORT_CLASS, .sub_type = PORT_TYPE};
    struct wmi_rows rows = {NULL};
    char guid[48];
    const char *const ids[] = {guid};
    bool ok = hyperv_resources(h, vm, part.type, part.sub_type, &rows, err);

    new_guid(guid);
    if (ok && rows.count)
        ok = wmi_path(rows.items[0], ret_path, err);
    else if (ok)
        ok = hyperv_template(h, part.type, part.sub_type, &part.object, err) &&
             wmi_put_texts(part.object, "VirtualSystemIdentifiers", ids, 1, err) &&
             hyperv_add(h, vm, &part, ret_path, err);
    wmi_object_free(part.object);
    wmi_rows_done(&rows);
    return ok;
}

static bool connect_port(struct hyperv *h,
                         const struct hyperv_vm *vm,
                         const char *port,
                         const char *switch_path,
                         struct err *err)
{
    struct hyperv_part part = {.type = CONNECTION_CLASS, .sub_type = CONNECTION_TYPE};
    const char *const switches[] = {switch_path};
    bool ok = hyperv_template(h, part.type, part.sub_type, &part.object, err) &&
              wmi_put_text(part.object, "Parent", port, err) &&
              wmi_put_texts(part.object, "HostResource", switches, 1, err) &&
              hyperv_add(h, vm, &part, NULL, err);

    wmi_object_free(part.object);
    return ok;
}

bool hyperv_set_network(struct hyperv *h,
                        const struct hyperv_vm *vm,
                        const char *network,
                        struct err *err)
{
    char port[WMI_PATH_BYTES], path[WMI_PATH_BYTES];
    const char *const switches[] = {path};
    struct wmi_rows rows = {NULL};
    bool none = !strcmp(network, NO_NETWORK);
    bool ok = (none || find_switch(h, network, path, err)) && find_port(h, vm, port, err) &&
              hyperv_resources(h, vm, CONNECTION_CLASS, CONNECTION_TYPE, &rows, err);

    if (ok && rows.count)
        ok = (none || wmi_put_texts(rows.items[0], "HostResource", switches, 1, err)) &&
             wmi_put_number(
                 rows.items[0], "EnabledState", none ? HYPERV_STATE_OFF : HYPERV_STATE_ON, err) &&
             hyperv_modify_resource(h, rows.items[0], err);
    else if (ok && !none)
        ok = connect_port(h, vm, port, path, err);
    wmi_rows_done(&rows);
    return ok;
}

/* ---- what changed ---- */

/* True when the disk is to go into its drive: another one, or the one that was still to be made. */
static bool wants_disk(const struct vm_info *now, const char *disk)
{
    struct fs_stat stat;

    if (!*disk)
        return false;
    if (!wmi_text_same(now->settings.disk, disk))
        return true;
    return !now->disk_attached && fs_stat(disk, &stat, NULL) && stat.kind == FS_FILE;
}

/* Name and notes are settings of the VM itself. */
static bool rename_vm(struct hyperv *h,
                      const struct hyperv_vm *vm,
                      const struct vm_info *now,
                      const struct vm_settings *wanted,
                      bool plugged,
                      struct err *err)
{
    struct IWbemClassObject *settings = NULL;
    char notes[HYPERV_NOTES_BYTES];
    const char *const list[] = {notes};
    /* the notes hold the place of a disk that is still to be made */
    const char *planned = now->disk_attached || plugged ? "" : now->settings.disk;
    bool marked =
        strcmp(now->settings.marker, wanted->marker) != 0 || (plugged && !now->disk_attached);
    bool ok;

    if (!strcmp(now->settings.name, wanted->name) && !marked)
        return true;
    hyperv_notes_write(wanted->marker, planned, notes);
    ok = hyperv_settings(h, vm, &settings, err) &&
         wmi_put_text(settings, "ElementName", wanted->name, err) &&
         (!marked || wmi_put_texts(settings, "Notes", list, 1, err)) &&
         hyperv_modify_settings(h, settings, err);
    wmi_object_free(settings);
    return ok;
}

bool hyperv_configure(struct hypervisor *base,
                      const char *id,
                      const struct vm_settings *settings,
                      struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    const struct vm_settings *now;
    struct vm_info info;
    struct hyperv_vm vm;
    bool plug;

    if (!hyperv_find_off(h, id, &vm, err) || !hypervisor_find(base, id, &info, err))
        return false;
    now = &info.settings;
    if (now->memory_mb != settings->memory_mb &&
        !hyperv_set_memory(h, &vm, settings->memory_mb, err))
        return err_context(err, TEXT_HV_DOING_SETTINGS, vm.name);
    if (now->cpus != settings->cpus && !hyperv_set_cpus(h, &vm, settings->cpus, err))
        return err_context(err, TEXT_HV_DOING_SETTINGS, vm.name);
    if (strcmp(now->network, settings->network) != 0 &&
        !hyperv_set_network(h, &vm, settings->network, err))
        return err_context(err, TEXT_HV_DOING_NETWORK, vm.name);
    plug = wants_disk(&info, settings->disk);
    if (plug && !hyperv_set_disk(h, &vm, settings->disk, err))
        return err_context(err, TEXT_HV_DOING_DISK, vm.name);
    return rename_vm(h, &vm, &info, settings, plug, err) ||
           err_context(err, TEXT_HV_DOING_SETTINGS, vm.name);
}
