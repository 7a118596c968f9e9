/* The rules of the Parsec display driver's interface that the emulator must keep.
 *
 *   check absent PATH    the device is not started
 *   check device PATH    it is started, and nobody holds monitors
 *   check holder PATH    plugs one monitor in and holds it until it is killed; prints "holding" */
#include "../../support/support.h"

#include "vdd.h"

#include <stdio.h>
#include <string.h>

#define MODES_KEY "SOFTWARE\\Parsec\\vdd"

enum { WAIT_MS = 5000, TIMEOUT_MS = 1000, PING_MS = 100 };

static wchar_t path[MAX_PATH];

static HANDLE open_device(DWORD access, DWORD flags)
{
    return CreateFileW(path,
                       access,
                       FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL,
                       OPEN_EXISTING,
                       FILE_ATTRIBUTE_NORMAL | flags,
                       NULL);
}

static HANDLE opened(void)
{
    HANDLE device = open_device(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);

    assert_true(device != INVALID_HANDLE_VALUE);
    return device;
}

/* Error of the request, 0 when it succeeded. */
static DWORD
request(HANDLE device, DWORD code, void *input, DWORD input_size, void *output, DWORD output_size)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD length = 0, error = 0;

    if (!DeviceIoControl(device, code, input, input_size, output, output_size, NULL, &overlapped)) {
        error = GetLastError();
        if (error == ERROR_IO_PENDING) {
            assert_int_equal(WaitForSingleObject(overlapped.hEvent, WAIT_MS), WAIT_OBJECT_0);
            error = GetOverlappedResult(device, &overlapped, &length, FALSE) ? 0 : GetLastError();
        }
    }
    CloseHandle(overlapped.hEvent);
    if (!error)
        assert_int_equal(length, VDD_OUTPUT_BYTES);
    return error;
}

static DWORD call(HANDLE device, DWORD code, uint32_t argument, uint32_t *ret_value)
{
    uint8_t input[VDD_INPUT_BYTES] = {(uint8_t)(argument >> 8), (uint8_t)argument};
    uint32_t value = 0;
    DWORD error = request(device, code, input, sizeof(input), &value, sizeof(value));

    if (ret_value)
        *ret_value = value;
    return error;
}

static uint32_t added(HANDLE device)
{
    uint32_t index = 99;

    assert_int_equal(call(device, VDD_ADD, 0, &index), 0);
    return index;
}

static uint32_t removed(HANDLE device, uint32_t index)
{
    return call(device, VDD_REMOVE, index, NULL);
}

/* No monitor of an earlier case is left. */
static int silence(void **state)
{
    HANDLE device = opened();

    (void)state;
    for (uint32_t i = 0; i < VDD_MONITORS; i++)
        removed(device, i);
    CloseHandle(device);
    return 0;
}

static void a_device_that_is_not_started_has_no_interface(void **state)
{
    HANDLE device = open_device(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);

    (void)state;
    assert_int_equal(GetLastError(), ERROR_FILE_NOT_FOUND);
    assert_true(device == INVALID_HANDLE_VALUE);
}

static void version_is_told(void **state)
{
    HANDLE device = opened();
    uint32_t version;

    (void)state;
    assert_int_equal(call(device, VDD_VERSION, 0, &version), 0);
    assert_int_equal(version, 45);
    CloseHandle(device);
}

static void a_device_is_not_made_by_opening_it(void **state)
{
    HANDLE device =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    (void)state;
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_true(device == INVALID_HANDLE_VALUE);
}

static void wrong_requests_are_refused(void **state)
{
    static const struct {
        const char *name;
        DWORD code, input_size, output_size, error;
    } rows[] = {
        {"unknown code", 0x22E0FC, VDD_INPUT_BYTES, VDD_OUTPUT_BYTES, ERROR_INVALID_FUNCTION},
        {"no input", VDD_ADD, 0, VDD_OUTPUT_BYTES, ERROR_INVALID_PARAMETER},
        {"short input", VDD_PING, 2, VDD_OUTPUT_BYTES, ERROR_INVALID_PARAMETER},
        {"long input", VDD_PING, VDD_INPUT_BYTES + 1, VDD_OUTPUT_BYTES, ERROR_INVALID_PARAMETER},
        {"no output", VDD_VERSION, VDD_INPUT_BYTES, 0, ERROR_INSUFFICIENT_BUFFER},
        {"short output", VDD_VERSION, VDD_INPUT_BYTES, 3, ERROR_INSUFFICIENT_BUFFER},
    };
    HANDLE device = opened();

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t input[VDD_INPUT_BYTES + 1] = {0}, output[VDD_OUTPUT_BYTES];
        DWORD error =
            request(device, rows[i].code, input, rows[i].input_size, output, rows[i].output_size);

        if (error != rows[i].error)
            fail_msg("%s: error %lu, expected %lu", rows[i].name, error, rows[i].error);
    }
    CloseHandle(device);
}

