/*
 * The host's self-test: what gpupv takes for granted of a real Hyper-V host, asked of the computer
 * that it runs on (common/selftest.h). Everything only reads; nothing names people or VMs.
 */
#ifndef GPUPV_HOST_PROBES_H
#define GPUPV_HOST_PROBES_H

#include "common/selftest.h"
#include "host/computer/computer.h"
#include "host/hypervisor/hypervisor.h"

/* What the probes look at, read once. */
struct probes_view {
    struct computer_facts facts;
    bool has_host; /* the hypervisor answered */
    struct err no_host_why;
    struct host_info host;
    size_t vm_count;
    int64_t answer_ms; /* until it had answered everything */
};

/* Reads it; h may be NULL with why. */
void probes_look(struct probes_view *ret_view,
                 const struct computer_facts *facts,
                 struct hypervisor *h,
                 const struct err *why);

/* The table of probes; run them with a struct probes_view. */
const struct selftest_probe *probes_rows(size_t *ret_count);

#endif
