/*
 * The list of editions, from image files that consist of header and description: every element
 * missing, numbers that cannot be, split images, what can become a guest, and how a person names an
 * edition. Files of the real format are read in test_images.
 */
#include "tests/support/expect.h"

#include "host/image/editions.h"
#include "tests/support/udf_build.h"
#include "tests/support/wim_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIM "test.wim"

/* An IMAGE element; numbers and names as Microsoft's images have them. */
#define IMAGE(index, inside) "<IMAGE INDEX=\"" index "\">" inside "</IMAGE>"
#define WINDOWS(arch, id, more)                                                                    \
    "<WINDOWS><ARCH>" arch "</ARCH><EDITIONID>" id "</EDITIONID>" more "</WINDOWS>"
#define CLIENT                                                                                     \
    "<INSTALLATIONTYPE>Client</INSTALLATIONTYPE><LANGUAGES><LANGUAGE>en-US</LANGUAGE>"             \
    "<DEFAULT>en-US</DEFAULT></LANGUAGES><VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR>"               \
    "<BUILD>26100</BUILD><SPBUILD>1742</SPBUILD><SPLEVEL>0</SPLEVEL></VERSION>"
#define NAMES(plain, display) "<NAME>" plain "</NAME><DISPLAYNAME>" display "</DISPLAYNAME>"
#define FIVE                                                                                       \
    "<WIM>" IMAGE("1",                                                                             \
                  WINDOWS("9", "Core", CLIENT)                                                     \
                      NAMES("Windows 10 Home", "Windows 11 Home") "<TOTALBYTES>1234567890123"      \
                                                                  "</TOTALBYTES>")                 \
        IMAGE("2", WINDOWS("9", "CoreN", CLIENT) NAMES("Windows 10 Home N", "Windows 11 Home N"))  \
            IMAGE("3",                                                                             \
                  WINDOWS("9", "ProfessionalN", CLIENT)                                            \
                      NAMES("Windows 10 Pro N", "Windows 11 Pro N"))                               \
                IMAGE("4",                                                                         \
                      WINDOWS("9", "Professional", CLIENT) NAMES(                                  \
                          "Windows 10 Pro", "Windows 11 \xe4\xb8\x93\xe4\xb8\x9a\xe7\x89\x88"))    \
                    IMAGE("5",                                                                     \
                          WINDOWS("9", "ProfessionalEducation", CLIENT) NAMES(                     \
                              "Windows 10 Pro Education", "Windows 11 Pro Education")) "</WIM>"

static struct editions *read_xml(const char *xml)
{
    const struct wim_recipe recipe = {.xml = xml};
    struct editions *editions = NULL;

    wim_build(WIM, &recipe);
    DO(editions_read(WIM, &editions, &do_err));
    return editions;
}

static void expect_refused(const char *name, enum err_kind kind, enum text_id message)
{
    struct editions *editions = NULL;
    struct err err = ERR_INIT;

    if (editions_read(WIM, &editions, &err))
        fail_msg("%s was not refused", name);
    assert_null(editions);
    if (err.kind != kind || err.message != message)
        fail_msg("%s: %s, %s", name, err_kind_name(err.kind), text_row(err.message)->name);
}

/* ---- reading ---- */

static void everything_that_is_said_is_read(void **state)
{
    struct editions *editions = read_xml(FIVE);
    const struct edition *row = &editions->rows[0];

    (void)state;
    assert_int_equal(editions->count, 5);
    assert_int_equal(editions->kind, EDITIONS_FILE);
    assert_int_equal(row->index, 1);
    assert_string_equal(row->id, "Core");
    assert_string_equal(row->name, "Windows 11 Home");
    assert_string_equal(row->plain_name, "Windows 10 Home");
    assert_string_equal(row->installation, "Client");
    assert_string_equal(row->languages, "en-US");
    assert_string_equal(row->default_language, "en-US");
    assert_string_equal(edition_arch_name(row->arch), "x64");
    assert_int_equal(row->major, 10);
    assert_int_equal(row->build, 26100);
    assert_int_equal(row->revision, 1742);
    assert_int_equal(row->size_bytes, 1234567890123);
    assert_int_equal(row->use, EDITION_FITS);
    editions_free(editions);
}

