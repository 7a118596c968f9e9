/* What Hyper-V refuses, and how: hyperv-wmi.md §3, §7 to §15, §22, §24. Each test makes its own
 * machine. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "Msvm_VirtualSystemManagementService"
#define DISK    "C:\\emulator\\hyperv\\refused.vhdx"

enum { FAILED_CODE = 32768, BAD_PARAMETER = 32773, BAD_STATE = 32775 };

/* Refused before anything begins. */
static void refused(struct outcome outcome, LONG value)
{
    assert_result(outcome.result, S_OK);
    assert_int_equal(outcome.value, value);
}

/* Refused by the job. */
static void failed(struct outcome outcome, LONG error)
{
    assert_result(outcome.result, S_OK);
    if (outcome.value != 4096 || outcome.state != 10 || outcome.error != error)
        print_error("value %ld state %ld error %ld\n", outcome.value, outcome.state, outcome.error);
    assert_int_equal(outcome.value, 4096);
    assert_int_equal(outcome.state, 10);
    assert_int_equal(outcome.error, error);
}

static void done(struct outcome outcome)
{
    assert_result(outcome.result, S_OK);
    if (outcome.value && (outcome.value != 4096 || outcome.state != 7))
        print_error("value %ld state %ld error %ld\n", outcome.value, outcome.state, outcome.error);
    assert_true(!outcome.value || (outcome.value == 4096 && outcome.state == 7));
}

static struct outcome define_with(IWbemServices *services, const char *text)
{
    IWbemClassObject *in = client_input(services, SERVICE, "DefineSystem");

    object_put(in, L"SystemSettings", value_text(text));
    return client_do(services, management(services), SERVICE, "DefineSystem", in, NULL);
}

static struct outcome add_text(IWbemServices *services, const char *vm, const char *text)
{
    IWbemClassObject *settings = machine_own_settings(services, vm);
    IWbemClassObject *in = client_input(services, SERVICE, "AddResourceSettings");

    object_put(in, L"AffectedConfiguration", value_text(object_own_path(settings)));
    object_put(in, L"ResourceSettings", value_one(text));
    IWbemClassObject_Release(settings);
    return client_do(services, management(services), SERVICE, "AddResourceSettings", in, NULL);
}

static void only_xml_of_the_right_class_is_taken(void **state)
{
    static const char *const texts[] = {
        "",
        "instance of Msvm_VirtualSystemSettingData\n{\n\tElementName = \"x\";\n};\n",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\">",
        "<INSTANCE CLASSNAME=\"Msvm_Nothing\"></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_MemorySettingData\"></INSTANCE>",
        "<INSTANCE CLASSNAME=\"CIM_VirtualSystemSettingData\"></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"Nothing\" "
        "TYPE=\"string\"><VALUE>x</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"LowMmioGapSize\" "
        "TYPE=\"uint32\"><VALUE>128</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"LowMmioGapSize\" "
        "TYPE=\"uint64\"><VALUE>much</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"BootSourceOrder\" "
        "TYPE=\"string\"><VALUE>x</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"></INSTANCE>trailing",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"ElementName\" "
        "TYPE=\"string\"><VALUE>a & b</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY "
        "NAME=\"VirtualSystemSubType\" "
        "TYPE=\"string\"><VALUE>Microsoft:Hyper-V:SubType:3</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"Version\" "
        "TYPE=\"string\"><VALUE>99.0</VALUE></PROPERTY></INSTANCE>",
    };
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refused(define_with(services, texts[i]), BAD_PARAMETER);
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_ComputerSystem"), 1);
    /* what hand-written text may leave out */
    done(define_with(
        services,
        "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY "
        "NAME=\"ElementName\" TYPE=\"string\"><VALUE>a &amp; b</VALUE></PROPERTY><PROPERTY "
        "NAME=\"Version\" TYPE=\"string\"></PROPERTY></INSTANCE>"));
    assert_int_equal(
        client_count(services, "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='a & b'"), 1);
    IWbemServices_Release(services);
}

static void a_place_that_cannot_be_fails_in_the_job(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    size_t before = client_count(services, "SELECT * FROM Msvm_ComputerSystem");

    (void)state;
    failed(define_with(
               services,
               "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY "
               "NAME=\"ConfigurationDataRoot\" TYPE=\"string\"><VALUE>relative</VALUE></PROPERTY>"
               "</INSTANCE>"),
           FAILED_CODE);
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_ComputerSystem"), before);
    IWbemServices_Release(services);
}

