/* Command lines: what is understood, what is refused and what is proposed instead. */
#include "tests/support/support.h"

#include "host/command.h"
#include "common/options.h"
#include "host/completions.h"

#include <stdio.h>
#include <string.h>

static const struct option global[] = {
    {"json", 0, OPTION_FLAG, NULL, TEXT_NONE, 0, 0},
    {"lang", 0, OPTION_TEXT, "en|zh", TEXT_NONE, 0, 0},
    {"simulate", 0, OPTION_OPTIONAL, "DIR", TEXT_NONE, 0, 0},
    {"verbose", 'v', OPTION_FLAG, NULL, TEXT_NONE, 0, 0},
    {0},
};

static const struct option own[] = {
    {"parallel", 'n', OPTION_NUMBER, "N", TEXT_NONE, 1, 64},
    {"dry-run", 0, OPTION_FLAG, NULL, TEXT_NONE, 0, 0},
    {0},
};

#define MAX_WORDS 12

/* Parses "gpupv" and the words up to NULL. */
static bool parse(struct arguments *args, struct err *err, const char *const *words)
{
    const char *argv[MAX_WORDS] = {"gpupv"};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    *args = (struct arguments){.tables = {global, own}};
    return options_parse(args, argc, (const char *const *)argv, 0, err);
}

static void command_line_is_refused_with_a_usage_error(void **state)
{
    static const struct {
        const char *words[MAX_WORDS];
        enum text_id message, hint;
    } rows[] = {
        {{"--dry-rum"}, TEXT_HOST_UNKNOWN_OPTION, TEXT_HOST_NEAREST_OPTION},
        {{"--zzzz"}, TEXT_HOST_UNKNOWN_OPTION, TEXT_HOST_SEE_HELP},
        {{"-x"}, TEXT_HOST_UNKNOWN_OPTION, TEXT_HOST_SEE_HELP},
        {{"-vx"}, TEXT_HOST_UNKNOWN_OPTION, TEXT_HOST_SEE_HELP},
        {{"--json=yes"}, TEXT_HOST_OPTION_NO_VALUE, TEXT_NONE},
        {{"--lang"}, TEXT_HOST_OPTION_NEEDS_VALUE, TEXT_NONE},
        {{"-n"}, TEXT_HOST_OPTION_NEEDS_VALUE, TEXT_NONE},
        {{"--parallel", "0"}, TEXT_HOST_OPTION_RANGE, TEXT_NONE},
        {{"--parallel=65"}, TEXT_HOST_OPTION_RANGE, TEXT_NONE},
        {{"--parallel", "3x"}, TEXT_HOST_OPTION_RANGE, TEXT_NONE},
        {{"--parallel="}, TEXT_HOST_OPTION_RANGE, TEXT_NONE},
        {{"--parallel", "99999999999999999999"}, TEXT_HOST_OPTION_RANGE, TEXT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        struct arguments args;

        if (parse(&args, &err, rows[i].words))
            fail_msg("%s was taken", rows[i].words[0]);
        if (err.kind != ERR_USAGE || err.message != rows[i].message || err.hint != rows[i].hint)
            fail_msg("%s: another error: %s", rows[i].words[0], text_row(err.message)->name);
        arguments_done(&args);
    }
}

static void options_and_words_are_told_apart_in_any_order(void **state)
{
    static const char *const words[] = {
        "a", "--parallel=4", "--lang", "zh", "b", "-v", "--simulate", "--", "--json", "-", NULL};
    struct err err = ERR_INIT;
    struct arguments args;

    (void)state;
    assert_true(parse(&args, &err, words));
    assert_int_equal(args.word_count, 4);
    assert_string_equal(args.words[0], "a");
    assert_string_equal(args.words[1], "b");
    assert_string_equal(args.words[2], "--json");
    assert_string_equal(args.words[3], "-");
    assert_int_equal(arguments_get(&args, "parallel")->number, 4);
    assert_string_equal(arguments_get(&args, "lang")->text, "zh");
    assert_true(arguments_get(&args, "verbose")->set);
    assert_false(arguments_get(&args, "json")->set);
    arguments_done(&args);
}

static void optional_value_never_takes_the_next_word(void **state)
{
    static const char *const words[] = {"--simulate", "up", "--simulate=/tmp/x", NULL};
    struct err err = ERR_INIT;
    struct arguments args;

    (void)state;
    assert_true(parse(&args, &err, words));
    assert_int_equal(args.word_count, 1);
    assert_string_equal(args.words[0], "up");
    assert_string_equal(arguments_get(&args, "simulate")->text, "/tmp/x");
    arguments_done(&args);
}

static void letters_may_be_joined_and_carry_a_value(void **state)
{
    static const char *const words[] = {"-vn7", NULL};
    struct err err = ERR_INIT;
    struct arguments args;

    (void)state;
    assert_true(parse(&args, &err, words));
    assert_true(arguments_get(&args, "verbose")->set);
    assert_int_equal(arguments_get(&args, "parallel")->number, 7);
    arguments_done(&args);
}

static void command_word_is_found_behind_options_and_their_values(void **state)
{
    const char *const argv[] = {
        "gpupv", "--lang", "zh", "-v", "--simulate", "up", "--json", "x", NULL};
    const char *const none[] = {"gpupv", "--lang", "zh", NULL};

    (void)state;
    assert_int_equal(options_first_word(global, 8, argv), 5);
    assert_int_equal(options_first_word(global, 3, none), 3);
}

static void nearest_name_is_near_or_none(void **state)
{
    static const char *const names[] = {"start", "status", "stop", "up", "remove", "release"};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"statsu", "status"},
        {"sttop", "stop"},
        {"realease", "release"},
        {"sta", "start"},
        {"stat", "status"}, /* what it begins, before what it nearly is */
        {"rm", NULL},
        {"banana", NULL},
        {"pu", "up"},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *nearest = options_nearest(rows[i].word, names, 6);

        if ((nearest == NULL) != (rows[i].nearest == NULL) ||
            (nearest && strcmp(nearest, rows[i].nearest) != 0))
            fail_msg("%s gives %s", rows[i].word, nearest ? nearest : "nothing");
    }
}