/* Takes each element of a whole description away in turn. */
static void every_element_may_be_missing(void **state)
{
    static const char *const elements[] = {"ARCH",
                                           "EDITIONID",
                                           "INSTALLATIONTYPE",
                                           "LANGUAGES",
                                           "LANGUAGE",
                                           "DEFAULT",
                                           "VERSION",
                                           "MAJOR",
                                           "MINOR",
                                           "BUILD",
                                           "SPBUILD",
                                           "SPLEVEL",
                                           "NAME",
                                           "DISPLAYNAME",
                                           "TOTALBYTES",
                                           "WINDOWS",
                                           "IMAGE"};

    (void)state;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        struct wim_recipe recipe = {.images = 5};
        struct editions *editions = NULL;
        char xml[sizeof FIVE] = FIVE, open[40], close[40], *at = xml, *end;

        snprintf(open, sizeof open, "<%s", elements[i]);
        snprintf(close, sizeof close, "</%s>", elements[i]);
        while ((at = strstr(at, open)) != NULL) {
            if (at[strlen(open)] != '>' && at[strlen(open)] != ' ') {
                at++; /* a longer name */
                continue;
            }
            end = strstr(at, close) + strlen(close);
            memmove(at, end, strlen(end) + 1);
        }
        assert_null(strstr(xml, close));
        recipe.xml = xml;
        wim_build(WIM, &recipe);
        DO(editions_read(WIM, &editions, &do_err));
        assert_int_equal(editions->count, 5);
        assert_int_equal(editions->rows[3].index, 4);
        editions_free(editions);
    }
}

static void image_without_any_description_is_listed(void **state)
{
    static const struct wim_recipe recipes[] = {
        {.images = 2}, {.images = 2, .xml = "<WIM/>"}, {.images = 2, .xml = "<other><x/></other>"}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct editions *editions = NULL;

        wim_build(WIM, &recipes[i]);
        DO(editions_read(WIM, &editions, &do_err));
        assert_int_equal(editions->count, 2);
        assert_int_equal(editions->rows[1].index, 2);
        assert_string_equal(editions->rows[1].name, "");
        editions_free(editions);
    }
}

static void odd_descriptions_are_understood(void **state)
{
    static const struct wim_recipe recipes[] = {
        {.xml = FIVE, .without_order = true},
        {.xml = FIVE, .ends_with_zero = true},
        {.xml = "<?xml version=\"1.0\"?>" FIVE},
        {.xml = FIVE, .version = 0xe00, .flags = 0x80082},
        {.xml = FIVE, .xml_at = UINT64_C(4500) << 20}, /* beyond 4 GiB */
    };

    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        struct editions *editions = NULL;

        wim_build(WIM, &recipes[i]);
        DO(editions_read(WIM, &editions, &do_err));
        assert_int_equal(editions->count, 5);
        assert_string_equal(editions->rows[4].id, "ProfessionalEducation");
        assert_int_equal(editions->wim.solid, recipes[i].version == 0xe00);
        editions_free(editions);
    }
    remove(WIM);
}

