/*
 * Port of the GPU: what the display kernel expects of the host's driver package against what lies
 * in HostDriverStore (guest.md section 5), and the encoder session (gpu_encode_win32.c).
 */
#include "guest/machine/windows/driver_store_win32.h"
#include "guest/machine/windows/gpu_adapter_win32.h"
#include "guest/machine/windows/gpu_encode_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE      L"HostDriverStore\\FileRepository"
#define PATH_UNITS 1024

/* Windows' own drivers carry its version: what the guest's render driver says of itself. */
#define WINDOWS_MAJOR 10

static const uint16_t *last_component(const uint16_t *path)
{
    const uint16_t *at = path;

    for (; *path; path++)
        if (*path == L'\\' || *path == L'/')
            at = path + 1;
    return at;
}

static bool is_there(const uint16_t *path, bool folder)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES &&
           ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) == folder;
}

static void copy_utf8(char *out, size_t size, const uint16_t *text)
{
    char *utf8 = NULL;

    out[0] = '\0';
    if (utf16_to_utf8(text, utf16_len(text), &utf8, NULL))
        text_copy(out, size, utf8);
    free(utf8);
}

/* Where the package lies in this machine: below the folder that the host's files are copied to,
 * whatever the path says (it may still be the host's own [probe]). */
static void store_folder(const uint16_t *package, uint16_t *out)
{
    uint16_t system[MAX_PATH];
    UINT units = GetSystemDirectoryW(system, MAX_PATH);

    out[0] = 0;
    if (units > 0 && units < MAX_PATH)
        swprintf(out, PATH_UNITS, L"%ls\\" STORE L"\\%ls", system, package);
}

/* The file of a driver path: as it stands, but in the copy where it names the host's store. */
static void local_path(const uint16_t *path, const uint16_t *package, uint16_t *out)
{
    static const uint16_t host_store[] = L"\\DriverStore\\FileRepository\\";
    const uint16_t *store = wcsstr(path, host_store), *rest;
    uint16_t folder[PATH_UNITS];

    swprintf(out, PATH_UNITS, L"%ls", path);
    if (!store)
        return;
    rest = wcschr(store + wcslen(host_store), L'\\');
    store_folder(package, folder);
    if (rest && folder[0])
        swprintf(out, PATH_UNITS, L"%ls%ls", folder, rest);
}

/* The first user-mode driver that is missing, of the interfaces that matter most first. */
static void find_missing(const struct gpu_kernel_facts *facts, const uint16_t *package, char *out)
{
    static const size_t order[GPU_APIS] = {2, 3, 1, 0}; /* 11, 12, 10, 9 */

    for (size_t i = 0; i < GPU_APIS; i++) {
        const uint16_t *driver = facts->driver[order[i]];
        uint16_t path[PATH_UNITS];

        if (!driver[0])
            continue;
        local_path(driver, package, path);
        if (is_there(path, false))
            continue;
        copy_utf8(out, sizeof((struct gpu_adapter *)0)->missing_file, last_component(path));
        return;
    }
}

static void version_text(uint64_t version, char *out, size_t size)
{
    snprintf(out,
             size,
             "%u.%u.%u.%u",
             (unsigned)(version >> 48) & 0xFFFF,
             (unsigned)(version >> 32) & 0xFFFF,
             (unsigned)(version >> 16) & 0xFFFF,
             (unsigned)version & 0xFFFF);
}

/* Version of the copied package: its INF names it; "nv_dispig.inf_amd64_<hash>" holds
 * nv_dispig.inf. */
static void package_version(const uint16_t *folder, const uint16_t *package, char *out, size_t size)
{
    const uint16_t *end = wcsstr(package, L".inf_");
    uint16_t path[PATH_UNITS];
    char utf8[FS_PATH_BYTES];

    out[0] = '\0';
    if (!end)
        return;
    swprintf(path, PATH_UNITS, L"%ls\\%.*ls.inf", folder, (int)(end - package), package);
    if (utf16_to_utf8_into(path, utf16_len(path), utf8, sizeof utf8))
        (void)driver_inf_version(utf8, out, size);
}

static void describe(const struct gpu_kernel_facts *facts, struct gpu_adapter *adapter)
{
    const uint16_t *package = last_component(facts->store_path);
    uint16_t folder[PATH_UNITS];

    adapter->present = true;
    copy_utf8(adapter->name, sizeof adapter->name, facts->description);
    copy_utf8(adapter->driver_folder, sizeof adapter->driver_folder, package);
    /* in a guest this may be the version of Windows' own render driver, which tells nothing
     * [probe] */
    if (facts->kmd_version && facts->kmd_version >> 48 != WINDOWS_MAJOR)
        version_text(facts->kmd_version, adapter->driver_host, sizeof adapter->driver_host);
    if (!package[0])
        return;
    store_folder(package, folder);
    adapter->folder_present = is_there(folder, true);
    if (!adapter->folder_present)
        return;
    find_missing(facts, package, adapter->missing_file);
    if (!adapter->missing_file[0])
        package_version(folder, package, adapter->driver_guest, sizeof adapter->driver_guest);
}

static bool gpu_query(struct gpu_port *port, struct gpu_adapter *ret_adapter, struct err *err)
{
    struct gpu_kernel_facts *facts = calloc(1, sizeof *facts);
    struct gpu_adapter adapter = {.present = false};
    bool ok;

    (void)port;
    if (!facts)
        return err_no_memory(err);
    ok = gpu_kernel_query(facts, err);
    if (ok) {
        if (facts->present)
            describe(facts, &adapter);
        *ret_adapter = adapter;
    }
    free(facts);
    return ok;
}

/* Without the driver's files there is nothing that an encoder could be opened with. */
static bool gpu_encode_probe(struct gpu_port *port, int32_t *ret_status, struct err *err)
{
    struct gpu_adapter adapter;

    if (!gpu_query(port, &adapter, err))
        return false;
    if ((adapter.driver_folder[0] && !adapter.folder_present) || adapter.missing_file[0]) {
        *ret_status = GPU_ENCODE_LIBRARY;
        return true;
    }
    return gpu_encode_run(ret_status, err);
}

static const struct gpu_ops gpu_ops = {
    .query = gpu_query,
    .encode_probe = gpu_encode_probe,
};

bool windows_gpu_new(struct gpu_port **ret_port, struct err *err)
{
    struct gpu_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &gpu_ops;
    *ret_port = port;
    return true;
}

void windows_gpu_free(struct gpu_port *port)
{
    free(port);
}
