/*
 * Entry of gpupv-agent: one row per command. The agent proper is agent.c; check and repair work
 * alone, without a host, when no agent runs on the same data (command_local.c).
 */
#include "common/log.h"
#include "common/ui/console.h"
#include "common/version.h"
#include "guest/command.h"
#include "guest/machine/machine.h"
#include "guest/machine/sim/sim_command.h"

#include <string.h>

#define EXIT_USAGE 64

static const struct option global_options[] = {
    {.name = "data", .kind = OPTION_TEXT, .value = "FOLDER", .summary = TEXT_HELP_AGENT_DATA},
    {.name = "simulate", .kind = OPTION_TEXT, .value = "DISK", .summary = TEXT_HELP_AGENT_SIMULATE},
    {.name = "json", .kind = OPTION_FLAG, .summary = TEXT_HELP_OPTION_JSON},
    {.name = "lang", .kind = OPTION_TEXT, .value = "en|zh", .summary = TEXT_HELP_OPTION_LANG},
    {.name = "no-color", .kind = OPTION_FLAG, .summary = TEXT_HELP_OPTION_NO_COLOR},
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .summary = TEXT_HELP_OPTION_VERBOSE},
    {.name = "yes", .kind = OPTION_FLAG, .summary = TEXT_HELP_OPTION_YES},
    {.name = NULL},
};

static const struct option run_options[] = {
    {.name = "listen",
     .kind = OPTION_TEXT,
     .value = "hyperv|uv:PATH|none",
     .summary = TEXT_HELP_AGENT_LISTEN},
    {.name = "boot", .kind = OPTION_FLAG, .summary = TEXT_HELP_AGENT_BOOT},
    {.name = NULL},
};

static const struct option install_options[] = {
    {.name = "pair", .kind = OPTION_TEXT, .value = "CODE", .summary = TEXT_HELP_AGENT_INSTALL_PAIR},
    {.name = "listen",
     .kind = OPTION_TEXT,
     .value = "hyperv|uv:PATH|none",
     .summary = TEXT_HELP_AGENT_LISTEN},
    {.name = NULL},
};

static const struct option uninstall_options[] = {
    {.name = "keep-changes", .kind = OPTION_FLAG, .summary = TEXT_HELP_AGENT_KEEP_CHANGES},
    {.name = NULL},
};

static const struct option repair_options[] = {
    {.name = "dry-run", .kind = OPTION_FLAG, .summary = TEXT_HELP_OPTION_DRY_RUN},
    {.name = "now", .kind = OPTION_FLAG, .summary = TEXT_HELP_AGENT_NOW},
    {.name = "reset-parsec", .kind = OPTION_FLAG, .summary = TEXT_HELP_AGENT_RESET_PARSEC},
    {.name = NULL},
};

static const struct option selftest_options[] = {
    {.name = "report", .kind = OPTION_TEXT, .value = "FILE", .summary = TEXT_HELP_AGENT_REPORT},
    {.name = NULL},
};

static int command_version(struct agent_call *call)
{
    cJSON *document;

    if (!call->ui.json) {
        ui_say(&call->ui, TONE_PLAIN, TEXT_AGENT_VERSION, version_text(), NULL);
        return 0;
    }
    document = ui_document_new("agent.version");
    if (document)
        cJSON_AddStringToObject(document, "build", version_text());
    return ui_document(&call->ui, document, NULL) ? 0 : 2;
}

static int command_help(struct agent_call *call);

