/* The record of what changed, read by every process that watches (notify.c, pnp_wait). */
#include "machine.h"

#include <wchar.h>

#define EVENTS_PATH PNP_LIVE L"\\Events"

enum { EVENTS_KEPT = 256, EVENT_CHARS = INTERFACE_CHARS + 2 };

static void event_name(DWORD number, wchar_t *ret_name)
{
    swprintf(ret_name, 16, L"%lu", number);
}

void event_add(enum event_kind kind, const wchar_t *text)
{
    wchar_t name[16], data[EVENT_CHARS];
    DWORD number = event_last() + 1;

    swprintf(data, EVENT_CHARS, L"%lc%ls", (wint_t)kind, text);
    if (number > EVENTS_KEPT) {
        event_name(number - EVENTS_KEPT, name);
        reg_clear(EVENTS_PATH, name);
    }
    event_name(number, name);
    reg_set_number(PNP_LIVE, L"Last", number);
    reg_set_text(EVENTS_PATH, name, data);
}

DWORD event_last(void)
{
    return reg_number(PNP_LIVE, L"Last", 0);
}

bool event_get(DWORD number, enum event_kind *ret_kind, wchar_t *ret_text, size_t max)
{
    wchar_t name[16], data[EVENT_CHARS];

    event_name(number, name);
    if (!reg_text(EVENTS_PATH, name, data, EVENT_CHARS) || !*data)
        return false;
    *ret_kind = (enum event_kind) * data;
    swprintf(ret_text, max, L"%ls", data + 1);
    return true;
}

HKEY event_key(void)
{
    return reg_open(EVENTS_PATH, true);
}
