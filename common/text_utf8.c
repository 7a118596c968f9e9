/* UTF-8: checking, width in display cells, cutting, and making foreign strings harmless. */
#include "common/text.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

/* East Asian wide and fullwidth characters and emoji: two cells. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x23F0, 0x23F0},   {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267F, 0x267F},   {0x2693, 0x2693},   {0x26A1, 0x26A1},
    {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x26CE, 0x26CE},
    {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},
    {0x2728, 0x2728},   {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27B0, 0x27B0},   {0x27BF, 0x27BF},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18CFF},
    {0x1AFF0, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E},
    {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C},
    {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3}, {0x1F3E0, 0x1F3F0},
    {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC},
    {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F57A, 0x1F57A},
    {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5},
    {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2}, {0x1F6D5, 0x1F6D7}, {0x1F6DC, 0x1F6DF},
    {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F7F0, 0x1F7F0},
    {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
};

/* Combining marks and invisible characters: no cell. */
static const struct range zero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x05BF, 0x05BF},   {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A},   {0x064B, 0x065F},   {0x0670, 0x0670},
    {0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x06E7, 0x06E8},   {0x06EA, 0x06ED},   {0x0900, 0x0902},
    {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},   {0x0E31, 0x0E31},   {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E}, {0x1160, 0x11FF}, {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},   {0x200B, 0x200F},
    {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0x302A, 0x302D},   {0x3099, 0x309A},   {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0001, 0xE007F}, {0xE0100, 0xE01EF},
};

/* What could move the cursor, change colours or reorder what a person reads. */
static const struct range hostile[] = {
    {0x0000, 0x001F},
    {0x007F, 0x009F},
    {0x061C, 0x061C},
    {0x200B, 0x200F},
    {0x2028, 0x202E},
    {0x2060, 0x206F},
    {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB},
    {0xE0000, 0xE007F},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t c)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = (low + count) / 2;

        if (c > ranges[middle].last)
            low = middle + 1;
        else if (c < ranges[middle].first)
            count = middle;
        else
            return true;
    }
    return false;
}

size_t text_decode(const char *bytes, size_t length, uint32_t *ret_char)
{
    const unsigned char *p = (const unsigned char *)bytes;
    uint32_t c;
    uint32_t least;
    size_t n;
    size_t i;

    if (length == 0)
        return 0;
    if (p[0] < 0x80) {
        *ret_char = p[0];
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        n = 2, c = p[0] & 0x1F, least = 0x80;
    } else if ((p[0] & 0xF0) == 0xE0) {
        n = 3, c = p[0] & 0x0F, least = 0x800;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        n = 4, c = p[0] & 0x07, least = 0x10000;
    } else {
        return 0;
    }
    if (length < n)
        return 0;
    for (i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *ret_char = c;
    return n;
}

size_t text_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static size_t char_width(uint32_t c)
{
    if (c < 0x300)
        return 1;
    if (in_ranges(zero, sizeof zero / sizeof zero[0], c))
        return 0;
    return in_ranges(wide, sizeof wide / sizeof wide[0], c) ? 2 : 1;
}

size_t text_width(const char *utf8)
{
    size_t left = strlen(utf8);
    size_t cells = 0;

    while (left) {
        uint32_t c;
        size_t n = text_decode(utf8, left, &c);

        cells += n ? char_width(c) : 1;
        n = n ? n : 1;
        utf8 += n;
        left -= n;
    }
    return cells;
}

size_t text_fit(const char *utf8, size_t cells)
{
    size_t left = strlen(utf8);
    size_t at = 0;
    size_t used = 0;

    while (left) {
        uint32_t c;
        size_t n = text_decode(utf8 + at, left, &c);

        used += n ? char_width(c) : 1;
        if (used > cells)
            break;
        n = n ? n : 1;
        at += n;
        left -= n;
    }
    return at;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    while (length) {
        uint32_t c;
        size_t n = text_decode(bytes, length, &c);

        if (n == 0)
            return false;
        bytes += n;
        length -= n;
    }
    return true;
}

const char *text_safe(char *out, size_t size, const char *text)
{
    size_t left = strlen(text);
    size_t at = 0;

    if (size == 0)
        return "";
    while (left) {
        uint32_t c = 0;
        size_t n = text_decode(text, left, &c);
        bool good = n && !in_ranges(hostile, sizeof hostile / sizeof hostile[0], c);
        size_t put = good ? n : 1;

        if (put >= size - at)
            break;
        memcpy(out + at, good ? text : "?", put);
        at += put;
        n = n ? n : 1;
        text += n;
        left -= n;
    }
    out[at] = '\0';
    return out;
}

const char *text_copy(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (size == 0)
        return "";
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    memmove(out, text, length);
    out[length] = '\0';
    return out;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_is_listed(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = names; length && *at; at += *at == '|') {
        size_t part = strcspn(at, "|"), i = 0;

        while (part == length && i < length && lower(at[i]) == lower(name[i]))
            i++;
        if (part == length && i == length)
            return true;
        at += part;
    }
    return false;
}
