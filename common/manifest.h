/*
 * A tree of files as a list: path, size, time, attributes and, when asked for, a digest of the
 * content. Two sides compare their lists and move only what differs. Lists come from a peer that
 * is not trusted, so paths are checked (every component by fs_name_is_safe), and two paths that
 * Windows would take for one (case twins), or a file where another path has a folder, are refused.
 *
 * On the wire a list is a sequence of pages, all numbers little endian:
 *
 *   page   "GPM1"  digest kind u8  last u8 (1: this is the last page)  zero u16
 *          index of the first entry u32  number of entries u32, then the entries
 *   entry  path length u16, path (UTF-8, '/')  size u64  modified i64 (Unix ms)  attributes u32
 *          digest (XXH3: 8 bytes as u64, SHA-256: 32 bytes)
 *
 * Entries are in the order of manifest_compare over all pages, so that checks need no memory.
 * Folders are implied; empty ones do not travel. Not locked; any thread.
 */
#ifndef GPUPV_MANIFEST_H
#define GPUPV_MANIFEST_H

#include "common/buf.h"
#include "common/err.h"

#define MANIFEST_ENTRIES_MAX  65536
#define MANIFEST_NAMES_BYTES  (16 * 1024 * 1024) /* all paths together */
#define MANIFEST_PATH_BYTES   512
#define MANIFEST_DEPTH_MAX    32
#define MANIFEST_SIZE_MAX     (UINT64_C(1) << 42) /* of one file */
#define MANIFEST_DIGEST_BYTES 32

enum manifest_digest {
    MANIFEST_PLAIN,  /* size and time only */
    MANIFEST_XXH3,   /* 64 bits: finds changes, proves nothing */
    MANIFEST_SHA256, /* 32 bytes */
    MANIFEST_DIGESTS
};

struct manifest_entry {
    uint32_t name_at;    /* into names; see manifest_path */
    uint32_t attributes; /* FS_READONLY ... */
    uint64_t size_bytes;
    int64_t modified_ms;
    uint8_t digest[MANIFEST_DIGEST_BYTES]; /* XXH3: the first 8, little endian */
};

struct manifest {
    enum manifest_digest digest;
    struct manifest_entry *entries;
    size_t count, cap;
    struct buf names;
    bool complete; /* sorted and checked */
};

/* Makes an empty list; end with manifest_done. */
void manifest_init(struct manifest *manifest, enum manifest_digest digest);

/* Frees; the list is empty then. */
void manifest_done(struct manifest *manifest);

/* The path of an entry, '/' between components; valid until the next change. */
const char *manifest_path(const struct manifest *manifest, const struct manifest_entry *entry);

/* Checks one relative path: components, depth and length. ERR_UNSAFE. */
bool manifest_check_path(const char *path, struct err *err);

/* The order of entries: by component, letters alike whatever their case; 0 for case twins. */
int manifest_compare(const char *a, const char *b);

/* Adds one file; entry->name_at is set here, path is checked. Any order. */
bool manifest_add(struct manifest *manifest,
                  const char *path,
                  const struct manifest_entry *entry,
                  struct err *err);

/* Sorts and refuses twins and files in the place of folders. Needed before all below. */
bool manifest_complete(struct manifest *manifest, struct err *err);

/* The entry of a path in a complete list, NULL when there is none; case twins are found too. */
const struct manifest_entry *manifest_find(const struct manifest *manifest, const char *path);

/* How a scan is watched: called before each file with what is done so far; false cancels. */
struct manifest_watch {
    bool (*on_file)(const char *path, uint64_t done_bytes, void *user);
    void *user;
};

/* Lists the files below root, which is a place of ours (links are refused, hard links are fine),
 * and completes the list. A missing root is an empty list. watch may be NULL. Blocking. */
bool manifest_scan(const char *root,
                   enum manifest_digest digest,
                   const struct manifest_watch *watch,
                   struct manifest *ret_manifest,
                   struct err *err);

/* The digest of one file into out. Blocking. */
bool manifest_digest_file(const char *path,
                          enum manifest_digest digest,
                          uint8_t out[MANIFEST_DIGEST_BYTES],
                          struct err *err);

/* Appends one page of at most max_bytes (at least 4096) to out, from entry *cursor on, and moves
 * *cursor behind it; an empty list is one page too. *ret_last: there is nothing behind it. False
 * when memory runs out. */
bool manifest_write_page(const struct manifest *manifest,
                         size_t *cursor,
                         size_t max_bytes,
                         struct buf *out,
                         bool *ret_last,
                         struct err *err);

/* Adds a page of a peer to a list that began with manifest_init, in order. After the last page
 * (*ret_last) the list is complete. Once it failed the list is only good for manifest_done. */
bool manifest_read_page(
    struct manifest *manifest, const uint8_t *data, size_t length, bool *ret_last, struct err *err);

enum manifest_change {
    MANIFEST_SAME,
    MANIFEST_ADDED,   /* wanted, not there: have is NULL */
    MANIFEST_CHANGED, /* both; the content differs */
    MANIFEST_TOUCHED, /* both; the content is the same, time, attributes or spelling differ */
    MANIFEST_REMOVED  /* there, not wanted: want is NULL */
};

/* Walks both complete lists in order and tells each difference (and, with `same`, each agreement)
 * until visit returns false. Content is compared by digest when both lists have the same kind, by
 * size and time otherwise. Returns false when visit did. */
bool manifest_diff(const struct manifest *have,
                   const struct manifest *want,
                   bool same,
                   bool (*visit)(enum manifest_change change,
                                 const struct manifest_entry *have,
                                 const struct manifest_entry *want,
                                 void *user),
                   void *user);

/* All sizes together. */
uint64_t manifest_bytes(const struct manifest *manifest);

#endif
