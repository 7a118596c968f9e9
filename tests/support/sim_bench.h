/*
 * A simulated machine in memory with its clock, for tests. Whatever does not work fails the test
 * with the error's sentence.
 */
#ifndef GPUPV_TESTS_SIM_BENCH_H
#define GPUPV_TESTS_SIM_BENCH_H

#include "tests/support/support.h"

#include "guest/machine/sim/sim.h"
#include "guest/machine/sim/world.h"

struct bench {
    struct clock_manual clock;
    struct machine *machine;
};

/* Opens a built-in world or JSON text, just switched on. */
void bench_open(struct bench *bench, const char *world);

/* The same a minute later: setup is over, somebody is logged on and everything started. */
void bench_ready(struct bench *bench, const char *world);

void bench_close(struct bench *bench);

/* Time passes, and whatever is due happens. */
void bench_pass(struct bench *bench, int64_t time_ms);

/* One edit, "display.adapter=missing". */
void bench_edit(struct bench *bench, const char *edit);

/* The world itself. */
struct world *bench_world(struct bench *bench);

/* What the ports say. */
struct display_list bench_paths(struct bench *bench);
unsigned bench_monitors(struct bench *bench);
struct device_list bench_devices(struct bench *bench, const char *hardware_id);

/* True when the file has this text in it; the file must exist. */
bool bench_file_has(struct bench *bench, enum file_root root, const char *name, const char *text);
bool bench_log_has(struct bench *bench, const char *text);

/* Replaces Parsec's config.txt. */
void bench_config_put(struct bench *bench, const char *text);

void bench_restart_parsec(struct bench *bench);

/* Runs a program that the world knows, for five minutes at most. */
struct process_result bench_run(struct bench *bench, const char *file, const char *args);

/* Disables the first device with this hardware id. */
void bench_disable(struct bench *bench, const char *hardware_id);

#endif
