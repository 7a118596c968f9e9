/*
 * Port of the Parsec virtual display driver: its device interface and control codes (guest.md
 * section 2). Monitors belong to the driver, not to the handle. The handle that we keep open would
 * refuse whoever wants to restart or replace the device, so it is given up when Windows asks; the
 * next call then fails and the holder opens again.
 */
#include "guest/machine/windows/device_notify_win32.h"
#include "guest/machine/windows/windows.h"

#include <stdlib.h>
#include <string.h>

#define VDD_ADD     0x22E004u
#define VDD_REMOVE  0x22A008u
#define VDD_PING    0x22A00Cu
#define VDD_VERSION 0x22E010u

#define VDD_INPUT_BYTES 32
#define VDD_MONITORS    16
#define VDD_ANSWER_MS   2000 /* to answer, and to let go of what is cancelled */

/* One call to the driver. On the heap: a driver that lets go of nothing keeps it. */
struct vdd_request {
    OVERLAPPED overlapped;
    unsigned char input[VDD_INPUT_BYTES];
    DWORD output;
};

struct windows_vdd {
    struct vdd_port port;
    SRWLOCK lock; /* guards device: callbacks of the system close it too */
    HANDLE device;
    HCMNOTIFICATION notification; /* of the holder's thread */
    uint32_t added;               /* a bit per monitor that we have plugged in and not taken out */
};

static const GUID vdd_interface = {
    0x00b41627, 0x04c4, 0x429e, {0xa2, 0x6e, 0x02, 0x65, 0xcf, 0x50, 0xc8, 0xfa}};

static struct windows_vdd *vdd_of(struct vdd_port *port)
{
    return (struct windows_vdd *)port;
}

/* ---- calls ---- */

/* Waits for the answer, and then for the end of what is cancelled. False: the driver still has the
 * request. *ret_code is how it ended. */
static bool await(HANDLE device, struct vdd_request *request, DWORD *ret_code)
{
    DWORD got = 0;
    bool late = WaitForSingleObject(request->overlapped.hEvent, VDD_ANSWER_MS) != WAIT_OBJECT_0;

    if (late) {
        CancelIoEx(device, &request->overlapped);
        if (WaitForSingleObject(request->overlapped.hEvent, VDD_ANSWER_MS) != WAIT_OBJECT_0) {
            *ret_code = WAIT_TIMEOUT;
            return false;
        }
    }
    *ret_code = GetOverlappedResult(device, &request->overlapped, &got, FALSE) ? ERROR_SUCCESS
                                                                               : GetLastError();
    if (late && *ret_code == ERROR_OPERATION_ABORTED)
        *ret_code = WAIT_TIMEOUT;
    return true;
}

/* Sends the request; true when it may be freed. */
static bool send(HANDLE device, DWORD control, struct vdd_request *request, DWORD *ret_code)
{
    *ret_code = DeviceIoControl(device,
                                control,
                                request->input,
                                sizeof request->input,
                                &request->output,
                                sizeof request->output,
                                NULL,
                                &request->overlapped)
                    ? ERROR_SUCCESS
                    : GetLastError();
    return *ret_code != ERROR_IO_PENDING || await(device, request, ret_code);
}

/* One call with at most two bytes of input; with the lock held. */
static DWORD transact(HANDLE device, DWORD control, uint32_t index, uint32_t *ret_output)
{
    struct vdd_request *request = calloc(1, sizeof *request);
    DWORD code;

    if (!request)
        return ERROR_NOT_ENOUGH_MEMORY;
    request->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!request->overlapped.hEvent) {
        code = GetLastError();
        free(request);
        return code;
    }
    request->input[0] = (unsigned char)(index >> 8); /* big endian */
    request->input[1] = (unsigned char)index;
    if (send(device, control, request, &code)) {
        if (code == ERROR_SUCCESS)
            *ret_output = request->output;
        CloseHandle(request->overlapped.hEvent);
        free(request);
    }
    return code;
}

