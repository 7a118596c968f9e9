/* Reading and writing JSON-RPC 2.0. */
#include "common/rpc.h"

#include <string.h>

static void begin(struct buf *out)
{
    static const uint8_t room[FRAME_HEADER_BYTES];

    buf_clear(out);
    buf_put(out, room, sizeof room);
    buf_puts(out, "{\"jsonrpc\":\"2.0\"");
}

static void put_id(struct buf *out, uint32_t id)
{
    char digits[24];

    buf_puts(out, ",\"id\":");
    buf_puts(out, text_num(digits, id));
}

static bool end(struct buf *out, struct err *err)
{
    buf_puts(out, "}");
    if (out->failed || out->len > FRAME_HEADER_BYTES + FRAME_JSON_MAX)
        return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_LARGE, TEXT_NUM(FRAME_JSON_MAX), NULL);
    return true;
}

static void put_call(struct buf *out, const char *method, const cJSON *params)
{
    buf_puts(out, ",\"method\":\"");
    buf_puts(out, method);
    buf_puts(out, "\"");
    if (params) {
        buf_puts(out, ",\"params\":");
        json_write(params, out);
    }
}

bool rpc_write_request(
    struct buf *out, uint32_t id, const char *method, const cJSON *params, struct err *err)
{
    begin(out);
    put_id(out, id);
    put_call(out, method, params);
    return end(out, err);
}

bool rpc_write_notify(struct buf *out, const char *method, const cJSON *params, struct err *err)
{
    begin(out);
    put_call(out, method, params);
    return end(out, err);
}

bool rpc_write_result(struct buf *out, uint32_t id, const cJSON *result, struct err *err)
{
    begin(out);
    put_id(out, id);
    buf_puts(out, ",\"result\":");
    if (result)
        json_write(result, out);
    else
        buf_puts(out, "{}");
    return end(out, err);
}

bool rpc_write_error(struct buf *out, uint32_t id, int code, const struct err *failure)
{
    char message[1024];
    cJSON *error = cJSON_CreateObject();
    bool ok = error && json_add_int(error, "code", code) &&
              cJSON_AddStringToObject(
                  error, "message", err_message(failure, TEXT_EN, message, sizeof message)) &&
              cJSON_AddItemToObject(error, "data", err_to_json(failure));

    begin(out);
    put_id(out, id);
    buf_puts(out, ",\"error\":");
    ok = ok && json_write(error, out) && end(out, NULL);
    cJSON_Delete(error);
    return ok;
}

static bool broken(const char *what, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_SESSION_PROTOCOL, what, NULL);
}

/* Parses the envelope and checks version and id. */
static bool
read_envelope(const char *text, size_t length, uint32_t id, cJSON **ret_json, struct err *err)
{
    cJSON *json = NULL;
    const char *version = "";
    const cJSON *item;

    if (!json_parse(text, length, &json_limits_message, &json, err))
        return false;
    item = cJSON_GetObjectItemCaseSensitive(json, "id");
    if (!json_string(json, "jsonrpc", "", &version, NULL) || strcmp(version, "2.0") != 0) {
        cJSON_Delete(json);
        return broken("jsonrpc", err);
    }
    if (id ? !cJSON_IsNumber(item) || item->valuedouble != (double)id : item != NULL) {
        cJSON_Delete(json);
        return broken("id", err);
    }
    *ret_json = json;
    return true;
}

bool rpc_read_message(
    const char *text, size_t length, uint32_t id, struct rpc_message *ret_message, struct err *err)
{
    struct rpc_message message = {0};

    if (!read_envelope(text, length, id, &message.json, err))
        return false;
    message.params = cJSON_GetObjectItemCaseSensitive(message.json, "params");
    if (!json_string(message.json, "method", NULL, &message.method, NULL) ||
        strlen(message.method) >= METHOD_NAME_BYTES) {
        rpc_message_done(&message);
        return broken("method", err);
    }
    if (message.params && !cJSON_IsObject(message.params)) {
        rpc_message_done(&message);
        return broken("params", err);
    }
    *ret_message = message;
    return true;
}

void rpc_message_done(struct rpc_message *message)
{
    cJSON_Delete(message->json);
    message->json = NULL;
}

static void read_failure(const cJSON *error, struct err *ret_failure)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
    const char *message = "";

    if (cJSON_IsObject(data)) {
        err_from_json(ret_failure, data);
        return;
    }
    json_string(error, "message", "", &message, NULL);
    err_set(ret_failure, ERR_FAILED, TEXT_REMOTE_ERROR, message, NULL);
}

bool rpc_read_reply(const char *text,
                    size_t length,
                    uint32_t id,
                    cJSON **ret_json,
                    const cJSON **ret_result,
                    struct err *ret_failure,
                    struct err *err)
{
    const cJSON *result, *error;
    cJSON *json;

    if (!read_envelope(text, length, id, &json, err))
        return false;
    result = cJSON_GetObjectItemCaseSensitive(json, "result");
    error = cJSON_GetObjectItemCaseSensitive(json, "error");
    if (!cJSON_IsObject(result ? result : error) || (result && error)) {
        cJSON_Delete(json);
        return broken("result", err);
    }
    if (error)
        read_failure(error, ret_failure);
    *ret_json = json;
    *ret_result = result;
    return true;
}
