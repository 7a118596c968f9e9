/* Times as CIM datetimes. */
#ifndef GPUPV_TESTS_HYPERV_CLOCK_TEXT_H
#define GPUPV_TESTS_HYPERV_CLOCK_TEXT_H

#include <stdint.h>

/* "20261127135342.123000+000": now, or that many milliseconds ago. Caller frees. */
char *clock_text(uint64_t ago_ms);

/* "00000000000500.000000:000". Caller frees. */
char *clock_interval(uint64_t ms);

#endif