static bool
call(struct windows_vdd *vdd, DWORD control, uint32_t index, uint32_t *ret_output, struct err *err)
{
    DWORD code = ERROR_INVALID_HANDLE;
    bool open;

    AcquireSRWLockExclusive(&vdd->lock);
    open = vdd->device != INVALID_HANDLE_VALUE;
    if (open)
        code = transact(vdd->device, control, index, ret_output);
    ReleaseSRWLockExclusive(&vdd->lock);
    if (!open)
        return err_set(err, ERR_CONFLICT, TEXT_DEVICE_VDD_CLOSED, NULL);
    return code == ERROR_SUCCESS ||
           err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_DEVICE_VDD_CALL, NULL);
}

/* ---- open and close ---- */

static HANDLE take_device(struct windows_vdd *vdd)
{
    HANDLE device;

    AcquireSRWLockExclusive(&vdd->lock);
    device = vdd->device;
    vdd->device = INVALID_HANDLE_VALUE;
    ReleaseSRWLockExclusive(&vdd->lock);
    return device;
}

/* Somebody wants to restart or remove the device: it is refused while this handle is open. */
static DWORD CALLBACK on_notification(HCMNOTIFICATION notification,
                                      PVOID context,
                                      CM_NOTIFY_ACTION action,
                                      PCM_NOTIFY_EVENT_DATA data,
                                      DWORD size)
{
    HANDLE device;

    (void)notification;
    (void)data;
    (void)size;
    if (action != CM_NOTIFY_ACTION_DEVICEQUERYREMOVE &&
        action != CM_NOTIFY_ACTION_DEVICEREMOVEPENDING &&
        action != CM_NOTIFY_ACTION_DEVICEREMOVECOMPLETE)
        return ERROR_SUCCESS;
    device = take_device(context);
    if (device != INVALID_HANDLE_VALUE)
        CloseHandle(device);
    return ERROR_SUCCESS;
}

/* The paths of the driver's interfaces that are there now, each ended by a zero, then one more; the
 * caller frees with free(). NULL: none, or no memory. */
static uint16_t *interface_paths(void)
{
    for (int tries = 0; tries < 3; tries++) {
        CONFIGRET code;
        uint16_t *paths;
        ULONG units = 0;

        code = CM_Get_Device_Interface_List_SizeW(
            &units, (GUID *)&vdd_interface, NULL, CM_GET_DEVICE_INTERFACE_LIST_PRESENT);
        if (code != CR_SUCCESS || units < 2)
            return NULL;
        paths = calloc((size_t)units + 2, sizeof *paths);
        if (!paths)
            return NULL;
        code = CM_Get_Device_Interface_ListW(
            (GUID *)&vdd_interface, NULL, paths, units, CM_GET_DEVICE_INTERFACE_LIST_PRESENT);
        if (code == CR_SUCCESS)
            return paths;
        free(paths);
        if (code != CR_BUFFER_SMALL) /* one came in between */
            return NULL;
    }
    return NULL;
}

/* The first that opens: duplicates may stand beside the working one. */
static HANDLE open_first(const uint16_t *paths, DWORD *ret_code)
{
    HANDLE device = INVALID_HANDLE_VALUE;

    *ret_code = ERROR_FILE_NOT_FOUND;
    for (; *paths && device == INVALID_HANDLE_VALUE; paths += wcslen(paths) + 1) {
        device =
            CreateFileW(paths,
                        GENERIC_READ | GENERIC_WRITE,
                        FILE_SHARE_READ | FILE_SHARE_WRITE,
                        NULL,
                        OPEN_EXISTING,
                        FILE_FLAG_NO_BUFFERING | FILE_FLAG_WRITE_THROUGH | FILE_FLAG_OVERLAPPED,
                        NULL);
        if (device == INVALID_HANDLE_VALUE)
            *ret_code = GetLastError();
    }
    return device;
}

