/* fmifs.dll for programs under Wine, which has none: FormatEx, whose arguments and messages are
 * known from those who call it (Rufus format.c, ReactOS fmifs). Like the real one it leaves another
 * locale behind. Setting (image): FormatNews, a message with which it ends instead. */
#include "../virtdisk/disks.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

enum {
    NEWS_PROGRESS = 0x00,
    NEWS_DENIED = 0x06,
    NEWS_PROTECTED = 0x07,
    NEWS_DONE = 0x0B,
    NEWS_BAD_LABEL = 0x0C,
    NEWS_CLUSTER_SMALL = 0x10,
    NEWS_TOO_SMALL = 0x12,
    MEDIA_FIXED = 0x0C,
    NTFS_LABEL = 32,
    FAT_LABEL = 11
};

#define FAT32_LEAST ((uint64_t)33 << 20)

typedef BOOLEAN(WINAPI *news_callback)(int news, DWORD action, void *data);

void WINAPI emu_format(WCHAR *volume,
                       int media,
                       WCHAR *file_system,
                       WCHAR *label,
                       BOOL quick,
                       ULONG cluster_bytes,
                       news_callback callback);
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

static void end(news_callback callback, bool done)
{
    BOOLEAN ok = done;

    callback(NEWS_DONE, 0, &ok);
}

/* 0, or the message of what is wrong. */
static int
check(const wchar_t *volume, const wchar_t *file_system, const wchar_t *label, bool *ret_ntfs)
{
    struct volume_name name;
    struct attached disk;
    static struct gpt table;

    *ret_ntfs = !wcscmp(file_system, L"NTFS");
    if (!volume_name_parse(volume, &name) || *name.rest || volume_find(&name, &disk))
        return NEWS_DENIED; /* a backslash at the end makes a folder of it */
    if (disks_protected(&disk))
        return NEWS_PROTECTED;
    if (wcslen(label) > (*ret_ntfs ? NTFS_LABEL : FAT_LABEL))
        return NEWS_BAD_LABEL;
    if (!*ret_ntfs &&
        (!disks_table(&disk, &table) || gpt_size(&table, name.partition - 1) < FAT32_LEAST))
        return NEWS_TOO_SMALL;
    return 0;
}

void WINAPI emu_format(WCHAR *volume,
                       int media,
                       WCHAR *file_system,
                       WCHAR *label,
                       BOOL quick,
                       ULONG cluster_bytes,
                       news_callback callback)
{
    DWORD code = disks_call("FormatEx", "%ls %ls \"%ls\"", volume, file_system, label);
    int news = (int)disks_setting("FormatNews", 0);
    struct volume_name name;
    bool ntfs = false;
    DWORD percent = 0;

    setlocale(LC_ALL, "");
    if (code || media != MEDIA_FIXED || !quick || (cluster_bytes && cluster_bytes != 4096) ||
        (wcscmp(file_system, L"NTFS") != 0 && wcscmp(file_system, L"FAT32") != 0)) {
        end(callback, false);
        return;
    }
    if (!news)
        news = check(volume, file_system, label, &ntfs);
    if (news) {
        callback(news, 0, NULL);
        end(callback, false);
        return;
    }
    callback(NEWS_PROGRESS, 0, &percent);
    end(callback, volume_name_parse(volume, &name) && !volume_make(&name, ntfs));
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        setlocale(LC_ALL, "");
    return TRUE;
}
