/* Power schemes through powrprof. */
#include "guest/machine/windows/system_power_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/system_state_win32.h"

#include <string.h>

#include <powrprof.h>

/* Times after which something goes to sleep, in seconds; 0: never (winnt.h, powercfg /aliases). */
static const GUID video = {
    0x7516b95f, 0xf776, 0x4464, {0x8c, 0x53, 0x06, 0x16, 0x7f, 0x40, 0xcc, 0x99}};
static const GUID video_idle = {
    0x3c0bc021, 0xc8a8, 0x4e07, {0xa9, 0x73, 0x6b, 0x14, 0xcb, 0xcb, 0x2b, 0x7e}};
static const GUID video_locked_idle = {
    0x8ec4b3a5, 0x6868, 0x48c2, {0xbe, 0x75, 0x4f, 0x30, 0x44, 0xbe, 0x88, 0xa7}};
static const GUID sleep_group = {
    0x238c9fa8, 0x0aad, 0x41ed, {0x83, 0xf4, 0x97, 0xbe, 0x24, 0x2c, 0x8f, 0x20}};
static const GUID standby_idle = {
    0x29f6c1db, 0x86da, 0x48c5, {0x9f, 0xdb, 0xf2, 0xb6, 0x7b, 0x1f, 0x44, 0xda}};
static const GUID hibernate_idle = {
    0x9d7815a6, 0x7ee4, 0x497e, {0x88, 0x88, 0x51, 0x5a, 0x05, 0xf0, 0x23, 0x64}};

static const struct {
    const GUID *group, *setting;
    bool matters; /* of one that is told as sleep; the lock screen's own time-out is only set */
} times[] = {
    {&video, &video_idle, true},
    {&sleep_group, &standby_idle, true},
    {&sleep_group, &hibernate_idle, true},
    {&video, &video_locked_idle, false},
};
#define TIMES (sizeof times / sizeof times[0])

typedef DWORD(WINAPI *read_function)(HKEY, const GUID *, const GUID *, const GUID *, DWORD *);
typedef DWORD(WINAPI *write_function)(HKEY, const GUID *, const GUID *, const GUID *, DWORD);

static const char *const read_names[] = {"PowerReadACValueIndex", "PowerReadDCValueIndex"};
static const char *const write_names[] = {"PowerWriteACValueIndex", "PowerWriteDCValueIndex"};

bool system_may_sleep(void)
{
    FARPROC found = call_find("powrprof.dll", read_names[0]);
    read_function read_index = NULL;
    GUID *scheme = NULL;
    bool sleeps = false;

    /* a virtual machine is always plugged in: the other value does not matter */
    memcpy(&read_index, &found, sizeof read_index);
    if (!read_index || PowerGetActiveScheme(NULL, &scheme) != ERROR_SUCCESS)
        return false;
    for (size_t i = 0; i < TIMES && !sleeps; i++) {
        DWORD seconds = 0;

        /* a missing one: this machine cannot sleep so */
        sleeps =
            times[i].matters &&
            read_index(NULL, scheme, times[i].group, times[i].setting, &seconds) == ERROR_SUCCESS &&
            seconds != 0;
    }
    LocalFree(scheme);
    return sleeps;
}

static DWORD write_times(const GUID *scheme, const char *function)
{
    FARPROC found = call_find("powrprof.dll", function);
    write_function write_index = NULL;
    DWORD code = ERROR_SUCCESS;

    memcpy(&write_index, &found, sizeof write_index);
    if (!write_index)
        return ERROR_CALL_NOT_IMPLEMENTED;
    for (size_t i = 0; i < TIMES && !code; i++) {
        code = write_index(NULL, scheme, times[i].group, times[i].setting, 0);
        if (code == ERROR_FILE_NOT_FOUND)
            code = ERROR_SUCCESS;
    }
    return code;
}

bool system_power_never_sleep(struct err *err)
{
    GUID *scheme = NULL;
    DWORD code = PowerGetActiveScheme(NULL, &scheme);

    for (size_t i = 0; i < sizeof write_names / sizeof write_names[0] && !code; i++)
        code = write_times(scheme, write_names[i]);
    if (!code) /* what was written counts from then on */
        code = PowerSetActiveScheme(NULL, scheme);
    LocalFree(scheme);
    return !code || call_fail(code, TEXT_WINDOWS_POWER, "", err);
}
