/* The editions of a Windows image. */
#include "host/image/editions_inside.h"

#include <stdlib.h>
#include <string.h>

#define XML_BYTES   ((size_t)16 << 20) /* of the description as UTF-8 */
#define ARCH_X64    9
#define MAJOR_LEAST 10 /* Windows 10 and 11 */

static const struct {
    int arch;
    const char *name;
} archs[] = {{0, "x86"}, {5, "arm"}, {6, "ia64"}, {ARCH_X64, "x64"}, {12, "arm64"}};

static const struct {
    const char *name;
    enum text_id text;
} uses[EDITION_USES] = {
    [EDITION_FITS] = {"", TEXT_NONE},
    [EDITION_SETUP] = {"setup", TEXT_IMAGE_USE_SETUP},
    [EDITION_NO_WINDOWS] = {"no_windows", TEXT_IMAGE_USE_NO_WINDOWS},
    [EDITION_OTHER_CPU] = {"other_cpu", TEXT_IMAGE_USE_OTHER_CPU},
    [EDITION_OLD] = {"old", TEXT_IMAGE_USE_OLD},
    [EDITION_NO_DESKTOP] = {"no_desktop", TEXT_IMAGE_USE_NO_DESKTOP},
};

const char *edition_arch_name(int arch)
{
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        if (archs[i].arch == arch)
            return archs[i].name;
    return "";
}

enum text_id edition_use_text(enum edition_use use)
{
    return uses[use].text;
}

const char *edition_use_name(enum edition_use use)
{
    return uses[use].name;
}

/* ---- reading ---- */

/* What is not said does not count against an edition. */
static enum edition_use judge(const struct edition *row, bool described)
{
    if (!described)
        return EDITION_FITS;
    if (!row->has_windows)
        return EDITION_NO_WINDOWS;
    if (!strcmp(row->installation, "WindowsPE") || !strcmp(row->id, "WindowsPE"))
        return EDITION_SETUP;
    if (row->arch >= 0 && row->arch != ARCH_X64)
        return EDITION_OTHER_CPU;
    if (row->major && row->major < MAJOR_LEAST)
        return EDITION_OLD;
    return strcmp(row->installation, "Server Core") ? EDITION_FITS : EDITION_NO_DESKTOP;
}

static void finish_row(struct edition *row, bool described)
{
    const char *const names[] = {row->plain_name, row->flags, row->id};

    for (size_t i = 0; !*row->name && i < sizeof names / sizeof *names; i++)
        text_copy(row->name, sizeof row->name, names[i]);
    if (!*row->id && row->has_windows)
        text_copy(row->id, sizeof row->id, row->flags);
    if (!*row->default_language && !strchr(row->languages, ','))
        text_copy(row->default_language, sizeof row->default_language, row->languages);
    row->use = judge(row, described);
}

static bool read_description(struct editions *editions, struct source *wim, struct err *err)
{
    struct buf xml;
    bool ok;

    buf_init(&xml, XML_BYTES);
    ok = wim_read_xml(wim, &editions->wim, &xml, err) && editions_parse(editions, &xml, err);
    buf_done(&xml);
    return ok;
}

static bool part_is_right(const struct editions *editions,
                          struct source *part,
                          unsigned number,
                          struct err *err)
{
    struct wim_header header;

    if (!wim_read_header(part, &header, err))
        return false;
    return (guid_equal(&header.id, &editions->wim.id) && header.part == number &&
            header.parts == editions->wim.parts) ||
           err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_PART_FOREIGN, part->name, editions->path, NULL);
}

