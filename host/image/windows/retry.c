/* Trying again, a bounded number of times, what somebody else holds for a moment. */
#include "host/image/windows/inside.h"

#include "common/clock.h"

#define FIRST_PAUSE_MS 20
#define MAX_PAUSE_MS   1000
#define MAX_TRIES      14 /* about ten seconds in all */

/* Codes of things that are in use, or not there yet. */
static const DWORD passing[] = {
    ERROR_ACCESS_DENIED, /* an indexer or a virus scanner opened it without sharing */
    ERROR_NOT_READY,
    ERROR_SHARING_VIOLATION,
    ERROR_LOCK_VIOLATION,
    ERROR_BUSY,
    ERROR_DEVICE_IN_USE,
    ERROR_USER_MAPPED_FILE,
    ERROR_DRIVE_LOCKED,
    ERROR_DIR_NOT_EMPTY,
};

static bool is_passing(DWORD code)
{
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (passing[i] == code)
            return true;
    return false;
}

static void pause_once(struct retry *retry)
{
    retry->pause_ms = retry->pause_ms ? retry->pause_ms * 2 : FIRST_PAUSE_MS;
    if (retry->pause_ms > MAX_PAUSE_MS)
        retry->pause_ms = MAX_PAUSE_MS;
    retry->tries++;
    clock_sleep_ms(clock_system(), retry->pause_ms);
}

bool retry_again(struct retry *retry, DWORD code)
{
    if (!is_passing(code) || retry->tries >= MAX_TRIES)
        return false;
    pause_once(retry);
    return true;
}

bool retry_wait(struct retry *retry, int64_t deadline_ms)
{
    int64_t now = clock_now_ms(clock_system());

    if (!retry->tries)
        retry->began_ms = now;
    if (now - retry->began_ms >= deadline_ms)
        return false;
    pause_once(retry);
    return true;
}
