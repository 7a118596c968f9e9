/* Properties of a device: those of the SPDRP_/CM_DRP_ numbers and those of DEVPROPKEYs, stored ones
 * and computed ones. Called locked. */
#ifndef GPUPV_TESTS_PNP_PROPERTY_H
#define GPUPV_TESTS_PNP_PROPERTY_H

#include "machine.h"

#include <devpropdef.h>

enum { VALUE_BYTES = 2 * LIST_CHARS };

struct value {
    DWORD type; /* REG_*, or DEVPROP_TYPE_* */
    DWORD size; /* bytes */
    BYTE data[VALUE_BYTES];
};

/* The property of an SPDRP_ number. false: the device does not have it. */
bool registry_property(const struct node *node, DWORD spdrp, struct value *ret_value);

/* Sets it. ERROR_INVALID_REG_PROPERTY for those that the system alone sets, ERROR_INVALID_DATA for
 * a value of the wrong shape. data NULL deletes. */
DWORD registry_property_set(const struct node *node, DWORD spdrp, const BYTE *data, DWORD size);

/* The property of a key. false: the device does not have it. */
bool device_property(const struct node *node, const DEVPROPKEY *key, struct value *ret_value);

/* Stores a property; those that Windows computes are refused with ERROR_ACCESS_DENIED. data NULL
 * deletes. */
DWORD device_property_set(
    const struct node *node, const DEVPROPKEY *key, DEVPROPTYPE type, const BYTE *data, DWORD size);

#endif
