/* One registration per event: they are rare. */
#include "guest/event_log.h"

#include "common/agent_place.h"
#include "common/log.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <windows.h>

#include "messages.h"

static const struct {
    WORD type;
    DWORD id;
    WORD texts;
} rows[EVENTS] = {
    [EVENT_STARTED] = {EVENTLOG_INFORMATION_TYPE, EVENT_ID_STARTED, 1},
    [EVENT_STOPPED] = {EVENTLOG_INFORMATION_TYPE, EVENT_ID_STOPPED, 0},
    [EVENT_CANNOT_RUN] = {EVENTLOG_ERROR_TYPE, EVENT_ID_CANNOT_RUN, 1},
    [EVENT_STALLED] = {EVENTLOG_ERROR_TYPE, EVENT_ID_STALLED, 1},
    [EVENT_CRASHED] = {EVENTLOG_ERROR_TYPE, EVENT_ID_CRASHED, 2},
    [EVENT_RELEASED] = {EVENTLOG_INFORMATION_TYPE, EVENT_ID_RELEASED, 0},
    [EVENT_STOPPED_LATE] = {EVENTLOG_WARNING_TYPE, EVENT_ID_STOPPED_LATE, 2},
    [EVENT_INSTALLED] = {EVENTLOG_INFORMATION_TYPE, EVENT_ID_INSTALLED, 1},
};

void event_log_report(enum event event, const char *first, const char *second)
{
    HANDLE source = RegisterEventSourceW(NULL, L"" AGENT_EVENT_SOURCE);
    uint16_t *texts[2] = {NULL, NULL};
    bool ok = source && utf16_from_utf8(first, &texts[0], NULL) &&
              utf16_from_utf8(second, &texts[1], NULL) &&
              ReportEventW(source,
                           rows[event].type,
                           0,
                           rows[event].id,
                           NULL,
                           rows[event].texts,
                           0,
                           (LPCWSTR *)texts,
                           NULL);

    if (!ok)
        log_write(LOG_WARN, "service", "event log: error %lu", (unsigned long)GetLastError());
    free(texts[0]);
    free(texts[1]);
    if (source)
        DeregisterEventSource(source);
}
