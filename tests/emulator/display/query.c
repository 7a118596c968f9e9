/* GetDisplayConfigBufferSizes, QueryDisplayConfig, DisplayConfigGetDeviceInfo. Rules from the
 * documentation of these functions: one of three kinds of query, no topology id without the
 * database, a buffer that is too small is told, access only from the console session. */
#include "display.h"

#include "../common/state.h"
#include "../session/session.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY "display"

enum {
    KINDS = QDC_ALL_PATHS | QDC_ONLY_ACTIVE_PATHS | QDC_DATABASE_CURRENT,
    KNOWN = KINDS | QDC_VIRTUAL_MODE_AWARE | QDC_INCLUDE_HMD,
    DENOMINATOR = 1,
    NO_TARGET = 4095
};

/* mingw-w64's union lacks it; it is smaller than its other members. */
struct desktop_image {
    POINTL source_size;
    RECTL region, clip;
};

static LONG refuse(UINT32 flags, bool asks_topology)
{
    UINT32 kind = flags & KINDS;

    if (flags & ~(UINT32)KNOWN || !kind || kind & (kind - 1))
        return ERROR_INVALID_PARAMETER;
    if (asks_topology != (kind == QDC_DATABASE_CURRENT))
        return ERROR_INVALID_PARAMETER;
    if (!session_sees_console())
        return ERROR_ACCESS_DENIED;
    return (LONG)state_fault(KEY, "FailQuery");
}

/* Paths of a display: the active one alone, or one from each source of its adapter. */
static UINT32 path_count_of(const struct display *d, UINT32 flags)
{
    return flags & QDC_ALL_PATHS ? d->source_count : d->shown.active;
}

static void
sizes(const struct displays *displays, UINT32 flags, UINT32 *ret_paths, UINT32 *ret_modes)
{
    *ret_paths = *ret_modes = 0;
    for (size_t i = 0; i < displays->count; i++) {
        *ret_paths += path_count_of(&displays->all[i], flags);
        if (displays->all[i].shown.active)
            *ret_modes += flags & QDC_VIRTUAL_MODE_AWARE ? 3 : 2;
    }
    if (flags & QDC_ALL_PATHS)
        *ret_paths += 1; /* of a connector that nothing is plugged into */
}

static LONG WINAPI on_buffer_sizes(UINT32 flags, UINT32 *ret_paths, UINT32 *ret_modes)
{
    struct displays displays;
    LONG error;

    if (!ret_paths || !ret_modes)
        return ERROR_INVALID_PARAMETER;
    error = refuse(flags, (flags & KINDS) == QDC_DATABASE_CURRENT);
    if (error)
        return error;
    displays_read(&displays);
    sizes(&displays, flags, ret_paths, ret_modes);
    return ERROR_SUCCESS;
}

static DISPLAYCONFIG_MODE_INFO source_mode(const struct display *d)
{
    DISPLAYCONFIG_MODE_INFO mode = {.infoType = DISPLAYCONFIG_MODE_INFO_TYPE_SOURCE,
                                    .id = d->shown.source,
                                    .adapterId = d->luid};

    mode.sourceMode.width = d->shown.width;
    mode.sourceMode.height = d->shown.height;
    mode.sourceMode.pixelFormat = DISPLAYCONFIG_PIXELFORMAT_32BPP;
    mode.sourceMode.position.x = d->shown.x;
    mode.sourceMode.position.y = d->shown.y;
    return mode;
}

