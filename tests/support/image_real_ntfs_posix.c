/* NTFS in a plain file, by libntfs-3g. */
#include "tests/support/image_real.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

#define NAMES_MAX  4096 /* of one folder that is removed */
#define SD_BYTES   256
#define ACE_ACCESS 0 /* "allowed" */

struct ntfs_fs {
    struct real_fs base;
    ntfs_volume *volume;
    struct SECURITY_CONTEXT security;
    struct PERMISSIONS_CACHE *cache;
};

static bool fail(int code, enum text_id message, const char *name, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_ERRNO, code ? code : EIO, message, name, NULL);
}

/* ---- access lists, as bytes ---- */

static const uint8_t sid_system[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
static const uint8_t sid_admins[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
static const uint8_t sid_users[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0};

static size_t put_bytes(uint8_t *to, size_t at, const void *data, size_t size)
{
    memcpy(to + at, data, size);
    return at + size;
}

static size_t put_number(uint8_t *to, size_t at, uint32_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[at + i] = (uint8_t)(number >> (8 * i));
    return at + size;
}

static size_t put_ace(uint8_t *to, size_t at, uint32_t mask, const uint8_t *sid, size_t sid_bytes)
{
    at = put_number(to, at, ACE_ACCESS, 1);
    at = put_number(to, at, 3, 1); /* files and folders below inherit it */
    at = put_number(to, at, (uint32_t)(8 + sid_bytes), 2);
    at = put_number(to, at, mask, 4);
    return put_bytes(to, at, sid, sid_bytes);
}

/* The lists of host/image/windows/access_list.c. Returns their length. */
static size_t descriptor(enum image_acl acl, uint8_t out[SD_BYTES])
{
    enum { HEAD = 20, OWNER = HEAD, GROUP = OWNER + sizeof sid_admins };
    const size_t list = GROUP + sizeof sid_admins;
    const uint32_t aces = acl == IMAGE_ACL_PROGRAM ? 3 : 2;
    size_t at = list + 8;

    memset(out, 0, SD_BYTES);
    put_number(out, 0, 1, 1);
    put_number(out, 2, 0x9004, 2); /* self-relative, protected, with a list */
    put_number(out, 4, OWNER, 4);
    put_number(out, 8, GROUP, 4);
    put_number(out, 16, (uint32_t)list, 4);
    put_bytes(out, OWNER, sid_admins, sizeof sid_admins);
    put_bytes(out, GROUP, sid_admins, sizeof sid_admins);
    at = put_ace(out, at, 0x1f01ff, sid_system, sizeof sid_system);
    at = put_ace(out, at, 0x1f01ff, sid_admins, sizeof sid_admins);
    if (acl == IMAGE_ACL_PROGRAM)
        at = put_ace(out, at, 0x1200a9, sid_users, sizeof sid_users);
    put_number(out, list, 2, 1);
    put_number(out, list + 2, (uint32_t)(at - list), 2);
    put_number(out, list + 4, aces, 4);
    return at;
}

static bool protect(struct ntfs_fs *fs, ntfs_inode *node, enum image_acl acl, struct err *err)
{
    uint8_t bytes[SD_BYTES];
    size_t length;

    if (acl == IMAGE_ACL_INHERIT)
        return true;
    length = descriptor(acl, bytes);
    return !ntfs_set_ntfs_acl(&fs->security, node, (const char *)bytes, length, 0) ||
           fail(errno, TEXT_PERMISSIONS, "", err);
}

/* ---- names ---- */

/* One component of a name, in the characters of NTFS. */
struct part {
    ntfschar *text;
    int length;
};

static bool part_make(const char *name, size_t length, struct part *part, struct err *err)
{
    char copy[FS_NAME_BYTES];

    part->text = NULL;
    if (length >= sizeof copy)
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
    memcpy(copy, name, length);
    copy[length] = 0;
    part->length = ntfs_mbstoucs(copy, &part->text);
    return part->length > 0 || fail(errno, TEXT_FILE_OPEN, name, err);
}

/* An entry as the folder spells it. */
struct search {
    ntfs_volume *volume;
    const struct part *wanted;
    struct part found;
    u64 number;
};

static int compare(void *user,
                   const ntfschar *text,
                   const int length,
                   const int kind,
                   const s64 position,
                   const MFT_REF number,
                   const unsigned type)
{
    struct search *search = user;
    const ntfs_volume *volume = search->volume;

    (void)kind;
    (void)position;
    (void)type;
    if (length != search->wanted->length || !ntfs_names_are_equal(text,
                                                                  (size_t)length,
                                                                  search->wanted->text,
                                                                  (size_t)length,
                                                                  IGNORE_CASE,
                                                                  volume->upcase,
                                                                  volume->upcase_len))
        return 0;
    search->number = MREF(number);
    search->found.text = malloc((size_t)length * sizeof *text);
    search->found.length = length;
    if (search->found.text)
        memcpy(search->found.text, text, (size_t)length * sizeof *text);
    return 0;
}

/* The entry of a folder; *ret_node is NULL when there is none. part gets the spelling of the
 * folder. Links are not followed. */
static bool step(struct ntfs_fs *fs,
                 ntfs_inode *folder,
                 struct part *part,
                 ntfs_inode **ret_node,
                 struct err *err)
{
    struct search search = {.volume = fs->volume, .wanted = part};
    s64 position = 0;
    ntfs_inode *node;

    *ret_node = NULL;
    if (ntfs_readdir(folder, &position, &search, compare))
        return fail(errno, TEXT_FILE_OPEN, "", err);
    if (!search.found.text)
        return true;
    free(part->text);
    *part = search.found;
    node = ntfs_inode_open(fs->volume, search.number);
    if (!node)
        return fail(errno, TEXT_FILE_OPEN, "", err);
    if (node->flags & FILE_ATTR_REPARSE_POINT) {
        ntfs_inode_close(node);
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, "", NULL);
    }
    *ret_node = node;
    return true;
}

static bool is_folder(const ntfs_inode *node)
{
    return node->mrec->flags & MFT_RECORD_IS_DIRECTORY;
}

/* What a name leads to, NULL when something of it is missing; make: folders that are missing are
 * made. last (may be NULL): stops before the last component, whose place in name it gets. */
static bool walk(struct ntfs_fs *fs,
                 const char *name,
                 bool make,
                 const char **last,
                 ntfs_inode **ret_node,
                 struct err *err)
{
    ntfs_inode *node = ntfs_inode_open(fs->volume, FILE_root), *next;
    bool ok = node || fail(errno, TEXT_FILE_OPEN, name, err);

    while (ok && node && *name) {
        size_t length = strcspn(name, "/");
        struct part part;

        if (last && !name[length])
            break;
        next = NULL;
        ok = part_make(name, length, &part, err) && step(fs, node, &part, &next, err);
        if (ok && !next && make) {
            next = ntfs_create(node,
                               ntfs_inherited_id(&fs->security, node, TRUE),
                               part.text,
                               (u8)part.length,
                               S_IFDIR);
            ok = next || fail(errno, TEXT_FILE_WRITE, name, err);
        }
        free(part.text);
        ntfs_inode_close(node);
        node = next;
        if (node && !is_folder(node) && name[length]) {
            ntfs_inode_close(node);
            node = NULL;
        }
        name += length;
        name += *name == '/';
    }
    if (!ok && node)
        ntfs_inode_close(node);
    if (ok) {
        *ret_node = node;
        if (last)
            *last = name;
    }
    return ok;
}

/* ---- the operations ---- */

static bool make_dir(struct real_fs *base, const char *name, enum image_acl acl, struct err *err)
{
    struct ntfs_fs *fs = (struct ntfs_fs *)base;
    ntfs_inode *node = NULL;
    bool ok, there;

    if (!walk(fs, name, false, NULL, &node, err))
        return false;
    there = node != NULL;
    if (node)
        ntfs_inode_close(node);
    if (!walk(fs, name, true, NULL, &node, err))
        return false;
    ok = node && is_folder(node);
    if (!ok)
        err_set(err, ERR_EXISTS, TEXT_FILE_WRITE, name, NULL);
    ok = ok && (there || protect(fs, node, acl, err)); /* one that is there keeps what it has */
    if (node)
        ntfs_inode_close(node);
    return ok;
}

static bool
write_content(ntfs_inode *node, const char *name, const void *data, size_t length, struct err *err)
{
    ntfs_attr *content = ntfs_attr_open(node, AT_DATA, AT_UNNAMED, 0);
    bool ok = content && !ntfs_attr_truncate(content, 0) &&
              (!length || ntfs_attr_pwrite(content, 0, (s64)length, data) == (s64)length);
    int code = errno;

    if (content)
        ntfs_attr_close(content);
    return ok || fail(code, TEXT_FILE_WRITE, name, err);
}

static bool put(struct real_fs *base,
                const char *name,
                const void *data,
                size_t length,
                enum image_acl acl,
                struct err *err)
{
    struct ntfs_fs *fs = (struct ntfs_fs *)base;
    ntfs_inode *folder = NULL, *node = NULL;
    const char *last = name;
    struct part part = {NULL, 0};
    bool ok;

    if (!walk(fs, name, false, &last, &folder, err))
        return false;
    if (!folder)
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
    ok = part_make(last, strlen(last), &part, err) && step(fs, folder, &part, &node, err);
    if (ok && !node) {
        node = ntfs_create(folder,
                           ntfs_inherited_id(&fs->security, folder, FALSE),
                           part.text,
                           (u8)part.length,
                           S_IFREG);
        ok = node || fail(errno, TEXT_FILE_WRITE, name, err);
    } else if (ok && is_folder(node)) {
        ok = err_set(err, ERR_EXISTS, TEXT_FILE_WRITE, name, NULL);
    }
    ok = ok && protect(fs, node, acl, err) && write_content(node, name, data, length, err);
    free(part.text);
    if (node) /* in its folder: else that is read again, as it was before */
        ntfs_inode_close_in_dir(node, folder);
    ntfs_inode_close(folder);
    return ok;
}

static bool read_content(ntfs_inode *node,
                         const char *name,
                         uint64_t offset,
                         size_t max,
                         struct buf *out,
                         struct err *err)
{
    ntfs_attr *content = ntfs_attr_open(node, AT_DATA, AT_UNNAMED, 0);
    uint8_t *room = NULL;
    s64 got = -1;

    if (!content)
        return fail(errno, TEXT_FILE_READ, name, err);
    if (offset >= (uint64_t)content->data_size)
        max = 0;
    else if (max > (uint64_t)content->data_size - offset)
        max = (size_t)((uint64_t)content->data_size - offset);
    room = max ? buf_reserve(out, max) : NULL;
    if (room)
        got = ntfs_attr_pread(content, (s64)offset, (s64)max, room);
    if (got > 0)
        buf_added(out, (size_t)got);
    ntfs_attr_close(content);
    if (max && !room)
        return err_no_memory(err);
    return got == (s64)max || !max || fail(errno, TEXT_FILE_READ, name, err);
}

static bool read_file(struct real_fs *base,
                      const char *name,
                      uint64_t offset,
                      size_t max,
                      struct buf *out,
                      struct err *err)
{
    ntfs_inode *node = NULL;
    bool ok;

    if (!walk((struct ntfs_fs *)base, name, false, NULL, &node, err))
        return false;
    if (!node)
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
    ok = is_folder(node) ? err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL)
                         : read_content(node, name, offset, max, out, err);
    ntfs_inode_close(node);
    return ok;
}

