/*
 * Putting a package in place, and tidying up after it. Everything here can be done again after a
 * death at any instruction: what has left the stage is done.
 */
#include "guest/staged/staged_inside.h"

#include "guest/staged/file_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was moved by this run, to take it back. */
struct moved {
    char tree[MANIFEST_PATH_BYTES];
    bool aside; /* the old one is in old/ */
    bool in;    /* the new one is in place */
};

struct turn {
    struct staged *staged;
    struct manifest next, current;
    struct driver_extra *extra, *old_extra;
    struct moved *moved;
    size_t count, cap;
    bool in_use, settled, ok;
    struct err *err;
};

/* ---- one file or folder ---- */

static struct moved *remember(struct turn *t, const char *tree)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        struct moved *more = realloc(t->moved, cap * sizeof *more);

        if (!more) {
            err_no_memory(t->err);
            return NULL;
        }
        t->moved = more;
        t->cap = cap;
    }
    t->moved[t->count] = (struct moved){.aside = false};
    text_copy(t->moved[t->count].tree, MANIFEST_PATH_BYTES, tree);
    return &t->moved[t->count++];
}

/* What Windows refuses since something is in use is noted. Returns false. */
static bool refused(struct turn *t, const struct err *why)
{
    t->in_use = t->in_use || why->kind == ERR_DENIED || why->kind == ERR_BUSY;
    if (t->err)
        *t->err = *why;
    return false;
}

/* Renames, with the folder for it. */
static bool move(struct turn *t, const char *from, const char *to)
{
    char parent[FS_PATH_BYTES];
    struct err why = ERR_INIT;

    text_copy(parent, sizeof parent, to);
    fs_parent(parent);
    if (staged_may_change(t->staged, &why) && fs_make_dirs(parent, FS_SHARED, &why) &&
        fs_rename(from, to, &why))
        return true;
    return refused(t, &why);
}

/* Removes the file or folder at path. */
static bool remove_any(const struct staged *staged, const char *path, struct err *err)
{
    struct fs_stat stat;

    return staged_may_change(staged, err) && fs_stat(path, &stat, err) &&
           (stat.kind == FS_FILE ? fs_remove(path, err) : fs_remove_tree(path, err));
}

/* Makes room in old/ for what is moved aside: there may be what an update before this one, in the
 * same boot, moved there. */
static bool clear_aside(struct turn *t, const char *aside)
{
    struct err why = ERR_INIT;

    if (remove_any(t->staged, aside, &why))
        return true;
    return refused(t, &why);
}

/* What takes the place of something is moved in after it was moved aside. */
static bool put(struct turn *t, const char *tree)
{
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES], aside[FS_PATH_BYTES];
    struct staged *staged = t->staged;
    struct moved *moved;
    struct fs_stat stat;

    if (!staged_path(staged, STAGED_STAGE, tree, from, t->err) ||
        !staged_path(staged, STAGED_PLACE, tree, to, t->err) ||
        !staged_path(staged, STAGED_OLD, tree, aside, t->err) || !fs_stat(to, &stat, t->err))
        return false;
    moved = remember(t, tree);
    if (!moved)
        return false;
    if (stat.kind != FS_MISSING) {
        if (!clear_aside(t, aside) || !move(t, to, aside))
            return false;
        moved->aside = true;
    }
    moved->in = move(t, from, to);
    return moved->in;
}

static void take_back(struct turn *t)
{
    struct err *err = t->err;

    char stage[FS_PATH_BYTES], place[FS_PATH_BYTES], aside[FS_PATH_BYTES];

    t->err = NULL; /* the reason for it stays */
    while (t->count > 0) {
        const struct moved *moved = &t->moved[--t->count];

        if (!staged_path(t->staged, STAGED_STAGE, moved->tree, stage, NULL) ||
            !staged_path(t->staged, STAGED_PLACE, moved->tree, place, NULL) ||
            !staged_path(t->staged, STAGED_OLD, moved->tree, aside, NULL))
            continue;
        if (moved->in)
            move(t, place, stage);
        if (moved->aside)
            move(t, aside, place);
    }
    t->err = err;
}

