/* A stand-in for nvEncodeAPI64.dll, the library of NVIDIA's encoder: sessions open and close on a
 * device of the emulated machine, and nothing is encoded. Numbers and layouts are those of the
 * public interface.
 *
 *   HKLM\Software\gpupv-emulator\gpu
 *     EncodeVersion  REG_DWORD  0xC1: newest version that the library serves, major << 4 | minor
 *     EncodeOpen     REG_DWORD  0: NVENCSTATUS of opening a session
 *     EncodeSessions REG_DWORD  8: sessions at a time
 *     EncodeHang     REG_DWORD  1: opening a session does not come back
 *     EncodeCrash    REG_DWORD  1: opening a session crashes */
#include "../common/state.h"
#include "dxgi_device.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY "gpu"

enum status {
    OK = 0,
    NO_ENCODE_DEVICE = 1,
    INVALID_ENCODERDEVICE = 3,
    INVALID_PTR = 6,
    OUT_OF_MEMORY = 10,
    INVALID_VERSION = 15,
    UNIMPLEMENTED = 21
};

enum { CODECS = 1, DESTROY = 27, OPEN_EX = 29, FUNCTIONS = 40, DEVICE_DIRECTX = 0, SESSIONS = 8 };

struct function_list {
    uint32_t version, reserved;
    void *functions[FUNCTIONS];
};

struct open_session {
    uint32_t version, device_type;
    void *device;
    void *reserved;
    uint32_t api_version;
};

struct encoder {
    uint32_t mark;
    uint32_t session;
};

static volatile LONG open_sessions;

uint32_t WINAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *ret_version);
uint32_t WINAPI NvEncodeAPICreateInstance(struct function_list *list);

/* A structure's version holds the interface's: major in the low byte, minor in the highest but
 * four bits, and 7 on top. */
static bool serves(uint32_t struct_version)
{
    uint32_t major = struct_version & 0xFF, minor = struct_version >> 24 & 0xF;

    return struct_version >> 28 == 7 &&
           (major << 4 | minor) <= state_number(KEY, "EncodeVersion", 0xC1);
}

static uint32_t WINAPI unimplemented(void)
{
    return UNIMPLEMENTED;
}

static uint32_t WINAPI open_session(struct open_session *call, struct encoder **ret_encoder)
{
    DWORD status = state_number(KEY, "EncodeOpen", OK);
    const struct gpu_device *device;

    if (!call || !ret_encoder)
        return INVALID_PTR;
    *ret_encoder = NULL;
    if (!serves(call->version) || (call->version >> 16 & 0xFF) != 1)
        return INVALID_VERSION;
    device = call->device;
    if (call->device_type != DEVICE_DIRECTX || !device || device->mark != GPU_DEVICE_MARK)
        return INVALID_ENCODERDEVICE;
    if (!device->paravirtualised)
        return NO_ENCODE_DEVICE;
    if (state_number(KEY, "EncodeHang", 0))
        Sleep(INFINITE);
    if (state_number(KEY, "EncodeCrash", 0))
        RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, NULL);
    if (status)
        return status;
    if ((DWORD)open_sessions >= state_number(KEY, "EncodeSessions", SESSIONS))
        return OUT_OF_MEMORY;
    *ret_encoder = calloc(1, sizeof(**ret_encoder));
    if (!*ret_encoder)
        return OUT_OF_MEMORY;
    (*ret_encoder)->mark = GPU_DEVICE_MARK;
    InterlockedIncrement(&open_sessions);
    return OK;
}

static uint32_t WINAPI codec_count(struct encoder *encoder, uint32_t *ret_count)
{
    if (!encoder || encoder->mark != GPU_DEVICE_MARK || !ret_count)
        return INVALID_PTR;
    *ret_count = 2;
    return OK;
}

static uint32_t WINAPI destroy(struct encoder *encoder)
{
    if (!encoder || encoder->mark != GPU_DEVICE_MARK)
        return INVALID_PTR;
    encoder->mark = 0;
    free(encoder);
    InterlockedDecrement(&open_sessions);
    return OK;
}

uint32_t WINAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *ret_version)
{
    if (!ret_version)
        return INVALID_PTR;
    *ret_version = state_number(KEY, "EncodeVersion", 0xC1);
    return OK;
}

static void *pointer(void (*function)(void))
{
    void *made;

    memcpy(&made, &function, sizeof(made));
    return made;
}

uint32_t WINAPI NvEncodeAPICreateInstance(struct function_list *list)
{
    if (!list)
        return INVALID_PTR;
    if (!serves(list->version) || (list->version >> 16 & 0xFF) != 2)
        return INVALID_VERSION;
    for (int i = 0; i < FUNCTIONS; i++)
        list->functions[i] = pointer((void (*)(void))unimplemented);
    list->functions[CODECS] = pointer((void (*)(void))codec_count);
    list->functions[DESTROY] = pointer((void (*)(void))destroy);
    list->functions[OPEN_EX] = pointer((void (*)(void))open_session);
    return OK;
}
