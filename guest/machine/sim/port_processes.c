/* Port of processes over the simulated Windows: what runs, and running programs to their end. */
#include "guest/machine/sim/core.h"
#include "guest/machine/sim/install.h"
#include "guest/machine/sim/parsecd.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM_MAX_BYTES (512u * 1024 * 1024)
#define HASH_BYTES        32
#define ARGS_BYTES        512

static struct sim *processes_sim(struct processes_port *port)
{
    return CORE_SIM(port, processes);
}

static bool
processes_count(struct processes_port *port, const char *name, unsigned *ret_count, struct err *err)
{
    struct core_call call;
    unsigned count;

    if (!core_read(&call, processes_sim(port), "processes.count", name, err))
        return false;
    count = call.lie ? 0 : world_process_count(call.world, name);
    if (!core_end(&call, true, err))
        return false;
    *ret_count = count;
    return true;
}

static bool processes_terminate(struct processes_port *port, const char *name, struct err *err)
{
    struct core_call call;

    if (!core_act(&call, processes_sim(port), "processes.terminate", name, err))
        return false;
    if (!call.lie && world_process_count(call.world, name)) {
        world_process_end(call.world, name);
        if (world_same(name, PARSECD_PROCESS))
            parsecd_killed(call.env);
    }
    return core_end(&call, true, err);
}

static const char *last_component(const char *path)
{
    const char *name = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

static void join_args(const struct process_run *run, char *out, size_t size)
{
    size_t used = 0;

    out[0] = 0;
    for (size_t i = 0; i < PROCESS_ARGS && run->args[i] && used < size; i++) {
        text_copy(out + used, size - used, i ? " " : "");
        used += strlen(out + used);
        text_copy(out + used, size - used, run->args[i]);
        used += strlen(out + used);
    }
}

/* The file's bytes: of a simulated folder, or real. */
static bool read_program(struct core_call *call, const char *path, struct buf *out, struct err *err)
{
    char name[FS_PATH_BYTES];
    enum file_root root;

    if (disk_resolve(call->env->disk, path, &root, name, sizeof(name)))
        return call->env->disk->ops->read(
            call->env->disk, root, name, 0, PROGRAM_MAX_BYTES, out, err);
    return fs_read(path, PROGRAM_MAX_BYTES, out, err);
}

static void hash_hex(const struct buf *bytes, char *out)
{
    unsigned char hash[HASH_BYTES] = {0};

    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), bytes->data, bytes->len, hash);
    for (int i = 0; i < HASH_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* Whether publisher is in "a|b|c". */
static bool publisher_ok(const char *list, const char *publisher)
{
    char one[128];
    size_t length;

    while (*list) {
        length = strcspn(list, "|");
        snprintf(one, sizeof(one), "%.*s", (int)(length < 127 ? length : 127), list);
        if (world_same(one, publisher))
            return true;
        list += length + (list[length] == '|');
    }
    return false;
}

/* The trust rules of the design: the file exists, has this hash, and is signed by one of these. */
static bool check_program(struct core_call *call,
                          const struct process_run *run,
                          const struct world_program *program,
                          struct err *err)
{
    char hash[2 * HASH_BYTES + 1];
    struct err why = ERR_INIT;
    struct buf bytes;
    bool ok;

    if (!program)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_PROGRAM, run->path, NULL);
    if (run->publishers && !publisher_ok(run->publishers, program->publisher))
        return err_set(err, ERR_UNSAFE, TEXT_SIM_PUBLISHER, program->publisher, run->path, NULL);
    if (!run->sha256)
        return true;
    buf_init(&bytes, PROGRAM_MAX_BYTES);
    ok = read_program(call, run->path, &bytes, &why);
    if (ok) {
        hash_hex(&bytes, hash);
        ok = world_same(hash, run->sha256) ||
             err_set(err, ERR_UNSAFE, TEXT_SIM_HASH, run->path, NULL);
    } else if (why.kind == ERR_NOT_FOUND && !call->sim->store) {
        ok = true; /* in memory, what the world knows by name exists */
    } else if (err) {
        *err = why;
    }
    buf_done(&bytes);
    return ok;
}

/* Lets the program work for a part of its time. */
static bool work(struct core_call *call, int64_t time_ms, struct err *err)
{
    if (!core_pause(call, err))
        return false;
    core_sleep(call, time_ms);
    return core_resume(call, err);
}

/* It hangs, or waits for a person: killed at the deadline, after `spent_ms` already. */
static bool run_to_deadline(struct core_call *call,
                            const struct process_run *run,
                            int64_t spent_ms,
                            struct process_result *result,
                            struct err *err)
{
    if (!work(call, run->deadline_ms - spent_ms, err))
        return false;
    result->timed_out = true;
    result->exit_code = -1;
    return core_end(call, true, err);
}

/* The end of an installer's work, as its row says. */
static void finish_program(struct core_call *call,
                           const struct world_program *row,
                           bool asks,
                           const char *args,
                           struct process_result *result)
{
    result->exit_code = call->reboot && !row->exit_code ? 3010 : row->exit_code;
    if (row->lies || call->lie)
        return;
    if (asks)
        install_finish(call->env,
                       row->effect == WORLD_EFFECT_VDD ? WORLD_EFFECT_VDD_UNPACK
                                                       : WORLD_EFFECT_NONE,
                       args);
    else
        install_finish(call->env, row->effect, args);
    if (row->needs_reboot || call->reboot)
        call->world->system.reboot_pending = true;
}

static bool run_program(struct core_call *call,
                        const struct process_run *run,
                        const struct world_program *program,
                        struct process_result *result,
                        struct err *err)
{
    const struct world_program row = *program; /* the world may change while it works */
    int64_t time_ms = (int64_t)row.seconds * 1000, half_ms = time_ms / 2;
    char args[ARGS_BYTES];
    bool asks;

    join_args(run, args, sizeof(args));
    if (row.hangs || half_ms > run->deadline_ms || !install_is_silent(&row, args))
        return run_to_deadline(call, run, 0, result, err);
    if (!work(call, half_ms, err))
        return false;
    if (!row.lies && !call->lie)
        install_half(call->env, row.effect);
    asks = !row.lies && !call->lie && install_asks(call->world, &row);
    if (time_ms > run->deadline_ms || (asks && !row.unpacks))
        return run_to_deadline(call, run, half_ms, result, err);
    if (!work(call, time_ms - half_ms, err))
        return false;
    finish_program(call, &row, asks, args, result);
    return core_end(call, true, err);
}

static bool processes_run(struct processes_port *port,
                          const struct process_run *run,
                          struct process_result *ret_result,
                          struct err *err)
{
    struct process_result result = {.exit_code = 0};
    const struct world_program *program;
    struct core_call call;
    char args[ARGS_BYTES];

    join_args(run, args, sizeof(args));
    if (!core_act(&call, processes_sim(port), "processes.run", run->path, err))
        return false;
    program = install_program(call.world, last_component(run->path), args);
    if (!check_program(&call, run, program, err))
        return core_end(&call, false, err);
    if (!run_program(&call, run, program, &result, err))
        return false;
    *ret_result = result;
    return true;
}

static const struct processes_ops processes_ops = {
    .count = processes_count,
    .terminate = processes_terminate,
    .run = processes_run,
};

void port_processes_init(struct sim *sim)
{
    sim->processes.ops = &processes_ops;
    sim->machine.processes = &sim->processes;
}
