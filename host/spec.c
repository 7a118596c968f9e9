/* The VM spec. */
#include "host/spec_field.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DEFAULT_DISK_GB   128
#define DEFAULT_MEMORY_MB 8192
#define DISK_GB_LEAST     20
#define DISK_GB_MOST      65536
#define MEMORY_MB_LEAST   2048
#define MEMORY_MB_MOST    (12 * 1024 * 1024)
#define CPUS_MOST         2048
#define KNOWN_MOST        32 /* names of one object */

const char *const spec_attach_names[] = {"after_setup", "at_creation", "never", NULL};
const char *const spec_sections[] = {"disk", "gpu", "account", NULL};

#define WORDS(part, name, member)                                                                  \
    {                                                                                              \
        .section = (part), .key = (name), .type = SPEC_FIELD_TEXT,                                 \
        .offset = offsetof(struct spec, member), .size = sizeof((struct spec *)0)->member          \
    }
#define NUMBER(part, name, member, least, most)                                                    \
    {                                                                                              \
        .section = (part), .key = (name), .type = SPEC_FIELD_NUMBER,                               \
        .offset = offsetof(struct spec, member), .min = (least), .max = (most)                     \
    }

const struct spec_field spec_fields[] = {
    WORDS(NULL, "name", name),
    WORDS(NULL, "computer_name", computer_name),
    WORDS(NULL, "iso", iso),
    WORDS(NULL, "edition", edition),
    NUMBER(NULL, "memory_mb", memory_mb, MEMORY_MB_LEAST, MEMORY_MB_MOST),
    NUMBER(NULL, "cpus", cpus, 1, CPUS_MOST),
    WORDS(NULL, "switch", network),
    WORDS(NULL, "locale", locale),
    WORDS(NULL, "time_zone", time_zone),
    WORDS(NULL, "world", world),
    NUMBER("disk", "size_gb", disk.size_gb, DISK_GB_LEAST, DISK_GB_MOST),
    WORDS("disk", "path", disk.path),
    WORDS("disk", "parent", disk.parent),
    WORDS("gpu", "select", gpu.select),
    {.section = "gpu",
     .key = "attach",
     .type = SPEC_FIELD_CHOICE,
     .offset = offsetof(struct spec, gpu.attach),
     .names = spec_attach_names},
    {.section = "gpu",
     .key = "share_percent",
     .type = SPEC_FIELD_NUMBER,
     .offset = offsetof(struct spec, gpu.share_percent),
     .min = 1,
     .max = 100,
     .optional = true},
    WORDS("account", "user", account.user),
    WORDS("account", "password_from", account.password_from),
    {.section = "account",
     .key = "autologon",
     .type = SPEC_FIELD_BOOL,
     .offset = offsetof(struct spec, account.autologon)},
    {.key = NULL},
};

void spec_init(struct spec *spec, const char *name)
{
    uint64_t half_mb = uv_get_total_memory() / 2 / 1024 / 1024;
    unsigned cpus = uv_available_parallelism() / 2;

    *spec = (struct spec){.memory_mb = DEFAULT_MEMORY_MB, .cpus = cpus ? cpus : 1};
    text_copy(spec->name, sizeof spec->name, name);
    spec->disk.size_gb = DEFAULT_DISK_GB;
    if (half_mb < spec->memory_mb)
        spec->memory_mb = half_mb > MEMORY_MB_LEAST ? (uint32_t)half_mb & ~1u : MEMORY_MB_LEAST;
    text_copy(spec->account.user, sizeof spec->account.user, "player");
    account_computer(name, spec->account.user, spec->computer_name);
    text_copy(spec->account.password_from, sizeof spec->account.password_from, "prompt");
    spec->account.autologon = true;
    text_copy(spec->world, sizeof spec->world, "fresh");
    profile_init(&spec->guest);
}

