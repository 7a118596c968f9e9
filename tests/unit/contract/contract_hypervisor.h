/*
 * What every hypervisor port must do. The tests run against the simulation (test_hypervisor.c) and,
 * under Wine, against Hyper-V's port over its emulated provider (hypervisor_contract_win32.c), each
 * of which gives a world: a host with one GPU and no machine, made anew for each test.
 */
#ifndef GPUPV_TESTS_CONTRACT_HYPERVISOR_H
#define GPUPV_TESTS_CONTRACT_HYPERVISOR_H

#include "tests/support/support.h"

#include "host/hypervisor/hypervisor.h"

struct hypervisor_bench {
    struct hypervisor *h;
    char root[FS_PATH_BYTES]; /* the simulation's folder */
    char gpu[GPU_PATH_BYTES]; /* the host's GPU */
};

struct hypervisor_world {
    const char *name;
    /* Fills in the bench; folder is free for the world's use. */
    void (*open)(struct hypervisor_bench *b, const char *folder);
    /* Gives a new machine a guest that can start. */
    void (*install)(struct hypervisor_bench *b, const char *id);
    /* The guest publishes text. */
    void (*publish)(struct hypervisor_bench *b, const char *id, const char *text);
};

extern const struct hypervisor_world hypervisor_world;
extern const struct CMUnitTest hypervisor_contract[];
extern const size_t hypervisor_contract_count;

/* Fails the test with the sentence of err. */
void bench_expect(bool ok, const struct err *err);

/* Calls something that takes &do_err last and must succeed. */
#define DO(call)                                                                                   \
    do {                                                                                           \
        struct err do_err = ERR_INIT;                                                              \
        bench_expect((call), &do_err);                                                             \
    } while (0)

/* A machine with a guest; ret_id: VM_ID_BYTES. */
void bench_make_vm(struct hypervisor_bench *b, const char *name, char *ret_id);

struct vm_info bench_find_vm(struct hypervisor_bench *b, const char *id);

/* Switches, and waits for a guest that boots to answer. */
void bench_power(struct hypervisor_bench *b, const char *id, enum vm_power what);

/* Switches every machine off, removes it and closes the port. */
void bench_close(struct hypervisor_bench *b);

#endif
