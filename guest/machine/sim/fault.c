/* Faults by data. */
#include "guest/machine/sim/fault.h"

#include <string.h>

/* Every operation of the ports that faults can name. */
static const char *const ops[] = {
    "devices.list",
    "devices.enable",
    "devices.disable",
    "devices.remove",
    "devices.create",
    "devices.rescan",
    "drivers.find",
    "drivers.trust",
    "drivers.signer",
    "drivers.distrust",
    "drivers.trust_signer",
    "drivers.stage",
    "drivers.bind",
    "services.query",
    "services.start",
    "services.stop",
    "services.set_start",
    "processes.count",
    "processes.terminate",
    "processes.run",
    "tasks.query",
    "tasks.set_enabled",
    "files.stat",
    "files.read",
    "files.write",
    "files.remove",
    "files.list",
    "files.path",
    "registry.get",
    "registry.set",
    "displays.paths",
    "displays.set_topology",
    "displays.set_mode",
    "vdd.open",
    "vdd.version",
    "vdd.add",
    "vdd.remove",
    "vdd.ping",
    "gpu.query",
    "gpu.encode_probe",
    "sessions.query",
    "sessions.to_console",
    "sessions.start_program",
    "network.check",
    "staging.place",
    "staging.is_windows",
    "staging.link",
    "system.query",
    "system.apply",
    "system.reboot",
    "system.keep_password",
    "system.publish",
    "system.audio",
};

/* Whether "port.op" is the operation of these two names. */
static bool is_op(const char *whole, const char *port, const char *op)
{
    size_t length = strlen(port);

    return strncmp(whole, port, length) == 0 && whole[length] == '.' &&
           strcmp(whole + length + 1, op) == 0;
}

bool fault_known(const char *port, const char *op)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (is_op(ops[i], port, op))
            return true;
    return false;
}

static uint32_t draw(uint32_t *state)
{
    uint32_t x = *state ? *state : 0x9e3779b9u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

/* By chance: one of the kinds that the world allows. */
static void take_random(struct world_random *random, struct fault_hit *hit)
{
    static const enum world_fault_do actions[] = {
        WORLD_FAULT_FAIL, WORLD_FAULT_LIE, WORLD_FAULT_REBOOT};
    const bool allowed[] = {random->fail, random->lie, random->reboot};
    uint32_t pick;

    if (draw(&random->state) % 1000 >= random->per_mille)
        return;
    pick = draw(&random->state) % 3;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t kind = (pick + i) % 3;

        if (!allowed[kind])
            continue;
        random->left--;
        *hit = (struct fault_hit){.hit = true, .action = actions[kind], .kind = ERR_FAILED};
        return;
    }
}

bool fault_take(
    struct world *world, const char *op, bool acts, const char *object, struct fault_hit *ret_hit)
{
    bool counted = false;

    memset(ret_hit, 0, sizeof(*ret_hit));
    for (uint32_t i = 0; i < world->fault_count; i++) {
        struct world_fault *fault = &world->faults[i];

        if (!is_op(op, fault->port, fault->op) ||
            (fault->object[0] && !strstr(object, fault->object)))
            continue;
        counted = true;
        if (fault->seen < UINT32_MAX)
            fault->seen++;
        if (ret_hit->hit || fault->seen < fault->call ||
            (fault->count && fault->seen - fault->call >= fault->count))
            continue;
        ret_hit->hit = true;
        ret_hit->action = fault->action;
        ret_hit->after = fault->after;
        ret_hit->code = fault->code;
        ret_hit->kind = fault->kind;
        ret_hit->hang_ms = (int64_t)fault->hang_s * 1000;
    }
    if (!ret_hit->hit && acts && world->random.per_mille && world->random.left) {
        take_random(&world->random, ret_hit);
        counted = true;
    }
    return counted;
}
