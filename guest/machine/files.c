/* Names of files below the roots. */
#include "guest/machine/files.h"

#include <string.h>

bool file_name_check(const char *name, struct err *err)
{
    char part[FS_NAME_BYTES];
    const char *at = name;
    size_t length;

    while (*at) {
        length = strcspn(at, "/");
        if (length >= sizeof(part))
            return err_set(err, ERR_UNSAFE, TEXT_WINDOWS_FILE_NAME, name, NULL);
        memcpy(part, at, length);
        part[length] = 0;
        if (!fs_name_is_safe(part) || (at[length] == '/' && !at[length + 1]))
            return err_set(err, ERR_UNSAFE, TEXT_WINDOWS_FILE_NAME, name, NULL);
        at += length + (at[length] == '/');
    }
    return true;
}
