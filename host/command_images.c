/* images: the editions of Windows in an ISO, WIM, ESD or SWM file; disks made from them. */
#include "host/command.h"

#include "common/ui/table.h"
#include "host/image/editions.h"
#include "host/images_build.h"
#include "host/images_disk.h"
#include "host/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_BYTES 32

/* "26100.1742", "26100", or "" */
static const char *build_text(const struct edition *row, char out[BUILD_BYTES])
{
    if (!row->build)
        out[0] = 0;
    else if (!row->revision)
        snprintf(out, BUILD_BYTES, "%u", row->build);
    else
        snprintf(out, BUILD_BYTES, "%u.%u", row->build, row->revision);
    return out;
}

/* ---- --json ---- */

static bool add_languages(cJSON *row, const char *list)
{
    cJSON *languages = cJSON_AddArrayToObject(row, "languages");
    bool ok = languages != NULL;

    while (ok && *list) {
        char one[EDITION_LANGS];
        size_t length = strcspn(list, ",");

        memcpy(one, list, length);
        one[length] = 0;
        ok = cJSON_AddItemToArray(languages, cJSON_CreateString(one));
        list += length;
        list += *list == ',';
    }
    return ok;
}

static bool add_row(cJSON *list, const struct edition *edition)
{
    cJSON *row = cJSON_CreateObject();
    char build[BUILD_BYTES], version[2 * BUILD_BYTES] = "";

    if (edition->build)
        snprintf(version,
                 sizeof version,
                 "%u.%u.%s",
                 edition->major,
                 edition->minor,
                 build_text(edition, build));
    return cJSON_AddItemToArray(list, row) && json_add_int(row, "index", edition->index) &&
           cJSON_AddStringToObject(row, "edition", edition->id) &&
           cJSON_AddStringToObject(row, "name", edition->name) &&
           cJSON_AddStringToObject(row, "image_name", edition->plain_name) &&
           cJSON_AddStringToObject(row, "description", edition->description) &&
           cJSON_AddStringToObject(row, "architecture", edition_arch_name(edition->arch)) &&
           cJSON_AddStringToObject(row, "version", version) &&
           json_add_int(row, "build", edition->build) && add_languages(row, edition->languages) &&
           cJSON_AddStringToObject(row, "default_language", edition->default_language) &&
           json_add_int(row, "size_bytes", (int64_t)edition->size_bytes) &&
           cJSON_AddStringToObject(row, "installation", edition->installation) &&
           cJSON_AddBoolToObject(row, "usable", edition->use == EDITION_FITS) &&
           cJSON_AddStringToObject(row, "reason", edition_use_name(edition->use));
}

