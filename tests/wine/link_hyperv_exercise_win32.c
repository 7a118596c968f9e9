/* Links over Hyper-V sockets between two processes, and between two machines.
 *
 *   link_hyperv_exercise serve VM
 *   link_hyperv_exercise dial VM STEP[:NUMBER]...
 *   link_hyperv_exercise selftest | register | unregister
 *
 * VM is a GUID, or parent, loopback, wildcard. The first bytes of a link tell the server what to do
 * with the rest. Every step prints what it saw and fails the process when that is not what it
 * should be. */
#include "common/link.h"
#include "common/link_hyperv.h"
#include "common/log.h"

#include <uv.h>
#include <winsock2.h>
#include <windows.h>
#include <winternl.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB           ((uint64_t)1 << 20)
#define MAGIC         0x31767068u
#define PIECE_BYTES   ((size_t)48 << 10)
#define PATTERN_BYTES 65521

enum { STEP_LIMIT_MS = 60000, DIAL_MS = 5000, QUIET_MS = 300, WARM_UP = 20 };

enum command { ECHO = 1, SINK, SOURCE, STALL, DIE, QUIT };

struct request {
    uint32_t magic, command;
    uint64_t bytes;
};

struct side {
    struct link *link; /* NULL after on_close */
    bool is_server, opened, closed, failed, damaged;
    struct err why;
    struct request request, reply;
    size_t head; /* bytes of the request or reply that came */
    uint64_t sent, received;
};

static uv_loop_t loop;
static uv_timer_t tick;
static struct link_address address = {.kind = LINK_HYPERV};
static struct link_listener *listener;
static struct side *stalled; /* the server's last one; a paused link does not end by itself */
static uint8_t pattern[PATTERN_BYTES + LINK_SEND_HIGH];
static bool failed;

static void expect(bool condition, const char *what)
{
    if (condition)
        return;
    failed = true;
    printf("  NOT SO: %s\n", what);
}

#define EXPECT(condition) expect(condition, #condition)

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* ---- bytes ---- */

static void pump(struct side *s)
{
    enum link_sent sent = LINK_SENT;

    while (s->link && s->sent < s->request.bytes && sent == LINK_SENT) {
        uint64_t left = s->request.bytes - s->sent;
        size_t part = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        sent = link_send(s->link, pattern + s->sent % PATTERN_BYTES, part);
        if (sent != LINK_REFUSED)
            s->sent += part;
    }
}

static void check(struct side *s, const uint8_t *data, size_t length)
{
    s->damaged |=
        length > LINK_SEND_HIGH || memcmp(data, pattern + s->received % PATTERN_BYTES, length) != 0;
    s->received += length;
}

/* Moves bytes into what is read first on each side; how many it took. */
static size_t take_head(struct side *s, struct request *into, const uint8_t *data, size_t length)
{
    size_t left = sizeof *into - s->head, part = left < length ? left : length;

    memcpy((uint8_t *)into + s->head, data, part);
    s->head += part;
    return part;
}

/* ---- the server ---- */

static void serve_request(struct side *s)
{
    if (s->request.command == SOURCE)
        pump(s);
    else if (s->request.command == STALL) {
        link_pause(s->link, true);
        stalled = s;
    } else if (s->request.command == QUIT && listener) {
        link_listener_close(listener);
        if (stalled)
            link_close(stalled->link, 0);
    }
}

static void serve_bytes(struct side *s, const uint8_t *data, size_t length)
{
    struct request reply = s->request;

    if (s->request.command == ECHO) {
        if (link_send(s->link, data, length) == LINK_FULL)
            link_pause(s->link, true);
        return;
    }
    check(s, data, length);
    if (s->request.command == DIE && s->received >= s->request.bytes)
        TerminateProcess(GetCurrentProcess(), 9);
    if (s->request.command == SINK && s->received == s->request.bytes) {
        reply.command = s->damaged ? 0 : SINK;
        link_send(s->link, &reply, sizeof reply);
    }
}

static void on_server_data(struct side *s, const uint8_t *data, size_t length)
{
    size_t taken = 0;

    if (s->head < sizeof s->request) {
        taken = take_head(s, &s->request, data, length);
        if (s->head == sizeof s->request)
            serve_request(s);
    }
    if (taken < length)
        serve_bytes(s, data + taken, length - taken);
}

/* ---- events ---- */

static void on_open(struct link *link, void *user)
{
    (void)link;
    ((struct side *)user)->opened = true;
}

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct side *s = user;

    (void)link;
    if (s->is_server)
        on_server_data(s, data, length);
    else if (s->request.command == SINK)
        take_head(s, &s->reply, data, length);
    else
        check(s, data, length);
}

