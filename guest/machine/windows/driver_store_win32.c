/* Looking through the published INFs. */
#include "guest/machine/windows/driver_store_win32.h"

#include "guest/machine/windows/call_win32.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <setupapi.h>

#define FIELD_UNITS 512
#define PUBLISHED   L"oem*.inf"

/* SetupGetInfDriverStoreLocationW; the headers of mingw-w64 lack it. */
typedef BOOL(WINAPI *find_in_store)(const WCHAR *inf,
                                    const SP_ALTPLATFORM_INFO_V2 *platform,
                                    const WCHAR *locale,
                                    WCHAR *out,
                                    DWORD units,
                                    DWORD *ret_needed);

/* The best package so far. */
struct search {
    const uint16_t *hardware_id;
    struct inf_machine machine;
    find_in_store locate;
    bool found;
    struct inf_version version;
    uint16_t path[MAX_PATH]; /* in the driver store */
};

/* What decorations are compared with; from the kernel, which compatibility settings do not reach.
 */
static void read_machine(struct inf_machine *machine)
{
    LONG(WINAPI * get_version)(OSVERSIONINFOEXW *) = NULL;
    OSVERSIONINFOEXW info = {.dwOSVersionInfoSize = sizeof info};
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    if (ntdll)
        call_store(&get_version, GetProcAddress(ntdll, "RtlGetVersion"));
    if (get_version)
        get_version(&info);
    *machine = (struct inf_machine){.major = info.dwMajorVersion,
                                    .minor = info.dwMinorVersion,
                                    .build = info.dwBuildNumber,
                                    .product_type = info.wProductType,
                                    .suite_mask = info.wSuiteMask};
}

/* ---- one INF ---- */

static bool field(INFCONTEXT *line, DWORD index, uint16_t *out)
{
    return SetupGetStringFieldW(line, index, out, FIELD_UNITS, NULL) != FALSE;
}

static bool field_utf8(INFCONTEXT *line, DWORD index, char *out, size_t size)
{
    uint16_t text[FIELD_UNITS];

    return field(line, index, text) && utf16_to_utf8_into(text, utf16_len(text), out, size);
}

/* A models line is: description = install section, hardware id, compatible id, ... */
static bool section_lists(HINF inf, const uint16_t *section, const uint16_t *hardware_id)
{
    INFCONTEXT line;
    bool more = SetupFindFirstLineW(inf, section, NULL, &line) != FALSE;

    for (; more; more = SetupFindNextLine(&line, &line) != FALSE) {
        DWORD fields = SetupGetFieldCount(&line);

        for (DWORD i = 2; i <= fields; i++) {
            uint16_t id[FIELD_UNITS];

            if (field(&line, i, id) &&
                CompareStringOrdinal(id, -1, hardware_id, -1, TRUE) == CSTR_EQUAL)
                return true;
        }
    }
    return false;
}

/* One line of [Manufacturer]: the models section, then what it is decorated with. On x64 a section
 * without decoration is never used. */
static bool manufacturer_lists(HINF inf, INFCONTEXT *line, const struct search *search)
{
    DWORD fields = SetupGetFieldCount(line);
    uint16_t models[FIELD_UNITS];

    if (!field(line, 1, models))
        return false;
    for (DWORD i = 2; i <= fields; i++) {
        uint16_t target[FIELD_UNITS], section[2 * FIELD_UNITS + 1];
        char text[FIELD_UNITS];

        if (!field(line, i, target) || !field_utf8(line, i, text, sizeof text) ||
            !inf_target_serves(text, &search->machine))
            continue;
        swprintf(section, sizeof section / sizeof section[0], L"%ls.%ls", models, target);
        if (section_lists(inf, section, search->hardware_id))
            return true;
    }
    return false;
}

static bool inf_lists(HINF inf, const struct search *search)
{
    INFCONTEXT line;
    bool more = SetupFindFirstLineW(inf, L"Manufacturer", NULL, &line) != FALSE;

    for (; more; more = SetupFindNextLine(&line, &line) != FALSE)
        if (manufacturer_lists(inf, &line, search))
            return true;
    return false;
}