static DISPLAYCONFIG_MODE_INFO target_mode_info(const struct display *d)
{
    DISPLAYCONFIG_MODE_INFO mode = {
        .infoType = DISPLAYCONFIG_MODE_INFO_TYPE_TARGET, .id = d->target, .adapterId = d->luid};
    DISPLAYCONFIG_VIDEO_SIGNAL_INFO *signal = &mode.targetMode.targetVideoSignalInfo;

    signal->activeSize.cx = signal->totalSize.cx = d->shown.width;
    signal->activeSize.cy = signal->totalSize.cy = d->shown.height;
    signal->vSyncFreq.Numerator = d->shown.hz;
    signal->vSyncFreq.Denominator = DENOMINATOR;
    signal->hSyncFreq.Numerator = d->shown.hz * d->shown.height;
    signal->hSyncFreq.Denominator = DENOMINATOR;
    signal->pixelRate = (UINT64)d->shown.hz * d->shown.height * d->shown.width;
    signal->videoStandard = 255; /* D3DKMDT_VSS_OTHER */
    signal->scanLineOrdering = DISPLAYCONFIG_SCANLINE_ORDERING_PROGRESSIVE;
    return mode;
}

static DISPLAYCONFIG_MODE_INFO image_mode(const struct display *d)
{
    DISPLAYCONFIG_MODE_INFO mode = {.infoType = DISPLAYCONFIG_MODE_INFO_TYPE_DESKTOP_IMAGE,
                                    .id = d->target,
                                    .adapterId = d->luid};
    LONG width = (LONG)d->shown.width, height = (LONG)d->shown.height;
    struct desktop_image image = {{width, height}, {0, 0, width, height}, {0, 0, width, height}};

    memcpy(&mode.targetMode, &image, sizeof(image));
    return mode;
}

static void
describe_path(const struct display *d, uint32_t source, bool aware, DISPLAYCONFIG_PATH_INFO *path)
{
    memset(path, 0, sizeof(*path));
    path->sourceInfo.adapterId = path->targetInfo.adapterId = d->luid;
    path->sourceInfo.id = source;
    path->targetInfo.id = d->target;
    path->sourceInfo.modeInfoIdx = path->targetInfo.modeInfoIdx =
        DISPLAYCONFIG_PATH_MODE_IDX_INVALID;
    path->targetInfo.outputTechnology = d->technology;
    path->targetInfo.rotation = DISPLAYCONFIG_ROTATION_IDENTITY;
    path->targetInfo.scaling = DISPLAYCONFIG_SCALING_IDENTITY;
    path->targetInfo.refreshRate.Denominator = DENOMINATOR;
    path->targetInfo.targetAvailable = TRUE;
    path->flags = aware ? DISPLAYCONFIG_PATH_SUPPORT_VIRTUAL_MODE : 0;
}

/* The path by which the display is shown now. Fills in the indexes and returns how many modes that
 * took. */
static UINT32 describe_active(const struct display *d,
                              bool aware,
                              UINT32 next,
                              DISPLAYCONFIG_PATH_INFO *path,
                              DISPLAYCONFIG_MODE_INFO *modes)
{
    path->targetInfo.refreshRate.Numerator = d->shown.hz;
    path->targetInfo.scanLineOrdering = DISPLAYCONFIG_SCANLINE_ORDERING_PROGRESSIVE;
    path->sourceInfo.statusFlags = DISPLAYCONFIG_SOURCE_IN_USE;
    path->targetInfo.statusFlags = DISPLAYCONFIG_TARGET_IN_USE;
    path->flags |= DISPLAYCONFIG_PATH_ACTIVE;
    modes[next] = target_mode_info(d);
    modes[next + 1] = source_mode(d);
    if (!aware) {
        path->targetInfo.modeInfoIdx = next;
        path->sourceInfo.modeInfoIdx = next + 1;
        return 2;
    }
    modes[next + 2] = image_mode(d);
    path->targetInfo.targetModeInfoIdx = next & 0xFFFF;
    path->targetInfo.desktopModeInfoIdx = (next + 2) & 0xFFFF;
    path->sourceInfo.sourceModeInfoIdx = (next + 1) & 0xFFFF;
    path->sourceInfo.cloneGroupId = DISPLAYCONFIG_PATH_CLONE_GROUP_INVALID;
    return 3;
}

