/* The parameter block of a script, read and never run. */
#include "host/script.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_KEY "VMName" /* the block that has it is the one that is meant */

struct reader {
    const char *at, *end;
    unsigned line;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = is_letter(*a) ? (char)(*a | 0x20) : *a, y = is_letter(*b) ? (char)(*b | 0x20) : *b;

        if (x != y)
            return false;
    }
    return *a == *b;
}

static char peek(const struct reader *r, size_t ahead)
{
    return (size_t)(r->end - r->at) > ahead ? r->at[ahead] : '\0';
}

static bool begins(const struct reader *r, const char *with)
{
    size_t length = strlen(with);

    return (size_t)(r->end - r->at) >= length && !memcmp(r->at, with, length);
}

static void step(struct reader *r, size_t bytes)
{
    for (; bytes && r->at < r->end; bytes--)
        r->line += *r->at++ == '\n';
}

/* PowerShell takes typographic quotes for quotes. Returns '"', '\'' or 0 and the quote's length. */
static char quote_at(const struct reader *r, size_t *ret_length)
{
    static const struct {
        const char *bytes;
        char quote;
    } rows[] = {
        {"\"", '"'},
        {"\xe2\x80\x9c", '"'},
        {"\xe2\x80\x9d", '"'},
        {"\xe2\x80\x9e", '"'},
        {"'", '\''},
        {"\xe2\x80\x98", '\''},
        {"\xe2\x80\x99", '\''},
        {"\xe2\x80\x9a", '\''},
        {"\xe2\x80\x9b", '\''},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (begins(r, rows[i].bytes)) {
            *ret_length = strlen(rows[i].bytes);
            return rows[i].quote;
        }
    return 0;
}

static bool unended(unsigned line, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_SETUP_IMPORT_UNENDED, TEXT_NUM(line), NULL);
}

/* ---- what is passed over ---- */

/* Passes over a comment; false when there is none here. */
static bool skip_comment(struct reader *r)
{
    if (begins(r, "<#")) {
        while (r->at < r->end && !begins(r, "#>"))
            step(r, 1);
        step(r, 2);
        return true;
    }
    if (peek(r, 0) != '#')
        return false;
    while (r->at < r->end && *r->at != '\n')
        step(r, 1);
    return true;
}

static void skip_blanks(struct reader *r, bool line_ends)
{
    for (;;) {
        char c = peek(r, 0);

        if (r->at < r->end && (c == ' ' || c == '\t' || c == '\r' || (line_ends && c == '\n')))
            step(r, 1);
        else if (c == '`' && (peek(r, 1) == '\n' || (peek(r, 1) == '\r' && peek(r, 2) == '\n')))
            step(r, peek(r, 1) == '\n' ? 2 : 3);
        else if (!skip_comment(r))
            return;
    }
}

/* ---- strings ---- */

/* Collects bytes of a value, cut at the end of the room. */
struct room {
    char *out;
    size_t used, size;
};

static void put(struct room *room, const char *bytes, size_t length)
{
    for (; length && room->used + 1 < room->size; length--)
        room->out[room->used++] = *bytes++;
    room->out[room->used] = 0;
}

static char escaped(char c)
{
    static const char from[] = "ntr0abfve", to[] = "\n\t\r\0\a\b\f\v\x1b";
    const char *found = c ? strchr(from, c) : NULL;

    return found ? to[found - from] : c;
}

/* A here-string: @" to a line that begins with "@. */
static bool read_here(struct reader *r, struct room *room, bool *ret_plain, struct err *err)
{
    char closing[3] = {peek(r, 1), '@', 0};
    unsigned line = r->line;

    step(r, 2);
    while (r->at < r->end && *r->at != '\n')
        step(r, 1);
    while (r->at < r->end) {
        step(r, 1); /* the line end */
        if (begins(r, closing)) {
            step(r, 2);
            return true;
        }
        while (r->at < r->end && *r->at != '\n') {
            *ret_plain = *ret_plain && (closing[0] == '\'' || *r->at != '$');
            put(room, r->at, 1);
            step(r, 1);
        }
        put(room, "\n", 1);
    }
    return unended(line, err);
}

