/* parsecd's own view of its configuration. */
#include "guest/machine/sim/parsecd_config.h"

#include "common/json.h"

#include <string.h>

static const char stock_text[] =
    "# All configuration settings must appear on a new line.\n"
    "# Settings given on the command line win over this file.\n"
    "# Parsec rewrites this file when settings change: restart it right after an edit.\n"
    "\n"
    "app_host = 1\n"
    "app_run_level = 1\n"
    "app_first_run = 0\n"
    "encoder_bitrate = 50\n"
    "host_virtual_mouse = 1\n"
    "server_admin_mute = 1\n";

static const char stock_json[] = "[\n"
                                 "  \"Keep this file valid JSON: Parsec erases it otherwise.\",\n"
                                 "  {\n"
                                 "    \"app_host\": {\"value\": 1},\n"
                                 "    \"app_run_level\": {\"value\": 1},\n"
                                 "    \"app_first_run\": {\"value\": 0},\n"
                                 "    \"encoder_bitrate\": {\"value\": 50},\n"
                                 "    \"host_virtual_mouse\": {\"value\": 1}\n"
                                 "  }\n"
                                 "]\n";

const char *parsecd_config_stock(bool json)
{
    return json ? stock_json : stock_text;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Splits one line of length bytes; false for comments and lines without '='. */
static bool line_has(
    const char *line, size_t length, const char *key, const char **ret_value, size_t *ret_length)
{
    const char *equals = memchr(line, '=', length), *end = line + length, *key_end;

    while (line < end && is_blank(*line))
        line++;
    if (!equals || *line == '#')
        return false;
    key_end = equals;
    while (key_end > line && is_blank(key_end[-1]))
        key_end--;
    if ((size_t)(key_end - line) != strlen(key) || memcmp(line, key, strlen(key)) != 0)
        return false;
    equals++;
    while (equals < end && is_blank(*equals))
        equals++;
    while (end > equals && is_blank(end[-1]))
        end--;
    *ret_value = equals;
    *ret_length = (size_t)(end - equals);
    return true;
}

static cJSON *json_settings(const char *text, cJSON **ret_root)
{
    cJSON *root = NULL;

    if (!json_parse(text, strlen(text), &json_limits_file, &root, NULL))
        return NULL;
    *ret_root = root;
    return cJSON_IsArray(root) ? cJSON_GetArrayItem(root, 1) : NULL;
}

static void json_value(const char *text, const char *key, char *out, size_t size)
{
    cJSON *root = NULL;
    const cJSON *item = cJSON_GetObjectItem(json_settings(text, &root), key);
    const cJSON *value = cJSON_GetObjectItem(item, "value");

    if (cJSON_IsString(value))
        text_copy(out, size, value->valuestring);
    else if (cJSON_IsNumber(value))
        text_copy(out, size, TEXT_NUM((int64_t)value->valuedouble));
    else if (cJSON_IsBool(value))
        text_copy(out, size, cJSON_IsTrue(value) ? "1" : "0");
    cJSON_Delete(root);
}

const char *parsecd_config_get(const char *text, bool json, const char *key, char *out, size_t size)
{
    const char *value;
    size_t length, used;

    out[0] = 0;
    if (json) {
        json_value(text, key, out, size);
        return out;
    }
    for (; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if (!line_has(text, length, key, &value, &used) || used >= size)
            continue;
        memcpy(out, value, used); /* the last one wins */
        out[used] = 0;
    }
    return out;
}

static bool json_drop(const char *text, const char *key, struct buf *out)
{
    cJSON *root = NULL, *settings = json_settings(text, &root);
    bool ok;

    if (settings)
        cJSON_DeleteItemFromObjectCaseSensitive(settings, key);
    ok = settings ? json_write_pretty(root, out) : buf_puts(out, stock_json);
    cJSON_Delete(root);
    return ok;
}

bool parsecd_config_drop(const char *text, bool json, const char *key, struct buf *out)
{
    const char *value;
    size_t length, used, whole;

    if (json)
        return json_drop(text, key, out);
    for (; *text; text += whole) {
        length = strcspn(text, "\n");
        whole = length + (text[length] == '\n');
        if (!line_has(text, length, key, &value, &used) && !buf_put(out, text, whole))
            return false;
    }
    return true;
}
