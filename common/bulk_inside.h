/*
 * The inside of the receiving side of bulk, shared by bulk_store.c (connections, their admission,
 * bytes into chunks, time) and bulk_running.c (one transfer: order, window, files, the pool's
 * work). Nobody else includes this.
 */
#ifndef GPUPV_BULK_INSIDE_H
#define GPUPV_BULK_INSIDE_H

#include "bulk_chunk.h"
#include "fs.h"

#include <uv.h>

struct bulk_file {
    uint64_t next; /* offset of the next chunk */
    unsigned jobs;
    bool complete;
    struct fs_file *handle; /* opened by the first job, under the transfer's lock */
};

struct bulk_conn;

struct bulk_running {
    struct bulk_store *store;
    struct bulk_running *next;
    uint8_t id[BULK_TRANSFER_BYTES], key[BULK_KEY_BYTES];
    char *folder;
    bool shared;
    const struct manifest *manifest;
    struct bulk_file *files;
    size_t complete_count;
    uv_mutex_t lock; /* of handles and last_folder, while jobs run */
    char last_folder[FS_PATH_BYTES];
    uint64_t counter, ack_counter; /* the next ones */
    uint64_t taken, acked;         /* bytes */
    size_t in_flight;              /* bytes of jobs */
    unsigned jobs;
    struct bulk_piece *spare; /* used ones of full size, to be used again */
    size_t spare_count;
    struct bulk_conn *conn; /* the admitted one */
    int64_t moved_ms;       /* last progress */
    bool ending;
    struct err why;
    void (*on_progress)(uint64_t taken_bytes, void *user);
    void (*on_done)(const struct err *why, void *user);
    void *user;
};

/* One chunk on its way through the pool. */
struct bulk_piece {
    uv_work_t work;
    struct bulk_conn *conn; /* while it waits for its admission */
    struct bulk_running *transfer;
    struct bulk_header header;
    bool verified, finish, ok, finished, full_size;
    struct bulk_piece *next_spare;
    struct err err;
    uint8_t bytes[]; /* header, data, tag */
};

struct bulk_conn {
    struct bulk_store *store;
    struct bulk_conn *next;
    struct link *link;             /* NULL: closed */
    struct bulk_running *transfer; /* NULL: not admitted */
    struct bulk_piece *chunk;      /* being filled */
    size_t filled;
    uint8_t header[BULK_HEADER_BYTES];
    struct buf held; /* came while the first tag was checked, or beyond the window */
    bool admitting, paused, closing;
    int64_t since_ms;
};

struct bulk_store {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct bulk_running *transfers;
    struct bulk_conn *conns;
    size_t transfer_count;
    bool closing, timer_closed;
    void (*on_closed)(void *user);
    void *user;
};

/* Makes a transfer and puts it into the store; the wish is copied. */
bool bulk_running_new(struct bulk_store *store,
                      const struct bulk_transfer *wanted,
                      struct bulk_running **ret_transfer,
                      struct err *err);

/* Ends it; why may be NULL (all complete). bulk_store_sweep frees it when the pool is done with it.
 */
void bulk_running_end(struct bulk_running *transfer, const struct err *why);

/* Tells its owner and frees it; only for bulk_store_sweep. */
void bulk_running_free(struct bulk_running *transfer);

/* Room for a chunk with length bytes of data; NULL when memory is short. Free it with free(), or
 * with bulk_piece_done while the transfer lives, which keeps some for the next. */
struct bulk_piece *bulk_piece_new(struct bulk_running *transfer, size_t length);
void bulk_piece_done(struct bulk_running *transfer, struct bulk_piece *chunk);

/* Takes a chunk of an admitted connection: to the pool, or the end of the transfer. */
void bulk_running_accept(struct bulk_running *transfer, struct bulk_piece *chunk);

/* Checks the tag; false with chunk->err. Any thread. */
bool bulk_piece_is_right(struct bulk_piece *chunk);

/* Closes the link of a connection, which is freed when that is done. */
void bulk_conn_close(struct bulk_conn *conn, int64_t flush_ms);

/* Reads on with what was held back, as far as the window allows. */
void bulk_conn_resume(struct bulk_conn *conn);

/* The last thing that every callback does: frees what has ended and is not with the pool any more.
 * The store itself may be gone after it. */
void bulk_store_sweep(struct bulk_store *store);

/* Lets the store's timer run, which it does only while there is something to watch. */
void bulk_store_watch_time(struct bulk_store *store);

#endif
