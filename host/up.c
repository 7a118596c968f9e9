/* Making a VM. */
#include "host/up.h"

#include "common/clock.h"
#include "common/steps.h"
#include "host/drivers.h"
#include "host/hypervisor/sim_state.h"
#include "host/inject.h"
#include "host/report.h"
#include "host/up_disk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <xxhash.h>

#define MARKER_RANDOM 12
#define RECOVER_STARTS                                                                             \
    2 /* a start that is stuck with the GPU is tried once more after a repair                      \
       */
#define PLAN_NAME_BYTES 64
#define SIM_NETWORK_MS  60000 /* of the guest's time */
#define SIM_SCALE       30    /* of the built-in worlds */
#define NO_NETWORK      "none"

struct up_job {
    struct call *call;
    struct target *target;
    const struct up_request *request;
    struct progress *progress;
    char locked[VM_ID_BYTES]; /* the caller holds the lock of this id */
    struct fs_lock *vm_lock;  /* ours, of a VM that was made meanwhile */
    struct health *health;
    char marker[VM_MARKER_BYTES];
    unsigned from, to; /* the present step's part of the bar */
};

/* ---- choosing the GPU ---- */

bool up_choose_gpu(struct call *call,
                   const struct spec *spec,
                   struct gpu_info *ret_gpu,
                   struct err *err)
{
    const struct gpu_info *chosen = NULL;
    struct host_info host;

    if (spec->gpu.attach == SPEC_ATTACH_NEVER) {
        memset(ret_gpu, 0, sizeof *ret_gpu);
        return true;
    }
    if (!call->hypervisor->ops->host(call->hypervisor, &host, err) ||
        !hypervisor_choose_gpu(&host, spec->gpu.select, &chosen, err))
        return false;
    if (!chosen->partitions_free)
        return err_set(err, ERR_BUSY, TEXT_HOST_GPU_FULL, chosen->name, NULL);
    *ret_gpu = *chosen;
    return true;
}

/* ---- the VM ---- */

static bool vm_prepare(void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    uint8_t random[MARKER_RANDOM];
    int code = uv_random(NULL, NULL, random, sizeof random, 0, NULL);
    size_t n = (size_t)snprintf(job->marker, sizeof job->marker, "gpupv-");

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HOST_NO_RANDOM, NULL);
    for (size_t i = 0; i < sizeof random; i++)
        n += (size_t)snprintf(job->marker + n, sizeof job->marker - n, "%02x", random[i]);
    return cJSON_AddStringToObject(record, "marker", job->marker) || err_no_memory(err);
}

static void fill_settings(const struct up_job *job, struct vm_settings *settings)
{
    const struct spec *spec = &job->request->spec;

    *settings = (struct vm_settings){.memory_mb = spec->memory_mb, .cpus = spec->cpus};
    text_copy(settings->name, sizeof settings->name, spec->name);
    text_copy(settings->marker, sizeof settings->marker, job->marker);
    text_copy(settings->disk, sizeof settings->disk, spec->disk.path);
    text_copy(settings->network, sizeof settings->network, spec->network);
}

/* Locks the VM under its id as well, so that commands that know only that keep off. */
static bool lock_vm(struct up_job *job, struct err *err)
{
    const struct target *target = job->target;

    if (job->vm_lock || !strcmp(job->locked, target->id))
        return true;
    return store_lock_vm(job->call->store, target->id, target->name, &job->vm_lock, err);
}

static bool vm_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct hypervisor *h = job->call->hypervisor;
    struct vm_settings settings;

    (void)steps;
    fill_settings(job, &settings);
    if (!h->ops->create(h, &settings, job->target->id, err))
        return false;
    if (!cJSON_AddStringToObject(record, "id", job->target->id))
        return err_no_memory(err);
    return hypervisor_find(h, job->target->id, &job->target->vm, err) && lock_vm(job, err);
}

static bool vm_restore(void *user, const cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct target *target = job->target;

    if (!json_string_into(record, "marker", NULL, job->marker, sizeof job->marker, err) ||
        !json_string_into(record, "id", NULL, target->id, sizeof target->id, err))
        return false;
    target->exists = hypervisor_find(job->call->hypervisor, target->id, &target->vm, err);
    return target->exists && lock_vm(job, err);
}

