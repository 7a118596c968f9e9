/* The host's side of the GPU driver: INF text, rules, the package of each vendor, the cache. */
#include "tests/support/support.h"

#include "host/driver/driver_make.h"
#include "host/driver/driver_package.h"
#include "host/driver/inf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NVIDIA "PCI\\VEN_10DE&DEV_2786&SUBSYS_889D1043&REV_A1\\0"
#define AMD    "PCI\\VEN_1002&DEV_744C&SUBSYS_00000000&REV_C8\\0"
#define INTEL  "PCI\\VEN_8086&DEV_56A0&SUBSYS_00000000&REV_08\\0"

/* ---- INF ---- */

static struct inf_file *parse(const char *text)
{
    struct inf_file *inf = NULL;
    struct err err = ERR_INIT;

    assert_true(inf_file_parse("x.inf", text, strlen(text), &inf, &err));
    return inf;
}

static const char *value(const struct inf_file *inf, const char *section, const char *key, size_t i)
{
    static char out[INF_TEXT_BYTES];

    return inf_file_value(inf, section, key, i, out);
}

static void inf_sections_of_one_name_are_one_and_names_have_no_case(void **state)
{
    struct inf_file *inf = parse("[A]\nx=1\n[b]\ny=2\n[a]\nz=3\n");

    (void)state;
    assert_string_equal(value(inf, "a", "X", 0), "1");
    assert_string_equal(value(inf, "A", "z", 0), "3");
    assert_string_equal(value(inf, "B", "z", 0), "");
    inf_file_free(inf);
}

static void inf_fields_strings_quotes_comments_and_joined_lines(void **state)
{
    struct inf_file *inf = parse("[Version] ; c\r\nDriverVer = 05/14/2025 , 32.0.15.6094\r\n"
                                 "Provider=%Nv% \"a;b\"\"c\" ; end\r\n"
                                 "CopyINF=one.inf, \\  \r\n two.inf\r\nplain,,third\r\n"
                                 "[Strings]\r\nNV=\"NVIDIA, Inc\"\r\n");
    struct inf_line line;
    size_t cursor = 3;

    (void)state;
    assert_string_equal(value(inf, "version", "driverver", 1), "32.0.15.6094");
    assert_string_equal(value(inf, "version", "provider", 0), "NVIDIA, Inc a;b\"c");
    assert_string_equal(value(inf, "version", "copyinf", 1), "two.inf");
    assert_true(inf_file_next(inf, "Version", &cursor, &line));
    assert_string_equal(line.key, "");
    assert_int_equal(line.count, 3);
    assert_string_equal(inf_file_raw(inf, &line, 2), "third");
    assert_string_equal(inf_file_raw(inf, &line, 9), "");
    inf_file_free(inf);
}

static void inf_of_utf16_reads_like_one_of_utf8(void **state)
{
    static const char text[] = "[Version]\r\nDriverVer=1/2/2026,1.2.3.4\r\n";
    uint8_t wide[2 + 2 * sizeof text] = {0xFF, 0xFE};
    struct inf_file *inf = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        wide[2 + 2 * i] = (uint8_t)text[i];
    assert_true(inf_file_parse("x", wide, 2 * sizeof text, &inf, NULL));
    assert_string_equal(value(inf, "Version", "DriverVer", 1), "1.2.3.4");
    inf_file_free(inf);
}

static void inf_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {"", "nothing", "[open\nx=1\n", "\xFF\xFE", "[Version]\n"};
    struct inf_file *inf = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        err_clear(&err);
        assert_false(inf_file_parse("x.inf", texts[i], strlen(texts[i]), &inf, &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
    }
}

static void inf_string_that_names_itself_or_nothing_stays(void **state)
{
    struct inf_file *inf = parse("[A]\nx=%a%\ny=%none%\nz=100%%\n[Strings]\na=%a%\n");

    (void)state;
    assert_string_equal(value(inf, "A", "x", 0), "%a%");
    assert_string_equal(value(inf, "A", "y", 0), "%none%");
    assert_string_equal(value(inf, "A", "z", 0), "100%");
    inf_file_free(inf);
}

/* ---- packages ---- */

struct host {
    struct driver_port *port;
    struct driver_package *package;
};

static void make(const char *version)
{
    struct driver_make what = {
        .gpus = {{NVIDIA, "GeForce", version}, {AMD, "Radeon", version}, {INTEL, "Arc", version}},
        .gpu_count = 3,
        .files = 5,
        .file_bytes = 300};
    struct err err = ERR_INIT;

    assert_true(driver_make("driver-host", &what, &err));
}

