/* Keys that change network, session, time and the system as a whole. */
#include "guest/machine/sim/edit_rows.h"

#include "guest/machine/sim/fault.h"
#include "guest/machine/sim/logon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A free value that is not of the form that its key shows. */
static bool bad_value(const char *key, const char *value, struct err *err)
{
    const char *values = "";

    for (size_t i = 0; edit_key(i); i++)
        if (edit_is(edit_key(i)->key, key))
            values = edit_key(i)->values;
    return err_set(err, ERR_USAGE, TEXT_SIM_EDIT_VALUE, key, value, values, NULL);
}

static bool set_network(struct sim_env *env, const char *value, struct err *err)
{
    static const struct {
        const char *value;
        enum network_trouble trouble;
        const char *proxy; /* NULL: stays */
        enum world_proxy state;
    } rows[] = {
        {"ok", NETWORK_OK, NULL, WORLD_PROXY_OK},
        {"dead", NETWORK_NO_NAMES, "", WORLD_PROXY_OK},
        {"no_address", NETWORK_NO_ADDRESS, "", WORLD_PROXY_OK},
        {"no_names", NETWORK_NO_NAMES, NULL, WORLD_PROXY_OK},
        {"proxy", NETWORK_BLOCKED, NULL, WORLD_PROXY_OK},
        {"proxy_refused", NETWORK_BLOCKED, NULL, WORLD_PROXY_REFUSED},
        {"proxy_denied", NETWORK_BLOCKED, NULL, WORLD_PROXY_DENIED},
        {"blocked", NETWORK_BLOCKED, "", WORLD_PROXY_OK},
        {"clock_wrong", NETWORK_CLOCK_WRONG, NULL, WORLD_PROXY_OK},
        {"no_udp", NETWORK_NO_UDP, NULL, WORLD_PROXY_OK},
        {"double_nat", NETWORK_DOUBLE_NAT, NULL, WORLD_PROXY_OK},
    };
    struct world_network *network = &env->world->network;

    (void)err;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!edit_is(value, rows[i].value))
            continue;
        network->trouble = rows[i].trouble;
        network->proxy_state = rows[i].state;
        if (rows[i].proxy)
            network->proxy[0] = 0;
        else if (!network->proxy[0])
            text_copy(network->proxy, sizeof(network->proxy), "127.0.0.1:7890");
    }
    logon_network(env);
    return true;
}

static bool set_session(struct sim_env *env, const char *value, struct err *err)
{
    struct world_session *session = &env->world->session;

    (void)err;
    if (edit_is(value, "logged_off")) {
        logon_end(env);
        return true;
    }
    if (!session->logged_on)
        logon_begin(env);
    session->enhanced = edit_is(value, "enhanced");
    session->busy = edit_is(value, "busy");
    if (edit_is(value, "idle"))
        session->input_ms = env->now_ms - 24 * 3600 * (int64_t)1000;
    else
        session->input_ms = env->now_ms;
    return true;
}

static bool set_setup(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.setup_stuck = edit_is(value, "running");
    if (edit_is(value, "done"))
        env->world->system.setup_until_ms = 0;
    return true;
}

static bool set_power(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.power = edit_is(value, "cut")        ? WORLD_CUT
                               : edit_is(value, "off")      ? WORLD_OFF
                               : edit_is(value, "shutdown") ? WORLD_SHUTDOWN
                                                            : WORLD_REBOOT;
    return true;
}

static bool set_media(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.media_present = edit_is(value, "present");
    env->world->system.media_offered = !edit_is(value, "unavailable");
    return true;
}

/* As Setup leaves it after an automatic sign-in; the password is no secret: it is no password. */
static bool set_password(struct sim_env *env, const char *value, struct err *err)
{
    static const char answers[] =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<unattend>\n<AutoLogon>\n<Password>\n"
        "<PlainText>true</PlainText>\n<Value>Simulated-1</Value>\n</Password>\n</AutoLogon>\n"
        "</unattend>\n";
    static const struct {
        const char *name;
        struct registry_value value;
    } rows[] = {
        {"AutoAdminLogon", {.type = REGISTRY_STRING, .text = "1"}},
        {"DefaultPassword", {.type = REGISTRY_STRING, .text = "Simulated-1"}},
        {"AutoLogonCount", {.type = REGISTRY_DWORD, .dword = 2}},
    };
    static const struct registry_value absent = {.type = REGISTRY_ABSENT};
    bool readable = edit_is(value, "readable");

    (void)err;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        (void)world_registry_set(env->world,
                                 "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon",
                                 rows[i].name,
                                 readable ? &rows[i].value : &absent);
    if (readable)
        disk_put(env->disk, ROOT_PANTHER, "unattend.xml", answers);
    else
        (void)env->disk->ops->remove(env->disk, ROOT_PANTHER, "unattend.xml", NULL);
    env->world->session.secret = false;
    return true;
}