/* A string in quotes; *ret_plain tells whether PowerShell would take it as it stands. */
static bool read_quoted(struct reader *r, struct room *room, bool *ret_plain, struct err *err)
{
    unsigned line = r->line;
    size_t length = 0;
    char quote = quote_at(r, &length);

    step(r, length);
    while (r->at < r->end) {
        if (quote_at(r, &length) == quote) {
            step(r, length);
            if (quote_at(r, &length) != quote)
                return true;
            put(room, r->at, length); /* doubled */
            step(r, length);
        } else if (quote == '"' && *r->at == '`' && r->at + 1 < r->end) {
            char c = escaped(r->at[1]);

            *ret_plain = *ret_plain && c;
            put(room, &c, 1);
            step(r, 2);
        } else {
            char next = peek(r, 1);

            if (quote == '"' && *r->at == '$' && (is_letter(next) || strchr("({:$?^", next)))
                *ret_plain = false;
            put(room, r->at, 1);
            step(r, 1);
        }
    }
    return unended(line, err);
}

/* A string of either form; false in *ret_found when there is none here. */
static bool
read_string(struct reader *r, struct room *room, bool *ret_found, bool *ret_plain, struct err *err)
{
    size_t length;

    *ret_plain = true;
    *ret_found = true;
    if (peek(r, 0) == '@' && (peek(r, 1) == '"' || peek(r, 1) == '\''))
        return read_here(r, room, ret_plain, err);
    if (quote_at(r, &length))
        return read_quoted(r, room, ret_plain, err);
    *ret_found = false;
    return true;
}

/* ---- values ---- */

static bool read_number(const char *text, int64_t *ret_number)
{
    static const struct {
        const char *suffix;
        unsigned shift;
    } units[] = {{"", 0}, {"kb", 10}, {"mb", 20}, {"gb", 30}, {"tb", 40}, {"pb", 50}};
    int64_t number = 0;
    size_t i = 0;

    for (; is_digit(text[i]); i++) {
        if (number > INT64_MAX / 100)
            return false;
        number = number * 10 + (text[i] - '0');
    }
    if (!i)
        return false;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        if (same(text + i, units[u].suffix)) {
            if (number > INT64_MAX >> units[u].shift)
                return false;
            *ret_number = number << units[u].shift;
            return true;
        }
    return false;
}

/* What a value is that is not in quotes. */
static void classify(struct script_entry *entry)
{
    static const struct {
        const char *text;
        int64_t value;
    } bools[] = {{"$true", 1}, {"$false", 0}};

    entry->kind = SCRIPT_EXPRESSION;
    if (read_number(entry->text, &entry->number))
        entry->kind = SCRIPT_NUMBER;
    for (size_t i = 0; i < sizeof bools / sizeof *bools; i++)
        if (same(entry->text, bools[i].text)) {
            entry->kind = SCRIPT_BOOL;
            entry->number = bools[i].value;
        }
    if (same(entry->text, "$null")) {
        entry->kind = SCRIPT_TEXT;
        entry->text[0] = 0;
    }
}

static bool ends_value(const struct reader *r, unsigned depth)
{
    char c = peek(r, 0);

    return r->at >= r->end || (!depth && (c == '\n' || c == ';' || c == '}' || c == '#'));
}

