/* The method table. PROTOCOL.md describes the same rows for people; a test compares the two. */
#include "common/method.h"

#include "common/fs.h"

#include <string.h>

#define SECOND    ((int64_t)1000)
#define MINUTE    (60 * SECOND)
#define COUNT_MAX (((int64_t)1 << 53) - 1) /* what JSON numbers carry exactly */

#define SHA256_DIGITS 64

static const struct method methods[METHOD_COUNT] = {
    [METHOD_HELLO] = {.name = "hello",
                      .phase = METHOD_PHASE_HELLO,
                      .flags = METHOD_ONCE | METHOD_CLONED,
                      .deadline_ms = 5 * SECOND,
                      .fields = {{"protocol_min", METHOD_INT, true, 1, 1000},
                                 {"protocol_max", METHOD_INT, true, 1, 1000},
                                 {"build", METHOD_STRING, true, 1, 39},
                                 {"capabilities", METHOD_STRINGS, false, 0, 16}}},
    [METHOD_PING] = {.name = "ping",
                     .phase = METHOD_PHASE_OPEN,
                     .flags = METHOD_CLONED,
                     .deadline_ms = 10 * SECOND},
    [METHOD_HEALTH_GET] = {.name = "health.get",
                           .phase = METHOD_PHASE_OPEN,
                           .flags = METHOD_CLONED,
                           .deadline_ms = 30 * SECOND,
                           .fields = {{"refresh", METHOD_BOOL, false, 0, 0}}},
    [METHOD_HEALTH_WATCH] = {.name = "health.watch",
                             .phase = METHOD_PHASE_OPEN,
                             .flags = METHOD_WATCH,
                             .deadline_ms = 30 * SECOND},
    [METHOD_PROFILE_GET] = {.name = "profile.get",
                            .phase = METHOD_PHASE_OPEN,
                            .deadline_ms = 10 * SECOND},
    [METHOD_PROFILE_SET] = {.name = "profile.set",
                            .phase = METHOD_PHASE_OPEN,
                            .flags = METHOD_MUTATES | METHOD_ADMIN,
                            .deadline_ms = 30 * SECOND,
                            .fields = {{"profile", METHOD_OBJECT, true, 0, 0}}},
    [METHOD_REPAIR_RUN] = {.name = "repair.run",
                           .phase = METHOD_PHASE_OPEN,
                           .flags = METHOD_MUTATES | METHOD_ADMIN,
                           .deadline_ms = 15 * MINUTE,
                           .fields = {{"checks", METHOD_STRINGS, false, 0, 64},
                                      {"dry_run", METHOD_BOOL, false, 0, 0},
                                      {"now", METHOD_BOOL, false, 0, 0},
                                      {"reset_parsec", METHOD_BOOL, false, 0, 0}}},
    [METHOD_PAYLOAD_LIST] = {.name = "payload.list",
                             .phase = METHOD_PHASE_OPEN,
                             .deadline_ms = 10 * SECOND},
    [METHOD_PAYLOAD_PUT] = {.name = "payload.put",
                            .phase = METHOD_PHASE_OPEN,
                            .flags =
                                METHOD_MUTATES | METHOD_ADMIN | METHOD_BODY_IN | METHOD_BODY_OUT,
                            .deadline_ms = MINUTE,
                            .fields = {{"name", METHOD_NAME, true, 1, FS_NAME_BYTES - 1},
                                       {"size_bytes", METHOD_INT, true, 0, COUNT_MAX},
                                       {"sha256", METHOD_HEX, true, SHA256_DIGITS, SHA256_DIGITS},
                                       {"offset", METHOD_INT, false, 0, COUNT_MAX},
                                       {"version", METHOD_STRING, false, 0, 39},
                                       {"publisher", METHOD_STRING, false, 0, 255},
                                       {"product", METHOD_STRING, false, 0, 255},
                                       {"bulk", METHOD_BOOL, false, 0, 0}}},
    [METHOD_DRIVERS_MANIFEST] = {.name = "drivers.manifest",
                                 .phase = METHOD_PHASE_OPEN,
                                 .flags = METHOD_BODY_OUT,
                                 .deadline_ms = 5 * MINUTE,
                                 .fields = {{"package", METHOD_NAME, true, 1, FS_NAME_BYTES - 1},
                                            {"offset", METHOD_INT, false, 0, COUNT_MAX},
                                            {"full", METHOD_BOOL, false, 0, 0}}},
    [METHOD_DRIVERS_PUT] = {.name = "drivers.put",
                            .phase = METHOD_PHASE_OPEN,
                            .flags =
                                METHOD_MUTATES | METHOD_ADMIN | METHOD_BODY_IN | METHOD_BODY_OUT,
                            .deadline_ms = MINUTE,
                            .fields = {{"package", METHOD_NAME, true, 1, FS_NAME_BYTES - 1},
                                       {"path", METHOD_STRING, false, 1, FS_PATH_BYTES - 1},
                                       {"size_bytes", METHOD_INT, false, 0, COUNT_MAX},
                                       {"sha256", METHOD_HEX, false, SHA256_DIGITS, SHA256_DIGITS},
                                       {"offset", METHOD_INT, false, 0, COUNT_MAX},
                                       {"bulk", METHOD_BOOL, false, 0, 0}}},
    [METHOD_DRIVERS_COMMIT] = {.name = "drivers.commit",
                               .phase = METHOD_PHASE_OPEN,
                               .flags =
                                   METHOD_MUTATES | METHOD_ADMIN | METHOD_BODY_IN | METHOD_BODY_OUT,
                               .deadline_ms = 15 * MINUTE,
                               .fields = {{"package", METHOD_NAME, true, 1, FS_NAME_BYTES - 1},
                                          {"version", METHOD_STRING, true, 1, 39},
                                          {"when", METHOD_STRING, false, 1, 8},
                                          {"size_bytes", METHOD_INT, false, 0, COUNT_MAX},
                                          {"offset", METHOD_INT, false, 0, COUNT_MAX}}},
    [METHOD_DRIVERS_ABORT] = {.name = "drivers.abort",
                              .phase = METHOD_PHASE_OPEN,
                              .flags = METHOD_MUTATES | METHOD_ADMIN,
                              .deadline_ms = MINUTE,
                              .fields = {{"package", METHOD_NAME, true, 1, FS_NAME_BYTES - 1}}},
    [METHOD_DISPLAY_RESTORE] = {.name = "display.restore",
                                .phase = METHOD_PHASE_OPEN,
                                .flags = METHOD_MUTATES | METHOD_ADMIN,
                                .deadline_ms = MINUTE},
    [METHOD_DISPLAY_AUTO] = {.name = "display.auto",
                             .phase = METHOD_PHASE_OPEN,
                             .flags = METHOD_MUTATES | METHOD_ADMIN,
                             .deadline_ms = MINUTE},
    [METHOD_SIGNIN_BEGIN] = {.name = "signin.begin",
                             .phase = METHOD_PHASE_OPEN,
                             .flags = METHOD_MUTATES | METHOD_ADMIN,
                             .deadline_ms = 2 * MINUTE,
                             .fields = {{"timeout_s", METHOD_INT, false, 1, 24 * 60 * 60}}},
    [METHOD_SIGNIN_END] = {.name = "signin.end",
                           .phase = METHOD_PHASE_OPEN,
                           .flags = METHOD_MUTATES | METHOD_ADMIN,
                           .deadline_ms = 2 * MINUTE},
    [METHOD_LOG_TAIL] = {.name = "log.tail",
                         .phase = METHOD_PHASE_OPEN,
                         .flags = METHOD_BODY_OUT,
                         .deadline_ms = 30 * SECOND,
                         .fields = {{"lines", METHOD_INT, false, 1, 100000}}},
    [METHOD_LOG_WATCH] = {.name = "log.watch",
                          .phase = METHOD_PHASE_OPEN,
                          .flags = METHOD_WATCH | METHOD_BODY_OUT,
                          .deadline_ms = 30 * SECOND,
                          .fields = {{"lines", METHOD_INT, false, 0, 100000}}},
    [METHOD_DIAG_COLLECT] = {.name = "diag.collect",
                             .phase = METHOD_PHASE_OPEN,
                             .flags = METHOD_ADMIN | METHOD_BODY_OUT,
                             .deadline_ms = 2 * MINUTE,
                             .fields = {{"bundle", METHOD_STRING, false, 1, 39},
                                        {"offset", METHOD_INT, false, 0, COUNT_MAX}}},
    [METHOD_AGENT_UPDATE] = {.name = "agent.update",
                             .phase = METHOD_PHASE_OPEN,
                             .flags = METHOD_MUTATES | METHOD_ADMIN,
                             .deadline_ms = 2 * MINUTE,
                             .fields = {{"payload", METHOD_NAME, true, 1, FS_NAME_BYTES - 1},
                                        {"sha256", METHOD_HEX, true, SHA256_DIGITS, SHA256_DIGITS},
                                        {"version", METHOD_STRING, true, 1, 39}}},
    [METHOD_KEY_ROTATE] = {.name = "key.rotate",
                           .phase = METHOD_PHASE_OPEN,
                           .flags = METHOD_MUTATES | METHOD_ADMIN | METHOD_CLONED | METHOD_BODY_IN |
                                    METHOD_SECRET,
                           .deadline_ms = 30 * SECOND,
                           .fields = {{"from", METHOD_INT, true, 0, COUNT_MAX},
                                      {"generation", METHOD_INT, true, 1, COUNT_MAX},
                                      {"vm", METHOD_STRING, false, 36, 36}}},
    [METHOD_SYSTEM_REBOOT] = {.name = "system.reboot",
                              .phase = METHOD_PHASE_OPEN,
                              .flags = METHOD_MUTATES | METHOD_ADMIN,
                              .deadline_ms = MINUTE,
                              .fields = {{"shutdown", METHOD_BOOL, false, 0, 0},
                                         {"force", METHOD_BOOL, false, 0, 0},
                                         {"reason", METHOD_STRING, false, 0, 127}}},
    [METHOD_RELAY_OPEN] = {.name = "relay.open",
                           .phase = METHOD_PHASE_OPEN,
                           .flags = METHOD_ONCE | METHOD_MUTATES | METHOD_ADMIN,
                           .deadline_ms = 10 * SECOND,
                           .fields = {{"port", METHOD_INT, true, 1, 65535}}},
    [METHOD_AGENT_RELEASE] = {.name = "agent.release",
                              .phase = METHOD_PHASE_OPEN,
                              .flags = METHOD_ONCE | METHOD_MUTATES | METHOD_ADMIN,
                              .deadline_ms = 5 * MINUTE},
};

