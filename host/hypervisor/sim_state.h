/*
 * What the simulated hypervisor keeps on disk, below its folder: host.json (the simulated host:
 * GPUs, timing), and per machine vms/<id>/ with vm.json (settings), run.json (while it runs: phase,
 * process), run.lock (held by the machine's process, so that a stale run.json is recognised),
 * request (what the process is asked to do) and disk/ (the guest's). A machine is made below
 * making/ and moved into place whole. Every write is atomic; readers need no lock.
 */
#ifndef GPUPV_HYPERVISOR_SIM_STATE_H
#define GPUPV_HYPERVISOR_SIM_STATE_H

#include "host/hypervisor/hypervisor.h"

#define SIM_STATE_VERSION 1
#define SIM_TOKEN_BYTES   48

/* One GPU of the simulated host. */
struct sim_gpu {
    char path[GPU_PATH_BYTES], name[GPU_NAME_BYTES], driver[32];
    uint32_t partitions;
};

struct sim_host {
    struct sim_gpu gpus[GPUS_MAX];
    size_t gpu_count;
    char build[32];       /* of the host's Windows */
    bool npu;             /* has a neural processor with partitions besides */
    bool offline;         /* payloads cannot be fetched */
    bool hyperv;          /* guests are reached over Hyper-V sockets; whoever plays them (another
                             Wine prefix) starts their agents */
    uint32_t scale;       /* of the time in new machines; 0: as their world says */
    uint32_t boot_ms;     /* from power to the first process */
    uint32_t stuck_ms;    /* a start without any sign of life for so long counts as stuck */
    uint32_t shutdown_ms; /* how long a guest may take to shut down before it is cut off */
};

/* How a machine misbehaves. */
struct sim_faults {
    bool stuck_with_gpu; /* hangs at the logo while a partition is attached */
    bool stuck;          /* hangs at the logo always */
    bool ignores_stop;   /* does not shut down when asked */
};

struct sim_vm {
    char id[VM_ID_BYTES];
    struct vm_settings settings;
    char gpu[GPU_PATH_BYTES]; /* "" without a partition */
    uint32_t gpu_share;       /* percent, 0: the whole card */
    struct sim_faults faults;
    uint32_t network_ms; /* the switch gives no network for so long after a start; 0: always did */
};

enum sim_phase { SIM_PHASE_STARTING, SIM_PHASE_RUNNING, SIM_PHASE_STUCK, SIM_PHASE_STOPPING };

/* The running machine. */
struct sim_run {
    int64_t pid, agent_pid; /* agent_pid 0: not started */
    enum sim_phase phase;
    int64_t since_ms; /* wall time of the power-on or the last reset */
};

/* Folder of the machine; file in it. out: FS_PATH_BYTES. */
bool sim_folder(const char *root, const char *id, char *out, struct err *err);
bool sim_path(const char *root, const char *id, const char *file, char *out, struct err *err);

/* Makes the folder and the default host when missing. */
bool sim_state_open(const char *root, struct err *err);

/* The simulated host; reads and replaces host.json. */
bool sim_host_load(const char *root, struct sim_host *ret_host, struct err *err);
bool sim_host_save(const char *root, const struct sim_host *host, struct err *err);

/* ERR_NOT_FOUND when there is no such machine. */
bool sim_vm_load(const char *root, const char *id, struct sim_vm *ret_vm, struct err *err);
bool sim_vm_save(const char *root, const struct sim_vm *vm, struct err *err);

/* True when there is such a machine. */
bool sim_vm_exists(const char *root, const char *id);

/* Removes what is left of a machine that does not exist any more, unless a disk is still there. */
bool sim_vm_sweep(const char *root, const char *id, struct err *err);

/* Calls visit with the id of each machine until it returns false. */
bool sim_vm_each(const char *root,
                 bool (*visit)(const char *id, void *user),
                 void *user,
                 struct err *err);

/* What the machine's process wrote; *ret_running is false and the rest untouched when no process
 * runs it, whatever run.json says. */
bool sim_run_load(
    const char *root, const char *id, bool *ret_running, struct sim_run *ret_run, struct err *err);
bool sim_run_save(const char *root, const char *id, const struct sim_run *run, struct err *err);

/* The name under which the machine's process is reached and its agent listens: short, unique to
 * folder and id. */
void sim_token(const char *root, const char *id, char out[SIM_TOKEN_BYTES]);

/* Stable names of requests: "shutdown", "off", "reboot", "reset". */
bool sim_request_put(const char *root, const char *id, enum vm_power power, struct err *err);

/* Takes the request; false when there is none. */
bool sim_request_take(const char *root, const char *id, enum vm_power *ret_power);

/* Runs the machine with this id until it is off: the main of its hidden process. agent is the
 * executable of the agent, ret_code what the process exits with. */
bool sim_machine_run(const char *root, const char *id, const char *agent, struct err *err);

/* Finds the agent's executable: by GPUPV_AGENT, beside ours, or in ../guest (out: FS_PATH_BYTES).
 */
bool sim_agent_path(char *out, struct err *err);

/* Runs `gpupv-agent sim DISK ...`; what it prints goes to out. ERR_FAILED with its last line. */
bool sim_agent_edit(
    const char *root, const char *id, const char *const *args, struct buf *out, struct err *err);

#endif
