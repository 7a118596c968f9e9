/* See cimv2.h. Facts: hyperv-wmi.md §5. */
#include "cimv2.h"

#include "hyperv.h"
#include "store.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *class, *values;
} rows[] = {
    {"Win32_ComputerSystem",
     "HypervisorPresent=true;Manufacturer=Contoso;Model=Desktop;PCSystemType=1;"
     "NumberOfLogicalProcessors=16;"
     "NumberOfProcessors=1;TotalPhysicalMemory=34359738368;SystemType=x64-based PC"},
    {"Win32_Processor",
     "DeviceID=CPU0;Name=Intel(R) Core(TM) "
     "i9;Manufacturer=GenuineIntel;AddressWidth=64;DataWidth=64;"
     "NumberOfCores=8;NumberOfLogicalProcessors=16;VirtualizationFirmwareEnabled=false;"
     "SecondLevelAddressTranslationExtensions=false;VMMonitorModeExtensions=false"},
    {"Win32_OptionalFeature", "Name=Microsoft-Hyper-V-All;InstallState=1"},
    {"Win32_OptionalFeature", "Name=Microsoft-Hyper-V;InstallState=1"},
    {"Win32_OptionalFeature", "Name=VirtualMachinePlatform;InstallState=1"},
    {"Win32_OptionalFeature", "Name=HypervisorPlatform;InstallState=2"},
    {"Win32_Service",
     "Name=vmms;DisplayName=Hyper-V Virtual Machine Management;State=Running;"
     "StartMode=Auto;ProcessId=2100;Started=true;Status=OK"},
    {"Win32_Service",
     "Name=vmcompute;DisplayName=Hyper-V Host Compute Service;State=Running;"
     "StartMode=Manual;ProcessId=2104;Started=true;Status=OK"},
    {"Win32_Service",
     "Name=HvHost;DisplayName=HV Host Service;State=Running;StartMode=Manual;"
     "ProcessId=2108;Started=true;Status=OK"},
    {"Win32_VideoController",
     "DeviceID=VideoController1;Name=NVIDIA GeForce RTX 4070;"
     "PNPDeviceID=PCI\\VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1\\4&2283F625&0&0008;"
     "DriverVersion=32.0.15.6094;AdapterRAM=4293918720;ConfigManagerErrorCode=0;Status=OK;"
     "AdapterCompatibility=NVIDIA;InfFilename=oem12.inf"},
    {"Win32_PnPSignedDriver",
     "DeviceID=PCI\\VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1\\4&2283F625&0&0008;"
     "DeviceName=NVIDIA GeForce RTX "
     "4070;DriverVersion=32.0.15.6094;InfName=oem12.inf;IsSigned=true;"
     "DriverProviderName=NVIDIA;Manufacturer=NVIDIA;DeviceClass=DISPLAY"},
    {"Win32_PnPEntity",
     "DeviceID=PCI\\VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1\\4&2283F625&0&0008;"
     "Name=NVIDIA GeForce RTX "
     "4070;PNPClass=Display;Service=nvlddmkm;Status=OK;ConfigManagerErrorCode=0"},
    {"Win32_SystemDriver",
     "Name=nvlddmkm;State=Running;Started=true;PathName=C:"
     "\\Windows\\System32\\DriverStore\\FileRepository\\"
     "nv_dispi.inf_amd64_1234567890abcdef\\nvlddmkm.sys"},
};

static void add_system(void)
{
    cJSON *row = store_add("Win32_OperatingSystem");
    char *build = emulator_print("%u", emulator_build());
    char *version = emulator_print("10.0.%s", build);

    row_set_all(
        row,
        "Name=Microsoft Windows 11 Pro;OperatingSystemSKU=48;ProductType=1;OSArchitecture=64-bit;"
        "Caption=Microsoft Windows 11 Pro;TotalVisibleMemorySize=33554432;"
        "FreePhysicalMemory=25165824");
    row_set(row, "BuildNumber", build);
    row_set(row, "Version", version);
    free(build);
    free(version);
}

static void add_seeded(const cJSON *class)
{
    const cJSON *one, *value;

    cJSON_ArrayForEach(one, class)
    {
        cJSON *row = store_add(class->string);

        cJSON_ArrayForEach(value, one)
        {
            const struct schema_property *p = schema_property(row_class(row), value->string);

            if (!p || !value_fits(p->type, value))
                emulator_fail("seed.json: %s.%s", class->string, value->string);
            row_set_json(row, value->string, cJSON_Duplicate(value, true));
        }
    }
}

void cimv2_seed(const cJSON *seed)
{
    const cJSON *class;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (!cJSON_GetObjectItem(seed, rows[i].class))
            row_set_all(store_add(rows[i].class), rows[i].values);
    if (!cJSON_GetObjectItem(seed, "Win32_OperatingSystem"))
        add_system();
    cJSON_ArrayForEach(class, seed) add_seeded(class);
}
