/* The proxy for what the host fetches. */
#include "host/proxy.h"

#include "common/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DIGITS 5

static const char *const schemes[] = {
    "http://", "https://", "socks5h://", "socks5://", "socks4a://", "socks4://"};

static const char *after_scheme(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (!strncmp(text, schemes[i], strlen(schemes[i])))
            return text + strlen(schemes[i]);
    return text;
}

bool proxy_parse(const char *text, char *out)
{
    const char *rest = after_scheme(text), *at = strrchr(rest, '@');
    const char *host = at ? at + 1 : rest, *colon = strrchr(host, ':');
    char clean[PROXY_BYTES];
    size_t length;
    long port;

    if (!strcmp(text, "none")) {
        *out = 0;
        return true;
    }
    text_copy(clean, sizeof clean, rest);
    length = strlen(clean);
    if (length && clean[length - 1] == '/')
        clean[length - 1] = 0;
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"\\", *c))
            return false;
    if (!colon || colon == host || strstr(rest, "://") ||
        strlen(text) + sizeof "http://" > PROXY_BYTES)
        return false;
    length = strspn(colon + 1, "0123456789");
    port = strtol(colon + 1, NULL, 10);
    if (!length || length > PORT_DIGITS || port < 1 || port > UINT16_MAX ||
        (colon[1 + length] && strcmp(colon + 1 + length, "/") != 0))
        return false;
    snprintf(out,
             PROXY_BYTES,
             "%.*s%s",
             (int)(rest == text ? strlen("http://") : (size_t)(rest - text)),
             rest == text ? "http://" : text,
             clean);
    return true;
}

/* The entry for a protocol in "http=a:1;https=b:2"; a list without names is for all of them. */
static bool find_entry(const char *text, const char *protocol, char *out)
{
    size_t name = strlen(protocol);

    while (*text) {
        size_t length = strcspn(text, "; ");
        const char *equals = memchr(text, '=', length);
        const char *value = text;
        bool found = !name && !equals;

        if (name && equals && (size_t)(equals - text) == name && !strncmp(text, protocol, name)) {
            found = true;
            value = equals + 1;
        }
        if (found && length - (size_t)(value - text) < PROXY_BYTES) {
            text_copy(out, length - (size_t)(value - text) + 1, value);
            return true;
        }
        text += length + strspn(text + length, "; ");
    }
    return false;
}

bool proxy_parse_system(const char *text, char *out)
{
    static const struct {
        const char *protocol, *scheme;
    } rows[] = {{"https", ""}, {"", ""}, {"http", ""}, {"socks", "socks4a://"}};
    char entry[PROXY_BYTES], whole[PROXY_BYTES + 16];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!find_entry(text, rows[i].protocol, entry))
            continue;
        snprintf(whole, sizeof whole, "%s%s", rows[i].scheme, entry);
        if (proxy_parse(whole, out))
            return true;
    }
    return false;
}

const char *proxy_shown(const char *proxy, char *out, size_t size)
{
    const char *rest = after_scheme(proxy), *at = strrchr(rest, '@');

    snprintf(out, size, "%.*s%s", (int)(rest - proxy), proxy, at ? at + 1 : rest);
    return out;
}

static bool from_environment(char *out)
{
    static const char *const names[] = {
        "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"};
    char value[PROXY_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (fs_env(names[i], value, sizeof value) && *value && proxy_parse(value, out))
            return true;
    return false;
}

bool proxy_choose(const char *option, const char *setting, char *out, struct err *err)
{
    const char *said = option && *option ? option : setting && *setting ? setting : NULL;
    char system[PROXY_BYTES], shown[PROXY_BYTES];

    if (said)
        return proxy_parse(said, out) || err_set(err,
                                                 ERR_USAGE,
                                                 TEXT_SETUP_FETCH_PROXY_FORM,
                                                 proxy_shown(said, shown, sizeof shown),
                                                 NULL);
    if (from_environment(out) ||
        (proxy_system(system, sizeof system) && proxy_parse_system(system, out)))
        return true;
    *out = 0;
    return true;
}
