/* Known folders of Windows. */
#include "guest/folder.h"

#include "common/agent_place.h"
#include "common/fs.h"
#include "common/utf16.h"

#include <windows.h>
#include <shlobj.h>

static bool below(REFKNOWNFOLDERID id, const char *name, char *out, struct err *err)
{
    char base[FS_PATH_BYTES];
    WCHAR *path = NULL;
    HRESULT result = SHGetKnownFolderPath(id, 0, NULL, &path);
    bool ok = SUCCEEDED(result) &&
              utf16_to_utf8_into(
                  (const uint16_t *)path, utf16_len((const uint16_t *)path), base, sizeof base);

    CoTaskMemFree(path);
    if (!ok)
        return err_set_os(err, ERR_DOMAIN_HRESULT, (int32_t)result, TEXT_AGENT_NO_FOLDER, NULL);
    return fs_join(out, base, name, err);
}

bool folder_data(char *out, struct err *err)
{
    return below(&FOLDERID_ProgramData, AGENT_DATA_FOLDER, out, err);
}

bool folder_program(char *out, struct err *err)
{
    return below(&FOLDERID_ProgramFiles, AGENT_PROGRAM_FOLDER, out, err);
}
