/* Lines of the form `name = value` in Parsec's log: parameters of the stream, and failures with
 * Parsec's number. */
#include "guest/parsec/log_match.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define CODE_DIGITS 7

struct pair_row {
    const char *key;
    size_t text_offset, text_size; /* a text, when size is not 0 */
    size_t number_offset;
};

#define PAIR_TEXT(key, member)                                                                     \
    {                                                                                              \
        key, offsetof(struct parsec_log_state, member),                                            \
            sizeof(((struct parsec_log_state *)0)->member), 0                                      \
    }
#define PAIR_NUMBER(key, member)                                                                   \
    {                                                                                              \
        key, 0, 0, offsetof(struct parsec_log_state, member)                                       \
    }

static const struct pair_row pair_rows[] = {
    PAIR_TEXT("encoder", encoder),
    PAIR_TEXT("codec", codec),
    PAIR_NUMBER("encode_x", encode_x),
    PAIR_NUMBER("encode_y", encode_y),
    PAIR_NUMBER("display_x", display_x),
    PAIR_NUMBER("display_y", display_y),
    PAIR_NUMBER("display_hz", display_hz),
};

static void pair_set(struct parsec_log_state *state, const struct pair_row *row, const char *value)
{
    char *base = (char *)state;

    if (row->text_size > 0) {
        text_safe(base + row->text_offset, row->text_size, value);
    } else {
        uint32_t number = log_number_after(value, "");

        memcpy(base + row->number_offset, &number, sizeof number);
    }
    if (strcmp(row->key, "encoder") == 0 && !parsec_log_encoder_is_software(state->encoder))
        state->troubles[PARSEC_TROUBLE_ENCODER].stands = false;
}

/* "function[123] = -15101": what failed and Parsec's number. */
static bool
pair_code(struct parsec_log_state *state, const struct log_line *line, const char *value)
{
    enum parsec_trouble trouble;
    size_t count;
    long code;

    count = strspn(value + (value[0] == '-'), "0123456789");
    if (value[0] != '-' || count == 0 || count > CODE_DIGITS)
        return false;
    code = strtol(value, NULL, 10);
    trouble = parsec_log_code((int32_t)code);
    if (trouble == PARSEC_TROUBLES)
        return false;
    log_trouble(state, line, trouble, (int32_t)code);
    if (code == -12007 && state->client_count == 1 && state->client_overflow == 0)
        log_client_remove(state, state->clients[0]);
    return true;
}

/* One pair; text is changed. */
static bool match_pair(struct parsec_log_state *state, const struct log_line *line, char *text)
{
    char *equals = strchr(text, '='), *value, *end;
    size_t i;

    if (!equals)
        return false;
    for (end = equals; end > text && (end[-1] == ' ' || end[-1] == '\t'); end--)
        continue;
    *end = '\0';
    value = equals + 1 + strspn(equals + 1, " \t");
    for (end = value + strlen(value); end > value && strchr(" \t\r", end[-1]); end--)
        end[-1] = '\0';
    for (i = 0; i < sizeof pair_rows / sizeof pair_rows[0]; i++) {
        if (strcmp(pair_rows[i].key, text) == 0) {
            pair_set(state, &pair_rows[i], value);
            return true;
        }
    }
    if (strcmp(text, "net") == 0) {
        state->network = true;
        return true;
    }
    return pair_code(state, line, value);
}

/* Several pairs may share a line, with commas between them. */
bool log_match_pairs(struct parsec_log_state *state, const struct log_line *line)
{
    char copy[PARSEC_LOG_LINE_BYTES];
    char *text = copy, *comma;
    bool known = false;

    text_copy(copy, sizeof copy, line->text);
    for (;;) {
        text += strspn(text, " \t*");
        comma = strstr(text, ", ");
        if (comma)
            *comma = '\0';
        known = match_pair(state, line, text) || known;
        if (!comma)
            return known;
        text = comma + 2;
    }
}
