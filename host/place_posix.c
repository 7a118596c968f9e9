/* Places on Linux. */
#include "host/place.h"

#include "common/fs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool place_state(char *out, struct err *err)
{
    (void)err;
    /* a service manager names another one so (systemd.exec: StateDirectory=) */
    if (!fs_env("STATE_DIRECTORY", out, FS_PATH_BYTES) || *out != '/')
        text_copy(out, FS_PATH_BYTES, "/var/lib/gpupv");
    return true;
}

bool place_simulation(char *out, struct err *err)
{
    char base[FS_PATH_BYTES];

    if (fs_env("XDG_STATE_HOME", base, sizeof base) && base[0] == '/')
        return fs_join(out, base, "gpupv/sim", err);
    if (fs_env("HOME", base, sizeof base) && base[0] == '/')
        return fs_join(out, base, ".local/state/gpupv/sim", err);
    err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_STATE_FOLDER, NULL);
    return err_hint(err, TEXT_HOST_NO_STATE_FOLDER_HINT);
}

bool place_socket(const char *token, char out[LINK_PATH_BYTES], struct err *err)
{
    char base[FS_PATH_BYTES], folder[FS_PATH_BYTES];
    int n = -1;

    if (fs_env("XDG_RUNTIME_DIR", base, sizeof base) && base[0] == '/' && strlen(base) < 60)
        n = snprintf(folder, sizeof folder, "%s/gpupv", base);
    else
        n = snprintf(folder, sizeof folder, "/tmp/gpupv-%ld", (long)getuid());
    if (n < 0 || n >= (int)sizeof folder || !fs_make_dirs(folder, FS_PRIVATE, err))
        return false;
    n = snprintf(out, LINK_PATH_BYTES, "%s/%s", folder, token);
    if (n < 0 || n >= LINK_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_FOLDER_CREATE, folder, NULL);
    return true;
}

void place_socket_remove(const char *address)
{
    unlink(address);
}

const char *place_program_suffix(void)
{
    return "";
}

bool place_absolute(const char *path, char *out, struct err *err)
{
    char current[FS_PATH_BYTES];

    if (path[0] == '/') {
        text_copy(out, FS_PATH_BYTES, path);
        return true;
    }
    if (!getcwd(current, sizeof current))
        return err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_FILE_OPEN, path, NULL);
    return fs_join(out, current, path, err);
}

bool place_tool(const char *name, char *out, struct err *err)
{
    static const char *const folders[] = {"/usr/bin", "/bin", "/usr/local/bin"};
    struct fs_stat stat = {.kind = FS_MISSING};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (fs_join(out, folders[i], name, NULL) && fs_stat(out, &stat, NULL) &&
            (stat.kind == FS_FILE || stat.kind == FS_LINK))
            return true;
    return err_set(err, ERR_UNSUPPORTED, TEXT_SETUP_NO_TOOL, name, NULL);
}
