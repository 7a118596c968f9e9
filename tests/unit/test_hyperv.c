/* Texts, numbers and sums for Hyper-V, without Windows; pictures of consoles. */
#include "tests/support/support.h"

#include "host/hypervisor/hyperv_rules.h"
#include "host/hypervisor/wmi_text.h"
#include "host/image/crc.h"

#include <stdlib.h>
#include <string.h>

/* Of a partitionable GPU, as Add-VMGpuPartitionAdapter stores it. */
#define GPU_NAME                                                                                   \
    "\\\\?\\PCI#VEN_8086&DEV_9B41&SUBSYS_09621028#3&11583659&0&10"                                 \
    "#{064092b3-625e-43bf-9eb5-dc845897dd59}\\GPUPARAV"
#define GPU_OBJECT                                                                                 \
    "\\\\DESKTOP-X\\root\\virtualization\\v2:Msvm_PartitionableGpu."                               \
    "CreationClassName=\"Msvm_PartitionableGpu\",Name=\"\\\\\\\\?\\\\PCI#VEN_8086&DEV_9B41"        \
    "&SUBSYS_09621028#3&11583659&0&10#{064092b3-625e-43bf-9eb5-dc845897dd59}\\\\GPUPARAV\""

/* ---- texts ---- */

static void literals_and_keys_escape_what_wmi_takes_for_itself(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    assert_true(wmi_put_literal(&out, "C:\\it's"));
    assert_string_equal(buf_str(&out), "'C:\\\\it\\'s'");
    buf_clear(&out);
    assert_true(wmi_put_key(&out, "a\\\"b"));
    assert_string_equal(buf_str(&out), "\"a\\\\\\\"b\"");
    buf_done(&out);
}

static void key_of_a_path_comes_back_unescaped(void **state)
{
    static const struct {
        const char *path, *key, *value; /* NULL: not there */
    } rows[] = {
        {GPU_OBJECT, "Name", GPU_NAME},
        {GPU_OBJECT, "name", GPU_NAME},
        {GPU_OBJECT, "CreationClassName", "Msvm_PartitionableGpu"},
        {GPU_OBJECT, "InstanceID", NULL},
        {"Msvm_X.InstanceID=\"a\"", "InstanceID", "a"},
        {"Msvm_X.Lun=1,PathId=0", "PathId", "0"},
        {"Msvm_X.Lun=1,PathId=0", "Lun", "1"},
        {"Msvm_X.A=\"x,B=\\\"y\\\"\",B=\"z\"", "B", "z"},
        {"Msvm_X.A=\"open", "A", NULL},
        {"Msvm_X", "A", NULL},
        {"", "A", NULL},
    };
    char value[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(wmi_path_key(rows[i].path, rows[i].key, value, sizeof value),
                         rows[i].value != NULL);
        if (rows[i].value)
            assert_string_equal(value, rows[i].value);
    }
    assert_false(wmi_path_key(GPU_OBJECT, "Name", value, 8));
}

static void paths_are_the_same_whoever_wrote_them(void **state)
{
    (void)state;
    assert_true(wmi_path_same("\\\\H\\ROOT\\virtualization\\v2:Msvm_A.Name=\"x:Y\"",
                              "\\\\.\\root\\virtualization\\v2:msvm_a.name=\"X:y\""));
    assert_true(wmi_path_same("Msvm_A.Name=\"x\"", "\\\\H\\root\\v2:Msvm_A.Name=\"x\""));
    assert_false(wmi_path_same("Msvm_A.Name=\"x\"", "Msvm_A.Name=\"xy\""));
}

