/* A stand-in for dism.exe /Apply-Image. It takes letters and folders, no names of devices, and
 * prints its progress between words of another language. Setting (image): Dism = ok, hang, silent
 * (halts half-way without a word), <number> (that exit code). */
#include "images.h"
#include "tool.h"

#include <stdio.h>
#include <wchar.h>

enum { EXIT_USAGE = 87, EXIT_PATH = 3 };

struct applying {
    DWORD done, entries;
    bool is_silent;
};

static bool on_entry(const wchar_t *path, void *user)
{
    struct applying *applying = user;
    char line[128];

    (void)path;
    while (applying->is_silent && applying->done * 2 > applying->entries)
        Sleep(100);
    Sleep(disks_setting("ApplySlowMs", 0));
    snprintf(line,
             sizeof(line),
             "\r[===  \xE8\xBF\x9B\xE5\xBA\xA6 %lu%c%lu%% ]",
             (unsigned long)(applying->done * 100 / applying->entries),
             applying->done % 2 ? ',' : '.',
             (unsigned long)(applying->done * 1000 / applying->entries % 10));
    tool_print(line);
    applying->done++;
    return true;
}

/* The other parts: "install*.swm" in the same folder. */
static bool has_parts(const struct image_file *file, const wchar_t *pattern)
{
    return file->parts <= 1 || (pattern && wcschr(pattern, L'*'));
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    const wchar_t *mode = tool_begin("Dism", argc, argv);
    const wchar_t *image = NULL, *index = NULL, *folder = NULL, *parts = NULL;
    struct applying applying = {.is_silent = !wcscmp(mode, L"silent")};
    wchar_t target[DISKS_PATH];
    struct image_file file;
    DWORD code;

    if (argc < 2 || _wcsicmp(argv[1], L"/Apply-Image") != 0)
        return EXIT_USAGE;
    for (int i = 2; i < argc; i++) {
        if (tool_value(argv[i], L"/ImageFile:"))
            image = tool_value(argv[i], L"/ImageFile:");
        else if (tool_value(argv[i], L"/Index:"))
            index = tool_value(argv[i], L"/Index:");
        else if (tool_value(argv[i], L"/ApplyDir:"))
            folder = tool_value(argv[i], L"/ApplyDir:");
        else if (tool_value(argv[i], L"/SWMFile:"))
            parts = tool_value(argv[i], L"/SWMFile:");
        else
            return EXIT_USAGE;
    }
    if (!image || !index || !folder)
        return EXIT_USAGE;
    if (*mode >= L'0' && *mode <= L'9')
        return (int)wcstoul(mode, NULL, 10);
    if (image[0] == L'\\' || folder[0] == L'\\' || volume_translate(folder, target) ||
        GetFileAttributesW(target) == INVALID_FILE_ATTRIBUTES)
        return EXIT_PATH;
    code = image_file_read(image, &file);
    if (code)
        return (int)code;
    if (wcstoul(index, NULL, 10) < 1 || wcstoul(index, NULL, 10) > file.images ||
        !has_parts(&file, parts))
        return EXIT_USAGE;
    applying.entries = image_entries(&file, wcstoul(index, NULL, 10)) + 1;
    code = image_unpack(&file, wcstoul(index, NULL, 10), target, on_entry, &applying);
    if (!code)
        tool_print("\r[==========100.0%==========] \r\nOK\r\n");
    return (int)code;
}
