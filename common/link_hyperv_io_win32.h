/*
 * Inside of link_hyperv: what its two threads share. libuv can neither dial nor accept sockets of
 * this family, so a hub with one thread and one completion port owns all sockets of a loop; the
 * loop's thread owns everything a caller sees. There is one hub a loop, made with its first link or
 * listener and gone with its last.
 *
 * The threads pass each other flags, not messages: an end (link or listener) stands at most once in
 * each of the hub's two queues, so handing over never allocates. WANTS go to the I/O thread, NEWS
 * to the loop. The last news of an end is HV_NEWS_DONE; after it the I/O thread never touches the
 * end again, and the loop frees it.
 *
 * Who touches what is said at each member: "lock" means under hub->lock, "loop" and "io" that
 * thread alone, "fixed" never changes after the end is known to both.
 */
#ifndef GPUPV_LINK_HYPERV_IO_WIN32_H
#define GPUPV_LINK_HYPERV_IO_WIN32_H

#include "common/link.h"

#include <winsock2.h>
#include <windows.h>
#include <mswsock.h>
#include <uv.h>

#define HV_BLOCK_BYTES 65536 /* one read; one slice of a write */
#define HV_SEND_BLOCKS 4     /* what waits is sent together, up to so many blocks */
#define HV_HELD_MAX                                                                                \
    16 /* read and not delivered: reading stops. Blocks, because a small message                   \
        */
#define HV_HELD_LOW        8 /* takes a whole one. Below: reading goes on */
#define HV_POOL_MAX        8 /* free blocks that are kept */
#define HV_ACCEPTS         4 /* accepts waiting at once */
#define HV_ACCEPT_RETRY_MS 100
#define HV_DIAL_GRACE_MS   500  /* on top of the system's own time limit of a dial */
#define HV_LINGER_MS       1000 /* after a flush: how long the peer may take to close its side */
#define HV_ADDRESS_BYTES   sizeof(SOCKADDR_STORAGE)

enum hv_kind { HV_LINK, HV_LISTENER };

enum hv_want {
    HV_WANT_START = 1,  /* a link: dial; a listener: accept */
    HV_WANT_SEND = 2,   /* the send queue is not empty any more */
    HV_WANT_RESUME = 4, /* room for received blocks */
    HV_WANT_FLUSH = 8,  /* close after what is queued, at most flush_ms later */
    HV_WANT_CLOSE = 16
};

enum hv_news {
    HV_NEWS_OPEN = 1,
    HV_NEWS_ACCEPTED = 2,
    HV_NEWS_DATA = 4, /* something lies in received; also told by the loop to itself */
    HV_NEWS_DRAIN = 8,
    HV_NEWS_ERROR = 16, /* a listener's accept_code */
    HV_NEWS_DONE = 32
};

enum hv_queue { HV_WANTS, HV_NEWS, HV_QUEUES };

struct hv_block {
    struct hv_block *next;
    uint32_t sent, length;
    uint8_t data[HV_BLOCK_BYTES];
};

struct hv_blocks {
    struct hv_block *first, *last;
    unsigned count;
};

/* What links and listeners have in common. */
struct hv_end {
    struct hv_hub *hub; /* fixed */
    enum hv_kind kind;  /* fixed */
    struct {
        struct hv_end *next;
        unsigned flags;
        bool waiting;
    } queue[HV_QUEUES]; /* lock */
    bool done;          /* lock */
};

enum hv_operation_kind { HV_CONNECT, HV_RECEIVE, HV_SEND, HV_ACCEPT };

struct hv_operation {
    OVERLAPPED overlapped; /* first: the completion port gives its address */
    enum hv_operation_kind kind;
    void *owner; /* hv_link, or hv_accept */
};

enum hv_state {
    HV_STATE_NEW,
    HV_STATE_CONNECTING,
    HV_STATE_OPEN,
    HV_STATE_LINGERING,
    HV_STATE_ENDED
};

struct hv_link {
    struct link base;
    struct hv_end end;
    struct link_guid vm, service; /* fixed; a dial's target */
    int64_t timeout_ms;           /* fixed; of the dial */
    struct hv_listener *listener; /* of an accepted link; valid until its HV_NEWS_ACCEPTED */

    /* loop */
    bool paused, closed, seen_done;

    /* lock */
    struct hv_blocks received, queued;
    size_t queued_bytes; /* with those in flight */
    bool sending;        /* the I/O thread looks at queued by itself; true until open */
    bool wants_drain;
    bool reading_stopped; /* HV_HELD_MAX was reached */
    bool ended;           /* no use to queue anything */
    int64_t flush_ms;

    /* io */
    SOCKET socket;
    enum hv_state state;
    bool flushing;
    int code;             /* why it ended, a Winsock code; read by the loop after HV_NEWS_DONE */
    unsigned pending;     /* operations whose packet has not come */
    uint64_t deadline_ms; /* 0: none */
    struct hv_operation connect, receive, send;
    struct hv_block *receiving;
    struct hv_blocks flying;
    struct hv_link *previous, *next;
};

struct hv_accept {
    struct hv_operation operation;
    struct hv_listener *listener;
    SOCKET socket;
    bool idle;
    char addresses[2 * HV_ADDRESS_BYTES];
};

struct hv_listener {
    struct link_listener base;
    struct hv_end end;

    /* loop */
    bool closed;

