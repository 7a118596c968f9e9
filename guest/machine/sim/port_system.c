/* Ports of sessions, network and the system as a whole over the simulated Windows. */
#include "guest/machine/sim/core.h"
#include "guest/machine/sim/parsecd.h"
#include "guest/machine/sim/store.h"

#include <stdio.h>
#include <string.h>

#define PUBLISH_MAX     1000
#define MEDIA_INSTALL_S 45

static struct sim *sessions_sim(struct sessions_port *port)
{
    return CORE_SIM(port, sessions);
}

static struct sim *network_sim(struct network_port *port)
{
    return CORE_SIM(port, network);
}

static struct sim *system_sim(struct system_port *port)
{
    return CORE_SIM(port, system);
}

/* ---- sessions ---- */

static bool
sessions_query(struct sessions_port *port, struct session_state *ret_state, struct err *err)
{
    struct session_state state = {.desktop_age_ms = -1, .input_idle_ms = -1};
    const struct world_session *session;
    struct core_call call;

    if (!core_read(&call, sessions_sim(port), "sessions.query", "", err))
        return false;
    session = &call.world->session;
    if (session->logged_on && !call.lie) {
        state.user_logged_on = !session->enhanced;
        state.enhanced = session->enhanced;
        text_copy(state.user, sizeof(state.user), session->user);
        state.desktop_age_ms = call.env->now_ms - session->desktop_since_ms;
        state.input_idle_ms = session->busy ? 0 : call.env->now_ms - session->input_ms;
    }
    if (!core_end(&call, true, err))
        return false;
    *ret_state = state;
    return true;
}

static bool sessions_to_console(struct sessions_port *port, struct err *err)
{
    struct core_call call;

    if (!core_act(&call, sessions_sim(port), "sessions.to_console", "", err))
        return false;
    if (!call.lie)
        call.world->session.enhanced = false;
    return core_end(&call, true, err);
}

static bool sessions_start_program(struct sessions_port *port, const char *path, struct err *err)
{
    const char *name = path;
    struct core_call call;
    struct world *world;
    bool ok = true;

    if (!core_act(&call, sessions_sim(port), "sessions.start_program", path, err))
        return false;
    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    world = call.world;
    if (!world->session.logged_on || world->session.enhanced)
        ok = err_set(err, ERR_CONFLICT, TEXT_SIM_NOBODY, NULL);
    if (ok && !call.lie) {
        world_process_start(world, name, true);
        if (world_same(name, PARSECD_PROCESS) && world->parsec.person_s &&
            world->parsec.account != WORLD_SIGNED_IN)
            world->parsec.sign_in_at_ms = call.env->now_ms + (int64_t)world->parsec.person_s * 1000;
    }
    return core_end(&call, ok, err);
}

static const struct sessions_ops sessions_ops = {
    .query = sessions_query,
    .to_console = sessions_to_console,
    .start_program = sessions_start_program,
};

/* ---- network ---- */

static const char *const trouble_targets[NETWORK_TROUBLES] = {
    [NETWORK_OK] = "",
    [NETWORK_NO_ADDRESS] = "",
    [NETWORK_NO_NAMES] = "kessel-ws.parsec.app",
    [NETWORK_PROXY_REFUSED] = "",
    [NETWORK_PROXY_DENIED] = "",
    [NETWORK_BLOCKED] = "kessel-api.parsec.app",
    [NETWORK_CLOCK_WRONG] = "kessel-api.parsec.app",
    [NETWORK_NO_UDP] = "stun.parsec.app",
    [NETWORK_DOUBLE_NAT] = "stun.parsec.app",
};

