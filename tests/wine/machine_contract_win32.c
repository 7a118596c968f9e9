/*
 * The contract of the ports of devices, driver packages, the virtual display driver and the GPU,
 * run against their Windows implementation in the emulated machine of machine_contract.sh. That
 * machine is made anew for each test from registry files in C:\contract; an arrangement that it has
 * no file for skips the test. Started as its own helper it opens an encoder, as the agent does.
 */
#include "guest/machine/windows/windows.h"
#include "tests/unit/contract/contract.h"

#include <windows.h>

#include <wincrypt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER      "C:\\contract\\"
#define TOOL        "C:\\contract\\pnp.exe"
#define VENDOR      "C:\\packages\\vdd"
#define SEEDS       3
#define START_TRIES 5
#define RUN_MS      30000

/* What arrangements are made of: registry files on top of the fresh machine. */
static const struct {
    const char *edit;
    const char *seeds[SEEDS];
} arrangements[] = {
    {"display.adapter=ok", {"adapter.reg"}},
    {"display.adapter=missing", {NULL}},
    {"display.adapter=phantom", {"adapter.reg", "phantom.reg"}},
    {"display.adapter=disabled", {"adapter.reg", "disabled.reg"}},
    {"display.adapter=code31", {"adapter.reg", "code31.reg"}},
    {"display.driver=staged", {"store.reg"}},
    {"display.hyperv_video=enabled", {"adapter.reg"}},
};

static struct machine machine;

static void run(const char *command)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code = 255;
    char line[512];
    int tries = START_TRIES;

    /* under Wine a start was seen to fail on a busy machine, and not when tried again */
    do
        snprintf(line, sizeof line, "%s", command);
    while (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process) &&
           --tries);
    if (!tries)
        fail_msg("%s: not started, %lu", command, GetLastError());
    WaitForSingleObject(process.hProcess, RUN_MS);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    if (code != 0)
        fail_msg("%s: exit code %lu", command, code);
}

static void import(const char *file)
{
    char command[256];

    snprintf(command, sizeof command, "regedit.exe /S " FOLDER "%s", file);
    run(command);
}

/* The machine as fresh.reg and the other files say it, switched on. */
static void make_machine(const char *const seeds[SEEDS])
{
    run(TOOL " reset");
    import("fresh.reg");
    for (size_t i = 0; i < SEEDS && seeds[i]; i++)
        import(seeds[i]);
    run(TOOL " boot");
}

/* ---- whom Windows trusts ---- */

static void forget_publishers(void)
{
    LSTATUS status =
        RegDeleteTreeA(HKEY_LOCAL_MACHINE,
                       "Software\\Microsoft\\SystemCertificates\\TrustedPublisher\\Certificates");

    assert_true(status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND);
}

static unsigned count_certificates(const wchar_t *name)
{
    HCERTSTORE store =
        CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, name);
    PCCERT_CONTEXT one = NULL;
    unsigned count = 0;

    while (store && (one = CertEnumCertificatesInStore(store, one)) != NULL)
        count++;
    if (store)
        CertCloseStore(store, 0);
    return count;
}

/* The vendor's certificate, put there by somebody before us. */
static void trust_vendor(void)
{
    unsigned char bytes[4096];
    FILE *file = fopen(VENDOR "\\signer.cer", "rb");
    HCERTSTORE store = CertOpenStore(
        CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"TrustedPublisher");
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(CertAddEncodedCertificateToStore(
        store, X509_ASN_ENCODING, bytes, (DWORD)size, CERT_STORE_ADD_REPLACE_EXISTING, NULL));
    CertCloseStore(store, 0);
}

/* ---- the machine of a test ---- */

/* The vendor's folder is where the package was made; nothing else is asked for. */
static bool
vendor_path(struct files_port *port, enum file_root root, char *out, size_t size, struct err *err)
{
    (void)port;
    (void)root;
    (void)err;
    text_copy(out, size, VENDOR);
    return true;
}

static const struct files_ops files_ops = {.path = vendor_path};
static struct files_port files = {.ops = &files_ops};

static int open_machine(void **state)
{
    static const char *const healthy[SEEDS] = {"adapter.reg"};
    struct contract *contract = *state;
    struct err err = ERR_INIT;

    make_machine(healthy);
    forget_publishers();
    trust_vendor();
    machine = (struct machine){.files = &files};
    assert_true(windows_devices_new(&machine.devices, &err));
    assert_true(windows_drivers_new(&machine.drivers, &err));
    contract->machine = &machine;
    return 0;
}

static int close_machine(void **state)
{
    (void)state;
    windows_drivers_free(machine.drivers);
    windows_devices_free(machine.devices);
    return 0;
}

