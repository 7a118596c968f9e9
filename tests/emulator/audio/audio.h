/* Core Audio as a COM server that takes the place of Wine's MMDeviceEnumerator, and the
 * undocumented policy object by which the default endpoint is set. Endpoints follow from devices of
 * the PnP manager: each started VB-Cable has a render and a capture endpoint. They are there while
 * both services of audio run.
 *
 *   HKLM\Software\gpupv-emulator\audio
 *     NoService    REG_DWORD  0x80070426: HRESULT of every call while a service is stopped [probe]
 *     Extra        REG_SZ     name of one more render endpoint ("Remote Audio"), without a device
 *     FailPolicy   REG_DWORD  HRESULT of setting a default
 *     FailEnum     REG_DWORD  HRESULT of listing endpoints
 *     Default<flow><role>  REG_SZ  id of the endpoint; written by the policy object */
#ifndef GPUPV_TESTS_AUDIO_H
#define GPUPV_TESTS_AUDIO_H

#include <windows.h>
#include <mmdeviceapi.h>
#include <stdbool.h>
#include <stddef.h>

#include "../pnp/pnp_state.h"

enum { AUDIO_ENDPOINTS = 16, AUDIO_TEXT = 128 };

#define AUDIO_NOT_FOUND ((HRESULT)0x80070490)

struct audio_endpoint {
    EDataFlow flow;
    wchar_t id[AUDIO_TEXT];      /* "{0.0.0.00000000}.{guid}" */
    wchar_t name[AUDIO_TEXT];    /* "CABLE Input" */
    wchar_t adapter[AUDIO_TEXT]; /* "VB-Audio Virtual Cable" */
    wchar_t instance[PNP_ID_MAX];
};

/* ---- endpoint.c ---- */

/* S_OK, or what the API answers while a service of audio is stopped. */
HRESULT audio_running(void);

/* Endpoints that are active now. */
size_t audio_endpoints(EDataFlow flow, struct audio_endpoint *ret_endpoints);

/* The endpoint of that id. */
bool audio_find(const wchar_t *id, struct audio_endpoint *ret_endpoint);

/* The default endpoint of a role: the one that was set, else the first. */
bool audio_default(EDataFlow flow, ERole role, struct audio_endpoint *ret_endpoint);

HRESULT audio_set_default(const wchar_t *id, ERole role);

/* ---- device.c ---- */

/* An IMMDevice for the endpoint; the caller releases it. */
HRESULT audio_device_new(const struct audio_endpoint *endpoint, IMMDevice **ret_device);

#endif
