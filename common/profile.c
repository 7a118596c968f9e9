/* The profile's defaults and fields, and its way to JSON and to the disk. */
#include "common/profile_field.h"

#include "common/fs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define READY_HOLD_S_MAX   3600
#define MONITORS_MAX       3
#define REBOOTS_MAX        20
#define IDLE_MINUTES_MAX   1440
#define PROFILE_FILE_BYTES 65536

#define WIDTH_MIN  640
#define WIDTH_MAX  7680
#define HEIGHT_MIN 480
#define HEIGHT_MAX 4320
#define HZ_MIN     24
#define HZ_MAX     240
#define HZ_DEFAULT 60

static const char *const mode_names[] = {
    [PROFILE_REPAIR] = "repair", [PROFILE_OBSERVE] = "observe", NULL};

static const char *const strategy_names[] = {
    [PROFILE_STRATEGY_AUTO] = "auto",
    [PROFILE_STRATEGY_PARSEC] = "parsec",
    [PROFILE_STRATEGY_HOLD] = "hold",
    NULL,
};

static const char *const video_names[] = {
    [PROFILE_VIDEO_DISABLE] = "disable",
    [PROFILE_VIDEO_SECONDARY] = "secondary",
    [PROFILE_VIDEO_LEAVE] = "leave",
    NULL,
};

static const char *const scope_names[] = {
    [PROFILE_SCOPE_SHARED] = "shared",
    [PROFILE_SCOPE_USER] = "user",
    [PROFILE_SCOPE_ANY] = "any",
    NULL,
};

static const char *const when_names[] = {
    [PROFILE_WHEN_IDLE] = "idle",
    [PROFILE_WHEN_BOOT] = "boot",
    [PROFILE_WHEN_NOW] = "now",
    NULL,
};

const char *const profile_proxy_names[] = {
    [PROFILE_PROXY_NONE] = "none",
    [PROFILE_PROXY_DIRECT] = "direct",
    [PROFILE_PROXY_HOST] = "host",
    NULL,
};

#define CHOICE(part, name, member, list)                                                           \
    {                                                                                              \
        .section = (part), .key = (name), .type = PROFILE_FIELD_CHOICE,                            \
        .offset = offsetof(struct profile, member), .names = (list)                                \
    }
#define NUMBER(part, name, member, least, most)                                                    \
    {                                                                                              \
        .section = (part), .key = (name), .type = PROFILE_FIELD_NUMBER,                            \
        .offset = offsetof(struct profile, member), .min = (least), .max = (most)                  \
    }
#define FLAG(part, name, member)                                                                   \
    {                                                                                              \
        .section = (part), .key = (name), .type = PROFILE_FIELD_BOOL,                              \
        .offset = offsetof(struct profile, member)                                                 \
    }

const struct profile_field profile_fields[] = {
    CHOICE(NULL, "mode", mode, mode_names),
    NUMBER(NULL, "idle_minutes", idle_minutes, 1, IDLE_MINUTES_MAX),
    CHOICE("display", "strategy", display.strategy, strategy_names),
    CHOICE("display", "hyperv_video", display.hyperv_video, video_names),
    NUMBER("display", "ready_hold_s", display.ready_hold_s, 1, READY_HOLD_S_MAX),
    FLAG("display", "privacy", display.privacy),
    NUMBER("display", "virtual_monitors", display.virtual_monitors, 0, MONITORS_MAX),
    FLAG("audio", "cable", audio.cable),
    FLAG("audio", "make_default", audio.make_default),
    CHOICE("parsec", "scope", parsec.scope, scope_names),
    FLAG("parsec", "run_as_admin", parsec.run_as_admin),
    FLAG("parsec", "team", parsec.team),
    FLAG("legacy", "remove_tasks", legacy.remove_tasks),
    FLAG("legacy", "remove_scripts", legacy.remove_scripts),
    CHOICE("drivers", "when", drivers.when, when_names),
    FLAG("reboots", "allowed", reboots.allowed),
    NUMBER("reboots", "budget", reboots.budget, 0, REBOOTS_MAX),
    FLAG("policy", "power", policy.power),
    FLAG("policy", "updates", policy.updates),
    FLAG("policy", "media", policy.media),
    {.key = NULL},
};

