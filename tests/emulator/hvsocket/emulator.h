/* AF_HYPERV for programs under Wine: a ws2_32.dll that maps the family to TCP on loopback and
 * passes all else through.
 *
 * A machine is a Wine prefix with an address of its own in 127/8; machine.c reads who is who from
 * the registry. A listener bound to {VmId, ServiceId} sits on its machine's address, on a port made
 * from both ids (route.c). The dialling side walks the ports of those VmIds that would let it in,
 * the most specific first, so access rules and the clash of two listeners need no state shared
 * between processes. AcceptEx, WSARecv and WSASend are Wine's own, on the caller's OVERLAPPED;
 * ConnectEx is run by a thread (connect.c), because a dial to a virtual machine waits for a
 * listener to appear, which TCP does not.
 *
 * The emulator refuses what Hyper-V sockets lack. Where Windows' behaviour is not known it does
 * what the project has to survive: see README.md, which lists every such place. */
#ifndef GPUPV_TESTS_HVSOCKET_EMULATOR_H
#define GPUPV_TESTS_HVSOCKET_EMULATOR_H

#define INCL_WINSOCK_API_TYPEDEFS 1
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <winternl.h>
#include <stdbool.h>
#include <hvsocket.h>

/* Known to no header of mingw-w64 10. */
#define AF_HYPERV         34
#define HVSOCKET_HIGH_VTL 8

enum {
    MACHINE_MAX = 64,
    ROUTE_MAX = 3, /* VmIds a dial may match: the dialler's own, a class, WILDCARD */
    OPTION_COUNT = 4,
    OPTION_CONNECT_TIMEOUT = 0,
    CONNECT_TIMEOUT_DEFAULT_MS = 2000
};

/* ---- machine.c: the registry below HKLM\Software\gpupv-emulator\hvsocket ---- */

struct machine {
    GUID vm_id; /* of a guest; not used for the host */
    bool is_host;
    DWORD address; /* IPv4, network order */
};

struct machine_map {
    struct machine all[MACHINE_MAX];
    unsigned count;
    int self;               /* index of this prefix */
    DWORD unknown_vm_error; /* Winsock code for a VM id that is on no machine */
    DWORD dial_error;       /* not 0: every dial to another machine fails with this code at once */
    DWORD max_send;         /* not 0: WSASend takes at most so many bytes */
    bool conflict_at_listen;
    bool hang_dial; /* the system's own time limit does not work */
    bool require_key;
};

/* Reads the map anew. false: this prefix is no machine, it has no Hyper-V sockets. */
bool machine_load(void);

/* A copy of what machine_load read last. */
void machine_get(struct machine_map *ret_map);

/* True when the service has its key under GuestCommunicationServices. */
bool machine_has_service_key(const GUID *service);

/* ---- route.c: which TCP addresses stand for which Hyper-V address ---- */

struct route {
    struct sockaddr_in candidate[ROUTE_MAX];
    unsigned count;
    bool waits; /* nobody listening is not refused, the dial waits until its time is up */
};

/* The address of a listener bound to {vm, service} on the machine with that address. */
struct sockaddr_in route_listener(DWORD address, const GUID *vm, const GUID *service);

/* Where a dial may arrive. 0, or the Winsock code that ends the dial at once. */
int route_find(const struct machine_map *map, const SOCKADDR_HV *to, struct route *ret_route);

/* The peer of an accepted connection, named as this machine sees it. */
SOCKADDR_HV route_peer(const struct machine_map *map, const struct sockaddr_in *from);

/* The service id that stands for a dialler's port; the same on both ends. */
GUID route_dialler_service(const struct sockaddr_in *from);

/* Whether this machine may bind vm. */
bool route_may_bind(const struct machine_map *map, const GUID *vm);

/* ---- table.c: the AF_HYPERV sockets of this process ---- */

enum emu_state { EMU_NEW, EMU_BOUND, EMU_LISTENING, EMU_CONNECTING, EMU_ACCEPTING, EMU_CONNECTED };

struct connect_op;

struct emu_socket {
    SOCKET handle; /* 0: free */
    enum emu_state state;
    bool has_context; /* SO_UPDATE_*_CONTEXT was set, or the plain call was used */
    bool has_tcp_address;
    SOCKADDR_HV local, peer;
    DWORD option[OPTION_COUNT];
    HANDLE port; /* completion port, seen by hook.c */
    ULONG_PTR port_key;
    struct connect_op *connect; /* under emu_lock */
    SOCKET listener;            /* AcceptEx: from whom ... */
    void *accept_buffer;        /* ... and where the addresses go */
    GUID listener_service;
};

/* Guards emu_socket.connect and .port. */
void emu_lock(void);
void emu_unlock(void);

/* NULL: a socket of another family. Valid until the socket is closed. */
struct emu_socket *table_find(SOCKET s);

/* Makes s an AF_HYPERV socket. NULL: the table is full. */
struct emu_socket *table_add(SOCKET s);

/* Forgets s, if it was known. */
void table_remove(SOCKET s);

/* The socket whose AcceptEx uses buffer, or NULL. */
struct emu_socket *table_find_accept_buffer(const void *buffer);

/* Gives the socket a TCP address of this machine: that of a listener at {vm, service} of to, or any
 * port for NULL. */
int table_bind_tcp(struct emu_socket *e, const struct machine_map *map, const SOCKADDR_HV *to);

/* ---- hook.c ---- */

/* Watches completion ports and cancellations of the process. Idempotent. false: kernelbase looks
 * different. */
bool hook_install(void);

/* The real NtCancelIoFileEx. */
NTSTATUS hook_cancel_real(HANDLE file, IO_STATUS_BLOCK *which, IO_STATUS_BLOCK *status);

