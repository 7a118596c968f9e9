/* All VMs with a fixed number of questions, however many they are. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/clock.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_TRIES 5
#define RESTART_MS    1000
#define ID_BYTES      512

/* RequestedInformation: name, display name, notes, processors, state, heartbeat, uptime. */
static const uint32_t wanted[] = {0, 1, 3, 4, 100, 104, 105};

struct listing {
    struct vm_info *vms;
    size_t count;
    struct wmi_rows switches;
};

static void lower_case(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

static void read_summary(struct IWbemClassObject *row, struct vm_info *vm)
{
    struct vm_settings *settings = &vm->settings;
    uint64_t state = 0, heartbeat = 0, uptime = 0, cpus = 0;
    char notes[HYPERV_NOTES_BYTES];

    wmi_text(row, "Name", vm->id, sizeof vm->id);
    lower_case(vm->id);
    wmi_text(row, "ElementName", settings->name, sizeof settings->name);
    wmi_text(row, "Notes", notes, sizeof notes);
    hyperv_notes_read(notes, settings->marker, settings->disk);
    wmi_number(row, "NumberOfProcessors", &cpus);
    wmi_number(row, "EnabledState", &state);
    wmi_number(row, "Heartbeat", &heartbeat);
    wmi_number(row, "UpTime", &uptime);
    settings->cpus = (uint32_t)cpus;
    vm->state = hyperv_state((uint32_t)state);
    vm->heartbeat =
        vm->state == VM_RUNNING ? hyperv_heartbeat((uint32_t)heartbeat) : VM_HEARTBEAT_NONE;
    vm->uptime_ms = (int64_t)uptime;
}

static bool read_summaries(struct hyperv *h, struct listing *listing, struct err *err)
{
    struct wmi_rows rows = {NULL};
    struct wmi_call call;
    bool ok = hyperv_service_call(h, &call, "GetSummaryInformation", err) &&
              wmi_put_numbers(
                  call.in, "RequestedInformation", wanted, sizeof wanted / sizeof *wanted, err) &&
              wmi_call_run(&call, err);

    if (ok)
        wmi_objects(call.out, "SummaryInformation", &rows); /* null without VMs */
    wmi_call_done(&call);
    if (ok && rows.count > VMS_MAX)
        ok = err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(VMS_MAX), NULL);
    listing->vms = ok ? calloc(rows.count + 1, sizeof *listing->vms) : NULL;
    if (ok && !listing->vms)
        ok = err_no_memory(err);
    for (size_t i = 0; ok && i < rows.count; i++) {
        struct vm_info *vm = &listing->vms[listing->count];

        read_summary(rows.items[i], vm);
        listing->count += hyperv_is_vm_id(vm->id);
    }
    wmi_rows_done(&rows);
    return ok;
}

/* ---- what belongs to the VMs ---- */

static struct vm_info *owner_of(struct listing *listing, struct IWbemClassObject *row)
{
    char instance[ID_BYTES], id[VM_ID_BYTES];

    wmi_text(row, "InstanceID", instance, sizeof instance);
    if (!hyperv_vm_of(instance, id))
        return NULL;
    for (size_t i = 0; i < listing->count; i++)
        if (!strcmp(listing->vms[i].id, id))
            return &listing->vms[i];
    return NULL;
}

static void add_memory(struct listing *listing, struct vm_info *vm, struct IWbemClassObject *row)
{
    uint64_t memory = 0;

    (void)listing;
    wmi_number(row, "VirtualQuantity", &memory);
    vm->settings.memory_mb = (uint32_t)memory;
}

/* The first disk; ISO files are of the same class. */
static void add_disk(struct listing *listing, struct vm_info *vm, struct IWbemClassObject *row)
{
    char type[64], path[FS_PATH_BYTES];

    (void)listing;
    wmi_text(row, "ResourceSubType", type, sizeof type);
    wmi_text(row, "HostResource", path, sizeof path);
    if (wmi_text_same(type, DISK_TYPE) && *path && !vm->disk_attached) {
        text_copy(vm->settings.disk, sizeof vm->settings.disk, path);
        vm->disk_attached = true;
    }
}

