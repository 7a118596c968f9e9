/* Starting, stopping and waiting. */
#include "host/boot.h"

#include "common/clock.h"
#include "host/drivers.h"
#include "host/inject.h"
#include "host/report.h"

#include <stdlib.h>
#include <string.h>

#define QUIET_MS       1500 /* nothing moved for so long: settled */
#define POLL_MS        200
#define RETRY_MS       250
#define DIAL_MS        2000
#define DIAL_ANYWAY_MS 60000

static unsigned between(const struct boot_stage *stage, int64_t done, int64_t whole)
{
    if (done > whole)
        done = whole;
    return stage->from +
           (unsigned)((int64_t)(stage->to - stage->from) * done / (whole ? whole : 1));
}

/* ---- start ---- */

static bool is_silence(const struct err *err)
{
    return err->kind == ERR_UNREACHABLE || err->kind == ERR_TIMEOUT || err->kind == ERR_CLOSED ||
           err->kind == ERR_IO;
}

/* A guest behind a Hyper-V socket is not dialled before its heartbeat says that it is up: a dial
 * that nobody answers takes its whole time, and is no good to a Windows that just starts. One
 * without a heartbeat may all the same have an agent. */
static bool is_early(struct hypervisor *h, const struct vm_info *vm)
{
    struct link_address address;

    return vm->heartbeat != VM_HEARTBEAT_OK && vm->uptime_ms < DIAL_ANYWAY_MS &&
           h->ops->address(h, vm->id, &address, NULL) && address.kind == LINK_HYPERV;
}

/* One look at a VM that should come up. *ret_wait: try again. */
static bool look(struct call *call,
                 struct target *target,
                 struct client **ret_client,
                 bool *ret_wait,
                 struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct err why = ERR_INIT;

    *ret_wait = false;
    if (!is_early(h, &target->vm) &&
        connect_open(h, call->store, target->id, DIAL_MS, ret_client, &why))
        return true;
    if (err_is_set(&why) && !is_silence(&why)) {
        connect_explain(h, call->store, target->id, target->name, true, &why);
        if (err)
            *err = why;
        return false;
    }
    if (!hypervisor_find(h, target->id, &target->vm, err))
        return false;
    if (target->vm.state == VM_OFF) {
        err_set(err, ERR_FAILED, TEXT_HOST_WENT_OFF, target->name, NULL);
        return err_hint(err, TEXT_HOST_WENT_OFF_HINT);
    }
    if (target->vm.heartbeat != VM_HEARTBEAT_OK && target->vm.uptime_ms > h->boot_deadline_ms)
        return report_boot_stuck(call, &target->vm, err);
    *ret_wait = true;
    return true;
}

bool boot_is_stuck(struct call *call, const struct target *target)
{
    const struct vm_info *vm = &target->vm;
    struct client *client = NULL;
    struct err why = ERR_INIT;

    if (vm->state != VM_RUNNING || vm->heartbeat == VM_HEARTBEAT_OK ||
        vm->uptime_ms <= call->hypervisor->boot_deadline_ms)
        return false;
    if (!connect_open(call->hypervisor, call->store, target->id, DIAL_MS, &client, &why))
        return is_silence(&why);
    client_close(client);
    return false;
}

bool boot_start(struct call *call,
                struct target *target,
                const struct boot_stage *stage,
                struct client **ret_client,
                struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    /* a Windows that has its heartbeat may still need long for its agent */
    int64_t begun = clock_now_ms(clock_system()), patience_ms = 4 * h->boot_deadline_ms, waited = 0;
    struct client *client = NULL;
    bool wait = true;

    if (!hypervisor_find(h, target->id, &target->vm, err))
        return false;
    if (target->vm.state == VM_OFF) {
        progress_step(stage->progress, stage->from, TEXT_HOST_STEP_START, target->name, NULL);
        if (!h->ops->power(h, target->id, VM_POWER_ON, err))
            return false;
    }
    for (;;) {
        if (!look(call, target, &client, &wait, err))
            return false;
        if (!wait)
            break;
        waited = clock_now_ms(clock_system()) - begun;
        if (waited > patience_ms) {
            err_set(err, ERR_UNREACHABLE, TEXT_HOST_SILENT, target->name, NULL);
            return err_hint(err, TEXT_HOST_SILENT_HINT);
        }
        progress_step(stage->progress,
                      between(stage, waited, h->boot_deadline_ms),
                      TEXT_HOST_STEP_WAIT_AGENT,
                      target->name,
                      NULL);
        clock_sleep_ms(clock_system(), RETRY_MS);
    }
    if (ret_client)
        *ret_client = client;
    else
        client_close(client);
    return true;
}

/* ---- stop ---- */

bool boot_stop(
    struct call *call, struct target *target, bool force, int64_t timeout_ms, struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct err why = ERR_INIT;

    if (!h->ops->power(h, target->id, force ? VM_POWER_OFF : VM_POWER_SHUTDOWN, err))
        return false;
    if (hypervisor_wait_state(h, target->id, VM_OFF, timeout_ms, &why))
        return true;
    if (why.kind == ERR_TIMEOUT && !force)
        err_hint(&why, TEXT_HOST_STOP_HINT);
    if (err)
        *err = why;
    return false;
}

