/* Reads and writes INF files. */
#include "inf.h"

#include <setupapi.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

enum { TEXT_CHARS = 256 };

NTSTATUS NTAPI RtlGetVersion(RTL_OSVERSIONINFOW *ret_version);

static struct {
    HINF(WINAPI *open)(PCWSTR name, PCWSTR device_class, DWORD style, UINT *ret_line);
    VOID(WINAPI *close)(HINF inf);
    BOOL(WINAPI *find)(HINF inf, PCWSTR section, PCWSTR key, INFCONTEXT *ret_line);
    BOOL(WINAPI *next)(INFCONTEXT *line, INFCONTEXT *ret_line);
    DWORD(WINAPI *count)(INFCONTEXT *line);
    BOOL(WINAPI *field)(INFCONTEXT *line, DWORD index, PWSTR ret_text, DWORD size, DWORD *ret_size);
} setup;

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    {"SetupOpenInfFileW", offsetof(__typeof__(setup), open)},
    {"SetupCloseInfFile", offsetof(__typeof__(setup), close)},
    {"SetupFindFirstLineW", offsetof(__typeof__(setup), find)},
    {"SetupFindNextLine", offsetof(__typeof__(setup), next)},
    {"SetupGetFieldCount", offsetof(__typeof__(setup), count)},
    {"SetupGetStringFieldW", offsetof(__typeof__(setup), field)},
};

static bool load_parser(void)
{
    HMODULE dll;

    if (setup.field)
        return true;
    dll = LoadLibraryExW(L"C:\\emulator\\setupapi.dll", NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!dll)
        return false;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        FARPROC function = GetProcAddress(dll, functions[i].name);

        if (!function)
            return false;
        memcpy((char *)&setup + functions[i].offset, &function, sizeof(function));
    }
    return true;
}

static void field(INFCONTEXT *line, DWORD index, wchar_t *ret_text, DWORD max)
{
    if (!setup.field(line, index, ret_text, max, NULL))
        *ret_text = L'\0';
}

static void
value(HINF inf, const wchar_t *section, const wchar_t *key, wchar_t *ret_text, DWORD max)
{
    INFCONTEXT line;

    *ret_text = L'\0';
    if (setup.find(inf, section, key, &line))
        field(&line, 1, ret_text, max);
}

/* ---- which model sections are for this Windows ---- */

/* "NT[architecture][.major[.minor[.type[.suite[.build]]]]]", as [Manufacturer] has them. */
static bool decoration_fits(const wchar_t *text)
{
    wchar_t part[8][TEXT_CHARS] = {{0}};
    RTL_OSVERSIONINFOW os = {.dwOSVersionInfoSize = sizeof(os)};
    unsigned long major, minor, build;
    size_t at = 0, n = 0;

    for (; *text && n < 8; text++) {
        if (*text == L'.') {
            at = 0;
            n++;
        } else if (at < TEXT_CHARS - 1) {
            part[n][at++] = *text;
        }
    }
    if (_wcsicmp(part[0], L"NTamd64") && _wcsicmp(part[0], L"NT"))
        return false;
    RtlGetVersion(&os);
    major = wcstoul(part[1], NULL, 0);
    minor = wcstoul(part[2], NULL, 0);
    build = wcstoul(part[5], NULL, 0);
    if (major != os.dwMajorVersion)
        return major < os.dwMajorVersion;
    if (minor != os.dwMinorVersion)
        return minor < os.dwMinorVersion;
    return build <= os.dwBuildNumber;
}

static void read_models(HINF inf, const wchar_t *section, struct driver *driver)
{
    wchar_t id[PNP_ID_MAX];
    INFCONTEXT line;

    if (!setup.find(inf, section, NULL, &line))
        return;
    do {
        if (!*driver->description)
            field(&line, 0, driver->description, PNP_TEXT_MAX);
        if (!*driver->section)
            field(&line, 1, driver->section, 64);
        for (DWORD i = 2; i <= setup.count(&line); i++) {
            field(&line, i, id, PNP_ID_MAX);
            if (*id && list_find(driver->hardware_ids, id) < 0)
                list_add(driver->hardware_ids, id);
        }
    } while (setup.next(&line, &line));
}

static void read_manufacturers(HINF inf, struct driver *driver)
{
    wchar_t base[TEXT_CHARS], decoration[TEXT_CHARS], section[2 * TEXT_CHARS];
    INFCONTEXT line;

    if (!setup.find(inf, L"Manufacturer", NULL, &line))
        return;
    do {
        if (!*driver->manufacturer)
            field(&line, 0, driver->manufacturer, PNP_TEXT_MAX);
        field(&line, 1, base, TEXT_CHARS);
        if (setup.count(&line) < 2)
            read_models(inf, base, driver); /* undecorated: for x86 alone on a 64-bit Windows, but
                                               old packages have it */
        for (DWORD i = 2; i <= setup.count(&line); i++) {
            field(&line, i, decoration, TEXT_CHARS);
            if (!decoration_fits(decoration))
                continue;
            swprintf(section, 2 * TEXT_CHARS, L"%ls.%ls", base, decoration);
            read_models(inf, section, driver);
        }
    } while (setup.next(&line, &line));
}

