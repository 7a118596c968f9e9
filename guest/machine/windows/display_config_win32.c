/* Displays through QueryDisplayConfig and SetDisplayConfig. */
#include "guest/machine/windows/display_config_win32.h"

#include "guest/machine/windows/call_win32.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_TRIES 5 /* displays may come and go between the two calls */
#define PATHS_MAX   4096

struct config {
    DISPLAYCONFIG_PATH_INFO *paths;
    DISPLAYCONFIG_MODE_INFO *modes;
    UINT32 path_count, mode_count;
};

static void config_done(struct config *config)
{
    free(config->paths);
    free(config->modes);
    *config = (struct config){0};
}

static LONG query_once(UINT32 flags, struct config *config)
{
    LONG code = GetDisplayConfigBufferSizes(flags, &config->path_count, &config->mode_count);

    if (code)
        return code;
    if (config->path_count > PATHS_MAX || config->mode_count > PATHS_MAX)
        return ERROR_FILE_TOO_LARGE;
    config->paths = calloc((size_t)config->path_count + 1, sizeof *config->paths);
    config->modes = calloc((size_t)config->mode_count + 1, sizeof *config->modes);
    if (!config->paths || !config->modes)
        return ERROR_NOT_ENOUGH_MEMORY;
    /* both belong to config, whose owner calls config_done;
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    return QueryDisplayConfig(
        flags, &config->path_count, config->paths, &config->mode_count, config->modes, NULL);
}

/* The caller ends *ret_config with config_done. */
static bool query(UINT32 flags, struct config *ret_config, struct err *err)
{
    struct config config = {0};
    LONG code = ERROR_INSUFFICIENT_BUFFER;

    for (int i = 0; i < QUERY_TRIES && code == ERROR_INSUFFICIENT_BUFFER; i++) {
        config_done(&config);
        code = query_once(flags, &config);
    }
    if (code) {
        config_done(&config);
        return call_fail((DWORD)code, TEXT_WINDOWS_DISPLAY_QUERY, "", err);
    }
    *ret_config = config;
    return true;
}

/* ---- looking ---- */

static int64_t luid_number(LUID luid)
{
    return (int64_t)((uint64_t)(uint32_t)luid.HighPart << 32 | luid.LowPart);
}

static struct session_target target_of(const DISPLAYCONFIG_PATH_INFO *path)
{
    return (struct session_target){luid_number(path->targetInfo.adapterId), path->targetInfo.id};
}

static bool is_target(const DISPLAYCONFIG_PATH_INFO *path, const struct session_target *target)
{
    return luid_number(path->targetInfo.adapterId) == target->adapter &&
           path->targetInfo.id == target->target;
}

static DISPLAYCONFIG_SOURCE_MODE *source_of(const struct config *config,
                                            const DISPLAYCONFIG_PATH_INFO *path)
{
    UINT32 index = path->sourceInfo.modeInfoIdx;

    if (!(path->flags & DISPLAYCONFIG_PATH_ACTIVE) || index >= config->mode_count ||
        config->modes[index].infoType != DISPLAYCONFIG_MODE_INFO_TYPE_SOURCE)
        return NULL;
    return &config->modes[index].sourceMode;
}

static void name_of(const DISPLAYCONFIG_PATH_INFO *path, struct session_display *display)
{
    DISPLAYCONFIG_ADAPTER_NAME adapter = {
        .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME,
                   .size = sizeof adapter,
                   .adapterId = path->targetInfo.adapterId}};
    DISPLAYCONFIG_TARGET_DEVICE_NAME monitor = {
        .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_NAME,
                   .size = sizeof monitor,
                   .adapterId = path->targetInfo.adapterId,
                   .id = path->targetInfo.id}};

    if (DisplayConfigGetDeviceInfo(&adapter.header) == ERROR_SUCCESS)
        call_text(display->adapter, sizeof display->adapter, adapter.adapterDevicePath);
    if (DisplayConfigGetDeviceInfo(&monitor.header) == ERROR_SUCCESS)
        call_text(display->monitor, sizeof display->monitor, monitor.monitorDevicePath);
}

