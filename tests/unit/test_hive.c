/*
 * Registry hives: what is written is found again, what others wrote is read and
 * changed, and what is damaged or was not closed by Windows is refused. Other
 * programs judge the same hives in test_hive_oracle.c.
 */
#include "tests/support/support.h"

#include "host/image/hive_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 1300

static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

#define DO(call)                                                                                   \
    do {                                                                                           \
        struct err do_err = ERR_INIT;                                                              \
        expect_done((call), &do_err);                                                              \
    } while (0)

static struct hive *fresh(void)
{
    struct hive *hive = NULL;

    DO(hive_new("TEST", &hive, &do_err));
    return hive;
}

/* The bytes of a hive, copied. */
static void bytes_of(struct hive *hive, struct buf *out)
{
    const uint8_t *data;
    size_t length;

    DO(hive_finish(hive, &data, &length, &do_err));
    buf_init(out, HIVE_BASE + HIVE_BYTES_MAX);
    assert_true(buf_put(out, data, length));
}

/* What another program would see: closed and opened again. */
static struct hive *reopen(struct hive *hive)
{
    struct hive *again = NULL;
    struct buf data;

    bytes_of(hive, &data);
    hive_free(hive);
    DO(hive_open(&data, "TEST", &again, &do_err));
    return again;
}

static uint32_t make(struct hive *hive, const char *path)
{
    uint32_t key = HIVE_NO_KEY;

    DO(hive_make_key(hive, hive_root(hive), path, &key, &do_err));
    assert_int_not_equal(key, HIVE_NO_KEY);
    return key;
}

static uint32_t find(const struct hive *hive, const char *path)
{
    uint32_t key = HIVE_NO_KEY;

    DO(hive_find(hive, hive_root(hive), path, &key, &do_err));
    return key;
}

static size_t allocated(const struct hive *hive)
{
    size_t count = 0;

    for (uint32_t cell = 0; cell < hive->bins_size; cell += 8)
        count += hive->starts[cell / 64] >> (cell / 8 % 8) & 1;
    return count;
}

static uint8_t *record(const struct hive *hive, uint32_t cell, const char *letters)
{
    uint8_t *p = hive_record(hive, cell, letters, 2, NULL, NULL);

    assert_non_null(p);
    return p;
}

/* ---- keys ---- */

static void keys_are_found_without_case_after_saving(void **state)
{
    struct hive *hive = fresh();

    (void)state;
    make(hive, "ControlSet001\\Services\\gpupv-agent");
    make(hive, "ControlSet001\\Services\\Alpha");
    make(hive, "Select");
    hive = reopen(hive);
    assert_int_not_equal(find(hive, "controlset001\\SERVICES\\GPUPV-AGENT"), HIVE_NO_KEY);
    assert_int_equal(find(hive, "ControlSet001\\Services\\gpupv"), HIVE_NO_KEY);
    assert_int_equal(find(hive, "ControlSet002\\Services"), HIVE_NO_KEY);
    assert_int_equal(find(hive, ""), hive_root(hive));
    assert_false(hive_is_changed(hive));
    make(hive, "select");
    assert_false(hive_is_changed(hive));
    hive_free(hive);
}

struct names {
    char last[HIVE_NAME_BYTES];
    unsigned count;
};

static bool count_sorted(const char *name, uint32_t key, void *user)
{
    struct names *names = user;

    (void)key;
    if (names->count && strcmp(names->last, name) >= 0)
        fail_msg("%s comes before %s", names->last, name);
    text_copy(names->last, sizeof names->last, name);
    names->count++;
    return true;
}

static void thousand_keys_are_kept_in_order(void **state)
{
    struct hive *hive = fresh();
    struct names names = {.count = 0};
    char path[64];

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        /* a walk that meets every number once, far from in order */
        snprintf(path, sizeof path, "Many\\K%04u", i * 791 % MANY);
        make(hive, path);
    }
    hive = reopen(hive);
    DO(hive_each_key(hive, find(hive, "Many"), count_sorted, &names, &do_err));
    assert_int_equal(names.count, MANY);
    assert_memory_equal(
        record(hive, bytes_get32(record(hive, find(hive, "Many"), "nk") + NK_LIST), "ri"), "ri", 2);
    hive_free(hive);
}