/* The id of the machine with this marker: what was made before the id was written down. */
static bool find_marked(struct hypervisor *h, const char *marker, char *ret_id, struct err *err)
{
    struct vm_info *vms = NULL;
    size_t count = 0;

    *ret_id = 0;
    if (!h->ops->list(h, &vms, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(vms[i].settings.marker, marker))
            text_copy(ret_id, VM_ID_BYTES, vms[i].id);
    free(vms);
    return true;
}

static bool vm_undo(void *user, const cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct hypervisor *h = job->call->hypervisor;
    char marker[VM_MARKER_BYTES], id[VM_ID_BYTES];

    if (!json_string_into(record, "marker", NULL, marker, sizeof marker, err) ||
        !find_marked(h, marker, id, err))
        return false;
    return !*id || hypervisor_delete(h, id, err);
}

/* ---- record and key ---- */

static bool record_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct store_vm *vm = &job->target->record;
    const struct up_request *request = job->request;
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct key_file keys;
    bool ok;

    (void)steps;
    (void)record;
    memset(vm, 0, sizeof *vm);
    text_copy(vm->id, sizeof vm->id, job->target->id);
    text_copy(vm->gpu, sizeof vm->gpu, request->gpu.path);
    text_copy(vm->gpu_name, sizeof vm->gpu_name, request->gpu.name);
    vm->spec = request->spec;
    text_copy(folder, sizeof folder, job->target->vm.settings.disk);
    if (!store_vm_add_file(vm, folder, job->call->simulated, err) ||
        !store_save(job->call->store, vm, err))
        return false;
    job->target->managed = true;
    if (!key_new(vm->id, &keys, err))
        return false;
    ok = store_path(job->call->store, vm->id, "key.json", path, err) &&
         key_save(path, &key_seal_host, &keys, err);
    key_wipe(&keys);
    return ok;
}

static bool record_prepare(void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;

    return cJSON_AddStringToObject(record, "id", job->target->id) || err_no_memory(err);
}

static bool record_undo(void *user, const cJSON *record, struct err *err)
{
    struct up_job *job = user;
    char id[VM_ID_BYTES];

    return json_string_into(record, "id", NULL, id, sizeof id, err) &&
           store_remove(job->call->store, id, err);
}

static bool record_restore(void *user, const cJSON *record, struct err *err)
{
    struct up_job *job = user;

    (void)record;
    if (!store_load(job->call->store, job->target->id, &job->target->record, err))
        return false;
    job->target->managed = true;
    return true;
}

/* ---- disk ---- */

static bool disk_prepare(void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;

    return cJSON_AddStringToObject(record, "path", job->target->vm.settings.disk) ||
           err_no_memory(err);
}

static bool disk_undo(void *user, const cJSON *record, struct err *err)
{
    struct up_job *job = user;
    char path[FS_PATH_BYTES];

    return json_string_into(record, "path", NULL, path, sizeof path, err) &&
           up_disk_take_back(job->call, path, err);
}

/* The network of a new switch comes up while the guest installs without it; "none" is a switch that
 * never has one. */
static bool delay_network(struct up_job *job, struct err *err)
{
    const struct spec *spec = &job->target->record.spec;
    struct sim_host host;
    struct sim_vm vm;

    if (!sim_vm_load(job->call->state, job->target->id, &vm, err) ||
        !sim_host_load(job->call->state, &host, err))
        return false;
    vm.network_ms = SIM_NETWORK_MS / (host.scale ? host.scale : SIM_SCALE);
    if (!strcmp(spec->network, NO_NETWORK))
        vm.network_ms = 0;
    return sim_vm_save(job->call->state, &vm, err);
}

/* The simulated Windows that takes the place of an image. */
static bool make_world(struct up_job *job, struct err *err)
{
    const struct spec *spec = &job->target->record.spec;
    const char *const init[] = {"init", spec->world, NULL};
    char computer[64], user[ACCOUNT_USER_BYTES + 16], vm[64], scale[32];
    const char *edits[] = {
        "break", "gpu.partition=absent", "gpu.driver=missing", computer, user, vm, scale, NULL};
    struct sim_host host;
    struct buf out;
    bool ok;

    if (!sim_host_load(job->call->state, &host, err))
        return false;
    snprintf(scale, sizeof scale, "clock.scale=%u", (unsigned)host.scale);
    if (!host.scale)
        edits[6] = NULL;

    snprintf(computer, sizeof computer, "computer=%s", spec->computer_name);
    snprintf(user, sizeof user, "session.user=%s", spec->account.user);
    snprintf(vm, sizeof vm, "vm_id=%s", job->target->id);
    buf_init(&out, 1 << 20);
    ok = sim_agent_edit(job->call->state, job->target->id, init, &out, err) &&
         sim_agent_edit(job->call->state, job->target->id, edits, &out, err);
    buf_done(&out);
    return ok;
}

