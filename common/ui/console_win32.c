/* The terminal on Windows: code page 65001 while we run, virtual terminal sequences, and the wide
 * command line. */
#include "common/ui/console.h"

#include "common/utf16.h"

#include <io.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>
#include <shellapi.h>

#define SECRET_UNITS 512
#define CLOSE_MS     4500 /* Windows waits 5 s for a program whose console is closed */

static UINT old_output_page, old_input_page;
static volatile LONG interrupted;

/* Runs on a thread of Windows. FALSE: what Windows does, which is to end the program. */
static BOOL WINAPI on_interrupt(DWORD event)
{
    if (InterlockedExchange(&interrupted, 1))
        return FALSE;
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(CLOSE_MS); /* the program ends when this returns */
    return TRUE;
}

void console_watch_interrupt(void)
{
    SetConsoleCtrlHandler(on_interrupt, TRUE);
}

bool console_is_interrupted(void)
{
    return interrupted != 0;
}

static void restore(void)
{
    SetConsoleOutputCP(old_output_page);
    SetConsoleCP(old_input_page);
}

static HANDLE console_of(FILE *stream)
{
    return (HANDLE)_get_osfhandle(_fileno(stream));
}

void console_open(void)
{
    DWORD mode;

    /* of libraries that are loaded later by name alone, those of Windows and no others: not what
     * somebody has put beside a program in the folder of downloads, or where it was started */
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    SetDllDirectoryW(L"");
    old_output_page = GetConsoleOutputCP();
    old_input_page = GetConsoleCP();
    if (old_output_page) {
        SetConsoleOutputCP(CP_UTF8);
        SetConsoleCP(CP_UTF8);
        atexit(restore);
    }
    if (GetConsoleMode(console_of(stdout), &mode))
        SetConsoleMode(console_of(stdout), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    if (GetConsoleMode(console_of(stderr), &mode))
        SetConsoleMode(console_of(stderr), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    /* whole lines, so that no character is split between two writes */
    setvbuf(stdout, NULL, _IOFBF, 1 << 14);
    setvbuf(stderr, NULL, _IOFBF, 1 << 12);
}

char **console_args(int *argc, char **argv)
{
    int count = 0;
    WCHAR **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **args = wide ? calloc((size_t)count + 1, sizeof *args) : NULL;

    (void)argv;
    for (int i = 0; args && i < count; i++)
        if (!utf16_to_utf8((const uint16_t *)wide[i], wcslen(wide[i]), &args[i], NULL)) {
            for (int j = 0; j < i; j++)
                free(args[j]);
            free(args);
            args = NULL;
        }
    LocalFree(wide);
    if (args)
        *argc = count;
    return args;
}

bool console_is_terminal(FILE *stream)
{
    DWORD mode;

    return GetConsoleMode(console_of(stream), &mode) != 0;
}

bool console_has_escapes(FILE *stream)
{
    DWORD mode;

    return GetConsoleMode(console_of(stream), &mode) &&
           (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

bool console_secret(char *out, size_t size)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    WCHAR line[SECRET_UNITS];
    DWORD mode, units = 0;
    bool ok;

    if (!GetConsoleMode(input, &mode) ||
        !SetConsoleMode(
            input, (mode & ~(DWORD)ENABLE_ECHO_INPUT) | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT))
        return false;
    ok = ReadConsoleW(input, line, SECRET_UNITS, &units, NULL) && units >= 2 &&
         line[units - 1] == L'\n' && line[units - 2] == L'\r';
    SetConsoleMode(input, mode);
    ok = ok && utf16_to_utf8_into((const uint16_t *)line, units - 2, out, size);
    SecureZeroMemory(line, sizeof line);
    return ok;
}

unsigned console_width(FILE *stream)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!GetConsoleScreenBufferInfo(console_of(stream), &info))
        return 0;
    return (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
}

enum text_lang console_lang(void)
{
    return PRIMARYLANGID(GetUserDefaultUILanguage()) == LANG_CHINESE ? TEXT_ZH : TEXT_EN;
}

int console_exit_code(int code)
{
    return code;
}

bool console_is_admin(void)
{
    TOKEN_ELEVATION elevation = {0};
    HANDLE token = NULL;
    DWORD size = 0;
    bool elevated = false;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        elevated =
            GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size) &&
            elevation.TokenIsElevated;
        CloseHandle(token);
    }
    return elevated;
}