static uint32_t rate_of(const DISPLAYCONFIG_PATH_INFO *path)
{
    const DISPLAYCONFIG_RATIONAL *rate = &path->targetInfo.refreshRate;

    return rate->Denominator ? (rate->Numerator + rate->Denominator / 2) / rate->Denominator : 0;
}

static struct session_display *find(struct session_displays *displays,
                                    const DISPLAYCONFIG_PATH_INFO *path)
{
    for (size_t i = 0; i < displays->count; i++)
        if (is_target(path, &displays->items[i].id))
            return &displays->items[i];
    return NULL;
}

/* One of many paths that lead to a monitor: the active one tells its mode. */
static void take_path(const struct config *config,
                      const DISPLAYCONFIG_PATH_INFO *path,
                      struct session_displays *displays)
{
    const DISPLAYCONFIG_SOURCE_MODE *source = source_of(config, path);
    struct session_display *display = find(displays, path);

    if (!path->targetInfo.targetAvailable && !source)
        return;
    if (!display) {
        if (displays->count == SESSION_DISPLAYS)
            return;
        display = &displays->items[displays->count++];
        display->id = target_of(path);
        name_of(path, display);
    }
    if (!source)
        return;
    display->active = true;
    display->primary = source->position.x == 0 && source->position.y == 0;
    display->width = source->width;
    display->height = source->height;
    display->hz = rate_of(path);
}

/* Two clones share their place: one of them is enough as the primary. */
static void one_primary(struct session_displays *displays)
{
    bool found = false;

    for (size_t i = 0; i < displays->count; i++) {
        displays->items[i].primary = displays->items[i].primary && !found;
        found = found || displays->items[i].primary;
    }
}

bool display_config_read(struct session_displays *ret_displays, struct err *err)
{
    struct session_displays displays = {.count = 0};
    struct config config;

    if (!query(QDC_ALL_PATHS, &config, err))
        return false;
    for (UINT32 i = 0; i < config.path_count; i++)
        take_path(&config, &config.paths[i], &displays);
    one_primary(&displays);
    config_done(&config);
    *ret_displays = displays;
    return true;
}

/* ---- arranging ---- */

static bool same_target(const struct session_target *a, const struct session_target *b)
{
    return a->adapter == b->adapter && a->target == b->target;
}

/* What is to be changed, from what is there. */
struct plan {
    bool found, main_active, main_primary, all_active, others_active;
};

static struct plan make_plan(const struct session_displays *displays,
                             const struct session_target *main)
{
    struct plan plan = {.all_active = true};

    for (size_t i = 0; i < displays->count; i++) {
        const struct session_display *display = &displays->items[i];
        bool is_main = main->adapter ? same_target(&display->id, main) : display->primary;

        plan.all_active = plan.all_active && display->active;
        plan.others_active = plan.others_active || (display->active && !is_main);
        if (!is_main)
            continue;
        plan.found = true;
        plan.main_active = display->active;
        plan.main_primary = display->primary;
    }
    return plan;
}

static bool set_config(struct config *config, struct err *err)
{
    UINT32 flags = SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG;
    LONG code = SetDisplayConfig(
        config->path_count, config->paths, config->mode_count, config->modes, flags);

    if (code && code != ERROR_ACCESS_DENIED) /* a driver may want other timings than it told */
        code = SetDisplayConfig(config->path_count,
                                config->paths,
                                config->mode_count,
                                config->modes,
                                flags | SDC_ALLOW_CHANGES);
    return !code || call_fail((DWORD)code, TEXT_WINDOWS_DISPLAY_CHANGE, "", err);
}

static bool extend(struct err *err)
{
    LONG code = SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_TOPOLOGY_EXTEND);

    return !code || call_fail((DWORD)code, TEXT_WINDOWS_DISPLAY_CHANGE, "", err);
}

/* The main path first; `only` drops the others. */
static bool put_first(struct config *config, const struct session_target *main, bool only)
{
    for (UINT32 i = 0; i < config->path_count; i++) {
        DISPLAYCONFIG_PATH_INFO path = config->paths[i];

        if (!is_target(&path, main))
            continue;
        memmove(config->paths + 1, config->paths, i * sizeof path);
        config->paths[0] = path;
        if (only)
            config->path_count = 1;
        return true;
    }
    return false;
}

/* Side by side in the order of the paths, the first at the origin, which makes it the primary one.
 * Clones stay with the source that they share. */
