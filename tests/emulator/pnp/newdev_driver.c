/* Drivers for all devices that they serve: UpdateDriverForPlugAndPlayDevices, DiInstallDriver,
 * DiUninstallDriver. */
#include "newdev_exports.h"

#include "inf.h"
#include "machine.h"
#include "store.h"

#include <wchar.h>

static DWORD may_install(void)
{
    if (machine_setting(L"Wow64", 0))
        return ERROR_IN_WOW64;
    return machine_setting(L"Administrator", 1) ? 0 : ERROR_ACCESS_DENIED;
}

static bool is_full_path(const wchar_t *path)
{
    return *path && path[1] == L':' && path[2] == L'\\' && wcslen(path) < MAX_PATH;
}

static bool is_in_inf_folder(const wchar_t *path)
{
    return !_wcsnicmp(path, INF_FOLDER L"\\", wcslen(INF_FOLDER) + 1);
}

/* Windows' own dialog, which nobody in session 0 sees: the call log shows that it would be there.
 */
static void tell_reboot(bool reboot, BOOL *ret_reboot)
{
    if (ret_reboot)
        *ret_reboot = reboot;
    else if (reboot)
        pnp_log("dialog: restart your computer");
}

/* ---- which devices ---- */

static bool has_id(const struct node *node, const wchar_t *id)
{
    wchar_t ids[LIST_CHARS];

    node_list(node, L"HardwareID", ids);
    if (list_find(ids, id) >= 0)
        return true;
    node_list(node, L"CompatibleIDs", ids);
    return list_find(ids, id) >= 0;
}

static bool any_device(const wchar_t *hardware_id)
{
    struct tree tree;
    bool found = false;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count && !found; i++)
        found = tree.items[i].present && has_id(&tree.items[i], hardware_id);
    tree_done(&tree);
    return found;
}

/* Whether the driver would be put onto that device. */
static bool
is_for(const struct node *node, const wchar_t *hardware_id, const struct driver *driver, bool force)
{
    struct driver current;

    if (!node->present || (hardware_id && !has_id(node, hardware_id)) ||
        driver_rank(driver, node) == RANK_NONE)
        return false;
    return force || !node_driver(node, &current) || driver_better(driver, &current, node);
}

static size_t count_for(const wchar_t *hardware_id, const struct driver *driver, bool force)
{
    struct tree tree;
    size_t count = 0;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++)
        count += is_for(&tree.items[i], hardware_id, driver, force);
    tree_done(&tree);
    return count;
}

static void
bind_all(const wchar_t *hardware_id, const struct driver *driver, bool force, bool *ret_reboot)
{
    struct tree tree;
    bool reboot;

    *ret_reboot = false;
    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        if (!is_for(&tree.items[i], hardware_id, driver, force))
            continue;
        node_bind(&tree.items[i], driver, &reboot);
        *ret_reboot |= reboot;
    }
    tree_done(&tree);
}

/* The documentation: the device can be left in an indeterminate state. Here: to be reinstalled. */
static void leave_indeterminate(const wchar_t *hardware_id)
{
    struct tree tree;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++)
        if (tree.items[i].present && !tree.items[i].started && has_id(&tree.items[i], hardware_id))
            node_stop(&tree.items[i], CM_PROB_REINSTALL);
    tree_done(&tree);
}

/* ---- UpdateDriverForPlugAndPlayDevices ---- */

static DWORD check_update(const wchar_t *hardware_id, const wchar_t *inf, DWORD flags)
{
    DWORD code;

    if (!hardware_id || !*hardware_id || wcslen(hardware_id) >= MAX_DEVICE_ID_LEN || !inf || !*inf)
        return ERROR_INVALID_PARAMETER;
    if (flags & ~(DWORD)INSTALLFLAG_BITS)
        return ERROR_INVALID_FLAGS;
    code = may_install();
    if (code)
        return code;
    if (!is_full_path(inf) || GetFileAttributesW(inf) == INVALID_FILE_ATTRIBUTES)
        return ERROR_FILE_NOT_FOUND;
    if (is_in_inf_folder(inf)) /* [probe] the number is not documented, that it is wrong is */
        return ERROR_INVALID_PARAMETER;
    if (flags & INSTALLFLAG_READONLY) /* nothing may be copied: for systems that have it all */
        return ERROR_CALL_NOT_IMPLEMENTED;
    return any_device(hardware_id) ? 0 : ERROR_NO_SUCH_DEVINST;
}

static DWORD update(const wchar_t *hardware_id, const wchar_t *path, DWORD flags, bool *ret_reboot)
{
    bool force = flags & INSTALLFLAG_FORCE, existed;
    struct driver driver;
    struct inf inf;
    size_t count;
    DWORD code = inf_read(path, &inf);

    if (code)
        return code;
    machine_enter();
    count = count_for(hardware_id, &inf.driver, force);
    machine_leave();
    if (!count)
        return ERROR_NO_MORE_ITEMS;
    code =
        store_import(path,
                     flags & INSTALLFLAG_NONINTERACTIVE ? STORE_NONINTERACTIVE : STORE_INTERACTIVE,
                     &driver,
                     &existed);
    machine_enter();
    if (!code)
        bind_all(hardware_id, &driver, force, ret_reboot);
    else if (code == ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED)
        leave_indeterminate(hardware_id);
    machine_leave();
    return code;
}

