/* The device as a program sees it: a handle, requests that end later, cancellation. The handle
 * itself is one of NUL, so that it is real; what the program asks of it is answered here. The I/O
 * manager's own checks (access, a missing OVERLAPPED) fail at once, everything that the driver
 * says comes with the end of the request, from another thread. */
#include "vdd.h"

#include "../common/state.h"
#include "../files/junction.h"
#include "../pnp/pnp_state.h"

#include <ntstatus.h>
#include <winternl.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define KEY "vdd"

enum { HANDLES = 64, WATCH_MS = 200 };

struct open_device {
    HANDLE handle;
    DWORD access;
    bool overlapped;
    uint32_t starts;
    wchar_t instance[PNP_ID_MAX];
};

/* A request that waits for its cancellation. */
struct pending {
    HANDLE handle;
    OVERLAPPED *overlapped;
    struct pending *next;
};

struct work {
    HANDLE handle;
    struct open_device device;
    DWORD code, input_size, output_size;
    uint8_t input[VDD_INPUT_BYTES];
    void *output;
    OVERLAPPED *overlapped;
};

static SRWLOCK lock = SRWLOCK_INIT;
static struct open_device open_devices[HANDLES];
static struct pending *pending;
static bool watching;

static bool find_device(HANDLE handle, struct open_device *ret_device)
{
    bool found = false;

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < HANDLES && handle && !found; i++)
        if (open_devices[i].handle == handle) {
            *ret_device = open_devices[i];
            found = true;
        }
    ReleaseSRWLockShared(&lock);
    return found;
}

static bool remember(const struct open_device *device)
{
    int i = 0;

    AcquireSRWLockExclusive(&lock);
    while (i < HANDLES && open_devices[i].handle)
        i++;
    if (i < HANDLES)
        open_devices[i] = *device;
    ReleaseSRWLockExclusive(&lock);
    return i < HANDLES;
}

/* The driver's own clock: monitors vanish while a program merely waits for that. */
static DWORD WINAPI watch(void *unused)
{
    (void)unused;
    for (;;) {
        Sleep(WATCH_MS);
        vdd_expire();
    }
    return 0;
}

static void start_watching(void)
{
    HANDLE thread = NULL;

    AcquireSRWLockExclusive(&lock);
    if (!watching)
        thread = CreateThread(NULL, 0, watch, NULL, 0, NULL);
    watching = watching || thread;
    ReleaseSRWLockExclusive(&lock);
    if (thread)
        CloseHandle(thread);
}

static HANDLE open_instance(const struct pnp_device *device, DWORD access, DWORD flags)
{
    struct open_device opened = {
        .access = access, .overlapped = flags & FILE_FLAG_OVERLAPPED, .starts = device->starts};

    memcpy(opened.instance, device->instance, sizeof(opened.instance));
    opened.handle = CreateFileW(L"NUL",
                                GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE,
                                NULL,
                                OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED,
                                NULL);
    if (opened.handle == INVALID_HANDLE_VALUE)
        return INVALID_HANDLE_VALUE;
    if (!remember(&opened)) {
        CloseHandle(opened.handle);
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
        return INVALID_HANDLE_VALUE;
    }
    pnp_handles(opened.instance, 1);
    start_watching();
    return opened.handle;
}

/* "\\?\ROOT#DISPLAY#0000#{00b41627-...}", also as "\\.\". */
static bool is_interface_path(const wchar_t *path)
{
    static const wchar_t id[] = VDD_INTERFACE;
    const wchar_t *brace;

    if (!path || (wcsncmp(path, L"\\\\?\\", 4) && wcsncmp(path, L"\\\\.\\", 4)))
        return false;
    brace = wcschr(path, L'{');
    return brace && !_wcsnicmp(brace, id, sizeof(id) / sizeof(id[0]) - 1);
}

