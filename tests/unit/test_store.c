/* The VM store and the spec: what is kept, what is refused, and that one broken record is alone. */
#include "tests/support/support.h"

#include "host/guest/store.h"

#include <stdlib.h>
#include <string.h>

#define ID_A "11111111-2222-4333-8444-555555555555"
#define ID_B "66666666-2222-4333-8444-555555555555"

static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

static struct store *open_store(const char *folder)
{
    struct err err = ERR_INIT;
    struct store *store = NULL;

    expect_done(store_open(support_folder(folder), &store, &err), &err);
    return store;
}

static struct store_vm *record(const char *id, const char *name)
{
    struct store_vm *vm = calloc(1, sizeof *vm);

    assert_non_null(vm);
    text_copy(vm->id, sizeof vm->id, id);
    spec_init(&vm->spec, name);
    return vm;
}

static void save_new(struct store *store, const char *id, const char *name)
{
    struct store_vm *vm = record(id, name);
    struct err err = ERR_INIT;

    expect_done(store_save(store, vm, &err), &err);
    free(vm);
}

static void put_file(struct store *store, const char *id, const char *file, const char *content)
{
    struct err err = ERR_INIT;
    char path[FS_PATH_BYTES];

    expect_done(store_path(store, id, file, path, &err), &err);
    expect_done(fs_write_atomic(path, content, strlen(content), FS_PRIVATE, &err), &err);
}

static void record_comes_back_as_it_was_saved(void **state)
{
    struct store *store = open_store("roundtrip");
    struct store_vm *vm = record(ID_A, "\xe5\xae\xa2\xe5\x8e\x85"), *back = calloc(1, sizeof *back);
    struct err err = ERR_INIT;

    (void)state;
    vm->adopted = true;
    vm->wanted = STORE_WANTED_RUNNING;
    vm->gpu_held_back = true;
    vm->spec.memory_mb = 4096;
    vm->spec.gpu.attach = SPEC_ATTACH_NEVER;
    vm->spec.guest.display.hyperv_video = PROFILE_VIDEO_LEAVE;
    text_copy(vm->gpu, sizeof vm->gpu, "PCI\\X");
    assert_true(store_vm_add_file(vm, "/x/disk.vhdx", false, &err));
    assert_true(store_vm_add_file(vm, "/x/disk.vhdx", false, &err));
    assert_int_equal(vm->file_count, 1);
    expect_done(store_save(store, vm, &err), &err);
    expect_done(store_load(store, ID_A, back, &err), &err);
    assert_string_equal(back->spec.name, "\xe5\xae\xa2\xe5\x8e\x85");
    assert_true(back->adopted && back->gpu_held_back && !back->ready);
    assert_int_equal(back->wanted, STORE_WANTED_RUNNING);
    assert_int_equal(back->spec.memory_mb, 4096);
    assert_int_equal(back->spec.gpu.attach, SPEC_ATTACH_NEVER);
    assert_true(profile_equal(&back->spec.guest, &vm->spec.guest));
    assert_string_equal(back->files[0].path, "/x/disk.vhdx");
    free(back);
    free(vm);
    store_free(store);
}

static void broken_record_is_one_error_and_hides_no_other(void **state)
{
    static const char *const broken[] = {
        "",
        "{",
        "null",
        "[]",
        "{\"version\": 1}",
        "{\"version\": 99, \"spec\": {}}",
        "{\"version\": 1, \"spec\": {\"name\": 5}}",
        "{\"version\": 1, \"spec\": {}, \"files\": [{\"folder\": true}]}",
        "{\"version\": 1, \"spec\": {\"guest\": {\"mode\": \"x\"}}}"};
    struct store *store = open_store("broken");

    (void)state;
    save_new(store, ID_A, "good");
    save_new(store, ID_B, "bad");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct store_entry *entries = NULL;
        struct err err = ERR_INIT;
        size_t count = 0, readable = 0;

        put_file(store, ID_B, "vm.json", broken[i]);
        expect_done(store_list(store, &entries, &count, &err), &err);
        assert_int_equal(count, 2);
        for (size_t e = 0; e < count; e++) {
            readable += entries[e].readable;
            if (entries[e].readable)
                assert_string_equal(entries[e].vm.spec.name, "good");
            else if (entries[e].why.hint != TEXT_HOST_RECORD_BROKEN_HINT)
                fail_msg("%s: no hint", broken[i]);
        }
        if (readable != 1)
            fail_msg("%s was read", broken[i]);
        free(entries);
    }
    store_free(store);
}

