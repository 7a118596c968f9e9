/* Pages of a list of files, each behind two bytes of length. A complete list has acceptable paths
 * in strict order, comes back from its own pages as it was, and differs in nothing from itself. */
#include "tests/fuzz/fuzz.h"

#include "common/manifest.h"

#include <stdlib.h>
#include <string.h>

/* Reads the pages in data; true when the list is complete. */
static bool read_pages(struct manifest *manifest, const uint8_t *data, size_t size)
{
    bool last = false;

    manifest_init(manifest, MANIFEST_PLAIN);
    while (!last && size >= 2) {
        size_t length = (size_t)(data[0] | data[1] << 8);
        uint8_t *page;
        bool ok;

        data += 2;
        size -= 2;
        length = length < size ? length : size;
        page = malloc(length ? length : 1); /* exactly so long, for the sanitizer */
        if (!page)
            abort();
        memcpy(page, data, length);
        ok = manifest_read_page(manifest, page, length, &last, NULL);
        free(page);
        if (!ok)
            return false;
        data += length;
        size -= length;
    }
    return last;
}

static bool never(enum manifest_change change,
                  const struct manifest_entry *have,
                  const struct manifest_entry *want,
                  void *user)
{
    (void)change;
    (void)have;
    (void)want;
    (void)user;
    return false;
}

static void check_list(const struct manifest *manifest)
{
    size_t i;

    for (i = 0; i < manifest->count; i++) {
        const char *path = manifest_path(manifest, &manifest->entries[i]);

        if (!manifest_check_path(path, NULL) ||
            manifest_find(manifest, path) != &manifest->entries[i])
            abort();
        if (i && manifest_compare(manifest_path(manifest, &manifest->entries[i - 1]), path) >= 0)
            abort();
    }
}

static void send_again(const struct manifest *manifest)
{
    struct manifest back;
    struct buf page;
    size_t cursor = 0;
    bool last = false;

    manifest_init(&back, MANIFEST_PLAIN);
    buf_init(&page, 4096);
    while (!last) {
        buf_clear(&page);
        if (!manifest_write_page(manifest, &cursor, 4096, &page, &last, NULL) ||
            !manifest_read_page(&back, page.data, page.len, &last, NULL))
            abort();
    }
    if (back.count != manifest->count || !manifest_diff(manifest, &back, false, never, NULL))
        abort();
    buf_done(&page);
    manifest_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest manifest;

    if (read_pages(&manifest, data, size)) {
        check_list(&manifest);
        send_again(&manifest);
        if (!manifest_complete(&manifest, NULL))
            abort(); /* what the order of pages let pass, sorting lets pass too */
    }
    manifest_done(&manifest);
    return 0;
}
