/* What the stand-ins for installers have in common. They are small programs that leave behind what
 * the real ones do (guest.md sections 1.1, 2, 3), and misbehave as a test wants:
 *
 *   HKLM\Software\gpupv-emulator\installers\<parsec | vdd | cable>
 *     Mode   REG_SZ     ok (default), nothing: exit code 0 with nothing done, unpack: files and no
 *                       driver, hang, prompt: a window that waits for a person, reboot: done, exit
 *                       code 3010, half: dies in the middle, fail
 *     Code   REG_DWORD  1603: exit code of fail
 *     Ms     REG_DWORD  0: how long it takes
 *     Times  REG_DWORD  so often, then ok; for ever without it
 *
 * Each run is a line of C:\emulator\installers.log: name, arguments, working folder, mode. */
#ifndef GPUPV_TESTS_INSTALLER_H
#define GPUPV_TESTS_INSTALLER_H

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>

enum { INSTALLER_PATH = 520, EXIT_REBOOT = 3010, EXIT_FAIL = 1603, EXIT_USAGE = 2 };

enum installer_mode {
    MODE_OK,
    MODE_NOTHING,
    MODE_UNPACK,
    MODE_HANG,
    MODE_PROMPT,
    MODE_REBOOT,
    MODE_HALF,
    MODE_FAIL
};

struct installer {
    const char *name; /* "parsec" */
    char key[64];     /* of its values, for state.h */
    enum installer_mode mode;
};

/* Reads the mode, counts the run and writes the log. */
void installer_begin(struct installer *installer, const char *name, int argc, wchar_t **argv);

/* True when one of the arguments is that, without regard to case. */
bool installer_has(int argc, wchar_t **argv, const wchar_t *word);

/* Takes its time. A mode that never comes to an end does not return, one that does nothing ends the
 * process. silent false: a person has to press a button first. */
void installer_start(const struct installer *installer, bool silent);

/* In the middle: MODE_HALF ends here. */
void installer_middle(const struct installer *installer);

/* The exit code of a run that came to its end. */
int installer_end(const struct installer *installer);

/* "%ProgramFiles%\Parsec" and the like, as a path. */
void installer_expand(const wchar_t *text, wchar_t *ret_path);

/* This program's own file. */
void installer_self(wchar_t *ret_path);

/* Makes the folders of a path, then writes a text file. */
bool installer_write(const wchar_t *path, const char *text);

/* Copies this program there. */
bool installer_copy_self(const wchar_t *path);

/* Removes a folder with all it has; files in use stay. */
void installer_remove_folder(const wchar_t *path);

/* Entry of "Apps & features", in the 32-bit view, as NSIS has it. */
void installer_arp_set(const wchar_t *key,
                       const wchar_t *name,
                       const wchar_t *version,
                       const wchar_t *uninstall);
void installer_arp_remove(const wchar_t *key);

/* A service that starts by itself, made or changed, and started. */
bool installer_service(const wchar_t *name, const wchar_t *display, const wchar_t *path);
void installer_service_remove(const wchar_t *name);

/* ---- package.c: files that pack.py appended to this program ---- */

/* Unpacks all files whose names begin with prefix ("driver\\") into the folder, without the prefix.
 * Number of files. */
int package_unpack(const char *prefix, const wchar_t *folder);

/* ---- driver.c ---- */

/* Creates a root-enumerated device, stages the package and binds it, as nefcon and setup programs
 * do: one more device with each call. False when Windows refused. *ret_reboot as Windows says. */
bool driver_install(const wchar_t *inf,
                    const wchar_t *hardware_id,
                    const GUID *class_guid,
                    const wchar_t *class_name,
                    bool *ret_reboot);

/* Removes all devices with that hardware id. */
void driver_remove(const wchar_t *hardware_id);

extern const GUID driver_class_display, driver_class_media;

/* ---- parsecd.c ---- */

int parsecd_run(int argc, wchar_t **argv);
int parsec_service_run(void);

#endif
