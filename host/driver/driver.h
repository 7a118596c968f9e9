/*
 * Port: the GPU drivers of this computer, as far as a package for a guest needs them: which display
 * adapter stands behind a partitionable GPU, what its class key says, where the driver store keeps
 * a package. Files are read with fs.h. Implementations: Windows (SetupAPI and the configuration
 * manager) and a folder with the same content (simulation, tests). Facts: guest.md 5,
 * easy-gpu-pv.md 1.7. Blocking; one thread at a time for one port.
 */
#ifndef GPUPV_DRIVER_H
#define GPUPV_DRIVER_H

#include "common/driver_extra.h"

#define DRIVER_ID_BYTES 256

enum driver_vendor {
    DRIVER_VENDOR_OTHER,
    DRIVER_VENDOR_NVIDIA,
    DRIVER_VENDOR_AMD,
    DRIVER_VENDOR_INTEL
};

/* A display adapter with its driver. */
struct driver_adapter {
    char instance[DRIVER_ID_BYTES]; /* "PCI\VEN_10DE&DEV_2786...\4&..." */
    char name[128];
    char class_key[DRIVER_ID_BYTES]; /* "{4d36e968-e325-11ce-bfc1-08002be10318}\0001" */
    char inf[64];                    /* published name: "oem12.inf" */
    char version[32];                /* "32.0.15.6094" */
    enum driver_vendor vendor;       /* by the PCI id */
};

/* One registry value as text; MULTI: strings separated by '\n', DWORD: in number. */
struct driver_key_value {
    const char *name, *text;
    enum driver_type type;
    uint32_t number;
};

struct driver_port;

struct driver_ops {
    /* The adapter behind a GPU as the hypervisor names it. ERR_NOT_FOUND. */
    bool (*locate)(struct driver_port *port,
                   const char *gpu,
                   struct driver_adapter *ret_adapter,
                   struct err *err);
    /* Calls visit with each value of a key below HKLM until it returns false; a missing key has
     * none. Values of other types than ours are passed by. */
    bool (*values)(struct driver_port *port,
                   const char *key,
                   bool (*visit)(const struct driver_key_value *value, void *user),
                   void *user,
                   struct err *err);
    /* The folder of the driver store (FS_PATH_BYTES) that holds a published INF. ERR_NOT_FOUND. */
    bool (*package)(struct driver_port *port, const char *inf, char *ret_folder, struct err *err);
    /* The folders of the system: System32, SysWOW64, ProgramData; for DRIVER_STORE the folder that
     * holds all packages. */
    bool (*place)(struct driver_port *port,
                  enum driver_place place,
                  char *ret_folder,
                  struct err *err);
    void (*free)(struct driver_port *port);
};

struct driver_port {
    const struct driver_ops *ops;
};

/* A host kept in a folder: registry.json, and Windows' files below files/ (driver_make.h). */
bool driver_open_folder(const char *folder, struct driver_port **ret_port, struct err *err);

/* This computer; ERR_UNSUPPORTED elsewhere than on Windows. */
bool driver_open_system(struct driver_port **ret_port, struct err *err);

/* NULL is fine. */
void driver_free(struct driver_port *port);

/* The vendor that an instance path or hardware id names. */
enum driver_vendor driver_vendor_of(const char *instance);

/* The device instance of a GPU as the hypervisor names it: the path of a GPUPARAV interface,
 * "\\?\PCI#VEN_10DE&DEV_2786#4&1#{guid}\GPUPARAV", or the instance itself. False when it is neither
 * (out: DRIVER_ID_BYTES). */
bool driver_instance_of(const char *gpu, char *out);

/* "HKLM" key of an adapter's class key, or of a key below it (sub NULL: none); out: 512 bytes. */
void driver_class_path(const struct driver_adapter *adapter, const char *sub, char *out);

#endif
