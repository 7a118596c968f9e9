/* The computer: its Windows, and what it can share. */
#include <windows.h>

#include "host/hypervisor/hyperv_inside_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

/* ---- Windows ---- */

/* The number behind the build, which updates raise. */
static uint32_t revision(void)
{
    DWORD number = 0, size = sizeof number;

    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     VERSION_KEY,
                     L"UBR",
                     RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY,
                     NULL,
                     &number,
                     &size))
        return 0;
    return number;
}

uint32_t hyperv_build(char *out, size_t size)
{
    uv_utsname_t name;
    const char *build;

    if (uv_os_uname(&name) != 0) {
        *out = 0;
        return 0;
    }
    build = strrchr(name.release, '.'); /* "10.0.26100" */
    snprintf(out, size, "%.24s.%u", name.release, (unsigned)revision());
    return build ? (uint32_t)strtoul(build + 1, NULL, 10) : 0;
}

/* ---- what shares ---- */

/* Which properties hold the amounts of each resource. */
static const struct {
    const char *total, *available, *least, *most, *best;
} amounts[GPU_RESOURCES] = {
    [GPU_VRAM] = {"TotalVRAM",
                  "AvailableVRAM",
                  "MinPartitionVRAM",
                  "MaxPartitionVRAM",
                  "OptimalPartitionVRAM"},
    [GPU_ENCODE] = {"TotalEncode",
                    "AvailableEncode",
                    "MinPartitionEncode",
                    "MaxPartitionEncode",
                    "OptimalPartitionEncode"},
    [GPU_DECODE] = {"TotalDecode",
                    "AvailableDecode",
                    "MinPartitionDecode",
                    "MaxPartitionDecode",
                    "OptimalPartitionDecode"},
    [GPU_COMPUTE] = {"TotalCompute",
                     "AvailableCompute",
                     "MinPartitionCompute",
                     "MaxPartitionCompute",
                     "OptimalPartitionCompute"},
};

static void read_gpu(struct IWbemClassObject *row, struct gpu_info *gpu)
{
    uint64_t count = 0;

    gpu->kind = GPU_KIND_OTHER;
    wmi_number(row, "PartitionCount", &count);
    gpu->partitions = (uint32_t)count;
    for (int i = 0; i < GPU_RESOURCES; i++) {
        wmi_number(row, amounts[i].total, &gpu->amounts[i].total);
        wmi_number(row, amounts[i].available, &gpu->amounts[i].available);
        wmi_number(row, amounts[i].least, &gpu->amounts[i].least);
        wmi_number(row, amounts[i].most, &gpu->amounts[i].most);
        wmi_number(row, amounts[i].best, &gpu->amounts[i].best);
    }
}

static bool read_gpus(struct hyperv *h, struct host_info *host, struct err *err)
{
    struct wmi_rows rows = {NULL};
    char name[WMI_PATH_BYTES];
    bool ok = wmi_query(h->wmi, "SELECT * FROM " GPU_CLASS, &rows, err);

    for (size_t i = 0; ok && i < rows.count && host->gpu_count < GPUS_MAX; i++) {
        struct gpu_info *gpu = &host->gpus[host->gpu_count];

        wmi_text(rows.items[i], "Name", name, sizeof name);
        if (!hyperv_gpu_path(name, gpu->path))
            continue;
        read_gpu(rows.items[i], gpu);
        text_copy(gpu->name, sizeof gpu->name, gpu->path); /* until something better is known */
        host->gpu_count++;
    }
    wmi_rows_done(&rows);
    return ok;
}

static struct gpu_info *gpu_at(struct host_info *host, const char *path)
{
    for (size_t i = 0; i < host->gpu_count; i++)
        if (wmi_text_same(host->gpus[i].path, path))
            return &host->gpus[i];
    return NULL;
}

