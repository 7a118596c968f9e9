/* What the driver knows, and what its calls do with it. */
#include "vdd.h"

#include "../common/state.h"
#include "../pnp/pnp_state.h"

#include <ntstatus.h>
#include <winternl.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY       "vdd"
#define STATE_KEY "vdd\\State"
#define MODES_KEY "SOFTWARE\\Parsec\\vdd"

enum { TIMEOUT_MS = 1000, VERSION_MINOR = 45, DEVICES = 8, NAME_BYTES = 256 };

/* One value of the state key: monitors[i] is plugged in when bit i of plugged is set. */
struct driver {
    uint64_t last_ping_ms;
    uint64_t plugged_ms[VDD_MONITORS];
    uint32_t starts;
    uint32_t plugged, reported; /* reported: the PnP manager knows the monitor */
    struct vdd_monitor monitors[VDD_MONITORS];
};

static void name_of(const wchar_t *instance, char *ret_name)
{
    WideCharToMultiByte(CP_UTF8, 0, instance, -1, ret_name, NAME_BYTES, NULL, NULL);
}

static void driver_load(const struct pnp_device *device, struct driver *ret_driver)
{
    char name[NAME_BYTES];

    name_of(device->instance, name);
    if (!state_bytes(STATE_KEY, name, ret_driver, sizeof(*ret_driver)) ||
        ret_driver->starts != device->starts) {
        memset(ret_driver, 0, sizeof(*ret_driver));
        ret_driver->starts = device->starts;
    }
}

static void driver_save(const struct pnp_device *device, const struct driver *driver)
{
    char name[NAME_BYTES];

    name_of(device->instance, name);
    state_set_bytes(STATE_KEY, true, name, driver, sizeof(*driver));
}

static void uid_of(uint32_t index, wchar_t *ret_uid, size_t size)
{
    swprintf(ret_uid, size, L"5&2b5a7f4&0&UID%u", 256 + index);
}

static void report(const struct pnp_device *device, struct driver *driver, uint32_t index)
{
    wchar_t uid[32];

    uid_of(index, uid, 32);
    pnp_monitor_add(device->instance, L"DISPLAY\\PSCCDD0", uid, L"ParsecVDA");
    driver->reported |= 1u << index;
}

static void unplug(struct driver *driver, uint32_t index)
{
    wchar_t uid[32], instance[64];

    driver->plugged &= ~(1u << index);
    if (!(driver->reported & 1u << index))
        return;
    uid_of(index, uid, 32);
    swprintf(instance, 64, L"DISPLAY\\PSCCDD0\\%ls", uid);
    pnp_monitor_remove(instance);
    driver->reported &= ~(1u << index);
}

/* Moves the driver to the present: monitors appear after their time and vanish when nobody pings.
 * True when something changed. */
static bool driver_tick(const struct pnp_device *device, struct driver *driver)
{
    uint32_t plugged = driver->plugged, reported = driver->reported;
    uint64_t now_ms = state_now_ms();
    bool held = now_ms - driver->last_ping_ms < state_number(KEY, "TimeoutMs", TIMEOUT_MS);
    uint64_t appear_ms = state_number(KEY, "AppearMs", 0);
    bool silent = state_number(KEY, "SilentAdd", 0);

    for (uint32_t i = 0; i < VDD_MONITORS; i++) {
        if (!(driver->plugged & 1u << i))
            continue;
        if (!held)
            unplug(driver, i);
        else if (!(driver->reported & 1u << i) && !silent &&
                 now_ms - driver->plugged_ms[i] >= appear_ms)
            report(device, driver, i);
    }
    return plugged != driver->plugged || reported != driver->reported;
}

/* Custom modes are read once, when a monitor is plugged in: subkeys 0 to 4 (guest.md section 2). */
static void read_custom_modes(struct vdd_monitor *monitor)
{
    static const char *const names[] = {"width", "height", "hz"};

    monitor->custom_count = 0;
    for (int i = 0; i < VDD_CUSTOM_MODES; i++) {
        char key[64];
        uint32_t values[3];
        int read = 0;

        snprintf(key, sizeof(key), MODES_KEY "\\%d", i);
        for (; read < 3; read++) {
            DWORD size = sizeof(values[read]);

            if (RegGetValueA(HKEY_LOCAL_MACHINE,
                             key,
                             names[read],
                             RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY,
                             NULL,
                             &values[read],
                             &size) ||
                !values[read])
                break;
        }
        if (read == 3)
            monitor->custom[monitor->custom_count++] =
                (struct vdd_mode){.width = values[0], .height = values[1], .hz = values[2]};
    }
}

static int32_t add(struct driver *driver, const uint8_t *input, uint32_t *ret_value)
{
    uint32_t limit = state_number(KEY, "Limit", VDD_MONITORS), index = 0;

    (void)input;
    while (index < VDD_MONITORS && driver->plugged & 1u << index)
        index++;
    /* Which error the real driver gives at its limit is not known [probe]. */
    if (index >= VDD_MONITORS || index >= limit)
        return STATUS_INSUFFICIENT_RESOURCES;
    driver->monitors[index].index = index;
    read_custom_modes(&driver->monitors[index]);
    driver->plugged |= 1u << index;
    driver->plugged_ms[index] = state_now_ms();
    /* The second begins with the first monitor, not with the last ping of an earlier owner. */
    if (driver->plugged == 1u << index)
        driver->last_ping_ms = driver->plugged_ms[index];
    *ret_value = index;
    return STATUS_SUCCESS;
}