static void forgotten_vm_is_not_found(void **state)
{
    struct store *store = open_store("forget");
    struct store_vm *back = calloc(1, sizeof *back);
    struct err err = ERR_INIT;

    (void)state;
    save_new(store, ID_A, "x");
    expect_done(store_remove(store, ID_A, &err), &err);
    expect_done(store_remove(store, ID_A, &err), &err);
    assert_false(store_load(store, ID_A, back, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    free(back);
    store_free(store);
}

static void id_that_is_a_path_is_refused(void **state)
{
    static const char *const bad[] = {"..", "", "a/b", "../x", "C:", "nul"};
    struct store *store = open_store("ids");
    char path[FS_PATH_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(store_path(store, bad[i], "vm.json", path, NULL));
    store_free(store);
}

static void second_lock_of_a_vm_is_busy_and_says_so(void **state)
{
    struct store *store = open_store("locks");
    struct fs_lock *first = NULL, *second = NULL, *other = NULL;
    struct err err = ERR_INIT;

    (void)state;
    expect_done(store_lock_name(store, "Demo", &first, &err), &err);
    assert_false(store_lock_name(store, "demo", &second, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_int_equal(err.message, TEXT_HOST_VM_BUSY);
    assert_true(store_lock_name(store, "demo2", &other, &err));
    fs_unlock(other);
    fs_unlock(first);
    assert_true(store_lock_name(store, "demo", &second, &err));
    fs_unlock(second);
    store_free(store);
}

static void health_comes_back_and_garbage_is_an_error(void **state)
{
    struct store *store = open_store("health");
    struct health *health = calloc(2, sizeof *health);
    struct err err = ERR_INIT;

    (void)state;
    save_new(store, ID_A, "x");
    assert_false(store_health_load(store, ID_A, &health[0], &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    health[0].level = LEVEL_DEGRADED;
    health[0].checks[CHECK_AUDIO_CABLE].status = STATUS_BAD;
    expect_done(store_health_save(store, ID_A, &health[0], &err), &err);
    expect_done(store_health_load(store, ID_A, &health[1], &err), &err);
    assert_int_equal(health[1].level, LEVEL_DEGRADED);
    assert_int_equal(health[1].checks[CHECK_AUDIO_CABLE].status, STATUS_BAD);
    put_file(store, ID_A, "health.json", "{\"level\"");
    assert_false(store_health_load(store, ID_A, &health[1], &err));
    free(health);
    store_free(store);
}

/* ---- spec ---- */

static bool read_spec(const char *json, struct spec *spec, struct err *err)
{
    cJSON *tree = NULL;
    bool ok;

    spec_init(spec, "demo");
    expect_done(json_parse(json, strlen(json), &json_limits_file, &tree, err), err);
    ok = spec_read(spec, tree, err);
    cJSON_Delete(tree);
    return ok;
}

static void spec_is_refused_with_the_name_of_the_field(void **state)
{
    static const struct {
        const char *json, *field;
    } rows[] = {
        {"{\"nam\": \"x\"}", "nam"},
        {"{\"memory_mb\": 100}", "memory_mb"},
        {"{\"memory_mb\": \"8G\"}", "memory_mb"},
        {"{\"cpus\": 0}", "cpus"},
        {"{\"disk\": {\"size_gb\": 5}}", "size_gb"},
        {"{\"disk\": {\"size\": 50}}", "size"},
        {"{\"gpu\": {\"attach\": \"later\"}}", "attach"},
        {"{\"gpu\": {\"share_percent\": 0}}", "share_percent"},
        {"{\"gpu\": 5}", "gpu"},
        {"{\"account\": {\"password\": \"secret\"}}", "password"},
        {"{\"account\": {\"user\": \"a name that is far too long for any user of any Windows that "
         "ever was\"}}",
         "user"},
        {"{\"guest\": {\"display\": {\"strategy\": \"magic\"}}}", "strategy"},
        {"{\"computer_name\": \"SIXTEEN-LETTERS!\"}", "computer_name"},
    };
    struct spec *spec = calloc(1, sizeof *spec);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        char text[1024];

        if (read_spec(rows[i].json, spec, &err))
            fail_msg("%s was taken", rows[i].json);
        if (!strstr(err_message(&err, TEXT_EN, text, sizeof text), rows[i].field))
            fail_msg("%s: %s", rows[i].json, text);
        assert_string_equal(spec->name, "demo");
    }
    free(spec);
}

static void spec_keeps_defaults_for_what_is_absent(void **state)
{
    struct spec *spec = calloc(2, sizeof *spec);
    struct err err = ERR_INIT;
    cJSON *json;

    (void)state;
    expect_done(
        read_spec("{\"gpu\": {\"select\": \"4090\"}, \"disk\": {\"size_gb\": 64}}", spec, &err),
        &err);
    assert_int_equal(spec->disk.size_gb, 64);
    assert_int_equal(spec->gpu.attach, SPEC_ATTACH_AFTER_SETUP);
    assert_true(spec->memory_mb >= 2048 && spec->cpus >= 1);
    assert_string_equal(spec->computer_name, "demo");
    json = spec_to_json(spec);
    spec_init(&spec[1], "other");
    expect_done(spec_read(&spec[1], json, &err), &err);
    assert_string_equal(spec[1].gpu.select, "4090");
    assert_int_equal(spec[1].disk.size_gb, 64);
    cJSON_Delete(json);
    free(spec);
}

static void names_that_cannot_be_vms_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "..", "a/b", "-x", "a*", "a?", "con", "x.", "a\nb", "a\"b"};
    static const char *const good[] = {"demo", "LAB-01", "my games", "\xe5\xae\xa2\xe5\x8e\x85"};
    struct spec *spec = calloc(1, sizeof *spec);
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        spec_init(spec, bad[i]);
        if (spec_check(spec, &err) || err.kind != ERR_USAGE)
            fail_msg("%s was taken", bad[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        spec_init(spec, good[i]);
        expect_done(spec_check(spec, &err), &err);
        assert_true(*spec->computer_name && strlen(spec->computer_name) < ACCOUNT_COMPUTER_BYTES);
    }
    free(spec);
}

static void sizes_of_memory_are_read_or_refused(void **state)
{
    static const struct {
        const char *text;
        uint32_t mb; /* 0: refused */
    } rows[] = {
        {"8G", 8192},
        {"8GB", 8192},
        {"8192", 8192},
        {"8192M", 8192},
        {"4096MB", 4096},
        {"1G", 0},
        {"", 0},
        {"G", 0},
        {"-8G", 0},
        {"8T", 0},
        {"99999999G", 0},
        {"8 G", 0},
        {"0x2000", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t mb = 0;

        if (spec_parse_mb(rows[i].text, &mb) != (rows[i].mb != 0) || mb != rows[i].mb)
            fail_msg("%s gives %u", rows[i].text, (unsigned)mb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_record_is_one_error_and_hides_no_other),
        cmocka_unit_test(id_that_is_a_path_is_refused),
        cmocka_unit_test(second_lock_of_a_vm_is_busy_and_says_so),
        cmocka_unit_test(forgotten_vm_is_not_found),
        cmocka_unit_test(health_comes_back_and_garbage_is_an_error),
        cmocka_unit_test(record_comes_back_as_it_was_saved),
        cmocka_unit_test(spec_is_refused_with_the_name_of_the_field),
        cmocka_unit_test(names_that_cannot_be_vms_are_refused),
        cmocka_unit_test(sizes_of_memory_are_read_or_refused),
        cmocka_unit_test(spec_keeps_defaults_for_what_is_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
