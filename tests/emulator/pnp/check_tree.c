/* Finding devices and reading what they are. */
#include "check.h"

#include "cm.h"

#include <initguid.h>
#include <devpkey.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids and DEVINSTs ---- */

static void an_id_is_located_whatever_its_case_and_told_as_it_is_spelled(void **state)
{
    DEVINST devinst = locate(L"vmbus\\{DA0A7802-E377-4aac-8E77-0558EB1073F8}\\{5620E0C7-8062-4DCE-"
                             L"AEB7-520C7EF76171}",
                             false);
    wchar_t id[PNP_ID_MAX];
    ULONG len;

    (void)state;
    assert_int_equal(CM_Get_Device_ID_Size(&len, devinst, 0), CR_SUCCESS);
    assert_int_equal(len, wcslen(VIDEO));
    assert_int_equal(CM_Get_Device_IDW(devinst, id, PNP_ID_MAX, 0), CR_SUCCESS);
    assert_int_equal(wcscmp(id, VIDEO), 0);
    assert_int_equal(locate(VIDEO, false), devinst);
}

static void no_id_means_the_root_of_the_tree(void **state)
{
    DEVINST root, child;
    wchar_t id[PNP_ID_MAX];

    (void)state;
    assert_int_equal(locate_code(NULL, 0, &root), CR_SUCCESS);
    assert_int_equal(CM_Get_Device_IDW(root, id, PNP_ID_MAX, 0), CR_SUCCESS);
    assert_wide_equal(id, L"HTREE\\ROOT\\0");
    assert_int_equal(CM_Get_Parent(&child, root, 0), CR_NO_SUCH_DEVNODE);
    assert_int_equal(CM_Get_Child(&child, root, 0), CR_SUCCESS);
}

static void wrong_ids_and_flags_are_refused(void **state)
{
    static const struct {
        const wchar_t *id;
        ULONG flags;
        CONFIGRET code;
    } rows[] = {
        {L"ROOT\\DISPLAY", 0, CR_INVALID_DEVICE_ID},
        {L"ROOT\\DISPLAY\\0000\\1", 0, CR_INVALID_DEVICE_ID},
        {L"ROOT\\\\0000", 0, CR_INVALID_DEVICE_ID},
        {L"ROOT\\DIS PLAY\\0000", 0, CR_INVALID_DEVICE_ID},
        {L"ROOT\\DISPLAY\\0000", 0, CR_NO_SUCH_DEVNODE},
        {L"ROOT\\DISPLAY\\0000", CM_LOCATE_DEVNODE_PHANTOM, CR_NO_SUCH_DEVNODE},
        {VIDEO, 0x100, CR_INVALID_FLAG},
    };
    DEVINST devinst = 77;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(locate_code(rows[i].id, rows[i].flags, &devinst), rows[i].code);
    assert_int_equal(locate_code(VIDEO, 0, NULL), CR_INVALID_POINTER);
    assert_int_equal(devinst, 77);
}

static void a_number_that_is_no_devinst_is_refused(void **state)
{
    ULONG status, problem;
    wchar_t id[PNP_ID_MAX];

    (void)state;
    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, 0, 0), CR_INVALID_DEVNODE);
    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, 0x7fff0001, 0), CR_INVALID_DEVNODE);
    assert_int_equal(CM_Get_Device_IDW(0x7fff0001, id, PNP_ID_MAX, 0), CR_INVALID_DEVNODE);
    assert_int_equal(CM_Enable_DevNode(0, 0), CR_INVALID_DEVNODE);
}

