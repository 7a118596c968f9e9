/* A world as JSON: the tables of world_shapes.c, the files, and what must fit together. */
#include "guest/machine/sim/world_json.h"

#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/fault.h"
#include "guest/machine/sim/world_shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool value_bad(const char *list, uint32_t index, const char *value, struct err *err)
{
    char path[64];

    snprintf(path, sizeof(path), "%s[%u]", list, (unsigned)index);
    return err_set(err, ERR_BAD_INPUT, TEXT_SIM_VALUE_BAD, path, value, NULL);
}

/* A file's name: safe components; a '/' at the end makes a folder. */
static bool file_name_ok(const char *name)
{
    char part[FS_NAME_BYTES];
    size_t length;

    if (!*name || strlen(name) >= sizeof(((struct world_file *)0)->name))
        return false;
    while (*name) {
        length = strcspn(name, "/");
        if (length >= sizeof(part))
            return false;
        memcpy(part, name, length);
        part[length] = 0;
        if (!fs_name_is_safe(part))
            return false;
        name += length;
        name += *name == '/';
    }
    return true;
}

/* One string, or a list of lines that each end in '\n'. */
static bool file_text(const cJSON *json, const char *path, struct buf *out, struct err *err)
{
    const cJSON *line;

    if (cJSON_IsString(json))
        return buf_puts(out, json->valuestring) || err_no_memory(err);
    if (!cJSON_IsArray(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, path, "string", NULL);
    cJSON_ArrayForEach(line, json)
    {
        if (!cJSON_IsString(line))
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, path, "string", NULL);
        if (!buf_puts(out, line->valuestring) || !buf_puts(out, "\n"))
            return err_no_memory(err);
    }
    return true;
}

static bool read_file(const cJSON *json, enum file_root root, struct world *world, struct err *err)
{
    char path[ERR_ARG_BYTES];
    struct buf text;
    bool ok;

    snprintf(path, sizeof(path), "files.%s.%.100s", world_root_names[root], json->string);
    if (!file_name_ok(json->string))
        return err_set(err, ERR_BAD_INPUT, TEXT_SIM_FILE_NAME, path, NULL);
    buf_init(&text, WORLD_FILE_BYTES);
    ok = file_text(json, path, &text, err);
    if (ok && !world_file_put(world, root, json->string, text.data, text.len, 0))
        ok = err_set(err, ERR_TOO_LARGE, TEXT_SIM_LIST_FULL, path, TEXT_NUM(WORLD_FILES), NULL);
    buf_done(&text);
    return ok;
}

static bool read_files(const cJSON *json, struct world *world, struct err *err)
{
    const cJSON *files, *entry;

    if (!json_object(json, "files", &files, err))
        return false;
    if (!files)
        return true;
    for (int i = 0; i < cJSON_GetArraySize(files); i++) {
        const cJSON *root = cJSON_GetArrayItem(files, i);
        int index = -1;

        for (int r = 0; r < FILE_ROOTS; r++)
            if (strcmp(world_root_names[r], root->string) == 0)
                index = r;
        if (index < 0)
            return value_bad("files", (uint32_t)i, root->string, err);
        if (!cJSON_IsObject(root))
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "files", "object", NULL);
        cJSON_ArrayForEach(entry, root)
        {
            if (!read_file(entry, (enum file_root)index, world, err))
                return false;
        }
    }
    return true;
}

/* What tables cannot say: faults and drifts must name something that exists, names occur once. */
static bool check_world(struct world *world, struct err *err)
{
    for (uint32_t i = 0; i < world->fault_count; i++)
        if (!fault_known(world->faults[i].port, world->faults[i].op))
            return value_bad("faults", i, world->faults[i].op, err);
    for (uint32_t i = 0; i < world->drift_count; i++)
        if (!edit_known(world->drifts[i].key, world->drifts[i].value))
            return value_bad("drifts", i, world->drifts[i].key, err);
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world_device(world, world->devices[i].instance) != &world->devices[i])
            return value_bad("devices", i, world->devices[i].instance, err);
    for (uint32_t i = 0; i < world->service_count; i++)
        if (world_service(world, world->services[i].name) != &world->services[i])
            return value_bad("services", i, world->services[i].name, err);
    return true;
}

bool world_parse(
    const char *text, size_t length, bool with_files, struct world *ret_world, struct err *err)
{
    static const char *const files[] = {"files", "about", NULL}, *const none[] = {"about", NULL};
    struct world *world = malloc(sizeof(*world));
    cJSON *json = NULL;
    bool ok = false;

    if (!world)
        return err_no_memory(err);
    world_init(world);
    if (!json_parse(text, length, &json_limits_file, &json, err))
        goto out;
    if (!shape_read(&world_shape, json, with_files ? files : none, world, err) ||
        (with_files && !read_files(json, world, err)) || !check_world(world, err))
        goto out;
    world_copy(ret_world, world);
    ok = true;

out:
    world_done(world);
    free(world);
    cJSON_Delete(json);
    return ok;
}

bool world_print(const struct world *world, struct buf *out, struct err *err)
{
    struct world *base = malloc(sizeof(*base));
    cJSON *json = cJSON_CreateObject();
    bool ok = false;

    if (!base || !json) {
        err_no_memory(err);
        goto out;
    }
    world_init(base);
    ok = shape_write(&world_shape, world, base, json) && json_write_pretty(json, out);
    if (!ok)
        err_no_memory(err);

out:
    free(base);
    cJSON_Delete(json);
    return ok;
}
