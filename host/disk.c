/* Disks, their families and their locks. */
#include "host/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY_WAIT_MS (2 * 3600 * 1000) /* somebody may be applying Windows to another one */
#define CHAIN_MAX      64

bool disk_open_port(struct call *call, struct image_port **ret_port, struct err *err)
{
    char work[FS_PATH_BYTES];

    if (call->simulated)
        return image_open_dir(ret_port, err);
    return fs_join(work, call->state, "work", err) && image_open_system(work, ret_port, err);
}

bool disk_lock_id(struct call *call, const char *id, struct fs_lock **ret_lock, struct err *err)
{
    char file[64], path[FS_PATH_BYTES];

    snprintf(file, sizeof file, "locks/family-%.36s", id);
    return store_own_path(call->store, file, path, err) &&
           fs_lock(path, FAMILY_WAIT_MS, ret_lock, err);
}

bool disk_lock_family(struct call *call,
                      struct image_port *port,
                      const char *path,
                      struct fs_lock **ret_lock,
                      struct err *err)
{
    struct image_look *look = calloc(1, sizeof *look);
    char at[FS_PATH_BYTES], root[IMAGE_ID_BYTES] = "";
    bool ok = look || err_no_memory(err);

    text_copy(at, sizeof at, path);
    for (int depth = 0; ok && depth < CHAIN_MAX; depth++) {
        ok = port->file->inspect(port, at, look, err);
        if (!ok || !*look->parent)
            break;
        text_copy(root, sizeof root, look->parent_id);
        text_copy(at, sizeof at, look->parent);
    }
    free(look);
    *ret_lock = NULL;
    return ok && (!*root || disk_lock_id(call, root, ret_lock, err));
}

void disk_list_done(struct disk_list *list)
{
    free(list->paths);
    free(list->rows);
    memset(list, 0, sizeof *list);
}

bool disk_list(struct call *call, struct disk_list *list, struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct vm_info *vms = NULL;
    size_t count = 0;

    memset(list, 0, sizeof *list);
    if (!h->ops->list(h, &vms, &count, err))
        return false;
    list->paths = calloc(count + 1, sizeof *list->paths);
    list->rows = calloc(count + 1, sizeof *list->rows);
    for (size_t i = 0; list->paths && list->rows && i < count; i++) {
        if (!*vms[i].settings.disk)
            continue;
        text_copy(list->paths[list->count], FS_PATH_BYTES, vms[i].settings.disk);
        list->rows[list->count] = list->paths[list->count];
        list->count++;
    }
    free(vms);
    if (list->paths && list->rows)
        return true;
    disk_list_done(list);
    return err_no_memory(err);
}

bool disk_needs_off(const struct target *target, struct err *err)
{
    switch (target->vm.state) {
    case VM_OFF:
        return true;
    case VM_SAVED:
        /* its memory would not fit to a disk that was changed meanwhile */
        err_set(err, ERR_CONFLICT, TEXT_BUILD_VM_SAVED, target->name, NULL);
        return err_hint(err, TEXT_BUILD_SHUT_DOWN_HINT);
    case VM_STARTING:
    case VM_RUNNING:
    case VM_STOPPING:
    case VM_PAUSED:
    case VM_STATES:
        break;
    }
    err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, target->name, NULL);
    return err_hint(err, TEXT_HOST_MUST_BE_OFF_HINT);
}

bool disk_open(struct call *call,
               const struct target *target,
               struct disk_session *s,
               struct err *err)
{
    const char *path = target->vm.settings.disk;
    struct offline_others others;
    struct disk_list list;
    bool ok;

    memset(s, 0, sizeof *s);
    if (!disk_needs_off(target, err) || !disk_list(call, &list, err))
        return false;
    others = (struct offline_others){list.rows, list.count};
    ok = disk_open_port(call, &s->port, err) &&
         disk_lock_family(call, s->port, path, &s->lock, err) &&
         offline_open(s->port, path, &others, &s->disk, &s->volume, err);
    disk_list_done(&list);
    if (!ok)
        disk_close(s, false, err);
    return ok;
}

bool disk_close(struct disk_session *s, bool ok, struct err *err)
{
    if (s->disk)
        ok = s->port->disk->detach(s->port, s->disk, ok ? err : NULL) && ok;
    fs_unlock(s->lock);
    image_free(s->port);
    memset(s, 0, sizeof *s);
    return ok;
}
