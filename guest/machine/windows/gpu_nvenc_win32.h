/*
 * NVIDIA's encoder: a session of NVENC is opened on the adapter and closed again, which is what
 * Parsec fails at with -15000 and -15101 when driver files are missing or of another version. Runs
 * in a process of its own (gpu_encode_win32.h).
 */
#ifndef GPUPV_MACHINE_GPU_NVENC_WIN32_H
#define GPUPV_MACHINE_GPU_NVENC_WIN32_H

#include "guest/machine/windows/gpu_encoder_win32.h"

/* Opens a session on the adapter of that id. */
enum gpu_encoder gpu_nvenc_open(const LUID *luid);

#endif
