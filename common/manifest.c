/* The list itself: rules of paths, order, twins, finding and comparing. */
#include "common/manifest.h"

#include "common/fs.h"
#include "common/manifest_check.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ENTRIES 64
#define TIME_MS_MAX   (INT64_C(1) << 52)

/* Simple case pairs of the scripts that file names of drivers and people's folders use. NTFS has
 * its own table for each volume; twins that this one does not know are found by the disk. */
static uint32_t fold(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7)
        return c + 0x20;
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c + (c & 1);
    if ((c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F) || (c >= 0xFF21 && c <= 0xFF3A))
        return c + 0x20;
    return c >= 0x400 && c <= 0x40F ? c + 0x50 : c;
}

/* Reads one character as it counts for the order: 0 at the end, then '/', then all others. */
static uint32_t next(const char **p, size_t *left)
{
    uint32_t c = 0xFFFD;
    size_t n = text_decode(*p, *left, &c);

    if (*left == 0)
        return 0;
    n = n ? n : 1;
    *p += n;
    *left -= n;
    return c == '/' ? 1 : fold(c) + 1;
}

int manifest_compare(const char *a, const char *b)
{
    size_t left_a = strlen(a);
    size_t left_b = strlen(b);

    for (;;) {
        uint32_t c = next(&a, &left_a);
        uint32_t d = next(&b, &left_b);

        if (c != d)
            return c < d ? -1 : 1;
        if (c == 0)
            return 0;
    }
}

bool manifest_check_pair(const char *before, const char *after, struct err *err)
{
    const char *a = before;
    const char *b = after;
    size_t left_a = strlen(a);
    size_t left_b = strlen(b);
    bool spelled_alike = true;

    for (;;) {
        const char *at_a = a;
        const char *at_b = b;
        uint32_t c = next(&a, &left_a);
        uint32_t d = next(&b, &left_b);

        if (c == d && c != 0) {
            spelled_alike = spelled_alike && a - at_a == b - at_b &&
                            memcmp(at_a, at_b, (size_t)(a - at_a)) == 0;
            if (c == 1 && !spelled_alike)
                break; /* "Data/x" and "data/y" */
            continue;
        }
        if (c == 0 && d <= 1)
            break; /* the same path, or a file where the other has a folder */
        if (c > d)
            return err_set(err, ERR_BAD_INPUT, TEXT_MANIFEST_DAMAGED, NULL); /* wrong order */
        return true;
    }
    return err_set(err, ERR_UNSAFE, TEXT_MANIFEST_TWINS, before, after, NULL);
}

void manifest_init(struct manifest *manifest, enum manifest_digest digest)
{
    memset(manifest, 0, sizeof *manifest);
    manifest->digest = digest;
    buf_init(&manifest->names, MANIFEST_NAMES_BYTES);
}

void manifest_done(struct manifest *manifest)
{
    free(manifest->entries);
    buf_done(&manifest->names);
    manifest_init(manifest, manifest->digest);
}

const char *manifest_path(const struct manifest *manifest, const struct manifest_entry *entry)
{
    return (const char *)manifest->names.data + entry->name_at;
}

bool manifest_check_path(const char *path, struct err *err)
{
    size_t depth = 0;
    const char *p = path;
    bool ok = strlen(path) < MANIFEST_PATH_BYTES;

    while (ok) {
        size_t length = strcspn(p, "/");
        char name[FS_NAME_BYTES];

        ok = length < sizeof name && ++depth <= MANIFEST_DEPTH_MAX;
        if (!ok)
            break;
        memcpy(name, p, length);
        name[length] = '\0';
        ok = fs_name_is_safe(name);
        p += length;
        if (!*p)
            break;
        p++;
    }
    return ok || err_set(err, ERR_UNSAFE, TEXT_MANIFEST_PATH, path, NULL);
}

static bool too_many(struct err *err)
{
    return err_set(err,
                   ERR_TOO_LARGE,
                   TEXT_MANIFEST_TOO_MANY,
                   TEXT_NUM(MANIFEST_ENTRIES_MAX),
                   TEXT_NUM(MANIFEST_NAMES_BYTES),
                   NULL);
}

static bool grow(struct manifest *manifest, struct err *err)
{
    size_t cap = manifest->cap ? manifest->cap * 2 : FIRST_ENTRIES;
    struct manifest_entry *entries;

    if (manifest->count == MANIFEST_ENTRIES_MAX)
        return too_many(err);
    if (manifest->count < manifest->cap)
        return true;
    entries = realloc(manifest->entries, cap * sizeof *entries);
    if (!entries)
        return err_no_memory(err);
    manifest->entries = entries;
    manifest->cap = cap;
    return true;
}

