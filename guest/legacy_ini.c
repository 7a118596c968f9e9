#include "guest/legacy_ini.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 256 /* larger numbers of entries are left alone */
#define USER_UNIT   UINT32_C(0x10000)

/* ---- encodings ---- */

static bool has_utf16_mark(const uint8_t *data, size_t length)
{
    return length >= 2 && data[0] == 0xff && data[1] == 0xfe;
}

static bool decode(const uint8_t *data, size_t length, struct buf *text, struct err *err)
{
    uint16_t *units = NULL;
    char *utf8 = NULL;
    size_t count;
    bool ok = false;

    if (!has_utf16_mark(data, length))
        return buf_put(text, data, length) || err_no_memory(err);
    count = length / 2 - 1;
    units = malloc((count + 1) * sizeof *units);
    if (!units)
        return err_no_memory(err);
    ok = length % 2 == 0;
    for (size_t i = 0; i < count; i++) {
        units[i] = (uint16_t)(data[2 + 2 * i] | (unsigned)data[3 + 2 * i] << 8);
        ok = ok && units[i];
    }
    /* half a unit, or an end in the middle, would be lost on the way back */
    ok = ok ? utf16_to_utf8(units, count, &utf8, err)
            : err_set(err, ERR_BAD_INPUT, TEXT_NOT_UTF16, NULL);
    if (ok)
        ok = buf_puts(text, utf8) || err_no_memory(err);
    free(utf8);
    free(units);
    return ok;
}

static bool encode(const struct buf *text, bool utf16, struct buf *out, struct err *err)
{
    uint16_t *units = NULL;
    bool ok;

    if (!utf16)
        return buf_put(out, text->data, text->len) || err_no_memory(err);
    if (!utf16_from_utf8(buf_str(text), &units, err))
        return false;
    ok = buf_put(out, "\xff\xfe", 2);
    for (size_t i = 0; ok && units[i]; i++) {
        uint8_t pair[2] = {(uint8_t)(units[i] & 0xff), (uint8_t)(units[i] >> 8)};

        ok = buf_put(out, pair, sizeof pair);
    }
    free(units);
    return ok || err_no_memory(err);
}