static bool
stat_file(struct real_fs *base, const char *name, struct fs_stat *ret_stat, struct err *err)
{
    ntfs_inode *node = NULL;

    if (!walk((struct ntfs_fs *)base, name, false, NULL, &node, err))
        return false;
    *ret_stat = (struct fs_stat){.kind = FS_MISSING};
    if (!node)
        return true;
    ret_stat->kind = is_folder(node) ? FS_FOLDER : FS_FILE;
    ret_stat->size_bytes = is_folder(node) ? 0 : (uint64_t)node->data_size;
    ret_stat->links = le16_to_cpu(node->mrec->link_count);
    ntfs_inode_close(node);
    return true;
}

static bool set_acl(struct real_fs *base, const char *name, enum image_acl acl, struct err *err)
{
    struct ntfs_fs *fs = (struct ntfs_fs *)base;
    ntfs_inode *node = NULL;
    bool ok;

    if (!walk(fs, name, false, NULL, &node, err))
        return false;
    if (!node)
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
    ok = protect(fs, node, acl, err);
    ntfs_inode_close(node);
    return ok;
}

/* ---- removing ---- */

struct listing {
    char *names[NAMES_MAX];
    size_t count;
};

static int note(void *user,
                const ntfschar *text,
                const int length,
                const int kind,
                const s64 position,
                const MFT_REF number,
                const unsigned type)
{
    struct listing *listing = user;
    char *name = NULL;

    (void)position;
    (void)type;
    if (kind == FILE_NAME_DOS || MREF(number) < FILE_first_user)
        return 0;
    if (listing->count == NAMES_MAX || ntfs_ucstombs(text, length, &name, 0) < 0)
        return -1;
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        free(name);
    else
        listing->names[listing->count++] = name;
    return 0;
}

