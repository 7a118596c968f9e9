/* SetDisplayConfig. Rules from its documentation: apply or validate; a topology or a supplied
 * configuration; a topology comes without arrays; saving needs a supplied configuration that is
 * applied; without SDC_ALLOW_CHANGES nothing is adjusted for the caller. */
#include "display.h"

#include "../common/state.h"
#include "../session/session.h"

#include <string.h>

#define KEY "display"

enum {
    TOPOLOGIES =
        SDC_TOPOLOGY_INTERNAL | SDC_TOPOLOGY_CLONE | SDC_TOPOLOGY_EXTEND | SDC_TOPOLOGY_EXTERNAL,
    CONFIGS = TOPOLOGIES | SDC_TOPOLOGY_SUPPLIED | SDC_USE_SUPPLIED_DISPLAY_CONFIG,
    KNOWN = CONFIGS | SDC_VALIDATE | SDC_APPLY | SDC_NO_OPTIMIZATION | SDC_SAVE_TO_DATABASE |
            SDC_ALLOW_CHANGES | SDC_PATH_PERSIST_IF_REQUIRED | SDC_FORCE_MODE_ENUMERATION |
            SDC_ALLOW_PATH_ORDER_CHANGES | SDC_VIRTUAL_MODE_AWARE
};

static bool flags_fit(UINT32 flags)
{
    UINT32 action = flags & (SDC_VALIDATE | SDC_APPLY), config = flags & CONFIGS;

    if (flags & ~(UINT32)KNOWN || (action != SDC_VALIDATE && action != SDC_APPLY) || !config)
        return false;
    if (config & ~(UINT32)TOPOLOGIES && config & (config - 1))
        return false; /* a supplied configuration is alone */
    if (flags & SDC_SAVE_TO_DATABASE &&
        (!(flags & SDC_USE_SUPPLIED_DISPLAY_CONFIG) || !(flags & SDC_APPLY)))
        return false;
    if (flags & (SDC_NO_OPTIMIZATION | SDC_FORCE_MODE_ENUMERATION) && !(flags & SDC_APPLY))
        return false;
    if (flags & SDC_ALLOW_CHANGES && config & TOPOLOGIES)
        return false;
    return !(flags & SDC_ALLOW_PATH_ORDER_CHANGES) || flags & SDC_TOPOLOGY_SUPPLIED;
}

static bool
arrays_fit(UINT32 flags, UINT32 path_count, const void *paths, UINT32 mode_count, const void *modes)
{
    if (flags & TOPOLOGIES)
        return !path_count && !paths && !mode_count && !modes;
    if (!path_count || !paths)
        return false;
    return flags & SDC_TOPOLOGY_SUPPLIED ? !mode_count && !modes : !mode_count == !modes;
}

/* Without a panel of the machine's own, "internal" is the first display and "external" the others.
 */
static LONG set_topology(struct displays *displays, UINT32 flags)
{
    size_t primary = displays_primary(displays), first = 0;

    if (flags & SDC_TOPOLOGY_EXTEND) {
        first = primary < displays->count ? primary : 0;
    } else if (flags & SDC_TOPOLOGY_EXTERNAL && !(flags & SDC_TOPOLOGY_INTERNAL)) {
        first = 1;
    } else if (!(flags & SDC_TOPOLOGY_INTERNAL)) {
        return ERROR_NOT_SUPPORTED; /* two monitors of different adapters have no clone mode here */
    }
    if (first >= displays->count)
        return ERROR_BAD_CONFIGURATION;
    for (size_t i = 0; i < displays->count; i++) {
        struct display *d = &displays->all[i];
        bool on = flags & SDC_TOPOLOGY_EXTEND                                         ? true
                  : flags & SDC_TOPOLOGY_EXTERNAL && !(flags & SDC_TOPOLOGY_INTERNAL) ? i >= 1
                                                                                      : i == 0;

        if (on && !d->shown.active) {
            d->shown.width = d->preferred.width;
            d->shown.height = d->preferred.height;
            d->shown.hz = d->preferred.hz;
        }
        d->shown.active = on;
    }
    displays_line_up(displays, first);
    return ERROR_SUCCESS;
}

struct supplied {
    const DISPLAYCONFIG_PATH_INFO *path;
    const DISPLAYCONFIG_MODE_INFO *modes;
    UINT32 mode_count, flags;
};

/* The mode that an index names: of that type and for that id, or the configuration is wrong. */
static bool mode_at(const struct supplied *s,
                    UINT32 index,
                    bool aware,
                    DISPLAYCONFIG_MODE_INFO_TYPE type,
                    const DISPLAYCONFIG_MODE_INFO **ret_mode)
{
    *ret_mode = NULL;
    if (index == (aware ? 0xFFFFu : DISPLAYCONFIG_PATH_MODE_IDX_INVALID))
        return true;
    if (index >= s->mode_count || s->modes[index].infoType != type)
        return false;
    *ret_mode = &s->modes[index];
    return true;
}

