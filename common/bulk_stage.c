/* Staged files: their places, their digests, and the way into their final place. */
#include "common/bulk_stage.h"

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <uv.h>
#include <xxhash.h>

#include <stdio.h>
#include <string.h>

#if MBEDTLS_VERSION_MAJOR < 3
#define mbedtls_sha256 mbedtls_sha256_ret
#endif

bool bulk_stage_path(const char *folder,
                     const struct manifest *files,
                     size_t index,
                     bool part,
                     char *out,
                     struct err *err)
{
    char name[MANIFEST_PATH_BYTES + sizeof BULK_PART];

    snprintf(name,
             sizeof name,
             "%s%s",
             manifest_path(files, &files->entries[index]),
             part ? BULK_PART : "");
    return fs_join(out, folder, name, err);
}

/* Makes the folder that path is in. */
static bool make_parent(const char *path, enum fs_access access, char *last_folder, struct err *err)
{
    char folder[FS_PATH_BYTES];
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] != '/' && path[length - 1] != '\\')
        length--;
    memcpy(folder, path, length);
    folder[length > 0 ? length - 1 : 0] = '\0';
    if (strcmp(folder, last_folder) == 0)
        return true;
    if (!fs_make_dirs(folder, access, err))
        return false;
    memcpy(last_folder, folder, strlen(folder) + 1);
    return true;
}

bool bulk_stage_open(const char *folder,
                     bool shared,
                     const struct manifest *files,
                     size_t index,
                     char *last_folder,
                     struct fs_file **ret_file,
                     struct err *err)
{
    char path[FS_PATH_BYTES];

    return bulk_stage_path(folder, files, index, true, path, err) &&
           make_parent(path, shared ? FS_SHARED : FS_PRIVATE, last_folder, err) &&
           fs_file_open(path, FS_UPDATE, shared ? FS_SHARED : FS_PRIVATE, ret_file, err);
}

static size_t digest_bytes(enum manifest_digest digest)
{
    return digest == MANIFEST_SHA256 ? 32 : digest == MANIFEST_XXH3 ? 8 : 0;
}

static bool digest_memory(enum manifest_digest digest,
                          const uint8_t *data,
                          size_t length,
                          uint8_t out[MANIFEST_DIGEST_BYTES])
{
    XXH64_hash_t hash;

    if (digest == MANIFEST_SHA256)
        return mbedtls_sha256(data, length, out, 0) == 0;
    hash = XXH3_64bits(data, length);
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(hash >> 8 * i);
    return true;
}

/* Compares the digest of a file at path, or of its bytes in memory, with the list's. */
static bool digest_is_right(const char *path,
                            const struct manifest *files,
                            size_t index,
                            const uint8_t *data,
                            struct err *err)
{
    const struct manifest_entry *entry = &files->entries[index];
    uint8_t digest[MANIFEST_DIGEST_BYTES] = {0};
    bool made = data ? digest_memory(files->digest, data, (size_t)entry->size_bytes, digest)
                     : manifest_digest_file(path, files->digest, digest, err);

    if (!made)
        return false;
    if (memcmp(digest, entry->digest, digest_bytes(files->digest)) == 0)
        return true;
    return err_set(err, ERR_BAD_INPUT, TEXT_BULK_HASH, manifest_path(files, entry), NULL);
}

/* Renames without flushing: bulk_commit flushes once, at the end. */
static bool rename_now(const char *from, const char *to, struct err *err)
{
    uv_fs_t request;
    int status = uv_fs_rename(NULL, &request, from, to, NULL);

    uv_fs_req_cleanup(&request);
    return status == 0 || err_set_os(err, ERR_DOMAIN_UV, status, TEXT_FILE_WRITE, to, NULL);
}

bool bulk_stage_finish(const char *folder,
                       const struct manifest *files,
                       size_t index,
                       struct fs_file *file,
                       const uint8_t *data,
                       struct err *err)
{
    const struct manifest_entry *entry = &files->entries[index];
    char part[FS_PATH_BYTES], whole[FS_PATH_BYTES];
    bool ok = bulk_stage_path(folder, files, index, true, part, err) &&
              bulk_stage_path(folder, files, index, false, whole, err) &&
              fs_file_resize(file, entry->size_bytes, err);

    if (ok && !digest_is_right(part, files, index, data, err)) {
        fs_file_close(file);
        fs_remove(part, NULL);
        return false;
    }
    if (ok)
        fs_file_set_modified(file, entry->modified_ms, NULL); /* a hint, not worth a failure */
    fs_file_close(file);
    return ok && rename_now(part, whole, err);
}

