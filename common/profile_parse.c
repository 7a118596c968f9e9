/* Reading a profile: every field checked, contradictions refused. */
#include "common/profile_field.h"

#include <stdio.h>
#include <string.h>

#define KEY_CHARS     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define ADDRESS_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"

/* The sections and all their fields; the first row is the top. */
static const struct section {
    const char *name;
    const char *known[16];
} sections[] = {
    {NULL,
     {"version",
      "mode",
      "display",
      "audio",
      "parsec",
      "legacy",
      "drivers",
      "reboots",
      "policy",
      "idle_minutes"}},
    {"display",
     {"strategy", "hyperv_video", "modes", "ready_hold_s", "privacy", "virtual_monitors"}},
    {"audio", {"cable", "make_default"}},
    {"parsec", {"scope", "config", "proxy", "run_as_admin", "team", "installer"}},
    {"legacy", {"remove_tasks", "remove_scripts"}},
    {"drivers", {"when"}},
    {"reboots", {"allowed", "budget"}},
    {"policy", {"power", "updates", "media"}},
};

/* A Parsec line that a field of the profile writes. */
struct owned_line {
    const char *key;
    const char *field;
};

static const struct owned_line owned_lines[] = {
    {"host_virtual_monitors", "display.virtual_monitors"},
    {"host_privacy_mode", "display.privacy"},
    {"app_proxy", "parsec.proxy"},
    {"app_proxy_scheme", "parsec.proxy"},
    {"app_proxy_address", "parsec.proxy"},
    {"app_proxy_port", "parsec.proxy"},
};

/* "a contradicts b": both as field = value. */
static bool conflict(
    const char *field, const char *value, const char *other, enum text_id hint, struct err *err)
{
    err_set(err, ERR_BAD_INPUT, TEXT_PROFILE_CONFLICT, field, value, other, NULL);
    return err_hint(err, hint);
}

/* Puts the section in front of the field that err names. */
static bool in_section(const char *section, struct err *err)
{
    return section ? json_in(section, err) : false;
}

static bool check_known(const cJSON *json, struct err *err)
{
    size_t i;

    for (i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        const cJSON *part = json;

        if (sections[i].name && !json_object(json, sections[i].name, &part, err))
            return false;
        if (!json_only_known(part, sections[i].known, err))
            return in_section(sections[i].name, err);
    }
    return true;
}

static bool check_version(const cJSON *json, struct err *err)
{
    int64_t version = PROFILE_VERSION;

    if (!json_int(json, "version", 1, INT32_MAX, &version, err))
        return false;
    if (version > PROFILE_VERSION)
        return err_set(err, ERR_UNSUPPORTED, TEXT_PROFILE_VERSION, TEXT_NUM(version), NULL);
    return true;
}

static size_t count_names(const char *const *names)
{
    size_t n = 0;

    while (names[n])
        n++;
    return n;
}

static bool parse_field(const cJSON *section,
                        const struct profile_field *field,
                        struct profile *profile,
                        struct err *err)
{
    uint32_t value = profile_field_get(profile, field);
    int64_t number = value;
    int index = (int)value;
    bool flag = value != 0;

    switch (field->type) {
    case PROFILE_FIELD_BOOL:
        if (!json_bool(section, field->key, &flag, err))
            return false;
        value = flag;
        break;
    case PROFILE_FIELD_NUMBER:
        if (!json_int(section, field->key, field->min, field->max, &number, err))
            return false;
        value = (uint32_t)number;
        break;
    case PROFILE_FIELD_CHOICE:
        if (!json_choice(section, field->key, field->names, count_names(field->names), &index, err))
            return false;
        value = (uint32_t)index;
        break;
    }
    profile_field_set(profile, field, value);
    return true;
}

static const cJSON *section_of(const cJSON *json, const char *name)
{
    return name ? cJSON_GetObjectItemCaseSensitive(json, name) : json;
}

