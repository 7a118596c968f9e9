/*
 * Registry hives (regf): reads one, changes keys and values, and gives back the
 * bytes, on every system and without loading it anywhere. The whole hive lies
 * in memory. A hive is hostile input: when it is opened every bin and cell is
 * walked, and only cells found then, or made by us, are ever looked at. A hive
 * that Windows did not close (its sequence numbers differ, or its logs hold
 * something newer) is refused: only Windows may mend it (flow F5).
 *
 * A key is the offset of its cell, valid until it is removed. Names compare
 * without the case of ASCII letters; names that we make are ASCII. A new key
 * has the security of its parent. After a change that failed the hive is in
 * pieces: hive_finish refuses, and the caller drops it. Not for several
 * threads.
 */
#ifndef GPUPV_HIVE_H
#define GPUPV_HIVE_H

#include "common/buf.h"
#include "common/err.h"

#define HIVE_BYTES_MAX  ((size_t)512 << 20)
#define HIVE_VALUE_MAX  ((size_t)1 << 20) /* of one value that we read or write */
#define HIVE_NAME_BYTES 768               /* 255 characters as UTF-8 */
#define HIVE_NO_KEY     UINT32_MAX

struct hive;

enum hive_type {
    HIVE_NONE = 0,
    HIVE_SZ = 1,
    HIVE_EXPAND_SZ = 2,
    HIVE_BINARY = 3,
    HIVE_DWORD = 4,
    HIVE_MULTI_SZ = 7,
    HIVE_QWORD = 11
};

/* Opens a hive from its bytes, which are taken over (data is empty afterwards,
 * also when this fails). name is for messages. ERR_BAD_INPUT: damaged, or no
 * hive; ERR_CONFLICT: Windows did not close it. The caller frees with
 * hive_free. */
bool hive_open(struct buf *data, const char *name, struct hive **ret_hive, struct err *err);

/* Makes a hive with nothing but a root key. The caller frees with hive_free. */
bool hive_new(const char *name, struct hive **ret_hive, struct err *err);

/* NULL is fine. */
void hive_free(struct hive *hive);

/* Looks into a transaction log that lies beside the hive. ERR_CONFLICT when it
 * holds something that the hive lacks; an empty or foreign log is fine. */
bool hive_check_log(const struct hive *hive, const void *log, size_t length, struct err *err);

/* ---- reading ---- */

/* The root key. */
uint32_t hive_root(const struct hive *hive);

/* Finds a key by names separated by '\\', "" is `from` itself; *ret_key is
 * HIVE_NO_KEY when there is none. */
bool hive_find(
    const struct hive *hive, uint32_t from, const char *path, uint32_t *ret_key, struct err *err);

/* Calls visit for each key below key until it returns false. */
bool hive_each_key(const struct hive *hive,
                   uint32_t key,
                   bool (*visit)(const char *name, uint32_t key, void *user),
                   void *user,
                   struct err *err);

/* Calls visit for each value of key until it returns false. */
bool hive_each_value(const struct hive *hive,
                     uint32_t key,
                     bool (*visit)(const char *name, uint32_t type, void *user),
                     void *user,
                     struct err *err);

/* Appends the content of a value ("" is the default one) to out as it is
 * stored; *ret_type is HIVE_NONE when there is no such value. */
bool hive_get(const struct hive *hive,
              uint32_t key,
              const char *name,
              uint32_t *ret_type,
              struct buf *out,
              struct err *err);

/* The number in a DWORD value; *ret_present tells whether there is one of that
 * type. */
bool hive_get_dword(const struct hive *hive,
                    uint32_t key,
                    const char *name,
                    bool *ret_present,
                    uint32_t *ret_number,
                    struct err *err);

/* The text in an SZ or EXPAND_SZ value as UTF-8, "" when there is none of those
 * types. */
bool hive_get_text(const struct hive *hive,
                   uint32_t key,
                   const char *name,
                   char *out,
                   size_t size,
                   struct err *err);

/* ---- changing ---- */

/* Finds the key, and makes what is missing of it. */
bool hive_make_key(
    struct hive *hive, uint32_t from, const char *path, uint32_t *ret_key, struct err *err);

/* Sets a value to bytes as they are stored; replaces one that is there,
 * whatever its type. */
bool hive_set(struct hive *hive,
              uint32_t key,
              const char *name,
              uint32_t type,
              const void *data,
              size_t length,
              struct err *err);

/* A DWORD value. */
bool hive_set_dword(
    struct hive *hive, uint32_t key, const char *name, uint32_t number, struct err *err);

/* Text (UTF-8) as SZ or EXPAND_SZ; as MULTI_SZ its lines are the strings. */
bool hive_set_text(struct hive *hive,
                   uint32_t key,
                   const char *name,
                   enum hive_type type,
                   const char *text,
                   struct err *err);

/* Text as it is stored by a value of this type; see hive_set_text. The caller frees *ret_bytes. */
bool hive_text_bytes(enum hive_type type,
                     const char *text,
                     uint8_t **ret_bytes,
                     size_t *ret_length,
                     struct err *err);

/* Removes a value; a missing one is fine. */
bool hive_remove_value(struct hive *hive, uint32_t key, const char *name, struct err *err);

/* Removes the key of this name below parent with all that is in it; a missing
 * one is fine. */
bool hive_remove_key(struct hive *hive, uint32_t parent, const char *name, struct err *err);

/* True when something was changed since it was opened. */
bool hive_is_changed(const struct hive *hive);

/* Closes the changes: sequence numbers, time, checksum. The bytes are owned by
 * hive and valid until its next change. */
bool hive_finish(struct hive *hive, const uint8_t **ret_data, size_t *ret_length, struct err *err);

#endif
