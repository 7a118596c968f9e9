/* The person's surroundings on Windows. */
#include "host/locale.h"

#include "common/utf16.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#define FALLBACK "en-US"

static bool to_utf8(const WCHAR *text, char *out, size_t size)
{
    return utf16_to_utf8_into((const uint16_t *)text, utf16_len((const uint16_t *)text), out, size);
}

/* Languages that are typed with an input method have more than one layout behind a locale; its name
 * stands for the usual method. */
static bool has_method(WORD language)
{
    WORD primary = PRIMARYLANGID(language);

    return primary == LANG_CHINESE || primary == LANG_JAPANESE || primary == LANG_KOREAN;
}

/* The layout that the person's sessions begin with: HKCU\Keyboard Layout\Preload, value 1, is its
 * number in 8 hexadecimal digits. It may be one of Substitutes (d....), which Setup does not know:
 * then the language has to do. */
static bool read_keyboard(char *out, size_t size)
{
    WCHAR layout[16];
    DWORD bytes = sizeof layout;
    unsigned long number;
    char text[32];
    WORD language;

    if (RegGetValueW(HKEY_CURRENT_USER,
                     L"Keyboard Layout\\Preload",
                     L"1",
                     RRF_RT_REG_SZ,
                     NULL,
                     layout,
                     &bytes) != ERROR_SUCCESS ||
        !to_utf8(layout, text, sizeof text) || sscanf(text, "%8lx", &number) != 1)
        return false;
    language = LOWORD(number);
    if (!language || has_method(language) || (number & 0xF0000000) != 0)
        return false;
    snprintf(out, size, "%04x:%08lx", language, number);
    return true;
}

void host_locale(struct host_locale *ret_locale)
{
    DYNAMIC_TIME_ZONE_INFORMATION zone = {0};
    WCHAR name[LOCALE_NAME_MAX_LENGTH];

    memset(ret_locale, 0, sizeof *ret_locale);
    if (!GetUserDefaultLocaleName(name, LOCALE_NAME_MAX_LENGTH) ||
        !to_utf8(name, ret_locale->formats, sizeof ret_locale->formats) || !*ret_locale->formats)
        text_copy(ret_locale->formats, sizeof ret_locale->formats, FALLBACK);
    if (!read_keyboard(ret_locale->keyboard, sizeof ret_locale->keyboard))
        text_copy(ret_locale->keyboard, sizeof ret_locale->keyboard, ret_locale->formats);
    if (GetDynamicTimeZoneInformation(&zone) == TIME_ZONE_ID_INVALID ||
        !to_utf8(zone.TimeZoneKeyName, ret_locale->time_zone, sizeof ret_locale->time_zone))
        ret_locale->time_zone[0] = 0;
}
