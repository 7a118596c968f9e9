/*
 * Whole programs for flow tests: a state folder of its own, the real gpupv run on it, its JSON and
 * its exit code, and the check that nothing is left running. Time in the guests is scaled up.
 */
#ifndef GPUPV_TESTS_FLOW_H
#define GPUPV_TESTS_FLOW_H

#include "tests/support/support.h"

#include "common/buf.h"
#include "common/err.h"
#include "common/fs.h"
#include "common/json.h"

#define FLOW_ARGS 24

struct flow {
    char root[FS_PATH_BYTES]; /* DIR of --simulate */
    struct buf out;           /* what the last run printed, both streams */
    cJSON *json;              /* its JSON document, NULL when there was none */
    int code;                 /* its exit code */
};

/* A test of flows: what it left open when it failed is reset. */
#define FLOW_TEST(test) cmocka_unit_test_teardown(test, flow_teardown)

/* Resets the flows that a failed test left open. */
int flow_teardown(void **state);

/* Makes an empty state folder and a fast simulated host. */
void flow_open(struct flow *flow, const char *folder);

/* Resets the simulation and fails when a process or socket of it is left. */
void flow_close(struct flow *flow);

/* Runs gpupv with the words up to NULL; never fails by itself. */
void flow_run(struct flow *flow, const char *word, ...) GPUPV_SENTINEL;

/* The same and fails when the exit code is another. */
void flow_expect(struct flow *flow, int code, const char *word, ...) GPUPV_SENTINEL;

/* Fails unless the last run printed text. */
void flow_says(const struct flow *flow, const char *text);

/* A string in the last JSON document: "vms.0.level"; fails when it is not there. */
const char *flow_text(const struct flow *flow, const char *path);

/* Runs `status NAME` until its level is `level`, at most 30 s; fails otherwise. */
void flow_wait_level(struct flow *flow, const char *name, const char *level);

/* The status of a check in `status NAME --json`, run for this. */
const char *flow_check(struct flow *flow, const char *name, const char *check);

/* The id of a VM by name, from `status NAME --json`; out: 40 bytes. */
void flow_id(struct flow *flow, const char *name, char *out);

/* Processes whose command line contains text; 0 where the system does not tell. */
unsigned flow_processes(const char *text);

#endif
