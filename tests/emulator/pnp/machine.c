/* The machine's lock, and its boots. */
#include "machine.h"

#include "store.h"

#include <wchar.h>

static HANDLE mutex;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static DWORD slot; /* thread-local: how deep the lock is held */

static BOOL CALLBACK prepare(INIT_ONCE *init, void *parameter, void **context)
{
    (void)init;
    (void)parameter;
    (void)context;
    mutex = CreateMutexW(NULL, FALSE, L"Global\\gpupv-emulator-pnp");
    slot = TlsAlloc();
    return mutex != NULL;
}

/* What the kernel and the boot's first programs do: pending work, then all buses. */
static void boot(void)
{
    wchar_t time_text[32];

    reg_set_number(PNP_ROOT, L"Boots", machine_boots() + 1);
    swprintf(time_text, 32, L"%llu", (unsigned long long)GetTickCount64());
    reg_set_text(PNP_LIVE, L"Booted", time_text);
    if (machine_boots() > 1) /* the first one is the seed's */
        behaviour_boot();
    classes_write();
    store_materialize();
    enumerate(ROOT_NODE, false);
}

void machine_enter(void)
{
    DWORD error = GetLastError();
    ULONG_PTR depth;

    InitOnceExecuteOnce(&once, prepare, NULL, NULL);
    /* Abandoned by a process that was killed: its half of the work stays, as after a bugcheck. */
    WaitForSingleObject(mutex, INFINITE);
    depth = (ULONG_PTR)TlsGetValue(slot);
    TlsSetValue(slot, (void *)(depth + 1));
    if (!depth && !reg_has(PNP_LIVE, L"Booted"))
        boot();
    SetLastError(error);
}

void machine_leave(void)
{
    DWORD error = GetLastError();

    TlsSetValue(slot, (void *)((ULONG_PTR)TlsGetValue(slot) - 1));
    ReleaseMutex(mutex);
    SetLastError(error);
}

DWORD machine_boots(void)
{
    return reg_number(PNP_ROOT, L"Boots", 0);
}

void machine_reset(void)
{
    struct tree tree;

    InitOnceExecuteOnce(&once, prepare, NULL, NULL);
    WaitForSingleObject(mutex, INFINITE);
    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++)
        node_delete(&tree.items[i]);
    tree_done(&tree);
    store_clear();
    reg_delete(PNP_ROOT);
    ReleaseMutex(mutex);
}

DWORD machine_setting(const wchar_t *name, DWORD otherwise)
{
    return reg_number(PNP_SETTINGS, name, otherwise);
}
