/* Answers of proxies and STUN servers. */
#include "tests/fuzz/fuzz.h"

#include "guest/machine/windows/network_wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t id[NETWORK_STUN_ID_BYTES] = "stun-request";
    unsigned status = 1000;
    uint32_t address = 0;

    network_proxy_answer((const char *)data, size, &status);
    if (status > 599)
        abort();
    if (network_stun_answer(data, size, id, &address) && !address)
        abort();
    return 0;
}
