/* Keys of a hive, made and removed. */
#include "host/image/hive_inside.h"

#include <string.h>

#define LEAF_ROWS                                                                                  \
    500 /* Windows splits lists at about that many, so that one fits into a bin                    \
         */
#define REMOVE_KEYS 100000

bool hive_check_name(const char *name, bool may_be_empty, struct err *err)
{
    size_t length = strlen(name);
    bool ok = length <= HIVE_NAME_MOST && (length || may_be_empty);

    for (size_t i = 0; i < length; i++)
        ok = ok && name[i] >= 0x20 && name[i] < 0x7F;
    return ok || err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_NAME, name, NULL);
}

/* What failed half-way may not be saved. */
bool hive_settle(struct hive *hive, bool ok)
{
    hive->changed = true;
    if (!ok)
        hive->broken = true;
    return ok;
}

static void raise16(uint8_t *p, uint32_t number)
{
    if (bytes_get16(p) < number)
        bytes_put16(p, (uint16_t)number);
}

void hive_key_init(
    const struct hive *hive, uint8_t *nk, const char *name, uint32_t parent, uint32_t security)
{
    memcpy(nk, "nk", 2);
    bytes_put16(nk + NK_FLAGS, NK_IS_ASCII);
    bytes_put64(nk + NK_TIME, hive->time);
    bytes_put32(nk + NK_PARENT, parent);
    bytes_put32(nk + NK_LIST, HIVE_NO_KEY);
    bytes_put32(nk + NK_VOLATILE_LIST, HIVE_NO_KEY);
    bytes_put32(nk + NK_VALUE_LIST, HIVE_NO_KEY);
    bytes_put32(nk + NK_SECURITY, security);
    bytes_put32(nk + NK_CLASS, HIVE_NO_KEY);
    bytes_put16(nk + NK_NAME_LENGTH, (uint16_t)strlen(name));
    memcpy(nk + NK_NAME, name, strlen(name));
}

/* ---- lists of subkeys ---- */

static uint32_t hint_of(const char *name, char letter)
{
    uint8_t four[4] = {0};
    uint32_t hash = 0;

    for (size_t i = 0; name[i]; i++) {
        unsigned char c = (unsigned char)name[i];

        if (i < sizeof four)
            four[i] = c;
        hash = hash * 37 + (c >= 'a' && c <= 'z' ? c - 0x20u : c);
    }
    return letter == 'h' ? hash : bytes_get32(four);
}

/* Order of Windows: by upper-case characters; every other one is behind ASCII.
 */
static int compare(const char *a, const char *b)
{
    for (;; a++, b++) {
        unsigned char x = (unsigned char)*a, y = (unsigned char)*b;

        x = x >= 'a' && x <= 'z' ? (unsigned char)(x - 0x20) : x;
        y = y >= 'a' && y <= 'z' ? (unsigned char)(y - 0x20) : y;
        if (x != y)
            return x < y ? -1 : 1;
        if (!x)
            return 0;
    }
}

/* Puts a row where it belongs. */
static bool insert_row(const struct hive *hive,
                       struct buf *rows,
                       const struct hive_row *row,
                       const char *name,
                       struct err *err)
{
    size_t count = rows->len / sizeof *row, at = 0;
    char other[HIVE_NAME_BYTES] = "";
    struct hive_row there;

    for (; at < count; at++) {
        memcpy(&there, rows->data + at * sizeof there, sizeof there);
        if (!hive_key_name(hive, there.key, other, err))
            return false;
        if (compare(name, other) < 0)
            break;
    }
    if (!buf_put(rows, row, sizeof *row))
        return err_no_memory(err);
    memmove(rows->data + (at + 1) * sizeof *row,
            rows->data + at * sizeof *row,
            (count - at) * sizeof *row);
    memcpy(rows->data + at * sizeof *row, row, sizeof *row);
    return true;
}

static void remove_row(struct buf *rows, uint32_t key)
{
    struct hive_row row;

    for (size_t at = 0; at < rows->len; at += sizeof row) {
        memcpy(&row, rows->data + at, sizeof row);
        if (row.key != key)
            continue;
        memmove(rows->data + at, rows->data + at + sizeof row, rows->len - at - sizeof row);
        rows->len -= sizeof row;
        return;
    }
}

static bool write_leaf(struct hive *hive,
                       const uint8_t *rows,
                       size_t count,
                       char letter,
                       uint32_t *ret_cell,
                       struct err *err)
{
    size_t row_bytes = letter == 'i' ? 4 : 8;
    uint8_t *p;

