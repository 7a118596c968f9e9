/* Memory and processors. Facts: hyperv-wmi.md §8, §22 (trap 21). */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_MB = 32,
    MOST_MB = 12 * 1048576,
    STEP_MB = 2,
    BUFFER_MIN = 5,
    BUFFER_MAX = 2000,
    WEIGHT_MAX = 10000,
    PERCENT_MAX = 100000,
    PROCESSORS_MAX = 240
};

static bool
within(const cJSON *row, const char *property, int64_t min, int64_t max, struct failure *failure)
{
    int64_t value = row_number(row, property, min);

    return (value >= min && value <= max) ||
           job_fail(failure, BAD_PARAMETER, "%s cannot be %lld", property, (long long)value);
}

bool memory_check(cJSON *row, const char *owner, struct failure *failure)
{
    int64_t quantity = row_number(row, "VirtualQuantity", 0);
    const cJSON *settings = machine_settings(owner);

    if (!within(row, "VirtualQuantity", LEAST_MB, MOST_MB, failure) ||
        !within(row, "TargetMemoryBuffer", BUFFER_MIN, BUFFER_MAX, failure) ||
        !within(row, "Weight", 0, WEIGHT_MAX, failure))
        return false;
    if (quantity % STEP_MB)
        return job_fail(failure, BAD_PARAMETER, "VirtualQuantity is no multiple of 2 MB");
    if (!row_bool(row, "DynamicMemoryEnabled"))
        return true;
    if (settings && row_bool(settings, "VirtualNumaEnabled"))
        return job_fail(
            failure, BAD_PARAMETER, "Cannot enable dynamic memory because NUMA is span based");
    if (row_number(row, "Reservation", 0) > quantity || quantity > row_number(row, "Limit", 0))
        return job_fail(
            failure, BAD_PARAMETER, "Reservation, VirtualQuantity and Limit are not in order");
    return true;
}

bool processor_check(cJSON *row, const char *owner, struct failure *failure)
{
    (void)owner;
    return within(row, "VirtualQuantity", 1, PROCESSORS_MAX, failure) &&
           within(row, "Reservation", 0, PERCENT_MAX, failure) &&
           within(row, "Limit", 0, PERCENT_MAX, failure) &&
           within(row, "Weight", 0, WEIGHT_MAX, failure);
}
