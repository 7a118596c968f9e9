/* Device nodes start and stop, come and go. */
#include "machine.h"

#include <regstr.h>
#include <wchar.h>

/* What the driver's start ends with. */
static DWORD start_result(const struct node *node)
{
    wchar_t driver[64];

    if (node_config_flags(node) & CONFIGFLAG_DISABLED)
        return CM_PROB_DISABLED;
    node_text(node, L"Driver", driver, 64);
    if (!*driver)
        return CM_PROB_FAILED_INSTALL;
    Sleep(behaviour_number(node, L"StartMs", 0));
    return behaviour_start_problem(node);
}

void node_start(struct node *node)
{
    if (!node->present || node->started)
        return;
    node->problem = start_result(node);
    node->started = !node->problem;
    if (node->problem != CM_PROB_DISABLED && node->problem != CM_PROB_FAILED_INSTALL)
        node->starts++;
    node_save(node);
    if (!node->started) {
        event_add(EVENT_CHANGED, node->id);
        return;
    }
    event_add(EVENT_STARTED, node->id);
    interface_announce(node, true);
    enumerate(node->id, false);
}

/* Children first, as they would be in the removal of a subtree. */
static void leave_children(const struct node *node)
{
    struct tree tree;

    tree_load(&tree);
    for (size_t i = tree.count; i-- > 0;) {
        struct node *child = &tree.items[i];

        if (child->present && _wcsicmp(child->id, node->id) && node_is_below(child, node->id))
            node_leave(child);
    }
    tree_done(&tree);
}

static void halt(struct node *node)
{
    if (!node->started)
        return;
    leave_children(node);
    interface_announce(node, false);
    node->started = false;
}

void node_stop(struct node *node, DWORD problem)
{
    halt(node);
    node->problem = problem;
    node_save(node);
    event_add(EVENT_CHANGED, node->id);
}

void node_arrive(struct node *node)
{
    struct driver driver;
    bool reboot;

    node->present = true;
    node->started = false;
    node->problem = 0;
    node_save(node);
    event_add(EVENT_ENUMERATED, node->id);
    if (!node_driver(node, &driver) && driver_best(node, &driver))
        node_bind(node, &driver, &reboot);
    else
        node_start(node);
}

void node_leave(struct node *node)
{
    halt(node);
    node->present = false;
    node->problem = 0;
    node->need_restart = false;
    node_save(node);
    event_add(EVENT_REMOVED, node->id);
}

/* ---- who objects ---- */

static bool handle_is_open(const struct node *node)
{
    wchar_t path[PATH_CHARS], name[16];
    DWORD count, len, size;
    bool open = false;
    HKEY key;

    path_of_id(path, PNP_LIVE L"\\Handles", node->id);
    key = reg_open(path, false);
    if (!key)
        return false;
    for (DWORD i = 0; !open; i++) {
        HANDLE process;

        len = 16;
        size = sizeof(count);
        if (RegEnumValueW(key, i, name, &len, NULL, NULL, (BYTE *)&count, &size))
            break;
        process = count ? OpenProcess(SYNCHRONIZE, FALSE, wcstoul(name, NULL, 10)) : NULL;
        open = process && WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
        if (process)
            CloseHandle(process);
    }
    RegCloseKey(key);
    return open;
}

/* Query-remove goes to the whole subtree; a device to which handles are open refuses it
 * (guest.md has nothing on it; the driver kit's description of IRP_MN_QUERY_REMOVE_DEVICE does). */
bool node_vetoed(const struct node *node, const wchar_t *value, struct veto *ret_veto)
{
    struct tree tree;
    bool vetoed = false;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count && !vetoed; i++) {
        const struct node *at = &tree.items[i];
        bool self = !_wcsicmp(at->id, node->id);
        DWORD type;

        if (!at->present || !node_is_below(at, node->id))
            continue;
        type = behaviour_number(at, self ? value : L"VetoRemove", 0);
        if (!type && handle_is_open(at))
            type = PNP_VetoOutstandingOpen;
        if (type) {
            vetoed = true;
            ret_veto->type = (PNP_VETO_TYPE)type;
            if (!behaviour_text(at, L"VetoName", ret_veto->name, PNP_ID_MAX))
                wcscpy(ret_veto->name, at->id);
        }
    }
    tree_done(&tree);
    return vetoed;
}

/* ---- what programs ask for ---- */

static CONFIGRET at_next_boot(struct node *node)
{
    node->need_restart = true;
    node_save(node);
    event_add(EVENT_CHANGED, node->id);
    return CR_NEED_RESTART;
}

CONFIGRET node_disable(struct node *node, bool persist, struct veto *ret_veto)
{
    if (!(node_status(node) & DN_DISABLEABLE))
        return CR_NOT_DISABLEABLE;
    if (node->started && node_vetoed(node, L"VetoDisable", ret_veto))
        return CR_REMOVE_VETOED;
    if (persist)
        node_set_config_flags(node, CONFIGFLAG_DISABLED, 0);
    if (node->started && behaviour_number(node, L"RebootToDisable", 0))
        return at_next_boot(node);
    node_stop(node, CM_PROB_DISABLED);
    return CR_SUCCESS;
}

CONFIGRET node_enable(struct node *node)
{
    node_set_config_flags(node, 0, CONFIGFLAG_DISABLED);
    if (node->problem != CM_PROB_DISABLED)
        return CR_SUCCESS;
    if (behaviour_number(node, L"RebootToEnable", 0)) {
        node->problem = CM_PROB_NEED_RESTART;
        return at_next_boot(node);
    }
    node_start(node);
    return CR_SUCCESS;
}

CONFIGRET node_restart(struct node *node, struct veto *ret_veto)
{
    if (node->started && node_vetoed(node, L"VetoDisable", ret_veto))
        return CR_REMOVE_VETOED;
    halt(node);
    node_start(node);
    return CR_SUCCESS;
}

/* [probe] which problem number Windows shows: 21 or 47. */
void node_hold(struct node *node, bool no_restart)
{
    wchar_t path[PATH_CHARS];

    node_stop(node, CM_PROB_HELD_FOR_EJECT);
    path_of_id(path, PNP_LIVE L"\\Devices", node->id);
    reg_set_number(path, L"Held", no_restart);
}

void node_release(struct node *node)
{
    wchar_t path[PATH_CHARS];

    path_of_id(path, PNP_LIVE L"\\Devices", node->id);
    if (node->present && node->problem == CM_PROB_HELD_FOR_EJECT && !reg_number(path, L"Held", 0))
        node_start(node);
}

CONFIGRET node_remove(struct node *node, struct veto *ret_veto)
{
    wchar_t path[PATH_CHARS];

    if (node->present && (node_vetoed(node, L"VetoRemove", ret_veto) ||
                          behaviour_number(node, L"RebootToRemove", 0))) {
        node_path(node, path);
        reg_set_number(path, L"RemoveAtBoot", 1);
        return at_next_boot(node);
    }
    if (node->present)
        node_leave(node);
    node_delete(node);
    event_add(EVENT_CHANGED, node->id);
    return CR_SUCCESS;
}
