/*
 * A simulated computer: computer.json in the folder of the simulation has what differs from a
 * computer on which all is well, and what the next restart brings.
 */
#include "host/computer/computer.h"

#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME  "computer.json"
#define FILE_BYTES 16384
#define REBOOT     "reboot"

struct computer_sim {
    struct computer base;
    char path[FS_PATH_BYTES];
    struct computer_facts facts;
    /* what the next restart brings */
    enum feature_state next_hyperv, next_platform;
};

static const struct computer_facts healthy = {
    .firmware = FACT_YES,
    .hypervisor = FACT_YES,
    .nested = FACT_NO,
    .hyperv = FEATURE_ENABLED,
    .platform = FEATURE_ENABLED,
    .launch = LAUNCH_AUTO,
    .edition = "Professional",
    .build = "10.0.26100.4946",
    .server = FACT_NO,
    .memory_mb = 32768,
    .disk_free_gb = 500,
    .lid = FACT_NO,
    .battery = FACT_NO,
    .ups = FACT_NO,
    .wsl = FACT_NO,
    .vmware = FACT_NO,
    .virtualbox = FACT_NO,
    .secure_policy = FACT_NO,
    .supported_policy = FACT_NO,
    .vmms = SERVICE_LIFE_RUNNING,
    .automount = FACT_YES,
    .reboot_pending = FACT_NO,
};

static const struct fact_row *find_row(const char *name)
{
    const struct fact_row *row = fact_rows;

    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row->name ? row : NULL;
}

/* ---- the file ---- */

static bool read_file(struct computer_sim *sim, const cJSON *json, struct err *err)
{
    int64_t next[2] = {0, 0};

    if (!json_int(json, "next_hyperv", 0, FEATURE_STATES - 1, &next[0], err) ||
        !json_int(json, "next_platform", 0, FEATURE_STATES - 1, &next[1], err))
        return false;
    sim->next_hyperv = (enum feature_state)next[0];
    sim->next_platform = (enum feature_state)next[1];
    for (const struct fact_row *row = fact_rows; row->name; row++) {
        const char *text = "";

        if (!json_string(json, row->name, "", &text, err))
            return false;
        if (*text && !fact_set(&sim->facts, row, text))
            return err_set(err, ERR_BAD_INPUT, TEXT_JSON_CHOICE, row->name, text, "", NULL);
    }
    return true;
}

