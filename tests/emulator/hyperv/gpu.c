/* GPU partitions. Facts: hyperv-wmi.md §14, §22 (traps 23 to 27). */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const amounts[] = {"VRAM", "Encode", "Decode", "Compute"};

enum { NAME_BYTES = 64 };

static const cJSON *amount(const cJSON *properties, const char *bound, const char *of)
{
    char name[NAME_BYTES];

    snprintf(name, sizeof(name), "%sPartition%s", bound, of);
    return cJSON_GetObjectItem(properties, name);
}

bool gpu_amounts_given(const cJSON *properties)
{
    for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
        if (amount(properties, "Min", amounts[i]) || amount(properties, "Max", amounts[i]) ||
            amount(properties, "Optimal", amounts[i]))
            return true;
    return false;
}

bool gpu_hidden(const cJSON *gpu)
{
    const wchar_t *part = emulator_hidden_gpu();
    char text[NAME_BYTES];

    if (!part[0] || !WideCharToMultiByte(CP_UTF8, 0, part, -1, text, sizeof(text), NULL, NULL))
        return false;
    return strstr(row_text(gpu, "Name"), text) != NULL;
}

cJSON *gpu_any(void)
{
    cJSON *gpu = NULL;

    while ((gpu = store_next("Msvm_PartitionableGpu", gpu)))
        if (!gpu_hidden(gpu))
            return gpu;
    return NULL;
}

cJSON *gpu_of(const cJSON *partition, bool *ret_gone)
{
    const char *path = row_item(partition, "HostResource", 0);
    cJSON *gpu = path ? store_at_text(path) : NULL;

    if (gpu && (!row_is(gpu, "Msvm_PartitionableGpu") || gpu_hidden(gpu)))
        gpu = NULL;
    *ret_gone = path && !gpu;
    return gpu;
}

bool gpu_in_use(const char *owner)
{
    return settings_next(owner, "Msvm_GpuPartitionSettingData", NULL) != NULL;
}

static uint64_t number(const cJSON *value)
{
    return strtoull(value->valuestring, NULL, 10);
}

/* One amount: nothing, or all three in order and within what the GPU has. */
static bool
check_amount(const cJSON *row, const cJSON *gpu, const char *of, struct failure *failure)
{
    const cJSON *p = row_properties(row);
    const cJSON *min = amount(p, "Min", of), *max = amount(p, "Max", of);
    const cJSON *optimal = amount(p, "Optimal", of);
    const cJSON *least = gpu ? amount(row_properties(gpu), "Min", of) : NULL;
    const cJSON *most = gpu ? amount(row_properties(gpu), "Max", of) : NULL;

    if (!min && !max && !optimal)
        return true;
    if (!min || !max || !optimal)
        return job_fail(failure, BAD_PARAMETER, "%s is only partly given", of);
    if (number(min) > number(optimal) || number(optimal) > number(max))
        return job_fail(failure, BAD_PARAMETER, "%s is not in order", of);
    if ((least && number(min) < number(least)) || (most && number(max) > number(most)))
        return job_fail(failure, BAD_PARAMETER, "%s is more than the GPU has", of);
    return true;
}

bool gpu_check(cJSON *row, const char *owner, struct failure *failure)
{
    bool gone;
    cJSON *gpu = gpu_of(row, &gone);

    if (gone || !gpu_any() ||
        cJSON_GetArraySize(cJSON_GetObjectItem(row_properties(row), "HostResource")) > 1)
        return job_fail(
            failure, FAILED_CODE, "'%s' failed to add device 'GPU Partition'. (0x80070490)", owner);
    if (snapshot_any(owner))
        return job_fail(failure, FAILED_CODE, "The machine has checkpoints");
    for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
        if (!check_amount(row, gpu ? gpu : gpu_any(), amounts[i], failure))
            return false;
    return true;
}
