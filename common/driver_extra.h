/*
 * What a GPU driver package needs beside files, as the JSON of gpupv.json in its tree: registry
 * values, links, and files that only take the place of older ones.
 *
 *   {"version": 1, "package": "<folder>", "driver": "32.0.15.6094",
 *    "values": [{"key": "service", "name": "Start", "type": "dword", "value": 3}, ...],
 *    "links": ["<folder>", ...],          DriverStore\FileRepository\<folder> points to the copy
 *    "newer": ["system32/x.dll", ...]}
 *
 * Keys are chosen from a list, so that a package can write nowhere else: "service" is the
 * nvlddmkm service, "adapter" the class key of the guest's GPU adapter, which only the guest
 * knows. Text of "service" names files of the package only. The guest does not trust it more than
 * a manifest. Pure; any thread.
 */
#ifndef GPUPV_DRIVER_EXTRA_H
#define GPUPV_DRIVER_EXTRA_H

#include "common/driver_tree.h"
#include "common/json.h"

#define DRIVER_EXTRA_VALUES 48
#define DRIVER_EXTRA_LINKS  8
#define DRIVER_EXTRA_NEWER  128
#define DRIVER_TEXT_BYTES   500
#define DRIVER_EXTRA_BYTES  ((size_t)128 << 10)

#define DRIVER_SERVICE_KEY "SYSTEM\\CurrentControlSet\\Services\\nvlddmkm"
#define DRIVER_STORE_ROOT  "\\SystemRoot\\System32\\HostDriverStore\\FileRepository\\"

enum driver_key { DRIVER_KEY_SERVICE, DRIVER_KEY_ADAPTER, DRIVER_KEYS };
enum driver_type { DRIVER_DWORD, DRIVER_STRING, DRIVER_EXPAND, DRIVER_MULTI, DRIVER_TYPES };

struct driver_value {
    enum driver_key key;
    enum driver_type type;
    char name[64];
    uint32_t number;
    char text[DRIVER_TEXT_BYTES]; /* MULTI: strings separated by '\n' */
};

struct driver_extra {
    char package[FS_NAME_BYTES]; /* the folder with the driver itself */
    char driver[40];             /* its version */
    struct driver_value values[DRIVER_EXTRA_VALUES];
    size_t value_count;
    char links[DRIVER_EXTRA_LINKS][FS_NAME_BYTES];
    size_t link_count;
    char newer[DRIVER_EXTRA_NEWER][96]; /* paths in the tree */
    size_t newer_count;
};

/* Appends the JSON to out; the same content gives the same bytes. */
bool driver_extra_write(const struct driver_extra *extra, struct buf *out, struct err *err);

/* Reads and checks it. ERR_BAD_INPUT, ERR_UNSAFE. */
bool driver_extra_parse(const char *text,
                        size_t length,
                        struct driver_extra *ret_extra,
                        struct err *err);

/* Whether path is one of `newer`. */
bool driver_extra_is_newer(const struct driver_extra *extra, const char *path);

#endif
