/*
 * Whose desktop it is: the user's session, tokens for it, and acting as that user. The user's
 * session is the console's while somebody is logged on there, otherwise an active remote one (an
 * enhanced session of VMConnect). A service asks the session manager for the token, which only
 * SYSTEM may; a program that a person started in that session uses its own. No state; any thread,
 * impersonation belongs to the calling thread.
 */
#ifndef GPUPV_WINDOWS_USER_TOKEN_WIN32_H
#define GPUPV_WINDOWS_USER_TOKEN_WIN32_H

#include "common/err.h"

#include <windows.h>

#define USER_NO_SESSION   0xFFFFFFFFu
#define USER_NAME_BYTES   64
#define USER_STATION_MAX  64
#define USER_PROTOCOL_RDP 2

/* The session that a user works in. */
struct user_session {
    DWORD id;                   /* USER_NO_SESSION: nobody is logged on */
    DWORD console;              /* the session at the console, USER_NO_SESSION while it switches */
    bool at_console;            /* id is the console's */
    bool remote;                /* active by RDP: an enhanced session */
    char user[USER_NAME_BYTES]; /* "" when nobody */
    int64_t logged_on_at_ms;    /* Unix time; 0 when unknown */
};

/* Looks who is logged on. */
bool user_session_find(struct user_session *ret_session, struct err *err);

/* A primary token of the session's user; *ret_token is NULL when nobody is logged on there. The
 * caller closes it. */
bool user_token_open(DWORD session, HANDLE *ret_token, struct err *err);

/* A primary token of SYSTEM in the session, for its logon screen. The caller closes it. */
bool user_token_system(DWORD session, HANDLE *ret_token, struct err *err);

/* This thread acts as the token's user until user_revert, which ends the process rather than go on
 * with the wrong rights. */
bool user_impersonate(HANDLE token, struct err *err);
void user_revert(void);

#endif
