/* A device node: what is known of it for good stands in its key below Enum, as on Windows, what is
 * true now in a key below Live. */
#include "machine.h"

#include <regstr.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

#define LIVE_DEVICES PNP_LIVE L"\\Devices"
#define LIVE_DEVINST PNP_LIVE L"\\DevInst"

enum { KEY_NAME_INFORMATION = 3 };

NTSTATUS NTAPI NtQueryKey(HANDLE key, int what, void *ret_data, ULONG size, ULONG *ret_size);

static void live_path(const struct node *node, wchar_t *ret_path)
{
    path_of_id(ret_path, LIVE_DEVICES, node->id);
}

/* The id as the registry spells it: the last three parts of the key's name. */
static bool spelled(HKEY key, wchar_t *ret_id)
{
    struct {
        ULONG bytes;
        wchar_t name[PATH_CHARS];
    } info;
    ULONG size;
    int parts = 0;
    wchar_t *at;

    if (NtQueryKey(key, KEY_NAME_INFORMATION, &info, sizeof(info) - sizeof(wchar_t), &size))
        return false;
    info.name[info.bytes / sizeof(wchar_t)] = L'\0';
    for (at = info.name + wcslen(info.name); at > info.name && parts < 3; at--)
        parts += at[-1] == L'\\';
    swprintf(ret_id, PNP_ID_MAX, L"%ls", at + 1);
    return true;
}

static bool is_instance_id(const wchar_t *id)
{
    int parts = 1;

    for (const wchar_t *at = id; *at; at++)
        parts += *at == L'\\';
    return parts == 3 && wcslen(id) < PNP_ID_MAX;
}

/* What is true now, from the key below Live. */
static void load_live(struct node *node)
{
    wchar_t path[PATH_CHARS];
    HKEY key;

    live_path(node, path);
    key = reg_open(path, false);
    if (!key)
        return;
    node->present = reg_number_of(key, L"Present", 0);
    node->started = reg_number_of(key, L"Started", 0);
    node->problem = reg_number_of(key, L"Problem", 0);
    node->starts = reg_number_of(key, L"Starts", 0);
    node->need_restart = reg_number_of(key, L"NeedRestart", 0);
    RegCloseKey(key);
}

bool node_load(const wchar_t *id, struct node *ret_node)
{
    struct node node = {.present = false};
    wchar_t path[PATH_CHARS];
    bool known;
    HKEY key;

    if (!_wcsicmp(id, ROOT_NODE)) {
        node.present = node.started = true;
        wcscpy(node.id, ROOT_NODE);
        *ret_node = node;
        return true;
    }
    if (!is_instance_id(id))
        return false;
    path_join(path, ENUM_ROOT, id);
    key = reg_open(path, false);
    if (!key)
        return false;
    /* Wine has devices of its own there, which this machine does not. */
    known = reg_number_of(key, L"Emulated", 0) && spelled(key, node.id);
    RegCloseKey(key);
    if (!known)
        return false;
    load_live(&node);
    *ret_node = node;
    return true;
}

void node_save(const struct node *node)
{
    const struct {
        const wchar_t *value;
        DWORD number;
    } rows[] = {
        {L"Present", node->present},
        {L"Started", node->started},
        {L"Problem", node->problem},
        {L"Starts", node->starts},
        {L"NeedRestart", node->need_restart},
    };
    wchar_t path[PATH_CHARS];
    HKEY key;

    live_path(node, path);
    key = reg_open(path, true);
    if (!key)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        RegSetValueExW(
            key, rows[i].value, 0, REG_DWORD, (const BYTE *)&rows[i].number, sizeof(DWORD));
    RegCloseKey(key);
}

void node_path(const struct node *node, wchar_t *ret_path)
{
    path_join(ret_path, ENUM_ROOT, node->id);
}

void node_driver_path(const struct node *node, wchar_t *ret_path)
{
    wchar_t driver[64];

    node_text(node, L"Driver", driver, 64);
    if (*driver)
        path_join(ret_path, CLASS_ROOT, driver);
    else
        *ret_path = L'\0';
}