static void read_package(struct host *host, const char *gpu)
{
    struct err err = ERR_INIT;

    driver_package_free(host->package);
    driver_free(host->port);
    host->package = NULL;
    assert_true(driver_open_folder("driver-host", &host->port, &err));
    assert_true(driver_package_read(host->port, gpu, "driver-cache", NULL, &host->package, &err));
}

static int set_up(void **state)
{
    struct host *host = calloc(1, sizeof *host);

    assert_non_null(host);
    support_folder("driver-host");
    support_folder("driver-cache");
    make("32.0.15.6094");
    *state = host;
    return 0;
}

static int tear_down(void **state)
{
    struct host *host = *state;

    driver_package_free(host->package);
    driver_free(host->port);
    free(host);
    return 0;
}

static bool has(const struct host *host, const char *path)
{
    return manifest_find(&host->package->files, path) != NULL;
}

/* The end of the file's path on the host. */
static void comes_from(const struct host *host, const char *path, const char *end)
{
    char source[FS_PATH_BYTES];

    assert_true(driver_package_source(host->package, path, source, NULL));
    assert_true(strlen(source) > strlen(end));
    assert_string_equal(source + strlen(source) - strlen(end), end);
}

static const struct driver_value *find_value(const struct host *host, const char *name)
{
    const struct driver_extra *extra = &host->package->extra;

    for (size_t i = 0; i < extra->value_count; i++)
        if (!strcmp(extra->values[i].name, name))
            return &extra->values[i];
    return NULL;
}

static void nvidia_package_has_folder_loaders_settings_service_and_link(void **state)
{
    struct host *host = *state;
    char path[FS_PATH_BYTES];

    read_package(host, NVIDIA);
    snprintf(path, sizeof path, "store/%s/nvwgf2umx.dll", host->package->name);
    assert_true(has(host, path) && has(host, "gpupv.json"));
    comes_from(host, "system32/nvcuda.dll", "nvcuda_loader64.dll");
    comes_from(host, "syswow64/nvcuda.dll", "nvcuda_loader32.dll");
    comes_from(host, "system32/nvml.dll", "nvml_loader.dll");
    comes_from(host, "system32/vulkan-1-999-0-0-0.dll", "vulkan-1-x64.dll");
    assert_true(has(host, "system32/drivers/NVIDIA Corporation/Drs/nvdrsdb.bin"));
    assert_true(has(host, "programdata/NVIDIA Corporation/Drs/nvdrsdb0.bin"));
    assert_true(driver_extra_is_newer(&host->package->extra, "system32/vulkan-1.dll"));
    assert_false(driver_extra_is_newer(&host->package->extra, "system32/nvml.dll"));
    assert_int_equal(find_value(host, "Start")->number, 3);
    snprintf(path, sizeof path, DRIVER_STORE_ROOT "%s\\nvlddmkm.sys", host->package->name);
    assert_string_equal(find_value(host, "ImagePath")->text, path);
    assert_int_equal(host->package->extra.link_count, 1);
    assert_string_equal(host->package->extra.links[0], host->package->name);
}

static void amd_package_brings_the_companion_of_its_version(void **state)
{
    struct host *host = *state;

    read_package(host, AMD);
    assert_int_equal(host->package->folder_count, 2);
    comes_from(host, "system32/OpenCL.dll", "amd_opencl64.dll");
    comes_from(host, "system32/atio6axx.dll", "B026261/atio6axx.dll");
    comes_from(host, "system32/amdxc64.dll", "amdxcstub64.dll");
    assert_string_equal(host->package->missing, "hdaudio.inf");
    assert_null(find_value(host, "ImagePath"));
}

static void intel_package_points_its_values_to_the_guests_store(void **state)
{
    struct host *host = *state;
    char path[FS_PATH_BYTES];

    read_package(host, INTEL);
    snprintf(path,
             sizeof path,
             "C:\\Windows\\System32\\HostDriverStore\\FileRepository\\%s\\igvk64.dll",
             host->package->name);
    assert_string_equal(find_value(host, "VulkanDriverName")->text, path);
    assert_int_equal(find_value(host, "VulkanDriverName")->key, DRIVER_KEY_ADAPTER);
    comes_from(host, "system32/libmfxhw64.dll", "mfx_loader_dll_hw64.dll");
}

