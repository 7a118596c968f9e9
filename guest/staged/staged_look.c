/* What is there. */
#include "guest/staged/staged_inside.h"

#include <stdio.h>
#include <string.h>

struct look {
    struct staged *staged;
    const struct manifest *base;
    bool with_stage, full;
    struct manifest *files;
    struct err *err;
};

/* Adds the file at path as it is: with the digest of `noted` when that fits. */
static bool add(struct look *look,
                const char *tree,
                const char *path,
                const struct fs_stat *stat,
                const struct manifest_entry *noted)
{
    struct manifest_entry entry = {.size_bytes = stat->size_bytes,
                                   .modified_ms = stat->modified_ms};

    if (noted && !look->full && noted->size_bytes == stat->size_bytes &&
        noted->modified_ms == stat->modified_ms)
        memcpy(entry.digest, noted->digest, sizeof entry.digest);
    else if (!manifest_digest_file(path, MANIFEST_XXH3, entry.digest, look->err))
        return false;
    return manifest_add(look->files, tree, &entry, look->err);
}

/* Settings belong to whoever changed them last: having some is enough. */
static bool is_settings(const char *tree)
{
    enum driver_place place = DRIVER_PLACES;
    const char *rest;

    return driver_tree_split(tree, &place, &rest) && place == DRIVER_PROGRAM_DATA;
}

static bool look_one(struct look *look, const char *tree, const struct manifest_entry *noted)
{
    struct fs_stat stat = {.kind = FS_MISSING};
    char path[FS_PATH_BYTES];

    if (look->with_stage) {
        if (!staged_path(look->staged, STAGED_STAGE, tree, path, look->err) ||
            !fs_stat(path, &stat, look->err))
            return false;
        if (stat.kind == FS_FILE)
            return add(look, tree, path, &stat, noted);
    }
    if (!staged_path(look->staged, STAGED_PLACE, tree, path, look->err) ||
        !fs_stat(path, &stat, look->err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    if (is_settings(tree) || noted->attributes == STAGED_KEPT) {
        struct manifest_entry entry = *noted;

        entry.attributes = 0;
        return manifest_add(look->files, tree, &entry, look->err);
    }
    return add(look, tree, path, &stat, noted);
}

bool staged_look(struct staged *staged,
                 const struct manifest *base,
                 bool with_stage,
                 bool full,
                 struct manifest *files,
                 struct err *err)
{
    struct look look = {staged, base, with_stage, full, files, err};

    for (size_t i = 0; i < base->count; i++)
        if (!look_one(&look, manifest_path(base, &base->entries[i]), &base->entries[i]))
            return false;
    return true;
}

bool staged_look_strange(struct staged *staged,
                         const struct manifest *base,
                         const char *folder,
                         struct manifest *files,
                         struct err *err)
{
    struct look look = {.staged = staged, .base = base, .files = files, .err = err};
    char tree[MANIFEST_PATH_BYTES], path[FS_PATH_BYTES], below[MANIFEST_PATH_BYTES];
    struct manifest found;
    bool ok;

    if (!staged_folder_tree(folder, below) ||
        !staged_path(staged, STAGED_PLACE, below, path, err) ||
        !manifest_scan(path, MANIFEST_PLAIN, NULL, &found, err))
        return false;
    ok = true;
    for (size_t i = 0; ok && i < found.count; i++) {
        const struct manifest_entry *entry = &found.entries[i];
        struct fs_stat stat = {.size_bytes = entry->size_bytes, .modified_ms = entry->modified_ms};
        char file[FS_PATH_BYTES];

        if (snprintf(tree, sizeof tree, "%s/%s", below, manifest_path(&found, entry)) >=
                (int)sizeof tree ||
            manifest_find(base, tree))
            continue;
        ok = fs_join(file, path, manifest_path(&found, entry), err) &&
             add(&look, tree, file, &stat, NULL);
    }
    manifest_done(&found);
    return ok;
}
