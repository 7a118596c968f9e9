/* Lists of the files on a disk, and digests of their content. */
#include "common/fs.h"
#include "common/manifest_check.h"

#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define READ_BYTES ((size_t)256 * 1024) /* stays in the cache between reading and hashing */

/* Calls add with the content of the open file, piece by piece; add returns false on failure. */
static bool each_piece(struct fs_file *file,
                       bool (*add)(void *state, const uint8_t *data, size_t length),
                       void *state,
                       struct err *err)
{
    uint8_t *piece = malloc(READ_BYTES);
    uint64_t position = 0;
    size_t n = READ_BYTES;
    bool ok = piece || err_no_memory(err);

    while (ok && n == READ_BYTES) {
        ok = fs_file_read(file, position, piece, READ_BYTES, &n, err) &&
             (add(state, piece, n) || err_no_memory(err));
        position += n;
    }
    free(piece);
    return ok;
}

static bool add_xxh3(void *state, const uint8_t *data, size_t length)
{
    return XXH3_64bits_update(state, data, length) == XXH_OK;
}

static bool digest_xxh3(struct fs_file *file, uint8_t out[MANIFEST_DIGEST_BYTES], struct err *err)
{
    XXH3_state_t *state = XXH3_createState();
    bool ok = (state && XXH3_64bits_reset(state) == XXH_OK) || err_no_memory(err);

    ok = ok && each_piece(file, add_xxh3, state, err);
    if (ok) {
        uint64_t hash = XXH3_64bits_digest(state);
        size_t i;

        for (i = 0; i < sizeof hash; i++)
            out[i] = (uint8_t)(hash >> (8 * i));
    }
    XXH3_freeState(state);
    return ok;
}

static bool add_sha256(void *state, const uint8_t *data, size_t length)
{
    return mbedtls_md_update(state, data, length) == 0;
}

static bool digest_sha256(struct fs_file *file, uint8_t out[MANIFEST_DIGEST_BYTES], struct err *err)
{
    mbedtls_md_context_t state;
    bool ok;

    mbedtls_md_init(&state);
    ok = (mbedtls_md_setup(&state, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0) == 0 &&
          mbedtls_md_starts(&state) == 0) ||
         err_no_memory(err);
    ok = ok && each_piece(file, add_sha256, &state, err) &&
         (mbedtls_md_finish(&state, out) == 0 || err_no_memory(err));
    mbedtls_md_free(&state);
    return ok;
}

bool manifest_digest_file(const char *path,
                          enum manifest_digest digest,
                          uint8_t out[MANIFEST_DIGEST_BYTES],
                          struct err *err)
{
    uint8_t made[MANIFEST_DIGEST_BYTES] = {0};
    struct fs_file *file;
    bool ok;

    if (!fs_file_open(path, FS_READ, FS_SHARED, &file, err))
        return false;
    ok = digest == MANIFEST_PLAIN ||
         (digest == MANIFEST_XXH3 ? digest_xxh3(file, made, err) : digest_sha256(file, made, err));
    fs_file_close(file);
    if (ok)
        memcpy(out, made, sizeof made);
    return ok;
}

struct scan {
    struct manifest *manifest;
    const struct manifest_watch *watch;
    uint64_t done_bytes;
    struct err *err;
    bool ok;
};

/* One folder of a scan. */
struct level {
    struct scan *scan;
    const char *path; /* on the disk */
    const char *name; /* in the list, "" for the root */
};

static bool scan_file(struct scan *scan, const char *path, const char *name)
{
    struct manifest_entry entry = {.name_at = 0};
    struct fs_stat found;

    if (scan->watch && scan->watch->on_file &&
        !scan->watch->on_file(name, scan->done_bytes, scan->watch->user))
        return err_set(scan->err, ERR_CANCELLED, TEXT_CANCELLED, NULL);
    if (!fs_stat(path, &found, scan->err))
        return false;
    if (found.kind != FS_FILE) /* a link or device, or it went away meanwhile */
        return err_set(scan->err, ERR_UNSAFE, TEXT_FILE_UNSAFE, path, NULL);
    entry.size_bytes = found.size_bytes;
    entry.modified_ms = found.modified_ms;
    entry.attributes = found.attributes;
    if (scan->manifest->digest != MANIFEST_PLAIN &&
        !manifest_digest_file(path, scan->manifest->digest, entry.digest, scan->err))
        return false;
    scan->done_bytes += found.size_bytes;
    return manifest_add(scan->manifest, name, &entry, scan->err);
}

static bool scan_entry(const char *entry, enum fs_kind kind, void *user)
{
    struct level *level = user;
    struct scan *scan = level->scan;
    char name[MANIFEST_PATH_BYTES + FS_NAME_BYTES];
    char path[FS_PATH_BYTES];
    size_t length = strlen(level->name);

    memcpy(name, level->name, length);
    if (length)
        name[length++] = '/';
    text_copy(name + length, sizeof name - length, entry);
    scan->ok = manifest_check_path(name, scan->err) && fs_join(path, level->path, entry, scan->err);
    if (!scan->ok)
        return false;
    if (kind == FS_FOLDER) {
        struct level below = {.scan = scan, .path = path, .name = name};

        scan->ok = fs_list(path, scan_entry, &below, scan->err) && scan->ok;
    } else {
        scan->ok = scan_file(scan, path, name);
    }
    return scan->ok;
}

bool manifest_scan(const char *root,
                   enum manifest_digest digest,
                   const struct manifest_watch *watch,
                   struct manifest *ret_manifest,
                   struct err *err)
{
    struct manifest manifest;
    struct scan scan = {.manifest = &manifest, .watch = watch, .err = err, .ok = true};
    struct level level = {.scan = &scan, .path = root, .name = ""};
    bool ok;

    manifest_init(&manifest, digest);
    ok = fs_list(root, scan_entry, &level, err) && scan.ok && manifest_complete(&manifest, err);
    if (ok)
        *ret_manifest = manifest;
    else
        manifest_done(&manifest);
    return ok;
}
