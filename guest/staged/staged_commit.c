/*
 * From files in the stage to the note that they shall be put in place: everything that the package
 * must have is in the stage or in place already, each folder that changes is made whole in the
 * stage (by links to the files in place), all of it is flushed.
 */
#include "guest/staged/staged_inside.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

struct commit {
    struct staged *staged;
    const struct manifest *files;
    struct manifest current; /* the list of what is in place */
    bool *in_stage;          /* for each file */
    struct err *err;
    bool ok;
};

static bool incomplete(struct commit *c, const char *tree)
{
    err_set(c->err, ERR_CONFLICT, TEXT_DRIVER_INCOMPLETE, tree, NULL);
    return err_hint(c->err, TEXT_DRIVER_INCOMPLETE_HINT);
}

/* ---- every file is there ---- */

static bool
content_is(const char *path, const struct manifest_entry *entry, bool *ret_same, struct err *err)
{
    uint8_t digest[MANIFEST_DIGEST_BYTES];

    if (!manifest_digest_file(path, MANIFEST_XXH3, digest, err))
        return false;
    *ret_same = memcmp(digest, entry->digest, 8) == 0;
    return true;
}

/* Gives a file the time of the list, so that the next look need not read it. */
static void set_time(const char *path, const struct manifest_entry *entry)
{
    struct fs_file *file = NULL;

    if (fs_file_open(path, FS_UPDATE, FS_SHARED, &file, NULL))
        fs_file_set_modified(file, entry->modified_ms, NULL);
    fs_file_close(file);
}

