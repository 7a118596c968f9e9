/* One file from the internet. */
#include "host/download.h"

#include "common/version.h"
#include "host/place.h"
#include "host/process.h"
#include "host/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES  8192
#define TAIL_BYTES    4096
#define HEADER_BYTES  65536
#define CONNECT_S     20
#define SILENT_S      30
#define REDIRECTS     5
#define RUNS          6
#define HOST_BYTES    256
#define ROOM_BYTES    ((uint64_t)16 << 20) /* left free on the volume */
#define MARK          "gpupv-end "
#define HTTP_RANGE    416
#define HTTP_NO_PROXY 407

/* Ends of curl; the numbers are part of its interface. */
enum {
    CURL_PROXY_NAME = 5,
    CURL_HOST_NAME = 6,
    CURL_CONNECT = 7,
    CURL_PARTIAL = 18,
    CURL_HTTP = 22,
    CURL_WRITE = 23,
    CURL_TIMEOUT = 28,
    CURL_NO_RANGE = 33,
    CURL_TLS = 35,
    CURL_BAD_RESUME = 36,
    CURL_REDIRECTS = 47,
    CURL_NOTHING = 52,
    CURL_SEND = 55,
    CURL_RECEIVE = 56,
    CURL_CERTIFICATE = 60,
    CURL_TOO_LARGE = 63,
    CURL_STREAM = 92,
    CURL_PROXY = 97
};

struct run {
    const struct download *download;
    const char *part, *headers;
    uint64_t total;
    char tail[TAIL_BYTES];
    size_t tail_length;
};

const char *download_host(const char *url, char *out, size_t size)
{
    const char *begin = strstr(url, "://");
    size_t length;

    begin = begin ? begin + 3 : url;
    length = strcspn(begin, "/");
    return text_copy(out, length + 1 < size ? length + 1 : size, begin);
}

/* ---- what went wrong ---- */

/* Which fault of curl is which; `proxied` rows only count with a proxy, and come first. */
static const struct meaning {
    int code;
    bool proxied;
    enum err_kind kind;
    enum text_id message, hint;
} meanings[] = {
    {CURL_PROXY_NAME,
     true,
     ERR_UNREACHABLE,
     TEXT_SETUP_FETCH_PROXY_NAME,
     TEXT_SETUP_FETCH_PROXY_HINT},
    {CURL_CONNECT,
     true,
     ERR_UNREACHABLE,
     TEXT_SETUP_FETCH_PROXY_REFUSED,
     TEXT_SETUP_FETCH_PROXY_HINT},
    {CURL_PROXY,
     true,
     ERR_UNREACHABLE,
     TEXT_SETUP_FETCH_PROXY_REFUSED,
     TEXT_SETUP_FETCH_PROXY_HINT},
    {CURL_HOST_NAME, false, ERR_UNREACHABLE, TEXT_SETUP_FETCH_NAME, TEXT_SETUP_FETCH_HINT},
    {CURL_CONNECT, false, ERR_UNREACHABLE, TEXT_SETUP_FETCH_REFUSED, TEXT_SETUP_FETCH_HINT},
    {CURL_TIMEOUT, false, ERR_TIMEOUT, TEXT_SETUP_FETCH_SLOW, TEXT_SETUP_FETCH_AGAIN_HINT},
    {CURL_PARTIAL, false, ERR_CLOSED, TEXT_SETUP_FETCH_CUT, TEXT_SETUP_FETCH_AGAIN_HINT},
    {CURL_NOTHING, false, ERR_CLOSED, TEXT_SETUP_FETCH_CUT, TEXT_SETUP_FETCH_AGAIN_HINT},
    {CURL_SEND, false, ERR_CLOSED, TEXT_SETUP_FETCH_CUT, TEXT_SETUP_FETCH_AGAIN_HINT},
    {CURL_RECEIVE, false, ERR_CLOSED, TEXT_SETUP_FETCH_CUT, TEXT_SETUP_FETCH_AGAIN_HINT},
    {CURL_STREAM, false, ERR_CLOSED, TEXT_SETUP_FETCH_CUT, TEXT_SETUP_FETCH_AGAIN_HINT},
    {CURL_TLS, false, ERR_UNSAFE, TEXT_SETUP_FETCH_TLS, TEXT_SETUP_FETCH_TLS_HINT},
    {51, false, ERR_UNSAFE, TEXT_SETUP_FETCH_CERTIFICATE, TEXT_SETUP_FETCH_TLS_HINT},
    {CURL_CERTIFICATE, false, ERR_UNSAFE, TEXT_SETUP_FETCH_CERTIFICATE, TEXT_SETUP_FETCH_TLS_HINT},
    {77, false, ERR_UNSAFE, TEXT_SETUP_FETCH_CERTIFICATE, TEXT_SETUP_FETCH_TLS_HINT},
    {CURL_REDIRECTS, false, ERR_FAILED, TEXT_SETUP_FETCH_REDIRECTS, TEXT_NONE},
    {CURL_TOO_LARGE, false, ERR_TOO_LARGE, TEXT_SETUP_FETCH_LARGE, TEXT_NONE},
};

