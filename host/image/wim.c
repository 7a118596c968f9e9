/* Windows image files: header and description. */
#include "host/image/wim.h"

#include "host/image/bytes.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 208u
#define VERSION_WIM  0x10d00u /* as Vista and everything since */
#define VERSION_ESD  0xe00u   /* with solid resources */

/* fields of the header */
#define HEADER_SIZE   8
#define VERSION       12
#define FLAGS         16
#define ID            24
#define PART          40
#define PARTS         42
#define IMAGES        44
#define XML_SIZE      72 /* seven bytes, then flags */
#define XML_POSITION  80
#define XML_ORIGINAL  88
#define SIZE_MASK     ((UINT64_C(1) << 56) - 1)
#define FLAGS_SHIFT   56
#define COMPRESSED    0x04u /* flag of a resource */
#define BYTE_ORDER_16 0xfeffu

static const struct {
    uint32_t flag;
    enum wim_compression compression;
    const char *name;
} compressions[] = {
    [WIM_NONE] = {0, WIM_NONE, "none"},
    [WIM_XPRESS] = {0x20000, WIM_XPRESS, "xpress"},
    [WIM_LZX] = {0x40000, WIM_LZX, "lzx"},
    [WIM_LZMS] = {0x80000, WIM_LZMS, "lzms"},
};

static bool damaged(const struct source *source, const char *part, struct err *err)
{
    err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_WIM_DAMAGED, source->name, part, NULL);
    return err_hint(err, TEXT_IMAGE_DAMAGED_HINT);
}

bool wim_is(struct source *source)
{
    char magic[WIM_MAGIC_BYTES];

    return source_has(source, 0, sizeof magic) &&
           source_read(source, 0, magic, sizeof magic, NULL) &&
           !memcmp(magic, WIM_MAGIC, sizeof magic);
}

static bool check(const struct source *source, const uint8_t *bytes, struct err *err)
{
    uint32_t version = bytes_get32(bytes + VERSION), images = bytes_get32(bytes + IMAGES);
    uint16_t part = bytes_get16(bytes + PART), parts = bytes_get16(bytes + PARTS);

    if (memcmp(bytes, WIM_MAGIC, WIM_MAGIC_BYTES) != 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_UNKNOWN, source->name, NULL);
    if (version != VERSION_WIM && version != VERSION_ESD)
        return err_set(
            err, ERR_BAD_INPUT, TEXT_IMAGE_WIM_VERSION, source->name, TEXT_NUM(version), NULL);
    if (bytes_get32(bytes + HEADER_SIZE) != HEADER_BYTES || !part || part > parts ||
        images > WIM_IMAGES_MAX)
        return damaged(source, "WIM header", err);
    return true;
}

/* The description must lie in the file as it is: this is where a download that was cut off shows.
 */
static bool
check_xml(struct source *source, const uint8_t *bytes, struct wim_header *header, struct err *err)
{
    uint64_t word = bytes_get64(bytes + XML_SIZE);
    struct source *part = NULL;

    header->xml_bytes = word & SIZE_MASK;
    header->xml_position = bytes_get64(bytes + XML_POSITION);
    if (word >> FLAGS_SHIFT & COMPRESSED || header->xml_bytes > WIM_XML_BYTES ||
        header->xml_bytes != bytes_get64(bytes + XML_ORIGINAL) || header->xml_bytes % 2)
        return damaged(source, "WIM XML", err);
    if (header->xml_bytes && header->xml_position < HEADER_BYTES)
        return damaged(source, "WIM XML", err);
    if (!source_open_part(source, header->xml_position, header->xml_bytes, NULL, &part, err))
        return false;
    source_free(part);
    return true;
}

bool wim_read_header(struct source *source, struct wim_header *ret_header, struct err *err)
{
    struct wim_header header = {.compression = WIM_NONE};
    uint8_t bytes[HEADER_BYTES];
    uint32_t flags;

    if (!source_read(source, 0, bytes, sizeof bytes, err) || !check(source, bytes, err) ||
        !check_xml(source, bytes, &header, err))
        return false;
    memcpy(header.id.bytes, bytes + ID, GUID_BYTES);
    header.images = bytes_get32(bytes + IMAGES);
    header.part = bytes_get16(bytes + PART);
    header.parts = bytes_get16(bytes + PARTS);
    header.solid = bytes_get32(bytes + VERSION) == VERSION_ESD;
    flags = bytes_get32(bytes + FLAGS);
    for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++)
        if (flags & compressions[i].flag)
            header.compression = compressions[i].compression;
    *ret_header = header;
    return true;
}

bool wim_read_xml(struct source *source,
                  const struct wim_header *header,
                  struct buf *xml,
                  struct err *err)
{
    size_t units = (size_t)(header->xml_bytes / 2);
    uint8_t *bytes = malloc(header->xml_bytes ? (size_t)header->xml_bytes : 1);
    uint16_t *text = calloc(units + 1, sizeof *text);
    char *utf8 = NULL;
    size_t first;
    bool ok = false;

    if (!bytes || !text) {
        err_no_memory(err);
        goto out;
    }
    if (!source_read(source, header->xml_position, bytes, (size_t)header->xml_bytes, err))
        goto out;
    for (size_t i = 0; i < units; i++)
        text[i] = bytes_get16(bytes + 2 * i);
    while (units && !text[units - 1]) /* some tools end it with a zero */
        units--;
    first = units && text[0] == BYTE_ORDER_16 ? 1 : 0;
    if (!utf16_to_utf8(text + first, units - first, &utf8, NULL)) {
        damaged(source, "WIM XML", err);
        goto out;
    }
    ok = buf_puts(xml, utf8) || err_no_memory(err);

out:
    free(utf8);
    free(text);
    free(bytes);
    return ok;
}

const char *wim_compression_name(enum wim_compression compression)
{
    return compressions[compression].name;
}
