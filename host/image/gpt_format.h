/*
 * Where things are in a GUID partition table (UEFI specification 5.3), for the reader and for the
 * writer of the tests. Numbers are little-endian.
 */
#ifndef GPUPV_IMAGE_GPT_FORMAT_H
#define GPUPV_IMAGE_GPT_FORMAT_H

#define GPT_MAGIC            "EFI PART"
#define GPT_MAGIC_BYTES      8
#define GPT_REVISION         8
#define GPT_REVISION_1       UINT32_C(0x00010000)
#define GPT_HEADER_LENGTH    12
#define GPT_HEADER_CRC       16 /* over the header, with this field 0 */
#define GPT_MY_LBA           24
#define GPT_OTHER_LBA        32
#define GPT_FIRST_USABLE     40
#define GPT_LAST_USABLE      48
#define GPT_DISK_ID          56
#define GPT_ENTRIES_LBA      72
#define GPT_ENTRIES_COUNT    80
#define GPT_ENTRY_LENGTH     84
#define GPT_ENTRIES_CRC      88
#define GPT_HEADER_BYTES     92
#define GPT_ENTRY_BYTES      128
#define GPT_ENTRY_TYPE       0
#define GPT_ENTRY_ID         16
#define GPT_ENTRY_FIRST      32
#define GPT_ENTRY_LAST       40
#define GPT_ENTRY_ATTRIBUTES 48
#define GPT_ENTRY_NAME       56
#define GPT_ENTRIES_LEAST    UINT64_C(16384) /* bytes that the table takes at least */

/* the MBR that keeps old programs away */
#define GPT_MBR_PARTITION 446
#define GPT_MBR_TYPE      4
#define GPT_MBR_FIRST     8
#define GPT_MBR_SECTORS   12
#define GPT_MBR_PROTECT   0xee
#define GPT_MBR_SIGNATURE 510

#endif
