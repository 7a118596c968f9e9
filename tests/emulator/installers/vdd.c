/* parsec-vdd-0.45.0.0.exe /S, and its uninstall.exe /S [_?=FOLDER]. */
#include "installer.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

static const wchar_t folder_text[] = L"%ProgramFiles%\\Parsec Virtual Display Driver";

static int install(int argc, wchar_t **argv)
{
    wchar_t folder[INSTALLER_PATH], path[INSTALLER_PATH];
    struct installer installer;
    bool reboot = false, done = true;

    installer_begin(&installer, "vdd", argc, argv);
    installer_start(&installer, installer_has(argc, argv, L"/S"));
    installer_expand(folder_text, folder);
    swprintf(path, INSTALLER_PATH, L"%ls\\uninstall.exe", folder);
    installer_copy_self(path);
    installer_arp_set(L"ParsecVDD", L"Parsec Virtual Display Driver", L"0.45.0.0", path);
    swprintf(path, INSTALLER_PATH, L"%ls\\nefconw.exe", folder);
    installer_write(path, "stand-in\n");
    swprintf(path, INSTALLER_PATH, L"%ls\\vddinstall.bat", folder);
    installer_write(path, "rem stand-in\r\n");
    swprintf(path, INSTALLER_PATH, L"%ls\\driver", folder);
    package_unpack("driver\\", path);
    installer_middle(&installer);
    swprintf(path, INSTALLER_PATH, L"%ls\\driver\\mm.inf", folder);
    if (installer.mode != MODE_UNPACK)
        done =
            driver_install(path, L"Root\\Parsec\\VDA", &driver_class_display, L"Display", &reboot);
    (void)done; /* the batch file's result is not looked at */
    return reboot ? EXIT_REBOOT : installer_end(&installer);
}

static int uninstall(int argc, wchar_t **argv)
{
    struct installer installer;
    wchar_t folder[INSTALLER_PATH];

    installer_begin(&installer, "vdd-uninstall", argc, argv);
    installer_start(&installer, installer_has(argc, argv, L"/S"));
    driver_remove(L"Root\\Parsec\\VDA");
    installer_expand(folder_text, folder);
    installer_remove_folder(folder);
    installer_arp_remove(L"ParsecVDD");
    return installer_end(&installer);
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    wchar_t own[INSTALLER_PATH];

    installer_self(own);
    return wcsstr(own, L"uninstall.exe") ? uninstall(argc, argv) : install(argc, argv);
}
