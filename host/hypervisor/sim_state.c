/* The simulated hypervisor's files. */
#include "host/hypervisor/sim_state.h"

#include "common/clock.h"
#include "common/json.h"
#include "host/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FILE_BYTES    ((size_t)1 << 20)
#define SWEEP_TRIES   5
#define SWEEP_WAIT_MS 50
#define REQUEST_BYTES 32
#define MILLION       1000000
#define SCALE_MOST    10000

static const char *const phase_names[] = {"starting", "running", "stuck", "stopping"};
static const char *const power_names[] = {"on", "shutdown", "off", "reboot", "reset"};

bool sim_folder(const char *root, const char *id, char *out, struct err *err)
{
    char vms[FS_PATH_BYTES];

    if (!fs_name_is_safe(id))
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_VM_GONE, id, NULL);
    return fs_join(vms, root, "vms", err) && fs_join(out, vms, id, err);
}

bool sim_path(const char *root, const char *id, const char *file, char *out, struct err *err)
{
    char folder[FS_PATH_BYTES];

    return sim_folder(root, id, folder, err) && fs_join(out, folder, file, err);
}

static bool save(const char *path, cJSON *json, struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, FILE_BYTES);
    ok = json && json_write_pretty(json, &text);
    if (!ok)
        err_no_memory(err);
    ok = ok && fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

static bool load(const char *path, cJSON **ret_json, struct err *err)
{
    int64_t version = 0;

    if (!json_read_file(path, &json_limits_file, ret_json, err))
        return false;
    if (!json_int(*ret_json, "version", 1, SIM_STATE_VERSION, &version, err)) {
        cJSON_Delete(*ret_json);
        *ret_json = NULL;
        return err_context(err, TEXT_FILE_READING, path);
    }
    return true;
}

