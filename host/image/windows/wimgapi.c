/*
 * Applying through wimgapi.dll, on a thread of its own, so that the caller hears of the progress
 * and can cancel also while the library says nothing. A library that does not come back is left to
 * itself after a while: its thread cannot be ended safely, and it loses the volume when the disk is
 * detached.
 */
#include "host/image/windows/inside.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* wimgapi.h is not in mingw-w64. */
#define WIM_OPEN_EXISTING    3u
#define WIM_COMPRESS_NONE    0u
#define WIM_FLAG_SHARE_WRITE 0x40u
#define WIM_FLAG_SOLID       0x20000000u /* undocumented; without it ESD files are "bad format" */
#define WIM_REFERENCE_APPEND 0x00010000u
#define WIM_MSG_PROGRESS     (WM_APP + 0x1476u + 2)
#define WIM_MSG_PROCESS      (WM_APP + 0x1476u + 3)
#define WIM_MSG_ERROR        (WM_APP + 0x1476u + 9)
#define WIM_MSG_ABORT        0xFFFFFFFFu
#define WIM_INVALID_CALLBACK 0xFFFFFFFFu
#define CODE_REMOVED         0x4DBu /* what a Windows says that somebody has stripped of it */

#define TICK_MS   250
#define CANCEL_MS 60000
#define PARTS_MAX 99

struct api {
    HANDLE(WINAPI *create)
    (const WCHAR *path,
     DWORD access,
     DWORD disposition,
     DWORD flags,
     DWORD compression,
     DWORD *ret_result);
    BOOL(WINAPI *close)(HANDLE handle);
    BOOL(WINAPI *temporary)(HANDLE wim, const WCHAR *path);
    BOOL(WINAPI *reference)(HANDLE wim, const WCHAR *path, DWORD flags);
    HANDLE(WINAPI *load)(HANDLE wim, DWORD index);
    BOOL(WINAPI *apply)(HANDLE image, const WCHAR *path, DWORD flags);
    DWORD(WINAPI *listen)(HANDLE wim, FARPROC callback, void *user);
    BOOL(WINAPI *unlisten)(HANDLE wim, FARPROC callback);
    DWORD(WINAPI *count)(HANDLE wim);
};

static const char *const names[] = {
    "WIMCreateFile",
    "WIMCloseHandle",
    "WIMSetTemporaryPath",
    "WIMSetReferenceFile",
    "WIMLoadImage",
    "WIMApplyImage",
    "WIMRegisterMessageCallback",
    "WIMUnregisterMessageCallback",
    "WIMGetImageCount",
};

#define CALLS (sizeof names / sizeof *names)
_Static_assert(sizeof(struct api) == CALLS * sizeof(FARPROC), "one name for each call");

/* Shared with the library's threads; on the heap, since they may outlive us. */
struct work {
    struct api api;
    unsigned index;
    uint16_t *file16, *root16, *temporary16;

    SRWLOCK lock; /* guards what is below */
    unsigned permille;
    int64_t heard_ms;
    bool moved, cancelled;
    char last_file[ERR_ARG_BYTES];

    DWORD code; /* of the thread, when it has ended */
    bool no_index;
};

static bool load(struct api *ret_api, struct err *err)
{
    FARPROC calls[CALLS];

    if (!library_load("wimgapi.dll", names, CALLS, calls, err))
        return false;
    memcpy(ret_api, calls, sizeof *ret_api);
    return true;
}

bool wimgapi_check(struct err *err)
{
    struct api api;

    return load(&api, err);
}

static DWORD CALLBACK on_message(DWORD message, WPARAM wide, LPARAM other, void *user)
{
    struct work *work = user;
    bool cancelled;

    (void)other;
    AcquireSRWLockExclusive(&work->lock);
    work->heard_ms = clock_now_ms(clock_system());
    if (message == WIM_MSG_PROGRESS) {
        unsigned permille = wide <= 100 ? (unsigned)wide * 10 : 1000;

        work->moved = work->moved || permille;
        if (permille > work->permille)
            work->permille = permille;
    } else if (message == WIM_MSG_PROCESS || message == WIM_MSG_ERROR) {
        const WCHAR *path = (const WCHAR *)wide; /* NOLINT(performance-no-int-to-ptr) */

        if (path)
            utf16_to_utf8_into(path, wcslen(path), work->last_file, sizeof work->last_file);
    }
    cancelled = work->cancelled;
    ReleaseSRWLockExclusive(&work->lock);
    return cancelled ? WIM_MSG_ABORT : ERROR_SUCCESS;
}

