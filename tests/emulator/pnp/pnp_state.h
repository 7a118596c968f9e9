/* What other emulators may know and change of the emulated PnP manager. Link
 * gpupv_emulator_pnp_state; no DLL of this folder is needed, all state lies in the prefix's
 * registry, so every process sees the same devices. Functions may be called from any thread and any
 * process; each takes and gives back the machine-wide lock, none keeps it. Strings are UTF-16,
 * instance ids as Windows writes them
 * ("ROOT\DISPLAY\0000"), compared without case.
 *
 * The first call after a boot of the prefix boots the emulated machine as well. README.md says how
 * a prefix is seeded and which behaviours it can be given. */
#ifndef GPUPV_TESTS_PNP_STATE_H
#define GPUPV_TESTS_PNP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

enum {
    PNP_ID_MAX = 200,  /* characters of an instance or hardware id, MAX_DEVICE_ID_LEN */
    PNP_TEXT_MAX = 128 /* characters of a name or version */
};

struct pnp_device {
    wchar_t instance[PNP_ID_MAX];
    wchar_t hardware_id[PNP_ID_MAX]; /* the first one */
    wchar_t parent[PNP_ID_MAX];
    wchar_t name[PNP_TEXT_MAX]; /* friendly name, else the description */
    wchar_t device_class[PNP_TEXT_MAX];
    wchar_t service[PNP_TEXT_MAX];
    wchar_t driver_version[PNP_TEXT_MAX]; /* "0.45.0.0", empty without a driver */
    wchar_t inf[PNP_TEXT_MAX];            /* published name, "oem3.inf" */
    bool present;                         /* false: a phantom */
    bool started;
    uint32_t problem; /* CM_PROB_*, 0 for none */
    uint32_t starts;  /* starts since boot: another number means that the driver was loaded anew */
};

/* The first present device with that hardware id. false: there is none. */
bool pnp_find(const wchar_t *hardware_id, struct pnp_device *ret_device);

/* The device of that instance id, present or not. false: unknown. */
bool pnp_get(const wchar_t *instance, struct pnp_device *ret_device);

/* The device behind a device interface path, "\\?\ROOT#DISPLAY#0000#{00b41627-...}" with or without
 * a reference string behind it, as CreateFile gets it. false when the path is none of an interface
 * that is enabled now: CreateFile then fails with ERROR_FILE_NOT_FOUND. */
bool pnp_of_interface(const wchar_t *path, struct pnp_device *ret_device);

/* All devices whose class has that name ("Display", "Monitor"; NULL for all), present ones first,
 * at most max. The number found is returned, also when it is more than max. */
size_t pnp_list(const wchar_t *device_class, struct pnp_device *ret_devices, size_t max);

/* Reports a child of a started device, as its driver does with a monitor it plugs in. The instance
 * id becomes DEVICE_ID\UID, e.g. L"DISPLAY\\PSCCDD0" and L"5&2b5a7f4&0&UID256"; DEVICE_ID with
 * MONITOR in place of DISPLAY is the hardware id. The monitor interface appears with it. A child
 * known from before comes back. false: the parent is not started, or the child is there already. */
bool pnp_monitor_add(const wchar_t *parent,
                     const wchar_t *device_id,
                     const wchar_t *uid,
                     const wchar_t *name);

/* Takes a child away; it stays known as a phantom. Children of a device that stops go by
 * themselves. false: it was not present. */
bool pnp_monitor_remove(const wchar_t *instance);

/* Counts the handles that this process has open to a device (change is 1 or -1). A device with open
 * handles vetoes its removal, as Windows does (PNP_VetoOutstandingOpen). What a process that died
 * had open does not count. */
void pnp_handles(const wchar_t *instance, int change);

/* Lets a started device fail by itself with that CM_PROB number, as when its driver reports a
 * failure (43). It stays present, its interfaces and children go. false: it was not started. */
bool pnp_fail(const wchar_t *instance, uint32_t problem);

/* Grows with every change of the device tree. */
uint32_t pnp_generation(void);

/* Waits until pnp_generation differs from seen. false: not within timeout_ms. */
bool pnp_wait(uint32_t seen, uint32_t timeout_ms);

/* The error that a test wants the named function to fail with at this call, 0 for none. Counts the
 * call. Use the names of the functions that the program calls: "DeviceIoControl". */
uint32_t pnp_fault(const char *function);

/* Adds a line to the call log C:\emulator\pnp.log. */
__attribute__((format(printf, 1, 2))) void pnp_log(const char *format, ...);

#endif
