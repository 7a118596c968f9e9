/* The grammar of JSON, by positions. */
#include "guest/parsec/config_scan.h"

#include <string.h>

struct scan scan_start(struct config_span text)
{
    return (struct scan){text.start, text.start + text.length};
}

void scan_blanks(struct scan *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

bool scan_take(struct scan *c, char wanted)
{
    if (c->p >= c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* One escape, behind the backslash. */
static bool take_escape(struct scan *c)
{
    unsigned i;

    if (c->p >= c->end || *c->p == '\0')
        return false;
    if (*c->p != 'u')
        return strchr("\"\\/bfnrt", *c->p++) != NULL;
    for (i = 0, c->p++; i < 4; i++, c->p++) {
        if (c->p >= c->end || !is_hex(*c->p))
            return false;
    }
    return true;
}

static bool take_string(struct scan *c)
{
    if (!scan_take(c, '"'))
        return false;
    while (c->p < c->end && *c->p != '"') {
        if ((unsigned char)*c->p < 0x20)
            return false;
        if (*c->p++ == '\\' && !take_escape(c))
            return false;
    }
    return scan_take(c, '"');
}

static size_t take_digits(struct scan *c)
{
    const char *start = c->p;

    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return (size_t)(c->p - start);
}

static bool take_number(struct scan *c)
{
    scan_take(c, '-');
    if (!scan_take(c, '0') && take_digits(c) == 0)
        return false;
    if (scan_take(c, '.') && take_digits(c) == 0)
        return false;
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        c->p++;
        if (!scan_take(c, '+'))
            scan_take(c, '-');
        return take_digits(c) > 0;
    }
    return true;
}

static bool take_word(struct scan *c, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(c->end - c->p) < length || memcmp(c->p, word, length) != 0)
        return false;
    c->p += length;
    return true;
}

/* The elements of an array or the members of an object, behind the opening bracket. */
static bool take_items(struct scan *c, char close, unsigned depth)
{
    scan_blanks(c);
    if (scan_take(c, close))
        return true;
    do {
        scan_blanks(c);
        if (close == '}') {
            if (!take_string(c))
                return false;
            scan_blanks(c);
            if (!scan_take(c, ':'))
                return false;
        }
        if (!scan_value(c, depth))
            return false;
        scan_blanks(c);
    } while (scan_take(c, ','));
    return scan_take(c, close);
}

bool scan_value(struct scan *c, unsigned depth)
{
    scan_blanks(c);
    if (c->p >= c->end || depth == 0)
        return false;
    switch (*c->p) {
    case '"':
        return take_string(c);
    case '{':
        c->p++;
        return take_items(c, '}', depth - 1);
    case '[':
        c->p++;
        return take_items(c, ']', depth - 1);
    case 't':
        return take_word(c, "true");
    case 'f':
        return take_word(c, "false");
    case 'n':
        return take_word(c, "null");
    default:
        return take_number(c);
    }
}

static struct config_span span_between(const char *start, const char *end)
{
    return (struct config_span){start, (size_t)(end - start)};
}

bool scan_member(struct scan *c, struct scan_member *ret)
{
    const char *start;

    scan_take(c, ',');
    start = c->p;
    scan_blanks(c);
    if (c->p >= c->end || *c->p == '}')
        return false;
    ret->lead = span_between(start, c->p);
    start = c->p;
    take_string(c);
    ret->key = span_between(start, c->p);
    scan_blanks(c);
    scan_take(c, ':');
    scan_blanks(c);
    start = c->p;
    scan_value(c, SCAN_DEPTH);
    ret->value = span_between(start, c->p);
    start = c->p;
    scan_blanks(c);
    ret->tail = span_between(start, c->p);
    return true;
}
