/* The machine from nothing: C:\emulator\hyperv\seed.json, see seed.c for what may stand there. */
#ifndef GPUPV_TESTS_HYPERV_SEED_H
#define GPUPV_TESTS_HYPERV_SEED_H

/* Fills the empty state. */
void seed_make(void);

#endif
