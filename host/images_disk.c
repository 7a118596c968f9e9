/* Golden parents, flattening and cleaning, as commands. */
#include "host/images_disk.h"

#include "common/ui/table.h"
#include "host/disk.h"
#include "host/flatten.h"
#include "host/image/golden.h"
#include "host/images_build.h"
#include "host/inject.h"
#include "host/place.h"
#include "host/up_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool missing_words(const char *verb, const char *args, struct err *err)
{
    err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, verb, args, NULL);
    return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
}

/* ---- golden ---- */

struct parents {
    struct call *call;
    struct image_port *port;
    char folder[FS_PATH_BYTES];
    struct golden *list;
    size_t count;
};

static void parents_done(struct parents *parents)
{
    for (size_t i = 0; i < parents->count; i++)
        golden_done(&parents->list[i]);
    free(parents->list);
    image_free(parents->port);
}

static bool parents_open(struct call *call, struct parents *parents, struct err *err)
{
    memset(parents, 0, sizeof *parents);
    parents->call = call;
    if (!disk_open_port(call, &parents->port, err) ||
        !up_disk_golden_folder(call, parents->folder, err) ||
        !golden_list(parents->folder, &parents->list, &parents->count, err)) {
        parents_done(parents);
        return false;
    }
    for (size_t i = 0; i < parents->count; i++)
        golden_prune(parents->port, &parents->list[i]);
    return true;
}

/* Bytes of the file; 0 for what is no file. */
static uint64_t file_bytes(const struct golden *golden)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    return fs_stat(golden->disk, &stat, NULL) && stat.kind == FS_FILE ? stat.size_bytes : 0;
}

static bool golden_json(struct parents *parents, struct err *err)
{
    cJSON *document = ui_document_new("images.golden");
    cJSON *list = cJSON_AddArrayToObject(document, "golden");
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < parents->count; i++) {
        const struct golden *golden = &parents->list[i];
        cJSON *row = cJSON_CreateObject(), *children = cJSON_AddArrayToObject(row, "children");

        ok = cJSON_AddItemToArray(list, row) && children &&
             cJSON_AddStringToObject(row, "key", golden->key) &&
             cJSON_AddStringToObject(row, "name", golden->name) &&
             cJSON_AddStringToObject(row, "edition", golden->origin.edition) &&
             json_add_int(row, "build", golden->origin.build) &&
             json_add_int(row, "size_gb", golden->origin.size_gb) &&
             json_add_int(row, "file_bytes", (int64_t)file_bytes(golden)) &&
             cJSON_AddStringToObject(row, "disk", golden->disk) &&
             cJSON_AddStringToObject(row, "source", golden->source) &&
             cJSON_AddBoolToObject(row, "usable", golden_verify(parents->port, golden, NULL));
        for (size_t k = 0; ok && k < golden->child_count; k++)
            ok = cJSON_AddItemToArray(children, cJSON_CreateString(golden->children[k]));
    }
    if (ok)
        return ui_document(&parents->call->ui, document, err);
    cJSON_Delete(document);
    return err_no_memory(err);
}

static void golden_table(struct parents *parents)
{
    static const struct table_column columns[] = {
        {.title = TEXT_BUILD_COLUMN_KEY},
        {.title = TEXT_IMAGE_COLUMN_NAME, .least = 12},
        {.title = TEXT_IMAGE_COLUMN_BUILD},
        {.title = TEXT_HOST_COLUMN_SIZE, .right = true},
        {.title = TEXT_BUILD_COLUMN_CHILDREN, .right = true},
        {.title = TEXT_BUILD_COLUMN_DISK, .least = 20},
    };
    const struct ui *ui = &parents->call->ui;
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char build[32], size[32], number[24];

    for (size_t i = 0; i < parents->count; i++) {
        const struct golden *golden = &parents->list[i];
        bool usable = golden_verify(parents->port, golden, NULL);

        snprintf(build, sizeof build, "%u.%u", golden->origin.build, golden->origin.revision);
        table_cell(table, usable ? TONE_PLAIN : TONE_BAD, golden->key);
        table_cell(table, TONE_PLAIN, golden->name);
        table_cell(table, TONE_PLAIN, build);
        table_cell(table, TONE_PLAIN, ui_size_text(size, sizeof size, file_bytes(golden)));
        table_cell(table, TONE_PLAIN, text_num(number, (int64_t)golden->child_count));
        if (usable)
            table_cell(table, TONE_DIM, golden->disk);
        else
            table_text(table, ui, TONE_BAD, TEXT_BUILD_GOLDEN_USELESS);
    }
    if (table_rows(table))
        table_print(table, &parents->call->ui);
    else
        ui_say(&parents->call->ui, TONE_DIM, TEXT_BUILD_GOLDEN_NONE, NULL);
    table_free(table);
}

