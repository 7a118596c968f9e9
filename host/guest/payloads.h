/*
 * The host's cache of payloads: the installers that guests need (Parsec, its virtual display,
 * VB-Cable), below <state>/payloads in the layout that the agent uses too: <name>.json is the
 * record (file, version, size, SHA-256, publisher), <name>-<16 digits of the hash>/<file> the file.
 * A file is taken only from an allowed publisher, and its hash is recorded then (design, Trust).
 * Nothing is redistributed: the person fetches or adds the files; the simulation makes stand-ins,
 * files that only the simulated Windows understands. Blocking; any thread, one writer at a time.
 */
#ifndef GPUPV_HOST_GUEST_PAYLOADS_H
#define GPUPV_HOST_GUEST_PAYLOADS_H

#include "common/fs.h"

#define PAYLOADS_COUNT      3
#define PAYLOADS_FILE_BYTES ((uint64_t)512 << 20)
#define PAYLOADS_HASH_BYTES 65

/* One kind of payload; the names are those of the agent. */
struct payload_row {
    const char *name;           /* "parsec-vdd" */
    enum text_id title;         /* what it is */
    const char *pattern;        /* of the file's name, "parsec-vdd-*.exe" */
    const char *publishers;     /* allowed ones, separated by '|' */
    const char *file, *version; /* of the stand-in */
    const char *program;        /* in a ZIP file: what is run; else NULL */
};

struct payload_item {
    bool present;
    char file[FS_NAME_BYTES], version[32], sha256[PAYLOADS_HASH_BYTES], publisher[128];
    uint64_t size_bytes;
};

extern const struct payload_row payload_rows[PAYLOADS_COUNT];

struct payloads;

/* Opens the cache below the folder of all state. The caller frees with payloads_free. */
bool payloads_open(const char *state, struct payloads **ret_payloads, struct err *err);

/* NULL is fine. */
void payloads_free(struct payloads *payloads);

/* What is cached of the row; absent is true with present false. */
bool payloads_find(struct payloads *payloads,
                   size_t row,
                   struct payload_item *ret_item,
                   struct err *err);

/* Takes a file: finds its row by the name, checks size and publisher, copies and records it.
 * simulated: the publisher is what a stand-in says. ERR_UNSAFE for another publisher. */
bool payloads_add(
    struct payloads *payloads, const char *path, bool simulated, size_t *ret_row, struct err *err);

/* True when a file of this name can be a payload. */
bool payloads_is_payload(const char *name);

/* True when a file of this name can be the payload of the row. */
bool payloads_fits(size_t row, const char *name);

/* A file to be taken for a row under a name of its own, for what was downloaded. */
struct payloads_new {
    const char *path, *file;
    const char *sha256; /* what it must have, "" for any */
    bool simulated;
};

/* Takes it as payloads_add does. */
bool payloads_take(struct payloads *payloads,
                   size_t row,
                   const struct payloads_new *new_file,
                   struct err *err);

/* Makes the stand-in of a row and takes it. */
bool payloads_make_stand_in(struct payloads *payloads, size_t row, struct err *err);

/* The paths of the record and of the file of a cached payload (FS_PATH_BYTES each). */
bool payloads_paths(const struct payloads *payloads,
                    size_t row,
                    const struct payload_item *item,
                    char *ret_record,
                    char *ret_file,
                    struct err *err);

/* "parsec-0123456789abcdef": the folder of the file, in the cache and in the guest. */
void payloads_folder(size_t row, const struct payload_item *item, char *out, size_t size);

#endif
