/* The contract of the hypervisor port. */
#include "tests/unit/contract/contract_hypervisor.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000
#define POLL_MS 10
#define AGE_MS  500 /* by which a restarted machine is told from one that runs on */

void bench_expect(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

void bench_make_vm(struct hypervisor_bench *b, const char *name, char *ret_id)
{
    struct vm_settings settings = {.memory_mb = 4096, .cpus = 2, .marker = "mark"};

    text_copy(settings.name, sizeof settings.name, name);
    DO(b->h->ops->create(b->h, &settings, ret_id, &do_err));
    if (hypervisor_world.install)
        hypervisor_world.install(b, ret_id);
}

struct vm_info bench_find_vm(struct hypervisor_bench *b, const char *id)
{
    struct vm_info vm = {.id = ""};

    DO(hypervisor_find(b->h, id, &vm, &do_err));
    return vm;
}

static bool is_booting(enum vm_power what)
{
    return what == VM_POWER_ON || what == VM_POWER_RESET || what == VM_POWER_REBOOT;
}

void bench_power(struct hypervisor_bench *b, const char *id, enum vm_power what)
{
    int64_t since = clock_now_ms(clock_system());

    /* a machine that is restarted runs on for a moment: a new start is younger than this call */
    DO(b->h->ops->power(b->h, id, what, &do_err));
    for (int waited = 0; is_booting(what) && waited < WAIT_MS; waited += POLL_MS) {
        struct vm_info vm = bench_find_vm(b, id);

        if (vm.state == VM_RUNNING && vm.heartbeat == VM_HEARTBEAT_OK &&
            vm.uptime_ms <= clock_now_ms(clock_system()) - since)
            return;
        clock_sleep_ms(clock_system(), POLL_MS);
    }
}

void bench_close(struct hypervisor_bench *b)
{
    struct vm_info *vms = NULL;
    size_t count = 0;

    DO(b->h->ops->list(b->h, &vms, &count, &do_err));
    for (size_t i = 0; i < count; i++)
        DO(hypervisor_delete(b->h, vms[i].id, &do_err));
    free(vms);
    hypervisor_free(b->h);
}

static void machine_that_is_not_there_is_not_found(void **state)
{
    static const char *const bad[] = {"00000000-0000-4000-8000-000000000000", "..", ""};
    struct hypervisor_bench b;
    struct vm_info vm;

    (void)state;
    hypervisor_world.open(&b, "missing");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;

        assert_false(hypervisor_find(b.h, bad[i], &vm, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
        err_clear(&err);
        assert_false(b.h->ops->power(b.h, bad[i], VM_POWER_ON, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
        err_clear(&err);
        assert_false(b.h->ops->gpu(b.h, bad[i], &(struct gpu_wish){.path = b.gpu}, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
    }
    DO(b.h->ops->remove(b.h, bad[0], &do_err));
    bench_close(&b);
}

static void created_machine_is_listed_off_as_it_was_wanted(void **state)
{
    char first[VM_ID_BYTES], second[VM_ID_BYTES];
    struct hypervisor_bench b;
    struct vm_info vm;

    (void)state;
    hypervisor_world.open(&b, "create");
    bench_make_vm(&b, "twin", first);
    bench_make_vm(&b, "twin", second);
    assert_string_not_equal(first, second);
    vm = bench_find_vm(&b, first);
    assert_string_equal(vm.settings.name, "twin");
    assert_string_equal(vm.settings.marker, "mark");
    assert_int_equal(vm.settings.memory_mb, 4096);
    assert_int_equal(vm.state, VM_OFF);
    assert_false(vm.gpu_attached);
    assert_true(*vm.settings.disk != 0);
    bench_close(&b);
}

static void settings_and_gpu_change_only_while_off(void **state)
{
    char id[VM_ID_BYTES];
    struct err err = ERR_INIT;
    struct hypervisor_bench b;
    struct vm_info vm;

    (void)state;
    hypervisor_world.open(&b, "rules");
    bench_make_vm(&b, "vm", id);
    bench_power(&b, id, VM_POWER_ON);
    vm = bench_find_vm(&b, id);
    assert_int_equal(vm.state, VM_RUNNING);
    assert_false(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = b.gpu}, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(b.h->ops->configure(b.h, id, &vm.settings, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(b.h->ops->remove(b.h, id, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(b.h->ops->power(b.h, id, VM_POWER_ON, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    bench_power(&b, id, VM_POWER_OFF);
    DO(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = b.gpu}, &do_err));
    assert_true(bench_find_vm(&b, id).gpu_attached);
    DO(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = NULL}, &do_err));
    assert_false(bench_find_vm(&b, id).gpu_attached);
    bench_close(&b);
}

static void switching_off_what_is_off_is_fine_and_restarting_it_is_not(void **state)
{
    char id[VM_ID_BYTES];
    struct err err = ERR_INIT;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "off");
    bench_make_vm(&b, "vm", id);
    bench_power(&b, id, VM_POWER_OFF);
    bench_power(&b, id, VM_POWER_SHUTDOWN);
    assert_false(b.h->ops->power(b.h, id, VM_POWER_REBOOT, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(b.h->ops->power(b.h, id, VM_POWER_RESET, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    bench_close(&b);
}

static void published_text_is_read_while_the_machine_runs(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;
    struct buf out;

    (void)state;
    hypervisor_world.open(&b, "kvp");
    bench_make_vm(&b, "vm", id);
    hypervisor_world.publish(&b, id, "old");
    buf_init(&out, KVP_BYTES);
    DO(b.h->ops->kvp(b.h, id, &out, &do_err));
    assert_int_equal(out.len, 0);
    bench_power(&b, id, VM_POWER_ON);
    /* a start forgets it, and a hostile one is text like any other */
    hypervisor_world.publish(&b, id, "{\"level\":\"<&>\"}");
    DO(b.h->ops->kvp(b.h, id, &out, &do_err));
    assert_string_equal(buf_str(&out), "{\"level\":\"<&>\"}");
    buf_done(&out);
    bench_close(&b);
}

static void console_has_a_picture_while_the_machine_runs(void **state)
{
    char id[VM_ID_BYTES];
    struct picture picture;
    struct err err = ERR_INIT;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "picture");
    bench_make_vm(&b, "vm", id);
    assert_false(b.h->ops->picture(b.h, id, 64, 48, &picture, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    bench_power(&b, id, VM_POWER_ON);
    DO(b.h->ops->picture(b.h, id, 64, 48, &picture, &do_err));
    assert_int_equal(picture.pixels.len, (size_t)picture.width * picture.height * 2);
    buf_done(&picture.pixels);
    bench_close(&b);
}

static void changed_settings_are_what_is_listed(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;
    struct vm_settings wanted;
    struct vm_info vm;

    (void)state;
    hypervisor_world.open(&b, "configure");
    bench_make_vm(&b, "vm", id);
    wanted = bench_find_vm(&b, id).settings;
    wanted.memory_mb = 2048;
    wanted.cpus = 1;
    text_copy(wanted.name, sizeof wanted.name, "other");
    DO(b.h->ops->configure(b.h, id, &wanted, &do_err));
    vm = bench_find_vm(&b, id);
    assert_string_equal(vm.settings.name, "other");
    assert_int_equal(vm.settings.memory_mb, 2048);
    assert_int_equal(vm.settings.cpus, 1);
    assert_string_equal(vm.settings.marker, "mark");
    bench_close(&b);
}

static void gpu_of_a_machine_is_listed_and_counted(void **state)
{
    const struct gpu_wish none = {.path = NULL};
    char id[VM_ID_BYTES];
    struct host_info before, after;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "gpu");
    bench_make_vm(&b, "vm", id);
    DO(b.h->ops->host(b.h, &before, &do_err));
    for (int i = 0; i < 2; i++) /* once more changes nothing */
        DO(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = b.gpu, .share_percent = 50}, &do_err));
    DO(b.h->ops->host(b.h, &after, &do_err));
    assert_int_equal(after.gpus[0].partitions_free, before.gpus[0].partitions_free - 1);
    assert_string_equal(bench_find_vm(&b, id).gpu, b.gpu);
    DO(b.h->ops->gpu(b.h, id, &none, &do_err));
    DO(b.h->ops->gpu(b.h, id, &none, &do_err));
    assert_false(bench_find_vm(&b, id).gpu_attached);
    bench_close(&b);
}

static void gpu_that_is_not_there_is_not_found(void **state)
{
    char id[VM_ID_BYTES];
    struct err err = ERR_INIT;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "stranger");
    bench_make_vm(&b, "vm", id);
    assert_false(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = "PCI\\STRANGER"}, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_false(bench_find_vm(&b, id).gpu_attached);
    bench_close(&b);
}

static void removed_machine_is_gone_and_its_twin_stays(void **state)
{
    char first[VM_ID_BYTES], second[VM_ID_BYTES];
    struct hypervisor_bench b;
    struct vm_info vm;

    (void)state;
    hypervisor_world.open(&b, "gone");
    bench_make_vm(&b, "twin", first);
    bench_make_vm(&b, "twin", second);
    DO(b.h->ops->gpu(b.h, first, &(struct gpu_wish){.path = b.gpu}, &do_err));
    DO(b.h->ops->remove(b.h, first, &do_err));
    DO(b.h->ops->remove(b.h, first, &do_err));
    assert_false(hypervisor_find(b.h, first, &vm, NULL));
    bench_find_vm(&b, second);
    bench_close(&b);
}

static void machine_that_is_deleted_while_it_runs_is_off_and_gone(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;
    struct vm_info vm;

    (void)state;
    hypervisor_world.open(&b, "delete");
    bench_make_vm(&b, "vm", id);
    bench_power(&b, id, VM_POWER_ON);
    DO(hypervisor_delete(b.h, id, &do_err));
    assert_false(hypervisor_find(b.h, id, &vm, NULL));
    bench_close(&b);
}

static void guest_shuts_down_when_it_is_asked_and_resets_when_not(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "down");
    bench_make_vm(&b, "vm", id);
    bench_power(&b, id, VM_POWER_ON);
    clock_sleep_ms(clock_system(), AGE_MS);
    bench_power(&b, id, VM_POWER_RESET);
    assert_int_equal(bench_find_vm(&b, id).state, VM_RUNNING);
    bench_power(&b, id, VM_POWER_SHUTDOWN);
    DO(hypervisor_wait_state(b.h, id, VM_OFF, WAIT_MS, &do_err));
    bench_close(&b);
}

static void waiting_ends_with_its_time(void **state)
{
    int64_t begun = clock_now_ms(clock_system());
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "wait");
    DO(b.h->ops->wait_change(b.h, 200, &do_err));
    DO(b.h->ops->wait_change(b.h, 2500, &do_err));
    assert_true(clock_now_ms(clock_system()) - begun < WAIT_MS);
    bench_close(&b);
}

const struct CMUnitTest hypervisor_contract[] = {
    cmocka_unit_test(machine_that_is_not_there_is_not_found),
    cmocka_unit_test(created_machine_is_listed_off_as_it_was_wanted),
    cmocka_unit_test(settings_and_gpu_change_only_while_off),
    cmocka_unit_test(switching_off_what_is_off_is_fine_and_restarting_it_is_not),
    cmocka_unit_test(published_text_is_read_while_the_machine_runs),
    cmocka_unit_test(console_has_a_picture_while_the_machine_runs),
    cmocka_unit_test(changed_settings_are_what_is_listed),
    cmocka_unit_test(gpu_of_a_machine_is_listed_and_counted),
    cmocka_unit_test(gpu_that_is_not_there_is_not_found),
    cmocka_unit_test(removed_machine_is_gone_and_its_twin_stays),
    cmocka_unit_test(machine_that_is_deleted_while_it_runs_is_off_and_gone),
    cmocka_unit_test(guest_shuts_down_when_it_is_asked_and_resets_when_not),
    cmocka_unit_test(waiting_ends_with_its_time),
};

const size_t hypervisor_contract_count = sizeof hypervisor_contract / sizeof *hypervisor_contract;
