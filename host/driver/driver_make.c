/* Driver stores for simulated hosts. */
#include "host/driver/driver_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define CLASS_GUID  "{4d36e968-e325-11ce-bfc1-08002be10318}"
#define BLOCK_BYTES ((size_t)256 << 10)
#define TEXT_BYTES  ((size_t)64 << 10)

/* What the packages of each vendor are made of; names as the vendors have them. */
static const struct vendor {
    const char *inf, *companion; /* NULL: none */
    const char *files[16];       /* of the package, ended by NULL */
    const char *copies[8][2];    /* CopyFiles to System32: destination, source */
    const char *rules[4][3];     /* class key: subkey, source, destination */
} vendors[] = {
    [DRIVER_VENDOR_OTHER] = {.inf = "gpudisp.inf", .files = {"gpuumd64.dll"}},
    [DRIVER_VENDOR_NVIDIA] =
        {.inf = "nv_dispi.inf",
         .files = {"nvwgf2umx.dll",
                   "nvEncodeAPI64.dll",
                   "nvlddmkm.sys",
                   "nvcuda_loader64.dll",
                   "nvcuda_loader32.dll",
                   "nvml_loader.dll",
                   "nvapi64.dll",
                   "nvapi.dll",
                   "vulkan-1-x64.dll",
                   "nvdrsdb.bin",
                   "nvidia-smi.exe"},
         .copies = {{"nvcuda.dll", "nvcuda_loader64.dll"}, {"nvapi64.dll", "nvapi64.dll"}},
         .rules = {{"CopyToVmWhenNewer", "vulkan-1-x64.dll", "vulkan-1.dll"},
                   {"CopyToVmOverwrite", "nvml_loader.dll", "nvml.dll"},
                   {"CopyToVmOverwriteWow64", "nvcuda_loader32.dll", "nvcuda.dll"}}},
    [DRIVER_VENDOR_AMD] =
        {.inf = "u0402053.inf",
         .companion = "amdocl.inf",
         .files = {"B026261/amfrt64.dll",
                   "B026261/atio6axx.dll",
                   "B026261/amdxc64.dll",
                   "B026261/amdxcstub64.dll",
                   "B026261/vulkan64.dll"},
         .rules = {{"CopyToVmOverwrite", "B026261\\amfrt64.dll", "amfrt64.dll"},
                   {"CopyToVmOverwrite", "B026261\\atio6axx.dll", "atio6axx.dll"}}},
    [DRIVER_VENDOR_INTEL] = {.inf = "iigd_dch.inf",
                             .files = {"igd12umd64.dll",
                                       "ControlLib.dll",
                                       "ze_loader.dll",
                                       "mfx_loader_dll_hw64.dll",
                                       "igvk64.dll"}},
};

struct maker {
    const struct driver_make *what;
    char store[FS_PATH_BYTES], root[FS_PATH_BYTES];
    cJSON *json, *adapters, *packages, *keys;
    struct err *err;
};

static const struct vendor *vendor_of(const struct driver_make_gpu *gpu)
{
    return &vendors[driver_vendor_of(gpu->gpu)];
}

static const char *folder_name(const char *inf, const struct driver_make_gpu *gpu, char *out)
{
    XXH64_hash_t hash = XXH64(gpu->version, strlen(gpu->version), 47505056);

    snprintf(out, FS_NAME_BYTES, "%s_amd64_%016llx", inf, (unsigned long long)hash);
    return out;
}

const char *driver_make_folder(const struct driver_make_gpu *gpu, char *out)
{
    return folder_name(vendor_of(gpu)->inf, gpu, out);
}

/* ---- files ---- */

