/* The simulated hypervisor: machines as folders and processes of this computer. */
#include "host/hypervisor/sim_state.h"

#include "common/clock.h"
#include "common/json.h"
#include "host/place.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define START_MS      20000
#define STOP_MS       5000
#define CREATE_MS     10000
#define POLL_MS       20
#define FAILURE_BYTES 4096
#define SIM_UNITS     1000000000 /* of each resource of a GPU, as consumer drivers count */

struct hypervisor_sim {
    struct hypervisor base;
    char root[FS_PATH_BYTES], program[FS_PATH_BYTES];
};

static const char *root_of(struct hypervisor *h)
{
    return ((struct hypervisor_sim *)h)->root;
}

static void describe(const char *root, const struct sim_vm *vm, struct vm_info *info)
{
    struct sim_run run = {0};
    bool running = false;
    struct err ignored = ERR_INIT;

    *info = (struct vm_info){
        .settings = vm->settings, .disk_attached = true, .gpu_attached = *vm->gpu != 0};
    text_copy(info->id, sizeof info->id, vm->id);
    text_copy(info->gpu, sizeof info->gpu, vm->gpu);
    /* an unreadable run.json belongs to a process that is just being replaced */
    if (!sim_run_load(root, vm->id, &running, &run, &ignored) || !running)
        return;
    info->state = run.phase == SIM_PHASE_STOPPING ? VM_STOPPING : VM_RUNNING;
    info->heartbeat = run.phase == SIM_PHASE_RUNNING ? VM_HEARTBEAT_OK : VM_HEARTBEAT_NONE;
    info->uptime_ms = clock_wall_ms(clock_system()) - run.since_ms;
}

struct listing {
    const char *root;
    struct vm_info *vms;
    size_t count, room;
    struct err *err;
    bool failed;
};

static bool list_one(const char *id, void *user)
{
    struct listing *listing = user;
    struct err why = ERR_INIT;
    struct sim_vm vm;

    if (listing->count == listing->room) {
        size_t room = listing->room ? listing->room * 2 : 16;
        struct vm_info *vms = realloc(listing->vms, room * sizeof *vms);

        if (vms)
            listing->vms = vms;
        if (!vms || room > VMS_MAX) {
            listing->failed = true;
            err_no_memory(listing->err);
            return false;
        }
        listing->room = room;
    }
    if (sim_vm_load(listing->root, id, &vm, &why)) {
        describe(listing->root, &vm, &listing->vms[listing->count++]);
        return true;
    }
    /* a folder without vm.json is what a removed machine left, or one that is just being made */
    if (why.kind == ERR_NOT_FOUND)
        return true;
    listing->failed = true;
    if (listing->err)
        *listing->err = why;
    return false;
}

static bool
sim_list(struct hypervisor *h, struct vm_info **ret_vms, size_t *ret_count, struct err *err)
{
    struct listing listing = {.root = root_of(h), .err = err};

    if (!sim_vm_each(listing.root, list_one, &listing, err) || listing.failed) {
        free(listing.vms);
        return false;
    }
    *ret_vms = listing.vms;
    *ret_count = listing.count;
    return true;
}

struct attached {
    const char *root, *path;
    uint32_t count;
};

static bool count_attached(const char *id, void *user)
{
    struct attached *attached = user;
    struct sim_vm vm;

    if (sim_vm_load(attached->root, id, &vm, NULL) && !strcmp(vm.gpu, attached->path))
        attached->count++;
    return true;
}

static void add_amounts(struct gpu_info *gpu)
{
    for (int i = 0; i < GPU_RESOURCES; i++)
        gpu->amounts[i] = (struct gpu_amount){
            .total = SIM_UNITS, .available = SIM_UNITS, .most = SIM_UNITS, .best = SIM_UNITS};
}

