/* The person's surroundings on Linux, as far as a simulated guest needs them. */
#include "host/locale.h"

#include "common/fs.h"

#include <string.h>

#define FALLBACK "en-US"

/* "de_DE.UTF-8@euro" to "de-DE"; false when it names no language with a country. */
static bool name_of(const char *value, char out[LOCALE_NAME_BYTES])
{
    size_t length = strcspn(value, ".@");

    if (length != 5 || value[2] != '_')
        return false;
    memcpy(out, value, length);
    out[2] = '-';
    out[length] = 0;
    return true;
}

void host_locale(struct host_locale *ret_locale)
{
    static const char *const names[] = {"LC_ALL", "LC_TIME", "LANG"};
    char value[128];

    memset(ret_locale, 0, sizeof *ret_locale);
    for (size_t i = 0; i < sizeof names / sizeof *names && !*ret_locale->formats; i++)
        if (fs_env(names[i], value, sizeof value))
            (void)name_of(value, ret_locale->formats);
    if (!*ret_locale->formats)
        text_copy(ret_locale->formats, sizeof ret_locale->formats, FALLBACK);
    text_copy(ret_locale->keyboard, sizeof ret_locale->keyboard, ret_locale->formats);
}
