/* Contract of the port of the registry. */
#include "tests/unit/contract/contract.h"

#include <string.h>

#define KEY "HKLM\\SOFTWARE\\gpupv-contract-test"

static struct registry_value get(struct contract *contract, const char *key, const char *name)
{
    struct registry_port *port = contract->machine->registry;
    struct registry_value value;

    assert_true(port->ops->get(port, key, name, &value, NULL));
    return value;
}

static void set(struct contract *contract,
                const char *key,
                const char *name,
                enum registry_type type,
                uint32_t dword,
                const char *text)
{
    struct registry_port *port = contract->machine->registry;
    struct registry_value value = {.type = type, .dword = dword};

    text_copy(value.text, sizeof(value.text), text);
    assert_true(port->ops->set(port, key, name, &value, NULL));
}

static void a_missing_key_or_value_reads_as_absent(void **state)
{
    struct contract *contract = contract_looking(state);

    assert_int_equal(get(contract, "HKLM\\SOFTWARE\\NoSuchKey", "x").type, REGISTRY_ABSENT);
    assert_int_equal(get(contract, "HKLM\\SOFTWARE", "no such value").type, REGISTRY_ABSENT);
}

static void each_type_is_read_back_as_it_was_written(void **state)
{
    struct contract *contract = contract_acting(state);

    set(contract, KEY, "number", REGISTRY_DWORD, 0xfedcba98u, "");
    set(contract, KEY, "text", REGISTRY_STRING, 0, "gr\xc3\xbc\xc3\x9f dich");
    set(contract, KEY, "list", REGISTRY_MULTI, 0, "one\ntwo");
    assert_int_equal(get(contract, KEY, "number").type, REGISTRY_DWORD);
    assert_int_equal(get(contract, KEY, "number").dword, 0xfedcba98u);
    assert_string_equal(get(contract, KEY, "text").text, "gr\xc3\xbc\xc3\x9f dich");
    assert_int_equal(get(contract, KEY, "list").type, REGISTRY_MULTI);
    assert_string_equal(get(contract, KEY, "list").text, "one\ntwo");
}

static void writing_replaces_value_and_type(void **state)
{
    struct contract *contract = contract_acting(state);

    set(contract, KEY, "x", REGISTRY_STRING, 0, "old");
    set(contract, KEY, "x", REGISTRY_DWORD, 7, "");
    assert_int_equal(get(contract, KEY, "x").type, REGISTRY_DWORD);
    assert_int_equal(get(contract, KEY, "x").dword, 7);
}

static void writing_absent_deletes_and_deleting_again_is_fine(void **state)
{
    struct contract *contract = contract_acting(state);

    set(contract, KEY, "x", REGISTRY_DWORD, 7, "");
    set(contract, KEY, "x", REGISTRY_ABSENT, 0, "");
    set(contract, KEY, "x", REGISTRY_ABSENT, 0, "");
    assert_int_equal(get(contract, KEY, "x").type, REGISTRY_ABSENT);
}

static void names_compare_without_case(void **state)
{
    struct contract *contract = contract_acting(state);

    set(contract, KEY, "Value", REGISTRY_DWORD, 7, "");
    assert_int_equal(get(contract, "hklm\\software\\GPUPV-contract-test", "vALUE").dword, 7);
}

static void the_32_bit_view_is_another_place(void **state)
{
    struct contract *contract = contract_acting(state);

    set(contract, "HKLM32\\SOFTWARE\\gpupv-contract-test", "x", REGISTRY_DWORD, 32, "");
    set(contract, KEY, "x", REGISTRY_DWORD, 64, "");
    assert_int_equal(get(contract, "HKLM32\\SOFTWARE\\gpupv-contract-test", "x").dword, 32);
    assert_int_equal(get(contract, KEY, "x").dword, 64);
    assert_int_equal(get(contract, "HKLM\\SOFTWARE\\WOW6432Node\\gpupv-contract-test", "x").dword,
                     32);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_key_or_value_reads_as_absent),
    cmocka_unit_test(each_type_is_read_back_as_it_was_written),
    cmocka_unit_test(writing_replaces_value_and_type),
    cmocka_unit_test(writing_absent_deletes_and_deleting_again_is_fine),
    cmocka_unit_test(names_compare_without_case),
    cmocka_unit_test(the_32_bit_view_is_another_place),
};

const struct contract_tests contract_registry = {
    "registry", tests, sizeof(tests) / sizeof(tests[0])};
