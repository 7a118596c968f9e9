/* A package into the disk of a VM that is off. */
#include "host/drivers.h"

#include "common/agent_place.h"
#include "host/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES    ((size_t)16 << 20)
#define NOTES_FILE    "drivers.json"
#define LIST_FILE     "drivers.gpm"
#define EXTRA_FILE    "drivers-extra.json"
#define KEPT          FS_SYSTEM /* another one's file stayed (the agent's mark) */
#define OLD_MAX       DRIVER_FOLDERS_MAX
#define BOOT_OFFLINE  "offline" /* in which the package was put in place */
#define SERVICE_BELOW "CurrentControlSet\\Services\\nvlddmkm"

/* Where things lie on the volume. */
struct places {
    const char *folders[DRIVER_PLACES];
    const char *work, *data;
};

static const struct places places_windows = {
    .folders = {[DRIVER_STORE] = "Windows/System32/HostDriverStore/FileRepository",
                [DRIVER_SYSTEM32] = "Windows/System32",
                [DRIVER_SYSWOW64] = "Windows/SysWOW64",
                [DRIVER_PROGRAM_DATA] = "ProgramData"},
    .work = "Windows/System32/HostDriverStore/gpupv",
    .data = "ProgramData/" AGENT_DATA_FOLDER,
};

/* As the simulated Windows has them (guest/machine/sim). */
static const struct places places_simulated = {
    .folders = {[DRIVER_STORE] = "files/driver_store",
                [DRIVER_SYSTEM32] = "files/system32",
                [DRIVER_SYSWOW64] = "files/syswow64",
                [DRIVER_PROGRAM_DATA] = "files/programdata"},
    .work = "files/gpupv",
    .data = "agent",
};

struct planning {
    const struct places *places;
    const struct driver_package *package;
    struct image_port *port;
    struct image_volume *volume; /* NULL: a new disk */
    struct plan *plan;
    struct manifest files;    /* as the agent will know them */
    struct manifest current;  /* what the agent has */
    char last[FS_PATH_BYTES]; /* the folder that was planned last */
    char old[OLD_MAX][FS_NAME_BYTES];
    size_t old_count, count;
    uint64_t bytes;
    struct err *err;
};

/* The path of a file of the tree on the volume. */
static bool place_of(const struct planning *p, const char *tree, char *out)
{
    enum driver_place place = DRIVER_PLACES;
    const char *rest = "";

    if (!strcmp(tree, DRIVER_EXTRA_FILE))
        return snprintf(out, FS_PATH_BYTES, "%s/" EXTRA_FILE, p->places->data) < FS_PATH_BYTES;
    return (driver_tree_split(tree, &place, &rest) &&
            snprintf(out, FS_PATH_BYTES, "%s/%s", p->places->folders[place], rest) <
                FS_PATH_BYTES) ||
           err_set(p->err, ERR_UNSAFE, TEXT_DRIVER_PLACE, tree, NULL);
}

/* ---- what is there ---- */

static bool read_list(struct planning *p)
{
    char path[FS_PATH_BYTES];
    struct buf data;
    bool ok, last = false;

    p->current.complete = false;
    snprintf(path, sizeof path, "%s/" LIST_FILE, p->places->data);
    buf_init(&data, LIST_BYTES);
    ok = p->volume && p->port->tree->get(p->port, p->volume, path, &data, NULL) &&
         manifest_read_page(&p->current, data.data, data.len, &last, NULL) && last &&
         driver_tree_check_all(&p->current, NULL);
    buf_done(&data);
    if (!ok) { /* none, or damaged: whatever is there is another one's */
        manifest_done(&p->current);
        p->current.complete = true;
    }
    return true;
}

static bool note_old(const char *folder, void *user)
{
    struct planning *p = user;

    for (size_t i = 0; i < p->package->folder_count; i++)
        if (!strcmp(p->package->folders[i].name, folder))
            return true;
    text_copy(p->old[p->old_count++], FS_NAME_BYTES, folder);
    return p->old_count < OLD_MAX;
}

/* ---- files ---- */