static void methods_take_their_own_inputs_only(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *in = client_input(services, SERVICE, "DestroySystem"), *out;
    const char *path = management(services), *host;
    IWbemClassObject *row;

    (void)state;
    assert_result(object_put(in, L"Affected", value_text("x")), WBEM_E_NOT_FOUND);
    assert_result(object_put(in, L"Job", value_text("x")), WBEM_E_NOT_FOUND);
    assert_result(client_call(services, path, "DefineSystem", in, &out),
                  WBEM_E_INVALID_METHOD_PARAMETERS);
    assert_result(client_call(services, path, "DestroySystem", NULL, &out),
                  WBEM_E_INVALID_METHOD_PARAMETERS);
    assert_result(client_call(services, path, "CreateSystem", in, &out), WBEM_E_INVALID_METHOD);
    assert_result(client_call(services, SERVICE, "DestroySystem", in, &out),
                  WBEM_E_INVALID_OBJECT_PATH);
    assert_result(
        client_call(services, "Msvm_ComputerSystem.Name=\"x\"", "RequestStateChange", in, &out),
        WBEM_E_INVALID_OBJECT_PATH);
    refused(client_do(services, path, SERVICE, "DestroySystem", in, NULL), BAD_PARAMETER);
    row = client_one(services, "SELECT * FROM Msvm_ComputerSystem WHERE Name='TESTHOST'");
    host = object_own_path(row);
    IWbemClassObject_Release(row);
    refused(machine_destroy(services, host), BAD_PARAMETER);
    refused(machine_request(services, host, 3), 32770);
    IWbemServices_Release(services);
}

static void bare_resources_fail_in_the_job(void **state)
{
    static const char *const texts[] = {
        "<INSTANCE CLASSNAME=\"Msvm_GpuPartitionSettingData\"></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_GpuPartitionSettingData\"><PROPERTY NAME=\"ResourceSubType\" "
        "TYPE=\"string\"><VALUE>Microsoft:Hyper-V:GPU Partition</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_SyntheticEthernetPortSettingData\"></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_ResourceAllocationSettingData\"><PROPERTY "
        "NAME=\"ResourceType\" "
        "TYPE=\"uint16\"><VALUE>6</VALUE></PROPERTY><PROPERTY NAME=\"ResourceSubType\" "
        "TYPE=\"string\"><VALUE>Microsoft:Hyper-V:Synthetic SCSI "
        "Controller</VALUE></PROPERTY></INSTANCE>",
        "<INSTANCE CLASSNAME=\"Msvm_ResourceAllocationSettingData\"><PROPERTY "
        "NAME=\"ResourceType\" "
        "TYPE=\"uint16\"><VALUE>34</VALUE></PROPERTY><PROPERTY NAME=\"ResourceSubType\" "
        "TYPE=\"string\"><VALUE>Microsoft:Hyper-V:TPM</VALUE></PROPERTY></INSTANCE>",
    };
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "bare");

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        failed(add_text(services, vm, texts[i]), BAD_PARAMETER);
    /* type and sub type by hand are enough for this one */
    done(add_text(
        services,
        vm,
        "<INSTANCE CLASSNAME=\"Msvm_GpuPartitionSettingData\"><PROPERTY NAME=\"ResourceType\" "
        "TYPE=\"uint16\"><VALUE>32770</VALUE></PROPERTY><PROPERTY NAME=\"ResourceSubType\" "
        "TYPE=\"string\"><VALUE>Microsoft:Hyper-V:GPU Partition</VALUE></PROPERTY></INSTANCE>"));
    IWbemServices_Release(services);
}

static IWbemClassObject *
slot(IWbemServices *services, const char *sub_type, const char *parent, const char *place)
{
    IWbemClassObject *row = template_of(services, "Msvm_ResourceAllocationSettingData", sub_type);

    if (parent)
        object_put(row, L"Parent", value_text(parent));
    if (place)
        object_put(row, L"AddressOnParent", value_text(place));
    return row;
}

static IWbemClassObject *
media(IWbemServices *services, const char *sub_type, const char *parent, const char *file)
{
    IWbemClassObject *row = template_of(services, "Msvm_StorageAllocationSettingData", sub_type);

    object_put(row, L"Parent", value_text(parent));
    if (file)
        object_put(row, L"HostResource", value_one(file));
    return row;
}

static void write_file(const char *path)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    fclose(file);
}

