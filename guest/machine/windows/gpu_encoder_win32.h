/*
 * What opening an encoder on an adapter comes to, and how to open a Direct3D device there: shared
 * by the vendors' probes, which run in a process of their own (gpu_encode_win32.h) and leave its
 * cleaning to its end where a driver may not survive it.
 */
#ifndef GPUPV_MACHINE_GPU_ENCODER_WIN32_H
#define GPUPV_MACHINE_GPU_ENCODER_WIN32_H

#include <windows.h>

#include <d3d11.h>

#include <stdbool.h>

enum gpu_encoder {
    GPU_ENCODER_UNKNOWN, /* cannot be told */
    GPU_ENCODER_OPENS,
    GPU_ENCODER_FAILS,
    GPU_ENCODER_LIBRARY /* its library is missing, or is none */
};

/* Loads a library of Windows or of the driver from System32 alone; NULL: not there. */
HMODULE gpu_library(const wchar_t *name);

/* A device on the adapter of that id, NULL when it cannot be made. The caller releases it. */
ID3D11Device *gpu_device_on(const LUID *luid);

#endif
