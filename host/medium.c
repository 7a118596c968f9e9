/* The image and edition of a new disk. */
#include "host/medium.h"

#include <string.h>

#define LANGUAGE     "en-US" /* of an image that does not say */
#define ARCHITECTURE "amd64"
#define SERVER       "Server"

void medium_init(struct medium *medium)
{
    memset(medium, 0, sizeof *medium);
    medium->source = (struct image_source){.path = "", .index = 1};
}

void medium_done(struct medium *medium)
{
    editions_free(medium->editions);
    memset(medium, 0, sizeof *medium);
}

static bool choose(struct medium *medium, const char *edition, struct err *err)
{
    const struct editions *editions = medium->editions;
    size_t row = 0;

    if (!editions_usable(editions, err) || !editions_choose(editions, edition, &row, err))
        return false;
    medium->edition = &editions->rows[row];
    text_copy(medium->path, sizeof medium->path, editions->path);
    return editions->kind != EDITIONS_FOLDER ||
           fs_join(medium->path, editions->path, editions->inside, err);
}

bool medium_open(const char *path, const char *edition, struct medium *ret_medium, struct err *err)
{
    medium_init(ret_medium);
    if (!editions_read(path, &ret_medium->editions, err))
        return false;
    if (!choose(ret_medium, edition, err)) {
        medium_done(ret_medium);
        return false;
    }
    ret_medium->source.path = ret_medium->path;
    ret_medium->source.index = ret_medium->edition->index;
    if (ret_medium->editions->kind == EDITIONS_ISO)
        ret_medium->source.inside = ret_medium->editions->inside;
    return true;
}

const char *medium_language(const struct medium *medium)
{
    return medium->edition && *medium->edition->default_language ? medium->edition->default_language
                                                                 : LANGUAGE;
}

void medium_setup(const struct medium *medium,
                  const struct host_locale *host,
                  struct unattend *ret_setup)
{
    *ret_setup = (struct unattend){
        .architecture = ARCHITECTURE,
        .language = medium_language(medium),
        .locale = host->formats,
        .keyboard = host->keyboard,
        .time_zone = host->time_zone,
        .administrator = medium->edition && !strcmp(medium->edition->installation, SERVER),
    };
}
