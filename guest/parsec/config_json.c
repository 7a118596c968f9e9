/*
 * config.json: ["a warning", {"key": {"value": X}, ...}]. The text is checked against the grammar
 * of JSON and edited by the positions of its pieces, because printing a parsed tree anew would
 * change spacing and numbers that are not ours.
 */
#include "guest/parsec/config_scan.h"

#include "common/json.h"

#include <string.h>

#define WARNING                                                                                    \
    "\"Settings of Parsec. If this is not valid JSON, Parsec replaces the file by an empty one.\""

/* True when a string has the escape of the zero character, at which a C string would end. */
static bool has_zero(struct config_span span)
{
    static const char zero[] = "\\u0000";
    size_t i;

    for (i = 0; i + sizeof zero - 1 <= span.length; i++) {
        if (memcmp(span.start + i, zero, sizeof zero - 1) == 0)
            return true;
    }
    return false;
}

/* A string's content; "" when it does not fit, holds a zero or is no string. */
static void string_text(struct config_span span, char *out, size_t size)
{
    cJSON *json = NULL;
    const char *text = "";

    if (!has_zero(span))
        json = cJSON_ParseWithLength(span.start, span.length);
    if (cJSON_IsString(json))
        text = json->valuestring;
    out[0] = '\0';
    if (strlen(text) < size)
        text_copy(out, size, text);
    cJSON_Delete(json);
}

static bool key_is(struct config_span key, const char *name)
{
    char text[PROFILE_KEY_BYTES];

    string_text(key, text, sizeof text);
    return strcmp(text, name) == 0;
}

/* The wanted line of a member; CONFIG_LINES when there is none. */
static size_t member_index(const struct config_lines *wanted, const struct scan_member *member)
{
    char key[PROFILE_KEY_BYTES];

    string_text(member->key, key, sizeof key);
    return config_wanted_index(wanted, (struct config_span){key, strlen(key)});
}

/* The one "value" of a member's object; false when the object has another form. */
static bool inner_value(const struct scan_member *member, struct config_span *ret_value)
{
    struct scan c = scan_start(member->value);
    struct config_span value = {NULL, 0};
    struct scan_member inner;
    unsigned found = 0;

    if (!scan_take(&c, '{'))
        return false;
    while (scan_member(&c, &inner)) {
        if (key_is(inner.key, "value")) {
            value = inner.value;
            found++;
        }
    }
    if (found != 1)
        return false;
    *ret_value = value;
    return true;
}

/* Finds the settings: the first object among the elements. false: no object; *ret_at is then where
 * the array's closing bracket stands. */
static bool find_object(struct config_span input, bool *ret_elements, struct scan *ret_at)
{
    struct scan c = scan_start(input);

    *ret_elements = false;
    scan_blanks(&c);
    scan_take(&c, '[');
    scan_blanks(&c);
    while (c.p < c.end && *c.p != ']') {
        if (*c.p == '{') {
            c.p++;
            *ret_at = c;
            return true;
        }
        *ret_elements = true;
        scan_value(&c, SCAN_DEPTH);
        scan_blanks(&c);
        scan_take(&c, ',');
        scan_blanks(&c);
    }
    *ret_at = c;
    return false;
}

static bool is_empty(struct config_span input)
{
    struct scan c = scan_start(input);

    scan_blanks(&c);
    return c.p == c.end;
}

/* True when the text is one JSON array and nothing else. */
static bool is_settings(struct config_span input)
{
    struct scan c = scan_start(input);

    if (!text_is_utf8(input.start, input.length))
        return false;
    scan_blanks(&c);
    if (c.p >= c.end || *c.p != '[' || !scan_value(&c, SCAN_DEPTH))
        return false;
    scan_blanks(&c);
    return c.p == c.end;
}

/* Notes a member's value as text: strings without quotes, the rest as it stands. */
static void note_member(struct config_pass *pass, size_t index, const struct scan_member *member)
{
    char text[PROFILE_VALUE_BYTES];
    struct config_span value;

    if (!inner_value(member, &value)) {
        config_note_odd(pass, index);
        return;
    }
    if (value.start[0] == '"') {
        string_text(value, text, sizeof text);
        value = (struct config_span){text, strlen(text)};
    }
    config_note(pass, index, value);
}

