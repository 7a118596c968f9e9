/* ZIP: the central directory counts, and each local header must agree with it. */
#include "common/zip.h"

#include "common/crc.h"
#include "common/inflate.h"

#include <stdlib.h>
#include <string.h>

#define END_SIGNATURE     0x06054b50u
#define CENTRAL_SIGNATURE 0x02014b50u
#define LOCAL_SIGNATURE   0x04034b50u
#define END_BYTES         22
#define CENTRAL_BYTES     46
#define LOCAL_BYTES       30
#define COMMENT_MAX       65535
#define FLAG_ENCRYPTED    0x0001
#define FLAG_STRONG       0x0040
#define METHOD_STORED     0
#define METHOD_DEFLATED   8
#define MADE_BY_UNIX      3
#define UNIX_KIND         0170000u
#define UNIX_FILE         0100000u
#define UNIX_FOLDER       0040000u

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static bool damaged(struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_ZIP_BAD, NULL);
}

static bool refused(struct err *err, const char *name)
{
    return err_set(err, ERR_UNSAFE, TEXT_PARSEC_ZIP_UNSAFE, name, NULL);
}

/* The end record: the last one in the file whose comment reaches exactly to the end. */
static const uint8_t *find_end(const uint8_t *data, size_t length)
{
    size_t at, lowest;

    if (length < END_BYTES)
        return NULL;
    lowest = length - END_BYTES > COMMENT_MAX ? length - END_BYTES - COMMENT_MAX : 0;
    for (at = length - END_BYTES + 1; at-- > lowest;) {
        if (get32(data + at) == END_SIGNATURE && get16(data + at + 20) == length - END_BYTES - at)
            return data + at;
    }
    return NULL;
}

/* True when every component is safe and there are not too many. */
static bool name_is_safe(const char *name)
{
    char part[FS_NAME_BYTES];
    unsigned depth = 0;

    for (;;) {
        size_t length = strcspn(name, "/");

        if (length >= sizeof part || depth++ > ZIP_DEPTH)
            return false;
        memcpy(part, name, length);
        part[length] = '\0';
        if (strchr(part, '\\') || !fs_name_is_safe(part))
            return false;
        if (name[length] == '\0' || name[length + 1] == '\0')
            return true;
        name += length + 1;
    }
}

static bool read_name(const uint8_t *bytes, size_t length, struct zip_entry *entry, struct err *err)
{
    if (length == 0 || length >= sizeof entry->name || memchr(bytes, '\0', length))
        return damaged(err);
    memcpy(entry->name, bytes, length);
    entry->name[length] = '\0';
    entry->folder = entry->name[length - 1] == '/';
    return name_is_safe(entry->name) || refused(err, entry->name);
}

/* False for links, devices and the like, which only archives made on Unix can name. */
static bool kind_is_safe(const uint8_t *central, bool folder)
{
    uint32_t mode = get32(central + 38) >> 16;

    if (central[5] != MADE_BY_UNIX || (mode & UNIX_KIND) == 0)
        return true;
    return (mode & UNIX_KIND) == (folder ? UNIX_FOLDER : UNIX_FILE);
}

/* Finds the packed bytes behind the local header, all of them before the central directory. */
static bool find_content(const struct zip *zip,
                         size_t central_start,
                         size_t local_at,
                         struct zip_entry *entry,
                         struct err *err)
{
    const uint8_t *local = zip->data + local_at;
    size_t name_length = strlen(entry->name), at;

    if (local_at > central_start || central_start - local_at < LOCAL_BYTES)
        return damaged(err);
    at = local_at + LOCAL_BYTES + get16(local + 26) + get16(local + 28);
    if (get32(local) != LOCAL_SIGNATURE || at > central_start ||
        entry->packed_bytes > central_start - at || get16(local + 26) != name_length ||
        memcmp(local + LOCAL_BYTES, entry->name, name_length) != 0 ||
        get16(local + 8) != entry->method)
        return damaged(err);
    entry->at = at;
    return true;
}

/* Reads one record of the central directory; *at moves behind it. */
static bool read_central(const struct zip *zip,
                         size_t central_start,
                         size_t central_end,
                         size_t *at,
                         struct zip_entry *entry,
                         struct err *err)
{
    const uint8_t *central = zip->data + *at;
    size_t name_length, size;