    if (!hive_alloc(hive, LIST_ROWS + count * row_bytes, ret_cell, err))
        return false;
    p = hive_cell(hive, *ret_cell, LIST_ROWS, NULL, err);
    if (!p)
        return false;
    p[0] = 'l';
    p[1] = (uint8_t)letter;
    bytes_put16(p + LIST_COUNT, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        struct hive_row row;

        memcpy(&row, rows + i * sizeof row, sizeof row);
        bytes_put32(p + LIST_ROWS + i * row_bytes, row.key);
        if (letter != 'i')
            bytes_put32(p + LIST_ROWS + i * row_bytes + 4, row.hint);
    }
    return true;
}

/* Writes the rows as one list, or as several with a list of them. */
static bool write_lists(
    struct hive *hive, const struct buf *rows, char letter, uint32_t *ret_cell, struct err *err)
{
    size_t count = rows->len / sizeof(struct hive_row);
    size_t leaves = (count + LEAF_ROWS - 1) / LEAF_ROWS;
    uint32_t top;
    uint8_t *p;

    *ret_cell = HIVE_NO_KEY;
    if (leaves <= 1)
        return !leaves || write_leaf(hive, rows->data, count, letter, ret_cell, err);
    if (!hive_alloc(hive, LIST_ROWS + leaves * 4, &top, err))
        return false;
    for (size_t i = 0; i < leaves; i++) {
        size_t first = i * LEAF_ROWS;
        size_t part = count - first < LEAF_ROWS ? count - first : LEAF_ROWS;
        uint32_t leaf;

        if (!write_leaf(
                hive, rows->data + first * sizeof(struct hive_row), part, letter, &leaf, err))
            return false;
        p = hive_cell(hive, top, LIST_ROWS, NULL, err);
        if (!p)
            return false;
        bytes_put32(p + LIST_ROWS + i * 4, leaf);
    }
    p = hive_cell(hive, top, LIST_ROWS, NULL, err);
    if (!p)
        return false;
    memcpy(p, "ri", 2);
    bytes_put16(p + LIST_COUNT, (uint16_t)leaves);
    *ret_cell = top;
    return true;
}

static bool release_all(struct hive *hive, const struct buf *cells, struct err *err)
{
    for (size_t at = 0; at < cells->len; at += sizeof(uint32_t)) {
        uint32_t cell;

        memcpy(&cell, cells->data + at, sizeof cell);
        if (!hive_release(hive, cell, err))
            return false;
    }
    return true;
}

/* Gives a key new lists in place of its old ones. */
static bool
replace_lists(struct hive *hive, uint32_t key, const struct buf *rows, char letter, struct err *err)
{
    uint32_t list = HIVE_NO_KEY;
    struct buf old;
    uint8_t *nk;
    bool ok;

    buf_init(&old, HIVE_SUBKEYS_MAX);
    ok = hive_list_cells(hive, key, &old, err) && write_lists(hive, rows, letter, &list, err) &&
         release_all(hive, &old, err);
    buf_done(&old);
    nk = ok ? hive_record(hive, key, "nk", NK_NAME, NULL, err) : NULL;
    if (!nk)
        return false;
    bytes_put32(nk + NK_SUBKEYS, (uint32_t)(rows->len / sizeof(struct hive_row)));
    bytes_put32(nk + NK_LIST, list);
    bytes_put64(nk + NK_TIME, hive->time);
    return true;
}

/* ---- keys ---- */

static bool
new_key(struct hive *hive, uint32_t parent, const char *name, uint32_t *ret_key, struct err *err)
{
    const uint8_t *above = hive_record(hive, parent, "nk", NK_NAME, NULL, err);
    uint32_t security;
    uint8_t *p;

    if (!above)
        return false;
    security = bytes_get32(above + NK_SECURITY);
    p = hive_record(hive, security, "sk", SK_DATA, NULL, err);
    if (!p)
        return false;
    bytes_put32(p + SK_USERS, bytes_get32(p + SK_USERS) + 1);
    if (!hive_alloc(hive, NK_NAME + strlen(name), ret_key, err))
        return false;
    p = hive_cell(hive, *ret_key, NK_NAME, NULL, err);
    if (!p)
        return false;
    hive_key_init(hive, p, name, parent, security);
    return true;
}

static bool
add_key(struct hive *hive, uint32_t parent, const char *name, uint32_t *ret_key, struct err *err)
{
    char letter = 0;
    struct hive_row row;
    struct buf rows;
    uint8_t *nk;
    bool ok;

    buf_init(&rows, HIVE_SUBKEYS_MAX * sizeof row);
    ok = hive_rows(hive, parent, &rows, &letter, err) && new_key(hive, parent, name, &row.key, err);
    if (!letter)
        letter = bytes_get32(hive->data.data + BASE_MINOR) >= 5 ? 'h' : 'f';
    row.hint = hint_of(name, letter);
    ok = ok && insert_row(hive, &rows, &row, name, err) &&
         replace_lists(hive, parent, &rows, letter, err);
    buf_done(&rows);
    nk = ok ? hive_record(hive, parent, "nk", NK_NAME, NULL, err) : NULL;
    if (!nk)
        return false;
    raise16(nk + NK_LONGEST_KEY, (uint32_t)strlen(name) * 2);
    *ret_key = row.key;
    return true;
}

