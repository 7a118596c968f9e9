/* Sources of changes: folders, which ordinary users may write. Whatever stands there, only whether
 * something changed is taken from it. */
#include "guest/machine/windows/change_source_win32.h"

#include "guest/machine/windows/files_place_win32.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define IN_FOLDER                                                                                  \
    (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME | FILE_NOTIFY_CHANGE_LAST_WRITE |  \
     FILE_NOTIFY_CHANGE_SIZE)

static HANDLE open_folder(const char *path)
{
    uint16_t *path16 = NULL;
    HANDLE folder;

    if (!path[0] || !utf16_from_utf8(path, &path16, NULL))
        return NULL;
    folder = CreateFileW(path16,
                         FILE_LIST_DIRECTORY,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         NULL,
                         OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT |
                             FILE_FLAG_OVERLAPPED,
                         NULL);
    free(path16);
    return folder == INVALID_HANDLE_VALUE ? NULL : folder;
}

static void close_folder(struct change_folder *source)
{
    DWORD count;

    if (source->folder && source->armed) {
        CancelIoEx(source->folder, &source->call);
        GetOverlappedResult(source->folder, &source->call, &count, TRUE);
    }
    if (source->folder)
        CloseHandle(source->folder);
    source->folder = NULL;
    source->armed = false;
}

/* Opens the folder at path, or the one above while it does not exist. */
static void open_path(struct change_folder *source, char path[FS_PATH_BYTES])
{
    text_copy(source->target, sizeof source->target, path);
    source->folder = open_folder(path);
    source->at_target = source->folder != NULL;
    if (source->folder)
        return;
    fs_parent(path);
    source->folder = open_folder(path);
}

/* Where the root is now; false when there is none to watch: the profile of a user who is not there
 * is left alone. */
static bool
enter(const struct change_folder *source, struct files_place *place, char path[FS_PATH_BYTES])
{
    if (!files_place_enter(place, source->root, NULL))
        return false;
    if (place->anchor[0] && (place->token || source->root != ROOT_PARSEC_USER) &&
        files_place_path(place, path, NULL))
        return true;
    files_place_leave(place);
    return false;
}

/* As the user, so that no link leads the service anywhere. */
static void open_nearest(struct change_folder *source)
{
    struct files_place place;
    char path[FS_PATH_BYTES];

    source->target[0] = 0;
    if (!enter(source, &place, path))
        return;
    open_path(source, path);
    files_place_leave(&place);
}

void change_folder_arm(struct change_folder *source)
{
    HANDLE event = source->call.hEvent;

    if (source->armed)
        return;
    if (!event)
        event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!source->folder)
        open_nearest(source);
    memset(&source->call, 0, sizeof source->call);
    source->call.hEvent = event;
    source->armed =
        event && source->folder &&
        ReadDirectoryChangesW(source->folder,
                              source->records,
                              sizeof source->records,
                              FALSE,
                              source->at_target ? IN_FOLDER : FILE_NOTIFY_CHANGE_DIR_NAME,
                              NULL,
                              &source->call,
                              NULL);
    if (!source->armed)
        close_folder(source);
}

/* log.txt, log.1.txt, log_cl.txt: Parsec writes a line a second while somebody is connected. */
static bool is_log(const WCHAR *name, size_t units)
{
    return units > 7 && _wcsnicmp(name, L"log", 3) == 0 &&
           _wcsnicmp(name + units - 4, L".txt", 4) == 0;
}

/* True when all records, count bytes of them, are of logs that were written. */
static bool only_logs(const struct change_folder *source, size_t count)
{
    const uint8_t *at = (const uint8_t *)source->records, *end = at + count;
    size_t head = offsetof(FILE_NOTIFY_INFORMATION, FileName);

    for (;;) {
        FILE_NOTIFY_INFORMATION record;

        if ((size_t)(end - at) < head)
            return false;
        memcpy(&record, at, head);
        if (record.FileNameLength > (size_t)(end - at) - head ||
            record.Action != FILE_ACTION_MODIFIED ||
            !is_log((const WCHAR *)(const void *)(at + head),
                    record.FileNameLength / sizeof(WCHAR)))
            return false;
        if (!record.NextEntryOffset)
            return true;
        if (record.NextEntryOffset > (size_t)(end - at))
            return false;
        at += record.NextEntryOffset;
    }
}

enum change_class change_folder_fired(struct change_folder *source)
{
    bool was_target = source->at_target;
    enum change_class class = CHANGE_NOW;
    DWORD count = 0;
    bool ok;

    ok = GetOverlappedResult(source->folder, &source->call, &count, FALSE);
    source->armed = false;
    if (ok && was_target && only_logs(source, count))
        class = CHANGE_QUIET;
    /* the folder went, or may have come */
    if (!ok || !was_target)
        close_folder(source);
    change_folder_arm(source);
    return was_target || source->at_target ? class : CHANGE_NONE;
}

void change_folder_forget(struct change_folder *source)
{
    struct files_place place;
    char path[FS_PATH_BYTES];
    bool same;

    if (!enter(source, &place, path)) {
        close_folder(source);
        return;
    }
    files_place_leave(&place);
    same = strcmp(path, source->target) == 0;
    if (!same)
        close_folder(source);
}

void change_folder_done(struct change_folder *source)
{
    close_folder(source);
    if (source->call.hEvent)
        CloseHandle(source->call.hEvent);
    source->call.hEvent = NULL;
}
