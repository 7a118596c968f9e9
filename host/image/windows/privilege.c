/* The privileges that attaching, applying and editing need. Administrators have them, switched off.
 */
#include "host/image/windows/inside.h"

static const WCHAR *const needed[] = {
    L"SeBackupPrivilege",        /* read what nobody gave us rights to */
    L"SeRestorePrivilege",       /* write it, with any owner */
    L"SeSecurityPrivilege",      /* audit lists of the image's files */
    L"SeTakeOwnershipPrivilege", /* wimgapi wants it */
    L"SeManageVolumePrivilege",  /* attach virtual disks */
};

/* 0 or a Win32 code. */
static DWORD enable(HANDLE token, const WCHAR *name)
{
    TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1,
                               .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};

    if (!LookupPrivilegeValueW(NULL, name, &wanted.Privileges[0].Luid) ||
        !AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL))
        return GetLastError();
    /* it succeeds too when the token lacks the privilege */
    return GetLastError() == ERROR_NOT_ALL_ASSIGNED ? ERROR_PRIVILEGE_NOT_HELD : 0;
}

bool privilege_enable_all(struct err *err)
{
    HANDLE token = NULL;
    DWORD code = 0;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        code = GetLastError();
    for (size_t i = 0; !code && i < sizeof needed / sizeof *needed; i++)
        code = enable(token, needed[i]);
    if (token)
        CloseHandle(token);
    return code == 0 || explain(code, TEXT_DISK_NO_RIGHTS, "", err);
}
