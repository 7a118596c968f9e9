/* Driver lists: which drivers serve a device, which of them is selected, and its installation. */
#include "di.h"

#include "inf.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static struct driver_item *item_new(const struct driver *driver, const wchar_t *path)
{
    struct driver_item *item = calloc(1, sizeof(*item));

    if (!item)
        return NULL;
    item->driver = *driver;
    wcscpy(item->path, path);
    return item;
}

/* Best first. */
static void insert(struct element *element, struct driver_item *item, const struct node *node)
{
    struct driver_item **at = &element->drivers;

    while (*at && !driver_better(&item->driver, &(*at)->driver, node))
        at = &(*at)->next;
    item->next = *at;
    *at = item;
}

static DWORD add_from_store(struct element *element, const struct node *node)
{
    wchar_t name[64], path[PATH_CHARS];
    struct driver driver;

    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        struct driver_item *item;

        if (!driver_load(name, &driver) || driver_rank(&driver, node) == RANK_NONE)
            continue;
        swprintf(path, PATH_CHARS, INF_FOLDER L"\\%ls", driver.inf);
        item = item_new(&driver, path);
        if (!item)
            return ERROR_NOT_ENOUGH_MEMORY;
        insert(element, item, node);
    }
    return 0;
}

/* The one INF that DriverPath names. */
static DWORD add_from_path(struct element *element, const struct node *node)
{
    struct driver_item *item;
    struct inf inf;
    DWORD code = inf_read(element->params.DriverPath, &inf);

    if (code)
        return code;
    if (driver_rank(&inf.driver, node) == RANK_NONE)
        return 0;
    item = item_new(&inf.driver, element->params.DriverPath);
    if (!item)
        return ERROR_NOT_ENOUGH_MEMORY;
    insert(element, item, node);
    return 0;
}

static void forget(struct element *element)
{
    drivers_free(element->drivers);
    element->drivers = element->selected = NULL;
    element->params.Flags &= ~(DWORD)DI_DIDCOMPAT;
}

static DWORD build(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD type)
{
    struct element *element;
    struct node node;
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    if (type != SPDIT_COMPATDRIVER) /* lists of a whole class are not kept here */
        return type == SPDIT_CLASSDRIVER ? ERROR_CALL_NOT_IMPLEMENTED : ERROR_INVALID_PARAMETER;
    forget(element);
    code = element->params.Flags & DI_ENUMSINGLEINF ? add_from_path(element, &node)
                                                    : add_from_store(element, &node);
    if (!code)
        element->params.Flags |= DI_DIDCOMPAT;
    return code;
}

WINBOOL WINAPI SetupDiBuildDriverInfoList(HDEVINFO handle, PSP_DEVINFO_DATA data, DWORD type)
{
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiBuildDriverInfoList");

    machine_enter();
    if (!code)
        code = build(handle, data, type);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiBuildDriverInfoList(%ls, %lu)", name, type);
}

static DWORD destroy(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD type)
{
    struct set *set = set_of(handle);
    struct element *element;
    DWORD code;

    if (!set)
        return ERROR_INVALID_HANDLE;
    code = set_element(set, data, &element);
    if (!code && type != SPDIT_COMPATDRIVER)
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        forget(element);
    return code;
}

WINBOOL WINAPI SetupDiDestroyDriverInfoList(HDEVINFO handle, PSP_DEVINFO_DATA data, DWORD type)
{
    DWORD code = call_fault("SetupDiDestroyDriverInfoList");

    machine_enter();
    if (!code)
        code = destroy(handle, data, type);
    machine_leave();
    return call_bool(code, "SetupDiDestroyDriverInfoList(%lu)", type);
}

/* ---- reading ---- */

static DWORD give(const struct driver_item *item, SP_DRVINFO_DATA_W *ret_data)
{
    if (ret_data->cbSize != sizeof(*ret_data))
        return ERROR_INVALID_USER_BUFFER;
    ret_data->DriverType = SPDIT_COMPATDRIVER;
    ret_data->Reserved = (ULONG_PTR)item;
    swprintf(ret_data->Description, LINE_LEN, L"%ls", item->driver.description);
    swprintf(ret_data->MfgName, LINE_LEN, L"%ls", item->driver.manufacturer);
    swprintf(ret_data->ProviderName, LINE_LEN, L"%ls", item->driver.provider);
    ret_data->DriverVersion = driver_version(item->driver.version);
    return 0;
}

static DWORD
walk(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD type, DWORD index, SP_DRVINFO_DATA_W *ret_data)
{
    struct set *set = set_of(handle);
    struct element *element;
    struct driver_item *item;
    DWORD code;

    if (!set)
        return ERROR_INVALID_HANDLE;
    code = set_element(set, data, &element);
    if (code)
        return code;
    if (!ret_data || type != SPDIT_COMPATDRIVER)
        return ERROR_INVALID_PARAMETER;
    for (item = element->drivers; item && index; index--)
        item = item->next;
    return item ? give(item, ret_data) : ERROR_NO_MORE_ITEMS;
}

WINBOOL WINAPI SetupDiEnumDriverInfoW(
    HDEVINFO handle, PSP_DEVINFO_DATA data, DWORD type, DWORD index, PSP_DRVINFO_DATA_W ret_data)
{
    DWORD code = call_fault("SetupDiEnumDriverInfoW");

    machine_enter();
    if (!code)
        code = walk(handle, data, type, index, ret_data);
    machine_leave();
    return call_bool(code, "SetupDiEnumDriverInfoW(%lu)", index);
}