static void on_drain(struct link *link, void *user)
{
    struct side *s = user;

    if (s->is_server && s->request.command == ECHO)
        link_pause(link, false);
    else if (!s->is_server || s->request.command == SOURCE)
        pump(s);
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct side *s = user;

    (void)link;
    s->link = NULL;
    s->closed = true;
    s->failed = why != NULL;
    if (why)
        s->why = *why;
    if (s == stalled)
        stalled = NULL;
    if (s->is_server)
        free(s);
}

static const struct link_events events = {on_open, on_data, on_drain, on_close};

static void on_accept(struct link *link, void *user)
{
    static bool told;
    struct side *s = calloc(1, sizeof *s);
    char vm[37] = "unknown";

    (void)user;
    if (!s)
        return;
    s->is_server = true;
    s->link = link;
    link_attach(link, &events, s);
    if (link->peer.vm_known)
        link_guid_text(&link->peer.vm, vm);
    if (!told)
        printf("peer %s\n", vm);
    told = true;
}

static void on_accept_error(const struct err *err, void *user)
{
    (void)user;
    log_err(LOG_WARN, "exercise", "accept", err);
}

static void on_listener_closed(void *user)
{
    (void)user;
    listener = NULL;
}

static const struct link_listen_events listen_events = {
    on_accept, on_accept_error, on_listener_closed};

/* ---- the dialling side ---- */

static struct side *
dial_to(const struct link_address *to, int64_t timeout_ms, enum command command, uint64_t bytes)
{
    struct side *s = calloc(1, sizeof *s);
    struct err err = ERR_INIT;

    if (!s || !link_dial(&loop, to, timeout_ms, &events, s, &s->link, &err)) {
        log_err(LOG_ERROR, "exercise", "dial", &err);
        exit(3);
    }
    s->request.magic = MAGIC;
    s->request.command = command;
    s->request.bytes = bytes;
    if (command)
        link_send(s->link, &s->request, sizeof s->request); /* goes out when the link opens */
    return s;
}

static struct side *dial(enum command command, uint64_t bytes)
{
    return dial_to(&address, DIAL_MS, command, bytes);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        uint64_t end_ms = now_ms() + STEP_LIMIT_MS;                                                \
        while (!(condition) && now_ms() < end_ms)                                                  \
            uv_run(&loop, UV_RUN_ONCE);                                                            \
        EXPECT(condition);                                                                         \
    } while (0)

static void turn_for(uint64_t time_ms)
{
    uint64_t end_ms = now_ms() + time_ms;

    while (now_ms() < end_ms)
        uv_run(&loop, UV_RUN_ONCE);
}

static void end_side(struct side *s)
{
    if (s->link)
        link_close(s->link, 0);
    UNTIL(s->closed);
    free(s);
}

/* Handles of this process. GetProcessHandleCount answers 0 under Wine, so its rows are counted. */
static unsigned handle_count(void)
{
    ULONG size = 1 << 20, needed, id = GetCurrentProcessId();
    unsigned count = 0;
    uint8_t *table = malloc(size);

    while (table && NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)16, table, size, &needed)) {
        free(table);
        size *= 2;
        table = malloc(size);
    }
    for (ULONG i = 0; table && i < *(ULONG *)table; i++)
        count += *(ULONG *)(table + 8 + 24 * (size_t)i) == id;
    free(table);
    return count;
}

/* ---- steps ---- */

static void step_sink(uint64_t mib)
{
    uint64_t start_ms = now_ms();
    struct side *s = dial(SINK, mib * MIB);

    pump(s);
    UNTIL(s->head == sizeof s->reply || s->closed);
    EXPECT(!s->closed && s->reply.command == SINK && s->reply.bytes == mib * MIB);
    printf("sink %" PRIu64 " MiB in %" PRIu64 " ms\n", mib, now_ms() - start_ms);
    end_side(s);
}

static void step_source(uint64_t mib)
{
    uint64_t start_ms = now_ms();
    struct side *s = dial(SOURCE, mib * MIB);

    UNTIL(s->received == mib * MIB || s->closed);
    EXPECT(!s->closed && !s->damaged);
    printf("source %" PRIu64 " MiB in %" PRIu64 " ms\n", mib, now_ms() - start_ms);
    end_side(s);
}

static void step_echo(uint64_t mib)
{
    uint64_t start_ms = now_ms();
    struct side *s = dial(ECHO, mib * MIB);

    pump(s);
    UNTIL(s->received == mib * MIB || s->closed);
    EXPECT(!s->closed && !s->damaged);
    printf("echo %" PRIu64 " MiB in %" PRIu64 " ms\n", mib, now_ms() - start_ms);
    end_side(s);
}