static HANDLE WINAPI on_create_file(const wchar_t *path,
                                    DWORD access,
                                    DWORD share,
                                    SECURITY_ATTRIBUTES *security,
                                    DWORD disposition,
                                    DWORD flags,
                                    HANDLE template_file)
{
    struct pnp_device device;
    DWORD error;

    if (!is_interface_path(path))
        return junction_create_file(
            path, access, share, security, disposition, flags, template_file);
    if (disposition != OPEN_EXISTING) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    error = state_fault(KEY, "FailOpen");
    if (!error)
        error = pnp_fault("CreateFileW");
    if (!error && !pnp_of_interface(path, &device))
        error = ERROR_FILE_NOT_FOUND;
    if (error) {
        SetLastError(error);
        return INVALID_HANDLE_VALUE;
    }
    return open_instance(&device, access, flags);
}

/* The end of a request: result first, then whoever waits. */
static void complete(OVERLAPPED *overlapped, NTSTATUS status, DWORD length)
{
    HANDLE event = (HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1);

    overlapped->InternalHigh = length;
    MemoryBarrier();
    overlapped->Internal = (ULONG_PTR)status;
    if (event)
        SetEvent(event);
}

static DWORD WINAPI run_work(void *argument)
{
    struct work *work = argument;
    struct vdd_reply reply;

    vdd_answer(work->device.instance,
               work->device.starts,
               work->code,
               work->input,
               work->input_size,
               work->output_size,
               &reply);
    if (reply.length)
        memcpy(work->output, reply.output, reply.length);
    complete(work->overlapped, reply.status, reply.length);
    free(work);
    return 0;
}

static bool hangs(DWORD code)
{
    const char *name = vdd_code_name(code);
    char fault[32];

    if (!name)
        return false;
    snprintf(fault, sizeof(fault), "Hang%s", name);
    return state_fault(KEY, fault);
}

static bool hang(HANDLE handle, OVERLAPPED *overlapped)
{
    struct pending *p = malloc(sizeof(*p));

    if (!p)
        return false;
    AcquireSRWLockExclusive(&lock);
    *p = (struct pending){.handle = handle, .overlapped = overlapped, .next = pending};
    pending = p;
    ReleaseSRWLockExclusive(&lock);
    return true;
}

static DWORD begin(struct work *work)
{
    OVERLAPPED *overlapped = work->overlapped;
    bool begun;

    overlapped->Internal = STATUS_PENDING;
    overlapped->InternalHigh = 0;
    if (overlapped->hEvent)
        ResetEvent((HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1));
    if (hangs(work->code)) {
        begun = hang(work->handle, overlapped);
        free(work);
    } else {
        begun = QueueUserWorkItem(run_work, work, WT_EXECUTEDEFAULT);
        if (!begun)
            free(work);
    }
    return begun ? ERROR_IO_PENDING : ERROR_NO_SYSTEM_RESOURCES;
}

static DWORD run_now(struct work *work, DWORD *ret_length)
{
    struct vdd_reply reply;

    vdd_answer(work->device.instance,
               work->device.starts,
               work->code,
               work->input,
               work->input_size,
               work->output_size,
               &reply);
    if (reply.length)
        memcpy(work->output, reply.output, reply.length);
    if (ret_length)
        *ret_length = reply.length;
    free(work);
    return reply.status ? RtlNtStatusToDosError(reply.status) : 0;
}

/* What the I/O manager itself refuses: bits 14 and 15 of the code are the access it needs. */
static DWORD refuse(const struct open_device *device, DWORD code, OVERLAPPED *overlapped)
{
    DWORD have =
        (device->access & (GENERIC_READ | GENERIC_ALL | FILE_READ_DATA) ? FILE_READ_ACCESS : 0) |
        (device->access & (GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA) ? FILE_WRITE_ACCESS : 0);
    DWORD need = code >> 14 & (FILE_READ_ACCESS | FILE_WRITE_ACCESS);

    if (need & ~have)
        return ERROR_ACCESS_DENIED;
    return device->overlapped && !overlapped ? ERROR_INVALID_PARAMETER : 0;
}

