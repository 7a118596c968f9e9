/* Look-up in the catalogue, filling of placeholders, and safe handling of UTF-8 for display. */
#include "common/text.h"

#include <string.h>

static enum text_lang current_lang = TEXT_EN;

const struct text_section *const *text_sections(void)
{
    static const struct text_section *const sections[] = {
        &text_section_common,
        &text_section_link,
        &text_section_guest,
        &text_section_parsec,
        &text_section_host,
        &text_section_help,
        &text_section_sim,
        &text_section_image,
        &text_section_device,
        &text_section_build,
        &text_section_disk,
        &text_section_service,
        &text_section_windows,
        &text_section_setup,
        &text_section_hypervisor,
        &text_section_selftest,
        &text_section_driver,
        NULL,
    };

    return sections;
}

const struct text_row *text_row(enum text_id id)
{
    const struct text_section *const *section;

    for (section = text_sections(); *section; section++) {
        if (id >= (*section)->first && id < (*section)->end &&
            (size_t)(id - (*section)->first) < (*section)->count)
            return &(*section)->rows[id - (*section)->first];
    }
    return &text_section_common.rows[TEXT_UNKNOWN - TEXT_COMMON_FIRST];
}

enum text_id text_by_name(const char *name)
{
    const struct text_section *const *section;
    size_t i;

    for (section = text_sections(); *section; section++) {
        for (i = 0; i < (*section)->count; i++) {
            if (strcmp((*section)->rows[i].name, name) == 0)
                return (enum text_id)((size_t)(*section)->first + i);
        }
    }
    return TEXT_NONE;
}

const char *text_raw(enum text_id id, enum text_lang lang)
{
    const struct text_row *row;

    if (id == TEXT_NONE)
        return "";
    row = text_row(id);
    return lang == TEXT_ZH ? row->zh : row->en;
}

/* Appends text to out at *used, cut at a character boundary; true while all of it fitted. */
static bool append(char *out, size_t size, size_t *used, const char *text, size_t length)
{
    size_t room = size - *used - 1;
    bool fits = length <= room;

    if (!fits) {
        length = room;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(out + *used, text, length);
    *used += length;
    out[*used] = '\0';
    return fits;
}

const char *text_format(char *out,
                        size_t size,
                        enum text_lang lang,
                        enum text_id id,
                        const char *const *args,
                        size_t count)
{
    const char *p = text_raw(id, lang);
    size_t used = 0;
    bool fits = true;

    if (size == 0)
        return "";
    out[0] = '\0';
    while (*p && fits) {
        size_t plain = strcspn(p, "{");

        fits = append(out, size, &used, p, plain);
        p += plain;
        if (!fits || !*p)
            break;
        if (p[1] >= '0' && p[1] < '0' + TEXT_ARGS && p[2] == '}') {
            size_t index = (size_t)(p[1] - '0');
            const char *arg = index < count && args[index] ? args[index] : "";

            fits = append(out, size, &used, arg, strlen(arg));
            p += 3;
        } else {
            fits = append(out, size, &used, p, 1);
            p++;
        }
    }
    return out;
}

void text_set_lang(enum text_lang lang)
{
    current_lang = lang;
}

enum text_lang text_lang(void)
{
    return current_lang;
}

/* True when name is the two-letter language, alone or followed by a region, script or encoding. */
static bool lang_matches(const char *name, char first, char second)
{
    return name[0] && (name[0] | 0x20) == first && (name[1] | 0x20) == second &&
           (name[2] == '\0' || name[2] == '-' || name[2] == '_' || name[2] == '.' ||
            name[2] == '@');
}

bool text_lang_parse(const char *name, enum text_lang *ret_lang)
{
    if (lang_matches(name, 'e', 'n'))
        *ret_lang = TEXT_EN;
    else if (lang_matches(name, 'z', 'h'))
        *ret_lang = TEXT_ZH;
    else
        return false;
    return true;
}

const char *text_num(char *out, int64_t n)
{
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    char digits[24];
    size_t count = 0;
    size_t at = 0;

    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (n < 0)
        out[at++] = '-';
    while (count)
        out[at++] = digits[--count];
    out[at] = '\0';
    return out;
}
