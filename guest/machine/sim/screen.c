/* Monitors and active paths. */
#include "guest/machine/sim/screen.h"

#include "guest/machine/sim/parsecd.h"

#include <stdio.h>
#include <string.h>

#define CONSOLE_WIDTH  1024
#define CONSOLE_HEIGHT 768
#define REGISTRY_MODES 5

/* Known to the driver without the registry. */
static const struct {
    uint32_t width, height;
} modes[] = {
    {800, 600},
    {1024, 768},
    {1280, 720},
    {1280, 800},
    {1366, 768},
    {1600, 900},
    {1680, 1050},
    {1920, 1080},
    {1920, 1200},
    {2560, 1080},
    {2560, 1440},
    {2560, 1600},
    {3440, 1440},
    {3840, 2160},
};
static const uint32_t rates[] = {24, 30, 60, 144, 240};

static const struct world_device *started_like(const struct world *world, const char *prefix)
{
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world_begins(world->devices[i].hardware_id, prefix) &&
            world_device_started(&world->devices[i]))
            return &world->devices[i];
    return NULL;
}

uint32_t screen_live(const struct sim_env *env)
{
    const struct world *world = env->world;
    int64_t age = env->real_ms - world->live.ping_ms;

    if (!started_like(world, WORLD_VDA) || world->live.boots != world->system.boots)
        return 0;
    if (world->displays.other_owner)
        return world->live.monitors; /* the other program's keep-alives keep all of them */
    return age >= 0 && age < WORLD_VDD_LIFE_MS ? world->live.monitors : 0;
}

unsigned screen_monitors(const struct sim_env *env)
{
    uint32_t mask = screen_live(env);
    unsigned count = 0;

    if (!started_like(env->world, WORLD_VDA))
        return 0;
    for (; mask; mask &= mask - 1)
        count++;
    count += env->world->displays.other_owner + parsecd_monitors(env->world);
    return count < WORLD_MONITORS ? count : WORLD_MONITORS;
}

static struct display_path *add_path(struct display_list *list,
                                     enum display_kind kind,
                                     const char *adapter,
                                     uint32_t width,
                                     uint32_t height)
{
    struct display_path *path;

    if (list->count == DISPLAY_PATHS)
        return NULL;
    path = &list->items[list->count++];
    memset(path, 0, sizeof(*path));
    path->kind = kind;
    path->width = width;
    path->height = height;
    path->hz = 60;
    path->primary = list->count == 1;
    text_copy(path->adapter, sizeof(path->adapter), adapter);
    return path;
}

static void add_virtual(const struct sim_env *env, unsigned count, struct display_list *list)
{
    const struct world_displays *displays = &env->world->displays;
    struct display_path *path;

    while (count--) {
        path = add_path(list,
                        DISPLAY_PARSEC,
                        "Parsec Virtual Display Adapter",
                        displays->width,
                        displays->height);
        if (path)
            path->hz = displays->hz;
    }
}

void screen_paths(const struct sim_env *env, struct display_list *ret_list)
{
    const struct world *world = env->world;
    unsigned monitors = screen_monitors(env);
    bool alone =
        monitors && (world->displays.topology == DISPLAY_VIRTUAL_ONLY || parsecd_private(world));
    const struct world_device *video = started_like(world, WORLD_HYPERV_VIDEO);

    memset(ret_list, 0, sizeof(*ret_list));
    if (world->session.enhanced) {
        add_path(ret_list, DISPLAY_REMOTE, "Microsoft Remote Display Adapter", 1920, 1080);
        return;
    }
    if (monitors && (alone || world->displays.topology == DISPLAY_VIRTUAL_MAIN))
        add_virtual(env, monitors, ret_list);
    if (video && !alone)
        add_path(ret_list, DISPLAY_HYPERV_VIDEO, video->name, CONSOLE_WIDTH, CONSOLE_HEIGHT);
    if (monitors && !alone && world->displays.topology == DISPLAY_EXTEND)
        add_virtual(env, monitors, ret_list);
    if (!ret_list->count && world->displays.basic_fallback)
        add_path(ret_list,
                 DISPLAY_BASIC,
                 "Microsoft Basic Display Adapter",
                 CONSOLE_WIDTH,
                 CONSOLE_HEIGHT);
}

static uint32_t mode_value(struct world *world, unsigned mode, const char *name)
{
    char key[48];
    const struct world_registry *entry;

    snprintf(key, sizeof(key), "HKLM\\SOFTWARE\\Parsec\\vdd\\%u", mode);
    entry = world_registry(world, key, name);
    return entry && entry->type == REGISTRY_DWORD ? entry->dword : 0;
}

bool screen_mode_known(struct world *world, uint32_t width, uint32_t height, uint32_t hz)
{
    bool rate_known = false;

    for (unsigned i = 0; i < REGISTRY_MODES; i++)
        if (mode_value(world, i, "width") == width && mode_value(world, i, "height") == height &&
            mode_value(world, i, "hz") == hz)
            return true;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        rate_known = rate_known || rates[i] == hz;
    for (size_t i = 0; rate_known && i < sizeof(modes) / sizeof(modes[0]); i++)
        if (modes[i].width == width && modes[i].height == height)
            return true;
    return false;
}
