/* root\Microsoft\Windows\Hgs: guardians and the key protectors that they make. Facts: hyperv-wmi.md
 * §12, §21. */
#include "hyperv.h"
#include "method.h"

#include <stdlib.h>
#include <string.h>

static const cJSON *argument(const struct invocation *call, const char *name)
{
    return cJSON_GetObjectItem(call->in, name);
}

static DWORD refuse(struct invocation *call, HRESULT result)
{
    call->failed = result;
    return 0;
}

static void add_output(struct invocation *call, const char *class, cJSON *properties)
{
    cJSON *object = cJSON_AddObjectToObject(call->out, "cmdletOutput");

    cJSON_AddStringToObject(object, "class", class);
    cJSON_AddItemToObject(object, "p", properties);
}

/* The bytes of a text, as an array. */
static cJSON *bytes_of(const char *text)
{
    cJSON *bytes = cJSON_CreateArray();

    for (; *text; text++)
        cJSON_AddItemToArray(bytes, cJSON_CreateNumber((unsigned char)*text));
    return bytes;
}

static DWORD make_guardian(struct invocation *call)
{
    const char *name = in_text(call, "Name");
    cJSON *row;

    if (emulator_rights() != RIGHTS_ADMINISTRATOR)
        return refuse(call, (HRESULT)WBEM_E_ACCESS_DENIED);
    if (!name || !*name || !cJSON_IsTrue(argument(call, "GenerateCertificates")))
        return refuse(call, (HRESULT)WBEM_E_INVALID_PARAMETER);
    if (store_find("MSFT_HgsGuardian", "Name", name))
        return refuse(call, (HRESULT)WBEM_E_ALREADY_EXISTS);
    row = store_add("MSFT_HgsGuardian");
    row_set(row, "Name", name);
    row_set_all(row, "HasPrivateSigningKey=true;GuardianMetadataVersion=1");
    row_set_json(row, "EncryptionCertificate", bytes_of("encryption"));
    row_set_json(row, "SigningCertificate", bytes_of("signing"));
    add_output(call, "MSFT_HgsGuardian", cJSON_Duplicate(row_properties(row), true));
    return DONE;
}

static DWORD make_protector(struct invocation *call)
{
    const cJSON *owner = argument(call, "Owner");
    const char *name =
        cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(owner, "p"), "Name"));
    cJSON *properties;
    char *id, *text;

    if (emulator_rights() != RIGHTS_ADMINISTRATOR)
        return refuse(call, (HRESULT)WBEM_E_ACCESS_DENIED);
    if (!name || !store_find("MSFT_HgsGuardian", "Name", name))
        return refuse(call, (HRESULT)WBEM_E_INVALID_PARAMETER);
    if (!cJSON_IsTrue(argument(call, "AllowUntrustedRoot")))
        return refuse(call, (HRESULT)WBEM_E_FAILED); /* a certificate that signed itself */
    id = emulator_guid();
    text = emulator_print("KP %s %s", name, id);
    properties = cJSON_CreateObject();
    cJSON_AddItemToObject(properties, "Owner", cJSON_Duplicate(owner, true));
    cJSON_AddItemToObject(properties, "RawData", bytes_of(text));
    add_output(call, "MSFT_HgsKeyProtector", properties);
    free(id);
    free(text);
    return DONE;
}

const struct method_row guardian_methods[] = {
    {"MSFT_HgsGuardian", "NewByGenerateCertificates", make_guardian},
    {"MSFT_HgsKeyProtector", "NewByGuardians", make_protector},
    {0},
};
