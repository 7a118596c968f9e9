/*
 * Reader of Parsec's log.txt. The log is undocumented, so a table of patterns is looked for in each
 * line and everything else is counted and forgotten; no content can make reading fail. Reading is
 * incremental: the reader remembers how far it came and follows the rotation to log.1.txt. Memory
 * is bounded whatever the file holds, and names are made harmless for a terminal, since clients
 * choose them. Not shared between threads; job threads only. Facts: guest.md 1.5.
 */
#ifndef GPUPV_GUEST_PARSEC_LOG_H
#define GPUPV_GUEST_PARSEC_LOG_H

#include "common/health.h"
#include "guest/machine/files.h"

#define PARSEC_LOG_CLIENTS    32
#define PARSEC_LOG_NAME_BYTES 64
#define PARSEC_LOG_LINE_BYTES 1024 /* the rest of a longer line is skipped */

/* What a line complains about. */
enum parsec_trouble {
    PARSEC_TROUBLE_NO_DISPLAY, /* nothing to capture */
    PARSEC_TROUBLE_CAPTURE,    /* the screen could not be captured */
    PARSEC_TROUBLE_TOPOLOGY,   /* the desktop switches again and again */
    PARSEC_TROUBLE_ENCODER,    /* no hardware encoder session */
    PARSEC_TROUBLE_GPU,        /* Direct3D failed */
    PARSEC_TROUBLE_AUDIO,      /* no sound device to capture */
    PARSEC_TROUBLE_ACCOUNT,    /* Parsec's server does not accept the session */
    PARSEC_TROUBLE_SERVER,     /* Parsec's servers cannot be reached */
    PARSEC_TROUBLE_NETWORK,    /* no way to the client */
    PARSEC_TROUBLE_CLIENT,     /* a client was lost or refused */
    PARSEC_TROUBLE_VERSION,    /* client and host do not fit */
    PARSEC_TROUBLE_GAMEPAD,    /* the virtual USB adapter */
    PARSEC_TROUBLE_DRIVER,     /* the virtual display driver reports something other than OK */
    PARSEC_TROUBLES
};

struct parsec_log_trouble {
    uint32_t count; /* since Parsec started */
    int32_t code;   /* Parsec's number, 0 when the line has none */
    int64_t last_s; /* seconds of the log's own clock (guest local time), 0 unknown */
    uint64_t line;  /* number of the last such line */
    bool stands;    /* nothing that disproves it was read since */
};

struct parsec_log_state {
    bool found;       /* a log file was read */
    bool started;     /* the start of the present process was seen */
    char release[24]; /* "150-104a" */
    uint32_t service; /* version numbers of the same line */
    uint32_t loader;
    char clients[PARSEC_LOG_CLIENTS][PARSEC_LOG_NAME_BYTES]; /* "name#id" */
    uint32_t client_count;
    uint32_t client_overflow;            /* connected beyond PARSEC_LOG_CLIENTS */
    char waiting[PARSEC_LOG_NAME_BYTES]; /* asks for approval, "" */
    char driver[24]; /* the virtual display driver's state as Parsec says it, "" unknown */
    bool network;    /* Parsec has negotiated with its servers */
    char encoder[32], codec[16];
    uint32_t encode_x, encode_y, display_x, display_y, display_hz;
    uint32_t bitrate_kbps, fps;
    struct parsec_log_trouble troubles[PARSEC_TROUBLES];
    uint64_t lines, unknown_lines;
    int64_t switch_s; /* DXGI_ERROR_ACCESS_LOST: begin of the minute that is counted */
    uint32_t switches;
    int64_t last_s; /* time of the newest line that has one */
};

/* What the next line is fed to; also usable without files. */
void parsec_log_init(struct parsec_log_state *state);

/* Understands one line (without its end). Any bytes. */
void parsec_log_line(struct parsec_log_state *state, const char *line, size_t length);

/* Connected clients, those beyond the table included. */
uint32_t parsec_log_clients(const struct parsec_log_state *state);

/* True when the encoder's name is one that runs on the CPU. */
bool parsec_log_encoder_is_software(const char *encoder);

/* What a number of Parsec's means; PARSEC_TROUBLES when it is not in the table. */
enum parsec_trouble parsec_log_code(int32_t code);

/* Stable name of a trouble ("no_display"). */
const char *parsec_log_trouble_name(enum parsec_trouble trouble);

/* The stream as the health report shows it. */
void parsec_log_stream(const struct parsec_log_state *state, struct health_stream *ret_stream);

struct parsec_log;

/* Makes a reader that has read nothing. The caller frees with parsec_log_free. */
bool parsec_log_new(struct parsec_log **ret_log, struct err *err);

/* NULL is fine. */
void parsec_log_free(struct parsec_log *log);

/* Reads what was written since the last call, from the place whose log.txt is newest. A missing log
 * is fine. Fails only when the port fails; what was read before stays. */
bool parsec_log_read(struct parsec_log *log, struct files_port *files, struct err *err);

/* What the lines said so far; valid until the next read or free. */
const struct parsec_log_state *parsec_log_state(const struct parsec_log *log);

/* The place that the log was read from; false when there is none. */
bool parsec_log_root(const struct parsec_log *log, enum file_root *ret_root);

#endif
