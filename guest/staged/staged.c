/* Opening, what is there, and what comes. */
#include "guest/staged/staged_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORK        "gpupv"
#define MB          ((uint64_t)1 << 20)
#define SPARE_BYTES (256 * MB) /* that Windows keeps */

bool staged_open(struct machine *machine,
                 const char *folder,
                 struct staged **ret_staged,
                 struct err *ret_damage,
                 struct err *err)
{
    struct staged *staged = calloc(1, sizeof *staged);

    if (!staged)
        return err_no_memory(err);
    staged->machine = machine;
    text_copy(staged->folder, sizeof staged->folder, folder);
    (void)staged_notes_load(staged, ret_damage);
    *ret_staged = staged;
    return true;
}

void staged_close(struct staged *staged)
{
    free(staged);
}

void staged_set_gate(struct staged *staged, bool (*gate)(void *user), void *user)
{
    staged->gate = gate;
    staged->gate_user = user;
}

bool staged_may_change(const struct staged *staged, struct err *err)
{
    return !staged->gate || staged->gate(staged->gate_user) ||
           err_set(err, ERR_CANCELLED, TEXT_CANCELLED, NULL);
}

/* ---- paths ---- */

bool staged_places(struct staged *staged, struct err *err)
{
    struct staging_port *port = staged->machine->staging;
    char parent[FS_PATH_BYTES];

    if (staged->placed)
        return true;
    for (int i = 0; i < DRIVER_PLACES; i++)
        if (!port->ops->place(port, (enum driver_place)i, staged->places[i], err))
            return false;
    text_copy(parent, sizeof parent, staged->places[DRIVER_STORE]);
    fs_parent(parent);
    if (!fs_join(staged->work, parent, WORK, err))
        return false;
    staged->placed = true;
    return true;
}

bool staged_path(const struct staged *staged,
                 enum staged_where where,
                 const char *tree,
                 char *out,
                 struct err *err)
{
    static const char *const folders[] = {[STAGED_STAGE] = "stage", [STAGED_OLD] = "old"};
    enum driver_place place = DRIVER_PLACES;
    char folder[FS_PATH_BYTES];
    const char *rest = "";

    if (where != STAGED_PLACE)
        return fs_join(folder, staged->work, folders[where], err) &&
               (*tree ? fs_join(out, folder, tree, err)
                      : (text_copy(out, FS_PATH_BYTES, folder), true));
    if (!strcmp(tree, DRIVER_EXTRA_FILE))
        return fs_join(out, staged->folder, STAGED_EXTRA_FILE, err);
    return (driver_tree_split(tree, &place, &rest) ||
            err_set(err, ERR_UNSAFE, TEXT_DRIVER_PLACE, tree, NULL)) &&
           fs_join(out, staged->places[place], rest, err);
}

bool staged_folder_tree(const char *folder, char *out)
{
    return snprintf(out, MANIFEST_PATH_BYTES, "%s/%s", driver_place_name(DRIVER_STORE), folder) <
           MANIFEST_PATH_BYTES;
}

/* ---- what is there ---- */

struct strange {
    struct staged *staged;
    const struct manifest *base;
    struct manifest *files;
    const char *package;
    bool seen, ok;
    struct err *err;
};

static bool look_folder(const char *folder, void *user)
{
    struct strange *strange = user;

    strange->seen = strange->seen || !strcmp(folder, strange->package);
    strange->ok =
        staged_look_strange(strange->staged, strange->base, folder, strange->files, strange->err);
    return strange->ok;
}

bool staged_list(struct staged *staged,
                 const char *package,
                 bool full,
                 struct manifest *ret_files,
                 struct err *err)
{
    bool waits = !strcmp(staged->notes.next, package);
    struct manifest base, files;
    struct strange strange = {staged, &base, &files, package, false, true, err};
    bool ok;

    if (!staged_places(staged, err) ||
        !staged_load_list(staged, waits ? STAGED_NEXT_FILE : STAGED_LIST_FILE, &base, err))
        return false;
    manifest_init(&files, MANIFEST_XXH3);
    ok = staged_look(staged, &base, waits, full, &files, err);
    if (ok && !waits) {
        driver_tree_folders(&base, look_folder, &strange);
        /* a folder that somebody else brought counts too */
        ok = strange.ok && (strange.seen || look_folder(package, &strange));
    }
    ok = ok && manifest_complete(&files, err);
    manifest_done(&base);
    if (ok)
        *ret_files = files;
    else
        manifest_done(&files);
    return ok;
}

enum staged_state staged_state(const struct staged *staged, const char *package, char *ret_version)
{
    if (ret_version)
        text_copy(ret_version, STAGED_VERSION_BYTES, staged->notes.version);
    if (!strcmp(staged->notes.next, package))
        return staged->in_use ? STAGED_REBOOT : STAGED_WAITING;
    return !strcmp(staged->notes.package, package) ? STAGED_DONE : STAGED_NONE;
}

/* ---- what comes ---- */

