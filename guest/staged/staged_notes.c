/* The notes and lists in the agent's data. */
#include "guest/staged/staged_inside.h"

#include <string.h>

#define NOTES_VERSION 1

static const char *const when_names[] = {
    [PROFILE_WHEN_IDLE] = "idle", [PROFILE_WHEN_BOOT] = "boot", [PROFILE_WHEN_NOW] = "now"};

static bool read_old(const cJSON *json, struct staged_notes *notes, struct err *err)
{
    const cJSON *list = NULL, *item;

    if (!json_array(json, "old", &list, err))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        const char *folder = cJSON_GetStringValue(item);

        if (!folder || !fs_name_is_safe(folder) || notes->old_count == DRIVER_FOLDERS_MAX)
            return err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_STATE, NULL);
        text_copy(notes->old[notes->old_count++], FS_NAME_BYTES, folder);
    }
    return true;
}

/* A name of a folder, or "". */
static bool read_name(const cJSON *json, const char *key, char *out, struct err *err)
{
    if (!json_string_into(json, key, "", out, FS_NAME_BYTES, err))
        return false;
    return !*out || fs_name_is_safe(out) || err_set(err, ERR_UNSAFE, TEXT_DRIVER_STATE, NULL);
}

static bool read_notes(const cJSON *json, struct staged_notes *notes, struct err *err)
{
    int64_t version = 0;
    int when = PROFILE_WHEN_IDLE;

    if (!json_int(json, "version", 1, NOTES_VERSION, &version, err) ||
        !read_name(json, "package", notes->package, err) ||
        !json_string_into(json, "driver", "", notes->version, sizeof notes->version, err) ||
        !read_name(json, "next", notes->next, err) ||
        !json_string_into(
            json, "next_driver", "", notes->next_version, sizeof notes->next_version, err) ||
        !json_string_into(json, "next_boot", "", notes->next_boot, sizeof notes->next_boot, err) ||
        !read_name(json, "staging", notes->staging, err) ||
        !json_string_into(
            json, "switched_boot", "", notes->switched_boot, sizeof notes->switched_boot, err) ||
        !json_choice(json, "when", when_names, 3, &when, err) ||
        !json_bool(json, "switching", &notes->switching, err) ||
        !json_bool(json, "settled", &notes->settled, err) ||
        !json_bool(json, "has_old", &notes->has_old, err) || !read_old(json, notes, err))
        return false;
    notes->when = (enum profile_when)when;
    return version == NOTES_VERSION || err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_STATE, NULL);
}

bool staged_notes_load(struct staged *staged, struct err *err)
{
    struct staged_notes notes = {.settled = false};
    char path[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    cJSON *json = NULL;
    bool ok;

    if (!fs_join(path, staged->folder, STAGED_NOTES_FILE, err))
        return false;
    if (!json_read_file(path, &json_limits_file, &json, &why)) {
        memset(&staged->notes, 0, sizeof staged->notes);
        if (why.kind != ERR_NOT_FOUND && err)
            *err = why;
        return why.kind == ERR_NOT_FOUND;
    }
    ok = read_notes(json, &notes, err);
    cJSON_Delete(json);
    if (ok)
        staged->notes = notes;
    return ok;
}

static bool fill(const struct staged_notes *notes, cJSON *json)
{
    cJSON *old, *item;

    if (!json_add_int(json, "version", NOTES_VERSION) ||
        !cJSON_AddStringToObject(json, "package", notes->package) ||
        !cJSON_AddStringToObject(json, "driver", notes->version) ||
        !cJSON_AddStringToObject(json, "next", notes->next) ||
        !cJSON_AddStringToObject(json, "next_driver", notes->next_version) ||
        !cJSON_AddStringToObject(json, "next_boot", notes->next_boot) ||
        !cJSON_AddStringToObject(json, "when", when_names[notes->when]) ||
        !cJSON_AddBoolToObject(json, "switching", notes->switching) ||
        !cJSON_AddBoolToObject(json, "settled", notes->settled) ||
        !cJSON_AddStringToObject(json, "staging", notes->staging) ||
        !cJSON_AddStringToObject(json, "switched_boot", notes->switched_boot) ||
        !cJSON_AddBoolToObject(json, "has_old", notes->has_old) ||
        !(old = cJSON_AddArrayToObject(json, "old")))
        return false;
    for (size_t i = 0; i < notes->old_count; i++) {
        item = cJSON_CreateString(notes->old[i]);
        if (!item || !cJSON_AddItemToArray(old, item))
            return false;
    }
    return true;
}

bool staged_notes_save(struct staged *staged, struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    char path[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = (json && fill(&staged->notes, json) && json_write_pretty(json, &text)) ||
         err_no_memory(err);
    ok = ok && staged_may_change(staged, err) &&
         fs_join(path, staged->folder, STAGED_NOTES_FILE, err) &&
         fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

bool staged_load_list(const struct staged *staged,
                      const char *name,
                      struct manifest *ret_files,
                      struct err *err)
{
    char path[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    struct manifest files;
    struct buf data;
    bool ok, last = false;

    manifest_init(&files, MANIFEST_XXH3);
    files.complete = false;
    buf_init(&data, STAGED_LIST_BYTES);
    ok = fs_join(path, staged->folder, name, &why) && fs_read(path, STAGED_LIST_BYTES, &data, &why);
    if (ok)
        ok = manifest_read_page(&files, data.data, data.len, &last, &why) &&
             (last || err_set(&why, ERR_BAD_INPUT, TEXT_DRIVER_STATE, NULL)) &&
             driver_tree_check_all(&files, &why);
    else if (why.kind == ERR_NOT_FOUND)
        ok = files.complete = true;
    buf_done(&data);
    if (ok) {
        *ret_files = files;
        return true;
    }
    manifest_done(&files);
    if (err)
        *err = why;
    return false;
}

bool staged_save_list(const struct staged *staged,
                      const char *name,
                      const struct manifest *files,
                      struct err *err)
{
    char path[FS_PATH_BYTES];
    struct buf data;
    size_t cursor = 0;
    bool ok, last = false;

    buf_init(&data, STAGED_LIST_BYTES);
    ok = manifest_write_page(files, &cursor, STAGED_LIST_BYTES, &data, &last, err) &&
         (last || err_set(err, ERR_TOO_LARGE, TEXT_DRIVER_PAGES, NULL)) &&
         staged_may_change(staged, err) && fs_join(path, staged->folder, name, err) &&
         fs_write_atomic(path, data.data, data.len, FS_PRIVATE, err);
    buf_done(&data);
    return ok;
}
