/* The only file that knows what an address of a Hyper-V socket looks like. <hvsocket.h> defines
 * GUIDs where it is included, so it is included here only, and last. */
#include "common/link_hyperv_io_win32.h"

#include <string.h>

#include <hvsocket.h>

#ifndef AF_HYPERV
#define AF_HYPERV 34 /* in no header of mingw-w64 10 */
#endif

enum { BACKLOG = 4 };

static GUID to_guid(const struct link_guid *id)
{
    const uint8_t *b = id->bytes;
    GUID guid;

    guid.Data1 = (ULONG)b[0] << 24 | (ULONG)b[1] << 16 | (ULONG)b[2] << 8 | b[3];
    guid.Data2 = (USHORT)(b[4] << 8 | b[5]);
    guid.Data3 = (USHORT)(b[6] << 8 | b[7]);
    memcpy(guid.Data4, b + 8, sizeof guid.Data4);
    return guid;
}

static struct link_guid from_guid(const GUID *guid)
{
    struct link_guid id;

    for (int i = 0; i < 4; i++)
        id.bytes[i] = (uint8_t)(guid->Data1 >> (24 - 8 * i));
    for (int i = 0; i < 2; i++) {
        id.bytes[4 + i] = (uint8_t)(guid->Data2 >> (8 - 8 * i));
        id.bytes[6 + i] = (uint8_t)(guid->Data3 >> (8 - 8 * i));
    }
    memcpy(id.bytes + 8, guid->Data4, sizeof guid->Data4);
    return id;
}

static SOCKADDR_HV to_address(const struct link_guid *vm, const struct link_guid *service)
{
    SOCKADDR_HV address;

    memset(&address, 0, sizeof address);
    address.Family = AF_HYPERV;
    if (vm)
        address.VmId = to_guid(vm);
    if (service)
        address.ServiceId = to_guid(service);
    return address;
}

static int bind_to(SOCKET s, const SOCKADDR_HV *address)
{
    return bind(s, (const struct sockaddr *)address, sizeof *address) ? WSAGetLastError() : 0;
}

int hv_socket_open(SOCKET *ret_socket)
{
    SOCKET s = WSASocketW(AF_HYPERV,
                          SOCK_STREAM,
                          HV_PROTOCOL_RAW,
                          NULL,
                          0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    ULONG on = 1;

    if (s == INVALID_SOCKET)
        return WSAGetLastError();
    /* Old builds refuse it and drop connections of a suspended VM; the caller redials then. */
    setsockopt(s, HV_PROTOCOL_RAW, HVSOCKET_CONNECTED_SUSPEND, (const char *)&on, sizeof on);
    *ret_socket = s;
    return 0;
}

static int
listen_at(const struct link_guid *vm, const struct link_guid *service, SOCKET *ret_socket)
{
    SOCKADDR_HV address = to_address(vm, service);
    SOCKET s = INVALID_SOCKET;
    int code = hv_socket_open(&s);

    if (code)
        return code;
    code = bind_to(s, &address);
    if (!code && listen(s, BACKLOG))
        code = WSAGetLastError();
    if (code)
        closesocket(s);
    else
        *ret_socket = s;
    return code;
}

int hv_socket_listen(const struct link_guid *vm,
                     const struct link_guid *service,
                     SOCKET *ret_socket,
                     bool *ret_wildcard)
{
    bool is_parent = !memcmp(vm, &link_vm_parent, sizeof *vm);
    bool is_wildcard = !memcmp(vm, &link_vm_wildcard, sizeof *vm);
    int code = listen_at(vm, service, ret_socket);

    if (is_parent && (code == WSAEADDRNOTAVAIL || code == WSAEINVAL)) {
        is_wildcard = true;
        code = listen_at(&link_vm_wildcard, service, ret_socket);
    }
    if (!code)
        *ret_wildcard = is_wildcard;
    return code;
}

int hv_socket_dial(const struct hv_hub *hub,
                   SOCKET s,
                   const struct link_guid *vm,
                   const struct link_guid *service,
                   int64_t timeout_ms,
                   OVERLAPPED *overlapped)
{
    SOCKADDR_HV to = to_address(vm, service), any = to_address(NULL, NULL);
    ULONG limit_ms = timeout_ms > HVSOCKET_CONNECT_TIMEOUT_MAX ? HVSOCKET_CONNECT_TIMEOUT_MAX
                                                               : (ULONG)timeout_ms;
    int code;

    /* Where it is refused the system's two seconds hold, and the link's own deadline. */
    setsockopt(
        s, HV_PROTOCOL_RAW, HVSOCKET_CONNECT_TIMEOUT, (const char *)&limit_ms, sizeof limit_ms);
    code = bind_to(s, &any);
    if (code)
        return code;
    if (hub->connect_ex(s, (const struct sockaddr *)&to, sizeof to, NULL, 0, NULL, overlapped))
        return 0;
    code = WSAGetLastError();
    return code == ERROR_IO_PENDING ? 0 : code;
}

static int extension(SOCKET s, const GUID *id, void *ret_function, DWORD size)
{
    GUID copy = *id;
    DWORD length;

    if (WSAIoctl(s,
                 SIO_GET_EXTENSION_FUNCTION_POINTER,
                 &copy,
                 sizeof copy,
                 ret_function,
                 size,
                 &length,
                 NULL,
                 NULL))
        return WSAGetLastError();
    return 0;
}

int hv_socket_extensions(LPFN_CONNECTEX *ret_connect_ex, LPFN_ACCEPTEX *ret_accept_ex)
{
    static const GUID connect_id = WSAID_CONNECTEX, accept_id = WSAID_ACCEPTEX;
    SOCKET s = INVALID_SOCKET;
    int code = hv_socket_open(&s);

    if (code)
        return code;
    code = extension(s, &connect_id, ret_connect_ex, sizeof *ret_connect_ex);
    if (!code)
        code = extension(s, &accept_id, ret_accept_ex, sizeof *ret_accept_ex);
    closesocket(s);
    return code;
}

bool hv_socket_peer(SOCKET s, struct link_guid *ret_vm)
{
    SOCKADDR_STORAGE storage;
    SOCKADDR_HV address;
    int length = sizeof storage;

    if (getpeername(s, (struct sockaddr *)&storage, &length) || length < (int)sizeof address)
        return false;
    memcpy(&address, &storage, sizeof address);
    if (address.Family != AF_HYPERV)
        return false;
    *ret_vm = from_guid(&address.VmId);
    return true;
}