void profile_init(struct profile *profile)
{
    memset(profile, 0, sizeof *profile);
    profile->mode = PROFILE_REPAIR;
    profile->idle_minutes = 10;
    profile->display.strategy = PROFILE_STRATEGY_AUTO;
    profile->display.hyperv_video = PROFILE_VIDEO_DISABLE;
    profile->display.modes[0] = (struct profile_display_mode){1920, 1080, HZ_DEFAULT};
    profile->display.mode_count = 1;
    profile->display.ready_hold_s = 20;
    profile->display.privacy = true;
    profile->display.virtual_monitors = 1;
    profile->audio.cable = true;
    profile->audio.make_default = true;
    profile->parsec.scope = PROFILE_SCOPE_ANY;
    profile->parsec.proxy = PROFILE_PROXY_NONE;
    profile->legacy.remove_tasks = true;
    profile->legacy.remove_scripts = true;
    profile->drivers.when = PROFILE_WHEN_IDLE;
    profile->reboots.allowed = true;
    profile->reboots.budget = 3;
    profile->policy.power = true;
    profile->policy.updates = true;
    profile->policy.media = true;
}

uint32_t profile_field_get(const struct profile *profile, const struct profile_field *field)
{
    const char *at = (const char *)profile + field->offset;
    uint32_t value;
    bool flag;

    if (field->type == PROFILE_FIELD_BOOL) {
        memcpy(&flag, at, sizeof flag);
        return flag;
    }
    memcpy(&value, at, sizeof value);
    return value;
}

void profile_field_set(struct profile *profile, const struct profile_field *field, uint32_t value)
{
    char *at = (char *)profile + field->offset;
    bool flag = value != 0;

    static_assert(sizeof(enum profile_mode) == sizeof value, "enums are written as uint32_t");
    if (field->type == PROFILE_FIELD_BOOL)
        memcpy(at, &flag, sizeof flag);
    else
        memcpy(at, &value, sizeof value);
}

/* Reads digits within [min, max]; returns the place behind them, NULL otherwise. */
static const char *read_part(const char *p, uint32_t min, uint32_t max, uint32_t *ret_value)
{
    uint32_t value = 0;
    const char *start = p;

    for (; *p >= '0' && *p <= '9' && p - start < 6; p++)
        value = value * 10 + (uint32_t)(*p - '0');
    if (p == start || *start == '0' || value < min || value > max)
        return NULL;
    *ret_value = value;
    return p;
}

bool profile_mode_parse(const char *text, struct profile_display_mode *ret_mode)
{
    struct profile_display_mode mode = {.hz = HZ_DEFAULT};
    const char *p = read_part(text, WIDTH_MIN, WIDTH_MAX, &mode.width);

    if (!p || *p != 'x')
        return false;
    p = read_part(p + 1, HEIGHT_MIN, HEIGHT_MAX, &mode.height);
    if (p && *p == '@')
        p = read_part(p + 1, HZ_MIN, HZ_MAX, &mode.hz);
    if (!p || *p)
        return false;
    *ret_mode = mode;
    return true;
}

static cJSON *section_of(cJSON *json, const char *name)
{
    cJSON *section = name ? cJSON_GetObjectItemCaseSensitive(json, name) : json;

    return section ? section : cJSON_AddObjectToObject(json, name);
}

static bool add_field(cJSON *json, const struct profile *profile, const struct profile_field *field)
{
    cJSON *section = section_of(json, field->section);
    uint32_t value = profile_field_get(profile, field);

    if (!section)
        return false;
    if (field->type == PROFILE_FIELD_BOOL)
        return cJSON_AddBoolToObject(section, field->key, value != 0);
    if (field->type == PROFILE_FIELD_NUMBER)
        return cJSON_AddNumberToObject(section, field->key, value);
    return cJSON_AddStringToObject(section, field->key, field->names[value]);
}

static bool add_modes(cJSON *display, const struct profile *profile)
{
    cJSON *modes = cJSON_AddArrayToObject(display, "modes");
    unsigned i;

    for (i = 0; modes && i < profile->display.mode_count; i++) {
        const struct profile_display_mode *mode = &profile->display.modes[i];
        char text[40];
        cJSON *item;

        snprintf(text, sizeof text, "%ux%u@%u", mode->width, mode->height, mode->hz);
        item = cJSON_CreateString(text);
        if (!item || !cJSON_AddItemToArray(modes, item))
            return false;
    }
    return modes != NULL;
}

