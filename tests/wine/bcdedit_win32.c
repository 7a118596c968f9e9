/*
 * Stands in for bcdedit.exe, as far as the launch type of the hypervisor goes: changes the default
 * entry in the registry's picture of the boot configuration, and refuses everything else with 1, as
 * the real one refuses what it does not know.
 */
#include <windows.h>

#include <wchar.h>

#define OBJECTS L"BCD00000000\\Objects\\"
#define BOOTMGR L"{9dea862c-5cdd-4e70-acc1-f32b344d4795}"

static int change(const wchar_t *value)
{
    unsigned long long element = wcscmp(value, L"auto") == 0;
    WCHAR entry[64], key[256];
    DWORD size = sizeof entry;
    HKEY handle;
    LSTATUS code;

    if (wcscmp(value, L"auto") != 0 && wcscmp(value, L"off") != 0 && *value)
        return 1;
    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     OBJECTS BOOTMGR L"\\Elements\\23000003",
                     L"Element",
                     RRF_RT_REG_SZ,
                     NULL,
                     entry,
                     &size) != ERROR_SUCCESS)
        return 1;
    swprintf(key, 256, L"%ls%ls\\Elements\\250000f0", OBJECTS, entry);
    if (!*value)
        return RegDeleteKeyW(HKEY_LOCAL_MACHINE, key) != ERROR_SUCCESS;
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_SET_VALUE, NULL, &handle, NULL) !=
        ERROR_SUCCESS)
        return 1;
    code =
        RegSetValueExW(handle, L"Element", 0, REG_BINARY, (const BYTE *)&element, sizeof element);
    RegCloseKey(handle);
    return code != ERROR_SUCCESS;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    if (argc < 4 || wcscmp(argv[2], L"{default}") != 0 ||
        wcscmp(argv[3], L"hypervisorlaunchtype") != 0)
        return 1;
    if (argc == 5 && wcscmp(argv[1], L"/set") == 0)
        return change(argv[4]);
    return argc == 4 && wcscmp(argv[1], L"/deletevalue") == 0 ? change(L"") : 1;
}
