/* Behaviour of Parsec. */
#include "guest/machine/sim/parsecd.h"

#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/parsecd_config.h"
#include "guest/machine/sim/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_ROTATE_BYTES (1024 * 1024)
#define CONFIG_BYTES     (256 * 1024)
#define CLIENT_NAME      "player#1234567"

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

/* "2026-03-01 12:34:56" of Unix time (days to civil date, proleptic Gregorian). */
static void stamp(char *out, size_t size, int64_t wall_ms)
{
    int64_t seconds = wall_ms / 1000, days = seconds / 86400 + 719468, era = days / 146097;
    unsigned day = (unsigned)(days - era * 146097), rest = (unsigned)(seconds % 86400);
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;

    snprintf(out,
             size,
             "%04u-%02u-%02u %02u:%02u:%02u",
             (unsigned)(year + era * 400 + (month >= 10)),
             month < 10 ? month + 3 : month - 9,
             of_year - (153 * month + 2) / 5 + 1,
             rest / 3600,
             rest / 60 % 60,
             rest % 60);
}

static void log_rotate(struct sim_env *env, enum file_root root)
{
    struct fs_stat stat;
    struct buf old;

    if (!env->disk->ops->stat(env->disk, root, "log.txt", &stat, NULL) ||
        stat.size_bytes < LOG_ROTATE_BYTES)
        return;
    buf_init(&old, DISK_READ_MAX);
    if (disk_text(env->disk, root, "log.txt", &old) &&
        env->disk->ops->write(env->disk, root, "log.1.txt", old.data, old.len, NULL))
        (void)env->disk->ops->remove(env->disk, root, "log.txt", NULL);
    buf_done(&old);
}

void parsecd_log(struct sim_env *env, char level, const char *text)
{
    enum file_root root = parsecd_root(env->world);
    char line[512], time[32];

    stamp(time, sizeof(time), env->now_ms > 0 ? env->now_ms : 0);
    snprintf(line, sizeof(line), "[%c %s] %s\n", level, time, text);
    log_rotate(env, root);
    disk_append(env->disk, root, "log.txt", line);
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

static void config_read(struct sim_env *env)
{
    struct world_parsec *parsec = &env->world->parsec;
    char value[32];
    int monitors;

    config_has(env, paid_lines[0], value, sizeof(value));
    monitors = atoi(value);
    parsec->monitors = monitors > 0 && monitors <= WORLD_MONITORS ? (uint32_t)monitors : 0;
    config_has(env, paid_lines[1], value, sizeof(value));
    parsec->privacy = is_on(value);
}

static void log_start(struct sim_env *env)
{
    const struct world *world = env->world;
    const struct world_device *vda = world_device_like(env->world, WORLD_VDA);
    char line[160];

    parsecd_log(env, 'D', "===== Parsec: Started =====");
    snprintf(line,
             sizeof(line),
             "log: Parsec release15 (%s, Service: 11, Loader: 14)",
             world->parsec.version);
    parsecd_log(env, 'D', line);
    snprintf(line,
             sizeof(line),
             "Virtual Display Driver State: %s",
             !vda                        ? "Not Installed"
             : world_device_started(vda) ? "OK"
                                         : "Error");
    parsecd_log(env, 'D', line);
    if (world->network.trouble != NETWORK_OK && world->network.trouble != NETWORK_DOUBLE_NAT)
        parsecd_log(env, 'D', "ws_connect[111] = -6101");
    else if (world->parsec.account == WORLD_LOST)
        parsecd_log(env, 'D', "ws_connect[128] = -3008");
    else if (world->parsec.account == WORLD_SIGNED_IN)
        parsecd_log(env, 'D', "STUN reply from 198.51.100.7:40123, net = NAT");
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
    log_start(env);
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
            return world->services[i].state == SERVICE_RUNNING;
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
    if (account == WORLD_LOST)
        parsecd_log(env, 'D', "ws_connect[128] = -3008");
    if (account == WORLD_SIGNED_IN && service_runs(env->world))
        parsecd_log(env, 'D', "STUN reply from 198.51.100.7:40123, net = NAT");
}

static void log_stream(struct sim_env *env)
{
    struct display_list paths;
    char line[160];

    screen_paths(env, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        if (!paths.items[i].primary)
            continue;
        snprintf(line,
                 sizeof(line),
                 "encode_x = %u, encode_y = %u",
                 paths.items[i].width,
                 paths.items[i].height);
        parsecd_log(env, 'D', line);
        snprintf(line,
                 sizeof(line),
                 "display_x = %u, display_y = %u, display_hz = %u",
                 paths.items[i].width,
                 paths.items[i].height,
                 paths.items[i].hz);
        parsecd_log(env, 'D', line);
    }
    parsecd_log(env, 'D', "dxgi = 1.5, format = BGRA");
    parsecd_log(env, 'I', "[0] FPS:60.0/0, L:5.2/11.0, B:9.8/50.0, N:0/0/0");
}

static void log_encoder(struct sim_env *env)
{
    const struct world_device *gpu = world_device_like(env->world, WORLD_GPU);
    char missing[64], version[32], line[96];
    bool works = gpu && world_device_started(gpu) && hardware_gpu_ready(env, missing, version) &&
                 !env->world->gpu.encode_status;

    if (works) {
        parsecd_log(env, 'D', "encoder = nvidia, codec = h265");
        return;
    }
    if (gpu) {
        snprintf(line,
                 sizeof(line),
                 "encode_init[412] = %d",
                 env->world->gpu.encode_status ? (int)env->world->gpu.encode_status : -15101);
        parsecd_log(env, 'D', line);
    }
    parsecd_log(env, 'D', "encoder = openh264, codec = h264");
}

/* A sound device that Parsec can capture. */
static bool has_sound(struct world *world)
{
    const struct world_device *cable = world_device_like(world, WORLD_CABLE);
    const struct world_service *audio = world_service(world, "Audiosrv");

    return audio && audio->state == SERVICE_RUNNING &&
           ((cable && world_device_started(cable)) || world->system.audio_other);
}

bool parsecd_client(struct sim_env *env, bool connected)
{
    struct world *world = env->world;
    struct display_list paths;

    if (connected == world->parsec.client)
        return true;
    if (!connected) {
        world->parsec.client = false;
        parsecd_log(env, 'I', CLIENT_NAME " disconnected.");
        return true;
    }
    if (!service_runs(world) || world->parsec.account != WORLD_SIGNED_IN)
        return false;
    world->parsec.client = true;
    parsecd_log(env, 'I', CLIENT_NAME " connected.");
    screen_paths(env, &paths);
    if (!paths.count) {
        parsecd_log(env, 'D', "capture failed because no displays are connected");
        return true;
    }
    log_encoder(env);
    log_stream(env);
    if (!has_sound(world))
        parsecd_log(env, 'D', "acapture_start[87] = -9000");
    return true;
}
