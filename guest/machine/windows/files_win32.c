/*
 * Port of files. A root is an anchor that only administrators can move, and components below it;
 * everything from the anchor on is opened one component at a time by checked handles (fs_dir),
 * whoever may write there. The user's root is touched as that user; with nobody logged on it is the
 * profile of the account that Windows logs on by itself, which then holds nothing that could lead
 * out of it: no handle follows a link.
 */
#include "guest/machine/windows/user_token_win32.h"
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/windows.h"

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
} roots[FILE_ROOTS] = {
    [ROOT_PARSEC_SHARED] = {&program_data, "Parsec"},
    [ROOT_PARSEC_USER] = {NULL, "Parsec"},
    [ROOT_PARSEC_PROGRAM] = {&program_files, "Parsec"},
    [ROOT_VDD_PROGRAM] = {&program_files, "Parsec Virtual Display Driver"},
    [ROOT_EASY_GPU] = {&program_data, "Easy-GPU-P"},
    [ROOT_GROUP_POLICY] = {&windows_folder, "System32/GroupPolicy"},
    [ROOT_DRIVER_STORE] = {&windows_folder, "System32/HostDriverStore/FileRepository"},
};

/* Where a call goes to work; ended by place_leave on the same thread. */
struct place {
    char anchor[FS_PATH_BYTES]; /* "": there is none, as with no user */
    const char *below;
    HANDLE token; /* acting as this user */
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

static bool enter_user(struct place *place, struct err *err)
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

static bool place_enter(struct place *place, enum file_root root, const char *name, struct err *err)
{
    if (!file_name_check(name, err))
        return false;
    memset(place, 0, sizeof *place);
    place->below = roots[root].below;
    if (!roots[root].anchor)
        return enter_user(place, err);
    return call_known_folder(roots[root].anchor, NULL, place->anchor, sizeof place->anchor, err);
}

static void place_leave(struct place *place)
{
    if (!place->token)
        return;
    user_revert();
    CloseHandle(place->token);
    place->token = NULL;
}

/* ---- going down ---- */

/* Replaces *dir by the folder name below it. */
static bool step(struct fs_dir **dir, const char *name, bool make, struct err *err)
{
    struct fs_dir *next = NULL;
    bool ok = fs_dir_open_sub(*dir, name, make, &next, err);

    fs_dir_close(*dir);
    *dir = ok ? next : NULL;
    return ok;
}

/* Goes down the components of path, all of them or (`last`) all but the last, which is copied to
 * last. Closes *dir on failure. */
static bool walk(struct fs_dir **dir, const char *path, bool make, char *last, struct err *err)
{
    char part[FS_NAME_BYTES];

    while (*path) {
        size_t length = strcspn(path, "/");
        bool is_last = !path[length];

        memcpy(part, path, length);
        part[length] = 0;
        path += length + !is_last;
        if (is_last && last)
            text_copy(last, FS_NAME_BYTES, part);
        else if (!step(dir, part, make, err))
            return false;
    }
    return true;
}

/* Opens the folder that holds the entry `name` of the place, and the entry's own name in last; for
 * "" that is the root's folder and last is "". Missing: ERR_NOT_FOUND. */
static bool open_holder(const struct place *place,
                        const char *name,
                        bool make,
                        struct fs_dir **ret_dir,
                        char last[FS_NAME_BYTES],
                        struct err *err)
{
    struct fs_dir *dir = NULL;

    last[0] = 0;
    if (!place->anchor[0])
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_USER, NULL);
    if (!fs_dir_open(place->anchor, &dir, err) || !walk(&dir, place->below, make, NULL, err) ||
        !walk(&dir, name, make, last, err))
        return false;
    *ret_dir = dir;
    return true;
}

/* Hands an error on, but for "not found", which is true for the caller. */
static bool missing_is_fine(const struct err *why, struct err *err)
{
    if (why->kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = *why;
    return false;
}

/* ---- the port ---- */

static bool files_stat(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       struct fs_stat *ret_stat,
                       struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct place place;
    bool ok;

    (void)port;
    if (!place_enter(&place, root, name, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, &why);
    if (ok && last[0])
        ok = fs_dir_stat(dir, last, &stat, &why);
    else if (ok)
        stat.kind = FS_FOLDER;
    fs_dir_close(dir);
    place_leave(&place);
    if (!ok && !missing_is_fine(&why, err))
        return false;
    *ret_stat = stat;
    return true;
}

static bool files_read(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       uint64_t offset,
                       size_t max,
                       struct buf *out,
                       struct err *err)
{
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct place place;
    bool ok;

    (void)port;
    if (!place_enter(&place, root, name, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, err) &&
         fs_dir_read(dir, last, offset, max, out, err);
    fs_dir_close(dir);
    place_leave(&place);
    return ok;
}

static bool files_write(struct files_port *port,
                        enum file_root root,
                        const char *name,
                        const void *data,
                        size_t length,
                        struct err *err)
{
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct place place;
    bool ok;

    (void)port;
    if (!place_enter(&place, root, name, err))
        return false;
    ok = open_holder(&place, name, true, &dir, last, err) &&
         fs_dir_write(dir, last, data, length, err);
    fs_dir_close(dir);
    place_leave(&place);
    return ok;
}

static bool
files_remove(struct files_port *port, enum file_root root, const char *name, struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct place place;
    bool ok;

    (void)port;
    if (!place_enter(&place, root, name, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, &why) && fs_dir_remove(dir, last, &why);
    fs_dir_close(dir);
    place_leave(&place);
    return ok || missing_is_fine(&why, err);
}

static bool files_list(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       bool (*visit)(const char *name, enum fs_kind kind, void *user),
                       void *user,
                       struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct place place;
    bool ok;

    (void)port;
    if (!place_enter(&place, root, name, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, &why) &&
         (!last[0] || step(&dir, last, false, &why)) && fs_dir_list(dir, visit, user, &why);
    fs_dir_close(dir);
    place_leave(&place);
    return ok || missing_is_fine(&why, err);
}

static bool join_path(const struct place *place, char path[FS_PATH_BYTES], struct err *err)
{
    if (!fs_join(path, place->anchor, place->below, err))
        return false;
    for (char *at = path; *at; at++)
        if (*at == '/')
            *at = '\\';
    return true;
}

static bool
files_path(struct files_port *port, enum file_root root, char *out, size_t size, struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES], path[FS_PATH_BYTES] = "";
    struct place place;
    bool ok;

    (void)port;
    if (!place_enter(&place, root, "", err))
        return false;
    ok = open_holder(&place, "", false, &dir, last, &why) && join_path(&place, path, &why);
    fs_dir_close(dir);
    place_leave(&place);
    if (!ok && !missing_is_fine(&why, err))
        return false;
    if (strlen(path) >= size)
        return err_set(err, ERR_TOO_LARGE, TEXT_WINDOWS_FILE_NAME, path, NULL);
    text_copy(out, size, path);
    return true;
}

static const struct files_ops ops = {
    .stat = files_stat,
    .read = files_read,
    .write = files_write,
    .remove = files_remove,
    .list = files_list,
    .path = files_path,
};

bool windows_files_new(struct files_port **ret_port, struct err *err)
{
    struct files_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_files_free(struct files_port *port)
{
    free(port);
}
