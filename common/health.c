/*
 * The report as JSON. Checks that are plainly ok travel as their status alone. Reading keeps what
 * this build knows and bounds the rest: the guest is not trusted.
 */
#include "common/health.h"

#include <string.h>

#define WALL_MAX (((int64_t)1 << 53) - 1)

/* One member of struct health and its name on the wire. */
enum member_kind { MEMBER_TEXT, MEMBER_BOOL, MEMBER_UINT32, MEMBER_INT64 };

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset, size;
};

#define TEXT_MEMBER(field)                                                                         \
    {                                                                                              \
#field, MEMBER_TEXT, offsetof(struct health, field), sizeof((struct health *)0)->field     \
    }

static const struct member members[] = {
    {"agent_up", MEMBER_BOOL, offsetof(struct health, agent_up), 0},
    {"desktop_ready", MEMBER_BOOL, offsetof(struct health, desktop_ready), 0},
    {"stream_ready", MEMBER_BOOL, offsetof(struct health, stream_ready), 0},
    {"observe_only", MEMBER_BOOL, offsetof(struct health, observe_only), 0},
    TEXT_MEMBER(build),
    TEXT_MEMBER(boot_id),
    TEXT_MEMBER(gpu_name),
    TEXT_MEMBER(driver_guest),
    TEXT_MEMBER(driver_host),
    {"uptime_s", MEMBER_INT64, offsetof(struct health, uptime_s), 0},
    {"wall_ms", MEMBER_INT64, offsetof(struct health, wall_ms), 0},
    {"sequence", MEMBER_INT64, offsetof(struct health, sequence), 0},
};

#define STREAM(field) (offsetof(struct health, stream) + offsetof(struct health_stream, field))

static const struct member stream_members[] = {
    {"encoder", MEMBER_TEXT, STREAM(encoder), sizeof((struct health *)0)->stream.encoder},
    {"codec", MEMBER_TEXT, STREAM(codec), sizeof((struct health *)0)->stream.codec},
    {"width", MEMBER_UINT32, STREAM(width), 0},
    {"height", MEMBER_UINT32, STREAM(height), 0},
    {"hz", MEMBER_UINT32, STREAM(hz), 0},
    {"clients", MEMBER_UINT32, STREAM(clients), 0},
    {"bitrate_mbps", MEMBER_UINT32, STREAM(bitrate_mbps), 0},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool write_member(cJSON *json, const struct member *member, const struct health *health)
{
    const void *place = (const char *)health + member->offset;

    switch (member->kind) {
    case MEMBER_TEXT:
        return cJSON_AddStringToObject(json, member->name, place);
    case MEMBER_BOOL:
        return cJSON_AddBoolToObject(json, member->name, *(const bool *)place);
    case MEMBER_UINT32:
        return json_add_int(json, member->name, *(const uint32_t *)place);
    case MEMBER_INT64:
        return json_add_int(json, member->name, *(const int64_t *)place);
    }
    return false;
}

static bool
read_member(const cJSON *json, const struct member *member, struct health *health, struct err *err)
{
    void *place = (char *)health + member->offset;
    int64_t number = 0;
    const char *text = NULL;

    switch (member->kind) {
    case MEMBER_TEXT:
        if (!json_string(json, member->name, "", &text, err))
            return false;
        text_copy(place, member->size, text);
        return true;
    case MEMBER_BOOL:
        return json_bool(json, member->name, place, err);
    case MEMBER_UINT32:
        if (!json_int(json, member->name, 0, UINT32_MAX, &number, err))
            return false;
        *(uint32_t *)place = (uint32_t)number;
        return true;
    case MEMBER_INT64:
        if (!json_int(json, member->name, 0, WALL_MAX, &number, err))
            return false;
        *(int64_t *)place = number;
        return true;
    }
    return false;
}

static bool write_check(cJSON *checks, enum check_id id, const struct health_check *check)
{
    cJSON *json = cJSON_AddObjectToObject(checks, check_name(id));

    if (!json || !cJSON_AddStringToObject(json, "status", check_status_name(check->status)))
        return false;
    if (err_is_set(&check->why) && !cJSON_AddItemToObject(json, "why", err_to_json(&check->why)))
        return false;
    if (check->remedy != TEXT_NONE &&
        !cJSON_AddStringToObject(json, "remedy", text_row(check->remedy)->name))
        return false;
    if (check->attempts && !json_add_int(json, "attempts", check->attempts))
        return false;
    return !check->retry_at_ms || json_add_int(json, "retry_at_ms", check->retry_at_ms);
}

cJSON *health_to_json(const struct health *health)
{
    cJSON *json = cJSON_CreateObject(), *stream, *checks;
    bool ok =
        json && cJSON_AddStringToObject(json, "level", health_level_name(health->level)) != NULL;

    for (size_t i = 0; ok && i < COUNT(members); i++)
        ok = write_member(json, &members[i], health);
    stream = ok ? cJSON_AddObjectToObject(json, "stream") : NULL;
    ok = stream != NULL;
    for (size_t i = 0; ok && i < COUNT(stream_members); i++)
        ok = write_member(stream, &stream_members[i], health);
    checks = ok ? cJSON_AddObjectToObject(json, "checks") : NULL;
    ok = checks != NULL;
    for (int i = 0; ok && i < CHECK_COUNT; i++)
        ok = write_check(checks, (enum check_id)i, &health->checks[i]);
    if (ok)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static bool read_check(const cJSON *json, struct health_check *check, struct err *err)
{
    const char *status = NULL, *remedy = NULL;
    const cJSON *why = NULL;
    int64_t attempts = 0;

    if (!json_string(json, "status", NULL, &status, err) ||
        !json_string(json, "remedy", "", &remedy, err) || !json_object(json, "why", &why, err) ||
        !json_int(json, "attempts", 0, UINT16_MAX, &attempts, err) ||
        !json_int(json, "retry_at_ms", 0, WALL_MAX, &check->retry_at_ms, err))
        return false;
    if (!check_status_parse(status, &check->status))
        check->status = STATUS_UNKNOWN; /* of a newer agent */
    if (why)
        err_from_json(&check->why, why);
    check->remedy = text_by_name(remedy);
    check->attempts = (uint16_t)attempts;
    return true;
}

static bool read_checks(const cJSON *json, struct health *health, struct err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, json)
    {
        enum check_id id;

        if (!cJSON_IsObject(item))
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "checks", "object", NULL);
        if (check_parse(item->string, &id) && !read_check(item, &health->checks[id], err))
            return false;
    }
    return true;
}

bool health_from_json(const cJSON *json, struct health *ret_health, struct err *err)
{
    static const struct health empty;
    struct health health = empty;
    const char *level = NULL;
    const cJSON *stream = NULL, *checks = NULL;

    if (!cJSON_IsObject(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "health", "object", NULL);
    if (!json_string(json, "level", NULL, &level, err) ||
        !json_object(json, "stream", &stream, err) || !json_object(json, "checks", &checks, err))
        return false;
    if (!health_level_parse(level, &health.level))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "level", "level", NULL);
    for (size_t i = 0; i < COUNT(members); i++)
        if (!read_member(json, &members[i], &health, err))
            return false;
    for (size_t i = 0; stream && i < COUNT(stream_members); i++)
        if (!read_member(stream, &stream_members[i], &health, err))
            return false;
    if (checks && !read_checks(checks, &health, err))
        return false;
    *ret_health = health;
    return true;
}