/* ---- resuming ---- */

/* A part counts up to the last window: chunks are written side by side, so its end may have holes.
 */
static uint64_t part_offset(uint64_t part_bytes, uint64_t size_bytes)
{
    uint64_t sure = part_bytes > BULK_WINDOW ? part_bytes - BULK_WINDOW : 0;

    return part_bytes > size_bytes ? 0 : sure - sure % BULK_CHUNK_MAX;
}

static bool scan_one(const char *folder,
                     const struct manifest *files,
                     size_t index,
                     struct bulk_have *have,
                     struct err *err)
{
    const struct manifest_entry *entry = &files->entries[index];
    char path[FS_PATH_BYTES];
    struct fs_stat found;

    have->offset = 0;
    have->complete = false;
    if (!bulk_stage_path(folder, files, index, false, path, err) || !fs_stat(path, &found, err))
        return false;
    if (found.kind == FS_FILE && found.size_bytes == entry->size_bytes &&
        digest_is_right(path, files, index, NULL, NULL)) {
        have->offset = entry->size_bytes;
        have->complete = true;
        return true;
    }
    if (found.kind == FS_FILE && !fs_remove(path, err))
        return false;
    if (!bulk_stage_path(folder, files, index, true, path, err) || !fs_stat(path, &found, err))
        return false;
    if (found.kind == FS_FILE)
        have->offset = part_offset(found.size_bytes, entry->size_bytes);
    return true;
}

bool bulk_scan(const char *folder,
               const struct manifest *files,
               struct bulk_have *ret_have,
               struct err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        if (!scan_one(folder, files, i, &ret_have[i], err))
            return false;
    }
    return true;
}

/* ---- the final place ---- */

static bool flush_one(const char *path, struct err *err)
{
    struct fs_file *file;
    bool ok;

    if (!fs_file_open(path, FS_UPDATE, FS_PRIVATE, &file, err))
        return false;
    ok = fs_file_flush(file, err);
    fs_file_close(file);
    return ok;
}

static bool is_there(const char *path, uint64_t size_bytes)
{
    struct fs_stat found;

    return fs_stat(path, &found, NULL) && found.kind == FS_FILE && found.size_bytes == size_bytes;
}

/* Length of the folder part of a path. */
static size_t parent_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

/* True when the file behind this one is in the same folder, so that flushing the folder can wait.
 */
static bool next_is_beside(const struct manifest *files, size_t index)
{
    const char *path = manifest_path(files, &files->entries[index]), *after;

    if (index + 1 >= files->count)
        return false;
    after = manifest_path(files, &files->entries[index + 1]);
    return parent_length(path) == parent_length(after) &&
           memcmp(path, after, parent_length(path)) == 0;
}

static bool move_one(const char *folder,
                     const struct manifest *files,
                     size_t index,
                     const char *target,
                     char *last_folder,
                     struct err *err)
{
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES];

    if (!bulk_stage_path(folder, files, index, false, from, err) ||
        !bulk_stage_path(target, files, index, false, to, err))
        return false;
    if (!is_there(from, files->entries[index].size_bytes))
        return true; /* moved by a call before this one */
    return make_parent(to, FS_PRIVATE, last_folder, err) &&
           (next_is_beside(files, index) ? rename_now(from, to, err) : fs_rename(from, to, err));
}

/* All files are in the stage, or were moved already. */
static bool
flush_all(const char *folder, const struct manifest *files, const char *target, struct err *err)
{
    char staged[FS_PATH_BYTES], moved[FS_PATH_BYTES];

    for (size_t i = 0; i < files->count; i++) {
        uint64_t size_bytes = files->entries[i].size_bytes;

        if (!bulk_stage_path(folder, files, i, false, staged, err) ||
            !bulk_stage_path(target, files, i, false, moved, err))
            return false;
        if (is_there(staged, size_bytes)) {
            if (!flush_one(staged, err))
                return false;
        } else if (!is_there(moved, size_bytes)) {
            return err_set(err, ERR_CONFLICT, TEXT_BULK_INCOMPLETE, NULL);
        }
    }
    return true;
}

bool bulk_commit(const char *folder,
                 const struct manifest *files,
                 const char *target,
                 struct err *err)
{
    char last_folder[FS_PATH_BYTES] = "";

    if (!flush_all(folder, files, target, err))
        return false;
    for (size_t i = 0; i < files->count; i++) {
        if (!move_one(folder, files, i, target, last_folder, err))
            return false;
    }
    return true;
}
