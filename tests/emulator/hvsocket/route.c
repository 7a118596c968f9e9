/* Addresses. Rules and their sources: a VM id is reachable from the host only, PARENT from a guest
 * only, LOOPBACK within a machine; the host sees an accepted guest by its VM id, a guest sees the
 * host as PARENT. */
#include "emulator.h"

#include <string.h>

enum { PORT_BASE = 10000, PORT_COUNT = 20000 }; /* below the ports that Linux hands out itself */

struct sockaddr_in route_listener(DWORD address, const GUID *vm, const GUID *service)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    BYTE ids[2 * sizeof(GUID)];
    unsigned hash = 2166136261u, port;

    memcpy(ids, vm, sizeof(*vm));
    memcpy(ids + sizeof(*vm), service, sizeof(*service));
    for (size_t i = 0; i < sizeof(ids); i++)
        hash = (hash ^ ids[i]) * 16777619u;
    port = PORT_BASE + (hash ^ hash >> 15) % PORT_COUNT;
    a.sin_addr.s_addr = address;
    a.sin_port = (USHORT)(port << 8 | port >> 8);
    return a;
}

static const struct machine *find_vm(const struct machine_map *map, const GUID *id)
{
    for (unsigned i = 0; i < map->count; i++)
        if (!map->all[i].is_host && guid_equal(&map->all[i].vm_id, id))
            return &map->all[i];
    return NULL;
}

static const struct machine *find_host(const struct machine_map *map)
{
    for (unsigned i = 0; i < map->count; i++)
        if (map->all[i].is_host)
            return &map->all[i];
    return NULL;
}

static void add_candidate(struct route *route, DWORD address, const GUID *vm, const GUID *service)
{
    route->candidate[route->count++] = route_listener(address, vm, service);
}

static int route_to_host(const struct machine_map *map, const GUID *service, struct route *route)
{
    const struct machine *self = &map->all[map->self], *host = find_host(map);

    if (self->is_host || !host)
        return WSAEADDRNOTAVAIL; /* a physical host has no parent */
    if (map->dial_error)
        return (int)map->dial_error;
    add_candidate(route, host->address, &self->vm_id, service);
    add_candidate(route, host->address, &HV_GUID_CHILDREN, service);
    add_candidate(route, host->address, &HV_GUID_ZERO, service);
    return 0;
}

static int route_to_vm(const struct machine_map *map, const SOCKADDR_HV *to, struct route *route)
{
    const struct machine *vm = find_vm(map, &to->VmId);

    if (map->dial_error)
        return (int)map->dial_error;
    if (!map->all[map->self].is_host || !vm)
        return (int)map->unknown_vm_error; /* a guest cannot name its siblings */
    add_candidate(route, vm->address, &HV_GUID_PARENT, &to->ServiceId);
    add_candidate(route, vm->address, &HV_GUID_ZERO, &to->ServiceId);
    route->waits = true;
    return 0;
}

int route_find(const struct machine_map *map, const SOCKADDR_HV *to, struct route *ret_route)
{
    static const GUID *const listen_only[] = {
        &HV_GUID_ZERO, &HV_GUID_CHILDREN, &HV_GUID_BROADCAST, &HV_GUID_SILOHOST};
    DWORD address = map->all[map->self].address;

    memset(ret_route, 0, sizeof(*ret_route));
    for (size_t i = 0; i < sizeof(listen_only) / sizeof(listen_only[0]); i++)
        if (guid_equal(&to->VmId, listen_only[i]))
            return WSAEADDRNOTAVAIL;
    if (guid_equal(&to->VmId, &HV_GUID_PARENT))
        return route_to_host(map, &to->ServiceId, ret_route);
    if (!guid_equal(&to->VmId, &HV_GUID_LOOPBACK))
        return route_to_vm(map, to, ret_route);
    add_candidate(ret_route, address, &HV_GUID_LOOPBACK, &to->ServiceId);
    add_candidate(ret_route, address, &HV_GUID_ZERO, &to->ServiceId);
    return 0;
}

GUID route_dialler_service(const struct sockaddr_in *from)
{
    GUID id = {0, 0xe3a0, 0x4c1e, {0x9b, 0x1f, 0, 0, 0, 0, 0, 0}};
    DWORD address = from->sin_addr.s_addr;

    id.Data1 = 0x80000000u | (address >> 16 ^ address) << 16 | from->sin_port;
    memcpy(id.Data4 + 2, &from->sin_port, sizeof(from->sin_port));
    memcpy(id.Data4 + 4, &address, sizeof(address));
    return id;
}

SOCKADDR_HV route_peer(const struct machine_map *map, const struct sockaddr_in *from)
{
    SOCKADDR_HV peer = {.Family = AF_HYPERV, .VmId = HV_GUID_BROADCAST};

    peer.ServiceId = route_dialler_service(from);
    for (unsigned i = 0; i < map->count; i++) {
        const struct machine *m = &map->all[i];

        if (m->address != from->sin_addr.s_addr)
            continue;
        peer.VmId = (int)i == map->self ? HV_GUID_LOOPBACK : m->is_host ? HV_GUID_PARENT : m->vm_id;
    }
    return peer;
}

bool route_may_bind(const struct machine_map *map, const GUID *vm)
{
    bool is_host = map->all[map->self].is_host;

    if (guid_equal(vm, &HV_GUID_PARENT))
        return !is_host;
    if (guid_equal(vm, &HV_GUID_ZERO) || guid_equal(vm, &HV_GUID_LOOPBACK) ||
        guid_equal(vm, &HV_GUID_CHILDREN))
        return true;
    return is_host && find_vm(map, vm);
}
