/* What a Direct3D device is in the emulated machine, so that the stand-in for an encoder's library
 * can tell one from something else. */
#ifndef GPUPV_TESTS_DXGI_DEVICE_H
#define GPUPV_TESTS_DXGI_DEVICE_H

#include <windows.h>
#include <stdbool.h>
#include <stdint.h>

#define GPU_DEVICE_MARK UINT32_C(0x44505547)

struct gpu_device {
    void *const *methods; /* those of an ID3D11Device come first */
    LONG references;
    uint32_t mark; /* GPU_DEVICE_MARK */
    LUID adapter;
    bool paravirtualised;
};

#endif