/* Fills a block with bytes that follow from seed and place. */
static void fill(uint8_t *block, size_t length, uint64_t seed)
{
    for (size_t i = 0; i + 8 <= length; i += 8) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = (seed ^ (seed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        memcpy(block + i, &z, 8);
    }
}

static bool write_bytes(const char *path, uint64_t bytes, uint64_t seed, struct err *err)
{
    uint8_t *block = malloc(BLOCK_BYTES);
    struct fs_file *file = NULL;
    bool ok = block ? fs_file_open(path, FS_CREATE, FS_SHARED, &file, err) : err_no_memory(err);

    for (uint64_t at = 0; ok && at < bytes; at += BLOCK_BYTES) {
        size_t length = bytes - at < BLOCK_BYTES ? (size_t)(bytes - at) : BLOCK_BYTES;

        fill(block, (length + 7) & ~(size_t)7, seed + at);
        ok = fs_file_write(file, at, block, length, err);
    }
    fs_file_close(file);
    free(block);
    return ok;
}

/* A file of the package; its content says what it is, and differs with each version. */
static bool make_file(struct maker *maker,
                      const char *folder,
                      const char *name,
                      const struct driver_make_gpu *gpu,
                      struct err *err)
{
    char path[FS_PATH_BYTES], parent[FS_PATH_BYTES], text[512];
    struct fs_stat stat;

    snprintf(text, sizeof text, "%s of %s %s\n", name, gpu->name, gpu->version);
    if (!fs_join(path, folder, name, err))
        return false;
    text_copy(parent, sizeof parent, path);
    fs_parent(parent);
    (void)maker;
    return fs_make_dirs(parent, FS_SHARED, err) && fs_stat(path, &stat, err) &&
           (stat.kind == FS_FILE || fs_write_atomic(path, text, strlen(text), FS_SHARED, err));
}

static bool make_many(struct maker *maker, const char *folder, struct err *err)
{
    const struct driver_make *what = maker->what;
    char path[FS_PATH_BYTES], name[64];

    for (unsigned i = 0; i < what->files; i++) {
        /* not all of one size: a third, one, five thirds */
        uint64_t bytes = what->file_bytes * (1 + 2 * (i % 3)) / 3;

        snprintf(name, sizeof name, "Display.Part%02u", i / 100);
        if (!fs_join(path, folder, name, err) ||
            (i % 100 == 0 && !fs_make_dirs(path, FS_SHARED, err)))
            return false;
        snprintf(name, sizeof name, "Display.Part%02u/nvgpu%05u.dl_", i / 100, i);
        if (!fs_join(path, folder, name, err) || !write_bytes(path, bytes, i, err))
            return false;
    }
    return !what->large_bytes || (fs_join(path, folder, "nvlarge.bin", err) &&
                                  write_bytes(path, what->large_bytes, what->files, err));
}

/* ---- INF ---- */

static bool write_inf(const struct vendor *vendor,
                      const char *inf,
                      const struct driver_make_gpu *gpu,
                      struct buf *out)
{
    bool main = !strcmp(inf, vendor->inf);
    bool ok = buf_printf(out,
                         "; %s\r\n[Version]\r\nSignature=\"$WINDOWS NT$\"\r\nClass=Display\r\n"
                         "ClassGUID=" CLASS_GUID "\r\nProvider=%%Maker%%\r\n"
                         "DriverVer = 05/14/2025, %s\r\nCatalogFile=gpu.cat\r\n\r\n"
                         "[DestinationDirs]\r\nDefaultDestDir = 13\r\ngpu_system32 = 11\r\n\r\n"
                         "[gpu_install.NT]\r\nCopyFiles = gpu_store, gpu_system32\r\n",
                         inf,
                         gpu->version);

    if (main && vendor->companion)
        ok = ok && buf_printf(out, "CopyINF = %s, hdaudio.inf\r\n", vendor->companion);
    ok = ok && buf_puts(out, "\r\n[gpu_store]\r\n");
    for (size_t i = 0; ok && main && vendor->files[i]; i++)
        ok = buf_printf(out, "%s\r\n", vendor->files[i]);
    ok = ok && buf_puts(out, "\r\n[gpu_system32]\r\n");
    for (size_t i = 0; ok && main && vendor->copies[i][0]; i++)
        ok = buf_printf(out, "%s,%s,,0x00004000\r\n", vendor->copies[i][0], vendor->copies[i][1]);
    return ok && buf_printf(out, "\r\n[Strings]\r\nMaker=\"%s\"\r\n", gpu->name);
}

static bool make_inf(const char *folder,
                     const struct vendor *vendor,
                     const char *inf,
                     const struct driver_make_gpu *gpu,
                     struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;
    struct buf out;
    bool ok;

    if (!fs_join(path, folder, inf, err) || !fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_FILE)
        return true;
    buf_init(&out, TEXT_BYTES);
    ok = write_inf(vendor, inf, gpu, &out) || err_no_memory(err);
    ok = ok && fs_write_atomic(path, out.data, out.len, FS_SHARED, err);
    buf_done(&out);
    return ok;
}

/* ---- registry ---- */

static bool add_value(
    cJSON *keys, const char *key, const char *name, const char *type, const char *text, uint32_t n)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(keys, key), *item = cJSON_CreateObject();

    if (!list)
        list = cJSON_AddArrayToObject(keys, key);
    return cJSON_AddItemToArray(list, item) && cJSON_AddStringToObject(item, "name", name) &&
           cJSON_AddStringToObject(item, "type", type) &&
           (text ? cJSON_AddStringToObject(item, "value", text)
                 : cJSON_AddNumberToObject(item, "value", n));
}

