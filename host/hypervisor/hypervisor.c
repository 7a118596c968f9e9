/* What every hypervisor has in common. */
#include "host/hypervisor/hypervisor.h"

#include "common/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGE_WAIT_MS 200
#define DELETE_TRIES   20

static const struct {
    const char *name;
    enum text_id text;
} states[VM_STATES] = {
    [VM_OFF] = {"off", TEXT_HOST_VM_OFF},
    [VM_STARTING] = {"starting", TEXT_HOST_VM_STARTING},
    [VM_RUNNING] = {"running", TEXT_HOST_VM_RUNNING},
    [VM_STOPPING] = {"stopping", TEXT_HOST_VM_STOPPING},
    [VM_PAUSED] = {"paused", TEXT_HOST_VM_PAUSED},
    [VM_SAVED] = {"saved", TEXT_HOST_VM_SAVED},
};

const char *vm_state_name(enum vm_state state)
{
    return states[state].name;
}

enum text_id vm_state_text(enum vm_state state)
{
    return states[state].text;
}

/* ---- GPUs ---- */

const char *gpu_kind_name(enum gpu_kind kind)
{
    static const char *const names[] = {"gpu", "npu", "other"};

    return names[kind];
}

const char *gpu_resource_name(enum gpu_resource resource)
{
    static const char *const names[GPU_RESOURCES] = {"vram", "encode", "decode", "compute"};

    return names[resource];
}

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (; *text; text++) {
        size_t i = 0;

        while (i < length && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == length)
            return true;
    }
    return length == 0;
}

void hypervisor_list_gpus(const struct host_info *host, char *out, size_t size)
{
    size_t used = 0;

    *out = 0;
    for (size_t i = 0; i < host->gpu_count && used < size; i++) {
        const struct gpu_info *gpu = &host->gpus[i];

        if (gpu->kind == GPU_KIND_GPU)
            used += (size_t)snprintf(
                out + used, size - used, "%s%s [%s]", used ? ", " : "", gpu->name, gpu->path);
    }
}

bool hypervisor_choose_gpu(const struct host_info *host,
                           const char *text,
                           const struct gpu_info **ret_gpu,
                           struct err *err)
{
    const struct gpu_info *chosen = NULL, *other = NULL;
    char list[ERR_ARG_BYTES];
    size_t matches = 0, usable = 0;

    for (size_t i = 0; i < host->gpu_count; i++) {
        const struct gpu_info *gpu = &host->gpus[i];
        bool exact = !strcmp(gpu->path, text), match = exact || contains(gpu->name, text);

        usable += gpu->kind == GPU_KIND_GPU;
        if (match && gpu->kind != GPU_KIND_GPU)
            other = gpu;
        if (!match || gpu->kind != GPU_KIND_GPU)
            continue;
        chosen = gpu;
        matches = exact ? 1 : matches + 1;
        if (exact)
            break;
    }
    hypervisor_list_gpus(host, list, sizeof list);
    if (!matches && other && *text)
        return err_set(err, ERR_UNSUPPORTED, TEXT_HV_GPU_IS_NPU, other->name, NULL);
    if (!usable) {
        err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_GPU, NULL);
        return err_hint(err, TEXT_HOST_NO_GPU_HINT);
    }
    if (!matches)
        return err_set(err, ERR_USAGE, TEXT_HOST_GPU_UNKNOWN, text, list, NULL);
    if (matches > 1) {
        err_set(err, ERR_USAGE, TEXT_HOST_GPU_CHOICE, list, NULL);
        return err_hint(err, TEXT_HOST_GPU_CHOICE_HINT);
    }
    *ret_gpu = chosen;
    return true;
}

bool hypervisor_gpu_has_twin(const struct host_info *host, const struct gpu_info *gpu)
{
    for (size_t i = 0; i < host->gpu_count; i++)
        if (strcmp(host->gpus[i].path, gpu->path) != 0 && !strcmp(host->gpus[i].name, gpu->name))
            return true;
    return false;
}

void hypervisor_free(struct hypervisor *hypervisor)
{
    if (hypervisor)
        hypervisor->ops->free(hypervisor);
}

bool hypervisor_find(struct hypervisor *h, const char *id, struct vm_info *ret_vm, struct err *err)
{
    struct vm_info *vms = NULL;
    size_t count = 0, i;

    if (!h->ops->list(h, &vms, &count, err))
        return false;
    for (i = 0; i < count && strcmp(vms[i].id, id) != 0; i++)
        continue;
    if (i < count)
        *ret_vm = vms[i];
    free(vms);
    return i < count || err_set(err, ERR_NOT_FOUND, TEXT_HOST_VM_GONE, id, NULL);
}

bool hypervisor_delete(struct hypervisor *h, const char *id, struct err *err)
{
    struct err why = ERR_INIT;

    for (int i = 0; i < DELETE_TRIES; i++) {
        err_clear(&why);
        if ((h->ops->power(h, id, VM_POWER_OFF, &why) || why.kind == ERR_NOT_FOUND) &&
            h->ops->remove(h, id, &why))
            return true;
        if (why.kind != ERR_CONFLICT)
            break;
        clock_sleep_ms(clock_system(), CHANGE_WAIT_MS);
    }
    if (err)
        *err = why;
    return false;
}

bool hypervisor_wait_state(
    struct hypervisor *h, const char *id, enum vm_state state, int64_t timeout_ms, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + timeout_ms;
    struct vm_info vm;

    for (;;) {
        int64_t left = until - clock_now_ms(clock_system());

        if (!hypervisor_find(h, id, &vm, err))
            return false;
        if (vm.state == state)
            return true;
        if (left <= 0)
            return err_set(err,
                           ERR_TIMEOUT,
                           TEXT_HOST_STATE_TIMEOUT,
                           vm.settings.name,
                           vm_state_name(vm.state),
                           vm_state_name(state),
                           TEXT_NUM(timeout_ms / 1000),
                           NULL);
        if (!h->ops->wait_change(h, left < CHANGE_WAIT_MS ? left : CHANGE_WAIT_MS, err))
            return false;
    }
}
