/* A driver becomes a device's: what the device's key and the driver's key below Class say. */
#include "machine.h"

#include <regstr.h>
#include <stdio.h>
#include <wchar.h>

/* Setup classes that every Windows has, whether a device is of them or not. */
static const struct {
    const wchar_t *guid, *name;
} classes[] = {
    {L"{4d36e968-e325-11ce-bfc1-08002be10318}", L"Display"},
    {L"{4d36e96c-e325-11ce-bfc1-08002be10318}", L"MEDIA"},
    {L"{4d36e96e-e325-11ce-bfc1-08002be10318}", L"Monitor"},
    {L"{4d36e97d-e325-11ce-bfc1-08002be10318}", L"System"},
};

void classes_write(void)
{
    wchar_t path[PATH_CHARS];

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        path_join(path, CLASS_ROOT, classes[i].guid);
        reg_set_text(path, L"Class", classes[i].name);
    }
}

/* A driver's key: "{class}\nnnn", the device's own one if it has one of that class, else the first
 * free. */
static void driver_key(const struct node *node, const struct driver *driver, wchar_t *ret_name)
{
    wchar_t path[PATH_CHARS];

    node_text(node, L"Driver", ret_name, 64);
    if (!_wcsnicmp(ret_name, driver->class_guid, wcslen(driver->class_guid)))
        return;
    for (int n = 0; n < 10000; n++) {
        swprintf(ret_name, 64, L"%ls\\%04d", driver->class_guid, n);
        path_join(path, CLASS_ROOT, ret_name);
        if (!reg_exists(path))
            return;
    }
}

/* "05/20/2023" as Windows keeps it: the text 5-20-2023 and a FILETIME. */
static void write_date(const wchar_t *path, const wchar_t *date)
{
    SYSTEMTIME time = {.wYear = 0};
    unsigned month = 0, day = 0, year = 0;
    wchar_t text[32];
    FILETIME value;
    HKEY key;

    if (swscanf(date, L"%u/%u/%u", &month, &day, &year) != 3)
        return;
    time.wYear = (WORD)year;
    time.wMonth = (WORD)month;
    time.wDay = (WORD)day;
    swprintf(text, 32, L"%u-%u-%u", month, day, year);
    reg_set_text(path, L"DriverDate", text);
    key = reg_open(path, true);
    if (!key)
        return;
    if (SystemTimeToFileTime(&time, &value))
        RegSetValueExW(key, L"DriverDateData", 0, REG_BINARY, (const BYTE *)&value, sizeof(value));
    RegCloseKey(key);
}

static const wchar_t *
matching_id(const struct node *node, const struct driver *driver, wchar_t *ids)
{
    node_list(node, L"HardwareID", ids);
    for (const wchar_t *id = ids; *id; id += wcslen(id) + 1)
        if (list_find(driver->hardware_ids, id) >= 0)
            return id;
    return driver->hardware_ids;
}

static void
write_driver_key(const struct node *node, const struct driver *driver, const wchar_t *name)
{
    wchar_t path[PATH_CHARS], ids[LIST_CHARS];

    path_join(path, CLASS_ROOT, driver->class_guid);
    reg_set_text(path, L"Class", driver->device_class);
    path_join(path, CLASS_ROOT, name);
    reg_set_text(path, L"DriverDesc", driver->description);
    reg_set_text(path, L"ProviderName", driver->provider);
    reg_set_text(path, L"DriverVersion", driver->version);
    write_date(path, driver->date);
    reg_set_text(path, L"InfPath", driver->inf);
    reg_set_text(path, L"InfSection", driver->section);
    reg_set_text(path, L"MatchingDeviceId", matching_id(node, driver, ids));
}

static void
write_device_key(const struct node *node, const struct driver *driver, const wchar_t *name)
{
    wchar_t path[PATH_CHARS], old[PATH_CHARS], old_name[64];

    node_text(node, L"Driver", old_name, 64);
    if (*old_name && _wcsicmp(old_name, name)) {
        path_join(old, CLASS_ROOT, old_name);
        reg_delete(old);
    }
    node_path(node, path);
    reg_set_text(path, L"Class", driver->device_class);
    reg_set_text(path, L"ClassGUID", driver->class_guid);
    reg_set_text(path, L"DeviceDesc", driver->description);
    reg_set_text(path, L"Mfg", driver->manufacturer);
    reg_set_text(path, L"Service", driver->service);
    reg_set_text(path, L"Driver", name);
    node_set_config_flags(node, 0, CONFIGFLAG_REINSTALL | CONFIGFLAG_FAILEDINSTALL);
}

void node_bind(struct node *node, const struct driver *driver, bool *ret_reboot)
{
    wchar_t name[64];
    struct veto veto;

    *ret_reboot = false;
    driver_key(node, driver, name);
    write_device_key(node, driver, name);
    write_driver_key(node, driver, name);
    if (!node->present)
        return;
    if (behaviour_number(node, L"RebootToInstall", 0) ||
        node_restart(node, &veto) == CR_REMOVE_VETOED) {
        *ret_reboot = node->need_restart = true;
        if (!node->started)
            node->problem = CM_PROB_NEED_RESTART;
        node_save(node);
        event_add(EVENT_CHANGED, node->id);
    }
}

bool node_driver(const struct node *node, struct driver *ret_driver)
{
    wchar_t path[PATH_CHARS], inf[64];

    node_driver_path(node, path);
    return *path && reg_text(path, L"InfPath", inf, 64) && driver_load(inf, ret_driver);
}
