/*
 * What a check can find wrong. A cause is the unit of the engine's memory: attempts, back-off and
 * giving up are counted per cause (journal.h), and its row says how bad it is, the sentence a
 * person reads, what a person can do, and the ladder of repairs in the order in which they are
 * tried. Everything the engine does can be read in the table of cause.c. Pure data; any thread.
 *
 * Within one cause a check may tell different evidence apart by finding.detail (a problem code, a
 * hash of what is there): other evidence starts a ladder anew.
 */
#ifndef GPUPV_CAUSE_H
#define GPUPV_CAUSE_H

#include "common/health.h"
#include "guest/repair/repair_id.h"

/* In the order of the checks; the rows of cause.c stand in this order. */
enum cause {
    CAUSE_NONE,

    CAUSE_GPU_ABSENT,         /* no partition, or not attached yet */
    CAUSE_GPU_DISABLED,       /* gpu.status: problem 22 */
    CAUSE_GPU_FAILED,         /* 31, 43: driver files, or their version */
    CAUSE_GPU_NOT_STARTED,    /* 10: the partition is not attached properly */
    CAUSE_GPU_CONFLICT,       /* 12: address space, the host's business */
    CAUSE_GPU_NEED_RESTART,   /* 14, 21, 38 */
    CAUSE_GPU_OTHER,          /* any other problem code */
    CAUSE_GPU_FOLDER,         /* gpu.driver: the folder that the host expects is missing */
    CAUSE_GPU_FILE,           /* a user-mode driver file is missing */
    CAUSE_GPU_VERSION,        /* staged version differs from the host's */
    CAUSE_GPU_ENCODE,         /* encoder does not open: -15000 */
    CAUSE_GPU_ENCODE_LIBRARY, /* encoder library does not load: -15101 */

    CAUSE_VDD_MISSING, /* display.adapter */
    CAUSE_VDD_EXTRA,   /* phantoms or duplicates beside a working one */
    CAUSE_VDD_DISABLED,
    CAUSE_VDD_FAILED,       /* 10, 31, 43 */
    CAUSE_VDD_NO_DRIVER,    /* 1, 18, 28, 39 and what is not named */
    CAUSE_VDD_NEED_RESTART, /* 14, 21, 38 */
    CAUSE_VDD_UNSIGNED,     /* 52: reported only */

    CAUSE_MONITOR_ABSENT,    /* strategy hold: no active path on the virtual adapter */
    CAUSE_MONITOR_HELD,      /* strategy parsec: the agent still holds one */
    CAUSE_MONITOR_NOT_SHOWN, /* strategy parsec: client connected, no virtual monitor appeared */
    CAUSE_MONITOR_FOREIGN,   /* strategy hold: another program holds the virtual monitor */
    CAUSE_MONITOR_MODE,      /* not the wanted size */

    CAUSE_VIDEO_LOST,       /* nobody can see the machine: give the console back */
    CAUSE_VIDEO_WANTED,     /* policy, sign-in or a person wants the console picture */
    CAUSE_VIDEO_FOR_REPAIR, /* given back before a repair takes the stream away */
    CAUSE_VIDEO_ON,         /* policy disable: console picture still active */
    CAUSE_VIDEO_PRIMARY,    /* policy secondary: console picture is the primary one */

    CAUSE_CABLE_MISSING,
    CAUSE_CABLE_EXTRA,
    CAUSE_CABLE_DISABLED,
    CAUSE_CABLE_FAILED,
    CAUSE_CABLE_NO_DRIVER,
    CAUSE_CABLE_NEED_RESTART,
    CAUSE_CABLE_UNSIGNED,
    CAUSE_AUDIO_STOPPED,
    CAUSE_AUDIO_ENDPOINT,
    CAUSE_AUDIO_NOT_DEFAULT,

    CAUSE_PARSEC_MISSING,
    CAUSE_PARSEC_PER_USER, /* per-user installation: no service */
    CAUSE_PARSEC_DAMAGED,  /* registered, but its program is not there */
    CAUSE_PARSEC_RESET,    /* a person asked for a new Parsec */
    CAUSE_SERVICE_STOPPED,
    CAUSE_SERVICE_DISABLED,
    CAUSE_SERVICE_DEAD,    /* the service runs, parsecd does not */
    CAUSE_CONFIG_LINES,    /* lines are missing or different; detail: hash of what is there */
    CAUSE_PARSEC_LAYER,    /* not started as the profile says; detail: wanted */
    CAUSE_CONFIG_BROKEN,   /* cannot be parsed */
    CAUSE_ACCOUNT_NONE,    /* never signed in */
    CAUSE_ACCOUNT_LOST,    /* was signed in */
    CAUSE_LOG_CAPTURE,     /* -14003 and relatives, no displays */
    CAUSE_LOG_ENCODER,     /* -15xxx */
    CAUSE_LOG_SOFTWARE,    /* a software encoder streams */
    CAUSE_LOG_AUDIO,       /* -9000 */
    CAUSE_LOG_NETWORK,     /* 800, websocket errors */
    CAUSE_LOG_GAMEPAD,     /* virtual USB adapter */
    CAUSE_NETWORK_ADDRESS, /* parsec.network: in the order of enum network_trouble */
    CAUSE_NETWORK_NAMES,
    CAUSE_NETWORK_PROXY_REFUSED,
    CAUSE_NETWORK_PROXY_DENIED,
    CAUSE_NETWORK_BLOCKED,
    CAUSE_NETWORK_CLOCK,
    CAUSE_NETWORK_NO_UDP,
    CAUSE_NETWORK_DOUBLE_NAT,

    CAUSE_LEGACY_TASKS,
    CAUSE_LEGACY_SCRIPTS,

    CAUSE_DESKTOP_NONE,
    CAUSE_ENHANCED_SESSION,

    CAUSE_SLEEP_ALLOWED,
    CAUSE_MEDIA_MISSING,
    CAUSE_UAC_SECURE,
    CAUSE_DRIVER_UPDATES,
    CAUSE_PASSWORD_READABLE, /* of automatic sign-in: an answer file, or a plain value */
    CAUSE_REBOOT_PENDING,    /* Windows itself waits for a restart */

    CAUSE_COUNT
};

#define CAUSE_STEPS         6
#define CAUSE_TRIES_FOREVER 255

/* One rung: the repair is tried so often before the next rung. */
struct cause_step {
    enum repair_id repair; /* REPAIR_NONE ends the ladder */
    uint8_t tries;         /* CAUSE_TRIES_FOREVER: never given up, spaced by the back-off */
};

enum cause_policy { CAUSE_ALWAYS, CAUSE_POLICY_POWER, CAUSE_POLICY_UPDATES, CAUSE_POLICY_MEDIA };

struct cause_row {
    const char *name; /* stable: "vdd.missing" */
    enum check_id check;
    enum check_status status; /* STATUS_WARNING or STATUS_BAD */
    enum text_id message;     /* the finding; arguments come from the check */
    enum text_id hint;        /* what a person can do when no repair is left; TEXT_NONE */
    bool exempt;              /* gives a lost display back: waits for nobody, never given up */
    enum cause_policy policy; /* repaired only when the profile's policy says so */
    struct cause_step ladder[CAUSE_STEPS];
};

/* The row of a cause; CAUSE_NONE has an empty one. */
const struct cause_row *cause_row(enum cause cause);

/* The cause of a stable name; false when there is none. */
bool cause_parse(const char *name, enum cause *ret_cause);

#endif
