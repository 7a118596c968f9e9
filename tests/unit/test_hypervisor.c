/*
 * The simulation keeps the contract of the hypervisor port, and what it adds: processes that come
 * and go.
 * The machine's process is the real gpupv; the agent in it is tests/support/fake_agent.c.
 */
#include "tests/unit/contract/contract_hypervisor.h"

#include "common/clock.h"
#include "host/hypervisor/sim_state.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000
#define POLL_MS 10

/* ---- the world of the contract ---- */

static void open_world(struct hypervisor_bench *b, const char *folder)
{
    struct host_info host;
    struct sim_host sim;

    support_folder(folder);
    DO(hypervisor_open_sim(folder, getenv("GPUPV_TEST_HOST"), &b->h, &do_err));
    text_copy(b->root, sizeof b->root, folder);
    DO(sim_host_load(b->root, &sim, &do_err));
    sim.boot_ms = 20;
    sim.shutdown_ms = 2000;
    sim.stuck_ms = 500;
    DO(sim_host_save(b->root, &sim, &do_err));
    DO(b->h->ops->host(b->h, &host, &do_err));
    text_copy(b->gpu, sizeof b->gpu, host.gpus[0].path);
}

static void install(struct hypervisor_bench *b, const char *id)
{
    char path[FS_PATH_BYTES], folder[FS_PATH_BYTES];

    DO(sim_path(b->root, id, "disk/agent", folder, &do_err));
    DO(fs_make_dirs(folder, FS_PRIVATE, &do_err));
    DO(fs_join(path, folder, "key.json", &do_err));
    DO(fs_write_atomic(path, "{}", 2, FS_PRIVATE, &do_err));
}

static void publish(struct hypervisor_bench *b, const char *id, const char *text)
{
    char path[FS_PATH_BYTES];

    DO(sim_path(b->root, id, "disk/kvp.txt", path, &do_err));
    DO(fs_write_atomic(path, text, strlen(text), FS_PRIVATE, &do_err));
}

const struct hypervisor_world hypervisor_world = {
    .name = "sim", .open = open_world, .install = install, .publish = publish};

static void power(struct hypervisor_bench *b, const char *id, enum vm_power what)
{
    DO(b->h->ops->power(b->h, id, what, &do_err));
}

/* What the fake agent noted: one letter per start. */
static void read_starts(struct hypervisor_bench *b, const char *id, char *out, size_t size)
{
    char path[FS_PATH_BYTES];
    struct buf text;

    buf_init(&text, 256);
    DO(sim_path(b->root, id, "disk/agent/starts", path, &do_err));
    fs_read(path, 256, &text, NULL);
    text_copy(out, size, buf_str(&text));
    buf_done(&text);
}

static void wait_starts(struct hypervisor_bench *b, const char *id, const char *wanted)
{
    char starts[64] = "";

    for (int waited = 0; waited < WAIT_MS && strcmp(starts, wanted) != 0; waited += POLL_MS) {
        clock_sleep_ms(clock_system(), POLL_MS);
        read_starts(b, id, starts, sizeof starts);
    }
    assert_string_equal(starts, wanted);
}

static void tell_agent(struct hypervisor_bench *b, const char *id, int code)
{
    char path[FS_PATH_BYTES], text[16];

    snprintf(text, sizeof text, "%d", code);
    DO(sim_path(b->root, id, "disk/agent/exit", path, &do_err));
    DO(fs_write_atomic(path, text, strlen(text), FS_PRIVATE, &do_err));
}

/* ---- what the simulation adds to the contract ---- */

