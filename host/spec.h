/*
 * The VM spec: what a person wants a VM to be (design, section 6), as a JSON file and by options of
 * `up` and `create`. Absent fields have defaults; unknown fields, wrong types and values out of
 * range are refused with the path of the field. Secrets are never in it: password_from names where
 * they come from ("prompt", "env:NAME", "file:PATH"). Plain data, copied by assignment; the
 * defaults ask the machine for its size, everything else is pure.
 */
#ifndef GPUPV_HOST_SPEC_H
#define GPUPV_HOST_SPEC_H

#include "common/json.h"
#include "common/profile.h"
#include "host/account.h"
#include "host/hypervisor/hypervisor.h"

#define SPEC_TEXT_BYTES 64

enum spec_attach {
    SPEC_ATTACH_AFTER_SETUP, /* the first boot runs without the GPU (flow F2) */
    SPEC_ATTACH_AT_CREATION,
    SPEC_ATTACH_NEVER
};

struct spec {
    char name[VM_NAME_BYTES];
    char computer_name[ACCOUNT_COMPUTER_BYTES];
    char iso[FS_PATH_BYTES];       /* "" in the simulation */
    char edition[SPEC_TEXT_BYTES]; /* name or number of the image, "" asks */
    struct {
        uint32_t size_gb;
        char path[FS_PATH_BYTES];   /* "": the hypervisor's place */
        char parent[FS_PATH_BYTES]; /* golden image, "": none */
    } disk;
    uint32_t memory_mb, cpus;
    char network[VM_SWITCH_BYTES]; /* "switch" in JSON; "" is the default one */
    struct {
        char select[GPU_PATH_BYTES]; /* part of the name or the path; "" when there is only one */
        enum spec_attach attach;
        uint32_t share_percent; /* 0: the whole card, as GPU-PV does anyway */
    } gpu;
    struct {
        char user[ACCOUNT_USER_BYTES];
        char password_from[FS_PATH_BYTES];
        bool autologon;
    } account;
    char locale[SPEC_TEXT_BYTES], time_zone[SPEC_TEXT_BYTES];
    char world[SPEC_TEXT_BYTES]; /* the simulated Windows to begin with */
    struct profile guest;
};

/* The defaults for a VM of this name. */
void spec_init(struct spec *spec, const char *name);

/* Reads a spec; fields that json lacks keep what *spec has. On failure *spec is untouched. */
bool spec_read(struct spec *spec, const cJSON *json, struct err *err);

/* Reads a file into *spec. */
bool spec_load(struct spec *spec, const char *path, struct err *err);

/* Every field written. Caller frees; NULL: no memory. */
cJSON *spec_to_json(const struct spec *spec);

/* Whole checks that need several fields, and the name: what a VM may be called, the computer's name
 * against the user's. ERR_USAGE. */
bool spec_check(const struct spec *spec, struct err *err);

/* "32G", "512M", "8192" (MB) to MB; false when it is no size. */
bool spec_parse_mb(const char *text, uint32_t *ret_mb);

/* Stable names of enum spec_attach, ended by NULL. */
extern const char *const spec_attach_names[];

#endif