/* Passes over an expression up to the end of the value; its text is kept as it stands. */
static bool skip_expression(struct reader *r, struct room *room, struct err *err)
{
    char waste[1];
    struct room nowhere = {waste, 0, sizeof waste};
    unsigned depth = 0;

    while (!ends_value(r, depth)) {
        const char *begin = r->at;
        bool found, plain;

        if (!read_string(r, &nowhere, &found, &plain, err))
            return false;
        if (!found && (!depth || !skip_comment(r))) {
            depth += strchr("({[", *r->at) != NULL;
            depth -= depth && strchr(")}]", *r->at);
            step(r, 1);
        }
        put(room, begin, (size_t)(r->at - begin));
    }
    while (room->used && strchr(" \t\r", room->out[room->used - 1]))
        room->out[--room->used] = 0;
    return true;
}

static bool read_value(struct reader *r, struct script_entry *entry, struct err *err)
{
    struct room room = {entry->text, 0, sizeof entry->text};
    struct reader begin = *r;
    bool found, plain;

    if (!read_string(r, &room, &found, &plain, err))
        return false;
    skip_blanks(r, false);
    if (found && ends_value(r, 0)) {
        entry->kind = plain && room.used + 1 < room.size ? SCRIPT_TEXT : SCRIPT_EXPRESSION;
    } else {
        *r = begin;
        room.used = 0;
        room.out[0] = 0;
        if (!skip_expression(r, &room, err))
            return false;
        classify(entry);
    }
    if (!text_is_utf8(entry->text, strlen(entry->text))) {
        entry->kind = SCRIPT_EXPRESSION;
        entry->text[0] = 0;
    }
    return true;
}

/* ---- the block ---- */

static bool read_key(struct reader *r, struct script_entry *entry, struct err *err)
{
    struct room room = {entry->key, 0, sizeof entry->key};
    bool found, plain;

    entry->line = r->line;
    if (!read_string(r, &room, &found, &plain, err))
        return false;
    while (!found && (is_letter(peek(r, 0)) || is_digit(peek(r, 0)) || peek(r, 0) == '-')) {
        put(&room, r->at, 1);
        step(r, 1);
    }
    skip_blanks(r, false);
    if (!room.used || peek(r, 0) != '=' || !text_is_utf8(entry->key, room.used))
        return err_set(err, ERR_BAD_INPUT, TEXT_SETUP_IMPORT_LINE, TEXT_NUM(entry->line), NULL);
    step(r, 1);
    return true;
}

/* Reads entries up to the brace that ends the block. */
static bool read_block(struct reader *r, struct script *script, struct err *err)
{
    unsigned line = r->line;

    script->count = 0;
    for (;;) {
        struct script_entry *entry = &script->entries[script->count];

        do {
            skip_blanks(r, true);
        } while (peek(r, 0) == ';' && (step(r, 1), true));
        if (r->at >= r->end)
            return unended(line, err);
        if (*r->at == '}') {
            step(r, 1);
            return true;
        }
        if (script->count == SCRIPT_ENTRIES)
            return err_set(
                err, ERR_TOO_LARGE, TEXT_SETUP_IMPORT_MANY, TEXT_NUM(SCRIPT_ENTRIES), NULL);
        memset(entry, 0, sizeof *entry);
        if (!read_key(r, entry, err))
            return false;
        skip_blanks(r, true);
        entry->line = r->line;
        if (!read_value(r, entry, err))
            return false;
        script->count++;
    }
}

static bool has_key(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (same(script->entries[i].key, BLOCK_KEY))
            return true;
    return false;
}

/* Looks for the block. A hash table that is another one, or none at all, is passed over; the error
 * of the first that could not be read is kept in case no other is found. */
static bool find_block(struct reader r, struct script *script, struct err *why)
{
    char waste[1];

    while (r.at < r.end) {
        struct room nowhere = {waste, 0, sizeof waste};
        struct err here = ERR_INIT;
        bool found, plain;

        if (skip_comment(&r))
            continue;
        if (begins(&r, "@{")) {
            struct reader inside = r;

            step(&inside, 2);
            if (read_block(&inside, script, &here)) {
                if (has_key(script))
                    return true;
            } else if (!err_is_set(why) && has_key(script)) {
                *why = here;
            }
            r = inside; /* what was read is not read again: no input takes long */
            continue;
        }
        if (!read_string(&r, &nowhere, &found, &plain, &here))
            return false; /* nothing follows a string that does not end */
        if (!found)
            step(&r, peek(&r, 0) == '`' ? 2 : 1);
    }
    return false;
}