static void values_that_cannot_be_are_taken_as_missing(void **state)
{
    struct editions *editions =
        read_xml("<WIM>" IMAGE("1",
                               "<TOTALBYTES>-5</TOTALBYTES>" WINDOWS(
                                   "0x9",
                                   "\n  Core \t",
                                   "<VERSION><BUILD>99999999999</BUILD><MAJOR></MAJOR></VERSION>"
                                   "<LANGUAGES><LANGUAGE>a,b</LANGUAGE><LANGUAGE>de-DE</LANGUAGE>"
                                   "<LANGUAGE>fr-FR</LANGUAGE></LANGUAGES>")) "</WIM>");
    const struct edition *row = &editions->rows[0];

    (void)state;
    assert_int_equal(row->arch, -1);
    assert_int_equal(row->size_bytes, 0);
    assert_int_equal(row->build, 0);
    assert_string_equal(row->id, "Core");
    assert_string_equal(row->name, "Core");
    assert_string_equal(row->languages, "de-DE,fr-FR");
    assert_string_equal(row->default_language, "");
    editions_free(editions);
}

static void text_of_any_length_is_cut_and_not_lost_elsewhere(void **state)
{
    char *xml = malloc(100000);
    struct editions *editions;

    (void)state;
    assert_non_null(xml);
    strcpy(xml, "<WIM><IMAGE INDEX=\"1\"><NAME>");
    memset(xml + strlen(xml), 'x', 90000);
    strcpy(xml + 28 + 90000, "</NAME><FLAGS>Core</FLAGS><WINDOWS/></IMAGE></WIM>");
    editions = read_xml(xml);
    assert_int_equal(strlen(editions->rows[0].plain_name), EDITION_TEXT_BYTES - 1);
    assert_string_equal(editions->rows[0].id, "Core");
    editions_free(editions);
    free(xml);
}

/* ---- what is refused ---- */

static void headers_that_lie_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct wim_recipe recipe;
        enum err_kind kind;
        enum text_id message;
    } rows[] = {
        {"version", {.xml = FIVE, .version = 5}, ERR_BAD_INPUT, TEXT_IMAGE_WIM_VERSION},
        {"no images", {.xml = "<WIM/>"}, ERR_NOT_FOUND, TEXT_IMAGE_EMPTY},
        {"many images", {.xml = FIVE, .images = 0xffffffff}, ERR_BAD_INPUT, TEXT_IMAGE_WIM_DAMAGED},
        {"fewer images than described",
         {.xml = FIVE, .images = 4},
         ERR_BAD_INPUT,
         TEXT_IMAGE_WIM_DAMAGED},
        {"part 3 of 2",
         {.xml = FIVE, .part = 3, .parts = 2},
         ERR_BAD_INPUT,
         TEXT_IMAGE_WIM_DAMAGED},
        {"compressed XML", {.xml = FIVE, .xml_flags = 4}, ERR_BAD_INPUT, TEXT_IMAGE_WIM_DAMAGED},
        {"XML longer than the file",
         {.xml = FIVE, .claims_bytes = 100000},
         ERR_BAD_INPUT,
         TEXT_IMAGE_SHORT},
        {"XML huge",
         {.xml = FIVE, .claims_bytes = (UINT64_C(1) << 56) - 2},
         ERR_BAD_INPUT,
         TEXT_IMAGE_WIM_DAMAGED},
        {"XML odd", {.xml = FIVE, .claims_bytes = 99}, ERR_BAD_INPUT, TEXT_IMAGE_WIM_DAMAGED},
        {"half of the XML", {.xml = FIVE, .claims_bytes = 600}, ERR_BAD_INPUT, TEXT_IMAGE_XML_BAD},
        {"index 0",
         {.xml = "<WIM><IMAGE INDEX=\"0\"/></WIM>"},
         ERR_BAD_INPUT,
         TEXT_IMAGE_WIM_DAMAGED},
        {"index 2 of 1",
         {.xml = "<WIM><IMAGE INDEX=\"2\"/></WIM>"},
         ERR_BAD_INPUT,
         TEXT_IMAGE_WIM_DAMAGED},
        {"index no number",
         {.xml = "<WIM><IMAGE INDEX=\"x\"/></WIM>"},
         ERR_BAD_INPUT,
         TEXT_IMAGE_WIM_DAMAGED},
        {"bomb",
         {.xml = "<!DOCTYPE W [<!ENTITY a 'b'>]><WIM><IMAGE INDEX=\"1\"/>&a;</WIM>"},
         ERR_UNSAFE,
         TEXT_IMAGE_XML_REFUSED},
        {"no XML", {.xml = "hello", .images = 1}, ERR_BAD_INPUT, TEXT_IMAGE_XML_BAD},
        {"encrypted",
         {.xml = "<WIM><ESD><ENCRYPTED><KEYS/></ENCRYPTED></ESD>" IMAGE("1", "") "</WIM>"},
         ERR_BAD_INPUT,
         TEXT_IMAGE_ENCRYPTED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wim_build(WIM, &rows[i].recipe);
        expect_refused(rows[i].name, rows[i].kind, rows[i].message);
    }
    {
        struct editions *editions = NULL;

        assert_false(editions_read("missing.wim", &editions, NULL));
        DO(fs_write_atomic(WIM, "MZ not a wim", 12, FS_SHARED, &do_err));
        expect_refused("other file", ERR_NOT_FOUND, TEXT_IMAGE_UNKNOWN);
        DO(fs_write_atomic(WIM, "", 0, FS_SHARED, &do_err));
        expect_refused("empty file", ERR_NOT_FOUND, TEXT_IMAGE_UNKNOWN);
        DO(fs_write_atomic(WIM, "MSWIM\0\0", 8, FS_SHARED, &do_err));
        expect_refused("eight bytes", ERR_BAD_INPUT, TEXT_IMAGE_SHORT);
    }
}

