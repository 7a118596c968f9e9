/* Device interfaces: what a driver registers and enables while its device is started. */
#include "machine.h"

#include <wchar.h>

/* GUID_DEVINTERFACE_MONITOR and GUID_DISPLAY_DEVICE_ARRIVAL, from the SDK's ntddvdeo.h: every
 * device of these classes has them. */
static const struct {
    const wchar_t *device_class, *guid;
} of_class[] = {
    {L"Display", L"{1ca05180-a699-450a-9a0c-de4fbe3ddd89}"},
    {L"Monitor", L"{e6f07b5f-ee97-4a90-b076-33f57bf4eaa7}"},
};

void interface_classes(const struct node *node, wchar_t *ret_list)
{
    wchar_t name[64];

    behaviour_list(node, L"Interfaces", ret_list);
    for (wchar_t *at = ret_list; *at; at += wcslen(at) + 1)
        _wcslwr(at);
    node_text(node, L"Class", name, 64);
    for (size_t i = 0; i < sizeof(of_class) / sizeof(of_class[0]); i++)
        if (!_wcsicmp(name, of_class[i].device_class) && list_find(ret_list, of_class[i].guid) < 0)
            list_add(ret_list, of_class[i].guid);
}

void interface_path(const struct node *node, const wchar_t *guid, wchar_t *ret_path)
{
    swprintf(ret_path, INTERFACE_CHARS, L"\\\\?\\%ls#%ls", node->id, guid);
    for (wchar_t *at = ret_path + 4; *at; at++)
        if (*at == L'\\')
            *at = L'#';
}

bool interface_parse(const wchar_t *path, wchar_t *ret_instance, wchar_t *ret_guid)
{
    wchar_t text[INTERFACE_CHARS], *guid, *end;

    if (wcsncmp(path, L"\\\\?\\", 4) && wcsncmp(path, L"\\\\.\\", 4))
        return false;
    swprintf(text, INTERFACE_CHARS, L"%ls", path + 4);
    end = wcschr(text, L'\\'); /* a reference string begins here */
    if (end)
        *end = L'\0';
    guid = wcsrchr(text, L'#');
    if (!guid || wcslen(guid + 1) != 38)
        return false;
    swprintf(ret_guid, 40, L"%ls", guid + 1);
    *guid = L'\0';
    id_of_key(ret_instance, PNP_ID_MAX, text);
    return true;
}

/* Its key below DeviceClasses, named by the path with ##?# in front. */
static void class_key(const struct node *node, const wchar_t *guid, wchar_t *ret_path)
{
    wchar_t path[INTERFACE_CHARS], name[INTERFACE_CHARS + 40];

    interface_path(node, guid, path);
    swprintf(name, INTERFACE_CHARS + 40, L"%ls\\##?#%ls", guid, path + 4);
    path_join(ret_path, DEVCLASS_ROOT, name);
}

static void register_one(const struct node *node, const wchar_t *guid)
{
    wchar_t path[PATH_CHARS], instance[PATH_CHARS], link[INTERFACE_CHARS];

    class_key(node, guid, path);
    reg_set_text(path, L"DeviceInstance", node->id);
    path_join(instance, path, L"#");
    interface_path(node, guid, link);
    reg_set_text(instance, L"SymbolicLink", link);
}

void interface_announce(const struct node *node, bool enabled)
{
    wchar_t list[LIST_CHARS], path[INTERFACE_CHARS];

    interface_classes(node, list);
    for (const wchar_t *guid = list; *guid; guid += wcslen(guid) + 1) {
        if (enabled)
            register_one(node, guid);
        interface_path(node, guid, path);
        event_add(enabled ? EVENT_INTERFACE_ARRIVAL : EVENT_INTERFACE_REMOVAL, path);
    }
}

bool interface_registered(const struct node *node, const wchar_t *guid)
{
    wchar_t path[PATH_CHARS];

    class_key(node, guid, path);
    return reg_has(path, L"DeviceInstance");
}

void interface_forget(const struct node *node)
{
    wchar_t list[LIST_CHARS], path[PATH_CHARS];

    interface_classes(node, list);
    for (const wchar_t *guid = list; *guid; guid += wcslen(guid) + 1) {
        class_key(node, guid, path);
        reg_delete(path);
    }
}
