/*
 * Little-endian numbers inside bytes that came from a file or go into one, whatever their
 * alignment. The caller has checked that the bytes are there. Pure.
 */
#ifndef GPUPV_IMAGE_BYTES_H
#define GPUPV_IMAGE_BYTES_H

#include <stdint.h>

/* Reads 2 bytes. */
static inline uint16_t bytes_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

/* Reads 4 bytes. */
static inline uint32_t bytes_get32(const uint8_t *p)
{
    return bytes_get16(p) | (uint32_t)bytes_get16(p + 2) << 16;
}

/* Reads 8 bytes. */
static inline uint64_t bytes_get64(const uint8_t *p)
{
    return bytes_get32(p) | (uint64_t)bytes_get32(p + 4) << 32;
}

/* Writes 2 bytes. */
static inline void bytes_put16(uint8_t *p, uint16_t n)
{
    p[0] = (uint8_t)n;
    p[1] = (uint8_t)(n >> 8);
}

/* Writes 4 bytes. */
static inline void bytes_put32(uint8_t *p, uint32_t n)
{
    bytes_put16(p, (uint16_t)n);
    bytes_put16(p + 2, (uint16_t)(n >> 16));
}

/* Writes 8 bytes. */
static inline void bytes_put64(uint8_t *p, uint64_t n)
{
    bytes_put32(p, (uint32_t)n);
    bytes_put32(p + 4, (uint32_t)(n >> 32));
}

#endif