/* Takes size, place and rate of one active path over. */
static LONG take_path(const struct supplied *s, struct display *d)
{
    bool aware = s->path->flags & DISPLAYCONFIG_PATH_SUPPORT_VIRTUAL_MODE;
    const DISPLAYCONFIG_MODE_INFO *source, *target;
    uint32_t hz = 0;

    if (aware && !(s->flags & SDC_VIRTUAL_MODE_AWARE))
        return ERROR_INVALID_PARAMETER;
    if (!mode_at(s,
                 aware ? s->path->sourceInfo.sourceModeInfoIdx : s->path->sourceInfo.modeInfoIdx,
                 aware,
                 DISPLAYCONFIG_MODE_INFO_TYPE_SOURCE,
                 &source) ||
        !mode_at(s,
                 aware ? s->path->targetInfo.targetModeInfoIdx : s->path->targetInfo.modeInfoIdx,
                 aware,
                 DISPLAYCONFIG_MODE_INFO_TYPE_TARGET,
                 &target))
        return ERROR_INVALID_PARAMETER;
    if (!source) { /* Windows finds the best one */
        if (!d->shown.active) {
            d->shown.width = d->preferred.width;
            d->shown.height = d->preferred.height;
            d->shown.hz = d->preferred.hz;
        }
        return s->flags & SDC_ALLOW_CHANGES || s->flags & SDC_TOPOLOGY_SUPPLIED
                   ? ERROR_SUCCESS
                   : ERROR_INVALID_PARAMETER;
    }
    if (target && target->targetMode.targetVideoSignalInfo.vSyncFreq.Denominator)
        hz = target->targetMode.targetVideoSignalInfo.vSyncFreq.Numerator /
             target->targetMode.targetVideoSignalInfo.vSyncFreq.Denominator;
    if (!target_has_mode(d, source->sourceMode.width, source->sourceMode.height, &hz)) {
        hz = 0;
        if (!(s->flags & SDC_ALLOW_CHANGES) ||
            !target_has_mode(d, source->sourceMode.width, source->sourceMode.height, &hz))
            return ERROR_GEN_FAILURE;
    }
    d->shown.width = source->sourceMode.width;
    d->shown.height = source->sourceMode.height;
    d->shown.hz = hz;
    d->shown.x = source->sourceMode.position.x;
    d->shown.y = source->sourceMode.position.y;
    return ERROR_SUCCESS;
}

/* Two targets with one source would be clones. */
static bool source_taken(const struct displays *displays,
                         const bool *on,
                         const struct display *d,
                         uint32_t source)
{
    for (size_t i = 0; i < displays->count; i++)
        if (on[i] && displays->all[i].luid.LowPart == d->luid.LowPart &&
            displays->all[i].shown.source == source)
            return true;
    return false;
}

static LONG set_supplied(struct displays *displays, struct supplied *s, UINT32 count)
{
    bool on[DISPLAY_MAX] = {false};
    LONG error;

    for (UINT32 i = 0; i < count; i++, s->path++) {
        struct display *d =
            display_of_target(displays, s->path->targetInfo.adapterId, s->path->targetInfo.id);

        if (!(s->path->flags & DISPLAYCONFIG_PATH_ACTIVE))
            continue;
        if (!d || on[d - displays->all] || s->path->sourceInfo.id >= d->source_count ||
            memcmp(&s->path->sourceInfo.adapterId, &d->luid, sizeof(d->luid)) ||
            source_taken(displays, on, d, s->path->sourceInfo.id))
            return ERROR_INVALID_PARAMETER;
        error = take_path(s, d);
        if (error)
            return error;
        d->shown.source = s->path->sourceInfo.id;
        on[d - displays->all] = true;
    }
    for (size_t i = 0; i < displays->count; i++)
        displays->all[i].shown.active = on[i];
    return ERROR_SUCCESS;
}

LONG WINAPI display_set_config(UINT32 path_count,
                               DISPLAYCONFIG_PATH_INFO *paths,
                               UINT32 mode_count,
                               DISPLAYCONFIG_MODE_INFO *modes,
                               UINT32 flags)
{
    struct supplied supplied = {
        .path = paths, .modes = modes, .mode_count = mode_count, .flags = flags};
    struct displays displays;
    LONG error;

    if (!flags_fit(flags) || !arrays_fit(flags, path_count, paths, mode_count, modes))
        return ERROR_INVALID_PARAMETER;
    if (!session_sees_console())
        return ERROR_ACCESS_DENIED;
    error = (LONG)state_fault(KEY, "FailSet");
    if (error)
        return error;
    state_lock();
    displays_read(&displays);
    error = flags & TOPOLOGIES ? set_topology(&displays, flags)
                               : set_supplied(&displays, &supplied, path_count);
    if (!error && displays_primary(&displays) == displays.count && flags & SDC_TOPOLOGY_SUPPLIED)
        for (size_t i = displays.count; i--;)
            if (displays.all[i].shown.active)
                displays_line_up(&displays, i);
    if (!error && flags & SDC_APPLY && !displays_write(&displays))
        error = ERROR_INVALID_PARAMETER;
    state_unlock();
    return error;
}
