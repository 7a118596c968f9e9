/* Windows' judgement of a program. */
#include "host/guest/publisher.h"

#include "common/trust_win32.h"
#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>

#include <winver.h>

#define VERSION_BYTES_MOST (1u << 20)

/* The version that the program's resource states; "" without one. */
static void find_version(const char *path, char *out, size_t size)
{
    VS_FIXEDFILEINFO *info = NULL;
    uint16_t *wide = NULL;
    void *data = NULL;
    DWORD length;
    UINT got = 0;

    *out = 0;
    if (!utf16_from_utf8(path, &wide, NULL))
        return;
    length = GetFileVersionInfoSizeW(wide, NULL);
    data = length && length <= VERSION_BYTES_MOST ? malloc(length) : NULL;
    if (data && GetFileVersionInfoW(wide, 0, length, data) &&
        VerQueryValueW(data, L"\\", (void **)&info, &got) && got >= sizeof *info)
        snprintf(out,
                 size,
                 "%u.%u.%u.%u",
                 (unsigned)HIWORD(info->dwFileVersionMS),
                 (unsigned)LOWORD(info->dwFileVersionMS),
                 (unsigned)HIWORD(info->dwFileVersionLS),
                 (unsigned)LOWORD(info->dwFileVersionLS));
    free(data);
    free(wide);
}

bool publisher_check(const char *path,
                     const char *publishers,
                     char *ret_name,
                     size_t name_size,
                     char *ret_version,
                     size_t version_size,
                     struct err *err)
{
    struct trust_file *file = NULL;

    if (!trust_file_open(path, NULL, publishers, &file, err))
        return false;
    text_copy(ret_name, name_size, trust_file_signer(file));
    find_version(trust_file_path(file), ret_version, version_size);
    trust_file_close(file);
    return true;
}
