/* AMD's runtime must load; then Media Foundation is asked for a hardware encoder of H.264. */
#include "guest/machine/windows/gpu_vendor_win32.h"

#include "guest/machine/windows/call_win32.h"

#include <initguid.h>

#include <mfapi.h>
#include <mfidl.h>
#include <mftransform.h>

#define VENDOR_AMD 0x1002u

/* MFT_ENUM_ADAPTER_LUID {1d39518c-e220-4da8-a07f-ba172552d6b1} (mfapi.h; Windows 10 1703) */
static const GUID adapter_luid = {
    0x1d39518c, 0xe220, 0x4da8, {0xa0, 0x7f, 0xba, 0x17, 0x25, 0x52, 0xd6, 0xb1}};

struct media {
    HRESULT(WINAPI *startup)(ULONG version, DWORD flags);
    HRESULT(WINAPI *attributes)(IMFAttributes **ret_attributes, UINT32 size);
    HRESULT(WINAPI *list)
    (GUID category,
     UINT32 flags,
     const MFT_REGISTER_TYPE_INFO *input,
     const MFT_REGISTER_TYPE_INFO *output,
     IMFAttributes *attributes,
     IMFActivate ***ret_list,
     UINT32 *ret_count);
};

/* False in editions without Media Foundation. */
static bool load(struct media *media)
{
    HMODULE module = gpu_library(L"mfplat.dll");

    if (!module)
        return false;
    call_store(&media->startup, GetProcAddress(module, "MFStartup"));
    call_store(&media->attributes, GetProcAddress(module, "MFCreateAttributes"));
    call_store(&media->list, GetProcAddress(module, "MFTEnum2"));
    return media->startup && media->attributes && media->list &&
           SUCCEEDED(media->startup(MF_VERSION, MFSTARTUP_LITE));
}

/* One that is listed and does not come to life fails; none listed tells nothing. */
static enum gpu_encoder activate(IMFActivate **list, UINT32 count)
{
    enum gpu_encoder encoder = count ? GPU_ENCODER_FAILS : GPU_ENCODER_UNKNOWN;

    for (UINT32 i = 0; i < count; i++) {
        IMFTransform *transform = NULL;

        if (SUCCEEDED(
                IMFActivate_ActivateObject(list[i], &IID_IMFTransform, (void **)&transform)) &&
            transform) {
            encoder = GPU_ENCODER_OPENS;
            IMFTransform_Release(transform);
        }
        IMFActivate_Release(list[i]);
    }
    return encoder;
}

static enum gpu_encoder ask_media_foundation(const LUID *luid)
{
    const MFT_REGISTER_TYPE_INFO h264 = {MFMediaType_Video, MFVideoFormat_H264};
    enum gpu_encoder encoder = GPU_ENCODER_UNKNOWN;
    IMFAttributes *attributes = NULL;
    IMFActivate **list = NULL;
    struct media media = {0};
    UINT32 count = 0;

    if (FAILED(CoInitializeEx(NULL, COINIT_MULTITHREADED)) || !load(&media) ||
        FAILED(media.attributes(&attributes, 1)))
        return GPU_ENCODER_UNKNOWN;
    if (SUCCEEDED(
            IMFAttributes_SetBlob(attributes, &adapter_luid, (const UINT8 *)luid, sizeof *luid)) &&
        SUCCEEDED(media.list(MFT_CATEGORY_VIDEO_ENCODER,
                             MFT_ENUM_FLAG_HARDWARE | MFT_ENUM_FLAG_SORTANDFILTER,
                             NULL,
                             &h264,
                             attributes,
                             &list,
                             &count)))
        encoder = activate(list, count);
    CoTaskMemFree(list);
    IMFAttributes_Release(attributes);
    return encoder;
}

/* The runtime that AMD's encoder is reached through must load and know its version. */
static bool amd_runtime_loads(void)
{
    HMODULE module = gpu_library(L"amfrt64.dll");
    int(__cdecl * query_version)(uint64_t * ret_version) = NULL;
    uint64_t version = 0;

    if (module)
        call_store(&query_version, GetProcAddress(module, "AMFQueryVersion"));
    return query_version && query_version(&version) == 0 && version != 0;
}

enum gpu_encoder gpu_vendor_open(uint32_t vendor, const LUID *luid)
{
    ID3D11Device *device;

    if (vendor == VENDOR_AMD && !amd_runtime_loads())
        return GPU_ENCODER_LIBRARY;
    device = gpu_device_on(luid);
    if (!device)
        return GPU_ENCODER_FAILS;
    ID3D11Device_Release(device);
    return ask_media_foundation(luid);
}
