/* Notifications. */
#include "check.h"

#include "cm.h"

#include <string.h>

enum { EVENTS = 64, WAIT_MS = 20000 };

/* What a registration was told, guarded by its lock. */
struct told {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    int count;
    CM_NOTIFY_ACTION actions[EVENTS];
    wchar_t texts[EVENTS][300];
    CONFIGRET unregistered; /* what unregistering from the callback gave */
    DWORD thread;
};

static void told_init(struct told *told)
{
    memset(told, 0, sizeof(*told));
    InitializeSRWLock(&told->lock);
    InitializeConditionVariable(&told->changed);
}

static DWORD CALLBACK on_event(HCMNOTIFICATION handle,
                               void *context,
                               CM_NOTIFY_ACTION action,
                               CM_NOTIFY_EVENT_DATA *data,
                               DWORD size)
{
    struct told *told = context;
    const wchar_t *text = data->FilterType == CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE
                              ? data->u.DeviceInterface.SymbolicLink
                              : data->u.DeviceInstance.InstanceId;

    AcquireSRWLockExclusive(&told->lock);
    if (told->count < EVENTS && size > wcslen(text) * sizeof(wchar_t)) {
        told->actions[told->count] = action;
        swprintf(told->texts[told->count], 300, L"%ls", text);
        told->count++;
    }
    told->unregistered = CM_Unregister_Notification(handle);
    told->thread = GetCurrentThreadId();
    WakeAllConditionVariable(&told->changed);
    ReleaseSRWLockExclusive(&told->lock);
    return ERROR_SUCCESS;
}

static bool wait_for(struct told *told, int count)
{
    ULONGLONG end_ms = GetTickCount64() + WAIT_MS;
    bool enough;

    AcquireSRWLockExclusive(&told->lock);
    while (told->count < count && GetTickCount64() < end_ms)
        SleepConditionVariableSRW(&told->changed, &told->lock, 1000, 0);
    enough = told->count >= count;
    ReleaseSRWLockExclusive(&told->lock);
    return enough;
}

static HCMNOTIFICATION watch_class(const GUID *guid, struct told *told)
{
    CM_NOTIFY_FILTER filter = {.cbSize = sizeof(filter),
                               .FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE};
    HCMNOTIFICATION handle = NULL;

    filter.u.DeviceInterface.ClassGuid = *guid;
    assert_int_equal(CM_Register_Notification(&filter, told, on_event, &handle), CR_SUCCESS);
    return handle;
}

static void filters_are_checked(void **state)
{
    CM_NOTIFY_FILTER filter = {.cbSize = sizeof(filter),
                               .FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE};
    HCMNOTIFICATION handle = NULL;
    struct told told;

    (void)state;
    told_init(&told);
    assert_int_equal(CM_Register_Notification(NULL, &told, on_event, &handle), CR_INVALID_POINTER);
    assert_int_equal(CM_Register_Notification(&filter, &told, NULL, &handle), CR_INVALID_POINTER);
    assert_int_equal(CM_Register_Notification(&filter, &told, on_event, NULL), CR_INVALID_POINTER);
    assert_int_equal(CM_Register_Notification(&filter, &told, on_event, &handle), CR_INVALID_DATA);
    filter.Flags = CM_NOTIFY_FILTER_FLAG_ALL_DEVICE_INSTANCES; /* of the other type */
    assert_int_equal(CM_Register_Notification(&filter, &told, on_event, &handle), CR_INVALID_DATA);
    filter.Flags = 0;
    filter.u.DeviceInterface.ClassGuid = monitor_interface;
    filter.cbSize -= 8;
    assert_int_equal(CM_Register_Notification(&filter, &told, on_event, &handle),
                     CR_INVALID_STRUCTURE_SIZE);
    filter.cbSize += 8;
    filter.FilterType = CM_NOTIFY_FILTER_TYPE_MAX;
    assert_int_equal(CM_Register_Notification(&filter, &told, on_event, &handle), CR_INVALID_DATA);
    assert_null(handle);
    assert_int_equal(CM_Unregister_Notification(NULL), CR_INVALID_DATA);
}

