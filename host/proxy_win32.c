/* The proxy of the person's Windows settings. A script that computes it is not run. */
#include "host/proxy.h"

#include "common/utf16.h"

#include <windows.h>

#include <winhttp.h>

bool proxy_system(char *out, size_t size)
{
    WINHTTP_CURRENT_USER_IE_PROXY_CONFIG config = {.lpszProxy = NULL};
    bool ok = false;

    if (!WinHttpGetIEProxyConfigForCurrentUser(&config))
        return false;
    if (config.lpszProxy)
        ok = utf16_to_utf8_into((const uint16_t *)config.lpszProxy,
                                utf16_len((const uint16_t *)config.lpszProxy),
                                out,
                                size);
    GlobalFree(config.lpszProxy);
    GlobalFree(config.lpszProxyBypass);
    GlobalFree(config.lpszAutoConfigUrl);
    return ok;
}