static bool
add_rules(struct maker *maker, const struct vendor *vendor, struct driver_adapter *adapter)
{
    char key[512], text[256], name[16];
    bool ok = true;

    for (size_t i = 0; ok && i < 4 && vendor->rules[i][0]; i++) {
        driver_class_path(adapter, vendor->rules[i][0], key);
        snprintf(text, sizeof text, "%s\n%s", vendor->rules[i][1], vendor->rules[i][2]);
        snprintf(name, sizeof name, "%u", (unsigned)i);
        ok = add_value(maker->keys, key, name, "multi", text, 0);
    }
    return ok;
}

static bool add_keys(struct maker *maker,
                     const struct vendor *vendor,
                     struct driver_adapter *adapter,
                     const char *folder)
{
    static const struct {
        const char *name;
        uint32_t number;
    } numbers[] = {{"Type", 1}, {"Start", 3}, {"ErrorControl", 0}};
    char key[512], text[512];
    bool ok = add_rules(maker, vendor, adapter);

    driver_class_path(adapter, NULL, key);
    if (adapter->vendor == DRIVER_VENDOR_INTEL) {
        snprintf(text,
                 sizeof text,
                 "C:\\Windows\\System32\\DriverStore\\FileRepository\\%s\\igvk64.dll",
                 folder);
        ok = ok && add_value(maker->keys, key, "VulkanDriverName", "multi", text, 0);
    }
    if (adapter->vendor != DRIVER_VENDOR_NVIDIA)
        return ok;
    for (size_t i = 0; ok && i < 3; i++)
        ok = add_value(
            maker->keys, DRIVER_SERVICE_KEY, numbers[i].name, "dword", NULL, numbers[i].number);
    return ok && add_value(maker->keys, DRIVER_SERVICE_KEY, "Group", "string", "Video", 0);
}

/* "PCI\VEN...\0" as the simulated hypervisor names a GPU is an instance path already. */
static bool add_adapter(struct maker *maker, const struct driver_make_gpu *gpu, size_t index)
{
    const struct vendor *vendor = vendor_of(gpu);
    struct driver_adapter adapter = {.vendor = driver_vendor_of(gpu->gpu)};
    cJSON *item = cJSON_CreateObject();
    char folder[FS_NAME_BYTES];

    snprintf(adapter.class_key, sizeof adapter.class_key, CLASS_GUID "\\%04u", (unsigned)index);
    snprintf(adapter.inf, sizeof adapter.inf, "oem%u.inf", 12 + (unsigned)index);
    driver_make_folder(gpu, folder);
    return cJSON_AddItemToArray(maker->adapters, item) &&
           cJSON_AddStringToObject(item, "gpu", gpu->gpu) &&
           cJSON_AddStringToObject(item, "instance", gpu->gpu) &&
           cJSON_AddStringToObject(item, "name", gpu->name) &&
           cJSON_AddStringToObject(item, "class_key", adapter.class_key) &&
           cJSON_AddStringToObject(item, "inf", adapter.inf) &&
           cJSON_AddStringToObject(item, "version", gpu->version) &&
           cJSON_AddStringToObject(maker->packages, adapter.inf, folder) &&
           add_keys(maker, vendor, &adapter, folder);
}

