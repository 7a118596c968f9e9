/* The payload cache: what it takes, what it refuses, and what it says of damaged records. */
#include "tests/support/support.h"

#include "host/guest/payloads.h"
#include "host/guest/stand_in.h"
#include "host/settings.h"

#include <stdio.h>
#include <string.h>

static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

#define DO(call)                                                                                   \
    do {                                                                                           \
        struct err do_err = ERR_INIT;                                                              \
        expect_done((call), &do_err);                                                              \
    } while (0)

static struct payloads *open_cache(const char *folder)
{
    struct payloads *payloads = NULL;

    support_folder(folder);
    DO(payloads_open(folder, &payloads, &do_err));
    return payloads;
}

static void put_stand_in(const char *path, const char *program, const char *publisher)
{
    struct buf data;

    buf_init(&data, 4096);
    assert_true(stand_in_write(&data, program, publisher, "1.2"));
    DO(fs_write_atomic(path, data.data, data.len, FS_PRIVATE, &do_err));
    buf_done(&data);
}

static void files_that_guests_must_not_run_are_refused(void **state)
{
    static const struct {
        const char *file, *publisher; /* NULL: no stand-in at all */
        enum err_kind kind;
    } rows[] = {
        {"notepad.exe", "Unity Technologies SF", ERR_BAD_INPUT},
        {"parsec-windows.exe", "Somebody Else", ERR_UNSAFE},
        {"parsec-windows.exe", "Unity", ERR_UNSAFE},
        {"parsec-windows.exe", "", ERR_UNSAFE},
        {"parsec-windows.exe", NULL, ERR_UNSAFE},
        {"parsec-vdd-1.exe", "BUREL VINCENT", ERR_UNSAFE},
    };
    struct payloads *payloads = open_cache("refused");
    char path[FS_PATH_BYTES];
    size_t row;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        DO(fs_join(path, "refused", rows[i].file, &do_err));
        if (rows[i].publisher)
            put_stand_in(path, NULL, rows[i].publisher);
        else
            DO(fs_write_atomic(path, "MZ", 2, FS_PRIVATE, &do_err));
        if (payloads_add(payloads, path, true, &row, &err) || err.kind != rows[i].kind)
            fail_msg("row %zu: %s", i, err_kind_name(err.kind));
    }
    payloads_free(payloads);
}

static void without_the_simulation_a_stand_in_proves_nothing(void **state)
{
    struct payloads *payloads = open_cache("real");
    struct err err = ERR_INIT;
    size_t row;

    (void)state;
    put_stand_in("real/parsec-windows.exe", NULL, "Unity Technologies SF");
    assert_false(payloads_add(payloads, "real/parsec-windows.exe", false, &row, &err));
    payloads_free(payloads);
}

static void damaged_record_is_an_error_and_a_lost_file_is_absence(void **state)
{
    static const char *const broken[] = {
        "",
        "{",
        "{\"record\": 1}",
        "{\"record\":1,\"file\":\"../x\",\"version\":\"1\",\"sha256\":\"00\",\"publisher\":\"x\","
        "\"size_bytes\":1}"};
    struct payloads *payloads = open_cache("damaged");
    char record[FS_PATH_BYTES], file[FS_PATH_BYTES];
    struct payload_item item;

    (void)state;
    DO(payloads_make_stand_in(payloads, 0, &do_err));
    DO(payloads_find(payloads, 0, &item, &do_err));
    assert_true(item.present);
    DO(payloads_paths(payloads, 0, &item, record, file, &do_err));
    DO(fs_remove(file, &do_err));
    DO(payloads_find(payloads, 0, &item, &do_err));
    assert_false(item.present);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        DO(fs_write_atomic(record, broken[i], strlen(broken[i]), FS_PRIVATE, &do_err));
        if (payloads_find(payloads, 0, &item, NULL))
            fail_msg("%s was read", broken[i]);
    }
    DO(payloads_make_stand_in(payloads, 0, &do_err));
    DO(payloads_find(payloads, 0, &item, &do_err));
    assert_true(item.present);
    payloads_free(payloads);
}

static void added_file_is_recorded_with_hash_publisher_and_version(void **state)
{
    struct payloads *payloads = open_cache("added");
    struct payload_item item;
    size_t row = 99;

    (void)state;
    put_stand_in("added/VBCABLE_Driver_Pack43.zip", "VBCABLE_Setup_x64.exe", "BUREL VINCENT");
    DO(payloads_find(payloads, 2, &item, &do_err));
    assert_false(item.present);
    DO(payloads_add(payloads, "added/VBCABLE_Driver_Pack43.zip", true, &row, &do_err));
    assert_string_equal(payload_rows[row].name, "vb-cable");
    DO(payloads_find(payloads, row, &item, &do_err));
    assert_true(item.present);
    assert_string_equal(item.publisher, "BUREL VINCENT");
    assert_string_equal(item.version, "1.2");
    assert_int_equal(strlen(item.sha256), 64);
    payloads_free(payloads);
}

