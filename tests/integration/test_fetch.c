/*
 * Flow F3: installers fetched by the real curl from a server on the loopback that misbehaves in
 * every way that the product tells apart, and through proxies that do.
 */
#include "tests/support/expect.h"
#include "tests/support/flow.h"

#include "host/download.h"
#include "host/guest/payloads.h"
#include "host/guest/stand_in.h"
#include "host/proxy.h"
#include "host/sources.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define FILE_NAME     "parsec-windows.exe"
#define PADDING_BYTES 300000
#define REQUEST_BYTES 8192

/* ---- a server ---- */

static struct server {
    int listener;
    unsigned port;
    uv_thread_t thread;
    struct buf file, other;
    unsigned requests, ranges; /* of the present test */
    bool stop;
} server;

static void send_all(int client, const void *data, size_t length)
{
    const char *at = data;

    while (length) {
        ssize_t n = send(client, at, length, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += n;
        length -= (size_t)n;
    }
}

static void
send_head(int client, const char *status, const char *type, const char *more, size_t length)
{
    char head[512];

    snprintf(
        head,
        sizeof head,
        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n",
        status,
        type,
        length,
        more);
    send_all(client, head, strlen(head));
}

/* Sends the file from `from`; only so many bytes of what was promised. */
static void send_file(int client, const struct buf *file, size_t from, size_t only)
{
    char range[128] = "";

    if (from)
        snprintf(range,
                 sizeof range,
                 "Content-Range: bytes %zu-%zu/%zu\r\n",
                 from,
                 file->len - 1,
                 file->len);
    send_head(client,
              from ? "206 Partial Content" : "200 OK",
              "application/octet-stream",
              range,
              file->len - from);
    send_all(client, file->data + from, only < file->len - from ? only : file->len - from);
}

static void answer(int client, const char *request)
{
    const char *path = strchr(request, ' ') ? strchr(request, ' ') + 1 : "";
    const char *range = strstr(request, "Range: bytes=");
    size_t from = range ? strtoul(range + 13, NULL, 10) : 0, all = server.file.len;
    unsigned nth = ++server.requests;

    server.ranges += range != NULL;
    if (from >= all)
        from = 0;
    if (!strncmp(path, "http://", 7)) /* to a proxy */
        send_head(client, "407 Proxy Authentication Required", "text/html", "", 0);
    else if (!strncmp(path, "/cut/", 5))
        send_file(client, &server.file, from, nth < 3 ? all / 4 : all);
    else if (!strncmp(path, "/norange/", 9))
        send_file(client, &server.file, 0, nth < 2 ? all / 2 : all);
    else if (!strncmp(path, "/changed/", 9))
        send_file(client, nth < 2 ? &server.other : &server.file, from, nth < 2 ? all / 2 : all);
    else if (!strncmp(path, "/foreign/", 9))
        send_file(client, &server.other, 0, server.other.len);
    else if (!strncmp(path, "/page/", 6)) {
        send_head(client, "200 OK", "text/html; charset=utf-8", "", 15);
        send_all(client, "<html>log in</>", 15);
    } else if (!strncmp(path, "/gone/", 6))
        send_head(client, "404 Not Found", "text/html", "", 0);
    else if (!strncmp(path, "/error/", 7))
        send_head(client, "503 Service Unavailable", "text/html", "", 0);
    else if (!strncmp(path, "/huge/", 6))
        send_head(client, "200 OK", "application/octet-stream", "", (size_t)1 << 30);
    else if (!strncmp(path, "/circle/", 8))
        send_head(client, "302 Found", "text/html", "Location: /circle/" FILE_NAME "\r\n", 0);
    else
        send_file(client, &server.file, from, all);
}

static void serve(void *unused)
{
    (void)unused;
    for (;;) {
        int client = accept(server.listener, NULL, NULL);
        char request[REQUEST_BYTES] = "";
        size_t used = 0;

        if (client < 0 || server.stop)
            return;
        while (used + 1 < sizeof request && !strstr(request, "\r\n\r\n")) {
            ssize_t n = recv(client, request + used, sizeof request - 1 - used, 0);

            if (n <= 0)
                break;
            used += (size_t)n;
            request[used] = 0;
            if (request[0] == 0x16) /* TLS, which this is not */
                send_head(client, "400 Bad Request", "text/html", "", 0);
            if (request[0] == 0x16)
                break;
        }
        if (strstr(request, "\r\n\r\n"))
            answer(client, request);
        shutdown(client, SHUT_RDWR);
        close(client);
    }
}

static void fill(struct buf *file, const char *publisher)
{
    buf_init(file, PADDING_BYTES * 2);
    assert_true(stand_in_write(file, NULL, publisher, "150-104"));
    while (file->len < PADDING_BYTES)
        assert_true(buf_puts(file, "nothing to see here\n"));
}

static int start_server(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;

    (void)state;
    fill(&server.file, "Unity Technologies SF");
    fill(&server.other, "Somebody Else");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    getsockname(server.listener, (struct sockaddr *)&address, &length);
    server.port = ntohs(address.sin_port);
    return uv_thread_create(&server.thread, serve, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    server.stop = true;
    shutdown(server.listener, SHUT_RDWR);
    uv_thread_join(&server.thread);
    close(server.listener);
    buf_done(&server.file);
    buf_done(&server.other);
    return 0;
}

/* ---- what the product does with it ---- */

static void name_sources(struct flow *flow, const char *urls, const char *pin)
{
    char path[FS_PATH_BYTES], text[2048];

    snprintf(text,
             sizeof text,
             "{\"payloads\": {\"parsec\": {\"urls\": [%s], \"sha256\": \"%s\"}}}",
             urls,
             pin);
    DO(fs_join(path, flow->root, "payloads.json", &do_err));
    DO(fs_write_atomic(path, text, strlen(text), FS_PRIVATE, &do_err));
    server.requests = server.ranges = 0;
}

/* "/cut/x" or a whole address, quoted for the list. */
static const char *address_of(const char *place, char out[256])
{
    if (strstr(place, "://"))
        snprintf(out, 256, "\"%s\"", place);
    else
        snprintf(out, 256, "\"http://127.0.0.1:%u%s" FILE_NAME "\"", server.port, place);
    return out;
}

static void fetch(struct flow *flow, int code, const char *proxy)
{
    flow_expect(flow,
                code,
                "payload",
                "fetch",
                "parsec",
                "--accept-licenses",
                "--proxy",
                proxy ? proxy : "none",
                NULL);
}

static void expect_present(struct flow *flow, bool present)
{
    char hash[DIGEST_HEX_BYTES];

    flow_expect(flow, 0, "payload", "list", "--json", NULL);
    DO(digest_data(server.file.data, server.file.len, hash, &do_err));
    assert_string_equal(flow_text(flow, "payloads.0.sha256"), present ? hash : "");
}

static void installer_is_fetched_checked_and_recorded(void **state)
{
    char url[256], hash[DIGEST_HEX_BYTES];
    struct flow flow;

    (void)state;
    flow_open(&flow, "fetch-whole");
    DO(digest_data(server.file.data, server.file.len, hash, &do_err));
    name_sources(&flow, address_of("/whole/", url), hash);
    fetch(&flow, 0, NULL);
    assert_int_equal(server.requests, 1);
    expect_present(&flow, true);
    assert_string_equal(flow_text(&flow, "payloads.0.publisher"), "Unity Technologies SF");
    /* what is there is not fetched again, unless somebody wants it */
    fetch(&flow, 0, NULL);
    assert_int_equal(server.requests, 1);
    flow_expect(&flow,
                0,
                "payload",
                "fetch",
                "parsec",
                "--again",
                "--accept-licenses",
                "--proxy=none",
                NULL);
    assert_int_equal(server.requests, 2);
    flow_close(&flow);
}

static void connection_that_is_cut_is_continued(void **state)
{
    static const struct {
        const char *place;
        unsigned requests, ranges;
    } rows[] = {{"/cut/", 3, 2}, {"/norange/", 3, 1}, {"/changed/", 3, 1}};
    char url[256];
    struct flow flow;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        flow_open(&flow, "fetch-cut");
        name_sources(&flow, address_of(rows[i].place, url), "");
        fetch(&flow, 0, NULL);
        if (server.requests != rows[i].requests || server.ranges != rows[i].ranges)
            fail_msg("%s: %u requests, %u ranges", rows[i].place, server.requests, server.ranges);
        expect_present(&flow, true);
        flow_close(&flow);
    }
}

static void file_that_is_gone_is_looked_for_at_the_next_address(void **state)
{
    char gone[256], whole[256], both[600];
    struct flow flow;

    (void)state;
    flow_open(&flow, "fetch-gone");
    snprintf(both, sizeof both, "%s,%s", address_of("/gone/", gone), address_of("/whole/", whole));
    name_sources(&flow, both, "");
    fetch(&flow, 0, NULL);
    expect_present(&flow, true);
    flow_close(&flow);
}

static void what_goes_wrong_is_told_apart_and_leaves_nothing(void **state)
{
    static const struct {
        const char *place, *proxy, *says;
        int code;
    } rows[] = {
        {"/page/", NULL, "web page instead", 2},
        {"/gone/", NULL, "no such file any more", 2},
        {"/error/", NULL, "the error 503", 2},
        {"/huge/", NULL, "too large", 2},
        {"/circle/", NULL, "in circles", 2},
        {"/foreign/", NULL, "its publisher is Somebody Else", 2},
        {"http://127.0.0.1:1/" FILE_NAME, NULL, "cannot be reached", 3},
        {"https://no-such-host.invalid/" FILE_NAME, NULL, "cannot be resolved", 3},
        {"/whole/", "127.0.0.1:1", "the proxy http://127.0.0.1:1 cannot be reached", 3},
        {"/whole/", "http://u:secret@no-such-proxy.invalid:8080", "name of the proxy", 3},
    };
    char url[256];
    struct flow flow;

    (void)state;
    flow_open(&flow, "fetch-wrong");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        name_sources(&flow, address_of(rows[i].place, url), "");
        fetch(&flow, rows[i].code, rows[i].proxy);
        flow_says(&flow, rows[i].says);
        flow_says(&flow, "gpupv payload add");
        assert_null(strstr(buf_str(&flow.out), "secret"));
        expect_present(&flow, false);
    }
    flow_close(&flow);
}

