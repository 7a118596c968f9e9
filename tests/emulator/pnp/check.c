/* The rules of PnP that the emulator must keep.
 *
 *   check tree|change|set|driver|notify      one group, on a machine that was just seeded
 *   check hammer HARDWARE-ID                 many changes, while others do the same
 *   check disable|persist|remove INSTANCE    one change, for what the next boot makes of it */
#include "check.h"

#include "registry.h"

#include <stdio.h>
#include <string.h>

enum { HAMMER_ROUNDS = 6 };

const GUID display_class = {
    0x4d36e968, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
const GUID media_class = {
    0x4d36e96c, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
const GUID parsec_interface = {
    0x00b41627, 0x04c4, 0x429e, {0xa2, 0x6e, 0x02, 0x65, 0xcf, 0x50, 0xc8, 0xfa}};
const GUID arrival_interface = {
    0x1ca05180, 0xa699, 0x450a, {0x9a, 0x0c, 0xde, 0x4f, 0xbe, 0x3d, 0xdd, 0x89}};
const GUID monitor_interface = {
    0xe6f07b5f, 0xee97, 0x4a90, {0xb0, 0x76, 0x33, 0xf5, 0x7b, 0xf4, 0xea, 0xa7}};

CONFIGRET locate_code(const wchar_t *id, ULONG flags, DEVINST *ret_devinst)
{
    wchar_t copy[2 * PNP_ID_MAX] = L"";

    if (id)
        swprintf(copy, 2 * PNP_ID_MAX, L"%ls", id);
    return CM_Locate_DevNodeW(ret_devinst, id ? copy : NULL, flags);
}

DEVINST locate(const wchar_t *id, bool phantom)
{
    DEVINST devinst = 0;
    ULONG flags = phantom ? CM_LOCATE_DEVNODE_PHANTOM : CM_LOCATE_DEVNODE_NORMAL;

    assert_int_equal(locate_code(id, flags, &devinst), CR_SUCCESS);
    return devinst;
}

ULONG problem_of(const wchar_t *id)
{
    ULONG status, problem;

    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, locate(id, false), 0), CR_SUCCESS);
    assert_int_equal(!problem, !(status & DN_HAS_PROBLEM));
    assert_int_equal(!problem, !!(status & DN_STARTED));
    return problem;
}

HDEVINFO empty_set(void)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(NULL, NULL);

    assert_ptr_not_equal(set, INVALID_HANDLE_VALUE);
    return set;
}

HDEVINFO created(const wchar_t *hardware_id, SP_DEVINFO_DATA *ret_data)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(&display_class, NULL);
    wchar_t ids[PNP_ID_MAX] = {0};

    assert_ptr_not_equal(set, INVALID_HANDLE_VALUE);
    ret_data->cbSize = sizeof(*ret_data);
    assert_true(SetupDiCreateDeviceInfoW(
        set, L"Display", &display_class, NULL, NULL, DICD_GENERATE_ID, ret_data));
    wcscpy(ids, hardware_id);
    assert_true(SetupDiSetDeviceRegistryPropertyW(set,
                                                  ret_data,
                                                  SPDRP_HARDWAREID,
                                                  (const BYTE *)ids,
                                                  (DWORD)(wcslen(ids) + 2) * sizeof(wchar_t)));
    assert_true(SetupDiCallClassInstaller(DIF_REGISTERDEVICE, set, ret_data));
    return set;
}

BOOL change_state(HDEVINFO set, SP_DEVINFO_DATA *data, DWORD state, DWORD scope)
{
    SP_PROPCHANGE_PARAMS params = {
        .ClassInstallHeader = {sizeof(SP_CLASSINSTALL_HEADER), DIF_PROPERTYCHANGE},
        .StateChange = state,
        .Scope = scope};

    return SetupDiSetClassInstallParamsW(set, data, &params.ClassInstallHeader, sizeof(params)) &&
           SetupDiCallClassInstaller(DIF_PROPERTYCHANGE, set, data);
}

void behave(const wchar_t *id, const wchar_t *value, DWORD number)
{
    wchar_t path[PATH_CHARS];

    path_of_id(path, PNP_BEHAVIOUR, id);
    if (number)
        reg_set_number(path, value, number);
    else
        reg_clear(path, value);
}

void setting(const wchar_t *value, DWORD number)
{
    reg_set_number(PNP_SETTINGS, value, number);
}

void setting_text(const wchar_t *value, const wchar_t *text)
{
    reg_set_text(PNP_SETTINGS, value, text);
}

/* Whether that instance is a device of that hardware id. Another process may take the number of a
 * device that is gone. */
static bool is_device(const wchar_t *instance, const wchar_t *hardware_id)
{
    struct pnp_device device;

    return pnp_get(instance, &device) && !_wcsicmp(device.hardware_id, hardware_id);
}

/* Creates, changes and removes devices of one hardware id for a while, as other processes do with
 * theirs. */
static int hammer(const char *hardware_id)
{
    wchar_t id[PNP_ID_MAX], instance[PNP_ID_MAX];

    swprintf(id, PNP_ID_MAX, L"%hs", hardware_id);
    for (int i = 0; i < HAMMER_ROUNDS; i++) {
        SP_DEVINFO_DATA data;
        HDEVINFO set = created(id, &data);

        if (!SetupDiGetDeviceInstanceIdW(set, &data, instance, PNP_ID_MAX, NULL) ||
            !is_device(instance, id) || !change_state(set, &data, DICS_DISABLE, DICS_FLAG_GLOBAL) ||
            !change_state(set, &data, DICS_ENABLE, DICS_FLAG_GLOBAL) ||
            !SetupDiCallClassInstaller(DIF_REMOVE, set, &data) || is_device(instance, id)) {
            printf("%s: round %d, %ls, error 0x%lx\n", hardware_id, i, instance, GetLastError());
            return 1;
        }
        SetupDiDestroyDeviceInfoList(set);
    }
    return 0;
}

/* Asks for a change, for what a boot makes of it. */
static int disable(const char *instance, ULONG flags)
{
    wchar_t id[PNP_ID_MAX];
    DEVINST devinst;

    swprintf(id, PNP_ID_MAX, L"%hs", instance);
    return locate_code(id, 0, &devinst) || CM_Disable_DevNode(devinst, flags);
}

static int remove_device(const char *instance)
{
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    wchar_t id[PNP_ID_MAX];

    swprintf(id, PNP_ID_MAX, L"%hs", instance);
    return !SetupDiOpenDeviceInfoW(set, id, NULL, 0, &data) ||
           !SetupDiCallClassInstaller(DIF_REMOVE, set, &data);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } groups[] = {
        {"change", check_change},
        {"driver", check_driver},
        {"notify", check_notify},
        {"set", check_set},
        {"tree", check_tree},
    };

    for (size_t i = 0; argc > 1 && i < sizeof(groups) / sizeof(groups[0]); i++)
        if (!strcmp(argv[1], groups[i].name))
            return groups[i].run();
    if (argc > 2 && !strcmp(argv[1], "hammer"))
        return hammer(argv[2]);
    if (argc > 2 && !strcmp(argv[1], "disable"))
        return disable(argv[2], 0);
    if (argc > 2 && !strcmp(argv[1], "persist"))
        return disable(argv[2], CM_DISABLE_PERSIST);
    if (argc > 2 && !strcmp(argv[1], "remove"))
        return remove_device(argv[2]);
    return 64;
}
