/*
 * The simulated Windows as plain data: what exists, what is wrong with it, and what will happen at
 * which time. A struct world is copied by assignment but for the file contents of a world in memory
 * (world_copy counts their references). JSON is only its form on disk (world_json.h); its behaviour
 * is in rules.h. Every list is bounded; every time is the machine's wall time in ms, 0 = never.
 * Not locked: struct sim (sim_core.h) guards it.
 */
#ifndef GPUPV_SIM_WORLD_H
#define GPUPV_SIM_WORLD_H

#include "guest/machine/machine.h"

#define WORLD_VERSION       1
#define WORLD_DEVICES       24
#define WORLD_PACKAGES      12
#define WORLD_SERVICES      10
#define WORLD_PROCESSES     16
#define WORLD_TASKS         8
#define WORLD_REGISTRY      48
#define WORLD_PROGRAMS      16
#define WORLD_FILES         64
#define WORLD_FAULTS        32
#define WORLD_DRIFTS        24
#define WORLD_PUBLISHERS    8
#define WORLD_MONITORS      16
#define WORLD_GPU_FILES     4
#define WORLD_FILE_BYTES    (4u * 1024 * 1024)
#define WORLD_VDA           "Root\\Parsec\\VDA"
#define WORLD_CABLE         "VBAudioVACWDM"
#define WORLD_HYPERV_VIDEO  "VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}"
#define WORLD_GPU           "PCI\\VEN_1414&DEV_008E"
#define WORLD_VDD_LIFE_MS   1000 /* monitors vanish so long after the last keep-alive */
#define WORLD_TASK_DELAY_MS 120000

enum world_power { WORLD_OFF, WORLD_ON, WORLD_REBOOT, WORLD_SHUTDOWN, WORLD_CUT };

/* How a device is found: the bus finds its devices again after a removal, root devices stay away.
 */
enum world_bus { WORLD_BUS_ROOT, WORLD_BUS_VMBUS, WORLD_BUS_PCI };

/* What takes a device's problem away. */
enum world_cure {
    WORLD_CURE_AUTO, /* by the problem's number, as guest.md section 2 lists */
    WORLD_CURE_RESTART,
    WORLD_CURE_REINSTALL,
    WORLD_CURE_REBOOT,
    WORLD_CURE_HOST,
    WORLD_CURE_NEVER
};

struct world_device {
    char instance[128], hardware_id[128], name[96], device_class[24];
    enum world_bus bus;
    bool present;
    bool disabled;            /* also after a boot (somebody else's doing) */
    bool disabled_until_boot; /* ours */
    bool removed;             /* of a bus: away until the next scan */
    int32_t problem;
    enum world_cure cure;
    char inf[64], version[32], provider[64]; /* "" without a driver */
};

/* A driver package: in the driver store when staged, else only what an INF file contains. */
struct world_package {
    char inf[64];       /* its own file name, "mm.inf" */
    char published[32]; /* "oem7.inf"; "" while not staged */
    char hardware_id[128], device_class[24], name[96], version[32], provider[64];
    char signer[64]; /* "" unsigned */
    bool whql;       /* signed by Microsoft: never prompts */
    bool staged;
    bool needs_reboot;
};

struct world_service {
    char name[SERVICE_NAME_BYTES];
    enum service_state state;
    enum service_start start;
    uint32_t start_ms, stop_ms; /* how long it takes */
    int32_t start_error;        /* Win32 error of each start, 0: starts */
    int64_t ready_at_ms;        /* pending: when it is running (or stopped) */
    bool stopping;
    char process[64]; /* runs while the service does, "" none */
};

struct world_process {
    char name[64];
    bool user; /* in the user's session: ends with it */
};

enum world_action { WORLD_TASK_NOTHING, WORLD_TASK_VDD, WORLD_TASK_CABLE, WORLD_TASK_MONITOR };

struct world_task {
    char name[TASK_NAME_BYTES];
    bool enabled;
    enum world_action action;
    int64_t run_at_ms;
};

#define WORLD_REGISTRY_TEXT 256

struct world_registry {
    char key[160], name[64];
    enum registry_type type;
    uint32_t dword;
    char text[WORLD_REGISTRY_TEXT];
};

enum world_effect {
    WORLD_EFFECT_NONE,
    WORLD_EFFECT_PARSEC,
    WORLD_EFFECT_VDD,
    WORLD_EFFECT_VDD_UNPACK, /* unpacks only: the driver step is left to the caller */
    WORLD_EFFECT_CABLE,
    WORLD_EFFECT_PARSEC_REMOVE,
    WORLD_EFFECT_VDD_REMOVE,
    WORLD_EFFECT_CABLE_REMOVE
};

/* What running an executable does. The first row that matches file name and arguments counts. */
struct world_program {
    char file[96];   /* file name; one '*' stands for anything */
    char args[64];   /* must occur in the arguments, "" always matches */
    char silent[64]; /* without this argument it shows a window and waits for a person */
    char publisher[64];
    enum world_effect effect;
    uint32_t seconds;
    int32_t exit_code;
    bool needs_reboot; /* sets the machine's pending reboot */
    bool lies;         /* takes its time, exits well and does nothing */
    bool hangs;        /* never ends by itself */
    bool unpacks;      /* where Windows would ask about a driver: unpacks, then ends well without it
                          (else it waits for a person) */
};

