/* Options and control codes: what the family has, and WSAENOPROTOOPT or WSAEOPNOTSUPP for the rest.
 */
#include "emulator.h"

#include <string.h>

static const int family_options[OPTION_COUNT] = {
    [OPTION_CONNECT_TIMEOUT] = HVSOCKET_CONNECT_TIMEOUT,
    HVSOCKET_CONTAINER_PASSTHRU,
    HVSOCKET_CONNECTED_SUSPEND,
    HVSOCKET_HIGH_VTL,
};

static const int settable[] = {SO_RCVBUF,
                               SO_SNDBUF,
                               SO_LINGER,
                               SO_DONTLINGER,
                               SO_REUSEADDR,
                               SO_EXCLUSIVEADDRUSE,
                               SO_RCVTIMEO,
                               SO_SNDTIMEO,
                               SO_CONDITIONAL_ACCEPT};

static const int readable[] = {SO_TYPE,
                               SO_ERROR,
                               SO_RCVBUF,
                               SO_SNDBUF,
                               SO_ACCEPTCONN,
                               SO_LINGER,
                               SO_CONNECT_TIME,
                               SO_RCVTIMEO,
                               SO_SNDTIMEO,
                               SO_REUSEADDR,
                               SO_EXCLUSIVEADDRUSE,
                               SO_DONTLINGER};

static const DWORD controls[] = {
    FIONBIO, FIONREAD, SIO_BASE_HANDLE, SIO_BSP_HANDLE, SIO_BSP_HANDLE_SELECT, SIO_BSP_HANDLE_POLL};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool contains(const int *list, size_t count, int option)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == option)
            return true;
    return false;
}

static int family_option_index(int option)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (family_options[i] == option)
            return i;
    return -1;
}

static int set_family_option(struct emu_socket *e, int option, const char *value, int len)
{
    int index = family_option_index(option);
    DWORD number;

    if (index < 0)
        return emu_fail(WSAENOPROTOOPT);
    if (!value || len < (int)sizeof(number))
        return emu_fail(WSAEFAULT);
    memcpy(&number, value, sizeof(number));
    if (index == OPTION_CONNECT_TIMEOUT && number > HVSOCKET_CONNECT_TIMEOUT_MAX)
        return emu_fail(WSAEINVAL);
    e->option[index] = number;
    return 0;
}

static int update_accept_context(struct emu_socket *e, const char *value, int len)
{
    SOCKET listener;

    if (!value || len < (int)sizeof(listener))
        return emu_fail(WSAEFAULT);
    memcpy(&listener, value, sizeof(listener));
    if (e->state != EMU_ACCEPTING || listener != e->listener)
        return emu_fail(WSAEINVAL);
    return accept_finish(e);
}

int WINAPI emu_setsockopt(SOCKET s, int level, int option, const char *value, int len)
{
    struct emu_socket *e = table_find(s);

    if (!e)
        return real.setsockopt(s, level, option, value, len);
    if (level == HV_PROTOCOL_RAW)
        return set_family_option(e, option, value, len);
    if (level != SOL_SOCKET)
        return emu_fail(WSAENOPROTOOPT); /* TCP_NODELAY and the like */
    if (option == SO_UPDATE_ACCEPT_CONTEXT)
        return update_accept_context(e, value, len);
    if (option == SO_UPDATE_CONNECT_CONTEXT) {
        if (e->state != EMU_CONNECTED)
            return emu_fail(WSAENOTCONN);
        e->has_context = true;
        return 0;
    }
    if (!contains(settable, COUNT(settable), option))
        return emu_fail(WSAENOPROTOOPT); /* SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE ... */
    return real.setsockopt(s, level, option, value, len);
}

/* The catalogue entry "Hyper-V RAW". The two forms differ in szProtocol only, which comes last. */
static int get_protocol_info(SOCKET s, int option, char *value, int *len)
{
    static const GUID provider = {
        0x1234191b, 0x4bf7, 0x4ca7, {0x86, 0xe0, 0xdf, 0xd7, 0xc3, 0x2b, 0x54, 0x45}};
    WSAPROTOCOL_INFOW *info = (WSAPROTOCOL_INFOW *)value;

    if (real.getsockopt(s, SOL_SOCKET, option, value, len))
        return SOCKET_ERROR;
    info->dwServiceFlags1 =
        XP1_IFS_HANDLES | XP1_GUARANTEED_DELIVERY | XP1_GUARANTEED_ORDER | XP1_GRACEFUL_CLOSE;
    info->ProviderId = provider;
    info->iAddressFamily = AF_HYPERV;
    info->iSocketType = SOCK_STREAM;
    info->iProtocol = HV_PROTOCOL_RAW;
    info->iProtocolMaxOffset = 0;
    info->iMaxSockAddr = info->iMinSockAddr = sizeof(SOCKADDR_HV);
    if (option == SO_PROTOCOL_INFOW)
        lstrcpyW(info->szProtocol, L"Hyper-V RAW");
    else
        lstrcpyA(((WSAPROTOCOL_INFOA *)value)->szProtocol, "Hyper-V RAW");
    return 0;
}

