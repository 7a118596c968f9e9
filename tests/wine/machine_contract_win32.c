/*
 * The contract of the ports that look at devices: devices, driver packages, displays, the virtual
 * display driver, the GPU, and of the system its sound, run against their Windows implementation in
 * the emulated machine of machine_contract.sh, in session 0 as the agent. That machine is made anew
 * for each test (machine_world_win32.h); what it cannot be brought to skips the test. Started as
 * its own helper this program opens an encoder or serves the displays, as the agent does.
 */
#include "guest/machine/windows/session_client_win32.h"
#include "guest/machine/windows/windows.h"
#include "tests/unit/contract/contract.h"
#include "tests/wine/machine_world_win32.h"

#include <windows.h>

#include <wincrypt.h>

#include <stdio.h>
#include <string.h>

#define VENDOR   "C:\\packages\\vdd"
#define LATER_MS 1500

static struct machine machine;
static struct session_client *client;

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

static int close_machine(void **state)
{
    (void)state;
    world_end();
    windows_system_free(machine.system);
    windows_gpu_free(machine.gpu);
    windows_vdd_free(machine.vdd);
    windows_displays_free(machine.displays);
    windows_drivers_free(machine.drivers);
    windows_devices_free(machine.devices);
    session_client_free(client);
    machine = (struct machine){0};
    client = NULL;
    return 0;
}

static int open_machine(void **state)
{
    static const char *const healthy[WORLD_SEEDS] = {"adapter.reg"};
    struct contract *contract = *state;
    struct err err = ERR_INIT;

    world_make(healthy);
    forget_publishers();
    trust_vendor();
    machine = (struct machine){.files = &files, .clock = clock_system(), .time_scale = 1};
    assert_true(session_client_new(NULL, &client, &err) &&
                windows_devices_new(&machine.devices, &err) &&
                windows_drivers_new(&machine.drivers, &err) &&
                windows_displays_new(client, &machine.displays, &err) &&
                windows_vdd_new(&machine.vdd, &err) && windows_gpu_new(&machine.gpu, &err) &&
                windows_system_new(&machine.system, &err));
    /* the helper comes up now, and not while a monitor waits for its keep-alive */
    assert_true(machine.displays->ops->paths(machine.displays, &(struct display_list){0}, &err));
    contract->machine = &machine;
    return 0;
}

static bool arrange(struct contract *contract, const char *edit)
{
    (void)contract;
    return world_arrange(edit);
}

/* Time cannot be moved; monitors live in real time. */
static void later_real(struct contract *contract, int64_t time_ms)
{
    (void)contract;
    Sleep((DWORD)time_ms);
}

static void later(struct contract *contract, int64_t time_ms)
{
    later_real(contract, time_ms < LATER_MS ? time_ms : LATER_MS);
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

/* What was added can be told from what others added, and is taken away alone. */
static void a_publisher_is_told_by_its_mark_and_given_up(void **state)
{
    struct contract *contract = *state;
    struct drivers_port *port = contract->machine->drivers;
    char mark[DRIVER_MARK_BYTES] = "", again[DRIVER_MARK_BYTES] = "";
    bool trusted = true;
    struct err err = ERR_INIT;

    forget_publishers();
    assert_true(port->ops->signer(port, VENDOR "\\mm.inf", mark, &trusted, NULL));
    assert_false(trusted);
    assert_int_equal(strlen(mark), DRIVER_MARK_BYTES - 1);
    assert_int_equal(count_certificates(L"TrustedPublisher"), 0);
    assert_true(port->ops->trust_signer(port, VENDOR "\\mm.inf", NULL));
    assert_true(port->ops->signer(port, VENDOR "\\mm.inf", again, &trusted, NULL));
    assert_true(trusted);
    assert_string_equal(mark, again);
    again[0] = again[0] == '0' ? '1' : '0';
    assert_true(port->ops->distrust(port, again, NULL)); /* somebody else's: not there */
    assert_int_equal(count_certificates(L"TrustedPublisher"), 1);
    assert_true(port->ops->distrust(port, mark, NULL));
    assert_int_equal(count_certificates(L"TrustedPublisher"), 0);
    assert_true(port->ops->distrust(port, mark, NULL));
    assert_false(port->ops->signer(port, "C:\\packages\\other\\mm.inf", mark, &trusted, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
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
    static const char *const disabled[WORLD_SEEDS] = {"adapter.reg", "disabled.reg"};
    struct contract *contract = *state;
    struct devices_port *port = contract->machine->devices;
    struct device_list list;
    bool reboot = true;

    world_make(disabled);
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_int_equal(list.items[0].problem, DEVICE_PROBLEM_DISABLED);
    assert_true(port->ops->enable(port, list.items[0].instance, &reboot, NULL));
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_true(list.items[0].started);
    assert_false(reboot);
}

static void a_veto_is_busy_and_a_wish_for_a_restart_is_told(void **state)
{
    static const char *const veto[WORLD_SEEDS] = {"adapter.reg", "veto.reg"};
    static const char *const reboots[WORLD_SEEDS] = {"adapter.reg", "reboots.reg"};
    struct contract *contract = *state;
    struct devices_port *port = contract->machine->devices;
    struct device_list list;
    struct err err = ERR_INIT;
    bool reboot = false;

    world_make(veto);
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_false(port->ops->disable(port, list.items[0].instance, &reboot, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_true(port->ops->list(port, "Root\\Parsec\\VDA", &list, NULL));
    assert_true(list.items[0].started);
    world_make(reboots);
    assert_true(port->ops->disable(port, list.items[0].instance, &reboot, NULL));
    assert_true(reboot);
}

static const struct CMUnitTest windows_tests[] = {
    cmocka_unit_test(the_signer_goes_to_the_publishers_and_never_to_the_roots),
    cmocka_unit_test(a_publisher_is_told_by_its_mark_and_given_up),
    cmocka_unit_test(packages_that_may_not_be_trusted_are_refused),
    cmocka_unit_test(a_device_disabled_for_good_by_somebody_is_enabled),
    cmocka_unit_test(a_veto_is_busy_and_a_wish_for_a_restart_is_told),
};
static const struct contract_tests contract_windows = {
    "windows", windows_tests, sizeof windows_tests / sizeof windows_tests[0]};

static const struct contract_tests *const ports[] = {
    &contract_devices,
    &contract_drivers,
    &contract_displays,
    &contract_vdd,
    &contract_gpu,
    &contract_system,
    &contract_windows,
};

int main(int argc, char **argv)
{
    static struct contract contract = {.name = "Windows",
                                       .arrange = arrange,
                                       .later = later,
                                       .later_real = later_real,
                                       .may_act = true,
                                       .handles_veto = true};
    int failed = 0;

    if (argc == 3 && strcmp(argv[1], MACHINE_SESSION_HELPER) == 0)
        return machine_session_helper(argv[2]);
    if (argc == 2 && strcmp(argv[1], MACHINE_ENCODE_PROBE) == 0)
        return machine_encode_probe();
    if (argc == 2 && strcmp(argv[1], WORLD_OWNER) == 0)
        return world_owner();
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (argc == 2 && strcmp(argv[1], ports[i]->name) == 0)
            failed += contract_run(ports[i], &contract, open_machine, close_machine);
    return failed;
}
