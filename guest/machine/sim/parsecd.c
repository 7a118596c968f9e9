/* Behaviour of Parsec. */
#include "guest/machine/sim/parsecd.h"

#include "guest/machine/sim/parsecd_config.h"
#include "guest/machine/sim/parsecd_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES (256 * 1024)

/* What plans without virtual displays do not have. */
static const char *const paid_lines[] = {"host_virtual_monitors", "host_privacy_mode"};

enum file_root parsecd_root(const struct world *world)
{
    return world->parsec.per_user ? ROOT_PARSEC_USER : ROOT_PARSEC_SHARED;
}

static const char *config_name(const struct world *world)
{
    return world->parsec.json_config ? "config.json" : "config.txt";
}

void parsecd_stock_config(struct sim_env *env)
{
    disk_put(env->disk,
             parsecd_root(env->world),
             config_name(env->world),
             parsecd_config_stock(env->world->parsec.json_config));
}

static void drop_paid_lines(struct sim_env *env)
{
    bool json = env->world->parsec.json_config;
    enum file_root root = parsecd_root(env->world);
    struct buf text, kept, swap;

    buf_init(&text, CONFIG_BYTES);
    buf_init(&kept, CONFIG_BYTES);
    if (!disk_text(env->disk, root, config_name(env->world), &text))
        goto out;
    for (size_t i = 0; i < sizeof(paid_lines) / sizeof(paid_lines[0]); i++) {
        buf_clear(&kept);
        if (!parsecd_config_drop(buf_str(&text), json, paid_lines[i], &kept))
            goto out;
        swap = text;
        text = kept;
        kept = swap;
    }
    (void)env->disk->ops->write(
        env->disk, root, config_name(env->world), text.data, text.len, NULL);

out:
    buf_done(&text);
    buf_done(&kept);
}

/* One of a limited number of rewrites is done; 0 from the start means no limit. */
static void rewrite_count(struct world_parsec *parsec)
{
    if (parsec->rewrites_left && --parsec->rewrites_left == 0)
        parsec->rewrite = WORLD_REWRITE_PLAN;
}

/* Whether the configuration sets key; value gets what it says, "" when it does not. */
static bool config_has(struct sim_env *env, const char *key, char *value, size_t size)
{
    struct buf text;

    buf_init(&text, CONFIG_BYTES);
    value[0] = 0;
    if (disk_text(env->disk, parsecd_root(env->world), config_name(env->world), &text))
        parsecd_config_get(buf_str(&text), env->world->parsec.json_config, key, value, size);
    buf_done(&text);
    return value[0] != 0;
}

static bool is_on(const char *value)
{
    return strcmp(value, "true") == 0 || atoi(value) > 0;
}

static void config_rewrite(struct sim_env *env)
{
    struct world_parsec *parsec = &env->world->parsec;
    bool has_lines = false;
    char value[32];

    if (!disk_exists(env->disk, parsecd_root(env->world), config_name(env->world)))
        parsecd_stock_config(env);
    for (size_t i = 0; i < sizeof(paid_lines) / sizeof(paid_lines[0]); i++)
        has_lines = has_lines || config_has(env, paid_lines[i], value, sizeof(value));
    if (parsec->rewrite == WORLD_REWRITE_ALL)
        parsecd_stock_config(env);
    else if (has_lines && (parsec->rewrite == WORLD_REWRITE_LINES ||
                           (parsec->rewrite == WORLD_REWRITE_PLAN &&
                            parsec->plan == WORLD_PLAN_FREE && parsec->account == WORLD_SIGNED_IN)))
        drop_paid_lines(env);
    if (parsec->rewrite == WORLD_REWRITE_ALL ||
        (parsec->rewrite == WORLD_REWRITE_LINES && has_lines))
        rewrite_count(parsec);
}

/* The proxy that the configuration asks for, as "address:port", "" none. */
static void proxy_read(struct sim_env *env)
{
    struct world_parsec *parsec = &env->world->parsec;
    char on[16], address[96], port[16];

    config_has(env, "app_proxy", on, sizeof(on));
    config_has(env, "app_proxy_address", address, sizeof(address));
    config_has(env, "app_proxy_port", port, sizeof(port));
    parsec->proxy[0] = 0;
    if (is_on(on))
        snprintf(parsec->proxy, sizeof(parsec->proxy), "%s:%s", address, port);
}

