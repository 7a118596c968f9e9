/* The plain calls: make, bind, listen, name, send, close. */
#include "emulator.h"

#include <string.h>

enum { CUT_BUFFERS = 16 };

static int check_triple(int type, int protocol)
{
    if (type != SOCK_STREAM)
        return WSAESOCKTNOSUPPORT;
    return protocol == HV_PROTOCOL_RAW ? 0 : WSAEPROTONOSUPPORT;
}

SOCKET WINAPI emu_WSASocketW(
    int family, int type, int protocol, WSAPROTOCOL_INFOW *info, GROUP group, DWORD flags)
{
    SOCKET s;
    int code;

    if (info && info->iAddressFamily == AF_HYPERV) {
        family = AF_HYPERV;
        type = info->iSocketType;
        protocol = info->iProtocol;
    }
    if (family != AF_HYPERV || !machine_load() || !hook_install()) {
        s = real.WSASocketW(family, type, protocol, info, group, flags);
        table_remove(s);
        return s;
    }
    code = check_triple(type, protocol);
    if (code) {
        emu_fail(code);
        return INVALID_SOCKET;
    }
    s = real.WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, flags);
    if (s != INVALID_SOCKET && !table_add(s)) {
        real.closesocket(s);
        emu_fail(WSAEMFILE);
        return INVALID_SOCKET;
    }
    return s;
}

SOCKET WINAPI emu_WSASocketA(
    int family, int type, int protocol, WSAPROTOCOL_INFOA *info, GROUP group, DWORD flags)
{
    SOCKET s;

    if (family == AF_HYPERV && !info)
        return emu_WSASocketW(family, type, protocol, NULL, group, flags);
    s = real.WSASocketA(family, type, protocol, info, group, flags);
    table_remove(s);
    return s;
}

SOCKET WINAPI emu_socket(int family, int type, int protocol)
{
    SOCKET s;

    if (family == AF_HYPERV)
        return emu_WSASocketW(family, type, protocol, NULL, 0, WSA_FLAG_OVERLAPPED);
    s = real.socket(family, type, protocol);
    table_remove(s);
    return s;
}

int WINAPI emu_bind(SOCKET s, const struct sockaddr *name, int name_len)
{
    const SOCKADDR_HV *address = (const SOCKADDR_HV *)name;
    struct emu_socket *e = table_find(s);
    struct machine_map map;

    if (!e)
        return real.bind(s, name, name_len);
    if (!address || name_len < (int)sizeof(*address))
        return emu_fail(WSAEFAULT);
    if (address->Family != AF_HYPERV)
        return emu_fail(WSAEAFNOSUPPORT);
    if (e->state != EMU_NEW || address->Reserved)
        return emu_fail(WSAEINVAL);
    machine_get(&map);
    if (!route_may_bind(&map, &address->VmId))
        return emu_fail(WSAEADDRNOTAVAIL);
    if (!guid_equal(&address->ServiceId, &HV_GUID_ZERO) && !map.conflict_at_listen &&
        table_bind_tcp(e, &map, address))
        return SOCKET_ERROR;
    e->local = *address;
    e->state = EMU_BOUND;
    return 0;
}

int WINAPI emu_listen(SOCKET s, int backlog)
{
    struct emu_socket *e = table_find(s);
    struct machine_map map;

    if (!e)
        return real.listen(s, backlog);
    if (e->state == EMU_LISTENING)
        return 0;
    if (e->state != EMU_BOUND || guid_equal(&e->local.ServiceId, &HV_GUID_ZERO))
        return emu_fail(WSAEINVAL);
    machine_get(&map);
    if (map.require_key && map.all[map.self].is_host &&
        !guid_equal(&e->local.VmId, &HV_GUID_LOOPBACK) &&
        !machine_has_service_key(&e->local.ServiceId))
        return emu_fail(WSAEACCES);
    if (!e->has_tcp_address && table_bind_tcp(e, &map, &e->local))
        return SOCKET_ERROR;
    if (real.listen(s, backlog))
        return SOCKET_ERROR;
    e->state = EMU_LISTENING;
    return 0;
}

static int give_name(const SOCKADDR_HV *from, struct sockaddr *name, int *name_len)
{
    if (!name || !name_len || *name_len < (int)sizeof(*from))
        return emu_fail(WSAEFAULT);
    memcpy(name, from, sizeof(*from));
    *name_len = sizeof(*from);
    return 0;
}

int WINAPI emu_getsockname(SOCKET s, struct sockaddr *name, int *name_len)
{
    const struct emu_socket *e = table_find(s);

    if (!e)
        return real.getsockname(s, name, name_len);
    if (e->state == EMU_NEW || e->state == EMU_ACCEPTING)
        return emu_fail(WSAEINVAL);
    return give_name(&e->local, name, name_len);
}

int WINAPI emu_getpeername(SOCKET s, struct sockaddr *name, int *name_len)
{
    const struct emu_socket *e = table_find(s);

    if (!e)
        return real.getpeername(s, name, name_len);
    if (!e->has_context)
        return emu_fail(WSAENOTCONN);
    return give_name(&e->peer, name, name_len);
}

int WINAPI emu_shutdown(SOCKET s, int how)
{
    const struct emu_socket *e = table_find(s);

    return e && !e->has_context ? emu_fail(WSAENOTCONN) : real.shutdown(s, how);
}

int WINAPI emu_closesocket(SOCKET s)
{
    struct emu_socket *e = table_find(s);

    if (e) {
        connect_end(e); /* its packet comes first, with 995 */
        e->handle = 0;
    }
    return real.closesocket(s);
}

/* No out-of-band data in this family. */
static bool refuses(SOCKET s, DWORD flags)
{
    return (flags & MSG_OOB) && table_find(s);
}

int WINAPI emu_send(SOCKET s, const char *data, int len, int flags)
{
    return refuses(s, (DWORD)flags) ? emu_fail(WSAEOPNOTSUPP) : real.send(s, data, len, flags);
}

int WINAPI emu_recv(SOCKET s, char *data, int len, int flags)
{
    return refuses(s, (DWORD)flags) ? emu_fail(WSAEOPNOTSUPP) : real.recv(s, data, len, flags);
}

int WINAPI emu_WSARecv(SOCKET s,
                       WSABUF *buffers,
                       DWORD count,
                       DWORD *received,
                       DWORD *flags,
                       WSAOVERLAPPED *overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (flags && refuses(s, *flags))
        return emu_fail(WSAEOPNOTSUPP);
    return real.WSARecv(s, buffers, count, received, flags, overlapped, routine);
}

int WINAPI emu_WSASend(SOCKET s,
                       WSABUF *buffers,
                       DWORD count,
                       DWORD *sent,
                       DWORD flags,
                       WSAOVERLAPPED *overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF cut[CUT_BUFFERS];
    struct machine_map map;
    DWORD used = 0, left;

    if (refuses(s, flags))
        return emu_fail(WSAEOPNOTSUPP);
    if (!table_find(s))
        return real.WSASend(s, buffers, count, sent, flags, overlapped, routine);
    machine_get(&map);
    if (!map.max_send)
        return real.WSASend(s, buffers, count, sent, flags, overlapped, routine);
    for (left = map.max_send; used < count && used < CUT_BUFFERS && left; used++) {
        cut[used] = buffers[used];
        if (cut[used].len > left)
            cut[used].len = left;
        left -= cut[used].len;
    }
    return real.WSASend(s, cut, used, sent, flags, overlapped, routine);
}
