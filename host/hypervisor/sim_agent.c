/* The agent's executable as the simulated hypervisor uses it: found, and run to edit a world. */
#include "host/hypervisor/sim_state.h"

#include "host/place.h"
#include "host/process.h"

#include <stdio.h>
#include <string.h>

#define EDIT_MS   30000
#define EDIT_ARGS 64

static bool is_file(const char *path)
{
    struct fs_stat stat;

    return fs_stat(path, &stat, NULL) && stat.kind == FS_FILE;
}

bool sim_agent_path(char *out, struct err *err)
{
    static const char *const folders[] = {"", "../guest/"};
    char self[FS_PATH_BYTES], folder[FS_PATH_BYTES], name[64], path[FS_PATH_BYTES];

    /* who names one means it */
    if (fs_env("GPUPV_AGENT", path, sizeof path) && is_file(path)) {
        text_copy(out, FS_PATH_BYTES, path);
        return true;
    }
    if (!fs_self_path(self, sizeof self, err))
        return false;
    fs_parent(self);
    text_copy(folder, sizeof folder, self);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(name, sizeof name, "%sgpupv-agent%s", folders[i], place_program_suffix());
        if (fs_join(path, folder, name, NULL) && is_file(path)) {
            text_copy(out, FS_PATH_BYTES, path);
            return true;
        }
    }
    err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_AGENT, folder, NULL);
    return err_hint(err, TEXT_HOST_NO_AGENT_HINT);
}

/* The last line that is not empty, without its end. */
static void last_line(const struct buf *text, char *out, size_t size)
{
    const char *all = buf_str(text), *begin;
    size_t end = strlen(all);

    while (end && (all[end - 1] == '\n' || all[end - 1] == '\r'))
        end--;
    begin = all + end;
    while (begin > all && begin[-1] != '\n')
        begin--;
    text_copy(out,
              (size_t)(all + end - begin) + 1 < size ? (size_t)(all + end - begin) + 1 : size,
              begin);
}

bool sim_agent_edit(
    const char *root, const char *id, const char *const *args, struct buf *out, struct err *err)
{
    char agent[FS_PATH_BYTES], disk[FS_PATH_BYTES], line[ERR_ARG_BYTES];
    const char *all[EDIT_ARGS + 4] = {agent, "sim", disk};
    size_t count = 3;
    int code = 0;

    for (size_t i = 0; args[i]; i++) {
        if (i == EDIT_ARGS)
            return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(EDIT_ARGS), NULL);
        all[count++] = args[i];
    }
    if (!sim_agent_path(agent, err) || !sim_path(root, id, "disk", disk, err) ||
        !process_run(agent, all, EDIT_MS, out, &code, err))
        return false;
    if (code == 0)
        return true;
    last_line(out, line, sizeof line);
    return err_set(err, ERR_FAILED, TEXT_HOST_AGENT_SAID, line, TEXT_NUM(code), NULL);
}