/* Gives a key a list of another kind, as older Windows wrote it. */
static void rewrite_list(struct hive *hive, uint32_t key, const char *letters, bool nested)
{
    uint8_t *nk = record(hive, key, "nk");
    size_t row = letters[1] == 'i' ? 4 : 8, count;
    uint32_t list, top;
    struct buf rows;
    char letter;

    buf_init(&rows, 1 << 20);
    DO(hive_rows(hive, key, &rows, &letter, &do_err));
    count = rows.len / sizeof(struct hive_row);
    DO(hive_alloc(hive, LIST_ROWS + row * count, &list, &do_err));
    memcpy(hive_cell(hive, list, 2, NULL, NULL), letters, 2);
    bytes_put16(record(hive, list, letters) + LIST_COUNT, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        struct hive_row from;

        memcpy(&from, rows.data + i * sizeof from, sizeof from);
        bytes_put32(record(hive, list, letters) + LIST_ROWS + row * i, from.key);
    }
    if (nested) {
        DO(hive_alloc(hive, LIST_ROWS + 4, &top, &do_err));
        memcpy(hive_cell(hive, top, 2, NULL, NULL), "ri\1\0", 4);
        bytes_put32(record(hive, top, "ri") + LIST_ROWS, list);
        list = top;
    }
    nk = record(hive, key, "nk");
    bytes_put32(nk + NK_LIST, list);
    buf_done(&rows);
}

static void lists_of_every_kind_are_read_and_added_to(void **state)
{
    static const struct {
        const char *letters;
        bool nested;
    } rows[] = {{"lf", false}, {"lh", false}, {"li", false}, {"lf", true}, {"li", true}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hive *hive = fresh();
        struct names names = {.count = 0};

        make(hive, "Top\\B");
        make(hive, "Top\\D");
        rewrite_list(hive, find(hive, "Top"), rows[i].letters, rows[i].nested);
        hive = reopen(hive);
        if (find(hive, "Top\\D") == HIVE_NO_KEY)
            fail_msg("%s: D is not found", rows[i].letters);
        make(hive, "Top\\C");
        make(hive, "Top\\A");
        hive = reopen(hive);
        DO(hive_each_key(hive, find(hive, "Top"), count_sorted, &names, &do_err));
        assert_int_equal(names.count, 4);
        record(hive, bytes_get32(record(hive, find(hive, "Top"), "nk") + NK_LIST), rows[i].letters);
        hive_free(hive);
    }
}