/* ---- folders ---- */

/* A folder in which something is in use cannot be renamed: then its files are, one by one. */
static bool put_files(struct turn *t, const char *below)
{
    size_t length = strlen(below);

    for (size_t i = 0; i < t->next.count; i++) {
        const char *tree = manifest_path(&t->next, &t->next.entries[i]);
        char from[FS_PATH_BYTES], to[FS_PATH_BYTES];
        struct fs_stat staged, placed;

        if (strncmp(tree, below, length) != 0 || tree[length] != '/')
            continue;
        if (!staged_path(t->staged, STAGED_STAGE, tree, from, t->err) ||
            !staged_path(t->staged, STAGED_PLACE, tree, to, t->err) ||
            !fs_stat(from, &staged, t->err) || !fs_stat(to, &placed, t->err))
            return false;
        if (staged.kind != FS_FILE ||
            (placed.kind == FS_FILE && placed.links > 1 && placed.size_bytes == staged.size_bytes &&
             placed.modified_ms == staged.modified_ms))
            continue; /* done, or a second name of the same file */
        if (!put(t, tree))
            return false;
    }
    return true;
}

static bool put_folder(const char *folder, void *user)
{
    struct turn *t = user;
    char below[MANIFEST_PATH_BYTES], path[FS_PATH_BYTES];
    struct err why = ERR_INIT, *err = t->err;
    struct fs_stat stat;

    t->ok = staged_folder_tree(folder, below) &&
            staged_path(t->staged, STAGED_STAGE, below, path, err) && fs_stat(path, &stat, err);
    if (!t->ok || stat.kind != FS_FOLDER)
        return t->ok;
    t->err = &why;
    t->ok = put(t, below);
    t->err = err;
    if (t->ok)
        return true;
    if (t->count > 0 && !t->moved[t->count - 1].aside && t->in_use) {
        t->count--;
        t->in_use = false;
        t->ok = put_files(t, below);
    } else if (err) {
        *err = why;
    }
    return t->ok;
}

/* ---- loose files ---- */

static bool is_loose(const char *tree)
{
    enum driver_place place = DRIVER_STORE;
    const char *rest;

    return driver_tree_split(tree, &place, &rest) && place != DRIVER_STORE;
}

static bool is_settings(const char *tree)
{
    enum driver_place place = DRIVER_STORE;
    const char *rest;

    return driver_tree_split(tree, &place, &rest) && place == DRIVER_PROGRAM_DATA;
}

/* Whether the package in place brought the file. */
static bool is_ours(const struct manifest *current, const char *tree)
{
    const struct manifest_entry *entry = manifest_find(current, tree);

    return entry && entry->attributes != STAGED_KEPT;
}

/* Whether a file of ours may take the place of what is there. */
static bool
may_replace(struct turn *t, const char *tree, const char *from, const char *to, bool *ret_may)
{
    struct staging_port *port = t->staged->machine->staging;
    struct fs_stat mine, theirs;
    uint64_t version_mine = 0, version_theirs = 0;
    bool windows = false;

    *ret_may = true;
    if (!fs_stat(to, &theirs, t->err) || !fs_stat(from, &mine, t->err))
        return false;
    if (theirs.kind == FS_MISSING || is_ours(&t->current, tree))
        return true;
    if (theirs.kind != FS_FILE)
        return err_set(t->err, ERR_UNSAFE, TEXT_FILE_UNSAFE, to, NULL);
    if (is_settings(tree)) { /* the guest's own by now */
        *ret_may = false;
        return true;
    }
    if (!port->ops->is_windows(port, to, &windows, t->err))
        return false;
    if (windows || !driver_extra_is_newer(t->extra, tree)) {
        *ret_may = !windows;
        return true;
    }
    if (!file_version(from, &version_mine, t->err) || !file_version(to, &version_theirs, t->err))
        return false;
    *ret_may = version_mine != version_theirs ? version_mine > version_theirs
                                              : mine.modified_ms > theirs.modified_ms;
    return true;
}