static bool make_parent(struct planning *p, const char *path)
{
    char folder[FS_PATH_BYTES];

    text_copy(folder, sizeof folder, path);
    fs_parent(folder);
    if (!strcmp(folder, p->last))
        return true;
    text_copy(p->last, sizeof p->last, folder);
    for (int i = 0; i < DRIVER_PLACES; i++) /* Windows' own are there */
        if (!strcmp(folder, p->places->folders[i]) && p->places == &places_windows)
            return true;
    return plan_folder(p->plan, folder, IMAGE_ACL_INHERIT, p->err);
}

static bool is_store(const char *tree)
{
    enum driver_place place = DRIVER_PLACES;
    const char *rest;

    return driver_tree_split(tree, &place, &rest) && place == DRIVER_STORE;
}

/* One file: left as it is, written, or left to whom it belongs. */
static bool plan_one(struct planning *p, size_t index)
{
    struct manifest_entry *entry = &p->files.entries[index];
    const char *tree = manifest_path(&p->files, entry);
    const struct manifest_entry *old = manifest_find(&p->current, tree);
    char path[FS_PATH_BYTES], source[FS_PATH_BYTES];
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!place_of(p, tree, path) ||
        (p->volume && !p->port->tree->stat(p->port, p->volume, path, &stat, p->err)))
        return false;
    if (stat.kind == FS_FILE && old && old->size_bytes == entry->size_bytes &&
        (old->attributes == KEPT || stat.size_bytes == entry->size_bytes) &&
        memcmp(old->digest, entry->digest, 8) == 0) {
        entry->attributes = old->attributes;
        return true;
    }
    /* Windows' own, or of somebody who is not asked: the agent may know better when it runs */
    if (stat.kind == FS_FILE && !is_store(tree) && strcmp(tree, DRIVER_EXTRA_FILE) != 0 &&
        (!old || old->attributes == KEPT || strncmp(tree, "programdata/", 12) == 0)) {
        entry->attributes = KEPT;
        return true;
    }
    p->count++;
    p->bytes += entry->size_bytes;
    return driver_package_source(p->package, tree, source, p->err) &&
           (!strcmp(tree, DRIVER_EXTRA_FILE) || make_parent(p, path)) &&
           plan_file(p->plan, path, source, IMAGE_ACL_INHERIT, PLAN_REPLACE, p->err);
}

static bool copy_list(struct planning *p)
{
    const struct manifest *from = &p->package->files;

    for (size_t i = 0; i < from->count; i++)
        if (!manifest_add(
                &p->files, manifest_path(from, &from->entries[i]), &from->entries[i], p->err))
            return false;
    return manifest_complete(&p->files, p->err);
}

/* ---- the agent's notes ---- */

