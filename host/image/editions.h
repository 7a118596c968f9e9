/*
 * The editions of Windows in what a person has: an ISO, a WIM, ESD or SWM file, or a folder that
 * holds what such an ISO holds (a mounted one, an installation stick). Read straight from the file:
 * nothing is mounted, no rights are needed, nothing is decompressed. Every element of the
 * description may be missing; what is missing is "" or 0.
 */
#ifndef GPUPV_IMAGE_EDITIONS_H
#define GPUPV_IMAGE_EDITIONS_H

#include "host/image/wim.h"

#include "common/fs.h"

#define EDITION_ID_BYTES   64
#define EDITION_TEXT_BYTES 256
#define EDITION_LANGS      256 /* "en-US,zh-CN" */
#define EDITION_LANG_BYTES 32
#define EDITION_DEFAULT    "Professional" /* what is taken when nobody says */

/* Whether gpupv can make a guest of it. */
enum edition_use {
    EDITION_FITS,
    EDITION_SETUP,      /* Windows PE or the setup program */
    EDITION_NO_WINDOWS, /* files, but no system */
    EDITION_OTHER_CPU,  /* not for 64-bit PCs */
    EDITION_OLD,        /* before Windows 10 */
    EDITION_NO_DESKTOP, /* Server Core */
    EDITION_USES
};

struct edition {
    unsigned index;                      /* from 1, as the image file counts */
    char id[EDITION_ID_BYTES];           /* "Professional" */
    char name[EDITION_TEXT_BYTES];       /* what people call it: the display name, else another */
    char plain_name[EDITION_TEXT_BYTES]; /* NAME, which may say Windows 10 for Windows 11 */
    char description[EDITION_TEXT_BYTES];
    char flags[EDITION_ID_BYTES];
    char installation[EDITION_LANG_BYTES]; /* "Client", "Server", "WindowsPE" */
    char languages[EDITION_LANGS];         /* separated by commas */
    char default_language[EDITION_LANG_BYTES];
    int arch; /* PROCESSOR_ARCHITECTURE_*: 0 x86, 9 x64, 12 ARM64; -1: not said */
    bool has_windows;
    unsigned major, minor, build, revision;
    uint64_t size_bytes; /* of the unpacked files */
    enum edition_use use;
};

enum editions_kind { EDITIONS_FILE, EDITIONS_ISO, EDITIONS_FOLDER };

struct editions {
    enum editions_kind kind;
    char path[FS_PATH_BYTES]; /* what was given */
    char inside[64];          /* "sources/install.wim" below it; "" for EDITIONS_FILE */
    struct wim_header wim;
    size_t count;
    struct edition *rows; /* in the order of the index, rows[i].index == i + 1 */
};

/* Reads what is at path. ERR_NOT_FOUND: no such file, or no Windows in it; ERR_BAD_INPUT. Caller
 * frees with editions_free. */
bool editions_read(const char *path, struct editions **ret_editions, struct err *err);

/* NULL is fine. */
void editions_free(struct editions *editions);

/* False, with one clear reason, when no edition of it can become a guest. */
bool editions_usable(const struct editions *editions, struct err *err);

/* Finds the edition that a person means by `wanted`: its number, its id, its name, or the last
 * words of its name ("Pro"); NULL or "": EDITION_DEFAULT, or the only one that fits. Without case.
 * ERR_USAGE with the list of what there is when none or several match; ERR_BAD_INPUT when it cannot
 * become a guest. */
bool editions_choose(const struct editions *editions,
                     const char *wanted,
                     size_t *ret_row,
                     struct err *err);

/* "x86", "x64", "arm64", "arm", "ia64"; "" when it is not said. */
const char *edition_arch_name(int arch);

/* Why an edition does not fit, TEXT_NONE for EDITION_FITS. */
enum text_id edition_use_text(enum edition_use use);

/* "setup", "other_cpu", ... stable, for --json; "" for EDITION_FITS. */
const char *edition_use_name(enum edition_use use);

#endif
