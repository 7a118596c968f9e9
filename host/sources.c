/* Where payloads come from. */
#include "host/sources.h"

#include "common/json.h"
#include "host/embedded.h"

#include <string.h>

#define FILE_NAME    "payloads.json"
#define FILE_VERSION 1

static bool is_loopback(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);

        if (!strncmp(host, names[i], length) && strchr(":/", host[length]))
            return true;
    }
    return false;
}

bool sources_is_url(const char *url, bool pinned)
{
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"\\<>`{}", *c))
            return false;
    if (!strncmp(url, "https://", 8))
        return url[8] && url[8] != '/';
    return !strncmp(url, "http://", 7) && url[7] && (pinned || is_loopback(url + 7));
}

static bool read_urls(const cJSON *json, struct source *source, struct err *err)
{
    const cJSON *list, *item;
    size_t count = 0;

    if (!json_array(json, "urls", &list, err))
        return false;
    if (!list)
        return true;
    cJSON_ArrayForEach(item, list)
    {
        const char *url = cJSON_IsString(item) ? item->valuestring : "";

        if (count == SOURCE_URLS || strlen(url) >= SOURCE_URL_BYTES ||
            !sources_is_url(url, *source->sha256)) {
            err_set(err, ERR_BAD_INPUT, TEXT_SETUP_FETCH_URL, "", url, NULL);
            return json_in_item("urls", count, err);
        }
        text_copy(source->urls[count++], SOURCE_URL_BYTES, url);
    }
    source->url_count = count;
    return true;
}

static bool read_source(const cJSON *json, struct source *source, bool from_user, struct err *err)
{
    static const char *const known[] = {"urls", "licence", "sha256", NULL};
    char *pin = source->sha256;

    if (!json_only_known(json, known, err) ||
        !json_string_into(json, "sha256", pin, pin, sizeof source->sha256, err) ||
        !json_string_into(
            json, "licence", source->licence, source->licence, sizeof source->licence, err))
        return false;
    if (*pin && !digest_is_hex(pin))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "sha256", "SHA-256", NULL);
    source->from_user = from_user;
    return read_urls(json, source, err);
}

static bool
read_sources(const cJSON *json, struct sources *sources, bool from_user, struct err *err)
{
    static const char *const known[] = {
        "schema", "version", "date", "proxy", "payloads", "$schema", NULL};
    const char *names[PAYLOADS_COUNT + 1] = {NULL};
    const cJSON *part = NULL;
    int64_t version = FILE_VERSION;

    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        names[i] = payload_rows[i].name;
    if (!json_only_known(json, known, err) ||
        !json_int(json, "version", FILE_VERSION, FILE_VERSION, &version, err) ||
        !json_string_into(
            json, "proxy", sources->proxy, sources->proxy, sizeof sources->proxy, err) ||
        !json_object(json, "payloads", &part, err))
        return false;
    if (!json_only_known(part, names, err))
        return json_in("payloads", err);
    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        const cJSON *row = NULL;

        if (!json_object(part, names[i], &row, err))
            return json_in("payloads", err);
        if (row && !read_source(row, &sources->rows[i], from_user, err)) {
            json_in(names[i], err);
            return json_in("payloads", err);
        }
    }
    return true;
}

static bool load_user(const char *state, struct sources *sources, struct err *err)
{
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    if (!fs_join(path, state, FILE_NAME, err))
        return false;
    if (!json_read_file(path, &json_limits_message, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    ok = read_sources(json, sources, true, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    return ok;
}

bool sources_load(const char *state, struct sources *ret_sources, struct err *err)
{
    struct sources sources = {.proxy = ""};
    cJSON *json = NULL;
    bool ok;

    ok = json_parse((const char *)embedded_payloads,
                    embedded_payloads_bytes,
                    &json_limits_message,
                    &json,
                    err) &&
         read_sources(json, &sources, false, err) && load_user(state, &sources, err);
    cJSON_Delete(json);
    if (ok)
        *ret_sources = sources;
    return ok;
}
