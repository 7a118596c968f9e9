/* Properties by SPDRP_ number: values of the device's key under the names that Windows gives them.
 */
#include "property.h"

#include <setupapi.h>
#include <string.h>
#include <wchar.h>

enum property_flags { BY_SYSTEM = 1 /* SetupDiSetDeviceRegistryProperty refuses it */ };

static const struct {
    const wchar_t *value; /* NULL: computed */
    DWORD type;
    DWORD flags;
} rows[SPDRP_MAXIMUM_PROPERTY] = {
    [SPDRP_DEVICEDESC] = {L"DeviceDesc", REG_SZ, 0},
    [SPDRP_HARDWAREID] = {L"HardwareID", REG_MULTI_SZ, 0},
    [SPDRP_COMPATIBLEIDS] = {L"CompatibleIDs", REG_MULTI_SZ, 0},
    [SPDRP_SERVICE] = {L"Service", REG_SZ, 0},
    [SPDRP_CLASS] = {L"Class", REG_SZ, BY_SYSTEM},
    [SPDRP_CLASSGUID] = {L"ClassGUID", REG_SZ, 0},
    [SPDRP_DRIVER] = {L"Driver", REG_SZ, 0},
    [SPDRP_CONFIGFLAGS] = {L"ConfigFlags", REG_DWORD, 0},
    [SPDRP_MFG] = {L"Mfg", REG_SZ, 0},
    [SPDRP_FRIENDLYNAME] = {L"FriendlyName", REG_SZ, 0},
    [SPDRP_LOCATION_INFORMATION] = {L"LocationInformation", REG_SZ, 0},
    [SPDRP_PHYSICAL_DEVICE_OBJECT_NAME] = {NULL, REG_SZ, BY_SYSTEM},
    [SPDRP_CAPABILITIES] = {L"Capabilities", REG_DWORD, BY_SYSTEM},
    [SPDRP_UI_NUMBER] = {L"UINumber", REG_DWORD, BY_SYSTEM},
    [SPDRP_UPPERFILTERS] = {L"UpperFilters", REG_MULTI_SZ, 0},
    [SPDRP_LOWERFILTERS] = {L"LowerFilters", REG_MULTI_SZ, 0},
    [SPDRP_ENUMERATOR_NAME] = {NULL, REG_SZ, BY_SYSTEM},
    [SPDRP_SECURITY_SDS] = {L"Security", REG_SZ, 0},
    [SPDRP_DEVTYPE] = {L"DeviceType", REG_DWORD, 0},
    [SPDRP_EXCLUSIVE] = {L"Exclusive", REG_DWORD, 0},
    [SPDRP_CHARACTERISTICS] = {L"DeviceCharacteristics", REG_DWORD, 0},
    [SPDRP_ADDRESS] = {L"Address", REG_DWORD, BY_SYSTEM},
    [SPDRP_UI_NUMBER_DESC_FORMAT] = {L"UINumberDescFormat", REG_SZ, 0},
    [SPDRP_REMOVAL_POLICY_OVERRIDE] = {L"RemovalPolicy", REG_DWORD, 0},
    [SPDRP_INSTALL_STATE] = {NULL, REG_DWORD, BY_SYSTEM},
};

static void put_text(struct value *value, const wchar_t *text)
{
    value->type = REG_SZ;
    value->size = (DWORD)((wcslen(text) + 1) * sizeof(wchar_t));
    memcpy(value->data, text, value->size);
}

static void put_number(struct value *value, DWORD number)
{
    value->type = REG_DWORD;
    value->size = sizeof(number);
    memcpy(value->data, &number, sizeof(number));
}

static bool computed(const struct node *node, DWORD spdrp, struct value *ret_value)
{
    wchar_t text[PNP_ID_MAX];

    switch (spdrp) {
    case SPDRP_ENUMERATOR_NAME:
        swprintf(text, PNP_ID_MAX, L"%.*ls", (int)wcscspn(node->id, L"\\"), node->id);
        put_text(ret_value, text);
        return true;
    case SPDRP_PHYSICAL_DEVICE_OBJECT_NAME: /* a phantom has no device object */
        swprintf(text, PNP_ID_MAX, L"\\Device\\%08lx", 0x40 + node_devinst(node));
        put_text(ret_value, text);
        return node->present;
    case SPDRP_INSTALL_STATE:
        node_text(node, L"Driver", text, PNP_ID_MAX);
        put_number(ret_value, *text ? CM_INSTALL_STATE_INSTALLED : CM_INSTALL_STATE_FAILED_INSTALL);
        return true;
    default:
        return false;
    }
}

bool registry_property(const struct node *node, DWORD spdrp, struct value *ret_value)
{
    wchar_t path[PATH_CHARS];
    DWORD size = VALUE_BYTES;

    if (!rows[spdrp].value)
        return computed(node, spdrp, ret_value);
    node_path(node, path);
    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     path,
                     rows[spdrp].value,
                     RRF_RT_ANY,
                     &ret_value->type,
                     ret_value->data,
                     &size))
        return false;
    ret_value->size = size;
    return true;
}

/* Whether the bytes are what the type says: ended texts of whole characters, a whole number. */
static bool is_well_formed(DWORD type, const BYTE *data, DWORD size)
{
    const wchar_t *text = (const wchar_t *)data;
    size_t count = size / sizeof(wchar_t);

    if (type == REG_DWORD)
        return size == sizeof(DWORD);
    if (size % sizeof(wchar_t) || !count || text[count - 1])
        return false;
    return type == REG_SZ || count == 1 || !text[count - 2];
}

DWORD registry_property_set(const struct node *node, DWORD spdrp, const BYTE *data, DWORD size)
{
    wchar_t path[PATH_CHARS];
    HKEY key;

    if (!rows[spdrp].value || rows[spdrp].flags & BY_SYSTEM)
        return ERROR_INVALID_REG_PROPERTY;
    node_path(node, path);
    if (!data) {
        reg_clear(path, rows[spdrp].value);
        return 0;
    }
    if (!is_well_formed(rows[spdrp].type, data, size))
        return ERROR_INVALID_DATA;
    key = reg_open(path, true);
    if (!key)
        return ERROR_PNP_REGISTRY_ERROR;
    RegSetValueExW(key, rows[spdrp].value, 0, rows[spdrp].type, data, size);
    RegCloseKey(key);
    return 0;
}