/* ---- the table of commands ---- */

static void every_command_is_documented_and_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++) {
        const struct command *c = commands[i];

        assert_true(i < COMMANDS_MAX);
        assert_ptr_equal(command_find(c->name), c);
        assert_true(*text_raw(c->summary, TEXT_EN) && *text_raw(c->summary, TEXT_ZH));
        if (!c->exec && !c->each)
            fail_msg("%s does nothing", c->name);
        if (c->each && !(c->flags & COMMAND_MANY_VMS))
            fail_msg("%s works on each of many VMs without the flag", c->name);
        for (const struct command_verb *v = c->verbs; v && v->name; v++)
            assert_true(*text_raw(v->summary, TEXT_EN) && *text_raw(v->summary, TEXT_ZH));
    }
}

static void check_table(const char *command, const struct option *a, const struct option *b)
{
    for (size_t i = 0; a && a[i].name; i++) {
        if (!*text_raw(a[i].summary, TEXT_ZH) || (a[i].kind != OPTION_FLAG) != (a[i].value != NULL))
            fail_msg("%s: --%s is not documented", command, a[i].name);
        for (size_t j = 0; b && b[j].name; j++)
            if ((a != b || i != j) &&
                (!strcmp(a[i].name, b[j].name) || (a[i].letter && a[i].letter == b[j].letter)))
                fail_msg("%s: --%s and --%s are the same", command, a[i].name, b[j].name);
    }
}

static void no_command_has_an_option_twice(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++) {
        const struct option *own_options = commands[i]->options;
        const char *name = commands[i]->name;

        check_table(name, own_options, own_options);
        check_table(name, command_global_options, own_options);
        if (commands[i]->flags & COMMAND_MANY_VMS)
            check_table(name, command_many_options, own_options);
        if (commands[i]->flags & COMMAND_DRY_RUN)
            check_table(name, command_dry_options, own_options);
    }
}

static void worse_exit_code_wins(void **state)
{
    (void)state;
    assert_int_equal(exit_code_worse(CODE_OK, CODE_NEEDS_SIGN_IN), CODE_NEEDS_SIGN_IN);
    assert_int_equal(exit_code_worse(CODE_DEGRADED, CODE_NEEDS_SIGN_IN), CODE_DEGRADED);
    assert_int_equal(exit_code_worse(CODE_FAILED, CODE_UNREACHABLE), CODE_FAILED);
    assert_int_equal(exit_code_worse(CODE_REBOOT, CODE_OK), CODE_REBOOT);
    for (size_t i = 0; i < exit_code_count; i++)
        for (size_t j = 0; j < exit_code_count; j++)
            assert_true(i == j || exit_code_rows[i].rank != exit_code_rows[j].rank);
}

static void completions_know_every_command_verb_and_option(void **state)
{
    (void)state;
    for (size_t shell = 0; completions_shells[shell]; shell++) {
        struct buf script;

        buf_init(&script, 1 << 20);
        assert_true(completions_write(completions_shells[shell], &script));
        assert_false(script.failed);
        for (size_t i = 0; commands[i]; i++) {
            const struct option *option = commands[i]->options;
            char word[64];

            if (commands[i]->flags & COMMAND_HIDDEN)
                continue;
            if (!strstr(buf_str(&script), commands[i]->name))
                fail_msg("%s: no %s", completions_shells[shell], commands[i]->name);
            for (; option && option->name; option++) {
                snprintf(word, sizeof word, " --%s", option->name);
                if (!strstr(buf_str(&script), word))
                    fail_msg("%s: no%s", completions_shells[shell], word);
            }
            for (const struct command_verb *v = commands[i]->verbs; v && v->name; v++)
                if (!strstr(buf_str(&script), v->name))
                    fail_msg("%s: no %s", completions_shells[shell], v->name);
        }
        buf_done(&script);
    }
    assert_false(completions_write("fish", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line_is_refused_with_a_usage_error),
        cmocka_unit_test(options_and_words_are_told_apart_in_any_order),
        cmocka_unit_test(optional_value_never_takes_the_next_word),
        cmocka_unit_test(letters_may_be_joined_and_carry_a_value),
        cmocka_unit_test(command_word_is_found_behind_options_and_their_values),
        cmocka_unit_test(nearest_name_is_near_or_none),
        cmocka_unit_test(every_command_is_documented_and_named_once),
        cmocka_unit_test(no_command_has_an_option_twice),
        cmocka_unit_test(worse_exit_code_wins),
        cmocka_unit_test(completions_know_every_command_verb_and_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
