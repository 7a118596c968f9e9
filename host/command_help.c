/* help: what the commands are and do. */
#include "host/command.h"

static const struct option options[] = {
    {"markdown", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_MARKDOWN, 0, 0},
    {0},
};

#define README_BYTES (64 * 1024)

static void add_options(cJSON *row, const struct option *table, enum text_lang lang)
{
    cJSON *list = cJSON_AddArrayToObject(row, "options");

    for (; list && table && table->name; table++) {
        cJSON *option = cJSON_CreateObject();

        cJSON_AddStringToObject(option, "name", table->name);
        cJSON_AddStringToObject(option, "value", table->value ? table->value : "");
        cJSON_AddStringToObject(option, "summary", text_raw(table->summary, lang));
        cJSON_AddItemToArray(list, option);
    }
}

static bool help_json(struct call *call, struct err *err)
{
    cJSON *document = ui_document_new("help");
    cJSON *list = cJSON_AddArrayToObject(document, "commands");

    for (size_t i = 0; list && commands[i]; i++) {
        cJSON *row = cJSON_CreateObject();

        if (commands[i]->flags & COMMAND_HIDDEN) {
            cJSON_Delete(row);
            continue;
        }
        cJSON_AddStringToObject(row, "name", commands[i]->name);
        cJSON_AddStringToObject(row, "args", commands[i]->args);
        cJSON_AddStringToObject(row, "summary", text_raw(commands[i]->summary, call->ui.lang));
        add_options(row, commands[i]->options, call->ui.lang);
        cJSON_AddItemToArray(list, row);
    }
    return ui_document(&call->ui, document, err);
}

static bool help_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    const struct command *command = NULL;
    struct buf text;

    *ret_code = CODE_OK;
    if (call_flag(call, "markdown")) {
        buf_init(&text, README_BYTES);
        help_readme(&text, call->ui.lang);
        fputs(buf_str(&text), call->ui.out);
        buf_done(&text);
        return true;
    }
    if (call->word_count) {
        command = command_find(call->words[0]);
        if (!command) {
            err_set(err, ERR_USAGE, TEXT_HOST_UNKNOWN_COMMAND, call->words[0], "", NULL);
            return err_hint(err, TEXT_HOST_SEE_HELP);
        }
    }
    if (call->ui.json)
        return help_json(call, err);
    help_print(&call->ui, command);
    return true;
}

const struct command command_help = {
    .name = "help",
    .summary = TEXT_HELP_HELP,
    .args = "[COMMAND]",
    .options = options,
    .flags = COMMAND_READ_ONLY,
    .most_words = 1,
    .exec = help_exec,
};
