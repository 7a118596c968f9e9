/* What the device behind an interface is. */
#include "guest/machine/windows/hardware_win32.h"

#include "guest/machine/windows/call_win32.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <cfgmgr32.h>

/* mingw-w64's header lacks it. */
CONFIGRET WINAPI CM_Get_Device_Interface_PropertyW(
    LPCWSTR path, const DEVPROPKEY *key, DEVPROPTYPE *type, PBYTE data, PULONG bytes, ULONG flags);

/* As devpropdef.h and devpkey.h have them; initguid.h would define all of those. */
static const DEVPROPKEY key_instance = {
    {0x78c34fc8, 0x104a, 0x4aca, {0x9e, 0xa4, 0x52, 0x4d, 0x52, 0x99, 0x6e, 0x57}}, 256};
static const DEVPROPKEY key_hardware_ids = {
    {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 3};
static const DEVPROPKEY key_description = {
    {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 2};
static const DEVPROPKEY key_friendly_name = {
    {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 14};

#define LIST_UNITS 2048

/* Adapters by the beginning of a hardware id (facts: guest.md sections 2, 4, 7). */
static const struct {
    const char *id;
    enum display_kind kind;
} kinds[] = {
    {"Root\\Parsec\\VDA", DISPLAY_PARSEC},
    {"VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}", DISPLAY_HYPERV_VIDEO},
    {"ROOT\\BasicDisplay", DISPLAY_BASIC},
    {"RdpIdd_IndirectDisplay", DISPLAY_REMOTE},
    {"TerminalServer\\", DISPLAY_REMOTE},
    {"Root\\MttVDD", DISPLAY_VIRTUAL_OTHER},
    {"MttVDD", DISPLAY_VIRTUAL_OTHER},
    {"Root\\SudoMaker\\SudoVDA", DISPLAY_VIRTUAL_OTHER},
    {"Root\\LGIdd", DISPLAY_VIRTUAL_OTHER},
    {"Root\\RustDeskIddDriver", DISPLAY_VIRTUAL_OTHER},
    {"usbmmidd", DISPLAY_VIRTUAL_OTHER},
    {"Root\\IddSampleDriver", DISPLAY_VIRTUAL_OTHER},
    {"Root\\VirtualDisplayDriver", DISPLAY_VIRTUAL_OTHER},
    {"Root\\ZakoVDD", DISPLAY_VIRTUAL_OTHER},
    {"Root\\AppSandboxVDD", DISPLAY_VIRTUAL_OTHER},
};

/* The EDID id of the Parsec driver's monitors, in the path of their interface. */
#define PARSEC_MONITOR "\\\\?\\DISPLAY#PSCCDD"

static bool starts_with(const char *text, const char *start)
{
    return _strnicmp(text, start, strlen(start)) == 0;
}

/* A text property of a device, "" when there is none. */
static void read_text(DEVINST device, const DEVPROPKEY *key, char *out, size_t size)
{
    WCHAR text[LIST_UNITS] = {0};
    ULONG bytes = sizeof text - sizeof *text;
    DEVPROPTYPE type = DEVPROP_TYPE_EMPTY;

    out[0] = 0;
    if (CM_Get_DevNode_PropertyW(device, key, &type, (BYTE *)text, &bytes, 0) == CR_SUCCESS &&
        type == DEVPROP_TYPE_STRING)
        call_text(out, size, text);
}

static void read_ids(DEVINST device, struct hardware *hardware)
{
    WCHAR list[LIST_UNITS] = {0};
    ULONG bytes = sizeof list - 2 * sizeof *list;
    DEVPROPTYPE type = DEVPROP_TYPE_EMPTY;

    if (CM_Get_DevNode_PropertyW(device, &key_hardware_ids, &type, (BYTE *)list, &bytes, 0) !=
            CR_SUCCESS ||
        type != DEVPROP_TYPE_STRING_LIST)
        return;
    for (const WCHAR *at = list; *at && hardware->count < HARDWARE_IDS; at += wcslen(at) + 1)
        call_text(hardware->ids[hardware->count++], DEVICE_ID_BYTES, at);
}

bool hardware_of_interface(const char *path, struct hardware *ret_hardware)
{
    WCHAR instance[MAX_DEVICE_ID_LEN + 1] = {0};
    ULONG bytes = sizeof instance - sizeof *instance;
    DEVPROPTYPE type = DEVPROP_TYPE_EMPTY;
    uint16_t *path16 = NULL;
    DEVINST device = 0;
    bool ok;

    if (!path[0] || !utf16_from_utf8(path, &path16, NULL))
        return false;
    ok = CM_Get_Device_Interface_PropertyW(
             path16, &key_instance, &type, (BYTE *)instance, &bytes, 0) == CR_SUCCESS &&
         type == DEVPROP_TYPE_STRING &&
         CM_Locate_DevNodeW(&device, instance, CM_LOCATE_DEVNODE_PHANTOM) == CR_SUCCESS;
    free(path16);
    if (!ok)
        return false;
    memset(ret_hardware, 0, sizeof *ret_hardware);
    read_ids(device, ret_hardware);
    read_text(device, &key_friendly_name, ret_hardware->name, sizeof ret_hardware->name);
    if (!ret_hardware->name[0])
        read_text(device, &key_description, ret_hardware->name, sizeof ret_hardware->name);
    return true;
}

bool hardware_is(const struct hardware *hardware, const char *id)
{
    for (size_t i = 0; i < hardware->count; i++)
        if (starts_with(hardware->ids[i], id))
            return true;
    return false;
}

enum display_kind hardware_display_kind(const struct hardware *adapter, const char *monitor)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (hardware_is(adapter, kinds[i].id))
            return kinds[i].kind;
    return starts_with(monitor, PARSEC_MONITOR) ? DISPLAY_PARSEC : DISPLAY_OTHER;
}
