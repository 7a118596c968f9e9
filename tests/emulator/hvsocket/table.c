/* A table indexed by the handle: Wine's handles are small multiples of four. */
#include "emulator.h"

#include <string.h>

enum { SLOTS = 16384, BUFFER_BYTES = 256 << 10 };

static struct emu_socket table[SLOTS];
static volatile LONG used; /* slots above were never taken */
static SRWLOCK lock = SRWLOCK_INIT;

void emu_lock(void)
{
    AcquireSRWLockExclusive(&lock);
}

void emu_unlock(void)
{
    ReleaseSRWLockExclusive(&lock);
}

struct emu_socket *table_find(SOCKET s)
{
    SOCKET slot = s / 4;

    return s && slot < SLOTS && table[slot].handle == s ? &table[slot] : NULL;
}

struct emu_socket *table_add(SOCKET s)
{
    struct emu_socket *e = &table[s / 4];
    int buffer_bytes = BUFFER_BYTES;
    BOOL on = TRUE;

    if (s / 4 >= SLOTS)
        return NULL;
    memset(e, 0, sizeof(*e));
    e->local.Family = e->peer.Family = AF_HYPERV;
    e->option[OPTION_CONNECT_TIMEOUT] = CONNECT_TIMEOUT_DEFAULT_MS;
    e->handle = s;
    emu_lock();
    if ((LONG)(s / 4) >= used)
        used = (LONG)(s / 4) + 1;
    emu_unlock();
    /* VMBus has no Nagle delay, and small rings that do not grow: back-pressure must show early. */
    real.setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof(on));
    real.setsockopt(s, SOL_SOCKET, SO_SNDBUF, (const char *)&buffer_bytes, sizeof(buffer_bytes));
    real.setsockopt(s, SOL_SOCKET, SO_RCVBUF, (const char *)&buffer_bytes, sizeof(buffer_bytes));
    return e;
}

void table_remove(SOCKET s)
{
    struct emu_socket *e = table_find(s);

    if (e)
        e->handle = 0;
}

struct emu_socket *table_find_accept_buffer(const void *buffer)
{
    for (LONG i = 0; i < used; i++)
        if (table[i].handle && table[i].accept_buffer == buffer)
            return &table[i];
    return NULL;
}

int table_bind_tcp(struct emu_socket *e, const struct machine_map *map, const SOCKADDR_HV *to)
{
    DWORD address = map->all[map->self].address;
    struct sockaddr_in a = {.sin_family = AF_INET};

    if (to)
        a = route_listener(address, &to->VmId, &to->ServiceId);
    a.sin_addr.s_addr = address;
    if (real.bind(e->handle, (const struct sockaddr *)&a, sizeof(a)))
        return SOCKET_ERROR;
    e->has_tcp_address = true;
    return 0;
}
