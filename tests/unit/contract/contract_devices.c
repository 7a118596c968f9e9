/* Contract of the port of devices. */
#include "tests/unit/contract/contract.h"

#include <string.h>

#define VDA   "Root\\Parsec\\VDA"
#define VIDEO "VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}"

static struct device_list list(struct contract *contract, const char *hardware_id)
{
    struct devices_port *port = contract->machine->devices;
    struct device_list found;

    assert_true(port->ops->list(port, hardware_id, &found, NULL));
    return found;
}

static void act(struct contract *contract,
                bool (*what)(struct devices_port *, const char *, bool *, struct err *),
                const char *instance)
{
    struct err err = ERR_INIT;
    bool reboot;

    contract_must(what(contract->machine->devices, instance, &reboot, &err), &err);
}

static void an_unknown_hardware_id_lists_nothing(void **state)
{
    struct contract *contract = contract_looking(state);

    assert_int_equal(list(contract, "Root\\NoSuchVendor\\NoSuchDevice").count, 0);
}

static void hardware_ids_compare_without_case_and_by_beginning(void **state)
{
    struct contract *contract = contract_looking(state);
    size_t count = list(contract, VIDEO).count;

    assert_int_equal(list(contract, "vmbus\\{DA0A7802-E377-4AAC-8E77-0558EB1073F8}").count, count);
    assert_true(list(contract, "vmbus\\{da0a7802").count >= count);
}

static void null_lists_the_display_and_media_classes(void **state)
{
    struct contract *contract = contract_looking(state);
    struct device_list all = list(contract, NULL);

    for (size_t i = 0; i < all.count; i++)
        assert_true(strcmp(all.items[i].device_class, "Display") == 0 ||
                    strcmp(all.items[i].device_class, "MEDIA") == 0);
}

static void a_working_device_is_present_started_and_without_problem(void **state)
{
    struct contract *contract = contract_looking(state);
    struct device_list all = list(contract, NULL);

    for (size_t i = 0; i < all.count; i++) {
        const struct device *device = &all.items[i];

        if (!device->started)
            continue;
        assert_true(device->present);
        assert_int_equal(device->problem, DEVICE_PROBLEM_NONE);
        assert_true(device->instance[0] && device->hardware_id[0] && device->driver_inf[0]);
    }
}

static void acting_on_an_unknown_instance_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    bool (*const acts[])(struct devices_port *, const char *, bool *, struct err *) = {
        port->ops->enable, port->ops->disable, port->ops->remove};

    for (size_t i = 0; i < 3; i++) {
        struct err err = ERR_INIT;
        bool reboot = true;

        assert_false(acts[i](port, "ROOT\\NOSUCH\\0000", &reboot, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
        assert_true(reboot); /* untouched on failure */
    }
}

static void a_disabled_device_says_problem_22_until_enabled(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct device device;

    contract_arrange(contract, "display.hyperv_video=enabled");
    device = list(contract, VIDEO).items[0];
    act(contract, port->ops->disable, device.instance);
    device = list(contract, VIDEO).items[0];
    assert_true(device.present);
    assert_false(device.started);
    assert_int_equal(device.problem, DEVICE_PROBLEM_DISABLED);
    act(contract, port->ops->enable, device.instance);
    assert_true(list(contract, VIDEO).items[0].started);
}

static void disabling_and_enabling_twice_is_fine(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct device device;

    contract_arrange(contract, "display.hyperv_video=enabled");
    device = list(contract, VIDEO).items[0];
    for (int i = 0; i < 2; i++)
        act(contract, port->ops->disable, device.instance);
    for (int i = 0; i < 2; i++)
        act(contract, port->ops->enable, device.instance);
    assert_true(list(contract, VIDEO).items[0].started);
}

static void a_disabled_device_is_back_after_a_boot(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct device device;

    if (!contract->boot)
        skip();
    contract_arrange(contract, "display.hyperv_video=enabled");
    device = list(contract, VIDEO).items[0];
    act(contract, port->ops->disable, device.instance);
    assert_true(contract->boot(contract));
    assert_true(list(contract, VIDEO).items[0].started);
}

static void creating_twice_makes_a_duplicate(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct device_list found;

    contract_arrange(contract, "display.adapter=missing");
    assert_true(port->ops->create(port, VDA, "Display", NULL));
    assert_true(port->ops->create(port, VDA, "Display", NULL));
    found = list(contract, VDA);
    assert_int_equal(found.count, 2);
    assert_string_not_equal(found.items[0].instance, found.items[1].instance);
}

static void a_created_device_has_no_driver_and_problem_28(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct device device;

    contract_arrange(contract, "display.adapter=missing");
    assert_true(port->ops->create(port, VDA, "Display", NULL));
    device = list(contract, VDA).items[0];
    assert_true(device.present);
    assert_false(device.started);
    assert_int_equal(device.problem, DEVICE_PROBLEM_NO_DRIVER);
    assert_string_equal(device.driver_inf, "");
}

static void removing_leaves_the_package_in_the_driver_store(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct drivers_port *drivers = contract->machine->drivers;
    char inf[DEVICE_ID_BYTES] = "";

    contract_arrange(contract, "display.adapter=ok");
    act(contract, port->ops->remove, list(contract, VDA).items[0].instance);
    assert_int_equal(list(contract, VDA).count, 0);
    assert_true(drivers->ops->find(drivers, VDA, inf, NULL));
    assert_true(inf[0] != 0);
}

static void a_phantom_is_listed_with_problem_45_and_can_be_removed(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;
    struct device device;

    contract_arrange(contract, "display.adapter=phantom");
    device = list(contract, VDA).items[0];
    assert_false(device.present);
    assert_false(device.started);
    assert_int_equal(device.problem, DEVICE_PROBLEM_PHANTOM);
    act(contract, port->ops->remove, device.instance);
    assert_int_equal(list(contract, VDA).count, 0);
}

static void a_removed_device_of_a_bus_is_found_by_a_rescan(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *port = contract->machine->devices;

    contract_arrange(contract, "display.hyperv_video=enabled");
    act(contract, port->ops->remove, list(contract, VIDEO).items[0].instance);
    assert_int_equal(list(contract, VIDEO).count, 0);
    assert_true(port->ops->rescan(port, NULL));
    assert_true(list(contract, VIDEO).items[0].started);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_unknown_hardware_id_lists_nothing),
    cmocka_unit_test(acting_on_an_unknown_instance_is_not_found),
    cmocka_unit_test(hardware_ids_compare_without_case_and_by_beginning),
    cmocka_unit_test(null_lists_the_display_and_media_classes),
    cmocka_unit_test(a_working_device_is_present_started_and_without_problem),
    cmocka_unit_test(a_disabled_device_says_problem_22_until_enabled),
    cmocka_unit_test(disabling_and_enabling_twice_is_fine),
    cmocka_unit_test(a_disabled_device_is_back_after_a_boot),
    cmocka_unit_test(creating_twice_makes_a_duplicate),
    cmocka_unit_test(a_created_device_has_no_driver_and_problem_28),
    cmocka_unit_test(removing_leaves_the_package_in_the_driver_store),
    cmocka_unit_test(a_phantom_is_listed_with_problem_45_and_can_be_removed),
    cmocka_unit_test(a_removed_device_of_a_bus_is_found_by_a_rescan),
};

const struct contract_tests contract_devices = {"devices", tests, sizeof(tests) / sizeof(tests[0])};
