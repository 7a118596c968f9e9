/* What the lines of Parsec's log say, and the state that they add up to. */
#include "guest/parsec/log_match.h"

#include <stdlib.h>
#include <string.h>

struct code_row {
    int32_t from, to; /* both included */
    enum parsec_trouble trouble;
};

/* Parsec's status numbers (facts: guest.md 1.5). Numbers that say nothing about health, such as a
 * router without UPnP (-19000), have no row. */
static const struct code_row code_rows[] = {
    {-800, -800, PARSEC_TROUBLE_SERVER},
    {-3007, -3001, PARSEC_TROUBLE_SERVER},
    {-3008, -3008, PARSEC_TROUBLE_ACCOUNT},
    {-3009, -3009, PARSEC_TROUBLE_SERVER},
    {-6033, -6023, PARSEC_TROUBLE_NETWORK},
    {-6105, -6101, PARSEC_TROUBLE_SERVER},
    {-9099, -9000, PARSEC_TROUBLE_AUDIO},
    {-12007, -12007, PARSEC_TROUBLE_CLIENT},
    {-13000, -13000, PARSEC_TROUBLE_NO_DISPLAY},
    {-13008, -13008, PARSEC_TROUBLE_CAPTURE},
    {-13012, -13011, PARSEC_TROUBLE_CLIENT},
    {-14099, -14000, PARSEC_TROUBLE_CAPTURE},
    {-15199, -15000, PARSEC_TROUBLE_ENCODER},
    {-22099, -22000, PARSEC_TROUBLE_GPU},
    {-36000, -36000, PARSEC_TROUBLE_VERSION},
    {-699999, -600000, PARSEC_TROUBLE_SERVER},
    {-799999, -700000, PARSEC_TROUBLE_NETWORK},
};

static const char *const trouble_names[PARSEC_TROUBLES] = {
    [PARSEC_TROUBLE_NO_DISPLAY] = "no_display",
    [PARSEC_TROUBLE_CAPTURE] = "capture",
    [PARSEC_TROUBLE_TOPOLOGY] = "topology",
    [PARSEC_TROUBLE_ENCODER] = "encoder",
    [PARSEC_TROUBLE_GPU] = "gpu",
    [PARSEC_TROUBLE_AUDIO] = "audio",
    [PARSEC_TROUBLE_ACCOUNT] = "account",
    [PARSEC_TROUBLE_SERVER] = "server",
    [PARSEC_TROUBLE_NETWORK] = "network",
    [PARSEC_TROUBLE_CLIENT] = "client",
    [PARSEC_TROUBLE_VERSION] = "version",
    [PARSEC_TROUBLE_GAMEPAD] = "gamepad",
    [PARSEC_TROUBLE_DRIVER] = "driver",
};

const char *parsec_log_trouble_name(enum parsec_trouble trouble)
{
    return trouble_names[trouble];
}

enum parsec_trouble parsec_log_code(int32_t code)
{
    size_t i;

    if (code > 0)
        code = -code;
    for (i = 0; i < sizeof code_rows / sizeof code_rows[0]; i++) {
        if (code >= code_rows[i].from && code <= code_rows[i].to)
            return code_rows[i].trouble;
    }
    return PARSEC_TROUBLES;
}

void log_trouble(struct parsec_log_state *state,
                 const struct log_line *line,
                 enum parsec_trouble trouble,
                 int32_t code)
{
    struct parsec_log_trouble *row = &state->troubles[trouble];

    if (row->count < UINT32_MAX)
        row->count++;
    row->code = code;
    row->last_s = line->time_s;
    row->line = state->lines;
    row->stands = true;
}

#define TROUBLE_BIT(trouble) (1u << (trouble))

static const unsigned good_bits[LOG_GOODS] = {
    [LOG_GOOD_PICTURE] = TROUBLE_BIT(PARSEC_TROUBLE_NO_DISPLAY) |
                         TROUBLE_BIT(PARSEC_TROUBLE_CAPTURE) |
                         TROUBLE_BIT(PARSEC_TROUBLE_TOPOLOGY) | TROUBLE_BIT(PARSEC_TROUBLE_GPU),
    [LOG_GOOD_SERVER] = TROUBLE_BIT(PARSEC_TROUBLE_ACCOUNT) | TROUBLE_BIT(PARSEC_TROUBLE_SERVER) |
                        TROUBLE_BIT(PARSEC_TROUBLE_NETWORK),
    [LOG_GOOD_SESSION] = TROUBLE_BIT(PARSEC_TROUBLE_ENCODER) | TROUBLE_BIT(PARSEC_TROUBLE_AUDIO) |
                         TROUBLE_BIT(PARSEC_TROUBLE_CLIENT) | TROUBLE_BIT(PARSEC_TROUBLE_VERSION),
};

