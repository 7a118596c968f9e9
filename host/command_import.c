/* import: a VM spec from the parameters of Easy-GPU-PV's script. */
#include "host/command.h"
#include "host/import.h"

#include <stdlib.h>
#include <string.h>

#define SPEC_BYTES 65536

static const struct option options[] = {
    {"output", 'o', OPTION_TEXT, "FILE", TEXT_SETUP_HELP_OUTPUT, 0, 0},
    {0},
};

/* Never over a file that is there: it may be a spec that somebody wrote by hand. */
static bool save(struct call *call, const char *path, const struct buf *text, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING) {
        err_set(err, ERR_EXISTS, TEXT_SETUP_FILE_EXISTS, path, NULL);
        return err_hint(err, TEXT_SETUP_FILE_EXISTS_HINT);
    }
    if (!fs_write_atomic(path, text->data, text->len, FS_SHARED, err))
        return false;
    ui_note(&call->ui, TONE_GOOD, TEXT_SETUP_IMPORT_WRITTEN, path, NULL);
    return true;
}

static void show_unused(struct call *call, const struct import *import)
{
    char why[UI_TEXT_BYTES];

    if (import->unused_count)
        ui_note(&call->ui, TONE_WARN, TEXT_SETUP_IMPORT_UNUSED, NULL);
    for (size_t i = 0; i < import->unused_count; i++) {
        const struct import_unused *unused = &import->unused[i];

        ui_note(&call->ui,
                TONE_PLAIN,
                TEXT_SETUP_IMPORT_UNUSED_ROW,
                TEXT_NUM(unused->line),
                unused->key,
                err_message(&unused->why, call->ui.lang, why, sizeof why),
                NULL);
    }
}

/* The text line by line: each is made safe for the terminal by itself. */
static void print_lines(struct ui *ui, const char *text)
{
    char line[FS_PATH_BYTES * 2];

    while (*text) {
        size_t length = strcspn(text, "\n");

        text_copy(line, length + 1 < sizeof line ? length + 1 : sizeof line, text);
        ui_text(ui, TONE_PLAIN, line);
        text += length + (text[length] == '\n');
    }
}

static bool add_unused(struct call *call, const struct import *import, cJSON *document)
{
    cJSON *list = cJSON_AddArrayToObject(document, "unused");

    for (size_t i = 0; i < import->unused_count; i++) {
        const struct import_unused *unused = &import->unused[i];
        cJSON *row = ui_error_json(&call->ui, &unused->why);

        if (!cJSON_AddItemToArray(list, row)) {
            cJSON_Delete(row);
            return false;
        }
        if (!cJSON_AddStringToObject(row, "name", unused->key) ||
            !json_add_int(row, "line", unused->line))
            return false;
    }
    return list != NULL;
}

/* Takes spec. */
static bool show_json(struct call *call, const struct import *import, cJSON *spec, struct err *err)
{
    cJSON *document = ui_document_new("import");

    if (!cJSON_AddItemToObject(document, "spec", spec)) {
        cJSON_Delete(spec);
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    if (!add_unused(call, import, document)) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

static bool show(struct call *call, const struct import *import, struct err *err)
{
    const char *output = call_text(call, "output");
    cJSON *spec = spec_to_json(&import->spec);
    struct buf text;
    bool ok;

    buf_init(&text, SPEC_BYTES);
    ok = (spec && json_write_pretty(spec, &text) && buf_puts(&text, "\n")) || err_no_memory(err);
    ok = ok && (!output || save(call, output, &text, err));
    if (ok && call->ui.json) {
        ok = show_json(call, import, spec, err);
        spec = NULL;
    } else if (ok) {
        if (!output)
            print_lines(&call->ui, buf_str(&text));
        show_unused(call, import);
    }
    cJSON_Delete(spec);
    buf_done(&text);
    return ok;
}

static bool import_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct script *script = calloc(1, sizeof *script);
    struct import *import = calloc(1, sizeof *import);
    const char *path = call->words[0];
    struct buf bytes;
    bool ok;

    *ret_code = CODE_OK;
    buf_init(&bytes, SCRIPT_BYTES);
    ok = (script && import) || err_no_memory(err);
    ok = ok && fs_read(path, SCRIPT_BYTES, &bytes, err);
    if (ok) {
        ok = script_read(bytes.data, bytes.len, script, err) ||
             err_context(err, TEXT_FILE_READING, path);
        if (ok) {
            import_script(script, import);
            ok = show(call, import, err);
        }
    }
    buf_done(&bytes);
    free(import);
    free(script);
    return ok;
}

const struct command command_import = {
    .name = "import",
    .summary = TEXT_SETUP_HELP_IMPORT,
    .args = "CopyFilesToVM.ps1",
    .options = options,
    .flags = COMMAND_READ_ONLY,
    .least_words = 1,
    .most_words = 1,
    .exec = import_exec,
};
