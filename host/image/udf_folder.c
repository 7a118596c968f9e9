/* UDF: folders and paths. */
#include "host/image/udf_inside.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER_BYTES (UINT64_C(16) << 20) /* of one folder */
#define WINDOW_BYTES 65536u               /* of it in memory */
#define DEPTH_MOST   16u

/* file identifier descriptors */
#define FID_FLAGS     18
#define FID_NAME_SIZE 19
#define FID_ICB       20
#define FID_USE_SIZE  36
#define FID_BYTES     38
#define FID_FOLDER    0x02u
#define FID_DELETED   0x04u
#define FID_PARENT    0x08u

#define NARROW 8u  /* a byte a character */
#define WIDE   16u /* two, the larger first */

/* One entry of a folder. */
struct entry {
    char name[UDF_NAME_BYTES];
    struct udf_block at;
    bool folder;
};

/* A folder while it is read. */
struct reader {
    struct udf *udf;
    struct source *source;
    uint64_t position; /* of the next entry */
    uint64_t from;     /* what the window holds */
    size_t length;
    uint8_t *window;
};

static bool damaged(const struct reader *reader, struct err *err)
{
    return udf_damaged(reader->udf, "UDF folder", err);
}

/* ---- entries ---- */

/* Makes size bytes at the position readable in the window. */
static bool need(struct reader *reader, size_t size, const uint8_t **ret_bytes, struct err *err)
{
    uint64_t left = reader->source->size_bytes - reader->position;

    if (size > left || size > WINDOW_BYTES)
        return damaged(reader, err);
    if (reader->position < reader->from ||
        reader->position + size > reader->from + reader->length) {
        size_t length = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;

        reader->length = 0;
        if (!source_read(reader->source, reader->position, reader->window, length, err))
            return false;
        reader->from = reader->position;
        reader->length = length;
    }
    *ret_bytes = reader->window + (reader->position - reader->from);
    return true;
}

/* OSTA compressed unicode (UDF 2.1.1); a name that is none leaves "" and is never found. */
static void take_name(const uint8_t *bytes, size_t size, char *out)
{
    uint16_t units[256];
    size_t count = 0;

    *out = 0;
    if (size < 2)
        return;
    if (bytes[0] == NARROW)
        for (size_t i = 1; i < size; i++)
            units[count++] = bytes[i];
    else if (bytes[0] == WIDE)
        for (size_t i = 1; i + 1 < size; i += 2)
            units[count++] = (uint16_t)(bytes[i] << 8 | bytes[i + 1]);
    if (!utf16_to_utf8_into(units, count, out, UDF_NAME_BYTES))
        *out = 0;
}

/* Reads the next entry that is neither deleted nor the parent; *ret_end at the end. */
static bool
next_entry(struct reader *reader, struct entry *ret_entry, bool *ret_end, struct err *err)
{
    while (reader->position < reader->source->size_bytes) {
        const uint8_t *bytes;
        size_t name_size, use_size, size;
        unsigned flags;

        if (!need(reader, FID_BYTES, &bytes, err))
            return false;
        name_size = bytes[FID_NAME_SIZE];
        use_size = bytes_get16(bytes + FID_USE_SIZE);
        size = (FID_BYTES + name_size + use_size + 3) & ~(size_t)3; /* the checksum covers all */
        if (!need(reader, size, &bytes, err))
            return false;
        if (!udf_tag_is(bytes, size, UDF_TAG_NAME))
            return damaged(reader, err);
        reader->position += size;
        flags = bytes[FID_FLAGS];
        if (flags & (FID_DELETED | FID_PARENT))
            continue;
        take_name(bytes + FID_BYTES + use_size, name_size, ret_entry->name);
        ret_entry->at = udf_long_address(bytes + FID_ICB);
        ret_entry->folder = (flags & FID_FOLDER) != 0;
        *ret_end = false;
        return true;
    }
    *ret_end = true;
    return true;
}

static bool
reader_open(struct reader *reader, struct udf *udf, struct udf_block at, struct err *err)
{
    bool folder = false;

    memset(reader, 0, sizeof *reader);
    reader->udf = udf;
    if (!udf_open_entry(udf, at, udf->iso->name, &folder, &reader->source, err))
        return false;
    if (!folder || reader->source->size_bytes > FOLDER_BYTES)
        return damaged(reader, err);
    reader->window = malloc(WINDOW_BYTES);
    return reader->window != NULL || err_no_memory(err);
}

static void reader_close(struct reader *reader)
{
    free(reader->window);
    source_free(reader->source);
}

/* ---- paths ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b, size_t length)
{
    size_t i = 0;

    while (i < length && a[i] && lower(a[i]) == lower(b[i]))
        i++;
    return i == length && !a[i];
}

static bool find_in(struct udf *udf,
                    struct udf_block folder,
                    const char *name,
                    size_t length,
                    struct entry *ret_entry,
                    bool *ret_found,
                    struct err *err)
{
    struct reader reader;
    bool end = false, found = false, ok;

    ok = reader_open(&reader, udf, folder, err);
    while (ok && !end && !found) {
        ok = next_entry(&reader, ret_entry, &end, err);
        found = ok && !end && same_name(ret_entry->name, name, length);
    }
    reader_close(&reader);
    *ret_found = found;
    return ok;
}

static bool seen(const struct udf_block *blocks, size_t count, struct udf_block at)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i].block == at.block && blocks[i].partition == at.partition)
            return true;
    return false;
}

/* Follows path from the root; *ret_found false when a component is missing. */
static bool
walk(struct udf *udf, const char *path, struct entry *ret_entry, bool *ret_found, struct err *err)
{
    struct udf_block way[DEPTH_MOST];
    size_t depth = 0;

    ret_entry->at = udf->root;
    ret_entry->folder = true;
    *ret_found = true;
    while (*path && *ret_found) {
        size_t length = strcspn(path, "/");

        if (!ret_entry->folder) {
            *ret_found = false;
            break;
        }
        if (depth == DEPTH_MOST || seen(way, depth, ret_entry->at))
            return udf_damaged(udf, "UDF folder", err);
        way[depth++] = ret_entry->at;
        if (!find_in(udf, ret_entry->at, path, length, ret_entry, ret_found, err))
            return false;
        path += length;
        path += *path == '/';
    }
    return !(*ret_found && seen(way, depth, ret_entry->at)) || udf_damaged(udf, "UDF folder", err);
}

bool udf_open_file(struct udf *udf, const char *path, struct source **ret_source, struct err *err)
{
    struct source *source = NULL;
    bool found = false, folder = false;
    struct entry entry = {.folder = false};

    if (!walk(udf, path, &entry, &found, err))
        return false;
    if (found && !entry.folder) {
        if (!udf_open_entry(udf, entry.at, path, &folder, &source, err))
            return false;
        if (folder) {
            source_free(source);
            return udf_damaged(udf, "UDF file entry", err);
        }
    }
    *ret_source = source;
    return true;
}

bool udf_list(struct udf *udf,
              const char *path,
              bool (*visit)(const char *name, bool folder, void *user),
              void *user,
              struct err *err)
{
    bool found = false, end = false, ok;
    struct reader reader;
    struct entry entry = {.folder = false};

    if (!walk(udf, path, &entry, &found, err))
        return false;
    if (!found || !entry.folder)
        return true;
    ok = reader_open(&reader, udf, entry.at, err);
    while (ok && !end) {
        ok = next_entry(&reader, &entry, &end, err);
        if (ok && !end && *entry.name && !visit(entry.name, entry.folder, user))
            break;
    }
    reader_close(&reader);
    return ok;
}
