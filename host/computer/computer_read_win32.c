/* Facts that have to be asked for with functions of their own. */
#include "host/computer/computer_win32.h"

#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <intrin.h>
#include <powrprof.h>

#define CPUID_FEATURES       1
#define CPUID_PRESENT        (1u << 31) /* ECX: a hypervisor is below */
#define CPUID_HV_VENDOR      0x40000000
#define CPUID_HV_RIGHTS      0x40000003
#define HV_CREATE_PARTITIONS 1u /* EBX: we are the root partition */
#define HYPERV_VENDOR        "Microsoft Hv"

#define BCD_OBJECTS L"BCD00000000\\Objects\\"
#define BCD_BOOTMGR L"{9dea862c-5cdd-4e70-acc1-f32b344d4795}"
#define BCD_DEFAULT L"\\Elements\\23000003"
#define BCD_LAUNCH  L"\\Elements\\250000f0"

/* ---- registry ---- */

bool computer_number(const wchar_t *key, const wchar_t *name, DWORD *ret_value)
{
    DWORD value = 0, size = sizeof value;

    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     key,
                     name,
                     RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY,
                     NULL,
                     &value,
                     &size) != ERROR_SUCCESS)
        return false;
    *ret_value = value;
    return true;
}

const char *computer_text(const wchar_t *key, const wchar_t *name, char *out, size_t size)
{
    WCHAR text[256];
    DWORD bytes = sizeof text;

    *out = 0;
    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     key,
                     name,
                     RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
                     NULL,
                     text,
                     &bytes) == ERROR_SUCCESS &&
        !utf16_to_utf8_into((const uint16_t *)text, utf16_len((const uint16_t *)text), out, size))
        *out = 0;
    return out;
}

bool computer_has_key(const wchar_t *key)
{
    HKEY handle;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &handle) !=
        ERROR_SUCCESS)
        return false;
    RegCloseKey(handle);
    return true;
}

/* ---- services ---- */

enum service_life computer_service(const wchar_t *name)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT), service = NULL;
    enum service_life life = SERVICE_LIFE_UNKNOWN;
    SERVICE_STATUS status;

    if (!manager)
        return life;
    service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS);
    if (!service)
        life = GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ? SERVICE_LIFE_ABSENT : life;
    else if (QueryServiceStatus(service, &status))
        life =
            status.dwCurrentState == SERVICE_RUNNING ? SERVICE_LIFE_RUNNING : SERVICE_LIFE_STOPPED;
    if (service)
        CloseServiceHandle(service);
    CloseServiceHandle(manager);
    return life;
}

/* ---- processor, memory, power ---- */

static void read_hypervisor(struct computer_facts *facts)
{
    int regs[4] = {0};
    char vendor[13] = "";
    bool root = false;

    __cpuid(regs, CPUID_FEATURES);
    facts->hypervisor = (unsigned)regs[2] & CPUID_PRESENT ? FACT_YES : FACT_NO;
    facts->nested = FACT_NO;
    if (facts->hypervisor == FACT_YES) {
        __cpuid(regs, CPUID_HV_VENDOR);
        memcpy(vendor, &regs[1], 12);
        if (!strcmp(vendor, HYPERV_VENDOR)) {
            __cpuid(regs, CPUID_HV_RIGHTS);
            root = (unsigned)regs[1] & HV_CREATE_PARTITIONS;
        }
        facts->nested = root ? FACT_NO : FACT_YES;
    }
    /* with our own hypervisor running, the processor hides the answer, which is then clear */
    facts->firmware = root || IsProcessorFeaturePresent(PF_VIRT_FIRMWARE_ENABLED) ? FACT_YES
                      : facts->nested == FACT_YES                                 ? FACT_UNKNOWN
                                                                                  : FACT_NO;
}

static void read_power(struct computer_facts *facts)
{
    SYSTEM_POWER_CAPABILITIES power;
    SYSTEM_POWER_STATUS status;

    if (GetSystemPowerStatus(&status) && status.BatteryFlag != BATTERY_FLAG_UNKNOWN)
        facts->battery = status.BatteryFlag & BATTERY_FLAG_NO_BATTERY ? FACT_NO : FACT_YES;
    memset(&power, 0, sizeof power);
    if (CallNtPowerInformation(SystemPowerCapabilities, NULL, 0, &power, sizeof power) != 0)
        return;
    facts->lid = power.LidPresent ? FACT_YES : FACT_NO;
    facts->ups = power.SystemBatteriesPresent && power.BatteriesAreShortTerm ? FACT_YES : FACT_NO;
}

void computer_read_machine(struct computer_facts *facts)
{
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};

    read_hypervisor(facts);
    read_power(facts);
    if (GlobalMemoryStatusEx(&memory))
        facts->memory_mb = (uint32_t)(memory.ullTotalPhys >> 20);
}

/* ---- features ---- */

enum { DISM_ERRORS_ONLY = 0, DISM_NO_PACKAGE = 0 };
#define DISM_ONLINE L"DISM_{53BFAE52-B167-4E2F-A258-0A37B57FF845}"

