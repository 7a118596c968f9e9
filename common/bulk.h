/*
 * File data on a second connection (design, section 4; PROTOCOL.md, Bulk): many files,
 * authenticated chunk by chunk, not encrypted. The control session agrees on a transfer and hands
 * over a random key; the connection itself says nothing but chunks, and the first valid tag admits
 * it.
 *
 *   guest, blocking     bulk_scan      what of the files is staged already
 *   guest, loop         bulk_store_offer, on_done; a bulk_store takes connections of the listener
 *   host, loop          bulk_send_start, on_done
 *   guest, blocking     bulk_commit    flushes, then renames into place
 *
 * Files are staged in a private folder, each under its path with BULK_PART until its digest was
 * right. A transfer that breaks off leaves what it has; the next offer begins there. Memory of a
 * transfer is bounded by BULK_WINDOW on either side. What blocks runs on libuv's pool, several
 * chunks at once; everything else is on the loop's thread, callbacks too.
 */
#ifndef GPUPV_BULK_H
#define GPUPV_BULK_H

#include "json.h"
#include "link.h"
#include "manifest.h"

#define BULK_KEY_BYTES      32
#define BULK_TRANSFER_BYTES 16
#define BULK_CHUNK_MAX      ((size_t)256 << 10)
#define BULK_WINDOW         ((size_t)4 << 20)
#define BULK_TRANSFERS      8 /* offers that stand at once */
#define BULK_STRANGERS      8 /* connections without a valid tag yet */
#define BULK_IDLE_MS        120000
#define BULK_PART           ".part"

/* ---- what the control session carries ---- */

/* Where one file stands at the guest. */
struct bulk_have {
    uint64_t offset; /* bytes that are there */
    bool complete;   /* all of them, and the digest was right */
};

/* The offer as both sides hold it; bulk_offer_done frees and wipes. */
struct bulk_offer {
    uint8_t transfer[BULK_TRANSFER_BYTES];
    uint8_t key[BULK_KEY_BYTES]; /* goes as the body of the answer, not in its JSON */
    uint64_t window_bytes;
    size_t count;
    struct bulk_have *have; /* one for each file */
};

/* The result of payload.put and drivers.put; NULL when out of memory. */
cJSON *bulk_offer_to_json(const struct bulk_offer *offer);

/* Reads result and body of an answer; `files` is what was asked for. The guest is not trusted. */
bool bulk_offer_from_json(const cJSON *result,
                          const uint8_t *body,
                          size_t body_length,
                          const struct manifest *files,
                          struct bulk_offer *ret_offer,
                          struct err *err);

/* True when every file is there already: nothing is to be sent. */
bool bulk_offer_is_complete(const struct bulk_offer *offer);

/* Frees and wipes; an empty one is fine. */
void bulk_offer_done(struct bulk_offer *offer);

/* ---- the guest's files, blocking ---- */

/* Looks what of `files` is staged below folder: whole files are checked against their digest again,
 * of parts all but the last BULK_WINDOW bytes count (they may have holes). Writes files->count
 * entries. A missing folder has nothing. */
bool bulk_scan(const char *folder,
               const struct manifest *files,
               struct bulk_have *ret_have,
               struct err *err);

/* Flushes every file below folder, then renames each to its place below target. All must be
 * complete (ERR_CONFLICT). After a failure what was moved stays moved; calling again goes on. */
bool bulk_commit(const char *folder,
                 const struct manifest *files,
                 const char *target,
                 struct err *err);

/* ---- the guest's side of connections ---- */

struct bulk_store;

struct bulk_transfer {
    const char *folder;           /* made when missing */
    bool shared;                  /* files get the folder's own permissions, else private ones */
    const struct manifest *files; /* complete; the caller keeps it until on_done */
    const struct bulk_have *have; /* copied */
    void (*on_progress)(uint64_t taken_bytes, void *user); /* may be NULL */
    void (*on_done)(const struct err *why, void *user);    /* NULL: all complete; exactly once */
    void *user;
};

/* Makes a store without transfers. */
bool bulk_store_new(struct uv_loop_s *loop, struct bulk_store **ret_store, struct err *err);

/* Stands by for one transfer and describes it. When everything is there already (bulk_offer_is_
 * complete) nothing stands and on_done does not come. ERR_BUSY beyond BULK_TRANSFERS. */
bool bulk_store_offer(struct bulk_store *store,
                      const struct bulk_transfer *transfer,
                      struct bulk_offer *ret_offer,
                      struct err *err);

/* Ends a transfer (on_done with ERR_CANCELLED follows); an unknown one is fine. */
void bulk_store_cancel(struct bulk_store *store, const uint8_t transfer[BULK_TRANSFER_BYTES]);

/* Takes over a link with the bytes that came: the function for session_server_set_bulk; user is the
 * store. */
void bulk_store_adopt(struct link *link, const uint8_t *data, size_t length, void *user);

/* Connections and memory of chunks, for tests. */
size_t bulk_store_connections(const struct bulk_store *store);

/* Ends all transfers and connections, then calls on_closed (may be NULL) and frees the store. */
void bulk_store_close(struct bulk_store *store, void (*on_closed)(void *user), void *user);

/* ---- the host's side ---- */

struct bulk_send;

struct bulk_send_job {
    struct link_address address;
    const char *folder; /* where the files are, each under its path */
    /* Says where a file is instead (out: FS_PATH_BYTES); any thread. NULL: below folder. */
    bool (*locate)(const char *path, char *out, void *user, struct err *err);
    const struct manifest *files;   /* complete; both are kept by the caller until on_done */
    const struct bulk_offer *offer; /* used inside bulk_send_start only */
    void (*on_progress)(uint64_t sent_bytes, uint64_t total_bytes, void *user); /* may be NULL */
    void (*on_done)(const struct err *why, void *user); /* NULL: the guest has all; exactly once */
    void *user;
};

/* Connects and sends what the offer lacks. on_done follows unless this returns false. */
bool bulk_send_start(struct uv_loop_s *loop,
                     const struct bulk_send_job *job,
                     struct bulk_send **ret_send,
                     struct err *err);

/* Ends it early; on_done follows with ERR_CANCELLED. */
void bulk_send_cancel(struct bulk_send *send);

#endif
