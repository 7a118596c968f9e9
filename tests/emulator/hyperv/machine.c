/* See machine.h. Facts: hyperv-wmi.md §6, §7.2, §15 (MicrosoftDocs; live hosts). */
#include "machine.h"

#include "clock_text.h"
#include "hyperv.h"
#include "resource.h"
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char settings_defaults[] =
    "Caption=Virtual Machine Settings;Description=Active settings for the virtual machine.;"
    "VirtualSystemType=" TYPE_REALIZED ";VirtualSystemSubType=Microsoft:Hyper-V:SubType:1;"
    "AutomaticStartupAction=3;AutomaticStartupActionDelay=00000000000000.000000:000;"
    "AutomaticShutdownAction=3;AutomaticRecoveryAction=3;AutomaticCriticalErrorAction=1;"
    "AutomaticCriticalErrorActionTimeout=00000000003000.000000:000;UserSnapshotType=3;"
    "AutomaticSnapshotsEnabled=true;IsAutomaticSnapshot=false;VirtualNumaEnabled=true;"
    "LowMmioGapSize=128;"
    "HighMmioGapSize=512;HighMmioGapBase=65024;GuestControlledCacheTypes=false;IsSaved=false;"
    "IncrementalBackupEnabled=false;LockOnDisconnect=false;PauseAfterBootFailure=false;"
    "NetworkBootPreferredProtocol=4096;ConsoleMode=0;BIOSNumLock=false;TurnOffOnGuestRestart=false;"
    "EnhancedSessionTransportType=0;EnableHibernation=false;SecureBootEnabled=false;"
    "GuestStateIsolationEnabled=false;DebugPortEnabled=0;DebugPort=0;Architecture=x64";

/* What comes with every machine; {} is its id. Suffix "" is no second segment. */
static const struct {
    const char *class, *suffix, *values;
    bool second_generation;
} parts[] = {
    {"Msvm_SecuritySettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A001",
     "ElementName=Security;TpmEnabled=false;ShieldingRequested=false;DataProtectionRequested=false;"
     "KsdEnabled=false;EncryptStateAndVmMigrationTraffic=false;VirtualizationBasedSecurityOptOut="
     "false;"
     "BindToHostTpm=false;AppContainerLaunchOptOut=false",
     true},
    {"Msvm_ResourceAllocationSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A002",
     "ElementName=Keyboard;ResourceType=13;ResourceSubType=Microsoft:Hyper-V:Emulated Keyboard",
     false},
    {"Msvm_ResourceAllocationSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A003",
     "ElementName=Serial Controller;ResourceType=13;ResourceSubType=Microsoft:Hyper-V:Serial "
     "Controller",
     false},
    {"Msvm_ResourceAllocationSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A004",
     "ElementName=Mouse;ResourceType=13;ResourceSubType=Microsoft:Hyper-V:Synthetic Mouse",
     false},
    {"Msvm_ResourceAllocationSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A005",
     "ElementName=Synthetic Keyboard;ResourceType=13;ResourceSubType=Microsoft:Hyper-V:Synthetic "
     "Keyboard",
     false},
    {"Msvm_SerialPortSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A006\\0",
     "ElementName=COM 1;ResourceType=21;ResourceSubType=Microsoft:Hyper-V:Serial Port;Connection=",
     false},
    {"Msvm_SerialPortSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A006\\1",
     "ElementName=COM 2;ResourceType=21;ResourceSubType=Microsoft:Hyper-V:Serial Port;Connection=",
     false},
    {"Msvm_SyntheticDisplayControllerSettingData",
     "2D5A7F10-0D6B-4E5B-8F0A-31B9E0D1A007",
     "ElementName=Display Controller;ResourceType=24;"
     "ResourceSubType=Microsoft:Hyper-V:Synthetic Display Controller;ResolutionType=4;"
     "HorizontalResolution=1024;VerticalResolution=768",
     false},
    {"Msvm_ShutdownComponentSettingData",
     "9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
     "ElementName=Shutdown;EnabledState=2",
     false},
    {"Msvm_TimeSyncComponentSettingData",
     "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
     "ElementName=Time Synchronization;EnabledState=2",
     false},
    {"Msvm_HeartbeatComponentSettingData",
     "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
     "ElementName=Heartbeat;EnabledState=2",
     false},
    {"Msvm_KvpExchangeComponentSettingData",
     "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
     "ElementName=Key-Value Pair Exchange;EnabledState=2",
     false},
    {"Msvm_VssComponentSettingData",
     "5CED1297-4598-4915-A5FC-AD21BB4D02A4",
     "ElementName=VSS;EnabledState=2",
     false},
    {"Msvm_GuestServiceInterfaceComponentSettingData",
     "6C09BB55-D683-4DA0-8931-C9BF705F6480",
     "ElementName=Guest Service Interface;EnabledState=3",
     false},
    {"Msvm_RdvComponentSettingData",
     "F8E65716-3CB3-4A06-9A60-1889C5CCCAB5",
     "ElementName=Remote Desktop Virtualization;EnabledState=2",
     false},
};