/* ---- GPU ---- */

bool boot_find_gpu(const struct host_info *host,
                   const struct store_vm *record,
                   const struct gpu_info **ret_gpu,
                   struct err *err)
{
    const struct gpu_info *named = NULL;
    char list[ERR_ARG_BYTES];
    size_t matches = 0;

    for (size_t i = 0; i < host->gpu_count; i++) {
        const struct gpu_info *gpu = &host->gpus[i];

        if (!strcmp(gpu->path, record->gpu)) {
            *ret_gpu = gpu;
            return true;
        }
        if (gpu->kind == GPU_KIND_GPU && !strcmp(gpu->name, record->gpu_name)) {
            named = gpu;
            matches++;
        }
    }
    if (matches == 1) {
        *ret_gpu = named;
        return true;
    }
    hypervisor_list_gpus(host, list, sizeof list);
    err_set(err,
            ERR_NOT_FOUND,
            TEXT_HV_GPU_STALE,
            *record->gpu_name ? record->gpu_name : record->gpu,
            list,
            NULL);
    return err_hint(err, TEXT_HV_GPU_STALE_HINT);
}

/* The record's GPU where it is now: a card that was moved has another path. */
static bool rebind(struct call *call, struct store_vm *record, struct err *err)
{
    struct host_info *host = calloc(1, sizeof *host);
    const struct gpu_info *gpu = NULL;
    bool ok = (host || err_no_memory(err)) &&
              call->hypervisor->ops->host(call->hypervisor, host, err) &&
              boot_find_gpu(host, record, &gpu, err);

    if (ok && strcmp(gpu->path, record->gpu) != 0) {
        text_copy(record->gpu, sizeof record->gpu, gpu->path);
        ok = store_save(call->store, record, err);
        if (ok && !call->ui.json)
            ui_say(&call->ui,
                   TONE_WARN,
                   TEXT_HOST_NAMED_RESULT,
                   record->spec.name,
                   text_format((char[UI_TEXT_BYTES]){0},
                               UI_TEXT_BYTES,
                               call->ui.lang,
                               TEXT_HV_GPU_REBOUND,
                               (const char *const[]){gpu->name, gpu->path},
                               2),
                   NULL);
    }
    free(host);
    return ok;
}

bool boot_gpu(struct call *call, struct target *target, bool on, struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct store_vm *record = &target->record;
    struct gpu_wish wish = {.path = NULL};

    if (!*record->gpu)
        return true;
    if (on) {
        if (!rebind(call, record, err))
            return false;
        drivers_before_start(call, target);
        wish.path = record->gpu;
        wish.share_percent = record->spec.gpu.share_percent;
    }
    if (!h->ops->gpu(h, target->id, &wish, err))
        return false;
    target->vm.gpu_attached = on;
    if (record->gpu_held_back == !on)
        return true;
    record->gpu_held_back = !on;
    return store_save(call->store, record, err);
}

/* ---- settle ---- */

bool boot_is_settled(const struct health *health)
{
    if (health->level == LEVEL_STARTING || health->level == LEVEL_REPAIRING)
        return false;
    for (int i = 0; i < CHECK_COUNT; i++)
        if (health->checks[i].status == STATUS_REPAIRING)
            return false;
    return true;
}

struct watch {
    struct call *call;
    struct target *target;
    const struct boot_stage *stage;
    struct health health;
    bool known, settled;
    uint64_t picture; /* of the report that settled */
    int64_t settled_at, deadline_at;
};

/* Shows what is being worked on and how many checks are done with. */
static void show(struct watch *watch)
{
    const struct health *health = &watch->health;
    enum text_id what = TEXT_NONE;
    int64_t done = 0;

    for (int i = 0; i < CHECK_COUNT; i++) {
        enum check_status status = health->checks[i].status;

        if (status == STATUS_OK || status == STATUS_OFF || status == STATUS_WARNING)
            done++;
        else if (status == STATUS_REPAIRING && what == TEXT_NONE)
            what = check_title((enum check_id)i);
    }
    if (what != TEXT_NONE)
        progress_step(watch->stage->progress,
                      between(watch->stage, done, CHECK_COUNT),
                      TEXT_HOST_STEP_REPAIRING,
                      text_raw(what, watch->call->ui.lang),
                      NULL);
    else
        progress_step(watch->stage->progress,
                      between(watch->stage, done, CHECK_COUNT),
                      TEXT_HOST_STEP_CHECKING,
                      text_raw(health_level_title(health->level), watch->call->ui.lang),
                      NULL);
}

/* What a person would see of a report; a new one that shows the same is no news. */
static uint64_t picture_of(const struct health *health)
{
    uint64_t sum = (uint64_t)health->level;

    for (int i = 0; i < CHECK_COUNT; i++)
        sum = sum * 31 + (uint64_t)health->checks[i].status;
    return sum;
}

