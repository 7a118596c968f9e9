/* The checksum of UDF, four bits at a time. */
#include "host/image/crc.h"

uint16_t crc16_udf(uint16_t crc, const void *data, size_t length)
{
    const uint8_t *p = data;

    for (; length; length--) {
        unsigned x = crc >> 8 ^ *p++;

        x ^= x >> 4;
        crc = (uint16_t)((unsigned)crc << 8 ^ x << 12 ^ x << 5 ^ x);
    }
    return crc;
}
