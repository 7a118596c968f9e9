/*
 * Every repair of the table fails safely on Windows' ports, in the guest of repair_faults.sh: it
 * says so, nobody is signed out or left in front of a black screen, nothing is left to be taken
 * back, and when the cause of the failure is gone the same repair mends it. Started as its own
 * helper this program serves the displays or opens an encoder, as the agent does.
 */
#include "tests/support/support.h"
#include "tests/wine/repair_cases_win32.h"

#include "guest/engine_core.h"
#include "guest/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA    "C:\\ProgramData\\gpupv-agent"
#define JOURNAL DATA "\\journal"
#define MEND_MS 20000
/* what checks look at of others */
#define LOOKED_AT (CHECK_BIT(CHECK_PARSEC_INSTALLED) | CHECK_BIT(CHECK_GPU_PRESENT))
#define STEP_MS   200

static struct rig {
    struct machine *machine;
    struct parsec *parsec;
    struct engine *engine;
} rig;

static void must(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s (%ld)", err_message(err, TEXT_EN, text, sizeof text), (long)err->code);
}

static int open_rig(void **state)
{
    struct err err = ERR_INIT, damage = ERR_INIT;
    struct engine_setup setup = {.journal_path = JOURNAL};

    (void)state;
    must(machine_open_system(&rig.machine, &err), &err);
    must(parsec_open(rig.machine, DATA, clock_system(), &rig.parsec, &err), &err);
    setup.machine = rig.machine;
    setup.parsec = rig.parsec;
    must(engine_open(&setup, &rig.engine, &damage, &err), &err);
    profile_init(&rig.engine->profile);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    engine_free(rig.engine);
    parsec_close(rig.parsec);
    machine_free(rig.machine);
    return 0;
}

/* ---- one case ---- */

/* Only the check and what it looks at of others; the console's hangs on all of them. */
static const struct finding *look(const struct repair_case *row)
{
    enum check_id check = cause_row(row->cause)->check;
    struct check_context context = engine_check_context(rig.engine);
    struct findings *findings = &rig.engine->findings;

    if (check == CHECK_DISPLAY_HYPERV_VIDEO) {
        engine_observe(rig.engine, CHECK_COUNT);
        return &findings->checks[check];
    }
    facts_read(rig.machine, &findings->facts);
    parsec_observe(rig.parsec, &rig.engine->profile, &findings->facts);
    check_run(&context, CHECK_BIT(check) | LOOKED_AT);
    return &findings->checks[check];
}

static void set_faults(const struct repair_case *row, bool on)
{
    for (size_t i = 0; i < CASE_FAULTS; i++)
        case_set(&row->faults[i], on);
    if (row->fault)
        row->fault(on);
}

static bool apply(const struct repair_case *row, struct err *err)
{
    struct check_context check = engine_check_context(rig.engine);
    struct repair_context context = {.check = &check,
                                     .journal = rig.engine->journal,
                                     .repair = row->repair,
                                     .cause = row->cause};
    bool reboot = false;
    bool ok = repair_row(row->repair)->apply(&context, &reboot, err);

    engine_drop_undos(rig.engine, row->repair);
    return ok;
}

/* Nothing waits to be taken back at the next start. */
static void nothing_is_half_done(void)
{
    const struct journal_state *state = journal_state(rig.engine->journal);

    for (size_t i = 0; i < JOURNAL_UNDOS; i++)
        if (state->undos[i].repair != REPAIR_NONE)
            assert_int_equal(state->undos[i].life, UNDO_AT_RELEASE);
}

/* A console that was dark before may be so after a failure, and none becomes so by one. */
static bool picture_is_there(void)
{
    char instance[DEVICE_ID_BYTES];
    enum video_state video = VIDEO_UNKNOWN;

    return device_video_look(rig.machine->devices, &video, instance, NULL) &&
           video == VIDEO_ENABLED;
}