static void storage_is_built_from_the_controller_up(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "storage"), *controller = NULL, *drive = NULL,
               *dvd = NULL;
    IWbemClassObject *row;

    (void)state;
    failed(machine_add(services, vm, slot(services, "Synthetic Disk Drive", NULL, "0"), NULL),
           BAD_PARAMETER);
    done(machine_add(
        services, vm, slot(services, "Synthetic SCSI Controller", NULL, NULL), &controller));
    failed(machine_add(services, vm, media(services, "Virtual Hard Disk", controller, DISK), NULL),
           FAILED_CODE);
    failed(
        machine_add(services, vm, slot(services, "Synthetic Disk Drive", controller, "64"), NULL),
        BAD_PARAMETER);
    done(
        machine_add(services, vm, slot(services, "Synthetic Disk Drive", controller, "0"), &drive));
    failed(machine_add(services, vm, slot(services, "Synthetic DVD Drive", controller, "0"), NULL),
           BAD_PARAMETER);
    done(machine_add(services, vm, slot(services, "Synthetic DVD Drive", controller, "1"), &dvd));
    failed(machine_add(services, vm, media(services, "Virtual Hard Disk", drive, NULL), NULL),
           BAD_PARAMETER);
    failed(machine_add(services, vm, media(services, "Virtual Hard Disk", drive, DISK), NULL),
           FAILED_CODE);
    write_file(DISK);
    failed(machine_add(services, vm, media(services, "Virtual Hard Disk", dvd, DISK), NULL),
           FAILED_CODE);
    row = media(services, "Virtual Hard Disk", drive, NULL);
    assert_result(object_put(row, L"HostResource", value_text(DISK)), WBEM_E_TYPE_MISMATCH);
    IWbemClassObject_Release(row);
    done(machine_add(services, vm, media(services, "Virtual Hard Disk", drive, DISK), NULL));
    failed(machine_add(services, vm, media(services, "Virtual Hard Disk", drive, DISK), NULL),
           BAD_PARAMETER);
    for (int i = 1; i < 4; i++)
        done(machine_add(
            services, vm, slot(services, "Synthetic SCSI Controller", NULL, NULL), NULL));
    failed(machine_add(services, vm, slot(services, "Synthetic SCSI Controller", NULL, NULL), NULL),
           BAD_PARAMETER);
    IWbemServices_Release(services);
}

static struct outcome add_gpu(IWbemServices *services, const char *vm, const char *host_resource)
{
    IWbemClassObject *row = template_of(services, "Msvm_GpuPartitionSettingData", "GPU Partition");

    if (host_resource)
        object_put(row, L"HostResource", value_one(host_resource));
    return machine_add(services, vm, row, NULL);
}

static void a_gpu_is_named_by_its_path(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "gpu"), *path, *name;
    IWbemClassObject *gpu = client_one(services, "SELECT * FROM Msvm_PartitionableGpu"), *row;

    (void)state;
    name = object_string(gpu, L"Name");
    path = object_own_path(gpu);
    IWbemClassObject_Release(gpu);
    failed(add_gpu(services, vm, name), FAILED_CODE);
    row = template_of(services, "Msvm_GpuPartitionSettingData", "GPU Partition");
    object_put(row, L"MinPartitionVRAM", value_text("1"));
    object_put(row, L"MaxPartitionVRAM", value_text("1"));
    object_put(row, L"OptimalPartitionVRAM", value_text("1"));
    failed(machine_add(services, vm, row, NULL), BAD_PARAMETER);
    done(add_gpu(services, vm, path));
    row = machine_resource(services, vm, "Msvm_GpuPartitionSettingData");
    object_put(row, L"MinPartitionVRAM", value_text("1"));
    failed(machine_change(services, row), BAD_PARAMETER); /* only one of three */
    row = machine_resource(services, vm, "Msvm_GpuPartitionSettingData");
    object_put(row, L"MinPartitionVRAM", value_text("3"));
    object_put(row, L"OptimalPartitionVRAM", value_text("2"));
    object_put(row, L"MaxPartitionVRAM", value_text("4"));
    failed(machine_change(services, row), BAD_PARAMETER);
    row = machine_resource(services, vm, "Msvm_GpuPartitionSettingData");
    object_put(row, L"MinPartitionVRAM", value_text("1"));
    object_put(row, L"OptimalPartitionVRAM", value_text("1"));
    object_put(row, L"MaxPartitionVRAM", value_text("18446744073709551615"));
    failed(machine_change(services, row), BAD_PARAMETER);
    done(machine_request(services, vm, 2));
    assert_int_equal(machine_wait(services, vm, 2), 2);
    refused(add_gpu(services, vm, path), BAD_STATE);
    failed(machine_request(services, vm, 6), FAILED_CODE); /* cannot be saved */
    done(machine_request(services, vm, 3));
    assert_int_equal(machine_wait(services, vm, 3), 3);
    IWbemServices_Release(services);
}

