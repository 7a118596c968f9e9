/* Finding the adapter again in DXGI and making a device on it. */
#include "guest/machine/windows/gpu_encoder_win32.h"

#include "guest/machine/windows/call_win32.h"

#include <initguid.h>

#include <dxgi.h>

/* IDXGIFactory1 {770aae78-f26f-4dba-a829-253c83d1b387} */
static const GUID factory_id = {
    0x770aae78, 0xf26f, 0x4dba, {0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}};

typedef HRESULT(WINAPI *create_factory)(const GUID *id, void **ret_factory);

HMODULE gpu_library(const wchar_t *name)
{
    return LoadLibraryExW(name, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

static IDXGIAdapter1 *find_adapter(const LUID *luid)
{
    HMODULE dxgi = gpu_library(L"dxgi.dll");
    IDXGIFactory1 *factory = NULL;
    IDXGIAdapter1 *adapter = NULL;
    create_factory create = NULL;

    if (dxgi)
        call_store(&create, GetProcAddress(dxgi, "CreateDXGIFactory1"));
    if (!create || FAILED(create(&factory_id, (void **)&factory)))
        return NULL;
    for (UINT i = 0; SUCCEEDED(IDXGIFactory1_EnumAdapters1(factory, i, &adapter)); i++) {
        DXGI_ADAPTER_DESC1 desc;

        if (SUCCEEDED(IDXGIAdapter1_GetDesc1(adapter, &desc)) &&
            desc.AdapterLuid.LowPart == luid->LowPart &&
            desc.AdapterLuid.HighPart == luid->HighPart)
            break;
        IDXGIAdapter1_Release(adapter);
        adapter = NULL;
    }
    IDXGIFactory1_Release(factory);
    return adapter;
}

ID3D11Device *gpu_device_on(const LUID *luid)
{
    HMODULE d3d11 = gpu_library(L"d3d11.dll");
    IDXGIAdapter1 *adapter = find_adapter(luid);
    PFN_D3D11_CREATE_DEVICE create = NULL;
    ID3D11Device *device = NULL;

    if (d3d11)
        call_store(&create, GetProcAddress(d3d11, "D3D11CreateDevice"));
    if (create && adapter &&
        FAILED(create((IDXGIAdapter *)adapter,
                      D3D_DRIVER_TYPE_UNKNOWN,
                      NULL,
                      D3D11_CREATE_DEVICE_VIDEO_SUPPORT,
                      NULL,
                      0,
                      D3D11_SDK_VERSION,
                      &device,
                      NULL,
                      NULL)))
        device = NULL;
    if (adapter)
        IDXGIAdapter1_Release(adapter);
    return device;
}