static void step_round_trips(uint64_t count)
{
    uint64_t start_ns = uv_hrtime();
    struct side *s = dial(ECHO, 0);

    for (uint64_t i = 0; i < count && !s->closed; i++) {
        link_send(s->link, pattern + s->received % PATTERN_BYTES, 64);
        UNTIL(s->received == 64 * (i + 1) || s->closed);
    }
    EXPECT(!s->closed && !s->damaged);
    printf("%" PRIu64 " round trips, %" PRIu64 " us each\n",
           count,
           (uv_hrtime() - start_ns) / 1000 / (count ? count : 1));
    end_side(s);
}

static void one_cycle(void)
{
    struct side *s = dial(ECHO, 64);

    pump(s);
    UNTIL(s->received == 64 || s->closed);
    EXPECT(!s->closed);
    end_side(s);
}

static void step_cycles(uint64_t count)
{
    unsigned before, after;

    for (int i = 0; i < WARM_UP; i++)
        one_cycle();
    before = handle_count();
    for (uint64_t i = 0; i < count; i++)
        one_cycle();
    turn_for(QUIET_MS);
    after = handle_count();
    printf("%" PRIu64 " cycles, handles %u before and %u after\n", count, before, after);
    EXPECT(before > 0 && after <= before + 2);
}

/* The server does not read: the sender stands still after a few MiB, whatever it is given. */
static void step_stall(uint64_t limit_mib)
{
    struct side *s = dial(STALL, 1 << 30);
    struct link_hyperv_totals totals;
    uint64_t sent;

    UNTIL(s->opened);
    pump(s);
    turn_for(QUIET_MS);
    do {
        sent = s->sent;
        turn_for(QUIET_MS);
    } while (s->sent != sent && s->sent < s->request.bytes);
    link_hyperv_totals(&totals);
    printf("stalled after %" PRIu64 " KiB, %" PRIu64 " blocks\n", s->sent >> 10, totals.blocks);
    EXPECT(s->sent < limit_mib * MIB);
    end_side(s);
}

/* The server ends in the middle, by itself after so many MiB, or, for 0, by the script. */
static void step_die(uint64_t mib)
{
    struct side *s = dial(mib ? DIE : STALL, mib ? mib * MIB : (uint64_t)1 << 40);

    s->request.bytes = (uint64_t)1 << 40;
    UNTIL(s->opened || s->closed);
    printf("sending\n");
    fflush(stdout);
    pump(s);
    UNTIL(s->closed);
    printf("closed, %s\n", s->failed ? err_kind_name(s->why.kind) : "end of stream");
    EXPECT(s->opened && (!s->failed || s->why.kind == ERR_CLOSED));
    end_side(s);
}

/* A dial that must fail with kind after about time_ms. */
static void fail_dial(const struct link_address *to,
                      int64_t timeout_ms,
                      enum err_kind kind,
                      uint64_t least_ms,
                      uint64_t most_ms)
{
    uint64_t start_ms = now_ms();
    struct side *s = dial_to(to, timeout_ms, 0, 0);
    char text[512];

    UNTIL(s->closed);
    printf("%s after %" PRIu64 " ms: %s\n",
           err_kind_name(s->why.kind),
           now_ms() - start_ms,
           err_message(&s->why, TEXT_EN, text, sizeof text));
    EXPECT(!s->opened && s->failed && s->why.kind == kind);
    EXPECT(now_ms() - start_ms >= least_ms && now_ms() - start_ms <= most_ms);
    end_side(s);
}

static void step_nobody(uint64_t time_ms)
{
    fail_dial(&address, (int64_t)time_ms, ERR_TIMEOUT, time_ms - 20, time_ms + 1500);
}

static void step_refused(uint64_t unused)
{
    struct link_address to = address;

    (void)unused;
    to.vm = link_vm_loopback;
    to.service.bytes[0] ^= 0x11;
    fail_dial(&to, DIAL_MS, ERR_UNREACHABLE, 0, 1000);
}

static void step_unknown(uint64_t unused)
{
    struct link_address to = address;

    (void)unused;
    to.vm.bytes[0] ^= 0xff;
    fail_dial(&to, DIAL_MS, ERR_UNREACHABLE, 0, 1000);
}

static void step_unreachable(uint64_t unused)
{
    (void)unused;
    fail_dial(&address, DIAL_MS, ERR_UNREACHABLE, 0, 1000);
}

