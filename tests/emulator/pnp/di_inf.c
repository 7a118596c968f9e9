/* INF files, the driver store and signatures. */
#include "di.h"

#include "store.h"
#include "verify.h"

#include <string.h>
#include <wchar.h>

/* Known to no header of mingw-w64 10; the first part is SP_INF_SIGNER_INFO_W. */
struct signer_info_v2 {
    SP_INF_SIGNER_INFO_W first;
    DWORD score;
};

enum {
    COPY_BITS = SP_COPY_DELETESOURCE | SP_COPY_REPLACEONLY | SP_COPY_NOOVERWRITE |
                SP_COPY_OEMINF_CATALOG_ONLY
};

/* Shared by SetupSetNonInteractiveMode: a process that has no window to ask in says so. */
static BOOL noninteractive;

WINBOOL WINAPI SetupSetNonInteractiveMode(WINBOOL on)
{
    BOOL before = noninteractive;

    noninteractive = on;
    call_bool(0, "SetupSetNonInteractiveMode(%d)", on);
    return before;
}

WINBOOL WINAPI SetupGetNonInteractiveMode(VOID)
{
    return noninteractive;
}

static bool is_full_path(const wchar_t *path)
{
    return *path && path[1] == L':' && path[2] == L'\\' && wcslen(path) < MAX_PATH;
}

/* ---- into the store ---- */

static DWORD
give_name(const wchar_t *inf, PWSTR ret_path, DWORD room, PDWORD ret_needed, PWSTR *ret_component)
{
    wchar_t path[PATH_CHARS];
    DWORD len;

    swprintf(path, PATH_CHARS, INF_FOLDER L"\\%ls", inf);
    len = (DWORD)wcslen(path) + 1;
    if (ret_needed)
        *ret_needed = len;
    if (!ret_path)
        return 0;
    if (room < len)
        return ERROR_INSUFFICIENT_BUFFER;
    wcscpy(ret_path, path);
    if (ret_component)
        *ret_component = wcsrchr(ret_path, L'\\') + 1;
    return 0;
}

static DWORD check_copy(const wchar_t *path, DWORD media, DWORD style, PWSTR ret_path, DWORD room)
{
    if (!path || !is_full_path(path))
        return ERROR_INVALID_PARAMETER;
    if (media >= SPOST_MAX || (ret_path && !room))
        return ERROR_INVALID_PARAMETER;
    if (style & ~(DWORD)COPY_BITS)
        return ERROR_INVALID_FLAGS;
    if (style & (SP_COPY_REPLACEONLY | SP_COPY_OEMINF_CATALOG_ONLY))
        return ERROR_CALL_NOT_IMPLEMENTED;
    if (!machine_setting(L"Administrator", 1))
        return ERROR_ACCESS_DENIED;
    return machine_setting(L"Wow64", 0) ? ERROR_IN_WOW64 : 0;
}

/* In non-interactive mode a question is an error of its own. */
static DWORD import(const wchar_t *path, struct driver *ret_driver, bool *ret_existed)
{
    DWORD code = store_import(
        path, noninteractive ? STORE_NONINTERACTIVE : STORE_INTERACTIVE, ret_driver, ret_existed);

    if (noninteractive && code == ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED)
        return ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION;
    return code;
}

WINBOOL WINAPI SetupCopyOEMInfW(PCWSTR path,
                                PCWSTR location,
                                DWORD media,
                                DWORD style,
                                PWSTR ret_path,
                                DWORD room,
                                PDWORD ret_needed,
                                PWSTR *ret_component)
{
    struct driver driver;
    bool existed = false;
    DWORD code = call_fault("SetupCopyOEMInfW");

    (void)location;
    if (!code)
        code = check_copy(path, media, style, ret_path, room);
    if (!code)
        code = import(path, &driver, &existed);
    if (!code)
        code = give_name(driver.inf, ret_path, room, ret_needed, ret_component);
    if (!code && existed && style & SP_COPY_NOOVERWRITE)
        code = ERROR_FILE_EXISTS;
    if (!code && style & SP_COPY_DELETESOURCE)
        DeleteFileW(path);
    return call_bool(code, "SetupCopyOEMInfW(%ls, 0x%lx)", path ? path : L"", style);
}