static void every_stand_in_has_a_publisher_that_its_row_allows(void **state)
{
    struct payloads *payloads = open_cache("stand-ins");
    char record[FS_PATH_BYTES], file[FS_PATH_BYTES];
    struct payload_item item;
    size_t row;

    (void)state;
    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        DO(payloads_make_stand_in(payloads, i, &do_err));
        DO(payloads_find(payloads, i, &item, &do_err));
        DO(payloads_paths(payloads, i, &item, record, file, &do_err));
        DO(payloads_add(payloads, file, true, &row, &do_err));
        assert_int_equal(row, i);
    }
    payloads_free(payloads);
}

/* ---- settings ---- */

static void settings_that_make_no_sense_are_refused_and_change_nothing(void **state)
{
    static const char *const bad[] = {"display.strategy",
                                      "display.stratgy=hold",
                                      "nothing=1",
                                      "=1",
                                      "display=1",
                                      "display.strategy=5",
                                      "display.modes=wide",
                                      "mode=explode",
                                      "parsec.config.app_proxy=1",
                                      ".=1",
                                      "display..strategy=hold"};
    struct profile profile, before;

    (void)state;
    profile_init(&profile);
    before = profile;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;

        if (settings_apply(&profile, bad[i], &err))
            fail_msg("%s was taken", bad[i]);
        assert_true(err_is_set(&err));
        assert_true(profile_equal(&profile, &before));
    }
}

static void settings_set_one_value(void **state)
{
    struct profile profile;

    (void)state;
    profile_init(&profile);
    DO(settings_apply(&profile, "mode=observe", &do_err));
    DO(settings_apply(&profile, "display.hyperv_video=leave", &do_err));
    DO(settings_apply(&profile, "audio.make_default=false", &do_err));
    DO(settings_apply(&profile, "parsec.config.encoder_bitrate=50", &do_err));
    /* as `config` shows it */
    DO(settings_apply(&profile, "guest.idle_minutes=3", &do_err));
    assert_int_equal(profile.idle_minutes, 3);
    /* what follows from a strategy comes and goes with it */
    DO(settings_apply(&profile, "display.strategy=hold", &do_err));
    assert_false(profile.display.privacy);
    assert_int_equal(profile.display.virtual_monitors, 0);
    DO(settings_apply(&profile, "display.strategy=auto", &do_err));
    assert_true(profile.display.privacy);
    assert_int_equal(profile.display.virtual_monitors, 1);
    assert_int_equal(profile.mode, PROFILE_OBSERVE);
    assert_int_equal(profile.display.hyperv_video, PROFILE_VIDEO_LEAVE);
    assert_false(profile.audio.make_default);
    assert_int_equal(profile.parsec.config_count, 1);
}

static void proxies_are_read_or_refused(void **state)
{
    static const char *const bad[] = {
        "", "7890", ":7890", "host:", "host:0", "host:70000", "host:7x", "127.0.0.1:7890"};
    struct profile profile;

    (void)state;
    profile_init(&profile);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (settings_proxy(&profile, bad[i], NULL))
            fail_msg("%s was taken", bad[i]);
    DO(settings_proxy(&profile, "host:7890", &do_err));
    assert_int_equal(profile.parsec.proxy, PROFILE_PROXY_HOST);
    assert_int_equal(profile.parsec.proxy_port, 7890);
    DO(settings_proxy(&profile, "10.0.0.2:3128", &do_err));
    assert_string_equal(profile.parsec.proxy_address, "10.0.0.2");
    DO(settings_proxy(&profile, "none", &do_err));
    assert_int_equal(profile.parsec.proxy, PROFILE_PROXY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_guests_must_not_run_are_refused),
        cmocka_unit_test(without_the_simulation_a_stand_in_proves_nothing),
        cmocka_unit_test(damaged_record_is_an_error_and_a_lost_file_is_absence),
        cmocka_unit_test(added_file_is_recorded_with_hash_publisher_and_version),
        cmocka_unit_test(every_stand_in_has_a_publisher_that_its_row_allows),
        cmocka_unit_test(settings_that_make_no_sense_are_refused_and_change_nothing),
        cmocka_unit_test(settings_set_one_value),
        cmocka_unit_test(proxies_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