/* ---- connect.c, accept.c: what stands behind the extension functions ---- */

BOOL WINAPI emu_connect_ex(SOCKET s,
                           const struct sockaddr *name,
                           int name_len,
                           void *data,
                           DWORD data_len,
                           DWORD *sent,
                           OVERLAPPED *overlapped);
BOOL WINAPI emu_accept_ex(SOCKET listener,
                          SOCKET s,
                          void *buffer,
                          DWORD receive_len,
                          DWORD local_len,
                          DWORD remote_len,
                          DWORD *received,
                          OVERLAPPED *overlapped);
void WINAPI emu_get_accept_addresses(void *buffer,
                                     DWORD receive_len,
                                     DWORD local_len,
                                     DWORD remote_len,
                                     struct sockaddr **local,
                                     int *ret_local_len,
                                     struct sockaddr **remote,
                                     int *ret_remote_len);
BOOL WINAPI emu_disconnect_ex(SOCKET s, OVERLAPPED *overlapped, DWORD flags, DWORD reserved);
int WINAPI emu_connect(SOCKET s, const struct sockaddr *name, int name_len);
int WINAPI emu_WSAConnect(SOCKET s,
                          const struct sockaddr *name,
                          int name_len,
                          WSABUF *caller,
                          WSABUF *callee,
                          QOS *send_qos,
                          QOS *group_qos);
SOCKET WINAPI emu_accept(SOCKET s, struct sockaddr *name, int *name_len);
SOCKET WINAPI emu_WSAAccept(
    SOCKET s, struct sockaddr *name, int *name_len, LPCONDITIONPROC condition, DWORD_PTR context);

/* Ends a dial in progress: all of the socket's for overlapped == NULL. True when there was one. */
bool connect_cancel(SOCKET s, const OVERLAPPED *overlapped);

/* Cancels and waits until no thread uses the socket. */
void connect_end(struct emu_socket *e);

/* Fills in the peer after SO_UPDATE_ACCEPT_CONTEXT or accept(). 0 or SOCKET_ERROR. */
int accept_finish(struct emu_socket *e);

/* ---- options.c, calls.c: replaced exports ---- */

int WINAPI emu_setsockopt(SOCKET s, int level, int option, const char *value, int len);
int WINAPI emu_getsockopt(SOCKET s, int level, int option, char *value, int *len);
int WINAPI emu_WSAIoctl(SOCKET s,
                        DWORD code,
                        void *in,
                        DWORD in_len,
                        void *out,
                        DWORD out_len,
                        DWORD *ret_len,
                        WSAOVERLAPPED *overlapped,
                        LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
SOCKET WINAPI emu_socket(int family, int type, int protocol);
SOCKET WINAPI emu_WSASocketW(
    int family, int type, int protocol, WSAPROTOCOL_INFOW *info, GROUP group, DWORD flags);
SOCKET WINAPI emu_WSASocketA(
    int family, int type, int protocol, WSAPROTOCOL_INFOA *info, GROUP group, DWORD flags);
int WINAPI emu_bind(SOCKET s, const struct sockaddr *name, int name_len);
int WINAPI emu_listen(SOCKET s, int backlog);
int WINAPI emu_getsockname(SOCKET s, struct sockaddr *name, int *name_len);
int WINAPI emu_getpeername(SOCKET s, struct sockaddr *name, int *name_len);
int WINAPI emu_shutdown(SOCKET s, int how);
int WINAPI emu_closesocket(SOCKET s);
int WINAPI emu_send(SOCKET s, const char *data, int len, int flags);
int WINAPI emu_recv(SOCKET s, char *data, int len, int flags);
int WINAPI emu_WSASend(SOCKET s,
                       WSABUF *buffers,
                       DWORD count,
                       DWORD *sent,
                       DWORD flags,
                       WSAOVERLAPPED *overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int WINAPI emu_WSARecv(SOCKET s,
                       WSABUF *buffers,
                       DWORD count,
                       DWORD *received,
                       DWORD *flags,
                       WSAOVERLAPPED *overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

/* ---- main.c: Wine's own functions ---- */

struct real_calls {
    LPFN_SOCKET socket;
    LPFN_WSASOCKETW WSASocketW;
    LPFN_WSASOCKETA WSASocketA;
    LPFN_BIND bind;
    LPFN_LISTEN listen;
    LPFN_ACCEPT accept;
    LPFN_WSAACCEPT WSAAccept;
    LPFN_CONNECT connect;
    LPFN_WSACONNECT WSAConnect;
    LPFN_GETSOCKNAME getsockname;
    LPFN_GETPEERNAME getpeername;
    LPFN_CLOSESOCKET closesocket;
    LPFN_SHUTDOWN shutdown;
    LPFN_SETSOCKOPT setsockopt;
    LPFN_GETSOCKOPT getsockopt;
    LPFN_WSAIOCTL WSAIoctl;
    LPFN_SEND send;
    LPFN_RECV recv;
    LPFN_WSASEND WSASend;
    LPFN_WSARECV WSARecv;
    LPFN_WSASETLASTERROR WSASetLastError;
    LPFN_WSAGETLASTERROR WSAGetLastError;
    LPFN_CONNECTEX ConnectEx; /* from real_extensions */
    LPFN_ACCEPTEX AcceptEx;
    LPFN_GETACCEPTEXSOCKADDRS GetAcceptExSockaddrs;
    LPFN_DISCONNECTEX DisconnectEx;
};
extern struct real_calls real;

/* Fetches the last four of real through s. false: Wine has them not. */
bool real_extensions(SOCKET s);

/* Sets the error and returns SOCKET_ERROR. */
int emu_fail(int winsock_error);

bool guid_equal(const GUID *a, const GUID *b);

#endif