/* What laptops have beside their GPU: it offers partitions, too, and is no GPU. */
static void add_npu(struct host_info *info)
{
    static const struct gpu_info npu = {.path = "PCI\\VEN_8086&DEV_7D1D&SUBSYS_00000000&REV_04\\0",
                                        .name = "Intel(R) AI Boost",
                                        .driver = "32.0.100.3104",
                                        .kind = GPU_KIND_NPU,
                                        .partitions = 32,
                                        .partitions_free = 32};

    if (info->gpu_count < GPUS_MAX)
        info->gpus[info->gpu_count++] = npu;
}

static bool sim_host(struct hypervisor *h, struct host_info *ret_host, struct err *err)
{
    struct host_info info = {.gpu_count = 0};
    struct sim_host host;

    if (!sim_host_load(root_of(h), &host, err))
        return false;
    text_copy(info.build, sizeof info.build, host.build);
    for (size_t i = 0; i < host.gpu_count; i++) {
        struct gpu_info *gpu = &info.gpus[info.gpu_count++];
        struct attached attached = {.root = root_of(h), .path = host.gpus[i].path};

        text_copy(gpu->path, sizeof gpu->path, host.gpus[i].path);
        text_copy(gpu->name, sizeof gpu->name, host.gpus[i].name);
        text_copy(gpu->driver, sizeof gpu->driver, host.gpus[i].driver);
        gpu->partitions = host.gpus[i].partitions;
        add_amounts(gpu);
        if (!sim_vm_each(root_of(h), count_attached, &attached, err))
            return false;
        gpu->partitions_free =
            gpu->partitions > attached.count ? gpu->partitions - attached.count : 0;
    }
    if (host.npu)
        add_npu(&info);
    *ret_host = info;
    return true;
}

static bool new_id(char out[VM_ID_BYTES], struct err *err)
{
    uint8_t b[16];
    struct link_guid guid;
    int code = uv_random(NULL, NULL, b, sizeof b, 0, NULL);

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HOST_NO_RANDOM, NULL);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    memcpy(guid.bytes, b, sizeof b);
    link_guid_text(&guid, out);
    return true;
}

/* Makes the machine's folder aside and moves it into place whole: a process that dies here leaves
 * nothing that looks like a machine. The caller holds the lock of creations. */
static bool create_whole(const char *root, struct sim_vm *vm, const char *folder, struct err *err)
{
    char aside[FS_PATH_BYTES], made[FS_PATH_BYTES];

    return fs_join(aside, root, "making", err) && fs_remove_tree(aside, err) &&
           sim_folder(aside, vm->id, made, err) && fs_make_dirs(made, FS_PRIVATE, err) &&
           sim_vm_save(aside, vm, err) && fs_rename(made, folder, err) &&
           fs_remove_tree(aside, err);
}

static bool
sim_create(struct hypervisor *h, const struct vm_settings *settings, char *ret_id, struct err *err)
{
    struct sim_vm vm = {.settings = *settings};
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct fs_lock *lock = NULL;
    bool ok;

    if (!new_id(vm.id, err) || !sim_folder(root_of(h), vm.id, folder, err) ||
        !fs_join(path, root_of(h), "create.lock", err))
        return false;
    if (!*vm.settings.disk && !fs_join(vm.settings.disk, folder, "disk", err))
        return false;
    if (!fs_lock(path, CREATE_MS, &lock, err))
        return false;
    ok = create_whole(root_of(h), &vm, folder, err);
    fs_unlock(lock);
    if (ok)
        text_copy(ret_id, VM_ID_BYTES, vm.id);
    return ok;
}

/* Loads a machine for a change that needs it off. */
static bool load_off(const char *root, const char *id, struct sim_vm *ret_vm, struct err *err)
{
    struct sim_run run;
    bool running = false;

    if (!sim_vm_load(root, id, ret_vm, err)) {
        if (err && err->kind == ERR_NOT_FOUND)
            err_set(err, ERR_NOT_FOUND, TEXT_HOST_VM_GONE, id, NULL);
        return false;
    }
    if (!sim_run_load(root, id, &running, &run, err))
        return false;
    if (running)
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, ret_vm->settings.name, NULL);
    return true;
}

