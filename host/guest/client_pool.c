/*
 * Many guests at once. Each guest has an entry that keeps its session between rounds; in a round an
 * entry goes through: wait for a place to dial, dial with one key after the other, call, done.
 */
#include "host/guest/client.h"

#include "common/secure.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define PARALLEL_DEFAULT 32

enum step { STEP_IDLE, STEP_QUEUED, STEP_DIALING, STEP_CALLING };

struct entry {
    struct client_pool *pool;
    struct entry *next;
    char *id;
    struct session *session;
    bool open;
    enum step step;
    bool reused; /* the session is older than this round */
    size_t key;
    struct client_query *query; /* NULL between rounds */
};

struct client_pool {
    uv_loop_t loop;
    uv_timer_t timer;
    bool late;
    size_t parallel;
    struct entry *entries; /* in the order of their first round */
    struct entry *cursor;  /* found last: rounds usually ask in the same order */
};

static void call(struct entry *entry);

/* ---- one entry ---- */

static void entry_done(struct entry *entry, const struct err *err)
{
    struct client_query *query = entry->query;

    entry->step = STEP_IDLE;
    entry->query = NULL;
    if (!query)
        return;
    query->key_used = entry->key;
    if (err)
        query->err = *err;
    else
        query->done = true;
}

static void on_open(struct session *session, const struct session_hello *peer, void *user)
{
    struct entry *entry = user;

    (void)session;
    entry->open = true;
    if (!entry->query) {
        session_close(session);
        return;
    }
    entry->query->peer = *peer;
    call(entry);
}

/* The next key when this one was refused, a new connection when an old one turned out to be dead.
 */
static bool try_again(struct entry *entry, const struct err *why)
{
    if (!entry->query)
        return false;
    if (entry->step == STEP_DIALING && why && why->kind == ERR_AUTH &&
        entry->key + 1 < entry->query->target->key_count) {
        entry->key++;
    } else if (entry->step == STEP_CALLING && entry->reused) {
        entry->reused = false;
        entry->key = 0;
    } else {
        return false;
    }
    entry->step = STEP_QUEUED;
    return true;
}

static void on_close(struct session *session, const struct err *why, void *user)
{
    struct entry *entry = user;
    struct err closed = ERR_INIT;

    (void)session;
    entry->session = NULL;
    entry->open = false;
    if (entry->step == STEP_IDLE || entry->step == STEP_QUEUED || try_again(entry, why))
        return;
    err_set(&closed, ERR_CLOSED, TEXT_SESSION_NOT_OPEN, NULL);
    entry_done(entry, why ? why : &closed);
}

static const struct session_events events = {.on_open = on_open, .on_close = on_close};

static void dial(struct entry *entry)
{
    const struct client_target *target = entry->query->target;
    struct session_dial dial_with = {.address = target->address};
    struct err err = ERR_INIT;

    if (entry->key >= target->key_count) {
        err_set(&err, ERR_AUTH, TEXT_SECURE_WRONG_KEY, NULL);
        entry_done(entry, &err);
        return;
    }
    memcpy(dial_with.identity, target->keys[entry->key].identity, sizeof dial_with.identity);
    memcpy(dial_with.secret, target->keys[entry->key].secret, sizeof dial_with.secret);
    entry->step = STEP_DIALING;
    if (!session_open(&entry->pool->loop, &dial_with, &events, entry, &entry->session, &err))
        entry_done(entry, &err);
    secure_wipe(&dial_with, sizeof dial_with);
}

static bool copy_reply(const struct session_reply *reply, struct client_reply *ret_reply)
{
    struct client_reply copy = {.result = cJSON_Duplicate(reply->result, true)};

    if (reply->body_length > 0) {
        copy.body = malloc(reply->body_length);
        copy.body_length = reply->body_length;
    }
    if (!copy.result || (reply->body_length > 0 && !copy.body)) {
        client_reply_done(&copy);
        return false;
    }
    if (copy.body)
        memcpy(copy.body, reply->body, reply->body_length);
    *ret_reply = copy;
    return true;
}

static void on_reply(const struct session_reply *reply, void *user)
{
    struct entry *entry = user;
    struct err err = ERR_INIT;

    if (entry->step != STEP_CALLING || !entry->query)
        return;
    if (reply->err && reply->err->kind == ERR_CLOSED && try_again(entry, reply->err))
        return;
    if (reply->err)
        entry_done(entry, reply->err);
    else if (copy_reply(reply, &entry->query->reply))
        entry_done(entry, NULL);
    else
        entry_done(entry, (err_no_memory(&err), &err));
}

static void call(struct entry *entry)
{
    const struct client_call *wanted = &entry->query->call;
    const struct session_call session_call_data = {.method = wanted->method,
                                                   .params = wanted->params,
                                                   .body = wanted->body,
                                                   .body_length = wanted->body_length,
                                                   .deadline_ms = wanted->timeout_ms,
                                                   .on_reply = on_reply,
                                                   .on_progress = NULL,
                                                   .user = entry};
    struct err err = ERR_INIT;

    entry->step = STEP_CALLING;
    if (!session_call(entry->session, &session_call_data, &err))
        entry_done(entry, &err);
}

