/* See clock_text.h. */
#include "clock_text.h"

#include "hyperv.h"

char *clock_text(uint64_t ago_ms)
{
    FILETIME now;
    ULARGE_INTEGER ticks;
    SYSTEMTIME time;

    GetSystemTimeAsFileTime(&now);
    ticks.LowPart = now.dwLowDateTime;
    ticks.HighPart = now.dwHighDateTime;
    ticks.QuadPart -= ago_ms * 10000;
    now.dwLowDateTime = ticks.LowPart;
    now.dwHighDateTime = ticks.HighPart;
    FileTimeToSystemTime(&now, &time);
    return emulator_print("%04u%02u%02u%02u%02u%02u.%03u000+000",
                          time.wYear,
                          time.wMonth,
                          time.wDay,
                          time.wHour,
                          time.wMinute,
                          time.wSecond,
                          time.wMilliseconds);
}

char *clock_interval(uint64_t ms)
{
    uint64_t seconds = ms / 1000;

    return emulator_print("%08u%02u%02u%02u.%03u000:000",
                          (unsigned)(seconds / 86400),
                          (unsigned)(seconds / 3600 % 24),
                          (unsigned)(seconds / 60 % 60),
                          (unsigned)(seconds % 60),
                          (unsigned)(ms % 1000));
}