/* In the simulation the guest is made beside its disk. */
static bool disk_made(void *user, struct err *err)
{
    struct up_job *job = user;

    return !job->call->simulated ||
           (make_world(job, err) && drivers_expect(job->call, job->target, err) &&
            delay_network(job, err));
}

/* A VM whose disk was still to be made gets it now. */
static bool plug_disk(struct up_job *job, struct err *err)
{
    struct hypervisor *h = job->call->hypervisor;
    struct target *target = job->target;

    if (target->vm.disk_attached)
        return true;
    return h->ops->configure(h, target->id, &target->vm.settings, err) &&
           hypervisor_find(h, target->id, &target->vm, err);
}

static bool disk_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct up_disk disk = {.call = job->call,
                           .target = job->target,
                           .password = job->request->password,
                           .steps = steps,
                           .progress = job->progress,
                           .from = job->from,
                           .to = job->to,
                           .made = disk_made,
                           .user = job};

    (void)record;
    return up_disk_make(&disk, err) && plug_disk(job, err);
}

/* ---- boots ---- */

static struct boot_stage stage_of(const struct up_job *job)
{
    return (struct boot_stage){job->call, job->progress, job->from, job->to};
}

static bool first_boot_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct target *target = job->target;
    struct boot_stage stage = stage_of(job);
    bool early = target->record.spec.gpu.attach == SPEC_ATTACH_AT_CREATION;

    (void)steps;
    (void)record;
    if (!hypervisor_find(job->call->hypervisor, target->id, &target->vm, err))
        return false;
    /* a run that died may have left it on */
    if (target->vm.state == VM_OFF && !boot_gpu(job->call, target, early, err))
        return false;
    if (!boot_start(job->call, target, &stage, NULL, err) ||
        !boot_settle(job->call, target, &stage, job->request->settle_ms, job->health, err))
        return false;
    target->record.set_up = true;
    return store_save(job->call->store, &target->record, err);
}

static bool attach_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct target *target = job->target;

    (void)steps;
    (void)record;
    if (!hypervisor_find(job->call->hypervisor, target->id, &target->vm, err))
        return false;
    if (!*target->record.gpu || target->vm.gpu_attached)
        return true;
    progress_step(job->progress, job->from, TEXT_HOST_STEP_SHUTDOWN, target->name, NULL);
    return boot_stop(job->call, target, false, BOOT_SHUTDOWN_MS, err) &&
           boot_gpu(job->call, target, true, err);
}

static bool is_stuck(const struct err *err)
{
    return err->message == TEXT_HOST_BOOT_STUCK_GPU;
}

/* The way back from a start that is stuck with the GPU: once without it, so that the agent can put
 * right what it can, then again with it. */
static bool start_with_gpu(struct up_job *job, struct err *err)
{
    struct target *target = job->target;
    struct boot_stage stage = stage_of(job);
    struct err why = ERR_INIT, ignored = ERR_INIT;

    for (int i = 0; i < RECOVER_STARTS; i++) {
        if (boot_start(job->call, target, &stage, NULL, &why))
            return true;
        if (!is_stuck(&why))
            break;
        ui_error(&job->call->ui, target->name, &why);
        if (!boot_stop(job->call, target, true, BOOT_SHUTDOWN_MS, err) ||
            !boot_gpu(job->call, target, false, err) ||
            !boot_start(job->call, target, &stage, NULL, err))
            return false;
        boot_settle(job->call, target, &stage, job->request->settle_ms, job->health, &ignored);
        if (i + 1 < RECOVER_STARTS &&
            (!boot_stop(job->call, target, false, BOOT_SHUTDOWN_MS, err) ||
             !boot_gpu(job->call, target, true, err)))
            return false;
    }
    if (err)
        *err = why;
    return false;
}