static bool add_parsec(cJSON *parsec, const struct profile *profile)
{
    cJSON *config = cJSON_AddObjectToObject(parsec, "config");
    cJSON *proxy = cJSON_AddObjectToObject(parsec, "proxy");
    cJSON *installer = cJSON_AddArrayToObject(parsec, "installer");
    bool ok = config && proxy && installer;
    unsigned i;

    for (i = 0; ok && i < profile->parsec.config_count; i++)
        ok = cJSON_AddStringToObject(
            config, profile->parsec.config[i].key, profile->parsec.config[i].value);
    for (i = 0; ok && i < profile->parsec.installer_count; i++)
        ok = cJSON_AddItemToArray(installer, cJSON_CreateString(profile->parsec.installer[i]));
    ok = ok && cJSON_AddStringToObject(proxy, "via", profile_proxy_names[profile->parsec.proxy]);
    if (ok && profile->parsec.proxy == PROFILE_PROXY_DIRECT)
        ok = cJSON_AddStringToObject(proxy, "address", profile->parsec.proxy_address);
    if (ok && profile->parsec.proxy != PROFILE_PROXY_NONE)
        ok = cJSON_AddNumberToObject(proxy, "port", profile->parsec.proxy_port);
    return ok;
}

cJSON *profile_to_json(const struct profile *profile)
{
    cJSON *json = cJSON_CreateObject();
    const struct profile_field *field;
    bool ok = json && cJSON_AddNumberToObject(json, "version", PROFILE_VERSION);

    for (field = profile_fields; ok && field->key; field++)
        ok = add_field(json, profile, field);
    ok = ok && add_modes(section_of(json, "display"), profile) &&
         add_parsec(section_of(json, "parsec"), profile);
    if (!ok) {
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

bool profile_load(const char *path, struct profile *ret_profile, struct err *err)
{
    cJSON *json;
    bool ok;

    if (!json_read_file(path, &json_limits_file, &json, err))
        return false;
    ok = profile_parse(json, ret_profile, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    return ok;
}

bool profile_save(const char *path, const struct profile *profile, struct err *err)
{
    cJSON *json = profile_to_json(profile);
    struct buf out;
    bool ok;

    buf_init(&out, PROFILE_FILE_BYTES);
    ok = json && json_write_pretty(json, &out);
    ok = ok ? fs_write_atomic(path, out.data, out.len, FS_PRIVATE, err) : err_no_memory(err);
    cJSON_Delete(json);
    buf_done(&out);
    return ok;
}

static bool lines_equal(const struct profile *a, const struct profile *b)
{
    unsigned i;

    if (a->parsec.config_count != b->parsec.config_count)
        return false;
    for (i = 0; i < a->parsec.config_count; i++) {
        if (strcmp(a->parsec.config[i].key, b->parsec.config[i].key) != 0 ||
            strcmp(a->parsec.config[i].value, b->parsec.config[i].value) != 0)
            return false;
    }
    return true;
}

static bool switches_equal(const struct profile *a, const struct profile *b)
{
    unsigned i;

    if (a->parsec.installer_count != b->parsec.installer_count)
        return false;
    for (i = 0; i < a->parsec.installer_count; i++)
        if (strcmp(a->parsec.installer[i], b->parsec.installer[i]) != 0)
            return false;
    return true;
}

static bool modes_equal(const struct profile *a, const struct profile *b)
{
    unsigned i;

    if (a->display.mode_count != b->display.mode_count)
        return false;
    for (i = 0; i < a->display.mode_count; i++) {
        const struct profile_display_mode *x = &a->display.modes[i];
        const struct profile_display_mode *y = &b->display.modes[i];

        if (x->width != y->width || x->height != y->height || x->hz != y->hz)
            return false;
    }
    return true;
}

bool profile_equal(const struct profile *a, const struct profile *b)
{
    const struct profile_field *field;

    for (field = profile_fields; field->key; field++) {
        if (profile_field_get(a, field) != profile_field_get(b, field))
            return false;
    }
    return a->parsec.proxy == b->parsec.proxy && a->parsec.proxy_port == b->parsec.proxy_port &&
           strcmp(a->parsec.proxy_address, b->parsec.proxy_address) == 0 && lines_equal(a, b) &&
           modes_equal(a, b) && switches_equal(a, b);
}
