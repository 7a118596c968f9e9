#include "host/driver/inf_file.h"

#include "common/buf.h"
#include "common/fs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_TEXT_BYTES (64u << 20) /* all fields, as UTF-8 */

struct line {
    uint32_t section, key, first, count; /* section, key: into names; first: into fields */
};

struct inf_file {
    struct buf text; /* the file as UTF-8, lines joined */
    struct buf names;
    struct line *lines;
    size_t line_count, line_cap;
    uint32_t *fields; /* into names */
    size_t field_count, field_cap;
};

struct reader {
    struct inf_file *inf;
    const char *name;
    const char *at, *end;
    uint32_t section;
    bool in_section;
    struct err *err;
};

/* ---- bytes to UTF-8 ---- */

static bool put_char(struct buf *out, uint32_t c)
{
    char bytes[4];

    return buf_put(out, bytes, text_encode(c, bytes));
}

static bool from_utf16(const uint8_t *data, size_t length, struct buf *out)
{
    for (size_t i = 0; i + 1 < length; i += 2) {
        uint32_t c = (uint32_t)(data[i] | data[i + 1] << 8);

        if (c >= 0xD800 && c < 0xDC00 && i + 3 < length) {
            uint32_t low = (uint32_t)(data[i + 2] | data[i + 3] << 8);

            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        if (c == 0 || (c >= 0xD800 && c < 0xE000))
            c = 0xFFFD;
        if (!put_char(out, c))
            return false;
    }
    return true;
}

static bool from_bytes(const uint8_t *data, size_t length, struct buf *out)
{
    bool utf8 = text_is_utf8((const char *)data, length);

    for (size_t i = 0; i < length; i++) {
        uint8_t c = data[i] ? data[i] : '?';

        if (c >= 0x80 && !utf8) {
            if (!put_char(out, 0xFFFD))
                return false;
        } else if (!buf_put(out, &c, 1)) {
            return false;
        }
    }
    return true;
}

static bool decode(const uint8_t *data, size_t length, struct buf *out)
{
    if (length >= 2 && data[0] == 0xFF && data[1] == 0xFE)
        return from_utf16(data + 2, length - 2, out);
    if (length >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF)
        return from_bytes(data + 3, length - 3, out);
    return from_bytes(data, length, out);
}

/* ---- the pieces of a line ---- */

static bool too_large(struct reader *r, const char *limit)
{
    return err_set(r->err, ERR_TOO_LARGE, TEXT_DRIVER_INF_LARGE, r->name, limit, NULL);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Keeps text[0..length) as a string; *ret_at is its place. */
static bool keep(struct reader *r, const char *text, size_t length, uint32_t *ret_at)
{
    struct buf *names = &r->inf->names;

    *ret_at = (uint32_t)names->len;
    if (buf_put(names, text, length) && buf_put(names, "", 1))
        return true;
    return too_large(r, "64 MB");
}

/* Room for one more of something that grows. */
static bool grow(struct reader *r, void **items, size_t *cap, size_t count, size_t size, size_t max)
{
    size_t wanted = *cap ? *cap * 2 : 256;
    void *more;

    if (count == max)
        return too_large(r, "400000 lines");
    if (count < *cap)
        return true;
    more = realloc(*items, wanted * size);
    if (!more)
        return err_no_memory(r->err);
    *items = more;
    *cap = wanted;
    return true;
}

static bool add_field(struct reader *r, uint32_t at)
{
    struct inf_file *inf = r->inf;
    void *fields = inf->fields;
    bool ok =
        grow(r, &fields, &inf->field_cap, inf->field_count, sizeof *inf->fields, INF_FILE_FIELDS);

    inf->fields = fields;
    if (ok)
        inf->fields[inf->field_count++] = at;
    return ok;
}

static bool add_line(struct reader *r, uint32_t key, uint32_t first)
{
    struct inf_file *inf = r->inf;
    void *lines = inf->lines;
    bool ok = grow(r, &lines, &inf->line_cap, inf->line_count, sizeof *inf->lines, INF_FILE_LINES);

    inf->lines = lines;
    if (ok)
        inf->lines[inf->line_count++] =
            (struct line){r->section, key, first, (uint32_t)(inf->field_count - first)};
    return ok;
}

/* The end of what belongs to one line: a comment or the line's end; "\" before that joins the next
 * one, which is replaced by blanks in the text. */
static char *line_end(char *at, char *end)
{
    bool quoted = false;

    for (; at < end && *at != '\n'; at++) {
        char *back = at;

        if (*at == '"')
            quoted = !quoted;
        if (*at == ';' && !quoted)
            break;
        if (*at != '\\' || quoted)
            continue;
        while (++back < end && is_blank(*back))
            ;
        if (back < end && *back == '\n')
            memset(at, ' ', (size_t)(back - at) + 1);
    }
    return at;
}

/* One value up to `stop` or the end of the line, quotes taken off; leaves r->at behind it. */
static bool take_value(struct reader *r, const char *end, const char *stops, uint32_t *ret_at)
{
    struct buf value;
    bool quoted = false, ok = true;

    while (r->at < end && is_blank(*r->at))
        r->at++;
    buf_init(&value, (size_t)(end - r->at) + 1);
    for (; ok && r->at < end && (quoted || !strchr(stops, *r->at)); r->at++) {
        if (*r->at != '"') {
            ok = buf_put(&value, r->at, 1);
        } else if (quoted && r->at + 1 < end && r->at[1] == '"') {
            ok = buf_put(&value, "\"", 1);
            r->at++;
        } else {
            quoted = !quoted;
        }
    }
    while (value.len && is_blank((char)value.data[value.len - 1]))
        value.len--;
    ok = ok ? keep(r, value.len ? (const char *)value.data : "", value.len, ret_at)
            : err_no_memory(r->err);
    buf_done(&value);
    return ok;
}

static bool take_fields(struct reader *r, const char *end)
{
    uint32_t at = 0;

    for (;;) {
        if (!take_value(r, end, ",", &at) || !add_field(r, at))
            return false;
        if (r->at == end)
            return true;
        r->at++;
    }
}

static bool has_key(const char *at, const char *end)
{
    bool quoted = false;

    for (; at < end; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at == '=' && !quoted)
            return true;
    }
    return false;
}

static bool take_section(struct reader *r, const char *end)
{
    const char *close = memchr(r->at, ']', (size_t)(end - r->at));
    const char *from = r->at + 1;

    if (!close)
        return err_set(r->err, ERR_BAD_INPUT, TEXT_DRIVER_INF, r->name, "[", NULL);
    while (from < close && is_blank(*from))
        from++;
    while (close > from && is_blank(close[-1]))
        close--;
    r->in_section = true;
    return keep(r, from, (size_t)(close - from), &r->section);
}

static bool take_line(struct reader *r, const char *end)
{
    uint32_t key = 0, first = (uint32_t)r->inf->field_count;

    while (r->at < end && is_blank(*r->at))
        r->at++;
    if (r->at == end)
        return true;
    if (*r->at == '[')
        return take_section(r, end);
    if (!r->in_section)
        return true; /* what stands before the first section has no meaning */
    if (has_key(r->at, end)) {
        if (!take_value(r, end, "=", &key))
            return false;
        r->at++;
    }
    return take_fields(r, end) && add_line(r, key, first);
}

static bool parse_lines(struct reader *r)
{
    char *at = (char *)r->inf->text.data, *end = at + r->inf->text.len;

    while (at < end) {
        char *stop = line_end(at, end);

        r->at = at;
        if (!take_line(r, stop))
            return false;
        while (stop < end && *stop != '\n')
            stop++;
        at = stop + (stop < end);
    }
    return true;
}

static bool parse(struct reader *r)
{
    uint32_t empty;

    if (!keep(r, "", 0, &empty) || /* at 0: no key */
        (r->inf->text.len && !parse_lines(r)))
        return false;
    return r->inf->line_count > 0 ||
           err_set(r->err, ERR_BAD_INPUT, TEXT_DRIVER_INF, r->name, "[Version]", NULL);
}

bool inf_file_parse(
    const char *name, const void *data, size_t length, struct inf_file **ret_inf, struct err *err)
{
    struct inf_file *inf = NULL;
    struct reader reader = {.name = name, .err = err};
    bool ok;

    if (length > INF_FILE_BYTES)
        return too_large(&reader, "16 MB");
    inf = calloc(1, sizeof *inf);
    if (!inf)
        return err_no_memory(err);
    buf_init(&inf->text, 3 * (size_t)INF_FILE_BYTES);
    buf_init(&inf->names, FIELD_TEXT_BYTES);
    reader.inf = inf;
    ok = decode(data, length, &inf->text) || err_no_memory(err);
    ok = ok && parse(&reader);
    buf_done(&inf->text);
    if (ok)
        *ret_inf = inf;
    else
        inf_file_free(inf);
    return ok;
}

bool inf_file_read(const char *path, struct inf_file **ret_inf, struct err *err)
{
    struct buf data;
    bool ok;

    buf_init(&data, INF_FILE_BYTES);
    ok = fs_read(path, INF_FILE_BYTES, &data, err) &&
         inf_file_parse(path, data.len ? data.data : (const uint8_t *)"", data.len, ret_inf, err);
    buf_done(&data);
    return ok;
}

void inf_file_free(struct inf_file *inf)
{
    if (!inf)
        return;
    buf_done(&inf->text);
    buf_done(&inf->names);
    free(inf->lines);
    free(inf->fields);
    free(inf);
}

/* ---- asking ---- */

bool inf_file_same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

static const char *name_at(const struct inf_file *inf, uint32_t at)
{
    return (const char *)inf->names.data + at;
}

bool inf_file_next(const struct inf_file *inf,
                   const char *section,
                   size_t *cursor,
                   struct inf_line *ret_line)
{
    for (; *cursor < inf->line_count; ++*cursor) {
        const struct line *line = &inf->lines[*cursor];
        const char *name = name_at(inf, line->section);

        if (section && !inf_file_same(name, section))
            continue;
        *ret_line = (struct inf_line){.section = name,
                                      .key = name_at(inf, line->key),
                                      .count = line->count,
                                      .first = line->first};
        ++*cursor;
        return true;
    }
    return false;
}

const char *inf_file_raw(const struct inf_file *inf, const struct inf_line *line, size_t index)
{
    return index < line->count ? name_at(inf, inf->fields[line->first + index]) : "";
}

/* The value of a string, without other strings in it; NULL when there is none. */
static const char *find_string(const struct inf_file *inf, const char *name, size_t length)
{
    struct inf_line line;
    size_t cursor = 0;

    while (inf_file_next(inf, "Strings", &cursor, &line))
        if (strlen(line.key) == length) {
            size_t i = 0;

            while (i < length &&
                   tolower((unsigned char)line.key[i]) == tolower((unsigned char)name[i]))
                i++;
            if (i == length)
                return inf_file_raw(inf, &line, 0);
        }
    return NULL;
}

/* Fills strings into raw; false when the result does not fit. */
static bool expand(const struct inf_file *inf, const char *raw, char *out)
{
    size_t used = 0;

    while (*raw) {
        const char *close = *raw == '%' ? strchr(raw + 1, '%') : NULL, *value = raw;
        size_t length = 1, taken = 1;

        if (close) {
            value = close == raw + 1 ? "%" : find_string(inf, raw + 1, (size_t)(close - raw - 1));
            taken = (size_t)(close - raw) + 1;
            length = value ? strlen(value) : taken;
            value = value ? value : raw;
        }
        if (length >= INF_TEXT_BYTES - used)
            return false;
        memcpy(out + used, value, length);
        used += length;
        raw += taken;
    }
    out[used] = '\0';
    return true;
}

const char *
inf_file_field(const struct inf_file *inf, const struct inf_line *line, size_t index, char *out)
{
    if (!expand(inf, inf_file_raw(inf, line, index), out))
        *out = '\0';
    return out;
}

const char *inf_file_value(
    const struct inf_file *inf, const char *section, const char *key, size_t index, char *out)
{
    struct inf_line line;
    size_t cursor = 0;

    *out = '\0';
    while (inf_file_next(inf, section, &cursor, &line))
        if (inf_file_same(line.key, key))
            return inf_file_field(inf, &line, index, out);
    return out;
}
