/*
 * Port: device instances as the PnP manager knows them, and driver packages in the driver store.
 * Each function reports on or acts on one thing; sequences (remove phantoms, stage, create, bind,
 * verify) are portable code above (repair/device_*.c). Hardware ids compare without case. Blocking;
 * job threads only; one call at a time. Facts: guest.md sections 2, 4, 6.2.
 */
#ifndef GPUPV_MACHINE_DEVICES_H
#define GPUPV_MACHINE_DEVICES_H

#include "common/err.h"
#include "common/publishers.h"

#include <stdint.h>

#define DEVICE_ID_BYTES   256
#define DEVICE_TEXT_BYTES 128
#define DEVICES_MAX       64

/* Windows' CM_PROB_* numbers that the repairs tell apart. */
enum device_problem {
    DEVICE_PROBLEM_NONE = 0,
    DEVICE_PROBLEM_NOT_CONFIGURED = 1,
    DEVICE_PROBLEM_FAILED_START = 10,
    DEVICE_PROBLEM_CONFLICT = 12,
    DEVICE_PROBLEM_NEED_RESTART = 14,
    DEVICE_PROBLEM_REINSTALL = 18,
    DEVICE_PROBLEM_BEING_REMOVED = 21,
    DEVICE_PROBLEM_DISABLED = 22,
    DEVICE_PROBLEM_NO_DRIVER = 28,
    DEVICE_PROBLEM_FAILED_ADD = 31,
    DEVICE_PROBLEM_STILL_LOADED = 38,
    DEVICE_PROBLEM_LOAD_FAILED = 39,
    DEVICE_PROBLEM_FAILURE = 43,
    DEVICE_PROBLEM_PHANTOM = 45,
    DEVICE_PROBLEM_UNSIGNED = 52
};

struct device {
    char instance[DEVICE_ID_BYTES];    /* "ROOT\DISPLAY\0000" */
    char hardware_id[DEVICE_ID_BYTES]; /* the first one: "Root\Parsec\VDA" */
    char name[DEVICE_TEXT_BYTES];
    char device_class[32]; /* "Display", "MEDIA" */
    bool present;          /* false: a phantom that is no longer connected */
    bool started;
    int32_t problem; /* enum device_problem or any other CM_PROB number */
    char driver_version[32], driver_provider[64],
        driver_inf[64]; /* "" without a driver; inf is the published "oem7.inf" */
};

struct device_list {
    struct device items[DEVICES_MAX];
    size_t count;
};

/* Whose certificates may be added to the trusted publishers, separated by '|' (guest.md 6.4). */
#define DRIVER_PUBLISHERS                                                                          \
    PUBLISHERS_VDD "|" PUBLISHERS_CABLE "|Microsoft Windows Hardware Compatibility Publisher"

#define DRIVER_MARK_BYTES 65 /* printable, with its end */

enum driver_trust { DRIVER_SILENT, DRIVER_WOULD_PROMPT, DRIVER_UNTRUSTED };

struct devices_port;

struct devices_ops {
    /* All devices, present and phantom, whose hardware ids begin with hardware_id; NULL lists the
     * display and media classes. */
    bool (*list)(struct devices_port *port,
                 const char *hardware_id,
                 struct device_list *ret_list,
                 struct err *err);
    /* Enables; disables until the next boot only (never persistent); *ret_reboot is set when
     * Windows wants one. */
    bool (*enable)(struct devices_port *port,
                   const char *instance,
                   bool *ret_reboot,
                   struct err *err);
    bool (*disable)(struct devices_port *port,
                    const char *instance,
                    bool *ret_reboot,
                    struct err *err);
    /* Removes the device instance (phantom or not); its driver package stays in the store. */
    bool (*remove)(struct devices_port *port,
                   const char *instance,
                   bool *ret_reboot,
                   struct err *err);
    /* Creates a root-enumerated device without a driver. */
    bool (*create)(struct devices_port *port,
                   const char *hardware_id,
                   const char *device_class,
                   struct err *err);
    /* Enumerates hardware again. */
    bool (*rescan)(struct devices_port *port, struct err *err);
};

struct devices_port {
    const struct devices_ops *ops;
};

struct drivers_port;

struct drivers_ops {
    /* Finds a package in the driver store that serves hardware_id; *ret_inf (DEVICE_ID_BYTES) is
     * the INF's full path in the store, "" when there is none. */
    bool (*find)(struct drivers_port *port,
                 const char *hardware_id,
                 char *ret_inf,
                 struct err *err);
    /* Says what installing the package would do without a person: run silently, prompt, or be
     * refused. */
    bool (*trust)(struct drivers_port *port,
                  const char *inf_path,
                  enum driver_trust *ret_trust,
                  struct err *err);
    /* Whose certificate trust_signer would add: ret_mark (DRIVER_MARK_BYTES) tells it from all
     * others, *ret_trusted whether it is among the trusted publishers already. Errors as
     * trust_signer. */
    bool (*signer)(struct drivers_port *port,
                   const char *inf_path,
                   char *ret_mark,
                   bool *ret_trusted,
                   struct err *err);
    /* Takes the certificate of that mark from the trusted publishers; none: true. */
    bool (*distrust)(struct drivers_port *port, const char *mark, struct err *err);
    /* Adds the exact signer of the package's catalogue to TrustedPublisher, when it is an allowed
     * publisher (else ERR_UNSAFE). */
    bool (*trust_signer)(struct drivers_port *port, const char *inf_path, struct err *err);
    /* Copies the package into the driver store. */
    bool (*stage)(struct drivers_port *port, const char *inf_path, struct err *err);
    /* Binds the best package to all devices with hardware_id, without UI. Already the best driver:
     * true. */
    bool (*bind)(struct drivers_port *port,
                 const char *hardware_id,
                 const char *inf_path,
                 bool *ret_reboot,
                 struct err *err);
};

struct drivers_port {
    const struct drivers_ops *ops;
};

#endif
