/* Loads the original and finds what it does itself. */
#include "emulator.h"

#include <stddef.h>
#include <string.h>

#include "../thunk/thunk.h"

struct real_calls real;

int emu_fail(int winsock_error)
{
    real.WSASetLastError(winsock_error);
    return SOCKET_ERROR;
}

bool guid_equal(const GUID *a, const GUID *b)
{
    return !memcmp(a, b, sizeof(*a));
}

#define CALL(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct real_calls, name)                                                   \
    }

static const struct {
    const char *name;
    size_t offset;
} calls[] = {
    CALL(socket),
    CALL(WSASocketW),
    CALL(WSASocketA),
    CALL(bind),
    CALL(listen),
    CALL(accept),
    CALL(WSAAccept),
    CALL(connect),
    CALL(WSAConnect),
    CALL(getsockname),
    CALL(getpeername),
    CALL(closesocket),
    CALL(shutdown),
    CALL(setsockopt),
    CALL(getsockopt),
    CALL(WSAIoctl),
    CALL(send),
    CALL(recv),
    CALL(WSASend),
    CALL(WSARecv),
    CALL(WSASetLastError),
    CALL(WSAGetLastError),
};

static bool extension(SOCKET s, const GUID *id, void *ret_function)
{
    GUID copy = *id;
    DWORD len;

    return !real.WSAIoctl(s,
                          SIO_GET_EXTENSION_FUNCTION_POINTER,
                          &copy,
                          sizeof(copy),
                          ret_function,
                          sizeof(thunk_function),
                          &len,
                          NULL,
                          NULL);
}

bool real_extensions(SOCKET s)
{
    static const GUID connect_id = WSAID_CONNECTEX, accept_id = WSAID_ACCEPTEX;
    static const GUID addresses_id = WSAID_GETACCEPTEXSOCKADDRS, disconnect_id = WSAID_DISCONNECTEX;

    if (real.DisconnectEx)
        return true;
    return extension(s, &connect_id, &real.ConnectEx) && extension(s, &accept_id, &real.AcceptEx) &&
           extension(s, &addresses_id, &real.GetAcceptExSockaddrs) &&
           extension(s, &disconnect_id, &real.DisconnectEx);
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    if (!thunk_load())
        return FALSE;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        thunk_function function = thunk_original(calls[i].name);

        if (!function)
            return FALSE;
        memcpy((char *)&real + calls[i].offset, &function, sizeof(function));
    }
    return TRUE;
}