char *instance_owner(const char *instance_id)
{
    const char *colon = strchr(instance_id, ':');

    if (!colon)
        return emulator_copy("");
    return emulator_print("%.*s", (int)strcspn(colon + 1, "\\"), colon + 1);
}

cJSON *machine_find(const char *id)
{
    cJSON *row = store_find("Msvm_ComputerSystem", "Name", id);

    return row && memo(row, "host", 0) == 0 ? row : NULL;
}

cJSON *machine_host(void)
{
    cJSON *row = NULL;

    while ((row = store_next("Msvm_ComputerSystem", row)))
        if (memo(row, "host", 0) != 0)
            return row;
    return NULL;
}

cJSON *machine_settings(const char *id)
{
    cJSON *row = NULL;

    while ((row = store_next("Msvm_VirtualSystemSettingData", row)))
        if (!_stricmp(row_text(row, "VirtualSystemIdentifier"), id) &&
            !strcmp(row_text(row, "VirtualSystemType"), TYPE_REALIZED))
            return row;
    return NULL;
}

cJSON *settings_next(const char *owner, const char *class, const cJSON *after)
{
    size_t length = strlen(owner);
    cJSON *row = (cJSON *)(uintptr_t)after;

    while ((row = store_next(class, row))) {
        const char *id = row_text(row, "InstanceID");

        if (!_strnicmp(id, "Microsoft:", 10) && !_strnicmp(id + 10, owner, length) &&
            (!id[10 + length] || id[10 + length] == '\\'))
            return row;
    }
    return NULL;
}

/* ---- a new machine ---- */

static void add_parts(const char *id, bool second_generation)
{
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        cJSON *row;
        char *instance;

        if (parts[i].second_generation && !second_generation)
            continue;
        if (!schema_class(NAMESPACE_HYPERV, parts[i].class))
            continue;
        row = store_add(parts[i].class);
        instance = emulator_print("Microsoft:%s\\%s", id, parts[i].suffix);
        row_set(row, "InstanceID", instance);
        row_set_all(row, parts[i].values);
        free(instance);
    }
    template_instance("Microsoft:Hyper-V:Memory", id, "4764334D-E001-4176-82EE-5594EC9B530E");
    template_instance("Microsoft:Hyper-V:Processor", id, "B637F346-6A0E-4DEC-AF52-BD70CB80A21D\\0");
}

static cJSON *add_computer(const char *id, const char *name)
{
    cJSON *vm = store_add("Msvm_ComputerSystem");
    char *now = clock_text(0);

    row_set_all(
        vm,
        "CreationClassName=Msvm_ComputerSystem;EnabledState=3;RequestedState=12;HealthState=5;"
        "OperationalStatus=2;EnabledDefault=3;ProcessID=0;NumberOfNumaNodes=1;OnTimeInMilliseconds="
        "0;"
        "EnhancedSessionModeState=3;ReplicationState=0;ReplicationHealth=0;ReplicationMode=0");
    row_set(vm,
            "Caption",
            emulator_setting("Language", 0) ? "\xE8\x99\x9A\xE6\x8B\x9F\xE6\x9C\xBA"
                                            : "Virtual Machine");
    row_set(vm,
            "Description",
            emulator_setting("Language", 0) ? "Microsoft \xE8\x99\x9A\xE6\x8B\x9F\xE6\x9C\xBA"
                                            : "Microsoft Virtual Machine");
    row_set(vm, "Name", id);
    row_set(vm, "ElementName", name);
    row_set(vm, "InstallDate", now);
    row_set(vm, "TimeOfLastStateChange", now);
    row_set(vm, "TimeOfLastConfigurationChange", now);
    free(now);
    return vm;
}

