/* The thread that watches, the one that hears of sessions, and the wait of the agent. */
#include "guest/machine/windows/change_watch_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/change_source_win32.h"
#include "guest/machine/windows/device_watch_win32.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#include <wtsapi32.h>

#define SETTLE_MS   200   /* changes come in bursts */
#define QUIET_MS    10000 /* between two tellings of log files */
#define NEVER       INT64_MAX
#define FLUSH_TRIES 50 /* to wake the session thread */
#define FLUSH_MS    100

enum { KEYS = 2, FOLDERS = 2, PROCESSES = 1, SERVICES = 3, ALWAYS = 2 };
enum { HANDLES = ALWAYS + KEYS + FOLDERS + PROCESSES };

struct change_watch {
    /* told and waited for; under lock */
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    int64_t due_ms, told_ms; /* when to tell next; when it was told last */
    bool woken;

    /* of the thread */
    struct change_key keys[KEYS];
    struct change_folder folders[FOLDERS];
    struct change_process processes[PROCESSES];
    struct change_service services[SERVICES];
    HANDLE stop, moved; /* moved: sessions changed, and with them the user's folder */
    HANDLE thread, session_thread;
    struct windows_device_watch *devices;
};

static void tell(struct change_watch *watch, enum change_class class)
{
    int64_t now_ms = clock_now_ms(clock_system()), due_ms = now_ms + SETTLE_MS;

    if (class == CHANGE_NONE)
        return;
    AcquireSRWLockExclusive(&watch->lock);
    if (class == CHANGE_QUIET && due_ms < watch->told_ms + QUIET_MS)
        due_ms = watch->told_ms + QUIET_MS;
    if (due_ms < watch->due_ms)
        watch->due_ms = due_ms;
    ReleaseSRWLockExclusive(&watch->lock);
    WakeAllConditionVariable(&watch->changed);
}

/* ---- the watching thread ---- */

/* What does not exist yet may have come with any change. */
static void arm_all(struct change_watch *watch)
{
    for (int i = 0; i < KEYS; i++)
        change_key_arm(&watch->keys[i]);
    for (int i = 0; i < FOLDERS; i++)
        change_folder_arm(&watch->folders[i]);
    for (int i = 0; i < PROCESSES; i++)
        change_process_arm(&watch->processes[i]);
    for (int i = 0; i < SERVICES; i++)
        change_service_arm(&watch->services[i]);
}

/* Which source a handle belongs to. */
struct waited {
    HANDLE handles[HANDLES];
    struct change_key *keys[HANDLES];
    struct change_folder *folders[HANDLES];
    struct change_process *processes[HANDLES];
    DWORD count;
};

static void collect(struct change_watch *watch, struct waited *waited)
{
    memset(waited, 0, sizeof *waited);
    waited->handles[waited->count++] = watch->stop;
    waited->handles[waited->count++] = watch->moved;
    for (int i = 0; i < KEYS; i++) {
        if (!watch->keys[i].armed)
            continue;
        waited->keys[waited->count] = &watch->keys[i];
        waited->handles[waited->count++] = watch->keys[i].event;
    }
    for (int i = 0; i < FOLDERS; i++) {
        if (!watch->folders[i].armed)
            continue;
        waited->folders[waited->count] = &watch->folders[i];
        waited->handles[waited->count++] = watch->folders[i].call.hEvent;
    }
    for (int i = 0; i < PROCESSES; i++) {
        if (!watch->processes[i].process)
            continue;
        waited->processes[waited->count] = &watch->processes[i];
        waited->handles[waited->count++] = watch->processes[i].process;
    }
}

static enum change_class sessions_moved(struct change_watch *watch)
{
    for (int i = 0; i < FOLDERS; i++)
        change_folder_forget(&watch->folders[i]);
    return CHANGE_NOW;
}

static enum change_class fired(struct change_watch *watch, const struct waited *waited, DWORD index)
{
    if (index == 1)
        return sessions_moved(watch);
    if (waited->keys[index])
        return change_key_fired(waited->keys[index]);
    if (waited->folders[index])
        return change_folder_fired(waited->folders[index]);
    return change_process_fired(waited->processes[index]);
}

static enum change_class services_fired(struct change_watch *watch)
{
    enum change_class class = CHANGE_NONE;

    for (int i = 0; i < SERVICES; i++)
        if (watch->services[i].fired)
            class = change_service_fired(&watch->services[i]);
    return class;
}

static DWORD WINAPI watch_main(void *parameter)
{
    struct change_watch *watch = parameter;
    struct waited waited;
    DWORD result;

    for (;;) {
        arm_all(watch);
        collect(watch, &waited);
        result = WaitForMultipleObjectsEx(waited.count, waited.handles, FALSE, INFINITE, TRUE);
        if (result == WAIT_OBJECT_0 || result == WAIT_FAILED)
            break;
        if (result == WAIT_IO_COMPLETION)
            tell(watch, services_fired(watch));
        else if (result < WAIT_OBJECT_0 + waited.count)
            tell(watch, fired(watch, &waited, result - WAIT_OBJECT_0));
    }
    for (int i = 0; i < KEYS; i++)
        change_key_done(&watch->keys[i]);
    for (int i = 0; i < FOLDERS; i++)
        change_folder_done(&watch->folders[i]);
    for (int i = 0; i < PROCESSES; i++)
        change_process_done(&watch->processes[i]);
    for (int i = 0; i < SERVICES; i++)
        change_service_done(&watch->services[i]);
    /* notifications that were queued already have nobody to call any more */
    while (SleepEx(0, TRUE) == WAIT_IO_COMPLETION)
        ;
    return 0;
}

