/* Devices are disabled, enabled, removed, fail and come back. */
#include "check.h"

#include "registry.h"

static ULONG status_of(const wchar_t *id)
{
    ULONG status, problem;

    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, locate(id, false), 0), CR_SUCCESS);
    return status;
}

static void a_disabled_device_has_problem_22_and_its_children_are_gone(void **state)
{
    DEVINST video = locate(VIDEO, false), devinst;

    (void)state;
    assert_int_equal(CM_Disable_DevNode(video, CM_DISABLE_UI_NOT_OK), CR_SUCCESS);
    assert_int_equal(problem_of(VIDEO), CM_PROB_DISABLED);
    assert_int_equal(locate_code(VIDEO_MONITOR, 0, &devinst), CR_NO_SUCH_DEVNODE);
    assert_int_equal(locate_code(VIDEO_MONITOR, CM_LOCATE_DEVNODE_PHANTOM, &devinst), CR_SUCCESS);
    assert_int_equal(CM_Disable_DevNode(video, CM_DISABLE_UI_NOT_OK), CR_SUCCESS);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_SUCCESS);
    assert_int_equal(problem_of(VIDEO), 0);
    assert_int_equal(problem_of(VIDEO_MONITOR), 0);
}

/* CONFIGFLAG_DISABLED stands in the device's key for as long as it is disabled across boots. */
static DWORD config_flags(const wchar_t *id)
{
    wchar_t path[PATH_CHARS];

    path_join(path, ENUM_ROOT, id);
    return reg_number(path, L"ConfigFlags", 0);
}

static void only_a_persistent_disable_is_written_down(void **state)
{
    DEVINST video = locate(VIDEO, false);

    (void)state;
    assert_int_equal(CM_Disable_DevNode(video, 0), CR_SUCCESS);
    assert_int_equal(config_flags(VIDEO) & 1, 0);
    assert_int_equal(CM_Disable_DevNode(video, CM_DISABLE_PERSIST), CR_SUCCESS);
    assert_int_equal(config_flags(VIDEO) & 1, 1);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_SUCCESS);
    assert_int_equal(config_flags(VIDEO) & 1, 0);
}

static void a_device_that_cannot_be_disabled_says_so(void **state)
{
    DEVINST root;

    (void)state;
    assert_int_equal(CM_Disable_DevNode(locate(BASIC_DISPLAY, false), 0), CR_NOT_DISABLEABLE);
    locate_code(NULL, 0, &root);
    assert_int_equal(CM_Disable_DevNode(root, 0), CR_NOT_DISABLEABLE);
}

static void changes_check_their_flags(void **state)
{
    DEVINST video = locate(VIDEO, false);

    (void)state;
    assert_int_equal(CM_Disable_DevNode(video, 0x10), CR_INVALID_FLAG);
    assert_int_equal(CM_Enable_DevNode(video, 1), CR_INVALID_FLAG);
    assert_int_equal(CM_Reenumerate_DevNode(video, 8), CR_INVALID_FLAG);
    assert_int_equal(
        CM_Reenumerate_DevNode(video, CM_REENUMERATE_ASYNCHRONOUS | CM_REENUMERATE_SYNCHRONOUS),
        CR_INVALID_FLAG);
    assert_int_equal(CM_Query_And_Remove_SubTreeW(video, NULL, NULL, 0, 0x10), CR_INVALID_FLAG);
    assert_int_equal(problem_of(VIDEO), 0);
}

static void a_phantom_cannot_be_changed(void **state)
{
    DEVINST monitor = locate(VIDEO_MONITOR, false);
    ULONG status, problem;

    (void)state;
    assert_true(pnp_monitor_remove(VIDEO_MONITOR));
    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, monitor, 0), CR_NO_SUCH_DEVNODE);
    assert_int_equal(CM_Disable_DevNode(monitor, 0), CR_NO_SUCH_DEVNODE);
    assert_int_equal(CM_Enable_DevNode(monitor, 0), CR_NO_SUCH_DEVNODE);
    assert_int_equal(CM_Reenumerate_DevNode(locate(VIDEO, false), 0), CR_SUCCESS);
    assert_int_equal(problem_of(VIDEO_MONITOR), 0);
}

static void nobody_but_an_administrator_changes_devices(void **state)
{
    DEVINST video = locate(VIDEO, false);

    (void)state;
    setting(L"Administrator", 0);
    assert_int_equal(CM_Disable_DevNode(video, 0), CR_ACCESS_DENIED);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_ACCESS_DENIED);
    assert_int_equal(CM_Reenumerate_DevNode(video, 0), CR_ACCESS_DENIED);
    setting(L"Administrator", 1);
    assert_int_equal(problem_of(VIDEO), 0);
}

/* ---- vetoes ---- */