bool hive_make_key(
    struct hive *hive, uint32_t from, const char *path, uint32_t *ret_key, struct err *err)
{
    char part[HIVE_NAME_MOST + 1];

    while (*path) {
        size_t length = strcspn(path, "\\");
        uint32_t key = HIVE_NO_KEY;

        if (length >= sizeof part)
            return err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_NAME, path, NULL);
        memcpy(part, path, length);
        part[length] = 0;
        if (!hive_find(hive, from, part, &key, err))
            return false;
        if (key == HIVE_NO_KEY && (!hive_check_name(part, false, err) ||
                                   !hive_settle(hive, add_key(hive, from, part, &key, err))))
            return false;
        from = key;
        path += length;
        path += *path == '\\';
    }
    *ret_key = from;
    return true;
}

/* ---- removing keys ---- */

/* One user less; the last one takes it out of the ring. */
static bool leave_security(struct hive *hive, uint32_t cell, struct err *err)
{
    uint8_t *sk = hive_record(hive, cell, "sk", SK_DATA, NULL, err), *next, *before;
    uint32_t users;

    if (!sk)
        return false;
    users = bytes_get32(sk + SK_USERS);
    if (users > 1) {
        bytes_put32(sk + SK_USERS, users - 1);
        return true;
    }
    next = hive_record(hive, bytes_get32(sk + SK_NEXT), "sk", SK_DATA, NULL, err);
    before = hive_record(hive, bytes_get32(sk + SK_BEFORE), "sk", SK_DATA, NULL, err);
    if (!next || !before)
        return false;
    bytes_put32(next + SK_BEFORE, bytes_get32(sk + SK_BEFORE));
    bytes_put32(before + SK_NEXT, bytes_get32(sk + SK_NEXT));
    return hive_release(hive, cell, err);
}

/* Gives back what a key has beside its subkeys, and the key. */
static bool release_key(struct hive *hive, uint32_t key, struct err *err)
{
    struct buf lists;
    const uint8_t *nk;
    uint32_t class_name;
    bool ok;

    while ((nk = hive_record(hive, key, "nk", NK_NAME, NULL, err)) != NULL &&
           bytes_get32(nk + NK_VALUES))
        if (!hive_drop_value(hive, key, bytes_get32(nk + NK_VALUES) - 1, err))
            return false;
    if (!nk)
        return false;
    buf_init(&lists, HIVE_SUBKEYS_MAX);
    ok = hive_list_cells(hive, key, &lists, err) && release_all(hive, &lists, err);
    buf_done(&lists);
    class_name = bytes_get32(nk + NK_CLASS);
    if (ok && class_name != HIVE_NO_KEY && bytes_get16(nk + NK_CLASS_LENGTH))
        ok = hive_release(hive, class_name, err);
    return ok && leave_security(hive, bytes_get32(nk + NK_SECURITY), err) &&
           hive_release(hive, key, err);
}

/* Deepest first; depth and budget end what goes in circles. */
static bool
release_tree(struct hive *hive, uint32_t key, unsigned depth, unsigned *budget, struct err *err)
{
    char letter;
    struct buf rows;
    bool ok;

    if (depth > HIVE_DEPTH || !*budget)
        return hive_damaged(hive, key, err);
    --*budget;
    buf_init(&rows, REMOVE_KEYS * sizeof(struct hive_row));
    ok = hive_rows(hive, key, &rows, &letter, err);
    for (size_t at = 0; ok && at < rows.len; at += sizeof(struct hive_row)) {
        struct hive_row row;

        memcpy(&row, rows.data + at, sizeof row);
        ok = release_tree(hive, row.key, depth + 1, budget, err);
    }
    buf_done(&rows);
    return ok && release_key(hive, key, err);
}

bool hive_remove_key(struct hive *hive, uint32_t parent, const char *name, struct err *err)
{
    unsigned budget = REMOVE_KEYS;
    uint32_t key = HIVE_NO_KEY;
    char letter = 0;
    struct buf rows;
    bool ok;

    if (!hive_check_name(name, false, err) || !hive_find(hive, parent, name, &key, err))
        return false;
    if (key == HIVE_NO_KEY)
        return true;
    buf_init(&rows, HIVE_SUBKEYS_MAX * sizeof(struct hive_row));
    ok = hive_rows(hive, parent, &rows, &letter, err);
    remove_row(&rows, key);
    ok = ok && replace_lists(hive, parent, &rows, letter, err) &&
         release_tree(hive, key, 0, &budget, err);
    buf_done(&rows);
    return hive_settle(hive, ok);
}
