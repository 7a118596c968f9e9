/* The lines between the agent and its helper. */
#include "guest/machine/windows/session_wire.h"

#include <string.h>

#define SIZE_MAX_PX 65535
#define HZ_MAX      1000
#define IDLE_MAX_MS INT64_C(0xFFFFFFFF) /* GetLastInputInfo counts in 32 bits */

static const struct json_limits line_limits = {SESSION_LINE_BYTES, 6, 2000};

static const char *const call_names[SESSION_CALLS] = {"idle", "displays", "arrange", "mode"};

/* Appends json as one line; false when it does not fit. */
static bool put_line(const cJSON *json, struct buf *out)
{
    return json && json_write(json, out) && buf_puts(out, "\n");
}

/* ---- numbers ---- */

/* A LUID has 64 bits, JSON's numbers 53: it travels as text. */
static bool add_adapter(cJSON *object, int64_t adapter)
{
    return cJSON_AddStringToObject(object, "adapter", TEXT_NUM(adapter)) != NULL;
}

static bool read_adapter(const cJSON *object, int64_t *ret_adapter, struct err *err)
{
    const char *text = NULL, *at;
    uint64_t value = 0;
    bool negative;

    if (!json_string(object, "adapter", "0", &text, err))
        return false;
    negative = *text == '-';
    at = text + negative;
    do {
        unsigned digit = (unsigned)(*at - '0');

        if (digit > 9 || value > ((uint64_t)INT64_MAX - digit) / 10)
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "adapter", "number", NULL);
        value = value * 10 + digit;
    } while (*++at);
    *ret_adapter = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool read_number(
    const cJSON *object, const char *key, int64_t max, uint32_t *ret_number, struct err *err)
{
    int64_t value = 0;

    if (!json_int(object, key, 0, max, &value, err))
        return false;
    *ret_number = (uint32_t)value;
    return true;
}

static bool read_target(const cJSON *object, struct session_target *ret_target, struct err *err)
{
    return read_adapter(object, &ret_target->adapter, err) &&
           read_number(object, "target", UINT32_MAX, &ret_target->target, err);
}

static bool add_target(cJSON *object, const struct session_target *target)
{
    return add_adapter(object, target->adapter) && json_add_int(object, "target", target->target);
}

/* ---- requests ---- */

bool session_request_print(const struct session_request *request, struct buf *out)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json && cJSON_AddStringToObject(json, "call", call_names[request->call]);

    if (ok && request->call >= SESSION_CALL_ARRANGE)
        ok = add_target(json, &request->display);
    if (ok && request->call == SESSION_CALL_ARRANGE)
        ok = cJSON_AddBoolToObject(json, "only", request->only) != NULL;
    if (ok && request->call == SESSION_CALL_MODE)
        ok = json_add_int(json, "width", request->width) &&
             json_add_int(json, "height", request->height) && json_add_int(json, "hz", request->hz);
    ok = ok && put_line(json, out);
    cJSON_Delete(json);
    return ok;
}

static bool parse_object(const char *line, size_t length, cJSON **ret_json, struct err *err)
{
    cJSON *json = NULL;

    if (!json_parse(line, length, &line_limits, &json, err))
        return false;
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "", "object", NULL);
    }
    *ret_json = json;
    return true;
}

bool session_request_parse(const char *line,
                           size_t length,
                           struct session_request *ret_request,
                           struct err *err)
{
    struct session_request request = {.call = SESSION_CALL_IDLE};
    cJSON *json = NULL;
    int call = -1;
    bool ok;

    if (!parse_object(line, length, &json, err))
        return false;
    ok = json_choice(json, "call", call_names, SESSION_CALLS, &call, err) &&
         (call >= 0 || err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "call", NULL)) &&
         read_target(json, &request.display, err) && json_bool(json, "only", &request.only, err) &&
         read_number(json, "width", SIZE_MAX_PX, &request.width, err) &&
         read_number(json, "height", SIZE_MAX_PX, &request.height, err) &&
         read_number(json, "hz", HZ_MAX, &request.hz, err);
    cJSON_Delete(json);
    if (!ok)
        return false;
    request.call = (enum session_call_kind)call;
    *ret_request = request;
    return true;
}

/* ---- answers ---- */