/* Through a proxy: names and TCP are the proxy's business, address and time stay ours. */
static enum network_trouble through_proxy(const struct world_network *network, const char *proxy)
{
    if (network->trouble == NETWORK_NO_ADDRESS || network->trouble == NETWORK_CLOCK_WRONG)
        return network->trouble;
    if (strcmp(network->proxy, proxy) != 0 || network->proxy_state == WORLD_PROXY_REFUSED)
        return NETWORK_PROXY_REFUSED;
    if (network->proxy_state == WORLD_PROXY_DENIED)
        return NETWORK_PROXY_DENIED;
    if (network->trouble == NETWORK_NO_UDP || network->trouble == NETWORK_DOUBLE_NAT)
        return network->trouble;
    return NETWORK_OK;
}

static bool network_check(struct network_port *port,
                          const struct network_proxy *proxy,
                          struct network_result *ret_result,
                          struct err *err)
{
    struct network_result result = {.trouble = NETWORK_OK};
    const struct world_network *network;
    struct core_call call;
    char name[192] = "";

    if (!core_read(&call, network_sim(port), "network.check", "", err))
        return false;
    network = &call.world->network;
    if (proxy && proxy->enabled)
        snprintf(name, sizeof(name), "%s:%u", proxy->address, proxy->port);
    result.trouble = name[0] ? through_proxy(network, name) : network->trouble;
    if (call.lie)
        result.trouble = NETWORK_NO_ADDRESS;
    text_copy(result.target,
              sizeof(result.target),
              result.trouble == NETWORK_PROXY_REFUSED || result.trouble == NETWORK_PROXY_DENIED
                  ? name
                  : trouble_targets[result.trouble]);
    if (!core_end(&call, true, err))
        return false;
    *ret_result = result;
    return true;
}

static const struct network_ops network_ops = {
    .check = network_check,
};

/* ---- system ---- */

static void describe(const struct core_call *call, struct system_state *state)
{
    const struct world_system *system = &call->world->system;

    memset(state, 0, sizeof(*state));
    state->setup_running = system->setup_stuck || system->setup_until_ms != 0;
    state->oobe_running = state->setup_running;
    state->reboot_pending = system->reboot_pending;
    text_copy(state->boot_id, sizeof(state->boot_id), system->boot_id);
    state->uptime_ms = call->env->now_ms - system->boot_at_ms;
    text_copy(state->computer, sizeof(state->computer), system->computer);
    text_copy(state->build, sizeof(state->build), system->build);
    text_copy(state->vm_id, sizeof(state->vm_id), system->vm_id);
    state->sleep_allowed = system->sleep_allowed;
    state->media_present = system->media_present;
    state->uac_secure_desktop = system->uac_secure_desktop;
    state->driver_updates = system->driver_updates;
}

static bool system_query(struct system_port *port, struct system_state *ret_state, struct err *err)
{
    struct core_call call;

    if (!core_read(&call, system_sim(port), "system.query", "", err))
        return false;
    describe(&call, ret_state);
    return core_end(&call, true, err);
}

/* Media Foundation comes as a Windows feature, which takes its time. */
static bool apply_media(struct core_call *call, struct err *err)
{
    if (!call->world->system.media_offered)
        return err_set(err, ERR_UNSUPPORTED, TEXT_SIM_NO_MEDIA, NULL);
    call->world->system.media_present = true;
    return true;
}

static bool system_apply(struct system_port *port,
                         enum system_setting setting,
                         bool *ret_reboot,
                         struct err *err)
{
    struct core_call call;
    bool ok = true, reboot;

    if (!core_act(&call, system_sim(port), "system.apply", "", err))
        return false;
    if (setting == SYSTEM_MEDIA && !call.lie) {
        if (!core_pause(&call, err))
            return false;
        core_sleep(&call, MEDIA_INSTALL_S * 1000);
        if (!core_resume(&call, err))
            return false;
        ok = apply_media(&call, err);
    }
    if (setting == SYSTEM_NO_SLEEP && !call.lie)
        call.world->system.sleep_allowed = false;
    if (setting == SYSTEM_NO_DRIVER_UPDATES && !call.lie)
        call.world->system.driver_updates = false;
    reboot = call.reboot;
    if (reboot && ok)
        call.world->system.reboot_pending = true;
    if (!core_end(&call, ok, err))
        return false;
    *ret_reboot = reboot;
    return true;
}

