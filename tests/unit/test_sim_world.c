/* World files: what can be read, what is refused and how clearly, and that writing loses nothing.
 */
#include "tests/support/support.h"

#include "common/json.h"
#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/world_json.h"
#include "guest/machine/sim/worlds.h"

#include <stdlib.h>
#include <string.h>

static struct world *new_world(void)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world_init(world);
    return world;
}

static void free_world(struct world *world)
{
    world_done(world);
    free(world);
}

struct bad_row {
    const char *name, *json, *sentence;
};

static const struct bad_row bad_rows[] = {
    {"empty", "", "this is not valid JSON at line 1, column 1"},
    {"truncated",
     "{\"devices\": [{\"instance\": \"A\",",
     "this is not valid JSON at line 1, column 31"},
    {"not an object", "[1]", "the field (top) must be of the type object"},
    {"unknown field",
     "{\"devicez\": []}",
     "the field devicez is not known; the nearest known one is devices"},
    {"unknown nested field",
     "{\"devices\": [{\"instance\":\"A\",\"hardware_id\":\"B\"},"
     "{\"instance\":\"C\",\"hardware_id\":\"B\",\"presentt\":true}]}",
     "the field devices[1].presentt is not known; the nearest known one is present"},
    {"wrong type",
     "{\"devices\": [{\"instance\":\"A\",\"hardware_id\":\"B\",\"present\":\"yes\"}]}",
     "the field devices[0].present must be of the type boolean"},
    {"number for text",
     "{\"system\": {\"computer\": 7}}",
     "the field system.computer must be of the type string"},
    {"list for object", "{\"gpu\": []}", "the field gpu must be of the type object"},
    {"text in a list of objects",
     "{\"services\": [\"Parsec\"]}",
     "the field services[0] must be of the type object"},
    {"number in a list of texts",
     "{\"gpu\": {\"files\": [1]}}",
     "the field gpu.files[0] must be of the type string"},
    {"missing required",
     "{\"devices\": [{\"hardware_id\":\"B\"}]}",
     "the field devices[0].instance is missing"},
    {"out of range", "{\"scale\": 0}", "the field scale must be between 1 and 10000"},
    {"negative seconds",
     "{\"system\": {\"setup_s\": -1}}",
     "the field system.setup_s must be between 0 and 604800"},
    {"unknown choice",
     "{\"parsec\": {\"plan\": \"gold\"}}",
     "the field parsec.plan has the unknown value gold; possible are free, warp, teams"},
    {"too long",
     "{\"system\": {\"computer\": \"0123456789012345678901234567890123456789\"}}",
     "the field system.computer is longer than 31 bytes"},
    {"fault of an unknown operation",
     "{\"faults\": [{\"port\":\"services\",\"op\":\"explode\",\"do\":\"fail\"}]}",
     "faults[0]: explode does not exist, or occurs twice"},
    {"drift of an unknown key",
     "{\"drifts\": [{\"key\":\"display.colour\",\"value\":\"red\"}]}",
     "drifts[0]: display.colour does not exist, or occurs twice"},
    {"two devices of one instance",
     "{\"devices\": [{\"instance\":\"A\",\"hardware_id\":\"B\"},"
     "{\"instance\":\"a\",\"hardware_id\":\"B\"}]}",
     "devices[1]: a does not exist, or occurs twice"},
    {"unknown file root",
     "{\"files\": {\"windows\": {}}}",
     "files[0]: windows does not exist, or occurs twice"},
    {"file name that climbs",
     "{\"files\": {\"easy_gpu\": {\"../x\": \"\"}}}",
     "files.easy_gpu.../x is not a file name that the simulated disk takes"},
    {"file that is a number",
     "{\"files\": {\"easy_gpu\": {\"x\": 1}}}",
     "the field files.easy_gpu.x must be of the type string"},
};

static void bad_worlds_give_one_error_with_the_path_of_the_field(void **state)
{
    char sentence[512];

    (void)state;
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        struct world *world = new_world();
        struct err err = ERR_INIT;
        const struct bad_row *row = &bad_rows[i];

        world->generation = 77;
        if (world_parse(row->json, strlen(row->json), true, world, &err))
            fail_msg("%s was accepted", row->name);
        err_message(&err, TEXT_EN, sentence, sizeof(sentence));
        if (strcmp(sentence, row->sentence) != 0)
            fail_msg("%s: %s", row->name, sentence);
        assert_int_equal(world->generation, 77);
        free_world(world);
    }
}

