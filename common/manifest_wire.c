/* Lists of files as pages of bytes. */
#include "common/manifest_check.h"

#include <assert.h>
#include <string.h>

#define PAGE_HEADER_BYTES 16
#define PAGE_BYTES_MIN    4096
#define ENTRY_FIXED_BYTES (2 + 8 + 8 + 4)

static const char magic[4] = {'G', 'P', 'M', '1'};

size_t manifest_digest_bytes(enum manifest_digest digest)
{
    static const size_t bytes[MANIFEST_DIGESTS] = {
        [MANIFEST_PLAIN] = 0, [MANIFEST_XXH3] = 8, [MANIFEST_SHA256] = 32};

    return bytes[digest];
}

/* Writes value as bytes little endian bytes at *p and moves behind them. */
static void put(uint8_t **p, uint64_t value, size_t bytes)
{
    size_t i;

    for (i = 0; i < bytes; i++)
        *(*p)++ = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t **p, size_t bytes)
{
    uint64_t value = 0;
    size_t i;

    for (i = 0; i < bytes; i++)
        value |= (uint64_t) * (*p)++ << (8 * i);
    return value;
}

/* How many entries from cursor on fit into max_bytes, and the bytes of them all with the header. */
static size_t
fitting(const struct manifest *manifest, size_t cursor, size_t max_bytes, size_t *ret_bytes)
{
    size_t fixed = ENTRY_FIXED_BYTES + manifest_digest_bytes(manifest->digest);
    size_t bytes = PAGE_HEADER_BYTES;
    size_t i;

    for (i = cursor; i < manifest->count; i++) {
        size_t more = fixed + strlen(manifest_path(manifest, &manifest->entries[i]));

        if (more > max_bytes - bytes)
            break;
        bytes += more;
    }
    *ret_bytes = bytes;
    return i - cursor;
}

static void
put_entry(const struct manifest *manifest, const struct manifest_entry *entry, uint8_t **p)
{
    const char *path = manifest_path(manifest, entry);
    size_t length = strlen(path);
    size_t digest = manifest_digest_bytes(manifest->digest);

    put(p, length, 2);
    memcpy(*p, path, length);
    *p += length;
    put(p, entry->size_bytes, 8);
    put(p, (uint64_t)entry->modified_ms, 8);
    put(p, entry->attributes, 4);
    memcpy(*p, entry->digest, digest);
    *p += digest;
}

bool manifest_write_page(const struct manifest *manifest,
                         size_t *cursor,
                         size_t max_bytes,
                         struct buf *out,
                         bool *ret_last,
                         struct err *err)
{
    size_t bytes;
    size_t count;
    uint8_t *p;
    size_t i;

    assert(manifest->complete && max_bytes >= PAGE_BYTES_MIN);
    count = fitting(manifest, *cursor, max_bytes, &bytes);
    p = buf_reserve(out, bytes);
    if (!p)
        return err_no_memory(err);
    memcpy(p, magic, sizeof magic);
    p += sizeof magic;
    put(&p, manifest->digest, 1);
    put(&p, *cursor + count == manifest->count, 1);
    put(&p, 0, 2);
    put(&p, *cursor, 4);
    put(&p, count, 4);
    for (i = 0; i < count; i++)
        put_entry(manifest, &manifest->entries[*cursor + i], &p);
    buf_added(out, bytes);
    *cursor += count;
    *ret_last = *cursor == manifest->count;
    return true;
}

static bool damaged(struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_MANIFEST_DAMAGED, NULL);
}

/* Reads one entry at *p and adds it behind the last one. */
static bool
get_entry(struct manifest *manifest, const uint8_t **p, const uint8_t *end, struct err *err)
{
    size_t digest = manifest_digest_bytes(manifest->digest);
    struct manifest_entry entry = {.name_at = 0};
    char path[MANIFEST_PATH_BYTES];
    size_t length;

    if ((size_t)(end - *p) < ENTRY_FIXED_BYTES + digest)
        return damaged(err);
    length = (size_t)get(p, 2);
    if (length >= sizeof path || (size_t)(end - *p) < length + ENTRY_FIXED_BYTES - 2 + digest ||
        memchr(*p, 0, length))
        return damaged(err);
    memcpy(path, *p, length);
    path[length] = '\0';
    *p += length;
    entry.size_bytes = get(p, 8);
    entry.modified_ms = (int64_t)get(p, 8);
    entry.attributes = (uint32_t)get(p, 4);
    memcpy(entry.digest, *p, digest);
    *p += digest;
    if (manifest->count &&
        !manifest_check_pair(
            manifest_path(manifest, &manifest->entries[manifest->count - 1]), path, err))
        return false;
    return manifest_add(manifest, path, &entry, err);
}

bool manifest_read_page(
    struct manifest *manifest, const uint8_t *data, size_t length, bool *ret_last, struct err *err)
{
    const uint8_t *end = data + length;
    const uint8_t *p = data + sizeof magic;
    uint64_t digest;
    uint64_t last;
    uint64_t count;

    if (manifest->complete || length < PAGE_HEADER_BYTES || memcmp(data, magic, sizeof magic) != 0)
        return damaged(err);
    digest = get(&p, 1);
    last = get(&p, 1);
    if (digest >= MANIFEST_DIGESTS || last > 1 || get(&p, 2) != 0 ||
        (manifest->count && digest != manifest->digest) || get(&p, 4) != manifest->count)
        return damaged(err);
    manifest->digest = (enum manifest_digest)digest;
    count = get(&p, 4);
    if (count == 0 && !last)
        return damaged(err); /* such pages could go on for ever */
    for (; count; count--) {
        if (!get_entry(manifest, &p, end, err))
            return false;
    }
    if (p != end)
        return damaged(err);
    manifest->complete = last;
    *ret_last = last;
    return true;
}
