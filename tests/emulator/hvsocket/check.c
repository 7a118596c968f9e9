/* The rules of AF_HYPERV that the emulator must keep, from facts and sources named in README.md.
 *
 *   check absent            no machine: the family does not exist
 *   check host VM-ID        on the host; VM-ID is a machine on which nobody listens
 *   check guest             in a guest */
#include "../../support/support.h"

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <objbase.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <hvsocket.h>

#define AF_HYPERV 34

enum { ADDRESS_AREA = sizeof(SOCKADDR_HV) + 16, WAIT_MS = 3000 };

static bool on_host;
static GUID silent_vm;
static unsigned next_service;
static LPFN_CONNECTEX connect_ex;
static LPFN_ACCEPTEX accept_ex;
static LPFN_GETACCEPTEXSOCKADDRS accept_addresses;

static SOCKET open_socket(void)
{
    SOCKET s = WSASocketW(AF_HYPERV, SOCK_STREAM, HV_PROTOCOL_RAW, NULL, 0, WSA_FLAG_OVERLAPPED);

    assert_true(s != INVALID_SOCKET);
    return s;
}

static SOCKADDR_HV address_of(GUID vm, GUID service)
{
    SOCKADDR_HV a = {.Family = AF_HYPERV, .VmId = vm, .ServiceId = service};

    return a;
}

/* A service that no other case used. */
static GUID fresh_service(void)
{
    GUID id = HV_GUID_VSOCK_TEMPLATE;

    id.Data1 = 0x01000000u + (GetCurrentProcessId() << 8 & 0xffff00u) + next_service++;
    return id;
}

static int bind_to(SOCKET s, GUID vm, GUID service)
{
    SOCKADDR_HV a = address_of(vm, service);

    return bind(s, (const struct sockaddr *)&a, sizeof(a));
}

static SOCKET listener_at(GUID vm, GUID service)
{
    SOCKET s = open_socket();

    assert_int_equal(bind_to(s, vm, service), 0);
    assert_int_equal(listen(s, 4), 0);
    return s;
}

static SOCKET dialler(void)
{
    SOCKET s = open_socket();

    assert_int_equal(bind_to(s, HV_GUID_ZERO, HV_GUID_ZERO), 0);
    return s;
}

static BOOL start_dial(SOCKET s, GUID vm, GUID service, OVERLAPPED *overlapped)
{
    SOCKADDR_HV a = address_of(vm, service);

    memset(overlapped, 0, sizeof(*overlapped));
    return connect_ex(s, (const struct sockaddr *)&a, sizeof(a), NULL, 0, NULL, overlapped);
}

static BOOL start_accept(SOCKET listener, SOCKET s, char *buffer, OVERLAPPED *overlapped)
{
    DWORD len;

    memset(overlapped, 0, sizeof(*overlapped));
    return accept_ex(listener, s, buffer, 0, ADDRESS_AREA, ADDRESS_AREA, &len, overlapped);
}

static void assert_fails(bool failed, int winsock_error)
{
    int code = WSAGetLastError();

    assert_true(failed);
    assert_int_equal(code, winsock_error);
}

/* The Winsock code of a finished operation. */
static int outcome(SOCKET s, OVERLAPPED *overlapped)
{
    DWORD len, flags;

    return WSAGetOverlappedResult(s, overlapped, &len, TRUE, &flags) ? 0 : WSAGetLastError();
}

