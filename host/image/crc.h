/*
 * The checksums of disk formats. Each takes the value of the bytes before, 0 to begin, so that a
 * range can be summed in pieces. Pure.
 */
#ifndef GPUPV_IMAGE_CRC_H
#define GPUPV_IMAGE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of IEEE 802.3, reflected: GPT. */
uint32_t crc32_ieee(uint32_t crc, const void *data, size_t length);

/* CRC-32C of Castagnoli, reflected: VHDX. */
uint32_t crc32_castagnoli(uint32_t crc, const void *data, size_t length);

/* CRC-16 with polynomial 0x1021, begun with 0, not reflected: tags of UDF (ECMA-167 7.2.6). */
uint16_t crc16_udf(uint16_t crc, const void *data, size_t length);

#endif
