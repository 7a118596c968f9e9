/* Built-in worlds. */
#include "guest/machine/sim/worlds.h"

#include "common/json.h"
#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/world_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASES_MAX  4 /* a world on a world on a world */
#define EDIT_BYTES 160

static void join_names(char *out, size_t size)
{
    size_t used = 0;

    out[0] = 0;
    for (size_t i = 0; worlds_names[i] && used < size; i++) {
        text_copy(out + used, size - used, i ? ", " : "");
        used += strlen(out + used);
        text_copy(out + used, size - used, worlds_names[i]);
        used += strlen(out + used);
    }
}

static const struct worlds_entry *find(const char *name, struct err *err)
{
    char names[ERR_ARG_BYTES];

    for (size_t i = 0; worlds_table[i].name; i++)
        if (strcmp(worlds_table[i].name, name) == 0)
            return &worlds_table[i];
    join_names(names, sizeof(names));
    err_set(err, ERR_NOT_FOUND, TEXT_SIM_WORLD_UNKNOWN, name, names, NULL);
    return NULL;
}

static bool edit_one(struct sim_env *env, const cJSON *item, struct err *err)
{
    char key[EDIT_BYTES];
    char *equals;

    if (!cJSON_IsString(item))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "edits", "string", NULL);
    text_copy(key, sizeof(key), item->valuestring);
    equals = strchr(key, '=');
    if (!equals)
        return err_set(err, ERR_BAD_INPUT, TEXT_SIM_EDIT_FORM, item->valuestring, NULL);
    *equals = 0;
    return edit_apply(env, key, equals + 1, err);
}

static bool apply_edits(const cJSON *json, int64_t now_ms, struct world *world, struct err *err)
{
    struct disk_memory disk;
    struct sim_env env = {.world = world, .now_ms = now_ms, .real_ms = now_ms};
    const cJSON *edits, *item;

    disk_memory_init(&disk, world, &env.now_ms);
    env.disk = &disk.disk;
    if (!json_array(json, "edits", &edits, err))
        return false;
    cJSON_ArrayForEach(item, edits)
    {
        if (!edit_one(&env, item, err))
            return false;
    }
    return true;
}

static bool read_depth(const char *text,
                       size_t length,
                       int64_t now_ms,
                       int depth,
                       struct world *world,
                       struct err *err);

static bool
read_derived(const cJSON *json, int64_t now_ms, int depth, struct world *world, struct err *err)
{
    static const char *const known[] = {"base", "edits", "about", NULL};
    const struct worlds_entry *entry;
    const char *base;

    if (!json_only_known(json, known, err) || !json_string(json, "base", NULL, &base, err))
        return false;
    if (depth == BASES_MAX)
        return err_set(err, ERR_BAD_INPUT, TEXT_SIM_WORLD_DEEP, base, NULL);
    entry = find(base, err);
    return entry &&
           read_depth((const char *)entry->json, entry->length, now_ms, depth + 1, world, err) &&
           apply_edits(json, now_ms, world, err);
}

static bool read_depth(const char *text,
                       size_t length,
                       int64_t now_ms,
                       int depth,
                       struct world *world,
                       struct err *err)
{
    cJSON *json = NULL;
    bool ok;

    if (!json_parse(text, length, &json_limits_file, &json, err))
        return false;
    ok = cJSON_GetObjectItemCaseSensitive(json, "base")
             ? read_derived(json, now_ms, depth, world, err)
             : world_parse(text, length, true, world, err);
    cJSON_Delete(json);
    return ok;
}

bool worlds_read(
    const char *text, size_t length, int64_t now_ms, struct world *ret_world, struct err *err)
{
    struct world *world = malloc(sizeof(*world));
    bool ok;

    if (!world)
        return err_no_memory(err);
    world_init(world);
    ok = read_depth(text, length, now_ms, 0, world, err);
    if (ok)
        world_copy(ret_world, world);
    world_done(world);
    free(world);
    return ok;
}

bool worlds_load(const char *name, int64_t now_ms, struct world *ret_world, struct err *err)
{
    const struct worlds_entry *entry = find(name, err);

    if (!entry)
        return false;
    if (!worlds_read((const char *)entry->json, entry->length, now_ms, ret_world, err))
        return false;
    text_copy(ret_world->name, sizeof(ret_world->name), name);
    return true;
}
