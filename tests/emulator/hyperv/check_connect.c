/* Connecting, rights and the service itself: hyperv-wmi.md §1, §21, §22. */
#include "check.h"

static void a_connection_without_a_blanket_is_of_no_use(void **state)
{
    IWbemServices *services;
    struct objects found;

    (void)state;
    assert_int_equal(client_connect(HYPERV, &services), S_OK);
    assert_result(client_query(services, "SELECT * FROM Msvm_ComputerSystem", &found),
                  WBEM_E_ACCESS_DENIED);
    assert_int_equal(client_blanket(services), S_OK);
    assert_int_equal(client_query(services, "SELECT * FROM Msvm_ComputerSystem", &found), S_OK);
    objects_done(&found);
    IWbemServices_Release(services);
}

int check_connect(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_without_a_blanket_is_of_no_use),
    };

    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