static bool parse_fields(const cJSON *json, struct profile *profile, struct err *err)
{
    const struct profile_field *field;

    for (field = profile_fields; field->key; field++) {
        if (!parse_field(section_of(json, field->section), field, profile, err))
            return in_section(field->section, err);
    }
    return true;
}

/* With `hold` the agent holds the monitor and Parsec makes none, unless somebody says otherwise,
 * which is refused: the two would fight over the driver. */
static bool check_strategy(const cJSON *display, struct profile *profile, struct err *err)
{
    const char *other = "display.strategy = hold";

    if (profile->display.strategy != PROFILE_STRATEGY_HOLD)
        return true;
    if (section_of(display, "privacy") && profile->display.privacy)
        return conflict("display.privacy", "true", other, TEXT_PROFILE_HINT_HOLD, err);
    if (section_of(display, "virtual_monitors") && profile->display.virtual_monitors)
        return conflict("display.virtual_monitors",
                        TEXT_NUM(profile->display.virtual_monitors),
                        other,
                        TEXT_PROFILE_HINT_HOLD,
                        err);
    profile->display.privacy = false;
    profile->display.virtual_monitors = 0;
    return true;
}

static bool modes_contain(const struct profile *profile, const struct profile_display_mode *mode)
{
    unsigned i;

    for (i = 0; i < profile->display.mode_count; i++) {
        const struct profile_display_mode *other = &profile->display.modes[i];

        if (other->width == mode->width && other->height == mode->height && other->hz == mode->hz)
            return true;
    }
    return false;
}

static bool parse_modes(const cJSON *display, struct profile *profile, struct err *err)
{
    const cJSON *modes;
    const cJSON *item;
    unsigned count = 0;

    if (!json_array(display, "modes", &modes, err))
        return false;
    if (!modes)
        return true;
    if (cJSON_GetArraySize(modes) < 1 || cJSON_GetArraySize(modes) > PROFILE_MODES)
        return err_set(err,
                       ERR_BAD_INPUT,
                       TEXT_PROFILE_COUNT,
                       "modes",
                       TEXT_NUM(1),
                       TEXT_NUM(PROFILE_MODES),
                       NULL);
    profile->display.mode_count = 0;
    for (item = modes->child; item; item = item->next, count++) {
        struct profile_display_mode mode;
        const char *text = cJSON_IsString(item) ? item->valuestring : "";

        if (!profile_mode_parse(text, &mode) || modes_contain(profile, &mode)) {
            err_set(err, ERR_BAD_INPUT, TEXT_PROFILE_MODE, "", text, NULL);
            return json_in_item("modes", count, err);
        }
        profile->display.modes[profile->display.mode_count++] = mode;
    }
    return true;
}

/* A value of config as the text that Parsec's file holds; false when it cannot be one. */
static bool line_value(const cJSON *item, char out[PROFILE_VALUE_BYTES])
{
    const char *text = item->valuestring;
    size_t i;

    if (cJSON_IsBool(item)) {
        text_copy(out, PROFILE_VALUE_BYTES, cJSON_IsTrue(item) ? "true" : "false");
        return true;
    }
    if (cJSON_IsNumber(item)) {
        snprintf(out, PROFILE_VALUE_BYTES, "%.15g", item->valuedouble);
        return true;
    }
    if (!cJSON_IsString(item) || strlen(text) >= PROFILE_VALUE_BYTES)
        return false;
    for (i = 0; text[i]; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return false; /* a line end would smuggle in another line */
    }
    if (i && (text[0] == ' ' || text[i - 1] == ' '))
        return false; /* would be lost between the file and us */
    text_copy(out, PROFILE_VALUE_BYTES, text);
    return true;
}

static bool is_false(const char *value)
{
    return strcmp(value, "0") == 0 || strcmp(value, "false") == 0;
}

