/* Decorations of models sections, and driver versions. */
#include "guest/inf.h"

#include <stddef.h>
#include <string.h>

#define ARCHITECTURE  "ntamd64"
#define TARGET_FIELDS 5 /* major, minor, product type, suite mask, build */
#define NOT_GIVEN     UINT32_MAX

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A number in decimal, or in hexadecimal after 0x where that is allowed; NOT_GIVEN and above are
 * malformed. Moves *at behind it. */
static bool read_number(const char **at, bool allow_hex, uint32_t *ret_number)
{
    bool hex = allow_hex && (*at)[0] == '0' && lower((*at)[1]) == 'x';
    const char *p = *at + (hex ? 2 : 0), *first = p;
    uint64_t number = 0;

    for (; number < NOT_GIVEN; p++) {
        char c = lower(*p);

        if (is_digit(c))
            number = number * (hex ? 16 : 10) + (uint64_t)(c - '0');
        else if (hex && c >= 'a' && c <= 'f')
            number = number * 16 + (uint64_t)(c - 'a') + 10;
        else
            break;
    }
    if (p == first || number >= NOT_GIVEN)
        return false;
    *at = p;
    *ret_number = (uint32_t)number;
    return true;
}

/* The fields behind the architecture, each behind a dot, any of them empty. */
static bool read_fields(const char *at, uint32_t fields[TARGET_FIELDS])
{
    for (size_t i = 0; i < TARGET_FIELDS; i++)
        fields[i] = NOT_GIVEN;
    for (size_t i = 0; i < TARGET_FIELDS && *at == '.'; i++) {
        at++;
        if (*at && *at != '.' && !read_number(&at, true, &fields[i]))
            return false;
    }
    return *at == '\0';
}

bool inf_target_serves(const char *target, const struct inf_machine *machine)
{
    enum { MAJOR, MINOR, PRODUCT, SUITE, BUILD };
    const char *architecture = ARCHITECTURE;
    uint32_t fields[TARGET_FIELDS];
    uint32_t minor;

    while (*architecture && lower(*target) == *architecture)
        target++, architecture++;
    if (*architecture || (*target && *target != '.') || !read_fields(target, fields))
        return false;
    minor = fields[MINOR] == NOT_GIVEN ? 0 : fields[MINOR];
    if (fields[MAJOR] != NOT_GIVEN && (fields[MAJOR] > machine->major ||
                                       (fields[MAJOR] == machine->major && minor > machine->minor)))
        return false;
    if (fields[BUILD] != NOT_GIVEN && fields[MAJOR] == machine->major && minor == machine->minor &&
        fields[BUILD] > machine->build)
        return false;
    if (fields[PRODUCT] != NOT_GIVEN && fields[PRODUCT] != machine->product_type)
        return false;
    return fields[SUITE] == NOT_GIVEN || (fields[SUITE] & ~machine->suite_mask) == 0;
}

/* "05/20/2023"; some write '-'. */
static bool read_date(const char *at, struct inf_version *version)
{
    uint32_t *const fields[] = {&version->month, &version->day, &version->year};

    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && *at != '/' && *at != '-')
            return false;
        at += i > 0;
        if (!read_number(&at, false, fields[i]))
            return false;
    }
    return *at == '\0' && version->month >= 1 && version->month <= 12 && version->day >= 1 &&
           version->day <= 31 && version->year <= 9999;
}

static bool read_parts(const char *at, struct inf_version *version)
{
    for (size_t i = 0; i < 4 && *at; i++) {
        uint32_t part;

        if (i > 0 && *at++ != '.')
            return false;
        if (!read_number(&at, false, &part) || part > UINT16_MAX)
            return false;
        version->parts[i] = (uint16_t)part;
    }
    return *at == '\0';
}

bool inf_version_parse(const char *date, const char *version, struct inf_version *ret_version)
{
    struct inf_version read = {.year = 0};

    if (!read_date(date, &read) || !read_parts(version, &read))
        return false;
    *ret_version = read;
    return true;
}

int inf_version_compare(const struct inf_version *one, const struct inf_version *other)
{
    const uint32_t a[] = {one->year, one->month, one->day};
    const uint32_t b[] = {other->year, other->month, other->day};

    for (size_t i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    for (size_t i = 0; i < 4; i++)
        if (one->parts[i] != other->parts[i])
            return one->parts[i] < other->parts[i] ? -1 : 1;
    return 0;
}