static void names_that_others_made_are_read_and_ours_are_ascii(void **state)
{
    /* "ä" in one byte, in UTF-16, half a pair, a zero within, all in the place of
     * four letters */
    static const struct {
        const char *bytes;
        bool is_ascii;
        const char *name;
    } rows[] = {
        {"\xE4\x62\x63\x64",
         true,
         "\xC3\xA4"
         "bcd"},
        {"\xE4\x00\x2D\x4E", false, "\xC3\xA4\xE4\xB8\xAD"},
        {"\x00\xD8\x41\x00", false, "?"},
        {"\x41\x00\x42\x00", true, "?"},
    };
    static const char *const bad[] = {"", "a\xC3\xA4", "tab\t"};
    struct hive *hive = fresh();
    char name[HIVE_NAME_BYTES];
    uint32_t key = make(hive, "Four");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *nk = record(hive, key, "nk");

        bytes_put16(nk + NK_FLAGS, rows[i].is_ascii ? NK_IS_ASCII : 0);
        memcpy(nk + NK_NAME, rows[i].bytes, 4);
        DO(hive_key_name(hive, key, name, &do_err));
        assert_string_equal(name, rows[i].name);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;

        assert_false(hive_remove_key(hive, key, bad[i], &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
    }
    assert_false(hive_make_key(hive,
                               key,
                               "good\\b\xC3\xA4"
                               "d",
                               &key,
                               NULL));
    assert_false(hive_set(hive,
                          key,
                          "b\xC3\xA4"
                          "d",
                          HIVE_BINARY,
                          "x",
                          1,
                          NULL));
    hive_free(hive);
}

static void new_key_shares_the_security_of_its_parent(void **state)
{
    struct hive *hive = fresh();
    uint32_t security = bytes_get32(record(hive, hive_root(hive), "nk") + NK_SECURITY);

    (void)state;
    assert_int_equal(bytes_get32(record(hive, security, "sk") + SK_USERS), 1);
    assert_int_equal(bytes_get32(record(hive, make(hive, "A\\B"), "nk") + NK_SECURITY), security);
    assert_int_equal(bytes_get32(record(hive, security, "sk") + SK_USERS), 3);
    DO(hive_remove_key(hive, hive_root(hive), "a", &do_err));
    assert_int_equal(bytes_get32(record(hive, security, "sk") + SK_USERS), 1);
    hive_free(hive);
}

static void last_key_with_a_security_takes_it_along(void **state)
{
    struct hive *hive = fresh();
    uint32_t key = make(hive, "Own"), security = 0;
    uint32_t shared = bytes_get32(record(hive, key, "nk") + NK_SECURITY);

    (void)state;
    DO(hive_alloc(hive, SK_DATA + 4, &security, &do_err));
    memcpy(hive_cell(hive, security, 2, NULL, NULL), "sk", 2);
    bytes_put32(record(hive, security, "sk") + SK_USERS, 1);
    bytes_put32(record(hive, security, "sk") + SK_NEXT, shared);
    bytes_put32(record(hive, security, "sk") + SK_BEFORE, shared);
    bytes_put32(record(hive, shared, "sk") + SK_NEXT, security);
    bytes_put32(record(hive, shared, "sk") + SK_BEFORE, security);
    bytes_put32(record(hive, key, "nk") + NK_SECURITY, security);
    DO(hive_remove_key(hive, hive_root(hive), "Own", &do_err));
    assert_null(hive_record(hive, security, "sk", 2, NULL, NULL));
    assert_int_equal(bytes_get32(record(hive, shared, "sk") + SK_NEXT), shared);
    assert_int_equal(bytes_get32(record(hive, shared, "sk") + SK_BEFORE), shared);
    hive_free(hive);
}

static void removed_key_leaves_nothing_behind(void **state)
{
    struct hive *hive = fresh();
    size_t before = allocated(hive), after;
    uint8_t *big = calloc(1, 50000);
    uint32_t key, size;

    (void)state;
    assert_non_null(big);
    for (int round = 0; round < 3; round++) {
        key = make(hive, "Gone\\Below\\Deep");
        DO(hive_set(hive, key, "big", HIVE_BINARY, big, 50000, &do_err));
        DO(hive_set(hive, key, "middle", HIVE_BINARY, big, 500, &do_err));
        DO(hive_set_dword(hive, find(hive, "Gone"), "small", 1, &do_err));
        size = hive->bins_size;
        hive = reopen(hive);
        DO(hive_remove_key(hive, hive_root(hive), "gone", &do_err));
        DO(hive_remove_key(hive, hive_root(hive), "gone", &do_err));
        after = allocated(hive);
        hive = reopen(hive);
        assert_int_equal(after, before);
        assert_int_equal(allocated(hive), before);
        assert_int_equal(hive->bins_size, size);
        assert_int_equal(find(hive, "Gone"), HIVE_NO_KEY);
    }
    free(big);
    hive_free(hive);
}

/* ---- values ---- */

static void expect_data(const struct hive *hive,
                        uint32_t key,
                        const char *name,
                        uint32_t type,
                        const void *data,
                        size_t n)
{
    uint32_t found = 99;
    struct buf out;

    buf_init(&out, HIVE_VALUE_MAX);
    DO(hive_get(hive, key, name, &found, &out, &do_err));
    assert_int_equal(found, type);
    assert_int_equal(out.len, n);
    if (n)
        assert_memory_equal(out.data, data, n);
    buf_done(&out);
}

static void values_of_every_size_come_back(void **state)
{
    static const size_t sizes[] = {
        0, 1, 3, 4, 5, 8, 100, 4000, 16343, 16344, 16345, 32688, 32689, 100000, HIVE_VALUE_MAX};
    struct hive *hive = fresh();
    uint8_t *data = malloc(HIVE_VALUE_MAX);
    uint32_t key = make(hive, "Sizes");
    char name[16];

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < HIVE_VALUE_MAX; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(name, sizeof name, "v%zu", sizes[i]);
        DO(hive_set(hive, key, name, HIVE_BINARY, data, sizes[i], &do_err));
    }
    hive = reopen(hive);
    key = find(hive, "Sizes");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(name, sizeof name, "V%zu", sizes[i]);
        expect_data(hive, key, name, HIVE_BINARY, data, sizes[i]);
    }
    assert_false(hive_set(hive, key, "more", HIVE_BINARY, data, (size_t)HIVE_VALUE_MAX + 1, NULL));
    expect_data(hive, key, "more", HIVE_NONE, NULL, 0);
    free(data);
    hive_free(hive);
}

