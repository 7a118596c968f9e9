/*
 * What gpupv brings into a guest's Windows: the agent with its service, policies, the answer file
 * for Setup, key, profile and payloads; as parts of one plan (image/plan.h) that new disks, the
 * disks of VMs that are off and the simulation share. The simulated Windows keeps the agent's files
 * in places of its own and needs no program. The caller holds the VM's lock. Blocking.
 *
 * Changing the disk of a VM that stands is journaled: what a first injection brought is taken out
 * again when it fails or dies (inject_recover).
 */
#ifndef GPUPV_HOST_INJECT_H
#define GPUPV_HOST_INJECT_H

#include "common/key.h"
#include "host/image/plan.h"
#include "host/image/unattend.h"
#include "host/many.h"

enum inject_part {
    INJECT_PROGRAM = 1 << 0,  /* the agent's program and its service */
    INJECT_POLICIES = 1 << 1, /* no device encryption, no drivers from Windows Update */
    INJECT_SETUP = 1 << 2,    /* the answer file */
    INJECT_AGENT = 1 << 3,    /* key and profile: with them the agent knows whose guest it is in */
    INJECT_PAYLOADS = 1 << 4  /* the installers of the cache */
};

struct inject_what {
    unsigned parts;               /* enum inject_part */
    const struct target *target;  /* AGENT */
    const struct key_file *keys;  /* AGENT */
    const struct unattend *setup; /* SETUP */
};

/* Adds the parts to a plan, in the order in which they may be interrupted: what makes the rest
 * count comes last. */
bool inject_add(struct call *call,
                const struct inject_what *what,
                struct plan *plan,
                struct err *err);

/* Puts program, key and profile on the disk of a VM that is off, and the payloads of the cache when
 * asked to. */
bool inject_agent(struct call *call,
                  const struct target *target,
                  const struct key_file *keys,
                  bool with_payloads,
                  struct err *err);

/* Puts in the profile that was changed while the VM was off, if any. */
bool inject_profile(struct call *call, struct target *target, struct err *err);

/* Takes the agent with all its data out. */
bool inject_remove(struct call *call, const struct target *target, struct err *err);

/* Takes out what injections that died left half-done; calls told (may be NULL) with each disk. */
bool inject_recover(struct call *call,
                    void (*told)(const char *disk, void *user),
                    void *user,
                    struct err *err);

#endif
