/* Which prefix is which machine, and the faults a test wants:
 *
 *   HKLM\Software\gpupv-emulator\hvsocket
 *     Self              REG_SZ     name of this machine, as under Machines
 *     UnknownVmError    REG_DWORD  10051
 *     DialError         REG_DWORD  0
 *     HangDial          REG_DWORD  1: a dial that waits does so for ever, whatever its time limit
 *     MaxSend           REG_DWORD  0
 *     ConflictAtListen  REG_DWORD  1: an address taken shows in listen(), not in bind()
 *     RequireKey        REG_DWORD  1: a listener on the host needs its GuestCommunicationServices
 * key
 *   ...\hvsocket\Machines
 *     host              REG_SZ     127.77.0.1
 *     {VM id}           REG_SZ     127.77.0.2, one value a guest */
#include "emulator.h"

#include <stdio.h>
#include <string.h>

#define ROOT_KEY     "Software\\gpupv-emulator\\hvsocket"
#define MACHINES_KEY ROOT_KEY "\\Machines"
#define SERVICES_KEY                                                                               \
    "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Virtualization\\GuestCommunicationServices"

enum { NAME_MAX_BYTES = 64 };

static struct machine_map current;
static SRWLOCK lock = SRWLOCK_INIT;

static bool parse_guid(const char *text, GUID *ret_id)
{
    unsigned long data1;
    unsigned data2, data3, rest[8];

    if (*text == '{')
        text++;
    if (sscanf(text,
               "%8lx-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x",
               &data1,
               &data2,
               &data3,
               &rest[0],
               &rest[1],
               &rest[2],
               &rest[3],
               &rest[4],
               &rest[5],
               &rest[6],
               &rest[7]) != 11)
        return false;
    ret_id->Data1 = data1;
    ret_id->Data2 = (USHORT)data2;
    ret_id->Data3 = (USHORT)data3;
    for (int i = 0; i < 8; i++)
        ret_id->Data4[i] = (BYTE)rest[i];
    return true;
}

static bool parse_machine(const char *name, const char *address, struct machine *ret_machine)
{
    struct machine m = {.is_host = !strcmp(name, "host")};
    unsigned part[4];

    if (sscanf(address, "%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]) != 4 ||
        part[0] != 127)
        return false;
    m.address = part[0] | part[1] << 8 | part[2] << 16 | part[3] << 24;
    if (!m.is_host && !parse_guid(name, &m.vm_id))
        return false;
    *ret_machine = m;
    return true;
}

static bool read_text(const char *name, char *ret_text, DWORD size)
{
    return !RegGetValueA(HKEY_LOCAL_MACHINE, ROOT_KEY, name, RRF_RT_REG_SZ, NULL, ret_text, &size);
}

static DWORD read_number(const char *name, DWORD otherwise)
{
    DWORD value, size = sizeof(value);

    if (RegGetValueA(HKEY_LOCAL_MACHINE, ROOT_KEY, name, RRF_RT_REG_DWORD, NULL, &value, &size))
        return otherwise;
    return value;
}

static void read_machines(struct machine_map *map, const char *self)
{
    char name[NAME_MAX_BYTES], address[NAME_MAX_BYTES];
    HKEY key;

    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, MACHINES_KEY, 0, KEY_READ, &key))
        return;
    for (DWORD i = 0; map->count < MACHINE_MAX; i++) {
        DWORD name_len = sizeof(name), address_len = sizeof(address) - 1, type;

        if (RegEnumValueA(key, i, name, &name_len, NULL, &type, (BYTE *)address, &address_len))
            break;
        address[address_len] = '\0';
        if (type != REG_SZ || !parse_machine(name, address, &map->all[map->count]))
            continue;
        if (!_stricmp(name, self))
            map->self = (int)map->count;
        map->count++;
    }
    RegCloseKey(key);
}

bool machine_load(void)
{
    struct machine_map map = {.self = -1};
    char self[NAME_MAX_BYTES];

    if (read_text("Self", self, sizeof(self)))
        read_machines(&map, self);
    map.unknown_vm_error = read_number("UnknownVmError", WSAENETUNREACH);
    map.dial_error = read_number("DialError", 0);
    map.hang_dial = read_number("HangDial", 0);
    map.max_send = read_number("MaxSend", 0);
    map.conflict_at_listen = read_number("ConflictAtListen", 0);
    map.require_key = read_number("RequireKey", 0);
    AcquireSRWLockExclusive(&lock);
    current = map;
    ReleaseSRWLockExclusive(&lock);
    return map.self >= 0;
}

void machine_get(struct machine_map *ret_map)
{
    AcquireSRWLockShared(&lock);
    *ret_map = current;
    ReleaseSRWLockShared(&lock);
}

bool machine_has_service_key(const GUID *service)
{
    char path[sizeof(SERVICES_KEY) + 40];
    const BYTE *d = service->Data4;
    HKEY key;

    snprintf(path,
             sizeof(path),
             SERVICES_KEY "\\%08lX-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X",
             service->Data1,
             service->Data2,
             service->Data3,
             d[0],
             d[1],
             d[2],
             d[3],
             d[4],
             d[5],
             d[6],
             d[7]);
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key))
        return false;
    RegCloseKey(key);
    return true;
}