static void add_settings(const char *id, const cJSON *properties)
{
    cJSON *row = store_add("Msvm_VirtualSystemSettingData");
    const cJSON *value;
    char *instance = emulator_print("Microsoft:%s", id), *bios = emulator_guid();
    char *braced = emulator_print("{%s}", bios), *now = clock_text(0);
    bool second;

    row_set(row, "ElementName", "New Virtual Machine");
    row_set_all(row, settings_defaults);
    row_set(row, "Version", template_version());
    cJSON_ArrayForEach(value, properties)
    {
        if (strcmp(value->string, "InstanceID") != 0)
            row_set_json(row, value->string, cJSON_Duplicate(value, true));
    }
    second = !strcmp(row_text(row, "VirtualSystemSubType"), "Microsoft:Hyper-V:SubType:2");
    if (second && !cJSON_GetObjectItem(properties, "SecureBootEnabled"))
        row_set(row, "SecureBootEnabled", "true");
    if (second && !cJSON_GetObjectItem(properties, "SecureBootTemplateId"))
        row_set(row, "SecureBootTemplateId", "1734C6E8-3154-4DDA-BA5F-A874CC483422");
    if (second)
        row_set_json(row, "BootSourceOrder", cJSON_CreateArray());
    row_set(row, "InstanceID", instance);
    row_set(row, "VirtualSystemType", TYPE_REALIZED);
    row_set(row, "VirtualSystemIdentifier", id);
    settings_normalise(row);
    row_set(row, "ConfigurationID", id);
    row_set(row, "BIOSGUID", braced);
    row_set(row, "CreationTime", now);
    if (!row_text(row, "ConfigurationDataRoot")[0])
        row_set(row, "ConfigurationDataRoot", template_data_root());
    if (!cJSON_GetObjectItem(row_properties(row), "Notes"))
        row_set(row, "Notes", "");
    free(instance);
    free(bios);
    free(braced);
    free(now);
}

cJSON *machine_new_as(const char *wanted, const cJSON *properties)
{
    char *id = wanted ? emulator_copy(wanted) : emulator_guid();
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(properties, "ElementName"));
    const char *type =
        cJSON_GetStringValue(cJSON_GetObjectItem(properties, "VirtualSystemSubType"));
    cJSON *vm = add_computer(id, name ? name : "New Virtual Machine");

    add_settings(id, properties);
    add_parts(id, type && !strcmp(type, "Microsoft:Hyper-V:SubType:2"));
    free(id);
    return vm;
}

cJSON *machine_new(const cJSON *properties)
{
    return machine_new_as(NULL, properties);
}

void machine_remove(const char *id)
{
    char *own = emulator_copy(id);
    cJSON *row;

    devices_remove(own);
    hook_forget(own);
    /* snapshots first: settings of this machine with other instance ids */
    while ((row = store_find("Msvm_VirtualSystemSettingData", "VirtualSystemIdentifier", own))) {
        char *owner = instance_owner(row_text(row, "InstanceID"));
        cJSON *part;

        while ((part = settings_next(owner, "CIM_SettingData", NULL))) {
            if (row_is(part, "Msvm_SyntheticEthernetPortSettingData"))
                network_removed(part);
            store_remove(part);
        }
        free(owner);
    }
    row = machine_find(own);
    if (row)
        store_remove(row);
    free(own);
}

/* ---- state ---- */

int machine_state(const char *id)
{
    const cJSON *vm = machine_find(id);

    return vm ? (int)row_number(vm, "EnabledState", POWER_UNKNOWN) : POWER_UNKNOWN;
}

