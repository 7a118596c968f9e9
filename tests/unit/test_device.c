/* Devices on the simulated machine: problems told apart, and repairs that stop a device in use. */
#include "tests/support/support.h"

#include "tests/support/parsec_bench.h"

static const struct finding *look(struct bench *bench)
{
    (void)bench_check(bench, CHECK_GPU_PRESENT);
    return bench_check(bench, CHECK_GPU_STATUS);
}

static void problems_of_the_gpu_are_told_apart(void **state)
{
    static const struct {
        const char *edit;
        enum cause cause;
    } rows[] = {
        {"gpu.status=ok", CAUSE_NONE},
        {"gpu.status=disabled", CAUSE_GPU_DISABLED},
        {"gpu.status=code43", CAUSE_GPU_FAILED},
        {"gpu.status=code31", CAUSE_GPU_FAILED},
        {"gpu.status=code10", CAUSE_GPU_NOT_STARTED},
        {"gpu.status=code12", CAUSE_GPU_CONFLICT},
    };
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_edit(&bench, rows[i].edit);
        if (look(&bench)->cause != rows[i].cause)
            fail_msg("%s: %s", rows[i].edit, cause_row(look(&bench)->cause)->name);
    }
    bench_close(&bench);
}

static void each_problem_of_the_gpu_says_what_to_do(void **state)
{
    static const enum cause causes[] = {
        CAUSE_GPU_FAILED, CAUSE_GPU_NOT_STARTED, CAUSE_GPU_CONFLICT, CAUSE_GPU_ABSENT};

    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(cause_row(causes[i])->hint, cause_row(causes[j])->hint);
}

static void a_failure_with_other_driver_files_is_another_one(void **state)
{
    struct bench bench;
    uint32_t before;

    (void)state;
    bench_open(&bench, "healthy");
    bench_edit(&bench, "gpu.status=code43");
    before = look(&bench)->detail;
    assert_int_equal(look(&bench)->detail, before);
    bench_edit(&bench, "gpu.driver=stale");
    assert_int_not_equal(look(&bench)->detail, before);
    bench_close(&bench);
}

/* Holds a monitor, as the engine does. */
static void hold(struct bench *bench)
{
    bool reboot = false;

    assert_true(bench_repair(bench, REPAIR_MONITOR_HOLD, &reboot, NULL));
}

static enum holder_state holder_state_of(struct bench *bench)
{
    struct holder_status status;

    holder_status(bench->parsec->holder, &status);
    return status.state;
}

static void repairs_of_the_adapter_let_go_of_it_first(void **state)
{
    static const enum repair_id repairs[] = {
        REPAIR_VDD_RESTART, REPAIR_VDD_BIND, REPAIR_VDD_TIDY, REPAIR_VDD_INSTALL};

    (void)state;
    for (size_t i = 0; i < sizeof repairs / sizeof repairs[0]; i++) {
        bool reboot = false;
        struct bench bench;

        bench_open(&bench, "healthy");
        bench_payloads(&bench);
        hold(&bench);
        assert_int_equal(holder_state_of(&bench), HOLDER_HOLDING);
        assert_true(bench_repair(&bench, repairs[i], &reboot, NULL));
        assert_int_equal(holder_state_of(&bench), HOLDER_OFF);
        hold(&bench);
        assert_int_equal(holder_state_of(&bench), HOLDER_HOLDING);
        bench_close(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_of_the_gpu_are_told_apart),
        cmocka_unit_test(each_problem_of_the_gpu_says_what_to_do),
        cmocka_unit_test(a_failure_with_other_driver_files_is_another_one),
        cmocka_unit_test(repairs_of_the_adapter_let_go_of_it_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