static bool plan_notes(struct planning *p)
{
    cJSON *json = cJSON_CreateObject(), *old;
    char path[FS_PATH_BYTES];
    struct buf text;
    bool ok = json_add_int(json, "version", 1) &&
              cJSON_AddStringToObject(json, "package", p->package->name) &&
              cJSON_AddStringToObject(json, "driver", p->package->adapter.version) &&
              cJSON_AddBoolToObject(json, "settled", false) &&
              cJSON_AddStringToObject(json, "switched_boot", BOOT_OFFLINE) &&
              (old = cJSON_AddArrayToObject(json, "old")) != NULL;

    for (size_t i = 0; ok && i < p->old_count; i++)
        ok = cJSON_AddItemToArray(old, cJSON_CreateString(p->old[i]));
    buf_init(&text, json_limits_file.bytes);
    ok = (ok && json_write_pretty(json, &text)) || err_no_memory(p->err);
    snprintf(path, sizeof path, "%s/" NOTES_FILE, p->places->data);
    ok = ok &&
         plan_data(p->plan, path, text.data, text.len, IMAGE_ACL_INHERIT, PLAN_REPLACE, p->err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

static bool plan_list(struct planning *p)
{
    char path[FS_PATH_BYTES];
    size_t cursor = 0;
    struct buf data;
    bool ok, last = false;

    buf_init(&data, LIST_BYTES);
    snprintf(path, sizeof path, "%s/" LIST_FILE, p->places->data);
    ok = manifest_write_page(&p->files, &cursor, LIST_BYTES, &data, &last, p->err) &&
         (last || err_set(p->err, ERR_TOO_LARGE, TEXT_DRIVER_PAGES, NULL)) &&
         plan_data(p->plan, path, data.data, data.len, IMAGE_ACL_INHERIT, PLAN_REPLACE, p->err);
    buf_done(&data);
    return ok;
}

/* The service's values; those of the adapter's key only the agent can set. */
static bool plan_values(struct planning *p)
{
    static const enum hive_type types[DRIVER_TYPES] = {
        [DRIVER_STRING] = HIVE_SZ, [DRIVER_EXPAND] = HIVE_EXPAND_SZ, [DRIVER_MULTI] = HIVE_SZ};
    const struct driver_extra *extra = &p->package->extra;
    struct plan_hive *hive = NULL;

    if (p->places == &places_simulated)
        return true; /* its registry is not in hives; the agent makes the values */
    for (size_t i = 0; i < extra->value_count; i++) {
        const struct driver_value *value = &extra->values[i];

        if (value->key != DRIVER_KEY_SERVICE)
            continue;
        if (!hive && !plan_hive(p->plan, PLAN_SYSTEM, &hive, p->err))
            return false;
        if (!(value->type == DRIVER_DWORD
                  ? plan_set_dword(hive, SERVICE_BELOW, value->name, value->number, p->err)
                  : plan_set_text(
                        hive, SERVICE_BELOW, value->name, types[value->type], value->text, p->err)))
            return false;
    }
    return true;
}

static bool plan_all(struct planning *p)
{
    char path[FS_PATH_BYTES];

    /* what was on its way is overtaken */
    snprintf(path, sizeof path, "%s/stage", p->places->work);
    if ((p->volume && !plan_remove(p->plan, path, p->err)) ||
        !plan_folder(p->plan, p->places->data, IMAGE_ACL_PRIVATE, p->err) || !copy_list(p))
        return false;
    driver_tree_folders(&p->current, note_old, p);
    for (size_t i = 0; i < p->files.count; i++)
        if (!plan_one(p, i))
            return false;
    /* the list says what is there, so it comes after it; the notes make it count */
    return plan_list(p) && plan_notes(p) && plan_values(p);
}

bool drivers_plan(struct call *call,
                  const struct driver_package *package,
                  struct image_port *port,
                  struct image_volume *volume,
                  struct plan *plan,
                  size_t *ret_files,
                  uint64_t *ret_bytes,
                  struct err *err)
{
    struct planning *p = calloc(1, sizeof *p);
    bool ok;

    if (!p)
        return err_no_memory(err);
    p->places = call->simulated ? &places_simulated : &places_windows;
    p->package = package;
    p->port = port;
    p->volume = volume;
    p->plan = plan;
    p->err = err;
    manifest_init(&p->files, MANIFEST_XXH3);
    manifest_init(&p->current, MANIFEST_XXH3);
    ok = read_list(p) && plan_all(p);
    if (ok && ret_files)
        *ret_files = p->count;
    if (ok && ret_bytes)
        *ret_bytes = p->bytes;
    manifest_done(&p->files);
    manifest_done(&p->current);
    free(p);
    return ok;
}

bool drivers_offline(struct call *call,
                     struct target *target,
                     const struct driver_package *package,
                     bool dry_run,
                     struct sync_result *ret_result,
                     struct err *err)
{
    struct sync_result result = {.state = SYNC_DONE};
    struct disk_session session;
    struct plan *plan = NULL;
    bool ok;

    if (!disk_needs_off(target, err) || !disk_open(call, target, &session, err))
        return false;
    ok = plan_new(&plan, err) &&
         drivers_plan(
             call, package, session.port, session.volume, plan, &result.files, &result.bytes, err);
    if (ok && dry_run)
        ok = plan_check(plan, session.port, session.volume, err);
    else if (ok && result.files)
        ok = plan_apply(plan, session.port, session.volume, NULL, NULL, err);
    plan_free(plan);
    ok = disk_close(&session, ok, err);
    if (ok && !dry_run)
        ok = drivers_note(call, target, package, err);
    if (!ok)
        return false;
    manifest_init(&result.lacking, MANIFEST_XXH3);
    text_copy(result.guest, sizeof result.guest, target->record.driver_version);
    *ret_result = result;
    return true;
}