static void half_a_surrogate_in_the_description_is_refused(void **state)
{
    const struct wim_recipe recipe = {.xml = "<WIM><IMAGE INDEX=\"1\"/></WIM>"};
    struct fs_file *file = NULL;

    (void)state;
    wim_build(WIM, &recipe);
    DO(fs_file_open(WIM, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_write(file, 208 + 12, "\x00\xd8", 2, &do_err));
    fs_file_close(file);
    expect_refused("surrogate", ERR_BAD_INPUT, TEXT_IMAGE_WIM_DAMAGED);
}

static void split_image_needs_all_its_parts(void **state)
{
    struct wim_recipe first = {.xml = FIVE, .part = 1, .parts = 3, .id = 7};
    struct wim_recipe second = {.xml = FIVE, .part = 2, .parts = 3, .id = 7};
    struct wim_recipe third = {.xml = FIVE, .part = 3, .parts = 3, .id = 7};
    struct editions *editions = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("parts");
    wim_build("parts/install.swm", &first);
    wim_build("parts/install2.swm", &second);
    assert_false(editions_read("parts/install.swm", &editions, &err));
    assert_int_equal(err.message, TEXT_IMAGE_PART_MISSING);
    assert_string_equal(err.args[1], "parts/install3.swm");
    wim_build("parts/install3.swm", &third);
    DO(editions_read("parts/install.swm", &editions, &do_err));
    assert_int_equal(editions->wim.parts, 3);
    editions_free(editions);
    editions = NULL;
    assert_false(editions_read("parts/install2.swm", &editions, &err));
    assert_int_equal(err.message, TEXT_IMAGE_PART_LATER);
    third.id = 8;
    wim_build("parts/install3.swm", &third);
    assert_false(editions_read("parts/install.swm", &editions, &err));
    assert_int_equal(err.message, TEXT_IMAGE_PART_FOREIGN);
}

/* ---- where the image is ---- */

static void folder_of_a_mounted_iso_will_do(void **state)
{
    const struct wim_recipe recipe = {.xml = FIVE};
    struct editions *editions = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("mounted");
    assert_false(editions_read("mounted", &editions, &err));
    assert_int_equal(err.message, TEXT_IMAGE_NO_INSTALL);
    DO(fs_make_dirs("mounted/x64/sources", FS_SHARED, &do_err));
    wim_build("mounted/x64/sources/install.esd", &recipe);
    DO(editions_read("mounted", &editions, &do_err));
    assert_int_equal(editions->kind, EDITIONS_FOLDER);
    assert_string_equal(editions->inside, "x64/sources/install.esd");
    editions_free(editions);
}

static void circle_in_an_iso_is_one_clear_error(void **state)
{
    static const struct udf_shape plain;
    struct udf_build *build = udf_build_open("circle.iso", 1000);
    uint32_t root = udf_build_reserve(build);
    const struct udf_build_entry entries[] = {{"sources", root, true, false, false}};
    struct editions *editions = NULL;
    struct err err = ERR_INIT;

    (void)state;
    udf_build_folder(build, root, entries, 1, &plain);
    udf_build_close(build, root);
    assert_false(editions_read("circle.iso", &editions, &err));
    assert_int_equal(err.message, TEXT_IMAGE_UDF_DAMAGED);
    assert_int_equal(err.hint, TEXT_IMAGE_DAMAGED_HINT);
}

/* ---- what it can become ---- */

static void images_without_a_guest_in_them_say_why(void **state)
{
    static const struct {
        const char *xml;
        enum text_id message;
    } rows[] = {
        {"<WIM>" IMAGE("1", WINDOWS("9", "WindowsPE", "")) "</WIM>", TEXT_IMAGE_ONLY_SETUP},
        {"<WIM>" IMAGE("1",
                       WINDOWS("9", "", "<INSTALLATIONTYPE>WindowsPE</INSTALLATIONTYPE>")) "</WIM>",
         TEXT_IMAGE_ONLY_SETUP},
        {"<WIM>" IMAGE("1", NAMES("data", "")) "</WIM>", TEXT_IMAGE_ONLY_FILES},
        {"<WIM>" IMAGE("1", WINDOWS("12", "Professional", CLIENT)) "</WIM>", TEXT_IMAGE_ONLY_CPU},
        {"<WIM>" IMAGE("1", WINDOWS("0", "Professional", CLIENT))
             IMAGE("2", WINDOWS("9", "WindowsPE", "")) "</WIM>",
         TEXT_IMAGE_ONLY_CPU},
        {"<WIM>" IMAGE("1",
                       WINDOWS("9", "Ultimate", "<VERSION><MAJOR>6</MAJOR></VERSION>")) "</WIM>",
         TEXT_IMAGE_ONLY_OLD},
        {"<WIM>" IMAGE("1",
                       WINDOWS("9",
                               "ServerStandard",
                               "<INSTALLATIONTYPE>Server Core</INSTALLATIONTYPE>")) "</WIM>",
         TEXT_IMAGE_ONLY_CORE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct editions *editions = read_xml(rows[i].xml);
        struct err err = ERR_INIT;
        size_t row = 0;

        if (editions_usable(editions, &err))
            fail_msg("row %zu can become a guest", i);
        assert_int_equal(err.message, rows[i].message);
        assert_int_not_equal(err.hint, TEXT_NONE);
        assert_false(editions_choose(editions, "1", &row, &err));
        editions_free(editions);
    }
}

static void edition_is_found_as_people_name_it(void **state)
{
    static const struct {
        const char *wanted;
        unsigned index;
    } rows[] = {
        {NULL, 4},
        {"", 4},
        {"4", 4},
        {"professional", 4},
        {"PROFESSIONALN", 3},
        {"Core", 1},
        {"Windows 11 Home", 1},
        {"windows 11 home", 1},
        {"Windows 10 Pro", 4},
        {"Windows 11 \xe4\xb8\x93\xe4\xb8\x9a\xe7\x89\x88", 4},
        {"\xe4\xb8\x93\xe4\xb8\x9a\xe7\x89\x88", 4},
        {"home", 1},
        {"Home N", 2},
        {"Pro N", 3},
        {"Education", 5},
    };
    struct editions *editions = read_xml(FIVE);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        size_t row = 99;

        if (!editions_choose(editions, rows[i].wanted, &row, &err))
            fail_msg("%s: %s", rows[i].wanted, text_row(err.message)->name);
        assert_int_equal(editions->rows[row].index, rows[i].index);
    }
    editions_free(editions);
}

static void edition_that_is_not_there_or_not_clear_gets_the_list(void **state)
{
    static const struct {
        const char *wanted;
        enum text_id message;
        const char *list;
    } rows[] = {
        {"6",
         TEXT_IMAGE_EDITION_NONE,
         "1 Core, 2 CoreN, 3 ProfessionalN, 4 Professional, 5 ProfessionalEducation"},
        {"0",
         TEXT_IMAGE_EDITION_NONE,
         "1 Core, 2 CoreN, 3 ProfessionalN, 4 Professional, 5 ProfessionalEducation"},
        {"ome",
         TEXT_IMAGE_EDITION_NONE,
         "1 Core, 2 CoreN, 3 ProfessionalN, 4 Professional, 5 ProfessionalEducation"},
        {"N", TEXT_IMAGE_EDITION_SEVERAL, "2 CoreN, 3 ProfessionalN"},
    };
    struct editions *editions = read_xml(FIVE);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        size_t row = 99;

        if (editions_choose(editions, rows[i].wanted, &row, &err))
            fail_msg("%s is edition %zu", rows[i].wanted, row + 1);
        assert_int_equal(err.kind, ERR_USAGE);
        assert_int_equal(err.message, rows[i].message);
        assert_string_equal(err.args[2], rows[i].list);
        assert_int_equal(err.hint, TEXT_IMAGE_CHOOSE_HINT);
        assert_int_equal(row, 99);
    }
    editions_free(editions);
}

