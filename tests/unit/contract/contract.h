/*
 * What every implementation of the guest's ports must do, one file of tests per port. A test gets a
 * struct contract in *state: a machine and ways to arrange what it finds. An arrangement that an
 * implementation cannot make skips the test, so the same tests run against the simulation in
 * memory, the simulation on disk and, where harmless, a real Windows.
 */
#ifndef GPUPV_TESTS_CONTRACT_H
#define GPUPV_TESTS_CONTRACT_H

#include "tests/support/support.h"

#include "guest/machine/machine.h"

struct contract {
    const char *name;
    struct machine *machine; /* made anew for each test: everything works, somebody is logged on */
    /* Puts the world into a state, in the words of guest/machine/sim/edit.h; false: cannot. */
    bool (*arrange)(struct contract *contract, const char *edit);
    /* Starts the machine anew; NULL: cannot. */
    bool (*boot)(struct contract *contract);
    /* Lets machine time pass, and real time where monitors live. */
    void (*later)(struct contract *contract, int64_t time_ms);
    void (*later_real)(struct contract *contract, int64_t time_ms);
    /* A program that takes a while and does nothing, as an absolute path with its hash and
     * publisher; NULL: none. */
    const char *program, *program_sha256, *program_publisher;
    uint32_t program_seconds;
    bool may_act; /* false: look only */
    /* This machine does not ask for handles of a device that shall stop: it refuses to stop it. */
    bool handles_veto;
    uint16_t proxy_port; /* of the arranged proxy at 127.0.0.1 */
};

struct contract_tests {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
};

extern const struct contract_tests contract_devices, contract_drivers, contract_services,
    contract_processes, contract_tasks, contract_files, contract_registry, contract_displays,
    contract_vdd, contract_gpu, contract_sessions, contract_network, contract_system;

/* Runs all tests of a port, each with contract as its state between open and close; the number of
 * tests that failed. */
int contract_run(const struct contract_tests *port,
                 struct contract *contract,
                 int (*open)(void **),
                 int (*close)(void **));

/* The contract of a test; skips the test when it acts and the implementation may not. */
struct contract *contract_acting(void **state);
struct contract *contract_looking(void **state);

/* Fails the test with the sentence and the system's code of err. */
void contract_must(bool ok, const struct err *err);

/* Arranges or skips the test. */
void contract_arrange(struct contract *contract, const char *edit);

#endif
