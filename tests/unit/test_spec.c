/* The published schema against the program, and specs made from the scripts of Easy-GPU-PV. */
#include "tests/support/expect.h"

#include "common/profile_field.h"
#include "host/import.h"
#include "host/spec_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA     "../packaging/vm-spec.schema.json"
#define PATH_BYTES 128

/* ---- the schema that the tables stand for ---- */

static cJSON *typed(const char *type)
{
    cJSON *node = cJSON_CreateObject();

    cJSON_AddStringToObject(node, "type", type);
    return node;
}

static cJSON *number(int64_t least, int64_t most)
{
    cJSON *node = typed("integer");

    json_add_int(node, "minimum", least);
    json_add_int(node, "maximum", most);
    return node;
}

static cJSON *words(size_t most)
{
    cJSON *node = typed("string");

    json_add_int(node, "maxLength", (int64_t)most);
    return node;
}

static cJSON *choice(const char *const *names)
{
    cJSON *node = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(node, "enum");

    for (; *names; names++)
        cJSON_AddItemToArray(list, cJSON_CreateString(*names));
    return node;
}

/* An object that takes no other fields; *ret_fields is where they go. */
static cJSON *object(cJSON **ret_fields)
{
    cJSON *node = typed("object");

    cJSON_AddFalseToObject(node, "additionalProperties");
    *ret_fields = cJSON_AddObjectToObject(node, "properties");
    return node;
}

/* The fields of a part, made when it is not there yet. */
static cJSON *part_of(cJSON *fields, const char *name)
{
    cJSON *inside, *node = cJSON_GetObjectItemCaseSensitive(fields, name);

    if (!name)
        return fields;
    if (node)
        return cJSON_GetObjectItemCaseSensitive(node, "properties");
    cJSON_AddItemToObject(fields, name, object(&inside));
    return inside;
}

static cJSON *profile_modes(void)
{
    cJSON *node = typed("array"), *item = typed("string");

    json_add_int(node, "minItems", 1);
    json_add_int(node, "maxItems", PROFILE_MODES);
    cJSON_AddStringToObject(item, "pattern", "^[0-9]+x[0-9]+(@[0-9]+)?$");
    cJSON_AddItemToObject(node, "items", item);
    return node;
}

static cJSON *profile_config(void)
{
    cJSON *node = typed("object"), *value = cJSON_CreateObject(), *names = cJSON_CreateObject();
    cJSON *types = cJSON_AddArrayToObject(value, "type");

    json_add_int(node, "maxProperties", PROFILE_CONFIG_LINES);
    cJSON_AddStringToObject(names, "pattern", "^[A-Za-z0-9_]+$");
    json_add_int(names, "maxLength", PROFILE_KEY_BYTES - 1);
    cJSON_AddItemToObject(node, "propertyNames", names);
    cJSON_AddItemToArray(types, cJSON_CreateString("string"));
    cJSON_AddItemToArray(types, cJSON_CreateString("number"));
    cJSON_AddItemToArray(types, cJSON_CreateString("boolean"));
    cJSON_AddItemToObject(node, "additionalProperties", value);
    return node;
}

static cJSON *profile_proxy(void)
{
    cJSON *fields, *node = object(&fields), *needed = cJSON_AddArrayToObject(node, "required");

    cJSON_AddItemToArray(needed, cJSON_CreateString("via"));
    cJSON_AddItemToObject(fields, "via", choice(profile_proxy_names));
    cJSON_AddItemToObject(fields, "address", words(PROFILE_VALUE_BYTES - 1));
    cJSON_AddItemToObject(fields, "port", number(1, UINT16_MAX));
    return node;
}

static cJSON *profile_installer(void)
{
    cJSON *node = typed("array"), *item = words(PROFILE_SWITCH_BYTES - 1);

    json_add_int(node, "maxItems", PROFILE_SWITCHES);
    cJSON_AddStringToObject(item, "pattern", "^/[A-Za-z0-9_]+(=[A-Za-z0-9_.-]*)?$");
    cJSON_AddItemToObject(node, "items", item);
    return node;
}

