/*
 * The computer that gpupv runs on: what decides whether VMs with a GPU can run on it, and the few
 * settings of Windows that gpupv changes, only through the ledger (host/ledger.h). A port with two
 * implementations: Windows, and a simulated computer that is a JSON file in the folder of the
 * simulation. Blocking; any thread, one at a time.
 */
#ifndef GPUPV_COMPUTER_H
#define GPUPV_COMPUTER_H

#include "common/fs.h"

#include <stddef.h>

#define COMPUTER_TEXT_BYTES    64
#define COMPUTER_SETTING_BYTES 64
#define COMPUTER_VALUE_BYTES   64
#define COMPUTER_UNSET         "unset" /* the value of a setting that is not there */

enum fact { FACT_UNKNOWN, FACT_NO, FACT_YES, FACTS };

enum feature_state {
    FEATURE_UNKNOWN,
    FEATURE_ABSENT, /* not part of this Windows */
    FEATURE_DISABLED,
    FEATURE_ENABLED,
    FEATURE_PENDING, /* changes with the next restart */
    FEATURE_STATES
};

enum launch_type { LAUNCH_UNKNOWN, LAUNCH_UNSET, LAUNCH_AUTO, LAUNCH_OFF, LAUNCH_TYPES };

enum service_life {
    SERVICE_LIFE_UNKNOWN,
    SERVICE_LIFE_ABSENT,
    SERVICE_LIFE_STOPPED,
    SERVICE_LIFE_RUNNING,
    SERVICE_LIVES
};

struct computer_facts {
    enum fact firmware;   /* virtualisation is switched on there */
    enum fact hypervisor; /* one runs below Windows */
    enum fact nested;     /* it is somebody else's: Windows runs in a VM */
    enum feature_state hyperv, platform;
    enum launch_type launch;
    char edition[COMPUTER_TEXT_BYTES]; /* "Professional" */
    char build[COMPUTER_TEXT_BYTES];   /* "10.0.26100.4946" */
    enum fact server;
    uint32_t memory_mb, disk_free_gb; /* 0: unknown; the disk where state is kept */
    enum fact lid, battery, ups;
    enum fact wsl, vmware, virtualbox;
    enum fact secure_policy, supported_policy; /* NO: assignment is not restricted */
    enum service_life vmms;
    enum fact automount; /* new volumes get a letter */
    enum fact reboot_pending;
};

/* The settings that can be changed. */
#define COMPUTER_HYPERV    "feature.Microsoft-Hyper-V-All"           /* enabled | disabled */
#define COMPUTER_PLATFORM  "feature.VirtualMachinePlatform"          /* enabled | disabled */
#define COMPUTER_LAUNCH    "hypervisor.launch"                       /* auto | off */
#define COMPUTER_SECURE    "policy.RequireSecureDeviceAssignment"    /* 0 | 1 */
#define COMPUTER_SUPPORTED "policy.RequireSupportedDeviceAssignment" /* 0 | 1 */
#define COMPUTER_AUTOMOUNT "volumes.NoAutoMount"                     /* 0 | 1 */

struct computer;

struct computer_ops {
    /* What is known; a fact that cannot be read is unknown, not an error. */
    bool (*facts)(struct computer *c, struct computer_facts *ret_facts, struct err *err);
    /* The value of a setting now, COMPUTER_UNSET when it is not there. out:
     * COMPUTER_VALUE_BYTES. */
    bool (*get)(struct computer *c, const char *setting, char *out, struct err *err);
    /* Changes a setting; COMPUTER_UNSET takes it away. *ret_reboot: it takes effect with the next
     * restart. */
    bool (*set)(struct computer *c,
                const char *setting,
                const char *value,
                bool *ret_reboot,
                struct err *err);
    /* Frees; NULL is fine. */
    void (*free)(struct computer *c);
};

struct computer {
    const struct computer_ops *ops;
};

/* Opens the real one (ERR_UNSUPPORTED where that is not Windows) or the simulated one of a folder.
 * state: the folder of all state. The caller frees with computer_free. */
bool computer_open_system(const char *state, struct computer **ret_computer, struct err *err);
bool computer_open_sim(const char *state, struct computer **ret_computer, struct err *err);

/* NULL is fine. */
void computer_free(struct computer *c);

/* Changes the simulated computer: "firmware=no"; "reboot=1" restarts it. ERR_USAGE with the list of
 * names. */
bool computer_sim_edit(const char *state, const char *setting, struct err *err);

/* ---- the facts as a table ---- */

enum fact_type { FACT_TYPE_CHOICE, FACT_TYPE_NUMBER, FACT_TYPE_TEXT };

struct fact_row {
    const char *name; /* stable, for JSON */
    enum fact_type type;
    size_t offset;            /* in struct computer_facts: an int-sized enum, uint32_t or char[] */
    const char *const *names; /* FACT_TYPE_CHOICE, ended by NULL */
};

/* All facts, ended by a row without a name. */
extern const struct fact_row fact_rows[];

/* The value as text, "unknown" for 0 of a choice; returns out. */
const char *fact_get(const struct computer_facts *facts,
                     const struct fact_row *row,
                     char out[COMPUTER_TEXT_BYTES]);

/* Sets it from text; false when the value is none of its names, or no number. */
bool fact_set(struct computer_facts *facts, const struct fact_row *row, const char *text);

#endif