/* DriverVer = date, version */
static bool read_driver_ver(HINF inf, struct inf_version *ret_version, char *out, size_t size)
{
    char date[64], version[64] = "";
    INFCONTEXT line;

    if (!SetupFindFirstLineW(inf, L"Version", L"DriverVer", &line) ||
        !field_utf8(&line, 1, date, sizeof date))
        return false;
    (void)field_utf8(&line, 2, version, sizeof version);
    if (!inf_version_parse(date, version, ret_version))
        return false;
    if (out)
        text_copy(out, size, version);
    return true;
}

static HINF open_inf(const uint16_t *path)
{
    return SetupOpenInfFileW(path, NULL, INF_STYLE_WIN4, NULL);
}

/* ---- the published ones ---- */

/* Takes the package when it serves the device better than what was found before. */
static void consider(struct search *search, const uint16_t *path)
{
    struct inf_version version = {.year = 0};
    uint16_t stored[MAX_PATH];
    HINF inf = open_inf(path);

    if (inf == INVALID_HANDLE_VALUE)
        return;
    if (inf_lists(inf, search)) {
        (void)read_driver_ver(inf, &version, NULL, 0);
        if ((!search->found || inf_version_compare(&version, &search->version) > 0) &&
            search->locate(path, NULL, NULL, stored, MAX_PATH, NULL)) {
            search->found = true;
            search->version = version;
            memcpy(search->path, stored, sizeof stored);
        }
    }
    SetupCloseInfFile(inf);
}

static bool look_through(struct search *search, struct err *err)
{
    uint16_t folder[MAX_PATH], path[2 * MAX_PATH];
    UINT units = GetSystemWindowsDirectoryW(folder, MAX_PATH);
    WIN32_FIND_DATAW entry;
    HANDLE find;
    DWORD code;

    if (units == 0 || units >= MAX_PATH)
        return err_set_os(
            err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DEVICE_PACKAGES, NULL);
    swprintf(path, sizeof path / sizeof path[0], L"%ls\\INF\\" PUBLISHED, folder);
    find = FindFirstFileW(path, &entry);
    if (find == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        return code == ERROR_FILE_NOT_FOUND ||
               err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_DEVICE_PACKAGES, NULL);
    }
    do {
        swprintf(path, sizeof path / sizeof path[0], L"%ls\\INF\\%ls", folder, entry.cFileName);
        consider(search, path);
    } while (FindNextFileW(find, &entry));
    code = GetLastError();
    FindClose(find);
    return code == ERROR_NO_MORE_FILES ||
           err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_DEVICE_PACKAGES, NULL);
}

bool driver_store_find(const char *hardware_id, char *out, size_t size, struct err *err)
{
    struct search search = {.found = false};
    HMODULE setup = GetModuleHandleW(L"setupapi.dll");
    uint16_t *wide = NULL;
    bool ok;

    if (setup)
        call_store(&search.locate, GetProcAddress(setup, "SetupGetInfDriverStoreLocationW"));
    if (!search.locate)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DEVICE_PACKAGES, NULL);
    if (!utf16_from_utf8(hardware_id, &wide, err))
        return false;
    search.hardware_id = wide;
    read_machine(&search.machine);
    ok = look_through(&search, err);
    free(wide);
    if (!ok)
        return false;
    if (!search.found) {
        out[0] = '\0';
        return true;
    }
    return utf16_to_utf8_into(search.path, utf16_len(search.path), out, size) ||
           err_set(err, ERR_TOO_LARGE, TEXT_DEVICE_PACKAGES, NULL);
}

bool driver_inf_version(const char *path, char *out, size_t size)
{
    struct inf_version version;
    uint16_t *wide = NULL;
    HINF inf;

    out[0] = '\0';
    if (!utf16_from_utf8(path, &wide, NULL))
        return false;
    inf = open_inf(wide);
    free(wide);
    if (inf == INVALID_HANDLE_VALUE)
        return false;
    (void)read_driver_ver(inf, &version, out, size);
    SetupCloseInfFile(inf);
    return true;
}
