/* Driver packages: signatures, the driver store, and drivers for devices. The packages lie in
 * C:\packages; pnp_emulator.sh makes them. Tests build on each other where a machine would: trust
 * comes before installation. */
#include "check.h"

#include "registry.h"

#include <stdlib.h>
#include <string.h>
#include <wincrypt.h>

/* Known to no header of mingw-w64 10. */
#define ERROR_FILE_HASH_NOT_IN_CATALOG 0xE000024BUL
#define INSTALLFLAG_FORCE              1
#define INSTALLFLAG_NONINTERACTIVE     4

#define PACKAGES L"C:\\packages\\"
#define VDA      PACKAGES L"vda45\\mm.inf"      /* by a vendor, 0.45 */
#define OLDER    PACKAGES L"vda41\\mm.inf"      /* by the same, 0.41 */
#define CABLE    PACKAGES L"cable\\vbcable.inf" /* WHQL, class MEDIA */
#define CABLE_ID L"VBAudioVACWDM"

static struct {
    BOOL(WINAPI *update)(HWND, const wchar_t *, const wchar_t *, DWORD, BOOL *);
    BOOL(WINAPI *install)(HWND, const wchar_t *, DWORD, BOOL *);
    BOOL(WINAPI *uninstall_driver)(HWND, const wchar_t *, DWORD, BOOL *);
    BOOL(WINAPI *uninstall)(HWND, HDEVINFO, SP_DEVINFO_DATA *, DWORD, BOOL *);
    BOOL(WINAPI *store_location)
    (const wchar_t *, void *, const wchar_t *, wchar_t *, DWORD, DWORD *);
    BOOL(WINAPI *published)(const wchar_t *, wchar_t *, DWORD, DWORD *);
    BOOL(WINAPI *verify)(const wchar_t *, void *, SP_INF_SIGNER_INFO_W *);
} api;