static void add_gpu(struct listing *listing, struct vm_info *vm, struct IWbemClassObject *row)
{
    char path[WMI_PATH_BYTES], name[WMI_PATH_BYTES];

    (void)listing;
    vm->gpu_attached = true;
    if (wmi_text(row, "HostResource", path, sizeof path) &&
        wmi_path_key(path, "Name", name, sizeof name))
        hyperv_gpu_path(name, vm->gpu);
}

/* The display name of the switch; the Default Switch is "", whatever it is called here. */
static void add_network(struct listing *listing, struct vm_info *vm, struct IWbemClassObject *row)
{
    char path[WMI_PATH_BYTES], id[64], name[64];
    uint64_t enabled = 0;

    wmi_text(row, "HostResource", path, sizeof path);
    wmi_number(row, "EnabledState", &enabled);
    text_copy(vm->settings.network, sizeof vm->settings.network, NO_NETWORK);
    if (enabled != 2 || !wmi_path_key(path, "Name", id, sizeof id))
        return;
    if (wmi_text_same(id, HYPERV_DEFAULT_SWITCH)) {
        *vm->settings.network = 0;
        return;
    }
    for (size_t i = 0; i < listing->switches.count; i++) {
        wmi_text(listing->switches.items[i], "Name", name, sizeof name);
        if (wmi_text_same(id, name))
            wmi_text(listing->switches.items[i],
                     "ElementName",
                     vm->settings.network,
                     sizeof vm->settings.network);
    }
}

static const struct {
    const char *query;
    void (*add)(struct listing *listing, struct vm_info *vm, struct IWbemClassObject *row);
} parts[] = {
    {"SELECT InstanceID,VirtualQuantity FROM " MEMORY_CLASS, add_memory},
    {"SELECT InstanceID,ResourceSubType,HostResource FROM " STORAGE_CLASS, add_disk},
    {"SELECT InstanceID,HostResource FROM " PARTITION_CLASS, add_gpu},
    {"SELECT InstanceID,HostResource,EnabledState FROM " CONNECTION_CLASS, add_network},
};

static bool read_parts(struct hyperv *h, struct listing *listing, struct err *err)
{
    bool ok =
        wmi_query(h->wmi, "SELECT Name,ElementName FROM " SWITCH_CLASS, &listing->switches, err);

    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++) {
        struct wmi_rows rows = {NULL};

        ok = wmi_query(h->wmi, parts[i].query, &rows, err);
        for (size_t k = 0; ok && k < rows.count; k++) {
            struct vm_info *vm = owner_of(listing, rows.items[k]);

            if (vm)
                parts[i].add(listing, vm, rows.items[k]);
        }
        wmi_rows_done(&rows);
    }
    return ok;
}

static bool
list_once(struct hyperv *h, struct vm_info **ret_vms, size_t *ret_count, struct err *err)
{
    struct listing listing = {.vms = NULL};
    bool ok = read_summaries(h, &listing, err) && (!listing.count || read_parts(h, &listing, err));

    wmi_rows_done(&listing.switches);
    if (!ok) {
        free(listing.vms);
        return false;
    }
    *ret_vms = listing.vms;
    *ret_count = listing.count;
    return true;
}

bool hyperv_list(struct hypervisor *base,
                 struct vm_info **ret_vms,
                 size_t *ret_count,
                 struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct err why = ERR_INIT;

    /* the service restarts at times, and comes back */
    for (int i = 0; i < RESTART_TRIES; i++) {
        err_clear(&why);
        if (list_once(h, ret_vms, ret_count, &why))
            return true;
        if (!hyperv_is_restarting(why.code))
            break;
        clock_sleep_ms(clock_system(), RESTART_MS);
    }
    if (err)
        *err = why;
    return false;
}
