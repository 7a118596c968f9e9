/*
 * The inside of a simulated machine, shared by the files that implement its ports (port_*.c). Every
 * port function is one call: core_read and core_act take the lock, brings world and time up to
 * date, let faults strike; core_end writes what changed and lets go. Waiting happens between
 * core_pause and core_resume, with the world free for others.
 */
#ifndef GPUPV_SIM_CORE_H
#define GPUPV_SIM_CORE_H

#include "guest/machine/sim/disk.h"
#include "guest/machine/sim/fault.h"
#include "guest/machine/sim/sim.h"
#include "guest/machine/sim/sim_clock.h"
#include "guest/machine/sim/sync.h"

#define CORE_CHANGED 1u /* the world differs, and checks may notice */
#define CORE_COUNTED 2u /* only counters of faults differ */

struct store;
struct sim;

struct sim {
    struct machine machine;
    struct devices_port devices;
    struct drivers_port drivers;
    struct services_port services;
    struct processes_port processes;
    struct tasks_port tasks;
    struct files_port files;
    struct registry_port registry;
    struct displays_port displays;
    struct vdd_port vdd;
    struct gpu_port gpu;
    struct sessions_port sessions;
    struct network_port network;
    struct system_port system;
    struct staging_port staging;
    struct sync *sync; /* guards everything below */
    struct world *world;
    struct disk *disk;
    struct disk_memory memory;
    struct store *store;    /* NULL: in memory */
    struct sim_clock clock; /* on disk: machine.clock */
    struct clock *real;     /* the clock that keep-alives are measured with */
    bool is_virtual;        /* time moves only by sleeping */
    struct sim_env env;
    struct world_live live; /* on disk: as read at the begin of the call */
    uint64_t seen_change;   /* what wait_change last told */
    bool woken;
    bool dead;
    bool vdd_open;
    char published[1024]; /* in memory: the KVP summary */
};

struct core_call {
    struct sim *sim;
    struct sim_env *env;
    struct world *world;
    const char *op;
    struct fault_hit hit;
    unsigned dirty; /* CORE_* */
    bool holds;     /* the lock between processes */
    bool acts;
    bool lie;    /* say true and do nothing, or find nothing */
    bool reboot; /* say that a reboot is needed */
};

/* The machine whose member this port is. */
#define CORE_SIM(port, member)                                                                     \
    ((struct sim *)(void *)((unsigned char *)(port)-offsetof(struct sim, member)))

/* Begins a call of op ("devices.enable"), which reads or may change the world. object: what the
 * call is about, for faults, "" for nothing. False: it failed or was made to fail; nothing is held
 * then. */
bool core_read(
    struct core_call *call, struct sim *sim, const char *op, const char *object, struct err *err);
bool core_act(
    struct core_call *call, struct sim *sim, const char *op, const char *object, struct err *err);

/* Ends a call that began; returns ok, or false when the world could not be written. */
bool core_end(struct core_call *call, bool ok, struct err *err);

/* Lets the world go while the call waits, and takes it again. */
bool core_pause(struct core_call *call, struct err *err);
bool core_resume(struct core_call *call, struct err *err);

/* Waits in machine time; between core_pause and core_resume. */
void core_sleep(struct core_call *call, int64_t time_ms);

/* Blocks until the world changed, timeout_ms of real time passed (-1: never) or core_wake. */
bool core_wait(struct sim *sim, int64_t timeout_ms, bool *ret_changed, struct err *err);
void core_wake(struct sim *sim);

/* The ports of one file each: puts the tables of functions into sim. */
void port_devices_init(struct sim *sim);
void port_services_init(struct sim *sim);
void port_processes_init(struct sim *sim);
void port_files_init(struct sim *sim);
void port_displays_init(struct sim *sim);
void port_system_init(struct sim *sim);
void port_staging_init(struct sim *sim);

#endif
