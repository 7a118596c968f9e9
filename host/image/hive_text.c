/* Values of a hive as numbers and text. */
#include "host/image/hive_inside.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

bool hive_get_dword(const struct hive *hive,
                    uint32_t key,
                    const char *name,
                    bool *ret_present,
                    uint32_t *ret_number,
                    struct err *err)
{
    struct buf data;
    uint32_t type;
    bool ok;

    buf_init(&data, HIVE_VALUE_MAX);
    ok = hive_get(hive, key, name, &type, &data, err);
    if (ok) {
        *ret_present = type == HIVE_DWORD && data.len == 4;
        if (*ret_present)
            *ret_number = bytes_get32(data.data);
    }
    buf_done(&data);
    return ok;
}

/* Text ends at its first zero, or with its bytes. */
static bool text_of(const struct buf *data, char *out, size_t size)
{
    size_t units = 0;
    uint16_t *copy;
    bool ok;

    while (2 * units + 1 < data->len && bytes_get16(data->data + 2 * units))
        units++;
    copy = malloc((units + 1) * sizeof *copy);
    if (!copy)
        return false;
    for (size_t i = 0; i < units; i++)
        copy[i] = bytes_get16(data->data + 2 * i);
    ok = utf16_to_utf8_into(copy, units, out, size);
    free(copy);
    return ok;
}

bool hive_get_text(const struct hive *hive,
                   uint32_t key,
                   const char *name,
                   char *out,
                   size_t size,
                   struct err *err)
{
    struct buf data;
    uint32_t type;
    bool ok;

    buf_init(&data, HIVE_VALUE_MAX);
    ok = hive_get(hive, key, name, &type, &data, err);
    if (ok && type != HIVE_SZ && type != HIVE_EXPAND_SZ)
        *out = 0;
    else if (ok && !text_of(&data, out, size))
        ok = err_set(err, ERR_BAD_INPUT, TEXT_NOT_UTF16, name, NULL);
    buf_done(&data);
    return ok;
}

bool hive_set_dword(
    struct hive *hive, uint32_t key, const char *name, uint32_t number, struct err *err)
{
    uint8_t bytes[4];

    bytes_put32(bytes, number);
    return hive_set(hive, key, name, HIVE_DWORD, bytes, sizeof bytes, err);
}

bool hive_text_bytes(
    enum hive_type type, const char *text, uint8_t **ret_bytes, size_t *ret_length, struct err *err)
{
    uint16_t *units = NULL;
    uint8_t *bytes;
    size_t count;

    if (!utf16_from_utf8(text, &units, err))
        return false;
    count = utf16_len(units);
    bytes = calloc(count + 2, 2);
    if (!bytes) {
        free(units);
        return err_no_memory(err);
    }
    for (size_t i = 0; i < count; i++)
        bytes_put16(bytes + 2 * i, type == HIVE_MULTI_SZ && units[i] == '\n' ? 0 : units[i]);
    free(units);
    /* each string ends with a zero, a list of them with one more, an empty list with one alone */
    *ret_length = 2 * (count + (type == HIVE_MULTI_SZ && count ? 2 : 1));
    *ret_bytes = bytes;
    return true;
}

bool hive_set_text(struct hive *hive,
                   uint32_t key,
                   const char *name,
                   enum hive_type type,
                   const char *text,
                   struct err *err)
{
    uint8_t *bytes = NULL;
    size_t length;
    bool ok;

    if (!hive_text_bytes(type, text, &bytes, &length, err))
        return false;
    ok = hive_set(hive, key, name, type, bytes, length, err);
    free(bytes);
    return ok;
}