static void package_that_did_not_change_is_not_read_again(void **state)
{
    struct host *host = *state;
    uint64_t id;

    read_package(host, NVIDIA);
    assert_true(host->package->hashed > 10);
    id = host->package->id;
    read_package(host, NVIDIA);
    assert_int_equal(host->package->hashed, 0);
    assert_true(host->package->id == id);
}

static void changed_file_is_read_and_changes_the_package(void **state)
{
    struct host *host = *state;
    char path[FS_PATH_BYTES], tree[FS_PATH_BYTES];
    uint64_t id;

    read_package(host, NVIDIA);
    id = host->package->id;
    snprintf(tree, sizeof tree, "store/%s/nvwgf2umx.dll", host->package->name);
    assert_true(driver_package_source(host->package, tree, path, NULL));
    assert_true(fs_write_atomic(path, "other", 5, FS_SHARED, NULL));
    read_package(host, NVIDIA);
    assert_int_equal(host->package->hashed, 1);
    assert_true(host->package->id != id);
}

static void settings_of_the_user_do_not_change_the_package(void **state)
{
    static const char path[] = "driver-host/files/ProgramData/NVIDIA Corporation/Drs/nvdrsdb0.bin";
    struct host *host = *state;
    uint64_t id;

    read_package(host, NVIDIA);
    id = host->package->id;
    assert_true(fs_write_atomic(path, "other", 5, FS_SHARED, NULL));
    read_package(host, NVIDIA);
    assert_true(host->package->id == id);
}

static void damaged_cache_costs_time_only(void **state)
{
    struct host *host = *state;
    char path[FS_PATH_BYTES];

    read_package(host, NVIDIA);
    snprintf(path, sizeof path, "driver-cache/%s/files.gpm", host->package->name);
    assert_true(fs_write_atomic(path, "GPM1 and rubbish", 16, FS_SHARED, NULL));
    read_package(host, NVIDIA);
    assert_true(host->package->hashed > 10);
}

static void update_of_the_host_gives_another_package(void **state)
{
    struct host *host = *state;
    char first[FS_NAME_BYTES];

    read_package(host, NVIDIA);
    snprintf(first, sizeof first, "%s", host->package->name);
    make("32.0.16.1000");
    read_package(host, NVIDIA);
    assert_string_not_equal(host->package->name, first);
    assert_string_equal(host->package->adapter.version, "32.0.16.1000");
}

/* What is missing is one clear error each. */
static void what_the_host_lacks_is_said(void **state)
{
    struct host *host = *state;
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct driver_package *package = NULL;

    read_package(host, NVIDIA);
    assert_false(
        driver_package_read(host->port, "PCI\\GONE", "driver-cache", NULL, &package, &err));
    assert_int_equal(err.message, TEXT_DRIVER_NO_ADAPTER);
    snprintf(path, sizeof path, "%s", host->package->folders[0].path);
    assert_true(fs_remove_tree(path, NULL));
    err_clear(&err);
    assert_false(driver_package_read(host->port, NVIDIA, "driver-cache", NULL, &package, &err));
    assert_int_equal(err.message, TEXT_DRIVER_NOT_STORED);
    assert_null(package);
}

static void interface_path_of_a_gpu_leads_to_its_instance(void **state)
{
    static const char path[] = "\\\\?\\PCI#VEN_10DE&DEV_2786&SUBSYS_1&REV_A1#4&17f2a5f1&0&0008#"
                               "{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV";
    char out[DRIVER_ID_BYTES];

    (void)state;
    assert_true(driver_instance_of(path, out));
    assert_string_equal(out, "PCI\\VEN_10DE&DEV_2786&SUBSYS_1&REV_A1\\4&17f2a5f1&0&0008");
    assert_true(driver_instance_of(NVIDIA, out));
    assert_string_equal(out, NVIDIA);
    assert_false(driver_instance_of("\\\\?\\nothing", out));
    assert_false(driver_instance_of("", out));
    assert_int_equal(driver_vendor_of("pci\\ven_8086&dev_1"), DRIVER_VENDOR_INTEL);
}

/* ---- what both sides check ---- */

