/* PutInstance. */
#ifndef GPUPV_TESTS_HYPERV_PUT_H
#define GPUPV_TESTS_HYPERV_PUT_H

#include "object.h"

/* Writes what may be written like that: the number of partitions of a GPU. */
HRESULT put_instance(const struct object *object);

#endif
