/* The two functions, found at run time. */
#include "guest/machine/windows/device_notify_win32.h"

#include "guest/machine/windows/call_win32.h"

#define LIBRARY "cfgmgr32.dll"

bool device_notify_begin(const CM_NOTIFY_FILTER *filter,
                         PCM_NOTIFY_CALLBACK callback,
                         void *context,
                         HCMNOTIFICATION *ret_notification)
{
    CONFIGRET(WINAPI * begin)
    (const CM_NOTIFY_FILTER *, void *, PCM_NOTIFY_CALLBACK, HCMNOTIFICATION *);
    HCMNOTIFICATION notification = NULL;

    call_store(&begin, call_find(LIBRARY, "CM_Register_Notification"));
    if (!begin || begin(filter, context, callback, &notification) != CR_SUCCESS)
        return false;
    *ret_notification = notification;
    return true;
}

void device_notify_end(HCMNOTIFICATION notification)
{
    CONFIGRET(WINAPI * end)(HCMNOTIFICATION);

    call_store(&end, call_find(LIBRARY, "CM_Unregister_Notification"));
    if (notification && end)
        (void)end(notification);
}