static void tree_takes_only_places_of_a_package(void **state)
{
    static const struct {
        const char *path;
        bool ok;
    } rows[] = {
        {"store/nv_dispi.inf_amd64_1/a/b.dll", true},
        {"system32/nvcuda.dll", true},
        {"system32/drivers/NVIDIA Corporation/Drs/x.bin", true},
        {"syswow64/OpenCL.dll", true},
        {"programdata/NVIDIA Corporation/Drs/x.bin", true},
        {"gpupv.json", true},
        {"store/x.dll", false},
        {"system32/drivers/etc/hosts", false},
        {"system32/config/SYSTEM", false},
        {"system32/../x.dll", false},
        {"store/../../x/y.dll", false},
        {"/system32/x.dll", false},
        {"C:/x.dll", false},
        {"system32/x.dll:stream", false},
        {"system32/CON", false},
        {"syswow64/a/b.dll", false},
        {"programdata/x.exe", false},
        {"System32/x.dll", false},
        {"other.json", false},
        {"system32/", false},
        {"system32\\x.dll", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (driver_tree_check(rows[i].path, NULL) != rows[i].ok)
            fail_msg("%s", rows[i].path);
}

static void settings_come_back_as_they_were(void **state)
{
    struct host *host = *state;
    struct driver_extra *back = calloc(1, sizeof *back);
    struct err err = ERR_INIT;
    struct buf text;

    read_package(host, NVIDIA);
    buf_init(&text, DRIVER_EXTRA_BYTES);
    assert_true(driver_extra_write(&host->package->extra, &text, &err));
    assert_true(driver_extra_parse(buf_str(&text), text.len, back, &err));
    assert_int_equal(back->value_count, host->package->extra.value_count);
    assert_memory_equal(back, &host->package->extra, sizeof *back);
    buf_done(&text);
    free(back);
}

#define HEAD "{\"version\":1,\"package\":\"p\",\"driver\":\"1\","

static void settings_that_reach_further_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"version\":2,\"package\":\"p\",\"driver\":\"1\"}",
        "{\"version\":1,\"package\":\"..\",\"driver\":\"1\"}",
        HEAD "\"links\":[\"a/b\"]}",
        HEAD "\"links\":[3]}",
        HEAD "\"newer\":[\"system32/config/SAM\"]}",
        HEAD "\"values\":[1]}",
        HEAD "\"values\":[{\"key\":\"run\",\"name\":\"x\",\"type\":\"string\",\"value\":\"\"}]}",
        HEAD "\"values\":[{\"key\":\"service\",\"name\":\"ImagePath\",\"type\":\"expand\","
             "\"value\":\"\\\\SystemRoot\\\\System32\\\\cmd.exe\"}]}",
        HEAD
        "\"values\":[{\"key\":\"service\",\"name\":\"ImagePath\",\"type\":\"expand\",\"value\":"
        "\"\\\\SystemRoot\\\\System32\\\\HostDriverStore\\\\FileRepository\\\\..\\\\x.sys\"}]}",
        HEAD "\"values\":[{\"key\":\"service\",\"name\":\"ServiceDll\",\"type\":\"string\","
             "\"value\":\"x\"}]}",
        HEAD "\"values\":[{\"key\":\"adapter\",\"name\":\"a\\\\b\",\"type\":\"string\","
             "\"value\":\"x\"}]}",
    };
    struct driver_extra *extra = calloc(1, sizeof *extra);

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (driver_extra_parse(texts[i], strlen(texts[i]), extra, NULL))
            fail_msg("%s", texts[i]);
    free(extra);
}

#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inf_sections_of_one_name_are_one_and_names_have_no_case),
        cmocka_unit_test(inf_fields_strings_quotes_comments_and_joined_lines),
        cmocka_unit_test(inf_of_utf16_reads_like_one_of_utf8),
        cmocka_unit_test(inf_that_is_none_is_refused),
        cmocka_unit_test(inf_string_that_names_itself_or_nothing_stays),
        WITH_HOST(nvidia_package_has_folder_loaders_settings_service_and_link),
        WITH_HOST(amd_package_brings_the_companion_of_its_version),
        WITH_HOST(intel_package_points_its_values_to_the_guests_store),
        WITH_HOST(package_that_did_not_change_is_not_read_again),
        WITH_HOST(changed_file_is_read_and_changes_the_package),
        WITH_HOST(settings_of_the_user_do_not_change_the_package),
        WITH_HOST(damaged_cache_costs_time_only),
        WITH_HOST(update_of_the_host_gives_another_package),
        WITH_HOST(what_the_host_lacks_is_said),
        cmocka_unit_test(interface_path_of_a_gpu_leads_to_its_instance),
        cmocka_unit_test(tree_takes_only_places_of_a_package),
        WITH_HOST(settings_come_back_as_they_were),
        cmocka_unit_test(settings_that_reach_further_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
