/* The driver of the Parsec Virtual Display Adapter, behind the device interface
 * {00b41627-04c4-429e-a26e-0265cf50c8fa} of the emulated PnP manager. Monitors belong to the
 * driver, not to a handle or process: they stay while keep-alives come from anybody, and vanish
 * together about a second after the last one (facts: guest.md section 2, from the parsec-vdd
 * project's header and notes). So all state lies in the registry, with times, one value a device
 * instance; a device that was started anew has no monitors.
 *
 *   HKLM\Software\gpupv-emulator\vdd
 *     Version      REG_DWORD  45: what the version call answers
 *     Limit        REG_DWORD  16: monitors at most
 *     TimeoutMs    REG_DWORD  1000: until the monitors vanish
 *     AppearMs     REG_DWORD  0: from plug-in until the monitor is there
 *     SilentAdd    REG_DWORD  1: adding succeeds and no monitor appears
 *     Fail<Call>, TimesFail<Call>  REG_DWORD  a Win32 error; Call: Open Add Remove Ping Version
 *     Hang<Call>, TimesHang<Call>  REG_DWORD  1: the call ends when it is cancelled */
#ifndef GPUPV_TESTS_VDD_H
#define GPUPV_TESTS_VDD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

#include "../common/hook.h"

#define VDD_HARDWARE_ID L"Root\\Parsec\\VDA"
#define VDD_INTERFACE   L"{00b41627-04c4-429e-a26e-0265cf50c8fa}"

/* Device type 0x22, METHOD_BUFFERED; bits 14 and 15 say which access the handle needs. */
enum vdd_code {
    VDD_ADD = 0x22E004,
    VDD_REMOVE = 0x22A008,
    VDD_PING = 0x22A00C,
    VDD_VERSION = 0x22E010
};

enum { VDD_INPUT_BYTES = 32, VDD_OUTPUT_BYTES = 4, VDD_MONITORS = 16, VDD_CUSTOM_MODES = 5 };

struct vdd_mode {
    uint32_t width, height, hz;
};

struct vdd_monitor {
    uint32_t index;
    struct vdd_mode custom[VDD_CUSTOM_MODES]; /* as the registry had them at plug-in */
    size_t custom_count;
};

/* What the driver puts in a request's status and output. */
struct vdd_reply {
    int32_t status; /* NTSTATUS */
    uint32_t length;
    uint8_t output[VDD_OUTPUT_BYTES];
};

/* ---- state.c ---- */

/* The monitors of a started device that are there now; those whose time is up are unplugged first.
 * ret_monitors has room for VDD_MONITORS. */
size_t vdd_monitors(const wchar_t *instance, struct vdd_monitor *ret_monitors);

/* Unplugs what no keep-alive holds any longer, on all devices, and returns how many are left. */
size_t vdd_expire(void);

/* Answers one request to the device. starts tells under which start of it the handle was opened. */
void vdd_answer(const wchar_t *instance,
                uint32_t starts,
                uint32_t code,
                const void *input,
                size_t input_size,
                size_t output_size,
                struct vdd_reply *ret_reply);

/* The name of a code in the names of faults ("Add"), or NULL for one that the driver lacks. */
const char *vdd_code_name(uint32_t code);

/* ---- device.c ---- */

/* CreateFileW, DeviceIoControl and what goes with them. */
extern const struct hook vdd_hooks[];
extern const size_t vdd_hook_count;

#endif