static bool put_loose(struct turn *t, struct manifest_entry *entry)
{
    const char *tree = manifest_path(&t->next, entry);
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES];
    struct fs_stat stat;
    bool may = false;

    if (!staged_path(t->staged, STAGED_STAGE, tree, from, t->err) ||
        !staged_path(t->staged, STAGED_PLACE, tree, to, t->err) || !fs_stat(from, &stat, t->err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    if (!may_replace(t, tree, from, to, &may))
        return false;
    if (may)
        return put(t, tree);
    entry->attributes = STAGED_KEPT;
    return remove_any(t->staged, from, t->err);
}

static bool put_all(struct turn *t)
{
    t->ok = true;
    driver_tree_folders(&t->next, put_folder, t);
    for (size_t i = 0; t->ok && i < t->next.count; i++) {
        struct manifest_entry *entry = &t->next.entries[i];

        if (is_loose(manifest_path(&t->next, entry)))
            t->ok = put_loose(t, entry);
    }
    return t->ok;
}

/* Loose files of the old package that the new one does not have go aside. */
static bool retire_loose(struct turn *t)
{
    char place[FS_PATH_BYTES], aside[FS_PATH_BYTES];

    for (size_t i = 0; i < t->current.count; i++) {
        const struct manifest_entry *entry = &t->current.entries[i];
        const char *tree = manifest_path(&t->current, entry);
        struct moved *moved;
        struct fs_stat stat;

        if (!is_loose(tree) || is_settings(tree) || entry->attributes == STAGED_KEPT ||
            manifest_find(&t->next, tree))
            continue;
        if (!staged_path(t->staged, STAGED_PLACE, tree, place, t->err) ||
            !staged_path(t->staged, STAGED_OLD, tree, aside, t->err) ||
            !fs_stat(place, &stat, t->err))
            return false;
        if (stat.kind != FS_FILE || stat.size_bytes != entry->size_bytes)
            continue; /* gone, or another one's by now */
        moved = remember(t, tree);
        if (!moved || !clear_aside(t, aside) || !move(t, place, aside))
            return false;
        moved->aside = true;
    }
    return true;
}

/* ---- the notes ---- */

struct olds {
    struct turn *turn;
    const char *folder;
    bool found;
};

static bool match(const char *folder, void *user)
{
    struct olds *olds = user;

    olds->found = olds->found || !strcmp(folder, olds->folder);
    return !olds->found;
}

/* Notes a folder that the next package does not have. */
static bool note_old(const char *folder, void *user)
{
    struct turn *t = user;
    struct staged_notes *notes = &t->staged->notes;
    struct olds olds = {t, folder, false};

    driver_tree_folders(&t->next, match, &olds);
    for (size_t i = 0; i < notes->old_count; i++)
        olds.found = olds.found || !strcmp(notes->old[i], folder);
    if (!olds.found && notes->old_count < DRIVER_FOLDERS_MAX)
        text_copy(notes->old[notes->old_count++], FS_NAME_BYTES, folder);
    return true;
}

/* What is needed again is not old. */
static bool not_old(const char *folder, void *user)
{
    struct staged_notes *notes = &((struct turn *)user)->staged->notes;

    for (size_t i = notes->old_count; i-- > 0;)
        if (!strcmp(notes->old[i], folder))
            memmove(
                notes->old[i], notes->old[i + 1], (--notes->old_count - i) * sizeof notes->old[0]);
    return true;
}

static bool begin(struct turn *t)
{
    t->staged->notes.switching = true;
    t->staged->notes.has_old = true;
    driver_tree_folders(&t->next, not_old, t);
    driver_tree_folders(&t->current, note_old, t);
    if (staged_notes_save(t->staged, t->err))
        return true;
    t->staged->notes.switching = false;
    return false;
}

/* The settings file goes into the agent's data, which may be another volume. */
static bool keep_extra(struct turn *t)
{
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES];
    struct fs_stat stat;
    struct buf text;
    bool ok;

    if (!staged_path(t->staged, STAGED_STAGE, DRIVER_EXTRA_FILE, from, t->err) ||
        !staged_path(t->staged, STAGED_PLACE, DRIVER_EXTRA_FILE, to, t->err) ||
        !fs_stat(from, &stat, t->err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    buf_init(&text, DRIVER_EXTRA_BYTES);
    ok = fs_read(from, DRIVER_EXTRA_BYTES, &text, t->err) && staged_may_change(t->staged, t->err) &&
         fs_write_atomic(to, text.data, text.len, FS_PRIVATE, t->err);
    if (ok) { /* its time is how the next look knows it */
        struct fs_file *file = NULL;

        ok = fs_file_open(to, FS_UPDATE, FS_PRIVATE, &file, t->err) &&
             fs_file_set_modified(file, stat.modified_ms, t->err);
        fs_file_close(file);
    }
    buf_done(&text);
    return ok;
}

static bool finish(struct turn *t, const char *boot_id)
{
    struct staged_notes *notes = &t->staged->notes;

    if (!keep_extra(t) || !staged_save_list(t->staged, STAGED_LIST_FILE, &t->next, t->err))
        return false;
    text_copy(notes->package, sizeof notes->package, notes->next);
    text_copy(notes->version, sizeof notes->version, notes->next_version);
    text_copy(notes->switched_boot, sizeof notes->switched_boot, boot_id);
    *notes->next = *notes->next_version = *notes->next_boot = *notes->staging = '\0';
    notes->switching = false;
    notes->settled = t->settled;
    return staged_notes_save(t->staged, t->err);
}

/* ---- the whole ---- */

/* The settings that come and those in place. */
static bool read_extras(struct turn *t)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    t->extra = calloc(1, sizeof *t->extra);
    t->old_extra = calloc(1, sizeof *t->old_extra);
    if (!t->extra || !t->old_extra)
        return err_no_memory(t->err);
    if (!staged_path(t->staged, STAGED_PLACE, DRIVER_EXTRA_FILE, path, t->err))
        return false;
    if (!staged_extra_read(path, t->old_extra, NULL)) /* damaged: there is nothing to go back to */
        memset(t->old_extra, 0, sizeof *t->old_extra);
    if (!staged_path(t->staged, STAGED_STAGE, DRIVER_EXTRA_FILE, path, t->err) ||
        !fs_stat(path, &stat, t->err))
        return false;
    if (stat.kind == FS_FILE)
        return staged_extra_read(path, t->extra, t->err);
    *t->extra = *t->old_extra;
    return true;
}

/* Takes everything back; the package stays complete and may be tried again. */
static void give_up(struct turn *t)
{
    take_back(t);
    staged_extra_apply(t->staged, t->old_extra, &t->settled, NULL);
    t->staged->notes.switching = false;
    staged_notes_save(t->staged, NULL);
}

static bool turn(struct turn *t, const char *boot_id)
{
    if (!begin(t))
        return false;
    if (!put_all(t) || !retire_loose(t) ||
        !staged_extra_apply(t->staged, t->extra, &t->settled, t->err)) {
        give_up(t);
        return false;
    }
    if (!finish(t, boot_id)) /* the next start goes on */
        return false;
    staged_extra_retire(t->staged, t->old_extra, t->extra);
    return true;
}

bool staged_switch(struct staged *staged, const char *boot_id, bool *ret_in_use, struct err *err)
{
    struct turn t = {.staged = staged, .err = err};
    char path[FS_PATH_BYTES];
    bool ok;

    *ret_in_use = false;
    if (!staged_places(staged, err) || !staged_load_list(staged, STAGED_NEXT_FILE, &t.next, err))
        return false;
    if (!staged_load_list(staged, STAGED_LIST_FILE, &t.current, NULL)) {
        manifest_init(&t.current, MANIFEST_XXH3);
        t.current.complete = true;
    }
    ok = read_extras(&t) && turn(&t, boot_id);
    if (!ok)
        err_context(err, TEXT_DRIVER_SWITCHING, staged->notes.next_version);
    else if (staged_path(staged, STAGED_STAGE, "", path, NULL)) /* empty by now */
        remove_any(staged, path, NULL);
    *ret_in_use = t.in_use;
    manifest_done(&t.next);
    manifest_done(&t.current);
    free(t.moved);
    free(t.extra);
    free(t.old_extra);
    return ok;
}

/* ---- going on, and tidying up ---- */

/* Removes what is old, as far as nothing of it is in use any more. */
static bool tidy(struct staged *staged, struct err *err)
{
    struct staged_notes *notes = &staged->notes;
    char below[MANIFEST_PATH_BYTES], path[FS_PATH_BYTES];
    bool ok = true;

    if (!staged_places(staged, err))
        return false;
    for (size_t i = notes->old_count; i-- > 0;) {
        if (!staged_folder_tree(notes->old[i], below) ||
            !staged_path(staged, STAGED_PLACE, below, path, err))
            return false;
        if (remove_any(staged, path, NULL))
            memmove(
                notes->old[i], notes->old[i + 1], (--notes->old_count - i) * sizeof notes->old[0]);
    }
    ok = staged_path(staged, STAGED_OLD, "", path, err);
    notes->has_old = !ok || !remove_any(staged, path, NULL);
    return ok && staged_notes_save(staged, err);
}

static bool may_switch(const struct staged *staged, const struct staged_moment *moment)
{
    const struct staged_notes *notes = &staged->notes;
    bool other_boot = strcmp(notes->next_boot, moment->boot_id) != 0;

    if (notes->switching || notes->when == PROFILE_WHEN_NOW)
        return true;
    if (other_boot)
        return true; /* the latest moment, whatever was waited for */
    if (!moment->known || notes->when == PROFILE_WHEN_BOOT)
        return false;
    return !moment->in_use || moment->gpu_broken;
}

/* After an injection from outside the settings are still to be made. */
static bool settle_extra(struct staged *staged, struct err *err)
{
    bool all = false;
    struct driver_extra *extra = calloc(1, sizeof *extra);
    char path[FS_PATH_BYTES];
    bool ok = extra || err_no_memory(err);

    ok = ok && staged_places(staged, err) &&
         staged_path(staged, STAGED_PLACE, DRIVER_EXTRA_FILE, path, err) &&
         staged_extra_read(path, extra, err) && staged_extra_apply(staged, extra, &all, err);
    free(extra);
    if (!ok || !all)
        return ok;
    staged->notes.settled = true;
    return staged_notes_save(staged, err);
}

bool staged_settle(struct staged *staged,
                   const struct staged_moment *moment,
                   bool *ret_changed,
                   struct err *err)
{
    struct staged_notes *notes = &staged->notes;
    struct err why = ERR_INIT;
    bool in_use = false;

    *ret_changed = false;
    /* what is in use stays so until Windows, and with it this process, starts anew */
    if (*notes->next && !staged->in_use && may_switch(staged, moment)) {
        if (staged_switch(staged, moment->boot_id, &in_use, &why)) {
            *ret_changed = true;
        } else if (in_use) {
            staged->in_use = true;
        } else {
            if (err)
                *err = why;
            return false;
        }
    }
    /* values of the adapter's key can be set only while there is one */
    if (*notes->package && !notes->settled && moment->known && !settle_extra(staged, err))
        return false;
    if ((notes->old_count || notes->has_old) && !*notes->next && moment->gpu_good &&
        *notes->switched_boot && strcmp(notes->switched_boot, moment->boot_id) != 0)
        return tidy(staged, err);
    return true;
}
