/*
 * Runs the contract of every port of the guest's machine against the simulation in memory, or with
 * the argument `disk` against the simulation on disk.
 */
#include "tests/unit/contract/contract.h"

#include "guest/machine/sim/sim.h"

#include <stdio.h>
#include <string.h>

#define DISK           "contract-disk"
#define SCALE          2000 /* machine seconds in a real one, on disk */
#define SCALE_EDIT     "clock.scale=2000"
#define SETTLE_MS      120000
#define PROGRAM        "gpupdate.exe"
#define PROGRAM_TEXT   "simulated gpupdate\n"
#define PROGRAM_SHA256 "82b6f0e98f6b5795d9f0938c04ccffcbf0466b4872be7109d634a89d077fce0b"

static char program_path[FS_PATH_BYTES + 32];
static struct clock_manual memory_clock;

static void must(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof(text)));
}

/* Puts the program of the tests into a folder of the machine. */
static void put_program(struct contract *contract)
{
    struct files_port *files = contract->machine->files;
    struct err err = ERR_INIT;
    char folder[FS_PATH_BYTES];

    must(files->ops->write(files, ROOT_EASY_GPU, PROGRAM, PROGRAM_TEXT, strlen(PROGRAM_TEXT), &err),
         &err);
    must(files->ops->path(files, ROOT_EASY_GPU, folder, sizeof(folder), &err), &err);
    snprintf(program_path, sizeof(program_path), "%s/" PROGRAM, folder);
    contract->program = program_path;
    contract->program_sha256 = PROGRAM_SHA256;
    contract->program_publisher = "Nobody|Microsoft Windows";
    contract->program_seconds = 4;
    contract->may_act = true;
    contract->proxy_port = 7890;
}

static bool arrange(struct contract *contract, const char *edit)
{
    struct err err = ERR_INIT;

    must(machine_sim_edit(contract->machine, edit, &err), &err);
    return true;
}

static bool boot(struct contract *contract)
{
    return machine_sim_boot(contract->machine, NULL);
}

/* ---- in memory ---- */

static void memory_later(struct contract *contract, int64_t time_ms)
{
    (void)contract;
    clock_manual_move(&memory_clock, time_ms);
}

static int memory_open(void **state)
{
    struct contract *contract = *state;
    struct err err = ERR_INIT;

    clock_manual_init(&memory_clock, 0, INT64_C(1760000000000));
    must(machine_sim_open_memory("healthy", &memory_clock.base, &contract->machine, &err), &err);
    memory_later(contract, SETTLE_MS);
    put_program(contract);
    return 0;
}

/* ---- on disk ---- */

static void disk_later(struct contract *contract, int64_t time_ms)
{
    (void)contract;
    clock_sleep_ms(clock_system(), time_ms / SCALE + 2);
}

static void disk_later_real(struct contract *contract, int64_t time_ms)
{
    (void)contract;
    clock_sleep_ms(clock_system(), time_ms);
}

static int disk_open(void **state)
{
    static const char *const scale[] = {SCALE_EDIT, NULL};
    struct contract *contract = *state;
    struct err err = ERR_INIT;

    must(fs_remove_tree(DISK, &err), &err);
    must(machine_sim_init(DISK, "healthy", &err), &err);
    must(machine_sim_edit_disk(DISK, scale, &err), &err);
    must(machine_open_sim(DISK, &contract->machine, &err), &err);
    disk_later(contract, SETTLE_MS);
    put_program(contract);
    return 0;
}

static int close_machine(void **state)
{
    struct contract *contract = *state;

    machine_free(contract->machine);
    contract->machine = NULL;
    return 0;
}

static const struct contract_tests *const ports[] = {
    &contract_devices,
    &contract_drivers,
    &contract_services,
    &contract_processes,
    &contract_tasks,
    &contract_files,
    &contract_registry,
    &contract_displays,
    &contract_vdd,
    &contract_gpu,
    &contract_sessions,
    &contract_network,
    &contract_system,
};

int main(int argc, char **argv)
{
    bool on_disk = argc > 1 && strcmp(argv[1], "disk") == 0;
    static struct contract memory = {.name = "simulation in memory",
                                     .arrange = arrange,
                                     .boot = boot,
                                     .later = memory_later,
                                     .later_real = memory_later};
    static struct contract disk = {.name = "simulation on disk",
                                   .arrange = arrange,
                                   .boot = boot,
                                   .later = disk_later,
                                   .later_real = disk_later_real};
    int failed = 0;

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        failed += on_disk ? contract_run(ports[i], &disk, disk_open, close_machine)
                          : contract_run(ports[i], &memory, memory_open, close_machine);
    return failed;
}