static cJSON *guest_schema(void)
{
    cJSON *fields, *node = object(&fields);

    cJSON_AddItemToObject(fields, "version", number(1, PROFILE_VERSION));
    for (const struct profile_field *field = profile_fields; field->key; field++)
        cJSON_AddItemToObject(part_of(fields, field->section),
                              field->key,
                              field->type == PROFILE_FIELD_BOOL     ? typed("boolean")
                              : field->type == PROFILE_FIELD_NUMBER ? number(field->min, field->max)
                                                                    : choice(field->names));
    cJSON_AddItemToObject(part_of(fields, "display"), "modes", profile_modes());
    cJSON_AddItemToObject(part_of(fields, "parsec"), "config", profile_config());
    cJSON_AddItemToObject(part_of(fields, "parsec"), "proxy", profile_proxy());
    cJSON_AddItemToObject(part_of(fields, "parsec"), "installer", profile_installer());
    return node;
}

static cJSON *wanted_schema(void)
{
    cJSON *fields, *node = object(&fields);

    cJSON_AddStringToObject(node, "$schema", "http://json-schema.org/draft-07/schema#");
    cJSON_AddStringToObject(node, "$id", "urn:gpupv:vm-spec");
    cJSON_AddItemToObject(fields, "$schema", typed("string"));
    for (const struct spec_field *field = spec_fields; field->key; field++)
        cJSON_AddItemToObject(part_of(fields, field->section),
                              field->key,
                              field->type == SPEC_FIELD_BOOL     ? typed("boolean")
                              : field->type == SPEC_FIELD_NUMBER ? number(field->min, field->max)
                              : field->type == SPEC_FIELD_CHOICE ? choice(field->names)
                                                                 : words(field->size - 1));
    cJSON_AddItemToObject(fields, "guest", guest_schema());
    return node;
}

/* What is only for the reader. */
static void strip(cJSON *node)
{
    cJSON_DeleteItemFromObjectCaseSensitive(node, "description");
    for (cJSON *child = node->child; child; child = child->next)
        strip(child);
}

static cJSON *read_schema(void)
{
    char *path = support_data_path(SCHEMA);
    cJSON *schema = NULL;

    DO(json_read_file(path, &json_limits_file, &schema, &do_err));
    free(path);
    return schema;
}

static void published_schema_is_the_one_of_the_program(void **state)
{
    cJSON *schema = read_schema(), *wanted = wanted_schema();
    struct buf text;
    bool same;

    (void)state;
    strip(schema);
    same = cJSON_Compare(schema, wanted, true);
    buf_init(&text, 1 << 20);
    json_write_pretty(wanted, &text);
    if (!same)
        DO(fs_write_atomic("wanted.schema.json", text.data, text.len, FS_SHARED, &do_err));
    buf_done(&text);
    cJSON_Delete(schema);
    cJSON_Delete(wanted);
    if (!same)
        fail_msg("packaging/vm-spec.schema.json is another one; see wanted.schema.json here, "
                 "without its descriptions");
}

static void every_field_of_the_schema_says_what_it_is_for(const cJSON *node, const char *path)
{
    const cJSON *child;

    cJSON_ArrayForEach(child, cJSON_GetObjectItemCaseSensitive(node, "properties"))
    {
        char below[PATH_BYTES];

        snprintf(below, sizeof below, "%s.%s", path, child->string);
        if (!cJSON_GetObjectItemCaseSensitive(child, "description"))
            fail_msg("%s has no description", below);
        every_field_of_the_schema_says_what_it_is_for(child, below);
    }
}

static void schema_is_described(void **state)
{
    cJSON *schema = read_schema();

    (void)state;
    every_field_of_the_schema_says_what_it_is_for(schema, "");
    cJSON_Delete(schema);
}

/* ---- what the schema refuses, the program refuses too, with the path ---- */

