/* Hyper-V's WMI provider as a COM server in a program under Wine: CLSID_WbemLocator and
 * CLSID_WbemObjectTextSrc of the prefix name hyperv.dll, which answers for root\virtualization\v2,
 * root\Microsoft\Windows\Hgs and the classes of root\cimv2 that schema.txt has; what else people
 * connect to is Wine's own. Written from schema.txt and the documentation that it names, as strict
 * as that. tests/wine/hyperv.sh has the shell functions:
 *
 *   need hyperv_install host                     the DLL, for all programs of the prefix
 *   hyperv_seed host <<<'{"vms": [...]}'         the machine from nothing: see seed.c
 *   hyperv_set host Jobs=1 Host:TESTHOST         settings, below
 *   hyperv_set_below host fault DefineSystem=32768   those with a subject: jobs, fault, jobfault
 *   hyperv_hook host "$script"                   a script that plays guests (StartHook, StopHook)
 *   hyperv_guest host "$id" lost                 what a guest says of itself
 *   hyperv_calls host                            how many calls there were
 *   hyperv_state host 'expression'               Python over the state: vms(), rows(class), ...
 *   hyperv_log host                              every call with its result: C:\emulator\hyperv.log
 *
 * State is one file, C:\emulator\hyperv\state.json, which all programs share: {"rows": [{"class":
 * C, "p": {properties}, ...}], "jobs": ..}. Removing it lets the next call start from seed.json.
 *
 * Settings, values of HKLM\Software\gpupv-emulator\hyperv, for the next call of anybody:
 *
 *   Build           22631   of Windows: which classes and properties there are
 *   Host            TESTHOST; name of the computer
 *   Language        0; 1: names that Windows translates are Chinese
 *   Installed       1; 0: no such namespace, no services, features are off
 *   Vmms            1; 0: the service is stopped, no class has an instance
 *   UpperRoot       0; 1: __PATH of objects has ROOT, while settings have root
 *   Rights          2 administrator, 1 Hyper-V Administrators, 0 nobody: no instances
 *   ConnectDenied   0; 1: a person without rights cannot even connect
 *   ProcessSecurity 0; 1: the process may impersonate without CoSetProxyBlanket
 *   Jobs            2: methods that usually finish at once do, others start jobs; 0 all finish at
 * once, 1 all start jobs, 3 in turns. jobs\<Method>: the same for one JobMs           40      how
 * long a job takes; jobs\Ms<Method> for one JobKeepMs       300000  how long a finished job is
 * known StateLagMs      30      how long a state lags behind the job that changed it HeartbeatMs
 * 100     when a guest without hooks answers ShutdownMs      100     how long a guest without hooks
 * shuts down GuestDeaf       0; 1: guests without hooks never answer BrokenStart     0; a start
 * fails in its job with this ErrorCode StartHook, StopHook     command lines; " start|reset <VM
 * id>", " stop|shutdown|reboot <VM id>" is appended. With StartHook, guests are what files say:
 * heartbeat\<VM id> ("ok", "lost", "off": it shut down by itself), kvp\<VM id> (lines
 * "guest|intrinsic NAME VALUE") in C:\emulator\hyperv FailCall, FailCode      call number n from
 * the log fails: an HRESULT, or the ReturnValue of a method (0: 0x80041001 or 32768). Value Calls
 * counts, hyperv_set Calls=0 begins anew fault\<Call or Method> = code, fault\Times<..>      they
 * fail, so many times jobfault\<Method> = code, jobfault\Times<..>        the job fails with that
 * ErrorCode RestartCall, RestartMs  vmms dies at call number n and is back after so long
 *
 * hyperv.h has what all files share, each other header one concept: schema (tables), value (one
 * value of a CIM type), object (IWbemClassObject), text (XML), path, query, store (state), job,
 * machine (power), resource (settings), service (IWbemServices). */
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
