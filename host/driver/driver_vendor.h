/*
 * What the vendors' installers put beside their packages, for drivers whose class key and INF do
 * not say it: a source anywhere in the package, by its name, and where it goes. Facts: the mapping
 * tables of ExHyperV (doc/drivermapping.md), guest.md 5.
 */
#ifndef GPUPV_DRIVER_VENDOR_H
#define GPUPV_DRIVER_VENDOR_H

#include "host/driver/driver.h"

struct driver_vendor_row {
    enum driver_vendor vendor;
    enum driver_place place;
    const char *source; /* a file of the package */
    const char *name;   /* below place; NULL: as the source */
};

/* All rows, *ret_count of them. */
const struct driver_vendor_row *driver_vendor_rows(size_t *ret_count);

/* Values of an adapter's class key that programs of the guest ask for, ended by NULL. */
extern const char *const driver_vendor_values[];

#endif
