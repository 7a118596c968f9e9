/*
 * Checksums of 32 bits. Each takes the value of the bytes before, 0 to begin, so that a range can
 * be summed in pieces. They find accidents, no malice. Pure.
 */
#ifndef GPUPV_CRC_H
#define GPUPV_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of IEEE 802.3, reflected: GPT, ZIP, PNG. */
uint32_t crc32_ieee(uint32_t crc, const void *data, size_t length);

/* CRC-32C of Castagnoli, reflected: VHDX. */
uint32_t crc32_castagnoli(uint32_t crc, const void *data, size_t length);

#endif
