/* A small WMI client for the checks of the emulator: it does by hand what programs do, so that each
 * step can also be done wrongly. Strings that it returns are UTF-8 and live until the next test. */
#ifndef GPUPV_TESTS_HYPERV_CHECK_H
#define GPUPV_TESTS_HYPERV_CHECK_H

#include "../../support/support.h"

#include <windows.h>
#include <oleauto.h>
#include <wbemcli.h>

#include <stdbool.h>

#include <cmocka.h>

#define HYPERV L"ROOT\\virtualization\\v2"

/* Results are compared as the numbers that documentation prints. */
#define assert_result(result, code) assert_int_equal((DWORD)(result), (DWORD)(code))

enum { OBJECTS_MAX = 256 };

struct objects {
    IWbemClassObject *rows[OBJECTS_MAX];
    ULONG count;
};

/* Connects with a blanket; the test fails when it cannot. check_connect: only the result, and
 * without a blanket. */
IWbemServices *client_open(const wchar_t *space);
HRESULT client_connect(const wchar_t *space, IWbemServices **ret_services);
HRESULT client_blanket(void *proxy);

/* Runs a query; the result of the first step that failed. The caller calls objects_done. */
HRESULT client_query(IWbemServices *services, const char *text, struct objects *ret_objects);
void objects_done(struct objects *objects);

/* The one object that a query finds; the test fails otherwise. Caller releases. */
IWbemClassObject *client_one(IWbemServices *services, const char *text);
HRESULT client_get(IWbemServices *services, const char *path, IWbemClassObject **ret_object);
size_t client_count(IWbemServices *services, const char *text);

/* Properties. */
const char *object_string(IWbemClassObject *object, const wchar_t *name);
LONG object_long(IWbemClassObject *object, const wchar_t *name);
const char *object_element(IWbemClassObject *object, const wchar_t *name, LONG index);
const char *object_own_path(IWbemClassObject *object);
HRESULT object_put(IWbemClassObject *object, const wchar_t *name, VARIANT value);

/* VARIANTs for object_put, which clears them. */
VARIANT value_text(const char *text);
VARIANT value_long(LONG number);
VARIANT value_bool(bool value);
VARIANT value_list(const char *const *texts); /* ended by NULL */
VARIANT value_one(const char *text);          /* a list of one */
VARIANT value_null(void);

/* The XML of an object. */
const char *object_xml(IWbemClassObject *object, ULONG format);

/* Calls a method: inputs are put by the caller into the object of client_input (NULL: none). */
IWbemClassObject *client_input(IWbemServices *services, const char *class, const char *method);
HRESULT client_call(IWbemServices *services,
                    const char *path,
                    const char *method,
                    IWbemClassObject *in,
                    IWbemClassObject **ret_out);

/* The same and the release of in; the ReturnValue, and the job's ErrorCode when a job followed,
 * which is waited for. *ret_out may be NULL. */
struct outcome {
    HRESULT result;
    LONG value, state, error; /* state and error of the job, 0 without one */
};
struct outcome client_do(IWbemServices *services,
                         const char *path,
                         const char *class,
                         const char *method,
                         IWbemClassObject *in,
                         IWbemClassObject **ret_out);

/* Paths of services. */
const char *management(IWbemServices *services);
const char *singleton(IWbemServices *services, const char *class);

/* A machine of the published order: made, its path; its settings, one of its resources. */
const char *machine_make(IWbemServices *services, const char *name);
IWbemClassObject *machine_own_settings(IWbemServices *services, const char *vm);
IWbemClassObject *machine_resource(IWbemServices *services, const char *vm, const char *class);
IWbemClassObject *template_of(IWbemServices *services, const char *class, const char *sub_type);
struct outcome machine_add(IWbemServices *services,
                           const char *vm,
                           IWbemClassObject *resource,
                           const char **ret_path);
struct outcome machine_change(IWbemServices *services, IWbemClassObject *resource);
struct outcome machine_change_settings(IWbemServices *services, IWbemClassObject *settings);
struct outcome machine_request(IWbemServices *services, const char *vm, LONG state);
struct outcome machine_destroy(IWbemServices *services, const char *vm);
LONG machine_wait(IWbemServices *services, const char *vm, LONG state);

/* Settings of the emulator. */
void emulator_set(const char *key, const char *name, DWORD value);
void emulator_set_text(const char *name, const wchar_t *text);
void emulator_unset(const char *key, const char *name);

/* Groups of tests; how many failed. */
int check_connect(void);
int check_fault(void);
int check_guest(void);
int check_hooked(void);
int check_machine(void);
int check_many(void);
int check_object(void);
int check_old(void);
int check_query(void);
int check_resource(void);
int check_share(void);

#endif
