/* Only Windows can judge Windows' signatures. */
#include "host/guest/publisher.h"

bool publisher_check(const char *path,
                     const char *publishers,
                     char *ret_name,
                     size_t name_size,
                     char *ret_version,
                     size_t version_size,
                     struct err *err)
{
    (void)publishers;
    (void)ret_name;
    (void)name_size;
    (void)ret_version;
    (void)version_size;
    return err_set(err, ERR_UNSUPPORTED, TEXT_HOST_PAYLOAD_NO_SIGNATURES, path, NULL);
}