/* {"a":{"b":value}} for "a.b"; takes value. */
static cJSON *nest(const char *path, cJSON *value)
{
    cJSON *outer = cJSON_CreateObject();
    size_t length = strcspn(path, ".");
    char name[PATH_BYTES];

    text_copy(name, length + 1, path);
    cJSON_AddItemToObject(outer, name, path[length] ? nest(path + length + 1, value) : value);
    return outer;
}

static bool reads(const char *path, cJSON *value, struct err *err)
{
    struct spec *spec = calloc(1, sizeof *spec);
    cJSON *json = nest(path, value);
    bool ok;

    err_clear(err);
    spec_init(spec, "demo");
    ok = spec_read(spec, json, err);
    cJSON_Delete(json);
    free(spec);
    return ok;
}

static void refuses(const char *path, cJSON *value)
{
    struct err err = ERR_INIT;
    char text[512];

    if (reads(path, value, &err))
        fail_msg("%s was taken", path);
    if (strncmp(err.args[0], path, strlen(path)) != 0)
        fail_msg("%s: %s", path, err_message(&err, TEXT_EN, text, sizeof text));
}

static void takes(const char *path, cJSON *value)
{
    struct err err = ERR_INIT;
    char text[512];

    if (!reads(path, value, &err))
        fail_msg("%s: %s", path, err_message(&err, TEXT_EN, text, sizeof text));
}

static void check_leaf(const cJSON *node, const char *path)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(node, "type"), *name;
    const cJSON *least = cJSON_GetObjectItemCaseSensitive(node, "minimum");
    const cJSON *most = cJSON_GetObjectItemCaseSensitive(node, "maximum");
    const char *is = cJSON_IsString(type) ? type->valuestring : "";

    if (strcmp(path, "$schema") != 0)
        refuses(path, cJSON_CreateNull());
    if (!strcmp(is, "boolean"))
        takes(path, cJSON_CreateFalse());
    if (!strcmp(is, "integer")) {
        takes(path, cJSON_CreateNumber(least->valuedouble));
        refuses(path, cJSON_CreateNumber(least->valuedouble + 0.5));
        if (strcmp(path, "guest.version") != 0) { /* a later one is told apart */
            refuses(path, cJSON_CreateNumber(least->valuedouble - 1));
            refuses(path, cJSON_CreateNumber(most->valuedouble + 1));
        }
    }
    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(node, "enum"))
        takes(path, cJSON_CreateString(name->valuestring));
}

static void check_object(const cJSON *node, const char *path)
{
    const cJSON *child;

    cJSON_ArrayForEach(child, cJSON_GetObjectItemCaseSensitive(node, "properties"))
    {
        char below[PATH_BYTES];

        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", child->string);
        if (!strcmp(below, "guest.parsec.proxy"))
            continue; /* its fields need each other: test_profile */
        if (cJSON_GetObjectItemCaseSensitive(child, "properties"))
            check_object(child, below);
        else if (!cJSON_GetObjectItemCaseSensitive(child, "items") &&
                 !cJSON_GetObjectItemCaseSensitive(child, "propertyNames"))
            check_leaf(child, below);
        snprintf(below, sizeof below, "%s%sno_such_field", path, *path ? "." : "");
        refuses(below, cJSON_CreateTrue());
    }
}

static void program_and_schema_take_and_refuse_the_same(void **state)
{
    cJSON *schema = read_schema();

    (void)state;
    check_object(schema, "");
    cJSON_Delete(schema);
}

