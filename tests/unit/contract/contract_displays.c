/* Contract of the ports of displays and of the virtual display driver. */
#include "tests/unit/contract/contract.h"

#define LIFE_MS 1000

static struct display_list paths(struct contract *contract)
{
    struct displays_port *port = contract->machine->displays;
    struct display_list list;

    assert_true(port->ops->paths(port, &list, NULL));
    return list;
}

static unsigned monitors(struct contract *contract)
{
    struct display_list list = paths(contract);
    unsigned count = 0;

    for (size_t i = 0; i < list.count; i++)
        count += list.items[i].kind == DISPLAY_PARSEC;
    return count;
}

static enum display_kind primary(struct contract *contract)
{
    struct display_list list = paths(contract);

    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].primary)
            return list.items[i].kind;
    return DISPLAY_OTHER;
}

static uint32_t add(struct contract *contract)
{
    struct vdd_port *port = contract->machine->vdd;
    struct err err = ERR_INIT;
    uint32_t index = 99;

    contract_must(port->ops->open(port, &err), &err);
    contract_must(port->ops->add(port, &index, &err), &err);
    return index;
}

static void exactly_one_active_path_is_primary(void **state)
{
    struct display_list list = paths(contract_looking(state));
    unsigned count = 0;

    for (size_t i = 0; i < list.count; i++) {
        count += list.items[i].primary;
        assert_true(list.items[i].width && list.items[i].height);
    }
    assert_int_equal(count, list.count != 0);
}

