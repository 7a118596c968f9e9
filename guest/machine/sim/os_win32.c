/* What the simulation needs of Windows. */
#include "guest/machine/sim/os.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLED_EXIT_CODE 137
#define RENAME_TRIES     200
#define RENAME_PAUSE_MS  10
#define NOTICE_BYTES     4096
#define SHARE_ALL        (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define TREE_EVENTS                                                                                \
    (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME | FILE_NOTIFY_CHANGE_LAST_WRITE |  \
     FILE_NOTIFY_CHANGE_SIZE)

struct os_record {
    HANDLE file;
};

/* One folder with a request for its next changes under way. */
struct notice {
    HANDLE folder, event;
    OVERLAPPED request;
    DWORD filter;
    BOOL subtree;
    bool pending;
    DWORD bytes[NOTICE_BYTES / sizeof(DWORD)];
};

struct os_watch {
    struct notice disk, tree;
    HANDLE wake;
    char tree_path[FS_PATH_BYTES];
};

_Noreturn void os_kill_self(void)
{
    os_exit(KILLED_EXIT_CODE);
}

_Noreturn void os_exit(int code)
{
    TerminateProcess(GetCurrentProcess(), (UINT)code);
    for (;;)
        Sleep(INFINITE);
}

static bool last_error(enum text_id message, const char *path, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), message, path, NULL);
}

static HANDLE open_file(const char *path, DWORD access, DWORD how, DWORD flags, struct err *err)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    uint16_t *wide = NULL;

    if (!utf16_from_utf8(path, &wide, err))
        return file;
    file = CreateFileW((const wchar_t *)wide, access, SHARE_ALL, NULL, how, flags, NULL);
    if (file == INVALID_HANDLE_VALUE)
        last_error(TEXT_FILE_OPEN, path, err);
    free(wide);
    return file;
}

bool os_record_open(const char *path, struct os_record **ret_record, struct err *err)
{
    struct os_record *record = malloc(sizeof(*record));

    if (!record)
        return err_no_memory(err);
    record->file =
        open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, err);
    if (record->file == INVALID_HANDLE_VALUE) {
        free(record);
        return false;
    }
    *ret_record = record;
    return true;
}

void os_record_close(struct os_record *record)
{
    if (!record)
        return;
    CloseHandle(record->file);
    free(record);
}

bool os_record_get(struct os_record *record, unsigned char *ret_bytes)
{
    OVERLAPPED start = {0};
    DWORD n = 0;

    memset(ret_bytes, 0, OS_RECORD_BYTES);
    if (!ReadFile(record->file, ret_bytes, OS_RECORD_BYTES, &n, &start))
        return GetLastError() == ERROR_HANDLE_EOF;
    return n == 0 || n == OS_RECORD_BYTES;
}

bool os_record_put(struct os_record *record, const unsigned char *bytes)
{
    OVERLAPPED start = {0};
    DWORD n = 0;

    return WriteFile(record->file, bytes, OS_RECORD_BYTES, &n, &start) && n == OS_RECORD_BYTES;
}

static bool write_beside(const char *path, const void *data, size_t length, struct err *err)
{
    HANDLE file = open_file(path, GENERIC_WRITE, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, err);
    DWORD n = 0;
    bool ok;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    ok = WriteFile(file, data, (DWORD)length, &n, NULL) && n == length;
    if (!ok)
        last_error(TEXT_FILE_WRITE, path, err);
    CloseHandle(file);
    return ok;
}

/* Renames from over to. Somebody who looks at the file at this moment (another process that opens
 * the world, a virus scanner) makes Windows refuse it for as long. */
static bool rename_over(const uint16_t *from, const uint16_t *to)
{
    for (int tries = 0; tries < RENAME_TRIES; tries++) {
        DWORD code;

        if (MoveFileExW((const wchar_t *)from, (const wchar_t *)to, MOVEFILE_REPLACE_EXISTING))
            return true;
        code = GetLastError();
        if (code != ERROR_ACCESS_DENIED && code != ERROR_SHARING_VIOLATION)
            return false;
        Sleep(RENAME_PAUSE_MS);
        SetLastError(code);
    }
    return false;
}