static void a_veto_leaves_the_device_as_it_is(void **state)
{
    DEVINST video = locate(VIDEO, false);

    (void)state;
    behave(VIDEO, L"VetoDisable", PNP_VetoDriver);
    assert_int_equal(CM_Disable_DevNode(video, CM_DISABLE_UI_NOT_OK), CR_REMOVE_VETOED);
    assert_int_equal(problem_of(VIDEO), 0);
    behave(VIDEO, L"VetoDisable", 0);
    behave(VIDEO_MONITOR, L"VetoRemove", PNP_VetoDevice);
    assert_int_equal(CM_Disable_DevNode(video, CM_DISABLE_UI_NOT_OK), CR_REMOVE_VETOED);
    behave(VIDEO_MONITOR, L"VetoRemove", 0);
}

static void a_veto_is_told_with_its_reason(void **state)
{
    DEVINST video = locate(VIDEO, false);
    PNP_VETO_TYPE type = PNP_VetoTypeUnknown;
    wchar_t name[MAX_PATH];

    (void)state;
    pnp_handles(VIDEO, 1);
    assert_int_equal(CM_Query_And_Remove_SubTreeW(
                         video, &type, name, MAX_PATH, CM_REMOVE_UI_NOT_OK | CM_REMOVE_NO_RESTART),
                     CR_REMOVE_VETOED);
    assert_int_equal(type, PNP_VetoOutstandingOpen);
    assert_wide_equal(name, VIDEO);
    assert_int_equal(CM_Disable_DevNode(video, 0), CR_REMOVE_VETOED);
    pnp_handles(VIDEO, -1);
    assert_int_equal(CM_Query_And_Remove_SubTreeW(video, &type, NULL, MAX_PATH, 0),
                     CR_INVALID_POINTER);
}

static void a_removed_subtree_comes_back_with_an_enumeration_unless_it_shall_not(void **state)
{
    DEVINST video = locate(VIDEO, false), root;

    (void)state;
    locate_code(NULL, 0, &root);
    assert_int_equal(CM_Query_And_Remove_SubTreeW(video, NULL, NULL, 0, CM_REMOVE_UI_NOT_OK),
                     CR_SUCCESS);
    assert_int_not_equal(problem_of(VIDEO), 0);
    assert_int_equal(CM_Reenumerate_DevNode(root, CM_REENUMERATE_SYNCHRONOUS), CR_SUCCESS);
    assert_int_equal(problem_of(VIDEO), 0);
    assert_int_equal(CM_Query_And_Remove_SubTreeW(
                         video, NULL, NULL, 0, CM_REMOVE_UI_NOT_OK | CM_REMOVE_NO_RESTART),
                     CR_SUCCESS);
    assert_int_equal(CM_Reenumerate_DevNode(root, CM_REENUMERATE_SYNCHRONOUS), CR_SUCCESS);
    assert_int_not_equal(problem_of(VIDEO), 0);
    assert_int_equal(CM_Setup_DevNode(video, CM_SETUP_DEVNODE_READY), CR_SUCCESS);
    assert_int_equal(problem_of(VIDEO), 0);
}

/* ---- reboots ---- */

static void what_needs_a_boot_changes_nothing_now(void **state)
{
    DEVINST video = locate(VIDEO, false);

    (void)state;
    behave(VIDEO, L"RebootToDisable", 1);
    assert_int_equal(CM_Disable_DevNode(video, 0), CR_NEED_RESTART);
    assert_int_equal(problem_of(VIDEO), 0);
    assert_true(status_of(VIDEO) & DN_NEED_RESTART);
    behave(VIDEO, L"RebootToDisable", 0);
    behave(VIDEO, L"RebootToEnable", 1);
    assert_int_equal(CM_Disable_DevNode(video, 0), CR_SUCCESS);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_NEED_RESTART);
    assert_int_equal(problem_of(VIDEO), CM_PROB_NEED_RESTART);
    behave(VIDEO, L"RebootToEnable", 0);
}

/* ---- behaviours ---- */

static void a_device_fails_for_as_many_starts_as_a_test_says(void **state)
{
    DEVINST gpu = locate(GPU, false);

    (void)state;
    behave(GPU, L"StartProblemStarts", 2);
    behave(GPU, L"StartProblem", CM_PROB_FAILED_POST_START);
    assert_true(pnp_fail(GPU, CM_PROB_FAILED_POST_START));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(CM_Disable_DevNode(gpu, 0), CR_SUCCESS);
        assert_int_equal(CM_Enable_DevNode(gpu, 0), CR_SUCCESS);
        assert_int_equal(problem_of(GPU), CM_PROB_FAILED_POST_START);
    }
    assert_int_equal(CM_Enable_DevNode(gpu, 0), CR_SUCCESS); /* it is not disabled: no start */
    assert_int_equal(problem_of(GPU), CM_PROB_FAILED_POST_START);
    assert_int_equal(CM_Disable_DevNode(gpu, 0), CR_SUCCESS);
    assert_int_equal(CM_Enable_DevNode(gpu, 0), CR_SUCCESS);
    assert_int_equal(problem_of(GPU), 0);
    behave(GPU, L"StartProblem", 0);
    behave(GPU, L"StartProblemStarts", 0);
}

