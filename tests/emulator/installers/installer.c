/* See installer.h. */
#include "installer.h"

#include "../common/state.h"

#include <shlobj.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define ARP_KEY L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"

static const wchar_t *const modes[] = {[MODE_OK] = L"ok",
                                       [MODE_NOTHING] = L"nothing",
                                       [MODE_UNPACK] = L"unpack",
                                       [MODE_HANG] = L"hang",
                                       [MODE_PROMPT] = L"prompt",
                                       [MODE_REBOOT] = L"reboot",
                                       [MODE_HALF] = L"half",
                                       [MODE_FAIL] = L"fail"};

static enum installer_mode read_mode(const char *key)
{
    wchar_t text[STATE_TEXT_BYTES];
    DWORD times = state_number(key, "Times", MAXDWORD);

    if (!state_text(key, "Mode", text, STATE_TEXT_BYTES) || !times)
        return MODE_OK;
    if (times != MAXDWORD)
        state_set_number(key, "Times", times - 1);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (!wcscmp(text, modes[i]))
            return (enum installer_mode)i;
    return MODE_FAIL; /* a test that asks for what there is not shall see it */
}

void installer_begin(struct installer *installer, const char *name, int argc, wchar_t **argv)
{
    wchar_t line[1024] = L"", folder[INSTALLER_PATH];

    installer->name = name;
    snprintf(installer->key, sizeof(installer->key), "installers\\%s", name);
    installer->mode = read_mode(installer->key);
    for (int i = 1; i < argc; i++)
        swprintf(line + wcslen(line), 1024 - wcslen(line), L" %ls", argv[i]);
    GetCurrentDirectoryW(INSTALLER_PATH, folder);
    state_log("installers", "%s%ls | %ls | %ls", name, line, folder, modes[installer->mode]);
}

bool installer_has(int argc, wchar_t **argv, const wchar_t *word)
{
    for (int i = 1; i < argc; i++)
        if (!_wcsicmp(argv[i], word))
            return true;
    return false;
}

void installer_start(const struct installer *installer, bool silent)
{
    Sleep(state_number(installer->key, "Ms", 0));
    /* A window in session 0, or one that nobody looks at. */
    if (installer->mode == MODE_HANG || installer->mode == MODE_PROMPT || !silent)
        Sleep(INFINITE);
    if (installer->mode == MODE_NOTHING)
        ExitProcess(0);
    if (installer->mode == MODE_FAIL)
        ExitProcess(state_number(installer->key, "Code", EXIT_FAIL));
}

void installer_middle(const struct installer *installer)
{
    if (installer->mode == MODE_HALF)
        TerminateProcess(GetCurrentProcess(), 5);
}

int installer_end(const struct installer *installer)
{
    return installer->mode == MODE_REBOOT ? EXIT_REBOOT : 0;
}

/* Wine's variable of that name leads to another folder than its shell, which is right. */
void installer_expand(const wchar_t *text, wchar_t *ret_path)
{
    static const wchar_t data[] = L"%ProgramData%";
    size_t length = sizeof(data) / sizeof(data[0]) - 1;
    wchar_t folder[MAX_PATH];

    if (!_wcsnicmp(text, data, length) &&
        SUCCEEDED(SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, 0, folder)))
        swprintf(ret_path, INSTALLER_PATH, L"%ls%ls", folder, text + length);
    else
        ExpandEnvironmentStringsW(text, ret_path, INSTALLER_PATH);
}

void installer_self(wchar_t *ret_path)
{
    GetModuleFileNameW(NULL, ret_path, INSTALLER_PATH);
}

static void make_folders(const wchar_t *path)
{
    wchar_t part[INSTALLER_PATH];

    swprintf(part, INSTALLER_PATH, L"%ls", path);
    for (wchar_t *c = part + 3; *c; c++)
        if (*c == L'\\') {
            *c = L'\0';
            CreateDirectoryW(part, NULL);
            *c = L'\\';
        }
}

bool installer_write(const wchar_t *path, const char *text)
{
    HANDLE file;
    DWORD written;
    BOOL done;

    make_folders(path);
    file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    done = WriteFile(file, text, (DWORD)strlen(text), &written, NULL);
    CloseHandle(file);
    return done;
}

bool installer_copy_self(const wchar_t *path)
{
    wchar_t own[INSTALLER_PATH];

    make_folders(path);
    installer_self(own);
    return CopyFileW(own, path, FALSE);
}

void installer_remove_folder(const wchar_t *path)
{
    wchar_t pattern[INSTALLER_PATH], child[INSTALLER_PATH];
    WIN32_FIND_DATAW found;
    HANDLE search;

    swprintf(pattern, INSTALLER_PATH, L"%ls\\*", path);
    search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        swprintf(child, INSTALLER_PATH, L"%ls\\%ls", path, found.cFileName);
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            installer_remove_folder(child);
        else
            DeleteFileW(child);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    RemoveDirectoryW(path);
}

static void set_text(HKEY key, const wchar_t *name, const wchar_t *text)
{
    RegSetValueExW(
        key, name, 0, REG_SZ, (const BYTE *)text, (DWORD)((wcslen(text) + 1) * sizeof(*text)));
}

void installer_arp_set(const wchar_t *name,
                       const wchar_t *display,
                       const wchar_t *version,
                       const wchar_t *uninstall)
{
    wchar_t path[INSTALLER_PATH];
    HKEY key;

    swprintf(path, INSTALLER_PATH, ARP_KEY L"%ls", name);
    if (RegCreateKeyExW(
            HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_WRITE | KEY_WOW64_32KEY, NULL, &key, NULL))
        return;
    set_text(key, L"DisplayName", display);
    set_text(key, L"DisplayVersion", version);
    set_text(key, L"UninstallString", uninstall);
    RegCloseKey(key);
}

void installer_arp_remove(const wchar_t *name)
{
    wchar_t path[INSTALLER_PATH];

    swprintf(path, INSTALLER_PATH, ARP_KEY L"%ls", name);
    RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path, KEY_WOW64_32KEY, 0);
}

bool installer_service(const wchar_t *name, const wchar_t *display, const wchar_t *path)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE service = manager ? OpenServiceW(manager, name, SERVICE_ALL_ACCESS) : NULL;
    bool started;

    if (!service)
        service = CreateServiceW(manager,
                                 name,
                                 display,
                                 SERVICE_ALL_ACCESS,
                                 SERVICE_WIN32_OWN_PROCESS,
                                 SERVICE_AUTO_START,
                                 SERVICE_ERROR_NORMAL,
                                 path,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL);
    else
        ChangeServiceConfigW(service,
                             SERVICE_NO_CHANGE,
                             SERVICE_AUTO_START,
                             SERVICE_NO_CHANGE,
                             path,
                             NULL,
                             NULL,
                             NULL,
                             NULL,
                             NULL,
                             NULL);
    started = service &&
              (StartServiceW(service, 0, NULL) || GetLastError() == ERROR_SERVICE_ALREADY_RUNNING);
    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
    return started;
}

void installer_service_remove(const wchar_t *name)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE service = manager ? OpenServiceW(manager, name, SERVICE_ALL_ACCESS) : NULL;
    SERVICE_STATUS status = {0};

    if (service) {
        ControlService(service, SERVICE_CONTROL_STOP, &status);
        for (int i = 0; i < 100 && QueryServiceStatus(service, &status) &&
                        status.dwCurrentState != SERVICE_STOPPED;
             i++)
            Sleep(50);
        DeleteService(service);
        CloseServiceHandle(service);
    }
    if (manager)
        CloseServiceHandle(manager);
}