static bool sim_configure(struct hypervisor *h,
                          const char *id,
                          const struct vm_settings *settings,
                          struct err *err)
{
    struct sim_vm vm;

    if (!load_off(root_of(h), id, &vm, err))
        return false;
    vm.settings = *settings;
    return sim_vm_save(root_of(h), &vm, err);
}

/* Deletes the files of a machine whose lock is held; vm.json first: without it there is no machine.
 */
static bool remove_files(const char *root, const char *id, struct err *err)
{
    static const char *const files[] = {
        "vm.json", "run.json", "request", "failed.json", "agent-console.log", "machine.log"};
    char path[FS_PATH_BYTES];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!sim_path(root, id, files[i], path, err) || !fs_remove(path, err))
            return false;
    return true;
}

static bool sim_remove(struct hypervisor *h, const char *id, struct err *err)
{
    const char *root = root_of(h);
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES];
    struct fs_lock *lock = NULL;
    struct sim_vm vm;
    bool ok;

    if (!load_off(root, id, &vm, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            return !fs_name_is_safe(id) || sim_vm_sweep(root, id, err);
        if (err)
            *err = why;
        return false;
    }
    if (!sim_path(root, id, "run.lock", path, err))
        return false;
    if (!fs_lock(path, 0, &lock, &why)) { /* its process has just been started */
        if (why.kind == ERR_BUSY)
            return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, vm.settings.name, NULL);
        if (err)
            *err = why;
        return false;
    }
    ok = remove_files(root, id, err);
    fs_unlock(lock);
    return ok && sim_vm_sweep(root, id, err);
}

/* What the machine's process could not do, when it left a note. */
static bool read_failure(const char *root, const char *id, struct err *err)
{
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;

    if (!sim_path(root, id, "failed.json", path, NULL) ||
        !json_read_file(path, &json_limits_message, &json, NULL))
        return false;
    if (err)
        err_from_json(err, json);
    cJSON_Delete(json);
    fs_remove(path, NULL);
    return true;
}

static bool wait_running(const char *root, const struct sim_vm *vm, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + START_MS;
    struct sim_run run;
    bool running = false;

    for (;;) {
        if (!sim_run_load(root, vm->id, &running, &run, err))
            return false;
        if (running)
            return true;
        if (read_failure(root, vm->id, err))
            return false;
        if (clock_now_ms(clock_system()) > until)
            return err_set(err,
                           ERR_TIMEOUT,
                           TEXT_HOST_STATE_TIMEOUT,
                           vm->settings.name,
                           vm_state_name(VM_OFF),
                           vm_state_name(VM_RUNNING),
                           TEXT_NUM(START_MS / 1000),
                           NULL);
        clock_sleep_ms(clock_system(), POLL_MS);
    }
}

static bool power_on(struct hypervisor *h, const char *id, struct err *err)
{
    const char *root = root_of(h), *program = ((struct hypervisor_sim *)h)->program;
    char simulate[FS_PATH_BYTES + 16], agent[FS_PATH_BYTES];
    const char *args[] = {program, simulate, "sim-machine", id, NULL};
    struct sim_vm vm;
    int64_t pid;

    /* the agent is looked for here, where the error has a reader */
    if (!load_off(root, id, &vm, err) || !sim_agent_path(agent, err))
        return false;
    read_failure(root, id, NULL);
    snprintf(simulate, sizeof simulate, "--simulate=%s", root);
    return process_start_detached(program, args, &pid, err) && wait_running(root, &vm, err);
}

/* Waits until the process of the machine is gone. */
static bool wait_off(const char *root, const struct sim_vm *vm, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + STOP_MS;
    struct sim_run run;
    bool running = true;

    for (;;) {
        if (!sim_run_load(root, vm->id, &running, &run, err))
            return false;
        if (!running)
            return true;
        if (clock_now_ms(clock_system()) > until)
            return err_set(err,
                           ERR_TIMEOUT,
                           TEXT_HOST_STATE_TIMEOUT,
                           vm->settings.name,
                           vm_state_name(VM_RUNNING),
                           vm_state_name(VM_OFF),
                           TEXT_NUM(STOP_MS / 1000),
                           NULL);
        clock_sleep_ms(clock_system(), POLL_MS);
    }
}