static bool find_in_stage(struct commit *c, size_t i)
{
    const struct manifest_entry *entry = &c->files->entries[i];
    char path[FS_PATH_BYTES];
    struct fs_stat stat;
    bool same = true;

    if (!staged_path(c->staged, STAGED_STAGE, manifest_path(c->files, entry), path, c->err) ||
        !fs_stat(path, &stat, c->err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    if (stat.size_bytes != entry->size_bytes)
        same = false;
    else if (!c->staged->verified && !content_is(path, entry, &same, c->err))
        return false;
    if (!same)
        return staged_may_change(c->staged, c->err) && fs_remove(path, c->err);
    if (stat.modified_ms != entry->modified_ms)
        set_time(path, entry);
    c->in_stage[i] = true;
    return true;
}

/* Whether what is in place is this file. */
static bool find_in_place(struct commit *c, size_t i)
{
    const struct manifest_entry *entry = &c->files->entries[i], *noted;
    const char *tree = manifest_path(c->files, entry);
    enum driver_place place = DRIVER_PLACES;
    char path[FS_PATH_BYTES];
    struct fs_stat stat;
    const char *rest;
    bool same = false;

    if (!staged_path(c->staged, STAGED_PLACE, tree, path, c->err) || !fs_stat(path, &stat, c->err))
        return false;
    if (stat.kind != FS_FILE)
        return incomplete(c, tree);
    if (driver_tree_split(tree, &place, &rest) && place == DRIVER_PROGRAM_DATA)
        return true;
    noted = manifest_find(&c->current, tree);
    if (noted && noted->attributes == STAGED_KEPT && memcmp(noted->digest, entry->digest, 8) == 0) {
        c->files->entries[i].attributes = STAGED_KEPT;
        return true;
    }
    if (stat.size_bytes != entry->size_bytes)
        return incomplete(c, tree);
    if (noted && noted->modified_ms == stat.modified_ms && noted->size_bytes == stat.size_bytes &&
        memcmp(noted->digest, entry->digest, 8) == 0)
        return true;
    if (!content_is(path, entry, &same, c->err))
        return false;
    if (!same)
        return incomplete(c, tree);
    set_time(path, entry);
    return true;
}

static bool find_all(struct commit *c)
{
    for (size_t i = 0; i < c->files->count; i++)
        if (!find_in_stage(c, i) || (!c->in_stage[i] && !find_in_place(c, i)))
            return false;
    return true;
}

/* ---- nothing else is in the stage ---- */

static bool sweep_stage(struct commit *c)
{
    char root[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct manifest found;
    bool ok = true;

    if (!staged_path(c->staged, STAGED_STAGE, "", root, c->err) ||
        !manifest_scan(root, MANIFEST_PLAIN, NULL, &found, c->err))
        return false;
    for (size_t i = 0; ok && i < found.count; i++) {
        const char *tree = manifest_path(&found, &found.entries[i]);

        if (!manifest_find(c->files, tree))
            ok = staged_may_change(c->staged, c->err) && fs_join(path, root, tree, c->err) &&
                 fs_remove(path, c->err);
    }
    manifest_done(&found);
    return ok;
}

/* ---- folders that change are whole in the stage ---- */

/* A second name for a file in place, or a copy where the volume has no second names. */
static bool link_file(const char *from, const char *to, struct err *err)
{
    char parent[FS_PATH_BYTES];
    uv_fs_t request;
    int code;

    text_copy(parent, sizeof parent, to);
    fs_parent(parent);
    if (!fs_make_dirs(parent, FS_SHARED, err))
        return false;
    code = uv_fs_link(NULL, &request, from, to, NULL);
    uv_fs_req_cleanup(&request);
    if (code < 0 && code != UV_EEXIST) {
        code = uv_fs_copyfile(NULL, &request, from, to, 0, NULL);
        uv_fs_req_cleanup(&request);
    }
    return code >= 0 || code == UV_EEXIST ||
           err_set_os(err, ERR_DOMAIN_UV, code, TEXT_FILE_WRITE, to, NULL);
}

static bool fill_folder(const char *folder, void *user)
{
    struct commit *c = user;
    char below[MANIFEST_PATH_BYTES], from[FS_PATH_BYTES], to[FS_PATH_BYTES];
    size_t length, first = c->files->count, end = 0;
    struct manifest strange;
    bool changes = false;

    manifest_init(&strange, MANIFEST_XXH3);
    c->ok = staged_folder_tree(folder, below) &&
            staged_look_strange(c->staged, c->files, folder, &strange, c->err);
    changes = strange.count > 0;
    manifest_done(&strange);
    length = strlen(below);
    for (size_t i = 0; c->ok && i < c->files->count; i++) {
        const char *tree = manifest_path(c->files, &c->files->entries[i]);

        if (strncmp(tree, below, length) != 0 || tree[length] != '/')
            continue;
        first = i < first ? i : first;
        end = i + 1;
        changes = changes || c->in_stage[i];
    }
    for (size_t i = first; c->ok && changes && i < end; i++) {
        const char *tree = manifest_path(c->files, &c->files->entries[i]);

        if (!c->in_stage[i])
            c->ok = staged_path(c->staged, STAGED_PLACE, tree, from, c->err) &&
                    staged_path(c->staged, STAGED_STAGE, tree, to, c->err) &&
                    staged_may_change(c->staged, c->err) && link_file(from, to, c->err);
    }
    return c->ok;
}

/* ---- flushed ---- */

static bool flush_all(struct commit *c)
{
    char path[FS_PATH_BYTES];

    for (size_t i = 0; i < c->files->count; i++) {
        struct fs_file *file = NULL;
        bool ok;

        if (!c->in_stage[i])
            continue;
        ok = staged_path(c->staged,
                         STAGED_STAGE,
                         manifest_path(c->files, &c->files->entries[i]),
                         path,
                         c->err) &&
             fs_file_open(path, FS_UPDATE, FS_SHARED, &file, c->err) && fs_file_flush(file, c->err);
        fs_file_close(file);
        if (!ok)
            return false;
    }
    return true;
}

/* The settings must be readable before anything depends on them. */
static bool check_extra(struct commit *c)
{
    struct driver_extra *extra = calloc(1, sizeof *extra);
    const struct manifest_entry *entry = manifest_find(c->files, DRIVER_EXTRA_FILE);
    char path[FS_PATH_BYTES];
    bool ok = extra || err_no_memory(c->err);

    if (ok && entry)
        ok = staged_path(c->staged,
                         c->in_stage[entry - c->files->entries] ? STAGED_STAGE : STAGED_PLACE,
                         DRIVER_EXTRA_FILE,
                         path,
                         c->err) &&
             staged_extra_read(path, extra, c->err);
    free(extra);
    return ok;
}

static bool prepare(struct commit *c)
{
    c->ok = true;
    if (!find_all(c) || !check_extra(c) || !sweep_stage(c))
        return false;
    driver_tree_folders(c->files, fill_folder, c);
    return c->ok && flush_all(c);
}

static bool note(struct staged *staged,
                 const char *package,
                 const char *version,
                 enum profile_when when,
                 const struct manifest *files,
                 const char *boot_id,
                 struct err *err)
{
    struct staged_notes *notes = &staged->notes;

    if (!staged_save_list(staged, STAGED_NEXT_FILE, files, err))
        return false;
    text_copy(notes->staging, sizeof notes->staging, package);
    text_copy(notes->next, sizeof notes->next, package);
    text_copy(notes->next_version, sizeof notes->next_version, version);
    text_copy(notes->next_boot, sizeof notes->next_boot, boot_id);
    notes->when = when;
    staged->in_use = false;
    return staged_notes_save(staged, err);
}

bool staged_commit(struct staged *staged,
                   const char *package,
                   const char *version,
                   enum profile_when when,
                   const struct manifest *files,
                   const struct staged_moment *moment,
                   enum staged_state *ret_state,
                   struct err *err)
{
    struct commit commit = {.staged = staged, .files = files, .err = err};
    bool ok, changed = false;

    if (staged->notes.switching)
        return err_set(err, ERR_BUSY, TEXT_DRIVER_SWITCHING, staged->notes.next_version, NULL);
    if (!driver_tree_check_all(files, err) || !staged_places(staged, err))
        return false;
    if (*staged->notes.staging && strcmp(staged->notes.staging, package) != 0 &&
        !staged_abort(staged, staged->notes.staging, err))
        return false;
    if (!staged_load_list(staged, STAGED_LIST_FILE, &commit.current, NULL)) {
        manifest_init(&commit.current, MANIFEST_XXH3); /* damaged: everything is read */
        commit.current.complete = true;
    }
    commit.in_stage = calloc(files->count + 1, sizeof *commit.in_stage);
    ok = (commit.in_stage || err_no_memory(err)) && prepare(&commit) &&
         note(staged, package, version, when, files, moment->boot_id, err) &&
         staged_settle(staged, moment, &changed, err);
    free(commit.in_stage);
    manifest_done(&commit.current);
    if (ok)
        *ret_state = staged_state(staged, package, NULL);
    return ok;
}
