/* Windows on consoles: VMConnect, and Parsec. */
#include "host/screen.h"

#include "common/utf16.h"
#include "host/process.h"

#include <windows.h>
#include <shlobj.h>

static bool folder_of(REFKNOWNFOLDERID id, const char *below, char *out)
{
    char base[FS_PATH_BYTES];
    WCHAR *path = NULL;
    bool ok = SUCCEEDED(SHGetKnownFolderPath(id, 0, NULL, &path)) &&
              utf16_to_utf8_into(
                  (const uint16_t *)path, utf16_len((const uint16_t *)path), base, sizeof base);

    CoTaskMemFree(path);
    return ok && fs_join(out, base, below, NULL);
}

static bool is_file(const char *path)
{
    struct fs_stat stat;

    return fs_stat(path, &stat, NULL) && stat.kind == FS_FILE;
}

bool screen_open_console(const char *name, const char *id, struct err *err)
{
    char program[FS_PATH_BYTES];
    const char *args[] = {program, "localhost", name, "-G", id, NULL};
    int64_t pid;

    if (!folder_of(&FOLDERID_System, "vmconnect.exe", program) || !is_file(program)) {
        err_set(err, ERR_UNSUPPORTED, TEXT_HV_NO_CONSOLE, NULL);
        return err_hint(err, TEXT_HV_NO_CONSOLE_HINT);
    }
    return process_start_detached(program, args, &pid, err);
}

bool screen_open_parsec(struct err *err)
{
    static const struct {
        const KNOWNFOLDERID *folder;
        const char *below;
    } places[] = {
        {&FOLDERID_ProgramFiles, "Parsec\\parsecd.exe"},
        {&FOLDERID_RoamingAppData, "Parsec\\electron\\parsecd.exe"},
        {&FOLDERID_RoamingAppData, "Parsec\\parsecd.exe"},
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char program[FS_PATH_BYTES];
        const char *args[] = {program, NULL};
        int64_t pid;

        if (folder_of(places[i].folder, places[i].below, program) && is_file(program))
            return process_start_detached(program, args, &pid, err);
    }
    err_set(err, ERR_NOT_FOUND, TEXT_HV_NO_PARSEC, NULL);
    return err_hint(err, TEXT_HV_NO_PARSEC_HINT);
}
