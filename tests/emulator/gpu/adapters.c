/* Adapters and the handles to them. */
#include "d3dkmt.h"

#include "../common/luid.h"
#include "../common/state.h"
#include "../pnp/pnp_state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY "gpu"

enum { DEVICES = 32, HANDLES = 64, HANDLE_STEP = 0x40, FIRST_HANDLE = 0x40000000 };

static const struct {
    const wchar_t *hardware_id; /* a beginning */
    UINT bits;
    ULONG sources;
} kinds[] = {
    {L"PCI\\VEN_1414&DEV_008E", D3DKMT_RENDER | D3DKMT_HYBRID_DISCRETE | D3DKMT_PARAVIRTUALIZED, 0},
    {L"VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}", D3DKMT_DISPLAY | D3DKMT_POST, 1},
    {L"Root\\Parsec\\VDA", D3DKMT_DISPLAY | D3DKMT_INDIRECT, 16},
    {L"Root\\MttVDD", D3DKMT_DISPLAY | D3DKMT_INDIRECT, 1},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

size_t gpu_adapters(struct gpu_adapter_state *ret_adapters)
{
    struct pnp_device devices[DEVICES];
    size_t found = pnp_list(L"Display", devices, DEVICES), count = 0;

    for (size_t i = 0; i < found && i < DEVICES && count < GPU_ADAPTERS - 1; i++)
        for (int k = 0; k < KINDS && devices[i].started; k++) {
            struct gpu_adapter_state *a = &ret_adapters[count];

            if (_wcsnicmp(
                    devices[i].hardware_id, kinds[k].hardware_id, wcslen(kinds[k].hardware_id)))
                continue;
            *a = (struct gpu_adapter_state){.luid = adapter_luid(&devices[i]),
                                            .bits = kinds[k].bits,
                                            .sources = kinds[k].sources};
            swprintf(a->description, 128, L"%.127ls", devices[i].name);
            if (a->bits & D3DKMT_PARAVIRTUALIZED)
                state_text(KEY, "Description", a->description, 128);
            count++;
            break;
        }
    ret_adapters[count] = (struct gpu_adapter_state){.luid = {.LowPart = 0xB000},
                                                     .bits = D3DKMT_RENDER | D3DKMT_SOFTWARE};
    wcscpy(ret_adapters[count].description, L"Microsoft Basic Render Driver");
    return count + 1;
}

static SRWLOCK lock = SRWLOCK_INIT;
static struct {
    D3DKMT_HANDLE handle;
    LUID luid;
} handles[HANDLES];

static bool same(LUID a, LUID b)
{
    return a.LowPart == b.LowPart && a.HighPart == b.HighPart;
}

D3DKMT_HANDLE gpu_open(LUID luid)
{
    static UINT next = FIRST_HANDLE;
    D3DKMT_HANDLE made = 0;

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < HANDLES && !made; i++)
        if (!handles[i].handle) {
            made = handles[i].handle = next;
            handles[i].luid = luid;
            next += HANDLE_STEP;
        }
    ReleaseSRWLockExclusive(&lock);
    return made;
}

bool gpu_close(D3DKMT_HANDLE handle)
{
    bool known = false;

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < HANDLES && handle; i++)
        if (handles[i].handle == handle) {
            handles[i].handle = 0;
            known = true;
        }
    ReleaseSRWLockExclusive(&lock);
    return known;
}

bool gpu_of_handle(D3DKMT_HANDLE handle, struct gpu_adapter_state *ret_adapter)
{
    struct gpu_adapter_state all[GPU_ADAPTERS];
    bool known = false;
    size_t count;
    LUID luid;

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < HANDLES && handle && !known; i++)
        if (handles[i].handle == handle) {
            luid = handles[i].luid;
            known = true;
        }
    ReleaseSRWLockShared(&lock);
    if (!known)
        return false;
    count = gpu_adapters(all);
    for (size_t i = 0; i < count; i++)
        if (same(all[i].luid, luid)) {
            *ret_adapter = all[i];
            return true;
        }
    return false;
}
