/* From a command line to a command: tables, flags, errors. */
#include "host/command.h"

#include "common/log.h"
#include "host/drivers.h"
#include "host/many.h"
#include "host/place.h"
#include "common/ui/console.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct command *const commands[] = {
    &command_check,
    &command_up,
    &command_create,
    &command_start,
    &command_stop,
    &command_restart,
    &command_status,
    &command_repair,
    &command_signin,
    &command_config,
    &command_set,
    &command_display,
    &command_drivers,
    &command_images,
    &command_import,
    &command_payload,
    &command_gpus,
    &command_gpu,
    &command_connect,
    &command_console,
    &command_screenshot,
    &command_logs,
    &command_adopt,
    &command_key,
    &command_release,
    &command_remove,
    &command_host,
    &command_hypervisor,
    &command_sim,
    &command_selftest,
    &command_completions,
    &command_version,
    &command_sim_machine,
    &command_help,
    NULL,
};

const struct option command_global_options[] = {
    {"simulate", 0, OPTION_OPTIONAL, "DIR", TEXT_HELP_OPTION_SIMULATE, 0, 0},
    {"json", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_JSON, 0, 0},
    {"lang", 0, OPTION_TEXT, "en|zh", TEXT_HELP_OPTION_LANG, 0, 0},
    {"verbose", 'v', OPTION_FLAG, NULL, TEXT_HELP_OPTION_VERBOSE, 0, 0},
    {"no-color", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_COLOR, 0, 0},
    {"yes", 'y', OPTION_FLAG, NULL, TEXT_HELP_OPTION_YES, 0, 0},
    {"help", 'h', OPTION_FLAG, NULL, TEXT_HELP_OPTION_HELP, 0, 0},
    {0},
};

const struct option command_many_options[] = {
    {"all", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_ALL, 0, 0},
    {"parallel", 0, OPTION_NUMBER, "N", TEXT_HELP_OPTION_PARALLEL, 1, MANY_PARALLEL_MAX},
    {0},
};

const struct option command_dry_options[] = {
    {"dry-run", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_DRY_RUN, 0, 0},
    {0},
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

bool call_flag(const struct call *call, const char *option)
{
    return arguments_get(&call->args, option)->set;
}

const char *call_text(const struct call *call, const char *option)
{
    return arguments_get(&call->args, option)->text;
}

int64_t call_number(const struct call *call, const char *option, int64_t missing)
{
    const struct option_value *value = arguments_get(&call->args, option);

    return value->set ? value->number : missing;
}

bool command_state(const struct arguments *args, char *out, struct err *err)
{
    const struct option_value *simulate = arguments_get(args, "simulate");

    if (!simulate->set)
        return place_state(out, err);
    if (simulate->text && *simulate->text)
        return place_absolute(simulate->text, out, err);
    return place_simulation(out, err);
}

/* What must be known before the command line is understood: how to tell that it is wrong. */
static void peek(int argc, const char *const *argv, struct ui_options *options)
{
    options->lang = console_lang();
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--json"))
            options->json = true;
        else if (!strcmp(argv[i], "--no-color"))
            options->no_colour = true;
        else if (!strncmp(argv[i], "--lang=", 7))
            text_lang_parse(argv[i] + 7, &options->lang);
        else if (!strcmp(argv[i], "--lang") && i + 1 < argc)
            text_lang_parse(argv[i + 1], &options->lang);
    }
}

static bool unknown_command(const char *name, struct err *err)
{
    const char *names[COMMANDS_MAX], *nearest;
    size_t count = 0;

    for (size_t i = 0; commands[i]; i++)
        if (!(commands[i]->flags & COMMAND_HIDDEN))
            names[count++] = commands[i]->name;
    nearest = options_nearest(name, names, count);
    err_set(err, ERR_USAGE, TEXT_HOST_UNKNOWN_COMMAND, name, nearest ? nearest : "", NULL);
    return err_hint(err, nearest ? TEXT_HOST_NEAREST_COMMAND : TEXT_HOST_SEE_HELP);
}

