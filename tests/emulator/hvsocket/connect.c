/* Dialling. One thread a dial tries the candidates in turn by Wine's ConnectEx and, towards a
 * virtual machine, again and again until a listener appears, the time is up or the caller cancels;
 * then it completes the caller's OVERLAPPED. */
#include "emulator.h"

#include <stddef.h>
#include <stdlib.h>

enum { RETRY_MS = 15, THREAD_STACK_BYTES = 64 << 10 };

/* Not all in mingw's ntstatus.h without a clash with winnt.h. */
#define STATUS_OK        ((NTSTATUS)0)
#define STATUS_WAITING   ((NTSTATUS)0x00000103)
#define STATUS_TIMED_OUT ((NTSTATUS)0xC00000B5)
#define STATUS_CANCEL    ((NTSTATUS)0xC0000120)
#define STATUS_REFUSED   ((NTSTATUS)0xC0000236)

typedef NTSTATUS(WINAPI *set_completion_call)(HANDLE, ULONG_PTR, ULONG_PTR, NTSTATUS, SIZE_T);

struct connect_op {
    SOCKET s;
    OVERLAPPED *overlapped; /* NULL: connect() */
    HANDLE cancel;
    SOCKADDR_HV to;
    struct route route;
    DWORD timeout_ms;
    const char *data; /* sent once connected */
    DWORD data_len;
    NTSTATUS status;
};

static void op_free(struct connect_op *op)
{
    if (!op)
        return;
    if (op->cancel)
        CloseHandle(op->cancel);
    free(op);
}

static bool is_cancelled(const struct connect_op *op, DWORD wait_ms)
{
    return WaitForSingleObject(op->cancel, wait_ms) == WAIT_OBJECT_0;
}

/* An event with its lowest bit set keeps the packet away from the caller's completion port. */
static HANDLE quiet_event(HANDLE event)
{
    return (HANDLE)((ULONG_PTR)event | 1);
}

static NTSTATUS
try_candidate(const struct connect_op *op, const struct sockaddr_in *to, HANDLE event)
{
    OVERLAPPED own = {.hEvent = quiet_event(event)};
    HANDLE wait[] = {event, op->cancel};
    bool started = false;

    ResetEvent(event);
    /* Linux fails the connect that follows a refused one with ECONNABORTED, the one after that
     * works. */
    for (int i = 0; i < 2 && !started; i++)
        started =
            real.ConnectEx(op->s, (const struct sockaddr *)to, sizeof(*to), NULL, 0, NULL, &own) ||
            real.WSAGetLastError() == ERROR_IO_PENDING;
    if (!started)
        return STATUS_REFUSED;
    if (WaitForMultipleObjects(2, wait, FALSE, INFINITE) != WAIT_OBJECT_0) {
        IO_STATUS_BLOCK status;

        hook_cancel_real((HANDLE)op->s, (IO_STATUS_BLOCK *)&own, &status);
        WaitForSingleObject(event, INFINITE);
    }
    return (NTSTATUS)own.Internal;
}

static NTSTATUS try_until_done(const struct connect_op *op, HANDLE event)
{
    ULONGLONG end_ms = GetTickCount64() + op->timeout_ms, now_ms;

    for (;;) {
        for (unsigned i = 0; i < op->route.count; i++) {
            NTSTATUS status = try_candidate(op, &op->route.candidate[i], event);

            if (status == STATUS_OK)
                return status;
            if (is_cancelled(op, 0))
                return STATUS_CANCEL;
            if (status != STATUS_REFUSED)
                return status;
        }
        now_ms = GetTickCount64();
        if (!op->route.waits)
            return STATUS_REFUSED;
        if (now_ms >= end_ms)
            return STATUS_TIMED_OUT;
        if (is_cancelled(op, end_ms - now_ms < RETRY_MS ? (DWORD)(end_ms - now_ms) : RETRY_MS))
            return STATUS_CANCEL;
    }
}

static void send_data(const struct connect_op *op)
{
    DWORD done = 0;

    while (done < op->data_len) {
        int sent = real.send(op->s, op->data + done, (int)(op->data_len - done), 0);

        if (sent <= 0)
            return; /* the caller learns it from its next operation */
        done += (DWORD)sent;
    }
}

static void complete_overlapped(const struct connect_op *op, const struct emu_socket *e)
{
    set_completion_call set_completion = (set_completion_call)(void (*)(void))GetProcAddress(
        GetModuleHandleA("ntdll.dll"), "NtSetIoCompletion");
    OVERLAPPED *overlapped = op->overlapped;
    HANDLE event = overlapped->hEvent;
    ULONG_PTR len = op->status ? 0 : op->data_len;
    bool wants_packet = e->port && !((ULONG_PTR)event & 1);

    overlapped->InternalHigh = len;
    overlapped->Internal = (ULONG)op->status;
    if (wants_packet)
        set_completion(e->port, e->port_key, (ULONG_PTR)overlapped, op->status, len);
    if (event)
        SetEvent((HANDLE)((ULONG_PTR)event & ~(ULONG_PTR)1));
}

static void run(struct connect_op *op)
{
    struct emu_socket *e = table_find(op->s); /* connect_end keeps it alive */
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    struct sockaddr_in own;
    int own_len = sizeof(own);

    op->status = event ? try_until_done(op, event) : STATUS_REFUSED;
    if (event)
        CloseHandle(event);
    if (!op->status)
        send_data(op);
    emu_lock();
    e->connect = NULL;
    e->state = op->status ? EMU_BOUND : EMU_CONNECTED;
    if (!op->status) {
        e->peer = op->to;
        e->local.VmId = HV_GUID_CHILDREN;
        if (!real.getsockname(op->s, (struct sockaddr *)&own, &own_len))
            e->local.ServiceId = route_dialler_service(&own);
    }
    if (op->overlapped)
        complete_overlapped(op, e);
    emu_unlock();
}