/* DismFeatureInfo begins so; its fields are packed. */
#pragma pack(push, 1)
struct dism_feature {
    const wchar_t *name;
    UINT state;
};
#pragma pack(pop)

typedef HRESULT(WINAPI *dism_initialize)(UINT log_level,
                                         const wchar_t *log,
                                         const wchar_t *scratch);
typedef HRESULT(WINAPI *dism_open)(const wchar_t *image,
                                   const wchar_t *windows,
                                   const wchar_t *drive,
                                   UINT *session);
typedef HRESULT(WINAPI *dism_feature_info)(UINT session,
                                           const wchar_t *feature,
                                           const wchar_t *package,
                                           UINT identifier,
                                           struct dism_feature **info);
typedef HRESULT(WINAPI *dism_close)(UINT session);
typedef HRESULT(WINAPI *dism_shutdown)(void);
typedef HRESULT(WINAPI *dism_delete)(void *info);

struct dism {
    HMODULE module;
    dism_initialize initialize;
    dism_open open;
    dism_feature_info info;
    dism_close close;
    dism_shutdown shutdown;
    dism_delete delete;
};

static bool load_dism(struct dism *dism)
{
    static const char *const names[] = {"DismInitialize",
                                        "DismOpenSession",
                                        "DismGetFeatureInfo",
                                        "DismCloseSession",
                                        "DismShutdown",
                                        "DismDelete"};
    FARPROC found[6];

    dism->module = LoadLibraryExW(L"dismapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!dism->module)
        return false;
    for (size_t i = 0; i < 6; i++) {
        found[i] = GetProcAddress(dism->module, names[i]);
        if (!found[i]) {
            FreeLibrary(dism->module);
            return false;
        }
    }
    memcpy(&dism->initialize, &found[0], sizeof found[0]);
    memcpy(&dism->open, &found[1], sizeof found[1]);
    memcpy(&dism->info, &found[2], sizeof found[2]);
    memcpy(&dism->close, &found[3], sizeof found[3]);
    memcpy(&dism->shutdown, &found[4], sizeof found[4]);
    memcpy(&dism->delete, &found[5], sizeof found[5]);
    return true;
}

/* DismPackageFeatureState */
static enum feature_state feature_of(UINT state)
{
    static const enum feature_state states[] = {FEATURE_DISABLED, /* not present: payload away */
                                                FEATURE_PENDING,  /* uninstall pending */
                                                FEATURE_DISABLED, /* staged */
                                                FEATURE_DISABLED, /* removed */
                                                FEATURE_ENABLED,
                                                FEATURE_PENDING, /* install pending */
                                                FEATURE_DISABLED,
                                                FEATURE_PENDING};

    return state < sizeof states / sizeof *states ? states[state] : FEATURE_UNKNOWN;
}

#define DISM_E_UNKNOWN_FEATURE ((HRESULT)0x800F080CL)

enum feature_state computer_feature(const wchar_t *name)
{
    enum feature_state state = FEATURE_UNKNOWN;
    struct dism_feature *info = NULL;
    struct dism dism;
    UINT session = 0;
    HRESULT result;

    if (!load_dism(&dism))
        return state;
    if (SUCCEEDED(dism.initialize(DISM_ERRORS_ONLY, NULL, NULL))) {
        if (SUCCEEDED(dism.open(DISM_ONLINE, NULL, NULL, &session))) {
            result = dism.info(session, name, NULL, DISM_NO_PACKAGE, &info);
            if (SUCCEEDED(result) && info) {
                state = feature_of(info->state);
                dism.delete(info);
            } else if (result == DISM_E_UNKNOWN_FEATURE) {
                state = FEATURE_ABSENT;
            }
            dism.close(session);
        }
        dism.shutdown();
    }
    FreeLibrary(dism.module);
    return state;
}

/* ---- the boot configuration ---- */

enum launch_type computer_launch(void)
{
    WCHAR entry[64], key[256];
    DWORD size = sizeof entry;
    uint64_t value = 0;
    LSTATUS code;

    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     BCD_OBJECTS BCD_BOOTMGR BCD_DEFAULT,
                     L"Element",
                     RRF_RT_REG_SZ,
                     NULL,
                     entry,
                     &size) != ERROR_SUCCESS)
        return LAUNCH_UNKNOWN;
    swprintf(key, sizeof key / sizeof *key, L"%ls%ls%ls", BCD_OBJECTS, entry, BCD_LAUNCH);
    size = sizeof value;
    code =
        RegGetValueW(HKEY_LOCAL_MACHINE, key, L"Element", RRF_RT_REG_BINARY, NULL, &value, &size);
    if (code == ERROR_FILE_NOT_FOUND)
        return LAUNCH_UNSET;
    if (code != ERROR_SUCCESS)
        return LAUNCH_UNKNOWN;
    return value == 0 ? LAUNCH_OFF : value == 1 ? LAUNCH_AUTO : LAUNCH_UNKNOWN;
}
