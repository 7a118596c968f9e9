/*
 * The inside of a hive, shared by hive*.c: the layout of regf as published in
 * Maxim Suhanov's format specification, and access to cells. Offsets of cells
 * count from the first bin, at HIVE_BASE of the file.
 */
#ifndef GPUPV_HIVE_INSIDE_H
#define GPUPV_HIVE_INSIDE_H

#include "host/image/bytes.h"
#include "host/image/hive.h"

#define HIVE_BASE        4096u
#define HIVE_BIN_HEADER  32u
#define HIVE_BIN_ALIGN   4096u
#define HIVE_SEGMENT     16344u /* data of one segment of big data */
#define HIVE_NAME_MOST   255    /* characters */
#define HIVE_DEPTH       64     /* of keys, for what we remove */
#define HIVE_SUBKEYS_MAX (1u << 20)

/* base block */
enum {
    BASE_PRIMARY = 4,
    BASE_SECONDARY = 8,
    BASE_TIME = 12,
    BASE_MAJOR = 20,
    BASE_MINOR = 24,
    BASE_TYPE = 28,
    BASE_FORMAT = 32,
    BASE_ROOT = 36,
    BASE_BINS = 40,
    BASE_CLUSTER = 44,
    BASE_FLAGS = 144,
    BASE_CHECKSUM = 508
};

/* key node */
enum {
    NK_FLAGS = 2,
    NK_TIME = 4,
    NK_PARENT = 16,
    NK_SUBKEYS = 20,
    NK_VOLATILE = 24,
    NK_LIST = 28,
    NK_VOLATILE_LIST = 32,
    NK_VALUES = 36,
    NK_VALUE_LIST = 40,
    NK_SECURITY = 44,
    NK_CLASS = 48,
    NK_LONGEST_KEY = 52, /* 16 bits, in bytes of UTF-16; flags above them */
    NK_LONGEST_VALUE = 60,
    NK_LARGEST_DATA = 64,
    NK_NAME_LENGTH = 72,
    NK_CLASS_LENGTH = 74,
    NK_NAME = 76
};

#define NK_IS_ROOT   0x0004u
#define NK_NO_DELETE 0x0008u
#define NK_IS_ASCII  0x0020u /* the name has one byte a character */

/* value */
enum { VK_NAME_LENGTH = 2, VK_SIZE = 4, VK_DATA = 8, VK_TYPE = 12, VK_FLAGS = 16, VK_NAME = 20 };

#define VK_IS_ASCII 0x0001u
#define VK_IS_INLINE                                                                               \
    0x80000000u /* in VK_SIZE: the data is in VK_DATA itself                                       \
                 */

/* security */
enum { SK_NEXT = 4, SK_BEFORE = 8, SK_USERS = 12, SK_SIZE = 16, SK_DATA = 20 };

/* lists of subkeys, and big data */
enum { LIST_COUNT = 2, LIST_ROWS = 4, DB_COUNT = 2, DB_LIST = 4, DB_BYTES = 8 };

struct hive {
    char name[ERR_ARG_BYTES];
    struct buf data;
    uint32_t bins_size;
    uint8_t *starts; /* one bit for each 8 bytes of bins: an allocated cell begins
                        there */
    size_t starts_bytes;
    uint64_t time; /* of our changes, as FILETIME */
    bool changed, broken;
};

/* Sets "the hive is damaged" and where. */
void hive_damage(const struct hive *hive, uint32_t where, struct err *err);

/* The same, and answers false; in sight of callers, so that their analyzers know. */
static inline bool hive_damaged(const struct hive *hive, uint32_t where, struct err *err)
{
    hive_damage(hive, where, err);
    return false;
}

/* Sets "Windows did not close the hive". Returns false. */
bool hive_unclosed(const struct hive *hive, struct err *err);

/* The content of an allocated cell with at least `least` bytes; NULL with err.
 * Valid until the next allocation. */
uint8_t *
hive_cell(const struct hive *hive, uint32_t cell, size_t least, size_t *ret_size, struct err *err);

/* The same for a cell that begins with these two letters. */
uint8_t *hive_record(const struct hive *hive,
                     uint32_t cell,
                     const char *letters,
                     size_t least,
                     size_t *ret_size,
                     struct err *err);

/* The checksum of the first 508 bytes of a base block. */
uint32_t hive_checksum(const uint8_t *base);

/* Makes a cell for size bytes, all zero. */
bool hive_alloc(struct hive *hive, size_t size, uint32_t *ret_cell, struct err *err);

/* Gives an allocated cell back. */
bool hive_release(struct hive *hive, uint32_t cell, struct err *err);

/* Finds what is allocated when a hive is opened. */
bool hive_walk(struct hive *hive, struct err *err);

/* The name of a key as UTF-8 into out (HIVE_NAME_BYTES). */
bool hive_key_name(const struct hive *hive, uint32_t key, char *out, struct err *err);

/* Fills in a new key's record, which is all zero and has room for the name. */
void hive_key_init(
    const struct hive *hive, uint8_t *nk, const char *name, uint32_t parent, uint32_t security);

/* Fails for a name that we do not give a key or value. */
bool hive_check_name(const char *name, bool may_be_empty, struct err *err);

/* Notes a change; what failed half-way (ok false) may not be saved. Returns ok.
 */
bool hive_settle(struct hive *hive, bool ok);

/* Removes the value at this place of the key's list. */
bool hive_drop_value(struct hive *hive, uint32_t key, uint32_t index, struct err *err);

/* Without the case of ASCII letters. */
bool hive_name_equal(const char *a, const char *b);

/* One row of a list of subkeys. */
struct hive_row {
    uint32_t key;
    uint32_t hint; /* as stored in lf and lh, 0 in li */
};

/* Appends the rows of all lists of a key to out (an array of struct hive_row);
 * *ret_letter is 'f', 'h' or 'i', the kind of the first list, 0 when there is
 * none. */
bool hive_rows(
    const struct hive *hive, uint32_t key, struct buf *out, char *ret_letter, struct err *err);

/* The cells of the lists of a key, to give them back: appended to out as
 * uint32_t. */
bool hive_list_cells(const struct hive *hive, uint32_t key, struct buf *out, struct err *err);

/* The value of this name: its cell and place in the list, *ret_cell HIVE_NO_KEY
 * when missing. */
bool hive_find_value(const struct hive *hive,
                     uint32_t key,
                     const char *name,
                     uint32_t *ret_cell,
                     uint32_t *ret_index,
                     struct err *err);

/* True when a value of length bytes is stored in segments (big data), which
 * version 1.3 lacks. */
bool hive_is_big(const struct hive *hive, size_t length);

/* The list of the segments of big data of length bytes. */
bool hive_big_list(const struct hive *hive,
                   uint32_t cell,
                   size_t length,
                   const uint8_t **ret_list,
                   uint32_t *ret_count,
                   struct err *err);

#endif