uint64_t machine_uptime(const cJSON *vm)
{
    double began = memo(vm, "booted", 0);

    return began > 0 ? emulator_now() - (uint64_t)began : 0;
}

/* A vTPM is initialised by the first start with it. */
static void seal(const char *id)
{
    cJSON *security = settings_next(id, "Msvm_SecuritySettingData", NULL);

    if (security && row_bool(security, "TpmEnabled"))
        memo_set(security, "sealed", 1);
}

void machine_enter(const char *id, int state)
{
    cJSON *vm = machine_find(id);
    char *own, *now;

    if (!vm)
        return;
    own = emulator_copy(id);
    now = clock_text(0);
    row_set_number(vm, "EnabledState", state);
    row_set(vm, "OtherEnabledState", NULL);
    row_set(vm, "OperationalStatus", "2");
    row_set(vm, "TimeOfLastStateChange", now);
    row_set_number(vm, "ProcessID", state == POWER_RUNNING || state == POWER_PAUSED ? 4321 : 0);
    if (state == POWER_RUNNING && memo(vm, "booted", 0) <= 0) {
        memo_set(vm, "booted", (double)emulator_now());
        memo_set(vm, "hooked", hook_run("StartHook", "start", own));
        seal(own);
        devices_add(vm);
    } else if ((state == POWER_OFF || state == POWER_SAVED) && memo(vm, "booted", 0) > 0) {
        memo_set(vm, "booted", 0);
        memo_set(vm, "stopping", 0);
        hook_run("StopHook", "stop", own);
        hook_forget(own);
        devices_remove(own);
    }
    if (machine_settings(own))
        row_set(machine_settings(own), "IsSaved", state == POWER_SAVED ? "true" : "false");
    free(own);
    free(now);
}

/* ---- the guest ---- */

int machine_heartbeat(const cJSON *vm)
{
    enum { OK = 2, NO_CONTACT = 12, LOST = 13, WORD_BYTES = 16 };
    char word[WORD_BYTES];

    if (memo(vm, "hooked", 0) == 0)
        return !emulator_setting("GuestDeaf", 0) &&
                       machine_uptime(vm) >= emulator_setting("HeartbeatMs", 100)
                   ? OK
                   : NO_CONTACT;
    hook_file("heartbeat", row_text(vm, "Name"), word, sizeof(word));
    return !strncmp(word, "ok", 2) ? OK : !strncmp(word, "lost", 4) ? LOST : NO_CONTACT;
}

void machine_ask(const char *id, const char *what)
{
    cJSON *vm = machine_find(id);
    double now = (double)emulator_now();

    if (hook_run("StopHook", what, id) && memo(vm, "hooked", 0) != 0)
        return;
    if (!strcmp(what, "reboot"))
        memo_set(vm, "booted", now);
    else
        memo_set(vm, "stopping", now + emulator_setting("ShutdownMs", 100));
}

/* True when a guest has shut down by itself. */
static bool has_shut_down(const cJSON *vm)
{
    char word[16];

    if (memo(vm, "stopping", 0) > 0)
        return memo(vm, "stopping", 0) <= (double)emulator_now();
    if (memo(vm, "hooked", 0) == 0)
        return false;
    hook_file("heartbeat", row_text(vm, "Name"), word, sizeof(word));
    return !strncmp(word, "off", 3);
}

/* States that a job left to come a little later: {"at", "state"}. */
static void follow(cJSON *vm, double now)
{
    if (memo(vm, "next_at", 0) > 0 && memo(vm, "next_at", 0) <= now) {
        memo_set(vm, "next_at", 0);
        machine_enter(row_text(vm, "Name"), (int)memo(vm, "next", POWER_OFF));
    }
    if (row_number(vm, "EnabledState", 0) == POWER_RUNNING && has_shut_down(vm))
        machine_enter(row_text(vm, "Name"), POWER_OFF);
}

void machine_tick(void)
{
    cJSON *vm = NULL;
    double now = (double)emulator_now();

    while ((vm = store_next("Msvm_ComputerSystem", vm)))
        if (memo(vm, "host", 0) == 0)
            follow(vm, now);
}