bool manifest_add(struct manifest *manifest,
                  const char *path,
                  const struct manifest_entry *entry,
                  struct err *err)
{
    size_t at = manifest->names.len;

    if (!manifest_check_path(path, err))
        return false;
    if (entry->size_bytes > MANIFEST_SIZE_MAX || (entry->attributes & ~FS_ATTRIBUTES) ||
        entry->modified_ms > TIME_MS_MAX || entry->modified_ms < -TIME_MS_MAX)
        return err_set(err, ERR_BAD_INPUT, TEXT_MANIFEST_DAMAGED, NULL);
    if (!grow(manifest, err))
        return false;
    if (strlen(path) + 1 > MANIFEST_NAMES_BYTES - at)
        return too_many(err);
    if (!buf_put(&manifest->names, path, strlen(path) + 1))
        return err_no_memory(err);
    manifest->entries[manifest->count] = *entry;
    manifest->entries[manifest->count].name_at = (uint32_t)at;
    manifest->count++;
    manifest->complete = false;
    return true;
}

struct sorted {
    const char *path;
    struct manifest_entry entry;
};

static int compare_sorted(const void *a, const void *b)
{
    return manifest_compare(((const struct sorted *)a)->path, ((const struct sorted *)b)->path);
}

bool manifest_complete(struct manifest *manifest, struct err *err)
{
    struct sorted *sorted = calloc(manifest->count + 1, sizeof *sorted);
    bool ok = true;
    size_t i;

    if (!sorted)
        return err_no_memory(err);
    for (i = 0; i < manifest->count; i++) {
        sorted[i].entry = manifest->entries[i];
        sorted[i].path = manifest_path(manifest, &manifest->entries[i]);
    }
    qsort(sorted, manifest->count, sizeof *sorted, compare_sorted);
    for (i = 0; i < manifest->count; i++)
        manifest->entries[i] = sorted[i].entry;
    for (i = 1; ok && i < manifest->count; i++)
        ok = manifest_check_pair(sorted[i - 1].path, sorted[i].path, err);
    free(sorted);
    manifest->complete = ok;
    return ok;
}

const struct manifest_entry *manifest_find(const struct manifest *manifest, const char *path)
{
    size_t low = 0;
    size_t high = manifest->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct manifest_entry *entry = &manifest->entries[middle];
        int order = manifest_compare(path, manifest_path(manifest, entry));

        if (order == 0)
            return entry;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* How two entries of one path (twins included) differ. */
static enum manifest_change change_of(const struct manifest *have,
                                      const struct manifest_entry *a,
                                      const struct manifest *want,
                                      const struct manifest_entry *b)
{
    bool by_digest = have->digest == want->digest && have->digest != MANIFEST_PLAIN;
    size_t bytes = manifest_digest_bytes(have->digest);

    if (a->size_bytes != b->size_bytes)
        return MANIFEST_CHANGED;
    if (by_digest ? memcmp(a->digest, b->digest, bytes) != 0 : a->modified_ms != b->modified_ms)
        return MANIFEST_CHANGED;
    if (a->modified_ms != b->modified_ms || a->attributes != b->attributes ||
        strcmp(manifest_path(have, a), manifest_path(want, b)) != 0)
        return MANIFEST_TOUCHED;
    return MANIFEST_SAME;
}

bool manifest_diff(const struct manifest *have,
                   const struct manifest *want,
                   bool same,
                   bool (*visit)(enum manifest_change change,
                                 const struct manifest_entry *have,
                                 const struct manifest_entry *want,
                                 void *user),
                   void *user)
{
    size_t i = 0;
    size_t j = 0;

    while (i < have->count || j < want->count) {
        const struct manifest_entry *a = i < have->count ? &have->entries[i] : NULL;
        const struct manifest_entry *b = j < want->count ? &want->entries[j] : NULL;
        int order = !a   ? 1
                    : !b ? -1
                         : manifest_compare(manifest_path(have, a), manifest_path(want, b));
        enum manifest_change change = order < 0   ? MANIFEST_REMOVED
                                      : order > 0 ? MANIFEST_ADDED
                                                  : change_of(have, a, want, b);

        i += order <= 0;
        j += order >= 0;
        if ((same || change != MANIFEST_SAME) &&
            !visit(change, order <= 0 ? a : NULL, order >= 0 ? b : NULL, user))
            return false;
    }
    return true;
}

uint64_t manifest_bytes(const struct manifest *manifest)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < manifest->count; i++)
        bytes += manifest->entries[i].size_bytes;
    return bytes;
}
