/* Keys and values of a hive, read. */
#include "host/image/hive_inside.h"

#include "common/utf16.h"

#include <string.h>

#define NAME_UNITS HIVE_NAME_MOST

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool hive_name_equal(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (upper(*a) != upper(*b))
            return false;
    return *a == *b;
}

/* A name that has no text (half a surrogate pair, a zero) is "?", which is no
 * name that anyone asks for; it must not hide the other keys. */
static void name_text(const uint8_t *name, size_t length, bool is_ascii, char *out)
{
    uint16_t units[NAME_UNITS];
    size_t count = is_ascii ? length : length / 2;

    if (count > NAME_UNITS)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        units[i] = is_ascii ? name[i] : bytes_get16(name + 2 * i);
        if (!units[i]) {
            text_copy(out, HIVE_NAME_BYTES, "?");
            return;
        }
    }
    if (!utf16_to_utf8_into(units, count, out, HIVE_NAME_BYTES))
        text_copy(out, HIVE_NAME_BYTES, "?");
}

bool hive_key_name(const struct hive *hive, uint32_t key, char *out, struct err *err)
{
    size_t size = 0;
    const uint8_t *nk = hive_record(hive, key, "nk", NK_NAME, &size, err);
    size_t length;

    if (!nk)
        return false;
    length = bytes_get16(nk + NK_NAME_LENGTH);
    if (length > size - NK_NAME)
        return hive_damaged(hive, key, err);
    name_text(nk + NK_NAME, length, bytes_get16(nk + NK_FLAGS) & NK_IS_ASCII, out);
    return true;
}

static bool value_name(const struct hive *hive, uint32_t cell, char *out, struct err *err)
{
    size_t size = 0;
    const uint8_t *vk = hive_record(hive, cell, "vk", VK_NAME, &size, err);
    size_t length;

    if (!vk)
        return false;
    length = bytes_get16(vk + VK_NAME_LENGTH);
    if (length > size - VK_NAME)
        return hive_damaged(hive, cell, err);
    name_text(vk + VK_NAME, length, bytes_get16(vk + VK_FLAGS) & VK_IS_ASCII, out);
    return true;
}

/* ---- lists of subkeys ---- */

/* A list of subkeys, or of such lists. */
struct list {
    const uint8_t *rows;
    size_t count;
    char letter; /* 'f', 'h', 'i'; 'r' */
};

static bool open_list(const struct hive *hive, uint32_t cell, struct list *list, struct err *err)
{
    size_t size = 0;
    const uint8_t *p = hive_cell(hive, cell, LIST_ROWS, &size, err);
    size_t row;

    if (!p)
        return false;
    list->count = bytes_get16(p + LIST_COUNT);
    list->rows = p + LIST_ROWS;
    if (p[0] == 'l' && (p[1] == 'f' || p[1] == 'h' || p[1] == 'i'))
        list->letter = (char)p[1];
    else if (p[0] == 'r' && p[1] == 'i')
        list->letter = 'r';
    else
        return hive_damaged(hive, cell, err);
    row = list->letter == 'f' || list->letter == 'h' ? 8 : 4;
    return list->count <= (size - LIST_ROWS) / row || hive_damaged(hive, cell, err);
}

static bool take_rows(const struct hive *hive,
                      const struct list *list,
                      struct buf *out,
                      char *ret_letter,
                      struct err *err)
{
    bool hints = list->letter != 'i';

    if (!*ret_letter)
        *ret_letter = list->letter;
    for (size_t i = 0; i < list->count; i++) {
        const uint8_t *p = list->rows + i * (hints ? 8 : 4);
        struct hive_row row = {bytes_get32(p), hints ? bytes_get32(p + 4) : 0};

        if (!buf_put(out, &row, sizeof row))
            return hive_damaged(hive, row.key, err);
    }
    return true;
}

/* The list of a key and what it leads to: each list goes to `visit`. */
static bool each_list(const struct hive *hive,
                      uint32_t key,
                      bool (*visit)(const struct hive *hive,
                                    uint32_t cell,
                                    const struct list *list,
                                    void *user,
                                    struct err *err),
                      void *user,
                      struct err *err)
{
    const uint8_t *nk = hive_record(hive, key, "nk", NK_NAME, NULL, err);
    struct list top = {0}, below = {0};
    uint32_t cell;

