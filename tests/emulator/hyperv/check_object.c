/* Objects: types, names, text. hyperv-wmi.md §1, §3, §22. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

static IWbemClassObject *spawn(IWbemServices *services, const char *class)
{
    IWbemClassObject *definition, *made;

    assert_result(client_get(services, class, &definition), S_OK);
    assert_result(IWbemClassObject_SpawnInstance(definition, 0, &made), S_OK);
    IWbemClassObject_Release(definition);
    return made;
}

static VARIANT of_type(VARTYPE type, LONG number)
{
    VARIANT value;

    VariantInit(&value);
    V_VT(&value) = type;
    V_I4(&value) = number;
    return value;
}

static void values_must_be_of_their_type(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = spawn(services, "Msvm_MemorySettingData");

    (void)state;
    assert_result(object_put(row, L"VirtualQuantity", value_text("4096")), S_OK);
    assert_result(object_put(row, L"VirtualQuantity", value_text("0x1000")), S_OK);
    assert_string_equal(object_string(row, L"VirtualQuantity"), "4096");
    assert_result(object_put(row, L"VirtualQuantity", value_long(4096)), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"VirtualQuantity", value_text("much")), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"VirtualQuantity", value_text("-1")), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"DynamicMemoryEnabled", value_long(1)), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"DynamicMemoryEnabled", value_bool(true)), S_OK);
    assert_result(object_put(row, L"ResourceType", value_long(4)), S_OK);
    assert_result(object_put(row, L"ResourceType", of_type(VT_UI2, 4)), S_OK);
    assert_result(object_put(row, L"ResourceType", value_long(65536)), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"ResourceType", value_text("4")), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"HostResource", value_text("C:\\x")), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"HostResource", value_one("C:\\x")), S_OK);
    assert_result(object_put(row, L"ElementName", value_one("x")), WBEM_E_TYPE_MISMATCH);
    assert_result(object_put(row, L"ElementName", value_null()), S_OK);
    assert_result(object_put(row, L"Weight", value_long(-1)), S_OK); /* 2^32 - 1 */
    assert_int_equal(object_long(row, L"Weight"), -1);
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

