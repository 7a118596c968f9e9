/*
 * Inflate (RFC 1951) for the ZIP reader: one block of memory into another whose size is known
 * beforehand. Input is not trusted. Pure.
 */
#ifndef GPUPV_INFLATE_H
#define GPUPV_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unpacks data into exactly out_length bytes at out. False when the data is damaged, makes more or
 * fewer bytes, or leaves bytes behind. */
bool inflate_block(const uint8_t *data, size_t length, uint8_t *out, size_t out_length);

#endif
