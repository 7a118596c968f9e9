/*
 * Applying a Windows image: wimgapi.dll, or dism.exe where that does not work. Which names of a
 * volume wimgapi takes is not documented, so that three are tried, the likeliest first [probe]: the
 * mount manager's, the device's own, and a folder that the volume is mounted on. dism.exe gets the
 * folder, which everything takes.
 */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <string.h>

enum naming { BY_GUID, BY_DEVICE, BY_FOLDER, NAMINGS };

struct job {
    struct apply apply;
    struct origin origin;
    struct image_volume *volume;
    struct mount windows, iso;
};

/* The volume's root as the naming has it, with a backslash; false when it has none. */
static bool root_name(struct job *job,
                      enum naming naming,
                      const char *device,
                      const char *label,
                      struct mount *mount,
                      char *out,
                      struct err *err)
{
    char guid[WINDOWS_NAME_BYTES];
    DWORD code;

    switch (naming) {
    case BY_GUID:
        code = device_volume_guid(device, guid);
        if (code)
            return explain(code, TEXT_DISK_VOLUME_OPEN, job->volume->disk->path, err);
        snprintf(out, FS_PATH_BYTES, "%s\\", guid);
        return true;
    case BY_DEVICE:
        snprintf(out, FS_PATH_BYTES, "%s\\", device);
        return true;
    default:
        if (!*mount->folder && !mount_add(job->apply.port, device, label, mount, err))
            return false;
        snprintf(out, FS_PATH_BYTES, "%.*s\\", FS_PATH_BYTES - 2, mount->folder);
        return true;
    }
}

/* Fills in the names that the engine gets. */
static bool name_both(struct job *job, enum naming naming, struct err *err)
{
    char root[FS_PATH_BYTES];

    if (!root_name(job, naming, job->volume->name, "windows", &job->windows, job->apply.root, err))
        return false;
    if (!*job->origin.device) {
        text_copy(job->apply.file, sizeof job->apply.file, job->origin.file);
        return true;
    }
    return root_name(job, naming, job->origin.device, "iso", &job->iso, root, err) &&
           (strlen(root) + strlen(job->origin.file) < sizeof job->apply.file ||
            err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, root, job->origin.file, NULL)) &&
           snprintf(job->apply.file, sizeof job->apply.file, "%s%s", root, job->origin.file) > 0;
}

/* Tries the namings in their order; keeps the error of the last. */
static bool by_wimgapi(struct job *job, enum apply_failure *ret_failure, struct err *err)
{
    struct err why = ERR_INIT;

    *ret_failure = APPLY_ENGINE;
    for (int naming = 0; naming < NAMINGS; naming++) {
        err_clear(&why);
        if (!name_both(job, (enum naming)naming, &why)) {
            *ret_failure = APPLY_NAMES;
            continue;
        }
        if (wimgapi_apply(&job->apply, ret_failure, &why))
            return true;
        if (*ret_failure != APPLY_NAMES)
            break;
    }
    if (err)
        *err = why;
    return false;
}

static bool run(struct job *job, struct err *err)
{
    enum apply_failure failure = APPLY_ENGINE;
    struct err why = ERR_INIT;

    if (wimgapi_check(&why) && by_wimgapi(job, &failure, &why))
        return true;
    /* its own error, if it has one, says more than that of a program which is not there either */
    if (failure == APPLY_FOR_GOOD || !dism_check(NULL)) {
        if (err)
            *err = why;
        return false;
    }
    return name_both(job, BY_FOLDER, err) && dism_apply(&job->apply, &failure, err);
}

static bool image_apply(struct image_port *port,
                        const struct image_source *source,
                        struct image_volume *volume,
                        image_progress progress,
                        void *user,
                        struct err *err)
{
    struct job job = {.apply = {.port = (struct windows_port *)port,
                                .from = source,
                                .progress = progress,
                                .user = user},
                      .volume = volume};
    bool ok = volume_may_write(volume, err) && privilege_enable_all(err) &&
              windows_work(job.apply.port, err) &&
              device_find_volume(job.apply.port, volume, err) &&
              origin_open(job.apply.port, source, &job.origin, err) && run(&job, err);

    ok = mount_remove(&job.windows, ok ? err : NULL) && ok;
    ok = mount_remove(&job.iso, ok ? err : NULL) && ok;
    return origin_close(&job.origin, ok ? err : NULL) && ok;
}

const struct image_apply_ops windows_apply_ops = {
    .apply = image_apply,
    .boot = boot_install,
};
