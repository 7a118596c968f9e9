/* The table of sessions. */
#include "session.h"

#include "../common/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define KEY          "session"
#define SESSIONS_KEY KEY "\\Sessions"
#define EVENTS_KEY   KEY "\\Events"

enum { KEY_BYTES = 64 };

static void key_of(DWORD id, char *ret_key)
{
    snprintf(ret_key, KEY_BYTES, SESSIONS_KEY "\\%lu", id);
}

static void read_session(DWORD id, struct session *s)
{
    char key[KEY_BYTES];

    key_of(id, key);
    memset(s, 0, sizeof(*s));
    s->id = id;
    s->state = (WTS_CONNECTSTATE_CLASS)state_number(key, "State", WTSConnected);
    s->protocol = state_number(key, "Protocol", WTS_PROTOCOL_TYPE_CONSOLE);
    state_text(key, "User", s->user, SESSION_TEXT);
    state_text(key, "Domain", s->domain, SESSION_TEXT);
    state_text(key, "Station", s->station, SESSION_TEXT);
    if (!state_bytes(key, "LogonTime", &s->logon_time, sizeof(s->logon_time)))
        s->logon_time = 0;
    if (!state_bytes(key, "LastInput", &s->last_input_ms, sizeof(s->last_input_ms)))
        s->last_input_ms = 0;
}

static int by_id(const void *a, const void *b)
{
    const struct session *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

size_t session_list(struct session *ret_sessions)
{
    char name[16];
    size_t count = 0;
    HKEY key;

    ret_sessions[count++] =
        (struct session){.id = SESSION_SERVICES, .state = WTSDisconnected, .station = L"Services"};
    if (!RegOpenKeyExA(HKEY_LOCAL_MACHINE, STATE_ROOT "\\" SESSIONS_KEY, 0, KEY_READ, &key)) {
        for (DWORD i = 0; count < SESSION_MAX; i++) {
            DWORD size = sizeof(name);

            if (RegEnumKeyExA(key, i, name, &size, NULL, NULL, NULL, NULL))
                break;
            read_session(strtoul(name, NULL, 10), &ret_sessions[count++]);
        }
        RegCloseKey(key);
    }
    if (count == 1)
        ret_sessions[count++] =
            (struct session){.id = SESSION_FIRST, .state = WTSConnected, .station = L"Console"};
    qsort(ret_sessions, count, sizeof(*ret_sessions), by_id);
    return count;
}

bool session_get(DWORD id, struct session *ret_session)
{
    struct session all[SESSION_MAX];
    size_t count = session_list(all);

    for (size_t i = 0; i < count; i++)
        if (all[i].id == id) {
            *ret_session = all[i];
            return true;
        }
    return false;
}

DWORD session_console(void)
{
    return state_number(KEY, "Console", SESSION_FIRST);
}

void session_set_console(DWORD id)
{
    state_set_number(KEY, "Console", id);
}

void session_put(const struct session *s)
{
    char key[KEY_BYTES];

    key_of(s->id, key);
    state_set_number(key, "State", (DWORD)s->state);
    state_set_number(key, "Protocol", s->protocol);
    state_set_text(key, "User", s->user);
    state_set_text(key, "Domain", s->domain);
    state_set_text(key, "Station", s->station);
    state_set_bytes(key, false, "LogonTime", &s->logon_time, sizeof(s->logon_time));
    state_set_bytes(key, false, "LastInput", &s->last_input_ms, sizeof(s->last_input_ms));
}

void session_delete(DWORD id)
{
    char path[KEY_BYTES + sizeof(STATE_ROOT)];

    snprintf(path, sizeof(path), STATE_ROOT "\\" SESSIONS_KEY "\\%lu", id);
    RegDeleteKeyA(HKEY_LOCAL_MACHINE, path);
}

DWORD session_event_count(void)
{
    return state_number(EVENTS_KEY, "Count", 0);
}

bool session_event(DWORD number, struct session_event *ret_event)
{
    char name[16];

    snprintf(name, sizeof(name), "%lu", number);
    return state_bytes(EVENTS_KEY, name, ret_event, sizeof(*ret_event));
}

void session_tell(DWORD code, DWORD id)
{
    struct session_event event = {.code = code, .id = id};
    DWORD count = session_event_count();
    char name[16];

    snprintf(name, sizeof(name), "%lu", count);
    state_set_bytes(EVENTS_KEY, true, name, &event, sizeof(event));
    state_set_number(EVENTS_KEY, "Count", count + 1);
}

DWORD session_connect(DWORD id, DWORD target)
{
    struct session moved, shown;

    if (!session_get(id, &moved) || !session_get(target, &shown) || id == SESSION_SERVICES)
        return ERROR_CTX_WINSTATION_NOT_FOUND;
    /* Only a session with somebody in it can be moved, and only to where a picture is shown. */
    if (!*moved.user || (shown.state != WTSActive && shown.state != WTSConnected))
        return ERROR_CTX_WINSTATION_ACCESS_DENIED;
    if (id == target)
        return 0;
    session_tell(moved.protocol ? WTS_REMOTE_DISCONNECT : WTS_CONSOLE_DISCONNECT, id);
    memcpy(moved.station, shown.station, sizeof(moved.station));
    moved.protocol = shown.protocol;
    moved.state = WTSActive;
    session_put(&moved);
    if (session_console() == target)
        session_set_console(id);
    /* Whoever was there goes on without a picture; a mere logon screen ends. */
    shown.state = WTSDisconnected;
    shown.station[0] = L'\0';
    if (*shown.user)
        session_put(&shown);
    else
        session_delete(target);
    session_tell(moved.protocol ? WTS_REMOTE_CONNECT : WTS_CONSOLE_CONNECT, id);
    return 0;
}

DWORD session_disconnect(DWORD id)
{
    struct session s;

    if (!session_get(id, &s) || id == SESSION_SERVICES)
        return ERROR_CTX_WINSTATION_NOT_FOUND;
    if (s.protocol == WTS_PROTOCOL_TYPE_CONSOLE)
        return ERROR_INVALID_FUNCTION;
    s.state = WTSDisconnected;
    s.station[0] = L'\0';
    session_put(&s);
    session_tell(WTS_REMOTE_DISCONNECT, id);
    return 0;
}
