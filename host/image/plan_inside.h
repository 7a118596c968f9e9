/*
 * The inside of a plan, shared by plan*.c.
 */
#ifndef GPUPV_PLAN_INSIDE_H
#define GPUPV_PLAN_INSIDE_H

#include "host/image/plan.h"

#define PLAN_ITEMS 65536 /* a driver package has thousands of files */
#define PLAN_EDITS 4096

enum plan_kind { PLAN_FOLDER, PLAN_FILE, PLAN_DATA, PLAN_REMOVAL, PLAN_HIVE };
enum plan_edit_kind { PLAN_SET, PLAN_REMOVE_KEY };

/* One change of a hive. */
struct plan_edit {
    enum plan_edit_kind kind;
    char *key, *name;
    uint32_t type;
    uint8_t *data; /* as it is stored */
    size_t length;
};

struct plan_hive {
    struct plan_edit *edits;
    size_t count;
};

struct plan_item {
    enum plan_kind kind;
    char *name;
    char *source; /* PLAN_FILE */
    uint8_t *data;
    size_t length;
    enum image_acl acl;
    unsigned flags;
    struct plan_hive *hive; /* PLAN_HIVE */

    /* what the check found */
    uint64_t size_bytes;
    bool skip; /* is there already, byte for byte */
    struct hive *edited;
};

struct plan {
    struct plan_item *items;
    size_t count;
};

/* Puts a change, whole or half-made, behind the others; there is room, and its texts are the hive's
 * to free now. */
void plan_keep_edit(struct plan_hive *hive, const struct plan_edit *edit);

/* Reads the hive of an item from the volume, looks at its logs and edits it: item->edited. */
bool plan_edit_hive(struct plan_item *item,
                    struct image_port *port,
                    struct image_volume *volume,
                    struct err *err);

#endif
