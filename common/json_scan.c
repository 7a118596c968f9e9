/* One strict pass over a JSON text. */
#include "common/json_scan.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_ON_STACK   64
#define KEYS_PAIRWISE   16 /* up to here comparing each with each is the fastest */
#define NUMBER_BYTES    63 /* cJSON reads no more */
#define HASH_START      UINT64_C(0xCBF29CE484222325) /* FNV-1a */
#define HASH_MULTIPLIER UINT64_C(0x100000001B3)

struct key {
    uint64_t hash; /* of the decoded characters */
    uint32_t at;   /* behind the opening quote */
    uint32_t length;
};

struct scan {
    const char *text;
    const char *p;
    const char *end;
    const struct json_limits *limits;
    size_t elements;
    unsigned depth;
    struct key *keys; /* of all open objects, innermost last */
    size_t key_count;
    size_t key_cap;
    struct key on_stack[KEYS_ON_STACK];
    struct err *err;
};

static bool syntax(struct scan *s)
{
    int64_t line = 1;
    int64_t column = 1;
    const char *p;

    for (p = s->text; p < s->p; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            column++;
        }
    }
    return err_set(s->err, ERR_BAD_INPUT, TEXT_JSON_SYNTAX, TEXT_NUM(line), TEXT_NUM(column), NULL);
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

