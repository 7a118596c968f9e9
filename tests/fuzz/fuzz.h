/*
 * The one function of a fuzz target. libFuzzer calls it, or replay.c with every file of the corpus.
 */
#ifndef GPUPV_TESTS_FUZZ_H
#define GPUPV_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Runs the code under test over the input, which lives until it returns. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
