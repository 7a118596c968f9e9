/*
 * What the Windows ports share around a call: errors from Win32 and COM codes, UTF-16 in and out,
 * reading values of HKEY_LOCAL_MACHINE (64-bit view), and functions that older Windows lack. No
 * state; any thread.
 */
#ifndef GPUPV_WINDOWS_CALL_WIN32_H
#define GPUPV_WINDOWS_CALL_WIN32_H

#include "common/err.h"

#include <windows.h>

/* Sets err from a Win32 code; what is {0} of the message. Returns false. */
static inline bool call_fail(DWORD code, enum text_id message, const char *what, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, message, what, NULL);
}

/* The same from a HRESULT. */
static inline bool
call_fail_com(HRESULT result, enum text_id message, const char *what, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_HRESULT, (int32_t)result, message, what, NULL);
}

/* The function of a DLL that is loaded from System32, NULL when this Windows has none. The caller
 * casts it; the DLL stays loaded. */
FARPROC call_find(const char *dll, const char *name);

/* Puts a function that was found at run time into a pointer of its own type, whose address is
 * ret_function; NULL clears it. */
void call_store(void *ret_function, FARPROC function);

/* A zero-terminated UTF-16 text as UTF-8, cut when it is too long; "" for NULL or malformed text.
 * Returns out. */
const char *call_text(char *out, size_t size, const uint16_t *text);

/* A text or number of HKEY_LOCAL_MACHINE; false when it is missing, has another type, or does not
 * fit. Environment variables in a text are expanded. */
bool call_machine_text(const uint16_t *key, const uint16_t *name, char *out, size_t size);
bool call_machine_number(const uint16_t *key, const uint16_t *name, uint32_t *ret_number);

/* True when the key exists below HKEY_LOCAL_MACHINE. */
bool call_machine_key_exists(const uint16_t *key);

/* Switches on a privilege that the process's token holds; false when it does not. */
bool call_privilege(const uint16_t *name);

/* A folder that Windows knows, for the user of token (NULL: for everybody). */
bool call_known_folder(const GUID *id, HANDLE token, char *out, size_t size, struct err *err);

#endif