static void values_of_an_instance_are_read_and_broken_ones_refused(void **state)
{
    static const struct {
        const char *name, *xml, *value; /* NULL: refused */
    } rows[] = {
        {"plain",
         "<INSTANCE CLASSNAME=\"X\"><PROPERTY NAME=\"P\" TYPE=\"string\"><VALUE>a "
         "b</VALUE></PROPERTY></INSTANCE>",
         "a b"},
        {"second",
         "<PROPERTY NAME=\"Q\"><VALUE>1</VALUE></PROPERTY><PROPERTY TYPE='string' "
         "NAME='P'><VALUE>2</VALUE></PROPERTY>",
         "2"},
        {"entities",
         "<PROPERTY NAME=\"P\"><VALUE>&lt;&amp;&#65;&#x4e2d;&quot;</VALUE></PROPERTY>",
         "<&A\xe4\xb8\xad\""},
        {"cdata", "<PROPERTY NAME=\"P\"><VALUE>a<![CDATA[<&]]>b</VALUE></PROPERTY>", "a<&b"},
        {"null", "<PROPERTY NAME=\"P\" TYPE=\"string\"></PROPERTY>", ""},
        {"null, short",
         "<PROPERTY NAME=\"P\" TYPE=\"string\"/><PROPERTY NAME=\"Q\"><VALUE>1</VALUE></PROPERTY>",
         ""},
        {"value of the next",
         "<PROPERTY NAME=\"P\"></PROPERTY><PROPERTY NAME=\"Q\"><VALUE>1</VALUE></PROPERTY>",
         ""},
        {"other", "<PROPERTY NAME=\"PP\"><VALUE>1</VALUE></PROPERTY>", NULL},
        {"open", "<PROPERTY NAME=\"P\"><VALUE>1", NULL},
        {"bad entity", "<PROPERTY NAME=\"P\"><VALUE>&bogus;</VALUE></PROPERTY>", NULL},
        {"bad character", "<PROPERTY NAME=\"P\"><VALUE>&#xd800;</VALUE></PROPERTY>", NULL},
        {"no quote", "<PROPERTY NAME=P><VALUE>1</VALUE></PROPERTY>", NULL},
        {"empty", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        bool ok;

        buf_init(&out, 64);
        ok = wmi_xml_value(rows[i].xml, "P", &out);
        if (ok != (rows[i].value != NULL) || (ok && strcmp(buf_str(&out), rows[i].value) != 0))
            fail_msg("%s: %s", rows[i].name, ok ? buf_str(&out) : "refused");
        buf_done(&out);
    }
}

/* ---- numbers ---- */

static void states_and_jobs_mean_what_hyperv_documents(void **state)
{
    static const struct {
        uint32_t state, code;
        enum hyperv_job job;
    } jobs[] = {
        {2, 0, HYPERV_JOB_RUNS},
        {4, 0, HYPERV_JOB_RUNS},
        {7, 0, HYPERV_JOB_DONE},
        {7, 32768, HYPERV_JOB_FAILED},
        {8, 0, HYPERV_JOB_FAILED},
        {9, 0, HYPERV_JOB_FAILED},
        {10, 32773, HYPERV_JOB_FAILED},
        {11, 0, HYPERV_JOB_RUNS},
        {12, 0, HYPERV_JOB_RUNS},
        {32768, 0, HYPERV_JOB_DONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        assert_int_equal(hyperv_job(jobs[i].state, jobs[i].code), jobs[i].job);
    assert_int_equal(hyperv_state(2), VM_RUNNING);
    assert_int_equal(hyperv_state(3), VM_OFF);
    assert_int_equal(hyperv_state(6), VM_SAVED);
    assert_int_equal(hyperv_state(9), VM_PAUSED);
    assert_int_equal(hyperv_state(10), VM_STARTING);
    assert_int_not_equal(hyperv_state(0), VM_OFF);
    assert_int_equal(hyperv_heartbeat(2), VM_HEARTBEAT_OK);
    assert_int_equal(hyperv_heartbeat(12), VM_HEARTBEAT_NONE);
    assert_int_equal(hyperv_heartbeat(13), VM_HEARTBEAT_LOST);
}

static void codes_become_errors_that_say_what_to_do(void **state)
{
    static const struct {
        uint32_t code;
        enum err_kind kind;
    } rows[] = {
        {32768, ERR_FAILED},
        {32769, ERR_DENIED},
        {32773, ERR_BAD_INPUT},
        {32774, ERR_BUSY},
        {32775, ERR_CONFLICT},
        {32778, ERR_NO_MEMORY},
        {32779, ERR_NOT_FOUND},
        {4, ERR_BAD_INPUT},
        {99, ERR_FAILED},
    };
    struct err err = ERR_INIT;
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(hyperv_refused(rows[i].code, "X", &err));
        assert_int_equal(err.kind, rows[i].kind);
    }
    assert_false(hyperv_job_failed(32769, "Zugriff verweigert", &err));
    assert_int_equal(err.kind, ERR_DENIED);
    assert_non_null(strstr(err_message(&err, TEXT_EN, text, sizeof text), "Zugriff verweigert"));
    assert_true(*err_hint_text(&err, TEXT_EN, text, sizeof text) != 0);
    assert_false(hyperv_wmi_failed((int32_t)0x80041003u, TEXT_HV_QUERY, "X", &err));
    assert_int_equal(err.kind, ERR_DENIED);
    assert_false(hyperv_wmi_failed((int32_t)0x800706beu, TEXT_HV_QUERY, "X", &err));
    assert_int_equal(err.kind, ERR_UNREACHABLE);
    assert_true(hyperv_is_restarting(err.code));
    assert_false(hyperv_wmi_failed((int32_t)0x80041002u, TEXT_HV_QUERY, "X", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

/* ---- names ---- */

static void gpu_name_becomes_its_device(void **state)
{
    char path[GPU_PATH_BYTES];

    (void)state;
    assert_true(hyperv_gpu_path(GPU_NAME, path));
    assert_string_equal(path, "PCI\\VEN_8086&DEV_9B41&SUBSYS_09621028\\3&11583659&0&10");
    assert_false(hyperv_gpu_path("PCI\\VEN_8086", path));
    assert_false(hyperv_gpu_path("\\\\?\\#{x}", path));
    assert_int_equal(hyperv_gpu_kind("{4D36E968-E325-11CE-BFC1-08002BE10318}"), GPU_KIND_GPU);
    assert_int_equal(hyperv_gpu_kind("{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}"), GPU_KIND_NPU);
    assert_int_equal(hyperv_gpu_kind(""), GPU_KIND_OTHER);
}

static void instance_id_tells_its_vm_and_templates_have_none(void **state)
{
    char id[VM_ID_BYTES];

    (void)state;
    assert_true(hyperv_vm_of("Microsoft:5B1F0000-0000-4000-8000-00000000000A\\CTRL\\0\\0\\L", id));
    assert_string_equal(id, "5b1f0000-0000-4000-8000-00000000000a");
    assert_true(hyperv_vm_of("microsoft:5B1F0000-0000-4000-8000-00000000000A", id));
    assert_false(
        hyperv_vm_of("Microsoft:Definition\\5B1F0000-0000-4000-8000-00000000000A\\Default", id));
    assert_false(hyperv_vm_of("Microsoft:DESKTOP-X", id));
    assert_false(hyperv_vm_of("", id));
}

static void notes_keep_marker_and_the_disk_to_come(void **state)
{
    char notes[HYPERV_NOTES_BYTES], marker[VM_MARKER_BYTES], disk[FS_PATH_BYTES];

    (void)state;
    hyperv_notes_write("gpupv-1", "D:\\a b.vhdx", notes);
    hyperv_notes_read(notes, marker, disk);
    assert_string_equal(marker, "gpupv-1");
    assert_string_equal(disk, "D:\\a b.vhdx");
    hyperv_notes_write("gpupv-1", "", notes);
    hyperv_notes_read(notes, marker, disk);
    assert_string_equal(marker, "gpupv-1");
    assert_string_equal(disk, "");
    hyperv_notes_read(
        "somebody's long note about what this machine is for\nand more", marker, disk);
    assert_string_equal(marker, "");
    assert_string_equal(disk, "");
}

/* ---- sums ---- */

static void room_for_the_gpu_fits_the_address_space(void **state)
{
    static const struct {
        unsigned bits;
        uint32_t build;
        uint64_t memory_mb, high, base;
    } rows[] = {
        {48, 26100, 8192, 65536, 0},
        {48, 19045, 8192, 32768, 0},
        {39, 26100, 8192, 65536, 0},
        {37, 26100, 8192, 65536, 0},
        {36, 26100, 8192, 31744, 32768},
        {36, 19045, 49152, 11264, 53248},
        {36, 19045, 65536, 512, 0},
        {0, 26100, 8192, 65536, 0},
    };
    struct hyperv_mmio steps[HYPERV_MMIO_STEPS];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = hyperv_mmio_plan(rows[i].bits, rows[i].build, rows[i].memory_mb, steps);

        assert_in_range(count, 1, HYPERV_MMIO_STEPS);
        assert_int_equal(steps[0].high, rows[i].high);
        assert_int_equal(steps[0].base, rows[i].base);
        assert_int_equal(steps[count - 1].high, 512);
        for (size_t k = 0; k < count; k++) {
            assert_in_range(steps[k].low, 128, 3584);
            assert_true(!k || steps[k].high < steps[k - 1].high);
        }
    }
}

static void steps_of_the_ladder_end(void **state)
{
    struct hyperv_mmio steps[HYPERV_MMIO_STEPS], now = {3072, UINT64_MAX, 0};
    size_t count = hyperv_mmio_plan(46, 26100, 8192, steps), taken = 0;
    const struct hyperv_mmio *next;

    (void)state;
    while ((next = hyperv_mmio_next(steps, count, &now)) != NULL) {
        now = *next;
        taken++;
        assert_in_range(taken, 1, count);
    }
    assert_int_equal(taken, count);
}

static void share_stays_within_what_the_gpu_allows(void **state)
{
    static const struct {
        struct gpu_amount whole;
        uint32_t percent;
        bool ok;
        uint64_t part;
    } rows[] = {
        {{.total = 1000000000, .most = 1000000000}, 50, true, 500000000},
        {{.total = 1000000000, .most = 400000000}, 50, true, 400000000},
        {{.total = 1000, .least = 600, .most = 1000}, 50, true, 600},
        {{.total = UINT64_MAX, .most = UINT64_MAX}, 50, true, UINT64_MAX / 2},
        {{.total = 7, .most = 7}, 50, true, 3},
        {{.total = 1000, .most = 1000}, 100, false, 0},
        {{.total = 0}, 50, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gpu_amount part = {.total = 0};

        assert_int_equal(hyperv_share(&rows[i].whole, rows[i].percent, &part), rows[i].ok);
        assert_true(part.most == rows[i].part && part.best == rows[i].part);
        assert_true(part.least <= part.best);
    }
}

/* ---- pictures ---- */

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void make_picture(struct picture *picture, uint32_t width, uint32_t height, bool plain)
{
    *picture = (struct picture){.width = width, .height = height};
    buf_init(&picture->pixels, PICTURE_BYTES_MAX);
    for (uint32_t i = 0; i < width * height; i++) {
        uint16_t pixel = plain ? 0x1234 : (uint16_t)(i * 2654435761u >> 16);

        assert_true(buf_put(&picture->pixels, &pixel, 2));
    }
}

static void picture_becomes_a_file_with_good_sums(void **state)
{
    struct picture picture;
    struct buf png;
    size_t at = 8, chunks = 0;

    (void)state;
    make_picture(&picture, 37, 11, false);
    buf_init(&png, 1 << 20);
    assert_true(picture_png(&picture, &png, NULL));
    assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
    while (at < png.len) {
        uint32_t length = get_u32(png.data + at);

        assert_in_range(length, 0, png.len - at - 12);
        assert_int_equal(get_u32(png.data + at + 8 + length),
                         crc32_ieee(0, png.data + at + 4, length + 4));
        at += length + 12;
        chunks++;
    }
    assert_int_equal(chunks, 3);
    assert_int_equal(get_u32(png.data + 16), 37);
    assert_int_equal(get_u32(png.data + 20), 11);
    buf_done(&png);
    buf_done(&picture.pixels);
}

static void plain_picture_is_small_and_known_as_plain(void **state)
{
    struct picture picture;
    struct buf png;

    (void)state;
    make_picture(&picture, 1024, 768, true);
    buf_init(&png, 1 << 20);
    assert_true(picture_png(&picture, &png, NULL));
    assert_in_range(png.len, 60, 32768);
    assert_true(picture_is_plain(&picture));
    buf_done(&picture.pixels);
    make_picture(&picture, 8, 8, false);
    assert_false(picture_is_plain(&picture));
    buf_done(&png);
    buf_done(&picture.pixels);
}

static void picture_of_another_size_than_its_pixels_is_refused(void **state)
{
    struct picture picture;
    struct err err = ERR_INIT;
    struct buf png;

    (void)state;
    make_picture(&picture, 8, 8, true);
    picture.height = 9;
    buf_init(&png, 1 << 20);
    assert_false(picture_png(&picture, &png, &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
    buf_done(&png);
    buf_done(&picture.pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_and_keys_escape_what_wmi_takes_for_itself),
        cmocka_unit_test(key_of_a_path_comes_back_unescaped),
        cmocka_unit_test(paths_are_the_same_whoever_wrote_them),
        cmocka_unit_test(values_of_an_instance_are_read_and_broken_ones_refused),
        cmocka_unit_test(states_and_jobs_mean_what_hyperv_documents),
        cmocka_unit_test(codes_become_errors_that_say_what_to_do),
        cmocka_unit_test(gpu_name_becomes_its_device),
        cmocka_unit_test(instance_id_tells_its_vm_and_templates_have_none),
        cmocka_unit_test(notes_keep_marker_and_the_disk_to_come),
        cmocka_unit_test(room_for_the_gpu_fits_the_address_space),
        cmocka_unit_test(steps_of_the_ladder_end),
        cmocka_unit_test(share_stays_within_what_the_gpu_allows),
        cmocka_unit_test(picture_becomes_a_file_with_good_sums),
        cmocka_unit_test(plain_picture_is_small_and_known_as_plain),
        cmocka_unit_test(picture_of_another_size_than_its_pixels_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
