/* Putting a payload into the store, piece by piece. */
#include "guest/payload_store.h"

#include <string.h>

/* One put, with the paths it works on. */
struct put {
    struct payload_store *store;
    const struct payload_info *info;
    char part_name[PAYLOAD_PATH_NAME];
    char part[FS_PATH_BYTES];    /* the file that grows */
    char version[FS_PATH_BYTES]; /* the folder that it goes to */
    uint64_t staged_bytes;
};

static bool put_init(struct put *put,
                     struct payload_store *store,
                     const struct payload_info *info,
                     struct err *err)
{
    char name[PAYLOAD_PATH_NAME];
    struct fs_stat stat;

    put->store = store;
    put->info = info;
    payload_part_name(info, put->part_name);
    payload_version_name(info, name);
    if (!fs_join(put->part, store->folder, put->part_name, err) ||
        !fs_join(put->version, store->folder, name, err) || !fs_stat(put->part, &stat, err))
        return false;
    if (stat.kind != FS_MISSING && (stat.kind != FS_FILE || stat.size_bytes > info->size_bytes)) {
        /* cannot be ours, or belongs to a record with another size: start anew */
        if (!(stat.kind == FS_FOLDER ? fs_remove_tree(put->part, err) : fs_remove(put->part, err)))
            return false;
        stat.kind = FS_MISSING;
    }
    put->staged_bytes = stat.kind == FS_FILE ? stat.size_bytes : 0;
    return true;
}

/* True when the very bytes are there already. What else the host says of them is kept. */
static bool put_nothing(struct payload_store *store,
                        const struct payload_info *info,
                        bool *ret_nothing,
                        struct err *err)
{
    struct payload_info current, said = *info;

    *ret_nothing =
        payload_current(store, info->id, &current) && strcmp(current.sha256, info->sha256) == 0;
    if (!*ret_nothing || (strcmp(current.version, info->version) == 0 &&
                          strcmp(current.publisher, info->publisher) == 0))
        return true;
    text_copy(said.file, sizeof said.file, current.file);
    said.size_bytes = current.size_bytes;
    return payload_record_write(store, &said, err);
}

/* The first piece: room for the whole file, and no other unfinished put of this payload. */
static bool put_first(struct put *put, struct err *err)
{
    uint64_t free_bytes;

    if (!fs_free_space(put->store->folder, &free_bytes, err))
        return false;
    if (free_bytes < put->info->size_bytes + PAYLOAD_FREE_BYTES)
        return err_set(
            err, ERR_NO_SPACE, TEXT_PARSEC_PAYLOAD_SPACE, payload_kind(put->info->id)->name, NULL);
    return payload_sweep(put->store, put->info->id, put->info, err);
}

/* All bytes are there: verify, move into place, commit. */
static bool put_finish(struct put *put, struct err *err)
{
    char hash[DIGEST_HEX_BYTES], path[FS_PATH_BYTES];

    if (!digest_file(put->store->folder, put->part_name, hash, NULL, err))
        return false;
    if (strcmp(hash, put->info->sha256) != 0) {
        (void)fs_remove(put->part, NULL);
        return err_set(err, ERR_UNSAFE, TEXT_PARSEC_PAYLOAD_CHANGED, put->info->file, NULL);
    }
    return fs_remove_tree(put->version, err) && fs_make_dirs(put->version, FS_PRIVATE, err) &&
           fs_join(path, put->version, put->info->file, err) && fs_rename(put->part, path, err) &&
           payload_record_write(put->store, put->info, err) &&
           payload_sweep(put->store, put->info->id, NULL, err);
}

bool payload_put(struct payload_store *store,
                 const struct payload_info *info,
                 uint64_t offset,
                 const void *data,
                 size_t length,
                 uint64_t *ret_next,
                 bool *ret_done,
                 struct err *err)
{
    struct put put;
    bool nothing = false;

    if (!payload_info_check(info, err) || !put_nothing(store, info, &nothing, err))
        return false;
    if (nothing) {
        *ret_next = info->size_bytes;
        *ret_done = true;
        return true;
    }
    if (!put_init(&put, store, info, err))
        return false;
    *ret_next = put.staged_bytes;
    *ret_done = false;
    if (length > 0 && offset != put.staged_bytes)
        return err_set(err, ERR_CONFLICT, TEXT_PARSEC_PAYLOAD_OFFSET, info->file, NULL);
    if (length > info->size_bytes - put.staged_bytes)
        return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_PAYLOAD_TOO_LARGE, info->file, NULL);
    if (length > 0 && offset == 0 && !put_first(&put, err))
        return false;
    if (length > 0 && !fs_append(put.part, data, length, FS_PRIVATE, err))
        return false;
    if (put.staged_bytes + length < info->size_bytes) {
        *ret_next = put.staged_bytes + length;
        return true;
    }
    *ret_next = 0; /* what a failure leaves to be sent */
    if (!put_finish(&put, err))
        return false;
    *ret_next = info->size_bytes;
    *ret_done = true;
    return true;
}
