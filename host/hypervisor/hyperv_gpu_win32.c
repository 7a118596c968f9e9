/* Partitions of GPUs: the room for one, the partition, its amounts. */
#include <windows.h>

#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/log.h"

#include <intrin.h>
#include <stdlib.h>
#include <string.h>

#define STOP_GUEST     4
#define NO_CHECKPOINTS 2
#define LEAF_MOST      0x80000000
#define LEAF_WIDTHS    0x80000008 /* its lowest byte: physical address bits */

/* ---- room ---- */

static unsigned address_bits(void)
{
    int regs[4] = {0};

    __cpuid(regs, (int)LEAF_MOST);
    if ((unsigned)regs[0] < LEAF_WIDTHS)
        return 0;
    __cpuid(regs, (int)LEAF_WIDTHS);
    return (unsigned)regs[0] & 0xff;
}

static bool plan_room(struct hyperv *h,
                      const struct hyperv_vm *vm,
                      struct hyperv_mmio steps[HYPERV_MMIO_STEPS],
                      size_t *ret_count,
                      struct err *err)
{
    struct wmi_rows rows = {NULL};
    uint64_t memory = 0;
    char build[32];
    bool ok = hyperv_resources(h, vm, MEMORY_CLASS, NULL, &rows, err);

    if (ok && rows.count)
        wmi_number(rows.items[0], "VirtualQuantity", &memory);
    wmi_rows_done(&rows);
    *ret_count = hyperv_mmio_plan(address_bits(), hyperv_build(build, sizeof build), memory, steps);
    return ok;
}

static bool
put_room(struct IWbemClassObject *settings, const struct hyperv_mmio *room, struct err *err)
{
    return wmi_put_number(settings, "LowMmioGapSize", room->low, err) &&
           wmi_put_number(settings, "HighMmioGapSize", room->high, err) &&
           (!room->base || wmi_put_number(settings, "HighMmioGapBase", room->base, err));
}

/* What a VM needs before it gets a partition. One that has a smaller room after a start that did
 * not go keeps it. */
static bool prepare(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct hyperv_mmio steps[HYPERV_MMIO_STEPS];
    struct IWbemClassObject *settings = NULL;
    size_t count = 0;
    bool ok = plan_room(h, vm, steps, &count, err) && hyperv_settings(h, vm, &settings, err) &&
              wmi_put_number(settings, "GuestControlledCacheTypes", true, err) &&
              put_room(settings, &steps[0], err) &&
              wmi_put_number(settings, "AutomaticShutdownAction", STOP_GUEST, err) &&
              wmi_put_number(settings, "UserSnapshotType", NO_CHECKPOINTS, err) &&
              wmi_put_number(settings, "AutomaticSnapshotsEnabled", false, err) &&
              hyperv_modify_settings(h, settings, err);

    wmi_object_free(settings);
    return ok;
}

bool hyperv_less_room(struct hyperv *h, const struct hyperv_vm *vm, bool *ret_less, struct err *err)
{
    struct hyperv_mmio steps[HYPERV_MMIO_STEPS], now = {0};
    struct IWbemClassObject *settings = NULL;
    const struct hyperv_mmio *next = NULL;
    size_t count = 0;
    bool ok = plan_room(h, vm, steps, &count, err) && hyperv_settings(h, vm, &settings, err);

    if (ok) {
        wmi_number(settings, "HighMmioGapSize", &now.high);
        next = hyperv_mmio_next(steps, count, &now);
    }
    if (next)
        ok = put_room(settings, next, err) && hyperv_modify_settings(h, settings, err);
    wmi_object_free(settings);
    *ret_less = next != NULL;
    return ok;
}

/* ---- the partition ---- */

/* The object of a GPU, which names it to Hyper-V: not the interface's name. */
static bool gpu_object(struct hyperv *h, const char *path, char *ret_object, struct err *err)
{
    struct wmi_rows rows = {NULL};
    char name[WMI_PATH_BYTES], own[GPU_PATH_BYTES];
    bool ok = wmi_query(h->wmi, "SELECT * FROM " GPU_CLASS, &rows, err), found = false;

    for (size_t i = 0; ok && !found && i < rows.count; i++) {
        wmi_text(rows.items[i], "Name", name, sizeof name);
        found = hyperv_gpu_path(name, own) && wmi_text_same(own, path);
        if (found)
            ok = wmi_path(rows.items[i], ret_object, err);
    }
    wmi_rows_done(&rows);
    return ok && (found || err_set(err, ERR_NOT_FOUND, TEXT_HOST_GPU_GONE, path, NULL));
}

static bool add_partition(struct hyperv *h,
                          const struct hyperv_vm *vm,
                          const char *object,
                          char *ret_path,
                          struct err *err)
{
    struct hyperv_part part = {.type = PARTITION_CLASS, .sub_type = PARTITION_TYPE};
    const char *const gpus[] = {object};
    bool ok = hyperv_template(h, part.type, part.sub_type, &part.object, err) &&
              wmi_put_texts(part.object, "HostResource", gpus, 1, err) &&
              hyperv_add(h, vm, &part, ret_path, err);

    wmi_object_free(part.object);
    return ok;
}

