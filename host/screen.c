/* Pictures of consoles as files. */
#include "host/screen.h"

bool screen_save(
    struct hypervisor *h, const char *id, const char *path, bool *ret_plain, struct err *err)
{
    struct picture picture;
    struct buf png;
    bool ok;

    if (!h->ops->picture(h, id, SCREEN_WIDTH, SCREEN_HEIGHT, &picture, err))
        return false;
    buf_init(&png, PICTURE_BYTES_MAX);
    ok = picture_png(&picture, &png, err) &&
         fs_write_atomic(path, png.data, png.len, FS_SHARED, err);
    if (ok && ret_plain)
        *ret_plain = picture_is_plain(&picture);
    buf_done(&picture.pixels);
    buf_done(&png);
    return ok;
}