/* The other parts of a split image lie beside the first: install.swm, install2.swm, ... 0 or a
 * Win32 code. */
static DWORD add_parts(const struct work *work, HANDLE wim)
{
    size_t length = utf16_len(work->file16);
    WCHAR *part;

    if (length < 4 || _wcsicmp((const WCHAR *)work->file16 + length - 4, L".swm"))
        return 0;
    part = calloc(length + 4, sizeof *part);
    if (!part)
        return ERROR_NOT_ENOUGH_MEMORY;
    for (int number = 2; number <= PARTS_MAX; number++) {
        DWORD code = 0;

        memcpy(part, work->file16, (length - 4) * sizeof *part);
        swprintf(part + length - 4, 8, L"%d.swm", number);
        if (GetFileAttributesW(part) == INVALID_FILE_ATTRIBUTES)
            break;
        if (!work->api.reference(wim, part, WIM_REFERENCE_APPEND))
            code = GetLastError();
        if (code) {
            free(part);
            return code;
        }
    }
    free(part);
    return 0;
}

/* Opens the file, solid or not. 0 or a Win32 code. */
static DWORD open_file(const struct work *work, HANDLE *ret_wim)
{
    static const DWORD flags[] = {WIM_FLAG_SHARE_WRITE | WIM_FLAG_SOLID, WIM_FLAG_SHARE_WRITE};
    DWORD code = 0;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        DWORD result = 0;
        HANDLE wim = work->api.create((const WCHAR *)work->file16,
                                      GENERIC_READ,
                                      WIM_OPEN_EXISTING,
                                      flags[i],
                                      WIM_COMPRESS_NONE,
                                      &result);

        if (wim) {
            *ret_wim = wim;
            return 0;
        }
        /* the first error counts: without the flag a solid file has another one */
        if (!code)
            code = GetLastError();
        if (GetLastError() != ERROR_INVALID_PARAMETER)
            break;
    }
    return code;
}

/* Loads and applies from the open file. 0 or a Win32 code. */
static DWORD apply_image(struct work *work, HANDLE wim)
{
    HANDLE image;
    DWORD code = 0;

    if (work->index > work->api.count(wim)) {
        work->no_index = true;
        return ERROR_NOT_FOUND;
    }
    image = work->api.load(wim, work->index);
    if (!image)
        return GetLastError();
    if (!work->api.apply(image, (const WCHAR *)work->root16, 0))
        code = GetLastError();
    work->api.close(image);
    return code;
}

static DWORD WINAPI apply_thread(void *user)
{
    struct work *work = user;
    FARPROC callback = (FARPROC)(void (*)(void))on_message;
    HANDLE wim = NULL;
    DWORD code = open_file(work, &wim);

    if (!code && !work->api.temporary(wim, (const WCHAR *)work->temporary16))
        code = GetLastError();
    if (!code)
        code = add_parts(work, wim);
    if (!code && work->api.listen(wim, callback, work) == WIM_INVALID_CALLBACK)
        code = GetLastError();
    else if (!code) {
        code = apply_image(work, wim);
        work->api.unlisten(wim, callback);
    }
    if (wim)
        work->api.close(wim);
    work->code = code;
    return 0;
}

static void work_free(struct work *work)
{
    if (!work)
        return;
    free(work->file16);
    free(work->root16);
    free(work->temporary16);
    free(work);
}

static struct work *work_new(const struct apply *apply, struct err *err)
{
    struct work *work = calloc(1, sizeof *work);