/* ---- one GPU ---- */

static bool make_companion(struct maker *maker, const struct driver_make_gpu *gpu, struct err *err)
{
    const struct vendor *vendor = vendor_of(gpu);
    char folder[FS_PATH_BYTES], name[FS_NAME_BYTES];

    return !vendor->companion ||
           (fs_join(folder, maker->store, folder_name(vendor->companion, gpu, name), err) &&
            make_file(maker, folder, "amd_opencl64.dll", gpu, err) &&
            make_file(maker, folder, "amdhip64_6.dll", gpu, err) &&
            make_inf(folder, vendor, vendor->companion, gpu, err));
}

static bool make_gpu(struct maker *maker, size_t index, struct err *err)
{
    const struct driver_make_gpu *gpu = &maker->what->gpus[index];
    const struct vendor *vendor = vendor_of(gpu);
    char folder[FS_PATH_BYTES], name[FS_NAME_BYTES];
    bool ok = fs_join(folder, maker->store, driver_make_folder(gpu, name), err);

    for (size_t i = 0; ok && vendor->files[i]; i++)
        ok = make_file(maker, folder, vendor->files[i], gpu, err);
    ok = ok && make_many(maker, folder, err) && make_inf(folder, vendor, vendor->inf, gpu, err) &&
         make_companion(maker, gpu, err);
    return ok && (add_adapter(maker, gpu, index) || err_no_memory(err));
}

/* The settings of the driver, which lie outside the package. */
static bool make_settings(struct maker *maker, struct err *err)
{
    static const char text[] = "simulated driver settings\n";
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct fs_stat stat;

    return fs_join(folder, maker->root, "ProgramData/NVIDIA Corporation/Drs", err) &&
           fs_make_dirs(folder, FS_SHARED, err) && fs_join(path, folder, "nvdrsdb0.bin", err) &&
           fs_stat(path, &stat, err) &&
           (stat.kind == FS_FILE || fs_write_atomic(path, text, sizeof text - 1, FS_SHARED, err));
}

static bool save(struct maker *maker, const char *folder, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = json_write_pretty(maker->json, &text) || err_no_memory(err);
    ok = ok && fs_join(path, folder, DRIVER_MAKE_REGISTRY, err) &&
         fs_write_atomic(path, text.data, text.len, FS_SHARED, err);
    buf_done(&text);
    return ok;
}

bool driver_make(const char *folder, const struct driver_make *what, struct err *err)
{
    struct maker maker = {.what = what, .json = cJSON_CreateObject(), .err = err};
    bool ok, nvidia = false;

    maker.adapters = cJSON_AddArrayToObject(maker.json, "adapters");
    maker.packages = cJSON_AddObjectToObject(maker.json, "packages");
    maker.keys = cJSON_AddObjectToObject(maker.json, "keys");
    ok = (maker.keys && maker.packages && maker.adapters) || err_no_memory(err);
    ok = ok && fs_join(maker.root, folder, "files", err) &&
         fs_join(maker.store, maker.root, DRIVER_MAKE_STORE, err) &&
         fs_make_dirs(maker.store, FS_SHARED, err);
    for (size_t i = 0; ok && i < what->gpu_count; i++) {
        nvidia |= driver_vendor_of(what->gpus[i].gpu) == DRIVER_VENDOR_NVIDIA;
        ok = make_gpu(&maker, i, err);
    }
    ok = ok && (!nvidia || make_settings(&maker, err)) && save(&maker, folder, err);
    cJSON_Delete(maker.json);
    return ok;
}
