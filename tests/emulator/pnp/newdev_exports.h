/* The exports of newdev.dll, as the SDK's newdev.h has them; that of mingw-w64 10 lacks some, and
 * packs structures that it does not own. */
#ifndef GPUPV_TESTS_PNP_NEWDEV_H
#define GPUPV_TESTS_PNP_NEWDEV_H

#include <windows.h>
#include <setupapi.h>

#define INSTALLFLAG_FORCE          0x1
#define INSTALLFLAG_READONLY       0x2
#define INSTALLFLAG_NONINTERACTIVE 0x4
#define INSTALLFLAG_BITS           0x7
#define DIIDFLAG_SHOWSEARCHUI      0x1
#define DIIDFLAG_NOFINISHINSTALLUI 0x2
#define DIIDFLAG_INSTALLNULLDRIVER 0x4
#define DIIDFLAG_BITS              0x7
#define DIIRFLAG_FORCE_INF         0x2
#define DIURFLAG_NO_REMOVE_INF     0x1

/* Each is documented under its name. */
BOOL WINAPI UpdateDriverForPlugAndPlayDevicesW(
    HWND parent, LPCWSTR hardware_id, LPCWSTR inf, DWORD flags, PBOOL ret_reboot);
BOOL WINAPI DiInstallDriverW(HWND parent, LPCWSTR inf, DWORD flags, PBOOL ret_reboot);
BOOL WINAPI DiUninstallDriverW(HWND parent, LPCWSTR inf, DWORD flags, PBOOL ret_reboot);
BOOL WINAPI DiInstallDevice(HWND parent,
                            HDEVINFO set,
                            PSP_DEVINFO_DATA data,
                            PSP_DRVINFO_DATA_W driver,
                            DWORD flags,
                            PBOOL ret_reboot);
BOOL WINAPI
DiUninstallDevice(HWND parent, HDEVINFO set, PSP_DEVINFO_DATA data, DWORD flags, PBOOL ret_reboot);

#endif