/* Removes one entry, whose folder is empty or which is a file. */
static bool remove_one(struct ntfs_fs *fs, const char *name, struct err *err)
{
    ntfs_inode *folder = NULL, *node = NULL;
    const char *last = name;
    struct part part;
    bool ok;

    if (!walk(fs, name, false, &last, &folder, err) || !folder)
        return false;
    if (!part_make(last, strlen(last), &part, err) || !step(fs, folder, &part, &node, err) ||
        !node) {
        ntfs_inode_close(folder);
        free(part.text);
        return false;
    }
    /* ends the life of both nodes */
    ok = !ntfs_delete(fs->volume, name, node, folder, part.text, (u8)part.length) ||
         fail(errno, TEXT_FILE_REMOVE, name, err);
    free(part.text);
    return ok;
}

/* The names in a folder; none for a file. */
static bool list(
    struct ntfs_fs *fs, const char *name, struct listing *listing, bool *ret_there, struct err *err)
{
    ntfs_inode *node = NULL;
    s64 position = 0;
    bool ok;

    if (!walk(fs, name, false, NULL, &node, err))
        return false;
    *ret_there = node != NULL;
    if (!node)
        return true;
    ok = !is_folder(node) || !ntfs_readdir(node, &position, listing, note) ||
         fail(errno, TEXT_FILE_REMOVE, name, err);
    ntfs_inode_close(node);
    return ok;
}