static bool verify_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;
    struct boot_stage stage = stage_of(job);

    /* an earlier run that was stuck may have left it running without the GPU */
    if (!attach_act(steps, user, record, err))
        return false;
    if (!start_with_gpu(job, err))
        return false;
    drivers_after_start(job->call, job->target, job->progress);
    return boot_settle(job->call, job->target, &stage, job->request->settle_ms, job->health, err);
}

static bool ready_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct up_job *job = user;

    (void)steps;
    (void)record;
    job->target->record.ready = true;
    job->target->record.wanted = STORE_WANTED_RUNNING;
    return store_save(job->call->store, &job->target->record, err);
}

/* ---- the plan ---- */

static const struct step make_steps[] = {
    {.name = "vm",
     .title = TEXT_HOST_STEP_VM,
     .weight = 2,
     .prepare = vm_prepare,
     .act = vm_act,
     .undo = vm_undo,
     .restore = vm_restore},
    {.name = "record",
     .title = TEXT_HOST_STEP_RECORD,
     .weight = 1,
     .prepare = record_prepare,
     .act = record_act,
     .undo = record_undo,
     .restore = record_restore},
    {.name = "disk",
     .title = TEXT_HOST_STEP_DISK,
     .weight = 10,
     .prepare = disk_prepare,
     .act = disk_act,
     .undo = disk_undo},
    {.name = "first_boot", .title = TEXT_HOST_STEP_FIRST_BOOT, .weight = 50, .act = first_boot_act},
    {.name = "gpu", .title = TEXT_HOST_STEP_GPU, .weight = 5, .act = attach_act},
    {.name = "verify", .title = TEXT_HOST_STEP_VERIFY, .weight = 30, .act = verify_act},
    {.name = "ready", .title = TEXT_HOST_STEP_READY, .weight = 1, .act = ready_act},
};

#define MAKE_STEPS   (sizeof make_steps / sizeof *make_steps)
#define STANDS_AFTER 3 /* steps: from here on the VM stands and is worth keeping */

static void show_step(const struct steps_progress *progress, void *user)
{
    struct up_job *job = user;
    unsigned whole = 0, before = 0;

    for (size_t i = 0; i < MAKE_STEPS; i++)
        whole += make_steps[i].weight;
    for (const struct step *step = make_steps;
         step < make_steps + MAKE_STEPS && strcmp(step->name, progress->step->name) != 0;
         step++)
        before += step->weight;
    job->from = before * PROGRESS_FULL / whole;
    job->to = (before + progress->step->weight) * PROGRESS_FULL / whole;
    progress_step(job->progress, job->from, progress->step->title, NULL);
}

/* Name and journal of a plan for a VM's name: "up" makes it, "setup" ends what `create` began. */
static bool journal_of(
    struct call *call, const char *kind, const char *name, char *plan, char *path, struct err *err)
{
    char key[VM_NAME_BYTES], file[PLAN_NAME_BYTES + 16];

