/* root\cimv2: what it says of a host with Hyper-V. */
#ifndef GPUPV_TESTS_HYPERV_CIMV2_H
#define GPUPV_TESTS_HYPERV_CIMV2_H

#include <cjson/cJSON.h>

/* Adds the rows; a class that the seed names has only the seed's. */
void cimv2_seed(const cJSON *seed);

#endif