/* A connector of the last adapter that has no monitor. */
static void
describe_unplugged(const struct displays *displays, bool aware, DISPLAYCONFIG_PATH_INFO *path)
{
    struct display empty = displays->all[displays->count - 1];

    empty.target = NO_TARGET;
    describe_path(&empty, 0, aware, path);
    path->targetInfo.targetAvailable = FALSE;
}

static DISPLAYCONFIG_TOPOLOGY_ID topology_of(const struct displays *displays)
{
    size_t active = 0;

    for (size_t i = 0; i < displays->count; i++)
        active += displays->all[i].shown.active;
    if (active > 1)
        return DISPLAYCONFIG_TOPOLOGY_EXTEND;
    return displays->all[0].shown.active ? DISPLAYCONFIG_TOPOLOGY_INTERNAL
                                         : DISPLAYCONFIG_TOPOLOGY_EXTERNAL;
}

static LONG WINAPI on_query(UINT32 flags,
                            UINT32 *path_count,
                            DISPLAYCONFIG_PATH_INFO *paths,
                            UINT32 *mode_count,
                            DISPLAYCONFIG_MODE_INFO *modes,
                            DISPLAYCONFIG_TOPOLOGY_ID *ret_topology)
{
    bool aware = flags & QDC_VIRTUAL_MODE_AWARE;
    UINT32 need_paths, need_modes, path = 0, mode = 0;
    struct displays displays;
    LONG error;

    if (!path_count || !paths || !mode_count || !modes)
        return ERROR_INVALID_PARAMETER;
    error = refuse(flags, ret_topology);
    if (error)
        return error;
    displays_read(&displays);
    sizes(&displays, flags, &need_paths, &need_modes);
    if (*path_count < need_paths || *mode_count < need_modes)
        return ERROR_INSUFFICIENT_BUFFER;
    for (size_t i = 0; i < displays.count; i++) {
        const struct display *d = &displays.all[i];

        for (uint32_t source = 0; source < d->source_count; source++) {
            bool active = d->shown.active && source == d->shown.source;

            if (!active && !(flags & QDC_ALL_PATHS))
                continue;
            describe_path(d, source, aware, &paths[path]);
            if (active)
                mode += describe_active(d, aware, mode, &paths[path], modes);
            path++;
        }
    }
    if (flags & QDC_ALL_PATHS)
        describe_unplugged(&displays, aware, &paths[path++]);
    *path_count = path;
    *mode_count = mode;
    if (ret_topology)
        *ret_topology = topology_of(&displays);
    return ERROR_SUCCESS;
}

/* "PSC": three letters of five bits, the high byte first, as EDID has it. */
static UINT16 manufacturer_of(const char *code)
{
    unsigned packed = (unsigned)(code[0] - 'A' + 1) << 10 | (unsigned)(code[1] - 'A' + 1) << 5 |
                      (unsigned)(code[2] - 'A' + 1);

    return (UINT16)(packed >> 8 | packed << 8);
}

static LONG source_name(const struct displays *displays, DISPLAYCONFIG_SOURCE_DEVICE_NAME *name)
{
    for (size_t i = 0; i < displays->count; i++) {
        const struct display *d = &displays->all[i];

        if (memcmp(&d->luid, &name->header.adapterId, sizeof(d->luid)) || !d->shown.active ||
            d->shown.source != name->header.id)
            continue;
        swprintf(name->viewGdiDeviceName, CCHDEVICENAME, L"\\\\.\\DISPLAY%u", d->number);
        return ERROR_SUCCESS;
    }
    return ERROR_INVALID_PARAMETER;
}

static LONG target_name(const struct display *d, DISPLAYCONFIG_TARGET_DEVICE_NAME *name)
{
    unsigned product = 0;

    name->flags.value = 0;
    if (*d->code) {
        sscanf(d->code + 3, "%4x", &product);
        name->flags.friendlyNameFromEdid = name->flags.edidIdsValid = 1;
        name->edidManufactureId = manufacturer_of(d->code);
    }
    name->edidProductCodeId = (UINT16)product;
    name->outputTechnology = d->technology;
    name->connectorInstance = 0;
    wcscpy(name->monitorFriendlyDeviceName, d->monitor);
    wcscpy(name->monitorDevicePath, d->monitor_path);
    return ERROR_SUCCESS;
}