static SOCKADDR_HV name_of(SOCKET s, int(WSAAPI *call)(SOCKET, struct sockaddr *, int *))
{
    SOCKADDR_HV a = {.Family = 0};
    int len = sizeof(a);

    assert_int_equal(call(s, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(len, sizeof(a));
    assert_int_equal(a.Family, AF_HYPERV);
    return a;
}

static void assert_guid(GUID a, GUID b)
{
    assert_memory_equal(&a, &b, sizeof(a));
}

static int set_number(SOCKET s, int level, int option, DWORD value)
{
    return setsockopt(s, level, option, (const char *)&value, sizeof(value));
}

static int setup_extensions(void **state)
{
    GUID ids[] = {WSAID_CONNECTEX, WSAID_ACCEPTEX, WSAID_GETACCEPTEXSOCKADDRS};
    void *places[] = {&connect_ex, &accept_ex, &accept_addresses};
    SOCKET s = open_socket();
    DWORD len;

    (void)state;
    for (int i = 0; i < 3; i++)
        if (WSAIoctl(s,
                     SIO_GET_EXTENSION_FUNCTION_POINTER,
                     &ids[i],
                     sizeof(ids[i]),
                     places[i],
                     sizeof(connect_ex),
                     &len,
                     NULL,
                     NULL))
            return -1;
    return closesocket(s);
}

/* ---- sockets, options ---- */

static void family_is_refused_without_a_machine(void **state)
{
    (void)state;
    assert_fails(socket(AF_HYPERV, SOCK_STREAM, HV_PROTOCOL_RAW) == INVALID_SOCKET,
                 WSAEAFNOSUPPORT);
}

static void socket_refuses_other_types_and_protocols(void **state)
{
    (void)state;
    assert_fails(socket(AF_HYPERV, SOCK_DGRAM, HV_PROTOCOL_RAW) == INVALID_SOCKET,
                 WSAESOCKTNOSUPPORT);
    assert_fails(socket(AF_HYPERV, SOCK_STREAM, IPPROTO_TCP) == INVALID_SOCKET, WSAEPROTONOSUPPORT);
}

static void options_of_other_families_are_refused(void **state)
{
    SOCKET s = open_socket();
    DWORD value, len;
    int size = sizeof(value);

    (void)state;
    assert_fails(set_number(s, IPPROTO_TCP, TCP_NODELAY, 1), WSAENOPROTOOPT);
    assert_fails(getsockopt(s, IPPROTO_TCP, TCP_NODELAY, (char *)&value, &size), WSAENOPROTOOPT);
    assert_fails(set_number(s, SOL_SOCKET, SO_KEEPALIVE, 1), WSAENOPROTOOPT);
    assert_fails(set_number(s, SOL_SOCKET, SO_OOBINLINE, 1), WSAENOPROTOOPT);
    assert_fails(set_number(s, HV_PROTOCOL_RAW, 99, 1), WSAENOPROTOOPT);
    assert_fails(WSAIoctl(s, SIO_KEEPALIVE_VALS, &value, sizeof(value), NULL, 0, &len, NULL, NULL),
                 WSAEOPNOTSUPP);
    assert_fails(send(s, "x", 1, MSG_OOB), WSAEOPNOTSUPP);
    closesocket(s);
}

static void connect_timeout_starts_at_two_seconds_and_ends_at_five_minutes(void **state)
{
    SOCKET s = open_socket();
    DWORD value = 0;
    int size = sizeof(value);

    (void)state;
    assert_int_equal(
        getsockopt(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, (char *)&value, &size), 0);
    assert_int_equal(value, 2000);
    assert_fails(set_number(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, 300001), WSAEINVAL);
    assert_int_equal(set_number(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, 300000), 0);
    assert_int_equal(set_number(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECTED_SUSPEND, 1), 0);
    closesocket(s);
}

static void provider_entry_names_the_family(void **state)
{
    SOCKET s = open_socket();
    WSAPROTOCOL_INFOW info;
    int size = sizeof(info);

    (void)state;
    assert_int_equal(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size), 0);
    assert_int_equal(info.iAddressFamily, AF_HYPERV);
    assert_int_equal(info.iProtocol, HV_PROTOCOL_RAW);
    assert_int_equal(info.iMaxSockAddr, 36);
    closesocket(s);
}

static void disconnect_ex_does_not_exist(void **state)
{
    GUID id = WSAID_DISCONNECTEX;
    LPFN_DISCONNECTEX disconnect = NULL;
    SOCKET s = open_socket(), tcp = socket(AF_INET, SOCK_STREAM, 0);
    DWORD len;

    (void)state;
    assert_fails(WSAIoctl(s,
                          SIO_GET_EXTENSION_FUNCTION_POINTER,
                          &id,
                          sizeof(id),
                          &disconnect,
                          sizeof(disconnect),
                          &len,
                          NULL,
                          NULL),
                 WSAEOPNOTSUPP);
    assert_int_equal(WSAIoctl(tcp,
                              SIO_GET_EXTENSION_FUNCTION_POINTER,
                              &id,
                              sizeof(id),
                              &disconnect,
                              sizeof(disconnect),
                              &len,
                              NULL,
                              NULL),
                     0);
    assert_fails(!disconnect(s, NULL, 0, 0), WSAEOPNOTSUPP);
    closesocket(tcp);
    closesocket(s);
}

/* ---- bind, listen ---- */

static void bind_checks_its_address(void **state)
{
    GUID service = fresh_service();
    SOCKADDR_HV a = address_of(HV_GUID_LOOPBACK, service);
    SOCKET s = open_socket();

    (void)state;
    assert_fails(bind(s, (const struct sockaddr *)&a, 16), WSAEFAULT);
    a.Family = AF_INET;
    assert_fails(bind(s, (const struct sockaddr *)&a, sizeof(a)), WSAEAFNOSUPPORT);
    assert_fails(listen(s, 4), WSAEINVAL);
    assert_int_equal(bind_to(s, HV_GUID_LOOPBACK, service), 0);
    assert_fails(bind_to(s, HV_GUID_LOOPBACK, service), WSAEINVAL);
    assert_guid(name_of(s, getsockname).VmId, HV_GUID_LOOPBACK);
    closesocket(s);
}

static void only_a_guest_has_a_parent(void **state)
{
    SOCKET s = open_socket();
    int result = bind_to(s, HV_GUID_PARENT, fresh_service());

    (void)state;
    if (on_host)
        assert_fails(result, WSAEADDRNOTAVAIL);
    else
        assert_int_equal(result, 0);
    closesocket(s);
}

static void second_listener_on_one_address_is_refused(void **state)
{
    GUID service = fresh_service();
    SOCKET first = listener_at(HV_GUID_LOOPBACK, service), second = open_socket();

    (void)state;
    assert_fails(bind_to(second, HV_GUID_LOOPBACK, service), WSAEADDRINUSE);
    closesocket(first);
    assert_int_equal(bind_to(second, HV_GUID_LOOPBACK, service), 0);
    closesocket(second);
}

static void another_vm_id_is_another_address(void **state)
{
    GUID service = fresh_service();
    SOCKET first = listener_at(HV_GUID_LOOPBACK, service);
    SOCKET second = listener_at(HV_GUID_WILDCARD, service);

    (void)state;
    closesocket(first);
    closesocket(second);
}

/* ---- dial and accept ---- */

static void connect_ex_wants_a_bound_socket(void **state)
{
    SOCKET s = open_socket();
    OVERLAPPED overlapped;

    (void)state;
    assert_fails(!start_dial(s, HV_GUID_LOOPBACK, fresh_service(), &overlapped), WSAEINVAL);
    closesocket(s);
}

static void accept_ex_wants_a_socket_of_the_family_and_room(void **state)
{
    SOCKET listener = listener_at(HV_GUID_LOOPBACK, fresh_service()), s = open_socket();
    SOCKET tcp = socket(AF_INET, SOCK_STREAM, 0);
    OVERLAPPED overlapped = {0};
    char buffer[2 * ADDRESS_AREA];
    DWORD len;

    (void)state;
    assert_fails(!start_accept(listener, tcp, buffer, &overlapped), WSAEINVAL);
    assert_fails(!accept_ex(listener, s, buffer, 0, 40, 40, &len, &overlapped), WSAEFAULT);
    closesocket(tcp);
    closesocket(s);
    closesocket(listener);
}

/* A dial over loopback, both ends overlapped and not yet told of it. */
struct pair {
    GUID service;
    HANDLE port;
    SOCKET listener, dialled, accepted;
    char buffer[2 * ADDRESS_AREA];
    OVERLAPPED dial, accept;
};

static void pair_open(struct pair *p, GUID listen_vm)
{
    OVERLAPPED *done;
    ULONG_PTR key;
    DWORD len;

    memset(p, 0, sizeof(*p));
    p->service = fresh_service();
    p->listener = listener_at(listen_vm, p->service);
    p->accepted = open_socket();
    p->dialled = dialler();
    p->port = CreateIoCompletionPort((HANDLE)p->dialled, NULL, 77, 1);
    assert_fails(!start_accept(p->listener, p->accepted, p->buffer, &p->accept), ERROR_IO_PENDING);
    assert_fails(!start_dial(p->dialled, HV_GUID_LOOPBACK, p->service, &p->dial), ERROR_IO_PENDING);
    assert_true(GetQueuedCompletionStatus(p->port, &len, &key, &done, WAIT_MS));
    assert_ptr_equal(done, &p->dial);
    assert_int_equal(key, 77);
    assert_int_equal(outcome(p->listener, &p->accept), 0);
}

static void pair_close(struct pair *p)
{
    closesocket(p->dialled);
    closesocket(p->accepted);
    closesocket(p->listener);
    CloseHandle(p->port);
}

static int update_accept(struct pair *p, SOCKET listener)
{
    return setsockopt(p->accepted,
                      SOL_SOCKET,
                      SO_UPDATE_ACCEPT_CONTEXT,
                      (const char *)&listener,
                      sizeof(listener));
}

static int update_connect(struct pair *p)
{
    return setsockopt(p->dialled, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0);
}

static void names_and_shutdown_wait_for_the_context(void **state)
{
    struct pair p;
    SOCKADDR_HV a;
    int len = sizeof(a);

    (void)state;
    pair_open(&p, HV_GUID_LOOPBACK);
    assert_fails(getpeername(p.dialled, (struct sockaddr *)&a, &len), WSAENOTCONN);
    assert_fails(getpeername(p.accepted, (struct sockaddr *)&a, &len), WSAENOTCONN);
    assert_fails(shutdown(p.dialled, SD_SEND), WSAENOTCONN);
    assert_fails(update_accept(&p, p.dialled), WSAEINVAL);
    assert_int_equal(update_connect(&p), 0);
    assert_int_equal(update_accept(&p, p.listener), 0);
    assert_guid(name_of(p.dialled, getpeername).ServiceId, p.service);
    assert_guid(name_of(p.dialled, getsockname).VmId, HV_GUID_CHILDREN);
    assert_guid(name_of(p.accepted, getpeername).VmId, HV_GUID_LOOPBACK);
    pair_close(&p);
}

static void accept_addresses_are_right_before_and_after_the_context(void **state)
{
    struct sockaddr *local, *remote;
    int local_len, remote_len;
    struct pair p;

    (void)state;
    pair_open(&p, HV_GUID_WILDCARD);
    for (int i = 0; i < 2; i++) {
        accept_addresses(
            p.buffer, 0, ADDRESS_AREA, ADDRESS_AREA, &local, &local_len, &remote, &remote_len);
        assert_int_equal(remote_len, sizeof(SOCKADDR_HV));
        assert_int_equal(remote->sa_family, AF_HYPERV);
        assert_guid(((SOCKADDR_HV *)remote)->VmId, HV_GUID_LOOPBACK);
        assert_guid(((SOCKADDR_HV *)local)->ServiceId, p.service);
        assert_int_equal(i ? 0 : update_accept(&p, p.listener), 0);
    }
    pair_close(&p);
}

static void bytes_and_end_of_stream_arrive(void **state)
{
    char bytes[16];
    struct pair p;

    (void)state;
    pair_open(&p, HV_GUID_LOOPBACK);
    assert_int_equal(update_connect(&p), 0);
    assert_int_equal(update_accept(&p, p.listener), 0);
    assert_int_equal(send(p.accepted, "hello", 5, 0), 5);
    assert_int_equal(recv(p.dialled, bytes, sizeof(bytes), 0), 5);
    assert_int_equal(shutdown(p.dialled, SD_SEND), 0);
    assert_int_equal(recv(p.accepted, bytes, sizeof(bytes), 0), 0);
    pair_close(&p);
}

static void plain_calls_connect_and_accept(void **state)
{
    GUID service = fresh_service();
    SOCKADDR_HV to = address_of(HV_GUID_LOOPBACK, service), from;
    SOCKET listener = listener_at(HV_GUID_LOOPBACK, service), s = open_socket(), accepted;
    int len = sizeof(from);

    (void)state;
    assert_int_equal(connect(s, (const struct sockaddr *)&to, sizeof(to)), 0);
    accepted = accept(listener, (struct sockaddr *)&from, &len);
    assert_true(accepted != INVALID_SOCKET);
    assert_guid(from.VmId, HV_GUID_LOOPBACK);
    assert_guid(name_of(s, getpeername).ServiceId, service);
    closesocket(accepted);
    closesocket(s);
    closesocket(listener);
}

/* ---- refusals and time-outs ---- */

/* Waits for the packet of a dial; its Winsock code, and the Win32 code that the port reports. */
static int wait_dial(HANDLE port, SOCKET s, OVERLAPPED *overlapped, DWORD *ret_win32)
{
    OVERLAPPED *done = NULL;
    ULONG_PTR key;
    DWORD len;
    BOOL ok = GetQueuedCompletionStatus(port, &len, &key, &done, WAIT_MS);

    *ret_win32 = ok ? 0 : GetLastError();
    assert_ptr_equal(done, overlapped);
    return s == INVALID_SOCKET ? 0 : outcome(s, overlapped);
}

static void loopback_without_listener_is_refused(void **state)
{
    SOCKET s = dialler();
    HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 0, 1);
    OVERLAPPED overlapped;
    DWORD win32;

    (void)state;
    assert_fails(!start_dial(s, HV_GUID_LOOPBACK, fresh_service(), &overlapped), ERROR_IO_PENDING);
    assert_int_equal(wait_dial(port, s, &overlapped, &win32), WSAECONNREFUSED);
    assert_int_equal(win32, ERROR_CONNECTION_REFUSED);
    closesocket(s);
    CloseHandle(port);
}

