/* Connecting, rights and the service itself: hyperv-wmi.md §1, §5, §21, §22. */
#include "check.h"

#include <stdlib.h>

#define MACHINES "SELECT * FROM Msvm_ComputerSystem"

static void a_connection_without_a_blanket_is_of_no_use(void **state)
{
    IWbemServices *services;
    IWbemClassObject *class;
    struct objects found;

    (void)state;
    assert_result(client_connect(HYPERV, &services), S_OK);
    assert_result(client_query(services, MACHINES, &found), WBEM_E_ACCESS_DENIED);
    assert_result(client_get(services, "Msvm_ComputerSystem", &class), WBEM_E_ACCESS_DENIED);
    assert_result(client_blanket(services), S_OK);
    assert_result(client_query(services, MACHINES, &found), S_OK);
    objects_done(&found);
    IWbemServices_Release(services);
}

static void the_blanket_must_allow_impersonation(void **state)
{
    IWbemServices *services;
    struct objects found;

    (void)state;
    assert_result(client_connect(HYPERV, &services), S_OK);
    assert_result(CoSetProxyBlanket((IUnknown *)services,
                                    RPC_C_AUTHN_WINNT,
                                    RPC_C_AUTHZ_NONE,
                                    NULL,
                                    RPC_C_AUTHN_LEVEL_CALL,
                                    RPC_C_IMP_LEVEL_IDENTIFY,
                                    NULL,
                                    EOAC_NONE),
                  S_OK);
    assert_result(client_query(services, MACHINES, &found), WBEM_E_ACCESS_DENIED);
    IWbemServices_Release(services);
}

static void an_enumerator_is_a_proxy_of_its_own(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IEnumWbemClassObject *found;
    IWbemClassObject *object;
    BSTR language = SysAllocString(L"WQL"), query = SysAllocString(L"" MACHINES);
    ULONG count;

    (void)state;
    assert_result(IWbemServices_ExecQuery(services, language, query, 0x30, NULL, &found), S_OK);
    assert_result(IEnumWbemClassObject_Next(found, 1000, 1, &object, &count), WBEM_E_ACCESS_DENIED);
    emulator_set("", "ProcessSecurity", 1);
    assert_result(IEnumWbemClassObject_Next(found, 1000, 1, &object, &count), S_OK);
    emulator_unset("", "ProcessSecurity");
    IWbemClassObject_Release(object);
    assert_result(IEnumWbemClassObject_Next(found, 1000, 1, &object, &count), WBEM_S_FALSE);
    assert_int_equal(count, 0);
    IEnumWbemClassObject_Release(found);
    SysFreeString(language);
    SysFreeString(query);
    IWbemServices_Release(services);
}

static void credentials_for_this_computer_are_refused(void **state)
{
    IWbemLocator *locator;
    IWbemServices *services;
    BSTR space = SysAllocString(HYPERV), user = SysAllocString(L"somebody");

    (void)state;
    assert_result(
        CoCreateInstance(
            &CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, (void **)&locator),
        S_OK);
    assert_result(
        IWbemLocator_ConnectServer(locator, space, user, user, NULL, 0, NULL, NULL, &services),
        WBEM_E_LOCAL_CREDENTIALS);
    IWbemLocator_Release(locator);
    SysFreeString(space);
    SysFreeString(user);
}

static void namespaces_are_found_by_any_of_their_names(void **state)
{
    static const struct {
        const wchar_t *name;
        HRESULT result;
    } rows[] = {
        {L"root\\virtualization\\v2", S_OK},
        {L"\\\\.\\ROOT\\Virtualization\\V2", S_OK},
        {L"\\\\TESTHOST\\root\\virtualization\\v2", S_OK},
        {L"root/virtualization/v2", S_OK},
        {L"root\\cimv2", S_OK},
        {L"root\\Microsoft\\Windows\\Hgs", S_OK},
        {L"root\\virtualization", (HRESULT)WBEM_E_INVALID_NAMESPACE},
        {L"\\\\ELSEWHERE\\root\\virtualization\\v2", (HRESULT)0x800706BA},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        IWbemServices *services;

        assert_result(client_connect(rows[i].name, &services), rows[i].result);
        if (services)
            IWbemServices_Release(services);
    }
}

static void without_hyperv_there_is_no_namespace(void **state)
{
    IWbemServices *services;
    IWbemClassObject *row;

    (void)state;
    emulator_set("", "Installed", 0);
    assert_result(client_connect(HYPERV, &services), WBEM_E_INVALID_NAMESPACE);
    services = client_open(L"ROOT\\CIMV2");
    row =
        client_one(services, "SELECT * FROM Win32_OptionalFeature WHERE Name='Microsoft-Hyper-V'");
    assert_int_equal(object_long(row, L"InstallState"), 2);
    IWbemClassObject_Release(row);
    assert_int_equal(client_count(services, "SELECT * FROM Win32_Service WHERE Name='vmms'"), 0);
    emulator_unset("", "Installed");
    IWbemServices_Release(services);
}

