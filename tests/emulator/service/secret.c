/* Private data of the local security authority: an administrator stores it, the system reads it. */
#include "service.h"

#include "../common/state.h"
#include "../session/session.h"

#include <ntsecapi.h>
#include <ntstatus.h>
#include <stdio.h>
#include <string.h>

#define KEY         "service"
#define SECRETS_KEY "service\\Secrets"

enum { NAME_BYTES = 256, SECRET_BYTES = 512 };

NTSTATUS WINAPI emu_LsaStorePrivateData(LSA_HANDLE policy,
                                        LSA_UNICODE_STRING *name,
                                        LSA_UNICODE_STRING *data);
NTSTATUS WINAPI emu_LsaRetrievePrivateData(LSA_HANDLE policy,
                                           LSA_UNICODE_STRING *name,
                                           LSA_UNICODE_STRING **ret_data);

static bool name_of(const LSA_UNICODE_STRING *name, char *ret_name)
{
    int length;

    if (!name || !name->Buffer || !name->Length || name->Length % 2)
        return false;
    length = WideCharToMultiByte(
        CP_UTF8, 0, name->Buffer, name->Length / 2, ret_name, NAME_BYTES - 1, NULL, NULL);
    ret_name[length] = '\0';
    return length > 0;
}

NTSTATUS WINAPI emu_LsaStorePrivateData(LSA_HANDLE policy,
                                        LSA_UNICODE_STRING *name,
                                        LSA_UNICODE_STRING *data)
{
    NTSTATUS fault = (NTSTATUS)state_fault(KEY, "FailStoreSecret");
    char key_name[NAME_BYTES];

    if (fault)
        return fault;
    if (!policy)
        return STATUS_INVALID_HANDLE;
    if (!name_of(name, key_name) || (data && data->Length > SECRET_BYTES))
        return STATUS_INVALID_PARAMETER;
    if (data) {
        state_set_bytes(SECRETS_KEY, false, key_name, data->Buffer, data->Length);
        return STATUS_SUCCESS;
    }
    state_remove(SECRETS_KEY, key_name);
    return STATUS_SUCCESS;
}

/* The caller frees with LsaFreeMemory, which frees memory of the process heap. */
NTSTATUS WINAPI emu_LsaRetrievePrivateData(LSA_HANDLE policy,
                                           LSA_UNICODE_STRING *name,
                                           LSA_UNICODE_STRING **ret_data)
{
    char key_name[NAME_BYTES];
    DWORD size = SECRET_BYTES;
    LSA_UNICODE_STRING *made;

    if (!policy)
        return STATUS_INVALID_HANDLE;
    if (!name_of(name, key_name) || !ret_data)
        return STATUS_INVALID_PARAMETER;
    made = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*made) + SECRET_BYTES);
    if (!made)
        return STATUS_NO_MEMORY;
    made->Buffer = (wchar_t *)(made + 1);
    if (RegGetValueA(HKEY_LOCAL_MACHINE,
                     STATE_ROOT "\\" SECRETS_KEY,
                     key_name,
                     RRF_RT_REG_BINARY,
                     NULL,
                     made->Buffer,
                     &size)) {
        HeapFree(GetProcessHeap(), 0, made);
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    made->Length = made->MaximumLength = (USHORT)size;
    *ret_data = made;
    return STATUS_SUCCESS;
}