    /* lock */
    int accept_code; /* of the last accept that failed */

    /* io */
    SOCKET socket; /* made by the loop before HV_WANT_START */
    bool closing;
    int reported_code; /* the same failure is reported once */
    unsigned pending;
    uint64_t retry_ms; /* 0: no accept is idle */
    struct hv_accept accepts[HV_ACCEPTS];
    struct hv_listener *previous, *next;
};

struct hv_hub {
    uv_loop_t *loop;                                    /* fixed */
    void (*on_news)(struct hv_end *end, unsigned news); /* fixed */
    HANDLE port;                                        /* fixed */
    LPFN_CONNECTEX connect_ex;
    LPFN_ACCEPTEX accept_ex;
    uv_async_t async;
    uv_thread_t thread;

    /* lock */
    uv_mutex_t lock;
    struct {
        struct hv_end *first, *last;
        bool woken;
    } queue[HV_QUEUES];
    struct hv_block *pool;
    unsigned pooled;
    bool stop;

    /* io */
    struct hv_link *links;
    struct hv_listener *listeners;
    uint64_t wake_ms; /* not later than the earliest deadline; 0: none */

    /* loop */
    unsigned ends;
    struct hv_hub *next;
};

/* ---- link_hyperv_hub_win32.c ---- */

/* Finds or makes the hub of the loop; on_news runs on the loop for each end that has news. false:
 * the family does not exist here, or no memory. */
bool hv_hub_get(uv_loop_t *loop,
                void (*on_news)(struct hv_end *end, unsigned news),
                struct hv_hub **ret_hub,
                struct err *err);

/* Ends the hub when it has no ends any more. Loop. */
void hv_hub_release(struct hv_hub *hub);

/* Queues flags for the other thread and wakes it. The caller holds the lock. */
void hv_tell(struct hv_end *end, enum hv_queue queue, unsigned flags);

/* The same, takes the lock itself. */
void hv_tell_locked(struct hv_end *end, enum hv_queue queue, unsigned flags);

/* Takes the next end and its flags; NULL when the queue is empty. The caller holds the lock. */
struct hv_end *hv_take(struct hv_hub *hub, enum hv_queue queue, unsigned *ret_flags);

/* Takes the end out of both queues. The caller holds the lock. */
void hv_forget(struct hv_end *end);

/* A block with nothing in it, NULL when there is no memory. The caller holds the lock. */
struct hv_block *hv_block_get(struct hv_hub *hub);

/* Gives a block back; NULL allowed. The caller holds the lock. */
void hv_block_put(struct hv_hub *hub, struct hv_block *block);

/* A list of blocks: append, take the first (NULL when empty), give all back (lock held). */
void hv_blocks_add(struct hv_blocks *list, struct hv_block *block);
struct hv_block *hv_blocks_take(struct hv_blocks *list);
void hv_blocks_clear(struct hv_hub *hub, struct hv_blocks *list);

/* Allocates a link with both sockets and lists empty; NULL when there is no memory. Any thread. */
struct hv_link *hv_link_new(struct hv_hub *hub);

/* ---- link_hyperv_socket_win32.c: what is special about the family. Codes are Winsock's, 0 = done
 * ---- */

/* Makes a socket that children do not inherit and that survives a suspended VM. */
int hv_socket_open(SOCKET *ret_socket);

/* Makes a socket that listens. PARENT falls back to WILDCARD where there is no parent, and says so.
 */
int hv_socket_listen(const struct link_guid *vm,
                     const struct link_guid *service,
                     SOCKET *ret_socket,
                     bool *ret_wildcard);

/* Starts to connect; a packet follows when this returns 0. */
int hv_socket_dial(const struct hv_hub *hub,
                   SOCKET s,
                   const struct link_guid *vm,
                   const struct link_guid *service,
                   int64_t timeout_ms,
                   OVERLAPPED *overlapped);

/* Fetches ConnectEx and AcceptEx. */
int hv_socket_extensions(LPFN_CONNECTEX *ret_connect_ex, LPFN_ACCEPTEX *ret_accept_ex);

/* The VM id of a connected socket's peer. false: the system names another family. */
bool hv_socket_peer(SOCKET s, struct link_guid *ret_vm);

/* ---- link_hyperv_io_win32.c ---- */

/* Body of the I/O thread; the argument is the hub. Ends when hub->stop is set. */
void hv_io_thread(void *hub);

/* Links: starts reading of an accepted link that has its socket. io. */
void hv_link_begin(struct hv_link *link);

/* Remembers that something is to be done at that time. io. */
void hv_wake_at(struct hv_hub *hub, uint64_t time_ms);

/* Counts an operation that was posted, or one whose packet came. Any thread. */
void hv_count_posted(void);
void hv_count_completed(void);

/* ---- link_hyperv_accept_win32.c; io ---- */

/* Does what the loop wants. */
void hv_listener_want(struct hv_listener *listener, unsigned wants);

/* A packet of AcceptEx came; code is Winsock's. */
void hv_accept_done(struct hv_accept *accept, int code);

/* Tries idle accepts again. */
void hv_listener_retry(struct hv_listener *listener);

/* ---- link_hyperv_error_win32.c ---- */

/* Sets err from a Winsock code, about a peer or address. Returns false. */
bool hv_error(struct err *err, int code, const struct link_guid *about);

#endif