static void access_is_needed_as_the_code_says(void **state)
{
    HANDLE reader = open_device(GENERIC_READ, FILE_FLAG_OVERLAPPED);
    HANDLE writer = open_device(GENERIC_WRITE, FILE_FLAG_OVERLAPPED);

    (void)state;
    assert_int_equal(call(reader, VDD_PING, 0, NULL), ERROR_ACCESS_DENIED);
    assert_int_equal(call(writer, VDD_PING, 0, NULL), 0);
    assert_int_equal(call(writer, VDD_ADD, 0, NULL), ERROR_ACCESS_DENIED);
    CloseHandle(reader);
    CloseHandle(writer);
}

static void an_overlapped_handle_needs_an_overlapped(void **state)
{
    HANDLE device = opened();
    uint8_t input[VDD_INPUT_BYTES] = {0}, output[VDD_OUTPUT_BYTES];
    DWORD length;

    (void)state;
    assert_false(DeviceIoControl(
        device, VDD_VERSION, input, sizeof(input), output, sizeof(output), &length, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    CloseHandle(device);
}

static void a_plain_handle_waits(void **state)
{
    HANDLE device = open_device(GENERIC_READ | GENERIC_WRITE, 0);
    uint8_t input[VDD_INPUT_BYTES] = {0};
    uint32_t version = 0;
    DWORD length = 0;

    (void)state;
    assert_true(DeviceIoControl(
        device, VDD_VERSION, input, sizeof(input), &version, sizeof(version), &length, NULL));
    assert_int_equal(length, sizeof(version));
    assert_int_equal(version, 45);
    CloseHandle(device);
}

static void indexes_are_the_lowest_free_ones(void **state)
{
    HANDLE device = opened();

    (void)state;
    assert_int_equal(added(device), 0);
    assert_int_equal(added(device), 1);
    assert_int_equal(added(device), 2);
    assert_int_equal(removed(device, 1), 0);
    assert_int_equal(removed(device, 1), ERROR_INVALID_PARAMETER);
    assert_int_equal(removed(device, 1 << 8), ERROR_INVALID_PARAMETER);
    assert_int_equal(added(device), 1);
    CloseHandle(device);
}

static void sixteen_monitors_are_the_limit(void **state)
{
    HANDLE device = opened();

    (void)state;
    for (uint32_t i = 0; i < VDD_MONITORS; i++) {
        assert_int_equal(added(device), i);
        assert_int_equal(call(device, VDD_PING, 0, NULL), 0); /* a busy machine takes its time */
    }
    assert_int_equal(call(device, VDD_ADD, 0, NULL), ERROR_NO_SYSTEM_RESOURCES);
    assert_int_equal(removed(device, 7), 0);
    assert_int_equal(added(device), 7);
    CloseHandle(device);
}

static void monitors_stay_while_pings_come(void **state)
{
    HANDLE device = opened();
    uint32_t index = added(device);

    (void)state;
    for (int i = 0; i < 16; i++) {
        Sleep(PING_MS);
        assert_int_equal(call(device, VDD_PING, 0, NULL), 0);
    }
    assert_int_equal(removed(device, index), 0);
    CloseHandle(device);
}

static void monitors_vanish_when_pings_stop(void **state)
{
    HANDLE device = opened();
    uint32_t index = added(device);

    (void)state;
    Sleep(TIMEOUT_MS + 2 * PING_MS);
    assert_int_equal(removed(device, index), ERROR_INVALID_PARAMETER);
    CloseHandle(device);
}

static void a_ping_on_another_handle_holds_them(void **state)
{
    HANDLE one = opened(), other = opened();
    uint32_t index = added(one);

    (void)state;
    CloseHandle(one); /* monitors belong to the driver */
    for (int i = 0; i < 13; i++) {
        Sleep(PING_MS);
        assert_int_equal(call(other, VDD_PING, 0, NULL), 0);
    }
    assert_int_equal(removed(other, index), 0);
    CloseHandle(other);
}

static void a_handle_of_another_device_is_passed_on(void **state)
{
    HANDLE null = CreateFileW(L"NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    uint8_t input[VDD_INPUT_BYTES] = {0}, output[VDD_OUTPUT_BYTES];
    DWORD length;

    (void)state;
    assert_false(DeviceIoControl(
        null, VDD_VERSION, input, sizeof(input), output, sizeof(output), &length, NULL));
    CloseHandle(null);
    assert_false(DeviceIoControl(
        null, VDD_VERSION, input, sizeof(input), output, sizeof(output), &length, NULL));
}

static void set_fault(const char *name, DWORD value)
{
    assert_int_equal(RegSetKeyValueA(HKEY_LOCAL_MACHINE,
                                     "Software\\gpupv-emulator\\vdd",
                                     name,
                                     REG_DWORD,
                                     &value,
                                     sizeof(value)),
                     0);
}

static void a_fault_fails_its_call_so_many_times(void **state)
{
    HANDLE device = opened();

    (void)state;
    set_fault("FailAdd", ERROR_GEN_FAILURE);
    set_fault("TimesFailAdd", 2);
    assert_int_equal(call(device, VDD_ADD, 0, NULL), ERROR_GEN_FAILURE);
    assert_int_equal(call(device, VDD_VERSION, 0, NULL), 0);
    assert_int_equal(call(device, VDD_ADD, 0, NULL), ERROR_GEN_FAILURE);
    assert_int_equal(call(device, VDD_ADD, 0, NULL), 0);
    set_fault("FailAdd", 0);
    CloseHandle(device);
}

static void a_call_that_hangs_ends_when_it_is_cancelled(void **state)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    uint8_t input[VDD_INPUT_BYTES] = {0}, output[VDD_OUTPUT_BYTES];
    HANDLE device = opened();
    DWORD length;

    (void)state;
    set_fault("HangPing", 1);
    assert_false(DeviceIoControl(
        device, VDD_PING, input, sizeof(input), output, sizeof(output), NULL, &overlapped));
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_int_equal(WaitForSingleObject(overlapped.hEvent, 50), WAIT_TIMEOUT);
    assert_false(GetOverlappedResult(device, &overlapped, &length, FALSE));
    assert_int_equal(GetLastError(), ERROR_IO_INCOMPLETE);
    set_fault("HangPing", 0);
    assert_true(CancelIoEx(device, &overlapped));
    assert_int_equal(WaitForSingleObject(overlapped.hEvent, WAIT_MS), WAIT_OBJECT_0);
    assert_false(GetOverlappedResult(device, &overlapped, &length, TRUE));
    assert_int_equal(GetLastError(), ERROR_OPERATION_ABORTED);
    assert_false(CancelIoEx(device, &overlapped));
    assert_int_equal(GetLastError(), ERROR_NOT_FOUND);
    CloseHandle(overlapped.hEvent);
    CloseHandle(device);
}

static int hold(void)
{
    HANDLE device = open_device(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    uint32_t index;

    if (device == INVALID_HANDLE_VALUE || call(device, VDD_ADD, 0, &index))
        return 1;
    printf("holding %u\n", index);
    fflush(stdout);
    for (;;) {
        if (call(device, VDD_PING, 0, NULL))
            return 1;
        Sleep(PING_MS);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest absent[] = {
        cmocka_unit_test(a_device_that_is_not_started_has_no_interface),
    };
    const struct CMUnitTest device[] = {
        cmocka_unit_test(version_is_told),
        cmocka_unit_test(a_device_is_not_made_by_opening_it),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(access_is_needed_as_the_code_says),
        cmocka_unit_test(an_overlapped_handle_needs_an_overlapped),
        cmocka_unit_test(a_plain_handle_waits),
        cmocka_unit_test_setup(indexes_are_the_lowest_free_ones, silence),
        cmocka_unit_test_setup(sixteen_monitors_are_the_limit, silence),
        cmocka_unit_test_setup(monitors_stay_while_pings_come, silence),
        cmocka_unit_test_setup(monitors_vanish_when_pings_stop, silence),
        cmocka_unit_test_setup(a_ping_on_another_handle_holds_them, silence),
        cmocka_unit_test(a_handle_of_another_device_is_passed_on),
        cmocka_unit_test_setup(a_fault_fails_its_call_so_many_times, silence),
        cmocka_unit_test(a_call_that_hangs_ends_when_it_is_cancelled),
    };

    if (argc < 3)
        return 64;
    MultiByteToWideChar(CP_UTF8, 0, argv[2], -1, path, MAX_PATH);
    if (!strcmp(argv[1], "absent"))
        return cmocka_run_group_tests(absent, NULL, NULL);
    if (!strcmp(argv[1], "holder"))
        return hold();
    return cmocka_run_group_tests(device, NULL, NULL);
}