/* All parts of a split image must be there: told now, and not in the middle of unpacking. */
static bool
check_parts(const struct editions *editions, const struct editions_place *place, struct err *err)
{
    char name[FS_PATH_BYTES] = "";

    if (editions->wim.part != 1) {
        err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_PART_LATER, editions->path, NULL);
        return err_hint(err, TEXT_IMAGE_PART_LATER_HINT);
    }
    for (unsigned number = 2; number <= editions->wim.parts; number++) {
        struct source *part = NULL;
        bool ok;

        if (!editions_open_part(editions, place, number, name, &part, err))
            return false;
        if (!part) {
            err_set(err,
                    ERR_NOT_FOUND,
                    TEXT_IMAGE_PART_MISSING,
                    editions->path,
                    name,
                    TEXT_NUM(editions->wim.parts),
                    NULL);
            return err_hint(err, TEXT_IMAGE_PART_MISSING_HINT);
        }
        ok = part_is_right(editions, part, number, err);
        source_free(part);
        if (!ok)
            return false;
    }
    return true;
}

static bool
read_rows(struct editions *editions, const struct editions_place *place, struct err *err)
{
    bool described;

    if (!wim_read_header(place->wim, &editions->wim, err))
        return false;
    editions->count = editions->wim.images;
    if (!editions->count)
        return err_set(err, ERR_NOT_FOUND, TEXT_IMAGE_EMPTY, editions->path, NULL);
    editions->rows = calloc(editions->count, sizeof *editions->rows);
    if (!editions->rows)
        return err_no_memory(err);
    for (size_t i = 0; i < editions->count; i++) {
        editions->rows[i].index = (unsigned)i + 1;
        editions->rows[i].arch = -1;
    }
    described = editions->wim.xml_bytes != 0;
    if (described && !read_description(editions, place->wim, err))
        return false;
    for (size_t i = 0; i < editions->count; i++)
        finish_row(&editions->rows[i], described);
    return check_parts(editions, place, err);
}

bool editions_read(const char *path, struct editions **ret_editions, struct err *err)
{
    struct editions *editions = calloc(1, sizeof *editions);
    struct editions_place place = {NULL, NULL, NULL};
    bool ok;

    if (!editions)
        return err_no_memory(err);
    text_copy(editions->path, sizeof editions->path, path);
    ok = editions_find(editions, &place, err) && read_rows(editions, &place, err);
    editions_place_done(&place);
    if (ok)
        *ret_editions = editions;
    else
        editions_free(editions);
    return ok;
}

void editions_free(struct editions *editions)
{
    if (!editions)
        return;
    free(editions->rows);
    free(editions);
}

/* ---- is there anything in it for us ---- */

/* The reason that says most: an architecture or age of a Windows before a missing Windows. */
static const struct edition *telling(const struct editions *editions)
{
    static const enum edition_use order[] = {
        EDITION_OTHER_CPU, EDITION_OLD, EDITION_NO_DESKTOP, EDITION_SETUP, EDITION_NO_WINDOWS};

    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        for (size_t row = 0; row < editions->count; row++)
            if (editions->rows[row].use == order[i])
                return &editions->rows[row];
    return &editions->rows[0];
}

bool editions_usable(const struct editions *editions, struct err *err)
{
    static const struct {
        enum text_id message, hint;
    } reasons[EDITION_USES] = {
        [EDITION_SETUP] = {TEXT_IMAGE_ONLY_SETUP, TEXT_IMAGE_ONLY_SETUP_HINT},
        [EDITION_NO_WINDOWS] = {TEXT_IMAGE_ONLY_FILES, TEXT_IMAGE_ONLY_SETUP_HINT},
        [EDITION_OTHER_CPU] = {TEXT_IMAGE_ONLY_CPU, TEXT_IMAGE_ONLY_CPU_HINT},
        [EDITION_OLD] = {TEXT_IMAGE_ONLY_OLD, TEXT_IMAGE_ONLY_OLD_HINT},
        [EDITION_NO_DESKTOP] = {TEXT_IMAGE_ONLY_CORE, TEXT_IMAGE_ONLY_CORE_HINT},
    };
    const struct edition *row;

    for (size_t i = 0; i < editions->count; i++)
        if (editions->rows[i].use == EDITION_FITS)
            return true;
    row = telling(editions);
    err_set(err,
            ERR_BAD_INPUT,
            reasons[row->use].message,
            editions->path,
            row->use == EDITION_OTHER_CPU ? edition_arch_name(row->arch) : row->name,
            NULL);
    return err_hint(err, reasons[row->use].hint);
}