static bool load(struct computer_sim *sim, struct err *err)
{
    struct err why = ERR_INIT;
    cJSON *json = NULL;
    bool ok;

    sim->facts = healthy;
    if (!json_read_file(sim->path, &json_limits_message, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    ok = read_file(sim, json, err) || err_context(err, TEXT_FILE_READING, sim->path);
    cJSON_Delete(json);
    return ok;
}

static bool save(const struct computer_sim *sim, struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    char value[COMPUTER_TEXT_BYTES];
    struct buf text;
    bool ok = json_add_int(json, "next_hyperv", (int64_t)sim->next_hyperv) &&
              json_add_int(json, "next_platform", (int64_t)sim->next_platform);

    buf_init(&text, FILE_BYTES);
    for (const struct fact_row *row = fact_rows; ok && row->name; row++)
        ok = cJSON_AddStringToObject(json, row->name, fact_get(&sim->facts, row, value)) != NULL;
    ok = (ok && json_write_pretty(json, &text)) || err_no_memory(err);
    ok = ok && fs_write_atomic(sim->path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

/* ---- how it behaves ---- */

static void restart(struct computer_sim *sim)
{
    struct computer_facts *f = &sim->facts;
    bool runs;

    if (sim->next_hyperv)
        f->hyperv = sim->next_hyperv;
    if (sim->next_platform)
        f->platform = sim->next_platform;
    sim->next_hyperv = sim->next_platform = FEATURE_UNKNOWN;
    runs = f->firmware == FACT_YES && f->launch == LAUNCH_AUTO &&
           (f->hyperv == FEATURE_ENABLED || f->platform == FEATURE_ENABLED);
    f->hypervisor = runs ? FACT_YES : FACT_NO;
    f->vmms = f->hyperv != FEATURE_ENABLED ? SERVICE_LIFE_ABSENT : SERVICE_LIFE_RUNNING;
    f->reboot_pending = FACT_NO;
}

static bool sim_facts(struct computer *c, struct computer_facts *ret_facts, struct err *err)
{
    struct computer_sim *sim = (struct computer_sim *)c;

    (void)err;
    *ret_facts = sim->facts;
    if (sim->next_hyperv && sim->next_hyperv != sim->facts.hyperv)
        ret_facts->hyperv = FEATURE_PENDING;
    if (sim->next_platform && sim->next_platform != sim->facts.platform)
        ret_facts->platform = FEATURE_PENDING;
    return true;
}

/* Which fact a setting is, and how its values are called there. */
static const struct setting {
    const char *name, *fact;
    bool later;              /* with the next restart */
    const char *names[3][2]; /* value of the setting, value of the fact */
} settings[] = {
    {COMPUTER_HYPERV, "hyperv", true, {{"enabled", "enabled"}, {"disabled", "disabled"}}},
    {COMPUTER_PLATFORM, "platform", true, {{"enabled", "enabled"}, {"disabled", "disabled"}}},
    {COMPUTER_LAUNCH,
     "launch",
     false,
     {{"auto", "auto"}, {"off", "off"}, {COMPUTER_UNSET, COMPUTER_UNSET}}},
    {COMPUTER_SECURE,
     "secure_policy",
     false,
     {{"1", "yes"}, {"0", "no"}, {COMPUTER_UNSET, "unknown"}}},
    {COMPUTER_SUPPORTED,
     "supported_policy",
     false,
     {{"1", "yes"}, {"0", "no"}, {COMPUTER_UNSET, "unknown"}}},
    {COMPUTER_AUTOMOUNT, "automount", false, {{"1", "no"}, {"0", "yes"}, {COMPUTER_UNSET, "yes"}}},
};

static const struct setting *find_setting(const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!strcmp(settings[i].name, name))
            return &settings[i];
    err_set(err, ERR_BAD_INPUT, TEXT_HOST_SETTING_UNKNOWN, name, NULL);
    return NULL;
}

static bool sim_get(struct computer *c, const char *name, char *out, struct err *err)
{
    struct computer_sim *sim = (struct computer_sim *)c;
    const struct setting *setting = find_setting(name, err);
    char value[COMPUTER_TEXT_BYTES];
    enum feature_state next;

    if (!setting)
        return false;
    fact_get(&sim->facts, find_row(setting->fact), value);
    next = !strcmp(name, COMPUTER_HYPERV) ? sim->next_hyperv : sim->next_platform;
    if (setting->later && next)
        text_copy(value, sizeof value, next == FEATURE_ENABLED ? "enabled" : "disabled");
    text_copy(out, COMPUTER_VALUE_BYTES, COMPUTER_UNSET);
    for (size_t i = 0; i < 3 && setting->names[i][0]; i++)
        if (!strcmp(setting->names[i][1], value)) {
            text_copy(out, COMPUTER_VALUE_BYTES, setting->names[i][0]);
            break;
        }
    return true;
}

static bool
sim_set(struct computer *c, const char *name, const char *value, bool *ret_reboot, struct err *err)
{
    struct computer_sim *sim = (struct computer_sim *)c;
    const struct setting *setting = find_setting(name, err);
    size_t i = 0;

    if (!setting)
        return false;
    while (i < 3 && setting->names[i][0] && strcmp(setting->names[i][0], value) != 0)
        i++;
    if (i == 3 || !setting->names[i][0])
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_CHOICE, name, value, "", NULL);
    *ret_reboot = setting->later || !strcmp(name, COMPUTER_LAUNCH);
    if (setting->later) {
        enum feature_state *next =
            !strcmp(name, COMPUTER_HYPERV) ? &sim->next_hyperv : &sim->next_platform;

        *next = !strcmp(value, "enabled") ? FEATURE_ENABLED : FEATURE_DISABLED;
        sim->facts.reboot_pending = FACT_YES;
    } else {
        fact_set(&sim->facts, find_row(setting->fact), setting->names[i][1]);
    }
    return save(sim, err);
}

static void sim_free(struct computer *c)
{
    free(c);
}

static const struct computer_ops sim_ops = {sim_facts, sim_get, sim_set, sim_free};

static bool open_sim(const char *state, struct computer_sim **ret_sim, struct err *err)
{
    struct computer_sim *sim = calloc(1, sizeof *sim);

    if (!sim)
        return err_no_memory(err);
    sim->base.ops = &sim_ops;
    if (!fs_join(sim->path, state, FILE_NAME, err) || !fs_make_dirs(state, FS_PRIVATE, err) ||
        !load(sim, err)) {
        free(sim);
        return false;
    }
    *ret_sim = sim;
    return true;
}

bool computer_open_sim(const char *state, struct computer **ret_computer, struct err *err)
{
    struct computer_sim *sim = NULL;

    if (!open_sim(state, &sim, err))
        return false;
    *ret_computer = &sim->base;
    return true;
}

/* ---- changing it ---- */

static bool unknown(const char *setting, struct err *err)
{
    struct buf names;

    buf_init(&names, ERR_ARG_BYTES * 4);
    for (const struct fact_row *row = fact_rows; row->name; row++)
        buf_printf(&names, "%s ", row->name);
    buf_puts(&names, REBOOT);
    err_set(err, ERR_USAGE, TEXT_HOST_SIM_BOOT_KEYS, setting, buf_str(&names), NULL);
    buf_done(&names);
    return false;
}

bool computer_sim_edit(const char *state, const char *setting, struct err *err)
{
    size_t length = strcspn(setting, "=");
    const char *value = setting[length] ? setting + length + 1 : "";
    struct computer_sim *sim = NULL;
    char name[COMPUTER_TEXT_BYTES];
    const struct fact_row *row;
    bool ok;

    if (length >= sizeof name)
        return unknown(setting, err);
    text_copy(name, length + 1, setting);
    if (!open_sim(state, &sim, err))
        return false;
    row = find_row(name);
    if (!strcmp(name, REBOOT)) {
        restart(sim);
        ok = save(sim, err);
    } else {
        ok =
            ((row && fact_set(&sim->facts, row, value)) || unknown(setting, err)) && save(sim, err);
    }
    sim_free(&sim->base);
    return ok;
}