static void gpu_has_only_as_many_partitions_as_it_has(void **state)
{
    char ids[3][VM_ID_BYTES];
    struct err err = ERR_INIT;
    struct host_info host;
    struct sim_host sim;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "capacity");
    DO(sim_host_load(b.root, &sim, &do_err));
    sim.gpus[0].partitions = 1;
    sim.gpus[1] = sim.gpus[0];
    text_copy(sim.gpus[1].path, sizeof sim.gpus[1].path, "PCI\\TWIN");
    sim.gpu_count = 2;
    DO(sim_host_save(b.root, &sim, &do_err));
    for (int i = 0; i < 3; i++)
        bench_make_vm(&b, "vm", ids[i]);
    DO(b.h->ops->gpu(b.h, ids[0], &(struct gpu_wish){.path = b.gpu}, &do_err));
    assert_false(b.h->ops->gpu(b.h, ids[1], &(struct gpu_wish){.path = b.gpu}, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    DO(b.h->ops->gpu(b.h, ids[1], &(struct gpu_wish){.path = "PCI\\TWIN"}, &do_err));
    assert_false(b.h->ops->gpu(b.h, ids[2], &(struct gpu_wish){.path = "PCI\\OTHER"}, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    /* attaching what is attached already takes no second one */
    DO(b.h->ops->gpu(b.h, ids[0], &(struct gpu_wish){.path = b.gpu}, &do_err));
    DO(b.h->ops->host(b.h, &host, &do_err));
    assert_int_equal(host.gpus[0].partitions_free, 0);
    assert_string_equal(host.gpus[0].name, host.gpus[1].name);
    bench_close(&b);
}

static void neural_processor_is_listed_and_never_given(void **state)
{
    const struct gpu_info *gpu = NULL;
    char id[VM_ID_BYTES];
    struct err err = ERR_INIT;
    struct host_info host;
    struct sim_host sim;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "npu");
    DO(sim_host_load(b.root, &sim, &do_err));
    sim.npu = true;
    DO(sim_host_save(b.root, &sim, &do_err));
    bench_make_vm(&b, "vm", id);
    DO(b.h->ops->host(b.h, &host, &do_err));
    assert_int_equal(host.gpu_count, 2);
    assert_int_equal(host.gpus[1].kind, GPU_KIND_NPU);
    assert_false(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = host.gpus[1].path}, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    DO(hypervisor_choose_gpu(&host, "", &gpu, &do_err));
    assert_ptr_equal(gpu, &host.gpus[0]);
    assert_false(hypervisor_choose_gpu(&host, "boost", &gpu, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    bench_close(&b);
}

/* ---- choosing a GPU ---- */

static void gpu_is_chosen_by_name_or_path_and_never_guessed(void **state)
{
    static const struct {
        const char *text;
        int chosen; /* -1: refused */
        enum err_kind kind;
    } rows[] = {
        {"PCI\\A", 0, ERR_NONE},
        {"arc", 2, ERR_NONE},
        {"RTX", -1, ERR_USAGE},
        {"PCI\\B", 1, ERR_NONE},
        {"", -1, ERR_USAGE},
        {"radeon", -1, ERR_USAGE},
    };
    static const struct host_info host = {.gpus = {{.path = "PCI\\A", .name = "RTX 4070"},
                                                   {.path = "PCI\\B", .name = "RTX 4070"},
                                                   {.path = "PCI\\C", .name = "Arc A770"}},
                                          .gpu_count = 3};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct gpu_info *gpu = NULL;
        struct err err = ERR_INIT;
        bool ok = hypervisor_choose_gpu(&host, rows[i].text, &gpu, &err);

        assert_int_equal(ok, rows[i].chosen >= 0);
        assert_int_equal(err.kind, rows[i].kind);
        if (ok)
            assert_ptr_equal(gpu, &host.gpus[rows[i].chosen]);
    }
    assert_true(hypervisor_gpu_has_twin(&host, &host.gpus[0]));
    assert_false(hypervisor_gpu_has_twin(&host, &host.gpus[2]));
}

/* ---- the simulated machine ---- */

static void dead_agent_is_started_again_without_a_boot(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "restart");
    bench_make_vm(&b, "vm", id);
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "b");
    tell_agent(&b, id, 1);
    wait_starts(&b, id, "bs");
    assert_int_equal(bench_find_vm(&b, id).heartbeat, VM_HEARTBEAT_OK);
    bench_close(&b);
}

static void exit_codes_of_the_agent_move_the_machine(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "codes");
    bench_make_vm(&b, "vm", id);
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "b");
    tell_agent(&b, id, 194);
    wait_starts(&b, id, "bb");
    tell_agent(&b, id, 195);
    DO(hypervisor_wait_state(b.h, id, VM_OFF, WAIT_MS, &do_err));
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "bbb");
    tell_agent(&b, id, 196);
    DO(hypervisor_wait_state(b.h, id, VM_OFF, WAIT_MS, &do_err));
    /* a released agent stays away while its Windows runs on */
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "bbbb");
    tell_agent(&b, id, 197);
    clock_sleep_ms(clock_system(), 1500);
    wait_starts(&b, id, "bbbb");
    assert_int_equal(bench_find_vm(&b, id).state, VM_RUNNING);
    bench_close(&b);
}