/* Forgets what the stage has, unless it is of this package. */
static bool take_stage(struct staged *staged, const char *package, struct err *err)
{
    struct staged_notes *notes = &staged->notes;
    char path[FS_PATH_BYTES];

    if (notes->switching)
        return err_set(err, ERR_BUSY, TEXT_DRIVER_SWITCHING, notes->next_version, NULL);
    if (!strcmp(notes->staging, package) && !*notes->next)
        return true;
    if (strcmp(notes->staging, package) != 0) {
        if (!staged_path(staged, STAGED_STAGE, "", path, err) || !staged_may_change(staged, err) ||
            !fs_remove_tree(path, err))
            return false;
        staged->verified = false;
    }
    *notes->next = *notes->next_version = '\0';
    text_copy(notes->staging, sizeof notes->staging, package);
    return staged_notes_save(staged, err);
}

static bool check_space(struct staged *staged, uint64_t bytes, struct err *err)
{
    uint64_t free_bytes = 0;

    if (!fs_free_space(staged->places[DRIVER_STORE], &free_bytes, err))
        return false;
    if (free_bytes > bytes && free_bytes - bytes > (bytes ? SPARE_BYTES : 0))
        return true;
    err_set(err,
            ERR_NO_SPACE,
            TEXT_DRIVER_NO_SPACE,
            TEXT_NUM((int64_t)(bytes / MB) + 1),
            TEXT_NUM((int64_t)(free_bytes / MB)),
            NULL);
    return err_hint(err, TEXT_DRIVER_NO_SPACE_HINT);
}

bool staged_begin(struct staged *staged,
                  const char *package,
                  const struct manifest *files,
                  struct bulk_have *have,
                  char *ret_folder,
                  struct err *err)
{
    uint64_t bytes = 0;

    if (!driver_tree_check_all(files, err) || !staged_places(staged, err) ||
        !take_stage(staged, package, err) ||
        !staged_path(staged, STAGED_STAGE, "", ret_folder, err) ||
        !fs_make_dirs(ret_folder, FS_SHARED, err) || !bulk_scan(ret_folder, files, have, err))
        return false;
    for (size_t i = 0; i < files->count; i++)
        bytes += files->entries[i].size_bytes - have[i].offset;
    staged->verified = true;
    return check_space(staged, bytes, err);
}

static bool open_part(struct staged *staged,
                      const char *path,
                      char *part,
                      char *whole,
                      struct fs_file **ret_file,
                      struct err *err)
{
    char parent[FS_PATH_BYTES];

    if (!staged_path(staged, STAGED_STAGE, path, whole, err))
        return false;
    if (snprintf(part, FS_PATH_BYTES, "%s" BULK_PART, whole) >= FS_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
    text_copy(parent, sizeof parent, whole);
    fs_parent(parent);
    return fs_make_dirs(parent, FS_SHARED, err) && fs_remove(whole, err) &&
           fs_file_open(part, FS_UPDATE, FS_SHARED, ret_file, err);
}

bool staged_write(struct staged *staged,
                  const char *package,
                  const char *path,
                  uint64_t size_bytes,
                  uint64_t offset,
                  const void *data,
                  size_t length,
                  uint64_t *ret_next,
                  struct err *err)
{
    char part[FS_PATH_BYTES], whole[FS_PATH_BYTES];
    struct fs_file *file = NULL;
    struct fs_stat stat = {.size_bytes = 0};
    bool ok;

    if (!driver_tree_check(path, err) || !staged_places(staged, err) ||
        !take_stage(staged, package, err) || !check_space(staged, length, err) ||
        !staged_path(staged, STAGED_STAGE, path, whole, err) || !fs_stat(whole, &stat, err))
        return false;
    staged->verified = false; /* the commit reads it */
    if (stat.kind == FS_FILE && stat.size_bytes == size_bytes) {
        *ret_next = size_bytes;
        return true;
    }
    if (!open_part(staged, path, part, whole, &file, err))
        return false;
    ok = fs_file_stat(file, &stat, err);
    if (ok && (stat.size_bytes != offset || length > size_bytes - offset)) {
        fs_file_close(file);
        *ret_next = stat.size_bytes <= size_bytes ? stat.size_bytes : 0;
        return stat.size_bytes <= size_bytes || fs_remove(part, err);
    }
    ok = ok && fs_file_write(file, offset, data, length, err);
    fs_file_close(file);
    if (!ok)
        return false;
    *ret_next = offset + length;
    return *ret_next < size_bytes || fs_rename(part, whole, err);
}

bool staged_abort(struct staged *staged, const char *package, struct err *err)
{
    struct staged_notes *notes = &staged->notes;
    char path[FS_PATH_BYTES];

    if (strcmp(notes->staging, package) != 0)
        return true;
    if (notes->switching)
        return err_set(err, ERR_BUSY, TEXT_DRIVER_SWITCHING, notes->next_version, NULL);
    *notes->staging = *notes->next = *notes->next_version = '\0';
    return staged_notes_save(staged, err) && staged_places(staged, err) &&
           staged_path(staged, STAGED_STAGE, "", path, err) && fs_remove_tree(path, err);
}
