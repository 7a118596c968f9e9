/* Reading XML piece by piece. */
#include "host/image/wim_xml.h"

#include <string.h>

#define CHARACTER_MOST 0x10ffffu
#define REFERENCE_MOST 10 /* bytes between '&' and ';' */

static const struct {
    const char *name;
    char character;
} entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};

void wim_xml_init(struct wim_xml *xml, const char *text, size_t length, const char *file)
{
    memset(xml, 0, sizeof *xml);
    xml->file = file;
    xml->begin = xml->at = text;
    xml->end = text + length;
}

static bool bad(const struct wim_xml *xml, struct err *err)
{
    err_set(
        err, ERR_BAD_INPUT, TEXT_IMAGE_XML_BAD, xml->file, TEXT_NUM(xml->at - xml->begin), NULL);
    return err_hint(err, TEXT_IMAGE_DAMAGED_HINT);
}

static bool refused(const struct wim_xml *xml, const char *what, struct err *err)
{
    return err_set(err, ERR_UNSAFE, TEXT_IMAGE_XML_REFUSED, xml->file, what, NULL);
}

/* ---- characters and names ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (unsigned char)c >= 0x80;
}

static bool continues_name(char c)
{
    return begins_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool starts_with(const struct wim_xml *xml, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(xml->end - xml->at) >= length && !memcmp(xml->at, text, length);
}

static void skip_space(struct wim_xml *xml)
{
    while (xml->at < xml->end && is_space(*xml->at))
        xml->at++;
}

/* Goes behind the next `text`; false when there is none. */
static bool skip_past(struct wim_xml *xml, const char *text)
{
    size_t length = strlen(text);

    for (; (size_t)(xml->end - xml->at) >= length; xml->at++)
        if (!memcmp(xml->at, text, length)) {
            xml->at += length;
            return true;
        }
    return false;
}

static bool take_name(struct wim_xml *xml, struct wim_xml_span *ret_name, struct err *err)
{
    const char *begin = xml->at;

    if (xml->at == xml->end || !begins_name(*xml->at))
        return bad(xml, err);
    while (xml->at < xml->end && continues_name(*xml->at))
        xml->at++;
    ret_name->at = begin;
    ret_name->length = (size_t)(xml->at - begin);
    return ret_name->length <= WIM_XML_NAME || refused(xml, "name", err);
}

static bool same(struct wim_xml_span a, struct wim_xml_span b)
{
    return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

bool wim_xml_is(struct wim_xml_span span, const char *name)
{
    return span.length == strlen(name) && !memcmp(span.at, name, span.length);
}

/* ---- references ---- */

/* Digits of "#65" or "#x41" to a character that XML allows; 0 when it is none. */
static uint32_t numbered(const char *digits, size_t length)
{
    unsigned base = 10, digit;
    uint32_t c = 0;
    size_t i = 1;

    if (length > 1 && digits[1] == 'x') {
        base = 16;
        i = 2;
    }
    if (i == length)
        return 0;
    for (; i < length; i++) {
        char d = digits[i];

        digit = d >= '0' && d <= '9'   ? (unsigned)(d - '0')
                : d >= 'a' && d <= 'f' ? (unsigned)(d - 'a') + 10
                : d >= 'A' && d <= 'F' ? (unsigned)(d - 'A') + 10
                                       : base;
        if (digit >= base)
            return 0;
        c = c * base + digit;
        if (c > CHARACTER_MOST)
            return 0;
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0xd800 && c <= 0xdfff) ||
        c == 0xfffe || c == 0xffff)
        return 0;
    return c;
}

/* The character of the reference at text, which begins with '&', and its length; 0: it is none. */
static uint32_t reference(const char *text, size_t length, size_t *ret_length)
{
    const char *end = memchr(text, ';', length < REFERENCE_MOST + 2 ? length : REFERENCE_MOST + 2);
    size_t inside;

    if (!end || end - text < 2)
        return 0;
    inside = (size_t)(end - text) - 1;
    *ret_length = inside + 2;
    if (text[1] == '#')
        return numbered(text + 1, inside);
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (strlen(entities[i].name) == inside && !memcmp(text + 1, entities[i].name, inside))
            return (unsigned char)entities[i].character;
    return 0;
}

/* Text and values: every reference is known, no control characters. */
static bool check_text(struct wim_xml *xml, struct wim_xml_span span, struct err *err)
{
    size_t i = 0, length = 0;

    while (i < span.length) {
        char c = span.at[i];

        if (((unsigned char)c < 0x20 && !is_space(c)) ||
            (c == '&' && !reference(span.at + i, span.length - i, &length))) {
            xml->at = span.at + i;
            return bad(xml, err);
        }
        i += c == '&' ? length : 1;
    }
    return true;
}

/* Appends bytes if all of them fit. */
static bool append(char *out, size_t size, size_t *used, const char *bytes, size_t length)
{
    if (length > size - 1 - *used)
        return false;
    memcpy(out + *used, bytes, length);
    *used += length;
    out[*used] = '\0';
    return true;
}

void wim_xml_decode(struct wim_xml_span span, bool literal, char *out, size_t size)
{
    size_t used = strlen(out), i = 0;

    while (i < span.length) {
        char character[4];
        size_t length = 0;
        uint32_t c;

        if (span.at[i] == '&' && !literal) {
            c = reference(span.at + i, span.length - i, &length);
            if (!append(out, size, &used, character, text_encode(c, character)))
                return;
        } else {
            length = text_decode(span.at + i, span.length - i, &c);
            if (!length || !append(out, size, &used, span.at + i, length))
                return;
        }
        i += length;
    }
}

