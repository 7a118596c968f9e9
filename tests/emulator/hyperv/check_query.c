/* Queries, paths, templates and associations: hyperv-wmi.md §2, §6, §7.3, §20, §22. The seed has
 * one machine "seeded" with a snapshot, which runs. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID   "5B1F0000-0000-4000-8000-00000000000A"
#define VM   "Msvm_ComputerSystem.CreationClassName=\"Msvm_ComputerSystem\",Name=\"" ID "\""
#define VSSD "Msvm_VirtualSystemSettingData.InstanceID=\"Microsoft:" ID "\""

static void queries_find_what_they_ask_for(void **state)
{
    static const struct {
        const char *query;
        size_t count;
    } rows[] = {
        {"SELECT * FROM Msvm_ComputerSystem", 2},
        {"select * from MSVM_COMPUTERSYSTEM where elementname = 'SEEDED'", 1},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name='" ID "' AND EnabledState=2", 1},
        {"SELECT * FROM Msvm_ComputerSystem WHERE EnabledState<>2 OR Name='TESTHOST'", 1},
        {"SELECT * FROM Msvm_ComputerSystem WHERE NOT (Name='TESTHOST')", 1},
        {"SELECT * FROM Msvm_ComputerSystem WHERE EnabledState >= 2 AND EnabledState < 3", 2},
        {"SELECT * FROM Msvm_ComputerSystem WHERE OtherEnabledState IS NULL", 2},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name LIKE '5B1F%'", 1},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name LIKE '[4-6]B_F%'", 1},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name LIKE '[^5]%'", 1},
        {"SELECT * FROM CIM_ComputerSystem WHERE __CLASS='Msvm_PartitionableGpu'", 1},
        /* realized and snapshot, and the host's own */
        {"SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemIdentifier='" ID "'", 2},
        {"SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemIdentifier='" ID
         "' AND VirtualSystemType='Microsoft:Hyper-V:System:Realized'",
         1},
        {"SELECT * FROM Msvm_MemorySettingData WHERE InstanceID LIKE 'Microsoft:" ID "%'", 1},
        {"SELECT * FROM Msvm_MemorySettingData WHERE VirtualQuantity='2048'", 2},
        {"SELECT * FROM Msvm_MemorySettingData WHERE VirtualQuantity=2048", 2},
        {"SELECT * FROM Msvm_MemorySettingData WHERE InstanceID LIKE '%\\\\Default'", 1},
        {"SELECT * FROM Msvm_MemorySettingData WHERE InstanceID LIKE '%Maximum'", 1},
        {"SELECT * FROM Msvm_ResourcePool WHERE ResourceSubType='Microsoft:Hyper-V:GPU Partition' "
         "AND "
         "Primordial=TRUE",
         1},
        {"SELECT * FROM Msvm_ResourcePool WHERE ResourceSubType='Microsoft:Hyper-V:Processor'", 0},
        {"SELECT * FROM Msvm_ProcessorPool", 1},
        {"SELECT * FROM Msvm_PartitionableGpu WHERE "
         "Name='\\\\\\\\?\\\\PCI#VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1#4&2283F625&0&0008#{"
         "064092b3-625e-"
         "43bf-9eb5-dc845897dd59}\\\\GPUPARAV'",
         1},
        {"SELECT * FROM Msvm_ShutdownComponent", 1},
        {"SELECT * FROM Msvm_SettingsDefineState", 1},
        {"ASSOCIATORS OF {" VM "} WHERE AssocClass=Msvm_SettingsDefineState "
         "ResultClass=Msvm_VirtualSystemSettingData",
         1},
        {"ASSOCIATORS OF {\\\\.\\ROOT\\virtualization\\V2:" VM "} WHERE "
         "AssocClass=Msvm_SnapshotOfVirtualSystem",
         1},
        {"ASSOCIATORS OF {" VM "} WHERE AssocClass=Msvm_SystemDevice "
         "ResultClass=Msvm_HeartbeatComponent ResultRole=PartComponent",
         1},
        {"ASSOCIATORS OF {" VM "} WHERE AssocClass=Msvm_SystemDevice Role=PartComponent", 0},
        {"ASSOCIATORS OF {" VSSD "} WHERE ResultClass=Msvm_MemorySettingData", 1},
        {"ASSOCIATORS OF {" VSSD "} WHERE AssocClass=Msvm_VirtualSystemSettingDataComponent "
         "ResultClass=Msvm_SecuritySettingData",
         1},
        {"ASSOCIATORS OF {" VSSD "} WHERE AssocClass=Msvm_BootSourceComponent", 1},
        {"REFERENCES OF {" VM "} WHERE ResultClass=Msvm_SettingsDefineState", 1},
        {"ASSOCIATORS OF {Msvm_VirtualSystemManagementCapabilities.InstanceID=\"Microsoft:"
         "VirtualSystemManagementCapabilities\"} WHERE AssocClass=Msvm_SettingsDefineCapabilities "
         "ResultClass=Msvm_VirtualSystemSettingData",
         8},
    };
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t count = client_count(services, rows[i].query);

        if (count != rows[i].count)
            print_error("%zu: %s\n", count, rows[i].query);
        assert_int_equal(count, rows[i].count);
    }
    IWbemServices_Release(services);
}