static void unknown_field_is_refused_with_its_path_and_the_nearest_name(void **state)
{
    static const struct {
        const char *path, *nearest;
    } rows[] = {
        {"memory_gb", "memory_mb"},
        {"disk.size", "size_gb"},
        {"account.autologin", "autologon"},
        {"guest.display.strategie", "strategy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        assert_false(reads(rows[i].path, cJSON_CreateTrue(), &err));
        assert_int_equal(err.message, TEXT_JSON_UNKNOWN_FIELD);
        assert_string_equal(err.args[0], rows[i].path);
        assert_string_equal(err.args[1], rows[i].nearest);
    }
}

/* ---- scripts ---- */

struct bench {
    struct script *script;
    struct import *import;
    struct err err;
};

static bool import_text(struct bench *bench, const char *text, size_t length)
{
    err_clear(&bench->err);
    if (!script_read(text, length, bench->script, &bench->err))
        return false;
    import_script(bench->script, bench->import);
    return true;
}

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    bench->script = calloc(1, sizeof *bench->script);
    bench->import = calloc(1, sizeof *bench->import);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;

    free(bench->script);
    free(bench->import);
    free(bench);
    return 0;
}

static const struct import_unused *unused(const struct bench *bench, const char *key)
{
    for (size_t i = 0; i < bench->import->unused_count; i++)
        if (!strcmp(bench->import->unused[i].key, key))
            return &bench->import->unused[i];
    return NULL;
}

/* As Easy-GPU-PV's own parameters look, with other values. */
static const char classic[] = "\xef\xbb\xbf$params = @{\r\n"
                              "    VMName = \"lab1\"\r\n"
                              "    SourcePath = 'D:\\it''s\\Win11.iso' # from the download page\r\n"
                              "    Edition    = 6\r\n"
                              "    VhdFormat  = \"VHDX\"; DiskLayout = \"UEFI\"\r\n"
                              "    SizeBytes  = 40GB\r\n"
                              "    MemoryAmount = 6144MB\r\n"
                              "    CPUCores = 4\r\n"
                              "    NetworkSwitch = \"Default Switch\"\r\n"
                              "    VHDPath = \"C:\\VMs\\\"\r\n"
                              "    UnattendPath = \"$PSScriptRoot\"+\"\\autounattend.xml\"\r\n"
                              "    GPUName = \"AUTO\"\r\n"
                              "    GPUResourceAllocationPercentage = 50\r\n"
                              "    Team_ID = \"\"\r\n"
                              "    Key = \"\"\r\n"
                              "    Username = \"GPUVM\"\r\n"
                              "    Password = \"CoolestPassword!\"\r\n"
                              "    Autologon = \"true\"\r\n"
                              "}\r\n"
                              "Function Other { $x = @{ VMName = 'wrong' } }\r\n";

static void parameters_of_the_original_become_a_spec(void **state)
{
    struct bench *bench = *state;
    const struct spec *spec = &bench->import->spec;

    expect_done(import_text(bench, classic, strlen(classic)), &bench->err);
    assert_string_equal(spec->name, "lab1");
    assert_string_equal(spec->iso, "D:\\it's\\Win11.iso");
    assert_string_equal(spec->edition, "6");
    assert_int_equal(spec->disk.size_gb, 40);
    assert_int_equal(spec->memory_mb, 6144);
    assert_int_equal(spec->cpus, 4);
    assert_string_equal(spec->network, "");
    assert_string_equal(spec->disk.path, "C:\\VMs\\lab1.vhdx");
    assert_string_equal(spec->gpu.select, "");
    assert_int_equal(spec->gpu.share_percent, 0);
    assert_string_equal(spec->account.user, "GPUVM");
    assert_string_equal(spec->account.password_from, "prompt");
    assert_true(spec->account.autologon);
    DO(spec_check(spec, &do_err));
    assert_int_equal(bench->import->unused_count, 3);
    assert_int_equal(unused(bench, "UnattendPath")->line, 11);
    assert_int_equal(unused(bench, "Password")->why.message, TEXT_SETUP_IMPORT_PASSWORD);
    assert_int_equal(unused(bench, "GPUResourceAllocationPercentage")->why.message,
                     TEXT_SETUP_IMPORT_SHARE);
}

