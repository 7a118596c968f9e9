/*
 * GUID partition tables (UEFI specification, chapter 5): reads the table of a disk, whatever holds
 * it, and plans one for a new disk. Reading falls back to the copy at the end of the disk when the
 * first table is damaged. Nothing here writes to a disk. Pure but for the source and for the random
 * ids of a plan.
 */
#ifndef GPUPV_IMAGE_GPT_H
#define GPUPV_IMAGE_GPT_H

#include "host/image/guid.h"
#include "host/image/image.h"
#include "host/image/source.h"

#define GPT_PARTITIONS 128 /* that we keep, and rows of a new table */
#define GPT_NAME_UNITS 36
#define GPT_NAME_BYTES (3 * GPT_NAME_UNITS + 1)
#define GPT_ALIGN      (UINT64_C(1) << 20) /* partitions of a plan begin and end here */

/* attributes */
#define GPT_REQUIRED        (UINT64_C(1) << 0)
#define GPT_NO_DRIVE_LETTER (UINT64_C(1) << 63)

/* types */
#define GPT_TYPE_ESP      "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define GPT_TYPE_MSR      "e3c9e316-0b5c-4db8-817d-f92df00215ae"
#define GPT_TYPE_BASIC    "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
#define GPT_TYPE_RECOVERY "de94bba4-06d1-4d40-a16a-bfd50179d6ac"

struct gpt_partition {
    struct guid type, id;
    uint64_t first_lba, last_lba; /* both belong to it */
    uint64_t attributes;
    char name[GPT_NAME_BYTES];
};

struct gpt {
    struct guid disk;
    uint32_t sector_bytes;
    uint64_t sectors; /* of the disk */
    uint64_t first_usable, last_usable;
    bool from_backup; /* the first table is damaged */
    size_t count;
    struct gpt_partition partitions[GPT_PARTITIONS]; /* in the order of the table */
};

/* ESP 260 MiB, MSR 16 MiB, Windows the rest; no recovery partition (WinRE is switched off). */
extern const struct image_partition gpt_windows_layout[];
extern const size_t gpt_windows_layout_count;

/* Reads the table of a disk with sectors of 512 or 4096 bytes. ERR_NOT_FOUND: there is none;
 * ERR_BAD_INPUT: both copies are damaged. */
bool gpt_read(struct source *disk, uint32_t sector_bytes, struct gpt *ret_gpt, struct err *err);

/* Places partitions on an empty disk, aligned to 1 MiB, with new ids. ERR_BAD_INPUT: they do not
 * fit, or one that is not the last takes the rest. */
bool gpt_plan(uint64_t size_bytes,
              uint32_t sector_bytes,
              const struct image_partition *partitions,
              size_t count,
              struct gpt *ret_gpt,
              struct err *err);

/* The text of the type of a role, as the table stores it. */
const char *gpt_type(enum image_role role);

/* The index of the next partition with this role from `from` on, gpt->count when there is none.
 * Basic data partitions count as IMAGE_WINDOWS: which of them holds Windows, only its files say. */
size_t gpt_find(const struct gpt *gpt, enum image_role role, size_t from);

/* Where a partition begins on the disk and how long it is, in bytes. */
uint64_t gpt_offset(const struct gpt *gpt, size_t index);
uint64_t gpt_size(const struct gpt *gpt, size_t index);

#endif