static void wrong_queries_are_refused(void **state)
{
    static const struct {
        const char *query;
        HRESULT result;
    } rows[] = {
        {"SELECT", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_Nothing", (HRESULT)WBEM_E_INVALID_CLASS},
        {"SELECT Nothing FROM Msvm_ComputerSystem", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Nothing=1", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name=5", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE EnabledState='on'",
         (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name='it''s'", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE Name='open", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE (Name='x'", (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem WHERE OperationalStatus=2",
         (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_MemorySettingData WHERE InstanceID LIKE '%\\Default'",
         (HRESULT)WBEM_E_INVALID_QUERY},
        {"SELECT * FROM Msvm_ComputerSystem; DROP", (HRESULT)WBEM_E_INVALID_QUERY},
        {"ASSOCIATORS OF {" VM "} WHERE Name='x'", (HRESULT)WBEM_E_INVALID_QUERY},
        {"ASSOCIATORS OF {" VM "} WHERE AssocClass=Msvm_Nothing", (HRESULT)WBEM_E_INVALID_CLASS},
        {"ASSOCIATORS OF {Msvm_ComputerSystem}", (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"ASSOCIATORS OF {Msvm_ComputerSystem.Name=\"x\"}", (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"ASSOCIATORS OF "
         "{Msvm_ComputerSystem.CreationClassName=\"Msvm_ComputerSystem\",Name=\"x\"}",
         (HRESULT)WBEM_E_NOT_FOUND},
        {"SELECT * FROM __InstanceModificationEvent WITHIN 1", (HRESULT)WBEM_E_INVALID_QUERY},
    };
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct objects found;
        HRESULT result = client_query(services, rows[i].query, &found);

        if (result != rows[i].result)
            print_error("%08lx: %s\n", (unsigned long)result, rows[i].query);
        assert_result(result, rows[i].result);
    }
    IWbemServices_Release(services);
}

static void paths_must_be_escaped_and_whole(void **state)
{
    static const struct {
        const char *path;
        HRESULT result;
    } rows[] = {
        {VM, S_OK},
        {"\\\\TESTHOST\\root\\virtualization\\v2:" VM, S_OK},
        {"\\\\testhost\\ROOT\\VIRTUALIZATION\\V2:" VM, S_OK},
        {VSSD, S_OK},
        {"Msvm_VirtualSystemSettingData.InstanceID=\"Microsoft:"
         "Definition\\\\VirtualSystem\\\\Default\"",
         S_OK},
        {"Msvm_VirtualSystemSettingData.InstanceID=\"Microsoft:"
         "Definition\\VirtualSystem\\Default\"",
         (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"Msvm_VirtualSystemSettingData.InstanceID='Microsoft:" ID "'", S_OK},
        {"Msvm_VirtualSystemSettingData=\"Microsoft:" ID "\"", S_OK},
        {"Msvm_VirtualSystemSettingData.InstanceID=Microsoft", (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"Msvm_VirtualSystemSettingData.InstanceID=\"Microsoft:" ID,
         (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"Msvm_VirtualSystemSettingData.ElementName=\"seeded\"",
         (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"Msvm_VirtualSystemSettingData.InstanceID=\"Microsoft:none\"", (HRESULT)WBEM_E_NOT_FOUND},
        {"Msvm_ComputerSystem.Name=\"" ID "\"", (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
        {"\\\\OTHER\\root\\virtualization\\v2:" VM, (HRESULT)WBEM_E_NOT_FOUND},
        {"\\\\TESTHOST\\root\\cimv2:" VM, (HRESULT)WBEM_E_NOT_FOUND},
        {"?", (HRESULT)WBEM_E_INVALID_OBJECT_PATH},
    };
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        IWbemClassObject *object = NULL;
        HRESULT result = client_get(services, rows[i].path, &object);

        if (result != rows[i].result)
            print_error("%08lx: %s\n", (unsigned long)result, rows[i].path);
        assert_result(result, rows[i].result);
        if (object)
            IWbemClassObject_Release(object);
    }
    IWbemServices_Release(services);
}

static void names_that_windows_translates_are_no_names(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row;

    (void)state;
    emulator_set("", "UpperRoot", 1);
    assert_result(client_get(services, VM, &row), S_OK);
    assert_non_null(strstr(object_own_path(row), "\\ROOT\\virtualization\\v2:"));
    IWbemClassObject_Release(row);
    emulator_unset("", "UpperRoot");
    row = machine_own_settings(services, VM);
    assert_non_null(strstr(object_element(row, L"BootSourceOrder", 0), "\\root\\"));
    IWbemClassObject_Release(row);
    emulator_set("", "Language", 1);
    emulator_set("jobfault", "RequestStateChange", 32768);
    assert_int_equal(machine_request(services, VM, 9).error, 32768);
    emulator_unset("jobfault", "RequestStateChange");
    emulator_unset("", "Language");
    row = client_one(services, "SELECT * FROM Msvm_ConcreteJob WHERE JobState=10");
    assert_null(strstr(object_string(row, L"ErrorDescription"), "fault"));
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

/* Pool, capabilities, template: the long way of hyperv-wmi.md §7.3. */
static void templates_are_found_from_their_pool(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *pool = client_one(services,
                                        "SELECT * FROM Msvm_ResourcePool WHERE ResourceSubType="
                                        "'Microsoft:Hyper-V:GPU Partition' AND Primordial=TRUE");
    IWbemClassObject *capabilities, *found;
    struct objects links;
    char query[1024];
    size_t defaults = 0;

    (void)state;
    snprintf(query,
             sizeof(query),
             "ASSOCIATORS OF {%s} WHERE AssocClass=Msvm_ElementCapabilities "
             "ResultClass=Msvm_AllocationCapabilities",
             object_own_path(pool));
    capabilities = client_one(services, query);
    snprintf(query,
             sizeof(query),
             "REFERENCES OF {%s} WHERE ResultClass=Msvm_SettingsDefineCapabilities",
             object_own_path(capabilities));
    assert_result(client_query(services, query, &links), S_OK);
    assert_int_equal(links.count, 3);
    for (ULONG i = 0; i < links.count; i++) {
        if (object_long(links.rows[i], L"ValueRole") || object_long(links.rows[i], L"ValueRange"))
            continue;
        defaults++;
        assert_result(client_get(services, object_string(links.rows[i], L"PartComponent"), &found),
                      S_OK);
        assert_int_equal(object_long(found, L"ResourceType"), 32770);
        assert_non_null(strstr(object_string(found, L"InstanceID"), "\\Default"));
        IWbemClassObject_Release(found);
    }
    assert_int_equal(defaults, 1);
    objects_done(&links);
    IWbemClassObject_Release(pool);
    IWbemClassObject_Release(capabilities);
    IWbemServices_Release(services);
}

static HRESULT
watch(IWbemServices *services, const wchar_t *text, IEnumWbemClassObject **ret_events)
{
    BSTR language = SysAllocString(L"WQL"), query = SysAllocString(text);
    HRESULT result =
        IWbemServices_ExecNotificationQuery(services, language, query, 0x30, NULL, ret_events);

    SysFreeString(language);
    SysFreeString(query);
    if (SUCCEEDED(result))
        client_blanket(*ret_events);
    return result;
}

static void a_change_of_state_is_an_event(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IEnumWbemClassObject *events;
    IWbemClassObject *event = NULL, *target;
    VARIANT value;
    ULONG count;

    (void)state;
    assert_result(watch(services, L"SELECT * FROM __InstanceModificationEvent", &events),
                  WBEM_E_PROVIDER_NOT_CAPABLE);
    assert_result(watch(services, L"SELECT * FROM Msvm_ComputerSystem WITHIN 1", &events),
                  WBEM_E_UNPARSABLE_QUERY);
    assert_result(
        watch(services,
              L"SELECT * FROM __InstanceModificationEvent WITHIN 0.05 WHERE TargetInstance "
              L"ISA 'Msvm_ComputerSystem' AND TargetInstance.EnabledState <> "
              L"PreviousInstance.EnabledState",
              &events),
        S_OK);
    assert_result(IEnumWbemClassObject_Next(events, 100, 1, &event, &count), WBEM_S_TIMEDOUT);
    machine_request(services, VM, 9);
    assert_result(IEnumWbemClassObject_Next(events, 3000, 1, &event, &count), S_OK);
    assert_result(IWbemClassObject_Get(event, L"TargetInstance", 0, &value, NULL, NULL), S_OK);
    assert_int_equal(V_VT(&value), VT_UNKNOWN);
    target = (IWbemClassObject *)(void *)V_UNKNOWN(&value);
    assert_int_equal(object_long(target, L"EnabledState"), 9);
    VariantClear(&value);
    IWbemClassObject_Release(event);
    IEnumWbemClassObject_Release(events);
    machine_request(services, VM, 2);
    assert_int_equal(machine_wait(services, VM, 2), 2);
    IWbemServices_Release(services);
}

/* The seed has 64 machines: what `status` asks for stays quick. */
static void many_machines_are_told_at_once(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    ULONGLONG began = GetTickCount64();

    (void)state;
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_ComputerSystem"), 65);
    assert_int_equal(client_count(services,
                                  "SELECT * FROM Msvm_VirtualSystemSettingData WHERE "
                                  "VirtualSystemType='Microsoft:Hyper-V:System:Realized'"),
                     64);
    assert_int_equal(client_count(services,
                                  "SELECT * FROM Msvm_MemorySettingData WHERE InstanceID LIKE "
                                  "'Microsoft:________-%'"),
                     64);
    print_message("%llu ms for three queries\n", GetTickCount64() - began);
    IWbemServices_Release(services);
}

int check_many(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_machines_are_told_at_once)};

    return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}

int check_query(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_find_what_they_ask_for),
        cmocka_unit_test(wrong_queries_are_refused),
        cmocka_unit_test(paths_must_be_escaped_and_whole),
        cmocka_unit_test(names_that_windows_translates_are_no_names),
        cmocka_unit_test(templates_are_found_from_their_pool),
        cmocka_unit_test(a_change_of_state_is_an_event),
    };

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
