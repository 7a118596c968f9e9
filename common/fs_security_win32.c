/* Who may touch our files on Windows. */
#include "common/fs_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

#define SDDL_CHARS 512

#define WRITE_RIGHTS                                                                               \
    (FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY | FILE_DELETE_CHILD | DELETE | WRITE_DAC |              \
     WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL)

bool fs_current_user(TOKEN_USER **ret_user, struct err *err)
{
    HANDLE token = NULL;
    TOKEN_USER *user = NULL;
    DWORD size = 0;
    DWORD code = 0;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return fs_fail(GetLastError(), TEXT_PERMISSIONS, "", err);
    GetTokenInformation(token, TokenUser, NULL, 0, &size);
    user = malloc(size ? size : 1);
    if (!user)
        code = ERROR_OUTOFMEMORY;
    else if (!GetTokenInformation(token, TokenUser, user, size, &size))
        code = GetLastError();
    CloseHandle(token);
    if (code) {
        free(user);
        return fs_fail(code, TEXT_PERMISSIONS, "", err);
    }
    *ret_user = user;
    return true;
}

bool fs_is_administrator(void)
{
    SID_IDENTIFIER_AUTHORITY authority = SECURITY_NT_AUTHORITY;
    BOOL member = FALSE;
    PSID group;

    if (!AllocateAndInitializeSid(&authority,
                                  2,
                                  SECURITY_BUILTIN_DOMAIN_RID,
                                  DOMAIN_ALIAS_RID_ADMINS,
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  0,
                                  &group))
        return false;
    if (!CheckTokenMembership(NULL, group, &member))
        member = FALSE;
    FreeSid(group);
    return member;
}

/* The security descriptor as text. */
static bool private_sddl(WCHAR *out, struct err *err)
{
    static const WCHAR base[] = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
    TOKEN_USER *user = NULL;
    WCHAR *sid;
    int n;

    if (fs_is_administrator()) {
        swprintf(out, SDDL_CHARS, L"%ls", base);
        return true;
    }
    if (!fs_current_user(&user, err) || !user)
        return false;
    if (!ConvertSidToStringSidW(user->User.Sid, &sid)) {
        DWORD code = GetLastError();

        free(user);
        return fs_fail(code, TEXT_PERMISSIONS, "", err);
    }
    n = swprintf(out, SDDL_CHARS, L"%ls(A;OICI;FA;;;%ls)", base, sid);
    LocalFree(sid);
    free(user);
    return n > 0 || fs_fail(ERROR_INVALID_SID, TEXT_PERMISSIONS, "", err);
}

bool fs_security_init(struct fs_security *security, enum fs_access access, struct err *err)
{
    WCHAR sddl[SDDL_CHARS];

    security->use = NULL;
    security->attributes.nLength = sizeof security->attributes;
    security->attributes.bInheritHandle = FALSE;
    security->attributes.lpSecurityDescriptor = NULL;
    if (access == FS_SHARED)
        return true;
    if (!private_sddl(sddl, err))
        return false;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
            sddl, SDDL_REVISION_1, &security->attributes.lpSecurityDescriptor, NULL))
        return fs_fail(GetLastError(), TEXT_PERMISSIONS, "", err);
    security->use = &security->attributes;
    return true;
}

void fs_security_done(struct fs_security *security)
{
    if (security->attributes.lpSecurityDescriptor)
        LocalFree(security->attributes.lpSecurityDescriptor);
    security->attributes.lpSecurityDescriptor = NULL;
    security->use = NULL;
}

/* SYSTEM, Administrators, TrustedInstaller and the user who runs this. */
static bool is_trusted(PSID sid, PSID user)
{
    static const WCHAR installer[] =
        L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
    PSID other = NULL;
    bool trusted;

    if (IsWellKnownSid(sid, WinLocalSystemSid) ||
        IsWellKnownSid(sid, WinBuiltinAdministratorsSid) || EqualSid(sid, user))
        return true;
    trusted = ConvertStringSidToSidW(installer, &other) && EqualSid(sid, other);
    LocalFree(other);
    return trusted;
}

/* An entry that gives something, also one with a condition. */
static bool is_grant(const ACE_HEADER *header)
{
    return header->AceType == ACCESS_ALLOWED_ACE_TYPE ||
           header->AceType == ACCESS_ALLOWED_CALLBACK_ACE_TYPE;
}

/* True when an entry gives somebody else one of these rights. */
static bool others_may(PACL acl, ACCESS_MASK rights, PSID user)
{
    DWORD i;

    if (!acl)
        return true; /* no list at all: everybody may do everything */
    for (i = 0; i < acl->AceCount; i++) {
        ACCESS_ALLOWED_ACE *ace;

        if (!GetAce(acl, i, (void **)&ace))
            return true;
        if (!is_grant(&ace->Header) || (ace->Header.AceFlags & INHERIT_ONLY_ACE) ||
            !(ace->Mask & rights))
            continue;
        if (!is_trusted((PSID)&ace->SidStart, user))
            return true;
    }
    return false;
}

bool fs_is_ours(PSID owner, PACL acl, ACCESS_MASK rights, PSID user)
{
    return owner && is_trusted(owner, user) && !others_may(acl, rights, user);
}

bool fs_check_private(HANDLE folder, const char *path, struct err *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    TOKEN_USER *user = NULL;
    PSID owner = NULL;
    PACL acl = NULL;
    DWORD code;
    bool ok;

    if (!fs_current_user(&user, err) || !user)
        return false;
    code = GetSecurityInfo(folder,
                           SE_FILE_OBJECT,
                           OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                           &owner,
                           NULL,
                           &acl,
                           NULL,
                           &descriptor);
    if (code)
        ok = fs_fail(code, TEXT_PERMISSIONS, path, err);
    else if (!fs_is_ours(owner, acl, WRITE_RIGHTS, user->User.Sid))
        ok = err_set(err, ERR_UNSAFE, TEXT_FOLDER_FOREIGN, path, NULL);
    else
        ok = true;
    LocalFree(descriptor);
    free(user);
    return ok;
}
