/* Values of a hive, changed. */
#include "host/image/hive_inside.h"

#include <string.h>

static void raise32(uint8_t *p, uint32_t number)
{
    if (bytes_get32(p) < number)
        bytes_put32(p, number);
}

/* ---- data of values ---- */

static bool
store_plain(struct hive *hive, const void *data, size_t length, uint32_t *ret_cell, struct err *err)
{
    uint8_t *p;

    if (!hive_alloc(hive, length, ret_cell, err))
        return false;
    p = hive_cell(hive, *ret_cell, length, NULL, err);
    if (!p)
        return false;
    memcpy(p, data, length);
    return true;
}

static bool store_big(
    struct hive *hive, const uint8_t *data, size_t length, uint32_t *ret_cell, struct err *err)
{
    size_t count = (length + HIVE_SEGMENT - 1) / HIVE_SEGMENT;
    uint32_t list, segment;
    uint8_t *p;

    if (!hive_alloc(hive, DB_BYTES, ret_cell, err) || !hive_alloc(hive, 4 * count, &list, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t part = length < HIVE_SEGMENT ? length : HIVE_SEGMENT;

        /* every segment but the last one is as long as a cell of one can be */
        if (!store_plain(hive, data, part, &segment, err))
            return false;
        p = hive_cell(hive, list, 4 * count, NULL, err);
        if (!p)
            return false;
        bytes_put32(p + 4 * i, segment);
        data += part;
        length -= part;
    }
    p = hive_cell(hive, *ret_cell, DB_BYTES, NULL, err);
    if (!p)
        return false;
    memcpy(p, "db", 2);
    bytes_put16(p + DB_COUNT, (uint16_t)count);
    bytes_put32(p + DB_LIST, list);
    return true;
}

static bool release_big(struct hive *hive, uint32_t cell, size_t length, struct err *err)
{
    const uint8_t *list;
    uint32_t count;

    if (!hive_big_list(hive, cell, length, &list, &count, err))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!hive_release(hive, bytes_get32(list + 4 * (size_t)i), err))
            return false;
    /* the list itself is named in the record */
    list = hive_record(hive, cell, "db", DB_BYTES, NULL, err);
    return list && hive_release(hive, bytes_get32(list + DB_LIST), err) &&
           hive_release(hive, cell, err);
}

/* Gives back the data of the value at cell. */
static bool release_data(struct hive *hive, uint32_t cell, struct err *err)
{
    const uint8_t *vk = hive_record(hive, cell, "vk", VK_NAME, NULL, err);
    uint32_t size, data;

    if (!vk)
        return false;
    size = bytes_get32(vk + VK_SIZE);
    data = bytes_get32(vk + VK_DATA);
    if (size & VK_IS_INLINE || !size)
        return true;
    return hive_is_big(hive, size) ? release_big(hive, data, size, err)
                                   : hive_release(hive, data, err);
}

/* Fills in size and data of the value at cell. */
static bool set_data(struct hive *hive,
                     uint32_t cell,
                     uint32_t type,
                     const void *data,
                     size_t length,
                     struct err *err)
{
    uint32_t stored = 0;
    uint8_t *vk;

    if (length > 4 && !(hive_is_big(hive, length) ? store_big(hive, data, length, &stored, err)
                                                  : store_plain(hive, data, length, &stored, err)))
        return false;
    vk = hive_record(hive, cell, "vk", VK_NAME, NULL, err);
    if (!vk)
        return false;
    bytes_put32(vk + VK_TYPE, type);
    bytes_put32(vk + VK_SIZE, (uint32_t)length | (length > 4 ? 0 : VK_IS_INLINE));
    bytes_put32(vk + VK_DATA, stored);
    if (length && length <= 4)
        memcpy(vk + VK_DATA, data, length);
    return true;
}

/* ---- values ---- */