bool session_reply_print(const cJSON *answer, const struct err *error, struct buf *out)
{
    cJSON *json = NULL;
    bool ok;

    if (!err_is_set(error) && answer)
        return put_line(answer, out);
    json = cJSON_CreateObject();
    ok = json && (!err_is_set(error) || cJSON_AddItemToObject(json, "error", err_to_json(error))) &&
         put_line(json, out);
    cJSON_Delete(json);
    return ok;
}

bool session_reply_parse(const char *line, size_t length, cJSON **ret_answer, struct err *err)
{
    const cJSON *error;
    cJSON *json = NULL;
    struct err told;

    if (!parse_object(line, length, &json, err))
        return false;
    error = cJSON_GetObjectItemCaseSensitive(json, "error");
    if (!error) {
        *ret_answer = json;
        return true;
    }
    err_from_json(&told, error);
    cJSON_Delete(json);
    if (err)
        *err = told;
    return false;
}

cJSON *session_idle_to_json(int64_t idle_ms)
{
    cJSON *json = cJSON_CreateObject();

    if (json && json_add_int(json, "idle_ms", idle_ms))
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool session_idle_from_json(const cJSON *answer, int64_t *ret_idle_ms, struct err *err)
{
    int64_t idle_ms = -1;

    if (!json_int(answer, "idle_ms", 0, IDLE_MAX_MS, &idle_ms, err))
        return false;
    if (idle_ms < 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "idle_ms", NULL);
    *ret_idle_ms = idle_ms;
    return true;
}

static cJSON *display_to_json(const struct session_display *display)
{
    cJSON *json = cJSON_CreateObject();

    if (json && add_target(json, &display->id) &&
        cJSON_AddStringToObject(json, "path", display->adapter) &&
        cJSON_AddStringToObject(json, "monitor", display->monitor) &&
        cJSON_AddBoolToObject(json, "active", display->active) &&
        cJSON_AddBoolToObject(json, "primary", display->primary) &&
        json_add_int(json, "width", display->width) &&
        json_add_int(json, "height", display->height) && json_add_int(json, "hz", display->hz))
        return json;
    cJSON_Delete(json);
    return NULL;
}

cJSON *session_displays_to_json(const struct session_displays *displays)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(json, "displays");

    for (size_t i = 0; list && i < displays->count; i++) {
        cJSON *item = display_to_json(&displays->items[i]);

        if (!item || !cJSON_AddItemToArray(list, item))
            list = NULL;
    }
    if (list)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* An active display has a size, and only such a one can be the primary. */
static bool display_from_json(const cJSON *item, struct session_display *display, struct err *err)
{
    if (!cJSON_IsObject(item))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "", "object", NULL);
    if (!read_target(item, &display->id, err) ||
        !json_string_into(item, "path", "", display->adapter, sizeof display->adapter, err) ||
        !json_string_into(item, "monitor", "", display->monitor, sizeof display->monitor, err) ||
        !json_bool(item, "active", &display->active, err) ||
        !json_bool(item, "primary", &display->primary, err) ||
        !read_number(item, "width", SIZE_MAX_PX, &display->width, err) ||
        !read_number(item, "height", SIZE_MAX_PX, &display->height, err) ||
        !read_number(item, "hz", HZ_MAX, &display->hz, err))
        return false;
    if (display->active && (!display->width || !display->height))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "width", NULL);
    return !display->primary || display->active ||
           err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "primary", "false", NULL);
}

bool session_displays_from_json(const cJSON *answer,
                                struct session_displays *ret_displays,
                                struct err *err)
{
    const cJSON *list = NULL, *item;
    size_t primaries = 0, active = 0;
    struct session_displays displays;

    memset(&displays, 0, sizeof displays);
    if (!json_array(answer, "displays", &list, err))
        return false;
    if (!list)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "displays", NULL);
    cJSON_ArrayForEach(item, list)
    {
        struct session_display *display = &displays.items[displays.count];

        if (displays.count == SESSION_DISPLAYS)
            return err_set(err,
                           ERR_TOO_LARGE,
                           TEXT_FILE_TOO_LARGE,
                           "displays",
                           TEXT_NUM(SESSION_DISPLAYS),
                           NULL);
        if (!display_from_json(item, display, err))
            return json_in_item("displays", displays.count, err);
        displays.count++;
        active += display->active;
        primaries += display->primary;
    }
    if (primaries != (active ? 1 : 0))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "displays", "one primary", NULL);
    *ret_displays = displays;
    return true;
}
