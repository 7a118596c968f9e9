/* A system without a hypervisor that gpupv can drive. */
#include "host/hypervisor/hypervisor.h"

bool hypervisor_open_system(struct hypervisor **ret_hypervisor, struct err *err)
{
    (void)ret_hypervisor;
    err_set(err, ERR_UNSUPPORTED, TEXT_HOST_NO_HYPERVISOR, NULL);
    return err_hint(err, TEXT_HOST_NO_HYPERVISOR_HINT);
}
