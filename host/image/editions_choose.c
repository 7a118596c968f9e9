/* Which edition a person means. */
#include "host/image/editions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool is_index(const struct edition *row, const char *wanted)
{
    char number[24];

    return same(text_num(number, row->index), wanted);
}

static bool is_id(const struct edition *row, const char *wanted)
{
    return same(row->id, wanted);
}

static bool is_name(const struct edition *row, const char *wanted)
{
    return same(row->name, wanted) || same(row->plain_name, wanted);
}

/* "Pro" is the end of "Windows 11 Pro", and not of "Windows 11 Pro N" or of "Macro". */
static bool ends_so(const struct edition *row, const char *wanted)
{
    size_t length = strlen(wanted), whole = strlen(row->name);

    return length < whole && row->name[whole - length - 1] == ' ' &&
           same(row->name + whole - length, wanted);
}

/* The first way to name an edition that says anything decides. */
static bool (*const ways[])(const struct edition *row,
                            const char *wanted) = {is_index, is_id, is_name, ends_so};

#define WAYS (sizeof ways / sizeof *ways)

/* "1 Core, 4 Professional" as far as it fits; only what matches, when a way is given. */
static void
list(const struct editions *editions, size_t way, const char *wanted, char *out, size_t size)
{
    size_t used = 0;

    out[0] = 0;
    for (size_t i = 0; i < editions->count; i++) {
        const struct edition *row = &editions->rows[i];
        int length;

        if (row->use != EDITION_FITS || (way < WAYS && !ways[way](row, wanted)))
            continue;
        length = snprintf(out + used,
                          size - used,
                          "%s%u %s",
                          used ? ", " : "",
                          row->index,
                          *row->id ? row->id : row->name);
        if (length < 0 || (size_t)length >= size - used) {
            out[used] = 0;
            return;
        }
        used += (size_t)length;
    }
}

static bool fail(const struct editions *editions,
                 enum text_id message,
                 size_t way,
                 const char *wanted,
                 struct err *err)
{
    char there[ERR_ARG_BYTES];

    list(editions, way, wanted, there, sizeof there);
    err_set(err, ERR_USAGE, message, editions->path, wanted, there, NULL);
    return err_hint(err, TEXT_IMAGE_CHOOSE_HINT);
}

/* How many match; what does not fit counts only when nothing else matches. */
static size_t
count_matches(const struct editions *editions, size_t way, const char *wanted, size_t *ret_row)
{
    size_t fitting = 0, other = 0;

    for (size_t i = 0; i < editions->count; i++) {
        bool fits = editions->rows[i].use == EDITION_FITS;

        if (!ways[way](&editions->rows[i], wanted))
            continue;
        if (fits ? !fitting : !fitting && !other)
            *ret_row = i;
        fitting += fits;
        other += !fits;
    }
    return fitting ? fitting : other > 0;
}

/* The only edition that fits, if it is the only one. */
static bool only_one(const struct editions *editions, size_t *ret_row)
{
    size_t count = 0;

    for (size_t i = 0; i < editions->count; i++)
        if (editions->rows[i].use == EDITION_FITS) {
            *ret_row = i;
            count++;
        }
    return count == 1;
}

static bool check_use(const struct editions *editions, size_t row, struct err *err)
{
    const struct edition *edition = &editions->rows[row];

    if (edition->use == EDITION_FITS)
        return true;
    return err_set(err,
                   ERR_BAD_INPUT,
                   TEXT_IMAGE_EDITION_USELESS,
                   editions->path,
                   TEXT_NUM(edition->index),
                   *edition->name ? edition->name : "-",
                   NULL);
}

bool editions_choose(const struct editions *editions,
                     const char *wanted,
                     size_t *ret_row,
                     struct err *err)
{
    bool said = wanted && *wanted;
    size_t row = 0;

    if (!editions_usable(editions, err))
        return false;
    if (!said && only_one(editions, ret_row))
        return true;
    if (!said)
        wanted = EDITION_DEFAULT;
    for (size_t way = 0; way < WAYS; way++) {
        size_t found = count_matches(editions, way, wanted, &row);

        if (found > 1)
            return fail(editions, TEXT_IMAGE_EDITION_SEVERAL, way, wanted, err);
        if (found == 1) {
            if (!check_use(editions, row, err))
                return false;
            *ret_row = row;
            return true;
        }
    }
    return fail(editions, TEXT_IMAGE_EDITION_NONE, WAYS, wanted, err);
}