static void a_card_that_was_taken_out_takes_its_partitions_along(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "gone"), *path = NULL;
    IWbemClassObject *gpu = client_one(services, "SELECT * FROM Msvm_PartitionableGpu"), *in;
    IWbemClassObject *row = template_of(services, "Msvm_GpuPartitionSettingData", "GPU Partition");

    (void)state;
    object_put(row, L"HostResource", value_one(object_own_path(gpu)));
    IWbemClassObject_Release(gpu);
    done(machine_add(services, vm, row, &path));
    emulator_set_text("HideGpu", L"VEN_10DE");
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_PartitionableGpu"), 0);
    assert_result(client_get(services, path, &row), WBEM_E_NOT_FOUND);
    failed(machine_request(services, vm, 2), FAILED_CODE);
    in = client_input(services, SERVICE, "RemoveResourceSettings");
    object_put(in, L"ResourceSettings", value_one(path));
    refused(client_do(services, management(services), SERVICE, "RemoveResourceSettings", in, NULL),
            BAD_PARAMETER);
    emulator_unset("", "HideGpu");
    in = client_input(services, SERVICE, "RemoveResourceSettings");
    object_put(in, L"ResourceSettings", value_one(path));
    done(client_do(services, management(services), SERVICE, "RemoveResourceSettings", in, NULL));
    assert_result(client_get(services, path, &row), WBEM_E_NOT_FOUND);
    done(machine_destroy(services, vm));
    IWbemServices_Release(services);
}

static void dynamic_memory_needs_numa_off(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "memory");
    IWbemClassObject *row = machine_resource(services, vm, "Msvm_MemorySettingData");

    (void)state;
    object_put(row, L"DynamicMemoryEnabled", value_bool(true));
    failed(machine_change(services, row), BAD_PARAMETER);
    row = machine_own_settings(services, vm);
    object_put(row, L"VirtualNumaEnabled", value_bool(false));
    done(machine_change_settings(services, row));
    row = machine_resource(services, vm, "Msvm_MemorySettingData");
    object_put(row, L"DynamicMemoryEnabled", value_bool(true));
    done(machine_change(services, row));
    row = machine_resource(services, vm, "Msvm_MemorySettingData");
    object_put(row, L"VirtualQuantity", value_text("1023"));
    failed(machine_change(services, row), BAD_PARAMETER);
    row = machine_resource(services, vm, "Msvm_ProcessorSettingData");
    object_put(row, L"VirtualQuantity", value_text("0"));
    failed(machine_change(services, row), BAD_PARAMETER);
    IWbemServices_Release(services);
}

static struct outcome
change_setting(IWbemServices *services, const char *vm, const wchar_t *name, VARIANT value)
{
    IWbemClassObject *settings = machine_own_settings(services, vm);

    assert_result(object_put(settings, name, value), S_OK);
    return machine_change_settings(services, settings);
}

static void settings_have_their_range(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "range");
    IWbemClassObject *settings;

    (void)state;
    failed(change_setting(services, vm, L"LowMmioGapSize", value_text("64")), BAD_PARAMETER);
    failed(change_setting(services, vm, L"LowMmioGapSize", value_text("4096")), BAD_PARAMETER);
    failed(change_setting(services, vm, L"AutomaticShutdownAction", value_long(1)), BAD_PARAMETER);
    failed(change_setting(services, vm, L"UserSnapshotType", value_long(1)), BAD_PARAMETER);
    failed(change_setting(
               services, vm, L"VirtualSystemSubType", value_text("Microsoft:Hyper-V:SubType:1")),
           BAD_PARAMETER);
    failed(change_setting(services, vm, L"BootSourceOrder", value_one("nothing")), FAILED_CODE);
    refused(change_setting(services, vm, L"InstanceID", value_text("Microsoft:none")),
            BAD_PARAMETER);
    settings = machine_own_settings(services, vm);
    assert_string_equal(object_string(settings, L"LowMmioGapSize"), "128");
    assert_string_equal(object_string(settings, L"SecureBootTemplateId"),
                        "1734C6E8-3154-4DDA-BA5F-A874CC483422");
    IWbemClassObject_Release(settings);
    done(change_setting(services, vm, L"Notes", value_one("gpupv:1")));
    done(change_setting(services, vm, L"Notes", value_list((const char *const[]){NULL})));
    settings = machine_own_settings(services, vm);
    assert_string_equal(object_element(settings, L"Notes", 0), "gpupv:1");
    IWbemClassObject_Release(settings);
    IWbemServices_Release(services);
}

