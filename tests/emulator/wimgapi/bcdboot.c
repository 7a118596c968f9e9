/* A stand-in for bcdboot.exe, with the traps of the real one (version: the resource that it is
 * built with): from 26100 on it copies into EFI\Microsoft\Boot without making that folder (rufus
 * 2940) and prefers loaders signed by the authority of 2023 where the host trusts it, also for an
 * image without any, which leaves the partition empty (rufus wue.c, AutomatedLab 1662). Older ones
 * refuse the switches for that.
 *
 * Settings (image): Bcdboot = ok, empty (exit code 0, nothing written), hang; HostTrusts2023;
 * BcdbootNoLocale, /l is an error; BcdbootNoOffline, /offline is unknown. */
#include "tool.h"

#include <wchar.h>

#ifndef BCDBOOT_BUILD
#error "BCDBOOT_BUILD is the build number of its Windows"
#endif

enum { EXIT_USAGE = 87, EXIT_PATH = 3, EXIT_COPY = 193, BUILD_NEW = 26100 };

struct options {
    const wchar_t *windows, *esp, *firmware, *locale;
    bool offline, bootex;
};

static bool parse(int argc, wchar_t **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const wchar_t **value = NULL;

        if (!_wcsicmp(argv[i], L"/s"))
            value = &options->esp;
        else if (!_wcsicmp(argv[i], L"/f"))
            value = &options->firmware;
        else if (!_wcsicmp(argv[i], L"/l") && !disks_setting("BcdbootNoLocale", 0))
            value = &options->locale;
        if (value) {
            if (i + 1 == argc)
                return false;
            *value = argv[++i];
        } else if (BCDBOOT_BUILD >= BUILD_NEW && !_wcsicmp(argv[i], L"/offline") &&
                   !disks_setting("BcdbootNoOffline", 0)) {
            options->offline = true;
        } else if (BCDBOOT_BUILD >= BUILD_NEW && !_wcsicmp(argv[i], L"/bootex")) {
            options->bootex = true;
        } else if (argv[i][0] != L'/' && !options->windows) {
            options->windows = argv[i];
        } else {
            return false;
        }
    }
    return options->windows && options->esp && options->firmware &&
           !_wcsicmp(options->firmware, L"UEFI");
}

/* A letter or a folder that shows a volume; names of devices are not taken. */
static bool find_folder(const wchar_t *path, wchar_t ret_folder[DISKS_PATH])
{
    DWORD attributes;

    if (path[0] == L'\\' || volume_translate(path, ret_folder))
        return false;
    attributes = GetFileAttributesW(ret_folder);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static void make_folders(const wchar_t *esp)
{
    static const wchar_t *const folders[] = {
        L"EFI", L"EFI\\Microsoft", L"EFI\\Microsoft\\Boot", L"EFI\\Boot"};
    wchar_t path[DISKS_PATH];

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        swprintf(path, DISKS_PATH, L"%ls\\%ls", esp, folders[i]);
        CreateDirectoryW(path, NULL);
    }
}

static int install(const struct options *options, const wchar_t *windows, const wchar_t *esp)
{
    static const char store[4096] = "regf";
    bool ex = options->bootex || (BCDBOOT_BUILD >= BUILD_NEW && !options->offline &&
                                  disks_setting("HostTrusts2023", 0));
    const wchar_t *loader = ex ? L"Boot\\EFI_EX\\bootmgfw_EX.efi" : L"Boot\\EFI\\bootmgfw.efi";

    if (BCDBOOT_BUILD >= BUILD_NEW && !tool_exists(esp, L"EFI\\Microsoft\\Boot"))
        return EXIT_PATH;
    if (!tool_exists(windows, loader) || !tool_exists(windows, L"System32\\config\\BCD-Template"))
        return EXIT_COPY;
    make_folders(esp);
    return tool_copy(windows, loader, esp, L"EFI\\Microsoft\\Boot\\bootmgfw.efi") &&
                   tool_copy(windows, loader, esp, L"EFI\\Boot\\bootx64.efi") &&
                   tool_write(esp, L"EFI\\Microsoft\\Boot\\BCD", store, sizeof(store))
               ? 0
               : EXIT_COPY;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    const wchar_t *mode = tool_begin("Bcdboot", argc, argv);
    wchar_t windows[DISKS_PATH], esp[DISKS_PATH];
    struct options options = {0};
    int code;

    if (!parse(argc, argv, &options)) {
        tool_print("\xD0\x9E\xD1\x88\xD0\xB8\xD0\xB1\xD0\xBA\xD0\xB0\r\n");
        return EXIT_USAGE;
    }
    if (!find_folder(options.windows, windows) || !find_folder(options.esp, esp))
        return EXIT_PATH;
    if (!wcscmp(mode, L"empty"))
        return 0;
    code = install(&options, windows, esp);
    tool_print(code ? "\xD0\xA1\xD0\xB1\xD0\xBE\xD0\xB9 100%\r\n" : "OK\r\n");
    return code;
}
