/* The lines that a profile wants, and what keys and values mean. */
#include "guest/parsec/config_edit.h"

#include <stdlib.h>
#include <string.h>

struct key_row {
    const char *key;
    enum config_kind kind;
    bool ours; /* decides who gives the monitor, or the proxy */
};

/* Keys whose kind cannot be seen from a value (facts: guest.md 1.3). */
static const struct key_row key_rows[] = {
    {"host_virtual_monitors", CONFIG_KIND_NUMBER, true},
    {"host_privacy_mode", CONFIG_KIND_SWITCH, true},
    {"host_virtual_monitor_fallback", CONFIG_KIND_WORD, true},
    {"app_proxy", CONFIG_KIND_WORD, true},
    {"app_proxy_scheme", CONFIG_KIND_TEXT, true},
    {"app_proxy_address", CONFIG_KIND_TEXT, true},
    {"app_proxy_port", CONFIG_KIND_NUMBER, true},
    {"app_host", CONFIG_KIND_SWITCH, false},
    {"app_first_run", CONFIG_KIND_SWITCH, false},
    {"app_check_user_data", CONFIG_KIND_SWITCH, false},
    {"app_copy_paste", CONFIG_KIND_WORD, false},
    {"app_channel", CONFIG_KIND_TEXT, false},
    {"host_name", CONFIG_KIND_TEXT, false},
    {"host_exclusive_input", CONFIG_KIND_SWITCH, false},
    {"host_full_fps", CONFIG_KIND_WORD, false},
    {"host_virtual_mouse", CONFIG_KIND_SWITCH, false},
    {"host_virtual_microphone", CONFIG_KIND_SWITCH, false},
    {"host_virtual_tablet", CONFIG_KIND_WORD, false},
    {"network_raw_audio", CONFIG_KIND_SWITCH, false},
    {"server_admin_mute", CONFIG_KIND_SWITCH, false},
    {"encoder_h265", CONFIG_KIND_SWITCH, false},
};

static const struct key_row *key_row(const char *key)
{
    size_t i;

    for (i = 0; i < sizeof key_rows / sizeof key_rows[0]; i++) {
        if (strcmp(key_rows[i].key, key) == 0)
            return &key_rows[i];
    }
    return NULL;
}

bool config_key_is_ours(const char *key)
{
    const struct key_row *row = key_row(key);

    return row && row->ours;
}

/* True for a whole number of at most 15 digits, which also a JSON double holds exactly. */
static bool is_number(const char *text)
{
    size_t sign = text[0] == '-', digits = strspn(text + sign, "0123456789");

    return digits > 0 && digits <= 15 && text[sign + digits] == '\0';
}

enum config_kind config_kind(const char *key, const char *value)
{
    const struct key_row *row = key_row(key);

    if (row)
        return row->kind;
    if (is_number(value))
        return CONFIG_KIND_NUMBER;
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        return CONFIG_KIND_WORD;
    return CONFIG_KIND_TEXT;
}

/* The usual spelling of a value, so that two that mean the same become equal. */
static const char *canonical_switch(const char *value)
{
    if (strcmp(value, "true") == 0)
        return "1";
    return strcmp(value, "false") == 0 ? "0" : value;
}

bool config_value_equal(const char *key, const char *a, const char *b)
{
    if (config_kind(key, a) != CONFIG_KIND_TEXT) {
        a = canonical_switch(a);
        b = canonical_switch(b);
        if (is_number(a) && is_number(b))
            return strtoll(a, NULL, 10) == strtoll(b, NULL, 10);
    }
    return strcmp(a, b) == 0;
}

const struct config_line *config_lines_find(const struct config_lines *lines, const char *key)
{
    size_t i;

    for (i = 0; i < lines->count; i++) {
        if (strcmp(lines->items[i].key, key) == 0)
            return &lines->items[i];
    }
    return NULL;
}

