/* config.txt: lines of `key = value`, `#` comments, and whatever else stands there. */
#include "guest/parsec/config_edit.h"

#include <string.h>

#define BLANKS         " \t\r\v\f"
#define SEPARATOR_MAX  8 /* bytes around '=' that are taken over as the file's style */
#define DEFAULT_SPACED " = "

/* One line of the file; the pieces point into it. */
struct text_line {
    struct config_span whole; /* with its end */
    struct config_span end;   /* "\n", "\r\n" or empty */
    struct config_span key;   /* length 0: not a key line */
    struct config_span value; /* without blanks around it */
};

static bool is_blank(char c)
{
    return c != '\0' && strchr(BLANKS, c) != NULL;
}

static struct config_span trim(const char *start, const char *end)
{
    while (start < end && is_blank(*start))
        start++;
    while (end > start && is_blank(end[-1]))
        end--;
    return (struct config_span){start, (size_t)(end - start)};
}

/* Takes the next line off *rest; false at the end. */
static bool next_line(struct config_span *rest, struct text_line *ret_line)
{
    const char *start = rest->start, *newline, *end, *equals;

    if (rest->length == 0)
        return false;
    memset(ret_line, 0, sizeof *ret_line);
    newline = memchr(start, '\n', rest->length);
    end = newline ? newline : start + rest->length;
    ret_line->whole =
        (struct config_span){start, newline ? (size_t)(newline + 1 - start) : rest->length};
    rest->start += ret_line->whole.length;
    rest->length -= ret_line->whole.length;
    if (newline && end > start && end[-1] == '\r')
        end--;
    ret_line->end = (struct config_span){end, (size_t)(start + ret_line->whole.length - end)};
    equals = memchr(start, '=', (size_t)(end - start));
    if (!equals)
        return true;
    ret_line->key = trim(start, equals);
    if (ret_line->key.length == 0 || ret_line->key.start[0] == '#')
        ret_line->key.length = 0;
    else
        ret_line->value = trim(equals + 1, end);
    return true;
}

void config_text_look(struct config_span input, struct config_pass *pass)
{
    struct text_line line;

    while (next_line(&input, &line)) {
        size_t index = line.key.length > 0 ? config_wanted_index(pass->wanted, line.key)
                                           : (size_t)CONFIG_LINES;

        if (index < CONFIG_LINES)
            config_note(pass, index, line.value);
    }
}

bool config_text_starts_wanted(struct config_span input, const struct config_lines *wanted)
{
    struct text_line line;

    return next_line(&input, &line) && line.key.length > 0 &&
           config_wanted_index(wanted, line.key) < CONFIG_LINES;
}

/* How this file ends its lines and what it puts around '='. */
struct style {
    struct config_span end;
    struct config_span separator;
};

static struct style find_style(struct config_span input)
{
    struct style style = {{"\r\n", 0}, {DEFAULT_SPACED, 0}};
    struct text_line line;

    while ((style.end.length == 0 || style.separator.length == 0) && next_line(&input, &line)) {
        if (style.end.length == 0 && line.end.length > 0)
            style.end = line.end;
        if (style.separator.length == 0 && line.key.length > 0 && line.value.length > 0) {
            const char *start = line.key.start + line.key.length;

            if (line.value.start - start <= SEPARATOR_MAX)
                style.separator = (struct config_span){start, (size_t)(line.value.start - start)};
        }
    }
    if (style.end.length == 0)
        style.end.length = strlen("\r\n");
    if (style.separator.length == 0)
        style.separator.length = strlen(DEFAULT_SPACED);
    return style;
}

static bool put_span(struct buf *out, struct config_span span)
{
    return buf_put(out, span.start, span.length);
}

/* A remark behind the old value ("1 # two monitors") gets a line of its own above. */
static bool put_remark(struct buf *out, const struct text_line *line, struct config_span end)
{
    const char *value = line->value.start;
    size_t i;

    for (i = 1; i < line->value.length; i++) {
        if (value[i] == '#' && is_blank(value[i - 1]))
            return buf_put(out, value + i, line->value.length - i) && put_span(out, end);
    }
    return true;
}

/* The line with another value; everything around the value stays. */
static bool put_changed(struct buf *out,
                        const struct text_line *line,
                        const struct config_line *wanted,
                        struct config_span end)
{
    const char *after = line->value.start + line->value.length;
    const char *whole_end = line->whole.start + line->whole.length;

    return put_remark(out, line, end) &&
           buf_put(out, line->whole.start, (size_t)(line->value.start - line->whole.start)) &&
           buf_puts(out, wanted->value) && buf_put(out, after, (size_t)(whole_end - after));
}

static bool put_new(struct buf *out, const struct config_line *wanted, struct style style)
{
    return buf_puts(out, wanted->key) && put_span(out, style.separator) &&
           buf_puts(out, wanted->value);
}

/* The lines that stand nowhere yet, at the end of the file. */
static bool
put_missing(struct buf *out, size_t before, const struct config_pass *pass, struct style style)
{
    bool open_end = out->len > before && out->data[out->len - 1] != '\n';
    size_t i;

    for (i = 0; i < pass->wanted->count; i++) {
        const struct config_line *line = &pass->wanted->items[i];

        if (line->absent || pass->seen[i].count > 0)
            continue;
        if (open_end && !put_span(out, style.end))
            return false;
        if (!put_new(out, line, style) || (!open_end && !put_span(out, style.end)))
            return false;
    }
    return !out->failed;
}

/* A line that is not ours. When it comes to stand first and begins like a byte order mark it must
 * not turn into one. */
static bool put_other(struct buf *out, struct config_span line, struct config_span end)
{
    if (out->len == 0 && config_mark(line) != CONFIG_MARK_NONE &&
        (!buf_puts(out, "#") || !put_span(out, end)))
        return false;
    return put_span(out, line);
}

bool config_text_edit(struct config_span input, const struct config_pass *pass, struct buf *out)
{
    struct style style = find_style(input);
    bool done[CONFIG_LINES] = {false};
    struct text_line line;
    size_t before = out->len;

    while (next_line(&input, &line)) {
        size_t index = line.key.length > 0 ? config_wanted_index(pass->wanted, line.key)
                                           : (size_t)CONFIG_LINES;
        const struct config_line *wanted;
        bool ok;

        if (index >= CONFIG_LINES) {
            if (!put_other(out, line.whole, style.end))
                return false;
            continue;
        }
        wanted = &pass->wanted->items[index];
        if (done[index] || wanted->absent)
            continue;
        done[index] = true;
        ok = config_agrees(wanted, line.value) ? put_span(out, line.whole)
                                               : put_changed(out, &line, wanted, style.end);
        if (!ok)
            return false;
    }
    return put_missing(out, before, pass, style);
}
