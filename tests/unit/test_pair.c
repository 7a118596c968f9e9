/* Pairing codes: what a person may type, what is refused at the keyboard, what both sides derive.
 */
#include "tests/support/support.h"

#include "common/pair.h"

#include <ctype.h>
#include <string.h>

#define VM    "4f3c2a10-0000-4000-8000-00000000beef"
#define OTHER "4f3c2a10-0000-4000-8000-00000000bee0"

static void code_new_reads_back(void **state)
{
    char code[PAIR_CODE_BYTES], again[PAIR_CODE_BYTES];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_true(pair_code_new(code, NULL));
        assert_int_equal(strlen(code), PAIR_CODE_BYTES - 1);
        assert_true(pair_code_parse(code, again, NULL));
        assert_string_equal(code, again);
    }
}

static void codes_differ(void **state)
{
    char first[PAIR_CODE_BYTES], second[PAIR_CODE_BYTES];

    (void)state;
    assert_true(pair_code_new(first, NULL) && pair_code_new(second, NULL));
    assert_string_not_equal(first, second);
}

static void code_parse_forgives_how_people_write(void **state)
{
    static const char *const typed[] = {
        "0123-4567-89AB-CDE4",
        "0123456789ABCDE4",
        "0123 4567 89ab cde4",
        "oI23-4567-89ab-cde4",
        "OL23-4567-89ab-cde4",
        "  0123--4567-89AB-CDE4 ",
    };
    char code[PAIR_CODE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        assert_true(pair_code_parse(typed[i], code, NULL));
        assert_string_equal(code, "0123-4567-89AB-CDE4");
    }
}

static void code_parse_refuses_what_is_no_code(void **state)
{
    static const char *const typed[] = {
        "",
        "-",
        "0123-4567-89AB-CDE",   /* one short */
        "0123-4567-89AB-CDE48", /* one long */
        "0123-4567-89AB-CDE9",  /* check */
        "0123-4567-89AB-CEE4",  /* one letter wrong */
        "1023-4567-89AB-CDE4",  /* two swapped */
        "U123-4567-89AB-CDE4",  /* U is no letter of codes */
        "0123/4567/89AB/CDE4",
        "0123-4567-89AB-CDE4\n",
        "\xc3\x96"
        "123-4567-89AB-CDE4",
    };
    char code[PAIR_CODE_BYTES] = "untouched";

    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        struct err err = ERR_INIT;

        if (pair_code_parse(typed[i], code, &err))
            fail_msg("\"%s\" was taken", typed[i]);
        assert_int_equal(err.kind, ERR_USAGE);
        assert_true(err.hint != TEXT_NONE);
        assert_string_equal(code, "untouched");
    }
}

static void one_mistyped_letter_is_noticed(void **state)
{
    char code[PAIR_CODE_BYTES], wrong[PAIR_CODE_BYTES], read[PAIR_CODE_BYTES];
    unsigned missed = 0, tried = 0;

    (void)state;
    assert_true(pair_code_new(code, NULL));
    for (size_t at = 0; code[at]; at++) {
        for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c && isalnum(code[at]); c++) {
            strcpy(wrong, code);
            wrong[at] = *c;
            tried += *c != code[at];
            missed += *c != code[at] && pair_code_parse(wrong, read, NULL);
        }
    }
    assert_in_range(tried, 400, 600);
    assert_in_range(missed, 0, 15); /* 0 and Z look alike to a sum modulo 31 */
}

static void secret_depends_on_code_and_vm(void **state)
{
    uint8_t one[KEY_SECRET_BYTES], same[KEY_SECRET_BYTES], vm[KEY_SECRET_BYTES],
        code[KEY_SECRET_BYTES];

    (void)state;
    assert_true(pair_secret("0123-4567-89AB-CDE4", VM, one, NULL));
    assert_true(pair_secret("0123-4567-89AB-CDE4", VM, same, NULL));
    assert_true(pair_secret("0123-4567-89AB-CDE4", OTHER, vm, NULL));
    assert_true(pair_secret("0123-4567-89AB-CDFK", VM, code, NULL));
    assert_memory_equal(one, same, sizeof one);
    assert_memory_not_equal(one, vm, sizeof one);
    assert_memory_not_equal(one, code, sizeof one);
    assert_false(pair_secret("0123-4567-89AB-CDE4", "no vm", one, NULL));
}

static void identity_names_the_vm_and_is_no_key(void **state)
{
    static const char *const others[] = {
        "pair:", "pair:1", "pair:" VM "x", VM ":1", "Pair:" VM, ""};
    char identity[KEY_IDENTITY_BYTES], vm[KEY_VM_BYTES];

    (void)state;
    assert_string_equal(pair_identity(VM, identity), "pair:" VM);
    assert_true(pair_identity_vm(identity, vm));
    assert_string_equal(vm, VM);
    assert_int_equal(key_identity_generation(identity), 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(pair_identity_vm(others[i], vm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_new_reads_back),
        cmocka_unit_test(codes_differ),
        cmocka_unit_test(code_parse_forgives_how_people_write),
        cmocka_unit_test(code_parse_refuses_what_is_no_code),
        cmocka_unit_test(one_mistyped_letter_is_noticed),
        cmocka_unit_test(secret_depends_on_code_and_vm),
        cmocka_unit_test(identity_names_the_vm_and_is_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