/* ---- a round ---- */

static struct entry *find(struct client_pool *pool, const char *id)
{
    struct entry *start = pool->cursor && pool->cursor->next ? pool->cursor->next : pool->entries;
    struct entry *entry = start;

    while (entry && strcmp(entry->id, id) != 0) {
        entry = entry->next ? entry->next : pool->entries;
        if (entry == start)
            return NULL;
    }
    return entry;
}

static struct entry *entry_new(struct client_pool *pool, const char *id)
{
    size_t length = strlen(id) + 1;
    struct entry *entry = calloc(1, sizeof *entry);
    struct entry **end = &pool->entries;

    if (!entry)
        return NULL;
    entry->id = malloc(length);
    if (!entry->id) {
        free(entry);
        return NULL;
    }
    memcpy(entry->id, id, length);
    entry->pool = pool;
    while (*end)
        end = &(*end)->next;
    *end = entry;
    return entry;
}

static struct entry *entry_of(struct client_pool *pool, const char *id)
{
    struct entry *entry = find(pool, id);

    if (!entry)
        entry = entry_new(pool, id);
    if (entry)
        pool->cursor = entry;
    return entry;
}

static void begin(struct client_pool *pool, struct client_query *query)
{
    struct entry *entry = entry_of(pool, query->id);

    query->done = false;
    err_clear(&query->err);
    if (!entry) {
        err_no_memory(&query->err);
        return;
    }
    if (entry->query) {
        err_set(&query->err, ERR_BUSY, TEXT_SESSION_BUSY, NULL);
        return;
    }
    entry->query = query;
    entry->step = STEP_QUEUED;
    entry->reused = entry->session && entry->open;
    if (entry->reused && session_state(entry->session) == SESSION_OPEN) {
        query->peer = *session_peer(entry->session);
        call(entry);
    } else {
        entry->key = 0;
    }
}

/* Dials for the entries that wait, as far as there are places. True while any is not done. */
static bool go_on(struct client_pool *pool)
{
    size_t dialing = 0;
    bool busy = false;

    for (struct entry *e = pool->entries; e; e = e->next)
        dialing += e->step == STEP_DIALING;
    for (struct entry *e = pool->entries; e; e = e->next) {
        if (e->step == STEP_QUEUED && !e->session && dialing < pool->parallel) {
            dialing++;
            dial(e);
        }
        busy = busy || e->step != STEP_IDLE;
    }
    return busy;
}

static void on_timer(uv_timer_t *timer)
{
    ((struct client_pool *)timer->data)->late = true;
}

static void give_up(struct entry *entry, int64_t timeout_ms)
{
    struct err err = ERR_INIT;

    if (entry->step == STEP_IDLE)
        return;
    err_set(&err, ERR_TIMEOUT, TEXT_CLIENT_TIMEOUT, TEXT_NUM(timeout_ms / 1000), NULL);
    entry_done(entry, &err);
    if (entry->session)
        session_close(entry->session);
}

void client_pool_run(struct client_pool *pool,
                     struct client_query *queries,
                     size_t count,
                     int64_t timeout_ms)
{
    uv_run(&pool->loop, UV_RUN_NOWAIT); /* connections that ended since the last round */
    uv_update_time(&pool->loop);
    pool->late = false;
    uv_timer_start(&pool->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 0, 0);
    for (size_t i = 0; i < count; i++)
        begin(pool, &queries[i]);
    while (go_on(pool) && !pool->late)
        uv_run(&pool->loop, UV_RUN_ONCE);
    uv_timer_stop(&pool->timer);
    for (struct entry *e = pool->entries; e; e = e->next)
        give_up(e, timeout_ms);
}

/* ---- the pool ---- */

bool client_pool_new(size_t parallel, struct client_pool **ret_pool, struct err *err)
{
    struct client_pool *pool = calloc(1, sizeof *pool);
    int status;

    if (!pool)
        return err_no_memory(err);
    status = uv_loop_init(&pool->loop);
    if (status < 0) {
        free(pool);
        return err_set_os(err, ERR_DOMAIN_UV, status, TEXT_LINK_DIAL, "", NULL);
    }
    pool->parallel = parallel ? parallel : PARALLEL_DEFAULT;
    uv_timer_init(&pool->loop, &pool->timer);
    pool->timer.data = pool;
    *ret_pool = pool;
    return true;
}

void client_pool_drop(struct client_pool *pool, const char *id)
{
    for (struct entry *e = pool->entries; e; e = e->next) {
        if (strcmp(e->id, id) == 0 && e->session)
            session_close(e->session);
    }
}

void client_pool_free(struct client_pool *pool)
{
    struct entry *next;

    if (!pool)
        return;
    for (struct entry *e = pool->entries; e; e = e->next) {
        if (e->session)
            session_close(e->session);
    }
    uv_close((uv_handle_t *)&pool->timer, NULL);
    uv_run(&pool->loop, UV_RUN_DEFAULT);
    uv_loop_close(&pool->loop);
    for (struct entry *e = pool->entries; e; e = next) {
        next = e->next;
        free(e->id);
        free(e);
    }
    free(pool);
}
