/* A scanner of tags that is just good enough to know whose text is whose. */
#include "guest/answer_file.h"

#include <string.h>

#define DEPTH_MAX 64

/* Elements whose text is secret, by their whole name or by its end. */
static const struct {
    const char *name;
    bool whole;
} secrets[] = {{"password", false}, {"productkey", true}};

/* Elements in them that are no secret. */
static const char *const harmless[] = {"plaintext", "willshowui"};

struct scan {
    const char *data;
    size_t length, at, copied; /* read so far; handed to out so far */
    struct buf *out;
    bool found;        /* a secret that can be read */
    bool strange;      /* not well-formed */
    bool replaced;     /* the text since the last tag stands for a secret already */
    unsigned depth;    /* open elements */
    unsigned secret;   /* depth of the secret's element, 0: outside */
    unsigned harmless; /* depth of its element that is no secret, 0: outside */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* name ends (or, with `whole`, is) `wanted`, ignoring case. */
static bool name_is(const char *name, size_t length, const char *wanted, bool whole)
{
    size_t size = strlen(wanted);

    if (length < size || (whole && length != size))
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(name[length - size + i]) != wanted[i])
            return false;
    return true;
}

static void copy_to(struct scan *scan, size_t end)
{
    if (scan->out)
        buf_put(scan->out, scan->data + scan->copied, end - scan->copied);
    scan->copied = end;
}

/* The position behind `mark`, the end of the file when it never comes. */
static size_t behind(struct scan *scan, const char *mark)
{
    size_t size = strlen(mark);

    for (size_t i = scan->at; i + size <= scan->length; i++)
        if (memcmp(scan->data + i, mark, size) == 0)
            return i + size;
    scan->strange = true;
    return scan->length;
}

static bool begins(const struct scan *scan, const char *mark)
{
    size_t size = strlen(mark);

    return scan->length - scan->at >= size && memcmp(scan->data + scan->at, mark, size) == 0;
}

/* What stands between two tags: of a secret it goes, unless there is nothing to tell. */
static void text(struct scan *scan, size_t end)
{
    size_t first = scan->at, last = end;
    bool again;

    scan->at = end;
    if (!scan->secret || scan->harmless)
        return;
    while (first < last && is_space(scan->data[first]))
        first++;
    while (last > first && is_space(scan->data[last - 1]))
        last--;
    if (first == last)
        return;
    again = scan->replaced;
    scan->replaced = true;
    if (!again && last - first == strlen(ANSWER_FILE_DELETED) &&
        memcmp(scan->data + first, ANSWER_FILE_DELETED, last - first) == 0)
        return;
    scan->found = true;
    copy_to(scan, first);
    if (!again && scan->out)
        buf_put(scan->out, ANSWER_FILE_DELETED, strlen(ANSWER_FILE_DELETED));
    scan->copied = last;
}

/* The end of the tag that begins at scan->at, attribute values skipped. */
static size_t tag_end(struct scan *scan)
{
    char quote = 0;

    for (size_t i = scan->at; i < scan->length; i++) {
        char c = scan->data[i];

        if (quote)
            quote = c == quote ? (char)0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i + 1;
    }
    scan->strange = true;
    return scan->length;
}

static bool is_secret(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (name_is(name, length, secrets[i].name, secrets[i].whole))
            return true;
    return false;
}

static bool is_harmless(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (name_is(name, length, harmless[i], true))
            return true;
    return false;
}

static void element_begin(struct scan *scan, const char *name, size_t length)
{
    if (++scan->depth > DEPTH_MAX) {
        scan->strange = true;
        return;
    }
    if (!scan->secret && is_secret(name, length))
        scan->secret = scan->depth;
    else if (scan->secret && !scan->harmless && is_harmless(name, length))
        scan->harmless = scan->depth;
}

static void element_end(struct scan *scan)
{
    if (scan->depth == 0) {
        scan->strange = true;
        return;
    }
    if (scan->depth == scan->harmless)
        scan->harmless = 0;
    if (scan->depth == scan->secret)
        scan->secret = 0;
    scan->depth--;
}

static void tag(struct scan *scan)
{
    size_t begin = scan->at + 1, end = tag_end(scan), name, name_end;
    bool closes = begin < end && scan->data[begin] == '/';
    bool empty = end >= 2 && scan->data[end - 1] == '>' && scan->data[end - 2] == '/';

    name = begin + closes;
    name_end = name;
    while (name_end < end && !is_space(scan->data[name_end]) && scan->data[name_end] != '>' &&
           scan->data[name_end] != '/')
        name_end++;
    for (size_t i = name; i < name_end; i++) /* what stands before the colon is no name */
        if (scan->data[i] == ':')
            name = i + 1;
    scan->at = end;
    scan->replaced = false;
    if (closes)
        element_end(scan);
    else if (!empty)
        element_begin(scan, scan->data + name, name_end - name);
}

/* Comments and sections within a secret may hold it as well. */
static void skip(struct scan *scan, const char *mark)
{
    size_t begin = scan->at, end = behind(scan, mark);

    if (scan->secret && !scan->harmless && !scan->strange) {
        scan->found = true;
        copy_to(scan, begin);
        scan->copied = end;
    }
    scan->at = end;
}

static void markup(struct scan *scan)
{
    static const struct {
        const char *begin, *end;
    } rows[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (begins(scan, rows[i].begin)) {
            skip(scan, rows[i].end);
            return;
        }
    }
    tag(scan);
}

/* The word in any encoding of letters by one or two bytes. */
static bool mentions(const char *data, size_t length, const char *word)
{
    size_t matched = 0;

    for (size_t i = 0; i < length && word[matched]; i++) {
        if (!data[i])
            continue;
        if (lower(data[i]) == word[matched])
            matched++;
        else
            matched = lower(data[i]) == word[0];
    }
    return !word[matched];
}

static enum answer_file unreadable(const char *data, size_t length)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (mentions(data, length, secrets[i].name))
            return ANSWER_FILE_STRANGE;
    return ANSWER_FILE_CLEAN;
}

enum answer_file answer_file_scrub(const void *data, size_t length, struct buf *out)
{
    struct scan scan = {.data = data, .length = length, .out = out};

    if (length > ANSWER_FILE_BYTES || memchr(data, 0, length))
        return unreadable(data, length);
    while (scan.at < scan.length && !scan.strange) {
        const char *next = memchr(scan.data + scan.at, '<', scan.length - scan.at);

        text(&scan, next ? (size_t)(next - scan.data) : scan.length);
        if (next)
            markup(&scan);
    }
    if (scan.strange || scan.depth > 0)
        return unreadable(data, length);
    copy_to(&scan, scan.length);
    return scan.found ? ANSWER_FILE_SECRET : ANSWER_FILE_CLEAN;
}