static bool show_json(struct call *call, const struct editions *editions, struct err *err)
{
    cJSON *document = ui_document_new("images");
    cJSON *list = cJSON_AddArrayToObject(document, "editions");
    bool ok = list && cJSON_AddStringToObject(document, "file", editions->path) &&
              cJSON_AddStringToObject(document, "inside", editions->inside) &&
              cJSON_AddStringToObject(
                  document, "compression", wim_compression_name(editions->wim.compression)) &&
              cJSON_AddBoolToObject(document, "solid", editions->wim.solid) &&
              json_add_int(document, "parts", editions->wim.parts);

    for (size_t i = 0; ok && i < editions->count; i++)
        ok = add_row(list, &editions->rows[i]);
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

/* ---- for people ---- */

static bool all_fit(const struct editions *editions)
{
    for (size_t i = 0; i < editions->count; i++)
        if (editions->rows[i].use != EDITION_FITS)
            return false;
    return true;
}

static void show_row(struct table *table, const struct ui *ui, const struct edition *row, bool note)
{
    enum ui_tone tone = row->use == EDITION_FITS ? TONE_PLAIN : TONE_DIM;
    char number[24], build[BUILD_BYTES], size[32] = "";

    if (row->size_bytes)
        ui_size_text(size, sizeof size, row->size_bytes);
    table_cell(table, tone, text_num(number, row->index));
    table_cell(table, tone, row->id);
    table_cell(table, tone, row->name);
    table_cell(table, tone, edition_arch_name(row->arch));
    table_cell(table, tone, build_text(row, build));
    table_cell(table, tone, row->languages);
    table_cell(table, tone, size);
    if (note)
        table_text(table, ui, tone, edition_use_text(row->use));
}

static void show_table(struct call *call, const struct editions *editions)
{
    static const struct table_column columns[] = {
        {.title = TEXT_IMAGE_COLUMN_INDEX, .right = true},
        {.title = TEXT_IMAGE_COLUMN_EDITION},
        {.title = TEXT_IMAGE_COLUMN_NAME, .least = 12},
        {.title = TEXT_IMAGE_COLUMN_CPU},
        {.title = TEXT_IMAGE_COLUMN_BUILD},
        {.title = TEXT_IMAGE_COLUMN_LANGUAGES, .least = 6},
        {.title = TEXT_HOST_COLUMN_SIZE, .right = true},
        {.title = TEXT_IMAGE_COLUMN_NOTE, .least = 8},
    };
    bool note = !all_fit(editions);
    struct table *table = table_new(columns, sizeof columns / sizeof *columns - (note ? 0 : 1));
    size_t row = 0;

    for (size_t i = 0; i < editions->count; i++)
        show_row(table, &call->ui, &editions->rows[i], note);
    table_print(table, &call->ui);
    table_free(table);
    if (editions_choose(editions, NULL, &row, NULL))
        ui_say(&call->ui,
               TONE_DIM,
               TEXT_IMAGE_DEFAULT,
               TEXT_NUM(editions->rows[row].index),
               editions->rows[row].name,
               NULL);
}

static bool show_editions(struct call *call, struct err *err)
{
    struct editions *editions = NULL;
    char path[FS_PATH_BYTES];
    bool ok;

    if (call->word_count > 1) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MANY, "images", call->words[1], NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    ok = place_absolute(call->words[0], path, err) && editions_read(path, &editions, err) &&
         editions_usable(editions, err);
    if (ok && call->ui.json)
        ok = show_json(call, editions, err);
    else if (ok)
        show_table(call, editions);
    editions_free(editions);
    return ok;
}

static bool images_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    static const struct {
        const char *verb;
        bool (*run)(struct call *call, struct err *err);
    } rows[] = {
        {"build", images_build},
        {"golden", images_golden},
        {"flatten", images_flatten},
        {"clean", images_clean},
    };

    *ret_code = CODE_OK;
    if ((!call->verb || strcmp(call->verb->name, "build") != 0) &&
        !images_build_refuse_options(call, err))
        return false;
    for (size_t i = 0; call->verb && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].verb, call->verb->name))
            return rows[i].run(call, err);
    return show_editions(call, err);
}

#define ON_DISKS (COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_HYPERVISOR)

static const struct command_verb verbs[] = {
    {"build", "FILE --out DISK", TEXT_BUILD_HELP_BUILD, COMMAND_NEEDS_ADMIN},
    {"golden", "list | remove KEY", TEXT_BUILD_HELP_GOLDEN, ON_DISKS},
    {"flatten", "NAME|DISK", TEXT_BUILD_HELP_FLATTEN, ON_DISKS},
    {"clean", "", TEXT_BUILD_HELP_CLEAN, COMMAND_NEEDS_ADMIN},
    {0},
};

const struct command command_images = {
    .name = "images",
    .summary = TEXT_BUILD_HELP_IMAGES,
    .args = "FILE|build|golden|flatten|clean [WORD...]",
    .options = images_build_options,
    .verbs = verbs,
    .flags = COMMAND_VERB_OPTIONAL,
    .least_words = 1,
    .most_words = 2,
    .exec = images_exec,
};