    if (!nk)
        return false;
    cell = bytes_get32(nk + NK_LIST);
    if (!bytes_get32(nk + NK_SUBKEYS) || cell == HIVE_NO_KEY)
        return true;
    if (!open_list(hive, cell, &top, err) || !visit(hive, cell, &top, user, err))
        return false;
    for (size_t i = 0; top.letter == 'r' && i < top.count; i++) {
        uint32_t leaf = bytes_get32(top.rows + i * 4);

        if (!open_list(hive, leaf, &below, err))
            return false;
        if (below.letter == 'r')
            return hive_damaged(hive, leaf, err);
        if (!visit(hive, leaf, &below, user, err))
            return false;
    }
    return true;
}

struct rows {
    struct buf *out;
    char *letter;
};

static bool visit_rows(
    const struct hive *hive, uint32_t cell, const struct list *list, void *user, struct err *err)
{
    struct rows *rows = user;

    (void)cell;
    return list->letter == 'r' || take_rows(hive, list, rows->out, rows->letter, err);
}

bool hive_rows(
    const struct hive *hive, uint32_t key, struct buf *out, char *ret_letter, struct err *err)
{
    struct rows rows = {out, ret_letter};

    *ret_letter = 0;
    return each_list(hive, key, visit_rows, &rows, err);
}

static bool visit_cells(
    const struct hive *hive, uint32_t cell, const struct list *list, void *user, struct err *err)
{
    (void)hive;
    (void)list;
    return buf_put(user, &cell, sizeof cell) || err_no_memory(err);
}

bool hive_list_cells(const struct hive *hive, uint32_t key, struct buf *out, struct err *err)
{
    return each_list(hive, key, visit_cells, out, err);
}

bool hive_each_key(const struct hive *hive,
                   uint32_t key,
                   bool (*visit)(const char *name, uint32_t key, void *user),
                   void *user,
                   struct err *err)
{
    char letter, name[HIVE_NAME_BYTES];
    struct buf rows;
    bool ok, more = true;

    buf_init(&rows, HIVE_SUBKEYS_MAX * sizeof(struct hive_row));
    ok = hive_rows(hive, key, &rows, &letter, err);
    for (size_t i = 0; ok && more && i < rows.len / sizeof(struct hive_row); i++) {
        struct hive_row row;

        memcpy(&row, rows.data + i * sizeof row, sizeof row);
        ok = hive_key_name(hive, row.key, name, err);
        more = ok && visit(name, row.key, user);
    }
    buf_done(&rows);
    return ok;
}

struct search {
    const char *name;
    uint32_t key;
};

static bool match_key(const char *name, uint32_t key, void *user)
{
    struct search *search = user;

    if (!hive_name_equal(name, search->name))
        return true;
    search->key = key;
    return false;
}

bool hive_find(
    const struct hive *hive, uint32_t from, const char *path, uint32_t *ret_key, struct err *err)
{
    char part[HIVE_NAME_BYTES] = "";

    while (*path) {
        struct search search = {part, HIVE_NO_KEY};
        size_t length = strcspn(path, "\\");

        if (length >= sizeof part || !length)
            return err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_NAME, path, NULL);
        memcpy(part, path, length);
        part[length] = 0;
        if (!hive_each_key(hive, from, match_key, &search, err))
            return false;
        from = search.key;
        if (from == HIVE_NO_KEY)
            break;
        path += length;
        path += *path == '\\';
    }
    *ret_key = from;
    return true;
}

/* ---- values ---- */

/* The list of values of a key, NULL with *ret_count 0 when it has none, or with
 * err. */
static const uint8_t *
value_list(const struct hive *hive, uint32_t key, uint32_t *ret_count, struct err *err)
{
    const uint8_t *nk = hive_record(hive, key, "nk", NK_NAME, NULL, err);
    uint32_t count;

    *ret_count = HIVE_NO_KEY;
    if (!nk)
        return NULL;
    count = bytes_get32(nk + NK_VALUES);
    if (!count) {
        *ret_count = 0;
        return NULL;
    }
    if (count > HIVE_SUBKEYS_MAX) {
        hive_damaged(hive, key, err);
        return NULL;
    }
    *ret_count = count;
    return hive_cell(hive, bytes_get32(nk + NK_VALUE_LIST), 4 * (size_t)count, NULL, err);
}

bool hive_find_value(const struct hive *hive,
                     uint32_t key,
                     const char *name,
                     uint32_t *ret_cell,
                     uint32_t *ret_index,
                     struct err *err)
{
    char text[HIVE_NAME_BYTES] = "";
    uint32_t count;
    const uint8_t *list = value_list(hive, key, &count, err);

