/*
 * The profile: the desired state of one guest (design, sections 5 and 6), kept as profile.json in
 * the agent's data folder, and the "guest" part of a VM spec on the host. profile_parse fills every
 * field with its default, refuses unknown fields, values of the wrong type, out of range or
 * contradicting each other (a display strategy mixed with the other one's Parsec lines, a loopback
 * proxy without `via: host`) with the path of the field and a hint. A struct profile is plain data:
 * copy by assignment.
 */
#ifndef GPUPV_PROFILE_H
#define GPUPV_PROFILE_H

#include "json.h"

#define PROFILE_VERSION      1
#define PROFILE_MODES        5 /* custom modes of the virtual display: the driver reads 0..4 */
#define PROFILE_CONFIG_LINES 32
#define PROFILE_VALUE_BYTES  128
#define PROFILE_KEY_BYTES    64
#define PROFILE_SWITCHES     8 /* of Parsec's installer */
#define PROFILE_SWITCH_BYTES 64

enum profile_mode { PROFILE_REPAIR, PROFILE_OBSERVE };
enum profile_strategy { PROFILE_STRATEGY_AUTO, PROFILE_STRATEGY_PARSEC, PROFILE_STRATEGY_HOLD };
enum profile_video { PROFILE_VIDEO_DISABLE, PROFILE_VIDEO_SECONDARY, PROFILE_VIDEO_LEAVE };
enum profile_scope { PROFILE_SCOPE_SHARED, PROFILE_SCOPE_USER, PROFILE_SCOPE_ANY };
enum profile_when { PROFILE_WHEN_IDLE, PROFILE_WHEN_BOOT, PROFILE_WHEN_NOW };
enum profile_proxy { PROFILE_PROXY_NONE, PROFILE_PROXY_DIRECT, PROFILE_PROXY_HOST };

struct profile_display_mode {
    uint32_t width, height, hz;
};

struct profile_line {
    char key[PROFILE_KEY_BYTES];
    char value[PROFILE_VALUE_BYTES]; /* as in config.txt */
};

struct profile {
    enum profile_mode mode;
    struct {
        enum profile_strategy strategy;
        enum profile_video hyperv_video;
        struct profile_display_mode modes[PROFILE_MODES];
        unsigned mode_count; /* modes[0] is the preferred one; default 1920x1080@60 */
        uint32_t
            ready_hold_s; /* stream_ready must hold so long before the console picture may go */
        bool privacy;     /* host_privacy_mode and host_virtual_monitors are independent options; */
        uint32_t virtual_monitors; /* both are on by default with the strategy `parsec` (the owner's
                                      lines) */
    } display;
    struct {
        bool cable; /* VB-Cable wanted */
        bool make_default;
    } audio;
    struct {
        enum profile_scope scope;
        struct profile_line config[PROFILE_CONFIG_LINES]; /* further lines of the user */
        unsigned config_count;
        enum profile_proxy proxy;
        char proxy_address[PROFILE_VALUE_BYTES]; /* PROFILE_PROXY_DIRECT */
        uint16_t proxy_port; /* of the proxy; with PROFILE_PROXY_HOST the host's loopback port and
                                the guest's */
        char installer[PROFILE_SWITCHES][PROFILE_SWITCH_BYTES]; /* switches of Parsec's installer */
        unsigned installer_count;                               /* 0: the agent's own */
        bool run_as_admin; /* AppCompat layer for parsecd.exe; off: not needed per computer */
        bool team;         /* signed in by a team key; the key itself is a payload secret */
    } parsec;
    struct {
        bool remove_tasks, remove_scripts; /* Easy-GPU-PV leftovers */
    } legacy;
    struct {
        enum profile_when when;
    } drivers;
    struct {
        uint32_t budget; /* reboots the agent may ask for per day */
        bool allowed;
    } reboots;
    struct {
        bool power, updates, media; /* apply the checks of flow F16 instead of only reporting */
    } policy;
    uint32_t idle_minutes; /* no input for so long counts as idle */
};

/* The defaults: mode repair, strategy auto, hyperv_video disable. */
void profile_init(struct profile *profile);

/* Reads "1920x1080" or "1920x1080@60" (60 Hz when absent); false when it is neither or out of the
 * driver's range. */
bool profile_mode_parse(const char *text, struct profile_display_mode *ret_mode);

/* Reads a profile object. Each error names the field with its path ("parsec.proxy.port"). */
bool profile_parse(const cJSON *json, struct profile *ret_profile, struct err *err);

/* The complete profile as JSON, every field written. Caller frees; NULL when out of memory. */
cJSON *profile_to_json(const struct profile *profile);

/* Loads from a file; a missing file is ERR_NOT_FOUND. */
bool profile_load(const char *path, struct profile *ret_profile, struct err *err);

/* Saves atomically, private. */
bool profile_save(const char *path, const struct profile *profile, struct err *err);

/* True when both want the same. */
bool profile_equal(const struct profile *a, const struct profile *b);

#endif
