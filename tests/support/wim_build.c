/* Building Windows image files. */
#include "tests/support/wim_build.h"

#include "common/fs.h"
#include "common/utf16.h"
#include "host/image/bytes.h"
#include "tests/support/expect.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 208u

static uint32_t count_images(const char *xml)
{
    uint32_t count = 0;

    while (xml && (xml = strstr(xml, "<IMAGE")) != NULL) {
        count++;
        xml++;
    }
    return count;
}

/* The description as UTF-16; returns its bytes, which the caller frees. */
static uint8_t *description(const struct wim_recipe *recipe, size_t *ret_size)
{
    uint16_t *units = NULL;
    size_t count, at = 0;
    uint8_t *bytes;

    *ret_size = 0;
    if (!recipe->xml)
        return NULL;
    DO(utf16_from_utf8(recipe->xml, &units, &do_err));
    count = utf16_len(units);
    bytes = calloc(count + 2, 2);
    assert_non_null(bytes);
    if (!recipe->without_order) {
        bytes_put16(bytes, 0xfeff);
        at = 2;
    }
    for (size_t i = 0; i < count; i++, at += 2)
        bytes_put16(bytes + at, units[i]);
    free(units);
    *ret_size = at + (recipe->ends_with_zero ? 2 : 0);
    return bytes;
}

static void
put_header(uint8_t header[HEADER_BYTES], const struct wim_recipe *recipe, size_t xml_size)
{
    uint64_t claims = recipe->claims_bytes ? recipe->claims_bytes : xml_size;

    memset(header, 0, HEADER_BYTES);
    memcpy(header, "MSWIM\0\0", 8);
    bytes_put32(header + 8, HEADER_BYTES);
    bytes_put32(header + 12, recipe->version ? recipe->version : 0x10d00);
    bytes_put32(header + 16, recipe->flags ? recipe->flags : 0x40082);
    bytes_put32(header + 20, 32768);
    header[24] = recipe->id;
    bytes_put16(header + 40, recipe->part ? recipe->part : 1);
    bytes_put16(header + 42, recipe->parts ? recipe->parts : 1);
    bytes_put32(header + 44, recipe->images ? recipe->images : count_images(recipe->xml));
    bytes_put64(header + 72, claims | (uint64_t)recipe->xml_flags << 56);
    bytes_put64(header + 80, recipe->xml_at ? recipe->xml_at : HEADER_BYTES);
    bytes_put64(header + 88, claims);
}

void wim_build(const char *path, const struct wim_recipe *recipe)
{
    uint8_t header[HEADER_BYTES], *xml;
    struct fs_file *file = NULL;
    size_t size;

    xml = description(recipe, &size);
    put_header(header, recipe, size);
    DO(fs_file_open(path, FS_CREATE, FS_SHARED, &file, &do_err));
    DO(fs_file_write(file, 0, header, sizeof header, &do_err));
    if (xml)
        DO(fs_file_write(file, recipe->xml_at ? recipe->xml_at : HEADER_BYTES, xml, size, &do_err));
    fs_file_close(file);
    free(xml);
}

size_t wim_build_memory(uint8_t *out, size_t size, const struct wim_recipe *recipe)
{
    size_t xml_size;
    uint8_t *xml = description(recipe, &xml_size);

    assert_true(HEADER_BYTES + xml_size <= size);
    put_header(out, recipe, xml_size);
    if (xml)
        memcpy(out + HEADER_BYTES, xml, xml_size);
    free(xml);
    return HEADER_BYTES + xml_size;
}