static LONG preferred_mode(const struct display *d, DISPLAYCONFIG_TARGET_PREFERRED_MODE *mode)
{
    struct display preferred = *d;

    preferred.shown.width = mode->width = d->preferred.width;
    preferred.shown.height = mode->height = d->preferred.height;
    preferred.shown.hz = d->preferred.hz;
    mode->targetMode = target_mode_info(&preferred).targetMode;
    return ERROR_SUCCESS;
}

static LONG adapter_name(struct displays *displays, DISPLAYCONFIG_ADAPTER_NAME *name)
{
    for (size_t i = 0; i < displays->count; i++)
        if (!memcmp(&displays->all[i].luid, &name->header.adapterId, sizeof(LUID))) {
            adapter_path(&displays->all[i], name->adapterDevicePath);
            return ERROR_SUCCESS;
        }
    return ERROR_INVALID_PARAMETER;
}

static LONG WINAPI on_device_info(DISPLAYCONFIG_DEVICE_INFO_HEADER *packet)
{
    static const struct {
        DISPLAYCONFIG_DEVICE_INFO_TYPE type;
        UINT32 size;
        bool of_target;
    } known[] = {
        {DISPLAYCONFIG_DEVICE_INFO_GET_SOURCE_NAME,
         sizeof(DISPLAYCONFIG_SOURCE_DEVICE_NAME),
         false},
        {DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_NAME, sizeof(DISPLAYCONFIG_TARGET_DEVICE_NAME), true},
        {DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_PREFERRED_MODE,
         sizeof(DISPLAYCONFIG_TARGET_PREFERRED_MODE),
         true},
        {DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME, sizeof(DISPLAYCONFIG_ADAPTER_NAME), false},
    };
    enum { KNOWN_TYPES = sizeof(known) / sizeof(known[0]) };
    struct displays displays;
    struct display *target;
    int i = 0;

    if (!packet)
        return ERROR_INVALID_PARAMETER;
    while (i < KNOWN_TYPES && known[i].type != packet->type)
        i++;
    if (i == KNOWN_TYPES || packet->size != known[i].size)
        return ERROR_INVALID_PARAMETER;
    if (!session_sees_console())
        return ERROR_ACCESS_DENIED;
    displays_read(&displays);
    target = display_of_target(&displays, packet->adapterId, packet->id);
    if (known[i].of_target && !target)
        return ERROR_GEN_FAILURE;
    switch (packet->type) {
    case DISPLAYCONFIG_DEVICE_INFO_GET_SOURCE_NAME:
        return source_name(&displays, (DISPLAYCONFIG_SOURCE_DEVICE_NAME *)packet);
    case DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_NAME:
        return target_name(target, (DISPLAYCONFIG_TARGET_DEVICE_NAME *)packet);
    case DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_PREFERRED_MODE:
        return preferred_mode(target, (DISPLAYCONFIG_TARGET_PREFERRED_MODE *)packet);
    default:
        return adapter_name(&displays, (DISPLAYCONFIG_ADAPTER_NAME *)packet);
    }
}

const struct hook display_config_hooks[] = {
    {"user32", "DisplayConfigGetDeviceInfo", (hook_function)on_device_info, NULL},
    {"user32", "GetDisplayConfigBufferSizes", (hook_function)on_buffer_sizes, NULL},
    {"user32", "QueryDisplayConfig", (hook_function)on_query, NULL},
    {"user32", "SetDisplayConfig", (hook_function)display_set_config, NULL},
};
const size_t display_config_hook_count =
    sizeof(display_config_hooks) / sizeof(display_config_hooks[0]);
