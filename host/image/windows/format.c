/* New file systems: FormatEx of fmifs.dll, which Explorer uses too, and format.com behind it. */
#include "host/image/windows/inside.h"

#include "host/process.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* fmifs.dll is in no header; names and numbers as others that call it have found them. */
#define MEDIA_FIXED 0x0C

enum format_news {
    FORMAT_INCOMPATIBLE = 0x03,
    FORMAT_DENIED = 0x06,
    FORMAT_WRITE_PROTECTED = 0x07,
    FORMAT_IN_USE = 0x08,
    FORMAT_DONE = 0x0B, /* with a BOOLEAN */
    FORMAT_BAD_LABEL = 0x0C,
    FORMAT_CLUSTER_SMALL = 0x10,
    FORMAT_CLUSTER_BIG = 0x11,
    FORMAT_TOO_SMALL = 0x12,
    FORMAT_TOO_BIG = 0x13,
    FORMAT_NOT_READY = 0x17,
};

typedef BOOLEAN(WINAPI *format_callback)(int news, DWORD action, void *data);
typedef void(WINAPI *format_ex)(WCHAR *volume,
                                int media,
                                WCHAR *file_system,
                                WCHAR *label,
                                BOOL quick,
                                ULONG cluster_bytes,
                                format_callback callback);

static const struct {
    enum format_news news;
    DWORD code;
} failures[] = {
    {FORMAT_INCOMPATIBLE, ERROR_NOT_SUPPORTED},
    {FORMAT_DENIED, ERROR_ACCESS_DENIED},
    {FORMAT_WRITE_PROTECTED, ERROR_WRITE_PROTECT},
    {FORMAT_IN_USE, ERROR_DEVICE_IN_USE},
    {FORMAT_BAD_LABEL, ERROR_LABEL_TOO_LONG},
    {FORMAT_CLUSTER_SMALL, ERROR_INVALID_PARAMETER},
    {FORMAT_CLUSTER_BIG, ERROR_INVALID_PARAMETER},
    {FORMAT_TOO_SMALL, ERROR_DISK_FULL},
    {FORMAT_TOO_BIG, ERROR_FILE_TOO_LARGE},
    {FORMAT_NOT_READY, ERROR_NOT_READY},
};

static const char *const fs_names[] = {[IMAGE_FAT32] = "FAT32", [IMAGE_NTFS] = "NTFS"};

/* The callback is given nothing of ours, so the one that runs is here. */
static SRWLOCK running = SRWLOCK_INIT;
static DWORD running_code; /* ERROR_IO_INCOMPLETE until the end is told */

static BOOLEAN WINAPI on_news(int news, DWORD action, void *data)
{
    (void)action;
    if (news == FORMAT_DONE) {
        bool done = data && *(const BOOLEAN *)data;

        if (running_code == ERROR_IO_INCOMPLETE)
            running_code = done ? 0 : ERROR_GEN_FAILURE;
        return TRUE;
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if ((int)failures[i].news == news) {
            running_code = failures[i].code;
            return FALSE;
        }
    return TRUE;
}

static bool load(format_ex *ret_format, struct err *err)
{
    static const char *const name[] = {"FormatEx"};
    FARPROC call;

    if (!library_load("fmifs.dll", name, 1, &call, err))
        return false;
    memcpy(ret_format, &call, sizeof call);
    return true;
}

/* Formats in this process; 0 or a Win32 code, ERROR_PROC_NOT_FOUND without the library. Loading it
 * and formatting change the locale of the C runtime, which is put back. */
static DWORD format_here(const char *name, enum image_fs fs, const char *label)
{
    uint16_t *name16 = NULL, *label16 = NULL, *fs16 = NULL;
    const char *locale = setlocale(LC_ALL, NULL);
    char *kept = locale ? _strdup(locale) : NULL;
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;
    format_ex format;

    if (!load(&format, NULL)) {
        code = ERROR_PROC_NOT_FOUND;
        goto out;
    }
    if (!utf16_from_utf8(name, &name16, NULL) || !utf16_from_utf8(label, &label16, NULL) ||
        !utf16_from_utf8(fs_names[fs], &fs16, NULL))
        goto out;
    AcquireSRWLockExclusive(&running);
    running_code = ERROR_IO_INCOMPLETE;
    format((WCHAR *)name16, MEDIA_FIXED, (WCHAR *)fs16, (WCHAR *)label16, TRUE, 0, on_news);
    code = running_code;
    ReleaseSRWLockExclusive(&running);

out:
    if (kept)
        setlocale(LC_ALL, kept);
    free(kept);
    free(name16);
    free(label16);
    free(fs16);
    return code;
}

/* Formats with the program, whose output is of any language: only its exit code counts. */
static bool format_apart(struct windows_port *port,
                         const char *name,
                         enum image_fs fs,
                         const char *label,
                         struct err *err)
{
    static const char *const fs_switches[] = {
        [IMAGE_FAT32] = "/FS:FAT32", [IMAGE_NTFS] = "/FS:NTFS"};
    char program[FS_PATH_BYTES], label_switch[IMAGE_LABEL_BYTES + 8] = "/V:";
    const char *args[] = {"format.com", name, fs_switches[fs], "/Q", "/Y", label_switch, NULL};
    struct buf out;
    int exit_code = -1;
    bool ok;

    text_copy(label_switch + 3, sizeof label_switch - 3, label);
    if (!library_program("format.com", program))
        return err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_PROGRAM, "format.com", NULL);
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = process_run(program, args, port->limits.tool_ms, &out, &exit_code, err);
    buf_done(&out);
    if (ok && exit_code)
        ok = err_set(
            err, ERR_FAILED, TEXT_DISK_PROGRAM_FAILED, "format.com", TEXT_NUM(exit_code), NULL);
    return ok;
}

bool volume_format_check(struct err *err)
{
    char program[FS_PATH_BYTES];
    format_ex format;

    return load(&format, NULL) || library_program("format.com", program) ||
           err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_LIBRARY, "fmifs.dll", NULL);
}

bool volume_format(struct image_port *port,
                   struct image_volume *volume,
                   enum image_fs fs,
                   const char *label,
                   struct err *err)
{
    struct windows_port *windows = (struct windows_port *)port;
    char guid[WINDOWS_NAME_BYTES];
    const char *name = guid;
    struct retry retry = {0};
    DWORD code;

    if (strlen(label) >= IMAGE_LABEL_BYTES)
        return err_set(
            err, ERR_BAD_INPUT, TEXT_JSON_TOO_LONG, label, TEXT_NUM(IMAGE_LABEL_BYTES - 1), NULL);
    if (!volume_may_write(volume, err) || !device_find_volume(windows, volume, err))
        return false;
    if (volume->root)
        CloseHandle(volume->root);
    volume->root = NULL;
    /* both take the mount manager's name; without it the device's own is tried [probe] */
    if (device_volume_guid(volume->name, guid))
        name = volume->name;
    do {
        code = format_here(name, fs, label);
    } while (code && retry_again(&retry, code));
    if (!code)
        return true;
    if (code != ERROR_PROC_NOT_FOUND && code != ERROR_GEN_FAILURE && code != ERROR_IO_INCOMPLETE)
        return explain(code, TEXT_DISK_FORMAT, volume->disk->path, err);
    return format_apart(windows, name, fs, label, err) ||
           err_context(err, TEXT_DISK_FORMATTING, volume->disk->path);
}