static bool on_health(const cJSON *params, const uint8_t *body, size_t length, void *user)
{
    struct watch *watch = user;

    (void)body;
    (void)length;
    if (!health_from_json(params, &watch->health, NULL))
        return true;
    watch->known = true;
    show(watch);
    if (!boot_is_settled(&watch->health)) {
        watch->settled = false;
    } else if (!watch->settled || picture_of(&watch->health) != watch->picture) {
        watch->settled = true;
        watch->picture = picture_of(&watch->health);
        watch->settled_at = clock_now_ms(clock_system());
    }
    return true;
}

/* Ends the watching when a settled report stood for a while. */
static bool is_over(void *user)
{
    struct watch *watch = user;
    int64_t now = clock_now_ms(clock_system());

    return (watch->settled && now - watch->settled_at >= QUIET_MS) || now >= watch->deadline_at;
}

/* Follows one connection; a guest that reboots ends it. */
static bool follow(struct watch *watch, struct err *err)
{
    struct boot_stage stage = *watch->stage;
    struct client *client = NULL;
    bool ok;

    stage.to = stage.from;
    watch->settled = false;
    if (!boot_start(watch->call, watch->target, &stage, &client, err))
        return false;
    ok = client_watch(client, METHOD_HEALTH_WATCH, NULL, on_health, is_over, watch, err);
    client_close(client);
    return ok;
}

bool boot_settle(struct call *call,
                 struct target *target,
                 const struct boot_stage *stage,
                 int64_t timeout_ms,
                 struct health *ret_health,
                 struct err *err)
{
    struct watch *watch = calloc(1, sizeof *watch);
    struct err why = ERR_INIT;
    bool ok = false;

    if (!watch)
        return err_no_memory(err);
    watch->call = call;
    watch->target = target;
    watch->stage = stage;
    watch->deadline_at = clock_now_ms(clock_system()) + timeout_ms;
    while (!ok) {
        ok = follow(watch, &why);
        if (!ok && !is_silence(&why))
            break;
        /* a stuck start is no silence that ends by itself */
        if (!ok && (why.message == TEXT_HOST_BOOT_STUCK ||
                    why.message == TEXT_HOST_BOOT_STUCK_GPU || why.message == TEXT_HOST_SILENT))
            break;
        if (!ok && clock_now_ms(clock_system()) >= watch->deadline_at)
            break;
        if (!ok)
            clock_sleep_ms(clock_system(), POLL_MS);
    }
    if (ok && (!watch->known || !watch->settled)) {
        err_set(&why,
                ERR_TIMEOUT,
                TEXT_HOST_NOT_SETTLED,
                target->name,
                TEXT_NUM(timeout_ms / 1000),
                NULL);
        err_hint(&why, TEXT_HOST_NOT_SETTLED_HINT);
        ok = false;
    }
    if (watch->known)
        store_health_save(call->store, target->id, &watch->health, NULL);
    if (ok)
        *ret_health = watch->health;
    else if (err)
        *err = why;
    free(watch);
    return ok;
}

/* ---- what the commands share ---- */

bool boot_connect(struct call *call,
                  struct target *target,
                  struct client **ret_client,
                  struct err *err)
{
    struct err why = ERR_INIT;

    if (!target->exists || target->vm.state != VM_RUNNING) {
        err_set(err, ERR_CONFLICT, TEXT_HOST_VM_IS_OFF, target->name, NULL);
        return err_hint(err, TEXT_HOST_START_HINT);
    }
    if (connect_open(call->hypervisor, call->store, target->id, CONNECT_MS, ret_client, &why))
        return true;
    connect_explain(call->hypervisor, call->store, target->id, target->name, true, &why);
    if (err)
        *err = why;
    return false;
}

bool boot_present(const struct target *target, struct err *err)
{
    if (target->exists)
        return true;
    err_set(err, ERR_NOT_FOUND, TEXT_HOST_GONE, target->name, NULL);
    return err_hint(err, TEXT_HOST_GONE_HINT);
}

bool boot_want(struct call *call, struct target *target, enum store_wanted wanted, struct err *err)
{
    if (target->record.wanted == wanted)
        return true;
    target->record.wanted = wanted;
    return store_save(call->store, &target->record, err);
}

bool boot_up(struct call *call, struct target *target, bool with_gpu, bool alone, struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct progress progress;
    struct boot_stage stage = {call, &progress, 0, PROGRESS_FULL};
    bool ok;

    if (!inject_profile(call, target, err) || !boot_gpu(call, target, with_gpu, err) ||
        !boot_want(call, target, STORE_WANTED_RUNNING, err))
        return false;
    if (call_flag(call, "no-wait"))
        return h->ops->power(h, target->id, VM_POWER_ON, err);
    progress_begin(&progress, &call->ui, target->name, alone);
    ok = boot_start(call, target, &stage, NULL, err);
    if (ok && with_gpu)
        drivers_after_start(call, target, &progress);
    progress_end(&progress);
    return ok;
}