static bool
explain_status(const struct download *d, const struct download_end *end, struct err *err)
{
    char host[HOST_BYTES], number[24];
    bool gone = end->status == 404 || end->status == 410;

    snprintf(number, sizeof number, "%d", end->status);
    download_host(d->url, host, sizeof host);
    err_set(err,
            gone ? ERR_NOT_FOUND : ERR_FAILED,
            gone ? TEXT_SETUP_FETCH_GONE : TEXT_SETUP_FETCH_STATUS,
            host,
            number,
            d->url,
            NULL);
    return gone ? err_hint(err, TEXT_SETUP_FETCH_GONE_HINT) : false;
}

static bool explain_proxy(const struct download *d, int status, struct err *err)
{
    char shown[PROXY_BYTES], number[24];

    snprintf(number, sizeof number, "%d", status);
    err_set(err,
            status == HTTP_NO_PROXY ? ERR_DENIED : ERR_UNREACHABLE,
            status == HTTP_NO_PROXY ? TEXT_SETUP_FETCH_PROXY_AUTH : TEXT_SETUP_FETCH_PROXY_STATUS,
            proxy_shown(d->proxy, shown, sizeof shown),
            number,
            NULL);
    return err_hint(err, TEXT_SETUP_FETCH_PROXY_HINT);
}

static bool explain_write(const struct download *d, struct err *err)
{
    uint64_t room = UINT64_MAX;

    if (fs_free_space(d->folder, &room, NULL) && room < ROOM_BYTES) {
        err_set(err, ERR_NO_SPACE, TEXT_SETUP_FETCH_FULL, d->folder, NULL);
        return err_hint(err, TEXT_SETUP_FETCH_FULL_HINT);
    }
    return err_set(err, ERR_IO, TEXT_SETUP_FETCH_WRITE, d->folder, NULL);
}

bool download_explain(const struct download *d, const struct download_end *end, struct err *err)
{
    char host[HOST_BYTES], shown[PROXY_BYTES], number[24];

    if (*d->proxy && (end->proxy_status >= 400 || end->status == HTTP_NO_PROXY))
        return explain_proxy(d, end->proxy_status >= 400 ? end->proxy_status : end->status, err);
    if (end->code == CURL_HTTP)
        return explain_status(d, end, err);
    if (end->code == CURL_WRITE)
        return explain_write(d, err);
    download_host(d->url, host, sizeof host);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        const struct meaning *row = &meanings[i];

        if (row->code != end->code || (row->proxied && !*d->proxy))
            continue;
        err_set(err,
                row->kind,
                row->message,
                row->proxied ? proxy_shown(d->proxy, shown, sizeof shown) : host,
                NULL);
        return row->hint ? err_hint(err, row->hint) : false;
    }
    snprintf(number, sizeof number, "%d", end->code);
    return err_set(err, ERR_FAILED, TEXT_SETUP_FETCH_FAILED, host, number, NULL);
}

/* ---- one run of curl ---- */

static void put_quoted(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s = \"", name);
    for (; *value; value++) {
        if (strchr("\"\\", *value))
            buf_puts(out, "\\");
        buf_put(out, value, 1);
    }
    buf_puts(out, "\"\n");
}

