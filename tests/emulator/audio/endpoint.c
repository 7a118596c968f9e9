/* Which endpoints there are. */
#include "audio.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY "audio"

enum { DEVICES = 16 };

static bool service_runs(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS);
    SERVICE_STATUS status = {0};
    bool runs;

    if (!service)
        return false;
    runs = QueryServiceStatus(service, &status) && status.dwCurrentState == SERVICE_RUNNING;
    CloseServiceHandle(service);
    return runs;
}

HRESULT audio_running(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    bool runs = manager && service_runs(manager, L"AudioEndpointBuilder") &&
                service_runs(manager, L"Audiosrv");

    if (manager)
        CloseServiceHandle(manager);
    return runs ? S_OK : (HRESULT)state_number(KEY, "NoService", 0x80070426);
}

/* "{0.0.0.00000000}.{...}" for render, "{0.0.1.00000000}.{...}" for capture: the same for the same
 * device on every boot. */
static void name_endpoint(struct audio_endpoint *e, const wchar_t *seed)
{
    uint64_t hash = 14695981039346656037u;

    for (const wchar_t *c = seed; *c; c++)
        hash = (hash ^ (uint64_t)*c) * 1099511628211u;
    swprintf(e->id,
             AUDIO_TEXT,
             L"{0.0.%d.00000000}.{%08x-1c5e-4ae7-9d0b-%012llx}",
             e->flow == eCapture,
             (unsigned)(hash >> 32),
             (unsigned long long)(hash & 0xFFFFFFFFFFFFu));
}

static size_t add_cables(EDataFlow flow, struct audio_endpoint *endpoints)
{
    struct pnp_device devices[DEVICES];
    size_t found = pnp_list(L"MEDIA", devices, DEVICES), count = 0;

    for (size_t i = 0; i < found && i < DEVICES && count < AUDIO_ENDPOINTS - 1; i++) {
        struct audio_endpoint *e = &endpoints[count];

        if (!devices[i].started || _wcsicmp(devices[i].hardware_id, L"VBAudioVACWDM"))
            continue;
        memset(e, 0, sizeof(*e));
        e->flow = flow;
        wcscpy(e->instance, devices[i].instance);
        wcscpy(e->name, flow == eCapture ? L"CABLE Output" : L"CABLE Input");
        wcscpy(e->adapter, L"VB-Audio Virtual Cable");
        name_endpoint(e, e->instance);
        count++;
    }
    return count;
}

size_t audio_endpoints(EDataFlow flow, struct audio_endpoint *ret_endpoints)
{
    struct audio_endpoint extra = {.flow = eRender};
    size_t count = add_cables(flow, ret_endpoints);

    if (flow == eRender && state_text(KEY, "Extra", extra.name, AUDIO_TEXT)) {
        wcscpy(extra.adapter, extra.name);
        name_endpoint(&extra, extra.name);
        /* it was there first */
        memmove(ret_endpoints + 1, ret_endpoints, count * sizeof(*ret_endpoints));
        ret_endpoints[0] = extra;
        count++;
    }
    return count;
}

bool audio_find(const wchar_t *id, struct audio_endpoint *ret_endpoint)
{
    static const EDataFlow flows[] = {eRender, eCapture};
    struct audio_endpoint all[AUDIO_ENDPOINTS];

    for (int f = 0; f < 2; f++) {
        size_t count = audio_endpoints(flows[f], all);

        for (size_t i = 0; i < count; i++)
            if (!wcscmp(all[i].id, id)) {
                *ret_endpoint = all[i];
                return true;
            }
    }
    return false;
}

static void default_name(EDataFlow flow, ERole role, char *ret_name, size_t size)
{
    snprintf(ret_name, size, "Default%d%d", (int)flow, (int)role);
}

bool audio_default(EDataFlow flow, ERole role, struct audio_endpoint *ret_endpoint)
{
    struct audio_endpoint all[AUDIO_ENDPOINTS];
    wchar_t id[AUDIO_TEXT];
    char name[16];

    default_name(flow, role, name, sizeof(name));
    if (state_text(KEY, name, id, AUDIO_TEXT) && audio_find(id, ret_endpoint))
        return true;
    if (!audio_endpoints(flow, all))
        return false;
    *ret_endpoint = all[0];
    return true;
}

HRESULT audio_set_default(const wchar_t *id, ERole role)
{
    HRESULT fault = (HRESULT)state_fault(KEY, "FailPolicy");
    struct audio_endpoint endpoint;
    char name[16];

    if (fault)
        return fault;
    if (!id || role < eConsole || role >= ERole_enum_count)
        return E_INVALIDARG;
    if (!audio_find(id, &endpoint))
        return AUDIO_NOT_FOUND;
    default_name(endpoint.flow, role, name, sizeof(name));
    state_set_text(KEY, name, id);
    return S_OK;
}
