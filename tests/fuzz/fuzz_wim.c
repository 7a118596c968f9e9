/*
 * Windows image files: header and description as they stand in a file; and, for inputs that are no
 * image, the text of a description itself. What is listed keeps to its limits.
 */
#include "tests/fuzz/fuzz.h"

#include "host/image/editions_inside.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_IMAGES 4

static void check_row(const struct edition *row)
{
    if (!memchr(row->id, 0, sizeof row->id) || !memchr(row->name, 0, sizeof row->name) ||
        !memchr(row->languages, 0, sizeof row->languages) ||
        !text_is_utf8(row->plain_name, strlen(row->plain_name)))
        abort();
}

static void parse(struct editions *editions, const struct buf *xml)
{
    editions->rows = calloc(editions->count ? editions->count : 1, sizeof *editions->rows);
    if (editions->rows && editions_parse(editions, xml, NULL))
        for (size_t i = 0; i < editions->count; i++)
            check_row(&editions->rows[i]);
    free(editions->rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct editions *editions = calloc(1, sizeof *editions);
    struct source *source = NULL;
    struct buf xml;

    buf_init(&xml, (size_t)1 << 20);
    if (!editions || !source_open_memory(data, size, "input", &source, NULL))
        goto out;
    if (wim_is(source)) {
        if (!wim_read_header(source, &editions->wim, NULL) ||
            !wim_read_xml(source, &editions->wim, &xml, NULL))
            goto out;
        if (editions->wim.images > WIM_IMAGES_MAX || !editions->wim.part)
            abort();
        editions->count = editions->wim.images;
    } else {
        if (!text_is_utf8((const char *)data, size) || !buf_put(&xml, data, size))
            goto out;
        editions->count = TEXT_IMAGES;
    }
    parse(editions, &xml);

out:
    buf_done(&xml);
    source_free(source);
    free(editions);
    return 0;
}
