/* A ConnectEx that this DLL runs itself must complete on the caller's port and end when the caller
 * cancels it. Both go through kernelbase to ntdll, never through ws2_32, so three of kernelbase's
 * imports are replaced. Calls straight to ntdll are not seen; the programs under test make none. */
#include "emulator.h"

#include <stddef.h>
#include <string.h>

enum { FILE_COMPLETION_INFORMATION = 30 };

typedef NTSTATUS(WINAPI *set_information_call)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int);
typedef NTSTATUS(WINAPI *cancel_ex_call)(HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK *);
typedef NTSTATUS(WINAPI *cancel_call)(HANDLE, IO_STATUS_BLOCK *);
typedef void (*any_call)(void);

static set_information_call real_set_information;
static cancel_ex_call real_cancel_ex;
static cancel_call real_cancel;

NTSTATUS hook_cancel_real(HANDLE file, IO_STATUS_BLOCK *which, IO_STATUS_BLOCK *status)
{
    return real_cancel_ex(file, which, status);
}

static NTSTATUS WINAPI
on_set_information(HANDLE file, IO_STATUS_BLOCK *status, void *info, ULONG len, int class)
{
    NTSTATUS result = real_set_information(file, status, info, len, class);
    struct emu_socket *e = table_find((SOCKET)file);

    if (result >= 0 && class == FILE_COMPLETION_INFORMATION && e) {
        const ULONG_PTR *port_and_key = info;

        emu_lock();
        e->port = (HANDLE)port_and_key[0];
        e->port_key = port_and_key[1];
        emu_unlock();
    }
    return result;
}

static NTSTATUS WINAPI on_cancel_ex(HANDLE file, IO_STATUS_BLOCK *which, IO_STATUS_BLOCK *status)
{
    bool found = connect_cancel((SOCKET)file, (const OVERLAPPED *)which);
    NTSTATUS result = real_cancel_ex(file, which, status);

    if (found)
        status->Status = result = 0;
    return result;
}

static NTSTATUS WINAPI on_cancel(HANDLE file, IO_STATUS_BLOCK *status)
{
    bool found = connect_cancel((SOCKET)file, NULL);
    NTSTATUS result = real_cancel(file, status);

    if (found)
        status->Status = result = 0;
    return result;
}

/* Where module keeps the address of an import, or NULL. */
static ULONGLONG *find_import(BYTE *module, const char *dll, const char *name)
{
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)module;
    const IMAGE_NT_HEADERS *nt = (const IMAGE_NT_HEADERS *)(module + dos->e_lfanew);
    DWORD imports = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    const IMAGE_IMPORT_DESCRIPTOR *d = (const IMAGE_IMPORT_DESCRIPTOR *)(module + imports);

    for (; d->Name; d++) {
        const IMAGE_THUNK_DATA *names = (const IMAGE_THUNK_DATA *)(module + d->OriginalFirstThunk);
        IMAGE_THUNK_DATA *addresses = (IMAGE_THUNK_DATA *)(module + d->FirstThunk);

        if (_stricmp((const char *)module + d->Name, dll))
            continue;
        for (; names->u1.AddressOfData; names++, addresses++) {
            const BYTE *by_name = module + names->u1.AddressOfData;

            if (!IMAGE_SNAP_BY_ORDINAL(names->u1.Ordinal) &&
                !strcmp((const char *)by_name + offsetof(IMAGE_IMPORT_BY_NAME, Name), name))
                return &addresses->u1.Function;
        }
    }
    return NULL;
}

static bool replace_import(BYTE *module, const char *name, any_call function)
{
    ULONGLONG *place = find_import(module, "ntdll.dll", name);
    DWORD protection;

    if (!place || !VirtualProtect(place, sizeof(*place), PAGE_READWRITE, &protection))
        return false;
    memcpy(place, &function, sizeof(function));
    VirtualProtect(place, sizeof(*place), protection, &protection);
    return true;
}

bool hook_install(void)
{
    static SRWLOCK lock = SRWLOCK_INIT;
    static enum { FRESH, WORKS, FAILED } outcome;
    BYTE *kernelbase = (BYTE *)GetModuleHandleA("kernelbase.dll");
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");

    AcquireSRWLockExclusive(&lock);
    if (outcome == FRESH) {
        /* Before the replacement: other threads are in the new functions at once. */
        real_set_information =
            (set_information_call)(any_call)GetProcAddress(ntdll, "NtSetInformationFile");
        real_cancel_ex = (cancel_ex_call)(any_call)GetProcAddress(ntdll, "NtCancelIoFileEx");
        real_cancel = (cancel_call)(any_call)GetProcAddress(ntdll, "NtCancelIoFile");
        outcome =
            replace_import(kernelbase, "NtSetInformationFile", (any_call)on_set_information) &&
                    replace_import(kernelbase, "NtCancelIoFileEx", (any_call)on_cancel_ex) &&
                    replace_import(kernelbase, "NtCancelIoFile", (any_call)on_cancel)
                ? WORKS
                : FAILED;
    }
    ReleaseSRWLockExclusive(&lock);
    return outcome == WORKS;
}