/* ---- amounts ---- */

static const struct {
    const char *least, *most, *best;
} amounts[GPU_RESOURCES] = {
    [GPU_VRAM] = {"MinPartitionVRAM", "MaxPartitionVRAM", "OptimalPartitionVRAM"},
    [GPU_ENCODE] = {"MinPartitionEncode", "MaxPartitionEncode", "OptimalPartitionEncode"},
    [GPU_DECODE] = {"MinPartitionDecode", "MaxPartitionDecode", "OptimalPartitionDecode"},
    [GPU_COMPUTE] = {"MinPartitionCompute", "MaxPartitionCompute", "OptimalPartitionCompute"},
};

static bool put_amount(struct IWbemClassObject *row,
                       enum gpu_resource which,
                       const struct gpu_info *gpu,
                       uint32_t percent,
                       struct err *err)
{
    struct gpu_amount part;

    /* all-ones says that the driver does not count it: a part of that is refused by some */
    if (gpu->amounts[which].total == UINT64_MAX ||
        !hyperv_share(&gpu->amounts[which], percent, &part))
        return true;
    return wmi_put_number(row, amounts[which].least, part.least, err) &&
           wmi_put_number(row, amounts[which].most, part.most, err) &&
           wmi_put_number(row, amounts[which].best, part.best, err);
}

/* A second step: amounts inside the adding are refused by some builds. */
static bool set_share(struct hyperv *h,
                      const char *path,
                      const struct gpu_info *gpu,
                      uint32_t percent,
                      struct err *err)
{
    struct IWbemClassObject *row = NULL;
    bool ok = wmi_get(h->wmi, path, &row, err);

    for (int i = 0; ok && i < GPU_RESOURCES; i++)
        ok = put_amount(row, (enum gpu_resource)i, gpu, percent, err);
    ok = ok && hyperv_modify_resource(h, row, err);
    wmi_object_free(row);
    return ok;
}

/* ---- attach and detach ---- */

/* Takes the partitions away but one of this GPU; its path, or "". */
static bool keep_one(struct hyperv *h,
                     const struct hyperv_vm *vm,
                     const char *object,
                     char *ret_kept,
                     struct err *err)
{
    struct wmi_rows rows = {NULL};
    char path[WMI_PATH_BYTES], host[WMI_PATH_BYTES];
    bool ok = hyperv_resources(h, vm, PARTITION_CLASS, NULL, &rows, err);

    *ret_kept = 0;
    for (size_t i = 0; ok && i < rows.count; i++) {
        wmi_text(rows.items[i], "HostResource", host, sizeof host);
        ok = wmi_path(rows.items[i], path, err);
        if (ok && object && !*ret_kept && *host && wmi_path_same(host, object))
            text_copy(ret_kept, WMI_PATH_BYTES, path);
        else if (ok)
            ok = hyperv_take(h, path, err);
    }
    wmi_rows_done(&rows);
    return ok;
}

static bool find_gpu(struct hyperv *h, const char *path, struct gpu_info *ret_gpu, struct err *err)
{
    struct host_info *host = calloc(1, sizeof *host);
    size_t i = 0;
    bool ok = (host || err_no_memory(err)) && hyperv_host(&h->base, host, err);

    while (ok && i < host->gpu_count && !wmi_text_same(host->gpus[i].path, path))
        i++;
    if (ok && i == host->gpu_count)
        ok = err_set(err, ERR_NOT_FOUND, TEXT_HOST_GPU_GONE, path, NULL);
    if (ok && host->gpus[i].kind != GPU_KIND_GPU)
        ok = err_set(err, ERR_UNSUPPORTED, TEXT_HV_GPU_IS_NPU, host->gpus[i].name, NULL);
    if (ok)
        *ret_gpu = host->gpus[i];
    free(host);
    return ok;
}

static bool
attach(struct hyperv *h, const struct hyperv_vm *vm, const struct gpu_wish *wish, struct err *err)
{
    char object[WMI_PATH_BYTES], path[WMI_PATH_BYTES];
    struct gpu_info gpu;

    if (!find_gpu(h, wish->path, &gpu, err) || !gpu_object(h, wish->path, object, err) ||
        !keep_one(h, vm, object, path, err))
        return false;
    if (!*path) {
        if (!gpu.partitions_free)
            return err_set(err, ERR_BUSY, TEXT_HOST_GPU_FULL, gpu.name, NULL);
        if (!prepare(h, vm, err) || !add_partition(h, vm, object, path, err))
            return false;
    }
    if (!wish->share_percent || set_share(h, path, &gpu, wish->share_percent, err))
        return true;
    /* half of what was wanted is nothing */
    hyperv_take(h, path, NULL);
    return false;
}

bool hyperv_gpu(struct hypervisor *base,
                const char *id,
                const struct gpu_wish *wish,
                struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    char kept[WMI_PATH_BYTES];
    struct hyperv_vm vm;

    if (!hyperv_find_off(h, id, &vm, err))
        return false;
    if (!wish->path)
        return keep_one(h, &vm, NULL, kept, err);
    return attach(h, &vm, wish, err) || err_context(err, TEXT_HV_DOING_GPU, vm.name);
}
