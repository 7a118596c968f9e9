/* set: memory, processors and switch of VMs that are off. */
#include "host/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the keys ---- */

static bool set_memory(const char *value, struct vm_settings *settings)
{
    return spec_parse_mb(value, &settings->memory_mb) && settings->memory_mb >= 512;
}

static bool set_cpus(const char *value, struct vm_settings *settings)
{
    char *end = NULL;
    unsigned long cpus = strtoul(value, &end, 10);

    settings->cpus = (uint32_t)cpus;
    return end != value && !*end && cpus >= 1 && cpus <= 2048;
}

static bool set_switch(const char *value, struct vm_settings *settings)
{
    text_copy(settings->network, sizeof settings->network, strcmp(value, "default") ? value : "");
    return strlen(value) < sizeof settings->network;
}

static const struct {
    const char *key;
    bool (*set)(const char *value, struct vm_settings *settings);
} keys[] = {
    {"memory", set_memory},
    {"cpus", set_cpus},
    {"switch", set_switch},
};

static bool apply(const char *setting, struct vm_settings *settings, struct err *err)
{
    size_t length = strcspn(setting, "=");
    char key[32];

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strlen(keys[i].key) != length || strncmp(keys[i].key, setting, length) != 0)
            continue;
        return keys[i].set(setting + length + 1, settings) ||
               err_set(err, ERR_USAGE, TEXT_HV_SET_VALUE, keys[i].key, setting + length + 1, NULL);
    }
    snprintf(key, sizeof key, "%.*s", (int)length, setting);
    return err_set(err, ERR_USAGE, TEXT_HOST_SETTING_UNKNOWN, key, "memory, cpus, switch", NULL);
}

/* ---- one VM ---- */

/* "memory 4096 -> 8192, cpus 2 -> 4" */
static void
describe(const struct vm_settings *now, const struct vm_settings *wanted, char *out, size_t size)
{
    size_t used = 0;

    *out = 0;
    if (now->memory_mb != wanted->memory_mb)
        used += (size_t)snprintf(
            out, size, "memory %u -> %u", (unsigned)now->memory_mb, (unsigned)wanted->memory_mb);
    if (now->cpus != wanted->cpus)
        used += (size_t)snprintf(out + used,
                                 size - used,
                                 "%scpus %u -> %u",
                                 used ? ", " : "",
                                 (unsigned)now->cpus,
                                 (unsigned)wanted->cpus);
    if (strcmp(now->network, wanted->network) != 0)
        snprintf(out + used,
                 size - used,
                 "%sswitch %s -> %s",
                 used ? ", " : "",
                 *now->network ? now->network : "default",
                 *wanted->network ? wanted->network : "default");
}

static bool
change(struct call *call, struct target *target, const struct vm_settings *wanted, struct err *err)
{
    struct spec *spec = &target->record.spec;

    if (target->vm.state != VM_OFF) {
        err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, target->name, NULL);
        return err_hint(err, TEXT_HOST_MUST_BE_OFF_HINT);
    }
    if (!call->hypervisor->ops->configure(call->hypervisor, target->id, wanted, err))
        return false;
    spec->memory_mb = wanted->memory_mb;
    spec->cpus = wanted->cpus;
    text_copy(spec->network, sizeof spec->network, wanted->network);
    return store_save(call->store, &target->record, err);
}

static void set_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct vm_settings wanted = target->vm.settings;
    struct err err = ERR_INIT;
    char text[2 * VM_SWITCH_BYTES + 128];
    bool ok = boot_present(target, &err);

    if (ok && !call->setting_count) {
        err_set(&err, ERR_USAGE, TEXT_HV_SET_NOTHING, NULL);
        ok = err_hint(&err, TEXT_HV_SET_NOTHING_HINT);
    }
    for (size_t i = 0; ok && i < call->setting_count; i++)
        ok = apply(call->settings[i], &wanted, &err);
    describe(&target->vm.settings, &wanted, text, sizeof text);
    if (ok && !*text)
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_SET_SAME, NULL);
    else if (ok && call_flag(call, "dry-run"))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_SET_WOULD, text, NULL);
    else if (ok && change(call, target, &wanted, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_SET_DONE, text, NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_set = {
    .name = "set",
    .summary = TEXT_HV_HELP_SET,
    .args = "NAME... KEY=VALUE...",
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN |
             COMMAND_SETTINGS,
    .each = set_each,
};
