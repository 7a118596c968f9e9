/*
 * nvEncodeAPI64.dll, as much of its public interface as a session needs. The structures carry their
 * version; an old one is taken by every newer driver.
 */
#include "guest/machine/windows/gpu_nvenc_win32.h"

#include "guest/machine/windows/call_win32.h"

#include <stdint.h>

#define API_MAJOR   9u
#define API_MINOR   1u
#define API_VERSION (API_MAJOR | API_MINOR << 24)
/* a structure's version: the interface's, its own, and a mark */
#define STRUCT_VERSION(own) (API_VERSION | (own) << 16 | 0x7u << 28)

#define SUPPORTED(major, minor) ((major) << 4 | (minor)) /* as the library tells its own */

enum status {
    STATUS_OK = 0,
    STATUS_OUT_OF_MEMORY = 10, /* also: every session that the card allows is taken */
    STATUS_LOCK_BUSY = 13,
    STATUS_INVALID_VERSION = 15,
    STATUS_ENCODER_BUSY = 18
};

/* Positions in the list of functions. */
enum { CODEC_COUNT = 1, DESTROY_ENCODER = 27, OPEN_SESSION = 29, FUNCTIONS = 512 };

struct function_list { /* NV_ENCODE_API_FUNCTION_LIST; longer than any of its versions */
    uint32_t version, reserved;
    FARPROC functions[FUNCTIONS];
};

struct session { /* NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS */
    uint32_t version;
    uint32_t device_type; /* 0: DirectX */
    void *device;
    void *reserved;
    uint32_t api_version;
    uint32_t reserved_numbers[253];
    void *reserved_pointers[64];
};

struct library {
    uint32_t(WINAPI *max_version)(uint32_t *ret_version);
    uint32_t(WINAPI *create)(struct function_list *list);
    uint32_t(WINAPI *open)(struct session *session, void **ret_encoder);
    uint32_t(WINAPI *count)(void *encoder, uint32_t *ret_count);
    uint32_t(WINAPI *destroy)(void *encoder);
};

/* False: no library, or one that cannot serve. */
static bool load(struct library *library)
{
    static struct function_list list = {.version = STRUCT_VERSION(2u)};
    HMODULE module = gpu_library(L"nvEncodeAPI64.dll");
    uint32_t version = 0;

    if (!module)
        return false;
    call_store(&library->max_version, GetProcAddress(module, "NvEncodeAPIGetMaxSupportedVersion"));
    call_store(&library->create, GetProcAddress(module, "NvEncodeAPICreateInstance"));
    if (!library->max_version || !library->create || library->max_version(&version) != STATUS_OK ||
        version < SUPPORTED(API_MAJOR, API_MINOR) || library->create(&list) != STATUS_OK)
        return false;
    call_store(&library->open, list.functions[OPEN_SESSION]);
    call_store(&library->count, list.functions[CODEC_COUNT]);
    call_store(&library->destroy, list.functions[DESTROY_ENCODER]);
    return library->open && library->count && library->destroy;
}

static enum gpu_encoder judge(uint32_t status)
{
    switch (status) {
    case STATUS_OK:
        return GPU_ENCODER_OPENS;
    case STATUS_INVALID_VERSION:
        return GPU_ENCODER_LIBRARY;
    case STATUS_OUT_OF_MEMORY:
    case STATUS_LOCK_BUSY:
    case STATUS_ENCODER_BUSY:
        return GPU_ENCODER_UNKNOWN;
    default:
        return GPU_ENCODER_FAILS;
    }
}

enum gpu_encoder gpu_nvenc_open(const LUID *luid)
{
    struct session session = {.version = STRUCT_VERSION(1u), .api_version = API_VERSION};
    struct library library = {0};
    enum gpu_encoder encoder;
    void *handle = NULL;
    uint32_t codecs = 0;

    if (!load(&library))
        return GPU_ENCODER_LIBRARY;
    session.device = gpu_device_on(luid);
    if (!session.device)
        return GPU_ENCODER_FAILS;
    encoder = judge(library.open(&session, &handle));
    if (encoder == GPU_ENCODER_OPENS && (library.count(handle, &codecs) != STATUS_OK || !codecs))
        encoder = GPU_ENCODER_FAILS;
    /* also after a failure, by the interface's rules */
    if (handle)
        (void)library.destroy(handle);
    return encoder;
}
