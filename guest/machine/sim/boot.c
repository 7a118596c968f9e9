/* Switching the simulated machine on. */
#include "guest/machine/sim/boot.h"

#include "guest/machine/sim/events.h"
#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/logon.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void new_boot_id(struct world_system *system, int64_t now_ms)
{
    uint64_t a = mix((uint64_t)now_ms * 31 + system->boots), b = mix(a);

    snprintf(system->boot_id,
             sizeof(system->boot_id),
             "%08" PRIx32 "-%04x-%04x-%04x-%012" PRIx64,
             (uint32_t)(a >> 32),
             (unsigned)(a >> 16) & 0xffff,
             (unsigned)a & 0xffff,
             (unsigned)(b >> 48),
             b & 0xffffffffffffu);
}

static void boot_devices(struct sim_env *env)
{
    struct world *world = env->world;

    for (uint32_t i = 0; i < world->device_count; i++) {
        world->devices[i].disabled_until_boot = false;
        if (world->devices[i].bus != WORLD_BUS_ROOT)
            world->devices[i].removed = false;
    }
    hardware_scan(env);
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world->devices[i].present)
            hardware_start(env, &world->devices[i], HARDWARE_BOOT);
}

static void boot_services(struct sim_env *env)
{
    for (uint32_t i = 0; i < env->world->service_count; i++) {
        struct world_service *service = &env->world->services[i];
        bool starts = service->start == SERVICE_START_AUTO && !service->start_error;

        service->stopping = false;
        service->state = starts ? SERVICE_STATE_PENDING : SERVICE_STATE_STOPPED;
        service->ready_at_ms = starts ? env->now_ms + service->start_ms : 0;
    }
}

static void boot_drifts(struct sim_env *env)
{
    struct world *world = env->world;

    for (uint32_t i = 0; i < world->drift_count; i++)
        if (!world->drifts[i].at_boot || world->drifts[i].at_boot == world->system.boots)
            world->drifts[i].due_at_ms = env->now_ms + (int64_t)world->drifts[i].after_s * 1000;
}

void boot_run(struct sim_env *env)
{
    struct world *world = env->world;

    logon_end(env);
    world->process_count = 0;
    world->live = (struct world_live){0};
    world->parsec.client = false;
    world->parsec.respawn_at_ms = 0;
    world->parsec.sign_in_at_ms = 0;
    world->system.power = WORLD_ON;
    world->system.boots++;
    world->system.boot_at_ms = env->now_ms;
    world->system.reboot_pending = false;
    new_boot_id(&world->system, env->now_ms);
    for (uint32_t i = 0; i < world->task_count; i++)
        world->tasks[i].run_at_ms = 0;
    boot_devices(env);
    boot_services(env);
    world->session.logon_at_ms = 0;
    world->system.setup_until_ms = 0;
    if (world->system.boots == 1 && world->system.setup_s)
        world->system.setup_until_ms = env->now_ms + (int64_t)world->system.setup_s * 1000;
    else if (world->session.autologon)
        world->session.logon_at_ms = env->now_ms + (int64_t)world->session.logon_s * 1000;
    boot_drifts(env);
    (void)events_settle(env);
}
