/*
 * The encoders of AMD, Intel and others. In a guest they are reached through files that the host's
 * driver brought; Media Foundation lists a hardware encoder only where an installer registered one,
 * so none listed tells nothing [probe]. Runs in a process of its own (gpu_encode_win32.h).
 */
#ifndef GPUPV_MACHINE_GPU_VENDOR_WIN32_H
#define GPUPV_MACHINE_GPU_VENDOR_WIN32_H

#include "guest/machine/windows/gpu_encoder_win32.h"

#include <stdint.h>

/* Asks the vendor's runtime, then Media Foundation for an encoder on the adapter of that id. */
enum gpu_encoder gpu_vendor_open(uint32_t vendor, const LUID *luid);

#endif