static void hive_of_version_1_3_stores_large_values_whole(void **state)
{
    struct hive *hive = fresh();
    uint8_t data[20000] = {1, 2, 3};
    uint32_t key;

    (void)state;
    bytes_put32(hive->data.data + BASE_MINOR, 3);
    key = make(hive, "Old");
    DO(hive_set(hive, key, "large", HIVE_BINARY, data, sizeof data, &do_err));
    hive = reopen(hive);
    expect_data(hive, find(hive, "Old"), "large", HIVE_BINARY, data, sizeof data);
    record(hive, bytes_get32(record(hive, hive_root(hive), "nk") + NK_LIST), "lf");
    hive_free(hive);
}

static void replaced_values_do_not_let_the_hive_grow(void **state)
{
    struct hive *hive = fresh();
    uint8_t data[20000] = {0};
    uint32_t key = make(hive, "Same"), size;

    (void)state;
    DO(hive_set(hive, key, "v", HIVE_BINARY, data, sizeof data, &do_err));
    DO(hive_set(hive, key, "v", HIVE_BINARY, data, 6, &do_err));
    DO(hive_set(hive, key, "v", HIVE_BINARY, data, sizeof data, &do_err));
    size = hive->bins_size;
    for (size_t i = 0; i < 300; i++)
        DO(hive_set(hive, key, "v", HIVE_BINARY, data, i * 997 % sizeof data, &do_err));
    assert_int_equal(hive->bins_size, size);
    DO(hive_remove_value(hive, key, "v", &do_err));
    DO(hive_remove_value(hive, key, "v", &do_err));
    expect_data(hive, key, "v", HIVE_NONE, NULL, 0);
    hive_free(hive);
}