/* Every VM that has a partition counts, running or not: it may start. */
static bool count_used(struct hyperv *h, struct host_info *host, struct err *err)
{
    struct wmi_rows rows = {NULL};
    char instance[512], object[WMI_PATH_BYTES], name[WMI_PATH_BYTES];
    char id[VM_ID_BYTES], path[GPU_PATH_BYTES];
    bool ok = wmi_query(h->wmi, "SELECT InstanceID,HostResource FROM " PARTITION_CLASS, &rows, err);

    for (size_t i = 0; i < host->gpu_count; i++)
        host->gpus[i].partitions_free = host->gpus[i].partitions;
    for (size_t i = 0; ok && i < rows.count; i++) {
        struct gpu_info *gpu;

        wmi_text(rows.items[i], "InstanceID", instance, sizeof instance);
        if (!hyperv_vm_of(instance, id) ||
            !wmi_text(rows.items[i], "HostResource", object, sizeof object) ||
            !wmi_path_key(object, "Name", name, sizeof name) || !hyperv_gpu_path(name, path))
            continue;
        gpu = gpu_at(host, path);
        if (gpu && gpu->partitions_free)
            gpu->partitions_free--;
    }
    wmi_rows_done(&rows);
    return ok;
}

/* ---- names and drivers ---- */

static void name_devices(struct host_info *host, struct wmi_rows *rows)
{
    char id[GPU_PATH_BYTES], class_guid[64];

    for (size_t i = 0; i < rows->count; i++) {
        struct gpu_info *gpu;

        wmi_text(rows->items[i], "DeviceID", id, sizeof id);
        gpu = gpu_at(host, id);
        if (!gpu)
            continue;
        if (wmi_text(rows->items[i], "ClassGuid", class_guid, sizeof class_guid))
            gpu->kind = hyperv_gpu_kind(class_guid);
        wmi_text(rows->items[i], "Name", gpu->name, sizeof gpu->name);
    }
}

static void name_adapters(struct host_info *host, struct wmi_rows *rows)
{
    char id[GPU_PATH_BYTES];

    for (size_t i = 0; i < rows->count; i++) {
        struct gpu_info *gpu;

        wmi_text(rows->items[i], "PNPDeviceID", id, sizeof id);
        gpu = gpu_at(host, id);
        if (!gpu)
            continue;
        gpu->kind = GPU_KIND_GPU;
        wmi_text(rows->items[i], "Name", gpu->name, sizeof gpu->name);
        wmi_text(rows->items[i], "DriverVersion", gpu->driver, sizeof gpu->driver);
    }
}

/* The devices behind the partitions, in one question. */
static bool
find_devices(struct wmi *wmi, const struct host_info *host, struct wmi_rows *rows, struct err *err)
{
    struct buf query;
    bool ok;

    buf_init(&query, 16384);
    buf_puts(&query, "SELECT DeviceID,Name,ClassGuid FROM Win32_PnPEntity WHERE ");
    for (size_t i = 0; i < host->gpu_count; i++) {
        buf_puts(&query, i ? " OR DeviceID = " : "DeviceID = ");
        wmi_put_literal(&query, host->gpus[i].path);
    }
    ok = query.failed ? err_no_memory(err) : wmi_query(wmi, buf_str(&query), rows, err);
    buf_done(&query);
    return ok;
}

static bool name_gpus(struct host_info *host, struct err *err)
{
    struct wmi_rows devices = {NULL}, adapters = {NULL};
    struct wmi *wmi = NULL;
    bool ok = wmi_open(WMI_WINDOWS, &wmi, err) && find_devices(wmi, host, &devices, err) &&
              wmi_query(wmi,
                        "SELECT Name,PNPDeviceID,DriverVersion FROM Win32_VideoController",
                        &adapters,
                        err);

    if (ok) {
        name_devices(host, &devices);
        name_adapters(host, &adapters);
    }
    wmi_rows_done(&devices);
    wmi_rows_done(&adapters);
    wmi_close(wmi);
    return ok;
}

bool hyperv_host(struct hypervisor *base, struct host_info *ret_host, struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct host_info *host = calloc(1, sizeof *host);
    bool ok = host || err_no_memory(err);

    if (ok)
        hyperv_build(host->build, sizeof host->build);
    ok = ok && read_gpus(h, host, err) &&
         (!host->gpu_count || (count_used(h, host, err) && name_gpus(host, err)));
    if (ok)
        *ret_host = *host;
    free(host);
    return ok;
}
