/* Lines of Parsec's log. */
#include "guest/machine/sim/parsecd_log.h"

#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/parsecd.h"
#include "guest/machine/sim/screen.h"

#include <stdio.h>
#include <string.h>

#define LOG_ROTATE_BYTES (1024 * 1024)
#define LOG_LINES_BYTES  (16 * 1024)
#define CLIENT_NAME      "player#1234567"

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

static void rotate(struct sim_env *env, enum file_root root)
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

static void line(const struct sim_env *env, char level, const char *text, struct buf *lines)
{
    char time[32];

    stamp(time, sizeof(time), env->now_ms > 0 ? env->now_ms : 0);
    (void)buf_printf(lines, "[%c %s] %s\n", level, time, text);
}

/* Writes lines in one go and lets go of them. */
static void flush(struct sim_env *env, struct buf *lines)
{
    enum file_root root = parsecd_root(env->world);

    rotate(env, root);
    disk_append(env->disk, root, "log.txt", buf_str(lines));
    buf_done(lines);
}

void parsecd_log(struct sim_env *env, char level, const char *text)
{
    struct buf lines;

    buf_init(&lines, LOG_LINES_BYTES);
    line(env, level, text, &lines);
    flush(env, &lines);
}

static void driver_state(struct sim_env *env, struct buf *lines)
{
    const struct world_device *vda = world_device_like(env->world, WORLD_VDA);
    const char *state = "Error";
    char text[96];

    if (!vda)
        state = "Not Installed";
    else if (world_device_started(vda))
        state = "OK";
    snprintf(text, sizeof(text), "Virtual Display Driver State: %s", state);
    line(env, 'D', text, lines);
}

static void servers(struct sim_env *env, struct buf *lines)
{
    if (!parsecd_online(env->world))
        line(env, 'D', "ws_connect[111] = -6101", lines);
    else if (env->world->parsec.account == WORLD_LOST)
        line(env, 'D', "ws_connect[128] = -3008", lines);
    else if (env->world->parsec.account == WORLD_SIGNED_IN)
        line(env, 'D', "STUN reply from 198.51.100.7:40123, net = NAT", lines);
}

void parsecd_log_start(struct sim_env *env)
{
    struct buf lines;
    char text[96];

    buf_init(&lines, LOG_LINES_BYTES);
    line(env, 'D', "===== Parsec: Started =====", &lines);
    snprintf(text,
             sizeof(text),
             "log: Parsec release15 (%s, Service: 11, Loader: 14)",
             env->world->parsec.version);
    line(env, 'D', text, &lines);
    driver_state(env, &lines);
    servers(env, &lines);
    flush(env, &lines);
}

void parsecd_log_account(struct sim_env *env)
{
    struct buf lines;

    buf_init(&lines, LOG_LINES_BYTES);
    servers(env, &lines);
    flush(env, &lines);
}

static void sizes(struct sim_env *env, const struct display_list *paths, struct buf *lines)
{
    char text[128];

    for (size_t i = 0; i < paths->count; i++) {
        const struct display_path *path = &paths->items[i];

        if (!path->primary)
            continue;
        snprintf(text, sizeof(text), "encode_x = %u, encode_y = %u", path->width, path->height);
        line(env, 'D', text, lines);
        snprintf(text,
                 sizeof(text),
                 "display_x = %u, display_y = %u, display_hz = %u",
                 path->width,
                 path->height,
                 path->hz);
        line(env, 'D', text, lines);
    }
}

static void encoder(struct sim_env *env, struct buf *lines)
{
    const struct world_device *gpu = world_device_like(env->world, WORLD_GPU);
    int forced = (int)env->world->gpu.encode_status;
    char missing[64], version[32], text[64];

    if (gpu && world_device_started(gpu) && hardware_gpu_ready(env, missing, version) && !forced) {
        line(env, 'D', "encoder = nvidia, codec = h265", lines);
        return;
    }
    snprintf(text, sizeof(text), "encode_init[412] = %d", forced ? forced : -15101);
    if (gpu)
        line(env, 'D', text, lines);
    line(env, 'D', "encoder = openh264, codec = h264", lines);
}

/* A sound device that Parsec can capture. */
static bool has_sound(struct world *world)
{
    const struct world_device *cable = world_device_like(world, WORLD_CABLE);
    const struct world_service *audio = world_service(world, "Audiosrv");

    return audio && audio->state == SERVICE_STATE_RUNNING &&
           ((cable && world_device_started(cable)) || world->system.audio_other);
}

static void stream(struct sim_env *env, struct buf *lines)
{
    struct display_list paths;

    screen_paths(env, &paths);
    if (!paths.count) {
        line(env, 'D', "capture failed because no displays are connected", lines);
        return;
    }
    encoder(env, lines);
    sizes(env, &paths, lines);
    line(env, 'D', "dxgi = 1.5, format = BGRA", lines);
    line(env, 'I', "[0] FPS:60.0/0, L:5.2/11.0, B:9.8/50.0, N:0/0/0", lines);
    if (!has_sound(env->world))
        line(env, 'D', "acapture_start[87] = -9000", lines);
}

void parsecd_log_client(struct sim_env *env, bool connected)
{
    struct buf lines;

    buf_init(&lines, LOG_LINES_BYTES);
    line(env, 'I', connected ? CLIENT_NAME " connected." : CLIENT_NAME " disconnected.", &lines);
    if (connected)
        stream(env, &lines);
    flush(env, &lines);
}
