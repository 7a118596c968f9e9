/*
 * Port: the hypervisor, in the terms of the field: virtual machines, their power, their GPU
 * partition, what the guest publishes by key-value pairs, and where its agent can be reached.
 * Implementations: sim (simulated machines as processes of this computer) and Hyper-V. Everything
 * blocks; one thread at a time for one struct hypervisor, several structs and processes at once are
 * fine. A machine is named by its id; names may repeat.
 *
 * A partition is attached and detached only while the machine is off, and only while the GPU has a
 * free one. Power changes return when the hypervisor has done its part: a started machine boots, a
 * machine asked to shut down may take its time (watch its state).
 */
#ifndef GPUPV_HYPERVISOR_H
#define GPUPV_HYPERVISOR_H

#include "common/buf.h"
#include "common/err.h"
#include "common/fs.h"
#include "common/link.h"
#include "host/hypervisor/picture.h"

#define VM_ID_BYTES     40
#define VM_NAME_BYTES   104 /* Hyper-V: 100 characters; we take bytes */
#define VM_MARKER_BYTES 40
#define VM_SWITCH_BYTES 104
#define GPU_PATH_BYTES  256
#define GPU_NAME_BYTES  128
#define GPUS_MAX        16
#define VMS_MAX         4096
#define KVP_BYTES       1000

enum vm_state {
    VM_OFF,
    VM_STARTING, /* powered, Windows not up yet as far as the heartbeat tells */
    VM_RUNNING,
    VM_STOPPING,
    VM_PAUSED,
    VM_SAVED,
    VM_STATES
};

enum vm_heartbeat { VM_HEARTBEAT_NONE, VM_HEARTBEAT_OK, VM_HEARTBEAT_LOST };

enum vm_power {
    VM_POWER_ON,
    VM_POWER_SHUTDOWN, /* the guest's Windows is asked to shut down */
    VM_POWER_OFF,      /* the cord is pulled */
    VM_POWER_REBOOT,   /* the guest's Windows is asked to restart */
    VM_POWER_RESET     /* the cord is pulled and put back */
};

struct vm_settings {
    char name[VM_NAME_BYTES];
    char marker[VM_MARKER_BYTES]; /* ours, kept with the machine: finds it again after a crash */
    char disk[FS_PATH_BYTES];
    char network[VM_SWITCH_BYTES]; /* the virtual switch; "" is the default one */
    uint32_t memory_mb, cpus;
};

struct vm_info {
    char id[VM_ID_BYTES];
    struct vm_settings settings;
    enum vm_state state;
    enum vm_heartbeat heartbeat;
    int64_t uptime_ms;
    bool disk_attached; /* in its drive; the disk of a new machine is still to be made */
    bool gpu_attached;
    char gpu[GPU_PATH_BYTES]; /* the GPU of the partition */
};

/* What a device with partitions is; only a GPU can be given to a machine. */
enum gpu_kind { GPU_KIND_GPU, GPU_KIND_NPU, GPU_KIND_OTHER };

enum gpu_resource { GPU_VRAM, GPU_ENCODE, GPU_DECODE, GPU_COMPUTE, GPU_RESOURCES };

/* Amounts of one resource, in units of the driver's own: no bytes. 0: unknown. */
struct gpu_amount {
    uint64_t total, available;
    uint64_t least, most, best; /* of one partition */
};

struct gpu_info {
    char path[GPU_PATH_BYTES]; /* identifies it, also among several of one name */
    char name[GPU_NAME_BYTES];
    char driver[32]; /* version of the host's driver */
    enum gpu_kind kind;
    uint32_t partitions, partitions_free;
    struct gpu_amount amounts[GPU_RESOURCES];
};

/* The partition that a machine is to have. */
struct gpu_wish {
    const char *path;       /* NULL: none */
    uint32_t share_percent; /* 0: the whole card */
};

/* The computer that the machines run on. */
struct host_info {
    char build[32]; /* of its Windows: "10.0.26100.4946" */
    struct gpu_info gpus[GPUS_MAX];
    size_t gpu_count;
};

struct hypervisor;

