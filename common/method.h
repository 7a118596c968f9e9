/*
 * The methods of the protocol, one const row each, shared by both ends: the name on the wire, the
 * phase it belongs to, its flags, the fields of its parameters and its deadline. Session refuses
 * what a row forbids before a handler sees it, so that a handler reads parameters that exist, have
 * the right type and are in range. What the fields mean and what is answered is in PROTOCOL.md;
 * there is no row that runs a command of the caller's choice.
 *
 * The table is const data; safe on any thread.
 */
#ifndef GPUPV_METHOD_H
#define GPUPV_METHOD_H

#include "json.h"

#define METHOD_PROTOCOL_MIN 1
#define METHOD_PROTOCOL_MAX 1
#define METHOD_NAME_BYTES   32
#define METHOD_FIELDS       10

enum method_id {
    METHOD_HELLO,
    METHOD_PING,
    METHOD_HEALTH_GET,
    METHOD_HEALTH_WATCH,
    METHOD_PROFILE_GET,
    METHOD_PROFILE_SET,
    METHOD_REPAIR_RUN,
    METHOD_PAYLOAD_LIST,
    METHOD_PAYLOAD_PUT,
    METHOD_DRIVERS_MANIFEST,
    METHOD_DRIVERS_PUT,
    METHOD_DRIVERS_COMMIT,
    METHOD_DRIVERS_ABORT,
    METHOD_DISPLAY_RESTORE,
    METHOD_DISPLAY_AUTO,
    METHOD_SIGNIN_BEGIN,
    METHOD_SIGNIN_END,
    METHOD_LOG_TAIL,
    METHOD_LOG_WATCH,
    METHOD_DIAG_COLLECT,
    METHOD_AGENT_UPDATE,
    METHOD_KEY_ROTATE,
    METHOD_SYSTEM_REBOOT,
    METHOD_RELAY_OPEN,
    METHOD_AGENT_RELEASE,
    METHOD_COUNT
};

/* When a method may be called; anything else ends the session. */
enum method_phase { METHOD_PHASE_HELLO, METHOD_PHASE_OPEN };

enum method_flag {
    METHOD_ONCE = 1 << 0,     /* at most once in a session; a second call ends it */
    METHOD_MUTATES = 1 << 1,  /* changes the machine: refused with ERR_DENIED to a read-only peer */
    METHOD_ADMIN = 1 << 2,    /* only for a peer with the rights of an administrator */
    METHOD_WATCH = 1 << 3,    /* answered once, then notifications of the same name follow */
    METHOD_CLONED = 1 << 4,   /* allowed while the agent says that it was cloned */
    METHOD_BODY_IN = 1 << 5,  /* the request may carry a binary body */
    METHOD_BODY_OUT = 1 << 6, /* the answer or notification may carry one */
    METHOD_SECRET = 1 << 7    /* the body is secret: wiped after use */
};

enum method_type {
    METHOD_STRING,  /* min..max bytes of UTF-8 */
    METHOD_NAME,    /* the same and one safe path component (fs_name_is_safe) */
    METHOD_HEX,     /* min..max lower-case hexadecimal digits */
    METHOD_INT,     /* min..max */
    METHOD_BOOL,    /* */
    METHOD_OBJECT,  /* */
    METHOD_STRINGS, /* an array of at most max strings of at most METHOD_ITEM_BYTES */
};

#define METHOD_ITEM_BYTES 128

struct method_field {
    const char *name;
    enum method_type type;
    bool required;
    int64_t min, max;
};

struct method {
    const char *name;
    enum method_phase phase;
    unsigned flags;                            /* enum method_flag */
    int64_t deadline_ms;                       /* of the caller, when the call names none */
    struct method_field fields[METHOD_FIELDS]; /* ended by a row without a name */
};

/* The row of a method. */
const struct method *method_row(enum method_id id);

/* Finds a method by its name on the wire; false when there is none. */
bool method_parse(const char *name, enum method_id *ret_id);

/* Checks parameters against the row. params may be NULL (an empty object). Fields that the row does
 * not know are ignored. ERR_BAD_INPUT with the path of the field. */
bool method_check(enum method_id id, const cJSON *params, size_t body_length, struct err *err);

#endif
