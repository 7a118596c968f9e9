/* Golden parents: used, removed. */
#include "host/image/golden_record.h"

#include <stdlib.h>
#include <string.h>

#define LOCK_MS 30000

static bool load_locked(const char *folder,
                        const char *key,
                        struct golden *ret_golden,
                        struct fs_lock **ret_lock,
                        struct err *err)
{
    if (!golden_lock(folder, key, LOCK_MS, ret_lock, err))
        return false;
    if (golden_load(folder, key, ret_golden, err))
        return true;
    fs_unlock(*ret_lock);
    return false;
}

bool golden_verify(struct image_port *port, const struct golden *golden, struct err *err)
{
    struct image_look *look = calloc(1, sizeof *look);
    bool ok;

    if (!look)
        return err_no_memory(err);
    ok = port->file->inspect(port, golden->disk, look, err);
    if (ok && (look->unclean || strcmp(look->id, golden->id) != 0)) {
        err_set(err, ERR_CONFLICT, TEXT_BUILD_GOLDEN_CHANGED, golden->disk, golden->key, NULL);
        ok = err_hint(err, TEXT_BUILD_GOLDEN_CHANGED_HINT);
    }
    free(look);
    return ok;
}

/* ---- children ---- */

static bool is_there(struct image_port *port, const struct golden *golden, const char *path)
{
    struct image_look *look = calloc(1, sizeof *look);
    struct err why = ERR_INIT;
    bool there = true;

    if (look && port->file->inspect(port, path, look, &why))
        there = !strcmp(look->parent_id, golden->id);
    else if (look && why.kind == ERR_NOT_FOUND)
        there = false;
    free(look);
    return there;
}

void golden_prune(struct image_port *port, struct golden *golden)
{
    for (size_t i = golden->child_count; i > 0; i--)
        if (!is_there(port, golden, golden->children[i - 1]))
            golden_drop_child(golden, golden->children[i - 1]);
}

/* Shares the parent's blocks (ReFS) or makes a child; what it began is gone when it fails. */
static bool derive(struct image_port *port,
                   const struct golden *golden,
                   const char *path,
                   bool *ret_child,
                   struct err *err)
{
    struct err why = ERR_INIT;

    *ret_child = false;
    if (port->file->copy(port, path, golden->disk, true, NULL, NULL, &why))
        return true;
    *ret_child = why.kind == ERR_UNSUPPORTED;
    if (*ret_child) {
        err_clear(&why);
        if (port->disk->create_child(port, path, golden->disk, &why))
            return true;
        if (why.kind != ERR_EXISTS)
            port->disk->remove(port, path, NULL);
    }
    if (err)
        *err = why;
    return false;
}

bool golden_child(struct image_port *port,
                  const char *folder,
                  const char *key,
                  const char *path,
                  bool *ret_child,
                  struct err *err)
{
    struct fs_lock *lock = NULL;
    struct golden golden;
    bool ok;

    if (!load_locked(folder, key, &golden, &lock, err))
        return false;
    /* on record first: nobody may remove the parent meanwhile, nor after our death */
    ok = golden_verify(port, &golden, err) && port->file->preflight(port, path, err) &&
         golden_add_child(&golden, path, err) && golden_save(folder, &golden, err) &&
         derive(port, &golden, path, ret_child, err);
    if (ok && !*ret_child && golden_drop_child(&golden, path))
        ok = golden_save(folder, &golden, err);
    golden_done(&golden);
    fs_unlock(lock);
    return ok;
}

bool golden_forget(const char *folder, const char *path, struct err *err)
{
    struct golden *list = NULL;
    size_t count = 0;
    bool ok = golden_list(folder, &list, &count, err);

    for (size_t i = 0; i < count; i++) {
        struct fs_lock *lock = NULL;
        struct golden golden;

        if (ok && golden_drop_child(&list[i], path)) {
            ok = load_locked(folder, list[i].key, &golden, &lock, err);
            if (ok) {
                ok = !golden_drop_child(&golden, path) || golden_save(folder, &golden, err);
                golden_done(&golden);
                fs_unlock(lock);
            }
        }
        golden_done(&list[i]);
    }
    free(list);
    return ok;
}

/* ---- removing ---- */

bool golden_remove(struct image_port *port, const char *folder, const char *key, struct err *err)
{
    struct fs_lock *lock = NULL;
    char path[FS_PATH_BYTES];
    struct golden golden;
    bool ok = true;

    if (!load_locked(folder, key, &golden, &lock, err))
        return false;
    golden_prune(port, &golden);
    if (golden.child_count) {
        err_set(err, ERR_BUSY, TEXT_BUILD_GOLDEN_USED, golden.disk, golden.children[0], NULL);
        ok = err_hint(err, TEXT_BUILD_GOLDEN_USED_HINT);
    }
    if (ok)
        fs_set_read_only(golden.disk, false, NULL);
    if (ok && !port->disk->remove(port, golden.disk, err)) {
        fs_set_read_only(golden.disk, true, NULL);
        ok = false;
    }
    ok = ok && golden_path(path, folder, key, GOLDEN_RECORD, err) && fs_remove(path, err);
    golden_done(&golden);
    fs_unlock(lock);
    return ok;
}
