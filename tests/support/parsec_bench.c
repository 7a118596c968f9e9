/* A simulated guest for tests of Parsec's checks and repairs. */
#include "tests/support/parsec_bench.h"

#include "tests/support/support.h"
#include "tests/support/zip_build.h"

#include <string.h>

#define FOLDER   "data"
#define START_MS 1000
#define WALL_MS  INT64_C(1760000000000)
#define BOOT_MS  120000

void bench_open(struct bench *bench, const char *world)
{
    struct err err = ERR_INIT, damage = ERR_INIT;
    char text[512];

    memset(bench, 0, sizeof *bench);
    assert_true(fs_remove_tree(FOLDER, NULL));
    assert_true(fs_make_dirs(FOLDER, FS_PRIVATE, NULL));
    clock_manual_init(&bench->clock, START_MS, WALL_MS);
    if (!machine_sim_open_memory(world, &bench->clock.base, &bench->machine, &err))
        fail_msg("%s: %s", world, err_message(&err, TEXT_EN, text, sizeof text));
    profile_init(&bench->profile);
    assert_true(parsec_open(bench->machine, FOLDER, NULL, &bench->parsec, &err));
    assert_true(journal_open(NULL, bench->machine->clock, &bench->journal, &damage, &err));
    bench->check = (struct check_context){.machine = bench->machine,
                                          .profile = &bench->profile,
                                          .journal = journal_state(bench->journal),
                                          .parsec = bench->parsec,
                                          .findings = &bench->findings};
    bench->repair = (struct repair_context){.check = &bench->check, .journal = bench->journal};
    bench_pass(bench, BOOT_MS);
}

void bench_close(struct bench *bench)
{
    parsec_close(bench->parsec);
    journal_free(bench->journal);
    machine_free(bench->machine);
}

void bench_edit(struct bench *bench, const char *edit)
{
    struct err err = ERR_INIT;
    char text[512];

    if (!machine_sim_edit(bench->machine, edit, &err))
        fail_msg("%s: %s", edit, err_message(&err, TEXT_EN, text, sizeof text));
}

void bench_pass(struct bench *bench, int64_t time_ms)
{
    struct system_state state;

    clock_manual_move(&bench->clock, time_ms);
    assert_true(bench->machine->system->ops->query(bench->machine->system, &state, NULL));
}

const struct finding *bench_check(struct bench *bench, enum check_id id)
{
    facts_read(bench->machine, &bench->findings.facts);
    parsec_observe(bench->parsec, &bench->profile, &bench->findings.facts);
    check_run(&bench->check, CHECK_BIT(id));
    return &bench->findings.checks[id];
}

bool bench_repair(struct bench *bench, enum repair_id id, bool *ret_reboot, struct err *err)
{
    const struct repair *row = repair_row(id);

    assert_non_null(row->apply);
    bench->repair.repair = id;
    *ret_reboot = false;
    return row->apply(&bench->repair, ret_reboot, err);
}

static void put(struct bench *bench, struct payload_info *info, const void *data, size_t length)
{
    uint64_t next = 0;
    bool done = false;

    info->size_bytes = length;
    assert_true(digest_data(data, length, info->sha256, NULL));
    assert_true(payload_put(bench->parsec->payloads, info, 0, data, length, &next, &done, NULL));
    assert_true(done);
}

void bench_payloads(struct bench *bench)
{
    static const struct zip_row rows[] = {
        {.name = "VBCABLE_Setup_x64.exe", .content = "simulated program"}, {.name = NULL}};
    struct payload_info parsec = {.id = PAYLOAD_PARSEC,
                                  .file = "parsec-windows.exe",
                                  .version = "150-104",
                                  .publisher = "Unity Technologies SF"};
    struct payload_info vdd = {.id = PAYLOAD_PARSEC_VDD,
                               .file = "parsec-vdd-0.45.0.0.exe",
                               .version = "0.45",
                               .publisher = "Parsec Cloud, Inc."};
    struct payload_info cable = {.id = PAYLOAD_VB_CABLE,
                                 .file = "VBCABLE_Driver_Pack45.zip",
                                 .version = "45",
                                 .publisher = "BUREL VINCENT Entrepreneur individuel"};
    struct buf zip;

    buf_init(&zip, 65536);
    zip_build(&zip, rows);
    put(bench, &parsec, "simulated Parsec", 16);
    put(bench, &vdd, "simulated driver", 16);
    put(bench, &cable, zip.data, zip.len);
    buf_done(&zip);
}

const char *bench_text(struct bench *bench, enum file_root root, const char *name)
{
    static char text[8192];
    struct buf data;

    buf_init(&data, sizeof text - 1);
    text[0] = '\0';
    if (bench->machine->files->ops->read(
            bench->machine->files, root, name, 0, sizeof text - 1, &data, NULL))
        text_copy(text, sizeof text, buf_str(&data));
    buf_done(&data);
    return text;
}

void bench_write(struct bench *bench, enum file_root root, const char *name, const char *text)
{
    assert_true(bench->machine->files->ops->write(
        bench->machine->files, root, name, text, strlen(text), NULL));
}

void bench_fault(
    struct bench *bench, const char *port, const char *op, uint32_t call, enum err_kind kind)
{
    struct world *world = machine_sim_world(bench->machine);
    struct world_fault *fault = &world->faults[world->fault_count++];

    memset(fault, 0, sizeof *fault);
    text_copy(fault->port, sizeof fault->port, port);
    text_copy(fault->op, sizeof fault->op, op);
    fault->call = call;
    fault->count = 1;
    fault->action = WORLD_FAULT_FAIL;
    fault->kind = kind;
}
