/*
 * Measures what `gpupv status` costs over many guests: one process answers health.get on COUNT
 * sockets as COUNT agents would, another asks them all through the host's pool of clients, first
 * cold (connect, prove the key, hello, ask), then over the sessions that stand. run.sh starts it.
 *
 *   serve FOLDER COUNT      listens on FOLDER/0000 ... and prints "ready"
 *   ask FOLDER COUNT        prints milliseconds: cold, standing (median of ROUNDS), one guest after
 *                           the other (each cold)
 */
#include "common/fs.h"
#include "common/health.h"
#include "common/log.h"
#include "common/session_server.h"
#include "host/guest/client.h"

#include <uv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITY "4f3c2a10-0000-4000-8000-00000000beef:1"
#define ROUNDS   9
#define ROUND_MS 60000
#define ID_BYTES 12

static const uint8_t secret[SESSION_SECRET_BYTES] = {42};

static void check(bool ok, const struct err *err)
{
    char text[512];

    if (ok)
        return;
    fprintf(stderr, "bench_status: %s\n", err_message(err, TEXT_EN, text, sizeof text));
    exit(1);
}

static struct link_address address_of(const char *folder, const char *id)
{
    struct link_address address = {.kind = LINK_UV};
    struct err err = ERR_INIT;
    char path[FS_PATH_BYTES];

    check(fs_join(path, folder, id, &err), &err);
    text_copy(address.path, sizeof address.path, path);
    return address;
}

/* ---- the guests ---- */

static bool find_secret(const char *identity, uint8_t *ret_secret, void *user)
{
    (void)user;
    memcpy(ret_secret, secret, sizeof secret);
    return strcmp(identity, IDENTITY) == 0;
}

/* A report of all checks, as a guest that has just healed sends it. */
static void on_health(struct request *request, void *user)
{
    struct health health = {.level = LEVEL_HEALTHY};

    (void)user;
    for (int i = 0; i < CHECK_COUNT; i++)
        health.checks[i].status = STATUS_OK;
    request_reply(request, health_to_json(&health), NULL, 0);
}

static void serve(const char *folder, unsigned count)
{
    static const struct request_binding bindings[] = {{METHOD_HEALTH_GET, on_health}};
    static uv_loop_t loop;
    struct session_server_config config = {
        .loop = &loop, .find_secret = find_secret, .bindings = bindings, .binding_count = 1};
    struct err err = ERR_INIT;

    uv_loop_init(&loop);
    for (unsigned i = 0; i < count; i++) {
        struct session_server *server = NULL;
        struct link_address address;
        char id[ID_BYTES];

        snprintf(id, sizeof id, "%04u", i);
        address = address_of(folder, id);
        check(session_server_new(&config, &server, &err) &&
                  session_server_listen(server, &address, &err),
              &err);
    }
    puts("ready");
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* ---- the host ---- */

struct guests {
    unsigned count;
    char (*ids)[ID_BYTES];
    struct client_target *targets;
    struct client_query *queries;
};

static void guests_init(struct guests *guests, const char *folder, unsigned count)
{
    guests->count = count;
    guests->ids = calloc(count, sizeof *guests->ids);
    guests->targets = calloc(count, sizeof *guests->targets);
    guests->queries = calloc(count, sizeof *guests->queries);
    if (!guests->ids || !guests->targets || !guests->queries)
        exit(1);
    for (unsigned i = 0; i < count; i++) {
        struct client_target *target = &guests->targets[i];

        snprintf(guests->ids[i], ID_BYTES, "%04u", i);
        target->address = address_of(folder, guests->ids[i]);
        text_copy(target->keys[0].identity, sizeof target->keys[0].identity, IDENTITY);
        memcpy(target->keys[0].secret, secret, sizeof secret);
        target->key_count = 1;
    }
}

static void guests_done(struct guests *guests)
{
    free(guests->ids);
    free(guests->targets);
    free(guests->queries);
}

/* Asks `count` guests from `first` on; every one must answer with a report that can be read. */
static double ask(struct guests *guests, struct client_pool *pool, unsigned first, unsigned count)
{
    uint64_t start = uv_hrtime();
    double ms;

    for (unsigned i = first; i < first + count; i++)
        guests->queries[i] = (struct client_query){
            .id = guests->ids[i], .target = &guests->targets[i], .call.method = METHOD_HEALTH_GET};
    client_pool_run(pool, guests->queries + first, count, ROUND_MS);
    ms = (double)(uv_hrtime() - start) / 1e6;
    for (unsigned i = first; i < first + count; i++) {
        struct err err = ERR_INIT;
        struct health health;

        check(guests->queries[i].done, &guests->queries[i].err);
        check(health_from_json(guests->queries[i].reply.result, &health, &err), &err);
        client_reply_done(&guests->queries[i].reply);
    }
    return ms;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double one_after_the_other(struct guests *guests)
{
    struct client_pool *pool = NULL;
    struct err err = ERR_INIT;
    double ms = 0;

    check(client_pool_new(0, &pool, &err), &err);
    for (unsigned i = 0; i < guests->count; i++)
        ms += ask(guests, pool, i, 1);
    client_pool_free(pool);
    return ms;
}

static void measure(const char *folder, unsigned count)
{
    struct client_pool *pool = NULL;
    struct err err = ERR_INIT;
    struct guests guests;
    double cold, standing[ROUNDS];

    guests_init(&guests, folder, count);
    check(client_pool_new(0, &pool, &err), &err);
    cold = ask(&guests, pool, 0, count);
    for (int i = 0; i < ROUNDS; i++)
        standing[i] = ask(&guests, pool, 0, count);
    qsort(standing, ROUNDS, sizeof *standing, by_value);
    client_pool_free(pool);
    printf("%.1f %.1f %.1f\n", cold, standing[ROUNDS / 2], one_after_the_other(&guests));
    guests_done(&guests);
}

int main(int argc, char **argv)
{
    unsigned count = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

    log_set_level(LOG_ERROR);
    if (count > 0 && strcmp(argv[1], "serve") == 0)
        serve(argv[2], count);
    else if (count > 0 && strcmp(argv[1], "ask") == 0)
        measure(argv[2], count);
    else
        fputs("usage: see the head of bench_status_posix.c\n", stderr);
    return count == 0;
}