/* The folder is closed before anything in it goes: two open ones would not know of each other. */
static bool remove_tree(struct ntfs_fs *fs, const char *name, struct err *err)
{
    struct listing *listing = calloc(1, sizeof *listing);
    char path[FS_PATH_BYTES];
    bool there = false;
    bool ok = (listing || err_no_memory(err)) && list(fs, name, listing, &there, err);

    for (size_t i = 0; listing && i < listing->count; i++) {
        ok = ok && fs_join(path, name, listing->names[i], err) && remove_tree(fs, path, err);
        free(listing->names[i]);
    }
    free(listing);
    return ok && (!there || remove_one(fs, name, err));
}

static bool remove_any(struct real_fs *base, const char *name, struct err *err)
{
    return remove_tree((struct ntfs_fs *)base, name, err);
}

/* ---- the whole ---- */

static bool free_space(struct real_fs *base, uint64_t *ret_bytes, struct err *err)
{
    struct ntfs_fs *fs = (struct ntfs_fs *)base;

    if (ntfs_volume_get_free_space(fs->volume))
        return fail(errno, TEXT_FILE_OPEN, "", err);
    *ret_bytes = (uint64_t)fs->volume->free_clusters * fs->volume->cluster_size;
    return true;
}

static bool close_fs(struct real_fs *base, struct err *err)
{
    struct ntfs_fs *fs = (struct ntfs_fs *)base;
    bool ok;

    ntfs_destroy_security_context(&fs->security);
    ok = !ntfs_umount(fs->volume, FALSE) || fail(errno, TEXT_DISK_FLUSH, "", err);
    free(fs);
    return ok;
}

static const struct real_fs_ops ops = {
    .make_dir = make_dir,
    .put = put,
    .read = read_file,
    .stat = stat_file,
    .set_acl = set_acl,
    .remove = remove_any,
    .free_space = free_space,
    .close = close_fs,
};

bool real_ntfs_open(const char *file, bool read_only, struct real_fs **ret_fs, struct err *err)
{
    struct ntfs_fs *fs = calloc(1, sizeof *fs);

    if (!fs)
        return err_no_memory(err);
    ntfs_log_set_handler(ntfs_log_handler_null);
    fs->base.ops = &ops;
    fs->volume = ntfs_mount(file, read_only ? NTFS_MNT_RDONLY : NTFS_MNT_NONE);
    if (!fs->volume) {
        free(fs);
        return fail(errno, TEXT_DISK_VOLUME_OPEN, file, err);
    }
    fs->security.vol = fs->volume;
    fs->security.pseccache = &fs->cache;
    *ret_fs = &fs->base;
    return true;
}