const struct method *method_row(enum method_id id)
{
    return &methods[id];
}

bool method_parse(const char *name, enum method_id *ret_id)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            *ret_id = (enum method_id)i;
            return true;
        }
    }
    return false;
}

/* ---- checking parameters ---- */

static bool out_of_range(const struct method_field *field, struct err *err)
{
    return err_set(err,
                   ERR_BAD_INPUT,
                   TEXT_JSON_RANGE,
                   field->name,
                   TEXT_NUM(field->min),
                   TEXT_NUM(field->max),
                   NULL);
}

static bool wrong_type(const struct method_field *field, const char *type, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, field->name, type, NULL);
}

static bool is_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdef")] == '\0';
}

static bool check_string(const struct method_field *field, const cJSON *item, struct err *err)
{
    size_t length;

    if (!cJSON_IsString(item))
        return wrong_type(field, "string", err);
    length = strlen(item->valuestring);
    if (length < (size_t)field->min || length > (size_t)field->max)
        return out_of_range(field, err);
    if (field->type == METHOD_HEX && !is_hex(item->valuestring))
        return wrong_type(field, "hex", err);
    if (field->type == METHOD_NAME && !fs_name_is_safe(item->valuestring))
        return err_set(err, ERR_UNSAFE, TEXT_BULK_NAME, item->valuestring, NULL);
    return true;
}