static void a_topology_that_needs_a_monitor_is_not_found_without_one(void **state)
{
    struct contract *contract = contract_acting(state);
    struct displays_port *port = contract->machine->displays;
    struct err err = ERR_INIT;

    assert_false(port->ops->set_topology(port, DISPLAY_VIRTUAL_ONLY, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(port->ops->set_topology(port, DISPLAY_EXTEND, NULL));
}

static void a_mode_is_refused_without_monitor_and_when_unknown(void **state)
{
    struct contract *contract = contract_acting(state);
    struct displays_port *port = contract->machine->displays;
    struct err err = ERR_INIT;

    assert_false(port->ops->set_mode(port, 1920, 1080, 60, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    add(contract);
    err_clear(&err);
    assert_false(port->ops->set_mode(port, 1234, 777, 61, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

static void a_monitor_gets_its_mode(void **state)
{
    struct contract *contract = contract_acting(state);
    struct displays_port *port = contract->machine->displays;
    struct display_list list;

    add(contract);
    assert_true(port->ops->set_mode(port, 2560, 1440, 60, NULL));
    list = paths(contract);
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].kind == DISPLAY_PARSEC)
            assert_int_equal(list.items[i].width, 2560);
}

static void the_topology_decides_who_is_active_and_primary(void **state)
{
    struct contract *contract = contract_acting(state);
    struct displays_port *port = contract->machine->displays;
    struct err err = ERR_INIT;

    contract_arrange(contract, "display.hyperv_video=enabled");
    add(contract);
    contract_must(port->ops->set_topology(port, DISPLAY_EXTEND, &err), &err);
    assert_int_equal(paths(contract).count, 2);
    assert_int_equal(primary(contract), DISPLAY_HYPERV_VIDEO);
    contract_must(port->ops->set_topology(port, DISPLAY_VIRTUAL_MAIN, &err), &err);
    assert_int_equal(paths(contract).count, 2);
    assert_int_equal(primary(contract), DISPLAY_PARSEC);
    contract_must(port->ops->set_topology(port, DISPLAY_VIRTUAL_ONLY, &err), &err);
    assert_int_equal(paths(contract).count, 1);
    assert_int_equal(primary(contract), DISPLAY_PARSEC);
}

static void the_console_picture_comes_back_when_the_only_monitor_goes(void **state)
{
    struct contract *contract = contract_acting(state);
    struct displays_port *port = contract->machine->displays;
    struct vdd_port *vdd = contract->machine->vdd;
    uint32_t index;

    contract_arrange(contract, "display.hyperv_video=enabled");
    index = add(contract);
    assert_true(port->ops->set_topology(port, DISPLAY_VIRTUAL_ONLY, NULL));
    assert_true(vdd->ops->remove(vdd, index, NULL));
    assert_int_equal(primary(contract), DISPLAY_HYPERV_VIDEO);
}

static const struct CMUnitTest displays[] = {
    cmocka_unit_test(a_topology_that_needs_a_monitor_is_not_found_without_one),
    cmocka_unit_test(a_mode_is_refused_without_monitor_and_when_unknown),
    cmocka_unit_test(exactly_one_active_path_is_primary),
    cmocka_unit_test(a_monitor_gets_its_mode),
    cmocka_unit_test(the_topology_decides_who_is_active_and_primary),
    cmocka_unit_test(the_console_picture_comes_back_when_the_only_monitor_goes),
};

const struct contract_tests contract_displays = {
    "displays", displays, sizeof(displays) / sizeof(displays[0])};

/* ---- the driver ---- */

static void without_a_started_device_the_driver_is_not_found(void **state)
{
    static const char *const edits[] = {
        "display.adapter=missing", "display.adapter=disabled", "display.adapter=code43"};
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;

    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        struct err err = ERR_INIT;

        contract_arrange(contract, edits[i]);
        assert_false(port->ops->open(port, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
    }
}

static void the_driver_must_be_open(void **state)
{
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;
    uint32_t index = 99;

    assert_false(port->ops->add(port, &index, NULL));
    assert_false(port->ops->ping(port, NULL));
    assert_int_equal(index, 99);
    assert_true(port->ops->open(port, NULL));
    port->ops->close(port);
    assert_false(port->ops->add(port, &index, NULL));
}

static void the_driver_tells_its_version(void **state)
{
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;
    uint32_t minor = 0;

    assert_true(port->ops->open(port, NULL));
    assert_true(port->ops->version(port, &minor, NULL));
    assert_true(minor >= 37 && minor < 1000);
}

static void added_monitors_have_indices_of_their_own(void **state)
{
    struct contract *contract = contract_acting(state);
    uint32_t one = add(contract), two = add(contract);

    assert_int_not_equal(one, two);
    assert_int_equal(monitors(contract), 2);
}

static void removing_an_unknown_monitor_is_not_found(void **state)
{
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;
    struct err err = ERR_INIT;

    add(contract);
    assert_false(port->ops->remove(port, 15, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(monitors(contract), 1);
}

static void monitors_vanish_without_keep_alive(void **state)
{
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;

    add(contract);
    assert_int_equal(monitors(contract), 1);
    contract->later_real(contract, LIFE_MS + 200);
    assert_int_equal(monitors(contract), 0);
    assert_true(port->ops->ping(port, NULL)); /* too late: it does not bring them back */
    assert_int_equal(monitors(contract), 0);
}

static void keep_alives_keep_monitors(void **state)
{
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;

    add(contract);
    for (int i = 0; i < 15; i++) {
        contract->later_real(contract, 100);
        assert_true(port->ops->ping(port, NULL));
    }
    assert_int_equal(monitors(contract), 1);
}

static void monitors_of_another_owner_outlive_our_silence(void **state)
{
    struct contract *contract = contract_acting(state);

    contract_arrange(contract, "display.owner=other");
    contract->later_real(contract, LIFE_MS + 200);
    assert_int_equal(monitors(contract), 1);
}

static void restarting_the_device_takes_its_monitors(void **state)
{
    struct contract *contract = contract_acting(state);
    struct devices_port *devices = contract->machine->devices;
    struct device_list list;
    bool reboot;

    add(contract);
    if (contract->handles_veto)
        contract->machine->vdd->ops->close(contract->machine->vdd);
    assert_true(devices->ops->list(devices, "Root\\Parsec\\VDA", &list, NULL));
    assert_true(devices->ops->disable(devices, list.items[0].instance, &reboot, NULL));
    assert_int_equal(monitors(contract), 0);
    assert_true(devices->ops->enable(devices, list.items[0].instance, &reboot, NULL));
    assert_int_equal(monitors(contract), 0);
}

static void a_driver_whose_device_was_restarted_is_opened_anew(void **state)
{
    struct contract *contract = contract_acting(state);
    struct vdd_port *port = contract->machine->vdd;
    struct devices_port *devices = contract->machine->devices;
    struct device_list list;
    bool reboot;

    if (contract->handles_veto)
        skip();
    add(contract);
    assert_true(devices->ops->list(devices, "Root\\Parsec\\VDA", &list, NULL));
    assert_true(devices->ops->disable(devices, list.items[0].instance, &reboot, NULL));
    assert_true(devices->ops->enable(devices, list.items[0].instance, &reboot, NULL));
    assert_false(port->ops->ping(port, NULL));
    add(contract);
    assert_int_equal(monitors(contract), 1);
}

static const struct CMUnitTest vdd[] = {
    cmocka_unit_test(without_a_started_device_the_driver_is_not_found),
    cmocka_unit_test(the_driver_must_be_open),
    cmocka_unit_test(removing_an_unknown_monitor_is_not_found),
    cmocka_unit_test(monitors_vanish_without_keep_alive),
    cmocka_unit_test(restarting_the_device_takes_its_monitors),
    cmocka_unit_test(a_driver_whose_device_was_restarted_is_opened_anew),
    cmocka_unit_test(the_driver_tells_its_version),
    cmocka_unit_test(added_monitors_have_indices_of_their_own),
    cmocka_unit_test(keep_alives_keep_monitors),
    cmocka_unit_test(monitors_of_another_owner_outlive_our_silence),
};

const struct contract_tests contract_vdd = {"vdd", vdd, sizeof(vdd) / sizeof(vdd[0])};

/* ---- the GPU ---- */

static struct gpu_adapter query(struct contract *contract)
{
    struct gpu_port *port = contract->machine->gpu;
    struct gpu_adapter adapter;

    assert_true(port->ops->query(port, &adapter, NULL));
    return adapter;
}

static int32_t encode(struct contract *contract)
{
    struct gpu_port *port = contract->machine->gpu;
    int32_t status = 1;

    assert_true(port->ops->encode_probe(port, &status, NULL));
    return status;
}

static void no_adapter_is_no_error(void **state)
{
    struct contract *contract = contract_acting(state);

    contract_arrange(contract, "gpu.status=missing");
    assert_false(query(contract).present);
    assert_true(encode(contract) != 0);
}

static void a_complete_adapter_names_folder_versions_and_no_missing_file(void **state)
{
    struct contract *contract = contract_acting(state);
    struct gpu_adapter adapter;

    contract_arrange(contract, "gpu.status=ok");
    contract_arrange(contract, "gpu.driver=current");
    adapter = query(contract);
    assert_true(adapter.present && adapter.folder_present);
    assert_true(adapter.name[0] && adapter.driver_folder[0]);
    assert_string_equal(adapter.driver_guest, adapter.driver_host);
    assert_string_equal(adapter.missing_file, "");
    assert_int_equal(encode(contract), 0);
}

static void a_driver_that_the_host_has_replaced_is_missing_its_folder(void **state)
{
    struct contract *contract = contract_acting(state);

    contract_arrange(contract, "gpu.driver=stale");
    assert_false(query(contract).folder_present);
    assert_int_equal(encode(contract), -15101);
}

static void a_truncated_driver_names_the_missing_file(void **state)
{
    struct contract *contract = contract_acting(state);
    struct gpu_adapter adapter;

    contract_arrange(contract, "gpu.driver=truncated");
    adapter = query(contract);
    assert_true(adapter.folder_present);
    assert_true(adapter.missing_file[0] != 0);
    assert_string_equal(adapter.driver_guest, "");
}

static const struct CMUnitTest gpu[] = {
    cmocka_unit_test(no_adapter_is_no_error),
    cmocka_unit_test(a_driver_that_the_host_has_replaced_is_missing_its_folder),
    cmocka_unit_test(a_truncated_driver_names_the_missing_file),
    cmocka_unit_test(a_complete_adapter_names_folder_versions_and_no_missing_file),
};

const struct contract_tests contract_gpu = {"gpu", gpu, sizeof(gpu) / sizeof(gpu[0])};
