/* Checksums and GUIDs of disk formats against published values. */
#include "tests/support/expect.h"

#include "host/image/crc.h"
#include "host/image/guid.h"

#include <string.h>

/* The check values of the catalogue of CRC algorithms: the sum of "123456789". */
static void checksums_have_their_published_values(void **state)
{
    static const char digits[] = "123456789";

    (void)state;
    assert_int_equal(crc32_ieee(0, digits, 9), 0xcbf43926);
    assert_int_equal(crc32_castagnoli(0, digits, 9), 0xe3069283);
    assert_int_equal(crc16_udf(0, digits, 9), 0x31c3);
    assert_int_equal(crc32_ieee(0, "", 0), 0);
}

static void sums_can_be_made_in_pieces(void **state)
{
    static const char text[] = "the quick brown fox";
    const size_t length = sizeof text - 1;

    (void)state;
    for (size_t cut = 0; cut <= length; cut++) {
        assert_int_equal(crc32_ieee(crc32_ieee(0, text, cut), text + cut, length - cut),
                         crc32_ieee(0, text, length));
        assert_int_equal(crc32_castagnoli(crc32_castagnoli(0, text, cut), text + cut, length - cut),
                         crc32_castagnoli(0, text, length));
        assert_int_equal(crc16_udf(crc16_udf(0, text, cut), text + cut, length - cut),
                         crc16_udf(0, text, length));
    }
}

/* The type of an ESP as the UEFI specification prints it, and its bytes as a disk has them. */
static void guid_has_its_first_fields_little_endian(void **state)
{
    static const uint8_t bytes[] = {0x28,
                                    0x73,
                                    0x2a,
                                    0xc1,
                                    0x1f,
                                    0xf8,
                                    0xd2,
                                    0x11,
                                    0xba,
                                    0x4b,
                                    0x00,
                                    0xa0,
                                    0xc9,
                                    0x3e,
                                    0xc9,
                                    0x3b};
    char text[GUID_TEXT_BYTES];
    struct guid guid;

    (void)state;
    assert_true(guid_parse("{C12A7328-F81F-11D2-BA4B-00A0C93EC93B}", &guid));
    assert_memory_equal(guid.bytes, bytes, sizeof bytes);
    assert_string_equal(guid_text(&guid, text), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    assert_true(guid_is(&guid, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"));
    assert_false(guid_is_zero(&guid));
    assert_false(guid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93", &guid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_have_their_published_values),
        cmocka_unit_test(sums_can_be_made_in_pieces),
        cmocka_unit_test(guid_has_its_first_fields_little_endian),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