/* A file of a world in memory; a folder's name ends with '/'. */
struct world_blob;
struct world_file {
    enum file_root root;
    char name[128];
    struct world_blob *blob;
    int64_t modified_ms;
};

enum world_fault_do {
    WORLD_FAULT_FAIL,   /* returns false with kind and code, changes nothing */
    WORLD_FAULT_LIE,    /* says true and does nothing; a reading operation finds nothing */
    WORLD_FAULT_KILL,   /* kills the process, before acting or after */
    WORLD_FAULT_HANG,   /* takes hang_s, then fails with a time-out */
    WORLD_FAULT_REBOOT, /* acts and wants a reboot */
    WORLD_FAULT_POWER   /* power cut, before acting or after */
};

struct world_fault {
    char port[16], op[24];
    char object[64]; /* counts only calls on an object that contains this, "" all */
    uint32_t call;   /* the first call that it hits, from 1 */
    uint32_t count;  /* how many calls in a row; 0: all that follow */
    enum world_fault_do action;
    bool after; /* kill, power: when the operation has been done */
    int32_t code;
    enum err_kind kind;
    uint32_t hang_s;
    uint32_t seen; /* calls so far */
};

/* Faults by chance on operations that change something; the same seed gives the same faults. */
struct world_random {
    uint32_t state;
    uint32_t per_mille;
    uint32_t left; /* so many more */
    bool fail, lie, reboot;
};

/* An edit (edit.h) that happens by itself after a boot. */
struct world_drift {
    uint32_t at_boot; /* 0: every boot */
    uint32_t after_s;
    char key[48], value[96];
    int64_t due_at_ms;
};

enum world_plan { WORLD_PLAN_FREE, WORLD_PLAN_WARP, WORLD_PLAN_TEAMS };
enum world_account { WORLD_SIGNED_OUT, WORLD_SIGNED_IN, WORLD_LOST };

/* What parsecd does to its configuration when it starts. */
enum world_rewrite {
    WORLD_REWRITE_PLAN, /* removes the lines that the plan does not have */
    WORLD_REWRITE_NONE,
    WORLD_REWRITE_LINES, /* removes them whatever the plan */
    WORLD_REWRITE_ALL    /* goes back to the stock file */
};

struct world_parsec {
    char version[16]; /* "150-104" */
    enum world_plan plan;
    enum world_account account;
    enum world_rewrite rewrite;
    uint32_t rewrites_left; /* with LINES and ALL: so many more starts; 0 means all */
    bool per_user;          /* installed for one user only: no service */
    bool json_config;       /* keeps config.json instead of config.txt */
    bool client;            /* somebody is connected */
    uint32_t person_s;      /* someone signs in so long after Parsec's window opens; 0: nobody */
    int64_t sign_in_at_ms;
    int64_t respawn_at_ms;
    uint32_t monitors; /* host_virtual_monitors as read at the start */
    char proxy[128];   /* likewise "address:port", "" none */
    bool privacy;
};

struct world_displays {
    enum display_topology topology;
    uint32_t width, height, hz; /* of the virtual monitors */
    bool basic_fallback;        /* Basic Display shows a picture when nothing else does */
    uint32_t other_owner;       /* monitors that another program holds */
    uint32_t vdd_minor;
};

struct world_gpu {
    bool attached;
    char name[96];
    char folder[160];                /* the HostDriverStore folder that the host expects */
    char version[32];                /* the host's driver */
    char files[WORLD_GPU_FILES][64]; /* user-mode driver files that must be there */
    uint32_t file_count;
    int32_t encode_status; /* forced result of the encoder probe, 0: by the driver's state */
    int32_t problem;       /* forced problem, cured by the host only */
};

struct world_session {
    char user[64];
    bool autologon;
    uint32_t logon_s; /* after a boot */
    bool secret;      /* Windows keeps the password of automatic logon */
    bool logged_on, enhanced;
    bool busy;           /* somebody types all the time */
    bool script_waiting; /* Easy-GPU-PV's logon script waits for the network */
    int64_t logon_at_ms, desktop_since_ms, input_ms;
};

enum world_proxy { WORLD_PROXY_OK, WORLD_PROXY_REFUSED, WORLD_PROXY_DENIED };

struct world_network {
    enum network_trouble trouble; /* without a proxy */
    char proxy[128];              /* "address:port" of the proxy that exists, "" none */
    enum world_proxy proxy_state;
};

struct world_system {
    enum world_power power;
    uint32_t boots;
    char boot_id[40];
    int64_t boot_at_ms;
    uint32_t setup_s; /* how long setup takes after the first boot */
    int64_t setup_until_ms;
    bool setup_stuck; /* setup keys say "running" for ever */
    bool reboot_pending;
    char computer[32], build[32], vm_id[40];
    bool sleep_allowed, media_present, media_offered, uac_secure_desktop, driver_updates;
    char audio_default[16]; /* "cable" or "other" */
    bool audio_other;       /* a second endpoint exists */
};