static void much_needs_the_machine_off(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "state");
    IWbemClassObject *row;

    (void)state;
    refused(machine_request(services, vm, 3), BAD_STATE);
    refused(machine_request(services, vm, 32773), BAD_PARAMETER);
    done(machine_request(services, vm, 2));
    refused(machine_request(services, vm, 2), BAD_STATE); /* or not told yet */
    assert_int_equal(machine_wait(services, vm, 2), 2);
    refused(machine_request(services, vm, 2), BAD_STATE);
    refused(machine_destroy(services, vm), BAD_STATE);
    refused(change_setting(services, vm, L"HighMmioGapSize", value_text("32768")), BAD_STATE);
    refused(change_setting(services, vm, L"GuestControlledCacheTypes", value_bool(true)),
            BAD_STATE);
    done(change_setting(services, vm, L"Notes", value_one("while it runs")));
    row = machine_resource(services, vm, "Msvm_ProcessorSettingData");
    object_put(row, L"VirtualQuantity", value_text("2"));
    refused(machine_change(services, row), BAD_STATE);
    emulator_set("", "StateInJob", 1);
    failed(change_setting(services, vm, L"HighMmioGapSize", value_text("32768")), BAD_STATE);
    emulator_unset("", "StateInJob");
    done(machine_request(services, vm, 3));
    assert_int_equal(machine_wait(services, vm, 3), 3);
    done(machine_destroy(services, vm));
    IWbemServices_Release(services);
}

static void a_start_fails_in_its_job(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "starts");
    IWbemClassObject *row = machine_resource(services, vm, "Msvm_MemorySettingData");

    (void)state;
    object_put(row, L"VirtualQuantity", value_text("1048576"));
    done(machine_change(services, row));
    failed(machine_request(services, vm, 2), 32778);
    assert_int_equal(machine_wait(services, vm, 3), 3);
    emulator_set("", "BrokenStart", 32779);
    failed(machine_request(services, vm, 2), 32779);
    emulator_unset("", "BrokenStart");
    done(machine_destroy(services, vm));
    IWbemServices_Release(services);
}

static struct outcome protect(IWbemServices *services, const char *vm, const char *method, bool tpm)
{
    IWbemClassObject *row = machine_resource(services, vm, "Msvm_SecuritySettingData");
    IWbemClassObject *in = client_input(services, "Msvm_SecurityService", method);
    IWbemServices *guardians;
    IWbemClassObject *made, *make, *owner = NULL;
    VARIANT value;

    if (tpm)
        object_put(row, L"TpmEnabled", value_bool(true));
    object_put(in, L"SecuritySettingData", value_text(object_xml(row, 1)));
    IWbemClassObject_Release(row);
    if (!strcmp(method, "SetKeyProtector")) {
        guardians = client_open(L"root\\Microsoft\\Windows\\Hgs");
        make = client_input(guardians, "MSFT_HgsGuardian", "NewByGenerateCertificates");
        object_put(make, L"Name", value_text("UntrustedGuardian"));
        object_put(make, L"GenerateCertificates", value_bool(true));
        assert_result(
            client_call(guardians, "MSFT_HgsGuardian", "NewByGenerateCertificates", make, &made),
            S_OK);
        IWbemClassObject_Release(make);
        IWbemClassObject_Release(made);
        owner =
            client_one(guardians, "SELECT * FROM MSFT_HgsGuardian WHERE Name='UntrustedGuardian'");
        make = client_input(guardians, "MSFT_HgsKeyProtector", "NewByGuardians");
        VariantInit(&value);
        V_VT(&value) = VT_UNKNOWN;
        V_UNKNOWN(&value) = (IUnknown *)owner;
        assert_result(IWbemClassObject_Put(make, L"Owner", 0, &value, 0), S_OK);
        IWbemClassObject_Release(owner);
        object_put(make, L"AllowUntrustedRoot", value_bool(true));
        assert_result(client_call(guardians, "MSFT_HgsKeyProtector", "NewByGuardians", make, &made),
                      S_OK);
        IWbemClassObject_Release(make);
        assert_result(IWbemClassObject_Get(made, L"cmdletOutput", 0, &value, NULL, NULL), S_OK);
        IWbemClassObject_Release(made);
        made = (IWbemClassObject *)(void *)V_UNKNOWN(&value);
        {
            VARIANT bytes;

            assert_result(IWbemClassObject_Get(made, L"RawData", 0, &bytes, NULL, NULL), S_OK);
            assert_int_equal(V_VT(&bytes), VT_ARRAY | VT_UI1);
            assert_result(IWbemClassObject_Put(in, L"KeyProtector", 0, &bytes, 0), S_OK);
            VariantClear(&bytes);
        }
        VariantClear(&value);
        IWbemServices_Release(guardians);
    }
    return client_do(services,
                     singleton(services, "Msvm_SecurityService"),
                     "Msvm_SecurityService",
                     method,
                     in,
                     NULL);
}

