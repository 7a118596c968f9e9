/* A simulated machine for tests. */
#include "tests/support/sim_bench.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

static void must(bool ok, const char *what, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s: %s", what, err_message(err, TEXT_EN, text, sizeof(text)));
}

void bench_pass(struct bench *bench, int64_t time_ms)
{
    struct system_state state;

    clock_manual_move(&bench->clock, time_ms);
    assert_true(bench->machine->system->ops->query(bench->machine->system, &state, NULL));
}

void bench_open(struct bench *bench, const char *world)
{
    struct err err = ERR_INIT;

    clock_manual_init(&bench->clock, 1000, INT64_C(1760000000000));
    bench->machine = NULL;
    must(machine_sim_open_memory(world, &bench->clock.base, &bench->machine, &err), world, &err);
}

void bench_ready(struct bench *bench, const char *world)
{
    bench_open(bench, world);
    bench_pass(bench, MINUTE);
}

void bench_edit(struct bench *bench, const char *what)
{
    struct err err = ERR_INIT;

    must(machine_sim_edit(bench->machine, what, &err), what, &err);
}

struct world *bench_world(struct bench *bench)
{
    return machine_sim_world(bench->machine);
}

struct display_list bench_paths(struct bench *bench)
{
    struct display_list list;

    assert_true(bench->machine->displays->ops->paths(bench->machine->displays, &list, NULL));
    return list;
}

unsigned bench_monitors(struct bench *bench)
{
    struct display_list list = bench_paths(bench);
    unsigned count = 0;

    for (size_t i = 0; i < list.count; i++)
        count += list.items[i].kind == DISPLAY_PARSEC;
    return count;
}

struct device_list bench_devices(struct bench *bench, const char *hardware_id)
{
    struct device_list list;

    assert_true(
        bench->machine->devices->ops->list(bench->machine->devices, hardware_id, &list, NULL));
    return list;
}

static void file_text(struct bench *bench, enum file_root root, const char *name, struct buf *out)
{
    struct files_port *files = bench->machine->files;
    struct err err = ERR_INIT;

    buf_init(out, 65536 * 2);
    must(files->ops->read(files, root, name, 0, 65536, out, &err), name, &err);
}

bool bench_file_has(struct bench *bench, enum file_root root, const char *name, const char *text)
{
    struct buf out;
    bool found;

    file_text(bench, root, name, &out);
    found = strstr(buf_str(&out), text) != NULL;
    buf_done(&out);
    return found;
}

bool bench_log_has(struct bench *bench, const char *text)
{
    return bench_file_has(bench, ROOT_PARSEC_SHARED, "log.txt", text);
}

void bench_config_put(struct bench *bench, const char *text)
{
    struct files_port *files = bench->machine->files;

    assert_true(
        files->ops->write(files, ROOT_PARSEC_SHARED, "config.txt", text, strlen(text), NULL));
}

void bench_restart_parsec(struct bench *bench)
{
    struct services_port *services = bench->machine->services;

    assert_true(services->ops->stop(services, "Parsec", MINUTE, NULL));
    assert_true(services->ops->start(services, "Parsec", MINUTE, NULL));
}

struct process_result bench_run(struct bench *bench, const char *file, const char *args)
{
    struct processes_port *port = bench->machine->processes;
    struct process_run what = {.path = file, .args = {args}, .deadline_ms = 5 * MINUTE};
    struct process_result result;
    struct err err = ERR_INIT;

    must(port->ops->run(port, &what, &result, &err), file, &err);
    return result;
}

void bench_disable(struct bench *bench, const char *hardware_id)
{
    struct devices_port *port = bench->machine->devices;
    bool reboot = true;

    assert_true(port->ops->disable(
        port, bench_devices(bench, hardware_id).items[0].instance, &reboot, NULL));
    assert_false(reboot);
}

void bench_close(struct bench *bench)
{
    machine_free(bench->machine);
    bench->machine = NULL;
}