/* Appends a value to the list of the key. */
static bool list_value(struct hive *hive, uint32_t key, uint32_t value, struct err *err)
{
    const uint8_t *nk = hive_record(hive, key, "nk", NK_NAME, NULL, err);
    uint32_t count, list, grown;
    size_t room = 0;
    uint8_t *p = NULL;

    if (!nk)
        return false;
    count = bytes_get32(nk + NK_VALUES);
    list = bytes_get32(nk + NK_VALUE_LIST);
    if (count && !hive_cell(hive, list, 4 * (size_t)count, &room, err))
        return false;
    if (room < 4 * ((size_t)count + 1)) {
        if (!hive_alloc(hive, 4 * ((size_t)count + 1), &grown, err))
            return false;
        p = hive_cell(hive, grown, 0, NULL, err);
        if (p && count)
            memcpy(p, hive_cell(hive, list, 0, NULL, NULL), 4 * (size_t)count);
        if (!p || (count && !hive_release(hive, list, err)))
            return false;
        list = grown;
    }
    p = hive_cell(hive, list, 4 * ((size_t)count + 1), NULL, err);
    if (!p)
        return false;
    bytes_put32(p + 4 * (size_t)count, value);
    p = hive_record(hive, key, "nk", NK_NAME, NULL, err);
    if (!p)
        return false;
    bytes_put32(p + NK_VALUES, count + 1);
    bytes_put32(p + NK_VALUE_LIST, list);
    return true;
}

static bool
new_value(struct hive *hive, uint32_t key, const char *name, uint32_t *ret_cell, struct err *err)
{
    size_t length = strlen(name);
    uint8_t *vk;

    if (!hive_alloc(hive, VK_NAME + length, ret_cell, err))
        return false;
    vk = hive_cell(hive, *ret_cell, VK_NAME, NULL, err);
    if (!vk)
        return false;
    memcpy(vk, "vk", 2);
    bytes_put16(vk + VK_NAME_LENGTH, (uint16_t)length);
    bytes_put16(vk + VK_FLAGS, length ? VK_IS_ASCII : 0);
    memcpy(vk + VK_NAME, name, length);
    return list_value(hive, key, *ret_cell, err);
}

static bool set_value(struct hive *hive,
                      uint32_t key,
                      uint32_t cell,
                      const char *name,
                      uint32_t type,
                      const void *data,
                      size_t length,
                      struct err *err)
{
    uint8_t *nk;

    if (cell == HIVE_NO_KEY ? !new_value(hive, key, name, &cell, err)
                            : !release_data(hive, cell, err))
        return false;
    if (!set_data(hive, cell, type, data, length, err))
        return false;
    nk = hive_record(hive, key, "nk", NK_NAME, NULL, err);
    if (!nk)
        return false;
    raise32(nk + NK_LONGEST_VALUE, (uint32_t)strlen(name) * 2);
    raise32(nk + NK_LARGEST_DATA, (uint32_t)length);
    bytes_put64(nk + NK_TIME, hive->time);
    return true;
}

bool hive_set(struct hive *hive,
              uint32_t key,
              const char *name,
              uint32_t type,
              const void *data,
              size_t length,
              struct err *err)
{
    uint32_t cell, index;

    if (length > HIVE_VALUE_MAX)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, name, TEXT_NUM(HIVE_VALUE_MAX), NULL);
    if (!hive_check_name(name, true, err) || !hive_find_value(hive, key, name, &cell, &index, err))
        return false;
    return hive_settle(hive, set_value(hive, key, cell, name, type, data, length, err));
}

bool hive_drop_value(struct hive *hive, uint32_t key, uint32_t index, struct err *err)
{
    uint8_t *nk = hive_record(hive, key, "nk", NK_NAME, NULL, err);
    uint32_t count, list, cell;
    uint8_t *p;

    if (!nk)
        return false;
    count = bytes_get32(nk + NK_VALUES);
    list = bytes_get32(nk + NK_VALUE_LIST);
    p = hive_cell(hive, list, 4 * (size_t)count, NULL, err);
    if (!p)
        return false;
    cell = bytes_get32(p + 4 * (size_t)index);
    memmove(p + 4 * (size_t)index, p + 4 * ((size_t)index + 1), 4 * ((size_t)count - index - 1));
    bytes_put32(nk + NK_VALUES, count - 1);
    bytes_put64(nk + NK_TIME, hive->time);
    if (count == 1) {
        bytes_put32(nk + NK_VALUE_LIST, HIVE_NO_KEY);
        if (!hive_release(hive, list, err))
            return false;
    }
    return release_data(hive, cell, err) && hive_release(hive, cell, err);
}

bool hive_remove_value(struct hive *hive, uint32_t key, const char *name, struct err *err)
{
    uint32_t cell, index = 0;

    if (!hive_find_value(hive, key, name, &cell, &index, err))
        return false;
    return cell == HIVE_NO_KEY || hive_settle(hive, hive_drop_value(hive, key, index, err));
}