static struct driver_item *item_of(struct element *element, const SP_DRVINFO_DATA_W *data)
{
    struct driver_item *item = element->drivers;

    while (item && (ULONG_PTR)item != data->Reserved)
        item = item->next;
    return item;
}

static DWORD select_one(HDEVINFO handle, SP_DEVINFO_DATA *data, const SP_DRVINFO_DATA_W *driver)
{
    struct set *set = set_of(handle);
    struct element *element;
    DWORD code;

    if (!set)
        return ERROR_INVALID_HANDLE;
    code = set_element(set, data, &element);
    if (code)
        return code;
    if (driver && driver->cbSize != sizeof(*driver))
        return ERROR_INVALID_USER_BUFFER;
    if (driver && !item_of(element, driver))
        return ERROR_INVALID_PARAMETER;
    element->selected = driver ? item_of(element, driver) : NULL;
    return 0;
}

WINBOOL WINAPI SetupDiSetSelectedDriverW(HDEVINFO handle,
                                         PSP_DEVINFO_DATA data,
                                         PSP_DRVINFO_DATA_W driver)
{
    DWORD code = call_fault("SetupDiSetSelectedDriverW");

    machine_enter();
    if (!code)
        code = select_one(handle, data, driver);
    machine_leave();
    return call_bool(code, "SetupDiSetSelectedDriverW()");
}

WINBOOL WINAPI SetupDiGetSelectedDriverW(HDEVINFO handle,
                                         PSP_DEVINFO_DATA data,
                                         PSP_DRVINFO_DATA_W ret_driver)
{
    DWORD code = call_fault("SetupDiGetSelectedDriverW");
    struct set *set;
    struct element *element;

    machine_enter();
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    if (!code)
        code = set_element(set, data, &element);
    if (!code && !ret_driver)
        code = ERROR_INVALID_PARAMETER;
    if (!code && !element->selected)
        code = ERROR_NO_DRIVER_SELECTED;
    if (!code)
        code = give(element->selected, ret_driver);
    machine_leave();
    return call_bool(code, "SetupDiGetSelectedDriverW()");
}

static DWORD give_detail(const struct driver_item *item,
                         SP_DRVINFO_DETAIL_DATA_W *ret_detail,
                         DWORD room,
                         DWORD *ret_needed)
{
    size_t ids = list_bytes(item->driver.hardware_ids);
    DWORD size = (DWORD)(offsetof(SP_DRVINFO_DETAIL_DATA_W, HardwareID) + ids);

    if (ret_needed)
        *ret_needed = size;
    if (ret_detail && (ret_detail->cbSize != sizeof(*ret_detail) || room < sizeof(*ret_detail)))
        return ERROR_INVALID_USER_BUFFER;
    if (room < size)
        return ERROR_INSUFFICIENT_BUFFER;
    if (!ret_detail)
        return ERROR_INVALID_PARAMETER;
    swprintf(ret_detail->SectionName, LINE_LEN, L"%ls", item->driver.section);
    swprintf(ret_detail->InfFileName, MAX_PATH, L"%ls", item->path);
    swprintf(ret_detail->DrvDescription, LINE_LEN, L"%ls", item->driver.description);
    ret_detail->CompatIDsOffset = (DWORD)wcslen(item->driver.hardware_ids) + 1;
    ret_detail->CompatIDsLength = (DWORD)(ids / sizeof(wchar_t)) - ret_detail->CompatIDsOffset;
    memcpy(ret_detail->HardwareID, item->driver.hardware_ids, ids);
    return 0;
}

WINBOOL WINAPI SetupDiGetDriverInfoDetailW(HDEVINFO handle,
                                           PSP_DEVINFO_DATA data,
                                           PSP_DRVINFO_DATA_W driver,
                                           PSP_DRVINFO_DETAIL_DATA_W ret_detail,
                                           DWORD room,
                                           PDWORD ret_needed)
{
    DWORD code = call_fault("SetupDiGetDriverInfoDetailW");
    struct set *set;
    struct element *element;

    machine_enter();
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    if (!code)
        code = set_element(set, data, &element);
    if (!code && (!driver || !item_of(element, driver)))
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = give_detail(item_of(element, driver), ret_detail, room, ret_needed);
    machine_leave();
    return call_bool(code, "SetupDiGetDriverInfoDetailW()");
}

/* ---- requests ---- */

DWORD di_select_best(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    struct element *element;
    struct node node;
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    if (!(element->params.Flags & DI_DIDCOMPAT) || !element->drivers)
        return ERROR_NO_COMPAT_DRIVERS;
    element->selected = element->drivers;
    return 0;
}

DWORD di_install(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    struct element *element;
    struct node node;
    struct driver driver;
    bool existed, reboot;
    DWORD code = find_node(handle, data, &element, &node);

    if (!code && !element->registered)
        code = ERROR_DEVINFO_NOT_REGISTERED;
    if (!code && !element->selected)
        code = ERROR_NO_DRIVER_SELECTED;
    if (!code)
        code = may_change();
    if (!code)
        code = store_import(element->selected->path,
                            element->params.Flags & DI_QUIETINSTALL ? STORE_NONINTERACTIVE
                                                                    : STORE_INTERACTIVE,
                            &driver,
                            &existed);
    if (code)
        return code;
    node_bind(&node, &driver, &reboot);
    if (reboot)
        element->params.Flags |= DI_NEEDREBOOT;
    return 0;
}
