/* Where the image file is: in an ISO, in a folder, or the file itself. */
#include "host/image/editions_inside.h"

#include <stdio.h>
#include <string.h>

/* In this order. The media creation tool makes ISOs for both architectures with folders of their
 * own. */
static const char *const places[] = {
    "sources/install.wim",
    "sources/install.esd",
    "sources/install.swm",
    "x64/sources/install.wim",
    "x64/sources/install.esd",
    "x64/sources/install.swm",
};

#define PLACES (sizeof places / sizeof *places)

static bool none_inside(const struct editions *editions, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, TEXT_IMAGE_NO_INSTALL, editions->path, NULL);
    return err_hint(err, TEXT_IMAGE_NO_INSTALL_HINT);
}

static bool find_in_folder(struct editions *editions, struct editions_place *place, struct err *err)
{
    char path[FS_PATH_BYTES];

    editions->kind = EDITIONS_FOLDER;
    for (size_t i = 0; i < PLACES; i++) {
        struct fs_stat stat;

        if (!fs_join(path, editions->path, places[i], err) || !fs_stat(path, &stat, err))
            return false;
        if (stat.kind != FS_FILE && stat.kind != FS_LINK)
            continue;
        text_copy(editions->inside, sizeof editions->inside, places[i]);
        if (!source_open_file(path, &place->file, err))
            return false;
        place->wim = place->file;
        return true;
    }
    return none_inside(editions, err);
}

static bool find_in_iso(struct editions *editions, struct editions_place *place, struct err *err)
{
    editions->kind = EDITIONS_ISO;
    if (!udf_open(place->file, &place->udf, err))
        return false;
    for (size_t i = 0; i < PLACES; i++) {
        if (!udf_open_file(place->udf, places[i], &place->wim, err))
            return false;
        if (!place->wim)
            continue;
        text_copy(editions->inside, sizeof editions->inside, places[i]);
        return true;
    }
    return none_inside(editions, err);
}

/* A link to the folder of a medium, or a volume that is mounted there. */
static bool leads_to_folder(const char *path)
{
    char below[FS_PATH_BYTES];
    struct fs_stat stat;

    return fs_join(below, path, "sources", NULL) && fs_stat(below, &stat, NULL) &&
           stat.kind == FS_FOLDER;
}

bool editions_find(struct editions *editions, struct editions_place *place, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(editions->path, &stat, err))
        return false;
    if (stat.kind == FS_FOLDER || (stat.kind == FS_LINK && leads_to_folder(editions->path)))
        return find_in_folder(editions, place, err);
    if (stat.kind == FS_MISSING) {
        err_set(err, ERR_NOT_FOUND, TEXT_IMAGE_NOT_THERE, editions->path, NULL);
        return err_hint(err, TEXT_IMAGE_NOT_THERE_HINT);
    }
    if (!source_open_file(editions->path, &place->file, err))
        return false;
    if (!wim_is(place->file))
        return find_in_iso(editions, place, err);
    editions->kind = EDITIONS_FILE;
    place->wim = place->file;
    return true;
}

/* install.swm, install2.swm, install3.swm: the number stands before the ending. */
static bool part_name(const char *first, unsigned part, char *out)
{
    const char *slash = strrchr(first, '/'), *dot = strrchr(first, '.');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - first) : strlen(first);
    int length = snprintf(out, FS_PATH_BYTES, "%.*s%u%s", (int)stem, first, part, first + stem);

    return length > 0 && length < FS_PATH_BYTES;
}

static bool open_beside(const char *path, struct source **ret_part, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_MISSING || source_open_file(path, ret_part, err);
}

bool editions_open_part(const struct editions *editions,
                        const struct editions_place *place,
                        unsigned part,
                        char *name,
                        struct source **ret_part,
                        struct err *err)
{
    char path[FS_PATH_BYTES];

    *ret_part = NULL;
    if (editions->kind == EDITIONS_FILE)
        return part_name(editions->path, part, name) && open_beside(name, ret_part, err);
    if (!part_name(editions->inside, part, name))
        return false;
    if (editions->kind == EDITIONS_ISO)
        return udf_open_file(place->udf, name, ret_part, err);
    return fs_join(path, editions->path, name, err) && open_beside(path, ret_part, err);
}

void editions_place_done(struct editions_place *place)
{
    if (place->wim != place->file)
        source_free(place->wim);
    udf_close(place->udf);
    source_free(place->file);
    memset(place, 0, sizeof *place);
}
