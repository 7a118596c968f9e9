/*
 * The transaction logs that lie beside a hive. Windows 8.1 and later write
 * changes to them first (entries "HvLE", type 6) and to the hive later; each
 * entry carries the sequence number that the hive has once it holds the entry's
 * changes. Older Windows write whole pages (type 1 and 2), with the sequence
 * numbers in the log's copy of the base block. [probe: a SYSTEM hive after a
 * full shutdown of Windows 11 has no entry with a number above its own.]
 */
#include "host/image/hive_inside.h"

#include <string.h>

#define LOG_BASE       512u
#define LOG_TYPE_NEW   6u
#define ENTRY_LEAST    40u
#define ENTRY_SIZE     4
#define ENTRY_SEQUENCE 12

/* Sequence numbers wrap around. */
static bool is_newer(uint32_t sequence, uint32_t than)
{
    return (int32_t)(sequence - than) > 0;
}

/* An entry that a crash cut short counts too: what it meant, only Windows can
 * say. */
static bool has_newer_entry(const uint8_t *log, size_t length, uint32_t than)
{
    size_t at = LOG_BASE;

    while (length - at >= ENTRY_LEAST && memcmp(log + at, "HvLE", 4) == 0) {
        uint32_t size = bytes_get32(log + at + ENTRY_SIZE);

        if (is_newer(bytes_get32(log + at + ENTRY_SEQUENCE), than))
            return true;
        if (size < ENTRY_LEAST || size % LOG_BASE || size > length - at)
            break;
        at += size;
    }
    return false;
}

bool hive_check_log(const struct hive *hive, const void *log, size_t length, struct err *err)
{
    uint32_t ours = bytes_get32(hive->data.data + BASE_PRIMARY);
    const uint8_t *base = log;
    uint32_t type;

    if (length < LOG_BASE || memcmp(base, "regf", 4) != 0)
        return true;
    type = bytes_get32(base + BASE_TYPE);
    if (type == LOG_TYPE_NEW ? has_newer_entry(base, length, ours)
                             : is_newer(bytes_get32(base + BASE_PRIMARY), ours))
        return hive_unclosed(hive, err);
    return true;
}
