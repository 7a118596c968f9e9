/*
 * One error type for every layer. An error carries the id of a sentence from the catalogue and
 * bounded arguments, never a rendered text: it is rendered where a person reads it, in that
 * person's language, and it travels over the wire as id and arguments (err_to_json). It holds no
 * heap memory, so that running out of memory can be reported; a struct err may live on the stack
 * and be copied by assignment.
 *
 * Every function that can fail takes `struct err *err` last (NULL is allowed) and returns true when
 * done, or false with err set. The setters return false, so that a failure is one line. Not for
 * programming errors: those are asserts. Safe on any thread.
 */
#ifndef GPUPV_ERR_H
#define GPUPV_ERR_H

#include "compiler.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

#define ERR_ARGS      4
#define ERR_ARG_BYTES 256 /* longer arguments are cut at a character boundary */

/* What went wrong, as code may ask for it; also decides the exit code. The names are stable
 * (err_kind_name). */
enum err_kind {
    ERR_NONE = 0,
    ERR_FAILED,      /* anything without a better name */
    ERR_BAD_INPUT,   /* malformed file, message or value */
    ERR_TOO_LARGE,   /* above a named limit */
    ERR_USAGE,       /* wrong command line */
    ERR_NOT_FOUND,   /* the named object does not exist */
    ERR_EXISTS,      /* it exists already */
    ERR_BUSY,        /* locked, in use, or waiting for idle */
    ERR_CONFLICT,    /* wrong state, compare-and-set lost */
    ERR_DENIED,      /* rights are missing */
    ERR_AUTH,        /* the peer does not hold the key */
    ERR_UNREACHABLE, /* nobody answers */
    ERR_TIMEOUT,     /* the deadline passed */
    ERR_CLOSED,      /* the connection ended */
    ERR_CANCELLED,   /* somebody asked to stop */
    ERR_UNSUPPORTED, /* not available on this machine or with this peer */
    ERR_UNSAFE,      /* a hostile path, publisher or hash: refused */
    ERR_NO_MEMORY,
    ERR_NO_SPACE,
    ERR_IO,
    ERR_KINDS
};

/* Whose number `code` is. */
enum err_domain {
    ERR_DOMAIN_GPUPV = 0, /* code is 0 */
    ERR_DOMAIN_UV,
    ERR_DOMAIN_ERRNO,
    ERR_DOMAIN_WIN32, /* Win32 and Winsock */
    ERR_DOMAIN_HRESULT,
    ERR_DOMAIN_CONFIGRET,
    ERR_DOMAIN_TLS, /* mbedtls */
    ERR_DOMAINS
};

struct err {
    enum err_kind kind;
    enum err_domain domain;
    int32_t code;
    enum text_id message;
    enum text_id hint;    /* TEXT_NONE: no hint; rendered with the same arguments */
    enum text_id context; /* TEXT_NONE, or what was being done; {0} is context_arg */
    uint8_t arg_count;
    char args[ERR_ARGS][ERR_ARG_BYTES];
    char context_arg[ERR_ARG_BYTES];
};

/* An err that says "no error". */
#define ERR_INIT                                                                                   \
    {                                                                                              \
        .kind = ERR_NONE                                                                           \
    }

/* Sets err; the arguments are `const char *`, at most ERR_ARGS, ended by NULL. Numbers:
 * TEXT_NUM(n). Returns false. */
bool err_set(struct err *err, enum err_kind kind, enum text_id message, ...) GPUPV_SENTINEL;

/* The same with the number of a system call or library; the kind follows from it. Returns false. */
bool err_set_os(struct err *err, enum err_domain domain, int32_t code, enum text_id message, ...)
    GPUPV_SENTINEL;

/* Sets "out of memory". Returns false. */
bool err_no_memory(struct err *err);

/* Adds what the user can do next. Returns false. */
bool err_hint(struct err *err, enum text_id hint);

/* Says what was being done when err was set ("staging {0}"); the innermost context is kept. Returns
 * false. */
bool err_context(struct err *err, enum text_id context, const char *arg);

/* Forgets the error. */
void err_clear(struct err *err);

/* True when err holds an error; err may be NULL (false). */
bool err_is_set(const struct err *err);

/* Renders "context: message (domain code)" into out, always terminated; returns out. The arguments
 * are made safe for a terminal. */
const char *err_message(const struct err *err, enum text_lang lang, char *out, size_t size);

/* Renders the hint, "" when there is none; returns out. */
const char *err_hint_text(const struct err *err, enum text_lang lang, char *out, size_t size);

/* Stable name of a kind ("not_found") and back (ERR_FAILED for an unknown name). */
const char *err_kind_name(enum err_kind kind);
enum err_kind err_kind_parse(const char *name);

/* Stable name of a domain ("win32"), "gpupv" for out of range. */
const char *err_domain_name(enum err_domain domain);

/* The wire form: {"kind","id","args":[..],"hint","context","context_arg","domain","code"}. The
 * caller owns the result; NULL when out of memory. */
struct cJSON *err_to_json(const struct err *err);

/* Reads the wire form from a peer that is not trusted: unknown ids become TEXT_REMOTE_ERROR,
 * lengths are cut. Never fails. */
void err_from_json(struct err *ret_err, const struct cJSON *json);

#endif
