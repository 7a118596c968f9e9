/* The texts of Easy-GPU-PV's logon script and of the list that names it. */
#include "guest/legacy.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)256 * 1024)

/* The text as UTF-8; PowerShell writes UTF-16 with >>. NULL when it is neither. *ret_utf16 tells in
 * which encoding it has to be written. The caller frees. */
static char *decode(const uint8_t *data, size_t length, bool *ret_utf16)
{
    char *text = NULL;
    size_t i;

    *ret_utf16 = length >= 2 && data[0] == 0xFF && data[1] == 0xFE;
    if (*ret_utf16) {
        uint16_t *units = calloc(length / 2 + 1, sizeof *units);

        for (i = 0; units && i + 1 < length / 2; i++)
            units[i] = (uint16_t)(data[2 + 2 * i] | data[3 + 2 * i] << 8);
        if (units && length % 2 == 0)
            (void)utf16_to_utf8(units, length / 2 - 1, &text, NULL);
        free(units);
        return text;
    }
    if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        data += 3;
        length -= 3;
    }
    text = malloc(length + 1);
    if (text && length > 0)
        memcpy(text, data, length);
    if (text)
        text[length] = '\0';
    return text;
}

static bool encode(const char *text, bool utf16, struct buf *out, struct err *err)
{
    uint16_t *units = NULL;
    size_t i;

    if (!utf16)
        return buf_puts(out, text) || err_no_memory(err);
    if (!utf16_from_utf8(text, &units, err))
        return false;
    buf_put(out, "\xFF\xFE", 2);
    for (i = 0; units[i]; i++) {
        uint8_t pair[2] = {(uint8_t)units[i], (uint8_t)(units[i] >> 8)};

        buf_put(out, pair, sizeof pair);
    }
    free(units);
    return !out->failed || err_no_memory(err);
}

bool legacy_is_script(const void *data, size_t length)
{
    bool utf16, found = false;
    char *text = decode(data, length, &utf16);
    size_t i;

    if (text && strstr(text, "Easy-GPU-P") && strstr(text, "Register-ScheduledTask")) {
        for (i = 0; legacy_tasks[i] && !found; i++)
            found = strstr(text, legacy_tasks[i]) != NULL;
    }
    free(text);
    return found;
}

/* "12CmdLine=x": the number and what follows it; -1 when the line is no entry. */
static int entry_number(const char *line, const char **ret_rest)
{
    char *end;
    long number;

    if (*line < '0' || *line > '9')
        return -1;
    number = strtol(line, &end, 10);
    if (number > 9999 || (strncmp(end, "CmdLine=", 8) != 0 && strncmp(end, "Parameters=", 11) != 0))
        return -1;
    *ret_rest = end;
    return (int)number;
}

static bool names_script(const char *rest, size_t length, const char *script)
{
    size_t name = strlen(script);

    while (length > 0 && strchr(" \t\r", rest[length - 1]))
        length--;
    return length == 8 + name && strncmp(rest, "CmdLine=", 8) == 0 &&
           strncmp(rest + 8, script, name) == 0;
}

/* The number of the script's entry, -1 when there is none; *ret_left counts the others. */
static int find_entry(const char *text, const char *script, unsigned *ret_left)
{
    int found = -1;

    *ret_left = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        const char *rest;
        int number = entry_number(text, &rest);

        if (number >= 0 && rest[0] == 'C') {
            if (names_script(rest, length - (size_t)(rest - text), script))
                found = number;
            else
                ++*ret_left;
        }
        text += length + (text[length] == '\n');
    }
    return found;
}

static void drop_entry(const char *text, int dropped, struct buf *out)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        size_t whole = length + (text[length] == '\n');
        const char *rest = text;
        int number = entry_number(text, &rest);

        if (number > dropped)
            buf_printf(out, "%d%.*s", number - 1, (int)(whole - (size_t)(rest - text)), rest);
        else if (number != dropped)
            buf_put(out, text, whole);
        text += whole;
    }
}

bool legacy_drop_entry(const void *data,
                       size_t length,
                       const char *script,
                       struct buf *out,
                       unsigned *ret_left,
                       bool *ret_found,
                       struct err *err)
{
    bool utf16, ok;
    char *text = decode(data, length, &utf16);
    struct buf edited;
    int dropped;

    if (!text)
        return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_LEGACY_BAD, "psscripts.ini", NULL);
    dropped = find_entry(text, script, ret_left);
    *ret_found = dropped >= 0;
    buf_init(&edited, TEXT_MAX);
    if (*ret_found) {
        drop_entry(text, dropped, &edited);
        ok = (!edited.failed || err_no_memory(err)) && encode(buf_str(&edited), utf16, out, err);
    } else {
        ok = buf_put(out, data, length) || err_no_memory(err);
    }
    buf_done(&edited);
    free(text);
    return ok;
}