static DWORD WINAPI thread_main(void *argument)
{
    struct connect_op *op = argument;

    run(op);
    op_free(op);
    return 0;
}

static int check_dial(const struct emu_socket *e,
                      const struct sockaddr *name,
                      int name_len,
                      bool must_be_bound)
{
    if (!name || name_len < (int)sizeof(SOCKADDR_HV))
        return WSAEFAULT;
    if (name->sa_family != AF_HYPERV)
        return WSAEAFNOSUPPORT;
    if (e->state == EMU_CONNECTING)
        return WSAEALREADY;
    if (e->state == EMU_CONNECTED)
        return WSAEISCONN;
    if (e->state == EMU_BOUND || (e->state == EMU_NEW && !must_be_bound))
        return 0;
    return WSAEINVAL;
}

/* 0 and the operation, or a Winsock code. */
static int op_start(struct emu_socket *e,
                    const struct sockaddr *name,
                    int name_len,
                    OVERLAPPED *overlapped,
                    struct connect_op **ret_op)
{
    struct machine_map map;
    struct connect_op *op = NULL;
    int code = check_dial(e, name, name_len, overlapped != NULL);

    if (code)
        return code;
    machine_get(&map);
    op = calloc(1, sizeof(*op));
    if (!op)
        return WSAENOBUFS;
    op->s = e->handle;
    op->overlapped = overlapped;
    op->to = *(const SOCKADDR_HV *)name;
    op->timeout_ms = map.hang_dial ? INFINITE : e->option[OPTION_CONNECT_TIMEOUT];
    op->cancel = CreateEventA(NULL, TRUE, FALSE, NULL);
    code = op->cancel ? route_find(&map, &op->to, &op->route) : WSAENOBUFS;
    if (!code && !real_extensions(op->s))
        code = WSAEOPNOTSUPP;
    if (!code && !e->has_tcp_address && table_bind_tcp(e, &map, NULL))
        code = real.WSAGetLastError();
    if (code) {
        op_free(op);
        return code;
    }
    emu_lock();
    e->connect = op;
    e->state = EMU_CONNECTING;
    emu_unlock();
    *ret_op = op;
    return 0;
}

BOOL WINAPI emu_connect_ex(SOCKET s,
                           const struct sockaddr *name,
                           int name_len,
                           void *data,
                           DWORD data_len,
                           DWORD *sent,
                           OVERLAPPED *overlapped)
{
    struct emu_socket *e = table_find(s);
    struct connect_op *op = NULL;
    HANDLE thread;
    int code;

    if (!e)
        return real_extensions(s)
                   ? real.ConnectEx(s, name, name_len, data, data_len, sent, overlapped)
                   : FALSE;
    code = overlapped ? op_start(e, name, name_len, overlapped, &op) : ERROR_INVALID_PARAMETER;
    if (code) {
        emu_fail(code);
        return FALSE;
    }
    op->data = data;
    op->data_len = data_len;
    overlapped->Internal = (ULONG)STATUS_WAITING;
    overlapped->InternalHigh = 0;
    if (overlapped->hEvent)
        ResetEvent((HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1));
    thread = CreateThread(NULL, THREAD_STACK_BYTES, thread_main, op, 0, NULL);
    if (!thread) {
        emu_lock();
        e->connect = NULL;
        e->state = EMU_BOUND;
        emu_unlock();
        op_free(op);
        emu_fail(WSAENOBUFS);
        return FALSE;
    }
    CloseHandle(thread);
    emu_fail(ERROR_IO_PENDING);
    return FALSE;
}

static int winsock_code(NTSTATUS status)
{
    return status == STATUS_TIMED_OUT ? WSAETIMEDOUT
           : status == STATUS_CANCEL  ? WSAEINTR
                                      : WSAECONNREFUSED;
}

int WINAPI emu_connect(SOCKET s, const struct sockaddr *name, int name_len)
{
    struct emu_socket *e = table_find(s);
    struct connect_op *op = NULL;
    NTSTATUS status;
    int code;

    if (!e)
        return real.connect(s, name, name_len);
    code = op_start(e, name, name_len, NULL, &op);
    if (code)
        return emu_fail(code);
    run(op);
    status = op->status;
    op_free(op);
    if (status)
        return emu_fail(winsock_code(status));
    e->has_context = true;
    return 0;
}

int WINAPI emu_WSAConnect(SOCKET s,
                          const struct sockaddr *name,
                          int name_len,
                          WSABUF *caller,
                          WSABUF *callee,
                          QOS *send_qos,
                          QOS *group_qos)
{
    return table_find(s) ? emu_connect(s, name, name_len)
                         : real.WSAConnect(s, name, name_len, caller, callee, send_qos, group_qos);
}

bool connect_cancel(SOCKET s, const OVERLAPPED *overlapped)
{
    struct emu_socket *e = table_find(s);
    bool found = false;

    if (!e)
        return false;
    emu_lock();
    if (e->connect && (!overlapped || overlapped == e->connect->overlapped)) {
        SetEvent(e->connect->cancel);
        found = true;
    }
    emu_unlock();
    return found;
}

void connect_end(struct emu_socket *e)
{
    while (connect_cancel(e->handle, NULL))
        Sleep(1);
}