/* The index is big-endian, unlike all else. */
static int32_t remove_monitor(struct driver *driver, const uint8_t *input, uint32_t *ret_value)
{
    uint32_t index = (uint32_t)input[0] << 8 | input[1];

    *ret_value = 0;
    if (index >= VDD_MONITORS || !(driver->plugged & 1u << index))
        return STATUS_INVALID_PARAMETER;
    unplug(driver, index);
    return STATUS_SUCCESS;
}

static int32_t ping(struct driver *driver, const uint8_t *input, uint32_t *ret_value)
{
    (void)input;
    driver->last_ping_ms = state_now_ms();
    *ret_value = 0;
    return STATUS_SUCCESS;
}

static int32_t version(struct driver *driver, const uint8_t *input, uint32_t *ret_value)
{
    (void)driver;
    (void)input;
    *ret_value = state_number(KEY, "Version", VERSION_MINOR);
    return STATUS_SUCCESS;
}

static const struct {
    uint32_t code;
    const char *name;
    int32_t (*act)(struct driver *driver, const uint8_t *input, uint32_t *ret_value);
} calls[] = {
    {VDD_ADD, "Add", add},
    {VDD_REMOVE, "Remove", remove_monitor},
    {VDD_PING, "Ping", ping},
    {VDD_VERSION, "Version", version},
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static int call_of(uint32_t code)
{
    int i = 0;

    while (i < CALLS && calls[i].code != code)
        i++;
    return i;
}

const char *vdd_code_name(uint32_t code)
{
    int i = call_of(code);

    return i < CALLS ? calls[i].name : NULL;
}

/* STATUS codes of facility NTWIN32 carry a Win32 error as it is. */
static int32_t status_of_error(uint32_t error)
{
    return (int32_t)(0xC0070000u | error);
}

static int32_t refuse(int call, size_t input_size, size_t output_size)
{
    char fault[32];
    uint32_t error;

    if (call == CALLS)
        return STATUS_INVALID_DEVICE_REQUEST;
    snprintf(fault, sizeof(fault), "Fail%s", calls[call].name);
    error = state_fault(KEY, fault);
    if (!error)
        error = pnp_fault("DeviceIoControl");
    if (error)
        return status_of_error(error);
    if (input_size != VDD_INPUT_BYTES)
        return STATUS_INVALID_PARAMETER;
    return output_size < VDD_OUTPUT_BYTES ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

void vdd_answer(const wchar_t *instance,
                uint32_t starts,
                uint32_t code,
                const void *input,
                size_t input_size,
                size_t output_size,
                struct vdd_reply *ret_reply)
{
    int call = call_of(code);
    struct pnp_device device;
    struct driver driver;
    uint32_t value = 0;

    memset(ret_reply, 0, sizeof(*ret_reply));
    state_lock();
    if (!pnp_get(instance, &device) || !device.started || device.starts != starts) {
        ret_reply->status = STATUS_NO_SUCH_DEVICE;
        goto out;
    }
    driver_load(&device, &driver);
    driver_tick(&device, &driver);
    ret_reply->status = refuse(call, input_size, output_size);
    if (ret_reply->status == STATUS_SUCCESS)
        ret_reply->status = calls[call].act(&driver, input, &value);
    driver_tick(&device, &driver);
    driver_save(&device, &driver);
    if (ret_reply->status == STATUS_SUCCESS) {
        memcpy(ret_reply->output, &value, sizeof(value));
        ret_reply->length = sizeof(value);
    }

out:
    state_unlock();
}

static size_t look(const struct pnp_device *device, struct vdd_monitor *ret_monitors)
{
    struct driver driver;
    size_t count = 0;

    state_lock();
    driver_load(device, &driver);
    if (driver_tick(device, &driver))
        driver_save(device, &driver);
    state_unlock();
    for (uint32_t i = 0; i < VDD_MONITORS; i++)
        if (driver.reported & 1u << i)
            ret_monitors[count++] = driver.monitors[i];
    return count;
}

size_t vdd_monitors(const wchar_t *instance, struct vdd_monitor *ret_monitors)
{
    struct pnp_device device;

    if (!pnp_get(instance, &device) || !device.started)
        return 0;
    return look(&device, ret_monitors);
}

size_t vdd_expire(void)
{
    static const wchar_t hardware_id[] = VDD_HARDWARE_ID;
    struct vdd_monitor monitors[VDD_MONITORS];
    struct pnp_device devices[DEVICES];
    size_t found = pnp_list(L"Display", devices, DEVICES), count = 0;

    for (size_t i = 0; i < found && i < DEVICES; i++)
        if (devices[i].started && !_wcsicmp(devices[i].hardware_id, hardware_id))
            count += look(&devices[i], monitors);
    return count;
}
