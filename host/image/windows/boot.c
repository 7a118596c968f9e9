/*
 * Boot files, by the bcdboot.exe of this Windows. It has traps (the image may be newer or older
 * than this Windows):
 *
 * - Since 10.0.26100.7840 it copies into EFI\Microsoft\Boot without making that folder.
 * - From 10.0.26100 on it prefers loaders signed by the authority of 2023 when this computer trusts
 *   that, also for an image that has none, and leaves the partition empty. /offline makes it look
 *   at the image; /bootex asks for them.
 *
 * Its exit code is not believed: what it should have written is looked at.
 */
#include "host/image/windows/inside.h"

#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MAJOR     10
#define VERSION_BUILD_NEW 26100 /* knows /offline and /bootex */
#define ARG_BYTES         (FS_PATH_BYTES + 16)
#define EX_FOLDER         "Windows/Boot/EFI_EX"

static const char *const written[] = {
    "EFI/Microsoft/Boot/bootmgfw.efi", "EFI/Microsoft/Boot/BCD", "EFI/Boot/bootx64.efi"};

/* What is asked of bcdboot, from all that is wanted to the least. */
struct attempt {
    bool locale, offline;
};

static const struct attempt attempts[] = {
    {.locale = true, .offline = true},
    {.locale = true, .offline = false}, /* [probe: how 26200 spells /offline] */
    {.locale = false, .offline = false},
};

bool boot_check(struct err *err)
{
    char program[FS_PATH_BYTES];

    return library_program("bcdboot.exe", program) ||
           err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_PROGRAM, "bcdboot.exe", NULL);
}

/* Whether the program is of a Windows that has the switches for the authority of 2023. */
static bool is_new(const char *program)
{
    VS_FIXEDFILEINFO *info = NULL;
    uint16_t *path16 = NULL;
    void *block = NULL;
    UINT length = 0;
    DWORD size, ignored;
    bool new = false;

    if (!fs_wide(program, &path16, NULL))
        return false;
    size = GetFileVersionInfoSizeW((const WCHAR *)path16, &ignored);
    block = size ? malloc(size) : NULL;
    if (block && GetFileVersionInfoW((const WCHAR *)path16, 0, size, block) &&
        VerQueryValueW(block, L"\\", (void **)&info, &length) && length >= sizeof *info)
        new = HIWORD(info->dwFileVersionMS) > VERSION_MAJOR ||
              (HIWORD(info->dwFileVersionMS) == VERSION_MAJOR &&
               HIWORD(info->dwFileVersionLS) >= VERSION_BUILD_NEW);
    free(block);
    free(path16);
    return new;
}

static bool exists(struct image_port *port, struct image_volume *volume, const char *name)
{
    struct fs_stat stat;

    return port->tree->stat(port, volume, name, &stat, NULL) && stat.kind != FS_MISSING;
}

static bool verify(struct image_port *port, struct image_volume *esp, struct err *err)
{
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        struct fs_stat stat;

        if (!port->tree->stat(port, esp, written[i], &stat, err))
            return false;
        if (stat.kind != FS_FILE || !stat.size_bytes) {
            err_set(err, ERR_FAILED, TEXT_DISK_BOOT_EMPTY, written[i], NULL);
            return err_hint(err, TEXT_DISK_HINT_BOOT);
        }
    }
    return true;
}

struct install {
    struct image_port *port;
    struct image_volume *esp;
    const struct image_boot *boot;
    char program[FS_PATH_BYTES];
    bool new, ex;
    struct mount windows_mount, esp_mount;
};

static bool attempt_once(struct install *install, const struct attempt *attempt, struct err *err)
{
    struct windows_port *port = (struct windows_port *)install->port;
    char windows[ARG_BYTES];
    const char *args[12] = {"bcdboot.exe", windows, "/s", install->esp_mount.folder, "/f", "UEFI"};
    size_t count = 6;
    int exit_code = -1;
    struct buf out;
    bool ok;

    snprintf(windows, sizeof windows, "%s\\Windows", install->windows_mount.folder);
    if (attempt->locale) {
        args[count++] = "/l";
        args[count++] = install->boot->locale;
    }
    if (attempt->offline)
        args[count++] = "/offline";
    if (attempt->offline && install->ex)
        args[count++] = "/bootex";
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = process_run(install->program, args, port->limits.tool_ms, &out, &exit_code, err);
    buf_done(&out);
    if (!ok)
        return false;
    if (exit_code) {
        err_set(
            err, ERR_FAILED, TEXT_DISK_PROGRAM_FAILED, "bcdboot.exe", TEXT_NUM(exit_code), NULL);
        return err_hint(err, TEXT_DISK_HINT_BOOT);
    }
    return verify(install->port, install->esp, err);
}

/* Runs through the attempts that make a difference; the error is that of the first. */
static bool attempt_all(struct install *install, struct err *err)
{
    bool has_locale = *install->boot->locale != 0;
    struct err first = ERR_INIT;

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct err why = ERR_INIT;

        if ((attempts[i].locale && !has_locale) || (attempts[i].offline && !install->new))
            continue;
        if (attempt_once(install, &attempts[i], &why))
            return true;
        if (!err_is_set(&first))
            first = why;
        if (why.kind == ERR_TIMEOUT)
            break;
    }
    if (err)
        *err = first;
    return false;
}

bool boot_install(struct image_port *port,
                  struct image_volume *windows,
                  struct image_volume *esp,
                  const struct image_boot *boot,
                  struct err *err)
{
    struct windows_port *own = (struct windows_port *)port;
    struct install install = {.port = port, .esp = esp, .boot = boot};
    bool ok = false;

    if (!volume_may_write(esp, err) || !boot_check(err) ||
        !library_program("bcdboot.exe", install.program) ||
        !device_find_volume(own, windows, err) || !device_find_volume(own, esp, err) ||
        !port->tree->make_dir(port, esp, "EFI/Microsoft/Boot", IMAGE_ACL_INHERIT, err))
        return false;
    install.new = is_new(install.program);
    install.ex = boot->ca_2023 && exists(port, windows, EX_FOLDER);
    ok = mount_add(own, windows->name, "windows", &install.windows_mount, err) &&
         mount_add(own, esp->name, "esp", &install.esp_mount, err) && attempt_all(&install, err);
    ok = mount_remove(&install.esp_mount, ok ? err : NULL) && ok;
    return mount_remove(&install.windows_mount, ok ? err : NULL) && ok;
}
