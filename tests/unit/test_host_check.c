/*
 * The computer, the ledger of its changes, and what is said of it. With the argument `settings` the
 * real computer's registry is written too: only for a Wine prefix.
 */
#include "tests/support/expect.h"

#include "common/json.h"
#include "host/host_check.h"
#include "host/ledger.h"
#include "host/probes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool may_write; /* to the real computer */

/* ---- a computer that fails ---- */

struct fake {
    struct computer base;
    char value[COMPUTER_VALUE_BYTES];
    bool fails; /* set does nothing and says so */
    bool half;  /* set does it and fails all the same */
    unsigned writes;
};

static bool fake_get(struct computer *c, const char *setting, char *out, struct err *err)
{
    (void)setting;
    (void)err;
    text_copy(out, COMPUTER_VALUE_BYTES, ((struct fake *)c)->value);
    return true;
}

static bool fake_set(
    struct computer *c, const char *setting, const char *value, bool *ret_reboot, struct err *err)
{
    struct fake *fake = (struct fake *)c;

    (void)setting;
    fake->writes++;
    if (!fake->fails)
        text_copy(fake->value, sizeof fake->value, value);
    *ret_reboot = true;
    return (!fake->fails && !fake->half) ||
           err_set(err, ERR_FAILED, TEXT_SETUP_REGISTRY, "fake", NULL);
}

static void fake_free(struct computer *c)
{
    (void)c;
}

static const struct computer_ops fake_ops = {NULL, fake_get, fake_set, fake_free};

static struct ledger *open_ledger(const char *folder)
{
    struct ledger *ledger = NULL;

    DO(ledger_open(folder, &ledger, &do_err));
    return ledger;
}

static void change_is_written_down_and_taken_back(void **state)
{
    struct fake fake = {.base = {&fake_ops}, .value = "off"};
    struct ledger *ledger;
    bool changed = false, reboot = false;

    (void)state;
    support_folder("ledger");
    ledger = open_ledger("ledger");
    DO(ledger_change(ledger, &fake.base, COMPUTER_LAUNCH, "auto", &changed, &reboot, &do_err));
    assert_true(changed && reboot);
    ledger_free(ledger);
    ledger = open_ledger("ledger");
    assert_int_equal(ledger_count(ledger), 1);
    assert_string_equal(ledger_at(ledger, 0)->before, "off");
    assert_int_equal(ledger_at(ledger, 0)->state, LEDGER_DONE);
    /* what is so already is no change */
    DO(ledger_change(ledger, &fake.base, COMPUTER_LAUNCH, "auto", &changed, &reboot, &do_err));
    assert_false(changed);
    assert_int_equal(ledger_count(ledger), 1);
    DO(ledger_revert(ledger, &fake.base, 1, false, &reboot, &do_err));
    assert_string_equal(fake.value, "off");
    assert_int_equal(ledger_count(ledger), 0);
    ledger_free(ledger);
}

static void change_that_broke_off_is_taken_back_whether_it_happened_or_not(void **state)
{
    (void)state;
    for (int half = 0; half < 2; half++) {
        struct fake fake = {.base = {&fake_ops}, .value = "off", .fails = !half, .half = half};
        bool changed = false, reboot = false;
        struct err err = ERR_INIT;
        struct ledger *ledger;

        support_folder("broken");
        ledger = open_ledger("broken");
        assert_false(
            ledger_change(ledger, &fake.base, COMPUTER_LAUNCH, "auto", &changed, &reboot, &err));
        ledger_free(ledger);
        ledger = open_ledger("broken");
        assert_int_equal(ledger_at(ledger, 0)->state, LEDGER_BEGUN);
        fake.fails = fake.half = false;
        DO(ledger_revert(ledger, &fake.base, 1, false, &reboot, &do_err));
        assert_string_equal(fake.value, "off");
        assert_int_equal(ledger_count(ledger), 0);
        ledger_free(ledger);
    }
}

