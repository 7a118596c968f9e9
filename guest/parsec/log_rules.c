/* The sentences of Parsec's log that are known. */
#include "guest/parsec/log_match.h"

#include <string.h>

#define SWITCHES_ALARM    10 /* lost desktops within SWITCHES_WINDOW_S that are no longer normal */
#define SWITCHES_WINDOW_S 60

/* True when text[0..end) is "name#digits"; the name is copied, harmless for a terminal. A name too
 * long to be kept keeps its number, which is what tells accounts apart. */
static bool client_name(const char *text, const char *end, char *out)
{
    char raw[PARSEC_LOG_LINE_BYTES];
    const char *digits = end;
    size_t room, tail;

    while (digits > text && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    if (digits == end || digits - text < 2 || digits[-1] != '#')
        return false;
    tail = (size_t)(end - digits) + 1;
    if (tail >= PARSEC_LOG_NAME_BYTES / 2)
        return false;
    memcpy(raw, text, (size_t)(digits - 1 - text));
    raw[digits - 1 - text] = '\0';
    room = PARSEC_LOG_NAME_BYTES - tail;
    text_safe(out, room, raw);
    tail = strlen(out);
    memcpy(out + tail, digits - 1, (size_t)(end - digits) + 1);
    out[tail + (size_t)(end - digits) + 1] = '\0';
    return true;
}

struct rule {
    const char *pattern;
    bool start; /* the pattern begins the text; else it stands anywhere */
    char level; /* only lines of this level; 0: any */
    /* False when the line is not meant after all. at points to the pattern. */
    bool (*act)(struct parsec_log_state *state,
                const struct log_line *line,
                const char *at,
                const struct rule *rule);
    enum parsec_trouble trouble; /* of act_trouble */
};

static bool act_started(struct parsec_log_state *state,
                        const struct log_line *line,
                        const char *at,
                        const struct rule *rule)
{
    struct parsec_log_state fresh = {.found = state->found,
                                     .started = true,
                                     .lines = state->lines,
                                     .unknown_lines = state->unknown_lines,
                                     .last_s = line->time_s ? line->time_s : state->last_s};

    at += strlen(rule->pattern);
    if (line->level == 'I' || at[strspn(at, " \t")])
        return false;
    *state = fresh;
    return true;
}

/* "log: Parsec release15 (150-104a, Service: 13, Loader: 17)" */
static bool act_release(struct parsec_log_state *state,
                        const struct log_line *line,
                        const char *at,
                        const struct rule *rule)
{
    const char *open = strchr(at, '(');
    char text[sizeof state->release];
    size_t length;

    (void)line;
    (void)rule;
    if (!open)
        return false;
    length = strcspn(open + 1, ",)");
    if (length >= sizeof text)
        return false;
    memcpy(text, open + 1, length);
    text[length] = '\0';
    text_safe(state->release, sizeof state->release, text);
    state->service = log_number_after(open, "Service:");
    state->loader = log_number_after(open, "Loader:");
    return true;
}

static bool act_connected(struct parsec_log_state *state,
                          const struct log_line *line,
                          const char *at,
                          const struct rule *rule)
{
    char name[PARSEC_LOG_NAME_BYTES];
    const char *rest = at + strlen(rule->pattern);

    rest += strspn(rest, " \t\r");
    if (*rest || !client_name(line->text, at, name))
        return false;
    if (strcmp(state->waiting, name) == 0)
        state->waiting[0] = '\0';
    log_client_add(state, name);
    log_disprove(state, LOG_GOOD_PICTURE);
    log_disprove(state, LOG_GOOD_SERVER);
    log_disprove(state, LOG_GOOD_SESSION);
    return true;
}

static bool act_disconnected(struct parsec_log_state *state,
                             const struct log_line *line,
                             const char *at,
                             const struct rule *rule)
{
    char name[PARSEC_LOG_NAME_BYTES];

    (void)rule;
    if (!client_name(line->text, at, name))
        return false;
    log_client_remove(state, name);
    return true;
}

static bool act_waiting(struct parsec_log_state *state,
                        const struct log_line *line,
                        const char *at,
                        const struct rule *rule)
{
    char name[PARSEC_LOG_LINE_BYTES];
    size_t length = (size_t)(at - line->text);

    (void)rule;
    memcpy(name, line->text, length);
    name[length] = '\0';
    text_safe(state->waiting, sizeof state->waiting, name);
    return true;
}

static bool act_driver(struct parsec_log_state *state,
                       const struct log_line *line,
                       const char *at,
                       const struct rule *rule)
{
    const char *value = at + strlen(rule->pattern);
    size_t length;

    value += strspn(value, " \t");
    text_safe(state->driver, sizeof state->driver, value);
    length = strlen(state->driver);
    while (length > 0 && (state->driver[length - 1] == ' ' || state->driver[length - 1] == '?'))
        state->driver[--length] = '\0';
    if (strcmp(state->driver, "OK") == 0)
        state->troubles[PARSEC_TROUBLE_DRIVER].stands = false;
    else
        log_trouble(state, line, PARSEC_TROUBLE_DRIVER, 0);
    return true;
}

static bool act_network(struct parsec_log_state *state,
                        const struct log_line *line,
                        const char *at,
                        const struct rule *rule)
{
    (void)line;
    (void)at;
    (void)rule;
    state->network = true;
    log_disprove(state, LOG_GOOD_SERVER);
    return true;
}

static bool act_trouble(struct parsec_log_state *state,
                        const struct log_line *line,
                        const char *at,
                        const struct rule *rule)
{
    (void)at;
    log_trouble(state, line, rule->trouble, 0);
    return true;
}

/* The desktop was switched: normal now and then, an alarm when it repeats. */
static bool act_switch(struct parsec_log_state *state,
                       const struct log_line *line,
                       const char *at,
                       const struct rule *rule)
{
    (void)at;
    if (line->time_s - state->switch_s > SWITCHES_WINDOW_S || line->time_s < state->switch_s) {
        state->switch_s = line->time_s;
        state->switches = 0;
    }
    if (state->switches < LOG_NUMBER_MAX && ++state->switches >= SWITCHES_ALARM)
        log_trouble(state, line, rule->trouble, 0);
    return true;
}

static bool act_gamepad(struct parsec_log_state *state,
                        const struct log_line *line,
                        const char *at,
                        const struct rule *rule)
{
    if (!strstr(at, "failed to initialize"))
        return false;
    log_trouble(state, line, rule->trouble, 0);
    return true;
}

/* "[0] FPS:60.0/0, L:5.2/11.0, B:9.8/50.0, N:0/0/0": the first number of B is Mbit/s now. */
static bool act_statistics(struct parsec_log_state *state,
                           const struct log_line *line,
                           const char *at,
                           const struct rule *rule)
{
    const char *bitrate = strstr(at, "B:");
    uint32_t fraction = 0;

    (void)line;
    (void)rule;
    state->fps = log_number_after(at, "FPS:");
    if (bitrate) {
        const char *point = bitrate + 2 + strspn(bitrate + 2, "0123456789");

        if (point[0] == '.' && point[1] >= '0' && point[1] <= '9')
            fraction = (uint32_t)(point[1] - '0') * 100;
        state->bitrate_kbps = log_number_after(bitrate, "B:") * 1000 + fraction;
    }
    if (state->fps > 0)
        log_disprove(state, LOG_GOOD_PICTURE);
    return true;
}

/* What names may contain must not be taken for anything else, so lines about clients come first. */
static const struct rule rules[] = {
    {" connected.", false, 'I', act_connected, 0},
    {" disconnected", false, 'I', act_disconnected, 0},
    {" is trying to connect to your computer", false, 0, act_waiting, 0},
    {"===== Parsec: Started =====", true, 0, act_started, 0},
    {"Parsec release", false, 0, act_release, 0},
    {"Virtual Display Driver State:", false, 0, act_driver, 0},
    {"STUN reply from", false, 0, act_network, 0},
    {"no displays are connected", false, 0, act_trouble, PARSEC_TROUBLE_NO_DISPLAY},
    {"'SetDisplayConfig' failed", false, 0, act_trouble, PARSEC_TROUBLE_NO_DISPLAY},
    {"DXGI_ERROR_ACCESS_LOST", false, 0, act_switch, PARSEC_TROUBLE_TOPOLOGY},
    {"nvEncOpenEncodeSessionEx failed", false, 0, act_trouble, PARSEC_TROUBLE_ENCODER},
    {"MFXInit[", false, 0, act_trouble, PARSEC_TROUBLE_ENCODER},
    {"Parsec Virtual USB Adapter", false, 0, act_gamepad, PARSEC_TROUBLE_GAMEPAD},
    {"] FPS:", false, 0, act_statistics, 0},
};

bool log_match_rules(struct parsec_log_state *state, const struct log_line *line)
{
    size_t i;

    for (i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        const char *at = line->text;

        if (rule->level && rule->level != line->level)
            continue;
        if (rule->start && strncmp(at, rule->pattern, strlen(rule->pattern)) != 0)
            continue;
        for (at = strstr(at, rule->pattern); at; at = strstr(at + 1, rule->pattern)) {
            if (rule->act(state, line, at, rule))
                return true;
        }
    }
    return false;
}