/* params.txt of a fork: a key and a value on each line, without quotes. */
static bool read_lines(struct reader r, struct script *script)
{
    script->count = 0;
    while (r.at < r.end && script->count < SCRIPT_ENTRIES) {
        struct script_entry *entry = &script->entries[script->count];
        const char *end = memchr(r.at, '\n', (size_t)(r.end - r.at));
        const char *line_end = end ? end : r.end, *equals, *begin = r.at;
        size_t key, value;

        equals = memchr(begin, '=', (size_t)(line_end - begin));
        entry->line = r.line;
        step(&r, (size_t)(line_end - r.at) + 1);
        if (!equals)
            continue;
        while (line_end > equals + 1 && strchr(" \t\r", line_end[-1]))
            line_end--;
        for (equals++; equals < line_end && *equals == ' '; equals++)
            ;
        for (key = 0; is_letter(begin[key]) || is_digit(begin[key]); key++)
            ;
        value = (size_t)(line_end - equals);
        if (!key || key >= sizeof entry->key || value >= sizeof entry->text ||
            !text_is_utf8(equals, value) || memchr(equals, 0, value))
            continue;
        text_copy(entry->key, key + 1, begin);
        memcpy(entry->text, equals, value);
        entry->text[value] = 0;
        classify(entry);
        if (entry->kind == SCRIPT_EXPRESSION && !strchr(entry->text, '$'))
            entry->kind = SCRIPT_TEXT;
        script->count++;
    }
    return has_key(script);
}

/* The bytes as UTF-8, or as they are when they are in some code page: then what is not ASCII is no
 * value. */
static bool decode(const uint8_t *bytes, size_t length, char **ret_text, struct err *err)
{
    bool little = length >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE;
    bool big = length >= 2 && bytes[0] == 0xFE && bytes[1] == 0xFF;
    size_t mark = length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    uint16_t *units;
    bool ok;

    if (!little && !big) {
        char *text = calloc(1, length - mark + 1);

        if (!text)
            return err_no_memory(err);
        if (length > mark)
            memcpy(text, bytes + mark, length - mark);
        *ret_text = text;
        return true;
    }
    units = calloc(length / 2, sizeof *units);
    if (!units)
        return err_no_memory(err);
    for (size_t i = 0; i + 1 < length / 2; i++)
        units[i] = (uint16_t)(bytes[i * 2 + 2 + big] | bytes[i * 2 + 3 - big] << 8);
    ok = utf16_to_utf8(units, length / 2 - 1, ret_text, err);
    free(units);
    return ok;
}

bool script_read(const void *bytes, size_t length, struct script *ret_script, struct err *err)
{
    struct err why = ERR_INIT;
    char *text = NULL;
    struct reader r;
    bool ok;

    if (length > SCRIPT_BYTES)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_SETUP_IMPORT_LARGE, TEXT_NUM((int64_t)SCRIPT_BYTES), NULL);
    if (!decode(bytes, length, &text, err))
        return false;
    r = (struct reader){text, text + strlen(text), 1};
    ok = find_block(r, ret_script, &why);
    if (!ok && !err_is_set(&why))
        ok = read_lines(r, ret_script);
    free(text);
    if (ok)
        return true;
    if (err_is_set(&why)) {
        if (err)
            *err = why;
        return false;
    }
    err_set(err, ERR_NOT_FOUND, TEXT_SETUP_IMPORT_NO_BLOCK, NULL);
    return err_hint(err, TEXT_SETUP_IMPORT_NO_BLOCK_HINT);
}