static void password_is_nowhere_in_what_comes_out(void **state)
{
    struct bench *bench = *state;
    char why[512];
    cJSON *json;
    char *text;

    expect_done(import_text(bench, classic, strlen(classic)), &bench->err);
    json = spec_to_json(&bench->import->spec);
    text = cJSON_Print(json);
    assert_null(strstr(text, "Coolest"));
    for (size_t i = 0; i < bench->import->unused_count; i++)
        assert_null(strstr(err_message(&bench->import->unused[i].why, TEXT_EN, why, sizeof why),
                           "Coolest"));
    cJSON_free(text);
    cJSON_Delete(json);
}

static void parameters_of_forks_are_read(void **state)
{
    static const char enhanced[] = "$Params=@{\n vmname = 'lab'\n Language = \"de-DE\"\n"
                                   " Timezone = \"W. Europe Standard Time\"\n Parsec = $true\n"
                                   " ParsecVDA = $true\n Sunshine = $false\n"
                                   " VirtualDisplayDriver = $true\n Autologon = $false\n}\n";
    static const char lines[] = "VMName=lab\nSourcePath=C:\\a b\\win.iso\nSizeBytes=64GB\n"
                                "UnattendPath=$PSScriptRoot+\\autounattend.xml\n"
                                "VHDPath=/srv/vm\nAutologon=true\nTeam_ID=\n# remark\n";
    struct bench *bench = *state;
    const struct spec *spec = &bench->import->spec;

    expect_done(import_text(bench, enhanced, strlen(enhanced)), &bench->err);
    assert_string_equal(spec->locale, "de-DE");
    assert_string_equal(spec->time_zone, "W. Europe Standard Time");
    assert_false(spec->account.autologon);
    assert_int_equal(bench->import->unused_count, 1);
    assert_int_equal(unused(bench, "VirtualDisplayDriver")->why.message,
                     TEXT_SETUP_IMPORT_SUNSHINE);
    expect_done(import_text(bench, lines, strlen(lines)), &bench->err);
    assert_string_equal(spec->iso, "C:\\a b\\win.iso");
    assert_int_equal(spec->disk.size_gb, 64);
    assert_string_equal(spec->disk.path, "/srv/vm/lab.vhdx");
    assert_true(spec->account.autologon);
    assert_int_equal(bench->import->unused_count, 1);
}

static void literals_are_read_as_powershell_reads_them(void **state)
{
    static const struct {
        const char *value, *text; /* NULL: an expression */
    } rows[] = {
        {"\"a`\"b\"", "a\"b"},
        {"\"a\"\"b\"", "a\"b"},
        {"'a`b$c'", "a`b$c"},
        {"\"five $ only\"", "five $ only"},
        {"\"a$b\"", NULL},
        {"\"$(Remove-Item x)\"", NULL},
        {"(Get-Item 'x;}').Name", NULL},
        {"\xe2\x80\x9c\xe5\xae\xa2\xe2\x80\x9d", "\xe5\xae\xa2"},
        {"@'\nx\n'@", "x\n"},
        {"$null", ""},
        {"\"a\" <# note #>", "a"},
        {"\"a\" + 'b'", NULL},
        {"\"\xff\"", NULL},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        const struct script_entry *entry = &bench->script->entries[1];

        snprintf(text, sizeof text, "$p = @{ VMName = 'x'; K = %s\n Z = 1 }", rows[i].value);
        expect_done(script_read(text, strlen(text), bench->script, &bench->err), &bench->err);
        if (bench->script->count != 3 ||
            (entry->kind == SCRIPT_EXPRESSION) != (rows[i].text == NULL) ||
            (rows[i].text && strcmp(entry->text, rows[i].text) != 0))
            fail_msg("%s became \"%s\" (%d)", rows[i].value, entry->text, (int)entry->kind);
    }
}