static bool check_int(const struct method_field *field, const cJSON *item, struct err *err)
{
    double value;

    if (!cJSON_IsNumber(item))
        return wrong_type(field, "integer", err);
    value = item->valuedouble;
    if (!(value >= (double)field->min && value <= (double)field->max))
        return out_of_range(field, err);
    if ((double)(int64_t)value != value)
        return wrong_type(field, "integer", err);
    return true;
}

static bool check_bool(const struct method_field *field, const cJSON *item, struct err *err)
{
    return cJSON_IsBool(item) || wrong_type(field, "boolean", err);
}

static bool check_object(const struct method_field *field, const cJSON *item, struct err *err)
{
    return cJSON_IsObject(item) || wrong_type(field, "object", err);
}

static bool check_strings(const struct method_field *field, const cJSON *item, struct err *err)
{
    const cJSON *entry;
    int64_t count = 0;

    if (!cJSON_IsArray(item))
        return wrong_type(field, "array", err);
    cJSON_ArrayForEach(entry, item)
    {
        if (!cJSON_IsString(entry) || strlen(entry->valuestring) > METHOD_ITEM_BYTES)
            return wrong_type(field, "strings", err);
        if (++count > field->max)
            return out_of_range(field, err);
    }
    return true;
}

static bool (*const checks[])(const struct method_field *, const cJSON *, struct err *) = {
    [METHOD_STRING] = check_string,
    [METHOD_NAME] = check_string,
    [METHOD_HEX] = check_string,
    [METHOD_INT] = check_int,
    [METHOD_BOOL] = check_bool,
    [METHOD_OBJECT] = check_object,
    [METHOD_STRINGS] = check_strings,
};

bool method_check(enum method_id id, const cJSON *params, size_t body_length, struct err *err)
{
    const struct method *row = &methods[id];

    if (body_length > 0 && !(row->flags & METHOD_BODY_IN))
        return err_set(err, ERR_BAD_INPUT, TEXT_SESSION_NO_BODY, row->name, NULL);
    if (params && !cJSON_IsObject(params))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "params", "object", NULL);
    for (const struct method_field *field = row->fields;
         field < row->fields + METHOD_FIELDS && field->name;
         field++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(params, field->name);

        if (!item && field->required)
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, field->name, NULL);
        if (item && !checks[field->type](field, item, err))
            return false;
    }
    return true;
}