static void line_up(struct config *config)
{
    LONG right = 0;

    for (UINT32 i = 0; i < config->path_count; i++) {
        DISPLAYCONFIG_SOURCE_MODE *source = source_of(config, &config->paths[i]);
        bool placed = !source;

        for (UINT32 k = 0; k < i && !placed; k++)
            placed = source_of(config, &config->paths[k]) == source;
        if (placed)
            continue;
        source->position.x = right;
        source->position.y = 0;
        right += (LONG)source->width;
    }
}

/* Of what is active now. */
static bool rearrange(const struct session_target *main, bool only, struct err *err)
{
    struct config config;
    bool ok;

    if (!query(QDC_ONLY_ACTIVE_PATHS, &config, err))
        return false;
    ok = put_first(&config, main, only) ||
         err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_DISPLAY, NULL);
    if (ok) {
        line_up(&config);
        ok = set_config(&config, err);
    }
    config_done(&config);
    return ok;
}

bool display_config_arrange(const struct session_target *main, bool only, struct err *err)
{
    struct session_displays displays;
    struct plan plan;

    if (!display_config_read(&displays, err))
        return false;
    plan = make_plan(&displays, main);
    if (main->adapter && !plan.found)
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_DISPLAY, NULL);
    if (only ? !plan.main_active : !plan.all_active) {
        if (!extend(err) || !display_config_read(&displays, err))
            return false;
        plan = make_plan(&displays, main);
    }
    if (!main->adapter || (plan.main_primary && (!only || !plan.others_active)))
        return true;
    return rearrange(main, only, err);
}

/* ---- modes ---- */

/* The name that the older functions know a monitor's source by. */
static bool
gdi_name(const struct session_target *display, WCHAR name[CCHDEVICENAME], struct err *err)
{
    DISPLAYCONFIG_SOURCE_DEVICE_NAME source = {
        .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_SOURCE_NAME, .size = sizeof source}};
    struct config config;
    LONG code = ERROR_NOT_FOUND;

    if (!query(QDC_ONLY_ACTIVE_PATHS, &config, err))
        return false;
    for (UINT32 i = 0; i < config.path_count && code == ERROR_NOT_FOUND; i++) {
        if (!is_target(&config.paths[i], display))
            continue;
        source.header.adapterId = config.paths[i].sourceInfo.adapterId;
        source.header.id = config.paths[i].sourceInfo.id;
        code = DisplayConfigGetDeviceInfo(&source.header);
    }
    config_done(&config);
    if (code)
        return call_fail((DWORD)code, TEXT_WINDOWS_NO_DISPLAY, "", err);
    memcpy(name, source.viewGdiDeviceName, CCHDEVICENAME * sizeof *name);
    name[CCHDEVICENAME - 1] = 0;
    return true;
}

bool display_config_mode(const struct session_target *display,
                         uint32_t width,
                         uint32_t height,
                         uint32_t hz,
                         struct err *err)
{
    DEVMODEW mode = {.dmSize = sizeof mode,
                     .dmFields = DM_PELSWIDTH | DM_PELSHEIGHT | DM_DISPLAYFREQUENCY,
                     .dmPelsWidth = width,
                     .dmPelsHeight = height,
                     .dmDisplayFrequency = hz};
    WCHAR name[CCHDEVICENAME];
    char asked[64];
    LONG result;

    if (!gdi_name(display, name, err))
        return false;
    snprintf(asked, sizeof asked, "%ux%u@%u", width, height, hz);
    result = ChangeDisplaySettingsExW(name, &mode, NULL, CDS_TEST, NULL);
    if (result == DISP_CHANGE_SUCCESSFUL)
        result = ChangeDisplaySettingsExW(name, &mode, NULL, CDS_UPDATEREGISTRY, NULL);
    if (result == DISP_CHANGE_SUCCESSFUL)
        return true;
    return err_set(err,
                   result == DISP_CHANGE_BADMODE ? ERR_UNSUPPORTED : ERR_FAILED,
                   result == DISP_CHANGE_BADMODE ? TEXT_WINDOWS_NO_MODE : TEXT_WINDOWS_MODE_FAILED,
                   asked,
                   TEXT_NUM(result),
                   NULL);
}