/* Monitors of the virtual display driver that a holder added (live.h keeps them on disk). */
struct world_live {
    uint32_t boots;    /* of which boot; older ones are gone */
    uint32_t monitors; /* bit mask of indices */
    int64_t ping_ms;   /* real wall time of the last keep-alive */
};

struct world {
    char name[48];
    int64_t scale;                        /* machine seconds in one real second */
    int64_t scale_real_ms, scale_wall_ms; /* real and machine wall time when scale was set */
    uint64_t generation;                  /* grows with every write */
    uint64_t change;                      /* grows with every write that checks could notice */
    uint32_t device_count, package_count, service_count, process_count, task_count, registry_count,
        program_count, file_count, fault_count, drift_count, publisher_count;
    struct world_device devices[WORLD_DEVICES];
    struct world_package packages[WORLD_PACKAGES];
    struct world_service services[WORLD_SERVICES];
    struct world_process processes[WORLD_PROCESSES];
    struct world_task tasks[WORLD_TASKS];
    struct world_registry registry[WORLD_REGISTRY];
    struct world_program programs[WORLD_PROGRAMS];
    struct world_file files[WORLD_FILES]; /* of a world in memory, and of one not yet unpacked */
    struct world_fault faults[WORLD_FAULTS];
    struct world_drift drifts[WORLD_DRIFTS];
    char publishers[WORLD_PUBLISHERS][64]; /* TrustedPublisher */
    struct world_random random;
    struct world_parsec parsec;
    struct world_displays displays;
    struct world_gpu gpu;
    struct world_session session;
    struct world_network network;
    struct world_system system;
    struct world_live live; /* of a world in memory */
};

/* An empty Windows: switched off, nothing installed, time scale 1. */
void world_init(struct world *world);

/* Lets go of the file contents; the world is empty afterwards. */
void world_done(struct world *world);

/* Makes *to equal to from; file contents are shared. *to must have been initialised. */
void world_copy(struct world *to, const struct world *from);

/* The element with this name, ignoring case; NULL when there is none. */
struct world_device *world_device(struct world *world, const char *instance);
struct world_service *world_service(struct world *world, const char *name);
struct world_task *world_task(struct world *world, const char *name);
struct world_registry *world_registry(struct world *world, const char *key, const char *name);

/* The first device whose hardware id begins with prefix, NULL when there is none. */
struct world_device *world_device_like(struct world *world, const char *hardware_id);

/* The package of this INF file name, of this path's last component, or that serves hardware_id. */
struct world_package *world_package_of_inf(struct world *world, const char *inf_path);
struct world_package *world_package_for(struct world *world, const char *hardware_id, bool staged);

/* Appends a zeroed element; NULL when the list is full. */
struct world_device *world_add_device(struct world *world);
struct world_package *world_add_package(struct world *world);
struct world_service *world_add_service(struct world *world);
struct world_task *world_add_task(struct world *world);

/* Removes the element at this place; the order of the others stays. */
void world_remove_device(struct world *world, struct world_device *device);
void world_remove_service(struct world *world, struct world_service *service);
void world_remove_task(struct world *world, struct world_task *task);

/* Starts, counts and ends processes by file name. */
void world_process_start(struct world *world, const char *name, bool user);
unsigned world_process_count(const struct world *world, const char *name);
void world_process_end(struct world *world, const char *name);

/* Writes a registry value; an absent type removes it. False when the registry is full or the text
 * too long for a simulated one. */
bool world_registry_set(struct world *world,
                        const char *key,
                        const char *name,
                        const struct registry_value *value);

/* The problem that Windows would show now, DEVICE_PROBLEM_NONE for a device that works. */
int32_t world_device_problem(const struct world_device *device);
bool world_device_started(const struct world_device *device);

/* True when the publisher's certificate is in TrustedPublisher. */
bool world_publisher_trusted(const struct world *world, const char *publisher);
bool world_publisher_trust(struct world *world, const char *publisher);
void world_publisher_distrust(struct world *world, const char *publisher);

/* ASCII comparison without case, and search and prefix of the same kind. */
bool world_same(const char *a, const char *b);
bool world_begins(const char *text, const char *prefix);

/* Contents of files in memory. world_file returns NULL when there is none; world_file_put fails
 * when the world is full or out of memory. */
struct world_file *world_file(struct world *world, enum file_root root, const char *name);
const void *world_file_data(const struct world_file *file, size_t *ret_length);
bool world_file_put(struct world *world,
                    enum file_root root,
                    const char *name,
                    const void *data,
                    size_t length,
                    int64_t modified_ms);
void world_file_remove(struct world *world, struct world_file *file);

/* Stable names of the file roots ("parsec_shared"), as in world files and below disk/files/. */
extern const char *const world_root_names[FILE_ROOTS];

#endif