static void a_tpm_needs_its_key_protector_first(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "tpm");
    char query[256];

    (void)state;
    failed(protect(services, vm, "ModifySecuritySettings", true), FAILED_CODE);
    done(protect(services, vm, "SetKeyProtector", false));
    done(protect(services, vm, "ModifySecuritySettings", true));
    snprintf(query,
             sizeof(query),
             "SELECT * FROM Msvm_ResourceAllocationSettingData WHERE "
             "ResourceSubType='Microsoft:Hyper-V:TPM' AND ResourceType=34");
    assert_int_equal(client_count(services, query), 1);
    done(machine_request(services, vm, 2));
    assert_int_equal(machine_wait(services, vm, 2), 2);
    refused(protect(services, vm, "ModifySecuritySettings", true), BAD_STATE);
    done(machine_request(services, vm, 3));
    assert_int_equal(machine_wait(services, vm, 3), 3);
    failed(change_setting(services,
                          vm,
                          L"SecureBootTemplateId",
                          value_text("272e7447-90a4-4563-a4b9-8e4ab00526ce")),
           FAILED_CODE);
    done(machine_destroy(services, vm));
    IWbemServices_Release(services);
}

static void only_the_count_of_partitions_is_written_directly(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *gpu = client_one(services, "SELECT * FROM Msvm_PartitionableGpu");
    IWbemClassObject *host =
        client_one(services, "SELECT * FROM Msvm_ComputerSystem WHERE Name='TESTHOST'");

    (void)state;
    object_put(gpu, L"PartitionCount", value_long(32));
    assert_result(IWbemServices_PutInstance(services, gpu, WBEM_FLAG_UPDATE_ONLY, NULL, NULL),
                  S_OK);
    object_put(gpu, L"PartitionCount", value_long(3));
    assert_result(IWbemServices_PutInstance(services, gpu, WBEM_FLAG_UPDATE_ONLY, NULL, NULL),
                  WBEM_E_INVALID_PARAMETER);
    assert_result(IWbemServices_PutInstance(services, host, WBEM_FLAG_UPDATE_ONLY, NULL, NULL),
                  WBEM_E_PROVIDER_NOT_CAPABLE);
    IWbemClassObject_Release(gpu);
    IWbemClassObject_Release(host);
    IWbemServices_Release(services);
}

int check_resource(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_xml_of_the_right_class_is_taken),
        cmocka_unit_test(a_place_that_cannot_be_fails_in_the_job),
        cmocka_unit_test(methods_take_their_own_inputs_only),
        cmocka_unit_test(bare_resources_fail_in_the_job),
        cmocka_unit_test(storage_is_built_from_the_controller_up),
        cmocka_unit_test(a_gpu_is_named_by_its_path),
        cmocka_unit_test(a_card_that_was_taken_out_takes_its_partitions_along),
        cmocka_unit_test(dynamic_memory_needs_numa_off),
        cmocka_unit_test(settings_have_their_range),
        cmocka_unit_test(much_needs_the_machine_off),
        cmocka_unit_test(a_start_fails_in_its_job),
        cmocka_unit_test(a_tpm_needs_its_key_protector_first),
        cmocka_unit_test(only_the_count_of_partitions_is_written_directly),
    };

    return cmocka_run_group_tests_name("resource", tests, NULL, NULL);
}