static bool sim_power(struct hypervisor *h, const char *id, enum vm_power power, struct err *err)
{
    const char *root = root_of(h);
    char token[SIM_TOKEN_BYTES];
    struct sim_run run = {0};
    bool running = false;
    struct sim_vm vm;

    if (power == VM_POWER_ON)
        return power_on(h, id, err);
    if (!sim_vm_load(root, id, &vm, err) || !sim_run_load(root, id, &running, &run, err))
        return false;
    if (!running) {
        if (power == VM_POWER_OFF || power == VM_POWER_SHUTDOWN)
            return true;
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_IS_OFF, vm.settings.name, NULL);
    }
    sim_token(root, id, token);
    if (!sim_request_put(root, id, power, err) || !process_notice(run.pid, token, err))
        return false;
    return power != VM_POWER_OFF || wait_off(root, &vm, err);
}

static bool
sim_gpu(struct hypervisor *h, const char *id, const struct gpu_wish *wish, struct err *err)
{
    const char *path = wish->path;
    struct host_info host;
    struct sim_vm vm;
    size_t i = 0;

    if (!load_off(root_of(h), id, &vm, err))
        return false;
    if (path && strcmp(vm.gpu, path) != 0) {
        if (!sim_host(h, &host, err))
            return false;
        while (i < host.gpu_count && strcmp(host.gpus[i].path, path) != 0)
            i++;
        if (i == host.gpu_count)
            return err_set(err, ERR_NOT_FOUND, TEXT_HOST_GPU_GONE, path, NULL);
        if (host.gpus[i].kind != GPU_KIND_GPU)
            return err_set(err, ERR_UNSUPPORTED, TEXT_HV_GPU_IS_NPU, host.gpus[i].name, NULL);
        if (!host.gpus[i].partitions_free)
            return err_set(err, ERR_BUSY, TEXT_HOST_GPU_FULL, host.gpus[i].name, NULL);
    }
    text_copy(vm.gpu, sizeof vm.gpu, path ? path : "");
    vm.gpu_share = path ? wish->share_percent : 0;
    return sim_vm_save(root_of(h), &vm, err);
}

