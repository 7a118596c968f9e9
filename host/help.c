/* Help and the README's tables, made from the rows. */
#include "common/version.h"
#include "host/command.h"
#include "common/ui/table.h"

#include <stdio.h>
#include <string.h>

#define SYNOPSIS_BYTES 160

static const struct table_column help_columns[] = {
    {.title = TEXT_NONE},
    {.title = TEXT_NONE, .least = 24, .wrap = true},
};

static void option_synopsis(const struct option *option, char *out)
{
    char letter[8] = "";

    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(out,
             SYNOPSIS_BYTES,
             option->kind == OPTION_OPTIONAL ? "  %s--%s[=%s]"
             : option->value                 ? "  %s--%s %s"
                                             : "  %s--%s%s",
             letter,
             option->name,
             option->value ? option->value : "");
}

static void add_options(struct table *table, const struct ui *ui, const struct option *options)
{
    char synopsis[SYNOPSIS_BYTES];

    for (; options && options->name; options++) {
        option_synopsis(options, synopsis);
        table_cell(table, TONE_PLAIN, synopsis);
        table_text(table, ui, TONE_PLAIN, options->summary);
    }
}

static void print_section(struct ui *ui, enum text_id title, struct table *table)
{
    if (table_rows(table)) {
        ui_text(ui, TONE_PLAIN, "");
        ui_say(ui, TONE_TITLE, title, NULL);
        table_print(table, ui);
    }
    table_free(table);
}

static void command_synopsis(const struct command *command, char *out)
{
    snprintf(
        out, SYNOPSIS_BYTES, "%s%s%s", command->name, *command->args ? " " : "", command->args);
}

static void print_command(struct ui *ui, const struct command *command)
{
    struct table *verbs = table_new(help_columns, 2), *options = table_new(help_columns, 2);
    char synopsis[SYNOPSIS_BYTES];

    command_synopsis(command, synopsis);
    ui_say(ui, TONE_PLAIN, TEXT_HELP_USAGE, synopsis, NULL);
    ui_say(ui, TONE_PLAIN, command->summary, NULL);
    for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++) {
        snprintf(synopsis,
                 sizeof synopsis,
                 "  %s %s%s%s",
                 command->name,
                 verb->name,
                 *verb->args ? " " : "",
                 verb->args);
        table_cell(verbs, TONE_PLAIN, synopsis);
        table_text(verbs, ui, TONE_PLAIN, verb->summary);
    }
    add_options(options, ui, command->options);
    if (command->flags & COMMAND_MANY_VMS)
        add_options(options, ui, command_many_options);
    if (command->flags & COMMAND_DRY_RUN)
        add_options(options, ui, command_dry_options);
    print_section(ui, TEXT_HELP_VERBS, verbs);
    print_section(ui, TEXT_HELP_OPTIONS, options);
    options = table_new(help_columns, 2);
    add_options(options, ui, command_global_options);
    print_section(ui, TEXT_HELP_GLOBAL_OPTIONS, options);
}

static void print_all(struct ui *ui)
{
    struct table *table = table_new(help_columns, 2);
    char text[SYNOPSIS_BYTES];

    ui_say(ui, TONE_TITLE, TEXT_HELP_TITLE, version_text(), NULL);
    ui_say(ui, TONE_PLAIN, TEXT_HELP_USAGE, text_raw(TEXT_HELP_COMMAND_ARGS, ui->lang), NULL);
    for (size_t i = 0; commands[i]; i++) {
        char synopsis[SYNOPSIS_BYTES];

        if (commands[i]->flags & COMMAND_HIDDEN)
            continue;
        command_synopsis(commands[i], synopsis);
        snprintf(text, sizeof text, "  %.150s", synopsis);
        table_cell(table, TONE_PLAIN, text);
        table_text(table, ui, TONE_PLAIN, commands[i]->summary);
    }
    print_section(ui, TEXT_HELP_COMMANDS, table);
    table = table_new(help_columns, 2);
    add_options(table, ui, command_global_options);
    print_section(ui, TEXT_HELP_GLOBAL_OPTIONS, table);
    table = table_new(help_columns, 2);
    for (size_t i = 0; i < exit_code_count; i++) {
        snprintf(text, sizeof text, "  %d", (int)exit_code_rows[i].code);
        table_cell(table, TONE_PLAIN, text);
        table_text(table, ui, TONE_PLAIN, exit_code_rows[i].meaning);
    }
    print_section(ui, TEXT_HELP_EXIT_CODES, table);
    ui_text(ui, TONE_PLAIN, "");
    ui_say(ui, TONE_PLAIN, TEXT_HELP_MORE, NULL);
}

void help_print(struct ui *ui, const struct command *command)
{
    if (command)
        print_command(ui, command);
    else
        print_all(ui);
}

void help_readme(struct buf *out, enum text_lang lang)
{
    buf_printf(out,
               "| %s | %s |\n|---|---|\n",
               text_raw(TEXT_HELP_COLUMN_COMMAND, lang),
               text_raw(TEXT_HELP_COLUMN_SUMMARY, lang));
    for (size_t i = 0; commands[i]; i++) {
        char synopsis[SYNOPSIS_BYTES];

        if (commands[i]->flags & COMMAND_HIDDEN)
            continue;
        command_synopsis(commands[i], synopsis);
        buf_puts(out, "| `");
        for (const char *c = synopsis; *c; c++)
            buf_puts(out, *c == '|' ? "\\|" : (char[2]){*c, 0});
        buf_printf(out, "` | %s |\n", text_raw(commands[i]->summary, lang));
    }
    buf_printf(out,
               "\n| %s | %s |\n|---|---|\n",
               text_raw(TEXT_HELP_COLUMN_CODE, lang),
               text_raw(TEXT_HELP_COLUMN_MEANING, lang));
    for (size_t i = 0; i < exit_code_count; i++)
        buf_printf(out,
                   "| %d | %s |\n",
                   (int)exit_code_rows[i].code,
                   text_raw(exit_code_rows[i].meaning, lang));
}
