/*
 * Builds Windows image files that consist of a header and a description, for tests only: what the
 * list of editions reads, whole and lying. Failures fail the test.
 */
#ifndef GPUPV_TESTS_WIM_BUILD_H
#define GPUPV_TESTS_WIM_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is a WIM of one part with LZX whose description stands behind the header. */
struct wim_recipe {
    const char *xml; /* UTF-8; NULL: no description */
    uint32_t images; /* 0: as many as xml has IMAGE elements */
    uint16_t part, parts;
    uint32_t version, flags;
    uint64_t xml_at;       /* where the description stands; 0: behind the header */
    uint64_t claims_bytes; /* length that the header states; 0: the true one */
    uint8_t xml_flags;     /* of the resource */
    bool without_order;    /* no byte order mark */
    bool ends_with_zero;
    uint8_t id; /* first byte of the GUID */
};

/* Writes it to path. */
void wim_build(const char *path, const struct wim_recipe *recipe);

/* Writes it into memory, at most size bytes; returns the length. xml_at is not followed. */
size_t wim_build_memory(uint8_t *out, size_t size, const struct wim_recipe *recipe);

#endif
