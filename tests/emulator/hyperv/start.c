/* What keeps a machine from starting. Facts: hyperv-wmi.md §9, §13, §14, §15, §22 (trap 27). */
#include "machine.h"

#include "hyperv.h"
#include "resource.h"

#include <stdlib.h>
#include <string.h>

enum { CPUS = 16, MEMORY_MB = 32768, MMIO_MB = 262144 };

/* Whether another machine that runs has the file open. */
static bool in_use(const char *file, const char *owner)
{
    cJSON *row = NULL;

    while ((row = store_next("Msvm_StorageAllocationSettingData", row))) {
        const char *used = row_item(row, "HostResource", 0);
        char *of = instance_owner(row_text(row, "InstanceID"));
        const cJSON *vm = machine_find(of);
        bool taken = vm && _stricmp(of, owner) != 0 && memo(vm, "booted", 0) > 0 && used &&
                     !_stricmp(used, file) &&
                     strcmp(row_text(row, "ResourceSubType"), SUB_TYPE "Virtual Hard Disk") == 0;

        free(of);
        if (taken)
            return true;
    }
    return false;
}

static bool check_files(const char *owner, struct failure *failure)
{
    cJSON *row = NULL;

    while ((row = settings_next(owner, "Msvm_StorageAllocationSettingData", row))) {
        const char *file = row_item(row, "HostResource", 0);

        if (!file)
            continue;
        if (!storage_check_media(row, owner, failure))
            return false;
        if (in_use(file, owner))
            return job_fail(
                failure, FAILED_CODE, "'%s' is in use by another process. (0x80070020)", file);
    }
    return true;
}

static int64_t memory_in_use(void)
{
    cJSON *vm = NULL;
    int64_t sum = 0;

    while ((vm = store_next("Msvm_ComputerSystem", vm)))
        if (memo(vm, "booted", 0) > 0) {
            const cJSON *memory =
                settings_next(row_text(vm, "Name"), "Msvm_MemorySettingData", NULL);

            sum += memory ? row_number(memory, "VirtualQuantity", 0) : 0;
        }
    return sum;
}

static bool check_room(const char *owner, struct failure *failure)
{
    const cJSON *memory = settings_next(owner, "Msvm_MemorySettingData", NULL);
    const cJSON *processor = settings_next(owner, "Msvm_ProcessorSettingData", NULL);
    const cJSON *settings = machine_settings(owner);

    if (memory && memory_in_use() + row_number(memory, "VirtualQuantity", 0) >
                      (int64_t)memo(store_root(), "memory_mb", MEMORY_MB))
        return job_fail(failure, NO_MEMORY_LEFT, "Not enough memory in the system to start.");
    if (processor &&
        row_number(processor, "VirtualQuantity", 1) > (int64_t)memo(store_root(), "cpus", CPUS))
        return job_fail(failure, FAILED_CODE, "The machine has more processors than the host.");
    if (settings && row_number(settings, "HighMmioGapSize", 0) >
                        (int64_t)memo(store_root(), "max_mmio_mb", MMIO_MB))
        return job_fail(failure, FAILED_CODE, "The high MMIO gap does not fit. (0x8007000D)");
    return true;
}

static int64_t partitions_in_use(const cJSON *gpu)
{
    cJSON *row = NULL;
    int64_t count = 0;
    bool gone;

    while ((row = store_next("Msvm_GpuPartitionSettingData", row))) {
        char *of = instance_owner(row_text(row, "InstanceID"));
        const cJSON *vm = machine_find(of);

        free(of);
        count += vm && memo(vm, "booted", 0) > 0 && gpu_of(row, &gone) == gpu;
    }
    return count;
}

static bool check_gpus(const char *owner, struct failure *failure)
{
    cJSON *row = NULL;

    while ((row = settings_next(owner, "Msvm_GpuPartitionSettingData", row))) {
        bool gone;
        const cJSON *gpu = gpu_of(row, &gone);

        if (!gpu && !gone)
            gpu = gpu_any();
        if (emulator_setting("GpuPolicy", 0))
            return job_fail(
                failure,
                FAILED_CODE,
                "Could not allocate partitionable GPU device: not compliant with group policy.");
        if (!gpu || partitions_in_use(gpu) >= row_number(gpu, "PartitionCount", 1))
            return job_fail(failure,
                            FAILED_CODE,
                            "GPU Partition: Insufficient system resources exist to complete the "
                            "requested service. "
                            "(0x800705AA)");
    }
    return true;
}

static bool check_security(const char *owner, struct failure *failure)
{
    const cJSON *security = settings_next(owner, "Msvm_SecuritySettingData", NULL);

    return !security || !row_bool(security, "TpmEnabled") || memo(security, "lost", 0) == 0 ||
           job_fail(failure, FAILED_CODE, "The key protector could not be unwrapped. (0xC000A002)");
}

bool start_check(const cJSON *vm, struct failure *failure)
{
    const char *owner = row_text(vm, "Name");
    DWORD broken = emulator_setting("BrokenStart", 0);

    if (broken)
        return job_fail(failure, broken, "'%s' failed to start.", row_text(vm, "ElementName"));
    return check_room(owner, failure) && check_files(owner, failure) &&
           check_gpus(owner, failure) && check_security(owner, failure);
}
