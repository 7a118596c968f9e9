/* Network adapters and their connections. Facts: hyperv-wmi.md §11. */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAC_CHARS = 12 };

static bool is_mac(const char *text)
{
    if (strlen(text) != MAC_CHARS)
        return false;
    for (; *text; text++)
        if (!isxdigit((unsigned char)*text))
            return false;
    return true;
}

/* What the guest made of its adapter: "Microsoft:GuestNetwork\\<machine>\\<port>". */
static void follow_guest(const cJSON *port)
{
    char *id = emulator_print("Microsoft:GuestNetwork\\%s", row_text(port, "InstanceID") + 10);
    cJSON *row = store_find("Msvm_GuestNetworkAdapterConfiguration", "InstanceID", id);

    if (!row) {
        row = store_add("Msvm_GuestNetworkAdapterConfiguration");
        row_set(row, "InstanceID", id);
        row_set_all(row, "ProtocolIFType=4096;DHCPEnabled=true");
    }
    free(id);
}

void network_removed(const cJSON *port)
{
    char *id = emulator_print("Microsoft:GuestNetwork\\%s", row_text(port, "InstanceID") + 10);
    cJSON *row = store_find("Msvm_GuestNetworkAdapterConfiguration", "InstanceID", id);

    free(id);
    if (row)
        store_remove(row);
}

bool network_check_port(cJSON *row, const char *owner, struct failure *failure)
{
    static unsigned next;
    char *made;

    (void)owner;
    if (row_bool(row, "StaticMacAddress")) {
        if (!is_mac(row_text(row, "Address")))
            return job_fail(
                failure, BAD_PARAMETER, "Address cannot be \"%s\"", row_text(row, "Address"));
    } else if (!is_mac(row_text(row, "Address"))) {
        made = emulator_print("00155D0101%02X", next++ % 256);
        row_set(row, "Address", made);
        free(made);
    }
    follow_guest(row);
    return true;
}

bool network_check_connection(cJSON *row, const char *owner, struct failure *failure)
{
    int count = cJSON_GetArraySize(cJSON_GetObjectItem(row_properties(row), "HostResource"));
    int64_t state = row_number(row, "EnabledState", 2);
    const cJSON *to;

    (void)owner;
    if (state != 2 && state != 3)
        return job_fail(failure, BAD_PARAMETER, "EnabledState cannot be %lld", (long long)state);
    if (!count)
        return true;
    to = count == 1 ? store_at_text(row_item(row, "HostResource", 0)) : NULL;
    if (!to || !row_is(to, "Msvm_VirtualEthernetSwitch"))
        return job_fail(failure, BAD_PARAMETER, "HostResource names no switch");
    row_set(row, "LastKnownSwitchName", row_text(to, "ElementName"));
    return true;
}