void path_of_device_parameters(const struct node *node, wchar_t *ret_path)
{
    wchar_t path[PATH_CHARS];

    node_path(node, path);
    path_join(ret_path, path, L"Device Parameters");
}

/* Keys of the device id and of the enumerator go with the last of their instances. */
static void delete_parents(const wchar_t *path)
{
    wchar_t parent[PATH_CHARS], *end;

    wcscpy(parent, path);
    for (int i = 0; i < 2; i++) {
        end = wcsrchr(parent, L'\\');
        if (!end)
            return;
        *end = L'\0';
        RegDeleteKeyW(HKEY_LOCAL_MACHINE, parent); /* only an empty key goes */
    }
}

void node_delete(const struct node *node)
{
    wchar_t path[PATH_CHARS];

    interface_forget(node);
    node_driver_path(node, path);
    if (*path)
        reg_delete(path);
    node_path(node, path);
    reg_delete(path);
    delete_parents(path);
    live_path(node, path);
    reg_delete(path);
}

void node_text(const struct node *node, const wchar_t *value, wchar_t *ret_text, size_t max)
{
    wchar_t path[PATH_CHARS];

    node_path(node, path);
    reg_text(path, value, ret_text, max);
}

void node_list(const struct node *node, const wchar_t *value, wchar_t *ret_list)
{
    wchar_t path[PATH_CHARS];

    node_path(node, path);
    reg_list(path, value, ret_list);
}

DWORD node_config_flags(const struct node *node)
{
    wchar_t path[PATH_CHARS];

    node_path(node, path);
    return reg_number(path, L"ConfigFlags", 0);
}

void node_set_config_flags(const struct node *node, DWORD set, DWORD clear)
{
    wchar_t path[PATH_CHARS];

    node_path(node, path);
    reg_set_number(path, L"ConfigFlags", (node_config_flags(node) & ~clear) | set);
}

bool node_is_root_enumerated(const struct node *node)
{
    return !_wcsnicmp(node->id, L"ROOT\\", 5);
}

DWORD node_status(const struct node *node)
{
    wchar_t driver[64], path[PATH_CHARS];
    DWORD status = DN_NT_ENUMERATOR | DN_NT_DRIVER;

    if (!wcscmp(node->id, ROOT_NODE))
        return status | DN_ROOT_ENUMERATED | DN_DRIVER_LOADED | DN_ENUM_LOADED | DN_STARTED;
    node_text(node, L"Driver", driver, 64);
    node_path(node, path);
    if (node_is_root_enumerated(node))
        status |= DN_ROOT_ENUMERATED;
    if (node->started)
        status |= DN_STARTED | DN_DRIVER_LOADED;
    if (node->problem)
        status |= DN_HAS_PROBLEM;
    if (node->need_restart)
        status |= DN_NEED_RESTART;
    if (!behaviour_number(node, L"NotDisableable", 0))
        status |= DN_DISABLEABLE;
    if (reg_number(path, L"RemoveAtBoot", 0))
        status |= DN_WILL_BE_REMOVED;
    return status;
}

DEVINST node_devinst(const struct node *node)
{
    wchar_t name[PATH_CHARS], number[16];
    DEVINST devinst;

    path_of_id(name, L"id", node->id); /* a value's name, not a path */
    devinst = reg_number(LIVE_DEVINST, name, 0);
    if (devinst)
        return devinst;
    devinst = reg_number(LIVE_DEVINST, L"Last", 0) + 1;
    swprintf(number, 16, L"%lu", devinst);
    reg_set_number(LIVE_DEVINST, L"Last", devinst);
    reg_set_number(LIVE_DEVINST, name, devinst);
    reg_set_text(LIVE_DEVINST, number, node->id);
    return devinst;
}

bool devinst_id(DEVINST devinst, wchar_t *ret_id)
{
    wchar_t number[16];

    swprintf(number, 16, L"%lu", devinst);
    return reg_text(LIVE_DEVINST, number, ret_id, PNP_ID_MAX);
}

bool devinst_node(DEVINST devinst, struct node *ret_node)
{
    wchar_t id[PNP_ID_MAX];

    return devinst_id(devinst, id) && node_load(id, ret_node);
}