static int load(void **state)
{
    static const struct {
        const wchar_t *dll;
        const char *name;
        size_t offset;
    } rows[] = {
        {L"newdev", "UpdateDriverForPlugAndPlayDevicesW", offsetof(__typeof__(api), update)},
        {L"newdev", "DiInstallDriverW", offsetof(__typeof__(api), install)},
        {L"newdev", "DiUninstallDriverW", offsetof(__typeof__(api), uninstall_driver)},
        {L"newdev", "DiUninstallDevice", offsetof(__typeof__(api), uninstall)},
        {L"setupapi", "SetupGetInfDriverStoreLocationW", offsetof(__typeof__(api), store_location)},
        {L"setupapi", "SetupGetInfPublishedNameW", offsetof(__typeof__(api), published)},
        {L"setupapi", "SetupVerifyInfFileW", offsetof(__typeof__(api), verify)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        FARPROC function = GetProcAddress(LoadLibraryW(rows[i].dll), rows[i].name);

        if (!function)
            return -1;
        memcpy((char *)&api + rows[i].offset, &function, sizeof(function));
    }
    return 0;
}

/* Puts the signer of a package into LocalMachine\TrustedPublisher. */
static void trust(const wchar_t *certificate)
{
    HCERTSTORE store = CertOpenStore(
        CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"TrustedPublisher");
    HANDLE file =
        CreateFileW(certificate, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    BYTE bytes[4096];
    DWORD size;

    assert_non_null(store);
    assert_true(ReadFile(file, bytes, sizeof(bytes), &size, NULL));
    CloseHandle(file);
    assert_true(CertAddEncodedCertificateToStore(
        store, X509_ASN_ENCODING, bytes, size, CERT_STORE_ADD_REPLACE_EXISTING, NULL));
    CertCloseStore(store, 0);
}

static BOOL copy(const wchar_t *inf, wchar_t *ret_name)
{
    wchar_t path[MAX_PATH], *name;

    if (!SetupCopyOEMInfW(inf, NULL, SPOST_PATH, 0, path, MAX_PATH, NULL, &name))
        return FALSE;
    wcscpy(ret_name, name);
    return TRUE;
}

/* How many devices have that hardware id and are started. */
static int started_with(const wchar_t *hardware_id)
{
    struct pnp_device devices[64];
    size_t count = pnp_list(NULL, devices, 64);
    int started = 0;

    for (size_t i = 0; i < count; i++)
        started += devices[i].started && !_wcsicmp(devices[i].hardware_id, hardware_id);
    return started;
}

static void remove_all(const wchar_t *hardware_id)
{
    struct pnp_device device;

    while (pnp_find(hardware_id, &device)) {
        HDEVINFO set = empty_set();
        SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

        assert_true(SetupDiOpenDeviceInfoW(set, device.instance, NULL, 0, &data));
        assert_true(SetupDiCallClassInstaller(DIF_REMOVE, set, &data));
        SetupDiDestroyDeviceInfoList(set);
    }
}

/* ---- signatures ---- */

static void a_signature_says_whether_windows_would_ask(void **state)
{
    static const struct {
        const wchar_t *inf;
        DWORD code;
    } rows[] = {
        {VDA, ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED},
        {CABLE, 0},
        {PACKAGES L"unsigned\\mm.inf", ERROR_FILE_NOT_FOUND},
        {PACKAGES L"nocatalog\\mm.inf", ERROR_NO_CATALOG_FOR_OEM_INF},
        {PACKAGES L"tampered\\mm.inf", ERROR_FILE_HASH_NOT_IN_CATALOG},
        {PACKAGES L"broken\\mm.inf", TRUST_E_BAD_DIGEST},
        {PACKAGES L"stranger\\mm.inf", CERT_E_UNTRUSTEDROOT},
        {PACKAGES L"nothing\\mm.inf", ERROR_FILE_NOT_FOUND},
        {PACKAGES L"noinf\\mm.inf", ERROR_WRONG_INF_STYLE},
        {L"vrd.inf", 0},
        {L"C:\\windows\\inf\\vrd.inf", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        SetLastError(0);
        assert_int_equal(api.verify(rows[i].inf, NULL, NULL), !rows[i].code);
        if (rows[i].code)
            assert_int_equal(GetLastError(), rows[i].code);
    }
}

static void a_signature_names_its_signer_and_catalogue(void **state)
{
    SP_INF_SIGNER_INFO_W info = {.cbSize = sizeof(info)};

    (void)state;
    assert_denied(api.verify(VDA, NULL, &info), ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED);
    assert_wide_equal(info.DigitalSigner, L"Parsec Cloud, Inc.");
    assert_wide_equal(info.CatalogFile, PACKAGES L"vda45\\mm.cat");
    info.cbSize = 12;
    assert_denied(api.verify(VDA, NULL, &info), ERROR_INVALID_USER_BUFFER);
    assert_denied(api.verify(NULL, NULL, NULL), ERROR_INVALID_PARAMETER);
}

static void nobody_answers_a_question_in_session_0(void **state)
{
    BOOL reboot = TRUE;
    wchar_t name[MAX_PATH];
    SP_DEVINFO_DATA data;
    HDEVINFO set = created(PARSEC_ID, &data);
    struct pnp_device device;

    (void)state;
    assert_denied(copy(VDA, name), ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED);
    assert_denied(api.install(NULL, VDA, 0, &reboot), ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED);
    assert_denied(
        api.update(NULL, PARSEC_ID, VDA, INSTALLFLAG_FORCE | INSTALLFLAG_NONINTERACTIVE, &reboot),
        ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED);
    assert_true(pnp_find(PARSEC_ID, &device));
    assert_int_equal(device.problem, CM_PROB_REINSTALL); /* left half-done */
    SetupDiDestroyDeviceInfoList(set);
    remove_all(PARSEC_ID);
}

static void bad_packages_are_refused(void **state)
{
    static const struct {
        const wchar_t *inf;
        DWORD code;
    } rows[] = {
        {PACKAGES L"unsigned\\mm.inf", ERROR_FILE_NOT_FOUND},
        {PACKAGES L"nocatalog\\mm.inf", ERROR_NO_CATALOG_FOR_OEM_INF},
        {PACKAGES L"tampered\\mm.inf", ERROR_FILE_HASH_NOT_IN_CATALOG},
        {PACKAGES L"stranger\\mm.inf", CERT_E_UNTRUSTEDROOT},
        {PACKAGES L"incomplete\\vbcable.inf", ERROR_FILE_NOT_FOUND},
        {PACKAGES L"nothing\\mm.inf", ERROR_FILE_NOT_FOUND},
        {L"mm.inf", ERROR_INVALID_PARAMETER},
    };
    wchar_t name[MAX_PATH];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_denied(copy(rows[i].inf, name), rows[i].code);
    assert_denied(copy(NULL, name), ERROR_INVALID_PARAMETER);
    assert_denied(
        SetupCopyOEMInfW(CABLE, NULL, SPOST_PATH, SP_COPY_FORCE_IN_USE, NULL, 0, NULL, NULL),
        ERROR_INVALID_FLAGS);
    assert_denied(SetupCopyOEMInfW(CABLE, NULL, SPOST_MAX, 0, NULL, 0, NULL, NULL),
                  ERROR_INVALID_PARAMETER);
}

/* ---- the store ---- */

static void a_trusted_package_goes_into_the_store_once(void **state)
{
    SP_INF_SIGNER_INFO_W info = {.cbSize = sizeof(info)};
    wchar_t first[MAX_PATH], again[MAX_PATH], path[MAX_PATH];
    DWORD needed;

    (void)state;
    trust(PACKAGES L"vda45\\signer.cer");
    assert_denied(api.verify(VDA, NULL, &info), ERROR_AUTHENTICODE_TRUSTED_PUBLISHER);
    assert_true(copy(VDA, first));
    assert_wide_equal(first, L"oem0.inf");
    assert_true(copy(VDA, again));
    assert_wide_equal(again, first);
    /* The same INF under another catalogue is another package. */
    assert_denied(copy(PACKAGES L"stranger\\mm.inf", again), CERT_E_UNTRUSTEDROOT);
    assert_denied(
        SetupCopyOEMInfW(VDA, NULL, SPOST_PATH, SP_COPY_NOOVERWRITE, path, MAX_PATH, &needed, NULL),
        ERROR_FILE_EXISTS);
    assert_wide_equal(path, L"C:\\windows\\inf\\oem0.inf");
    assert_int_equal(needed, wcslen(path) + 1);
    assert_true(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES);
}

static void a_package_in_the_store_is_found_by_its_published_name(void **state)
{
    static const wchar_t in_store[] =
        L"C:\\windows\\System32\\DriverStore\\FileRepository\\mm.inf_amd64_";
    wchar_t path[MAX_PATH], other[MAX_PATH];
    DWORD needed;

    (void)state;
    assert_denied(api.store_location(L"oem0.inf", NULL, NULL, NULL, 0, &needed),
                  ERROR_INSUFFICIENT_BUFFER);
    assert_true(api.store_location(L"oem0.inf", NULL, NULL, path, MAX_PATH, NULL));
    assert_int_equal(needed, wcslen(path) + 1);
    assert_int_equal(_wcsnicmp(path, in_store, wcslen(in_store)), 0);
    assert_true(GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES);
    assert_true(
        api.store_location(L"C:\\windows\\inf\\oem0.inf", NULL, NULL, other, MAX_PATH, NULL));
    assert_wide_equal(other, path);
    assert_true(api.store_location(path, NULL, NULL, other, MAX_PATH, NULL));
    assert_wide_equal(other, path);
    assert_true(api.published(path, other, MAX_PATH, NULL));
    assert_wide_equal(other, L"C:\\windows\\inf\\oem0.inf");
    assert_denied(api.store_location(L"oem77.inf", NULL, NULL, path, MAX_PATH, NULL),
                  ERROR_NOT_FOUND);
    assert_denied(api.store_location(NULL, NULL, NULL, path, MAX_PATH, NULL),
                  ERROR_INVALID_PARAMETER);
    assert_denied(api.verify(L"oem0.inf", NULL, NULL), ERROR_AUTHENTICODE_TRUSTED_PUBLISHER);
}

static void wines_parser_reads_inf_files(void **state)
{
    wchar_t text[64];
    INFCONTEXT line;
    UINT bad_line;
    HINF inf = SetupOpenInfFileW(VDA, NULL, INF_STYLE_WIN4, &bad_line);

    (void)state;
    assert_ptr_not_equal(inf, INVALID_HANDLE_VALUE);
    assert_true(SetupFindFirstLineW(inf, L"Version", L"DriverVer", &line));
    assert_true(SetupGetStringFieldW(&line, 2, text, 64, NULL));
    assert_wide_equal(text, L"0.45.0.0");
    SetupCloseInfFile(inf);
}

/* ---- installation, as nefcon does it ---- */

static void update_checks_its_arguments(void **state)
{
    BOOL reboot;

    (void)state;
    assert_denied(api.update(NULL, NULL, VDA, 0, &reboot), ERROR_INVALID_PARAMETER);
    assert_denied(api.update(NULL, PARSEC_ID, NULL, 0, &reboot), ERROR_INVALID_PARAMETER);
    assert_denied(api.update(NULL, PARSEC_ID, VDA, 8, &reboot), ERROR_INVALID_FLAGS);
    assert_denied(api.update(NULL, PARSEC_ID, PACKAGES L"nothing\\mm.inf", 0, &reboot),
                  ERROR_FILE_NOT_FOUND);
    assert_denied(api.update(NULL, PARSEC_ID, L"C:\\windows\\inf\\oem0.inf", 0, &reboot),
                  ERROR_INVALID_PARAMETER);
    assert_denied(api.update(NULL, PARSEC_ID, VDA, INSTALLFLAG_FORCE, &reboot),
                  ERROR_NO_SUCH_DEVINST); /* nobody created one */
    setting(L"Wow64", 1);
    assert_denied(api.update(NULL, PARSEC_ID, VDA, 0, &reboot), ERROR_IN_WOW64);
    assert_denied(api.install(NULL, VDA, 0, &reboot), ERROR_IN_WOW64);
    setting(L"Wow64", 0);
    setting(L"Administrator", 0);
    assert_denied(api.update(NULL, PARSEC_ID, VDA, 0, &reboot), ERROR_ACCESS_DENIED);
    assert_denied(api.install(NULL, VDA, 0, &reboot), ERROR_ACCESS_DENIED);
    setting(L"Administrator", 1);
}

static void a_created_device_gets_its_driver_and_its_interface(void **state)
{
    SP_DEVINFO_DATA data;
    HDEVINFO set = created(PARSEC_ID, &data);
    struct pnp_device device;
    GUID guid = parsec_interface;
    wchar_t paths[300];
    BOOL reboot = TRUE;

    (void)state;
    SetupDiDestroyDeviceInfoList(set);
    assert_true(
        api.update(NULL, PARSEC_ID, VDA, INSTALLFLAG_FORCE | INSTALLFLAG_NONINTERACTIVE, &reboot));
    assert_false(reboot);
    assert_int_equal(problem_of(L"ROOT\\DISPLAY\\0000"), 0);
    assert_true(pnp_find(L"root\\parsec\\vda", &device));
    assert_wide_equal(device.driver_version, L"0.45.0.0");
    assert_wide_equal(device.inf, L"oem0.inf");
    assert_wide_equal(device.service, L"WUDFRd");
    assert_int_equal(CM_Get_Device_Interface_ListW(&guid, NULL, paths, 300, 0), CR_SUCCESS);
    assert_wide_equal(paths, L"\\\\?\\ROOT#DISPLAY#0000#{00b41627-04c4-429e-a26e-0265cf50c8fa}");
    assert_true(pnp_of_interface(paths, &device));
    assert_wide_equal(device.instance, L"ROOT\\DISPLAY\\0000");
    assert_int_equal(CM_Disable_DevNode(locate(device.instance, false), 0), CR_SUCCESS);
    assert_false(pnp_of_interface(paths, &device));
    assert_int_equal(CM_Enable_DevNode(locate(L"ROOT\\DISPLAY\\0000", false), 0), CR_SUCCESS);
}

static void the_best_driver_is_kept_unless_forced(void **state)
{
    struct pnp_device device;
    BOOL reboot;

    (void)state;
    assert_denied(api.update(NULL, PARSEC_ID, VDA, 0, &reboot), ERROR_NO_MORE_ITEMS);
    assert_denied(api.update(NULL, PARSEC_ID, OLDER, 0, &reboot), ERROR_NO_MORE_ITEMS);
    assert_denied(api.update(NULL, PARSEC_ID, CABLE, INSTALLFLAG_FORCE, &reboot),
                  ERROR_NO_MORE_ITEMS); /* it does not serve that device */
    assert_true(api.update(NULL, PARSEC_ID, OLDER, INSTALLFLAG_FORCE, &reboot));
    assert_true(pnp_find(PARSEC_ID, &device));
    assert_wide_equal(device.driver_version, L"0.41.0.0");
    assert_true(api.update(NULL, PARSEC_ID, VDA, 0, &reboot));
    assert_true(pnp_find(PARSEC_ID, &device));
    assert_wide_equal(device.driver_version, L"0.45.0.0");
}

static void one_update_serves_duplicates_too(void **state)
{
    SP_DEVINFO_DATA data;
    BOOL reboot;

    (void)state;
    SetupDiDestroyDeviceInfoList(created(PARSEC_ID, &data));
    SetupDiDestroyDeviceInfoList(created(PARSEC_ID, &data));
    assert_int_equal(started_with(PARSEC_ID), 1);
    assert_true(api.update(NULL, PARSEC_ID, VDA, 0, &reboot));
    assert_int_equal(started_with(PARSEC_ID), 3);
    remove_all(PARSEC_ID);
    assert_int_equal(started_with(PARSEC_ID), 0);
}

static void an_installed_driver_that_needs_a_boot_says_so(void **state)
{
    SP_DEVINFO_DATA data;
    BOOL reboot = FALSE;

    (void)state;
    behave(PARSEC_ID, L"RebootToInstall", 1);
    SetupDiDestroyDeviceInfoList(created(PARSEC_ID, &data));
    assert_true(api.update(NULL, PARSEC_ID, VDA, INSTALLFLAG_FORCE, &reboot));
    assert_true(reboot);
    assert_int_equal(problem_of(L"ROOT\\DISPLAY\\0000"), CM_PROB_NEED_RESTART);
    behave(PARSEC_ID, L"RebootToInstall", 0);
    remove_all(PARSEC_ID);
}

/* ---- as pnputil does it ---- */

static void a_staged_package_waits_for_its_device(void **state)
{
    SP_DEVINFO_DATA data;
    wchar_t name[MAX_PATH];
    BOOL reboot = TRUE;
    DEVINST root;

    (void)state;
    assert_denied(api.install(NULL, CABLE, 4, &reboot), ERROR_INVALID_FLAGS);
    assert_denied(api.install(NULL, NULL, 0, &reboot), ERROR_INVALID_PARAMETER);
    assert_denied(api.install(NULL, PACKAGES L"nothing\\x.inf", 0, &reboot), ERROR_FILE_NOT_FOUND);
    assert_true(api.install(NULL, CABLE, 0, &reboot)); /* no device: it is staged */
    assert_false(reboot);
    assert_true(copy(CABLE, name));
    assert_int_equal(started_with(CABLE_ID), 0); /* nothing creates the device */
    SetupDiDestroyDeviceInfoList(created(CABLE_ID, &data));
    locate_code(NULL, 0, &root);
    assert_int_equal(CM_Reenumerate_DevNode(root, CM_REENUMERATE_SYNCHRONOUS), CR_SUCCESS);
    assert_int_equal(started_with(CABLE_ID), 0); /* its installation failed once */
    assert_int_equal(CM_Reenumerate_DevNode(root, CM_REENUMERATE_RETRY_INSTALLATION), CR_SUCCESS);
    assert_int_equal(started_with(CABLE_ID), 1);
}

static void a_package_in_use_is_kept_unless_forced(void **state)
{
    wchar_t name[MAX_PATH];
    BOOL reboot;

    (void)state;
    assert_true(copy(CABLE, name));
    assert_denied(SetupUninstallOEMInfW(name, 0, NULL), ERROR_INF_IN_USE_BY_DEVICES);
    assert_denied(SetupUninstallOEMInfW(name, 8, NULL), ERROR_INVALID_FLAGS);
    assert_denied(SetupUninstallOEMInfW(L"vrd.inf", 0, NULL), ERROR_NOT_AN_INSTALLED_OEM_INF);
    assert_denied(SetupUninstallOEMInfW(L"oem99.inf", 0, NULL), ERROR_FILE_NOT_FOUND);
    assert_denied(SetupUninstallOEMInfW(L"C:\\windows\\inf\\oem0.inf", 0, NULL),
                  ERROR_INVALID_PARAMETER);
    assert_true(api.uninstall_driver(NULL, CABLE, 0, &reboot));
    assert_int_equal(started_with(CABLE_ID), 0);
    assert_denied(SetupUninstallOEMInfW(name, 0, NULL), ERROR_FILE_NOT_FOUND);
    remove_all(CABLE_ID);
}

static void a_device_is_uninstalled_with_its_children(void **state)
{
    SP_DEVINFO_DATA data;
    HDEVINFO set;
    struct pnp_device device;
    BOOL reboot = TRUE;

    (void)state;
    set = created(PARSEC_ID, &data);
    assert_true(api.update(NULL, PARSEC_ID, VDA, 0, &reboot));
    assert_true(pnp_monitor_add(L"ROOT\\DISPLAY\\0000", L"DISPLAY\\PSCCDD0", L"5&9&0&UID1", L"x"));
    assert_denied(api.uninstall(NULL, set, &data, 1, &reboot), ERROR_INVALID_FLAGS);
    assert_true(api.uninstall(NULL, set, &data, 0, &reboot));
    assert_false(reboot);
    assert_false(pnp_get(L"ROOT\\DISPLAY\\0000", &device));
    assert_false(pnp_get(L"DISPLAY\\PSCCDD0\\5&9&0&UID1", &device));
    assert_denied(api.uninstall(NULL, set, &data, 0, &reboot), ERROR_NO_SUCH_DEVINST);
    SetupDiDestroyDeviceInfoList(set);
}

static void a_removal_that_is_vetoed_waits_for_the_next_boot(void **state)
{
    SP_DEVINFO_DATA data;
    HDEVINFO set = created(PARSEC_ID, &data);
    BOOL reboot = FALSE;

    (void)state;
    assert_true(api.update(NULL, PARSEC_ID, VDA, 0, &reboot));
    pnp_handles(L"ROOT\\DISPLAY\\0000", 1);
    assert_true(api.uninstall(NULL, set, &data, 0, &reboot));
    assert_true(reboot);
    assert_int_equal(problem_of(L"ROOT\\DISPLAY\\0000"), 0);
    pnp_handles(L"ROOT\\DISPLAY\\0000", -1);
    assert_true(api.uninstall(NULL, set, &data, 0, &reboot));
    SetupDiDestroyDeviceInfoList(set);
}

/* ---- driver lists ---- */

static void a_driver_is_chosen_from_a_list(void **state)
{
    SP_DEVINFO_DATA data;
    SP_DRVINFO_DATA_W driver = {.cbSize = sizeof(driver)};
    HDEVINFO set = created(PARSEC_ID, &data);

    (void)state;
    assert_denied(SetupDiCallClassInstaller(DIF_INSTALLDEVICE, set, &data),
                  ERROR_NO_DRIVER_SELECTED);
    assert_denied(SetupDiCallClassInstaller(DIF_SELECTBESTCOMPATDRV, set, &data),
                  ERROR_NO_COMPAT_DRIVERS);
    assert_true(SetupDiBuildDriverInfoList(set, &data, SPDIT_COMPATDRIVER));
    assert_true(SetupDiEnumDriverInfoW(set, &data, SPDIT_COMPATDRIVER, 0, &driver));
    assert_int_equal(driver.DriverVersion >> 32, 45); /* the better one first */
    assert_true(SetupDiEnumDriverInfoW(set, &data, SPDIT_COMPATDRIVER, 1, &driver));
    assert_int_equal(driver.DriverVersion >> 32, 41);
    assert_denied(SetupDiEnumDriverInfoW(set, &data, SPDIT_COMPATDRIVER, 2, &driver),
                  ERROR_NO_MORE_ITEMS);
    assert_true(SetupDiSetSelectedDriverW(set, &data, &driver));
    assert_true(SetupDiCallClassInstaller(DIF_INSTALLDEVICE, set, &data));
    assert_int_equal(problem_of(L"ROOT\\DISPLAY\\0000"), 0);
    SetupDiDestroyDeviceInfoList(set);
    remove_all(PARSEC_ID);
}

static void a_person_may_say_yes(void **state)
{
    wchar_t name[MAX_PATH];

    (void)state;
    setting_text(L"Prompt", L"accept");
    assert_true(copy(PACKAGES L"other\\mm.inf", name));
    assert_true(SetupUninstallOEMInfW(name, 0, NULL));
    SetupSetNonInteractiveMode(TRUE);
    assert_denied(copy(PACKAGES L"other\\mm.inf", name), ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION);
    SetupSetNonInteractiveMode(FALSE);
    setting_text(L"Prompt", L"refuse");
}

int check_driver(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_says_whether_windows_would_ask),
        cmocka_unit_test(a_signature_names_its_signer_and_catalogue),
        cmocka_unit_test(nobody_answers_a_question_in_session_0),
        cmocka_unit_test(bad_packages_are_refused),
        cmocka_unit_test(a_trusted_package_goes_into_the_store_once),
        cmocka_unit_test(a_package_in_the_store_is_found_by_its_published_name),
        cmocka_unit_test(wines_parser_reads_inf_files),
        cmocka_unit_test(update_checks_its_arguments),
        cmocka_unit_test(a_created_device_gets_its_driver_and_its_interface),
        cmocka_unit_test(the_best_driver_is_kept_unless_forced),
        cmocka_unit_test(one_update_serves_duplicates_too),
        cmocka_unit_test(an_installed_driver_that_needs_a_boot_says_so),
        cmocka_unit_test(a_staged_package_waits_for_its_device),
        cmocka_unit_test(a_package_in_use_is_kept_unless_forced),
        cmocka_unit_test(a_device_is_uninstalled_with_its_children),
        cmocka_unit_test(a_removal_that_is_vetoed_waits_for_the_next_boot),
        cmocka_unit_test(a_driver_is_chosen_from_a_list),
        cmocka_unit_test(a_person_may_say_yes),
    };

    return cmocka_run_group_tests_name("driver", tests, load, NULL);
}
