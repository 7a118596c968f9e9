/* Parsing and writing; the strict check itself is json_scan.c, the getters are json_get.c. */
#include "common/json.h"

#include "common/json_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INDENT "  "

const struct json_limits json_limits_message = {
    .bytes = 256 * 1024,
    .depth = 16,
    .elements = 20000,
};

const struct json_limits json_limits_file = {
    .bytes = 4 * 1024 * 1024,
    .depth = 24,
    .elements = 200000,
};

bool json_parse(const char *text,
                size_t length,
                const struct json_limits *limits,
                cJSON **ret_json,
                struct err *err)
{
    cJSON *json;

    if (!json_scan(text, length, limits, err))
        return false;
    json = cJSON_ParseWithLengthOpts(text, length, NULL, false);
    if (!json)
        return err_no_memory(err); /* the text is good, so nothing else is left */
    *ret_json = json;
    return true;
}

/* How a value is written: ASCII in one line, or indented UTF-8. */
struct style {
    bool ascii;
    bool lines;
};

static bool write_unit(struct buf *out, uint32_t unit)
{
    return buf_printf(out, "\\u%04x", (unsigned)unit);
}

static bool write_char(struct buf *out, const struct style *style, uint32_t c)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    const char *found = c && c < 0x80 ? strchr(escaped, (int)c) : NULL;
    char utf8[4];

    if (found)
        return buf_put(out, "\\", 1) && buf_put(out, &names[found - escaped], 1);
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || (style->ascii && c >= 0x80 && c < 0x10000))
        return write_unit(out, c);
    if (style->ascii && c >= 0x10000)
        return write_unit(out, 0xD800 + ((c - 0x10000) >> 10)) &&
               write_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    return buf_put(out, utf8, text_encode(c, utf8));
}

/* Bytes at the front that are written as they are. */
static size_t plain_length(const char *text)
{
    size_t n = 0;

    while (text[n] >= 0x20 && text[n] < 0x7F && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

/* Bytes that are not UTF-8 become U+FFFD, so that what is written can always be read. */
static bool write_escaped(struct buf *out, const struct style *style, const char *text)
{
    size_t left = strlen(text);
    bool ok = buf_put(out, "\"", 1);

    while (ok && left) {
        size_t n = plain_length(text);

        if (n) {
            ok = buf_put(out, text, n);
        } else {
            uint32_t c = 0xFFFD;

            n = text_decode(text, left, &c);
            ok = write_char(out, style, n ? c : 0xFFFD);
            n = n ? n : 1;
        }
        text += n;
        left -= n;
    }
    return ok && buf_put(out, "\"", 1);
}

/* Most strings need no escape and go in one piece. */
static bool write_string(struct buf *out, const struct style *style, const char *text)
{
    size_t length = plain_length(text);
    uint8_t *to;

    if (text[length])
        return write_escaped(out, style, text);
    to = buf_reserve(out, length + 2);
    if (!to)
        return false;
    to[0] = to[length + 1] = '"';
    memcpy(to + 1, text, length);
    buf_added(out, length + 2);
    return true;
}

static bool write_number(struct buf *out, double number)
{
    char text[40];
    int precision;

    if (!isfinite(number))
        return buf_puts(out, "null");
    if (number >= -(double)JSON_INT_MAX && number <= (double)JSON_INT_MAX &&
        (double)(int64_t)number == number)
        return buf_puts(out, TEXT_NUM((int64_t)number));
    for (precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return buf_puts(out, text);
}

static bool write_break(struct buf *out, const struct style *style, unsigned depth)
{
    bool ok = true;

    if (!style->lines)
        return true;
    ok = buf_put(out, "\n", 1);
    while (ok && depth--)
        ok = buf_puts(out, INDENT);
    return ok;
}

static bool
write_value(struct buf *out, const struct style *style, const cJSON *json, unsigned depth);

static bool
write_members(struct buf *out, const struct style *style, const cJSON *json, unsigned depth)
{
    bool object = (json->type & 0xFF) == cJSON_Object;
    const cJSON *item;

    for (item = json->child; item; item = item->next) {
        if (!write_break(out, style, depth + 1))
            return false;
        if (object &&
            (!write_string(out, style, item->string) || !buf_puts(out, style->lines ? ": " : ":")))
            return false;
        if (!write_value(out, style, item, depth + 1) || (item->next && !buf_put(out, ",", 1)))
            return false;
    }
    return !json->child || write_break(out, style, depth);
}

static bool
write_value(struct buf *out, const struct style *style, const cJSON *json, unsigned depth)
{
    switch (json->type & 0xFF) {
    case cJSON_String:
        return write_string(out, style, json->valuestring);
    case cJSON_Number:
        return write_number(out, json->valuedouble);
    case cJSON_True:
        return buf_put(out, "true", 4);
    case cJSON_False:
        return buf_put(out, "false", 5);
    case cJSON_Object:
        return buf_put(out, "{", 1) && write_members(out, style, json, depth) &&
               buf_put(out, "}", 1);
    case cJSON_Array:
        return buf_put(out, "[", 1) && write_members(out, style, json, depth) &&
               buf_put(out, "]", 1);
    default:
        return buf_put(out, "null", 4);
    }
}

/* Writes all or nothing. */
static bool write_whole(struct buf *out, const struct style *style, const cJSON *json)
{
    size_t before = out->len;
    bool ok = write_value(out, style, json, 0) && (!style->lines || buf_put(out, "\n", 1));

    if (!ok && out->data) {
        out->len = before;
        out->data[before] = 0;
    }
    return ok;
}

bool json_write(const cJSON *json, struct buf *out)
{
    static const struct style style = {.ascii = true, .lines = false};

    return write_whole(out, &style, json);
}

bool json_write_pretty(const cJSON *json, struct buf *out)
{
    static const struct style style = {.ascii = false, .lines = true};

    return write_whole(out, &style, json);
}
