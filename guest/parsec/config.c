/* The merge of wanted lines into the bytes of a configuration file. */
#include "guest/parsec/config.h"

#include "common/utf16.h"
#include "guest/parsec/config_edit.h"

#include <stdlib.h>
#include <string.h>

/* Copies a value into a string; false when it does not fit or holds a zero, and then no wanted
 * value equals it. */
static bool span_text(struct config_span span, char *out, size_t size)
{
    size_t length = span.length < size - 1 ? span.length : size - 1;

    if (length > 0)
        memcpy(out, span.start, length);
    out[length] = '\0';
    return length == span.length && strlen(out) == length;
}

bool config_agrees(const struct config_line *line, struct config_span value)
{
    char text[PROFILE_VALUE_BYTES];

    return !line->absent && span_text(value, text, sizeof text) &&
           config_value_equal(line->key, line->value, text);
}

void config_note(struct config_pass *pass, size_t index, struct config_span value)
{
    struct config_seen *seen = &pass->seen[index];
    char text[PROFILE_VALUE_BYTES];

    seen->count++;
    if (!config_agrees(&pass->wanted->items[index], value))
        seen->differs = true;
    span_text(value, text, sizeof text);
    text_safe(seen->found, sizeof seen->found, text);
    seen->odd = false;
}

void config_note_odd(struct config_pass *pass, size_t index)
{
    pass->seen[index].count++;
    pass->seen[index].differs = true;
    pass->seen[index].odd = true;
    pass->seen[index].found[0] = '\0';
}

bool config_pass_differs(const struct config_pass *pass, size_t index)
{
    const struct config_seen *seen = &pass->seen[index];

    return pass->wanted->items[index].absent ? seen->count > 0 : seen->differs || seen->count == 0;
}

static void fill_diff(const struct config_pass *pass, bool encoding, struct config_diff *ret_diff)
{
    size_t i;

    memset(ret_diff, 0, sizeof *ret_diff);
    ret_diff->encoding = encoding;
    for (i = 0; i < pass->wanted->count; i++) {
        const struct config_line *line = &pass->wanted->items[i];
        struct config_change *change = &ret_diff->items[ret_diff->count];

        if (!config_pass_differs(pass, i))
            continue;
        text_copy(change->key, sizeof change->key, line->key);
        text_copy(change->wanted, sizeof change->wanted, line->value);
        text_copy(change->found, sizeof change->found, pass->seen[i].found);
        change->present = pass->seen[i].count > 0;
        change->absent = line->absent;
        change->odd = pass->seen[i].odd;
        ret_diff->count++;
    }
}

enum config_mark config_mark(struct config_span text)
{
    const uint8_t *bytes = (const uint8_t *)text.start;

    if (text.length >= 2 &&
        ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
        return CONFIG_MARK_UTF16;
    if (text.length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        return CONFIG_MARK_UTF8;
    return CONFIG_MARK_NONE;
}

/* The bytes behind a byte order mark, as UTF-8. */
struct decoded {
    struct config_span span;
    char *owned;  /* freed by the caller; NULL when span points into the input */
    bool mark;    /* a UTF-8 byte order mark stood before */
    bool recoded; /* was UTF-16, which Parsec does not read */
};

/* Windows PowerShell writes UTF-16 when it appends with >>. */
static bool decode_utf16(const uint8_t *data, size_t length, bool big, struct decoded *ret)
{
    size_t units = (length - 2) / 2, i;
    uint16_t *text = calloc(units + 1, sizeof *text);
    bool ok = false;

    if (!text || length % 2 != 0)
        goto out;
    for (i = 0; i < units; i++) {
        const uint8_t *pair = data + 2 + i * 2;

        text[i] = (uint16_t)(big ? pair[0] << 8 | pair[1] : pair[1] << 8 | pair[0]);
    }
    for (i = 0; text[i] == 0xFEFF; i++)
        continue;
    ok = utf16_to_utf8(text + i, units - i, &ret->owned, NULL);
    if (ok)
        ret->span = (struct config_span){ret->owned, strlen(ret->owned)};

out:
    free(text);
    return ok;
}

static bool decode(const void *data, size_t length, struct decoded *ret, struct err *err)
{
    const uint8_t *bytes = data;

    memset(ret, 0, sizeof *ret);
    ret->span = (struct config_span){data, length};
    if (config_mark(ret->span) == CONFIG_MARK_UTF16) {
        ret->recoded = true;
        return decode_utf16(bytes, length, bytes[0] == 0xFE, ret) ||
               err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_CONFIG_BAD, "config.txt", NULL);
    }
    if (config_mark(ret->span) == CONFIG_MARK_UTF8) {
        ret->span = (struct config_span){(const char *)data + 3, length - 3};
        ret->mark = true;
    }
    return true;
}

/* Writes the new file: nothing differs, the same bytes. */
static bool write_merged(enum config_format format,
                         struct config_span input,
                         const struct decoded *decoded,
                         const struct config_pass *pass,
                         const struct config_diff *diff,
                         struct buf *out,
                         struct err *err)
{
    bool ok;

    if (diff->count == 0 && !diff->encoding)
        ok = buf_put(out, input.start, input.length);
    else if (diff->count == 0)
        ok = buf_put(out, decoded->span.start, decoded->span.length);
    else if (format == CONFIG_JSON)
        ok = config_json_edit(decoded->span, pass, out);
    else
        ok = (!decoded->mark || diff->encoding || buf_put(out, "\xEF\xBB\xBF", 3)) &&
             config_text_edit(decoded->span, pass, out);
    return ok || err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_CONFIG_TOO_LARGE, NULL);
}

bool config_merge(enum config_format format,
                  const void *data,
                  size_t length,
                  const struct config_lines *wanted,
                  struct buf *out,
                  struct config_diff *ret_diff,
                  struct err *err)
{
    struct config_pass pass = {.wanted = wanted};
    struct config_diff diff;
    struct decoded decoded;
    bool encoding, ok = false;

    if (length > CONFIG_MAX_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_CONFIG_TOO_LARGE, NULL);
    if (!decode(data, length, &decoded, err))
        return false;
    encoding = decoded.recoded;
    if (format == CONFIG_JSON) {
        encoding = encoding || decoded.mark;
        if (!config_json_look(decoded.span, &pass, err))
            goto out;
    } else {
        encoding = encoding || (decoded.mark && (decoded.span.length == 0 ||
                                                 config_text_starts_wanted(decoded.span, wanted)));
        config_text_look(decoded.span, &pass);
    }
    fill_diff(&pass, encoding, &diff);
    if (out &&
        !write_merged(format, (struct config_span){data, length}, &decoded, &pass, &diff, out, err))
        goto out;
    *ret_diff = diff;
    ok = true;

out:
    free(decoded.owned);
    return ok;
}

bool config_read(enum config_format format,
                 const void *data,
                 size_t length,
                 const char *key,
                 char *out,
                 size_t size,
                 bool *ret_present,
                 struct err *err)
{
    struct config_lines lines = {.count = 0};
    struct config_diff diff;

    if (!config_lines_set(&lines, key, NULL))
        return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_CONFIG_KEY, key, NULL);
    if (!config_merge(format, data, length, &lines, NULL, &diff, err))
        return false;
    *ret_present = diff.count > 0;
    text_copy(out, size, diff.count > 0 ? diff.items[0].found : "");
    return true;
}
