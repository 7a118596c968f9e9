/* What other emulators see of the machine: pnp_state.h. */
#include "machine.h"

#include <string.h>
#include <wchar.h>

#define HANDLES_PATH  PNP_LIVE L"\\Handles"
#define MONITOR_CLASS L"{4d36e96e-e325-11ce-bfc1-08002be10318}"

static void fill(const struct node *node, struct pnp_device *ret_device)
{
    struct pnp_device device = {.present = node->present,
                                .started = node->started,
                                .problem = node->problem,
                                .starts = node->starts};
    wchar_t ids[LIST_CHARS], path[PATH_CHARS];

    wcscpy(device.instance, node->id);
    node_list(node, L"HardwareID", ids);
    swprintf(device.hardware_id, PNP_ID_MAX, L"%ls", ids);
    node_parent(node, device.parent);
    node_text(node, L"FriendlyName", device.name, PNP_TEXT_MAX);
    if (!*device.name)
        node_text(node, L"DeviceDesc", device.name, PNP_TEXT_MAX);
    node_text(node, L"Class", device.device_class, PNP_TEXT_MAX);
    node_text(node, L"Service", device.service, PNP_TEXT_MAX);
    node_driver_path(node, path);
    if (*path) {
        reg_text(path, L"DriverVersion", device.driver_version, PNP_TEXT_MAX);
        reg_text(path, L"InfPath", device.inf, PNP_TEXT_MAX);
    }
    *ret_device = device;
}

bool pnp_find(const wchar_t *hardware_id, struct pnp_device *ret_device)
{
    wchar_t ids[LIST_CHARS];
    struct tree tree;
    bool found = false;

    machine_enter();
    tree_load(&tree);
    for (size_t i = 0; i < tree.count && !found; i++) {
        node_list(&tree.items[i], L"HardwareID", ids);
        found = tree.items[i].present && list_find(ids, hardware_id) >= 0;
        if (found)
            fill(&tree.items[i], ret_device);
    }
    tree_done(&tree);
    machine_leave();
    return found;
}

bool pnp_get(const wchar_t *instance, struct pnp_device *ret_device)
{
    struct node node;
    bool found;

    machine_enter();
    found = node_load(instance, &node);
    if (found)
        fill(&node, ret_device);
    machine_leave();
    return found;
}

bool pnp_of_interface(const wchar_t *path, struct pnp_device *ret_device)
{
    wchar_t instance[PNP_ID_MAX], guid[40], classes[LIST_CHARS];
    struct node node;
    bool found;

    if (!interface_parse(path, instance, guid))
        return false;
    machine_enter();
    found = node_load(instance, &node) && node.started;
    if (found) {
        interface_classes(&node, classes);
        found = list_find(classes, guid) >= 0;
    }
    if (found)
        fill(&node, ret_device);
    machine_leave();
    return found;
}

size_t pnp_list(const wchar_t *device_class, struct pnp_device *ret_devices, size_t max)
{
    struct tree tree;
    size_t count = 0;

    machine_enter();
    tree_load(&tree);
    for (int present = 1; present >= 0; present--)
        for (size_t i = 0; i < tree.count; i++) {
            struct pnp_device device;

            if (tree.items[i].present != (present == 1))
                continue;
            fill(&tree.items[i], &device);
            if (device_class && _wcsicmp(device_class, device.device_class))
                continue;
            if (count < max)
                ret_devices[count] = device;
            count++;
        }
    tree_done(&tree);
    machine_leave();
    return count;
}

/* ---- monitors ---- */

