/* UDF: the content of a file or folder, from its file entry and allocation descriptors. */
#include "host/image/udf_inside.h"

#include <stdlib.h>
#include <string.h>

#define EXTENTS_MOST 16384u      /* of one file; a whole ISO of 16 TiB fits in that many */
#define TABLES_MOST  256u        /* continuations of allocation descriptors */
#define NOWHERE      UINT64_MAX  /* not recorded: zeros */
#define LENGTH_BITS  0x3fffffffu /* of an extent; what it is is above */
#define TYPE_SHIFT   30
#define TYPE_MASK    7u /* of the flags of an ICB tag */
#define STRATEGY     4u /* one file entry, no chain of them */
#define ROOM         8u

/* fields */
#define ICB_STRATEGY 20
#define ICB_TYPE     27
#define ICB_FLAGS    34
#define INFORMATION  56
#define AED_LENGTH   20
#define AED_BYTES    24

enum extent_type { RECORDED, ALLOCATED, UNALLOCATED, CONTINUED };
enum address_kind { SHORT, LONG, EXTENDED, EMBEDDED };
enum file_type { TYPE_FOLDER = 4, TYPE_FILE = 5 };

struct extent {
    uint64_t offset; /* in the file */
    uint64_t length;
    uint64_t position; /* in the ISO, or NOWHERE */
};

struct udf_source {
    struct source source;
    struct source *iso;
    struct extent *extents;
    size_t count, room;
};

/* Where the numbers of the two kinds of file entry are. */
static const struct layout {
    enum udf_tag tag;
    size_t attributes_length, descriptors_length, end;
} layouts[] = {
    {UDF_TAG_FILE, 168, 172, 176},
    {UDF_TAG_FILE_EXTENDED, 208, 212, 216},
};

/* The sizes of the kinds of allocation descriptors, and where the address is. */
static const struct {
    size_t bytes, block, partition;
} kinds[] = {
    [SHORT] = {8, 4, 0},
    [LONG] = {16, 4, 8},
    [EXTENDED] = {20, 12, 16},
};

/* ---- reading ---- */

/* The extent that holds position; there is one, since they cover the file. */
static const struct extent *find(const struct udf_source *s, uint64_t position)
{
    size_t low = 0, high = s->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (s->extents[middle].offset <= position)
            low = middle;
        else
            high = middle;
    }
    return &s->extents[low];
}

static bool
udf_source_read(struct source *source, uint64_t position, void *data, size_t size, struct err *err)
{
    struct udf_source *s = (struct udf_source *)source;
    uint8_t *to = data;

    while (size) {
        const struct extent *extent = find(s, position);
        uint64_t within = position - extent->offset;
        uint64_t left = extent->length - within;
        size_t piece = left < size ? (size_t)left : size;

        if (extent->position == NOWHERE)
            memset(to, 0, piece);
        else if (!source_read(s->iso, extent->position + within, to, piece, err))
            return false;
        position += piece;
        to += piece;
        size -= piece;
    }
    return true;
}

static void udf_source_free(struct source *source)
{
    struct udf_source *s = (struct udf_source *)source;

    free(s->extents);
    free(s);
}

static const struct source_ops udf_source_ops = {
    .read = udf_source_read,
    .free = udf_source_free,
};

/* ---- extents ---- */

static bool grow(struct udf_source *s, struct err *err)
{
    size_t room = s->room ? 2 * s->room : ROOM;
    struct extent *extents;

    if (s->extents && s->count < s->room)
        return true;
    extents = realloc(s->extents, room * sizeof *extents);
    if (!extents)
        return err_no_memory(err);
    s->extents = extents;
    s->room = room;
    return true;
}

/* Adds the next piece of the file, cut at its end; neighbours become one. */
static bool add(struct udf *udf,
                struct udf_source *s,
                uint64_t *covered,
                uint64_t length,
                uint64_t position,
                struct err *err)
{
    struct extent *last = s->count ? &s->extents[s->count - 1] : NULL;

    if (length > s->source.size_bytes - *covered)
        length = s->source.size_bytes - *covered;
    if (!length)
        return true;
    if (last && ((position == NOWHERE && last->position == NOWHERE) ||
                 (position != NOWHERE && last->position != NOWHERE &&
                  last->position + last->length == position))) {
        last->length += length;
    } else {
        if (s->count == EXTENTS_MOST)
            return udf_damaged(udf, "UDF extents", err);
        if (!grow(s, err))
            return false;
        s->extents[s->count++] = (struct extent){*covered, length, position};
    }
    *covered += length;
    return true;
}

/* Allocation descriptors that are being read. */
struct walk {
    uint8_t bytes[UDF_BLOCK_BYTES];
    size_t at, end;
    enum address_kind kind;
    uint16_t partition; /* of short ones */
    unsigned tables;
};

/* Goes on in the block that a descriptor of the type "continued" names. */
static bool next_table(struct udf *udf, struct walk *walk, struct udf_block at, struct err *err)
{
    uint64_t position = 0;
    uint32_t length;

    if (++walk->tables > TABLES_MOST)
        return udf_damaged(udf, "UDF extents", err);
    if (!udf_locate(udf, at, UDF_BLOCK_BYTES, &position, err) ||
        !source_read(udf->iso, position, walk->bytes, sizeof walk->bytes, err))
        return false;
    length = bytes_get32(walk->bytes + AED_LENGTH);
    if (!udf_tag_is(walk->bytes, sizeof walk->bytes, UDF_TAG_EXTENTS) ||
        length > sizeof walk->bytes - AED_BYTES)
        return udf_damaged(udf, "UDF extents", err);
    walk->at = AED_BYTES;
    walk->end = AED_BYTES + length;
    walk->partition = at.partition;
    return true;
}