static bool set_scale(struct sim_env *env, const char *value, struct err *err)
{
    long scale = atol(value);

    if (scale < 1 || scale > 10000)
        return bad_value("clock.scale", value, err);
    env->world->scale_wall_ms = env->now_ms;
    env->world->scale_real_ms = env->real_ms;
    env->world->scale = scale;
    return true;
}

/* "services.start:fail:3" is a fault of the third call, "none" takes all faults away. */
static bool set_fault(struct sim_env *env, const char *value, struct err *err)
{
    static const char *const names[] = {"fail", "lie", "kill", "hang", "reboot", "power"};
    struct world_fault fault = {.call = 1, .count = 1, .kind = ERR_FAILED, .hang_s = 60};
    char action[16] = "", call[16] = "1";
    size_t i = 0;

    if (edit_is(value, "none")) {
        env->world->fault_count = 0;
        return true;
    }
    if (sscanf(value, "%15[a-z].%23[a-z_]:%15[a-z]:%15[0-9]", fault.port, fault.op, action, call) <
        3)
        return bad_value("fault", value, err);
    while (i < COUNT_OF(names) && strcmp(names[i], action) != 0)
        i++;
    if (i == COUNT_OF(names) || !fault_known(fault.port, fault.op))
        return bad_value("fault", value, err);
    if (env->world->fault_count == WORLD_FAULTS)
        return err_set(
            err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "faults", TEXT_NUM(WORLD_FAULTS), NULL);
    fault.action = (enum world_fault_do)i;
    fault.call = (uint32_t)strtoul(call, NULL, 10);
    env->world->faults[env->world->fault_count++] = fault;
    return true;
}

/* "2:display.adapter=missing" is an edit at the second boot, "0:..." at every one; "none" takes all
 * of them away. */
static bool set_drift(struct sim_env *env, const char *value, struct err *err)
{
    struct world_drift drift = {.at_boot = 0};
    char boot[12];

    if (edit_is(value, "none")) {
        env->world->drift_count = 0;
        return true;
    }
    if (sscanf(value, "%11[0-9]:%47[^=]=%95s", boot, drift.key, drift.value) != 3 ||
        !edit_known(drift.key, drift.value))
        return bad_value("drift", value, err);
    if (env->world->drift_count == WORLD_DRIFTS)
        return err_set(
            err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "drifts", TEXT_NUM(WORLD_DRIFTS), NULL);
    drift.at_boot = (uint32_t)strtoul(boot, NULL, 10);
    env->world->drifts[env->world->drift_count++] = drift;
    return true;
}

const struct edit_row edit_system_rows[] = {
    {.about = {"network",
               "ok|dead|no_address|no_names|proxy|proxy_refused|proxy_denied|blocked|clock_wrong|"
               "no_udp|double_nat"},
     .apply = set_network},
    {.about = {"network.proxy", "<address:port>"}, EDIT_TEXT(network.proxy)},
    {.about = {"session", "logged_on|logged_off|enhanced|idle|busy"}, .apply = set_session},
    {.about = {"session.user", "<name>"}, EDIT_TEXT(session.user)},
    {.about = {"system.setup", "done|running"}, .apply = set_setup},
    {.about = {"system.sleep", "off|allowed"}, EDIT_FLAG(system.sleep_allowed)},
    {.about = {"system.media", "present|missing|unavailable"}, .apply = set_media},
    {.about = {"system.uac", "plain|secure"}, EDIT_FLAG(system.uac_secure_desktop)},
    {.about = {"system.updates", "none|drivers"}, EDIT_FLAG(system.driver_updates)},
    {.about = {"system.password", "none|readable"}, .apply = set_password},
    {.about = {"system.reboot", "none|pending"}, EDIT_FLAG(system.reboot_pending)},
    {.about = {"power", "cut|off|shutdown|reboot"}, .apply = set_power},
    {.about = {"clock.scale", "<1..10000>"}, .apply = set_scale},
    {.about = {"fault", "<none, or port.op:fail|lie|kill|hang|reboot|power[:call]>"},
     .apply = set_fault},
    {.about = {"drift", "<none, or boot:key=value>"}, .apply = set_drift},
    {.about = {"computer", "<name>"}, EDIT_TEXT(system.computer)},
    {.about = {"vm_id", "<id>"}, EDIT_TEXT(system.vm_id)},
    {.about = {NULL, NULL}},
};