static bool sim_kvp(struct hypervisor *h, const char *id, struct buf *out, struct err *err)
{
    char disk[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    struct sim_run run;
    bool running = false;

    if (!sim_run_load(root_of(h), id, &running, &run, err))
        return false;
    /* what a guest published is gone with it */
    if (!running || run.phase != SIM_PHASE_RUNNING)
        return true;
    if (!sim_path(root_of(h), id, "disk", disk, err) || !fs_join(path, disk, "kvp.txt", err))
        return false;
    if (fs_read(path, KVP_BYTES, out, &why) || why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

static bool
sim_address(struct hypervisor *h, const char *id, struct link_address *ret_address, struct err *err)
{
    struct link_address address = {.kind = LINK_UV};
    char token[SIM_TOKEN_BYTES];
    struct sim_host host;

    if (!sim_host_load(root_of(h), &host, err))
        return false;
    if (host.hyperv) {
        address.kind = LINK_HYPERV;
        address.service = link_service_id;
        *ret_address = address;
        return link_guid_parse(id, &ret_address->vm) ||
               err_set(err, ERR_BAD_INPUT, TEXT_KEY_VM, id, NULL);
    }
    sim_token(root_of(h), id, token);
    if (!place_socket(token, address.path, err))
        return false;
    *ret_address = address;
    return true;
}

/* ---- the picture ---- */

#define LOGO_SIDES     8 /* the logo is an eighth of the picture's height */
#define COLOUR_BLACK   0x0000u
#define COLOUR_LOGO    0x05bfu
#define COLOUR_DESKTOP 0x19f1u
#define COLOUR_BAR     0x2104u

/* The four squares of a Windows that starts, in the middle of a black screen. */
static unsigned logo_at(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    uint32_t side = height / LOGO_SIDES, left = (width - side) / 2, top = (height - side) / 2;
    uint32_t gap = side / 16 + 1;

    if (side < 4 || x < left || y < top || x >= left + side || y >= top + side)
        return COLOUR_BLACK;
    x -= left;
    y -= top;
    return (x + gap > side / 2 && x < side / 2 + gap) || (y + gap > side / 2 && y < side / 2 + gap)
               ? COLOUR_BLACK
               : COLOUR_LOGO;
}

/* A desktop with its bar. */
static unsigned desktop_at(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    (void)x;
    (void)width;
    return y + height / 18 >= height ? COLOUR_BAR : COLOUR_DESKTOP;
}

static bool paint(struct picture *picture,
                  unsigned (*colour)(uint32_t x, uint32_t y, uint32_t width, uint32_t height),
                  struct err *err)
{
    buf_init(&picture->pixels, PICTURE_BYTES_MAX);
    for (uint32_t y = 0; y < picture->height; y++)
        for (uint32_t x = 0; x < picture->width; x++) {
            unsigned pixel = colour(x, y, picture->width, picture->height);
            uint8_t bytes[] = {(uint8_t)pixel, (uint8_t)(pixel >> 8)};

            buf_put(&picture->pixels, bytes, sizeof bytes);
        }
    if (!picture->pixels.failed)
        return true;
    buf_done(&picture->pixels);
    return err_no_memory(err);
}

static bool sim_picture(struct hypervisor *h,
                        const char *id,
                        uint32_t width,
                        uint32_t height,
                        struct picture *ret_picture,
                        struct err *err)
{
    struct picture picture = {.width = width, .height = height};
    struct sim_run run = {0};
    struct vm_info vm;
    bool running = false;

    if (!hypervisor_find(h, id, &vm, err) || !sim_run_load(root_of(h), id, &running, &run, err))
        return false;
    if (!running)
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_IS_OFF, vm.settings.name, NULL);
    if (!paint(&picture, run.phase == SIM_PHASE_RUNNING ? desktop_at : logo_at, err))
        return false;
    *ret_picture = picture;
    return true;
}

static bool sim_wait_change(struct hypervisor *h, int64_t timeout_ms, struct err *err)
{
    (void)h;
    (void)err;
    clock_sleep_ms(clock_system(), timeout_ms < POLL_MS ? timeout_ms : POLL_MS);
    return true;
}

static void sim_free(struct hypervisor *h)
{
    free(h);
}

static const struct hypervisor_ops sim_ops = {
    .list = sim_list,
    .host = sim_host,
    .create = sim_create,
    .configure = sim_configure,
    .remove = sim_remove,
    .power = sim_power,
    .gpu = sim_gpu,
    .kvp = sim_kvp,
    .address = sim_address,
    .picture = sim_picture,
    .wait_change = sim_wait_change,
    .free = sim_free,
};

bool hypervisor_open_sim(const char *folder,
                         const char *program,
                         struct hypervisor **ret_hypervisor,
                         struct err *err)
{
    struct hypervisor_sim *sim = calloc(1, sizeof *sim);
    struct sim_host host;

    if (!sim)
        return err_no_memory(err);
    sim->base.ops = &sim_ops;
    if (program)
        text_copy(sim->program, sizeof sim->program, program);
    if ((!program && !fs_self_path(sim->program, sizeof sim->program, err)) ||
        !place_absolute(folder, sim->root, err) || !sim_state_open(sim->root, err) ||
        !sim_host_load(sim->root, &host, err)) {
        free(sim);
        return false;
    }
    sim->base.boot_deadline_ms = host.stuck_ms;
    sim->base.simulated_internet = !host.offline;
    *ret_hypervisor = &sim->base;
    return true;
}