static bool take_descriptor(
    struct udf *udf, struct walk *walk, struct udf_source *s, uint64_t *covered, struct err *err)
{
    const uint8_t *descriptor = walk->bytes + walk->at;
    uint32_t word = bytes_get32(descriptor), length = word & LENGTH_BITS;
    struct udf_block at = {bytes_get32(descriptor + kinds[walk->kind].block), walk->partition};
    uint64_t position = NOWHERE;

    if (kinds[walk->kind].partition)
        at.partition = bytes_get16(descriptor + kinds[walk->kind].partition);
    walk->at += kinds[walk->kind].bytes;
    if (!length) { /* ends the list */
        walk->at = walk->end;
        return true;
    }
    if (word >> TYPE_SHIFT == CONTINUED)
        return next_table(udf, walk, at, err);
    if (word >> TYPE_SHIFT == RECORDED && !udf_locate(udf, at, length, &position, err))
        return false;
    return add(udf, s, covered, length, position, err);
}

static bool take_extents(struct udf *udf, struct walk *walk, struct udf_source *s, struct err *err)
{
    uint64_t covered = 0;

    while (covered < s->source.size_bytes && walk->end - walk->at >= kinds[walk->kind].bytes)
        if (!take_descriptor(udf, walk, s, &covered, err))
            return false;
    return covered == s->source.size_bytes || udf_damaged(udf, "UDF extents", err);
}

/* A download that was cut off is told now, not after minutes of unpacking. */
static bool is_all_there(const struct udf_source *s, struct err *err)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct extent *extent = &s->extents[i];
        struct source *part = NULL;

        if (extent->position == NOWHERE)
            continue;
        if (!source_open_part(s->iso, extent->position, extent->length, NULL, &part, err))
            return false;
        source_free(part);
    }
    return true;
}

/* ---- file entries ---- */

static bool take_entry(struct udf *udf,
                       struct walk *walk,
                       uint64_t entry_position,
                       struct udf_source *s,
                       struct err *err)
{
    const struct layout *layout = NULL;
    uint32_t attributes, descriptors;
    uint64_t covered = 0;

    for (size_t i = 0; !layout && i < sizeof layouts / sizeof *layouts; i++)
        if (udf_tag_is(walk->bytes, sizeof walk->bytes, layouts[i].tag))
            layout = &layouts[i];
    if (!layout)
        return udf_damaged(udf, "UDF file entry", err);
    if (bytes_get16(walk->bytes + ICB_STRATEGY) != STRATEGY)
        return udf_unsupported(udf, "ICB strategy", err);
    s->source.size_bytes = bytes_get64(walk->bytes + INFORMATION);
    attributes = bytes_get32(walk->bytes + layout->attributes_length);
    descriptors = bytes_get32(walk->bytes + layout->descriptors_length);
    if (attributes > sizeof walk->bytes - layout->end ||
        descriptors > sizeof walk->bytes - layout->end - attributes)
        return udf_damaged(udf, "UDF file entry", err);
    walk->at = layout->end + attributes;
    walk->end = walk->at + descriptors;
    walk->kind = bytes_get16(walk->bytes + ICB_FLAGS) & TYPE_MASK;
    if (walk->kind > EMBEDDED)
        return udf_damaged(udf, "UDF file entry", err);
    if (walk->kind != EMBEDDED)
        return take_extents(udf, walk, s, err) && is_all_there(s, err);
    if (s->source.size_bytes > descriptors)
        return udf_damaged(udf, "UDF file entry", err);
    return add(udf, s, &covered, descriptors, entry_position + walk->at, err);
}

bool udf_open_entry(struct udf *udf,
                    struct udf_block entry,
                    const char *name,
                    bool *ret_folder,
                    struct source **ret_source,
                    struct err *err)
{
    struct udf_source *s = calloc(1, sizeof *s);
    struct walk *walk = calloc(1, sizeof *walk);
    uint64_t position = 0;
    unsigned type;
    bool ok = false;

    if (!s || !walk) {
        err_no_memory(err);
        goto out;
    }
    s->source.ops = &udf_source_ops;
    s->iso = udf->iso;
    text_copy(s->source.name, sizeof s->source.name, name);
    walk->partition = entry.partition;
    if (!udf_locate(udf, entry, UDF_BLOCK_BYTES, &position, err) ||
        !source_read(udf->iso, position, walk->bytes, sizeof walk->bytes, err))
        goto out;
    type = walk->bytes[ICB_TYPE];
    if (!take_entry(udf, walk, position, s, err))
        goto out;
    ok = type == TYPE_FOLDER || type == TYPE_FILE || udf_unsupported(udf, "file type", err);

out:
    free(walk);
    if (ok) {
        *ret_folder = type == TYPE_FOLDER;
        *ret_source = &s->source;
    } else if (s) {
        udf_source_free(&s->source);
    }
    return ok;
}
