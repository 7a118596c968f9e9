/*
 * Where things are in a VHDX file ([MS-VHDX] 2.1 to 2.6), for the reader and for the writer of the
 * tests. All numbers are little-endian, all offsets in bytes.
 */
#ifndef GPUPV_IMAGE_VHDX_FORMAT_H
#define GPUPV_IMAGE_VHDX_FORMAT_H

#include <stdint.h>

#define VHDX_MIB UINT64_C(0x100000) /* regions and blocks begin at multiples of this */

/* file identifier, at 0 */
#define VHDX_FILE_MAGIC "vhdxfile"

/* headers; the valid one with the larger sequence number counts */
#define VHDX_HEADER_1          0x10000u
#define VHDX_HEADER_2          0x20000u
#define VHDX_HEADER_BYTES      0x1000u
#define VHDX_HEADER_MAGIC      "head"
#define VHDX_HEADER_CRC        4 /* over the whole header, with this field 0 */
#define VHDX_HEADER_SEQUENCE   8
#define VHDX_HEADER_FILE_WRITE 16
#define VHDX_HEADER_DATA_WRITE 32
#define VHDX_HEADER_LOG        48 /* not zero: the log must be replayed first */
#define VHDX_HEADER_VERSION    66
#define VHDX_HEADER_LOG_BYTES  68
#define VHDX_HEADER_LOG_OFFSET 72
#define VHDX_VERSION           1

/* region tables, two copies */
#define VHDX_REGIONS_1        0x30000u
#define VHDX_REGIONS_2        0x40000u
#define VHDX_REGIONS_BYTES    0x10000u
#define VHDX_REGIONS_MAGIC    "regi"
#define VHDX_REGIONS_COUNT    8
#define VHDX_REGIONS_ROWS     16
#define VHDX_REGION_BYTES     32
#define VHDX_REGION_OFFSET    16
#define VHDX_REGION_LENGTH    24
#define VHDX_REGION_FLAGS     28 /* bit 0: whoever does not know it must not open the file */
#define VHDX_ROWS_MAX         2047
#define VHDX_REGIONS_REQUIRED 1u

/* the metadata region begins with a table */
#define VHDX_METADATA_MAGIC       "metadata"
#define VHDX_METADATA_TABLE_BYTES 0x10000u
#define VHDX_METADATA_COUNT       10
#define VHDX_METADATA_ROWS        32
#define VHDX_ITEM_BYTES           32
#define VHDX_ITEM_OFFSET          16
#define VHDX_ITEM_LENGTH          20
#define VHDX_ITEM_FLAGS           24
#define VHDX_ITEM_VIRTUAL_DISK    2u
#define VHDX_ITEM_REQUIRED        4u
#define VHDX_ITEM_LENGTH_MAX      0x100000u

/* file parameters: block size, then flags */
#define VHDX_LEAVE_ALLOCATED 1u
#define VHDX_HAS_PARENT      2u
#define VHDX_BLOCK_LEAST     UINT32_C(0x100000)
#define VHDX_BLOCK_MOST      UINT32_C(0x10000000)
#define VHDX_DISK_MOST       (UINT64_C(64) << 40)

/* parent locator */
#define VHDX_LOCATOR_COUNT     18
#define VHDX_LOCATOR_ROWS      20
#define VHDX_LOCATOR_ROW_BYTES 12

/* block allocation table: offset in MiB above bit 20, state in the lowest three bits; after every
 * chunk of 2^23 sectors stands the entry of its sector bitmap, one MiB with a bit for each sector
 */
#define VHDX_CHUNK_SECTORS (UINT64_C(1) << 23)
#define VHDX_ENTRY_BYTES   8
#define VHDX_ENTRY_STATE   7u
#define VHDX_ENTRY_OFFSET  (~(VHDX_MIB - 1))
#define VHDX_BITMAP_THERE  6u

enum vhdx_block_state {
    VHDX_BLOCK_NONE = 0,
    VHDX_BLOCK_UNDEFINED = 1,
    VHDX_BLOCK_ZERO = 2,
    VHDX_BLOCK_UNMAPPED = 3,
    VHDX_BLOCK_FULL = 6,
    VHDX_BLOCK_PARTIAL = 7
};

/* names of regions, of items of the metadata, and of the kind of parent locator */
#define VHDX_REGION_BAT           "2dc27766-f623-4200-9d64-115e9bfd4a08"
#define VHDX_REGION_METADATA      "8b7ca206-4790-4b9a-b8fe-575f050f886e"
#define VHDX_ITEM_PARAMETERS      "caa16737-fa36-4d43-b3b6-33f0aa44e76b"
#define VHDX_ITEM_SIZE            "2fa54224-cd1b-4876-b211-5dbed83bf4b8"
#define VHDX_ITEM_DISK            "beca12ab-b2e6-4523-93ef-c309e000c746"
#define VHDX_ITEM_SECTOR          "8141bf1d-a96f-4709-ba47-f233a8faab5f"
#define VHDX_ITEM_PHYSICAL_SECTOR "cda348c7-445d-4471-9cc9-e9885251c556"
#define VHDX_ITEM_PARENT          "a8d35f2d-b30b-454d-abf7-d3d84834ab0c"
#define VHDX_LOCATOR_KIND         "b04aefb7-d19e-4a81-b789-25b8e9445913"

#endif
