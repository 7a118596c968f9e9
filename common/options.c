/* Command lines by tables. */
#include "common/options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_BYTES    40 /* longer words are near to nothing */
#define NEAR_DISTANCE 3

struct found {
    const struct option *option;
    struct option_value *value;
};

static struct found find(struct arguments *args, const char *name, size_t length, char letter)
{
    for (size_t t = 0; t < OPTION_TABLES; t++)
        for (size_t i = 0; args->tables[t] && args->tables[t][i].name; i++) {
            const struct option *option = &args->tables[t][i];
            bool same =
                name ? strlen(option->name) == length && strncmp(option->name, name, length) == 0
                     : option->letter == letter;

            assert(i < OPTIONS_MAX);
            if (same)
                return (struct found){option, &args->values[t][i]};
        }
    return (struct found){NULL, NULL};
}

/* Edits that turn a into b: insert, remove, replace one byte, or swap two neighbours. */
static size_t distance(const char *a, const char *b)
{
    size_t row[3][NEAR_BYTES + 1], m = strlen(a), n = strlen(b);

    if (m > NEAR_BYTES || n > NEAR_BYTES)
        return NEAR_BYTES;
    for (size_t j = 0; j <= n; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[m % 3][n];
}

const char *options_nearest(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = NEAR_DISTANCE + 1;

    for (size_t i = 0; i < count; i++) {
        bool begins = strlen(word) >= 3 && strncmp(names[i], word, strlen(word)) == 0;
        size_t d = begins ? 0 : distance(word, names[i]);

        /* three wrong letters in a word of four are another word */
        if (d < best && d * 2 <= strlen(names[i])) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}

static bool unknown(const struct arguments *args, const char *word, size_t length, struct err *err)
{
    const char *names[OPTION_TABLES * OPTIONS_MAX], *nearest;
    char name[NEAR_BYTES + 2], bad[64];
    size_t count = 0;

    for (size_t t = 0; t < OPTION_TABLES; t++)
        for (size_t i = 0; args->tables[t] && args->tables[t][i].name; i++)
            names[count++] = args->tables[t][i].name;
    text_copy(name, length + 1 < sizeof name ? length + 1 : sizeof name, word);
    nearest = options_nearest(name, names, count);
    text_copy(bad, length + 3 < sizeof bad ? length + 3 : sizeof bad, word - 2);
    err_set(err, ERR_USAGE, TEXT_HOST_UNKNOWN_OPTION, bad, nearest ? nearest : "", NULL);
    return err_hint(err, nearest ? TEXT_HOST_NEAREST_OPTION : TEXT_HOST_SEE_HELP);
}

static bool set_value(struct found found, const char *text, struct err *err)
{
    const struct option *option = found.option;
    char *end = NULL;

    found.value->set = true;
    found.value->text = text;
    if (option->kind != OPTION_NUMBER)
        return true;
    errno = 0;
    found.value->number = strtoll(text, &end, 10);
    if (errno || end == text || *end || found.value->number < option->least ||
        found.value->number > option->most)
        return err_set(err,
                       ERR_USAGE,
                       TEXT_HOST_OPTION_RANGE,
                       option->name,
                       text,
                       TEXT_NUM(option->least),
                       TEXT_NUM(option->most),
                       NULL);
    return true;
}

/* Takes "--name", "--name=value" or "--name value"; *i moves on when the next word was used. */
static bool
take_long(struct arguments *args, int argc, const char *const *argv, int *i, struct err *err)
{
    const char *name = argv[*i] + 2, *equal = strchr(name, '=');
    size_t length = equal ? (size_t)(equal - name) : strlen(name);
    struct found found = find(args, name, length, 0);

    if (!found.option)
        return unknown(args, name, length, err);
    if (found.option->kind == OPTION_FLAG) {
        if (equal)
            return err_set(err, ERR_USAGE, TEXT_HOST_OPTION_NO_VALUE, found.option->name, NULL);
        found.value->set = true;
        return true;
    }
    if (equal)
        return set_value(found, equal + 1, err);
    if (found.option->kind == OPTION_OPTIONAL) {
        found.value->set = true;
        return true;
    }
    if (*i + 1 >= argc)
        return err_set(err, ERR_USAGE, TEXT_HOST_OPTION_NEEDS_VALUE, found.option->name, NULL);
    return set_value(found, argv[++*i], err);
}

/* Takes "-v", "-vf" or "-n value". */
static bool
take_letters(struct arguments *args, int argc, const char *const *argv, int *i, struct err *err)
{
    for (const char *letter = argv[*i] + 1; *letter; letter++) {
        struct found found = find(args, NULL, 0, *letter);
        char bad[3] = {'-', *letter, 0};

        if (!found.option || !found.option->letter) {
            err_set(err, ERR_USAGE, TEXT_HOST_UNKNOWN_OPTION, bad, NULL);
            return err_hint(err, TEXT_HOST_SEE_HELP);
        }
        if (found.option->kind == OPTION_FLAG) {
            found.value->set = true;
            continue;
        }
        if (letter[1])
            return set_value(found, letter + 1, err);
        if (*i + 1 >= argc)
            return err_set(err, ERR_USAGE, TEXT_HOST_OPTION_NEEDS_VALUE, found.option->name, NULL);
        return set_value(found, argv[++*i], err);
    }
    return true;
}

int options_first_word(const struct option *table, int argc, const char *const *argv)
{
    struct arguments args = {.tables = {table}};
    int i;

    for (i = 1; i < argc; i++) {
        const char *word = argv[i];
        struct found found = {NULL, NULL};

        if (word[0] != '-' || !word[1])
            break;
        if (word[1] == '-')
            found = find(&args, word + 2, strcspn(word + 2, "="), 0);
        else if (!word[2])
            found = find(&args, NULL, 0, word[1]);
        if (found.option && !strchr(word, '=') &&
            (found.option->kind == OPTION_TEXT || found.option->kind == OPTION_NUMBER))
            i++;
    }
    return i < argc ? i : argc;
}

bool options_parse(
    struct arguments *args, int argc, const char *const *argv, int skip, struct err *err)
{
    bool only_words = false;

    args->words = calloc((size_t)argc + 1, sizeof *args->words);
    if (!args->words)
        return err_no_memory(err);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool ok = true;

        if (skip && i == skip)
            continue;
        if (only_words || word[0] != '-' || !word[1])
            args->words[args->word_count++] = word;
        else if (!strcmp(word, "--"))
            only_words = true;
        else if (word[1] == '-')
            ok = take_long(args, argc, argv, &i, err);
        else
            ok = take_letters(args, argc, argv, &i, err);
        if (!ok)
            return false;
    }
    return true;
}

void arguments_done(struct arguments *args)
{
    free(args->words);
    args->words = NULL;
    args->word_count = 0;
}

const struct option_value *arguments_get(const struct arguments *args, const char *name)
{
    static const struct option_value none = {0};

    for (size_t t = 0; t < OPTION_TABLES; t++)
        for (size_t i = 0; args->tables[t] && args->tables[t][i].name; i++)
            if (!strcmp(args->tables[t][i].name, name))
                return &args->values[t][i];
    assert(!"an option that no table has");
    return &none;
}