/* "DISPLAY\PSCCDD0" is seen as MONITOR\PSCCDD0, with the generic driver's id as compatible one. */
static void write_monitor(const wchar_t *id,
                          const wchar_t *parent,
                          const wchar_t *device_id,
                          const wchar_t *name)
{
    wchar_t path[PATH_CHARS], hardware[PNP_ID_MAX], list[LIST_CHARS] = L"";
    const wchar_t *model = wcschr(device_id, L'\\');

    memset(list, 0, sizeof(list));
    swprintf(hardware, PNP_ID_MAX, L"MONITOR%ls", model ? model : L"");
    list_add(list, hardware);
    path_join(path, ENUM_ROOT, id);
    reg_set_number(path, L"Emulated", 1);
    reg_set_list(path, L"HardwareID", list);
    memset(list, 0, sizeof(list));
    list_add(list, L"*PNP09FF");
    reg_set_list(path, L"CompatibleIDs", list);
    reg_set_text(path, L"Parent", parent);
    reg_set_text(path, L"FriendlyName", name);
    reg_set_text(path, L"DeviceDesc", L"Generic PnP Monitor");
    reg_set_text(path, L"Class", L"Monitor");
    reg_set_text(path, L"ClassGUID", MONITOR_CLASS);
    reg_set_number(path, L"ConfigFlags", 0);
    reg_set_number(path, L"Capabilities", 0);
}

/* The in-box monitor driver, in case the seed's store has none. */
static void bind_monitor(struct node *node)
{
    struct driver driver = {.inf = L"monitor.inf",
                            .original = L"monitor.inf",
                            .device_class = L"Monitor",
                            .class_guid = MONITOR_CLASS,
                            .version = L"10.0.22621.1",
                            .date = L"06/21/2006",
                            .provider = L"Microsoft",
                            .manufacturer = L"(Standard monitor types)",
                            .description = L"Generic PnP Monitor",
                            .service = L"monitor",
                            .section = L"PnPMonitor.Install"};
    bool reboot;

    list_add(driver.hardware_ids, L"*PNP09FF");
    if (!node_driver(node, &driver) && !driver_best(node, &driver))
        node_bind(node, &driver, &reboot);
}

bool pnp_monitor_add(const wchar_t *parent,
                     const wchar_t *device_id,
                     const wchar_t *uid,
                     const wchar_t *name)
{
    wchar_t id[PNP_ID_MAX];
    struct node above, node;
    bool ok = false;

    swprintf(id, PNP_ID_MAX, L"%ls\\%ls", device_id, uid);
    machine_enter();
    if (node_load(parent, &above) && above.started && !(node_load(id, &node) && node.present)) {
        write_monitor(id, above.id, device_id, name);
        ok = node_load(id, &node);
    }
    if (ok) {
        bind_monitor(&node);
        node_arrive(&node);
    }
    machine_leave();
    return ok;
}

bool pnp_monitor_remove(const wchar_t *instance)
{
    struct node node;
    bool ok;

    machine_enter();
    ok = node_load(instance, &node) && node.present;
    if (ok)
        node_leave(&node);
    machine_leave();
    return ok;
}

/* ---- */

void pnp_handles(const wchar_t *instance, int change)
{
    wchar_t path[PATH_CHARS], process[16];
    DWORD count;

    swprintf(process, 16, L"%lu", GetCurrentProcessId());
    machine_enter();
    path_of_id(path, HANDLES_PATH, instance);
    count = reg_number(path, process, 0) + (DWORD)change;
    if (count)
        reg_set_number(path, process, count);
    else
        reg_clear(path, process);
    machine_leave();
}

bool pnp_fail(const wchar_t *instance, uint32_t problem)
{
    struct node node;
    bool ok;

    machine_enter();
    ok = node_load(instance, &node) && node.started;
    if (ok)
        node_stop(&node, problem);
    machine_leave();
    return ok;
}

uint32_t pnp_generation(void)
{
    uint32_t last;

    machine_enter();
    last = event_last();
    machine_leave();
    return last;
}

bool pnp_wait(uint32_t seen, uint32_t timeout_ms)
{
    ULONGLONG end_ms = GetTickCount64() + timeout_ms;
    HANDLE changed = CreateEventW(NULL, FALSE, FALSE, NULL);
    HKEY key = event_key();
    bool differs;

    /* Armed before the look: a change between the two is not missed. */
    for (;;) {
        ULONGLONG now_ms = GetTickCount64();

        RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, changed, TRUE);
        differs = pnp_generation() != seen;
        if (differs || now_ms >= end_ms)
            break;
        WaitForSingleObject(changed, (DWORD)(end_ms - now_ms));
    }
    RegCloseKey(key);
    CloseHandle(changed);
    return differs;
}
