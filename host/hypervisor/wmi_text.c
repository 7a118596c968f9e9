/* Literals of WQL, object paths, CIM-XML. */
#include "host/hypervisor/wmi_text.h"

#include "common/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int lower(char c)
{
    return tolower((unsigned char)c);
}

bool wmi_text_same(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

static bool put_escaped(struct buf *out, const char *text, char quote)
{
    bool ok = buf_put(out, &quote, 1);

    for (; ok && *text; text++)
        ok = ((*text != '\\' && *text != quote) || buf_puts(out, "\\")) && buf_put(out, text, 1);
    return ok && buf_put(out, &quote, 1);
}

bool wmi_put_literal(struct buf *out, const char *text)
{
    return put_escaped(out, text, '\'');
}

bool wmi_put_key(struct buf *out, const char *text)
{
    return put_escaped(out, text, '"');
}

/* ---- paths ---- */

/* What follows the namespace: "Class.Key=..". */
static const char *relative(const char *path)
{
    const char *key = strchr(path, '=');
    const char *found = path;

    for (const char *at = path; *at && (!key || at < key); at++)
        if (*at == ':')
            found = at + 1;
    return found;
}

/* Takes the value at *at, which a quote or a comma ends; NULL out measures only. */
static bool take_value(const char **at, char *out, size_t size)
{
    const char *in = *at;
    bool quoted = *in == '"';
    size_t n = 0;

    for (in += quoted; *in && *in != (quoted ? '"' : ','); in++) {
        if (quoted && *in == '\\' && in[1])
            in++;
        if (out && n + 1 >= size)
            return false;
        if (out)
            out[n++] = *in;
    }
    if (quoted && *in++ != '"')
        return false;
    if (out)
        out[n] = 0;
    *at = in;
    return true;
}

bool wmi_path_key(const char *path, const char *key, char *out, size_t size)
{
    const char *at = relative(path);

    at += strcspn(at, ".");
    while (*at == '.' || *at == ',') {
        size_t length = strcspn(++at, "=");
        bool wanted = length == strlen(key);

        for (size_t i = 0; wanted && i < length; i++)
            wanted = lower(at[i]) == lower(key[i]);
        at += length;
        if (*at++ != '=')
            return false;
        if (!take_value(&at, wanted ? out : NULL, size))
            return false;
        if (wanted)
            return true;
    }
    return false;
}

bool wmi_path_same(const char *a, const char *b)
{
    return wmi_text_same(relative(a), relative(b));
}

/* ---- CIM-XML ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* True when the attributes of a start tag, up to its '>', say NAME="name". */
static bool is_named(const char *at, const char *name)
{
    for (;;) {
        size_t length;
        const char *attribute, *end;
        char quote;

        attribute = skip_blanks(at);
        length = strcspn(attribute, "= \t\r\n/>");
        at = skip_blanks(attribute + length);
        if (!length || *at != '=')
            return false;
        at = skip_blanks(at + 1);
        quote = *at;
        end = quote == '"' || quote == '\'' ? strchr(at + 1, quote) : NULL;
        if (!end)
            return false;
        if (length == 4 && !strncmp(attribute, "NAME", 4))
            return (size_t)(end - at - 1) == strlen(name) && !strncmp(at + 1, name, strlen(name));
        at = end + 1;
    }
}

/* Appends the character of "&#...;", *at behind the '#'. */
static bool put_number(struct buf *out, const char **at)
{
    bool hex = **at == 'x' || **at == 'X';
    char *end = NULL, bytes[4];
    unsigned long c = strtoul(*at + hex, &end, hex ? 16 : 10);

    if (end == *at + hex || *end != ';' || !c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    *at = end + 1;
    return buf_put(out, bytes, text_encode((uint32_t)c, bytes));
}

/* Appends the character of an entity, *at behind the '&'. */
static bool put_entity(struct buf *out, const char **at)
{
    static const struct {
        const char *name, *text;
    } entities[] = {{"lt;", "<"}, {"gt;", ">"}, {"amp;", "&"}, {"quot;", "\""}, {"apos;", "'"}};

    if (**at == '#') {
        ++*at;
        return put_number(out, at);
    }
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        size_t length = strlen(entities[i].name);

        if (!strncmp(*at, entities[i].name, length)) {
            *at += length;
            return buf_puts(out, entities[i].text);
        }
    }
    return false;
}

/* Appends the text up to the next tag. */
static bool put_text(struct buf *out, const char *at)
{
    static const char open[] = "<![CDATA[", close[] = "]]>";

    for (;;) {
        size_t plain = strcspn(at, "<&");
        const char *end;

        if (plain && !buf_put(out, at, plain))
            return false;
        at += plain;
        if (*at == '&') {
            at++;
            if (!put_entity(out, &at))
                return false;
        } else if (!strncmp(at, open, sizeof open - 1)) {
            at += sizeof open - 1;
            end = strstr(at, close);
            if (!end || !buf_put(out, at, (size_t)(end - at)))
                return false;
            at = end + sizeof close - 1;
        } else {
            return *at == '<';
        }
    }
}

bool wmi_xml_value(const char *xml, const char *property, struct buf *out)
{
    static const char tag[] = "<PROPERTY ";
    const char *at = xml;

    while ((at = strstr(at, tag)) != NULL) {
        const char *end, *value;

        at += sizeof tag - 1;
        if (!is_named(at, property))
            continue;
        value = strchr(at, '>');
        if (!value)
            return false;
        if (value[-1] == '/')
            return true; /* null */
        end = strstr(value, "</PROPERTY>");
        if (!end)
            return false;
        value = strstr(value, "<VALUE");
        if (!value || value > end)
            return true;
        value = strchr(value, '>');
        return value && value < end && (value[-1] == '/' || put_text(out, value + 1));
    }
    return false;
}