static void values_out_of_range_are_named_and_not_used(void **state)
{
    static const char text[] =
        "$params = @{ VMName = 'a*b'\n MemoryAmount = 1GB\n CPUCores = 4.5\n"
        " SizeBytes = 999999TB\n Username = 'bad/user'\n Autologon = 'often'\n"
        " CPUCores = 4; VMName = 'x' }";
    static const char *const keys[] = {
        "VMName", "MemoryAmount", "CPUCores", "SizeBytes", "Username", "Autologon"};
    struct bench *bench = *state;

    expect_done(import_text(bench, text, strlen(text)), &bench->err);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!unused(bench, keys[i]))
            fail_msg("%s was used", keys[i]);
    assert_int_equal(bench->import->unused_count, 8);
    DO(spec_check(&bench->import->spec, &do_err));
}

static void script_that_cannot_be_read_is_one_error(void **state)
{
    static const struct {
        const char *text;
        enum text_id message;
    } rows[] = {
        {"", TEXT_SETUP_IMPORT_NO_BLOCK},
        {"Write-Host 'hello'", TEXT_SETUP_IMPORT_NO_BLOCK},
        {"$params = @{}\nGet-Content params.txt", TEXT_SETUP_IMPORT_NO_BLOCK},
        {"$params = @{ VMName = 'x'\n", TEXT_SETUP_IMPORT_UNENDED},
        {"$params = @{ VMName = 'x'\n Key = \"", TEXT_SETUP_IMPORT_UNENDED},
        {"$params = @{ VMName = 'x'\n strange\n}", TEXT_SETUP_IMPORT_LINE},
        {"<# $params = @{ VMName = 'x' } #>", TEXT_SETUP_IMPORT_NO_BLOCK},
        {"'@{ VMName = 1 }'", TEXT_SETUP_IMPORT_NO_BLOCK},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (import_text(bench, rows[i].text, strlen(rows[i].text)))
            fail_msg("\"%s\" was read", rows[i].text);
        if (bench->err.message != rows[i].message)
            fail_msg("\"%s\": %s", rows[i].text, text_row(bench->err.message)->name);
    }
}

static void script_in_utf16_is_read(void **state)
{
    static const char ascii[] = "$params = @{ VMName = \"lab\"; CPUCores = 2 }";
    struct bench *bench = *state;

    for (int big = 0; big < 2; big++) {
        char bytes[2 * sizeof ascii] = {big ? '\xfe' : '\xff', big ? '\xff' : '\xfe'};

        for (size_t i = 0; ascii[i]; i++)
            bytes[2 + i * 2 + (size_t)big] = ascii[i];
        expect_done(import_text(bench, bytes, sizeof bytes), &bench->err);
        assert_string_equal(bench->import->spec.name, "lab");
        assert_int_equal(bench->import->spec.cpus, 2);
    }
}

static void deep_and_endless_scripts_end(void **state)
{
    static const char *const pieces[] = {"@{a=", "@{", "\"", "((", "<#", "`", "@'\n"};
    struct bench *bench = *state;
    char *text = malloc(SCRIPT_BYTES + 1);

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t length = strlen(pieces[i]);

        for (size_t at = 0; at + length <= SCRIPT_BYTES; at += length)
            memcpy(text + at, pieces[i], length);
        assert_false(import_text(bench, text, SCRIPT_BYTES - 3));
    }
    assert_false(import_text(bench, text, SCRIPT_BYTES + 1));
    assert_int_equal(bench->err.message, TEXT_SETUP_IMPORT_LARGE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_schema_is_the_one_of_the_program),
        cmocka_unit_test(schema_is_described),
        cmocka_unit_test(program_and_schema_take_and_refuse_the_same),
        cmocka_unit_test(unknown_field_is_refused_with_its_path_and_the_nearest_name),
        cmocka_unit_test_setup_teardown(
            parameters_of_the_original_become_a_spec, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(
            password_is_nowhere_in_what_comes_out, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(parameters_of_forks_are_read, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(
            literals_are_read_as_powershell_reads_them, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(
            values_out_of_range_are_named_and_not_used, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(
            script_that_cannot_be_read_is_one_error, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(script_in_utf16_is_read, bench_open, bench_close),
        cmocka_unit_test_setup_teardown(deep_and_endless_scripts_end, bench_open, bench_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