/* What a line of the user may not say, because a field of the profile or the strategy says it. */
static bool
check_line(const struct profile *profile, const struct profile_line *line, struct err *err)
{
    size_t i;

    for (i = 0; i < sizeof owned_lines / sizeof owned_lines[0]; i++) {
        if (strcmp(line->key, owned_lines[i].key) == 0)
            return err_set(
                err, ERR_BAD_INPUT, TEXT_PROFILE_OWNED_LINE, line->key, owned_lines[i].field, NULL);
    }
    if (profile->display.strategy == PROFILE_STRATEGY_HOLD &&
        strcmp(line->key, "host_virtual_monitor_fallback") == 0 && !is_false(line->value))
        return conflict(
            line->key, line->value, "display.strategy = hold", TEXT_PROFILE_HINT_HOLD, err);
    return true;
}

static bool parse_config(const cJSON *parsec, struct profile *profile, struct err *err)
{
    const cJSON *config;
    const cJSON *item;

    if (!json_object(parsec, "config", &config, err))
        return false;
    for (item = config ? config->child : NULL; item; item = item->next) {
        struct profile_line *line = &profile->parsec.config[profile->parsec.config_count];
        size_t length = strlen(item->string);

        if (profile->parsec.config_count == PROFILE_CONFIG_LINES)
            return err_set(err,
                           ERR_TOO_LARGE,
                           TEXT_PROFILE_COUNT,
                           "config",
                           TEXT_NUM(0),
                           TEXT_NUM(PROFILE_CONFIG_LINES),
                           NULL);
        if (length == 0 || length >= PROFILE_KEY_BYTES ||
            strspn(item->string, KEY_CHARS) != length || !line_value(item, line->value)) {
            err_set(err, ERR_BAD_INPUT, TEXT_PROFILE_LINE, item->string, NULL);
            return json_in("config", err);
        }
        text_copy(line->key, sizeof line->key, item->string);
        if (!check_line(profile, line, err))
            return json_in("config", err);
        profile->parsec.config_count++;
    }
    return true;
}

/* True for addresses that mean the machine itself: from inside the guest nobody listens there. */
static bool is_loopback(const char *address)
{
    static const char *const names[] = {"localhost", "::1", "[::1]", "0.0.0.0", "::", "[::]"};
    char lower[PROFILE_VALUE_BYTES];
    size_t i;

    for (i = 0; address[i]; i++)
        lower[i] = address[i] >= 'A' && address[i] <= 'Z' ? (char)(address[i] | 0x20) : address[i];
    while (i > 1 && lower[i - 1] == '.')
        i--;
    lower[i] = '\0';
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(lower, names[i]) == 0)
            return true;
    }
    return strncmp(lower, "127.", 4) == 0 || strncmp(lower, "::ffff:127.", 11) == 0 ||
           strncmp(lower, "[::ffff:127.", 12) == 0;
}

static bool check_address(const char *address, struct err *err)
{
    size_t length = strlen(address);

    if (length == 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "address", NULL);
    if (strspn(address, ADDRESS_CHARS) != length)
        return err_set(err, ERR_BAD_INPUT, TEXT_PROFILE_ADDRESS, "address", address, NULL);
    if (is_loopback(address)) {
        err_set(err, ERR_BAD_INPUT, TEXT_PROFILE_LOOPBACK, "address", address, NULL);
        return err_hint(err, TEXT_PROFILE_HINT_VIA_HOST);
    }
    return true;
}

