/* What every hypervisor has in common. */
#include "host/hypervisor/hypervisor.h"

#include "common/clock.h"

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
