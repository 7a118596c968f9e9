/*
 * What the files of the injection share: where things go, and the parts that are more than rows of
 * inject_add.
 */
#ifndef GPUPV_HOST_INJECT_INSIDE_H
#define GPUPV_HOST_INJECT_INSIDE_H

#include "host/inject.h"

/* Folders of the volume. */
struct inject_place {
    const char *data;    /* of the agent */
    const char *program; /* of the agent; NULL: there is none, and no service */
    const char *panther; /* where Setup looks for its answers */
};

/* The place for this call. */
const struct inject_place *inject_place(const struct call *call);

/* The profile alone. */
bool inject_add_profile(struct call *call,
                        const struct target *target,
                        struct plan *plan,
                        struct err *err);

/* Takes out everything but policies. */
bool inject_add_removal(struct call *call, struct plan *plan, struct err *err);

#endif