static void somebody_elses_change_is_not_overwritten(void **state)
{
    struct fake fake = {.base = {&fake_ops}, .value = "off"};
    bool changed = false, reboot = false;
    struct err err = ERR_INIT;
    struct ledger *ledger;

    (void)state;
    support_folder("others");
    ledger = open_ledger("others");
    DO(ledger_change(ledger, &fake.base, COMPUTER_LAUNCH, "auto", &changed, &reboot, &do_err));
    text_copy(fake.value, sizeof fake.value, "unset");
    assert_false(ledger_revert(ledger, &fake.base, 1, false, &reboot, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_int_equal(fake.writes, 1);
    assert_int_equal(ledger_count(ledger), 1);
    DO(ledger_revert(ledger, &fake.base, 1, true, &reboot, &do_err));
    assert_string_equal(fake.value, "off");
    assert_false(ledger_revert(ledger, &fake.base, 1, true, &reboot, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    ledger_free(ledger);
}

static void damaged_ledger_changes_nothing(void **state)
{
    static const char *const rows[] = {
        "",
        "{\"version\": 2}",
        "{\"version\": 1, \"changes\": [{}]}",
        "{\"version\": 1, \"changes\": [{\"number\": 1, \"setting\": \"x\", \"before\": \"a\", "
        "\"after\": \"b\", \"state\": \"strange\"}]}",
    };
    struct ledger *ledger = NULL;

    (void)state;
    support_folder("damaged");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        DO(fs_write_atomic("damaged/ledger.json", rows[i], strlen(rows[i]), FS_PRIVATE, &do_err));
        if (ledger_open("damaged", &ledger, NULL))
            fail_msg("%s was read", rows[i]);
    }
}

/* ---- one contract for every computer ---- */

static void keep_contract(struct computer *computer, bool writes)
{
    static const char *const settings[] = {COMPUTER_SECURE, COMPUTER_SUPPORTED, COMPUTER_AUTOMOUNT};
    struct computer_facts facts;
    char value[COMPUTER_VALUE_BYTES], text[COMPUTER_TEXT_BYTES];
    bool reboot = false;

    DO(computer->ops->facts(computer, &facts, &do_err));
    assert_true(*facts.build && strchr(facts.build, '.'));
    assert_true(facts.memory_mb > 0);
    for (const struct fact_row *row = fact_rows; row->name; row++)
        assert_non_null(fact_get(&facts, row, text));
    assert_false(computer->ops->get(computer, "no.such", value, NULL));
    assert_false(computer->ops->set(computer, "no.such", "1", &reboot, NULL));
    for (size_t i = 0; writes && i < sizeof settings / sizeof *settings; i++) {
        DO(computer->ops->set(computer, settings[i], "1", &reboot, &do_err));
        DO(computer->ops->get(computer, settings[i], value, &do_err));
        assert_string_equal(value, "1");
        DO(computer->ops->set(computer, settings[i], "0", &reboot, &do_err));
        DO(computer->ops->get(computer, settings[i], value, &do_err));
        assert_string_equal(value, "0");
        DO(computer->ops->set(computer, settings[i], COMPUTER_UNSET, &reboot, &do_err));
        DO(computer->ops->set(computer, settings[i], COMPUTER_UNSET, &reboot, &do_err));
        DO(computer->ops->get(computer, settings[i], value, &do_err));
        if (strcmp(value, COMPUTER_UNSET) != 0 && strcmp(value, "0") != 0)
            fail_msg("%s is %s", settings[i], value); /* the simulation has no third state */
    }
}

static void simulated_computer_keeps_the_contract(void **state)
{
    struct computer *computer = NULL;

    (void)state;
    support_folder("sim");
    DO(computer_open_sim("sim", &computer, &do_err));
    keep_contract(computer, true);
    computer_free(computer);
}

static void real_computer_keeps_the_contract(void **state)
{
    struct computer *computer = NULL;
    struct err err = ERR_INIT;

    (void)state;
    if (!computer_open_system(".", &computer, &err)) {
        assert_int_equal(err.kind, ERR_UNSUPPORTED);
        return;
    }
    keep_contract(computer, may_write);
    computer_free(computer);
}

static void simulated_computer_changes_with_the_restart(void **state)
{
    struct computer *computer = NULL;
    struct computer_facts facts;
    struct err err = ERR_INIT;
    bool reboot = false;

    (void)state;
    support_folder("restart");
    DO(computer_sim_edit("restart", "hyperv=disabled", &do_err));
    DO(computer_sim_edit("restart", "hypervisor=no", &do_err));
    assert_false(computer_sim_edit("restart", "hyperv=maybe", &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_false(computer_sim_edit("restart", "nothing=1", NULL));
    DO(computer_open_sim("restart", &computer, &do_err));
    DO(computer->ops->set(computer, COMPUTER_HYPERV, "enabled", &reboot, &do_err));
    assert_true(reboot);
    DO(computer->ops->facts(computer, &facts, &do_err));
    assert_int_equal(facts.hyperv, FEATURE_PENDING);
    assert_int_equal(facts.hypervisor, FACT_NO);
    computer_free(computer);
    DO(computer_sim_edit("restart", "reboot=1", &do_err));
    DO(computer_open_sim("restart", &computer, &do_err));
    DO(computer->ops->facts(computer, &facts, &do_err));
    assert_int_equal(facts.hyperv, FEATURE_ENABLED);
    assert_int_equal(facts.hypervisor, FACT_YES);
    computer_free(computer);
}

/* ---- what is known to be bad ---- */

static void versions_compare_number_by_number(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"10.0.26100.4946", "10.0.26100.4946", 0},
        {"10.0.26100.4652", "10.0.26100.4946", -1},
        {"10.0.26100.10000", "10.0.26100.4946", 1},
        {"10.0.26100", "10.0.26100.0", 0},
        {"32.0.15.6094", "31.0.101.5590", 1},
        {"", "1", -1},
        {"10.x", "10", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int order = known_bad_compare(rows[i].a, rows[i].b);

        if ((order > 0) - (order < 0) != rows[i].order)
            fail_msg("%s, %s: %d", rows[i].a, rows[i].b, order);
    }
}

static void shipped_list_knows_the_builds_of_the_field(void **state)
{
    static const struct {
        enum known_bad_what what;
        const char *gpu, *version;
        bool bad;
    } rows[] = {
        {KNOWN_BAD_GUEST, NULL, "10.0.26100.4349", false},
        {KNOWN_BAD_GUEST, NULL, "10.0.26100.4652", true},
        {KNOWN_BAD_GUEST, NULL, "10.0.26200.6584", true},
        {KNOWN_BAD_GUEST, NULL, "10.0.26200.8037", false},
        {KNOWN_BAD_HOST, NULL, "10.0.26100.4945", true},
        {KNOWN_BAD_HOST, NULL, "10.0.26100.4946", false},
        {KNOWN_BAD_HOST, NULL, "10.0.19045.3570", true},
        {KNOWN_BAD_HOST, NULL, "10.0.22631.4000", false},
        {KNOWN_BAD_DRIVER, "AMD Radeon RX 580", "31.0.1", true},
        {KNOWN_BAD_DRIVER, "Radeon RX 570 Series", "31.0.1", true},
        {KNOWN_BAD_DRIVER, "AMD Radeon RX 5700 XT", "31.0.1", false},
        {KNOWN_BAD_DRIVER, "NVIDIA GeForce RTX 4070", "32.0.15.6094", false},
    };
    struct known_bad_list *list = calloc(1, sizeof *list);

    (void)state;
    support_folder("shipped");
    DO(known_bad_load("shipped", list, &do_err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!!known_bad_find(list, rows[i].what, rows[i].gpu, rows[i].version) != rows[i].bad)
            fail_msg("%s %s", rows[i].gpu ? rows[i].gpu : "", rows[i].version);
    free(list);
}

static void list_of_the_person_replaces_the_shipped_one_when_it_is_newer(void **state)
{
    static const char form[] =
        "{\"date\": \"%s\", \"entries\": [{\"what\": \"host\", \"from\": \"9\", \"symptom\": "
        "{\"en\": \"e\", \"zh\": \"z\"}, \"workaround\": {\"en\": \"e\", \"zh\": \"z\"}, "
        "\"source\": \"s\"}]}";
    static const char *const bad[] = {
        "{}",
        "{\"date\": \"x\", \"entries\": [{\"what\": \"moon\"}]}",
        "{\"date\": \"x\", \"entries\": [5]}",
        "{\"date\": \"x\", \"entries\": [{\"what\": \"host\", \"from\": \"a\", \"symptom\": "
        "{\"en\": "
        "\"\", \"zh\": \"\"}, \"workaround\": {\"en\": \"\", \"zh\": \"\"}, \"source\": \"\"}]}",
    };
    struct known_bad_list *list = calloc(1, sizeof *list);
    char text[512];

    (void)state;
    support_folder("own");
    snprintf(text, sizeof text, form, "2020-01-01");
    DO(fs_write_atomic("own/known-bad.json", text, strlen(text), FS_PRIVATE, &do_err));
    DO(known_bad_load("own", list, &do_err));
    assert_true(list->count > 1);
    snprintf(text, sizeof text, form, "2999-01-01");
    DO(fs_write_atomic("own/known-bad.json", text, strlen(text), FS_PRIVATE, &do_err));
    DO(known_bad_load("own", list, &do_err));
    assert_int_equal(list->count, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        DO(fs_write_atomic("own/known-bad.json", bad[i], strlen(bad[i]), FS_PRIVATE, &do_err));
        if (known_bad_load("own", list, NULL))
            fail_msg("%s was read", bad[i]);
    }
    free(list);
}

/* ---- the checks ---- */

static struct host_view *view_of(const char *folder, struct known_bad_list *list)
{
    struct host_view *view = calloc(1, sizeof *view);
    struct computer *computer = NULL;

    DO(computer_open_sim(folder, &computer, &do_err));
    DO(computer->ops->facts(computer, &view->facts, &do_err));
    computer_free(computer);
    DO(known_bad_load(folder, list, &do_err));
    view->known_bad = list;
    view->guest_build = "";
    view->has_host = true;
    view->host.gpu_count = 1;
    text_copy(view->host.gpus[0].name, sizeof view->host.gpus[0].name, "NVIDIA GeForce RTX 4070");
    text_copy(view->host.gpus[0].driver, sizeof view->host.gpus[0].driver, "32.0.15.6094");
    return view;
}

static enum host_level
level_of(const struct host_view *view, const char *id, struct host_finding *ret_finding)
{
    size_t i = 0;

    while (host_checks[i].id && strcmp(host_checks[i].id, id) != 0)
        i++;
    assert_non_null(host_checks[i].id);
    *ret_finding = (struct host_finding){.level = HOST_UNKNOWN};
    return host_checks[i].run(view, ret_finding) ? ret_finding->level : HOST_LEVELS;
}

static void what_is_wrong_is_found_with_its_remedy(void **state)
{
    static const struct {
        const char *fact, *value, *check;
        enum host_level level;
        const char *fix;
    } rows[] = {
        {"firmware", "no", "host.firmware", HOST_BAD, NULL},
        {"hyperv", "disabled", "host.hyperv", HOST_BAD, COMPUTER_HYPERV},
        {"hyperv", "absent", "host.hyperv", HOST_BAD, NULL},
        {"hyperv", "pending", "host.hyperv", HOST_WARN, NULL},
        {"platform", "disabled", "host.platform", HOST_BAD, COMPUTER_PLATFORM},
        {"launch", "off", "host.launch", HOST_BAD, COMPUTER_LAUNCH},
        {"hypervisor", "no", "host.hypervisor", HOST_BAD, NULL},
        {"nested", "yes", "host.hypervisor", HOST_WARN, NULL},
        {"vmms", "stopped", "host.service", HOST_BAD, NULL},
        {"edition", "CoreCountrySpecific", "host.edition", HOST_BAD, NULL},
        {"build", "10.0.18363.1", "host.build", HOST_BAD, NULL},
        {"build", "10.0.26100.2033", "host.build", HOST_WARN, NULL},
        {"memory_mb", "2048", "host.memory", HOST_BAD, NULL},
        {"memory_mb", "6144", "host.memory", HOST_WARN, NULL},
        {"disk_free_gb", "10", "host.disk", HOST_BAD, NULL},
        {"secure_policy", "yes", "host.policy", HOST_BAD, COMPUTER_SECURE},
        {"supported_policy", "yes", "host.policy", HOST_BAD, COMPUTER_SUPPORTED},
        {"lid", "yes", "host.power", HOST_NOTE, NULL},
        {"wsl", "yes", "host.wsl", HOST_NOTE, NULL},
        {"vmware", "yes", "host.vmware", HOST_NOTE, NULL},
        {"automount", "no", "host.automount", HOST_WARN, COMPUTER_AUTOMOUNT},
        {"reboot_pending", "yes", "host.restart", HOST_WARN, NULL},
    };
    struct known_bad_list *list = calloc(1, sizeof *list);

    (void)state;
    support_folder("wrong");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_view *view = view_of("wrong", list);
        const struct fact_row *row = fact_rows;
        struct host_finding finding;
        enum host_level level;

        while (row->name && strcmp(row->name, rows[i].fact) != 0)
            row++;
        assert_true(row->name && fact_set(&view->facts, row, rows[i].value));
        level = level_of(view, rows[i].check, &finding);
        if (level != rows[i].level || (!rows[i].fix != !finding.fix_setting) ||
            (rows[i].fix && strcmp(rows[i].fix, finding.fix_setting) != 0))
            fail_msg("%s=%s: %s", rows[i].fact, rows[i].value, host_level_name(level));
        if (!finding.what.hint && level != HOST_NOTE && strcmp(rows[i].fact, "memory_mb") != 0)
            fail_msg("%s=%s has no remedy", rows[i].fact, rows[i].value);
        free(view);
    }
    free(list);
}

static void battery_of_a_desktop_is_a_ups(void **state)
{
    struct known_bad_list *list = calloc(1, sizeof *list);
    struct host_view *view;
    struct host_finding finding;

    (void)state;
    support_folder("ups");
    view = view_of("ups", list);
    view->facts.battery = view->facts.ups = FACT_YES;
    assert_int_equal(level_of(view, "host.power", &finding), HOST_OK);
    assert_int_equal(finding.what.message, TEXT_SETUP_CHECK_UPS);
    free(view);
    free(list);
}

static void processors_that_are_no_gpu_do_not_count(void **state)
{
    struct known_bad_list *list = calloc(1, sizeof *list);
    struct host_view *view;
    struct host_finding finding;

    (void)state;
    support_folder("npu");
    view = view_of("npu", list);
    view->host.gpu_count = 2;
    view->host.gpus[1].kind = GPU_KIND_NPU;
    assert_int_equal(level_of(view, "host.gpu", &finding), HOST_OK);
    view->host.gpus[1].kind = GPU_KIND_GPU;
    text_copy(view->host.gpus[1].name, sizeof view->host.gpus[1].name, "AMD Radeon RX 580");
    assert_int_equal(level_of(view, "host.gpu", &finding), HOST_NOTE);
    assert_int_equal(level_of(view, "host.driver", &finding), HOST_WARN);
    view->host.gpus[0].kind = view->host.gpus[1].kind = GPU_KIND_NPU;
    assert_int_equal(level_of(view, "host.gpu", &finding), HOST_BAD);
    view->guest_build = "10.0.26200.1";
    assert_int_equal(level_of(view, "guest.build", &finding), HOST_WARN);
    free(view);
    free(list);
}

/* ---- probes ---- */

static const struct selftest_probe *find_probe(const char *id)
{
    size_t count = 0;
    const struct selftest_probe *rows = probes_rows(&count);

    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].id, id))
            return &rows[i];
    fail_msg("no probe %s", id);
    return NULL;
}

static enum selftest_outcome ask(struct probes_view *view, const char *id)
{
    struct selftest_answer answer = {.outcome = SELFTEST_UNKNOWN};

    find_probe(id)->run(view, &answer);
    return answer.outcome;
}

static void probes_tell_what_was_seen_from_what_was_not(void **state)
{
    struct probes_view *view = calloc(1, sizeof *view);
    struct computer_facts facts = {.firmware = FACT_UNKNOWN};
    struct err why = ERR_INIT;

    (void)state;
    err_set(&why, ERR_UNSUPPORTED, TEXT_HOST_NO_HYPERVISOR, NULL);
    probes_look(view, &facts, NULL, &why);
    assert_int_equal(ask(view, "host.management"), SELFTEST_UNKNOWN);
    assert_int_equal(ask(view, "host.gpu_names"), SELFTEST_UNKNOWN);
    assert_int_equal(ask(view, "host.feature_state"), SELFTEST_UNKNOWN);
    assert_int_equal(ask(view, "host.launch_type"), SELFTEST_UNKNOWN);
    assert_int_equal(ask(view, "host.power"), SELFTEST_UNKNOWN);
    err_set(&why, ERR_FAILED, TEXT_SETUP_REGISTRY, "x", NULL);
    probes_look(view, &facts, NULL, &why);
    assert_int_equal(ask(view, "host.management"), SELFTEST_REFUTED);
    view->has_host = true;
    view->host.gpu_count = 1;
    text_copy(view->host.gpus[0].path, sizeof view->host.gpus[0].path, "PCI#1");
    assert_int_equal(ask(view, "host.gpu_names"), SELFTEST_REFUTED);
    assert_int_equal(ask(view, "host.gpu_partitions"), SELFTEST_REFUTED);
    text_copy(view->host.gpus[0].name, sizeof view->host.gpus[0].name, "card");
    text_copy(view->host.gpus[0].driver, sizeof view->host.gpus[0].driver, "1");
    view->host.gpus[0].partitions = 32;
    assert_int_equal(ask(view, "host.gpu_names"), SELFTEST_CONFIRMED);
    assert_int_equal(ask(view, "host.gpu_partitions"), SELFTEST_CONFIRMED);
    view->facts.vmms = SERVICE_LIFE_RUNNING;
    view->facts.hyperv = FEATURE_DISABLED;
    assert_int_equal(ask(view, "host.feature_state"), SELFTEST_REFUTED);
    free(view);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change_is_written_down_and_taken_back),
        cmocka_unit_test(change_that_broke_off_is_taken_back_whether_it_happened_or_not),
        cmocka_unit_test(somebody_elses_change_is_not_overwritten),
        cmocka_unit_test(damaged_ledger_changes_nothing),
        cmocka_unit_test(simulated_computer_keeps_the_contract),
        cmocka_unit_test(real_computer_keeps_the_contract),
        cmocka_unit_test(simulated_computer_changes_with_the_restart),
        cmocka_unit_test(versions_compare_number_by_number),
        cmocka_unit_test(shipped_list_knows_the_builds_of_the_field),
        cmocka_unit_test(list_of_the_person_replaces_the_shipped_one_when_it_is_newer),
        cmocka_unit_test(what_is_wrong_is_found_with_its_remedy),
        cmocka_unit_test(battery_of_a_desktop_is_a_ups),
        cmocka_unit_test(processors_that_are_no_gpu_do_not_count),
        cmocka_unit_test(probes_tell_what_was_seen_from_what_was_not),
    };

    may_write = argc > 1 && !strcmp(argv[1], "settings");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