static void step_cancel(uint64_t time_ms)
{
    struct side *s = dial_to(&address, STEP_LIMIT_MS, 0, 0);
    uint64_t start_ms;

    if (time_ms)
        turn_for(time_ms);
    start_ms = now_ms();
    link_close(s->link, 0);
    UNTIL(s->closed);
    printf("cancelled in %" PRIu64 " ms\n", now_ms() - start_ms);
    EXPECT(!s->opened && !s->failed && now_ms() - start_ms < 500);
    end_side(s);
}

static void step_open(uint64_t timeout_ms)
{
    struct side *s = dial_to(&address, (int64_t)timeout_ms, 0, 0);

    UNTIL(s->opened || s->closed);
    EXPECT(s->opened);
    end_side(s);
}

static void step_quit(uint64_t unused)
{
    struct side *s = dial(QUIT, 0);

    (void)unused;
    UNTIL(s->opened || s->closed);
    link_close(s->link, 2000);
    end_side(s);
}

static const struct {
    const char *name;
    void (*run)(uint64_t number);
} steps[] = {
    {"sink", step_sink},
    {"source", step_source},
    {"echo", step_echo},
    {"roundtrips", step_round_trips},
    {"cycles", step_cycles},
    {"stall", step_stall},
    {"die", step_die},
    {"nobody", step_nobody},
    {"refused", step_refused},
    {"unknown", step_unknown},
    {"unreachable", step_unreachable},
    {"cancel", step_cancel},
    {"open", step_open},
    {"quit", step_quit},
};

static bool run_step(const char *text)
{
    size_t length = strcspn(text, ":");

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strlen(steps[i].name) == length && !strncmp(steps[i].name, text, length)) {
            steps[i].run(text[length] ? strtoull(text + length + 1, NULL, 10) : 0);
            return true;
        }
    return false;
}

/* ---- main ---- */

static int finish(void)
{
    struct link_hyperv_totals totals;

    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    EXPECT(uv_loop_close(&loop) == 0);
    link_hyperv_totals(&totals);
    printf("operations %" PRIu64 ", completions %" PRIu64 ", blocks left %" PRIu64 "\n",
           totals.operations,
           totals.completions,
           totals.blocks);
    EXPECT(totals.operations == totals.completions && totals.blocks == 0);
    return failed;
}

static int serve(void)
{
    struct err err = ERR_INIT;
    char text[512];

    if (!link_listen(&loop, &address, &listen_events, NULL, &listener, &err)) {
        printf("%s: %s\n", err_kind_name(err.kind), err_message(&err, TEXT_EN, text, sizeof text));
        return 4;
    }
    printf("listening%s\n", listener->wildcard ? ", wildcard" : "");
    while (listener)
        uv_run(&loop, UV_RUN_ONCE);
    return finish();
}

static int dial_steps(int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (!run_step(names[i]))
            return 2;
    return finish();
}

static int once(bool ok, const struct err *err)
{
    char text[512];

    printf("%s%s\n",
           ok ? "done" : err_kind_name(err->kind),
           ok ? "" : err_message(err, TEXT_EN, text, sizeof text));
    return ok ? 0 : 1;
}

static int self_test(void)
{
    struct link_hyperv_selftest result = {0};
    struct err err = ERR_INIT;
    bool ok = link_hyperv_selftest(&result, &err);

    printf("open %" PRId64 " ms, %" PRIu64 " bytes in %" PRId64 " ms, refused in %" PRId64 " ms\n",
           result.open_ms,
           result.echo_bytes,
           result.echo_ms,
           result.refused_ms);
    return once(ok, &err);
}

static bool parse_vm(const char *text)
{
    static const struct {
        const char *name;
        const struct link_guid *id;
    } names[] = {{"parent", &link_vm_parent},
                 {"loopback", &link_vm_loopback},
                 {"wildcard", &link_vm_wildcard}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(text, names[i].name)) {
            address.vm = *names[i].id;
            return true;
        }
    return link_guid_parse(text, &address.vm);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;

    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] =
            i < PATTERN_BYTES ? (uint8_t)(i * 2654435761u >> 24) : pattern[i - PATTERN_BYTES];
    if (argc == 2 && !strcmp(argv[1], "selftest"))
        return self_test();
    if (argc == 2 && !strcmp(argv[1], "register"))
        return once(link_hyperv_register(&err), &err);
    if (argc == 2 && !strcmp(argv[1], "unregister"))
        return once(link_hyperv_unregister(&err), &err);
    if (argc < 3 || !parse_vm(argv[2]) || uv_loop_init(&loop))
        return 2;
    address.service = link_service_id;
    uv_timer_init(&loop, &tick);
    uv_timer_start(&tick, on_tick, 20, 20);
    if (!strcmp(argv[1], "serve"))
        return serve();
    return strcmp(argv[1], "dial") ? 2 : dial_steps(argc - 3, argv + 3);
}