static void read_service(HINF inf, struct driver *driver)
{
    static const wchar_t *const suffixes[] = {L".NTamd64.Services", L".NT.Services", L".Services"};
    wchar_t section[TEXT_CHARS];

    for (size_t i = 0; i < 3 && !*driver->service; i++) {
        swprintf(section, TEXT_CHARS, L"%ls%ls", driver->section, suffixes[i]);
        value(inf, section, L"AddService", driver->service, 64);
    }
}

static void read_files(HINF inf, wchar_t *files)
{
    static const wchar_t *const sections[] = {L"SourceDisksFiles", L"SourceDisksFiles.amd64"};
    wchar_t name[TEXT_CHARS];
    INFCONTEXT line;

    for (size_t i = 0; i < 2; i++) {
        if (!setup.find(inf, sections[i], NULL, &line))
            continue;
        do {
            field(&line, 0, name, TEXT_CHARS);
            if (*name && list_find(files, name) < 0)
                list_add(files, name);
        } while (setup.next(&line, &line));
    }
}

static void read_version(HINF inf, struct inf *info)
{
    static const wchar_t *const catalogs[] = {
        L"CatalogFile.NTamd64", L"CatalogFile.NT", L"CatalogFile"};
    struct driver *driver = &info->driver;
    INFCONTEXT line;

    value(inf, L"Version", L"Class", driver->device_class, 64);
    value(inf, L"Version", L"ClassGuid", driver->class_guid, 40);
    value(inf, L"Version", L"Provider", driver->provider, PNP_TEXT_MAX);
    _wcslwr(driver->class_guid);
    for (size_t i = 0; i < 3 && !*info->catalog; i++)
        value(inf, L"Version", catalogs[i], info->catalog, 64);
    if (setup.find(inf, L"Version", L"DriverVer", &line)) {
        field(&line, 1, driver->date, 16);
        field(&line, 2, driver->version, 32);
    }
}

static DWORD read_open(HINF inf, const wchar_t *path, struct inf *info)
{
    wchar_t signature[32];

    value(inf, L"Version", L"Signature", signature, 32);
    if (_wcsicmp(signature, L"$Windows NT$") && _wcsicmp(signature, L"$CHICAGO$"))
        return ERROR_WRONG_INF_STYLE;
    read_version(inf, info);
    read_manufacturers(inf, &info->driver);
    read_service(inf, &info->driver);
    read_files(inf, info->files);
    swprintf(info->driver.original, 64, L"%ls", wcsrchr(path, L'\\') + 1);
    return 0;
}

DWORD inf_read(const wchar_t *path, struct inf *ret_inf)
{
    struct inf info = {.catalog = L""};
    UINT bad_line;
    DWORD code;
    HINF inf;

    if (!wcschr(path,
                L'\\')) /* Windows would look in its own folders; there, all is in the store */
        return ERROR_FILE_NOT_FOUND;
    if (!load_parser())
        return ERROR_MOD_NOT_FOUND;
    inf = setup.open(path, NULL, INF_STYLE_WIN4, &bad_line);
    if (inf == INVALID_HANDLE_VALUE)
        return GetLastError();
    code = read_open(inf, path, &info);
    setup.close(inf);
    if (!code)
        *ret_inf = info;
    return code;
}

/* ---- for rows that a seed brought ---- */

static void put(FILE *file, const wchar_t *format, const wchar_t *text)
{
    wchar_t line[TEXT_CHARS * 2];
    int len = swprintf(line, TEXT_CHARS * 2, format, text);

    if (len > 0)
        fwrite(line, sizeof(wchar_t), (size_t)len, file);
}

bool inf_write(const wchar_t *path, const struct driver *driver)
{
    FILE *file = _wfopen(path, L"wb");

    if (!file)
        return false;
    put(file,
        L"\xfeff[Version]\r\nSignature = \"$Windows NT$\"\r\nClass = %ls\r\n",
        driver->device_class);
    put(file, L"ClassGuid = %ls\r\nProvider = %%Provider%%\r\n", driver->class_guid);
    put(file, L"DriverVer = %ls,", *driver->date ? driver->date : L"06/21/2006");
    put(file, L"%ls\r\n\r\n[Manufacturer]\r\n%%Maker%% = Models,NTamd64\r\n\r\n", driver->version);
    put(file, L"[Models.NTamd64]\r\n%ls", L"");
    for (const wchar_t *id = driver->hardware_ids; *id; id += wcslen(id) + 1) {
        put(file, L"%%Device%% = %ls,", driver->section);
        put(file, L" %ls\r\n", id);
    }
    put(file, L"\r\n[%ls.NT]\r\n", driver->section);
    put(file, L"\r\n[%ls.NT.Services]\r\n", driver->section);
    if (*driver->service)
        put(file, L"AddService = %ls, 0x00000002, Service\r\n", driver->service);
    put(file, L"\r\n[Strings]\r\nProvider = \"%ls\"\r\n", driver->provider);
    put(file,
        L"Maker = \"%ls\"\r\n",
        *driver->manufacturer ? driver->manufacturer : driver->provider);
    put(file, L"Device = \"%ls\"\r\n", driver->description);
    return !fclose(file);
}
