/* VBCABLE_Setup_x64.exe -i -h installs, -u -h uninstalls. It lies in its unpacked folder with its
 * INF, which must be the working folder; without -h there is a window. The exit code is 0 whatever
 * happened (guest.md section 3). */
#include "installer.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define HARDWARE_ID L"VBAudioVACWDM"
#define INF         L"vbMmeCable64_win10.inf"

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    bool installs = installer_has(argc, argv, L"-i"), reboot = false;
    wchar_t folder[INSTALLER_PATH], inf[INSTALLER_PATH];
    struct installer installer;

    installer_begin(&installer, "cable", argc, argv);
    installer_start(&installer,
                    installer_has(argc, argv, L"-h") &&
                        (installs || installer_has(argc, argv, L"-u")));
    GetCurrentDirectoryW(INSTALLER_PATH, folder);
    swprintf(inf, INSTALLER_PATH, L"%ls\\" INF, folder);
    if (GetFileAttributesW(inf) == INVALID_FILE_ATTRIBUTES) {
        state_log("installers", "cable: no INF in its working folder");
        return 0;
    }
    installer_middle(&installer);
    if (!installs) {
        driver_remove(HARDWARE_ID);
        installer_arp_remove(L"VB:VBCABLE {87459874-1236-4469}");
        return installer_end(&installer);
    }
    if (installer.mode != MODE_UNPACK)
        driver_install(inf, HARDWARE_ID, &driver_class_media, L"MEDIA", &reboot);
    installer_arp_set(
        L"VB:VBCABLE {87459874-1236-4469}", L"VB-CABLE Virtual Audio Device", L"3.3.1.7", L"");
    return installer_end(&installer);
}