static void parent_is_refused_in_a_guest_and_absent_on_the_host(void **state)
{
    SOCKET s = dialler();
    HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 0, 1);
    OVERLAPPED overlapped;
    DWORD win32;

    (void)state;
    if (on_host) {
        assert_fails(!start_dial(s, HV_GUID_PARENT, fresh_service(), &overlapped),
                     WSAEADDRNOTAVAIL);
    } else {
        assert_fails(!start_dial(s, HV_GUID_PARENT, fresh_service(), &overlapped),
                     ERROR_IO_PENDING);
        assert_int_equal(wait_dial(port, s, &overlapped, &win32), WSAECONNREFUSED);
    }
    closesocket(s);
    CloseHandle(port);
}

static void unknown_vm_is_unreachable(void **state)
{
    static const GUID unknown = {0xdeadbeef, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    SOCKET s = dialler();
    OVERLAPPED overlapped;

    (void)state;
    assert_fails(!start_dial(s, unknown, fresh_service(), &overlapped), WSAENETUNREACH);
    assert_fails(!start_dial(s, HV_GUID_WILDCARD, fresh_service(), &overlapped), WSAEADDRNOTAVAIL);
    closesocket(s);
}

static void silent_vm_times_out(void **state)
{
    SOCKET s = dialler();
    HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 0, 1);
    ULONGLONG start_ms = GetTickCount64();
    OVERLAPPED overlapped, second;
    DWORD win32;

    (void)state;
    assert_int_equal(set_number(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, 300), 0);
    assert_fails(!start_dial(s, silent_vm, fresh_service(), &overlapped), ERROR_IO_PENDING);
    assert_fails(!start_dial(s, silent_vm, fresh_service(), &second), WSAEALREADY);
    assert_int_equal(wait_dial(port, s, &overlapped, &win32), WSAETIMEDOUT);
    assert_int_equal(win32, ERROR_SEM_TIMEOUT);
    assert_in_range(GetTickCount64() - start_ms, 280, 1500);
    closesocket(s);
    CloseHandle(port);
}