static void a_device_fails_until_a_file_is_there(void **state)
{
    wchar_t path[PATH_CHARS];
    DEVINST gpu = locate(GPU, false);
    HANDLE file;

    (void)state;
    path_of_id(path, PNP_BEHAVIOUR, GPU);
    DeleteFileW(L"C:\\emulator\\payload");
    reg_set_text(path, L"StartProblemUntilFile", L"C:\\emulator\\payload");
    behave(GPU, L"StartProblem", 43);
    CM_Disable_DevNode(gpu, 0);
    CM_Enable_DevNode(gpu, 0);
    assert_int_equal(problem_of(GPU), 43);
    file = CreateFileW(L"C:\\emulator\\payload", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
    CloseHandle(file);
    CM_Disable_DevNode(gpu, 0);
    CM_Enable_DevNode(gpu, 0);
    assert_int_equal(problem_of(GPU), 0);
    behave(GPU, L"StartProblem", 0);
    reg_clear(path, L"StartProblemUntilFile");
}

static void a_driver_that_fails_by_itself_is_seen(void **state)
{
    struct pnp_device before, after;
    GUID guid = arrival_interface;
    ULONG len_before, len_after;

    (void)state;
    assert_true(pnp_get(GPU, &before));
    CM_Get_Device_Interface_List_SizeW(&len_before, &guid, NULL, 0);
    assert_true(pnp_fail(GPU, 43));
    assert_false(pnp_fail(GPU, 43));
    assert_int_equal(problem_of(GPU), 43);
    CM_Get_Device_Interface_List_SizeW(&len_after, &guid, NULL, 0);
    assert_true(len_after < len_before);
    CM_Disable_DevNode(locate(GPU, false), 0);
    CM_Enable_DevNode(locate(GPU, false), 0);
    assert_true(pnp_get(GPU, &after));
    assert_int_equal(after.starts, before.starts + 1);
}

static void a_fault_strikes_at_the_call_that_a_test_names(void **state)
{
    DEVINST video = locate(VIDEO, false);

    (void)state;
    reg_set_text(PNP_FAULTS, L"CM_Enable_DevNode", L"2:51");
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_SUCCESS);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_ACCESS_DENIED);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_SUCCESS);
    reg_set_text(PNP_FAULTS, L"CM_Enable_DevNode", L"*:19");
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_FAILURE);
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_FAILURE);
    reg_clear(PNP_FAULTS, L"CM_Enable_DevNode");
    assert_int_equal(CM_Enable_DevNode(video, 0), CR_SUCCESS);
}

static void monitors_come_and_go_with_their_adapter(void **state)
{
    const wchar_t *id = L"DISPLAY\\PSCCDD0\\5&2b5a7f4&0&UID256";
    struct pnp_device device;

    (void)state;
    assert_true(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&2b5a7f4&0&UID256", L"ParsecVDA"));
    assert_false(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&2b5a7f4&0&UID256", L"ParsecVDA"));
    assert_true(pnp_get(id, &device));
    assert_true(device.present && device.started);
    assert_wide_equal(device.hardware_id, L"MONITOR\\PSCCDD0");
    assert_wide_equal(device.parent, GPU);
    assert_wide_equal(device.name, L"ParsecVDA");
    assert_int_equal(CM_Disable_DevNode(locate(GPU, false), 0), CR_SUCCESS);
    assert_true(pnp_get(id, &device));
    assert_false(device.present);
    assert_false(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&2b5a7f4&0&UID256", L"ParsecVDA"));
    assert_int_equal(CM_Enable_DevNode(locate(GPU, false), 0), CR_SUCCESS);
    assert_true(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&2b5a7f4&0&UID256", L"ParsecVDA"));
    assert_true(pnp_monitor_remove(id));
    assert_false(pnp_monitor_remove(id));
}

int check_change(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disabled_device_has_problem_22_and_its_children_are_gone),
        cmocka_unit_test(only_a_persistent_disable_is_written_down),
        cmocka_unit_test(a_device_that_cannot_be_disabled_says_so),
        cmocka_unit_test(changes_check_their_flags),
        cmocka_unit_test(a_phantom_cannot_be_changed),
        cmocka_unit_test(nobody_but_an_administrator_changes_devices),
        cmocka_unit_test(a_veto_leaves_the_device_as_it_is),
        cmocka_unit_test(a_veto_is_told_with_its_reason),
        cmocka_unit_test(a_removed_subtree_comes_back_with_an_enumeration_unless_it_shall_not),
        cmocka_unit_test(a_device_fails_for_as_many_starts_as_a_test_says),
        cmocka_unit_test(a_device_fails_until_a_file_is_there),
        cmocka_unit_test(a_driver_that_fails_by_itself_is_seen),
        cmocka_unit_test(a_fault_strikes_at_the_call_that_a_test_names),
        cmocka_unit_test(monitors_come_and_go_with_their_adapter),
        cmocka_unit_test(what_needs_a_boot_changes_nothing_now), /* last: only a boot undoes it */
    };

    return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
