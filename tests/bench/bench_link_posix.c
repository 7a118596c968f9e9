/*
 * Measures the link: round trips and file pushes, against a bare echo server and against qemu-ga.
 * run.sh starts it in these modes and puts the numbers side by side.
 *
 *   serve-echo SOCKET                  reads and writes back, nothing else
 *   serve-session SOCKET FOLDER        our server: ping, payload.put into FOLDER, bulk into FOLDER
 *   ping-echo|ping-qga|ping-session SOCKET COUNT      prints p50 and p99 in microseconds, pings a
 * second push-qga|push-session SOCKET MEGABYTES FILE       prints MB/s (10^6), CPU of the client in
 * ms push-bulk SOCKET FOLDER                           the same for all files of a folder
 */
#include "common/bulk.h"
#include "common/fs.h"
#include "common/log.h"
#include "common/session_server.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITY   "4f3c2a10-0000-4000-8000-00000000beef:1"
#define WARM_UP    2000
#define CHUNK      ((size_t)1 << 20)
#define QGA_CHUNK  ((size_t)256 << 10)
#define IN_FLIGHT  4
#define ANSWER_MAX ((size_t)1 << 20)

static const uint8_t secret[SESSION_SECRET_BYTES] = {42};

static void die(const char *what)
{
    fprintf(stderr, "bench_link: %s\n", what);
    exit(1);
}

static void check(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        die(err_message(err, TEXT_EN, text, sizeof text));
}

/* ---- results ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void print_times(uint64_t *times_ns, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += times_ns[i];
    qsort(times_ns, count, sizeof *times_ns, by_value);
    printf("%.1f %.1f %.0f\n",
           (double)times_ns[count / 2] / 1000,
           (double)times_ns[count * 99 / 100] / 1000,
           (double)count * 1e9 / (double)sum);
}

static double cpu_ms(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000;
}

static void print_push(uint64_t bytes, uint64_t start_ns)
{
    double seconds = (double)(uv_hrtime() - start_ns) / 1e9;

    printf("%.0f %.1f\n", (double)bytes / 1e6 / seconds, cpu_ms());
}

/* ---- plain sockets: echo and qemu-ga ---- */

static int plain_socket(const char *path, bool serve)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (serve)
        unlink(path);
    if (fd < 0 ||
        (serve ? bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4) < 0
               : connect(fd, (struct sockaddr *)&address, sizeof address) < 0))
        die(path);
    return fd;
}

static void write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);

        if (n <= 0)
            die("write");
        data += n;
        length -= (size_t)n;
    }
}

/* Reads one line, which is all that the other side sends. */
static size_t read_line(int fd, char *line)
{
    size_t length = 0;

    do {
        ssize_t n = read(fd, line + length, ANSWER_MAX - length);

        if (n <= 0)
            die("read");
        length += (size_t)n;
    } while (line[length - 1] != '\n');
    return length;
}

static void serve_echo(const char *path)
{
    char buffer[4096];
    int listener = plain_socket(path, true);

    for (;;) {
        int fd = accept(listener, NULL, NULL);
        ssize_t n;

        while ((n = read(fd, buffer, sizeof buffer)) > 0)
            write_all(fd, buffer, (size_t)n);
        close(fd);
    }
}

static void ping_plain(const char *path, size_t count)
{
    static const char ping[] = "{\"execute\":\"guest-ping\"}\n";
    uint64_t *times = malloc(count * sizeof *times);
    char *line = malloc(ANSWER_MAX);
    int fd = plain_socket(path, false);

    for (size_t i = 0; i < WARM_UP + count; i++) {
        uint64_t start = uv_hrtime();

        write_all(fd, ping, sizeof ping - 1);
        read_line(fd, line);
        if (i >= WARM_UP)
            times[i - WARM_UP] = uv_hrtime() - start;
    }
    print_times(times, count);
}

static size_t base64(const uint8_t *data, size_t length, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;

    for (size_t i = 0; i + 2 < length; i += 3) {
        uint32_t v = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            out[at++] = digits[v >> shift & 63];
    }
    return at;
}

