/*
 * The password for automatic logon as private data of the local security authority: Winlogon looks
 * there when the plain value is missing (Microsoft: "Protecting the Automatic Logon Password").
 */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/system_state_win32.h"

#include "common/secure.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <ntsecapi.h>

#define SECRET_NAME L"DefaultPassword"

/* Bytes that the authority takes as one secret. */
#define SECRET_BYTES 512

#define NOT_STORED ((NTSTATUS)0xC0000001) /* STATUS_UNSUCCESSFUL */

static LSA_UNICODE_STRING lsa_string(const uint16_t *text)
{
    USHORT bytes = (USHORT)(utf16_len(text) * sizeof *text);

    return (LSA_UNICODE_STRING){
        .Length = bytes, .MaximumLength = bytes, .Buffer = (PWSTR)(uintptr_t)text};
}

/* What was stored must be there: Winlogon has nothing else once the plain value is gone. */
static NTSTATUS read_back(LSA_HANDLE policy, LSA_UNICODE_STRING *name, LSA_UNICODE_STRING *secret)
{
    LSA_UNICODE_STRING *back = NULL;
    NTSTATUS status = LsaRetrievePrivateData(policy, name, &back);

    if (!status && (!back || back->Length != secret->Length ||
                    memcmp(back->Buffer, secret->Buffer, secret->Length) != 0))
        status = NOT_STORED;
    if (back) {
        secure_wipe(back->Buffer, back->Length);
        LsaFreeMemory(back);
    }
    return status;
}

bool system_secret_store(const char *password, struct err *err)
{
    LSA_OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes};
    LSA_UNICODE_STRING name = lsa_string(SECRET_NAME), secret;
    LSA_HANDLE policy = NULL;
    uint16_t *text = NULL;
    NTSTATUS status;

    if (!utf16_from_utf8(password, &text, err))
        return false;
    secret = lsa_string(text);
    status = utf16_len(text) * sizeof *text > SECRET_BYTES
                 ? NOT_STORED
                 : LsaOpenPolicy(NULL,
                                 &attributes,
                                 POLICY_CREATE_SECRET | POLICY_GET_PRIVATE_INFORMATION,
                                 &policy);
    if (!status)
        status = LsaStorePrivateData(policy, &name, &secret);
    if (!status)
        status = read_back(policy, &name, &secret);
    if (policy)
        LsaClose(policy);
    secure_wipe(text, utf16_len(text) * sizeof *text);
    free(text);
    return !status || call_fail(LsaNtStatusToWinError(status), TEXT_WINDOWS_SECRET, "", err);
}
