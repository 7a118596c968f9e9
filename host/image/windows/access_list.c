/* Who may use what we put on a disk. Owner is always the group of administrators, which every
 * Windows has under the same id: the account that runs this does not exist in the guest. */
#include "host/image/windows/inside.h"

#include <sddl.h>

static const WCHAR *const lists[] = {
    [IMAGE_ACL_INHERIT] = L"O:BAG:BA", /* no list: the folder's is inherited */
    [IMAGE_ACL_PRIVATE] = L"O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
    [IMAGE_ACL_PROGRAM] = L"O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)",
};

bool access_list(enum image_acl acl, PSECURITY_DESCRIPTOR *ret_descriptor, struct err *err)
{
    return ConvertStringSecurityDescriptorToSecurityDescriptorW(
               lists[acl], SDDL_REVISION_1, ret_descriptor, NULL) ||
           explain(GetLastError(), TEXT_PERMISSIONS, "", err);
}
