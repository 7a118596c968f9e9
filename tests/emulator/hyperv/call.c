/* Settings, numbered calls with their faults, the log, and the small things of hyperv.h. */
#include "hyperv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <objbase.h>
#include <oleauto.h>

enum { NAME_UNITS = 64, LINE_BYTES = 1024, SETTINGS_MAX = 48 };

void emulator_fail(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    state_log("hyperv", "EMULATOR %s", line);
    fprintf(stderr, "hyperv emulator: %s\n", line);
    abort();
}

void *emulator_grow(void *memory, size_t size)
{
    void *grown = realloc(memory, size ? size : 1);

    if (!grown)
        emulator_fail("out of memory");
    return grown;
}

char *emulator_copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(emulator_grow(NULL, size), text, size);
}

char *emulator_print(const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        emulator_fail("format");
    text = emulator_grow(NULL, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void emulator_lock(void)
{
    state_lock();
}

void emulator_unlock(void)
{
    state_unlock();
}

/* Settings of one call: read once, for there are rows by the hundred that ask. Each thread has its
 * own, so that nobody needs a lock. */
static _Thread_local struct {
    const char *name;
    DWORD value;
    bool there;
} settings[SETTINGS_MAX];
static _Thread_local size_t setting_count;
static _Thread_local wchar_t hidden[NAME_UNITS];

void emulator_refresh(void)
{
    setting_count = 0;
    if (!state_text(HYPERV_KEY, "HideGpu", hidden, NAME_UNITS))
        hidden[0] = L'\0';
}

const wchar_t *emulator_hidden_gpu(void)
{
    return hidden;
}

DWORD emulator_setting(const char *name, DWORD otherwise)
{
    const DWORD unlikely = 0xA5A5A5A5;
    size_t i = 0;

    while (i < setting_count && strcmp(settings[i].name, name) != 0)
        i++;
    if (i == setting_count) {
        DWORD value = state_number(HYPERV_KEY, name, unlikely);

        if (i == SETTINGS_MAX)
            return value == unlikely ? otherwise : value;
        setting_count++;
        settings[i].name = name;
        settings[i].value = value;
        settings[i].there = value != unlikely;
    }
    return settings[i].there ? settings[i].value : otherwise;
}

/* A process sees one Windows, as long as it lives. */
uint32_t emulator_build(void)
{
    static uint32_t build;

    if (!build)
        build = emulator_setting("Build", 22631);
    return build;
}

const char *emulator_host(void)
{
    static char name[NAME_UNITS];
    wchar_t text[NAME_UNITS];
    char fresh[NAME_UNITS] = "TESTHOST";

    if (name[0])
        return name;
    if (state_text(HYPERV_KEY, "Host", text, NAME_UNITS))
        WideCharToMultiByte(CP_UTF8, 0, text, -1, fresh, sizeof(fresh), NULL, NULL);
    memcpy(name, fresh, sizeof(name));
    return name;
}

int emulator_rights(void)
{
    return (int)emulator_setting("Rights", RIGHTS_ADMINISTRATOR);
}

uint64_t emulator_now(void)
{
    return state_now_ms();
}

char *emulator_utf8(const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text ? text : L"", -1, NULL, 0, NULL, NULL);
    char *utf8 = emulator_grow(NULL, (size_t)size);

    WideCharToMultiByte(CP_UTF8, 0, text ? text : L"", -1, utf8, size, NULL, NULL);
    return utf8;
}

BSTR emulator_bstr(const char *text)
{
    int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    BSTR bstr = SysAllocStringLen(NULL, (UINT)(units - 1));

    if (!bstr)
        emulator_fail("out of memory");
    MultiByteToWideChar(CP_UTF8, 0, text, -1, bstr, units);
    return bstr;
}

char *emulator_guid(void)
{
    GUID id;

    if (FAILED(CoCreateGuid(&id)))
        emulator_fail("no GUID");
    return emulator_print("%08lX-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X",
                          id.Data1,
                          id.Data2,
                          id.Data3,
                          id.Data4[0],
                          id.Data4[1],
                          id.Data4[2],
                          id.Data4[3],
                          id.Data4[4],
                          id.Data4[5],
                          id.Data4[6],
                          id.Data4[7]);
}

struct call call_begin(const char *name)
{
    struct call call = {.name = name};

    emulator_lock();
    emulator_refresh();
    call.number = state_number(HYPERV_KEY, "Calls", 0) + 1;
    state_set_number(HYPERV_KEY, "Calls", call.number);
    if (emulator_setting("FailCall", 0) == call.number) {
        call.fault = emulator_setting("FailCode", 0);
        if (!call.fault)
            call.fault = 0x80041001;
    } else
        call.fault = state_fault(HYPERV_KEY "\\fault", name);
    if (emulator_setting("RestartCall", 0) == call.number)
        state_set_number(
            HYPERV_KEY, "DownUntil", (DWORD)emulator_now() + emulator_setting("RestartMs", 300));
    emulator_unlock();
    return call;
}

HRESULT call_fault(const struct call *call)
{
    return call->fault & 0x80000000 ? (HRESULT)call->fault
           : call->fault            ? (HRESULT)0x80041001
                                    : S_OK;
}

HRESULT call_end(const struct call *call, HRESULT result, const char *detail)
{
    state_log("hyperv",
              "%lu %lu %s %s: %08lx",
              call->number,
              GetCurrentProcessId(),
              call->name,
              detail ? detail : "",
              (unsigned long)result);
    return result;
}