static void a_type_that_is_given_must_be_the_right_one(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = spawn(services, "Msvm_MemorySettingData");
    VARIANT value = value_text("4096");

    (void)state;
    assert_result(IWbemClassObject_Put(row, L"VirtualQuantity", 0, &value, CIM_UINT64), S_OK);
    assert_result(IWbemClassObject_Put(row, L"VirtualQuantity", 0, &value, CIM_STRING),
                  WBEM_E_TYPE_MISMATCH);
    VariantClear(&value);
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

static void names_must_be_those_of_the_class(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = spawn(services, "Msvm_GpuPartitionSettingData"), *class;
    VARIANT value;

    (void)state;
    assert_result(object_put(row, L"minpartitionvram", value_text("1")), S_OK);
    assert_result(object_put(row, L"MinimumVideoMemory", value_text("1")), WBEM_E_NOT_FOUND);
    assert_result(IWbemClassObject_Get(row, L"CurrentPartitionCount", 0, &value, NULL, NULL),
                  WBEM_E_NOT_FOUND);
    assert_result(object_put(row, L"__CLASS", value_text("X")), WBEM_E_READ_ONLY);
    IWbemClassObject_Release(row);
    assert_result(client_get(services, "Msvm_Nothing", &class), WBEM_E_INVALID_CLASS);
    assert_result(client_get(services, "Msvm_ComputerSystem", &class), S_OK);
    assert_result(IWbemClassObject_GetMethod(class, L"Start", 0, NULL, NULL), WBEM_E_NOT_FOUND);
    IWbemClassObject_Release(class);
    IWbemServices_Release(services);
}

static void properties_have_their_documented_variants(void **state)
{
    static const struct {
        const wchar_t *name;
        VARTYPE variant;
        CIMTYPE type;
    } rows[] = {
        {L"VirtualQuantity", VT_BSTR, CIM_UINT64},
        {L"ResourceType", VT_I4, CIM_UINT16},
        {L"Weight", VT_I4, CIM_UINT32},
        {L"DynamicMemoryEnabled", VT_BOOL, CIM_BOOLEAN},
        {L"HostResource", VT_NULL, CIM_STRING | CIM_FLAG_ARRAY},
        {L"__GENUS", VT_I4, CIM_SINT32},
        {L"__PATH", VT_BSTR, CIM_STRING},
        {L"__DERIVATION", VT_ARRAY | VT_BSTR, CIM_STRING | CIM_FLAG_ARRAY},
    };
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = template_of(services, "Msvm_MemorySettingData", "Memory");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        VARIANT value;
        CIMTYPE type;

        assert_result(IWbemClassObject_Get(row, rows[i].name, 0, &value, &type, NULL), S_OK);
        assert_int_equal(V_VT(&value), rows[i].variant);
        assert_int_equal(type, rows[i].type);
        VariantClear(&value);
    }
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

static void only_classes_make_instances_and_have_methods(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *host = client_one(services, "SELECT * FROM Msvm_ComputerSystem"), *class,
                     *made;

    (void)state;
    assert_result(IWbemClassObject_SpawnInstance(host, 0, &made), WBEM_E_INVALID_OPERATION);
    assert_result(IWbemClassObject_GetMethod(host, L"RequestStateChange", 0, NULL, NULL),
                  WBEM_E_ILLEGAL_OPERATION);
    IWbemClassObject_Release(host);
    assert_result(client_get(services, "CIM_SettingData", &class), S_OK);
    assert_result(IWbemClassObject_SpawnInstance(class, 0, &made), WBEM_E_INVALID_OPERATION);
    IWbemClassObject_Release(class);
    assert_result(client_get(services, "Msvm_Keyboard", &class), S_OK);
    assert_result(IWbemClassObject_GetMethod(class, L"TypeCtrlAltDel", 0, &made, NULL), S_OK);
    assert_null(made); /* no inputs */
    IWbemClassObject_Release(class);
    IWbemServices_Release(services);
}

static size_t count_names(IWbemClassObject *object, LONG flags)
{
    size_t count = 0;
    BSTR name;

    assert_result(IWbemClassObject_BeginEnumeration(object, flags), S_OK);
    while (IWbemClassObject_Next(object, 0, &name, NULL, NULL, NULL) == S_OK) {
        SysFreeString(name);
        count++;
    }
    IWbemClassObject_EndEnumeration(object);
    return count;
}

static void properties_can_be_enumerated(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *host = client_one(services, "SELECT * FROM Msvm_ComputerSystem");
    IWbemClassObject *part = client_one(services, "SELECT ElementName FROM Msvm_ComputerSystem");

    (void)state;
    assert_int_equal(count_names(host, WBEM_FLAG_KEYS_ONLY), 2);
    assert_int_equal(count_names(host, WBEM_FLAG_SYSTEM_ONLY), 10);
    assert_true(count_names(host, WBEM_FLAG_NONSYSTEM_ONLY) > 30);
    assert_int_equal(count_names(part, WBEM_FLAG_NONSYSTEM_ONLY), 1);
    assert_null(object_own_path(part));
    assert_result(IWbemClassObject_Next(part, 0, NULL, NULL, NULL, NULL), WBEM_E_UNEXPECTED);
    IWbemClassObject_Release(host);
    IWbemClassObject_Release(part);
    IWbemServices_Release(services);
}

static void text_has_all_that_methods_need(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = spawn(services, "Msvm_StorageAllocationSettingData");
    const char *plain, *full;

    (void)state;
    object_put(row, L"HostResource", value_one("C:\\a & b <c>\\disk.vhdx"));
    object_put(row, L"IOPSLimit", value_text("18446744073709551615"));
    object_put(row, L"IgnoreFlushes", value_bool(true));
    plain = object_xml(row, 1);
    full = object_xml(row, 2);
    assert_ptr_equal(strstr(plain, "<INSTANCE CLASSNAME=\"Msvm_StorageAllocationSettingData\">"),
                     plain);
    assert_non_null(
        strstr(plain,
               "<PROPERTY.ARRAY NAME=\"HostResource\" TYPE=\"string\"><VALUE.ARRAY><VALUE>"
               "C:\\a &amp; b &lt;c&gt;\\disk.vhdx</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>"));
    assert_non_null(
        strstr(plain,
               "<PROPERTY NAME=\"IOPSLimit\" TYPE=\"uint64\"><VALUE>18446744073709551615"
               "</VALUE></PROPERTY>"));
    assert_non_null(strstr(plain, "<PROPERTY NAME=\"Address\" TYPE=\"string\"></PROPERTY>"));
    assert_null(strstr(plain, "__CLASS"));
    assert_non_null(strstr(full, "__CLASS"));
    assert_non_null(strstr(full, "CLASSORIGIN=\"CIM_ResourceAllocationSettingData\""));
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

static void a_copy_goes_its_own_way(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = spawn(services, "Msvm_MemorySettingData"), *copy;

    (void)state;
    object_put(row, L"ElementName", value_text("one"));
    assert_result(IWbemClassObject_Clone(row, &copy), S_OK);
    assert_result(IWbemClassObject_CompareTo(row, 0, copy), WBEM_S_SAME);
    object_put(copy, L"ElementName", value_text("two"));
    assert_string_equal(object_string(row, L"ElementName"), "one");
    assert_result(IWbemClassObject_CompareTo(row, 0, copy), WBEM_S_DIFFERENT);
    IWbemClassObject_Release(row);
    IWbemClassObject_Release(copy);
    IWbemServices_Release(services);
}

static void qualifiers_tell_keys_and_types(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *class;
    IWbemQualifierSet *set;
    VARIANT value;

    (void)state;
    assert_result(client_get(services, "Msvm_ComputerSystem", &class), S_OK);
    assert_result(IWbemClassObject_GetPropertyQualifierSet(class, L"Name", &set), S_OK);
    assert_result(IWbemQualifierSet_Get(set, L"key", 0, NULL, NULL), S_OK);
    assert_result(IWbemQualifierSet_Get(set, L"write", 0, NULL, NULL), WBEM_E_NOT_FOUND);
    assert_result(IWbemQualifierSet_Get(set, L"CIMTYPE", 0, &value, NULL), S_OK);
    assert_true(!wcscmp(V_BSTR(&value), L"string"));
    VariantClear(&value);
    IWbemQualifierSet_Release(set);
    IWbemClassObject_Release(class);
    IWbemServices_Release(services);
}

static void an_older_windows_has_less(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row = spawn(services, "Msvm_GpuPartitionSettingData");

    (void)state;
    assert_result(object_put(row, L"MinPartitionVRAM", value_text("1")), S_OK);
    assert_result(object_put(row, L"NumaAwarePlacement", value_bool(true)), WBEM_E_NOT_FOUND);
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

int check_object(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_must_be_of_their_type),
        cmocka_unit_test(a_type_that_is_given_must_be_the_right_one),
        cmocka_unit_test(names_must_be_those_of_the_class),
        cmocka_unit_test(properties_have_their_documented_variants),
        cmocka_unit_test(only_classes_make_instances_and_have_methods),
        cmocka_unit_test(properties_can_be_enumerated),
        cmocka_unit_test(text_has_all_that_methods_need),
        cmocka_unit_test(a_copy_goes_its_own_way),
        cmocka_unit_test(qualifiers_tell_keys_and_types),
    };

    return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}

int check_old(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_windows_has_less),
    };

    return cmocka_run_group_tests_name("old", tests, NULL, NULL);
}
