/* Accepting. The completion is Wine's; addresses are translated where they are read. */
#include "emulator.h"

#include <string.h>

enum { ADDRESS_EXTRA = 16 }; /* AcceptEx wants that much more than the address */

static int check_accept(struct emu_socket *listener,
                        struct emu_socket *e,
                        DWORD local_len,
                        DWORD remote_len,
                        const OVERLAPPED *overlapped)
{
    struct sockaddr_in in;
    int len = sizeof(in);

    if (!overlapped)
        return ERROR_INVALID_PARAMETER;
    if (!listener || !e || listener->state != EMU_LISTENING)
        return WSAEINVAL; /* also when the families differ */
    if (e->state == EMU_ACCEPTING && real.getpeername(e->handle, (struct sockaddr *)&in, &len))
        e->state = EMU_NEW; /* an earlier AcceptEx on it failed */
    if (e->state != EMU_NEW)
        return WSAEINVAL;
    if (local_len < sizeof(SOCKADDR_HV) + ADDRESS_EXTRA ||
        remote_len < sizeof(SOCKADDR_HV) + ADDRESS_EXTRA)
        return WSAEFAULT;
    return 0;
}

BOOL WINAPI emu_accept_ex(SOCKET listener,
                          SOCKET s,
                          void *buffer,
                          DWORD receive_len,
                          DWORD local_len,
                          DWORD remote_len,
                          DWORD *received,
                          OVERLAPPED *overlapped)
{
    struct emu_socket *l = table_find(listener), *e = table_find(s), *former;
    int code;

    if (!real_extensions(listener))
        return FALSE;
    if (!l && !e)
        return real.AcceptEx(
            listener, s, buffer, receive_len, local_len, remote_len, received, overlapped);
    code = check_accept(l, e, local_len, remote_len, overlapped);
    if (code) {
        emu_fail(code);
        return FALSE;
    }
    while ((former = table_find_accept_buffer(buffer)))
        former->accept_buffer = NULL;
    e->state = EMU_ACCEPTING;
    e->listener = listener;
    e->accept_buffer = buffer;
    e->local.VmId = HV_GUID_CHILDREN;
    e->local.ServiceId = e->listener_service = l->local.ServiceId;
    return real.AcceptEx(
        listener, s, buffer, receive_len, local_len, remote_len, received, overlapped);
}

void WINAPI emu_get_accept_addresses(void *buffer,
                                     DWORD receive_len,
                                     DWORD local_len,
                                     DWORD remote_len,
                                     struct sockaddr **local,
                                     int *ret_local_len,
                                     struct sockaddr **remote,
                                     int *ret_remote_len)
{
    const struct emu_socket *e = table_find_accept_buffer(buffer);

    real.GetAcceptExSockaddrs(
        buffer, receive_len, local_len, remote_len, local, ret_local_len, remote, ret_remote_len);
    if (!e)
        return;
    if ((*remote)->sa_family == AF_INET) { /* else translated by an earlier call */
        SOCKADDR_HV own = {.Family = AF_HYPERV, .VmId = HV_GUID_CHILDREN}, peer;
        struct machine_map map;

        machine_get(&map);
        own.ServiceId = e->listener_service;
        peer = route_peer(&map, (const struct sockaddr_in *)*remote);
        memcpy(*local, &own, sizeof(own));
        memcpy(*remote, &peer, sizeof(peer));
    }
    *ret_local_len = *ret_remote_len = sizeof(SOCKADDR_HV);
}

int accept_finish(struct emu_socket *e)
{
    struct machine_map map;
    struct sockaddr_in in;
    int len = sizeof(in);

    if (real.getpeername(e->handle, (struct sockaddr *)&in, &len))
        return SOCKET_ERROR;
    machine_get(&map);
    e->peer = route_peer(&map, &in);
    e->local.ServiceId.Data1 ^= 0x5a5a5a5a; /* Windows reports an arbitrary service id here */
    e->state = EMU_CONNECTED;
    e->has_context = true;
    return 0;
}

SOCKET WINAPI emu_accept(SOCKET s, struct sockaddr *name, int *name_len)
{
    struct emu_socket *listener = table_find(s), *e;
    SOCKET accepted;

    if (!listener) {
        accepted = real.accept(s, name, name_len);
        table_remove(accepted);
        return accepted;
    }
    if (listener->state != EMU_LISTENING) {
        emu_fail(WSAEINVAL);
        return INVALID_SOCKET;
    }
    if (name && (!name_len || *name_len < (int)sizeof(SOCKADDR_HV))) {
        emu_fail(WSAEFAULT);
        return INVALID_SOCKET;
    }
    accepted = real.accept(s, NULL, NULL);
    if (accepted == INVALID_SOCKET)
        return INVALID_SOCKET;
    e = table_add(accepted);
    if (!e || accept_finish(e)) {
        table_remove(accepted);
        real.closesocket(accepted);
        emu_fail(WSAECONNRESET);
        return INVALID_SOCKET;
    }
    if (name) {
        memcpy(name, &e->peer, sizeof(e->peer));
        *name_len = sizeof(e->peer);
    }
    return accepted;
}

SOCKET WINAPI emu_WSAAccept(
    SOCKET s, struct sockaddr *name, int *name_len, LPCONDITIONPROC condition, DWORD_PTR context)
{
    SOCKET accepted;

    if (table_find(s) && !condition)
        return emu_accept(s, name, name_len);
    if (table_find(s)) {
        emu_fail(WSAEOPNOTSUPP);
        return INVALID_SOCKET;
    }
    accepted = real.WSAAccept(s, name, name_len, condition, context);
    table_remove(accepted);
    return accepted;
}