static void shutdown_and_restart_are_asked_of_the_guest(void **state)
{
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "ask");
    bench_make_vm(&b, "vm", id);
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "b");
    power(&b, id, VM_POWER_REBOOT);
    wait_starts(&b, id, "bb");
    power(&b, id, VM_POWER_RESET);
    wait_starts(&b, id, "bbb");
    power(&b, id, VM_POWER_SHUTDOWN);
    DO(hypervisor_wait_state(b.h, id, VM_OFF, WAIT_MS, &do_err));
    bench_close(&b);
}

static void set_faults(struct hypervisor_bench *b, const char *id, const struct sim_faults *faults)
{
    struct sim_vm vm;

    DO(sim_vm_load(b->root, id, &vm, &do_err));
    vm.faults = *faults;
    DO(sim_vm_save(b->root, &vm, &do_err));
}

static void stuck_machine_gives_no_heartbeat_and_hears_only_the_cord(void **state)
{
    static const struct sim_faults stuck = {.stuck_with_gpu = true};
    char id[VM_ID_BYTES], starts[16];
    struct err err = ERR_INIT;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "stuck");
    bench_make_vm(&b, "vm", id);
    set_faults(&b, id, &stuck);
    DO(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = b.gpu}, &do_err));
    power(&b, id, VM_POWER_ON);
    clock_sleep_ms(clock_system(), 300);
    assert_int_equal(bench_find_vm(&b, id).state, VM_RUNNING);
    assert_int_equal(bench_find_vm(&b, id).heartbeat, VM_HEARTBEAT_NONE);
    read_starts(&b, id, starts, sizeof starts);
    assert_string_equal(starts, "");
    power(&b, id, VM_POWER_SHUTDOWN);
    assert_false(hypervisor_wait_state(b.h, id, VM_OFF, 300, &err));
    assert_int_equal(err.kind, ERR_TIMEOUT);
    power(&b, id, VM_POWER_OFF);
    DO(b.h->ops->gpu(b.h, id, &(struct gpu_wish){.path = NULL}, &do_err));
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "b");
    bench_close(&b);
}

static bool agent_runs(struct hypervisor_bench *b, const char *id)
{
    char starts[64];
    size_t before;

    /* a live agent takes its exit code; a dead one leaves it */
    read_starts(b, id, starts, sizeof starts);
    before = strlen(starts);
    tell_agent(b, id, 1);
    clock_sleep_ms(clock_system(), 300);
    {
        char path[FS_PATH_BYTES];
        struct fs_stat stat;

        DO(sim_path(b->root, id, "disk/agent/exit", path, &do_err));
        DO(fs_stat(path, &stat, &do_err));
        fs_remove(path, NULL);
        return before > 0 && stat.kind == FS_MISSING;
    }
}

static void machine_process_that_was_killed_leaves_nothing_running(void **state)
{
    char id[VM_ID_BYTES];
    struct sim_run run = {0};
    bool running = false;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "killed");
    bench_make_vm(&b, "vm", id);
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "b");
    DO(sim_run_load(b.root, id, &running, &run, &do_err));
    assert_true(running);
    DO(process_kill(run.pid, &do_err));
    DO(hypervisor_wait_state(b.h, id, VM_OFF, WAIT_MS, &do_err));
    assert_false(agent_runs(&b, id));
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "bb");
    bench_close(&b);
}

static void stale_run_file_is_not_a_running_machine(void **state)
{
    struct sim_run stale = {.pid = 1, .agent_pid = 1, .phase = SIM_PHASE_RUNNING, .since_ms = 1};
    char id[VM_ID_BYTES];
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "stale");
    bench_make_vm(&b, "vm", id);
    DO(sim_run_save(b.root, id, &stale, &do_err));
    assert_int_equal(bench_find_vm(&b, id).state, VM_OFF);
    power(&b, id, VM_POWER_ON);
    wait_starts(&b, id, "b");
    bench_close(&b);
}