static void dial_in_progress_can_be_cancelled_and_closed(void **state)
{
    SOCKET s = dialler();
    HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 0, 1);
    OVERLAPPED overlapped;
    DWORD win32;

    (void)state;
    assert_int_equal(set_number(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, 60000), 0);
    assert_fails(!start_dial(s, silent_vm, fresh_service(), &overlapped), ERROR_IO_PENDING);
    assert_true(CancelIoEx((HANDLE)s, &overlapped));
    assert_int_equal(wait_dial(port, s, &overlapped, &win32), WSA_OPERATION_ABORTED);
    assert_fails(!start_dial(s, silent_vm, fresh_service(), &overlapped), ERROR_IO_PENDING);
    closesocket(s);
    wait_dial(port, INVALID_SOCKET, &overlapped, &win32);
    assert_int_equal(win32, ERROR_OPERATION_ABORTED);
    CloseHandle(port);
}

static void accept_ends_with_its_listener(void **state)
{
    SOCKET listener = listener_at(HV_GUID_LOOPBACK, fresh_service()), s = open_socket();
    HANDLE port = CreateIoCompletionPort((HANDLE)listener, NULL, 0, 1);
    char buffer[2 * ADDRESS_AREA];
    OVERLAPPED overlapped;
    DWORD win32;

    (void)state;
    assert_fails(!start_accept(listener, s, buffer, &overlapped), ERROR_IO_PENDING);
    CancelIoEx((HANDLE)listener, NULL);
    closesocket(listener);
    wait_dial(port, INVALID_SOCKET, &overlapped, &win32);
    assert_int_equal(win32, ERROR_OPERATION_ABORTED);
    closesocket(s);
    CloseHandle(port);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest absent[] = {
        cmocka_unit_test(family_is_refused_without_a_machine),
    };
    const struct CMUnitTest always[] = {
        cmocka_unit_test(socket_refuses_other_types_and_protocols),
        cmocka_unit_test(options_of_other_families_are_refused),
        cmocka_unit_test(connect_timeout_starts_at_two_seconds_and_ends_at_five_minutes),
        cmocka_unit_test(provider_entry_names_the_family),
        cmocka_unit_test(disconnect_ex_does_not_exist),
        cmocka_unit_test(bind_checks_its_address),
        cmocka_unit_test(only_a_guest_has_a_parent),
        cmocka_unit_test(second_listener_on_one_address_is_refused),
        cmocka_unit_test(another_vm_id_is_another_address),
        cmocka_unit_test(connect_ex_wants_a_bound_socket),
        cmocka_unit_test(accept_ex_wants_a_socket_of_the_family_and_room),
        cmocka_unit_test(names_and_shutdown_wait_for_the_context),
        cmocka_unit_test(accept_addresses_are_right_before_and_after_the_context),
        cmocka_unit_test(bytes_and_end_of_stream_arrive),
        cmocka_unit_test(plain_calls_connect_and_accept),
        cmocka_unit_test(loopback_without_listener_is_refused),
        cmocka_unit_test(parent_is_refused_in_a_guest_and_absent_on_the_host),
        cmocka_unit_test(unknown_vm_is_unreachable),
        cmocka_unit_test(accept_ends_with_its_listener),
    };
    const struct CMUnitTest host_only[] = {
        cmocka_unit_test(silent_vm_times_out),
        cmocka_unit_test(dial_in_progress_can_be_cancelled_and_closed),
    };
    const char *mode = argc > 1 ? argv[1] : "";
    WSADATA data;
    int failed;

    WSAStartup(MAKEWORD(2, 2), &data);
    if (!strcmp(mode, "absent"))
        return cmocka_run_group_tests(absent, NULL, NULL);
    on_host = !strcmp(mode, "host");
    failed = cmocka_run_group_tests(always, setup_extensions, NULL);
    if (on_host && argc > 2) {
        wchar_t text[64];

        swprintf(text, 64, L"{%hs}", argv[2]);
        if (CLSIDFromString(text, &silent_vm))
            return 2;
        failed += cmocka_run_group_tests(host_only, setup_extensions, NULL);
    }
    return failed;
}