static bool write_config(const struct run *run, bool resumes, const char *path, struct err *err)
{
    const struct download *d = run->download;
    struct buf text;
    bool ok;

    buf_init(&text, CONFIG_BYTES);
    put_quoted(&text, "url", d->url);
    put_quoted(&text, "output", run->part);
    put_quoted(&text, "dump-header", run->headers);
    put_quoted(&text, *d->proxy ? "proxy" : "noproxy", *d->proxy ? d->proxy : "*");
    put_quoted(&text, "proto", strncmp(d->url, "http:", 5) ? "=https" : "=http,https");
    put_quoted(&text, "proto-redir", strncmp(d->url, "http:", 5) ? "=https" : "=http,https");
    buf_printf(&text, "user-agent = \"gpupv/%s\"\n", version_text());
    buf_printf(&text,
               "write-out = \"\\n" MARK "%%{http_code} %%{http_connect} %%{content_type}\\n\"\n");
    buf_printf(&text,
               "silent\nshow-error\nfail\nlocation\nmax-redirs = %d\nconnect-timeout = %d\n"
               "speed-limit = 1\nspeed-time = %d\nmax-filesize = %llu\n",
               REDIRECTS,
               CONNECT_S,
               SILENT_S,
               (unsigned long long)d->most_bytes);
    if (resumes)
        buf_puts(&text, "continue-at = \"-\"\n");
    ok = text.failed ? err_set(err, ERR_TOO_LARGE, TEXT_SETUP_FETCH_URL, "", d->url, NULL)
                     : fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    return ok;
}

/* The value of a header, 0 when it is not there. */
static uint64_t header_number(const char *text, const char *name, const char *before)
{
    size_t length = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        size_t i = 0;

        line += *line == '\n';
        while (i < length && (line[i] | 0x20) == (name[i] | 0x20))
            i++;
        if (i == length) {
            const char *number = line + length;
            const char *slash = strpbrk(number, before);

            if (slash && *slash == *before)
                return strtoull(slash + 1, NULL, 10);
        }
    }
    return 0;
}

/* How much there is in all, once the server said so: of the whole file, or of what is missing. */
static void find_total(struct run *run)
{
    struct buf text;

    buf_init(&text, HEADER_BYTES);
    if (!run->total && fs_read(run->headers, HEADER_BYTES, &text, NULL)) {
        run->total = header_number(buf_str(&text), "content-range", "/\n");
        if (!run->total)
            run->total = header_number(buf_str(&text), "content-length", ":\n");
    }
    buf_done(&text);
}

static uint64_t size_of(const char *path)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    return fs_stat(path, &stat, NULL) && stat.kind == FS_FILE ? stat.size_bytes : 0;
}

/* Keeps the end of what curl prints, which has our mark. */
static bool on_output(const void *bytes, size_t length, void *user, struct err *err)
{
    struct run *run = user;
    const char *at = bytes;

    (void)err;
    for (; length; length--) {
        if (run->tail_length + 1 == sizeof run->tail) {
            run->tail_length /= 2;
            memmove(run->tail, run->tail + run->tail_length + 1, run->tail_length);
        }
        run->tail[run->tail_length++] = *at++;
    }
    run->tail[run->tail_length] = 0;
    if (run->download->on_progress) {
        find_total(run);
        run->download->on_progress(size_of(run->part), run->total, run->download->user);
    }
    return true;
}

static void read_mark(const struct run *run, struct download_end *end)
{
    const char *mark = strstr(run->tail, MARK);
    char *rest;

    if (!mark)
        return;
    end->status = (int)strtol(mark + strlen(MARK), &rest, 10);
    end->proxy_status = (int)strtol(rest, &rest, 10);
    while (*rest == ' ')
        rest++;
    text_copy(end->type, sizeof end->type, rest);
    end->type[strcspn(end->type, "\r\n;")] = 0;
}