static bool system_reboot(struct system_port *port, const char *reason, struct err *err)
{
    struct core_call call;

    if (!core_act(&call, system_sim(port), "system.reboot", reason, err))
        return false;
    if (!call.lie)
        call.world->system.power = WORLD_REBOOT;
    return core_end(&call, true, err);
}

/* The secret itself is nothing that the simulation would need. */
static bool system_keep_password(struct system_port *port, const char *password, struct err *err)
{
    struct core_call call;

    (void)password;
    if (!core_act(&call, system_sim(port), "system.keep_password", "", err))
        return false;
    if (!call.lie)
        call.world->session.secret = true;
    return core_end(&call, true, err);
}

static bool put_summary(struct sim *sim, const char *text, struct err *err)
{
    char path[FS_PATH_BYTES];

    if (!sim->store) {
        text_copy(sim->published, sizeof(sim->published), text);
        return true;
    }
    if (!store_path(sim->store, "kvp.txt", path, err))
        return false;
    return *text ? fs_write_atomic(path, text, strlen(text), FS_PRIVATE, err)
                 : fs_remove(path, err);
}

static bool system_publish(struct system_port *port, const char *text, struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!core_act(&call, system_sim(port), "system.publish", "", err))
        return false;
    if (strlen(text) > PUBLISH_MAX)
        ok = err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, "KVP", TEXT_NUM(PUBLISH_MAX), NULL);
    if (ok && !call.lie)
        ok = put_summary(call.sim, text, err);
    call.acts = false; /* nothing that a check could notice */
    return core_end(&call, ok, err);
}

static bool sounds(struct world *world, const char *name)
{
    const struct world_service *service = world_service(world, name);

    return service && service->state == SERVICE_STATE_RUNNING;
}

/* The cable has its endpoint while its device and both services of Windows audio run. */
static bool has_endpoint(struct world *world)
{
    const struct world_device *cable = world_device_like(world, WORLD_CABLE);

    return cable && world_device_started(cable) && sounds(world, "Audiosrv") &&
           sounds(world, "AudioEndpointBuilder");
}

static bool system_audio(struct system_port *port,
                         bool make_default,
                         bool *ret_present,
                         bool *ret_default,
                         struct err *err)
{
    bool (*begin)(struct core_call *, struct sim *, const char *, const char *, struct err *) =
        make_default ? core_act : core_read;
    bool present, is_default, ok = true;
    struct core_call call;

    if (!begin(&call, system_sim(port), "system.audio", "", err))
        return false;
    present = has_endpoint(call.world) && (make_default || !call.lie);
    if (make_default && !present)
        ok = err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, "CABLE Input", NULL);
    if (make_default && ok && !call.lie)
        text_copy(
            call.world->system.audio_default, sizeof(call.world->system.audio_default), "cable");
    is_default = present && (!call.world->system.audio_other ||
                             world_same(call.world->system.audio_default, "cable"));
    if (!core_end(&call, ok, err))
        return false;
    *ret_present = present;
    *ret_default = is_default;
    return true;
}

static bool
system_wait_change(struct system_port *port, int64_t timeout_ms, bool *ret_changed, struct err *err)
{
    return core_wait(system_sim(port), timeout_ms, ret_changed, err);
}

static void system_wake(struct system_port *port)
{
    core_wake(system_sim(port));
}

static const struct system_ops system_ops = {
    .query = system_query,
    .apply = system_apply,
    .reboot = system_reboot,
    .keep_password = system_keep_password,
    .publish = system_publish,
    .audio = system_audio,
    .wait_change = system_wait_change,
    .wake = system_wake,
};

void port_system_init(struct sim *sim)
{
    sim->sessions.ops = &sessions_ops;
    sim->machine.sessions = &sim->sessions;
    sim->network.ops = &network_ops;
    sim->machine.network = &sim->network;
    sim->system.ops = &system_ops;
    sim->machine.system = &sim->system;
}
