/*
 * Hives against programs that we did not write: what we write is read by hivexget, hivexml and
 * hivexregedit, and what hivexsh and hivexregedit write is read and changed by us. Built only where
 * these programs are.
 */
#include "tests/support/support.h"

#include "common/fs.h"
#include "host/image/hive.h"
#include "host/process.h"

#include <stdio.h>
#include <string.h>

#define RUN_MS 60000

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

static void run(struct buf *out, const char *a, const char *b, const char *c, const char *d)
{
    const char *args[] = {"env", "PERL_UNICODE=SD", a, b, c, d, NULL};
    int code = -1;

    buf_clear(out);
    DO(process_run("/usr/bin/env", args, RUN_MS, out, &code, &do_err));
    if (code)
        fail_msg("%s: %d\n%s", a, code, buf_str(out));
}

static void says(const struct buf *out, const char *text)
{
    if (!strstr(buf_str(out), text))
        fail_msg("%s is missing in:\n%s", text, buf_str(out));
}

static void save(struct hive *hive, const char *path)
{
    const uint8_t *data;
    size_t length;

    DO(hive_finish(hive, &data, &length, &do_err));
    DO(fs_write_atomic(path, data, length, FS_PRIVATE, &do_err));
}

static struct hive *load(const char *path)
{
    struct hive *hive = NULL;
    struct buf data;

    buf_init(&data, HIVE_BYTES_MAX);
    DO(fs_read(path, HIVE_BYTES_MAX, &data, &do_err));
    DO(hive_open(&data, path, &hive, &do_err));
    return hive;
}

static void fill(struct hive *hive)
{
    uint8_t big[40000];
    uint32_t key;
    char path[64];

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i % 251);
    DO(hive_make_key(hive, hive_root(hive), "ControlSet001\\Services\\gpupv-agent", &key, &do_err));
    DO(hive_set_dword(hive, key, "Start", 2, &do_err));
    DO(hive_set_text(hive,
                     key,
                     "ImagePath",
                     HIVE_EXPAND_SZ,
                     "\"%ProgramFiles%\\gpupv\\gpupv-agent.exe\" service",
                     &do_err));
    DO(hive_set_text(hive, key, "DependOnService", HIVE_MULTI_SZ, "PlugPlay\nRpcSs", &do_err));
    DO(hive_set_text(hive, key, "Description", HIVE_SZ, "\xE6\xB5\x8B\xE8\xAF\x95", &do_err));
    DO(hive_set(hive, key, "Big", HIVE_BINARY, big, sizeof big, &do_err));
    for (unsigned i = 0; i < 700; i++) {
        snprintf(path, sizeof path, "ControlSet001\\Services\\svc%03u", i * 397 % 700);
        DO(hive_make_key(hive, hive_root(hive), path, &key, &do_err));
        DO(hive_set_dword(hive, key, "Start", i, &do_err));
    }
    DO(hive_make_key(hive, hive_root(hive), "ControlSet001\\Gone\\Deep", &key, &do_err));
    DO(hive_set(hive, key, "Big", HIVE_BINARY, big, sizeof big, &do_err));
    DO(hive_find(hive, hive_root(hive), "ControlSet001", &key, &do_err));
    DO(hive_remove_key(hive, key, "Gone", &do_err));
}

static void other_programs_read_what_we_write(void **state)
{
    static const char key[] = "ControlSet001\\Services\\gpupv-agent";
    struct hive *hive = NULL;
    struct buf out;
    unsigned keys = 0;

    (void)state;
    support_folder("ours");
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    DO(hive_new("SYSTEM", &hive, &do_err));
    fill(hive);
    save(hive, "ours/SYSTEM");
    hive_free(hive);

    run(&out, "hivexget", "ours/SYSTEM", key, "Start");
    says(&out, "2\n");
    run(&out, "hivexget", "ours/SYSTEM", key, "ImagePath");
    says(&out, "\"%ProgramFiles%\\gpupv\\gpupv-agent.exe\" service");
    run(&out, "hivexget", "ours/SYSTEM", key, "DependOnService");
    says(&out, "PlugPlay\nRpcSs");
    run(&out, "hivexget", "ours/SYSTEM", key, "Description");
    says(&out, "\xE6\xB5\x8B\xE8\xAF\x95");
    run(&out, "hivexget", "ours/SYSTEM", key, "Big");
    assert_int_equal(out.len, 40000 + (out.data[out.len - 1] == '\n'));
    for (size_t i = 0; i < 40000; i++)
        assert_int_equal(out.data[i], i % 251);
    run(&out, "hivexget", "ours/SYSTEM", "ControlSet001\\Services\\SVC699", "Start");
    run(&out, "hivexml", "ours/SYSTEM", NULL, NULL);
    for (const char *at = buf_str(&out); (at = strstr(at, "<node name=\"svc")); at++)
        keys++;
    assert_int_equal(keys, 700);
    assert_null(strstr(buf_str(&out), "Gone"));
    run(&out, "hivexregedit", "--export", "ours/SYSTEM", "\\ControlSet001\\Services\\gpupv-agent");
    says(&out, "\"Start\"=dword:00000002");
    buf_done(&out);
}