static void text_and_numbers_are_stored_as_windows_does(void **state)
{
    static const uint8_t multi[] = {'a', 0, 0, 0, 'b', 0, 0, 0, 0, 0}, none[] = {0, 0};
    struct hive *hive = fresh();
    uint32_t key = make(hive, "Text"), number = 0;
    char text[32];
    bool present;

    (void)state;
    DO(hive_set_dword(hive, key, "Start", 2, &do_err));
    DO(hive_set_text(hive, key, "Name", HIVE_SZ, "\xE6\xB5\x8B x", &do_err));
    DO(hive_set_text(hive, key, "Path", HIVE_EXPAND_SZ, "%a%", &do_err));
    DO(hive_set_text(hive, key, "Multi", HIVE_MULTI_SZ, "a\nb", &do_err));
    DO(hive_set_text(hive, key, "None", HIVE_MULTI_SZ, "", &do_err));
    DO(hive_set_text(hive, key, "", HIVE_SZ, "default", &do_err));
    hive = reopen(hive);
    key = find(hive, "text");
    expect_data(hive, key, "Start", HIVE_DWORD, "\2\0\0\0", 4);
    expect_data(hive, key, "Name", HIVE_SZ, "\x4B\x6D \0x\0\0\0", 8);
    expect_data(hive, key, "Path", HIVE_EXPAND_SZ, "%\0a\0%\0\0\0", 8);
    expect_data(hive, key, "Multi", HIVE_MULTI_SZ, multi, sizeof multi);
    expect_data(hive, key, "None", HIVE_MULTI_SZ, none, sizeof none);
    DO(hive_get_text(hive, key, "Name", text, sizeof text, &do_err));
    assert_string_equal(text, "\xE6\xB5\x8B x");
    DO(hive_get_text(hive, key, "", text, sizeof text, &do_err));
    assert_string_equal(text, "default");
    DO(hive_get_text(hive, key, "Start", text, sizeof text, &do_err));
    assert_string_equal(text, "");
    assert_false(hive_get_text(hive, key, "", text, 4, NULL));
    DO(hive_get_dword(hive, key, "start", &present, &number, &do_err));
    assert_true(present);
    assert_int_equal(number, 2);
    DO(hive_get_dword(hive, key, "Name", &present, &number, &do_err));
    assert_false(present);
    assert_false(hive_set_text(hive, key, "bad", HIVE_SZ, "\xFF", NULL));
    hive_free(hive);
}

/* ---- hives that Windows did not close ---- */

static void hive_that_windows_did_not_close_is_refused(void **state)
{
    static const size_t places[] = {BASE_PRIMARY, BASE_SECONDARY, BASE_TIME, BASE_CHECKSUM};
    struct hive *hive = fresh(), *again = NULL;
    struct buf data;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct err err = ERR_INIT;

        bytes_of(hive, &data);
        data.data[places[i]]++;
        if (places[i] != BASE_CHECKSUM && places[i] != BASE_TIME)
            bytes_put32(data.data + BASE_CHECKSUM, hive_checksum(data.data));
        assert_false(hive_open(&data, "SYSTEM", &again, &err));
        assert_int_equal(err.kind, ERR_CONFLICT);
        assert_int_equal(err.message, TEXT_BUILD_HIVE_OPEN);
        assert_int_equal(err.hint, TEXT_BUILD_SHUT_DOWN_HINT);
        assert_null(data.data);
    }
    hive_free(hive);
}

/* A log with one entry. */
static size_t make_log(uint8_t *log, uint32_t type, uint32_t sequence)
{
    memset(log, 0, 1024);
    memcpy(log, "regf", 4);
    bytes_put32(log + BASE_TYPE, type);
    bytes_put32(log + BASE_PRIMARY, type == 6 ? 1 : sequence);
    if (type != 6)
        return 1024;
    memcpy(log + 512, "HvLE", 4);
    bytes_put32(log + 516, 512);
    bytes_put32(log + 524, sequence);
    return 1024;
}

