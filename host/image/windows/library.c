/* Libraries and programs that belong to Windows, taken from its own folder only. */
#include "host/image/windows/inside.h"

#include <stdlib.h>
#include <string.h>

/* Wine marks its own libraries here; those that we ask for end the process when they are called. */
#define WINE_MARK_OFFSET 0x40
static const char wine_mark[] = "Wine builtin DLL";

static bool is_stub(HMODULE module)
{
    return !memcmp((const char *)module + WINE_MARK_OFFSET, wine_mark, sizeof wine_mark - 1);
}

bool library_load(
    const char *name, const char *const *names, size_t count, FARPROC *functions, struct err *err)
{
    uint16_t *name16 = NULL;
    HMODULE module;
    bool ok = true;

    if (!utf16_from_utf8(name, &name16, err))
        return false;
    module = LoadLibraryExW((const WCHAR *)name16, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    free(name16);
    if (!module || is_stub(module))
        return err_set_os(err,
                          ERR_DOMAIN_WIN32,
                          (int32_t)(module ? ERROR_CALL_NOT_IMPLEMENTED : GetLastError()),
                          TEXT_DISK_NO_LIBRARY,
                          name,
                          NULL);
    for (size_t i = 0; ok && i < count; i++) {
        functions[i] = GetProcAddress(module, names[i]);
        ok = functions[i] != NULL;
    }
    return ok || err_set_os(
                     err, ERR_DOMAIN_WIN32, ERROR_PROC_NOT_FOUND, TEXT_DISK_NO_LIBRARY, name, NULL);
}

bool library_program(const char *name, char out[FS_PATH_BYTES])
{
    WCHAR folder16[MAX_PATH];
    UINT length = GetSystemDirectoryW(folder16, MAX_PATH);
    char folder[FS_PATH_BYTES];
    struct fs_stat stat;

    return length && length < MAX_PATH &&
           utf16_to_utf8_into(folder16, length, folder, sizeof folder) &&
           fs_join(out, folder, name, NULL) && fs_stat(out, &stat, NULL) && stat.kind == FS_FILE;
}
