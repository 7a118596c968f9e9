/* One registration a row; each only passes the news on. */
#include "guest/machine/windows/device_watch_win32.h"
#include "guest/machine/windows/device_notify_win32.h"

#include <stdlib.h>

static const GUID interfaces[] = {
    /* GUID_DISPLAY_DEVICE_ARRIVAL, GUID_DEVINTERFACE_MONITOR: ntddvdeo.h */
    {0x1ca05180, 0xa699, 0x450a, {0x9a, 0x0c, 0xde, 0x4f, 0xbe, 0x3d, 0xdd, 0x89}},
    {0xe6f07b5f, 0xee97, 0x4a90, {0xb0, 0x76, 0x33, 0xf5, 0x7b, 0xf4, 0xea, 0xa7}},
    /* the Parsec virtual display driver's (guest.md section 2) */
    {0x00b41627, 0x04c4, 0x429e, {0xa2, 0x6e, 0x02, 0x65, 0xcf, 0x50, 0xc8, 0xfa}},
};
#define INTERFACES    (sizeof interfaces / sizeof interfaces[0])
#define REGISTRATIONS (INTERFACES + 1) /* and all device instances */

struct windows_device_watch {
    void (*on_change)(void *user);
    void *user;
    HCMNOTIFICATION registrations[REGISTRATIONS];
};

/* Looking at the device here would deadlock with whoever changes it. */
static DWORD CALLBACK on_notification(HCMNOTIFICATION notification,
                                      PVOID context,
                                      CM_NOTIFY_ACTION action,
                                      PCM_NOTIFY_EVENT_DATA data,
                                      DWORD size)
{
    struct windows_device_watch *watch = context;

    (void)notification;
    (void)action;
    (void)data;
    (void)size;
    watch->on_change(watch->user);
    return ERROR_SUCCESS;
}

static CM_NOTIFY_FILTER filter_of(size_t registration)
{
    CM_NOTIFY_FILTER filter = {.cbSize = sizeof filter};

    if (registration < INTERFACES) {
        filter.FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE;
        filter.u.DeviceInterface.ClassGuid = interfaces[registration];
    } else {
        filter.FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE;
        filter.Flags = CM_NOTIFY_FILTER_FLAG_ALL_DEVICE_INSTANCES;
    }
    return filter;
}

bool windows_device_watch_start(void (*on_change)(void *user),
                                void *user,
                                struct windows_device_watch **ret_watch,
                                struct err *err)
{
    struct windows_device_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return err_no_memory(err);
    watch->on_change = on_change;
    watch->user = user;
    for (size_t i = 0; i < REGISTRATIONS; i++) {
        CM_NOTIFY_FILTER filter = filter_of(i);

        if (!device_notify_begin(&filter, on_notification, watch, &watch->registrations[i])) {
            windows_device_watch_stop(watch);
            return err_set(err, ERR_UNSUPPORTED, TEXT_DEVICE_NO_WATCH, NULL);
        }
    }
    *ret_watch = watch;
    return true;
}

void windows_device_watch_stop(struct windows_device_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < REGISTRATIONS; i++)
        device_notify_end(watch->registrations[i]);
    free(watch);
}
