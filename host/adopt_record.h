/* The record of a VM that the store does not know yet: what the hypervisor says of it. */
#ifndef GPUPV_HOST_ADOPT_RECORD_H
#define GPUPV_HOST_ADOPT_RECORD_H

#include "host/many.h"

/* Fills target->record; nothing is saved. repairs: else the agent only observes. */
void adopt_record(struct call *call, struct target *target, bool repairs);

#endif