static BOOL WINAPI on_device_io_control(HANDLE handle,
                                        DWORD code,
                                        void *input,
                                        DWORD input_size,
                                        void *output,
                                        DWORD output_size,
                                        DWORD *ret_length,
                                        OVERLAPPED *overlapped)
{
    struct open_device device;
    struct work *work;
    DWORD error;

    if (!find_device(handle, &device))
        return DeviceIoControl(
            handle, code, input, input_size, output, output_size, ret_length, overlapped);
    error = refuse(&device, code, overlapped);
    work = error ? NULL : calloc(1, sizeof(*work));
    if (!error && !work)
        error = ERROR_NOT_ENOUGH_MEMORY;
    if (work) {
        *work = (struct work){.handle = handle,
                              .device = device,
                              .code = code,
                              .input_size = input ? input_size : 0,
                              .output_size = output ? output_size : 0,
                              .output = output,
                              .overlapped = overlapped};
        if (input)
            memcpy(work->input,
                   input,
                   work->input_size < VDD_INPUT_BYTES ? work->input_size : VDD_INPUT_BYTES);
        error = device.overlapped ? begin(work) : run_now(work, ret_length);
    }
    SetLastError(error);
    return error == 0;
}

/* Ends the waiting requests of the handle: those with overlapped, or all. */
static bool cancel(HANDLE handle, const OVERLAPPED *overlapped)
{
    struct pending *ended = NULL;
    bool any;

    AcquireSRWLockExclusive(&lock);
    for (struct pending **place = &pending; *place;) {
        struct pending *p = *place;

        if (p->handle != handle || (overlapped && p->overlapped != overlapped)) {
            place = &p->next;
            continue;
        }
        *place = p->next;
        p->next = ended;
        ended = p;
    }
    ReleaseSRWLockExclusive(&lock);
    any = ended;
    while (ended) {
        struct pending *next = ended->next;

        complete(ended->overlapped, STATUS_CANCELLED, 0);
        free(ended);
        ended = next;
    }
    return any;
}

static BOOL WINAPI on_cancel_io_ex(HANDLE handle, OVERLAPPED *overlapped)
{
    struct open_device device;

    if (!find_device(handle, &device))
        return CancelIoEx(handle, overlapped);
    if (cancel(handle, overlapped))
        return TRUE;
    SetLastError(ERROR_NOT_FOUND);
    return FALSE;
}

static BOOL WINAPI on_cancel_io(HANDLE handle)
{
    struct open_device device;

    if (!find_device(handle, &device))
        return CancelIo(handle);
    cancel(handle, NULL);
    return TRUE;
}

static BOOL WINAPI on_close_handle(HANDLE handle)
{
    struct open_device device;
    bool ours = find_device(handle, &device);

    if (ours) {
        AcquireSRWLockExclusive(&lock);
        for (int i = 0; i < HANDLES; i++)
            if (open_devices[i].handle == handle)
                open_devices[i].handle = NULL;
        ReleaseSRWLockExclusive(&lock);
        cancel(handle, NULL);
        pnp_handles(device.instance, -1);
    }
    return CloseHandle(handle);
}

const struct hook vdd_hooks[] = {
    {"kernel32", "CreateFileW", (hook_function)on_create_file, NULL},
    {"kernel32", "DeviceIoControl", (hook_function)on_device_io_control, NULL},
    {"kernel32", "CancelIoEx", (hook_function)on_cancel_io_ex, NULL},
    {"kernel32", "CancelIo", (hook_function)on_cancel_io, NULL},
    {"kernel32", "CloseHandle", (hook_function)on_close_handle, NULL},
};
const size_t vdd_hook_count = sizeof(vdd_hooks) / sizeof(vdd_hooks[0]);