static void edition_that_fits_goes_before_its_twin_that_does_not(void **state)
{
    struct editions *editions =
        read_xml("<WIM>" IMAGE("1", WINDOWS("12", "Professional", CLIENT))
                     IMAGE("2", WINDOWS("9", "Professional", CLIENT)) "</WIM>");
    struct err err = ERR_INIT;
    size_t row = 99;

    (void)state;
    DO(editions_choose(editions, "Professional", &row, &do_err));
    assert_int_equal(row, 1);
    DO(editions_choose(editions, NULL, &row, &do_err));
    assert_int_equal(row, 1);
    assert_false(editions_choose(editions, "1", &row, &err));
    assert_int_equal(err.message, TEXT_IMAGE_EDITION_USELESS);
    editions_free(editions);
}

static void only_edition_needs_no_name(void **state)
{
    struct editions *editions =
        read_xml("<WIM>" IMAGE("1", WINDOWS("9", "EnterpriseS", CLIENT)) "</WIM>");
    size_t row = 99;

    (void)state;
    DO(editions_choose(editions, NULL, &row, &do_err));
    assert_int_equal(row, 0);
    editions_free(editions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_is_said_is_read),
        cmocka_unit_test(every_element_may_be_missing),
        cmocka_unit_test(image_without_any_description_is_listed),
        cmocka_unit_test(odd_descriptions_are_understood),
        cmocka_unit_test(values_that_cannot_be_are_taken_as_missing),
        cmocka_unit_test(text_of_any_length_is_cut_and_not_lost_elsewhere),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(half_a_surrogate_in_the_description_is_refused),
        cmocka_unit_test(split_image_needs_all_its_parts),
        cmocka_unit_test(folder_of_a_mounted_iso_will_do),
        cmocka_unit_test(circle_in_an_iso_is_one_clear_error),
        cmocka_unit_test(images_without_a_guest_in_them_say_why),
        cmocka_unit_test(edition_is_found_as_people_name_it),
        cmocka_unit_test(edition_that_is_not_there_or_not_clear_gets_the_list),
        cmocka_unit_test(edition_that_fits_goes_before_its_twin_that_does_not),
        cmocka_unit_test(only_edition_needs_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
