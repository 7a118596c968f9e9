/* The VM spec. */
#include "host/spec.h"

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
#define ATTACH_COUNT      3

const char *const spec_attach_names[] = {"after_setup", "at_creation", "never", NULL};

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

static bool read_number(const cJSON *json,
                        const char *key,
                        int64_t least,
                        int64_t most,
                        uint32_t *value,
                        struct err *err)
{
    int64_t number = *value;

    if (!json_int(json, key, least, most, &number, err))
        return false;
    *value = (uint32_t)number;
    return true;
}

/* Text that stays as it is when the field is absent. */
static bool read_text(const cJSON *json, const char *key, char *value, size_t size, struct err *err)
{
    const char *text = NULL;

    if (!cJSON_GetObjectItemCaseSensitive(json, key))
        return true;
    if (!json_string(json, key, NULL, &text, err))
        return false;
    if (strlen(text) >= size)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_JSON_TOO_LONG, key, TEXT_NUM((int64_t)size - 1), NULL);
    text_copy(value, size, text);
    return true;
}

/* Reads one part of the spec; NULL in `part` means that it is absent. */
static bool read_disk(struct spec *spec, const cJSON *part, struct err *err)
{
    static const char *const known[] = {"size_gb", "path", "parent", NULL};

    return json_only_known(part, known, err) &&
           read_number(part, "size_gb", DISK_GB_LEAST, DISK_GB_MOST, &spec->disk.size_gb, err) &&
           read_text(part, "path", spec->disk.path, sizeof spec->disk.path, err) &&
           read_text(part, "parent", spec->disk.parent, sizeof spec->disk.parent, err);
}

static bool read_gpu(struct spec *spec, const cJSON *part, struct err *err)
{
    static const char *const known[] = {"select", "attach", "share_percent", NULL};
    int attach = (int)spec->gpu.attach;

    if (!json_only_known(part, known, err) ||
        !read_text(part, "select", spec->gpu.select, sizeof spec->gpu.select, err) ||
        !json_choice(part, "attach", spec_attach_names, ATTACH_COUNT, &attach, err) ||
        !read_number(part, "share_percent", 1, 100, &spec->gpu.share_percent, err))
        return false;
    spec->gpu.attach = (enum spec_attach)attach;
    return true;
}

static bool read_account(struct spec *spec, const cJSON *part, struct err *err)
{
    static const char *const known[] = {"user", "password_from", "autologon", NULL};

    return json_only_known(part, known, err) &&
           read_text(part, "user", spec->account.user, sizeof spec->account.user, err) &&
           read_text(part,
                     "password_from",
                     spec->account.password_from,
                     sizeof spec->account.password_from,
                     err) &&
           json_bool(part, "autologon", &spec->account.autologon, err);
}

static bool read_guest(struct spec *spec, const cJSON *part, struct err *err)
{
    return profile_parse(part, &spec->guest, err);
}

static bool read_fields(struct spec *spec, const cJSON *json, struct err *err)
{
    return read_text(json, "name", spec->name, sizeof spec->name, err) &&
           read_text(json, "computer_name", spec->computer_name, sizeof spec->computer_name, err) &&
           read_text(json, "iso", spec->iso, sizeof spec->iso, err) &&
           read_text(json, "edition", spec->edition, sizeof spec->edition, err) &&
           read_text(json, "switch", spec->network, sizeof spec->network, err) &&
           read_text(json, "locale", spec->locale, sizeof spec->locale, err) &&
           read_text(json, "time_zone", spec->time_zone, sizeof spec->time_zone, err) &&
           read_text(json, "world", spec->world, sizeof spec->world, err) &&
           read_number(json, "memory_mb", MEMORY_MB_LEAST, MEMORY_MB_MOST, &spec->memory_mb, err) &&
           read_number(json, "cpus", 1, CPUS_MOST, &spec->cpus, err);
}

bool spec_read(struct spec *spec, const cJSON *json, struct err *err)
{
    static const char *const known[] = {"$schema",
                                        "name",
                                        "computer_name",
                                        "iso",
                                        "edition",
                                        "disk",
                                        "gpu",
                                        "account",
                                        "guest",
                                        "switch",
                                        "locale",
                                        "time_zone",
                                        "world",
                                        "memory_mb",
                                        "cpus",
                                        NULL};
    static const struct {
        const char *key;
        bool (*read)(struct spec *spec, const cJSON *part, struct err *err);
    } parts[] = {
        {"disk", read_disk},
        {"gpu", read_gpu},
        {"account", read_account},
        {"guest", read_guest},
    };
    struct spec read = *spec;

    if (!json_only_known(json, known, err) || !read_fields(&read, json, err))
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const cJSON *part = NULL;

        if (!json_object(json, parts[i].key, &part, err))
            return false;
        if (part && !parts[i].read(&read, part, err))
            return err_context(err, TEXT_HOST_SPEC_PART, parts[i].key);
    }
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

static bool add_parts(const struct spec *spec, cJSON *json)
{
    cJSON *disk = cJSON_AddObjectToObject(json, "disk");
    cJSON *gpu = cJSON_AddObjectToObject(json, "gpu");
    cJSON *account = cJSON_AddObjectToObject(json, "account");
    cJSON *guest = profile_to_json(&spec->guest);

    if (!cJSON_AddItemToObject(json, "guest", guest)) {
        cJSON_Delete(guest);
        return false;
    }
    return json_add_int(disk, "size_gb", spec->disk.size_gb) &&
           cJSON_AddStringToObject(disk, "path", spec->disk.path) &&
           cJSON_AddStringToObject(disk, "parent", spec->disk.parent) &&
           cJSON_AddStringToObject(gpu, "select", spec->gpu.select) &&
           cJSON_AddStringToObject(gpu, "attach", spec_attach_names[spec->gpu.attach]) &&
           (!spec->gpu.share_percent ||
            json_add_int(gpu, "share_percent", spec->gpu.share_percent)) &&
           cJSON_AddStringToObject(account, "user", spec->account.user) &&
           cJSON_AddStringToObject(account, "password_from", spec->account.password_from) &&
           cJSON_AddBoolToObject(account, "autologon", spec->account.autologon);
}

cJSON *spec_to_json(const struct spec *spec)
{
    cJSON *json = cJSON_CreateObject();

    if (cJSON_AddStringToObject(json, "name", spec->name) &&
        cJSON_AddStringToObject(json, "computer_name", spec->computer_name) &&
        cJSON_AddStringToObject(json, "iso", spec->iso) &&
        cJSON_AddStringToObject(json, "edition", spec->edition) &&
        json_add_int(json, "memory_mb", spec->memory_mb) &&
        json_add_int(json, "cpus", spec->cpus) &&
        cJSON_AddStringToObject(json, "switch", spec->network) &&
        cJSON_AddStringToObject(json, "locale", spec->locale) &&
        cJSON_AddStringToObject(json, "time_zone", spec->time_zone) &&
        cJSON_AddStringToObject(json, "world", spec->world) && add_parts(spec, json))
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