static void many_machines_run_side_by_side_and_survive_the_port(void **state)
{
    char ids[6][VM_ID_BYTES];
    struct link_address a, c;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "many");
    for (int i = 0; i < 6; i++) {
        bench_make_vm(&b, "vm", ids[i]);
        power(&b, ids[i], VM_POWER_ON);
    }
    hypervisor_free(b.h);
    DO(hypervisor_open_sim(b.root, getenv("GPUPV_TEST_HOST"), &b.h, &do_err));
    for (int i = 0; i < 6; i++) {
        assert_int_equal(bench_find_vm(&b, ids[i]).state, VM_RUNNING);
        wait_starts(&b, ids[i], "b");
    }
    DO(b.h->ops->address(b.h, ids[0], &a, &do_err));
    DO(b.h->ops->address(b.h, ids[1], &c, &do_err));
    assert_string_not_equal(a.path, c.path);
    bench_close(&b);
}

static void removed_machine_leaves_its_disk_and_nothing_else(void **state)
{
    char id[VM_ID_BYTES], path[FS_PATH_BYTES];
    struct vm_info vm;
    struct fs_stat stat;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "remove");
    bench_make_vm(&b, "vm", id);
    vm = bench_find_vm(&b, id);
    DO(b.h->ops->remove(b.h, id, &do_err));
    DO(b.h->ops->remove(b.h, id, &do_err));
    assert_false(hypervisor_find(b.h, id, &vm, NULL));
    DO(fs_stat(vm.settings.disk, &stat, &do_err));
    assert_int_equal(stat.kind, FS_FOLDER);
    DO(sim_path(b.root, id, "vm.json", path, &do_err));
    DO(fs_stat(path, &stat, &do_err));
    assert_int_equal(stat.kind, FS_MISSING);
    bench_close(&b);
}

static void damaged_files_of_the_simulation_are_errors_with_their_path(void **state)
{
    static const char *const broken[] = {"", "{", "[]", "{\"version\": 9}", "{\"version\": 1}"};
    char id[VM_ID_BYTES], path[FS_PATH_BYTES], text[1024];
    struct vm_info *vms = NULL;
    size_t count = 0;
    struct hypervisor_bench b;

    (void)state;
    hypervisor_world.open(&b, "damaged");
    bench_make_vm(&b, "vm", id);
    DO(sim_path(b.root, id, "vm.json", path, &do_err));
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct err err = ERR_INIT;

        DO(fs_write_atomic(path, broken[i], strlen(broken[i]), FS_PRIVATE, &do_err));
        if (b.h->ops->list(b.h, &vms, &count, &err))
            fail_msg("%s was read", broken[i]);
        assert_non_null(strstr(err_message(&err, TEXT_EN, text, sizeof text), "vm.json"));
    }
    DO(fs_remove(path, &do_err));
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpu_has_only_as_many_partitions_as_it_has),
        cmocka_unit_test(neural_processor_is_listed_and_never_given),
        cmocka_unit_test(gpu_is_chosen_by_name_or_path_and_never_guessed),
        cmocka_unit_test(dead_agent_is_started_again_without_a_boot),
        cmocka_unit_test(exit_codes_of_the_agent_move_the_machine),
        cmocka_unit_test(shutdown_and_restart_are_asked_of_the_guest),
        cmocka_unit_test(stuck_machine_gives_no_heartbeat_and_hears_only_the_cord),
        cmocka_unit_test(machine_process_that_was_killed_leaves_nothing_running),
        cmocka_unit_test(stale_run_file_is_not_a_running_machine),
        cmocka_unit_test(many_machines_run_side_by_side_and_survive_the_port),
        cmocka_unit_test(removed_machine_leaves_its_disk_and_nothing_else),
        cmocka_unit_test(damaged_files_of_the_simulation_are_errors_with_their_path),
    };

    return _cmocka_run_group_tests(
               hypervisor_world.name, hypervisor_contract, hypervisor_contract_count, NULL, NULL) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
