/*
 * The health report: what the agent found, as it travels to the host and is kept there. The check
 * ids of the design are the rows of one table, shared so that both sides and the README agree;
 * titles are in the catalogue. Levels and statuses have stable names. Parsing treats the guest as
 * hostile: unknown checks are kept out, counts and lengths are bounded.
 */
#ifndef GPUPV_HEALTH_H
#define GPUPV_HEALTH_H

#include "json.h"

/* The name of the KVP value that carries the guest's summary to the host without a connection. */
#define HEALTH_KVP_NAME "gpupv"

enum check_id {
    CHECK_GPU_PRESENT,
    CHECK_GPU_STATUS,
    CHECK_GPU_DRIVER,
    CHECK_GPU_ENCODE,
    CHECK_DISPLAY_ADAPTER,
    CHECK_DISPLAY_MONITOR,
    CHECK_DISPLAY_HYPERV_VIDEO,
    CHECK_AUDIO_CABLE,
    CHECK_AUDIO_SERVICE,
    CHECK_AUDIO_DEFAULT,
    CHECK_PARSEC_INSTALLED,
    CHECK_PARSEC_SERVICE,
    CHECK_PARSEC_CONFIG,
    CHECK_PARSEC_ACCOUNT,
    CHECK_PARSEC_LOG,
    CHECK_PARSEC_NETWORK,
    CHECK_LEGACY_TASKS,
    CHECK_LEGACY_SCRIPTS,
    CHECK_SESSION_DESKTOP,
    CHECK_SESSION_ENHANCED,
    CHECK_SYSTEM_POWER,
    CHECK_SYSTEM_MEDIA,
    CHECK_SYSTEM_UAC,
    CHECK_SYSTEM_UPDATES,
    CHECK_SYSTEM_PASSWORD,
    CHECK_SYSTEM_REBOOT,
    CHECK_COUNT
};

enum check_status {
    STATUS_UNKNOWN, /* could not be read; why says so */
    STATUS_OK,
    STATUS_OFF,       /* not wanted by the profile or not applicable here */
    STATUS_WARNING,   /* worth knowing, does not lower the level to degraded */
    STATUS_BAD,       /* wrong; a repair is planned or a person must act */
    STATUS_REPAIRING, /* a repair runs or waits for its result */
    STATUS_WAITING,   /* a repair is due but waits for idle, or for what it needs */
    STATUS_GIVEN_UP,  /* attempts are used up */
    STATUS_COUNT
};

enum health_level {
    LEVEL_STARTING,
    LEVEL_REPAIRING,
    LEVEL_NEEDS_SIGN_IN,
    LEVEL_HEALTHY,
    LEVEL_DEGRADED,
    LEVEL_FAILED,
    LEVEL_COUNT
};

struct health_check {
    enum check_status status;
    struct err why;      /* the finding; kind ERR_NONE when ok */
    enum text_id remedy; /* what happens next or what a person can do; TEXT_NONE */
    uint16_t attempts;   /* repairs tried for the present cause */
    int64_t retry_at_ms; /* wall time of the next try, 0: none planned */
};

/* The stream as Parsec's log tells it (flow F15); empty strings and zeros when unknown. */
struct health_stream {
    char encoder[32], codec[16];
    uint32_t width, height, hz, clients, bitrate_mbps;
};

struct health {
    enum health_level level;
    bool agent_up, desktop_ready, stream_ready;
    bool observe_only;
    char build[32]; /* the agent's version */
    char boot_id[40];
    char gpu_name[128], driver_guest[32], driver_host[32];
    int64_t uptime_s;
    int64_t wall_ms;   /* when this was made */
    uint64_t sequence; /* grows with every report of one boot */
    struct health_stream stream;
    struct health_check checks[CHECK_COUNT];
};

/* Stable name ("display.adapter") and title of a check. */
const char *check_name(enum check_id id);
enum text_id check_title(enum check_id id);
bool check_parse(const char *name, enum check_id *ret_id);

/* Stable names ("ok", "given_up"; "healthy", "needs_sign_in"), the words that a person reads, and
 * the way back; false for an unknown name. */
const char *check_status_name(enum check_status status);
enum text_id check_status_title(enum check_status status);
bool check_status_parse(const char *name, enum check_status *ret_status);
const char *health_level_name(enum health_level level);
enum text_id health_level_title(enum health_level level);
bool health_level_parse(const char *name, enum health_level *ret_level);

/* The exit code of `status` for a level (design, section 6): 0 healthy, 1 degraded or still
 * starting or repairing, 2 failed, 4 needs sign-in. */
int health_exit_code(enum health_level level);

/* Caller frees; NULL when out of memory. */
cJSON *health_to_json(const struct health *health);

/* Reads a report of a guest that is not trusted. */
bool health_from_json(const cJSON *json, struct health *ret_health, struct err *err);

#endif
