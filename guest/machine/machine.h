/*
 * The guest's Windows as a bundle of small ports, so that the same checks and repairs run against
 * real Windows, the simulated one and a world that a test has just built. ports_open is the only
 * place that chooses.
 *
 * Ports are synchronous and blocking and speak our types: UTF-8, fixed structs, int32_t codes. The
 * agent calls them from one job thread at a time (the holder's thread uses `vdd` alone).
 * ERR_UNSUPPORTED means "not on this machine": checks turn it into unknown.
 */
#ifndef GPUPV_MACHINE_H
#define GPUPV_MACHINE_H

#include "common/clock.h"
#include "devices.h"
#include "displays.h"
#include "files.h"
#include "services.h"
#include "sessions.h"
#include "staging.h"

struct machine {
    struct devices_port *devices;
    struct drivers_port *drivers;
    struct services_port *services;
    struct processes_port *processes;
    struct tasks_port *tasks;
    struct files_port *files;
    struct registry_port *registry;
    struct displays_port *displays;
    struct vdd_port *vdd;
    struct gpu_port *gpu;
    struct sessions_port *sessions;
    struct network_port *network;
    struct system_port *system;
    struct staging_port *staging;
    struct clock *clock; /* the machine's time: scaled in a simulation */
    int64_t time_scale;  /* machine ms in one ms of the computer that runs us: 1 on real Windows */
    void (*free)(struct machine *machine);
};

/* Opens the simulated Windows whose world is kept in folder (machine/sim). The caller frees with
 * machine_free. */
bool machine_open_sim(const char *folder, struct machine **ret_machine, struct err *err);

/* Opens this computer's Windows; ERR_UNSUPPORTED elsewhere. */
bool machine_open_system(struct machine **ret_machine, struct err *err);

/* What this program does when a port starts it with MACHINE_ENCODE_PROBE as its only argument:
 * opens and closes a video encoder, in a process of its own since drivers may crash. Returns the
 * exit code. */
#define MACHINE_ENCODE_PROBE "encode-probe"
int machine_encode_probe(void);
/* What the agent starts itself as in the console session, with the name of a pipe: serves that pipe
 * to its end and gives the exit code; 64 elsewhere than on Windows. */
#define MACHINE_SESSION_HELPER "session-helper"
int machine_session_helper(const char *pipe);

/* NULL is fine. */
void machine_free(struct machine *machine);

#endif