void log_disprove(struct parsec_log_state *state, enum log_good good)
{
    unsigned i;

    for (i = 0; i < PARSEC_TROUBLES; i++) {
        if (good_bits[good] & TROUBLE_BIT(i))
            state->troubles[i].stands = false;
    }
}

uint32_t log_number_after(const char *text, const char *label)
{
    const char *at = strstr(text, label);
    unsigned long value;

    if (!at)
        return 0;
    at += strlen(label);
    at += strspn(at, " \t");
    if (*at < '0' || *at > '9')
        return 0;
    value = strtoul(at, NULL, 10);
    return value > LOG_NUMBER_MAX ? LOG_NUMBER_MAX : (uint32_t)value;
}

static int client_find(const struct parsec_log_state *state, const char *name)
{
    uint32_t i;

    for (i = 0; i < state->client_count; i++) {
        if (strcmp(state->clients[i], name) == 0)
            return (int)i;
    }
    return -1;
}

void log_client_add(struct parsec_log_state *state, const char *name)
{
    if (client_find(state, name) >= 0)
        return;
    if (state->client_count == PARSEC_LOG_CLIENTS) {
        if (state->client_overflow < LOG_NUMBER_MAX)
            state->client_overflow++;
        return;
    }
    text_copy(state->clients[state->client_count++], PARSEC_LOG_NAME_BYTES, name);
}

void log_client_remove(struct parsec_log_state *state, const char *name)
{
    int i = client_find(state, name);

    if (i < 0) {
        if (state->client_overflow > 0)
            state->client_overflow--;
    } else {
        state->client_count--;
        memmove(state->clients[i], state->clients[state->client_count], PARSEC_LOG_NAME_BYTES);
    }
    if (parsec_log_clients(state) == 0)
        state->bitrate_kbps = state->fps = 0;
}

uint32_t parsec_log_clients(const struct parsec_log_state *state)
{
    return state->client_count + state->client_overflow;
}

/* The number of the digits at text[0..count), -1 when one is none. */
static int digits(const char *text, int count)
{
    int value = 0;

    while (count-- > 0) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text++ - '0');
    }
    return value;
}

/* "2026-03-01 12:34:56" to seconds since 1970 of the same clock; 0 when it is no time. */
static int64_t parse_time(const char *text)
{
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = digits(text + 17, 2);
    int64_t era_year, days;

    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 || second < 0)
        return 0;
    era_year = month > 2 ? year : year - 1;
    days = era_year * 365 + era_year / 4 - era_year / 100 + era_year / 400 +
           (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1 - 719468;
    return days * 86400 + hour * 3600 + minute * 60 + second;
}

/* Takes "[L YYYY-MM-DD HH:MM:SS] " off. */
static void parse_prefix(struct log_line *line)
{
    static const char shape[] = "[_ ____-__-__ __:__:__] ";
    const char *text = line->text;
    size_t i;

    for (i = 0; shape[i]; i++) {
        if (text[i] == '\0' || (shape[i] != '_' && text[i] != shape[i]))
            return;
    }
    line->level = text[1];
    line->time_s = parse_time(text + 3);
    line->text = text + sizeof shape - 1;
}

void parsec_log_init(struct parsec_log_state *state)
{
    memset(state, 0, sizeof *state);
}

void parsec_log_line(struct parsec_log_state *state, const char *line, size_t length)
{
    char text[PARSEC_LOG_LINE_BYTES];
    struct log_line parsed = {.text = text};

    if (length >= sizeof text)
        length = sizeof text - 1;
    memcpy(text, line, length);
    while (length > 0 && (text[length - 1] == '\r' || text[length - 1] == '\n'))
        length--;
    text[length] = '\0';
    state->lines++;
    parse_prefix(&parsed);
    if (parsed.time_s > 0)
        state->last_s = parsed.time_s;
    if (!log_match_rules(state, &parsed) && !log_match_pairs(state, &parsed))
        state->unknown_lines++;
}

bool parsec_log_encoder_is_software(const char *encoder)
{
    static const char *const names[] = {"soft", "x264", "x265", "openh264", "cpu", "ffmpeg"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strstr(encoder, names[i]))
            return true;
    }
    return false;
}

void parsec_log_stream(const struct parsec_log_state *state, struct health_stream *ret_stream)
{
    bool encoded = state->encode_x > 0 && state->encode_y > 0;

    memset(ret_stream, 0, sizeof *ret_stream);
    text_copy(ret_stream->encoder, sizeof ret_stream->encoder, state->encoder);
    text_copy(ret_stream->codec, sizeof ret_stream->codec, state->codec);
    ret_stream->width = encoded ? state->encode_x : state->display_x;
    ret_stream->height = encoded ? state->encode_y : state->display_y;
    ret_stream->hz = state->display_hz;
    ret_stream->clients = parsec_log_clients(state);
    ret_stream->bitrate_mbps = (state->bitrate_kbps + 500) / 1000;
}