    if (!list && count)
        return false;
    *ret_cell = HIVE_NO_KEY;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cell = bytes_get32(list + 4 * (size_t)i);

        if (!value_name(hive, cell, text, err))
            return false;
        if (hive_name_equal(text, name)) {
            *ret_cell = cell;
            *ret_index = i;
            break;
        }
    }
    return true;
}

bool hive_each_value(const struct hive *hive,
                     uint32_t key,
                     bool (*visit)(const char *name, uint32_t type, void *user),
                     void *user,
                     struct err *err)
{
    char name[HIVE_NAME_BYTES] = "";
    uint32_t count;
    const uint8_t *list = value_list(hive, key, &count, err);

    if (!list && count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cell = bytes_get32(list + 4 * (size_t)i);
        const uint8_t *vk;

        if (!value_name(hive, cell, name, err))
            return false;
        vk = hive_record(hive, cell, "vk", VK_NAME, NULL, err);
        if (!vk)
            return false;
        if (!visit(name, bytes_get32(vk + VK_TYPE), user))
            break;
    }
    return true;
}

bool hive_big_list(const struct hive *hive,
                   uint32_t cell,
                   size_t length,
                   const uint8_t **ret_list,
                   uint32_t *ret_count,
                   struct err *err)
{
    const uint8_t *db = hive_record(hive, cell, "db", DB_BYTES, NULL, err);

    if (!db)
        return false;
    *ret_count = bytes_get16(db + DB_COUNT);
    if (*ret_count != (length + HIVE_SEGMENT - 1) / HIVE_SEGMENT)
        return hive_damaged(hive, cell, err);
    *ret_list = hive_cell(hive, bytes_get32(db + DB_LIST), 4 * (size_t)*ret_count, NULL, err);
    return *ret_list != NULL;
}

bool hive_is_big(const struct hive *hive, size_t length)
{
    return length > HIVE_SEGMENT && bytes_get32(hive->data.data + BASE_MINOR) > 3;
}

static bool put_data(
    const struct hive *hive, const uint8_t *data, size_t length, struct buf *out, struct err *err)
{
    return buf_put(out, data, length) ||
           err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, hive->name, TEXT_NUM(out->max), NULL);
}

static bool
get_big(const struct hive *hive, uint32_t cell, size_t length, struct buf *out, struct err *err)
{
    const uint8_t *list;
    uint32_t count;

    if (!hive_big_list(hive, cell, length, &list, &count, err))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        size_t part = length < HIVE_SEGMENT ? length : HIVE_SEGMENT;
        const uint8_t *p = hive_cell(hive, bytes_get32(list + 4 * (size_t)i), part, NULL, err);

        if (!p || !put_data(hive, p, part, out, err))
            return false;
        length -= part;
    }
    return true;
}

static bool get_data(const struct hive *hive, const uint8_t *vk, struct buf *out, struct err *err)
{
    uint32_t size = bytes_get32(vk + VK_SIZE), cell = bytes_get32(vk + VK_DATA);
    size_t length = size & ~VK_IS_INLINE;
    const uint8_t *p;

    if (size & VK_IS_INLINE)
        return length <= 4 ? put_data(hive, vk + VK_DATA, length, out, err)
                           : hive_damaged(hive, cell, err);
    if (!length)
        return true;
    if (length > HIVE_VALUE_MAX)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, hive->name, TEXT_NUM(HIVE_VALUE_MAX), NULL);
    if (hive_is_big(hive, length))
        return get_big(hive, cell, length, out, err);
    p = hive_cell(hive, cell, length, NULL, err);
    return p && put_data(hive, p, length, out, err);
}

bool hive_get(const struct hive *hive,
              uint32_t key,
              const char *name,
              uint32_t *ret_type,
              struct buf *out,
              struct err *err)
{
    uint32_t cell, index;
    const uint8_t *vk;

    if (!hive_find_value(hive, key, name, &cell, &index, err))
        return false;
    if (cell == HIVE_NO_KEY) {
        *ret_type = HIVE_NONE;
        return true;
    }
    vk = hive_record(hive, cell, "vk", VK_NAME, NULL, err);
    if (!vk || !get_data(hive, vk, out, err))
        return false;
    *ret_type = bytes_get32(vk + VK_TYPE);
    return true;
}