static void fails(const struct repair_case *row)
{
    bool picture = picture_is_there(), ok;
    struct repair_guard guard = {0};
    struct err err = ERR_INIT;
    char text[512];

    repair_guard_take(rig.machine, &guard);
    assert_true(guard.known);
    set_faults(row, true);
    ok = apply(row, &err);
    assert_int_equal(ok, row->fails != FAILS_WITH_ERROR);
    if (!ok) {
        assert_true(err_is_set(&err));
        assert_true(err_message(&err, TEXT_EN, text, sizeof text)[0] != 0);
        print_message("    %s: %s\n", repair_row(row->repair)->name, text);
    }
    if (row->fails != FAILS_NOT && !row->any)
        assert_int_not_equal(look(row)->status, STATUS_OK);
    if (row->fails != FAILS_NOT && row->mended && !row->any)
        assert_false(row->mended(rig.machine, row));
    if (!row->no_guard)
        must(repair_guard_check(rig.machine, &guard, &err), &err);
    assert_true(!picture || picture_is_there());
    nothing_is_half_done();
    set_faults(row, false);
}

static bool is_mended(const struct repair_case *row)
{
    enum check_status status;

    if (row->mended)
        return row->mended(rig.machine, row);
    status = look(row)->status;
    return status == STATUS_OK || status == STATUS_OFF;
}

static void works_then(const struct repair_case *row)
{
    int64_t end_ms = clock_now_ms(clock_system()) + MEND_MS;
    struct err err = ERR_INIT;

    must(apply(row, &err), &err);
    while (!is_mended(row)) {
        if (clock_now_ms(clock_system()) >= end_ms)
            fail_msg("%s: not mended", repair_row(row->repair)->name);
        clock_sleep_ms(clock_system(), STEP_MS);
    }
    nothing_is_half_done();
}

static void a_repair_fails_safely(void **state)
{
    const struct repair_case *row = *state;

    rig.engine->profile.display.strategy =
        row->hold ? PROFILE_STRATEGY_HOLD : PROFILE_STRATEGY_PARSEC;
    rig.engine->profile.parsec.run_as_admin = row->as_admin;
    if (row->drift)
        row->drift(rig.machine, row);
    if (!row->any)
        assert_string_equal(cause_row(look(row)->cause)->name, cause_row(row->cause)->name);
    fails(row);
    works_then(row);
}

/* ---- all of them ---- */

static void every_repair_has_a_case(void **state)
{
    (void)state;
    for (int id = REPAIR_NONE + 1; id < REPAIR_COUNT; id++) {
        bool found = !repair_row((enum repair_id)id)->apply; /* only ever taken back */

        for (size_t i = 0; i < repair_case_count; i++)
            found = found || repair_cases[i].repair == (enum repair_id)id;
        if (!found)
            fail_msg("no case shows that %s fails safely", repair_row((enum repair_id)id)->name);
    }
}

int main(int argc, char **argv)
{
    struct CMUnitTest *tests = NULL;
    int failed;

    if (argc == 3 && strcmp(argv[1], MACHINE_SESSION_HELPER) == 0)
        return machine_session_helper(argv[2]);
    if (argc == 2 && strcmp(argv[1], MACHINE_ENCODE_PROBE) == 0)
        return machine_encode_probe();
    tests = calloc(repair_case_count + 1, sizeof *tests);
    if (!tests)
        return 1;
    for (size_t i = 0; i < repair_case_count; i++)
        tests[i] = (struct CMUnitTest){.name = repair_row(repair_cases[i].repair)->name,
                                       .test_func = a_repair_fails_safely,
                                       .initial_state = (void *)(uintptr_t)&repair_cases[i]};
    tests[repair_case_count] = (struct CMUnitTest){.name = "every_repair_has_a_case",
                                                   .test_func = every_repair_has_a_case};
    failed = _cmocka_run_group_tests("repairs", tests, repair_case_count + 1, open_rig, close_rig);
    free(tests);
    return failed;
}
