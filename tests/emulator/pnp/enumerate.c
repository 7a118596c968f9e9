/* Hardware that buses report, and the root bus, whose hardware is what installers wrote below Enum.
 */
#include "machine.h"

#include <string.h>
#include <wchar.h>

static DWORD hardware_number(const wchar_t *id, const wchar_t *value, DWORD otherwise)
{
    wchar_t path[PATH_CHARS];

    path_of_id(path, PNP_HARDWARE, id);
    return reg_number(path, value, otherwise);
}

/* Nobody has seen it yet, and nobody will before another boot. */
static bool is_of_the_future(const wchar_t *id)
{
    return hardware_number(id, L"AppearsAtBoot", 0) > machine_boots();
}

/* Copies a value of a Hardware entry to the node's key. */
static void
copy_text(const wchar_t *from, const wchar_t *name, const wchar_t *to, const wchar_t *as)
{
    wchar_t text[PNP_ID_MAX];

    if (reg_text(from, name, text, PNP_ID_MAX))
        reg_set_text(to, as, text);
}

static void
copy_list(const wchar_t *from, const wchar_t *name, const wchar_t *to, const wchar_t *as)
{
    wchar_t list[LIST_CHARS];

    reg_list(from, name, list);
    reg_set_list(to, as, list);
}

/* The driver that an earlier installation left, before the device is seen the first time. */
static void bind_earlier(const wchar_t *id, const wchar_t *hardware)
{
    struct driver driver;
    struct node node;
    wchar_t inf[64];
    bool reboot;

    reg_text(hardware, L"Driver", inf, 64);
    if (!node_load(id, &node) || !_wcsicmp(inf, L"none"))
        return;
    if (*inf ? driver_load(inf, &driver) : driver_best(&node, &driver))
        node_bind(&node, &driver, &reboot);
}

void hardware_write(const wchar_t *id)
{
    wchar_t hardware[PATH_CHARS], path[PATH_CHARS];

    path_of_id(hardware, PNP_HARDWARE, id);
    path_join(path, ENUM_ROOT, id);
    reg_set_number(path, L"Emulated", 1);
    copy_list(hardware, L"HardwareIds", path, L"HardwareID");
    copy_list(hardware, L"CompatibleIds", path, L"CompatibleIDs");
    copy_text(hardware, L"Description", path, L"BusDescription");
    copy_text(hardware, L"Name", path, L"FriendlyName");
    copy_text(hardware, L"Location", path, L"LocationInformation");
    copy_text(hardware, L"Parent", path, L"Parent");
    reg_set_number(path, L"Capabilities", 0);
    reg_set_number(path, L"ConfigFlags", hardware_number(id, L"Disabled", 0) ? 1 : 0);
    bind_earlier(id, hardware);
}

/* Root entries of a seed become keys of Enum, once. */
static void adopt_root_entries(void)
{
    wchar_t name[PNP_ID_MAX], id[PNP_ID_MAX], hardware[PATH_CHARS], path[PATH_CHARS];
    DWORD i = 0;

    while (reg_child(PNP_HARDWARE, i, name, PNP_ID_MAX)) {
        id_of_key(id, PNP_ID_MAX, name);
        if (_wcsnicmp(id, L"ROOT\\", 5) || is_of_the_future(id)) {
            i++;
            continue;
        }
        hardware_write(id);
        path_join(path, ENUM_ROOT, id);
        if (!hardware_number(id, L"Present", 1))
            reg_set_number(path, L"Phantom", 1);
        path_join(hardware, PNP_HARDWARE, name);
        reg_delete(hardware);
    }
}

/* What a bus says of one of its devices now. */
static void report(const wchar_t *id, const wchar_t *ancestor)
{
    struct node node, parent;
    wchar_t path[PATH_CHARS], parent_id[PNP_ID_MAX];
    bool plugged_in = hardware_number(id, L"Present", 1);

    path_join(path, ENUM_ROOT, id);
    if (!reg_number(path, L"Emulated", 0))
        hardware_write(id);
    if (!node_load(id, &node) || !node_is_below(&node, ancestor))
        return;
    node_parent(&node, parent_id);
    if (plugged_in && !node.present && node_load(parent_id, &parent) && parent.started)
        node_arrive(&node);
    else if (!plugged_in && node.present)
        node_leave(&node);
}

static void report_hardware(const wchar_t *ancestor)
{
    wchar_t name[PNP_ID_MAX], id[PNP_ID_MAX];

    for (DWORD i = 0; reg_child(PNP_HARDWARE, i, name, PNP_ID_MAX); i++) {
        id_of_key(id, PNP_ID_MAX, name);
        if (_wcsnicmp(id, L"ROOT\\", 5) && !is_of_the_future(id))
            report(id, ancestor);
    }
}

/* The root bus has what stands in Enum and is no phantom; what was to be removed is removed now. */
static void report_root(void)
{
    struct tree tree;
    wchar_t path[PATH_CHARS];

    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        struct node *node = &tree.items[i];

        node_path(node, path);
        if (!node->present && reg_number(path, L"RemoveAtBoot", 0))
            node_delete(node);
        else if (!node->present && node_is_root_enumerated(node) &&
                 !reg_number(path, L"Phantom", 0))
            node_arrive(node);
    }
    tree_done(&tree);
}

/* Devices whose installation failed are tried again. */
static void retry_installation(void)
{
    struct tree tree;
    struct driver driver;
    bool reboot;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        struct node *node = &tree.items[i];

        if (node->present && !node_driver(node, &driver) && driver_best(node, &driver))
            node_bind(node, &driver, &reboot);
    }
    tree_done(&tree);
}

/* What was prepared for removal and is still there comes back. */
static void release_held(const wchar_t *ancestor)
{
    struct tree tree;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++)
        if (node_is_below(&tree.items[i], ancestor))
            node_release(&tree.items[i]);
    tree_done(&tree);
}

void enumerate(const wchar_t *ancestor, bool retry)
{
    if (!wcscmp(ancestor, ROOT_NODE)) {
        adopt_root_entries();
        report_root();
    }
    report_hardware(ancestor);
    release_held(ancestor);
    if (retry)
        retry_installation();
}