static void proxy_and_certificate_faults_are_told_apart(void **state)
{
    char url[256], proxy[64];
    struct flow flow;

    (void)state;
    flow_open(&flow, "fetch-proxy");
    name_sources(&flow, address_of("http://localhost:9/" FILE_NAME, url), "");
    snprintf(proxy, sizeof proxy, "127.0.0.1:%u", server.port);
    fetch(&flow, 77, proxy);
    flow_says(&flow, "wants a user and a password");
    snprintf(url, sizeof url, "\"https://127.0.0.1:%u/" FILE_NAME "\"", server.port);
    name_sources(&flow, url, "");
    fetch(&flow, 2, NULL);
    flow_says(&flow, "no secure connection");
    flow_close(&flow);
}

static void another_file_than_the_pinned_one_is_refused(void **state)
{
    char url[256], hash[DIGEST_HEX_BYTES];
    struct flow flow;

    (void)state;
    flow_open(&flow, "fetch-pin");
    DO(digest_data("x", 1, hash, &do_err));
    name_sources(&flow, address_of("/whole/", url), hash);
    fetch(&flow, 2, NULL);
    flow_says(&flow, "another file than expected");
    expect_present(&flow, false);
    flow_close(&flow);
}

static void nothing_is_asked_of_the_server_before_the_licences_are_accepted(void **state)
{
    char url[256];
    struct flow flow;

    (void)state;
    flow_open(&flow, "fetch-licence");
    name_sources(&flow, address_of("/whole/", url), "");
    flow_expect(&flow, 2, "payload", "fetch", "parsec", "--proxy=none", NULL);
    flow_says(&flow, "--accept-licenses");
    assert_int_equal(server.requests, 0);
    flow_expect(&flow, 64, "payload", "fetch", "parsek", NULL);
    flow_says(&flow, "parsec");
    flow_close(&flow);
}