    if (central_end - *at < CENTRAL_BYTES || get32(central) != CENTRAL_SIGNATURE)
        return damaged(err);
    name_length = get16(central + 28);
    size = CENTRAL_BYTES + name_length + get16(central + 30) + get16(central + 32);
    if (size > central_end - *at)
        return damaged(err);
    if (!read_name(central + CENTRAL_BYTES, name_length, entry, err))
        return false;
    entry->method = get16(central + 10);
    entry->crc = get32(central + 16);
    entry->packed_bytes = get32(central + 20);
    entry->bytes = get32(central + 24);
    if ((get16(central + 8) & (FLAG_ENCRYPTED | FLAG_STRONG)) != 0 ||
        (entry->method != METHOD_STORED && entry->method != METHOD_DEFLATED) ||
        !kind_is_safe(central, entry->folder) || (entry->folder && entry->bytes != 0))
        return refused(err, entry->name);
    if (entry->method == METHOD_STORED && entry->packed_bytes != entry->bytes)
        return damaged(err);
    *at += size;
    return find_content(zip, central_start, get32(central + 42), entry, err);
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;

        if (x != y)
            return false;
    }
    return *a == *b;
}

/* Reads all records; the sizes add up to what is allowed and no name stands twice. */
static bool read_directory(struct zip *zip, size_t start, size_t end, struct err *err)
{
    uint64_t total = 0;
    size_t at = start, i, j;

    for (i = 0; i < zip->count; i++) {
        if (!read_central(zip, start, end, &at, &zip->entries[i], err))
            return false;
        total += zip->entries[i].bytes;
        if (total > ZIP_UNPACKED_BYTES)
            return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_ZIP_TOO_LARGE, NULL);
        for (j = 0; j < i; j++) {
            if (same_name(zip->entries[i].name, zip->entries[j].name))
                return refused(err, zip->entries[i].name);
        }
    }
    return at == end || damaged(err);
}

bool zip_open(const void *data, size_t length, struct zip *ret_zip, struct err *err)
{
    const uint8_t *end = find_end(data, length);
    struct zip zip = {.data = data, .length = length};
    size_t start, size, end_at;

    if (!end)
        return damaged(err);
    end_at = (size_t)(end - zip.data);
    zip.count = get16(end + 10);
    size = get32(end + 12);
    start = get32(end + 16);
    if (get16(end + 4) != 0 || get16(end + 6) != 0 || get16(end + 8) != zip.count ||
        start > end_at || size != end_at - start)
        return damaged(err);
    if (zip.count > ZIP_ENTRIES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_ZIP_TOO_LARGE, NULL);
    zip.entries = calloc(zip.count + 1, sizeof *zip.entries);
    if (!zip.entries)
        return err_no_memory(err);
    if (!read_directory(&zip, start, end_at, err)) {
        zip_done(&zip);
        return false;
    }
    *ret_zip = zip;
    return true;
}

void zip_done(struct zip *zip)
{
    free(zip->entries);
    zip->entries = NULL;
    zip->count = 0;
}

bool zip_read(const struct zip *zip,
              const struct zip_entry *entry,
              struct buf *out,
              struct err *err)
{
    uint8_t *content = buf_reserve(out, entry->bytes);
    const uint8_t *packed = zip->data + entry->at;

    if (!content)
        return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_ZIP_TOO_LARGE, NULL);
    if (entry->method == METHOD_STORED)
        memcpy(content, packed, entry->bytes);
    else if (!inflate_block(packed, entry->packed_bytes, content, entry->bytes))
        return damaged(err);
    if (crc32_ieee(0, content, entry->bytes) != entry->crc)
        return damaged(err);
    buf_added(out, entry->bytes);
    return true;
}

/* The path of an entry below folder, and its parent folder. */
static bool
entry_paths(const char *folder, const char *name, char *path, char *parent, struct err *err)
{
    char *slash;

    if (!fs_join(path, folder, name, err))
        return false;
    if (path[strlen(path) - 1] == '/')
        path[strlen(path) - 1] = '\0';
    text_copy(parent, FS_PATH_BYTES, path);
    slash = strrchr(parent + strlen(folder), '/');
    if (slash)
        *slash = '\0';
    else
        text_copy(parent, FS_PATH_BYTES, folder);
    return true;
}

static bool unpack_entry(const struct zip *zip,
                         const struct zip_entry *entry,
                         const char *folder,
                         struct err *err)
{
    char path[FS_PATH_BYTES], parent[FS_PATH_BYTES];
    struct buf content;
    bool ok;

    if (!entry_paths(folder, entry->name, path, parent, err))
        return false;
    if (entry->folder)
        return fs_make_dirs(path, FS_PRIVATE, err);
    buf_init(&content, (size_t)ZIP_UNPACKED_BYTES);
    ok = fs_make_dirs(parent, FS_PRIVATE, err) && zip_read(zip, entry, &content, err) &&
         fs_write_atomic(path, content.data, content.len, FS_PRIVATE, err);
    buf_done(&content);
    return ok;
}

bool zip_unpack(const struct zip *zip, const char *folder, struct err *err)
{
    size_t i;

    for (i = 0; i < zip->count; i++) {
        if (!unpack_entry(zip, &zip->entries[i], folder, err))
            return false;
    }
    return true;
}