/* ---- sessions and devices ---- */

#define SESSION_EVENTS                                                                             \
    (WTS_EVENT_LOGON | WTS_EVENT_LOGOFF | WTS_EVENT_CONNECT | WTS_EVENT_DISCONNECT)

/* Where sessions cannot be waited for, the thread ends and the agent's own looks must do. */
static DWORD WINAPI session_main(void *parameter)
{
    struct change_watch *watch = parameter;
    DWORD events = 0;

    while (WaitForSingleObject(watch->stop, 0) == WAIT_TIMEOUT &&
           WTSWaitSystemEvent(WTS_CURRENT_SERVER_HANDLE, SESSION_EVENTS, &events)) {
        if (!events)
            continue; /* flushed */
        SetEvent(watch->moved);
    }
    return 0;
}

static void on_device(void *user)
{
    tell(user, CHANGE_NOW);
}

/* ---- beginning and end ---- */

static void set_up(struct change_watch *watch)
{
    watch->due_ms = NEVER;
    watch->told_ms = clock_now_ms(clock_system()) - QUIET_MS;
    InitializeSRWLock(&watch->lock);
    InitializeConditionVariable(&watch->changed);
    watch->keys[0].path = L"SOFTWARE\\Parsec\\vdd";
    watch->keys[1].path = L"SOFTWARE\\gpupv-agent\\settings";
    watch->folders[0].root = ROOT_PARSEC_SHARED;
    watch->folders[1].root = ROOT_PARSEC_USER;
    watch->processes[0].service = L"Parsec";
    watch->services[0].name = L"Audiosrv";
    watch->services[1].name = L"AudioEndpointBuilder";
    watch->services[2].name = NULL;
}

bool change_watch_start(struct change_watch **ret_watch, struct err *err)
{
    struct change_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return err_no_memory(err);
    set_up(watch);
    watch->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    watch->moved = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (watch->stop && watch->moved)
        watch->thread = CreateThread(NULL, 0, watch_main, watch, 0, NULL);
    if (!watch->thread) {
        call_fail(GetLastError(), TEXT_WINDOWS_WATCH, "", err);
        change_watch_stop(watch);
        return false;
    }
    watch->session_thread = CreateThread(NULL, 0, session_main, watch, 0, NULL);
    /* an older Windows cannot: the agent's own looks must do */
    windows_device_watch_start(on_device, watch, &watch->devices, NULL);
    *ret_watch = watch;
    return true;
}

static void join(HANDLE *thread)
{
    if (*thread) {
        WaitForSingleObject(*thread, INFINITE);
        CloseHandle(*thread);
    }
    *thread = NULL;
}

/* Ends the session thread, which may be about to wait when it is told not to. */
static bool end_session_thread(struct change_watch *watch)
{
    DWORD events;

    for (int i = 0; watch->session_thread && i < FLUSH_TRIES; i++) {
        WTSWaitSystemEvent(WTS_CURRENT_SERVER_HANDLE, WTS_EVENT_FLUSH, &events);
        if (WaitForSingleObject(watch->session_thread, FLUSH_MS) == WAIT_OBJECT_0)
            join(&watch->session_thread);
    }
    return !watch->session_thread;
}

void change_watch_stop(struct change_watch *watch)
{
    if (!watch)
        return;
    windows_device_watch_stop(watch->devices);
    if (watch->stop)
        SetEvent(watch->stop);
    join(&watch->thread);
    if (!end_session_thread(watch))
        return; /* a session manager that does not answer: the thread keeps what it uses */
    if (watch->stop)
        CloseHandle(watch->stop);
    if (watch->moved)
        CloseHandle(watch->moved);
    free(watch);
}

/* ---- the agent's side ---- */

/* True when the wait is over, with *ret_changed; the lock is held. */
static bool is_over(struct change_watch *watch, int64_t now_ms, int64_t end_ms, bool *ret_changed)
{
    if (watch->woken) {
        watch->woken = false;
        *ret_changed = false;
        return true;
    }
    if (watch->due_ms <= now_ms) {
        watch->due_ms = NEVER;
        watch->told_ms = now_ms;
        *ret_changed = true;
        return true;
    }
    *ret_changed = false;
    return now_ms >= end_ms;
}

bool change_watch_wait(struct change_watch *watch,
                       int64_t timeout_ms,
                       bool *ret_changed,
                       struct err *err)
{
    int64_t now_ms = clock_now_ms(clock_system());
    int64_t end_ms = timeout_ms < 0 ? NEVER : now_ms + timeout_ms;
    DWORD code = 0;

    AcquireSRWLockExclusive(&watch->lock);
    while (!is_over(watch, now_ms, end_ms, ret_changed)) {
        int64_t until_ms = end_ms < watch->due_ms ? end_ms : watch->due_ms;
        int64_t left_ms = until_ms - now_ms;
        DWORD wait = until_ms == NEVER     ? INFINITE
                     : left_ms < INT32_MAX ? (DWORD)left_ms
                                           : INT32_MAX;

        if (!SleepConditionVariableSRW(&watch->changed, &watch->lock, wait, 0) &&
            GetLastError() != ERROR_TIMEOUT) {
            code = GetLastError();
            break;
        }
        now_ms = clock_now_ms(clock_system());
    }
    ReleaseSRWLockExclusive(&watch->lock);
    return !code || call_fail(code, TEXT_WINDOWS_WATCH, "", err);
}

void change_watch_wake(struct change_watch *watch)
{
    AcquireSRWLockExclusive(&watch->lock);
    watch->woken = true;
    ReleaseSRWLockExclusive(&watch->lock);
    WakeAllConditionVariable(&watch->changed);
}
