/*
 * Ports: active display paths, the Parsec virtual display driver as the holder uses it, and the GPU
 * adapters. Facts: guest.md sections 2, 4 and 5. `displays` works through a helper in the console
 * session; blocking, job threads only. `vdd` is used by the holder's own thread as well: its
 * functions may be called from one thread at a time that is not the job thread.
 */
#ifndef GPUPV_MACHINE_DISPLAYS_H
#define GPUPV_MACHINE_DISPLAYS_H

#include "common/err.h"

#include <stdint.h>

#define DISPLAY_PATHS 16

enum display_kind {
    DISPLAY_OTHER,
    DISPLAY_HYPERV_VIDEO,
    DISPLAY_BASIC,
    DISPLAY_PARSEC,
    DISPLAY_REMOTE,
    DISPLAY_VIRTUAL_OTHER
};

struct display_path {
    enum display_kind kind; /* by the adapter's hardware id */
    char adapter[128];
    uint32_t width, height, hz;
    bool primary;
};

struct display_list {
    struct display_path items[DISPLAY_PATHS];
    size_t count;
};

enum display_topology {
    DISPLAY_EXTEND, /* all of them, the console's picture included; Hyper-V Video primary when it is
                       there */
    DISPLAY_VIRTUAL_MAIN, /* all of them, the virtual monitor primary */
    DISPLAY_VIRTUAL_ONLY  /* the virtual monitor alone */
};

struct displays_port;

struct displays_ops {
    /* Active paths now (QueryDisplayConfig, only active). */
    bool (*paths)(struct displays_port *port, struct display_list *ret_list, struct err *err);
    bool (*set_topology)(struct displays_port *port,
                         enum display_topology topology,
                         struct err *err);
    /* Sets the mode of the virtual monitor. */
    bool (*set_mode)(
        struct displays_port *port, uint32_t width, uint32_t height, uint32_t hz, struct err *err);
};

struct displays_port {
    const struct displays_ops *ops;
};

struct vdd_port;

/* The driver's interface {00b41627-04c4-429e-a26e-0265cf50c8fa}. */
struct vdd_ops {
    bool (*open)(struct vdd_port *port,
                 struct err *err); /* ERR_NOT_FOUND without a started device */
    /* Gives the device back. Monitors belong to the driver: they vanish when keep-alives stop. */
    void (*close)(struct vdd_port *port);
    /* Minor version of the driver's interface; the device must be open. */
    bool (*version)(struct vdd_port *port, uint32_t *ret_minor, struct err *err);
    /* Plugs one monitor in and answers its index; it stays while pings come. */
    bool (*add)(struct vdd_port *port, uint32_t *ret_index, struct err *err);
    /* Unplugs the monitor with that index. */
    bool (*remove)(struct vdd_port *port, uint32_t index, struct err *err);
    bool (*ping)(
        struct vdd_port *port,
        struct err *err); /* keep-alive; every monitor vanishes about 1 s after the last one */
};

struct vdd_port {
    const struct vdd_ops *ops;
};

struct gpu_adapter {
    bool present; /* a paravirtualised adapter exists (D3DKMT) */
    char name[128];
    char driver_folder[256]; /* the HostDriverStore folder that the host expects: last component
                                only */
    char driver_host[32];    /* kernel driver version as the host's, "" when unknown [probe] */
    char driver_guest[32];   /* version of the staged user-mode driver, "" when files are missing */
    bool folder_present;
    char missing_file[128]; /* first user-mode driver file that is missing, "" when none */
};

struct gpu_port;

struct gpu_ops {
    /* Reads what is known of the adapter; none at all is true with present = false. */
    bool (*query)(struct gpu_port *port, struct gpu_adapter *ret_adapter, struct err *err);
    /* Opens and closes an encoder session on the adapter; *ret_status is 0 or Parsec's number
     * (-15000, -15101). */
    bool (*encode_probe)(struct gpu_port *port, int32_t *ret_status, struct err *err);
};

struct gpu_port {
    const struct gpu_ops *ops;
};

#endif
