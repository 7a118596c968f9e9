/* A link into memory, and TLS without secrets. */
#include "tests/fuzz/plain_link.h"

#include "common/link_backend.h"
#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

/* ---- the link ---- */

struct plain_link {
    struct link base;
    uv_timer_t timer; /* opens and closes from the loop, as real ones do */
    bool paused, closing, opening;
};

const uint8_t plain_hello[6] = {0x16, 3, 1, 0, 1, 0};
struct link *plain_link_dialled;

static enum link_sent op_send(struct link *base, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    struct plain_link *link = (struct plain_link *)base;

    if (length > 0 && bytes[0] == 0xff && bytes[length - 1] == 0xff)
        return LINK_FULL; /* touches what it is given */
    return link->closing ? LINK_REFUSED : LINK_SENT;
}

static size_t op_queued(const struct link *base)
{
    (void)base;
    return 0;
}

static void op_pause(struct link *base, bool paused)
{
    ((struct plain_link *)base)->paused = paused;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct plain_link *link = handle->data;

    if (plain_link_dialled == &link->base)
        plain_link_dialled = NULL;
    if (link->base.events)
        link->base.events->on_close(&link->base, NULL, link->base.user);
    free(link);
}

static void op_close(struct link *base, int64_t flush_ms)
{
    struct plain_link *link = (struct plain_link *)base;

    (void)flush_ms;
    if (link->closing)
        return;
    link->closing = true;
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

static const struct link_ops ops = {
    .send = op_send, .queued = op_queued, .pause = op_pause, .close = op_close};

struct link *plain_link_new(uv_loop_t *loop)
{
    struct plain_link *link = calloc(1, sizeof *link);

    if (!link)
        abort();
    link->base.ops = &ops;
    uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    return &link->base;
}

void plain_link_feed(struct link *base, const uint8_t *data, size_t length)
{
    struct plain_link *link = (struct plain_link *)base;

    if (!link->closing && !link->paused && link->base.events)
        link->base.events->on_data(base, data, length, base->user);
}

void plain_link_end(struct link *base)
{
    op_close(base, 0);
}

static void on_open(uv_timer_t *timer)
{
    struct plain_link *link = timer->data;

    if (!link->closing && link->base.events->on_open)
        link->base.events->on_open(&link->base, link->base.user);
}

bool link_uv_dial(uv_loop_t *loop,
                  const struct link_address *address,
                  int64_t timeout_ms,
                  const struct link_events *events,
                  void *user,
                  struct link **ret_link,
                  struct err *err)
{
    (void)address;
    (void)timeout_ms;
    (void)err;
    *ret_link = plain_link_dialled = plain_link_new(loop);
    link_attach(*ret_link, events, user);
    uv_timer_start(&((struct plain_link *)*ret_link)->timer, on_open, 0, 0);
    return true;
}

bool link_uv_listen(uv_loop_t *loop,
                    const struct link_address *address,
                    const struct link_listen_events *events,
                    void *user,
                    struct link_listener **ret_listener,
                    struct err *err)
{
    (void)loop;
    (void)address;
    (void)events;
    (void)user;
    (void)ret_listener;
    return err_set(err, ERR_UNSUPPORTED, TEXT_LINK_LISTEN, "", NULL);
}

/* ---- TLS ---- */

struct secure {
    size_t seen; /* bytes of plain_hello */
};

bool secure_server_new(secure_find find, void *user, struct secure **ret_secure, struct err *err)
{
    (void)find;
    (void)user;
    (void)err;
    *ret_secure = calloc(1, sizeof **ret_secure);
    return *ret_secure != NULL;
}

bool secure_client_new(const char *identity,
                       const uint8_t secret[SECURE_SECRET_BYTES],
                       struct secure **ret_secure,
                       struct err *err)
{
    (void)identity;
    (void)secret;
    return secure_server_new(NULL, NULL, ret_secure, err);
}

void secure_free(struct secure *secure)
{
    free(secure);
}

bool secure_start(struct secure *secure, struct buf *out, struct err *err)
{
    (void)secure;
    (void)err;
    return buf_put(out, plain_hello, sizeof plain_hello);
}

enum secure_result secure_feed(struct secure *secure,
                               const uint8_t **data,
                               size_t *length,
                               uint8_t *plain,
                               size_t size,
                               size_t *ret_plain,
                               struct buf *out,
                               struct err *err)
{
    bool ready = secure->seen == sizeof plain_hello;
    size_t want = ready ? size : sizeof plain_hello - secure->seen;
    size_t n = want < *length ? want : *length;

    (void)out;
    (void)err;
    if (n == 0)
        return SECURE_MORE;
    if (ready)
        memcpy(plain, *data, n);
    else
        secure->seen += n;
    *data += n;
    *length -= n;
    *ret_plain = n;
    if (ready)
        return SECURE_DATA;
    return secure->seen == sizeof plain_hello ? SECURE_READY : SECURE_MORE;
}

bool secure_send(
    struct secure *secure, const void *data, size_t length, struct buf *out, struct err *err)
{
    (void)secure;
    (void)err;
    return buf_put(out, data, length);
}

void secure_end(struct secure *secure, struct buf *out)
{
    (void)secure;
    (void)out;
}

const char *secure_identity(const struct secure *secure)
{
    return secure->seen == sizeof plain_hello ? "4f3c2a10-0000-4000-8000-00000000beef:3" : "";
}

bool secure_random(void *out, size_t length)
{
    memset(out, 7, length);
    return true;
}

void secure_wipe(void *data, size_t length)
{
    memset(data, 0, length);
}