static void without_rights_there_is_nothing_to_see(void **state)
{
    IWbemServices *services = client_open(HYPERV), *other;
    IWbemClassObject *class;

    (void)state;
    emulator_set("", "Rights", 0);
    assert_int_equal(client_count(services, MACHINES), 0);
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_VirtualSystemManagementService"),
                     0);
    assert_result(client_get(services, "Msvm_ComputerSystem", &class), S_OK);
    IWbemClassObject_Release(class);
    emulator_set("", "ConnectDenied", 1);
    assert_result(client_connect(HYPERV, &other), WBEM_E_ACCESS_DENIED);
    emulator_unset("", "ConnectDenied");
    emulator_set("", "Rights", 1);
    assert_int_equal(client_count(services, MACHINES), 1);
    emulator_unset("", "Rights");
    IWbemServices_Release(services);
}

static void a_stopped_service_has_classes_and_no_instances(void **state)
{
    IWbemServices *services = client_open(HYPERV), *host;
    const char *path = management(services);
    IWbemClassObject *object;

    (void)state;
    emulator_set("", "Vmms", 0);
    assert_int_equal(client_count(services, MACHINES), 0);
    assert_result(client_get(services, "Msvm_ComputerSystem", &object), S_OK);
    IWbemClassObject_Release(object);
    assert_result(client_get(services, path, &object), WBEM_E_PROVIDER_FAILURE);
    host = client_open(L"ROOT\\CIMV2");
    object = client_one(host, "SELECT * FROM Win32_Service WHERE Name='vmms'");
    assert_string_equal(object_string(object, L"State"), "Stopped");
    IWbemClassObject_Release(object);
    IWbemServices_Release(host);
    emulator_unset("", "Vmms");
    assert_result(client_get(services, path, &object), S_OK);
    IWbemClassObject_Release(object);
    IWbemServices_Release(services);
}

static void a_restart_empties_everything_for_a_while(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *path = management(services);
    IWbemClassObject *object;
    HRESULT result;

    (void)state;
    emulator_set("", "Calls", 0);
    emulator_set("", "RestartCall", 1);
    emulator_set("", "RestartMs", 2000);
    result = client_get(services, path, &object);
    assert_true((DWORD)result == (DWORD)WBEM_E_SHUTTING_DOWN || (DWORD)result == 0x800706BA ||
                (DWORD)result == 0x800706BE);
    assert_int_equal(client_count(services, MACHINES), 0);
    emulator_unset("", "RestartCall");
    Sleep(2100);
    assert_int_equal(client_count(services, MACHINES), 1);
    IWbemServices_Release(services);
}

static void the_host_tells_what_it_is(void **state)
{
    IWbemServices *services = client_open(L"ROOT\\CIMV2");
    IWbemClassObject *row;
    struct objects found;

    (void)state;
    row = client_one(
        services, "SELECT BuildNumber,OperatingSystemSKU,ProductType FROM Win32_OperatingSystem");
    assert_string_equal(object_string(row, L"BuildNumber"), "22631");
    assert_int_equal(object_long(row, L"OperatingSystemSKU"), 48);
    IWbemClassObject_Release(row);
    row = client_one(services, "SELECT * FROM Win32_ComputerSystem");
    assert_int_equal(object_long(row, L"HypervisorPresent"), 1);
    IWbemClassObject_Release(row);
    row = client_one(services,
                     "SELECT * FROM Win32_OptionalFeature WHERE Name='Microsoft-Hyper-V-All'");
    assert_int_equal(object_long(row, L"InstallState"), 1);
    IWbemClassObject_Release(row);
    row = client_one(
        services,
        "SELECT * FROM Win32_PnPSignedDriver WHERE "
        "DeviceID='PCI\\\\VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1\\\\4&2283F625&0&0008'");
    assert_string_equal(object_string(row, L"DriverVersion"), "32.0.15.6094");
    assert_null(object_own_path(row));
    assert_result(client_query(services,
                               "ASSOCIATORS OF {Win32_PnPSignedDriver.DeviceID=\"x\"} WHERE "
                               "AssocClass=Win32_PnPSignedDriverCIMDataFile",
                               &found),
                  WBEM_E_INVALID_PARAMETER);
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

static void classes_that_are_not_ours_are_those_of_wine(void **state)
{
    IWbemServices *services = client_open(L"ROOT\\CIMV2");
    IEnumWbemClassObject *found;
    IWbemClassObject *object;
    BSTR language = SysAllocString(L"WQL");
    BSTR query = SysAllocString(L"SELECT * FROM Win32_ComputerSystemProduct");
    ULONG count;

    (void)state;
    assert_result(IWbemServices_ExecQuery(services, language, query, 0x30, NULL, &found), S_OK);
    assert_result(IEnumWbemClassObject_Next(found, 5000, 1, &object, &count), S_OK);
    IWbemClassObject_Release(object);
    IEnumWbemClassObject_Release(found);
    SysFreeString(language);
    SysFreeString(query);
    IWbemServices_Release(services);
}

int check_connect(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_without_a_blanket_is_of_no_use),
        cmocka_unit_test(the_blanket_must_allow_impersonation),
        cmocka_unit_test(an_enumerator_is_a_proxy_of_its_own),
        cmocka_unit_test(credentials_for_this_computer_are_refused),
        cmocka_unit_test(namespaces_are_found_by_any_of_their_names),
        cmocka_unit_test(without_hyperv_there_is_no_namespace),
        cmocka_unit_test(without_rights_there_is_nothing_to_see),
        cmocka_unit_test(a_stopped_service_has_classes_and_no_instances),
        cmocka_unit_test(a_restart_empties_everything_for_a_while),
        cmocka_unit_test(the_host_tells_what_it_is),
        cmocka_unit_test(classes_that_are_not_ours_are_those_of_wine),
    };

    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
