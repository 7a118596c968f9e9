/* parsec-windows.exe, and by the name it is started under the programs that it installs:
 *
 *   parsec-windows.exe /silent [/norun] [/allusers | /shared | /percomputer | /currentuser]
 *                      [/nocleanuser] [/vdd]
 *   parsecd.exe pservice.exe    see parsecd.c
 *   uninstall.exe [/silent]     goes on in a copy of itself, so that its folder can go
 *
 * Without /nocleanuser the user's data goes: sign-in and configuration. */
#include "installer.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define VERSION L"150-104.1.0"

static const wchar_t program_folder[] = L"%ProgramFiles%\\Parsec";

static void path_below(const wchar_t *folder, const wchar_t *name, wchar_t *ret_path)
{
    wchar_t text[INSTALLER_PATH];

    swprintf(text, INSTALLER_PATH, L"%ls\\%ls", folder, name);
    installer_expand(text, ret_path);
}

static bool is_named(const wchar_t *name)
{
    wchar_t own[INSTALLER_PATH];
    const wchar_t *file;

    installer_self(own);
    file = wcsrchr(own, L'\\');
    return !_wcsicmp(file ? file + 1 : own, name);
}

static void clean_user(const wchar_t *data)
{
    static const wchar_t *const names[] = {L"user.bin", L"config.txt", L"config.json"};
    wchar_t path[INSTALLER_PATH];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_below(data, names[i], path);
        DeleteFileW(path);
    }
}

/* Programs run under their old file: they are moved aside as NSIS does after asking them to end. */
static bool lay_program(const wchar_t *folder, const wchar_t *name)
{
    wchar_t path[INSTALLER_PATH], aside[INSTALLER_PATH];

    path_below(folder, name, path);
    swprintf(aside, INSTALLER_PATH, L"%ls.%lx.old", path, GetTickCount());
    MoveFileExW(path, aside, 0);
    return installer_copy_self(path);
}

static void run_program(const wchar_t *path)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    wchar_t command[INSTALLER_PATH + 2];

    swprintf(command, INSTALLER_PATH + 2, L"\"%ls\"", path);
    if (CreateProcessW(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) {
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
}

static bool install_files(const wchar_t *folder, bool whole_machine)
{
    wchar_t path[INSTALLER_PATH];
    bool laid = lay_program(folder, L"parsecd.exe") && lay_program(folder, L"uninstall.exe");

    path_below(folder, L"parsecd-150-104.dll", path);
    laid = laid && installer_write(path, "stand-in\n");
    path_below(folder, L"setup.json", path);
    laid = laid && installer_write(path,
                                   whole_machine ? "{\"useProgramData\": true}\n"
                                                 : "{\"useProgramData\": false}\n");
    if (whole_machine)
        laid = laid && lay_program(folder, L"service\\pservice.exe") &&
               lay_program(folder, L"vusb\\parsec-vud.exe");
    return laid;
}

static bool install_display(bool *ret_reboot)
{
    wchar_t folder[INSTALLER_PATH], inf[INSTALLER_PATH];

    installer_expand(L"%ProgramFiles%\\Parsec Virtual Display Driver\\driver", folder);
    if (!package_unpack("driver\\", folder))
        return true; /* not in this package */
    swprintf(inf, INSTALLER_PATH, L"%ls\\mm.inf", folder);
    return driver_install(inf, L"Root\\Parsec\\VDA", &driver_class_display, L"Display", ret_reboot);
}

static int install(int argc, wchar_t **argv)
{
    bool whole_machine = installer_has(argc, argv, L"/allusers") ||
                         installer_has(argc, argv, L"/shared") ||
                         installer_has(argc, argv, L"/percomputer");
    const wchar_t *folder = whole_machine ? program_folder : L"%APPDATA%\\Parsec\\bin";
    const wchar_t *data = whole_machine ? L"%ProgramData%\\Parsec" : L"%APPDATA%\\Parsec";
    struct installer installer;
    wchar_t path[INSTALLER_PATH];
    bool reboot = false;

    installer_begin(&installer, "parsec", argc, argv);
    installer_start(&installer, installer_has(argc, argv, L"/silent"));
    if (!installer_has(argc, argv, L"/nocleanuser"))
        clean_user(data);
    if (whole_machine)
        installer_service_remove(L"Parsec");
    if (!install_files(folder, whole_machine))
        return 1;
    installer_middle(&installer);
    path_below(folder, L"uninstall.exe", path);
    installer_arp_set(L"Parsec", L"Parsec", VERSION, path);
    path_below(data, L"", path);
    CreateDirectoryW(path, NULL);
    if (whole_machine) {
        installer_arp_set(L"ParsecVUD", L"Parsec Virtual USB Adapter Driver", L"0.3.10.0", L"");
        path_below(folder, L"service\\pservice.exe", path);
        if (!installer_service(L"Parsec", L"Parsec", path))
            return 1;
    }
    if (installer_has(argc, argv, L"/vdd") && installer.mode != MODE_UNPACK)
        install_display(&reboot); /* its failure does not show in the exit code */
    path_below(folder, L"parsecd.exe", path);
    if (!installer_has(argc, argv, L"/norun"))
        run_program(path);
    return reboot ? EXIT_REBOOT : installer_end(&installer);
}

/* NSIS: the program starts a copy of itself in the temporary folder and ends at once. */
static int uninstall(int argc, wchar_t **argv)
{
    wchar_t copy[INSTALLER_PATH], command[2 * INSTALLER_PATH];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;

    if (!installer_has(argc, argv, L"/silent"))
        Sleep(INFINITE);
    installer_expand(L"%TEMP%\\parsec-uninstaller.exe", copy);
    if (!installer_copy_self(copy))
        return 1;
    swprintf(command, 2 * INSTALLER_PATH, L"\"%ls\" really", copy);
    if (!CreateProcessW(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
        return 1;
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return 0;
}

static int uninstall_really(int argc, wchar_t **argv)
{
    struct installer installer;
    wchar_t folder[INSTALLER_PATH];

    installer_begin(&installer, "parsec-uninstall", argc, argv);
    installer_start(&installer, true);
    installer_service_remove(L"Parsec");
    installer_expand(program_folder, folder);
    installer_remove_folder(folder);
    installer_arp_remove(L"Parsec");
    return installer_end(&installer);
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    if (is_named(L"parsecd.exe"))
        return parsecd_run(argc, argv);
    if (is_named(L"pservice.exe"))
        return parsec_service_run();
    if (is_named(L"uninstall.exe"))
        return uninstall(argc, argv);
    if (is_named(L"parsec-uninstaller.exe"))
        return uninstall_really(argc, argv);
    return install(argc, argv);
}