static void push_qga(const char *path, size_t megabytes, const char *file)
{
    size_t raw = QGA_CHUNK / 3 * 3, length, start_length;
    uint8_t *data = malloc(raw);
    char *request = malloc(2 * QGA_CHUNK), *line = malloc(ANSWER_MAX);
    int fd = plain_socket(path, false), handle = 0;
    uint64_t start;

    for (size_t i = 0; i < raw; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    length = (size_t)snprintf(line,
                              ANSWER_MAX,
                              "{\"execute\":\"guest-file-open\",\"arguments\":{\"path\":\"%s\","
                              "\"mode\":\"w\"}}\n",
                              file);
    write_all(fd, line, length);
    line[read_line(fd, line)] = '\0';
    if (sscanf(line, "{\"return\": %d", &handle) != 1)
        die(line);
    start_length = (size_t)sprintf(request,
                                   "{\"execute\":\"guest-file-write\",\"arguments\":{\"handle\":%d,"
                                   "\"buf-b64\":\"",
                                   handle);
    length = start_length + base64(data, raw, request + start_length);
    length += (size_t)sprintf(request + length, "\"}}\n");
    start = uv_hrtime();
    for (size_t sent = 0; sent < megabytes * 1000000; sent += raw) {
        write_all(fd, request, length);
        read_line(fd, line);
    }
    length = (size_t)sprintf(
        request, "{\"execute\":\"guest-file-close\",\"arguments\":{\"handle\":%d}}\n", handle);
    write_all(fd, request, length);
    read_line(fd, line);
    print_push(megabytes * 1000000, start);
}

/* ---- our server ---- */

struct server {
    uv_loop_t loop;
    struct session_server *server;
    struct bulk_store *store;
    const char *folder;
    struct fs_file *file; /* of payload.put */
    struct manifest files;
    struct bulk_have *have;
};

static bool find_secret(const char *identity, uint8_t *ret_secret, void *user)
{
    (void)user;
    memcpy(ret_secret, secret, sizeof secret);
    return strcmp(identity, IDENTITY) == 0;
}

static void on_put(struct request *request, void *user)
{
    struct server *server = user;
    int64_t offset = 0, size = 0;
    char path[FS_PATH_BYTES];
    size_t length;
    const uint8_t *body = request_body(request, &length);
    struct err err = ERR_INIT;
    cJSON *result = cJSON_CreateObject();

    json_int(request_params(request), "offset", 0, INT64_MAX, &offset, NULL);
    json_int(request_params(request), "size_bytes", 0, INT64_MAX, &size, NULL);
    if (!server->file)
        check(fs_join(path, server->folder, "put.bin", &err) &&
                  fs_file_open(path, FS_CREATE, FS_PRIVATE, &server->file, &err),
              &err);
    check(fs_file_write(server->file, (uint64_t)offset, body, length, &err), &err);
    if (offset + (int64_t)length == size) {
        fs_file_close(server->file);
        server->file = NULL;
    }
    json_add_int(result, "next", offset + (int64_t)length);
    request_reply(request, result, NULL, 0);
}

static void on_bulk_done(const struct err *why, void *user)
{
    struct server *server = user;

    if (why)
        log_err(LOG_ERROR, "bench", "bulk", why);
    manifest_done(&server->files);
    free(server->have);
}

static void on_drivers_put(struct request *request, void *user)
{
    struct server *server = user;
    struct bulk_transfer transfer = {
        .folder = server->folder, .files = &server->files, .on_done = on_bulk_done, .user = server};
    struct bulk_offer offer;
    size_t length;
    const uint8_t *body = request_body(request, &length);
    struct err err = ERR_INIT;
    bool last;

    manifest_init(&server->files, body[4] == MANIFEST_XXH3 ? MANIFEST_XXH3 : MANIFEST_SHA256);
    check(manifest_read_page(&server->files, body, length, &last, &err), &err);
    server->have = calloc(server->files.count, sizeof *server->have);
    transfer.have = server->have;
    check(bulk_store_offer(server->store, &transfer, &offer, &err), &err);
    request_reply(request, bulk_offer_to_json(&offer), offer.key, sizeof offer.key);
    bulk_offer_done(&offer);
}

static void serve_session(const char *path, const char *folder)
{
    static const struct request_binding bindings[] = {{METHOD_PAYLOAD_PUT, on_put},
                                                      {METHOD_DRIVERS_PUT, on_drivers_put}};
    static struct server server;
    struct session_server_config config = {.loop = &server.loop,
                                           .find_secret = find_secret,
                                           .bindings = bindings,
                                           .binding_count = 2,
                                           .user = &server};
    struct link_address address = {.kind = LINK_UV};
    struct err err = ERR_INIT;

    server.folder = folder;
    uv_loop_init(&server.loop);
    text_copy(address.path, sizeof address.path, path);
    check(session_server_new(&config, &server.server, &err) &&
              bulk_store_new(&server.loop, &server.store, &err) &&
              session_server_listen(server.server, &address, &err),
          &err);
    session_server_set_bulk(server.server, bulk_store_adopt, server.store);
    uv_run(&server.loop, UV_RUN_DEFAULT);
}

/* ---- our client ---- */

struct client {
    uv_loop_t loop;
    struct session *session;
    const char *path, *argument;
    size_t count, done, sent, in_flight;
    uint64_t *times, start;
    uint8_t *data;
    cJSON *params;
    struct manifest files;
    void (*begin)(struct client *client);
};

static void on_open(struct session *session, const struct session_hello *peer, void *user)
{
    struct client *client = user;

    (void)session;
    (void)peer;
    client->begin(client);
}

static void on_close(struct session *session, const struct err *why, void *user)
{
    (void)session;
    (void)user;
    check(why == NULL, why);
}

static const struct session_events events = {.on_open = on_open, .on_close = on_close};

static void run_client(struct client *client)
{
    struct session_dial dial = {.address.kind = LINK_UV, .identity = IDENTITY};
    struct err err = ERR_INIT;

    uv_loop_init(&client->loop);
    memcpy(dial.secret, secret, sizeof secret);
    text_copy(dial.address.path, sizeof dial.address.path, client->path);
    check(session_open(&client->loop, &dial, &events, client, &client->session, &err), &err);
    uv_run(&client->loop, UV_RUN_DEFAULT);
}

static void ping_next(struct client *client);

static void on_pong(const struct session_reply *reply, void *user)
{
    struct client *client = user;
    uint64_t now = uv_hrtime();

    check(reply->err == NULL, reply->err);
    if (client->done >= WARM_UP)
        client->times[client->done - WARM_UP] = now - client->start;
    client->done++;
    if (client->done < WARM_UP + client->count) {
        ping_next(client);
        return;
    }
    print_times(client->times, client->count);
    session_close(client->session);
}

static void ping_next(struct client *client)
{
    const struct session_call call = {.method = METHOD_PING, .on_reply = on_pong, .user = client};
    struct err err = ERR_INIT;

    client->start = uv_hrtime();
    check(session_call(client->session, &call, &err), &err);
}

static void push_next(struct client *client);

static void on_pushed(const struct session_reply *reply, void *user)
{
    struct client *client = user;

    check(reply->err == NULL, reply->err);
    client->in_flight--;
    client->done++;
    if (client->done < client->count) {
        push_next(client);
        return;
    }
    print_push(client->count * CHUNK, client->start);
    session_close(client->session);
}

static void push_next(struct client *client)
{
    struct err err = ERR_INIT;

    while (client->in_flight < IN_FLIGHT && client->sent < client->count &&
           !session_is_full(client->session)) {
        struct session_call call = {.method = METHOD_PAYLOAD_PUT,
                                    .params = client->params,
                                    .body = client->data,
                                    .body_length = CHUNK,
                                    .on_reply = on_pushed,
                                    .user = client};

        cJSON_ReplaceItemInObject(
            client->params, "offset", cJSON_CreateNumber((double)(client->sent * CHUNK)));
        check(session_call(client->session, &call, &err), &err);
        client->sent++;
        client->in_flight++;
    }
}

static void push_begin(struct client *client)
{
    client->data = malloc(CHUNK);
    for (size_t i = 0; i < CHUNK; i++)
        client->data[i] = (uint8_t)(i * 2654435761u >> 13);
    client->params = cJSON_CreateObject();
    cJSON_AddStringToObject(client->params, "name", "put.bin");
    cJSON_AddStringToObject(client->params,
                            "sha256",
                            "0000000000000000000000000000000000000000000000000000000000000000");
    json_add_int(client->params, "size_bytes", (int64_t)(client->count * CHUNK));
    json_add_int(client->params, "offset", 0);
    client->start = uv_hrtime();
    push_next(client);
}

static void on_bulk_sent(const struct err *why, void *user)
{
    struct client *client = user;

    check(why == NULL, why);
    print_push(manifest_bytes(&client->files), client->start);
    session_close(client->session);
}

static void on_offer(const struct session_reply *reply, void *user)
{
    struct client *client = user;
    struct bulk_offer offer;
    struct bulk_send_job job = {.address.kind = LINK_UV,
                                .folder = client->argument,
                                .files = &client->files,
                                .offer = &offer,
                                .on_done = on_bulk_sent,
                                .user = client};
    struct bulk_send *send;
    struct err err = ERR_INIT;

    check(reply->err == NULL, reply->err);
    text_copy(job.address.path, sizeof job.address.path, client->path);
    check(bulk_offer_from_json(
              reply->result, reply->body, reply->body_length, &client->files, &offer, &err) &&
              bulk_send_start(&client->loop, &job, &send, &err),
          &err);
    bulk_offer_done(&offer);
}

static void bulk_begin(struct client *client)
{
    struct buf page;
    size_t cursor = 0;
    bool last;
    struct err err = ERR_INIT;
    cJSON *params = cJSON_CreateObject();
    struct session_call call = {
        .method = METHOD_DRIVERS_PUT, .params = params, .on_reply = on_offer, .user = client};

    buf_init(&page, CHUNK);
    check(manifest_scan(client->argument, MANIFEST_XXH3, NULL, &client->files, &err) &&
              manifest_write_page(&client->files, &cursor, CHUNK, &page, &last, &err),
          &err);
    cJSON_AddStringToObject(params, "package", "bench");
    cJSON_AddBoolToObject(params, "bulk", true);
    call.body = page.data;
    call.body_length = page.len;
    client->start = uv_hrtime();
    check(session_call(client->session, &call, &err), &err);
    cJSON_Delete(params);
    buf_done(&page);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

int main(int argc, char **argv)
{
    static struct client client;
    const char *mode = argc > 2 ? argv[1] : "", *argument = argc > 3 ? argv[3] : "";
    size_t number = strtoul(argument, NULL, 10);

    log_set_level(LOG_ERROR);
    client.path = argc > 2 ? argv[2] : "";
    client.argument = argument;
    client.count = number;
    if (is(mode, "serve-echo")) {
        serve_echo(argv[2]);
    } else if (is(mode, "serve-session")) {
        serve_session(argv[2], argument);
    } else if (is(mode, "ping-echo") || is(mode, "ping-qga")) {
        ping_plain(argv[2], number);
    } else if (is(mode, "push-qga") && argc > 4) {
        push_qga(argv[2], number, argv[4]);
    } else if (is(mode, "ping-session")) {
        client.times = malloc(number * sizeof *client.times);
        client.begin = ping_next;
        run_client(&client);
    } else if (is(mode, "push-session")) {
        client.begin = push_begin;
        run_client(&client);
    } else if (is(mode, "push-bulk")) {
        client.begin = bulk_begin;
        run_client(&client);
    } else {
        die("usage: see the head of bench_link_posix.c");
    }
    return 0;
}
