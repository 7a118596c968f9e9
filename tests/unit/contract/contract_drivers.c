/* Contract of the port of driver packages. */
#include "tests/unit/contract/contract.h"

#include <stdio.h>
#include <string.h>

#define VDA "Root\\Parsec\\VDA"

/* The INF that the vendor's installer unpacked. */
static void vendor_inf(struct contract *contract, char *out, size_t size)
{
    struct files_port *files = contract->machine->files;
    char folder[FS_PATH_BYTES - 64];

    assert_true(files->ops->path(files, ROOT_VDD_PROGRAM, folder, sizeof(folder), NULL));
    if (!folder[0])
        skip();
    snprintf(out, size, "%s/driver/mm.inf", folder);
}

static struct device first(struct contract *contract)
{
    struct devices_port *port = contract->machine->devices;
    struct device_list found;

    assert_true(port->ops->list(port, VDA, &found, NULL));
    assert_true(found.count > 0);
    return found.items[0];
}

static void an_unknown_hardware_id_has_no_package(void **state)
{
    struct contract *contract = contract_looking(state);
    struct drivers_port *port = contract->machine->drivers;
    char inf[DEVICE_ID_BYTES] = "untouched";

    assert_true(port->ops->find(port, "Root\\NoSuchVendor\\NoSuchDevice", inf, NULL));
    assert_string_equal(inf, "");
}

static void a_missing_inf_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    enum driver_trust trust = DRIVER_UNTRUSTED;
    bool reboot = true;
    struct err err = ERR_INIT;

    contract_arrange(contract, "display.adapter=ok");
    assert_false(port->ops->trust(port, "/no/such/file.inf", &trust, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(trust, DRIVER_UNTRUSTED);
    err_clear(&err);
    assert_false(port->ops->trust_signer(port, "/no/such/file.inf", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    err_clear(&err);
    assert_false(port->ops->stage(port, "/no/such/file.inf", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    err_clear(&err);
    assert_false(port->ops->bind(port, VDA, "/no/such/file.inf", &reboot, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(reboot);
}

static void staging_puts_the_package_into_the_store(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    char path[FS_PATH_BYTES], inf[DEVICE_ID_BYTES] = "";

    contract_arrange(contract, "display.adapter=missing");
    vendor_inf(contract, path, sizeof(path));
    assert_true(port->ops->stage(port, path, NULL));
    assert_true(port->ops->stage(port, path, NULL));
    assert_true(port->ops->find(port, VDA, inf, NULL));
    assert_true(strlen(inf) > 4 && strcmp(inf + strlen(inf) - 4, ".inf") == 0);
}

static void binding_without_a_device_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    bool reboot;

    contract_arrange(contract, "display.adapter=missing");
    vendor_inf(contract, path, sizeof(path));
    assert_false(port->ops->bind(port, VDA, path, &reboot, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void create_and_bind_give_a_working_device(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    struct devices_port *devices = contract->machine->devices;
    char path[FS_PATH_BYTES];
    struct device device;
    bool reboot = true;

    contract_arrange(contract, "display.adapter=missing");
    vendor_inf(contract, path, sizeof(path));
    assert_true(devices->ops->create(devices, VDA, "Display", NULL));
    assert_true(port->ops->bind(port, VDA, path, &reboot, NULL));
    assert_false(reboot);
    device = first(contract);
    assert_true(device.started);
    assert_true(device.driver_inf[0] && device.driver_version[0] && device.driver_provider[0]);
}

static void binding_from_the_driver_store_works_without_the_vendors_folder(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    struct devices_port *devices = contract->machine->devices;
    char inf[DEVICE_ID_BYTES];
    bool reboot;

    contract_arrange(contract, "display.adapter=missing");
    contract_arrange(contract, "display.driver=staged");
    assert_true(port->ops->find(port, VDA, inf, NULL));
    assert_true(devices->ops->create(devices, VDA, "Display", NULL));
    assert_true(port->ops->bind(port, VDA, inf, &reboot, NULL));
    assert_true(first(contract).started);
}

static void binding_the_best_driver_again_is_fine(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    char inf[DEVICE_ID_BYTES];
    bool reboot = true;

    contract_arrange(contract, "display.adapter=ok");
    assert_true(port->ops->find(port, VDA, inf, NULL));
    assert_true(port->ops->bind(port, VDA, inf, &reboot, NULL));
    assert_false(reboot);
}

static void an_unknown_publisher_would_prompt_and_is_not_bound(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    struct devices_port *devices = contract->machine->devices;
    enum driver_trust trust = DRIVER_SILENT;
    char path[FS_PATH_BYTES];
    bool reboot;

    contract_arrange(contract, "display.adapter=missing");
    contract_arrange(contract, "display.driver=untrusted");
    vendor_inf(contract, path, sizeof(path));
    assert_true(port->ops->trust(port, path, &trust, NULL));
    assert_int_equal(trust, DRIVER_WOULD_PROMPT);
    assert_true(devices->ops->create(devices, VDA, "Display", NULL));
    assert_false(port->ops->bind(port, VDA, path, &reboot, NULL));
    assert_false(first(contract).started);
}

static void trusting_the_signer_makes_installing_silent(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    struct devices_port *devices = contract->machine->devices;
    enum driver_trust trust = DRIVER_WOULD_PROMPT;
    char path[FS_PATH_BYTES];
    bool reboot;

    contract_arrange(contract, "display.adapter=missing");
    contract_arrange(contract, "display.driver=untrusted");
    vendor_inf(contract, path, sizeof(path));
    assert_true(port->ops->trust_signer(port, path, NULL));
    assert_true(port->ops->trust(port, path, &trust, NULL));
    assert_int_equal(trust, DRIVER_SILENT);
    assert_true(devices->ops->create(devices, VDA, "Display", NULL));
    assert_true(port->ops->bind(port, VDA, path, &reboot, NULL));
    assert_true(first(contract).started);
}

static void reinstalling_cures_a_driver_that_does_not_load(void **state)
{
    struct contract *contract = contract_acting(state);
    struct drivers_port *port = contract->machine->drivers;
    char inf[DEVICE_ID_BYTES];
    bool reboot;

    contract_arrange(contract, "display.adapter=code31");
    assert_int_equal(first(contract).problem, DEVICE_PROBLEM_FAILED_ADD);
    assert_true(port->ops->find(port, VDA, inf, NULL));
    assert_true(port->ops->bind(port, VDA, inf, &reboot, NULL));
    assert_true(first(contract).started);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_unknown_hardware_id_has_no_package),
    cmocka_unit_test(a_missing_inf_is_not_found),
    cmocka_unit_test(binding_without_a_device_is_not_found),
    cmocka_unit_test(an_unknown_publisher_would_prompt_and_is_not_bound),
    cmocka_unit_test(trusting_the_signer_makes_installing_silent),
    cmocka_unit_test(staging_puts_the_package_into_the_store),
    cmocka_unit_test(create_and_bind_give_a_working_device),
    cmocka_unit_test(binding_from_the_driver_store_works_without_the_vendors_folder),
    cmocka_unit_test(binding_the_best_driver_again_is_fine),
    cmocka_unit_test(reinstalling_cures_a_driver_that_does_not_load),
};

const struct contract_tests contract_drivers = {"drivers", tests, sizeof(tests) / sizeof(tests[0])};