    if (!work) {
        err_no_memory(err);
        return NULL;
    }
    InitializeSRWLock(&work->lock);
    work->index = apply->from->index;
    work->heard_ms = clock_now_ms(clock_system());
    if (!load(&work->api, err) || !utf16_from_utf8(apply->file, &work->file16, err) ||
        !utf16_from_utf8(apply->root, &work->root16, err) ||
        !windows_full_path(apply->port->work, &work->temporary16, err)) {
        work_free(work);
        return NULL;
    }
    return work;
}

enum end { ENDED, CANCELLED, STUCK };

/* Waits for the thread with progress; STUCK when it did not come back. */
static enum end follow(const struct apply *apply, struct work *work, HANDLE thread)
{
    int64_t cancelled_ms = 0;
    enum end end = ENDED;

    while (WaitForSingleObject(thread, TICK_MS) == WAIT_TIMEOUT) {
        int64_t now = clock_now_ms(clock_system()), heard_ms;
        unsigned permille;

        AcquireSRWLockShared(&work->lock);
        permille = work->permille;
        heard_ms = work->heard_ms;
        ReleaseSRWLockShared(&work->lock);
        if (end != ENDED) {
            if (now - cancelled_ms > CANCEL_MS || end == STUCK)
                return STUCK;
            continue;
        }
        if (apply->progress && !apply->progress(permille, apply->user))
            end = CANCELLED;
        else if (now - heard_ms > apply->port->limits.silence_ms)
            end = STUCK;
        if (end != ENDED) {
            cancelled_ms = now;
            AcquireSRWLockExclusive(&work->lock);
            work->cancelled = true;
            ReleaseSRWLockExclusive(&work->lock);
        }
    }
    return end == STUCK ? ENDED : end;
}

/* The failures of a file that cannot even be opened under that name. */
static bool is_about_names(DWORD code)
{
    static const DWORD codes[] = {ERROR_INVALID_FUNCTION,
                                  ERROR_FILE_NOT_FOUND,
                                  ERROR_PATH_NOT_FOUND,
                                  ERROR_NOT_SUPPORTED,
                                  ERROR_BAD_NETPATH,
                                  ERROR_INVALID_PARAMETER,
                                  ERROR_INVALID_NAME,
                                  ERROR_BAD_PATHNAME,
                                  ERROR_DIRECTORY};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static bool failed(const struct apply *apply,
                   const struct work *work,
                   enum apply_failure *ret_failure,
                   struct err *err)
{
    const char *title = apply->from->path;

    if (work->no_index)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_IMAGE, title, TEXT_NUM(work->index), NULL);
    if (work->code == CODE_REMOVED || work->code == ERROR_CALL_NOT_IMPLEMENTED) {
        *ret_failure = APPLY_ENGINE;
        err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)work->code, TEXT_DISK_WIMGAPI_REMOVED, NULL);
        return err_hint(err, TEXT_DISK_HINT_WIMGAPI);
    }
    if (!work->moved && is_about_names(work->code))
        *ret_failure = APPLY_NAMES;
    return explain_source(work->code, TEXT_DISK_APPLY, title, err);
}

bool wimgapi_apply(const struct apply *apply, enum apply_failure *ret_failure, struct err *err)
{
    struct work *work = work_new(apply, err);
    enum end end;
    HANDLE thread;
    bool ok;

    *ret_failure = APPLY_FOR_GOOD;
    if (!work)
        return false;
    thread = CreateThread(NULL, 0, apply_thread, work, 0, NULL);
    if (!thread) {
        work_free(work);
        return err_no_memory(err);
    }
    end = follow(apply, work, thread);
    CloseHandle(thread);
    if (end == STUCK) {
        char last[ERR_ARG_BYTES];

        AcquireSRWLockShared(&work->lock);
        text_copy(last, sizeof last, work->last_file);
        ReleaseSRWLockShared(&work->lock);
        err_set(err, ERR_TIMEOUT, TEXT_DISK_APPLY_STUCK, apply->from->path, last, NULL);
        return err_hint(err, TEXT_DISK_HINT_STUCK); /* the thread keeps what it was given */
    }
    if (end == CANCELLED)
        ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    else
        ok = work->code == 0 || failed(apply, work, ret_failure, err);
    if (ok && apply->progress && !apply->progress(1000, apply->user))
        ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    work_free(work);
    return ok;
}