BOOL WINAPI UpdateDriverForPlugAndPlayDevicesW(
    HWND parent, LPCWSTR hardware_id, LPCWSTR inf, DWORD flags, PBOOL ret_reboot)
{
    DWORD code = call_fault("UpdateDriverForPlugAndPlayDevicesW");
    bool reboot = false;

    (void)parent;
    if (!code) {
        machine_enter();
        code = check_update(hardware_id, inf, flags);
        machine_leave();
    }
    if (!code)
        code = update(hardware_id, inf, flags, &reboot);
    tell_reboot(reboot, ret_reboot);
    return call_bool(code,
                     "UpdateDriverForPlugAndPlayDevicesW(%ls, %ls, 0x%lx)",
                     hardware_id ? hardware_id : L"",
                     inf ? inf : L"",
                     flags);
}

/* ---- DiInstallDriver ---- */

static DWORD check_install(const wchar_t *inf, DWORD flags, DWORD valid)
{
    DWORD code;

    if (!inf || !*inf)
        return ERROR_INVALID_PARAMETER;
    if (flags & ~valid)
        return ERROR_INVALID_FLAGS;
    code = may_install();
    if (code)
        return code;
    return GetFileAttributesW(inf) == INVALID_FILE_ATTRIBUTES ? ERROR_FILE_NOT_FOUND : 0;
}

BOOL WINAPI DiInstallDriverW(HWND parent, LPCWSTR inf, DWORD flags, PBOOL ret_reboot)
{
    DWORD code = call_fault("DiInstallDriverW");
    bool reboot = false, existed;
    struct driver driver;

    (void)parent;
    if (!code)
        code = check_install(inf, flags, DIIRFLAG_FORCE_INF);
    if (!code && !is_full_path(inf))
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = store_import(inf, STORE_INTERACTIVE, &driver, &existed);
    if (!code) { /* TRUE as well when no device wants it: it is in the store */
        machine_enter();
        bind_all(NULL, &driver, flags & DIIRFLAG_FORCE_INF, &reboot);
        machine_leave();
    }
    tell_reboot(reboot, ret_reboot);
    return call_bool(code, "DiInstallDriverW(%ls, 0x%lx)", inf ? inf : L"", flags);
}

/* ---- DiUninstallDriver ---- */

/* Another driver that serves the device, or none at all. */
static void unbind(struct node *node, const struct driver *gone, bool *ret_reboot)
{
    struct driver other;
    wchar_t path[PATH_CHARS];

    node_driver_path(node, path);
    reg_delete(path);
    node_path(node, path);
    reg_clear(path, L"Driver");
    reg_clear(path, L"Service");
    *ret_reboot = false;
    if (driver_best(node, &other) && _wcsicmp(other.inf, gone->inf))
        node_bind(node, &other, ret_reboot);
    else if (node->present)
        node_stop(node, CM_PROB_FAILED_INSTALL);
}

static void unbind_all(const struct driver *gone, bool *ret_reboot)
{
    struct tree tree;
    struct driver driver;
    bool reboot;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        if (!node_driver(&tree.items[i], &driver) || _wcsicmp(driver.inf, gone->inf))
            continue;
        unbind(&tree.items[i], gone, &reboot);
        *ret_reboot |= reboot;
    }
    tree_done(&tree);
}

/* The package of an INF that may lie anywhere: in the store, or as it came. */
static bool package_of(const wchar_t *path, struct driver *ret_driver)
{
    bool existed;

    return store_find(path, ret_driver) ||
           (is_full_path(path) && !store_import(path, STORE_NONINTERACTIVE, ret_driver, &existed) &&
            existed);
}

BOOL WINAPI DiUninstallDriverW(HWND parent, LPCWSTR inf, DWORD flags, PBOOL ret_reboot)
{
    DWORD code = call_fault("DiUninstallDriverW");
    struct driver driver;
    bool reboot = false;

    (void)parent;
    machine_enter();
    if (!code)
        code = check_install(inf, flags, DIURFLAG_NO_REMOVE_INF);
    if (!code && !package_of(inf, &driver))
        code = ERROR_NOT_FOUND;
    if (!code && _wcsnicmp(driver.inf, L"oem", 3))
        code = ERROR_ACCESS_DENIED; /* Windows' own stay */
    if (!code) {
        unbind_all(&driver, &reboot);
        if (!(flags & DIURFLAG_NO_REMOVE_INF))
            code = store_remove(driver.inf, true);
    }
    machine_leave();
    tell_reboot(reboot, ret_reboot);
    return call_bool(code, "DiUninstallDriverW(%ls, 0x%lx)", inf ? inf : L"", flags);
}