static bool golden_list_all(struct call *call, struct err *err)
{
    struct parents parents;
    bool ok = parents_open(call, &parents, err);

    if (!ok)
        return false;
    if (call->ui.json)
        ok = golden_json(&parents, err);
    else
        golden_table(&parents);
    parents_done(&parents);
    return ok;
}

static bool golden_remove_one(struct call *call, const char *key, struct err *err)
{
    struct image_port *port = NULL;
    char folder[FS_PATH_BYTES];
    bool ok = disk_open_port(call, &port, err) && up_disk_golden_folder(call, folder, err) &&
              golden_remove(port, folder, key, err);

    image_free(port);
    if (ok)
        ui_say(&call->ui, TONE_GOOD, TEXT_BUILD_GOLDEN_REMOVED, key, NULL);
    return ok;
}

bool images_golden(struct call *call, struct err *err)
{
    const char *what = call->word_count ? call->words[0] : "list";

    if (!strcmp(what, "list") && call->word_count <= 1)
        return golden_list_all(call, err);
    if (!strcmp(what, "remove") && call->word_count == 2)
        return golden_remove_one(call, call->words[1], err);
    return missing_words("images golden", "list | remove KEY", err);
}

/* ---- flatten ---- */

/* A word is a disk when there is one, else the name of a VM. */
static bool
disk_of(struct call *call, const char *word, struct target *target, char *out, struct err *err)
{
    struct fs_stat stat;
    bool is_path = strpbrk(word, "/\\") != NULL;

    if (!place_absolute(word, out, err) || !fs_stat(out, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return true;
    if (is_path)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, out, NULL);
    if (!target_one(call, word, target, err))
        return false;
    text_copy(out, FS_PATH_BYTES, target->vm.settings.disk);
    return true;
}

/* The VM that uses the disk; "" in ret_target->id when none does. */
static bool user_of(struct call *call, const char *path, struct target *ret_target, struct err *err)
{
    struct target *targets = NULL;
    size_t count = 0;

    if (!targets_all(call, &targets, &count, err))
        return false;
    memset(ret_target, 0, sizeof *ret_target);
    for (size_t i = 0; i < count; i++)
        if (targets[i].exists && !strcmp(targets[i].vm.settings.disk, path))
            *ret_target = targets[i];
    free(targets);
    return true;
}

static bool flatten(struct call *call, struct target *target, const char *path, struct err *err)
{
    struct fs_lock *lock = NULL;
    struct progress progress;
    bool changed = false, ok;

    if (*target->id && (!disk_needs_off(target, err) ||
                        !store_lock_vm(call->store, target->id, target->name, &lock, err)))
        return false;
    progress_begin(&progress, &call->ui, *target->name ? target->name : NULL, true);
    ok = flatten_disk(call, path, &progress, &changed, err);
    progress_end(&progress);
    fs_unlock(lock);
    if (ok)
        ui_say(&call->ui,
               TONE_GOOD,
               changed ? TEXT_BUILD_FLATTENED : TEXT_BUILD_FLAT_ALREADY,
               path,
               NULL);
    return ok;
}

bool images_flatten(struct call *call, struct err *err)
{
    struct target *target = calloc(1, sizeof *target);
    char path[FS_PATH_BYTES];
    bool ok;

    if (!target)
        return err_no_memory(err);
    if (call->word_count != 1)
        ok = missing_words("images flatten", "NAME|DISK", err);
    else
        ok = disk_of(call, call->words[0], target, path, err) && user_of(call, path, target, err) &&
             flatten(call, target, path, err);
    free(target);
    return ok;
}

/* ---- clean ---- */

struct cleaning {
    struct call *call;
    size_t count;
};

static void say_cleaned(const char *disk, void *user)
{
    struct cleaning *cleaning = user;

    cleaning->count++;
    ui_say(&cleaning->call->ui, TONE_PLAIN, TEXT_BUILD_CLEANED, disk, NULL);
}

bool images_clean(struct call *call, struct err *err)
{
    struct cleaning cleaning = {.call = call};
    struct image_port *port = NULL;
    char folder[FS_PATH_BYTES];
    bool ok;

    if (call->word_count)
        return err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MANY, "images clean", call->words[0], NULL);
    /* opening the port takes away what a process that died left attached or mounted */
    ok = call_open_store(call, err) && disk_open_port(call, &port, err) &&
         up_disk_golden_folder(call, folder, err) &&
         golden_clean(port, folder, say_cleaned, &cleaning, err);
    image_free(port);
    ok = ok && images_build_recover(call, say_cleaned, &cleaning, err) &&
         flatten_recover(call, say_cleaned, &cleaning, err) &&
         inject_recover(call, say_cleaned, &cleaning, err);
    if (ok && !cleaning.count)
        ui_say(&call->ui, TONE_DIM, TEXT_BUILD_CLEAN_NOTHING, NULL);
    return ok;
}