static void vdd_close(struct vdd_port *port)
{
    struct windows_vdd *vdd = vdd_of(port);
    HANDLE device = take_device(vdd);

    /* without the lock: it waits for callbacks, and they want the lock */
    device_notify_end(vdd->notification);
    vdd->notification = NULL;
    if (device != INVALID_HANDLE_VALUE)
        CloseHandle(device);
}

/* Whoever opens sends the keep-alives from now on: a game that takes all processors must not starve
 * it for a second. */
static void raise_priority(void)
{
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_HIGHEST);
}

static bool vdd_open(struct vdd_port *port, struct err *err)
{
    struct windows_vdd *vdd = vdd_of(port);
    CM_NOTIFY_FILTER filter = {.cbSize = sizeof filter,
                               .FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEHANDLE};
    uint16_t *paths = interface_paths();
    DWORD code = ERROR_FILE_NOT_FOUND;
    HANDLE device = paths ? open_first(paths, &code) : INVALID_HANDLE_VALUE;

    free(paths);
    if (device == INVALID_HANDLE_VALUE && code == ERROR_FILE_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, TEXT_DEVICE_VDD_ABSENT, NULL);
    if (device == INVALID_HANDLE_VALUE)
        return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_DEVICE_VDD_OPEN, NULL);
    vdd_close(port);
    AcquireSRWLockExclusive(&vdd->lock);
    vdd->device = device;
    ReleaseSRWLockExclusive(&vdd->lock);
    filter.u.DeviceHandle.hTarget = device;
    (void)device_notify_begin(&filter, on_notification, vdd, &vdd->notification);
    raise_priority();
    return true;
}

/* ---- monitors ---- */

static bool vdd_version(struct vdd_port *port, uint32_t *ret_minor, struct err *err)
{
    return call(vdd_of(port), VDD_VERSION, 0, ret_minor, err);
}

static bool vdd_ping(struct vdd_port *port, struct err *err)
{
    uint32_t ignored;

    return call(vdd_of(port), VDD_PING, 0, &ignored, err);
}

static bool vdd_add(struct vdd_port *port, uint32_t *ret_index, struct err *err)
{
    struct windows_vdd *vdd = vdd_of(port);
    uint32_t index = 0;

    if (!call(vdd, VDD_ADD, 0, &index, err))
        return false;
    if (index >= VDD_MONITORS)
        return err_set(err, ERR_NO_SPACE, TEXT_DEVICE_VDD_FULL, NULL);
    vdd->added |= UINT32_C(1) << index;
    *ret_index = index;
    return true;
}

/* The driver takes any index, also that of a monitor which another program has plugged in. */
static bool vdd_remove(struct vdd_port *port, uint32_t index, struct err *err)
{
    struct windows_vdd *vdd = vdd_of(port);
    uint32_t ignored;

    if (index >= VDD_MONITORS || !(vdd->added >> index & 1))
        return err_set(err, ERR_NOT_FOUND, TEXT_DEVICE_VDD_MONITOR, TEXT_NUM(index), NULL);
    if (!call(vdd, VDD_REMOVE, index, &ignored, err))
        return false;
    vdd->added &= ~(UINT32_C(1) << index);
    return true;
}

static const struct vdd_ops vdd_ops = {
    .open = vdd_open,
    .close = vdd_close,
    .version = vdd_version,
    .add = vdd_add,
    .remove = vdd_remove,
    .ping = vdd_ping,
};

bool windows_vdd_new(struct vdd_port **ret_port, struct err *err)
{
    struct windows_vdd *vdd = calloc(1, sizeof *vdd);

    if (!vdd)
        return err_no_memory(err);
    vdd->port.ops = &vdd_ops;
    vdd->device = INVALID_HANDLE_VALUE;
    InitializeSRWLock(&vdd->lock);
    *ret_port = &vdd->port;
    return true;
}

void windows_vdd_free(struct vdd_port *port)
{
    if (port)
        vdd_close(port);
    free(port);
}