static void a_list_above_its_limit_is_refused(void **state)
{
    struct world *world = new_world();
    struct err err = ERR_INIT;
    struct buf text;

    (void)state;
    buf_init(&text, 65536);
    buf_puts(&text, "{\"tasks\": [");
    for (int i = 0; i <= WORLD_TASKS; i++)
        buf_printf(&text, "%s{\"name\": \"t%d\"}", i ? "," : "", i);
    buf_puts(&text, "]}");
    assert_false(world_parse(buf_str(&text), text.len, true, world, &err));
    assert_int_equal(err.message, TEXT_SIM_LIST_FULL);
    assert_string_equal(err.args[0], "tasks");
    buf_done(&text);
    free_world(world);
}

static void files_are_refused_where_they_lie_on_the_disk(void **state)
{
    static const char json[] = "{\"files\": {}}";
    struct world *world = new_world();
    struct err err = ERR_INIT;

    (void)state;
    assert_false(world_parse(json, strlen(json), false, world, &err));
    assert_string_equal(err.args[0], "files");
    free_world(world);
}

static void every_built_in_world_can_be_read_and_survives_writing(void **state)
{
    (void)state;
    for (size_t i = 0; worlds_names[i]; i++) {
        struct world *world = new_world(), *again = new_world();
        struct err err = ERR_INIT;
        char sentence[512];
        struct buf one, two;

        buf_init(&one, json_limits_file.bytes);
        buf_init(&two, json_limits_file.bytes);
        if (!worlds_load(worlds_names[i], 1, world, &err))
            fail_msg("%s: %s", worlds_names[i], err_message(&err, TEXT_EN, sentence, 512));
        assert_true(world_print(world, &one, NULL));
        assert_true(world_parse(buf_str(&one), one.len, false, again, &err));
        assert_true(world_print(again, &two, NULL));
        assert_string_equal(buf_str(&one), buf_str(&two));
        buf_done(&one);
        buf_done(&two);
        free_world(world);
        free_world(again);
    }
}

static void an_unknown_world_is_refused_with_all_names(void **state)
{
    struct world *world = new_world();
    struct err err = ERR_INIT;

    (void)state;
    assert_false(worlds_load("frehs", 1, world, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_non_null(strstr(err.args[1], "fresh-unsigned"));
    free_world(world);
}

static void a_copy_does_not_follow_the_original(void **state)
{
    struct world *world = new_world(), *copy = new_world();
    size_t length;

    (void)state;
    assert_true(worlds_load("healthy", 1, world, NULL));
    world_copy(copy, world);
    assert_true(world_file_put(world, ROOT_PARSEC_SHARED, "config.txt", "x", 1, 5));
    world_remove_device(world, &world->devices[0]);
    (void)world_file_data(world_file(copy, ROOT_PARSEC_SHARED, "config.txt"), &length);
    assert_true(length > 100);
    assert_int_equal(copy->device_count, world->device_count + 1);
    free_world(world);
    free_world(copy);
}

static void keys_are_unique_and_take_each_of_their_values(void **state)
{
    (void)state;
    for (size_t i = 0; edit_key(i); i++) {
        const struct edit_key *key = edit_key(i);
        char value[64];

        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(key->key, edit_key(j)->key);
        if (key->values[0] == '<')
            continue;
        for (const char *at = key->values; *at;
             at += at[strlen(value)] ? strlen(value) + 1 : strlen(value)) {
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "|"), at);
            assert_true(edit_known(key->key, value));
        }
        assert_false(edit_known(key->key, "nonsense"));
        assert_false(edit_known(key->key, ""));
    }
    assert_false(edit_known("display", "ok"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_worlds_give_one_error_with_the_path_of_the_field),
        cmocka_unit_test(a_list_above_its_limit_is_refused),
        cmocka_unit_test(files_are_refused_where_they_lie_on_the_disk),
        cmocka_unit_test(every_built_in_world_can_be_read_and_survives_writing),
        cmocka_unit_test(an_unknown_world_is_refused_with_all_names),
        cmocka_unit_test(a_copy_does_not_follow_the_original),
        cmocka_unit_test(keys_are_unique_and_take_each_of_their_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
