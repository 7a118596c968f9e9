/* Where the roots of files lie. */
#include "guest/machine/windows/files_place_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/user_token_win32.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <sddl.h>

/* Folder ids as in knownfolders.h; initguid.h would define all of them. */
static const GUID program_data = {
    0x62ab5d82, 0xfdc1, 0x4dc3, {0xa9, 0xdd, 0x07, 0x0d, 0x1d, 0x49, 0x5d, 0x97}};
static const GUID program_files = {
    0x6d809377, 0x6af0, 0x444b, {0x89, 0x57, 0xa3, 0x77, 0x3f, 0x02, 0x20, 0x0e}};
static const GUID windows_folder = {
    0xf38bf404, 0x1d43, 0x42f2, {0x93, 0x05, 0x67, 0xde, 0x0b, 0x28, 0xfc, 0x23}};
static const GUID roaming = {
    0x3eb685db, 0x65f9, 0x4cf6, {0xa0, 0x3a, 0xe3, 0xef, 0x65, 0x72, 0x9f, 0x3d}};

#define PROFILE_LIST L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\"
#define WINLOGON     L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"

static const struct root {
    const GUID *anchor; /* NULL: the user's */
    const char *below;  /* components below the anchor */
    bool drive;         /* only the drive of the anchor */
} roots[FILE_ROOTS] = {
    [ROOT_PARSEC_SHARED] = {&program_data, "Parsec", false},
    [ROOT_PARSEC_USER] = {NULL, "Parsec", false},
    [ROOT_PARSEC_PROGRAM] = {&program_files, "Parsec", false},
    [ROOT_VDD_PROGRAM] = {&program_files, "Parsec Virtual Display Driver", false},
    [ROOT_EASY_GPU] = {&program_data, "Easy-GPU-P", false},
    [ROOT_GROUP_POLICY] = {&windows_folder, "System32/GroupPolicy", false},
    [ROOT_DRIVER_STORE] = {&windows_folder, "System32/HostDriverStore/FileRepository", false},
    [ROOT_PANTHER] = {&windows_folder, "Panther", false},
    [ROOT_SYSPREP] = {&windows_folder, "System32/Sysprep", false},
    [ROOT_SYSTEM_DRIVE] = {&windows_folder, "", true},
};

/* ---- whose folder ---- */

/* The profile folder of an account that is not logged on. */
static bool profile_of(const uint16_t *account, char *out, size_t size)
{
    WCHAR key[256], domain[256], *text = NULL;
    DWORD sid_bytes = SECURITY_MAX_SID_SIZE, domain_units = 256;
    BYTE sid[SECURITY_MAX_SID_SIZE];
    SID_NAME_USE use;
    bool ok;

    if (!LookupAccountNameW(NULL, account, sid, &sid_bytes, domain, &domain_units, &use) ||
        use != SidTypeUser || !ConvertSidToStringSidW(sid, &text))
        return false;
    ok = wcslen(text) + wcslen(PROFILE_LIST) < 256;
    if (ok) {
        wcscpy(key, PROFILE_LIST);
        wcscat(key, text);
        ok = call_machine_text(key, L"ProfileImagePath", out, size);
    }
    LocalFree(text);
    return ok;
}

/* The profile of the account that Windows logs on by itself, "" when there is none. */
static void autologon_profile(char *out, size_t size)
{
    char enabled[16] = "", user[128] = "";
    uint16_t *account = NULL;

    out[0] = 0;
    if (!call_machine_text(WINLOGON, L"AutoAdminLogon", enabled, sizeof enabled) ||
        strcmp(enabled, "1") != 0 ||
        !call_machine_text(WINLOGON, L"DefaultUserName", user, sizeof user) || !user[0] ||
        !utf16_from_utf8(user, &account, NULL))
        return;
    if (!profile_of(account, out, size))
        out[0] = 0;
    free(account);
}

static bool enter_user(struct files_place *place, struct err *err)
{
    struct user_session session;
    HANDLE token = NULL;

    if (!user_session_find(&session, err) ||
        (session.id != USER_NO_SESSION && !user_token_open(session.id, &token, err)))
        return false;
    if (!token) {
        autologon_profile(place->anchor, sizeof place->anchor);
        place->below = "AppData/Roaming/Parsec";
        return true;
    }
    if (!call_known_folder(&roaming, token, place->anchor, sizeof place->anchor, err) ||
        !user_impersonate(token, err)) {
        CloseHandle(token);
        return false;
    }
    place->token = token;
    return true;
}

bool files_place_enter(struct files_place *place, enum file_root root, struct err *err)
{
    memset(place, 0, sizeof *place);
    place->below = roots[root].below;
    if (!roots[root].anchor)
        return enter_user(place, err);
    if (!call_known_folder(roots[root].anchor, NULL, place->anchor, sizeof place->anchor, err))
        return false;
    if (roots[root].drive && strlen(place->anchor) > 3)
        place->anchor[3] = 0; /* "C:\\Windows" becomes "C:\\" */
    return true;
}

void files_place_leave(struct files_place *place)
{
    if (!place->token)
        return;
    user_revert();
    CloseHandle(place->token);
    place->token = NULL;
}

bool files_place_path(const struct files_place *place, char path[FS_PATH_BYTES], struct err *err)
{
    if (!fs_join(path, place->anchor, place->below, err))
        return false;
    for (char *at = path; *at; at++)
        if (*at == '/')
            *at = '\\';
    return true;
}