static bool run_once(struct run *run, bool resumes, struct download_end *end, struct err *err)
{
    char config[FS_PATH_BYTES], curl[FS_PATH_BYTES];
    const char *const args[] = {"curl", "-q", "-K", config, NULL};
    bool ok;

    *end = (struct download_end){.code = 0};
    run->tail_length = 0;
    run->total = 0;
    run->tail[0] = 0;
    if (!place_tool("curl", curl, err) ||
        !fs_join(config, run->download->folder, "curl.conf", err) ||
        !fs_remove(run->headers, err) || !write_config(run, resumes, config, err))
        return false;
    ok = process_watch(curl, args, on_output, run, &end->code, err);
    ok = fs_remove(config, ok ? err : NULL) && ok;
    ok = fs_remove(run->headers, ok ? err : NULL) && ok;
    read_mark(run, end);
    return ok;
}

/* ---- the file ---- */

static bool is_page(const char *path, const struct download_end *end)
{
    static const char *const begins[] = {"<!", "<html", "<HTML", "<?xml", "<head"};
    struct fs_file *file = NULL;
    char head[8] = {0};
    size_t got = 0;
    bool page = false;

    if (!strcmp(end->type, "text/html"))
        return true;
    if (!fs_file_open(path, FS_READ, FS_PRIVATE, &file, NULL))
        return false;
    if (fs_file_read(file, 0, head, sizeof head - 1, &got, NULL))
        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
            page = page || !strncmp(head, begins[i], strlen(begins[i]));
    fs_file_close(file);
    return page;
}

static bool refuse_page(const struct download *d, const char *part, struct err *err)
{
    char host[HOST_BYTES];

    fs_remove(part, NULL);
    err_set(err,
            ERR_UNSAFE,
            TEXT_SETUP_FETCH_PAGE,
            download_host(d->url, host, sizeof host),
            d->url,
            NULL);
    return err_hint(err, TEXT_SETUP_FETCH_PAGE_HINT);
}

/* An end after which what is there cannot be continued. */
static bool must_begin_anew(const struct download_end *end)
{
    return end->code == CURL_NO_RANGE || end->code == CURL_BAD_RESUME ||
           (end->code == CURL_HTTP && end->status == HTTP_RANGE);
}

static bool was_cut(const struct download_end *end)
{
    return (end->code == CURL_PARTIAL || end->code == CURL_RECEIVE || end->code == CURL_STREAM ||
            end->code == CURL_TIMEOUT) &&
           end->proxy_status < 400;
}

/* What lies there may only be continued when it is a plain file of ours. */
static bool look_at_part(const char *part, uint64_t *ret_size, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!fs_stat(part, &stat, err))
        return false;
    *ret_size = stat.kind == FS_FILE ? stat.size_bytes : 0;
    return stat.kind == FS_FILE || stat.kind == FS_MISSING || fs_remove(part, err);
}

static bool check_room(const struct download *d, struct err *err)
{
    uint64_t room = UINT64_MAX;

    if (!fs_free_space(d->folder, &room, err))
        return false;
    if (room >= ROOM_BYTES)
        return true;
    return explain_write(d, err);
}

bool download_run(const struct download *d, char *ret_path, bool *ret_resumed, struct err *err)
{
    char part[FS_PATH_BYTES], headers[FS_PATH_BYTES], name[FS_NAME_BYTES + 8];
    struct run run = {.download = d, .part = part, .headers = headers};
    struct download_end end = {.code = 0};
    uint64_t before = 0, first = 0;

    snprintf(name, sizeof name, "%s.part", d->name);
    if (!fs_join(part, d->folder, name, err) || !fs_join(headers, d->folder, "headers", err) ||
        !check_room(d, err) || !look_at_part(part, &first, err))
        return false;
    before = first;
    for (int i = 0; i < RUNS; i++) {
        uint64_t after;

        if (!run_once(&run, before > 0, &end, err))
            return false;
        if (!end.code)
            break;
        after = size_of(part);
        if (must_begin_anew(&end) && before) {
            if (!fs_remove(part, err))
                return false;
            before = first = 0;
        } else if (was_cut(&end) && after > before) {
            before = after;
        } else {
            break;
        }
    }
    if (end.code)
        return download_explain(d, &end, err);
    if (is_page(part, &end))
        return refuse_page(d, part, err);
    text_copy(ret_path, FS_PATH_BYTES, part);
    *ret_resumed = first > 0 || before > 0;
    return true;
}
