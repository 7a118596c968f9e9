/* The log of calls, and the faults that a test asked for. */
#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_PATH "C:\\emulator\\pnp.log"

enum { LINE_BYTES = 1024 };

/* One write for a line, appended: lines of several processes never mix. */
static void write_line(const char *line, int len)
{
    DWORD written;
    HANDLE file = CreateFileA(LOG_PATH,
                              FILE_APPEND_DATA,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL,
                              OPEN_ALWAYS,
                              0,
                              NULL);

    if (file == INVALID_HANDLE_VALUE)
        return;
    WriteFile(file, line, (DWORD)len, &written, NULL);
    CloseHandle(file);
}

__attribute__((format(printf, 2, 0))) static void
log_call(const char *result, const char *format, va_list arguments)
{
    char line[LINE_BYTES];
    int len = vsnprintf(line, sizeof(line) - 32, format, arguments);

    if (len < 0 || len > (int)sizeof(line) - 33)
        len = (int)strlen(line);
    len += snprintf(line + len, sizeof(line) - (size_t)len, "%s\n", result);
    write_line(line, len);
}

void pnp_log(const char *format, ...)
{
    DWORD error = GetLastError();
    va_list arguments;

    va_start(arguments, format);
    log_call("", format, arguments);
    va_end(arguments);
    SetLastError(error);
}

/* "n:code" or "*:code". A counted one is gone when it has struck. */
DWORD call_fault(const char *function)
{
    wchar_t name[64], text[32], *colon;
    DWORD code = 0, left;

    swprintf(name, 64, L"%hs", function);
    machine_enter();
    if (reg_text(PNP_FAULTS, name, text, 32) && (colon = wcschr(text, L':'))) {
        code = wcstoul(colon + 1, NULL, 0);
        if (*text != L'*') {
            wchar_t rest[48];

            left = wcstoul(text, NULL, 10);
            swprintf(rest, 48, L"%lu:%lu", left - 1, code);
            reg_set_text(PNP_FAULTS, name, left > 1 ? rest : L"");
            code = left > 1 ? 0 : code;
        }
    }
    machine_leave();
    return code;
}

uint32_t pnp_fault(const char *function)
{
    return call_fault(function);
}

CONFIGRET call_cr(CONFIGRET code, const char *format, ...)
{
    char result[16];
    va_list arguments;

    snprintf(result, sizeof(result), " = %lu", code);
    va_start(arguments, format);
    log_call(result, format, arguments);
    va_end(arguments);
    return code;
}

BOOL call_bool(DWORD code, const char *format, ...)
{
    char result[24];
    va_list arguments;

    if (code)
        snprintf(
            result, sizeof(result), code < 0x10000 ? " = error %lu" : " = error 0x%08lX", code);
    else
        snprintf(result, sizeof(result), " = true");
    va_start(arguments, format);
    log_call(result, format, arguments);
    va_end(arguments);
    if (code)
        SetLastError(code);
    return !code;
}