    text_copy(key, sizeof key, name);
    for (char *c = key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    snprintf(
        plan, PLAN_NAME_BYTES, "%s-%016llx", kind, (unsigned long long)XXH64(key, strlen(key), 0));
    snprintf(file, sizeof file, "journal/%s", plan);
    return store_own_path(call->store, file, path, err);
}

bool up_is_unfinished(struct call *call, const char *name, struct err *err)
{
    char plan[PLAN_NAME_BYTES], path[FS_PATH_BYTES];
    struct steps_left left;

    return journal_of(call, "up", name, plan, path, err) && steps_look(path, &left, err) &&
           *left.plan;
}

bool up_needs_disk(struct call *call, const char *name)
{
    char plan[PLAN_NAME_BYTES], path[FS_PATH_BYTES];
    struct steps_left left;

    return journal_of(call, "up", name, plan, path, NULL) && steps_look(path, &left, NULL) &&
           *left.plan && left.done < STANDS_AFTER;
}

bool up_take_back(struct call *call, const char *name, struct err *err)
{
    char plan[PLAN_NAME_BYTES], path[FS_PATH_BYTES];
    struct steps_plan back = {.name = plan, .rows = make_steps, .count = MAKE_STEPS};
    struct up_job job = {.call = call};

    return journal_of(call, "up", name, plan, path, err) &&
           steps_undo(&back, path, &job, NULL, err) &&
           journal_of(call, "setup", name, plan, path, err) && fs_remove(path, err);
}

/* What fails before the VM stands is taken back; later the work is kept for another run. */
static void
give_up(struct up_job *job, const struct steps_plan *plan, const char *path, struct err *err)
{
    struct err again = ERR_INIT;
    struct steps_left left;

    if (!steps_look(path, &left, NULL) || !*left.plan)
        return;
    if (left.done >= STANDS_AFTER || plan->rows != make_steps) {
        if (err && err->hint == TEXT_NONE)
            err_hint(err, TEXT_HOST_UP_AGAIN_HINT);
        return;
    }
    progress_step(job->progress, 0, TEXT_HOST_STEP_UNDO, NULL);
    if (steps_undo(plan, path, job, NULL, &again))
        *job->target->id = 0;
    else
        ui_error(&job->call->ui, job->target->name, &again);
}

bool up_make(struct call *call,
             struct target *target,
             const struct up_request *request,
             struct progress *progress,
             struct health *ret_health,
             struct err *err)
{
    struct up_job job = {.call = call,
                         .target = target,
                         .request = request,
                         .progress = progress,
                         .health = ret_health};
    struct steps_watch watch = {.on_progress = show_step, .user = &job};
    char name[PLAN_NAME_BYTES], path[FS_PATH_BYTES];
    struct steps_plan plan = {.name = name, .rows = make_steps, .count = MAKE_STEPS};
    struct err why = ERR_INIT;
    bool stands = target->managed && !up_is_unfinished(call, target->name, NULL);
    bool ok;

    /* `create` is the beginning of the same plan, `up` of what it made is the rest */
    if (!request->boots)
        plan.count = STANDS_AFTER;
    else if (stands)
        plan = (struct steps_plan){
            .name = name, .rows = make_steps + STANDS_AFTER, .count = MAKE_STEPS - STANDS_AFTER};
    if (!journal_of(call, stands ? "setup" : "up", target->name, name, path, err))
        return false;
    text_copy(job.locked, sizeof job.locked, target->id);
    ok = steps_run(&plan, path, &job, &watch, &why);
    if (!ok)
        give_up(&job, &plan, path, &why);
    fs_unlock(job.vm_lock);
    if (!ok && err)
        *err = why;
    return ok;
}

/* A VM that hangs at its start, or was started without its GPU because of that, gets it anew. */
static bool regain_gpu(struct up_job *job, struct err *err)
{
    struct target *target = job->target;

    if (target->record.gpu_held_back) {
        progress_step(job->progress, job->from, TEXT_HOST_STEP_SHUTDOWN, target->name, NULL);
        if (!boot_stop(job->call, target, false, BOOT_SHUTDOWN_MS, err) ||
            !boot_gpu(job->call, target, true, err))
            return false;
    }
    return start_with_gpu(job, err);
}

bool up_ensure(struct call *call,
               struct target *target,
               int64_t settle_ms,
               struct progress *progress,
               bool *ret_changed,
               struct health *ret_health,
               struct err *err)
{
    struct up_request request = {
        .spec = target->record.spec, .boots = true, .settle_ms = settle_ms};
    struct up_job job = {.call = call,
                         .target = target,
                         .request = &request,
                         .progress = progress,
                         .health = ret_health,
                         .to = PROGRESS_FULL};
    struct boot_stage stage = stage_of(&job);
    struct store_vm *record = &target->record;

    *ret_changed = false;
    if (target->vm.state == VM_OFF) {
        *ret_changed = true;
        if (!inject_profile(call, target, err) || !boot_gpu(call, target, true, err) ||
            !start_with_gpu(&job, err))
            return false;
    } else if (boot_is_stuck(call, target) || record->gpu_held_back) {
        *ret_changed = true;
        if (!regain_gpu(&job, err))
            return false;
    }
    if (record->wanted != STORE_WANTED_RUNNING || !record->ready) {
        *ret_changed = true;
        record->wanted = STORE_WANTED_RUNNING;
        record->ready = record->set_up = true;
        if (!store_save(call->store, record, err))
            return false;
    }
    drivers_after_start(call, target, progress);
    return boot_settle(call, target, &stage, settle_ms, ret_health, err);
}
