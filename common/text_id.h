/*
 * The ids of the catalogue, one section per file of rows: the row of an id stands in
 * text_<section>.c at the same position. To add a sentence, add the id at the end of its section
 * here and the row at the end of the table there; the test of the catalogue fails when one is
 * missing.
 */
#ifndef GPUPV_TEXT_ID_H
#define GPUPV_TEXT_ID_H

enum text_id {
    TEXT_NONE = 0,

    /* text_common.c */
    TEXT_COMMON_FIRST = 0x100,
    TEXT_UNKNOWN = TEXT_COMMON_FIRST,
    TEXT_OUT_OF_MEMORY,
    TEXT_REMOTE_ERROR,
    TEXT_FILE_OPEN,
    TEXT_FILE_READ,
    TEXT_FILE_READING,
    TEXT_FILE_WRITE,
    TEXT_FILE_REMOVE,
    TEXT_FILE_TOO_LARGE,
    TEXT_FILE_UNSAFE,
    TEXT_FOLDER_CREATE,
    TEXT_LOCK_BUSY,
    TEXT_JSON_SYNTAX,
    TEXT_JSON_TOO_LARGE,
    TEXT_JSON_TOO_MANY,
    TEXT_JSON_TOO_DEEP,
    TEXT_JSON_DUPLICATE_KEY,
    TEXT_JSON_MISSING,
    TEXT_JSON_TYPE,
    TEXT_JSON_RANGE,
    TEXT_JSON_UNKNOWN_FIELD,
    TEXT_JSON_CHOICE,
    TEXT_JSON_TOO_LONG,
    TEXT_NOT_UTF8,
    TEXT_NOT_UTF16,
    TEXT_COMMON_END,

    /* text_link.c: transports, security, session, protocol */
    TEXT_LINK_FIRST = 0x400,
    TEXT_LINK_REFUSED = TEXT_LINK_FIRST,
    TEXT_LINK_NO_HYPERV,
    TEXT_LINK_LISTEN,
    TEXT_LINK_ADDRESS_TAKEN,
    TEXT_LINK_ACCEPT,
    TEXT_LINK_DIAL,
    TEXT_LINK_LOST,
    TEXT_FRAME_TOO_LARGE,
    TEXT_FRAME_MALFORMED,
    TEXT_SECURE_SETUP,
    TEXT_SECURE_HANDSHAKE,
    TEXT_SECURE_WRONG_KEY,
    TEXT_SECURE_WRONG_KEY_HINT,
    TEXT_SECURE_DAMAGED,
    TEXT_SESSION_ENDED,
    TEXT_SESSION_CUT,
    TEXT_SESSION_HANDSHAKE_LATE,
    TEXT_SESSION_HELLO_LATE,
    TEXT_SESSION_FRAME_LATE,
    TEXT_SESSION_SILENT,
    TEXT_SESSION_DISPLACED,
    TEXT_SESSION_NOT_OPEN,
    TEXT_SESSION_BUSY,
    TEXT_SESSION_PROTOCOL,
    TEXT_SESSION_VERSION,
    TEXT_SESSION_VERSION_HINT,
    TEXT_SESSION_NO_REPLY,
    TEXT_SESSION_UNKNOWN_METHOD,
    TEXT_SESSION_UNSUPPORTED,
    TEXT_SESSION_CLONED,
    TEXT_SESSION_DENIED,
    TEXT_SESSION_NO_BODY,
    TEXT_BULK_REFUSED,
    TEXT_BULK_CHUNK,
    TEXT_BULK_TAG,
    TEXT_BULK_HASH,
    TEXT_BULK_NAME,
    TEXT_BULK_TOO_MANY,
    TEXT_BULK_INCOMPLETE,
    TEXT_BULK_SOURCE_CHANGED,
    TEXT_BULK_STALLED,
    TEXT_RELAY_LISTEN,
    TEXT_RELAY_PROXY,
    TEXT_RELAY_BUSY,
    TEXT_CLIENT_TIMEOUT,
    TEXT_LINK_END,

    /* text_guest.c: checks, repairs, engine, machine */
    TEXT_GUEST_FIRST = 0x800,
    TEXT_GUEST_PORT_FAILED = TEXT_GUEST_FIRST,
    TEXT_GUEST_END,

    /* text_parsec.c: Parsec's files, log, installer, display holder */
    TEXT_PARSEC_FIRST = 0x1000,
    TEXT_PARSEC_CONFIG_BAD = TEXT_PARSEC_FIRST,
    TEXT_PARSEC_END,

    /* text_host.c: commands, tables, prompts, store, hypervisor */
    TEXT_HOST_FIRST = 0x1400,
    TEXT_HOST_UNKNOWN_COMMAND = TEXT_HOST_FIRST,
    TEXT_HOST_END,

    /* text_help.c: help of commands and options */
    TEXT_HELP_FIRST = 0x2000,
    TEXT_HELP_USAGE = TEXT_HELP_FIRST,
    TEXT_HELP_END,

    /* text_sim.c: simulated hypervisor and Windows */
    TEXT_SIM_FIRST = 0x2400,
    TEXT_SIM_WORLD_BAD = TEXT_SIM_FIRST,
    TEXT_SIM_END
};

#endif