static void what_other_programs_write_is_read_and_changed(void **state)
{
    static const char reg[] = "Windows Registry Editor Version 5.00\n\n"
                              "[\\Select]\n\"Default\"=dword:00000001\n\n"
                              "[\\ControlSet001]\n\n[\\ControlSet001\\Control]\n"
                              "\"Text\"=\"caf\xC3\xA9\"\n\"Bin\"=hex:01,02,03,04,05\n\n"
                              "[\\ControlSet001\\Services]\n\n[\\ControlSet001\\Services\\b]\n\n"
                              "[\\ControlSet001\\Services\\\xC3\xA9t\xC3\xA9]\n\n";
    static const char commands[] = "cd \\ControlSet001\\Services\n"
                                   "add zebra\ncd zebra\nsetval 2\nStart\ndword:4\nName\n"
                                   "string:stripes\ncommit\n";
    struct hive *hive = NULL;
    uint32_t key, number = 0;
    bool present;
    char text[64];
    struct buf out;

    (void)state;
    support_folder("theirs");
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    DO(hive_new("SYSTEM", &hive, &do_err));
    save(hive, "theirs/SYSTEM");
    hive_free(hive);
    DO(fs_write_atomic("theirs/a.reg", reg, strlen(reg), FS_PRIVATE, &do_err));
    DO(fs_write_atomic("theirs/a.hivexsh", commands, strlen(commands), FS_PRIVATE, &do_err));
    run(&out, "hivexregedit", "--merge", "theirs/SYSTEM", "theirs/a.reg");
    run(&out, "hivexsh", "-w", "-ftheirs/a.hivexsh", "theirs/SYSTEM");

    hive = load("theirs/SYSTEM");
    DO(hive_find(hive, hive_root(hive), "controlset001\\control", &key, &do_err));
    DO(hive_get_text(hive, key, "text", text, sizeof text, &do_err));
    assert_string_equal(text, "caf\xC3\xA9");
    DO(hive_find(hive, hive_root(hive), "ControlSet001\\Services\\zebra", &key, &do_err));
    DO(hive_get_dword(hive, key, "Start", &present, &number, &do_err));
    assert_true(present);
    assert_int_equal(number, 4);
    DO(hive_find(
        hive, hive_root(hive), "ControlSet001\\Services\\\xC3\xA9t\xC3\xA9", &key, &do_err));
    assert_int_not_equal(key, HIVE_NO_KEY);
    fill(hive);
    DO(hive_find(hive, hive_root(hive), "ControlSet001\\Services", &key, &do_err));
    DO(hive_remove_key(hive, key, "zebra", &do_err));
    save(hive, "theirs/SYSTEM");
    hive_free(hive);

    run(&out, "hivexget", "theirs/SYSTEM", "ControlSet001\\Control", "Text");
    says(&out, "caf\xC3\xA9");
    run(&out, "hivexml", "theirs/SYSTEM", NULL, NULL);
    says(&out, "gpupv-agent");
    says(&out, "node name=\"b\"");
    assert_null(strstr(buf_str(&out), "zebra"));
    /* and once more by them */
    run(&out, "hivexregedit", "--merge", "theirs/SYSTEM", "theirs/a.reg");
    hive = load("theirs/SYSTEM");
    DO(hive_find(hive, hive_root(hive), "ControlSet001\\Services\\svc000", &key, &do_err));
    assert_int_not_equal(key, HIVE_NO_KEY);
    hive_free(hive);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_programs_read_what_we_write),
        cmocka_unit_test(what_other_programs_write_is_read_and_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