static const struct agent_command commands[] = {
    {"run", TEXT_HELP_AGENT_RUN, run_options, AGENT_NEEDS_MACHINE, command_run},
    {"status", TEXT_HELP_AGENT_STATUS, NULL, AGENT_NEEDS_FOLDER, command_status},
    {"check", TEXT_HELP_AGENT_CHECK, NULL, AGENT_NEEDS_FOLDER, command_check},
    {"repair", TEXT_HELP_AGENT_REPAIR, repair_options, AGENT_NEEDS_FOLDER, command_repair},
    {"pair", TEXT_HELP_AGENT_PAIR, NULL, AGENT_NEEDS_FOLDER | AGENT_WORD, command_pair},
    {"install", TEXT_HELP_AGENT_INSTALL, install_options, AGENT_NEEDS_FOLDER, command_install},
    {"uninstall",
     TEXT_HELP_AGENT_UNINSTALL,
     uninstall_options,
     AGENT_NEEDS_FOLDER,
     command_uninstall},
    {"selftest",
     TEXT_HELP_AGENT_SELFTEST,
     selftest_options,
     AGENT_NEEDS_FOLDER | AGENT_NEEDS_MACHINE,
     command_selftest},
    {"service", TEXT_HELP_AGENT_RUN, run_options, AGENT_HIDDEN, command_service},
    {"sim", TEXT_HELP_AGENT_SIM, NULL, AGENT_RAW, NULL},
    {"version", TEXT_HELP_AGENT_VERSION, NULL, 0, command_version},
    {"help", TEXT_HELP_AGENT_HELP, NULL, 0, command_help},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_options(struct table *table, const struct ui *ui, const struct option *option)
{
    for (; option->name; option++) {
        char name[64];

        snprintf(name,
                 sizeof name,
                 "  --%s%s%s",
                 option->name,
                 option->value ? " " : "",
                 option->value ? option->value : "");
        table_cell(table, TONE_PLAIN, name);
        table_text(table, ui, TONE_PLAIN, option->summary);
    }
}

static int command_help(struct agent_call *call)
{
    static const struct table_column columns[2] = {{.title = TEXT_NONE},
                                                   {.title = TEXT_NONE, .wrap = true, .least = 20}};
    struct table *table = table_new(columns, 2);

    ui_say(&call->ui, TONE_TITLE, TEXT_HELP_AGENT_USAGE, NULL);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].flags & AGENT_HIDDEN)
            continue;
        table_cell(table, TONE_TITLE, commands[i].name);
        table_text(table, &call->ui, TONE_PLAIN, commands[i].summary);
        if (commands[i].options)
            print_options(table, &call->ui, commands[i].options);
    }
    print_options(table, &call->ui, global_options);
    table_print(table, &call->ui);
    table_free(table);
    return 0;
}

static const struct agent_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool set_up(struct agent_call *call, struct err *err)
{
    struct ui_options options = {.json = arguments_get(&call->args, "json")->set,
                                 .yes = arguments_get(&call->args, "yes")->set,
                                 .verbose = arguments_get(&call->args, "verbose")->set,
                                 .no_colour = arguments_get(&call->args, "no-color")->set,
                                 .lang = console_lang()};
    const struct option_value *lang = arguments_get(&call->args, "lang");
    bool ok = !lang->set || text_lang_parse(lang->text, &options.lang) ||
              err_set(err, ERR_USAGE, TEXT_AGENT_BAD_LANG, lang->text, NULL);

    ui_init(&call->ui, &options);
    text_set_lang(options.lang);
    if (options.verbose)
        log_set_level(LOG_DEBUG);
    return ok;
}

static int fail(struct agent_call *call, const struct err *err)
{
    int code = err->kind == ERR_USAGE ? EXIT_USAGE : err->kind == ERR_DENIED ? 77 : 2;

    if (err->kind == ERR_UNSUPPORTED)
        code = 69;
    ui_error(&call->ui, NULL, err);
    if (call->ui.json) {
        cJSON *document = ui_document_new("agent.error");

        cJSON_AddItemToObject(document, "error", ui_error_json(&call->ui, err));
        ui_document(&call->ui, document, NULL);
    }
    return code;
}

static int run_command(const struct agent_command *command, struct agent_call *call)
{
    struct err err = ERR_INIT;
    int code = 2;
    bool ok = command_open(command, call, &err);

    if (ok) {
        code = command->run(call);
        if (err_is_set(&call->err))
            code = fail(call, &call->err);
    } else {
        code = fail(call, &err);
    }
    command_close(call);
    return code;
}

static int start(int argc, char **argv)
{
    static struct agent_call call;
    struct err err = ERR_INIT;
    const char *const *words = (const char *const *)argv;
    int word = options_first_word(global_options, argc, words);
    const struct agent_command *command = find_command(word < argc ? argv[word] : "help");
    int code;

    if (command && command->flags & AGENT_RAW)
        return sim_command(argc - word, argv + word);
    call.args.tables[0] = global_options;
    call.args.tables[1] = command ? command->options : NULL;
    call.args.tables[2] = NULL;
    ui_init(&call.ui, &(struct ui_options){.lang = console_lang()});
    if (!command) {
        err_set(&err, ERR_USAGE, TEXT_AGENT_UNKNOWN_COMMAND, argv[word], NULL);
        return fail(&call, &err);
    }
    if (!options_parse(&call.args, argc, words, word < argc ? word : 0, &err) ||
        !set_up(&call, &err))
        code = fail(&call, &err);
    else
        code = run_command(command, &call);
    arguments_done(&call.args);
    return code;
}

int main(int argc, char **argv)
{
    char **args;

    console_open();
    args = console_args(&argc, argv);
    if (!args)
        return EXIT_USAGE;
    if (argc == 2 && strcmp(args[1], MACHINE_ENCODE_PROBE) == 0) /* nothing for people */
        return machine_encode_probe();
    if (argc == 3 && strcmp(args[1], MACHINE_SESSION_HELPER) == 0) /* nothing for people */
        return machine_session_helper(args[2]);
    return console_exit_code(start(argc, args));
}