static void log_with_something_newer_is_refused(void **state)
{
    static const struct {
        uint32_t type, ours, entry;
        bool newer;
    } rows[] = {
        {6, 10, 9, false},
        {6, 10, 10, false},
        {6, 10, 11, true},
        {6, UINT32_MAX, 1, true}, /* the numbers wrap around */
        {6, 1, UINT32_MAX, false},
        {1, 10, 10, false},
        {1, 10, 11, true},
        {2, 10, 12, true},
    };
    struct hive *hive = fresh();
    uint8_t log[1024];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = make_log(log, rows[i].type, rows[i].entry);
        struct err err = ERR_INIT;

        bytes_put32(hive->data.data + BASE_PRIMARY, rows[i].ours);
        if (hive_check_log(hive, log, length, &err) == rows[i].newer)
            fail_msg("row %zu", i);
        assert_int_equal(err.kind, rows[i].newer ? ERR_CONFLICT : ERR_NONE);
    }
    /* the second entry counts too, and one that was cut short */
    make_log(log, 6, 1);
    memcpy(log + 512 + 64, "HvLE", 4);
    bytes_put32(hive->data.data + BASE_PRIMARY, 1);
    assert_true(hive_check_log(hive, log, sizeof log, NULL));
    bytes_put32(log + 516, 4096);
    bytes_put32(log + 524, 2);
    assert_false(hive_check_log(hive, log, sizeof log, NULL));
    /* no log, and no entry */
    assert_true(hive_check_log(hive, log, 0, NULL));
    assert_true(hive_check_log(hive, log, 100, NULL));
    memset(log, 0xFF, sizeof log);
    assert_true(hive_check_log(hive, log, sizeof log, NULL));
    hive_free(hive);
}

/* ---- damage ---- */

static void damaged_hive_is_refused_when_it_is_opened(void **state)
{
    /* of a hive with one bin: place in the file, what stands there then */
    static const struct {
        const char *what;
        size_t at;
        uint32_t number;
    } rows[] = {
        {"magic", 0, 0},
        {"major", BASE_MAJOR, 2},
        {"minor", BASE_MINOR, 9},
        {"type", BASE_TYPE, 1},
        {"root outside", BASE_ROOT, 0x7FFFFFF8},
        {"root in a cell", BASE_ROOT, 0x28},
        {"root is none", BASE_ROOT, HIVE_NO_KEY},
        {"bins beyond the end", BASE_BINS, 0x2000},
        {"bins not whole", BASE_BINS, 0x800},
        {"bin magic", HIVE_BASE, 0},
        {"bin place", HIVE_BASE + 4, 0x1000},
        {"bin size 0", HIVE_BASE + 8, 0},
        {"bin too large", HIVE_BASE + 8, 0x2000},
        {"cell of 0", HIVE_BASE + 32, 0},
        {"cell too large", HIVE_BASE + 32, 0x80000000},
        {"cell not whole", HIVE_BASE + 32, (uint32_t)-12},
        {"root is no key", HIVE_BASE + 36, 0x6B73},
        {"root has no mark", HIVE_BASE + 36, 0x00206B6E},
    };
    struct hive *hive = fresh(), *again = NULL;
    struct buf data;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        bytes_of(hive, &data);
        bytes_put32(data.data + rows[i].at, rows[i].number);
        bytes_put32(data.data + BASE_CHECKSUM, hive_checksum(data.data));
        if (hive_open(&data, "TEST", &again, &err) || err.kind != ERR_BAD_INPUT)
            fail_msg("%s: %s", rows[i].what, err_kind_name(err.kind));
    }
    /* cut short at any length */
    for (size_t length = 0; length < 2 * HIVE_BASE; length += 511) {
        bytes_of(hive, &data);
        data.len = length;
        assert_false(hive_open(&data, "TEST", &again, NULL));
    }
    hive_free(hive);
}

