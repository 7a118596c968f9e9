/* The time that an HTTPS server tells, through WinHTTP. */
#include "guest/machine/windows/network_clock_win32.h"

#include "guest/machine/windows/call_win32.h"

#include "common/utf16.h"

#include <stdlib.h>

#include <winhttp.h>

#define STEP_MS   5000
#define OFF_MS    (INT64_C(24) * 3600 * 1000)
#define URL_BYTES 192

struct client {
    HINTERNET session, connection, request;
};

static void client_done(struct client *client)
{
    if (client->request)
        WinHttpCloseHandle(client->request);
    if (client->connection)
        WinHttpCloseHandle(client->connection);
    if (client->session)
        WinHttpCloseHandle(client->session);
}

static HINTERNET open_session(const struct network_proxy *proxy)
{
    char name[URL_BYTES];
    uint16_t *name16 = NULL;
    HINTERNET session;

    if (!proxy)
        return WinHttpOpen(L"gpupv-agent", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    snprintf(name, sizeof name, "%s:%u", proxy->address, (unsigned)proxy->port);
    if (!utf16_from_utf8(name, &name16, NULL))
        return NULL;
    session = WinHttpOpen(L"gpupv-agent", WINHTTP_ACCESS_TYPE_NAMED_PROXY, name16, NULL, 0);
    free(name16);
    return session;
}

static bool open_request(struct client *client,
                         const struct network_name *server,
                         const struct network_proxy *proxy)
{
    DWORD ignore = SECURITY_FLAG_IGNORE_UNKNOWN_CA | SECURITY_FLAG_IGNORE_CERT_DATE_INVALID |
                   SECURITY_FLAG_IGNORE_CERT_CN_INVALID | SECURITY_FLAG_IGNORE_CERT_WRONG_USAGE;
    DWORD never = WINHTTP_OPTION_REDIRECT_POLICY_NEVER;
    uint16_t *host = NULL;

    if (!utf16_from_utf8(server->host, &host, NULL))
        return false;
    client->session = open_session(proxy);
    if (client->session && WinHttpSetTimeouts(client->session, STEP_MS, STEP_MS, STEP_MS, STEP_MS))
        client->connection = WinHttpConnect(client->session, host, server->port, 0);
    if (client->connection)
        client->request = WinHttpOpenRequest(client->connection,
                                             L"HEAD",
                                             L"/",
                                             NULL,
                                             WINHTTP_NO_REFERER,
                                             WINHTTP_DEFAULT_ACCEPT_TYPES,
                                             WINHTTP_FLAG_SECURE);
    free(host);
    return client->request &&
           WinHttpSetOption(
               client->request, WINHTTP_OPTION_SECURITY_FLAGS, &ignore, sizeof ignore) &&
           WinHttpSetOption(client->request, WINHTTP_OPTION_REDIRECT_POLICY, &never, sizeof never);
}

static int64_t file_time_ms(const FILETIME *time)
{
    return (int64_t)(((uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime) / 10000);
}

/* True when the answer has a date, which is compared with this machine's. */
static bool read_date(HINTERNET request, bool *ret_off)
{
    SYSTEMTIME told;
    FILETIME there, here;
    DWORD size = sizeof told;
    int64_t apart_ms;

    if (!WinHttpQueryHeaders(request,
                             WINHTTP_QUERY_DATE | WINHTTP_QUERY_FLAG_SYSTEMTIME,
                             WINHTTP_HEADER_NAME_BY_INDEX,
                             &told,
                             &size,
                             WINHTTP_NO_HEADER_INDEX) ||
        !SystemTimeToFileTime(&told, &there))
        return false;
    GetSystemTimeAsFileTime(&here);
    apart_ms = file_time_ms(&here) - file_time_ms(&there);
    *ret_off = apart_ms > OFF_MS || apart_ms < -OFF_MS;
    return true;
}

enum network_clock network_clock_check(const struct network_name *server,
                                       const struct network_proxy *proxy)
{
    enum network_clock clock = NETWORK_CLOCK_SILENT;
    struct client client = {0};
    bool off = false;

    if (!open_request(&client, server, proxy))
        clock =
            NETWORK_CLOCK_SILENT; /* this machine's WinHTTP is broken: says nothing of the clock */
    else if (!WinHttpSendRequest(client.request,
                                 WINHTTP_NO_ADDITIONAL_HEADERS,
                                 0,
                                 WINHTTP_NO_REQUEST_DATA,
                                 0,
                                 0,
                                 0) ||
             !WinHttpReceiveResponse(client.request, NULL))
        clock = NETWORK_CLOCK_NO_TLS;
    else if (read_date(client.request, &off))
        clock = off ? NETWORK_CLOCK_OFF : NETWORK_CLOCK_RIGHT;
    client_done(&client);
    return clock;
}
