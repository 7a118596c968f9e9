/*
 * Devices that the agent keeps in order: the Parsec virtual display adapter, VB-Cable, the GPU and
 * Hyper-V Video. Portable sequences over the primitives of the devices and drivers ports; a device
 * is known by its hardware id, never by its instance number. Facts: guest.md sections 2, 3, 4.
 * Blocking; job threads only.
 */
#ifndef GPUPV_GUEST_DEVICE_H
#define GPUPV_GUEST_DEVICE_H

#include "guest/repair/repair.h"

/* A kind of device. */
struct device_kind {
    const char *hardware_id; /* prefix, compared without case */
    const char *name;        /* product name, the same in every language */
    const char *device_class;
    enum file_root package_root; /* where its installer leaves the driver package */
    const char *package_inf;     /* the INF below it; NULL: only the driver store has one */
};

extern const struct device_kind device_vdd, device_cable, device_gpu, device_video;

struct device_view {
    struct device_list list;   /* all instances, phantoms included */
    size_t present;            /* instances that are there */
    size_t extra;              /* instances to remove: phantoms and duplicates of the best one */
    const struct device *best; /* the one to keep, NULL without a present one; points into list */
};

/* Lists the instances and picks the one to keep: a working one before any other. */
bool device_look(struct devices_port *devices,
                 const struct device_kind *kind,
                 struct device_view *ret_view,
                 struct err *err);

/* True when the device is there, started and without a problem. */
bool device_works(const struct device *device);

/* Removes phantoms and duplicates, keeping the best one. */
bool device_tidy(struct devices_port *devices,
                 const struct device_kind *kind,
                 bool *ret_reboot,
                 struct err *err);

/* Enables the disabled instances. */
bool device_enable(struct devices_port *devices,
                   const struct device_kind *kind,
                   bool *ret_reboot,
                   struct err *err);

/* Disables and enables the present instances; an instance that stays disabled is in the undo record
 * that is written first. */
bool device_restart(struct repair_context *context,
                    const struct device_kind *kind,
                    bool *ret_reboot,
                    struct err *err);

/* Tidies, stages the package from the installer's folder unless the driver store has it, adds its
 * signer to the trusted publishers (taken back at the release) when Windows would ask, creates the
 * device when there is none, and binds. ERR_NOT_FOUND without a package, ERR_UNSAFE when its
 * publisher is not allowed. */
bool device_bind(struct repair_context *context,
                 const struct device_kind *kind,
                 bool *ret_reboot,
                 struct err *err);

/* State of Hyper-V Video and the instance to switch (DEVICE_ID_BYTES, "" when absent). */
bool device_video_look(struct devices_port *devices,
                       enum video_state *ret_state,
                       char *ret_instance,
                       struct err *err);

/* Writes the causes by which the problems of a kind are told apart. */
struct device_causes {
    enum cause missing, extra, disabled;
    enum cause not_started; /* 10 */
    enum cause failed;      /* 31, 43, or not started without a reason */
    enum cause no_driver, need_restart, unsigned_driver, conflict;
};

/* The finding of a device check. */
void device_check(struct devices_port *devices,
                  const struct device_kind *kind,
                  const struct device_causes *causes,
                  struct finding *ret_finding);

#endif