static void damaged_key_or_value_is_an_error_and_no_crash(void **state)
{
    struct hive *hive = fresh();
    uint8_t big[20000] = {0}, *p;
    uint32_t key = make(hive, "A"), type, cell, index;
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    buf_init(&out, HIVE_VALUE_MAX);
    make(hive, "A\\B");
    DO(hive_set(hive, key, "big", HIVE_BINARY, big, sizeof big, &do_err));
    DO(hive_find_value(hive, key, "big", &cell, &index, &do_err));
    p = record(hive, bytes_get32(record(hive, cell, "vk") + VK_DATA), "db");
    bytes_put16(p + DB_COUNT, 3);
    assert_false(hive_get(hive, key, "big", &type, &out, &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
    bytes_put32(record(hive, cell, "vk") + VK_SIZE, VK_IS_INLINE | 5);
    assert_false(hive_get(hive, key, "big", &type, &out, NULL));
    bytes_put32(record(hive, cell, "vk") + VK_SIZE, 0x7FFFFFFF);
    assert_false(hive_get(hive, key, "big", &type, &out, NULL));
    bytes_put32(record(hive, key, "nk") + NK_VALUES, 1u << 30);
    assert_false(hive_get(hive, key, "big", &type, &out, NULL));
    bytes_put32(record(hive, key, "nk") + NK_VALUE_LIST, 4);
    bytes_put32(record(hive, key, "nk") + NK_VALUES, 1);
    assert_false(hive_get(hive, key, "big", &type, &out, NULL));
    /* a list of lists of lists, and a list that is none */
    p = record(hive, bytes_get32(record(hive, key, "nk") + NK_LIST), "lh");
    memcpy(p, "ri", 2);
    bytes_put32(p + LIST_ROWS, bytes_get32(record(hive, key, "nk") + NK_LIST));
    assert_false(hive_find(hive, key, "B", &cell, NULL));
    memcpy(p, "xx", 2);
    assert_false(hive_find(hive, key, "B", &cell, NULL));
    memcpy(p, "lh", 2);
    bytes_put16(p + LIST_COUNT, 999);
    assert_false(hive_find(hive, key, "B", &cell, NULL));
    buf_done(&out);
    hive_free(hive);
}

static void keys_in_a_circle_are_not_removed_and_nothing_is_saved(void **state)
{
    struct hive *hive = fresh();
    const uint8_t *data;
    struct err err = ERR_INIT;
    uint32_t key = make(hive, "A\\B");
    size_t length;
    uint8_t *p;

    (void)state;
    make(hive, "A\\B\\C");
    p = record(hive, bytes_get32(record(hive, key, "nk") + NK_LIST), "lh");
    bytes_put32(p + LIST_ROWS, find(hive, "A"));
    assert_false(hive_remove_key(hive, hive_root(hive), "A", &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
    assert_false(hive_finish(hive, &data, &length, NULL));
    hive_free(hive);
}

static void finished_hive_counts_on_and_unchanged_one_stays_as_it_is(void **state)
{
    struct hive *hive = reopen(fresh());
    struct buf before, after;
    uint32_t sequence = bytes_get32(hive->data.data + BASE_PRIMARY);

    (void)state;
    bytes_of(hive, &before);
    bytes_of(hive, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, after.len);
    make(hive, "New");
    buf_done(&after);
    bytes_of(hive, &after);
    assert_int_equal(bytes_get32(after.data + BASE_PRIMARY), sequence + 1);
    assert_int_equal(bytes_get32(after.data + BASE_SECONDARY), sequence + 1);
    buf_done(&before);
    buf_done(&after);
    hive_free(hive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_without_case_after_saving),
        cmocka_unit_test(thousand_keys_are_kept_in_order),
        cmocka_unit_test(lists_of_every_kind_are_read_and_added_to),
        cmocka_unit_test(names_that_others_made_are_read_and_ours_are_ascii),
        cmocka_unit_test(new_key_shares_the_security_of_its_parent),
        cmocka_unit_test(last_key_with_a_security_takes_it_along),
        cmocka_unit_test(removed_key_leaves_nothing_behind),
        cmocka_unit_test(values_of_every_size_come_back),
        cmocka_unit_test(hive_of_version_1_3_stores_large_values_whole),
        cmocka_unit_test(replaced_values_do_not_let_the_hive_grow),
        cmocka_unit_test(text_and_numbers_are_stored_as_windows_does),
        cmocka_unit_test(hive_that_windows_did_not_close_is_refused),
        cmocka_unit_test(log_with_something_newer_is_refused),
        cmocka_unit_test(damaged_hive_is_refused_when_it_is_opened),
        cmocka_unit_test(damaged_key_or_value_is_an_error_and_no_crash),
        cmocka_unit_test(keys_in_a_circle_are_not_removed_and_nothing_is_saved),
        cmocka_unit_test(finished_hive_counts_on_and_unchanged_one_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