struct hypervisor_ops {
    /* All machines in one call; the caller frees *ret_vms with free(). */
    bool (*list)(struct hypervisor *h,
                 struct vm_info **ret_vms,
                 size_t *ret_count,
                 struct err *err);
    bool (*host)(struct hypervisor *h, struct host_info *ret_host, struct err *err);
    /* Makes a machine that is off, without a GPU; ret_id: VM_ID_BYTES. */
    bool (*create)(struct hypervisor *h,
                   const struct vm_settings *settings,
                   char *ret_id,
                   struct err *err);
    /* Changes a machine that is off. */
    bool (*configure)(struct hypervisor *h,
                      const char *id,
                      const struct vm_settings *settings,
                      struct err *err);
    /* Forgets a machine that is off; its disk stays. A missing one is fine. */
    bool (*remove)(struct hypervisor *h, const char *id, struct err *err);
    /* ERR_CONFLICT when the state does not allow it. */
    bool (*power)(struct hypervisor *h, const char *id, enum vm_power power, struct err *err);
    /* Gives the machine a partition of a GPU, or takes it away. A device that is no GPU is
     * ERR_UNSUPPORTED. */
    bool (*gpu)(struct hypervisor *h, const char *id, const struct gpu_wish *wish, struct err *err);
    /* Appends what the guest's agent published ("" when nothing; at most KVP_BYTES). */
    bool (*kvp)(struct hypervisor *h, const char *id, struct buf *out, struct err *err);
    /* Where the guest's agent listens. */
    bool (*address)(struct hypervisor *h,
                    const char *id,
                    struct link_address *ret_address,
                    struct err *err);
    /* The picture on the machine's console, at most width x height; ERR_CONFLICT when it is off.
     * The caller frees its pixels with buf_done. */
    bool (*picture)(struct hypervisor *h,
                    const char *id,
                    uint32_t width,
                    uint32_t height,
                    struct picture *ret_picture,
                    struct err *err);
    /* Blocks until a machine may have changed or timeout_ms passed. */
    bool (*wait_change)(struct hypervisor *h, int64_t timeout_ms, struct err *err);
    void (*free)(struct hypervisor *h);
};

/* First member of every implementation. */
struct hypervisor {
    const struct hypervisor_ops *ops;
    int64_t boot_deadline_ms; /* a start without heartbeat and agent for so long is stuck */
    bool simulated_internet;  /* sim: payloads can be had */
};

/* Opens the simulation kept in folder, which is made when missing. program is the gpupv whose
 * hidden command runs a machine, NULL: this executable. The caller frees with hypervisor_free. */
bool hypervisor_open_sim(const char *folder,
                         const char *program,
                         struct hypervisor **ret_hypervisor,
                         struct err *err);

/* Opens this computer's hypervisor; ERR_UNSUPPORTED where there is none. */
bool hypervisor_open_system(struct hypervisor **ret_hypervisor, struct err *err);

/* NULL is fine. */
void hypervisor_free(struct hypervisor *hypervisor);

/* One machine by id; ERR_NOT_FOUND. */
bool hypervisor_find(struct hypervisor *h, const char *id, struct vm_info *ret_vm, struct err *err);

/* Switches a machine off and removes it, also one that is just being started by a command that
 * died; a missing one is fine. */
bool hypervisor_delete(struct hypervisor *h, const char *id, struct err *err);

/* Waits until the machine is in state, at most timeout_ms (ERR_TIMEOUT). A machine that is gone is
 * ERR_NOT_FOUND. */
bool hypervisor_wait_state(
    struct hypervisor *h, const char *id, enum vm_state state, int64_t timeout_ms, struct err *err);

/* The GPU that text means: its path, else a part of its name, any case. None or several:
 * ERR_USAGE with the list, a device that is no GPU: ERR_UNSUPPORTED. */
bool hypervisor_choose_gpu(const struct host_info *host,
                           const char *text,
                           const struct gpu_info **ret_gpu,
                           struct err *err);

/* Writes "name [path], name [path]" of those that can be given. */
void hypervisor_list_gpus(const struct host_info *host, char *out, size_t size);

/* True when another GPU of the host has the same name. */
bool hypervisor_gpu_has_twin(const struct host_info *host, const struct gpu_info *gpu);

/* Stable name of a kind ("gpu", "npu", "other") and of a resource ("vram"). */
const char *gpu_kind_name(enum gpu_kind kind);
const char *gpu_resource_name(enum gpu_resource resource);

/* Stable name of a state ("running") and its sentence. */
const char *vm_state_name(enum vm_state state);
enum text_id vm_state_text(enum vm_state state);

#endif