bool os_replace(const char *path, const void *data, size_t length, struct err *err)
{
    char beside[FS_PATH_BYTES + 32];
    uint16_t *from = NULL, *to = NULL;
    bool ok = false;

    snprintf(beside, sizeof(beside), "%s.new", path);
    if (!utf16_from_utf8(beside, &from, err) || !utf16_from_utf8(path, &to, err) ||
        !write_beside(beside, data, length, err))
        goto out;
    ok = rename_over(from, to);
    if (!ok) {
        last_error(TEXT_FILE_WRITE, path, err);
        DeleteFileW((const wchar_t *)from);
    }

out:
    free(from);
    free(to);
    return ok;
}

static bool
notice_open(struct notice *notice, const char *path, DWORD filter, BOOL subtree, struct err *err)
{
    notice->filter = filter;
    notice->subtree = subtree;
    notice->folder = open_file(path,
                               FILE_LIST_DIRECTORY,
                               OPEN_EXISTING,
                               FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED,
                               err);
    if (notice->folder == INVALID_HANDLE_VALUE)
        return false;
    if (!notice->event)
        notice->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return notice->event || last_error(TEXT_FILE_OPEN, path, err);
}

static void notice_close(struct notice *notice)
{
    DWORD n;

    if (notice->pending && CancelIoEx(notice->folder, &notice->request))
        (void)GetOverlappedResult(notice->folder, &notice->request, &n, TRUE);
    if (notice->folder && notice->folder != INVALID_HANDLE_VALUE)
        CloseHandle(notice->folder);
    if (notice->event)
        CloseHandle(notice->event);
}

/* Asks for the next changes; what happened since the last request is kept by Windows. */
static void notice_ask(struct notice *notice)
{
    if (notice->pending || !notice->event || notice->folder == INVALID_HANDLE_VALUE)
        return;
    memset(&notice->request, 0, sizeof(notice->request));
    ResetEvent(notice->event);
    notice->request.hEvent = notice->event;
    notice->pending = ReadDirectoryChangesW(notice->folder,
                                            notice->bytes,
                                            sizeof(notice->bytes),
                                            notice->subtree,
                                            notice->filter,
                                            NULL,
                                            &notice->request,
                                            NULL);
}

/* True when changes have come. */
static bool notice_take(struct notice *notice)
{
    DWORD n;

    if (!notice->pending || WaitForSingleObject(notice->event, 0) != WAIT_OBJECT_0)
        return false;
    (void)GetOverlappedResult(notice->folder, &notice->request, &n, FALSE);
    notice->pending = false;
    return true;
}

bool os_watch_open(const struct os_watched *what, struct os_watch **ret_watch, struct err *err)
{
    struct os_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return err_no_memory(err);
    text_copy(watch->tree_path, sizeof(watch->tree_path), what->tree);
    watch->tree.folder = INVALID_HANDLE_VALUE;
    watch->disk.folder = INVALID_HANDLE_VALUE;
    watch->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!watch->wake ||
        !notice_open(&watch->disk, what->disk, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE, err)) {
        if (!watch->wake)
            last_error(TEXT_FILE_OPEN, what->disk, err);
        os_watch_close(watch);
        return false;
    }
    notice_ask(&watch->disk);
    *ret_watch = watch;
    return true;
}

void os_watch_close(struct os_watch *watch)
{
    if (!watch)
        return;
    notice_close(&watch->disk);
    notice_close(&watch->tree);
    if (watch->wake)
        CloseHandle(watch->wake);
    free(watch);
}

bool os_watch_wait(struct os_watch *watch, int64_t timeout_ms)
{
    HANDLE events[3];
    DWORD count = 0;
    bool changed;

    if (watch->tree.folder == INVALID_HANDLE_VALUE)
        (void)notice_open(&watch->tree, watch->tree_path, TREE_EVENTS, TRUE, NULL);
    notice_ask(&watch->disk);
    notice_ask(&watch->tree);
    events[count++] = watch->wake;
    if (watch->disk.pending)
        events[count++] = watch->disk.event;
    if (watch->tree.pending)
        events[count++] = watch->tree.event;
    (void)WaitForMultipleObjects(count,
                                 events,
                                 FALSE,
                                 timeout_ms < 0         ? INFINITE
                                 : timeout_ms > 3600000 ? 3600000
                                                        : (DWORD)timeout_ms);
    (void)notice_take(&watch->disk);
    changed = notice_take(&watch->tree);
    notice_ask(&watch->disk);
    notice_ask(&watch->tree);
    return changed;
}

void os_watch_wake(struct os_watch *watch)
{
    SetEvent(watch->wake);
}