/* Consumes c when it is next. */
static bool take(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool read_hex4(const char **p, const char *end, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    int i;

    if (end - *p < 4)
        return false;
    for (i = 0; i < 4; i++) {
        char c = (*p)[i];
        uint32_t digit;

        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
        unit = unit << 4 | digit;
    }
    *p += 4;
    *ret_unit = unit;
    return true;
}

/* Reads an escape at its backslash. A zero is refused: C strings would end there. */
static bool read_escape(const char **p, const char *end, uint32_t *ret_char)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *q = *p + 1;
    const char *name;
    uint32_t c;
    uint32_t low;

    if (q == end)
        return false;
    if (*q != 'u') {
        name = *q ? strchr(names, *q) : NULL;
        if (!name)
            return false;
        *ret_char = (unsigned char)values[name - names];
        *p = q + 1;
        return true;
    }
    q++;
    if (!read_hex4(&q, end, &c) || c == 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return false;
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (end - q < 6 || q[0] != '\\' || q[1] != 'u')
            return false;
        q += 2;
        if (!read_hex4(&q, end, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    *ret_char = c;
    *p = q;
    return true;
}

/* Reads one character inside a string; false when it is malformed or a control character. */
static bool read_char(const char **p, const char *end, uint32_t *ret_char)
{
    size_t n;

    if (**p == '\\')
        return read_escape(p, end, ret_char);
    n = text_decode(*p, (size_t)(end - *p), ret_char);
    if (n == 0 || *ret_char < 0x20)
        return false;
    *p += n;
    return true;
}

static bool scan_string(struct scan *s)
{
    if (!take(s, '"'))
        return syntax(s);
    while (s->p < s->end) {
        unsigned char c = (unsigned char)*s->p;
        uint32_t ignored;

        if (c == '"') {
            s->p++;
            return true;
        }
        if (c >= 0x20 && c < 0x80 && c != '\\')
            s->p++;
        else if (!read_char(&s->p, s->end, &ignored))
            return syntax(s);
    }
    return syntax(s);
}

/* Makes room for one more key. */
static bool keys_grow(struct scan *s)
{
    size_t cap = s->key_cap * 2;
    struct key *keys = malloc(cap * sizeof *keys);

    if (!keys)
        return err_no_memory(s->err);
    memcpy(keys, s->keys, s->key_count * sizeof *keys);
    if (s->keys != s->on_stack)
        free(s->keys);
    s->keys = keys;
    s->key_cap = cap;
    return true;
}

static bool scan_key(struct scan *s)
{
    struct key key = {.hash = HASH_START};
    const char *start;

    if (!take(s, '"'))
        return syntax(s);
    start = s->p;
    while (s->p < s->end && *s->p != '"') {
        uint32_t c = (unsigned char)*s->p;

        if (c >= 0x20 && c < 0x80 && c != '\\')
            s->p++;
        else if (!read_char(&s->p, s->end, &c))
            return syntax(s);
        key.hash = (key.hash ^ c) * HASH_MULTIPLIER;
    }
    key.at = (uint32_t)(start - s->text);
    key.length = (uint32_t)(s->p - start);
    if (!take(s, '"'))
        return syntax(s);
    if (s->key_count == s->key_cap && !keys_grow(s))
        return false;
    s->keys[s->key_count++] = key;
    return true;
}

/* A total order, equal for the same characters however they are escaped. */
static int key_compare(const struct scan *s, const struct key *a, const struct key *b)
{
    const char *p = s->text + a->at;
    const char *q = s->text + b->at;
    const char *p_end = p + a->length;
    const char *q_end = q + b->length;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    while (p < p_end && q < q_end) {
        uint32_t c = 0;
        uint32_t d = 0;

        if (!read_char(&p, p_end, &c) || !read_char(&q, q_end, &d))
            break;
        if (c != d)
            return c < d ? -1 : 1;
    }
    return (p < p_end) - (q < q_end);
}

static bool duplicate(struct scan *s, const struct key *key)
{
    char name[ERR_ARG_BYTES];
    size_t n = key->length < sizeof name - 1 ? key->length : sizeof name - 1;

    memcpy(name, s->text + key->at, n);
    name[n] = '\0';
    return err_set(s->err, ERR_BAD_INPUT, TEXT_JSON_DUPLICATE_KEY, name, NULL);
}

static void sift(const struct scan *s, struct key *keys, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        struct key swap;

        if (child >= count)
            return;
        if (child + 1 < count && key_compare(s, &keys[child], &keys[child + 1]) < 0)
            child++;
        if (key_compare(s, &keys[root], &keys[child]) >= 0)
            return;
        swap = keys[root];
        keys[root] = keys[child];
        keys[child] = swap;
        root = child;
    }
}

/* Heapsort: no memory and n log n for every input, which neither qsort promises. */
static void keys_sort(const struct scan *s, struct key *keys, size_t count)
{
    size_t i;

    for (i = count / 2; i-- > 0;)
        sift(s, keys, i, count);
    for (i = count; i-- > 1;) {
        struct key swap = keys[0];

        keys[0] = keys[i];
        keys[i] = swap;
        sift(s, keys, 0, i);
    }
}

static bool keys_unique(struct scan *s, struct key *keys, size_t count)
{
    size_t i;
    size_t j;

    if (count <= KEYS_PAIRWISE) {
        for (i = 1; i < count; i++) {
            for (j = 0; j < i; j++) {
                if (keys[i].hash == keys[j].hash && key_compare(s, &keys[i], &keys[j]) == 0)
                    return duplicate(s, &keys[i]);
            }
        }
        return true;
    }
    keys_sort(s, keys, count);
    for (i = 1; i < count; i++) {
        if (key_compare(s, &keys[i - 1], &keys[i]) == 0)
            return duplicate(s, &keys[i]);
    }
    return true;
}

static size_t scan_digits(struct scan *s)
{
    const char *start = s->p;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - start);
}

/* With an exponent a number may be beyond a double. */
static bool is_finite(const char *number, size_t length)
{
    char text[NUMBER_BYTES + 1];

    memcpy(text, number, length);
    text[length] = '\0';
    return isfinite(strtod(text, NULL));
}

static bool scan_number(struct scan *s)
{
    const char *start = s->p;
    bool exponent;
    size_t length;

    take(s, '-');
    if (!take(s, '0') && scan_digits(s) == 0)
        return syntax(s);
    if (take(s, '.') && scan_digits(s) == 0)
        return syntax(s);
    exponent = take(s, 'e') || take(s, 'E');
    if (exponent) {
        if (!take(s, '-'))
            take(s, '+');
        if (scan_digits(s) == 0)
            return syntax(s);
    }
    length = (size_t)(s->p - start);
    if (length > NUMBER_BYTES || (exponent && !is_finite(start, length)))
        return syntax(s);
    return true;
}

static bool scan_word(struct scan *s, const char *word, size_t length)
{
    if ((size_t)(s->end - s->p) < length || memcmp(s->p, word, length) != 0)
        return syntax(s);
    s->p += length;
    return true;
}

static bool scan_value(struct scan *s);

static bool scan_array(struct scan *s)
{
    skip_space(s);
    if (take(s, ']'))
        return true;
    for (;;) {
        if (!scan_value(s))
            return false;
        skip_space(s);
        if (take(s, ']'))
            return true;
        if (!take(s, ','))
            return syntax(s);
    }
}

static bool scan_object(struct scan *s)
{
    size_t first_key = s->key_count;

    skip_space(s);
    if (take(s, '}'))
        return true;
    for (;;) {
        skip_space(s);
        if (!scan_key(s))
            return false;
        skip_space(s);
        if (!take(s, ':'))
            return syntax(s);
        if (!scan_value(s))
            return false;
        skip_space(s);
        if (take(s, '}'))
            break;
        if (!take(s, ','))
            return syntax(s);
    }
    if (!keys_unique(s, s->keys + first_key, s->key_count - first_key))
        return false;
    s->key_count = first_key;
    return true;
}

static bool scan_container(struct scan *s, bool object)
{
    bool ok;

    if (s->depth == s->limits->depth)
        return err_set(s->err, ERR_TOO_LARGE, TEXT_JSON_TOO_DEEP, TEXT_NUM(s->limits->depth), NULL);
    s->depth++;
    s->p++;
    ok = object ? scan_object(s) : scan_array(s);
    s->depth--;
    return ok;
}

/* Recursion is bounded by limits->depth. */
static bool scan_value(struct scan *s)
{
    if (s->elements++ == s->limits->elements)
        return err_set(
            s->err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(s->limits->elements), NULL);
    skip_space(s);
    if (s->p == s->end)
        return syntax(s);
    switch (*s->p) {
    case '{':
        return scan_container(s, true);
    case '[':
        return scan_container(s, false);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true", 4);
    case 'f':
        return scan_word(s, "false", 5);
    case 'n':
        return scan_word(s, "null", 4);
    default:
        return scan_number(s);
    }
}

bool json_scan(const char *text, size_t length, const struct json_limits *limits, struct err *err)
{
    struct scan s;
    bool ok;

    assert(limits->depth <= JSON_DEPTH_MAX && limits->bytes <= UINT32_MAX);
    if (length > limits->bytes)
        return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_LARGE, TEXT_NUM(limits->bytes), NULL);
    s.text = s.p = text;
    s.end = text + length;
    s.limits = limits;
    s.elements = s.key_count = s.depth = 0;
    s.keys = s.on_stack;
    s.key_cap = KEYS_ON_STACK;
    s.err = err;
    ok = scan_value(&s);
    if (ok) {
        skip_space(&s);
        ok = s.p == s.end || syntax(&s);
    }
    if (s.keys != s.on_stack)
        free(s.keys);
    return ok;
}