static bool same_section(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* The names that an object of the spec may have. */
static void list_known(const char *section, const char *known[KNOWN_MOST])
{
    size_t count = 0;

    for (const struct spec_field *field = spec_fields; field->key; field++)
        if (same_section(field->section, section))
            known[count++] = field->key;
    if (!section) {
        for (size_t i = 0; spec_sections[i]; i++)
            known[count++] = spec_sections[i];
        known[count++] = "guest";
        known[count++] = "$schema";
    }
    assert(count < KNOWN_MOST);
    known[count] = NULL;
}

/* Text that stays as it is when the field is absent. */
static bool read_text(const struct spec_field *field, const cJSON *json, char *at, struct err *err)
{
    const char *text = NULL;

    if (!cJSON_GetObjectItemCaseSensitive(json, field->key))
        return true;
    if (!json_string(json, field->key, NULL, &text, err))
        return false;
    if (strlen(text) >= field->size)
        return err_set(err,
                       ERR_TOO_LARGE,
                       TEXT_JSON_TOO_LONG,
                       field->key,
                       TEXT_NUM((int64_t)field->size - 1),
                       NULL);
    text_copy(at, field->size, text);
    return true;
}

static bool
read_number(const struct spec_field *field, const cJSON *json, char *at, struct err *err)
{
    uint32_t value;
    int64_t number;

    memcpy(&value, at, sizeof value);
    number = value;
    if (!json_int(json, field->key, field->min, field->max, &number, err))
        return false;
    value = (uint32_t)number;
    memcpy(at, &value, sizeof value);
    return true;
}

static bool
read_choice(const struct spec_field *field, const cJSON *json, char *at, struct err *err)
{
    enum spec_attach value;
    size_t count = 0;
    int index;

    while (field->names[count])
        count++;
    memcpy(&value, at, sizeof value);
    index = (int)value;
    if (!json_choice(json, field->key, field->names, count, &index, err))
        return false;
    value = (enum spec_attach)index;
    memcpy(at, &value, sizeof value);
    return true;
}

static bool read_bool(const struct spec_field *field, const cJSON *json, char *at, struct err *err)
{
    bool value;

    memcpy(&value, at, sizeof value);
    if (!json_bool(json, field->key, &value, err))
        return false;
    memcpy(at, &value, sizeof value);
    return true;
}

/* Reads one object: the spec itself (section NULL), or a section of it. */
static bool read_section(struct spec *spec, const char *section, const cJSON *json, struct err *err)
{
    static bool (*const read[])(
        const struct spec_field *field, const cJSON *json, char *at, struct err *err) = {
        [SPEC_FIELD_TEXT] = read_text,
        [SPEC_FIELD_NUMBER] = read_number,
        [SPEC_FIELD_CHOICE] = read_choice,
        [SPEC_FIELD_BOOL] = read_bool,
    };
    const char *known[KNOWN_MOST];

    list_known(section, known);
    if (!json_only_known(json, known, err))
        return false;
    for (const struct spec_field *field = spec_fields; field->key; field++)
        if (same_section(field->section, section) &&
            !read[field->type](field, json, (char *)spec + field->offset, err))
            return false;
    return true;
}

/* An error that names no field gets the part as its context. */
static bool in_guest(struct err *err)
{
    return err && err->kind == ERR_UNSUPPORTED ? err_context(err, TEXT_HOST_SPEC_PART, "guest")
                                               : json_in("guest", err);
}

bool spec_read(struct spec *spec, const cJSON *json, struct err *err)
{
    struct spec read = *spec;
    const cJSON *part = NULL;

    if (!cJSON_IsObject(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "", "object", NULL);
    if (!read_section(&read, NULL, json, err))
        return false;
    for (size_t i = 0; spec_sections[i]; i++) {
        if (!json_object(json, spec_sections[i], &part, err))
            return false;
        if (part && !read_section(&read, spec_sections[i], part, err))
            return json_in(spec_sections[i], err);
    }
    if (!json_object(json, "guest", &part, err))
        return false;
    if (part && !profile_parse(part, &read.guest, err))
        return in_guest(err);
    *spec = read;
    return true;
}

bool spec_load(struct spec *spec, const char *path, struct err *err)
{
    cJSON *json = NULL;
    bool ok;

    if (!json_read_file(path, &json_limits_file, &json, err))
        return false;
    ok = spec_read(spec, json, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    return ok;
}

static bool add_field(const struct spec *spec, const struct spec_field *field, cJSON *json)
{
    const char *at = (const char *)spec + field->offset;
    enum spec_attach choice;
    uint32_t number;
    bool flag;

    switch (field->type) {
    case SPEC_FIELD_TEXT:
        return cJSON_AddStringToObject(json, field->key, at) != NULL;
    case SPEC_FIELD_NUMBER:
        memcpy(&number, at, sizeof number);
        return (field->optional && !number) || json_add_int(json, field->key, number);
    case SPEC_FIELD_CHOICE:
        memcpy(&choice, at, sizeof choice);
        return cJSON_AddStringToObject(json, field->key, field->names[choice]) != NULL;
    case SPEC_FIELD_BOOL:
        memcpy(&flag, at, sizeof flag);
        return cJSON_AddBoolToObject(json, field->key, flag) != NULL;
    }
    return false;
}

static bool add_section(const struct spec *spec, const char *section, cJSON *json)
{
    for (const struct spec_field *field = spec_fields; json && field->key; field++)
        if (same_section(field->section, section) && !add_field(spec, field, json))
            return false;
    return json != NULL;
}

static bool add_all(const struct spec *spec, cJSON *json)
{
    cJSON *guest;

    if (!add_section(spec, NULL, json))
        return false;
    for (size_t i = 0; spec_sections[i]; i++)
        if (!add_section(spec, spec_sections[i], cJSON_AddObjectToObject(json, spec_sections[i])))
            return false;
    guest = profile_to_json(&spec->guest);
    if (cJSON_AddItemToObject(json, "guest", guest))
        return true;
    cJSON_Delete(guest);
    return false;
}

cJSON *spec_to_json(const struct spec *spec)
{
    cJSON *json = cJSON_CreateObject();

    if (add_all(spec, json))
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool spec_check(const struct spec *spec, struct err *err)
{
    if (!*spec->name || !fs_name_is_safe(spec->name) || strpbrk(spec->name, "*?\"<>|") ||
        spec->name[0] == '-')
        return err_set(err, ERR_USAGE, TEXT_HOST_NAME_BAD, spec->name, NULL);
    return account_check_user(spec->account.user, err) &&
           account_check_computer(spec->computer_name, spec->account.user, err);
}

bool spec_parse_mb(const char *text, uint32_t *ret_mb)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    unsigned long long factor = 1;

    if (end == text || text[0] == '-')
        return false;
    if (!strcmp(end, "G") || !strcmp(end, "GB") || !strcmp(end, "g"))
        factor = 1024;
    else if (*end && strcmp(end, "M") != 0 && strcmp(end, "MB") != 0 && strcmp(end, "m") != 0)
        return false;
    if (number > MEMORY_MB_MOST || number * factor < MEMORY_MB_LEAST ||
        number * factor > MEMORY_MB_MOST)
        return false;
    *ret_mb = (uint32_t)(number * factor);
    return true;
}