bool config_json_look(struct config_span input, struct config_pass *pass, struct err *err)
{
    struct scan c;
    struct scan_member member;
    bool elements;

    if (is_empty(input))
        return true;
    if (!is_settings(input))
        return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_CONFIG_BAD, "config.json", NULL);
    if (!find_object(input, &elements, &c))
        return true;
    while (scan_member(&c, &member)) {
        size_t index = member_index(pass->wanted, &member);

        if (index < CONFIG_LINES)
            note_member(pass, index, &member);
    }
    return true;
}

static bool put_span(struct buf *out, struct config_span span)
{
    return buf_put(out, span.start, span.length);
}

static bool put_quoted(struct buf *out, const char *text)
{
    if (!buf_puts(out, "\""))
        return false;
    for (; *text; text++) {
        if ((*text == '"' || *text == '\\') && !buf_puts(out, "\\"))
            return false;
        if (!buf_put(out, text, 1))
            return false;
    }
    return buf_puts(out, "\"");
}

static bool is_true(const char *value)
{
    return strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

static bool is_switch(const char *value)
{
    return is_true(value) || strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
}

/* Writes a whole number without the leading zeros that JSON does not allow. */
static bool put_number(struct buf *out, const char *value)
{
    if (*value == '-' && !buf_put(out, value++, 1))
        return false;
    while (value[0] == '0' && value[1] != '\0')
        value++;
    return buf_puts(out, value);
}

/* Writes the wanted value with the type of the one that stood there (its first character; 0 when
 * there was none), as far as it can carry the value. */
static bool put_value(struct buf *out, const struct config_line *line, char was)
{
    enum config_kind kind = config_kind(line->key, line->value);
    const char *value = line->value;
    bool number = config_kind("", value) == CONFIG_KIND_NUMBER;

    if (was == '"')
        return put_quoted(out, value);
    if (kind == CONFIG_KIND_TEXT)
        return put_quoted(out, value);
    if (was == 't' || was == 'f')
        kind = is_switch(value) ? CONFIG_KIND_WORD : kind;
    else if (was == '-' || (was >= '0' && was <= '9'))
        kind = is_switch(value) ? CONFIG_KIND_SWITCH : kind;
    if (kind == CONFIG_KIND_WORD && is_switch(value))
        return buf_puts(out, is_true(value) ? "true" : "false");
    if (kind == CONFIG_KIND_SWITCH && is_switch(value))
        return buf_puts(out, is_true(value) ? "1" : "0");
    return number ? put_number(out, value) : put_quoted(out, value);
}

/* A member whose value changes; its object keeps its form when it has the usual one. */
static bool
put_changed(struct buf *out, const struct scan_member *member, const struct config_line *line)
{
    const char *end = member->value.start + member->value.length;
    struct config_span value;

    if (!put_span(out, member->lead))
        return false;
    if (!inner_value(member, &value))
        return buf_put(out, member->key.start, (size_t)(member->value.start - member->key.start)) &&
               buf_puts(out, "{\"value\": ") && put_value(out, line, '\0') && buf_puts(out, "}");
    return buf_put(out, member->key.start, (size_t)(value.start - member->key.start)) &&
           put_value(out, line, value.start[0]) &&
           buf_put(out, value.start + value.length, (size_t)(end - (value.start + value.length)));
}

/* True when a member is nothing but {"value": X}, so that a new one can be written after its
 * example. */
static bool is_example(const struct scan_member *member, struct config_span *ret_value)
{
    struct scan c = scan_start(member->value);
    struct scan_member inner, second;

    return scan_take(&c, '{') && scan_member(&c, &inner) && key_is(inner.key, "value") &&
           !scan_member(&c, &second) && inner_value(member, ret_value);
}

/* A new member, spaced like example (NULL: none in the file). */
static bool put_new(struct buf *out,
                    const struct scan_member *example,
                    struct config_span lead,
                    const struct config_line *line)
{
    struct config_span value;
    const char *key_end, *end;

    if (!put_span(out, lead) || !put_quoted(out, line->key))
        return false;
    if (!example || !is_example(example, &value))
        return buf_puts(out, ": {\"value\": ") && put_value(out, line, '\0') && buf_puts(out, "}");
    key_end = example->key.start + example->key.length;
    end = example->value.start + example->value.length;
    return buf_put(out, key_end, (size_t)(value.start - key_end)) && put_value(out, line, '\0') &&
           buf_put(out, value.start + value.length, (size_t)(end - (value.start + value.length)));
}

/* How far the writing of the object has come. */
struct object_edit {
    struct buf *out;
    const struct config_pass *pass;
    bool done[CONFIG_LINES];
    bool any; /* a member was written */
    struct scan_member example;
    bool has_example;
    struct config_span tail; /* blanks before the closing bracket */
};

/* The comma between two members, with the blanks that stood before it. */
static bool put_comma(struct object_edit *edit, struct config_span blanks)
{
    bool comma = edit->any;

    edit->any = true;
    return !comma || (put_span(edit->out, blanks) && buf_puts(edit->out, ","));
}

/* A member of the file: as it stands, changed, or left out. */
static bool put_member(struct object_edit *edit, const struct scan_member *member)
{
    size_t index = member_index(edit->pass->wanted, member);
    const struct config_line *line =
        index < CONFIG_LINES ? &edit->pass->wanted->items[index] : NULL;

    edit->tail = member->tail;
    if (line && (line->absent || edit->done[index]))
        return true;
    if (!put_comma(edit, edit->example.tail))
        return false;
    edit->example = *member;
    edit->has_example = true;
    if (line) {
        edit->done[index] = true;
        if (edit->pass->seen[index].differs)
            return put_changed(edit->out, member, line);
    }
    return put_span(edit->out, member->lead) && put_span(edit->out, member->key) &&
           buf_put(edit->out,
                   member->key.start + member->key.length,
                   (size_t)(member->value.start + member->value.length -
                            (member->key.start + member->key.length)));
}

static bool put_missing(struct object_edit *edit)
{
    struct config_span lead = {"", 0};
    size_t i;

    if (edit->has_example)
        lead = edit->example.lead;
    for (i = 0; i < edit->pass->wanted->count; i++) {
        const struct config_line *line = &edit->pass->wanted->items[i];

        if (line->absent || edit->done[i])
            continue;
        if (!put_comma(edit, (struct config_span){"", 0}) ||
            !put_new(edit->out, edit->has_example ? &edit->example : NULL, lead, line))
            return false;
    }
    return true;
}

/* The object's members, from behind its opening bracket to before the closing one. */
static bool put_object(struct scan *c, const struct config_pass *pass, struct buf *out)
{
    struct object_edit edit = {.out = out, .pass = pass, .tail = {"", 0}, .example.tail = {"", 0}};
    struct scan_member member;

    while (scan_member(c, &member)) {
        if (!put_member(&edit, &member))
            return false;
    }
    return put_missing(&edit) && put_span(out, edit.tail);
}

bool config_json_edit(struct config_span input, const struct config_pass *pass, struct buf *out)
{
    static const struct config_span fresh = {"[" WARNING ", {}]\n",
                                             sizeof "[" WARNING ", {}]\n" - 1};
    struct scan c;
    bool elements, object;

    if (is_empty(input))
        input = fresh;
    object = find_object(input, &elements, &c);
    if (!buf_put(out, input.start, (size_t)(c.p - input.start)))
        return false;
    if (!object && !buf_puts(out, elements ? ", {" : WARNING ", {"))
        return false;
    if (!object) {
        struct config_span none = {"}", 1};
        struct scan empty = {none.start, none.start + 1};

        return put_object(&empty, pass, out) && buf_puts(out, "}") &&
               buf_put(out, c.p, (size_t)(c.end - c.p));
    }
    return put_object(&c, pass, out) && buf_put(out, c.p, (size_t)(c.end - c.p));
}