bool parsecd_online(const struct world *world)
{
    const struct world_network *network = &world->network;

    if (world->parsec.proxy[0])
        return network->trouble != NETWORK_NO_ADDRESS && network->trouble != NETWORK_CLOCK_WRONG &&
               network->proxy_state == WORLD_PROXY_OK &&
               strcmp(network->proxy, world->parsec.proxy) == 0;
    return network->trouble == NETWORK_OK || network->trouble == NETWORK_NO_UDP ||
           network->trouble == NETWORK_DOUBLE_NAT;
}

static void config_read(struct sim_env *env)
{
    struct world_parsec *parsec = &env->world->parsec;
    char value[32];
    int monitors;

    proxy_read(env);

    config_has(env, paid_lines[0], value, sizeof(value));
    monitors = atoi(value);
    parsec->monitors = monitors > 0 && monitors <= WORLD_MONITORS ? (uint32_t)monitors : 0;
    config_has(env, paid_lines[1], value, sizeof(value));
    parsec->privacy = is_on(value);
}

void parsecd_start(struct sim_env *env)
{
    struct world *world = env->world;

    world->parsec.respawn_at_ms = 0;
    if (!world_process_count(world, "pservice.exe"))
        world_process_start(world, "pservice.exe", false);
    world_process_end(world, PARSECD_PROCESS);
    world_process_start(world, PARSECD_PROCESS, false);
    if (world->session.logged_on)
        world_process_start(world, PARSECD_PROCESS, true);
    config_rewrite(env);
    config_read(env);
    parsecd_log_start(env);
}

/* Nobody says goodbye when the process is gone. */
static void drop_client(struct world *world)
{
    world->parsec.client = false;
    world->parsec.monitors = 0;
    world->parsec.privacy = false;
}

void parsecd_stop(struct sim_env *env)
{
    struct world *world = env->world;
    bool left_over = false;

    for (uint32_t i = 0; i < world->process_count; i++)
        if (world_same(world->processes[i].name, PARSECD_PROCESS) && world->processes[i].user)
            left_over = true;
    world_process_end(world, "pservice.exe");
    world_process_end(world, PARSECD_PROCESS);
    if (left_over)
        world_process_start(world, PARSECD_PROCESS, true);
    world->parsec.respawn_at_ms = 0;
    drop_client(world);
}

static bool service_runs(const struct world *world)
{
    for (uint32_t i = 0; i < world->service_count; i++)
        if (world_same(world->services[i].name, PARSECD_SERVICE))
            return world->services[i].state == SERVICE_STATE_RUNNING;
    return false;
}

void parsecd_killed(struct sim_env *env)
{
    drop_client(env->world);
    if (service_runs(env->world))
        env->world->parsec.respawn_at_ms = env->now_ms + PARSECD_RESPAWN_MS;
}

unsigned parsecd_monitors(const struct world *world)
{
    const struct world_parsec *parsec = &world->parsec;

    return parsec->client && parsec->plan != WORLD_PLAN_FREE && service_runs(world)
               ? parsec->monitors
               : 0;
}

bool parsecd_private(const struct world *world)
{
    return parsecd_monitors(world) && world->parsec.privacy;
}

void parsecd_account(struct sim_env *env, enum world_account account)
{
    enum file_root root = parsecd_root(env->world);

    env->world->parsec.account = account;
    env->world->parsec.sign_in_at_ms = 0;
    if (account == WORLD_SIGNED_OUT)
        (void)env->disk->ops->remove(env->disk, root, "user.bin", NULL);
    else if (!disk_exists(env->disk, root, "user.bin"))
        disk_put(env->disk, root, "user.bin", "simulated session of the signed-in account\n");
    if (account != WORLD_SIGNED_OUT && service_runs(env->world))
        parsecd_log_account(env);
}

bool parsecd_client(struct sim_env *env, bool connected)
{
    struct world_parsec *parsec = &env->world->parsec;

    if (connected == parsec->client)
        return true;
    if (connected && (!service_runs(env->world) || parsec->account != WORLD_SIGNED_IN))
        return false;
    parsec->client = connected;
    parsecd_log_client(env, connected);
    return true;
}
