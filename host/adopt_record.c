/* The record of a VM that the store does not know yet. */
#include "host/adopt_record.h"

#include <string.h>

void adopt_record(struct call *call, struct target *target, bool repairs)
{
    struct store_vm *vm = &target->record;
    const struct vm_settings *settings = &target->vm.settings;
    struct host_info host = {.gpu_count = 0};

    memset(vm, 0, sizeof *vm);
    text_copy(vm->id, sizeof vm->id, target->id);
    vm->adopted = true;
    vm->ready = vm->set_up = true;
    spec_init(&vm->spec, target->name);
    vm->spec.memory_mb = settings->memory_mb;
    vm->spec.cpus = settings->cpus;
    text_copy(vm->spec.network, sizeof vm->spec.network, settings->network);
    text_copy(vm->gpu, sizeof vm->gpu, target->vm.gpu);
    /* shows what it would do until somebody says `repair` */
    vm->spec.guest.mode = repairs ? PROFILE_REPAIR : PROFILE_OBSERVE;
    call->hypervisor->ops->host(call->hypervisor, &host, NULL);
    for (size_t i = 0; i < host.gpu_count; i++)
        if (!strcmp(host.gpus[i].path, vm->gpu))
            text_copy(vm->gpu_name, sizeof vm->gpu_name, host.gpus[i].name);
}