static int get_family_option(const struct emu_socket *e, int option, char *value, int *len)
{
    int index = family_option_index(option);

    if (index < 0)
        return emu_fail(WSAENOPROTOOPT);
    if (!value || !len || *len < (int)sizeof(DWORD))
        return emu_fail(WSAEFAULT);
    memcpy(value, &e->option[index], sizeof(DWORD));
    *len = sizeof(DWORD);
    return 0;
}

int WINAPI emu_getsockopt(SOCKET s, int level, int option, char *value, int *len)
{
    struct emu_socket *e = table_find(s);

    if (!e)
        return real.getsockopt(s, level, option, value, len);
    if (level == HV_PROTOCOL_RAW)
        return get_family_option(e, option, value, len);
    if (level != SOL_SOCKET)
        return emu_fail(WSAENOPROTOOPT);
    if (option == SO_PROTOCOL_INFOW || option == SO_PROTOCOL_INFOA)
        return get_protocol_info(s, option, value, len);
    if (!contains(readable, COUNT(readable), option))
        return emu_fail(WSAENOPROTOOPT);
    return real.getsockopt(s, level, option, value, len);
}

/* Hands out our functions, which tell the families apart themselves, so that it does not matter
 * which socket was asked. An extension that the family lacks is refused on its sockets. */
static int get_extension(SOCKET s, const GUID *id, void *out, DWORD *ret_len)
{
    static const GUID connect_id = WSAID_CONNECTEX, accept_id = WSAID_ACCEPTEX;
    static const GUID addresses_id = WSAID_GETACCEPTEXSOCKADDRS, disconnect_id = WSAID_DISCONNECTEX;
    void (*function)(void) = NULL;

    if (!real_extensions(s))
        return SOCKET_ERROR;
    if (guid_equal(id, &connect_id))
        function = (void (*)(void))emu_connect_ex;
    else if (guid_equal(id, &accept_id))
        function = (void (*)(void))emu_accept_ex;
    else if (guid_equal(id, &addresses_id))
        function = (void (*)(void))emu_get_accept_addresses;
    else if (guid_equal(id, &disconnect_id) && !table_find(s))
        function = (void (*)(void))emu_disconnect_ex;
    else
        return emu_fail(WSAEOPNOTSUPP);
    memcpy(out, &function, sizeof(function));
    *ret_len = sizeof(function);
    return 0;
}

static bool is_replaced_extension(const GUID *id)
{
    static const GUID replaced[] = {
        WSAID_CONNECTEX, WSAID_ACCEPTEX, WSAID_GETACCEPTEXSOCKADDRS, WSAID_DISCONNECTEX};

    for (size_t i = 0; i < COUNT(replaced); i++)
        if (guid_equal(id, &replaced[i]))
            return true;
    return false;
}

BOOL WINAPI emu_disconnect_ex(SOCKET s, OVERLAPPED *overlapped, DWORD flags, DWORD reserved)
{
    if (!table_find(s))
        return real.DisconnectEx(s, overlapped, flags, reserved);
    emu_fail(WSAEOPNOTSUPP);
    return FALSE;
}

int WINAPI emu_WSAIoctl(SOCKET s,
                        DWORD code,
                        void *in,
                        DWORD in_len,
                        void *out,
                        DWORD out_len,
                        DWORD *ret_len,
                        WSAOVERLAPPED *overlapped,
                        LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    bool is_known = false;

    if (code == SIO_GET_EXTENSION_FUNCTION_POINTER && in && in_len == sizeof(GUID) && out &&
        out_len >= sizeof(void (*)(void)) && ret_len &&
        (table_find(s) || is_replaced_extension(in)))
        return get_extension(s, in, out, ret_len);
    if (!table_find(s))
        return real.WSAIoctl(s, code, in, in_len, out, out_len, ret_len, overlapped, routine);
    for (size_t i = 0; i < COUNT(controls); i++)
        is_known = is_known || controls[i] == code;
    if (!is_known)
        return emu_fail(WSAEOPNOTSUPP); /* SIO_KEEPALIVE_VALS and the like */
    return real.WSAIoctl(s, code, in, in_len, out, out_len, ret_len, overlapped, routine);
}