static bool parse_proxy(const cJSON *parsec, struct profile *profile, struct err *err)
{
    static const char *const known[] = {"via", "address", "port", NULL};
    char address[PROFILE_VALUE_BYTES];
    const cJSON *proxy;
    const char *via;
    int64_t port = 0;
    int kind = PROFILE_PROXY_NONE;

    if (!json_object(parsec, "proxy", &proxy, err))
        return false;
    if (!proxy)
        return true;
    if (!json_only_known(proxy, known, err) || !json_string(proxy, "via", NULL, &via, err) ||
        !json_choice(proxy, "via", profile_proxy_names, 3, &kind, err) ||
        !json_string_into(proxy, "address", "", address, sizeof address, err) ||
        !json_int(proxy, "port", 1, UINT16_MAX, &port, err))
        return json_in("proxy", err);
    if (kind != PROFILE_PROXY_NONE && port == 0) {
        err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "port", NULL);
        return json_in("proxy", err);
    }
    if (kind == PROFILE_PROXY_DIRECT && !check_address(address, err))
        return json_in("proxy", err);
    if (kind != PROFILE_PROXY_DIRECT && address[0]) {
        char other[PROFILE_KEY_BYTES];

        snprintf(other, sizeof other, "parsec.proxy.via = %s", profile_proxy_names[kind]);
        conflict("address", address, other, TEXT_PROFILE_HINT_VIA_HOST, err);
        return json_in("proxy", err);
    }
    profile->parsec.proxy = (enum profile_proxy)kind;
    profile->parsec.proxy_port = kind == PROFILE_PROXY_NONE ? 0 : (uint16_t)port;
    text_copy(profile->parsec.proxy_address, sizeof profile->parsec.proxy_address, address);
    return true;
}

/* Switches that may not be given: a secret in a command line, and what makes an installation that
 * nobody can use. */
static const char *const refused_switches[] = {"/team_computer_key", "/currentuser"};

/* "/name" or "/name=value". */
static bool is_switch(const char *text)
{
    size_t length = strlen(text), name, value = 0;

    if (length >= PROFILE_SWITCH_BYTES || text[0] != '/')
        return false;
    name = strspn(text + 1, KEY_CHARS);
    if (text[1 + name] == '=')
        value = 1 + strspn(text + 2 + name, KEY_CHARS ".-");
    if (name == 0 || 1 + name + value != length)
        return false;
    for (size_t i = 0; i < sizeof refused_switches / sizeof refused_switches[0]; i++)
        if (strlen(refused_switches[i]) == 1 + name &&
            strncmp(text, refused_switches[i], 1 + name) == 0)
            return false;
    return true;
}

static bool parse_installer(const cJSON *parsec, struct profile *profile, struct err *err)
{
    const cJSON *list, *item;

    if (!json_array(parsec, "installer", &list, err))
        return false;
    for (item = list ? list->child : NULL; item; item = item->next) {
        unsigned count = profile->parsec.installer_count;
        const char *text = cJSON_IsString(item) ? item->valuestring : "";

        if (count == PROFILE_SWITCHES)
            return err_set(err,
                           ERR_TOO_LARGE,
                           TEXT_PROFILE_COUNT,
                           "installer",
                           TEXT_NUM(0),
                           TEXT_NUM(PROFILE_SWITCHES),
                           NULL);
        if (!is_switch(text)) {
            err_set(err, ERR_BAD_INPUT, TEXT_PROFILE_SWITCH, "", text, NULL);
            return json_in_item("installer", count, err);
        }
        text_copy(profile->parsec.installer[count], PROFILE_SWITCH_BYTES, text);
        profile->parsec.installer_count++;
    }
    return true;
}

bool profile_parse(const cJSON *json, struct profile *ret_profile, struct err *err)
{
    struct profile profile;
    const cJSON *display = section_of(json, "display");
    const cJSON *parsec = section_of(json, "parsec");

    if (!cJSON_IsObject(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "profile", "object", NULL);
    profile_init(&profile);
    if (!check_version(json, err) || !check_known(json, err) ||
        !parse_fields(json, &profile, err) || !check_strategy(display, &profile, err))
        return false;
    if (!parse_modes(display, &profile, err))
        return json_in("display", err);
    if (!parse_config(parsec, &profile, err) || !parse_proxy(parsec, &profile, err) ||
        !parse_installer(parsec, &profile, err))
        return json_in("parsec", err);
    *ret_profile = profile;
    return true;
}
