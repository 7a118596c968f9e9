/* Display targets of the emulated machine and what is shown on them. Nothing of it is set by a
 * test: targets follow from the devices of the PnP manager that are started (Hyper-V Video, other
 * indirect displays) and from the monitors that the Parsec driver has plugged in; when there is
 * none, Windows falls back to the Basic Display at 1024x768 (facts: guest.md section 4.1).
 *
 * As Windows does, the arrangement is remembered for each set of connected monitors, over boots,
 * and a set that was never seen is extended, the old primary first. The values lie in
 *
 *   HKLM\Software\gpupv-emulator\display
 *     FailQuery FailSet FailChange  REG_DWORD  Win32 error (FailChange: 0 - DISP_CHANGE_FAILED...)
 *   ...\display\Database\<monitors>   one value a set
 *
 * Only a process on the console's desktop sees displays: all calls fail in session 0, in a remote
 * session, and for a process without a desktop. */
#ifndef GPUPV_TESTS_DISPLAY_H
#define GPUPV_TESTS_DISPLAY_H

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/hook.h"
#include "../parsec_vdd/vdd.h"
#include "../pnp/pnp_state.h"

enum { DISPLAY_MAX = 24, DISPLAY_PATH_CHARS = 128, DISPLAY_NAME_CHARS = 64 };

struct display_rect {
    LONG x, y;
    uint32_t width, height, hz;
    uint32_t active, source; /* source: which of the adapter's */
};

struct display {
    struct pnp_device adapter;
    LUID luid;
    uint32_t target;                          /* id, within the adapter */
    uint32_t source_count;                    /* of the adapter: one more than it has monitors */
    uint32_t number;                          /* n of \\.\DISPLAYn, 1.. */
    wchar_t monitor[DISPLAY_NAME_CHARS];      /* "ParsecVDA" */
    wchar_t monitor_path[DISPLAY_PATH_CHARS]; /* "\\?\DISPLAY#PSCCDD0#..." */
    char code[8];                             /* "PSCCDD0", as in the EDID */
    DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY technology;
    bool basic; /* the fallback: one mode */
    const struct vdd_mode *modes;
    size_t mode_count;
    struct vdd_mode custom[VDD_CUSTOM_MODES];
    size_t custom_count;
    struct vdd_mode preferred;
    struct display_rect shown;
};

struct displays {
    struct display all[DISPLAY_MAX];
    size_t count;
};

/* ---- targets.c ---- */

/* Every connected monitor, in the order of their device numbers; nothing said of what they show. */
void targets_read(struct displays *ret_displays);

/* The n-th mode of a display, its custom ones last; false behind the end. */
bool target_mode(const struct display *d, size_t n, struct vdd_mode *ret_mode);

/* True when the monitor has that mode; hz 0 stands for any, and becomes the one it has. */
bool target_has_mode(const struct display *d, uint32_t width, uint32_t height, uint32_t *hz);

/* The path of the display adapter interface of a device. */
void adapter_path(const struct display *d, wchar_t *ret_path);

/* ---- arrange.c ---- */

/* Connected monitors and what they show now. */
void displays_read(struct displays *ret_displays);

/* Makes what stands in shown of each display so. false: the arrangement is impossible (nothing
 * active, no primary at 0,0, two that overlap). */
bool displays_write(struct displays *displays);

/* Index of the primary display, count when there is none. */
size_t displays_primary(const struct displays *displays);

/* Puts active displays side by side, the primary at 0,0 and the others right of it in order. */
void displays_line_up(struct displays *displays, size_t primary);

/* ---- query.c, set.c, gdi.c ---- */

extern const struct hook display_config_hooks[];
extern const size_t display_config_hook_count;
extern const struct hook display_gdi_hooks[];
extern const size_t display_gdi_hook_count;

LONG WINAPI display_set_config(UINT32 path_count,
                               DISPLAYCONFIG_PATH_INFO *paths,
                               UINT32 mode_count,
                               DISPLAYCONFIG_MODE_INFO *modes,
                               UINT32 flags);

/* A display by the adapter's LUID and the id of its target, NULL when there is none. */
struct display *display_of_target(struct displays *displays, LUID luid, uint32_t target);

#endif