static bool is_key(const char *key)
{
    size_t length = strlen(key);

    return length > 0 && length < PROFILE_KEY_BYTES &&
           strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length;
}

/* A value that survives being written as a line and read again. */
static bool is_value(const char *value)
{
    size_t length = strlen(value), i;

    if (length >= PROFILE_VALUE_BYTES || !text_is_utf8(value, length))
        return false;
    for (i = 0; i < length; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7F)
            return false;
    }
    return length == 0 || (value[0] != ' ' && value[length - 1] != ' ');
}

bool config_lines_set(struct config_lines *lines, const char *key, const char *value)
{
    struct config_line *line = NULL;
    size_t i;

    if (!is_key(key) || (value && !is_value(value)))
        return false;
    for (i = 0; i < lines->count && !line; i++) {
        if (strcmp(lines->items[i].key, key) == 0)
            line = &lines->items[i];
    }
    if (!line) {
        if (lines->count == CONFIG_LINES)
            return false;
        line = &lines->items[lines->count++];
        memset(line, 0, sizeof *line);
        text_copy(line->key, sizeof line->key, key);
    }
    line->absent = !value;
    text_copy(line->value, sizeof line->value, value ? value : "");
    return true;
}

static void set_number(struct config_lines *lines, const char *key, int64_t value)
{
    config_lines_set(lines, key, TEXT_NUM(value));
}

static void want_baseline(const struct profile *profile, struct config_lines *lines)
{
    config_lines_set(lines, "app_first_run", "0");
    config_lines_set(lines, "host_virtual_mouse", "0");
    config_lines_set(lines, "host_virtual_microphone", "0");
    if (profile->display.mode_count > 0) {
        set_number(lines, "server_resolution_x", profile->display.modes[0].width);
        set_number(lines, "server_resolution_y", profile->display.modes[0].height);
    }
}

static void want_strategy(const struct profile *profile,
                          enum config_strategy strategy,
                          struct config_lines *lines)
{
    if (strategy == CONFIG_STRATEGY_HOLD) {
        config_lines_set(lines, "host_virtual_monitors", "0");
        config_lines_set(lines, "host_privacy_mode", "0");
        config_lines_set(lines, "host_virtual_monitor_fallback", "false");
        return;
    }
    set_number(lines, "host_virtual_monitors", profile->display.virtual_monitors);
    config_lines_set(lines, "host_privacy_mode", profile->display.privacy ? "1" : "0");
}

static void want_proxy(const struct profile *profile, struct config_lines *lines)
{
    const char *address = profile->parsec.proxy_address;

    if (profile->parsec.proxy == PROFILE_PROXY_NONE)
        return;
    if (profile->parsec.proxy == PROFILE_PROXY_HOST)
        address = "127.0.0.1";
    config_lines_set(lines, "app_proxy", "true");
    config_lines_set(lines, "app_proxy_scheme", "http");
    config_lines_set(lines, "app_proxy_address", address);
    set_number(lines, "app_proxy_port", profile->parsec.proxy_port);
}

void config_wanted(const struct profile *profile,
                   enum config_strategy strategy,
                   struct config_lines *ret_lines)
{
    unsigned i;

    memset(ret_lines, 0, sizeof *ret_lines);
    want_baseline(profile, ret_lines);
    for (i = 0; i < profile->parsec.config_count; i++) {
        const struct profile_line *line = &profile->parsec.config[i];

        if (!config_key_is_ours(line->key))
            config_lines_set(ret_lines, line->key, line->value);
    }
    want_strategy(profile, strategy, ret_lines);
    want_proxy(profile, ret_lines);
}

size_t config_wanted_index(const struct config_lines *wanted, struct config_span key)
{
    size_t i;

    for (i = 0; i < wanted->count; i++) {
        const char *name = wanted->items[i].key;

        if (strlen(name) == key.length && memcmp(name, key.start, key.length) == 0)
            return i;
    }
    return CONFIG_LINES;
}
