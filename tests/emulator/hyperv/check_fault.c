/* Jobs, faults, and several programs at once: hyperv-wmi.md §4, §22; settings of README.md. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "Msvm_VirtualSystemManagementService"

static IWbemClassObject *define_input(IWbemServices *services, const char *name)
{
    IWbemClassObject *in = client_input(services, SERVICE, "DefineSystem");
    char text[512];

    snprintf(text,
             sizeof(text),
             "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY NAME=\"ElementName\" "
             "TYPE=\"string\"><VALUE>%s</VALUE></PROPERTY></INSTANCE>",
             name);
    object_put(in, L"SystemSettings", value_text(text));
    return in;
}

static LONG define(IWbemServices *services, const char *name, IWbemClassObject **ret_out)
{
    IWbemClassObject *in = define_input(services, name);

    assert_result(client_call(services, management(services), "DefineSystem", in, ret_out), S_OK);
    IWbemClassObject_Release(in);
    return object_long(*ret_out, L"ReturnValue");
}

static size_t count_named(IWbemServices *services, const char *name)
{
    char query[256];

    snprintf(
        query, sizeof(query), "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='%s'", name);
    return client_count(services, query);
}

static void both_ways_of_answering_can_be_had(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *out;

    (void)state;
    emulator_set("jobs", "DefineSystem", 0);
    assert_int_equal(define(services, "at once", &out), 0);
    assert_non_null(object_string(out, L"ResultingSystem"));
    assert_null(object_string(out, L"Job"));
    IWbemClassObject_Release(out);
    emulator_set("jobs", "DefineSystem", 1);
    assert_int_equal(define(services, "by a job", &out), 4096);
    assert_null(object_string(out, L"ResultingSystem"));
    assert_non_null(object_string(out, L"Job"));
    IWbemClassObject_Release(out);
    emulator_set("jobs", "DefineSystem", 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(define(services, "in turns", &out), i ? 4096 : 0);
        IWbemClassObject_Release(out);
    }
    emulator_unset("jobs", "DefineSystem");
    IWbemServices_Release(services);
}

static void a_job_goes_through_its_states(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *out, *job;
    const char *path, *made;
    char query[1024];
    LONG seen = 0;

    (void)state;
    emulator_set("jobs", "DefineSystem", 1);
    emulator_set("jobs", "MsDefineSystem", 200);
    assert_int_equal(define(services, "slow", &out), 4096);
    path = object_string(out, L"Job");
    IWbemClassObject_Release(out);
    for (int i = 0; i < 100 && seen != 7; i++, Sleep(10)) {
        assert_result(client_get(services, path, &job), S_OK);
        assert_true(object_long(job, L"JobState") >= seen);
        seen = object_long(job, L"JobState");
        assert_true(seen == 3 || seen == 4 || seen == 7);
        assert_true(seen == 7 || object_long(job, L"PercentComplete") < 100);
        IWbemClassObject_Release(job);
    }
    assert_int_equal(seen, 7);
    snprintf(
        query, sizeof(query), "ASSOCIATORS OF {%s} WHERE AssocClass=Msvm_AffectedJobElement", path);
    job = client_one(services, query);
    made = object_string(job, L"ElementName");
    assert_string_equal(made, "slow");
    IWbemClassObject_Release(job);
    emulator_unset("jobs", "DefineSystem");
    emulator_unset("jobs", "MsDefineSystem");
    IWbemServices_Release(services);
}

static void a_finished_job_is_forgotten(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *out, *job;
    const char *path;

    (void)state;
    emulator_set("jobs", "DefineSystem", 1);
    emulator_set("", "JobKeepMs", 50);
    assert_int_equal(define(services, "forgotten", &out), 4096);
    path = object_string(out, L"Job");
    IWbemClassObject_Release(out);
    Sleep(100);
    client_count(services, "SELECT * FROM Msvm_ConcreteJob");
    Sleep(100);
    assert_result(client_get(services, path, &job), WBEM_E_NOT_FOUND);
    assert_int_equal(count_named(services, "forgotten"), 1);
    emulator_unset("", "JobKeepMs");
    emulator_unset("jobs", "DefineSystem");
    IWbemServices_Release(services);
}

static void a_failed_job_says_why(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *out, *job;
    const char *path, *error;
    struct outcome outcome;

    (void)state;
    emulator_set("jobfault", "DefineSystem", 32768);
    outcome = client_do(services,
                        management(services),
                        SERVICE,
                        "DefineSystem",
                        define_input(services, "failed"),
                        &out);
    assert_int_equal(outcome.value, 4096);
    assert_int_equal(outcome.state, 10);
    assert_int_equal(outcome.error, 32768);
    path = object_string(out, L"Job");
    IWbemClassObject_Release(out);
    emulator_unset("jobfault", "DefineSystem");
    assert_result(client_get(services, path, &job), S_OK);
    assert_non_null(object_string(job, L"ErrorDescription"));
    IWbemClassObject_Release(job);
    assert_result(client_call(services, path, "GetErrorEx", NULL, &out), S_OK);
    error = object_element(out, L"Errors", 0);
    assert_non_null(strstr(error, "<INSTANCE CLASSNAME=\"Msvm_Error\">"));
    IWbemClassObject_Release(out);
    assert_int_equal(count_named(services, "failed"), 0);
    IWbemServices_Release(services);
}

static void calls_fail_by_number(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *path = management(services);
    IWbemClassObject *in = define_input(services, "numbered"), *out;
    struct objects found;

    (void)state;
    emulator_set("", "Calls", 0);
    emulator_set("", "FailCall", 3);
    emulator_set("", "FailCode", 32775);
    /* the query is call 1, its first Next call 2 */
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_Keyboard"), 0);
    assert_result(client_call(services, path, "DefineSystem", in, &out), S_OK);
    assert_int_equal(object_long(out, L"ReturnValue"), 32775);
    IWbemClassObject_Release(out);
    assert_int_equal(count_named(services, "numbered"), 0);
    emulator_set("", "Calls", 0);
    emulator_set("", "FailCall", 1);
    emulator_set("", "FailCode", 0x800706BA);
    assert_result(client_query(services, "SELECT * FROM Msvm_ComputerSystem", &found), 0x800706BA);
    emulator_unset("", "FailCall");
    emulator_unset("", "FailCode");
    IWbemClassObject_Release(in);
    IWbemServices_Release(services);
}

