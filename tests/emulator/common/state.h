/* State of the emulators: values below HKLM\Software\gpupv-emulator, which test scripts write and
 * read, too. What a boot forgets lies in volatile keys. Nothing is cached: each call reads the
 * registry. Names are UTF-8 and ASCII in practice. */
#ifndef GPUPV_TESTS_STATE_H
#define GPUPV_TESTS_STATE_H

#include <windows.h>
#include <stdbool.h>
#include <stdint.h>

#define STATE_ROOT "Software\\gpupv-emulator"

enum { STATE_TEXT_BYTES = 512 };

/* The number, or otherwise when it is not there. key: "vdd", "vdd\\State". */
DWORD state_number(const char *key, const char *name, DWORD otherwise);

/* The text as UTF-16; false and an empty string when it is not there or too long. */
bool state_text(const char *key, const char *name, wchar_t *ret_text, size_t size);

/* The bytes; false when there are not exactly size. */
bool state_bytes(const char *key, const char *name, void *ret_bytes, DWORD size);

/* All strings of a REG_MULTI_SZ with its two final zeros, or "" for none. */
void state_strings(const char *key, const char *name, wchar_t *ret_text, size_t size);

/* Opens the key, and makes it: as a volatile one when asked. NULL: not possible. */
HKEY state_open(const char *key, bool volatile_key);

void state_set_number(const char *key, const char *name, DWORD value);
void state_set_bytes(
    const char *key, bool volatile_key, const char *name, const void *bytes, DWORD size);
void state_set_text(const char *key, const char *name, const wchar_t *text);

/* Removes the value; missing is fine. */
void state_remove(const char *key, const char *name);

/* A fault that a test asked for: the number, and 0 for none. Value name "Times" + name, when there
 * is one, counts how often it still happens. */
DWORD state_fault(const char *key, const char *name);

/* One process at a time, for reading and writing state as one. A thread may take it again. */
void state_lock(void);
void state_unlock(void);

/* Milliseconds, the same clock in all processes, and not moved by anybody. */
uint64_t state_now_ms(void);

/* Appends a line to C:\emulator\<name>.log. */
void state_log(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