static void a_short_buffer_for_an_id_is_refused(void **state)
{
    wchar_t id[4];

    (void)state;
    assert_int_equal(CM_Get_Device_IDW(locate(VIDEO, false), id, 4, 0), CR_BUFFER_SMALL);
    assert_int_equal(CM_Get_Device_IDW(locate(VIDEO, false), NULL, 4, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_IDW(locate(VIDEO, false), id, 4, 1), CR_INVALID_FLAG);
}

static void the_tree_can_be_walked(void **state)
{
    DEVINST video = locate(VIDEO, false), child, parent, sibling;
    wchar_t id[PNP_ID_MAX];

    (void)state;
    assert_int_equal(CM_Get_Child(&child, video, 0), CR_SUCCESS);
    CM_Get_Device_IDW(child, id, PNP_ID_MAX, 0);
    assert_wide_equal(id, VIDEO_MONITOR);
    assert_int_equal(CM_Get_Parent(&parent, child, 0), CR_SUCCESS);
    assert_int_equal(parent, video);
    assert_int_equal(CM_Get_Sibling(&sibling, child, 0), CR_NO_SUCH_DEVNODE);
    assert_int_equal(CM_Get_Child(&child, child, 0), CR_NO_SUCH_DEVNODE);
}

/* ---- lists ---- */

/* The list with that filter, freed by the caller; its number of ids. */
static wchar_t *ids_of(const wchar_t *filter, ULONG flags, int *ret_count)
{
    ULONG len = 0;
    wchar_t *ids;

    assert_int_equal(CM_Get_Device_ID_List_SizeW(&len, filter, flags), CR_SUCCESS);
    ids = calloc(len, sizeof(*ids));
    assert_non_null(ids);
    assert_int_equal(CM_Get_Device_ID_ListW(filter, ids, len, flags), CR_SUCCESS);
    *ret_count = 0;
    for (const wchar_t *id = ids; *id; id += wcslen(id) + 1)
        ++*ret_count;
    return ids;
}

static bool has(const wchar_t *ids, const wchar_t *wanted)
{
    for (const wchar_t *id = ids; *id; id += wcslen(id) + 1)
        if (!_wcsicmp(id, wanted))
            return true;
    return false;
}

static void lists_are_filtered(void **state)
{
    static const struct {
        const wchar_t *filter;
        ULONG flags;
        int count;
        const wchar_t *one;
    } rows[] = {
        {L"ROOT", CM_GETIDLIST_FILTER_ENUMERATOR, 2, BASIC_DISPLAY},
        {L"root\\basicdisplay", CM_GETIDLIST_FILTER_ENUMERATOR, 1, BASIC_DISPLAY},
        {L"ROO", CM_GETIDLIST_FILTER_ENUMERATOR, 0, NULL},
        {L"{4d36e968-e325-11ce-bfc1-08002be10318}", CM_GETIDLIST_FILTER_CLASS, 2, VIDEO},
        {L"{4D36E968-E325-11CE-BFC1-08002BE10318}",
         CM_GETIDLIST_FILTER_CLASS | CM_GETIDLIST_FILTER_PRESENT,
         2,
         GPU},
        {L"HyperVideo", CM_GETIDLIST_FILTER_SERVICE, 1, VIDEO},
        {VIDEO, CM_GETIDLIST_FILTER_BUSRELATIONS, 1, VIDEO_MONITOR},
        {NULL, CM_GETIDLIST_FILTER_NONE, 8, L"HTREE\\ROOT\\0"},
        {NULL, CM_GETIDLIST_FILTER_PRESENT, 8, GPU},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int count;
        wchar_t *ids = ids_of(rows[i].filter, rows[i].flags, &count);

        assert_int_equal(count, rows[i].count);
        assert_true(!rows[i].one || has(ids, rows[i].one));
        free(ids);
    }
}

static void wrong_filters_are_refused(void **state)
{
    wchar_t ids[8];
    ULONG len;

    (void)state;
    assert_int_equal(CM_Get_Device_ID_List_SizeW(NULL, NULL, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_ID_List_SizeW(&len, NULL, CM_GETIDLIST_FILTER_ENUMERATOR),
                     CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_ID_List_SizeW(&len, NULL, 0x10000), CR_INVALID_FLAG);
    assert_int_equal(
        CM_Get_Device_ID_List_SizeW(
            &len, L"ROOT", CM_GETIDLIST_FILTER_ENUMERATOR | CM_GETIDLIST_FILTER_SERVICE),
        CR_INVALID_FLAG);
    assert_int_equal(CM_Get_Device_ID_List_SizeW(&len, L"Display", CM_GETIDLIST_FILTER_CLASS),
                     CR_INVALID_DATA);
    assert_int_equal(
        CM_Get_Device_ID_List_SizeW(&len, L"ROOT\\NO\\0000", CM_GETIDLIST_FILTER_BUSRELATIONS),
        CR_NO_SUCH_DEVNODE);
    assert_int_equal(CM_Get_Device_ID_ListW(NULL, NULL, 100, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_ID_ListW(NULL, ids, 8, 0), CR_BUFFER_SMALL);
}

/* ---- status and properties ---- */

static void status_tells_started_root_and_disableable(void **state)
{
    ULONG status, problem;

    (void)state;
    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, locate(BASIC_DISPLAY, false), 0),
                     CR_SUCCESS);
    assert_int_equal(problem, 0);
    assert_true(status & DN_STARTED && status & DN_ROOT_ENUMERATED && status & DN_DRIVER_LOADED);
    assert_false(status & DN_DISABLEABLE);
    assert_int_equal(CM_Get_DevNode_Status(&status, &problem, locate(VIDEO, false), 0), CR_SUCCESS);
    assert_true(status & DN_DISABLEABLE);
    assert_false(status & (DN_ROOT_ENUMERATED | DN_HAS_PROBLEM));
}

static void status_checks_its_arguments(void **state)
{
    ULONG number;
    DEVINST video = locate(VIDEO, false);

    (void)state;
    assert_int_equal(CM_Get_DevNode_Status(NULL, &number, video, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_DevNode_Status(&number, NULL, video, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_DevNode_Status(&number, &number, video, 1), CR_INVALID_FLAG);
}

/* A text property. */
static const wchar_t *text_of(const wchar_t *id, const DEVPROPKEY *key)
{
    static wchar_t text[256];
    ULONG size = sizeof(text);
    DEVPROPTYPE type;

    assert_int_equal(CM_Get_DevNode_PropertyW(locate(id, true), key, &type, (BYTE *)text, &size, 0),
                     CR_SUCCESS);
    assert_true(type == DEVPROP_TYPE_STRING || type == DEVPROP_TYPE_STRING_LIST);
    return text;
}

static void properties_of_keys_are_told(void **state)
{
    static const struct {
        const wchar_t *id;
        const DEVPROPKEY *key;
        const wchar_t *text;
    } rows[] = {
        {VIDEO, &DEVPKEY_Device_InstanceId, VIDEO},
        {VIDEO, &DEVPKEY_Device_DeviceDesc, L"Microsoft Hyper-V Video"},
        {VIDEO, &DEVPKEY_NAME, L"Microsoft Hyper-V Video"},
        {VIDEO, &DEVPKEY_Device_HardwareIds, L"VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}"},
        {VIDEO, &DEVPKEY_Device_Class, L"Display"},
        {VIDEO, &DEVPKEY_Device_Service, L"HyperVideo"},
        {VIDEO, &DEVPKEY_Device_DriverVersion, L"10.0.22621.1"},
        {VIDEO, &DEVPKEY_Device_DriverProvider, L"Microsoft"},
        {VIDEO, &DEVPKEY_Device_DriverInfPath, L"wvmbusvideo.inf"},
        {VIDEO, &DEVPKEY_Device_EnumeratorName, L"VMBUS"},
        {VIDEO, &DEVPKEY_Device_Parent, L"ACPI\\VMBUS\\0"},
        {VIDEO, &DEVPKEY_Device_Children, VIDEO_MONITOR},
        {VIDEO, &DEVPKEY_Device_BusReportedDeviceDesc, L"Synthetic Video"},
        {GPU, &DEVPKEY_Device_FriendlyName, L"NVIDIA GeForce RTX 4070"},
        {GPU, &DEVPKEY_Device_Manufacturer, L"Microsoft"},
        {GPU, &DEVPKEY_Device_MatchingDeviceId, L"PCI\\VEN_1414&DEV_008E&SUBSYS_00000000&REV_00"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_wide_equal(text_of(rows[i].id, rows[i].key), rows[i].text);
}

static ULONG number_of(const wchar_t *id, const DEVPROPKEY *key, DEVPROPTYPE wanted)
{
    ULONG number = 0, size = sizeof(number);
    DEVPROPTYPE type;

    assert_int_equal(
        CM_Get_DevNode_PropertyW(locate(id, true), key, &type, (BYTE *)&number, &size, 0),
        CR_SUCCESS);
    assert_int_equal(type, wanted);
    return number;
}

static void properties_of_state_are_computed(void **state)
{
    GUID guid;
    ULONG size = sizeof(guid);
    DEVPROPTYPE type;

    (void)state;
    assert_int_equal(number_of(VIDEO, &DEVPKEY_Device_ProblemCode, DEVPROP_TYPE_UINT32), 0);
    assert_true(number_of(VIDEO, &DEVPKEY_Device_DevNodeStatus, DEVPROP_TYPE_UINT32) & DN_STARTED);
    assert_int_equal(number_of(VIDEO, &DEVPKEY_Device_IsPresent, DEVPROP_TYPE_BOOLEAN) & 0xff,
                     (BYTE)DEVPROP_TRUE);
    assert_int_equal(number_of(VIDEO, &DEVPKEY_Device_HasProblem, DEVPROP_TYPE_BOOLEAN), 0);
    assert_int_equal(
        CM_Get_DevNode_PropertyW(
            locate(VIDEO, false), &DEVPKEY_Device_ClassGuid, &type, (BYTE *)&guid, &size, 0),
        CR_SUCCESS);
    assert_int_equal(type, DEVPROP_TYPE_GUID);
    assert_memory_equal(&guid, &display_class, sizeof(guid));
}

static void a_property_says_how_much_room_it_needs(void **state)
{
    DEVINST video = locate(VIDEO, false);
    BYTE bytes[8];
    ULONG size = 0;
    DEVPROPTYPE type;

    (void)state;
    assert_int_equal(
        CM_Get_DevNode_PropertyW(video, &DEVPKEY_Device_InstanceId, &type, NULL, &size, 0),
        CR_BUFFER_SMALL);
    assert_int_equal(size, (wcslen(VIDEO) + 1) * sizeof(wchar_t));
    size = sizeof(bytes);
    assert_int_equal(
        CM_Get_DevNode_PropertyW(video, &DEVPKEY_Device_InstanceId, &type, bytes, &size, 0),
        CR_BUFFER_SMALL);
    size = sizeof(bytes);
    assert_int_equal(
        CM_Get_DevNode_PropertyW(video, &DEVPKEY_Device_FriendlyName, &type, bytes, &size, 0),
        CR_NO_SUCH_VALUE);
    assert_int_equal(CM_Get_DevNode_PropertyW(video, NULL, &type, bytes, &size, 0),
                     CR_INVALID_POINTER);
    size = sizeof(bytes);
    assert_int_equal(
        CM_Get_DevNode_PropertyW(video, &DEVPKEY_Device_InstanceId, &type, NULL, &size, 0),
        CR_INVALID_POINTER);
}

static void registry_properties_have_types_and_limits(void **state)
{
    DEVINST video = locate(VIDEO, false);
    wchar_t text[256];
    ULONG size = sizeof(text), type;

    (void)state;
    assert_int_equal(
        CM_Get_DevNode_Registry_PropertyW(video, CM_DRP_HARDWAREID, &type, text, &size, 0),
        CR_SUCCESS);
    assert_int_equal(type, REG_MULTI_SZ);
    assert_int_equal(text[size / sizeof(wchar_t) - 2], 0);
    size = sizeof(text);
    assert_int_equal(
        CM_Get_DevNode_Registry_PropertyW(video, CM_DRP_FRIENDLYNAME, &type, text, &size, 0),
        CR_NO_SUCH_VALUE);
    size = sizeof(text);
    assert_int_equal(CM_Get_DevNode_Registry_PropertyW(video, 0x1000, &type, text, &size, 0),
                     CR_INVALID_PROPERTY);
    assert_int_equal(CM_Get_DevNode_Registry_PropertyW(video, 0, &type, text, &size, 0),
                     CR_INVALID_PROPERTY);
    size = 0;
    assert_int_equal(CM_Get_DevNode_Registry_PropertyW(video, CM_DRP_CLASS, &type, NULL, &size, 0),
                     CR_BUFFER_SMALL);
    assert_int_equal(size, sizeof(L"Display"));
}

/* ---- interfaces ---- */

static void interfaces_are_listed_by_class(void **state)
{
    wchar_t paths[600];
    ULONG len;
    GUID guid = monitor_interface;

    (void)state;
    assert_int_equal(
        CM_Get_Device_Interface_List_SizeW(&len, &guid, NULL, CM_GET_DEVICE_INTERFACE_LIST_PRESENT),
        CR_SUCCESS);
    assert_int_equal(CM_Get_Device_Interface_ListW(&guid, NULL, paths, 600, 0), CR_SUCCESS);
    assert_wide_equal(paths,
                      L"\\\\?\\DISPLAY#MSH062E#5&1a097cd8&0&UID256#{e6f07b5f-ee97-4a90-b076-"
                      L"33f57bf4eaa7}");
    assert_int_equal(len, wcslen(paths) + 2);
    assert_int_equal(paths[len - 1], 0);
    assert_int_equal(CM_Get_Device_Interface_ListW(&guid, NULL, paths, len - 1, 0),
                     CR_BUFFER_SMALL);
    guid = parsec_interface;
    assert_int_equal(CM_Get_Device_Interface_List_SizeW(&len, &guid, NULL, 0), CR_SUCCESS);
    assert_int_equal(len, 1); /* a list of none */
}

static void interface_lists_check_their_arguments(void **state)
{
    wchar_t paths[600];
    ULONG len;
    GUID guid = monitor_interface;

    (void)state;
    assert_int_equal(CM_Get_Device_Interface_List_SizeW(NULL, &guid, NULL, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_Interface_List_SizeW(&len, NULL, NULL, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_Interface_List_SizeW(&len, &guid, NULL, 8), CR_INVALID_FLAG);
    assert_int_equal(CM_Get_Device_Interface_ListW(&guid, NULL, NULL, 600, 0), CR_INVALID_POINTER);
    assert_int_equal(CM_Get_Device_Interface_ListW(&guid, NULL, paths, 0, 0), CR_INVALID_POINTER);
}

static void a_path_leads_back_to_its_device(void **state)
{
    wchar_t path[] = L"\\\\?\\DISPLAY#MSH062E#5&1a097cd8&0&UID256#{e6f07b5f-ee97-4a90-b076-33f57bf4"
                     L"eaa7}";
    wchar_t id[PNP_ID_MAX];
    ULONG size = sizeof(id);
    DEVPROPTYPE type;

    (void)state;
    assert_int_equal(CM_Get_Device_Interface_PropertyW(
                         path, &DEVPKEY_Device_InstanceId, &type, (BYTE *)id, &size, 0),
                     CR_SUCCESS);
    assert_int_equal(type, DEVPROP_TYPE_STRING);
    assert_wide_equal(id, VIDEO_MONITOR);
    size = sizeof(id);
    assert_int_equal(CM_Get_Device_Interface_PropertyW(
                         path, &DEVPKEY_Device_DeviceDesc, &type, (BYTE *)id, &size, 0),
                     CR_NO_SUCH_VALUE);
    path[8] = L'X';
    size = sizeof(id);
    assert_int_equal(CM_Get_Device_Interface_PropertyW(
                         path, &DEVPKEY_Device_InstanceId, &type, (BYTE *)id, &size, 0),
                     CR_NO_SUCH_DEVICE_INTERFACE);
    assert_int_equal(CM_Get_Device_Interface_PropertyW(
                         NULL, &DEVPKEY_Device_InstanceId, &type, (BYTE *)id, &size, 0),
                     CR_INVALID_POINTER);
}

static void codes_become_those_of_win32(void **state)
{
    (void)state;
    assert_int_equal(CM_MapCrToWin32Err(CR_SUCCESS, 7), ERROR_SUCCESS);
    assert_int_equal(CM_MapCrToWin32Err(CR_ACCESS_DENIED, 7), ERROR_ACCESS_DENIED);
    assert_int_equal(CM_MapCrToWin32Err(CR_BUFFER_SMALL, 7), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(CM_MapCrToWin32Err(CR_REMOVE_VETOED, 7), 7);
}

int check_tree(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_located_whatever_its_case_and_told_as_it_is_spelled),
        cmocka_unit_test(no_id_means_the_root_of_the_tree),
        cmocka_unit_test(wrong_ids_and_flags_are_refused),
        cmocka_unit_test(a_number_that_is_no_devinst_is_refused),
        cmocka_unit_test(a_short_buffer_for_an_id_is_refused),
        cmocka_unit_test(the_tree_can_be_walked),
        cmocka_unit_test(lists_are_filtered),
        cmocka_unit_test(wrong_filters_are_refused),
        cmocka_unit_test(status_tells_started_root_and_disableable),
        cmocka_unit_test(status_checks_its_arguments),
        cmocka_unit_test(properties_of_keys_are_told),
        cmocka_unit_test(properties_of_state_are_computed),
        cmocka_unit_test(a_property_says_how_much_room_it_needs),
        cmocka_unit_test(registry_properties_have_types_and_limits),
        cmocka_unit_test(interfaces_are_listed_by_class),
        cmocka_unit_test(interface_lists_check_their_arguments),
        cmocka_unit_test(a_path_leads_back_to_its_device),
        cmocka_unit_test(codes_become_those_of_win32),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