static void an_arrival_and_a_removal_are_told_with_the_path(void **state)
{
    struct told told;
    HCMNOTIFICATION handle;

    (void)state;
    told_init(&told);
    handle = watch_class(&monitor_interface, &told);
    assert_true(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&1&0&UID300", L"ParsecVDA"));
    assert_true(wait_for(&told, 1));
    assert_true(pnp_monitor_remove(L"DISPLAY\\PSCCDD0\\5&1&0&UID300"));
    assert_true(wait_for(&told, 2));
    assert_int_equal(told.count, 2); /* nothing of what was there before */
    assert_int_equal(told.actions[0], CM_NOTIFY_ACTION_DEVICEINTERFACEARRIVAL);
    assert_int_equal(told.actions[1], CM_NOTIFY_ACTION_DEVICEINTERFACEREMOVAL);
    assert_wide_equal(
        told.texts[0],
        L"\\\\?\\DISPLAY#PSCCDD0#5&1&0&UID300#{e6f07b5f-ee97-4a90-b076-33f57bf4eaa7}");
    assert_int_not_equal(told.thread, GetCurrentThreadId());
    assert_int_equal(CM_Unregister_Notification(handle), CR_SUCCESS);
}

static void unregistering_from_the_callback_is_a_deadlock_and_refused(void **state)
{
    struct told told;
    HCMNOTIFICATION handle;

    (void)state;
    told_init(&told);
    handle = watch_class(&monitor_interface, &told);
    assert_true(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&1&0&UID301", L"ParsecVDA"));
    assert_true(wait_for(&told, 1));
    assert_int_equal(told.unregistered, CR_FAILURE);
    assert_int_equal(CM_Unregister_Notification(handle), CR_SUCCESS);
    assert_true(pnp_monitor_remove(L"DISPLAY\\PSCCDD0\\5&1&0&UID301"));
}

static void instances_are_told_of_one_device_or_of_all(void **state)
{
    CM_NOTIFY_FILTER filter = {.cbSize = sizeof(filter),
                               .FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINSTANCE};
    HCMNOTIFICATION one = NULL, all = NULL;
    struct told of_one, of_all;

    (void)state;
    told_init(&of_one);
    told_init(&of_all);
    wcscpy(filter.u.DeviceInstance.InstanceId, VIDEO_MONITOR);
    assert_int_equal(CM_Register_Notification(&filter, &of_one, on_event, &one), CR_SUCCESS);
    filter.Flags = CM_NOTIFY_FILTER_FLAG_ALL_DEVICE_INSTANCES;
    assert_int_equal(CM_Register_Notification(&filter, &of_all, on_event, &all), CR_INVALID_DATA);
    *filter.u.DeviceInstance.InstanceId = L'\0';
    assert_int_equal(CM_Register_Notification(&filter, &of_all, on_event, &all), CR_SUCCESS);

    assert_int_equal(CM_Disable_DevNode(locate(VIDEO, false), 0), CR_SUCCESS);
    assert_int_equal(CM_Enable_DevNode(locate(VIDEO, false), 0), CR_SUCCESS);
    /* The monitor goes, comes and starts; the adapter itself starts and was never gone. */
    assert_true(wait_for(&of_one, 3));
    assert_int_equal(of_one.actions[0], CM_NOTIFY_ACTION_DEVICEINSTANCEREMOVED);
    assert_int_equal(of_one.actions[1], CM_NOTIFY_ACTION_DEVICEINSTANCEENUMERATED);
    assert_int_equal(of_one.actions[2], CM_NOTIFY_ACTION_DEVICEINSTANCESTARTED);
    assert_true(wait_for(&of_all, 4));
    assert_int_equal(of_all.actions[1], CM_NOTIFY_ACTION_DEVICEINSTANCESTARTED);
    assert_wide_equal(of_all.texts[1], VIDEO);
    assert_int_equal(CM_Unregister_Notification(one), CR_SUCCESS);
    assert_int_equal(CM_Unregister_Notification(all), CR_SUCCESS);
}

static void nothing_is_told_after_unregistering(void **state)
{
    struct told gone, stays;
    HCMNOTIFICATION first, second;

    (void)state;
    told_init(&gone);
    told_init(&stays);
    first = watch_class(&arrival_interface, &gone);
    second = watch_class(&arrival_interface, &stays);
    assert_int_equal(CM_Unregister_Notification(first), CR_SUCCESS);
    assert_int_equal(CM_Unregister_Notification(first), CR_INVALID_DATA);
    assert_int_equal(CM_Disable_DevNode(locate(GPU, false), 0), CR_SUCCESS);
    assert_int_equal(CM_Enable_DevNode(locate(GPU, false), 0), CR_SUCCESS);
    assert_true(wait_for(&stays, 2));
    assert_int_equal(gone.count, 0);
    assert_int_equal(CM_Unregister_Notification(second), CR_SUCCESS);
}

static DWORD WINAPI fail_later(void *unused)
{
    (void)unused;
    pnp_fail(GPU, 43);
    return 0;
}

static void the_generation_moves_with_every_change(void **state)
{
    uint32_t seen = pnp_generation();
    HANDLE thread;

    (void)state;
    assert_false(pnp_wait(seen, 50));
    thread = CreateThread(NULL, 0, fail_later, NULL, 0, NULL);
    assert_true(pnp_wait(seen, WAIT_MS));
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_int_not_equal(pnp_generation(), seen);
    CM_Disable_DevNode(locate(GPU, false), 0);
    CM_Enable_DevNode(locate(GPU, false), 0);
}

int check_notify(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_are_checked),
        cmocka_unit_test(an_arrival_and_a_removal_are_told_with_the_path),
        cmocka_unit_test(unregistering_from_the_callback_is_a_deadlock_and_refused),
        cmocka_unit_test(instances_are_told_of_one_device_or_of_all),
        cmocka_unit_test(nothing_is_told_after_unregistering),
        cmocka_unit_test(the_generation_moves_with_every_change),
    };

    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
