/* Hyper-V's WMI provider as a COM server in a program under Wine: README.md says how a test seeds,
 * switches and reads it. This header has what all files share, each other one concept: schema
 * (tables), value (one value of a CIM type), object (IWbemClassObject), text (XML), path, query and
 * condition, store (state), live (state as it is seen now), association, method and job, machine
 * (power), resource (settings), service (IWbemServices). */
#ifndef GPUPV_TESTS_HYPERV_H
#define GPUPV_TESTS_HYPERV_H

#include <windows.h>
#include <oleauto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/state.h"

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define HYPERV_KEY       "hyperv"
#define HYPERV_FOLDER    "C:\\emulator\\hyperv"
#define HYPERV_RESTARTED 0x800706BE /* RPC_S_CALL_FAILED */

enum { RIGHTS_NONE, RIGHTS_OPERATOR, RIGHTS_ADMINISTRATOR };

/* A mistake of the emulator or of a seed: says so in the log and ends the process. */
void emulator_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* realloc that never fails. */
void *emulator_grow(void *memory, size_t size);
char *emulator_copy(const char *text);

/* One thread of one process at a time; nests. */
void emulator_lock(void);
void emulator_unlock(void);

/* Settings; a call sees them as they were at its beginning. name: a constant. */
void emulator_refresh(void);
const wchar_t *emulator_hidden_gpu(void); /* "" for none */
DWORD emulator_setting(const char *name, DWORD otherwise);
uint32_t emulator_build(void);
const char *emulator_host(void); /* name of the computer */
int emulator_rights(void);

/* Milliseconds of the clock that all share. */
uint64_t emulator_now(void);

/* UTF-8 and BSTR; the caller frees with free or SysFreeString. */
char *emulator_utf8(const wchar_t *text);
BSTR emulator_bstr(const char *text);

/* "{...}" of a fresh id without its braces, upper case. Caller frees. */
char *emulator_guid(void);

/* Formatted text; the caller frees. */
char *emulator_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A call of somebody begins: counts it, and answers with what it is to fail with, or 0. name is the
 * function of WMI ("ExecQuery") or the method of a class. */
struct call {
    const char *name;
    DWORD number, fault;
};
struct call call_begin(const char *name);

/* The fault as the result of a call that has no ReturnValue, S_OK without one. */
HRESULT call_fault(const struct call *call);

/* Its end, for the log; returns the result. */
HRESULT call_end(const struct call *call, HRESULT result, const char *detail);

#endif
