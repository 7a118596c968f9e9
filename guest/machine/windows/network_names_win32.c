/* Names and ports of the network check. */
#include "guest/machine/windows/network_names_win32.h"

#include "guest/machine/windows/call_win32.h"

#include <string.h>

#define SETTINGS_KEY L"SOFTWARE\\gpupv-agent\\settings\\network"

static void read_name(struct network_name *name,
                      const char *host,
                      uint16_t port,
                      const WCHAR *host_value,
                      const WCHAR *port_value)
{
    uint32_t number = 0;

    if (!call_machine_text(SETTINGS_KEY, host_value, name->host, sizeof name->host) ||
        !name->host[0])
        text_copy(name->host, sizeof name->host, host);
    name->port =
        call_machine_number(SETTINGS_KEY, port_value, &number) && number > 0 && number <= UINT16_MAX
            ? (uint16_t)number
            : port;
}

void network_names_read(struct network_names *ret_names)
{
    read_name(&ret_names->api, "kessel-api.parsec.app", 443, L"ApiHost", L"ApiPort");
    read_name(&ret_names->ws, "kessel-ws.parsec.app", 443, L"WsHost", L"WsPort");
    read_name(&ret_names->stun, "stun.parsec.app", 3478, L"StunHost", L"StunPort");
}