/* ---- markup ---- */

static bool take_attribute(struct wim_xml *xml, struct err *err)
{
    struct wim_xml_attribute *attribute;
    const char *close;
    char quote;

    if (xml->attribute_count == WIM_XML_ATTRIBUTES)
        return refused(xml, "attributes", err);
    attribute = &xml->attributes[xml->attribute_count];
    if (!take_name(xml, &attribute->name, err))
        return false;
    for (size_t i = 0; i < xml->attribute_count; i++)
        if (same(xml->attributes[i].name, attribute->name))
            return bad(xml, err);
    skip_space(xml);
    if (!starts_with(xml, "="))
        return bad(xml, err);
    xml->at++;
    skip_space(xml);
    if (!starts_with(xml, "\"") && !starts_with(xml, "'"))
        return bad(xml, err);
    quote = *xml->at++;
    close = memchr(xml->at, quote, (size_t)(xml->end - xml->at));
    if (!close || memchr(xml->at, '<', (size_t)(close - xml->at)))
        return bad(xml, err);
    attribute->value.at = xml->at;
    attribute->value.length = (size_t)(close - xml->at);
    if (!check_text(xml, attribute->value, err))
        return false;
    xml->at = close + 1;
    xml->attribute_count++;
    return true;
}

static bool take_start(struct wim_xml *xml, struct err *err)
{
    xml->at++;
    xml->attribute_count = 0;
    if (!take_name(xml, &xml->name, err))
        return false;
    if (xml->depth == WIM_XML_DEPTH)
        return refused(xml, "depth", err);
    if (!xml->depth && xml->had_root)
        return bad(xml, err);
    xml->had_root = true;
    xml->open[xml->depth++] = xml->name;
    while (xml->at < xml->end && *xml->at != '>' && *xml->at != '/') {
        if (!is_space(*xml->at))
            return bad(xml, err);
        skip_space(xml);
        if (xml->at < xml->end && *xml->at != '>' && *xml->at != '/' && !take_attribute(xml, err))
            return false;
    }
    xml->closing = starts_with(xml, "/");
    if (!starts_with(xml, xml->closing ? "/>" : ">"))
        return bad(xml, err);
    xml->at += xml->closing ? 2 : 1;
    return true;
}

static bool take_end(struct wim_xml *xml, struct err *err)
{
    xml->at += 2;
    if (!take_name(xml, &xml->name, err))
        return false;
    skip_space(xml);
    if (!starts_with(xml, ">") || !xml->depth || !same(xml->name, xml->open[xml->depth - 1]))
        return bad(xml, err);
    xml->at++;
    xml->depth--;
    return true;
}

static bool take_text(struct wim_xml *xml, struct err *err)
{
    const char *close = memchr(xml->at, '<', (size_t)(xml->end - xml->at));

    if (!close)
        close = xml->end;
    xml->text.at = xml->at;
    xml->text.length = (size_t)(close - xml->at);
    xml->literal = false;
    if (!xml->depth) { /* between prolog, root and end */
        skip_space(xml);
        return xml->at == close || bad(xml, err);
    }
    if (!check_text(xml, xml->text, err))
        return false;
    xml->at = close;
    return true;
}

static bool take_cdata(struct wim_xml *xml, struct err *err)
{
    xml->at += sizeof "<![CDATA[" - 1;
    xml->text.at = xml->at;
    xml->literal = true;
    if (!xml->depth || !skip_past(xml, "]]>"))
        return bad(xml, err);
    xml->text.length = (size_t)(xml->at - xml->text.at) - 3;
    return true;
}

/* What stands between elements and says nothing. */
static bool take_other(struct wim_xml *xml, struct err *err)
{
    if (starts_with(xml, "<!DOCTYPE") || starts_with(xml, "<!ENTITY"))
        return refused(xml, "DOCTYPE", err);
    if (starts_with(xml, "<!--")) {
        xml->at += 4;
        return skip_past(xml, "-->") || bad(xml, err);
    }
    if (starts_with(xml, "<?"))
        return skip_past(xml, "?>") || bad(xml, err);
    return bad(xml, err);
}

bool wim_xml_next(struct wim_xml *xml, enum wim_xml_event *ret_event, struct err *err)
{
    if (xml->closing) {
        xml->closing = false;
        xml->depth--;
        *ret_event = WIM_XML_END;
        return true;
    }
    while (xml->at < xml->end) {
        if (*xml->at != '<') {
            *ret_event = WIM_XML_TEXT;
            if (!take_text(xml, err))
                return false;
            if (!xml->depth)
                continue;
            return true;
        }
        if (starts_with(xml, "<![CDATA[")) {
            *ret_event = WIM_XML_TEXT;
            return take_cdata(xml, err);
        }
        if (starts_with(xml, "</")) {
            *ret_event = WIM_XML_END;
            return take_end(xml, err);
        }
        if (xml->end - xml->at > 1 && begins_name(xml->at[1])) {
            *ret_event = WIM_XML_START;
            return take_start(xml, err);
        }
        if (!take_other(xml, err))
            return false;
    }
    if (xml->depth || !xml->had_root)
        return bad(xml, err);
    *ret_event = WIM_XML_DONE;
    return true;
}

const struct wim_xml_attribute *wim_xml_find(const struct wim_xml *xml, const char *name)
{
    for (size_t i = 0; i < xml->attribute_count; i++)
        if (wim_xml_is(xml->attributes[i].name, name))
            return &xml->attributes[i];
    return NULL;
}
