/* The classes that the prefix names: IWbemLocator and IWbemObjectTextSrc. Facts: MicrosoftDocs
 * (IWbemLocator::ConnectServer), hyperv-wmi.md §1. */
#include "hyperv.h"
#include "service.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef HRESULT(WINAPI *class_object)(REFCLSID class, REFIID iid, void **ret);

/* Wine's own, which answers for everything else. */
static HRESULT wine_locator(IWbemLocator **ret_locator)
{
    HMODULE module = LoadLibraryA("C:\\windows\\system32\\wbem\\wbemprox.dll");
    FARPROC found = module ? GetProcAddress(module, "DllGetClassObject") : NULL;
    class_object get;
    IClassFactory *factory;
    HRESULT result;

    if (!found)
        return (HRESULT)WBEM_E_FAILED;
    memcpy(&get, &found, sizeof(get));
    result = get(&CLSID_WbemLocator, &IID_IClassFactory, (void **)&factory);
    if (FAILED(result))
        return result;
    result =
        factory->lpVtbl->CreateInstance(factory, NULL, &IID_IWbemLocator, (void **)ret_locator);
    factory->lpVtbl->Release(factory);
    return result;
}

static HRESULT wine_connect(BSTR space, IWbemServices **ret_services)
{
    IWbemLocator *locator;
    HRESULT result = wine_locator(&locator);

    if (FAILED(result))
        return result;
    result = locator->lpVtbl->ConnectServer(
        locator, space, NULL, NULL, NULL, 0, NULL, NULL, ret_services);
    locator->lpVtbl->Release(locator);
    return result;
}

/* Without computer and with backslashes; another computer is NULL. The caller frees. */
static char *plain_space(BSTR space)
{
    char *text = emulator_utf8(space), *at = text, *plain;

    for (char *c = text; *c; c++)
        if (*c == '/')
            *c = '\\';
    if (!strncmp(at, "\\\\", 2)) {
        size_t length = strcspn(at + 2, "\\");
        bool here = (length == 1 && at[2] == '.') ||
                    (!_strnicmp(at + 2, emulator_host(), length) && !emulator_host()[length]);

        at += 2 + length;
        at += *at == '\\';
        if (!here)
            at = NULL;
    }
    plain = at ? emulator_copy(at) : NULL;
    free(text);
    return plain;
}

static HRESULT connect_hyperv(IWbemServices **ret_services)
{
    if (!emulator_setting("Installed", 1))
        return (HRESULT)WBEM_E_INVALID_NAMESPACE;
    if (emulator_rights() == RIGHTS_NONE && emulator_setting("ConnectDenied", 0))
        return (HRESULT)WBEM_E_ACCESS_DENIED;
    return service_new(NAMESPACE_HYPERV, NULL, ret_services);
}

static HRESULT connect_to(const char *space, BSTR name, IWbemServices **ret_services)
{
    IWbemServices *behind;
    HRESULT result;

    if (!_stricmp(space, NAMESPACE_HYPERV))
        return connect_hyperv(ret_services);
    if (!_stricmp(space, NAMESPACE_HGS))
        return emulator_setting("Installed", 1) ? service_new(NAMESPACE_HGS, NULL, ret_services)
                                                : (HRESULT)WBEM_E_INVALID_NAMESPACE;
    if (_stricmp(space, NAMESPACE_CIMV2) != 0)
        return wine_connect(name, ret_services);
    result = wine_connect(name, &behind);
    return SUCCEEDED(result) ? service_new(NAMESPACE_CIMV2, behind, ret_services) : result;
}

static HRESULT STDMETHODCALLTYPE on_connect(IWbemLocator *iface,
                                            BSTR space,
                                            BSTR user,
                                            BSTR password,
                                            BSTR locale,
                                            LONG flags,
                                            BSTR authority,
                                            IWbemContext *context,
                                            IWbemServices **ret_services)
{
    struct call call = call_begin("ConnectServer");
    char *plain = space ? plain_space(space) : NULL;
    HRESULT result;

    (void)iface;
    (void)locale;
    (void)context;
    if (ret_services)
        *ret_services = NULL;
    if (call.fault)
        result = call_fault(&call);
    else if (!ret_services || !space || flags & ~(LONG)WBEM_FLAG_CONNECT_USE_MAX_WAIT)
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    else if (!plain)
        result = (HRESULT)0x800706BA; /* nobody else is on this network */
    else if (user || password || authority)
        result = (HRESULT)WBEM_E_LOCAL_CREDENTIALS;
    else
        result = connect_to(plain, space, ret_services);
    call_end(&call, result, plain);
    free(plain);
    return result;
}

static HRESULT STDMETHODCALLTYPE locator_query(IWbemLocator *iface, REFIID iid, void **ret)
{
    bool known = IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IWbemLocator);

    *ret = known ? iface : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE locator_keep(IWbemLocator *iface)
{
    (void)iface;
    return 1;
}

static const IWbemLocatorVtbl locator_methods = {
    .QueryInterface = locator_query,
    .AddRef = locator_keep,
    .Release = locator_keep,
    .ConnectServer = on_connect,
};

static HRESULT locator_new(REFIID iid, void **ret)
{
    static IWbemLocator locator;

    locator.lpVtbl = (IWbemLocatorVtbl *)(uintptr_t)&locator_methods;
    return locator_query(&locator, iid, ret);
}

/* ---- class factories ---- */

struct factory {
    IClassFactory iface;
    HRESULT (*make)(REFIID iid, void **ret);
};

static HRESULT STDMETHODCALLTYPE factory_query(IClassFactory *iface, REFIID iid, void **ret)
{
    bool known = IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IClassFactory);

    *ret = known ? iface : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE factory_keep(IClassFactory *iface)
{
    (void)iface;
    return 1;
}

static HRESULT STDMETHODCALLTYPE factory_create(IClassFactory *iface,
                                                IUnknown *outer,
                                                REFIID iid,
                                                void **ret)
{
    *ret = NULL;
    return outer ? CLASS_E_NOAGGREGATION : ((struct factory *)(void *)iface)->make(iid, ret);
}

static HRESULT STDMETHODCALLTYPE factory_lock(IClassFactory *iface, BOOL lock)
{
    (void)iface;
    (void)lock;
    return S_OK;
}

static const IClassFactoryVtbl factory_methods = {
    .QueryInterface = factory_query,
    .AddRef = factory_keep,
    .Release = factory_keep,
    .CreateInstance = factory_create,
    .LockServer = factory_lock,
};

HRESULT WINAPI DllGetClassObject(REFCLSID class, REFIID iid, void **ret)
{
    static struct factory locators, sources;
    struct factory *factory = NULL;

    *ret = NULL;
    if (IsEqualCLSID(class, &CLSID_WbemLocator)) {
        factory = &locators;
        factory->make = locator_new;
    } else if (IsEqualCLSID(class, &CLSID_WbemObjectTextSrc)) {
        factory = &sources;
        factory->make = text_source_new;
    } else
        return CLASS_E_CLASSNOTAVAILABLE;
    factory->iface.lpVtbl = (IClassFactoryVtbl *)(uintptr_t)&factory_methods;
    return factory_query(&factory->iface, iid, ret);
}