/* ---- without a server ---- */

static void ends_of_curl_have_their_meaning(void **state)
{
    static const struct {
        struct download_end end;
        const char *proxy;
        enum text_id message;
        enum err_kind kind;
    } rows[] = {
        {{.code = 60}, "", TEXT_SETUP_FETCH_CERTIFICATE, ERR_UNSAFE},
        {{.code = 77}, "", TEXT_SETUP_FETCH_CERTIFICATE, ERR_UNSAFE},
        {{.code = 35}, "http://p:1", TEXT_SETUP_FETCH_TLS, ERR_UNSAFE},
        {{.code = 5}, "http://p:1", TEXT_SETUP_FETCH_PROXY_NAME, ERR_UNREACHABLE},
        {{.code = 6}, "http://p:1", TEXT_SETUP_FETCH_NAME, ERR_UNREACHABLE},
        {{.code = 7}, "http://p:1", TEXT_SETUP_FETCH_PROXY_REFUSED, ERR_UNREACHABLE},
        {{.code = 7}, "", TEXT_SETUP_FETCH_REFUSED, ERR_UNREACHABLE},
        {{.code = 97}, "socks5://p:1", TEXT_SETUP_FETCH_PROXY_REFUSED, ERR_UNREACHABLE},
        {{.code = 56, .proxy_status = 407}, "http://p:1", TEXT_SETUP_FETCH_PROXY_AUTH, ERR_DENIED},
        {{.code = 56, .proxy_status = 503},
         "http://p:1",
         TEXT_SETUP_FETCH_PROXY_STATUS,
         ERR_UNREACHABLE},
        {{.code = 56}, "", TEXT_SETUP_FETCH_CUT, ERR_CLOSED},
        {{.code = 28}, "", TEXT_SETUP_FETCH_SLOW, ERR_TIMEOUT},
        {{.code = 22, .status = 410}, "", TEXT_SETUP_FETCH_GONE, ERR_NOT_FOUND},
        {{.code = 22, .status = 500}, "", TEXT_SETUP_FETCH_STATUS, ERR_FAILED},
        {{.code = 63}, "", TEXT_SETUP_FETCH_LARGE, ERR_TOO_LARGE},
        {{.code = 23}, "", TEXT_SETUP_FETCH_WRITE, ERR_IO},
        {{.code = 2}, "", TEXT_SETUP_FETCH_FAILED, ERR_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct download download = {
            .url = "https://example.org/a", .proxy = rows[i].proxy, .folder = ".", .name = "a"};
        struct err err = ERR_INIT;

        assert_false(download_explain(&download, &rows[i].end, &err));
        if (err.message != rows[i].message || err.kind != rows[i].kind)
            fail_msg("%d: %s", rows[i].end.code, text_row(err.message)->name);
    }
}

static void proxies_are_read_as_people_and_windows_write_them(void **state)
{
    static const struct {
        const char *text, *proxy; /* NULL: refused */
        bool system;
    } rows[] = {
        {"127.0.0.1:7890", "http://127.0.0.1:7890", false},
        {"socks5h://[::1]:1080", "socks5h://[::1]:1080", false},
        {"http://u:p@proxy:3128/", "http://u:p@proxy:3128", false},
        {"none", "", false},
        {"proxy", NULL, false},
        {":80", NULL, false},
        {"proxy:0", NULL, false},
        {"proxy:99999", NULL, false},
        {"ftp://proxy:80", NULL, false},
        {"proxy:80 x", NULL, false},
        {"a\"b:80", NULL, false},
        {"127.0.0.1:7890", "http://127.0.0.1:7890", true},
        {"http=a:1;https=b:2;ftp=c:3", "http://b:2", true},
        {"ftp=c:3;socks=d:4", "socks4a://d:4", true},
        {"http=a:1 socks=d:4", "http://a:1", true},
        {"ftp=c:3", NULL, true},
        {"", NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[PROXY_BYTES] = "";
        bool ok =
            rows[i].system ? proxy_parse_system(rows[i].text, out) : proxy_parse(rows[i].text, out);

        if (ok != (rows[i].proxy != NULL) || (ok && strcmp(out, rows[i].proxy) != 0))
            fail_msg("\"%s\" became \"%s\"", rows[i].text, out);
    }
}

static void the_option_comes_before_the_setting_and_that_before_the_environment(void **state)
{
    char out[PROXY_BYTES];
    struct err err = ERR_INIT;

    (void)state;
    setenv("HTTPS_PROXY", "e:3", 1);
    DO(proxy_choose("o:1", "s:2", out, &do_err));
    assert_string_equal(out, "http://o:1");
    DO(proxy_choose(NULL, "s:2", out, &do_err));
    assert_string_equal(out, "http://s:2");
    DO(proxy_choose(NULL, "", out, &do_err));
    assert_string_equal(out, "http://e:3");
    DO(proxy_choose("none", "s:2", out, &do_err));
    assert_string_equal(out, "");
    unsetenv("HTTPS_PROXY");
    assert_false(proxy_choose("user:secret@nowhere", "", out, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_null(strstr(err.args[0], "secret"));
}

static void sources_of_the_person_are_refused_with_the_field(void **state)
{
    static const struct {
        const char *json, *field;
    } rows[] = {
        {"{\"payload\": {}}", "payload"},
        {"{\"payloads\": {\"parsek\": {}}}", "payloads.parsek"},
        {"{\"payloads\": {\"parsec\": {\"url\": \"x\"}}}", "payloads.parsec.url"},
        {"{\"payloads\": {\"parsec\": {\"sha256\": \"12\"}}}", "payloads.parsec.sha256"},
        {"{\"payloads\": {\"parsec\": {\"urls\": [\"http://far/a.exe\"]}}}",
         "payloads.parsec.urls[0]"},
        {"{\"payloads\": {\"parsec\": {\"urls\": [\"https://a/ b\"]}}}", "payloads.parsec.urls[0]"},
        {"{\"payloads\": {\"parsec\": {\"urls\": [\"file:///etc/passwd\"]}}}",
         "payloads.parsec.urls[0]"},
        {"{\"version\": 2}", "version"},
    };
    struct sources *sources = calloc(1, sizeof *sources);

    (void)state;
    support_folder("sources");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        DO(fs_write_atomic(
            "sources/payloads.json", rows[i].json, strlen(rows[i].json), FS_PRIVATE, &do_err));
        if (sources_load("sources", sources, &err))
            fail_msg("%s was taken", rows[i].json);
        assert_string_equal(err.args[0], rows[i].field);
    }
    DO(fs_remove("sources/payloads.json", &do_err));
    DO(sources_load("sources", sources, &do_err));
    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        assert_true(sources->rows[i].url_count && *sources->rows[i].licence);
    free(sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(installer_is_fetched_checked_and_recorded),
        FLOW_TEST(connection_that_is_cut_is_continued),
        FLOW_TEST(file_that_is_gone_is_looked_for_at_the_next_address),
        FLOW_TEST(what_goes_wrong_is_told_apart_and_leaves_nothing),
        FLOW_TEST(proxy_and_certificate_faults_are_told_apart),
        FLOW_TEST(another_file_than_the_pinned_one_is_refused),
        FLOW_TEST(nothing_is_asked_of_the_server_before_the_licences_are_accepted),
        cmocka_unit_test(ends_of_curl_have_their_meaning),
        cmocka_unit_test(proxies_are_read_as_people_and_windows_write_them),
        cmocka_unit_test(the_option_comes_before_the_setting_and_that_before_the_environment),
        cmocka_unit_test(sources_of_the_person_are_refused_with_the_field),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
