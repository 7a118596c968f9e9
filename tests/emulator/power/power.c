/* powrprof. Rules from the documentation of its functions: a root key must be NULL, a setting that
 * the machine does not have is not found, what was written counts from PowerSetActiveScheme on. */
#include "power.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>

#define KEY "power"

/* Balanced, as winnt.h has it. */
static const GUID balanced = {
    0x381b4222, 0xf694, 0x41f0, {0x96, 0x85, 0xff, 0x5b, 0xb2, 0x60, 0xdf, 0x2e}};

static const struct {
    GUID group, setting;
    const char *name;
    DWORD seconds; /* of a client as it comes */
    bool standby;
} settings[] = {
    {{0x7516b95f, 0xf776, 0x4464, {0x8c, 0x53, 0x06, 0x16, 0x7f, 0x40, 0xcc, 0x99}},
     {0x3c0bc021, 0xc8a8, 0x4e07, {0xa9, 0x73, 0x6b, 0x14, 0xcb, 0xcb, 0x2b, 0x7e}},
     "Video",
     600,
     false},
    {{0x7516b95f, 0xf776, 0x4464, {0x8c, 0x53, 0x06, 0x16, 0x7f, 0x40, 0xcc, 0x99}},
     {0x8ec4b3a5, 0x6868, 0x48c2, {0xbe, 0x75, 0x4f, 0x30, 0x44, 0xbe, 0x88, 0xa7}},
     "VideoLocked",
     60,
     false},
    {{0x238c9fa8, 0x0aad, 0x41ed, {0x83, 0xf4, 0x97, 0xbe, 0x24, 0x2c, 0x8f, 0x20}},
     {0x29f6c1db, 0x86da, 0x48c5, {0x9f, 0xdb, 0xf2, 0xb6, 0x7b, 0x1f, 0x44, 0xda}},
     "Standby",
     1800,
     true},
    {{0x238c9fa8, 0x0aad, 0x41ed, {0x83, 0xf4, 0x97, 0xbe, 0x24, 0x2c, 0x8f, 0x20}},
     {0x9d7815a6, 0x7ee4, 0x497e, {0x88, 0x88, 0x51, 0x5a, 0x05, 0xf0, 0x23, 0x64}},
     "Hibernate",
     10800,
     true},
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]), NAME_BYTES = 48 };

static DWORD WINAPI on_get_active(HKEY root, GUID **ret_scheme)
{
    GUID *scheme;

    if (root || !ret_scheme)
        return ERROR_INVALID_PARAMETER;
    scheme = LocalAlloc(LMEM_FIXED, sizeof(*scheme));
    if (!scheme)
        return ERROR_NOT_ENOUGH_MEMORY;
    *scheme = balanced;
    *ret_scheme = scheme;
    return ERROR_SUCCESS;
}

/* The row of a setting; an error when the machine has none. */
static DWORD
find(HKEY root, const GUID *scheme, const GUID *group, const GUID *setting, int *ret_row)
{
    if (root || !scheme || !setting || memcmp(scheme, &balanced, sizeof(balanced)))
        return root || !scheme || !setting ? ERROR_INVALID_PARAMETER : ERROR_FILE_NOT_FOUND;
    for (int i = 0; i < SETTINGS; i++) {
        if (!group || memcmp(&settings[i].group, group, sizeof(*group)) ||
            memcmp(&settings[i].setting, setting, sizeof(*setting)))
            continue;
        if (settings[i].standby && state_number(KEY, "NoStandby", 0))
            return ERROR_FILE_NOT_FOUND;
        *ret_row = i;
        return ERROR_SUCCESS;
    }
    return ERROR_FILE_NOT_FOUND;
}

static const char *value_name(const char *kind, const char *supply, int row, char *ret_name)
{
    snprintf(ret_name, NAME_BYTES, "%s%s%s", kind, supply, settings[row].name);
    return ret_name;
}

static DWORD otherwise(int row)
{
    return state_number(KEY, "Sleep", 0) ? settings[row].seconds : 0;
}

static DWORD read_index(HKEY root,
                        const GUID *scheme,
                        const GUID *group,
                        const GUID *setting,
                        const char *supply,
                        DWORD *ret_value)
{
    char name[NAME_BYTES];
    int row = 0;
    DWORD error = find(root, scheme, group, setting, &row);

    if (!error && !ret_value)
        error = ERROR_INVALID_PARAMETER;
    if (!error)
        *ret_value = state_number(KEY, value_name("Stored", supply, row, name), otherwise(row));
    return error;
}

static DWORD write_index(HKEY root,
                         const GUID *scheme,
                         const GUID *group,
                         const GUID *setting,
                         const char *supply,
                         DWORD value)
{
    char name[NAME_BYTES];
    int row = 0;
    DWORD error = find(root, scheme, group, setting, &row);

    if (!error)
        error = state_fault(KEY, "FailWrite");
    if (!error)
        state_set_number(KEY, value_name("Stored", supply, row, name), value);
    return error;
}

static DWORD WINAPI
on_read_ac(HKEY root, const GUID *scheme, const GUID *group, const GUID *setting, DWORD *ret_value)
{
    return read_index(root, scheme, group, setting, "AC", ret_value);
}

static DWORD WINAPI
on_read_dc(HKEY root, const GUID *scheme, const GUID *group, const GUID *setting, DWORD *ret_value)
{
    return read_index(root, scheme, group, setting, "DC", ret_value);
}

static DWORD WINAPI
on_write_ac(HKEY root, const GUID *scheme, const GUID *group, const GUID *setting, DWORD value)
{
    return write_index(root, scheme, group, setting, "AC", value);
}

static DWORD WINAPI
on_write_dc(HKEY root, const GUID *scheme, const GUID *group, const GUID *setting, DWORD value)
{
    return write_index(root, scheme, group, setting, "DC", value);
}

static DWORD WINAPI on_set_active(HKEY root, const GUID *scheme)
{
    char from[NAME_BYTES], to[NAME_BYTES];

    if (root || !scheme)
        return ERROR_INVALID_PARAMETER;
    if (memcmp(scheme, &balanced, sizeof(balanced)))
        return ERROR_FILE_NOT_FOUND;
    for (int i = 0; i < SETTINGS; i++)
        state_set_number(KEY,
                         value_name("Active", "AC", i, to),
                         state_number(KEY, value_name("Stored", "AC", i, from), otherwise(i)));
    state_set_number(KEY, "Changes", state_number(KEY, "Changes", 0) + 1);
    return ERROR_SUCCESS;
}

const struct hook power_hooks[] = {
    {"powrprof", "PowerGetActiveScheme", (hook_function)on_get_active, NULL},
    {"powrprof", "PowerReadACValueIndex", (hook_function)on_read_ac, NULL},
    {"powrprof", "PowerReadDCValueIndex", (hook_function)on_read_dc, NULL},
    {"powrprof", "PowerSetActiveScheme", (hook_function)on_set_active, NULL},
    {"powrprof", "PowerWriteACValueIndex", (hook_function)on_write_ac, NULL},
    {"powrprof", "PowerWriteDCValueIndex", (hook_function)on_write_dc, NULL},
};
const size_t power_hook_count = sizeof(power_hooks) / sizeof(power_hooks[0]);