WINBOOL WINAPI SetupUninstallOEMInfW(PCWSTR name, DWORD flags, PVOID reserved)
{
    wchar_t path[PATH_CHARS];
    DWORD code = call_fault("SetupUninstallOEMInfW");

    if (!code && (!name || reserved || wcschr(name, L'\\')))
        code = ERROR_INVALID_PARAMETER;
    if (!code && flags & ~(DWORD)SUOI_FORCEDELETE)
        code = ERROR_INVALID_FLAGS;
    machine_enter();
    if (!code && !machine_setting(L"Administrator", 1))
        code = ERROR_ACCESS_DENIED;
    if (!code) {
        swprintf(path, PATH_CHARS, INF_FOLDER L"\\%ls", name);
        code = GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES
                   ? ERROR_FILE_NOT_FOUND
                   : store_remove(name, flags & SUOI_FORCEDELETE);
    }
    machine_leave();
    return call_bool(code, "SetupUninstallOEMInfW(%ls, 0x%lx)", name ? name : L"", flags);
}

/* ---- where things are ---- */

WINBOOL WINAPI SetupGetInfDriverStoreLocationW(PCWSTR name,
                                               PSP_ALTPLATFORM_INFO platform,
                                               PCWSTR locale,
                                               PWSTR ret_path,
                                               DWORD room,
                                               PDWORD ret_needed)
{
    wchar_t path[PATH_CHARS];
    struct driver driver;
    DWORD code = call_fault("SetupGetInfDriverStoreLocationW");

    machine_enter();
    if (!code && (!name || !*name || platform || locale || (!ret_path && room)))
        code = ERROR_INVALID_PARAMETER;
    if (!code && !store_find(name, &driver))
        code = ERROR_NOT_FOUND; /* [probe] or ERROR_FILE_NOT_FOUND */
    if (!code) {
        store_inf_path(&driver, path);
        code = give_text(path, ret_path, room, ret_needed);
    }
    machine_leave();
    return call_bool(code, "SetupGetInfDriverStoreLocationW(%ls)", name ? name : L"");
}

WINBOOL WINAPI SetupGetInfPublishedNameW(PCWSTR location,
                                         PWSTR ret_name,
                                         DWORD room,
                                         PDWORD ret_needed)
{
    wchar_t path[PATH_CHARS];
    struct driver driver;
    DWORD code = call_fault("SetupGetInfPublishedNameW");

    machine_enter();
    if (!code && (!location || !*location || (!ret_name && room)))
        code = ERROR_INVALID_PARAMETER;
    if (!code && !store_find(location, &driver))
        code = ERROR_NOT_FOUND;
    if (!code) {
        swprintf(path, PATH_CHARS, INF_FOLDER L"\\%ls", driver.inf);
        code = give_text(path, ret_name, room, ret_needed);
    }
    machine_leave();
    return call_bool(code, "SetupGetInfPublishedNameW(%ls)", location ? location : L"");
}

/* ---- signatures ---- */

static void give_signer(const struct verdict *verdict, SP_INF_SIGNER_INFO_W *ret_info)
{
    swprintf(ret_info->CatalogFile, MAX_PATH, L"%ls", verdict->catalog);
    swprintf(ret_info->DigitalSigner, MAX_PATH, L"%ls", verdict->signer);
    *ret_info->DigitalSignerVersion = L'\0';
}

WINBOOL WINAPI SetupVerifyInfFileW(PCWSTR path,
                                   PSP_ALTPLATFORM_INFO platform,
                                   PSP_INF_SIGNER_INFO_W ret_info)
{
    struct verdict verdict = {.code = 0};
    DWORD code = call_fault("SetupVerifyInfFileW");

    (void)platform;
    if (!code && !path)
        code = ERROR_INVALID_PARAMETER;
    if (!code && ret_info && ret_info->cbSize != sizeof(*ret_info) &&
        ret_info->cbSize != sizeof(struct signer_info_v2))
        code = ERROR_INVALID_USER_BUFFER;
    machine_enter();
    if (!code) {
        verify_inf(path, &verdict);
        code = verdict.code;
    }
    machine_leave();
    /* Who signed it is told for every valid signature, those that must be asked about too. */
    if (ret_info &&
        (!code || code == ERROR_AUTHENTICODE_TRUSTED_PUBLISHER ||
         code == ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED) &&
        *verdict.catalog)
        give_signer(&verdict, ret_info);
    return call_bool(code, "SetupVerifyInfFileW(%ls)", path ? path : L"");
}