/* Finds the verb in the first word. */
static bool take_verb(struct call *call, struct err *err)
{
    const struct command_verb *verbs = call->command->verbs;
    const char *names[COMMAND_VERBS], *nearest;
    size_t count = 0;

    if (!verbs)
        return true;
    for (; verbs[count].name; count++)
        names[count] = verbs[count].name;
    if (!call->word_count && !(call->command->flags & COMMAND_VERB_OPTIONAL)) {
        err_set(err, ERR_USAGE, TEXT_HOST_VERB_MISSING, call->command->name, NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    for (size_t i = 0; call->word_count && i < count; i++)
        if (!strcmp(verbs[i].name, call->words[0])) {
            call->verb = &verbs[i];
            call->words++;
            call->word_count--;
            return true;
        }
    if (call->command->flags & COMMAND_VERB_OPTIONAL)
        return true;
    nearest = options_nearest(call->words[0], names, count);
    err_set(err,
            ERR_USAGE,
            TEXT_HOST_UNKNOWN_VERB,
            call->command->name,
            call->words[0],
            nearest ? nearest : "",
            NULL);
    return err_hint(err, nearest ? TEXT_HOST_NEAREST_VERB : TEXT_HOST_SEE_COMMAND_HELP);
}

/* Moves the settings behind the other words; both keep their order. */
static bool take_settings(struct call *call, struct err *err)
{
    const char **sorted;
    size_t names = 0, settings = 0;

    if (!(call->command->flags & COMMAND_SETTINGS))
        return true;
    sorted = calloc(call->word_count + 1, sizeof *sorted);
    if (!sorted)
        return err_no_memory(err);
    for (size_t i = 0; i < call->word_count; i++)
        if (!strchr(call->words[i], '='))
            sorted[names++] = call->words[i];
    for (size_t i = 0; i < call->word_count; i++)
        if (strchr(call->words[i], '='))
            sorted[names + settings++] = call->words[i];
    memcpy(call->words, sorted, call->word_count * sizeof *sorted);
    free(sorted);
    call->word_count = names;
    call->settings = call->words + names;
    call->setting_count = settings;
    return true;
}

static bool check_words(const struct call *call, struct err *err)
{
    const struct command *c = call->command;

    if (call->word_count < c->least_words && !call->verb) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, c->name, c->args, NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    if (call->word_count > c->most_words && !(c->flags & COMMAND_MANY_VMS)) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MANY, c->name, call->words[c->most_words], NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    return true;
}

bool call_open_hypervisor(struct call *call, struct err *err)
{
    if (call->hypervisor)
        return true;
    return call->simulated ? hypervisor_open_sim(call->state, NULL, &call->hypervisor, err)
                           : hypervisor_open_system(&call->hypervisor, err);
}

bool call_open_store(struct call *call, struct err *err)
{
    return (call->store || store_open(call->state, &call->store, err)) &&
           (call->drivers || drivers_new(&call->drivers, err));
}

/* What the flags of the row demand. */
static bool enforce(struct call *call, struct err *err)
{
    unsigned flags = call->command->flags | (call->verb ? call->verb->flags : 0);
    bool open = (flags & (COMMAND_NEEDS_HYPERVISOR | COMMAND_NEEDS_VM | COMMAND_MANY_VMS)) != 0;

    if ((flags & COMMAND_ONLY_SIM) && !call->simulated) {
        err_set(err, ERR_USAGE, TEXT_HOST_ONLY_SIMULATED, call->command->name, NULL);
        return err_hint(err, TEXT_HOST_ONLY_SIMULATED_HINT);
    }
    if (open && !call_open_hypervisor(call, err))
        return false;
    if ((flags & COMMAND_NEEDS_ADMIN) && !call->simulated && !console_is_admin()) {
        err_set(err, ERR_DENIED, TEXT_HOST_NOT_ADMIN, call->command->name, NULL);
        return err_hint(err, TEXT_HOST_NOT_ADMIN_HINT);
    }
    return !open || call_open_store(call, err);
}

/* Parses by the command's tables. */
static bool
understand(struct call *call, int argc, const char *const *argv, int skip, struct err *err)
{
    const struct option_value *lang;
    size_t tables = 0;

    call->args.tables[tables++] = command_global_options;
    if (call->command->options)
        call->args.tables[tables++] = call->command->options;
    if (call->command->flags & COMMAND_MANY_VMS)
        call->args.tables[tables++] = command_many_options;
    if (call->command->flags & COMMAND_DRY_RUN)
        call->args.tables[tables++] = command_dry_options;
    assert(tables <= OPTION_TABLES);
    if (!options_parse(&call->args, argc, argv, skip, err))
        return false;
    lang = arguments_get(&call->args, "lang");
    if (lang->set && !text_lang_parse(lang->text, &call->ui.lang))
        return err_set(err, ERR_USAGE, TEXT_HOST_LANG_BAD, lang->text, NULL);
    text_set_lang(call->ui.lang);
    call->words = call->args.words;
    call->word_count = call->args.word_count;
    call->ui.yes = call_flag(call, "yes");
    call->ui.verbose = call_flag(call, "verbose");
    call->simulated = call_flag(call, "simulate");
    log_set_level(call->ui.verbose ? LOG_DEBUG : LOG_WARN);
    return true;
}

static bool
run(struct call *call, int argc, const char *const *argv, enum exit_code *ret_code, struct err *err)
{
    int skip = options_first_word(command_global_options, argc, argv);

    call->command = skip < argc ? command_find(argv[skip]) : &command_help;
    if (!call->command)
        return unknown_command(argv[skip], err);
    if (!understand(call, argc, argv, skip < argc ? skip : 0, err))
        return false;
    if (call_flag(call, "help")) {
        help_print(&call->ui, call->command == &command_help ? NULL : call->command);
        return true;
    }
    if (!take_verb(call, err) || !take_settings(call, err) || !check_words(call, err) ||
        !command_state(&call->args, call->state, err) || !enforce(call, err))
        return false;
    return call->command->exec ? call->command->exec(call, ret_code, err)
                               : many_run(call, ret_code, err);
}

static void show_failure(struct ui *ui, const struct err *err)
{
    cJSON *json;

    if (!ui->json) {
        ui_error(ui, NULL, err);
        return;
    }
    json = ui_document_new("error");
    cJSON_AddItemToObject(json, "error", ui_error_json(ui, err));
    ui_document(ui, json, NULL);
}

enum exit_code command_main(int argc, const char *const *argv)
{
    enum exit_code code = CODE_OK;
    struct call call = {.command = NULL};
    struct ui_options options = {0};
    struct err err = ERR_INIT;

    peek(argc, argv, &options);
    ui_init(&call.ui, &options);
    text_set_lang(options.lang);
    if (!run(&call, argc, argv, &code, &err)) {
        show_failure(&call.ui, &err);
        code = exit_code_of(&err);
    }
    drivers_free(call.drivers);
    store_free(call.store);
    hypervisor_free(call.hypervisor);
    arguments_done(&call.args);
    return code;
}