/* ---- ASCII without case, on text that need not end with 0 ---- */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool same(const char *text, size_t length, const char *word)
{
    if (strlen(word) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (lower(text[i]) != lower(word[i]))
            return false;
    return true;
}

static bool ends_with(const char *text, size_t length, const char *word)
{
    size_t tail = strlen(word);

    return length >= tail && same(text + length - tail, tail, word);
}

/* Finds text in data whose characters are `step` bytes long, low byte first. */
static bool holds(const uint8_t *data, size_t length, size_t step, const char *text)
{
    size_t count = strlen(text);

    for (size_t start = 0; start + count * step <= length; start++) {
        size_t i = 0;

        while (i < count && lower((char)data[start + i * step]) == lower(text[i]) &&
               (step == 1 || data[start + i * step + 1] == 0))
            i++;
        if (i == count)
            return true;
    }
    return false;
}

bool legacy_text_holds(const void *data, size_t length, const char *text)
{
    return holds(data, length, 1, text) || holds(data, length, 2, text);
}

/* ---- lines ---- */

struct piece {
    const char *text;
    size_t length;
};

static struct piece trim(const char *text, size_t length)
{
    struct piece piece = {text, length};

    while (piece.length && strchr(" \t\r\n", piece.text[0]) && piece.text[0]) {
        piece.text++;
        piece.length--;
    }
    while (piece.length && piece.text[piece.length - 1] &&
           strchr(" \t\r\n", piece.text[piece.length - 1]))
        piece.length--;
    return piece;
}

/* Walks over lines and knows in which section it is. */
struct walk {
    const char *at, *end;
    struct piece line; /* with its end */
    struct piece section;
};

static void walk_init(struct walk *walk, const struct buf *text)
{
    *walk = (struct walk){.at = buf_str(text), .end = buf_str(text) + text->len};
    if (text->len >= 3 && memcmp(walk->at, "\xef\xbb\xbf", 3) == 0)
        walk->at += 3;
}

static bool walk_next(struct walk *walk)
{
    const char *end;
    struct piece body;

    if (walk->at == walk->end)
        return false;
    end = memchr(walk->at, '\n', (size_t)(walk->end - walk->at));
    end = end ? end + 1 : walk->end;
    walk->line = (struct piece){walk->at, (size_t)(end - walk->at)};
    walk->at = end;
    body = trim(walk->line.text, walk->line.length);
    if (body.length >= 2 && body.text[0] == '[' && body.text[body.length - 1] == ']')
        walk->section = trim(body.text + 1, body.length - 2);
    return true;
}

/* Splits `key = value`. */
static bool split(struct piece line, struct piece *ret_key, struct piece *ret_value)
{
    const char *equals = memchr(line.text, '=', line.length);

    if (!equals)
        return false;
    *ret_key = trim(line.text, (size_t)(equals - line.text));
    *ret_value = trim(equals + 1, line.length - (size_t)(equals + 1 - line.text));
    return true;
}

/* Reads digits at the front of *key and takes them off. */
static bool take_number(struct piece *key, uint32_t limit, uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t digits = 0;

    while (digits < key->length && key->text[digits] >= '0' && key->text[digits] <= '9') {
        uint32_t digit = (uint32_t)(key->text[digits++] - '0');

        if (number > (limit - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (!digits)
        return false;
    key->text += digits;
    key->length -= digits;
    *ret_number = number;
    return true;
}

/* A line `<n>CmdLine=` or `<n>Parameters=` of the section. */
static bool numbered(const struct walk *walk,
                     const struct legacy_entry *entry,
                     uint32_t *ret_number,
                     struct piece *ret_name,
                     struct piece *ret_value)
{
    return same(walk->section.text, walk->section.length, entry->section) &&
           split(walk->line, ret_name, ret_value) &&
           take_number(ret_name, ENTRIES_MAX - 1, ret_number) &&
           (same(ret_name->text, ret_name->length, "CmdLine") ||
            same(ret_name->text, ret_name->length, "Parameters"));
}

static struct piece unquote(struct piece value)
{
    if (value.length >= 2 && value.text[0] == '"' && value.text[value.length - 1] == '"')
        return (struct piece){value.text + 1, value.length - 2};
    return value;
}

/* Marks the numbers of the entries to take out. */
static bool
find_entries(const struct buf *text, const struct legacy_entry *entry, bool gone[ENTRIES_MAX])
{
    struct piece name, value;
    struct walk walk;
    uint32_t number;
    bool found = false;

    walk_init(&walk, text);
    while (walk_next(&walk)) {
        if (!numbered(&walk, entry, &number, &name, &value) ||
            !same(name.text, name.length, "CmdLine"))
            continue;
        value = unquote(value);
        if (same(value.text, value.length, entry->script) ||
            ends_with(value.text, value.length, entry->path)) {
            gone[number] = true;
            found = true;
        }
    }
    return found;
}

static void copy_without(const struct buf *text,
                         const struct legacy_entry *entry,
                         const bool gone[ENTRIES_MAX],
                         struct buf *out)
{
    struct piece name, value;
    struct walk walk;
    uint32_t number, moved;

    walk_init(&walk, text);
    buf_put(out, text->data, (size_t)(walk.at - buf_str(text)));
    while (walk_next(&walk)) {
        if (!numbered(&walk, entry, &number, &name, &value)) {
            buf_put(out, walk.line.text, walk.line.length);
            continue;
        }
        if (gone[number])
            continue;
        moved = number;
        for (uint32_t i = 0; i < number; i++)
            moved -= gone[i];
        buf_printf(out, "%u", (unsigned)moved);
        buf_put(out, name.text, walk.line.length - (size_t)(name.text - walk.line.text));
    }
}

bool legacy_ini_remove(const void *data,
                       size_t length,
                       const struct legacy_entry *entry,
                       struct buf *out,
                       bool *ret_found,
                       struct err *err)
{
    bool gone[ENTRIES_MAX] = {false}, found = false, ok = false;
    struct buf text, edited;

    buf_init(&text, 2 * length + 1);
    buf_init(&edited, 2 * length + 1);
    if (!decode(data, length, &text, err))
        goto out;
    found = find_entries(&text, entry, gone);
    if (found) {
        copy_without(&text, entry, gone, &edited);
        ok = edited.failed ? err_no_memory(err)
                           : encode(&edited, has_utf16_mark(data, length), out, err);
    } else {
        ok = buf_put(out, data, length) || err_no_memory(err);
    }

out:
    if (ok)
        *ret_found = found;
    buf_done(&edited);
    buf_done(&text);
    return ok;
}

/* The user's changes count in the upper half, the machine's in the lower one. */
static uint32_t raised(uint32_t version, bool user_part)
{
    uint32_t user = version / USER_UNIT, machine = version % USER_UNIT;

    if (user_part)
        user = user == USER_UNIT - 1 ? 1 : user + 1;
    else
        machine = machine == USER_UNIT - 1 ? 1 : machine + 1;
    return user * USER_UNIT + machine;
}

bool legacy_ini_raise(
    const void *data, size_t length, bool user_part, struct buf *out, struct err *err)
{
    struct piece key, value, digits;
    struct buf text, edited;
    struct walk walk;
    uint32_t version;
    bool ok = false;

    buf_init(&text, 2 * length + 1);
    buf_init(&edited, 2 * length + 32);
    if (!decode(data, length, &text, err))
        goto out;
    walk_init(&walk, &text);
    buf_put(&edited, text.data, (size_t)(walk.at - buf_str(&text)));
    while (walk_next(&walk)) {
        if (same(walk.section.text, walk.section.length, "General") &&
            split(walk.line, &key, &value) && same(key.text, key.length, "Version")) {
            digits = value;
            if (take_number(&digits, UINT32_MAX, &version) && digits.length == 0) {
                buf_put(&edited, walk.line.text, (size_t)(value.text - walk.line.text));
                buf_printf(&edited, "%lu", (unsigned long)raised(version, user_part));
                buf_put(&edited,
                        digits.text,
                        walk.line.length - (size_t)(digits.text - walk.line.text));
                continue;
            }
        }
        buf_put(&edited, walk.line.text, walk.line.length);
    }
    ok = edited.failed ? err_no_memory(err)
                       : encode(&edited, has_utf16_mark(data, length), out, err);

out:
    buf_done(&edited);
    buf_done(&text);
    return ok;
}
