/* What hello carries, both ways, and the agreement on a protocol version. */
#include "common/session_core.h"
#include "common/version.h"

#include <stdlib.h>
#include <string.h>

/* What this build can do beyond the methods of its protocol version. */
static const char *const capabilities[] = {"bulk", "relay"};

#define CAPABILITIES (sizeof capabilities / sizeof capabilities[0])

void session_hello_own(struct session_hello *ret_hello)
{
    memset(ret_hello, 0, sizeof *ret_hello);
    text_copy(ret_hello->build, sizeof ret_hello->build, version_text());
    for (size_t i = 0; i < CAPABILITIES; i++)
        text_copy(ret_hello->capabilities[i], SESSION_WORD_BYTES, capabilities[i]);
    ret_hello->capability_count = CAPABILITIES;
}

static bool add_capabilities(cJSON *json, const struct session_hello *hello)
{
    cJSON *array = cJSON_AddArrayToObject(json, "capabilities");
    bool ok = array != NULL;

    for (size_t i = 0; ok && i < hello->capability_count; i++)
        ok = cJSON_AddItemToArray(array, cJSON_CreateString(hello->capabilities[i]));
    return ok;
}

static bool add_versions(cJSON *json, const struct session_hello *hello)
{
    return json && json_add_int(json, "protocol_min", METHOD_PROTOCOL_MIN) &&
           json_add_int(json, "protocol_max", METHOD_PROTOCOL_MAX) &&
           cJSON_AddStringToObject(json, "build", hello->build) && add_capabilities(json, hello);
}

cJSON *session_hello_params(void)
{
    struct session_hello own;
    cJSON *json = cJSON_CreateObject();

    session_hello_own(&own);
    if (add_versions(json, &own))
        return json;
    cJSON_Delete(json);
    return NULL;
}

cJSON *session_hello_result(const struct session_hello *own)
{
    cJSON *json = cJSON_CreateObject();

    if (add_versions(json, own) && json_add_int(json, "protocol", own->protocol) &&
        cJSON_AddStringToObject(json, "boot_id", own->boot_id) &&
        cJSON_AddStringToObject(json, "instance", own->instance) &&
        cJSON_AddBoolToObject(json, "cloned", own->cloned) &&
        json_add_int(json, "generation", own->generation))
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* Fields of both directions. Capabilities beyond the limit are left out: they are only hints. */
static bool read_common(const cJSON *json, struct session_hello *hello, struct err *err)
{
    const cJSON *array = NULL, *item;

    if (!json_string_into(json, "build", NULL, hello->build, sizeof hello->build, err) ||
        !json_array(json, "capabilities", &array, err))
        return false;
    cJSON_ArrayForEach(item, array)
    {
        if (hello->capability_count == SESSION_CAPABILITIES)
            break;
        if (cJSON_IsString(item) && strlen(item->valuestring) < SESSION_WORD_BYTES)
            text_copy(hello->capabilities[hello->capability_count++],
                      SESSION_WORD_BYTES,
                      item->valuestring);
    }
    return true;
}

static bool agree(const cJSON *json, int32_t *ret_protocol, struct err *err)
{
    int64_t min = 0, max = 0;

    if (!json_int(json, "protocol_min", 1, INT32_MAX, &min, err) ||
        !json_int(json, "protocol_max", 1, INT32_MAX, &max, err))
        return false;
    if (min > METHOD_PROTOCOL_MAX || max < METHOD_PROTOCOL_MIN || max < min) {
        err_set(err,
                ERR_UNSUPPORTED,
                TEXT_SESSION_VERSION,
                TEXT_NUM(METHOD_PROTOCOL_MIN),
                TEXT_NUM(METHOD_PROTOCOL_MAX),
                TEXT_NUM(min),
                TEXT_NUM(max),
                NULL);
        return err_hint(err, TEXT_SESSION_VERSION_HINT);
    }
    *ret_protocol = (int32_t)(max < METHOD_PROTOCOL_MAX ? max : METHOD_PROTOCOL_MAX);
    return true;
}

bool session_hello_read_params(const cJSON *params,
                               struct session_hello *ret_hello,
                               struct err *err)
{
    struct session_hello hello = {0};

    if (!read_common(params, &hello, err) || !agree(params, &hello.protocol, err))
        return false;
    *ret_hello = hello;
    return true;
}

bool session_hello_read_result(const cJSON *result,
                               struct session_hello *ret_hello,
                               struct err *err)
{
    struct session_hello hello = {0};
    int64_t protocol = 0;

    if (!read_common(result, &hello, err) || !agree(result, &hello.protocol, err) ||
        !json_int(result, "protocol", METHOD_PROTOCOL_MIN, METHOD_PROTOCOL_MAX, &protocol, err) ||
        !json_string_into(result, "boot_id", NULL, hello.boot_id, sizeof hello.boot_id, err) ||
        !json_string_into(result, "instance", NULL, hello.instance, sizeof hello.instance, err) ||
        !json_bool(result, "cloned", &hello.cloned, err))
        return false;
    if (protocol != hello.protocol)
        return err_set(err, ERR_BAD_INPUT, TEXT_SESSION_PROTOCOL, "protocol", NULL);
    *ret_hello = hello;
    return true;
}
