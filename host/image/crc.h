/*
 * The checksums of disk formats: those of common/crc.h, and the one that only UDF has. It takes the
 * value of the bytes before, 0 to begin, so that a range can be summed in pieces. Pure.
 */
#ifndef GPUPV_IMAGE_CRC_H
#define GPUPV_IMAGE_CRC_H

#include "common/crc.h"

/* CRC-16 with polynomial 0x1021, begun with 0, not reflected: tags of UDF (ECMA-167 7.2.6). */
uint16_t crc16_udf(uint16_t crc, const void *data, size_t length);

#endif
