/* A stand-in for format.com: a letter, a folder that shows a volume, or the name of a volume
 * without a backslash at its end. It asks when /Y is missing, and nobody answers. Setting (image):
 * Format = ok, hang, fail. */
#include "tool.h"

#include <string.h>
#include <wchar.h>

enum { EXIT_USAGE = 1, EXIT_FAILED = 4 };

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    const wchar_t *mode = tool_begin("Format", argc, argv);
    const wchar_t *volume = NULL, *file_system = NULL, *label = NULL;
    bool quick = false, yes = false;
    struct volume_name name;
    wchar_t shown[64];
    size_t length;

    for (int i = 1; i < argc; i++) {
        if (tool_value(argv[i], L"/FS:"))
            file_system = tool_value(argv[i], L"/FS:");
        else if (tool_value(argv[i], L"/V:"))
            label = tool_value(argv[i], L"/V:");
        else if (!_wcsicmp(argv[i], L"/Q"))
            quick = true;
        else if (!_wcsicmp(argv[i], L"/Y"))
            yes = true;
        else if (argv[i][0] != L'/' && !volume)
            volume = argv[i];
        else
            return EXIT_USAGE;
    }
    if (!volume || !file_system || !label || !quick)
        return EXIT_USAGE;
    if (!yes)
        Sleep(INFINITE); /* nobody is there to press a key */
    if (!wcscmp(mode, L"fail"))
        return EXIT_FAILED;
    if (mounts_get(volume, shown)) {
        length = wcslen(shown);
        shown[length ? length - 1 : 0] = 0;
        volume = shown;
    }
    if (!volume_name_parse(volume, &name) || *name.rest ||
        wcslen(label) > (_wcsicmp(file_system, L"NTFS") ? 11u : 32u))
        return EXIT_FAILED;
    tool_print("\xE6\xA0\xBC\xE5\xBC\x8F\xE5\x8C\x96 100%\r\n");
    return volume_make(&name, !_wcsicmp(file_system, L"NTFS")) ? EXIT_FAILED : 0;
}
