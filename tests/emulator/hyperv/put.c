/* See put.h. Facts: hyperv-wmi.md §14, §22 (trap 5). */
#include "put.h"

#include "hyperv.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

static bool is_valid_count(const cJSON *gpu, double count)
{
    const cJSON *valid;

    cJSON_ArrayForEach(valid, cJSON_GetObjectItem(row_properties(gpu), "ValidPartitionCounts"))
    {
        if (valid->valuedouble == count)
            return true;
    }
    return false;
}

HRESULT put_instance(const struct object *object)
{
    const cJSON *count = object_value(object, "PartitionCount");
    char *path = object->is_class ? NULL : object_path(object);
    cJSON *row = path ? store_at_text(path) : NULL;

    free(path);
    if (!row)
        return object->is_class ? (HRESULT)WBEM_E_INVALID_PARAMETER : (HRESULT)WBEM_E_NOT_FOUND;
    if (!row_is(row, "Msvm_PartitionableGpu"))
        return (HRESULT)WBEM_E_PROVIDER_NOT_CAPABLE;
    if (!count || !is_valid_count(row, count->valuedouble))
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    row_set_number(row, "PartitionCount", (int64_t)count->valuedouble);
    return S_OK;
}