static cJSON *versioned(void)
{
    cJSON *json = cJSON_CreateObject();

    if (json && !json_add_int(json, "version", SIM_STATE_VERSION)) {
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

/* ---- host.json ---- */

static void default_host(struct sim_host *host)
{
    *host = (struct sim_host){.gpu_count = 1,
                              .build = "10.0.26100.4946",
                              .boot_ms = 300,
                              .stuck_ms = 8000,
                              .shutdown_ms = 10000};
    host->gpus[0] = (struct sim_gpu){.path = "PCI\\VEN_10DE&DEV_2786&SUBSYS_889D1043&REV_A1\\0",
                                     .name = "NVIDIA GeForce RTX 4070",
                                     .driver = "32.0.15.6094",
                                     .partitions = 32};
}

static bool read_gpu(const cJSON *json, struct sim_gpu *gpu, struct err *err)
{
    int64_t partitions = 32;

    if (!json_string_into(json, "path", NULL, gpu->path, sizeof gpu->path, err) ||
        !json_string_into(json, "name", NULL, gpu->name, sizeof gpu->name, err) ||
        !json_string_into(json, "driver", "", gpu->driver, sizeof gpu->driver, err) ||
        !json_int(json, "partitions", 0, 1024, &partitions, err))
        return false;
    gpu->partitions = (uint32_t)partitions;
    return true;
}

static bool read_host(const cJSON *json, struct sim_host *host, struct err *err)
{
    int64_t scale = host->scale, boot_ms = host->boot_ms, stuck_ms = host->stuck_ms,
            shutdown_ms = host->shutdown_ms;
    const cJSON *gpus = NULL, *gpu;

    if (!json_array(json, "gpus", &gpus, err) ||
        !json_string_into(json, "build", "", host->build, sizeof host->build, err) ||
        !json_bool(json, "offline", &host->offline, err) ||
        !json_bool(json, "hyperv", &host->hyperv, err) ||
        !json_bool(json, "npu", &host->npu, err) ||
        !json_int(json, "scale", 0, SCALE_MOST, &scale, err) ||
        !json_int(json, "boot_ms", 0, MILLION, &boot_ms, err) ||
        !json_int(json, "stuck_ms", 0, MILLION, &stuck_ms, err) ||
        !json_int(json, "shutdown_ms", 0, MILLION, &shutdown_ms, err))
        return false;
    host->scale = (uint32_t)scale;
    host->boot_ms = (uint32_t)boot_ms;
    host->stuck_ms = (uint32_t)stuck_ms;
    host->shutdown_ms = (uint32_t)shutdown_ms;
    host->gpu_count = 0;
    cJSON_ArrayForEach(gpu, gpus)
    {
        if (host->gpu_count == GPUS_MAX)
            return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(GPUS_MAX), NULL);
        if (!read_gpu(gpu, &host->gpus[host->gpu_count], err))
            return false;
        host->gpu_count++;
    }
    return true;
}

bool sim_host_load(const char *root, struct sim_host *ret_host, struct err *err)
{
    struct sim_host host;
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    default_host(&host);
    if (!fs_join(path, root, "host.json", err) || !load(path, &json, err))
        return false;
    ok = read_host(json, &host, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    if (ok)
        *ret_host = host;
    return ok;
}

bool sim_host_save(const char *root, const struct sim_host *host, struct err *err)
{
    char path[FS_PATH_BYTES];
    cJSON *json = versioned(), *gpus = cJSON_AddArrayToObject(json, "gpus");
    bool ok = json && gpus && cJSON_AddStringToObject(json, "build", host->build) &&
              cJSON_AddBoolToObject(json, "offline", host->offline) &&
              cJSON_AddBoolToObject(json, "hyperv", host->hyperv) &&
              cJSON_AddBoolToObject(json, "npu", host->npu) &&
              json_add_int(json, "scale", host->scale) &&
              json_add_int(json, "boot_ms", host->boot_ms) &&
              json_add_int(json, "stuck_ms", host->stuck_ms) &&
              json_add_int(json, "shutdown_ms", host->shutdown_ms);

    for (size_t i = 0; ok && i < host->gpu_count; i++) {
        cJSON *gpu = cJSON_CreateObject();

        ok = cJSON_AddItemToArray(gpus, gpu) &&
             cJSON_AddStringToObject(gpu, "path", host->gpus[i].path) &&
             cJSON_AddStringToObject(gpu, "name", host->gpus[i].name) &&
             cJSON_AddStringToObject(gpu, "driver", host->gpus[i].driver) &&
             json_add_int(gpu, "partitions", host->gpus[i].partitions);
    }
    if (!ok) {
        cJSON_Delete(json);
        return err_no_memory(err);
    }
    if (!fs_join(path, root, "host.json", err)) {
        cJSON_Delete(json);
        return false;
    }
    return save(path, json, err);
}

bool sim_state_open(const char *root, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct sim_host host;
    struct fs_stat stat;

    if (!fs_join(path, root, "vms", err) || !fs_make_dirs(path, FS_PRIVATE, err) ||
        !fs_join(path, root, "host.json", err) || !fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return true;
    default_host(&host);
    return sim_host_save(root, &host, err);
}

/* ---- vm.json ---- */

static bool read_vm(const cJSON *json, struct sim_vm *vm, struct err *err)
{
    struct vm_settings *s = &vm->settings;
    int64_t memory_mb = 0, cpus = 0, network_ms = 0, share = 0;
    const cJSON *faults = NULL;

    if (!json_string_into(json, "id", NULL, vm->id, sizeof vm->id, err) ||
        !json_string_into(json, "name", NULL, s->name, sizeof s->name, err) ||
        !json_string_into(json, "marker", "", s->marker, sizeof s->marker, err) ||
        !json_string_into(json, "disk", "", s->disk, sizeof s->disk, err) ||
        !json_string_into(json, "network", "", s->network, sizeof s->network, err) ||
        !json_string_into(json, "gpu", "", vm->gpu, sizeof vm->gpu, err) ||
        !json_int(json, "memory_mb", 0, UINT32_MAX, &memory_mb, err) ||
        !json_int(json, "cpus", 0, UINT32_MAX, &cpus, err) ||
        !json_int(json, "network_ms", 0, MILLION, &network_ms, err) ||
        !json_int(json, "gpu_share", 0, 100, &share, err) ||
        !json_object(json, "faults", &faults, err))
        return false;
    s->memory_mb = (uint32_t)memory_mb;
    s->cpus = (uint32_t)cpus;
    vm->network_ms = (uint32_t)network_ms;
    vm->gpu_share = (uint32_t)share;
    return !faults || (json_bool(faults, "stuck_with_gpu", &vm->faults.stuck_with_gpu, err) &&
                       json_bool(faults, "stuck", &vm->faults.stuck, err) &&
                       json_bool(faults, "ignores_stop", &vm->faults.ignores_stop, err));
}

bool sim_vm_load(const char *root, const char *id, struct sim_vm *ret_vm, struct err *err)
{
    struct sim_vm vm = {.id = ""};
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    if (!sim_path(root, id, "vm.json", path, err) || !load(path, &json, err))
        return false;
    ok = read_vm(json, &vm, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    /* the folder names the machine: a copied folder is another one */
    text_copy(vm.id, sizeof vm.id, id);
    if (ok)
        *ret_vm = vm;
    return ok;
}

bool sim_vm_save(const char *root, const struct sim_vm *vm, struct err *err)
{
    const struct vm_settings *s = &vm->settings;
    cJSON *json = versioned(), *faults = cJSON_AddObjectToObject(json, "faults");
    char path[FS_PATH_BYTES];
    bool ok = json && faults && cJSON_AddStringToObject(json, "id", vm->id) &&
              cJSON_AddStringToObject(json, "name", s->name) &&
              cJSON_AddStringToObject(json, "marker", s->marker) &&
              cJSON_AddStringToObject(json, "disk", s->disk) &&
              cJSON_AddStringToObject(json, "network", s->network) &&
              json_add_int(json, "memory_mb", s->memory_mb) &&
              json_add_int(json, "cpus", s->cpus) &&
              json_add_int(json, "network_ms", vm->network_ms) &&
              cJSON_AddStringToObject(json, "gpu", vm->gpu) &&
              json_add_int(json, "gpu_share", vm->gpu_share) &&
              cJSON_AddBoolToObject(faults, "stuck_with_gpu", vm->faults.stuck_with_gpu) &&
              cJSON_AddBoolToObject(faults, "stuck", vm->faults.stuck) &&
              cJSON_AddBoolToObject(faults, "ignores_stop", vm->faults.ignores_stop);

    if (!ok) {
        cJSON_Delete(json);
        return err_no_memory(err);
    }
    if (!sim_path(root, vm->id, "vm.json", path, err)) {
        cJSON_Delete(json);
        return false;
    }
    return save(path, json, err);
}

struct each {
    bool (*visit)(const char *id, void *user);
    void *user;
};

bool sim_vm_exists(const char *root, const char *id)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    return sim_path(root, id, "vm.json", path, NULL) && fs_stat(path, &stat, NULL) &&
           stat.kind == FS_FILE;
}

bool sim_vm_sweep(const char *root, const char *id, struct err *err)
{
    char folder[FS_PATH_BYTES], disk[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!sim_folder(root, id, folder, err) || !fs_join(disk, folder, "disk", err) ||
        !fs_stat(disk, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return true;
    /* a process of the machine that comes late makes its lock once more, sees that and leaves */
    for (int i = 0; i < SWEEP_TRIES; i++) {
        if (fs_remove_tree(folder, NULL))
            return true;
        clock_sleep_ms(clock_system(), SWEEP_WAIT_MS);
    }
    return fs_remove_tree(folder, err);
}

static bool visit_folder(const char *name, enum fs_kind kind, void *user)
{
    const struct each *each = user;

    if (kind != FS_FOLDER || !fs_name_is_safe(name) || strlen(name) >= VM_ID_BYTES)
        return true;
    return each->visit(name, each->user);
}

bool sim_vm_each(const char *root,
                 bool (*visit)(const char *id, void *user),
                 void *user,
                 struct err *err)
{
    struct each each = {visit, user};
    char path[FS_PATH_BYTES];

    return fs_join(path, root, "vms", err) && fs_list(path, visit_folder, &each, err);
}

/* ---- run.json ---- */

static bool read_run(const char *path, struct sim_run *ret_run, struct err *err)
{
    struct sim_run run = {0};
    int phase = SIM_PHASE_STARTING;
    cJSON *json = NULL;
    bool ok;

    if (!load(path, &json, err))
        return false;
    ok = json_int(json, "pid", 0, INT32_MAX, &run.pid, err) &&
         json_int(json, "agent_pid", 0, INT32_MAX, &run.agent_pid, err) &&
         json_int(json, "since_ms", 0, INT64_MAX >> 11, &run.since_ms, err) &&
         json_choice(
             json, "phase", phase_names, sizeof phase_names / sizeof *phase_names, &phase, err);
    cJSON_Delete(json);
    run.phase = (enum sim_phase)phase;
    if (ok)
        *ret_run = run;
    return ok;
}

bool sim_run_load(
    const char *root, const char *id, bool *ret_running, struct sim_run *ret_run, struct err *err)
{
    char lock_path[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct fs_lock *lock = NULL;
    struct fs_stat stat;
    struct err why = ERR_INIT;

    if (!sim_path(root, id, "run.lock", lock_path, err) ||
        !sim_path(root, id, "run.json", path, err) || !fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_MISSING) {
        *ret_running = false;
        return true;
    }
    if (fs_lock(lock_path, 0, &lock, &why)) {
        /* nobody holds it, so what run.json says is of a process that died */
        fs_remove(path, NULL);
        fs_unlock(lock);
        *ret_running = false;
        return true;
    }
    if (why.kind != ERR_BUSY) {
        if (err)
            *err = why;
        return false;
    }
    if (read_run(path, ret_run, &why)) {
        *ret_running = true;
        return true;
    }
    if (why.kind == ERR_NOT_FOUND) {
        *ret_running = false;
        return true;
    }
    if (err)
        *err = why;
    return false;
}

bool sim_run_save(const char *root, const char *id, const struct sim_run *run, struct err *err)
{
    char path[FS_PATH_BYTES];
    cJSON *json;

    if (!sim_path(root, id, "run.json", path, err))
        return false;
    json = versioned();
    if (!json || !json_add_int(json, "pid", run->pid) ||
        !json_add_int(json, "agent_pid", run->agent_pid) ||
        !json_add_int(json, "since_ms", run->since_ms) ||
        !cJSON_AddStringToObject(json, "phase", phase_names[run->phase])) {
        cJSON_Delete(json);
        return err_no_memory(err);
    }
    return save(path, json, err);
}

void sim_token(const char *root, const char *id, char out[SIM_TOKEN_BYTES])
{
    char absolute[FS_PATH_BYTES];

    if (!place_absolute(root, absolute, NULL))
        text_copy(absolute, sizeof absolute, root);
    snprintf(out,
             SIM_TOKEN_BYTES,
             "%08x-%.12s",
             (unsigned)(XXH64(absolute, strlen(absolute), 0) & 0xffffffffu),
             id);
}

bool sim_request_put(const char *root, const char *id, enum vm_power power, struct err *err)
{
    const char *name = power_names[power];
    char path[FS_PATH_BYTES];

    return sim_path(root, id, "request", path, err) &&
           fs_write_atomic(path, name, strlen(name), FS_PRIVATE, err);
}

bool sim_request_take(const char *root, const char *id, enum vm_power *ret_power)
{
    char path[FS_PATH_BYTES];
    struct buf text;
    bool found = false;

    buf_init(&text, REQUEST_BYTES);
    if (sim_path(root, id, "request", path, NULL) && fs_read(path, REQUEST_BYTES, &text, NULL))
        for (size_t i = 0; i < sizeof power_names / sizeof *power_names && !found; i++)
            if (!strcmp(buf_str(&text), power_names[i])) {
                *ret_power = (enum vm_power)i;
                found = true;
            }
    buf_done(&text);
    fs_remove(path, NULL);
    return found;
}