static bool arrange(struct contract *contract, const char *edit)
{
    (void)contract;
    if (strcmp(edit, "display.driver=untrusted") == 0) {
        forget_publishers();
        return true;
    }
    for (size_t i = 0; i < sizeof arrangements / sizeof arrangements[0]; i++) {
        if (strcmp(arrangements[i].edit, edit) != 0)
            continue;
        make_machine(arrangements[i].seeds);
        return true;
    }
    return false;
}

/* ---- what only Windows has ---- */

static void the_signer_goes_to_the_publishers_and_never_to_the_roots(void **state)
{
    struct contract *contract = *state;
    struct drivers_port *port = contract->machine->drivers;
    unsigned roots = count_certificates(L"Root");

    forget_publishers();
    assert_true(port->ops->trust_signer(port, VENDOR "\\mm.inf", NULL));
    assert_int_equal(count_certificates(L"TrustedPublisher"), 1);
    assert_true(port->ops->trust_signer(port, VENDOR "\\mm.inf", NULL));
    assert_int_equal(count_certificates(L"TrustedPublisher"), 1);
    assert_int_equal(count_certificates(L"Root"), roots);
}

static void packages_that_may_not_be_trusted_are_refused(void **state)
{
    static const struct {
        const char *inf;
        enum driver_trust trust;
    } rows[] = {
        {"C:\\packages\\other\\mm.inf", DRIVER_WOULD_PROMPT}, /* signed by somebody else */
        {"C:\\packages\\tampered\\mm.inf", DRIVER_UNTRUSTED},
        {"C:\\packages\\unsigned\\mm.inf", DRIVER_UNTRUSTED},
    };
    struct contract *contract = *state;
    struct drivers_port *port = contract->machine->drivers;

    forget_publishers();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum driver_trust trust = DRIVER_SILENT;
        struct err err = ERR_INIT;

        assert_true(port->ops->trust(port, rows[i].inf, &trust, NULL));
        assert_int_equal(trust, rows[i].trust);
        assert_false(port->ops->trust_signer(port, rows[i].inf, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_int_equal(count_certificates(L"TrustedPublisher"), 0);
    }
}

static void a_device_disabled_for_good_by_somebody_is_enabled(void **state)
{
    struct contract *contract = *state;
    struct devices_port *port = contract->machine->devices;
    struct device_list list;
    bool reboot = true;

    assert_true(arrange(contract, "display.adapter=disabled"));
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_int_equal(list.items[0].problem, DEVICE_PROBLEM_DISABLED);
    assert_true(port->ops->enable(port, list.items[0].instance, &reboot, NULL));
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_true(list.items[0].started);
    assert_false(reboot);
}

static void a_veto_is_busy_and_a_wish_for_a_restart_is_told(void **state)
{
    static const char *const veto[SEEDS] = {"adapter.reg", "veto.reg"};
    static const char *const reboots[SEEDS] = {"adapter.reg", "reboots.reg"};
    struct contract *contract = *state;
    struct devices_port *port = contract->machine->devices;
    struct device_list list;
    struct err err = ERR_INIT;
    bool reboot = false;

    make_machine(veto);
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_false(port->ops->disable(port, list.items[0].instance, &reboot, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_true(list.items[0].started);
    make_machine(reboots);
    assert_true(port->ops->disable(port, list.items[0].instance, &reboot, NULL));
    assert_true(reboot);
}

static const struct CMUnitTest windows_tests[] = {
    cmocka_unit_test(the_signer_goes_to_the_publishers_and_never_to_the_roots),
    cmocka_unit_test(packages_that_may_not_be_trusted_are_refused),
    cmocka_unit_test(a_device_disabled_for_good_by_somebody_is_enabled),
    cmocka_unit_test(a_veto_is_busy_and_a_wish_for_a_restart_is_told),
};
static const struct contract_tests contract_windows = {
    "windows", windows_tests, sizeof windows_tests / sizeof windows_tests[0]};

static const struct contract_tests *const ports[] = {
    &contract_devices,
    &contract_drivers,
    &contract_windows,
};

static int run_port(const struct contract_tests *port, struct contract *contract)
{
    struct CMUnitTest *tests = calloc(port->count, sizeof *tests);
    int failed;

    if (!tests)
        return 1;
    for (size_t i = 0; i < port->count; i++) {
        tests[i] = port->tests[i];
        tests[i].setup_func = open_machine;
        tests[i].teardown_func = close_machine;
        tests[i].initial_state = contract;
    }
    failed = _cmocka_run_group_tests(port->name, tests, port->count, NULL, NULL);
    free(tests);
    return failed;
}

int main(int argc, char **argv)
{
    static struct contract contract = {.name = "windows", .arrange = arrange, .may_act = true};
    int failed = 0;

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (argc == 2 && strcmp(argv[1], ports[i]->name) == 0)
            failed += run_port(ports[i], &contract);
    return failed;
}