static void calls_fail_by_name(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *in = define_input(services, "named"), *out;
    const char *path = management(services);

    (void)state;
    emulator_set("fault", "DefineSystem", 0x80041033);
    emulator_set("fault", "TimesDefineSystem", 1);
    assert_result(client_call(services, path, "DefineSystem", in, &out), 0x80041033);
    assert_result(client_call(services, path, "DefineSystem", in, &out), S_OK);
    IWbemClassObject_Release(out);
    emulator_unset("fault", "DefineSystem");
    emulator_unset("fault", "TimesDefineSystem");
    assert_int_equal(count_named(services, "named"), 1);
    IWbemClassObject_Release(in);
    IWbemServices_Release(services);
}

static void work_fails_by_number_and_leaves_nothing(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    struct outcome outcome;
    size_t before = client_count(services, "SELECT * FROM CIM_SettingData");

    (void)state;
    emulator_set("", "Works", 0);
    emulator_set("", "FailJob", 1);
    emulator_set("", "FailJobCode", 32778);
    outcome = client_do(services,
                        management(services),
                        SERVICE,
                        "DefineSystem",
                        define_input(services, "worked"),
                        NULL);
    assert_int_equal(outcome.error, 32778);
    emulator_unset("", "FailJob");
    emulator_unset("", "FailJobCode");
    assert_int_equal(client_count(services, "SELECT * FROM CIM_SettingData"), before);
    IWbemServices_Release(services);
}

static void vmms_forgets_its_jobs_when_it_dies(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *out, *job;
    const char *path;
    struct objects found;

    (void)state;
    emulator_set("jobs", "DefineSystem", 1);
    emulator_set("jobs", "MsDefineSystem", 60000);
    assert_int_equal(define(services, "lost", &out), 4096);
    path = object_string(out, L"Job");
    IWbemClassObject_Release(out);
    emulator_set("", "Calls", 0);
    emulator_set("", "RestartMs", 1500);
    emulator_set("", "RestartCall", 1);
    assert_result(client_query(services, "SELECT * FROM Msvm_ComputerSystem", &found), S_OK);
    assert_int_equal(found.count, 0);
    emulator_unset("", "RestartCall");
    Sleep(1600);
    assert_result(client_get(services, path, &job), WBEM_E_NOT_FOUND);
    assert_int_equal(count_named(services, "lost"), 0);
    emulator_unset("jobs", "DefineSystem");
    emulator_unset("jobs", "MsDefineSystem");
    IWbemServices_Release(services);
}

/* The rows of several programs at once: each makes machines of its own name. */
static void programs_share_one_machine(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    char self[MAX_PATH], command[MAX_PATH + 16];
    PROCESS_INFORMATION others[3];
    DWORD code;

    (void)state;
    GetModuleFileNameA(NULL, self, sizeof(self));
    for (size_t i = 0; i < 3; i++) {
        STARTUPINFOA startup = {.cb = sizeof(startup)};

        snprintf(command, sizeof(command), "\"%s\" share", self);
        assert_true(
            CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &others[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(WaitForSingleObject(others[i].hProcess, 30000), WAIT_OBJECT_0);
        assert_true(GetExitCodeProcess(others[i].hProcess, &code));
        assert_int_equal(code, 0);
        CloseHandle(others[i].hThread);
        CloseHandle(others[i].hProcess);
    }
    assert_int_equal(count_named(services, "shared"), 9);
    IWbemServices_Release(services);
}

static void makes_three(void **state)
{
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_non_null(machine_make(services, "shared"));
    IWbemServices_Release(services);
}

int check_share(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(makes_three)};

    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}

int check_fault(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_of_answering_can_be_had),
        cmocka_unit_test(a_job_goes_through_its_states),
        cmocka_unit_test(a_finished_job_is_forgotten),
        cmocka_unit_test(a_failed_job_says_why),
        cmocka_unit_test(calls_fail_by_number),
        cmocka_unit_test(calls_fail_by_name),
        cmocka_unit_test(work_fails_by_number_and_leaves_nothing),
        cmocka_unit_test(vmms_forgets_its_jobs_when_it_dies),
        cmocka_unit_test(programs_share_one_machine),
    };

    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
