/* Sessions of the emulated Windows. Wine has one; here each process belongs to one of several, as a
 * property that this emulator keeps: services are in session 0, what CreateProcessAsUser starts is
 * in the session of its token, children are where their parent is, and anything else (a test script
 * that plays a person) is in the session at the console.
 *
 *   HKLM\Software\gpupv-emulator\session
 *     Console          REG_DWORD  1: the session at the console; 0xFFFFFFFF while it switches
 *     Fail<Call>       REG_DWORD  a Win32 error; Call: QueryUserToken CreateProcess ConnectSession
 *   ...\session\Sessions\<id>     written by session.exe; without any, session 1 shows the logon
 *                                 screen
 *     State            REG_DWORD  WTS_CONNECTSTATE_CLASS
 *     Protocol         REG_DWORD  0 console, 2 RDP: an enhanced session
 *     User Domain Station  REG_SZ
 *     LogonTime        REG_BINARY FILETIME
 *     LastInput        REG_BINARY milliseconds of state_now_ms
 *
 * State and Events below it are volatile. */
#ifndef GPUPV_TESTS_SESSION_H
#define GPUPV_TESTS_SESSION_H

#include <windows.h>
#include <wtsapi32.h>
#include <stdbool.h>
#include <stdint.h>

#include "../common/hook.h"

enum { SESSION_SERVICES = 0, SESSION_FIRST = 1, SESSION_MAX = 16, SESSION_TEXT = 64 };

#define SESSION_NONE 0xFFFFFFFFu

struct session {
    DWORD id;
    WTS_CONNECTSTATE_CLASS state;
    DWORD protocol;
    wchar_t user[SESSION_TEXT], domain[SESSION_TEXT], station[SESSION_TEXT];
    uint64_t logon_time;    /* FILETIME, 0: nobody is logged on */
    uint64_t last_input_ms; /* state_now_ms */
};

struct session_event {
    DWORD code; /* WTS_SESSION_LOGON and the like; SESSION_SHUTDOWN and the like */
    DWORD id;
};

/* Not codes of Windows: the machine shuts down in good order, goes to sleep, wakes up. */
enum { SESSION_SHUTDOWN = 0x100, SESSION_SUSPEND, SESSION_RESUME };

/* ---- state.c ---- */

/* Sessions by rising id, session 0 first. */
size_t session_list(struct session *ret_sessions);

/* The session of that id; false: there is none. */
bool session_get(DWORD id, struct session *ret_session);

/* The session whose picture the console shows, SESSION_NONE while it switches. */
DWORD session_console(void);

void session_put(const struct session *session);
void session_delete(DWORD id);
void session_set_console(DWORD id);

/* Tells services, which get it as a control. */
void session_tell(DWORD code, DWORD id);

/* Number of events since boot, and the n-th of them. */
DWORD session_event_count(void);
bool session_event(DWORD number, struct session_event *ret_event);

/* Moves the user's session to where target is shown, as tscon does. A Win32 error or 0. */
DWORD session_connect(DWORD id, DWORD target);

/* Takes the picture of a session away; it goes on without one. */
DWORD session_disconnect(DWORD id);

/* ---- process.c ---- */

/* The session of a process that runs; SESSION_NONE when there is none of that id. */
DWORD session_of_process(DWORD process_id);

/* The session of this process, found once. */
DWORD session_of_self(void);

/* Gives a process that has just been made, and does not run yet, to a session. desktop: it may use
 * the session's desktop. */
void session_adopt(HANDLE process, DWORD process_id, DWORD id, bool desktop);

/* True when this process can see the console's desktop: displays can be asked for and changed from
 * nowhere else. */
bool session_sees_console(void);

/* ---- wts.c, token.c ---- */

extern const struct hook session_hooks[];
extern const size_t session_hook_count;
extern const struct hook token_hooks[];
extern const size_t token_hook_count;

#endif
