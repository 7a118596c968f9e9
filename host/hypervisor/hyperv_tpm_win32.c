/* A virtual TPM with a key protector of this host alone. The protector of a VM that has one is
 * never replaced: what its TPM holds could not be read any more. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/log.h"

#define SECURITY_CLASS   "Msvm_SecuritySettingData"
#define SECURITY_SERVICE "Msvm_SecurityService"
#define GUARDIAN         "UntrustedGuardian"
#define PLACEHOLDER      4 /* bytes of a protector that is none */
#define PROTECTOR_BYTES  ((size_t)1 << 20)

/* ---- the host's guardian ---- */

/* The object that a cmdlet-like method made. */
static bool take_output(struct wmi_call *call, struct IWbemClassObject **ret, struct err *err)
{
    struct wmi_rows rows = {NULL};

    if (!wmi_objects(call->out, "cmdletOutput", &rows) || !rows.count)
        return err_set(err, ERR_FAILED, TEXT_HV_ANSWER, call->method, NULL);
    *ret = wmi_rows_take(&rows, 0);
    wmi_rows_done(&rows);
    return true;
}

static bool make_guardian(struct wmi *wmi, struct IWbemClassObject **ret, struct err *err)
{
    struct wmi_call call;
    bool ok =
        wmi_call_begin(
            &call, wmi, "MSFT_HgsGuardian", "MSFT_HgsGuardian", "NewByGenerateCertificates", err) &&
        wmi_put_text(call.in, "Name", GUARDIAN, err) &&
        wmi_put_number(call.in, "GenerateCertificates", true, err);

    call.plain = true;
    ok = ok && wmi_call_run(&call, err) && take_output(&call, ret, err);
    wmi_call_done(&call);
    return ok;
}

static bool find_guardian(struct wmi *wmi, struct IWbemClassObject **ret, struct err *err)
{
    struct wmi_rows rows = {NULL};
    bool ok = wmi_select(wmi, "MSFT_HgsGuardian", "Name", GUARDIAN, &rows, err);

    if (ok && rows.count)
        *ret = wmi_rows_take(&rows, 0);
    else if (ok)
        ok = make_guardian(wmi, ret, err);
    wmi_rows_done(&rows);
    return ok;
}

static bool make_protector(struct wmi *wmi, struct buf *out, struct err *err)
{
    struct IWbemClassObject *guardian = NULL, *protector = NULL;
    struct wmi_call call = {.wmi = NULL};
    bool ok =
        find_guardian(wmi, &guardian, err) &&
        wmi_call_begin(
            &call, wmi, "MSFT_HgsKeyProtector", "MSFT_HgsKeyProtector", "NewByGuardians", err) &&
        wmi_put_object(call.in, "Owner", guardian, err) &&
        wmi_put_number(call.in, "AllowUntrustedRoot", true, err);

    call.plain = true;
    ok = ok && wmi_call_run(&call, err) && take_output(&call, &protector, err) &&
         (wmi_bytes(protector, "RawData", out) ||
          err_set(err, ERR_FAILED, TEXT_HV_ANSWER, "RawData", NULL));
    wmi_call_done(&call);
    wmi_object_free(protector);
    wmi_object_free(guardian);
    return ok;
}

/* ---- the VM ---- */

struct tpm {
    struct hyperv *h;
    char service[WMI_PATH_BYTES];
    struct IWbemClassObject *security;
};

static bool begin(struct tpm *tpm, struct wmi_call *call, const char *method, struct err *err)
{
    return wmi_call_begin(call, tpm->h->wmi, SECURITY_SERVICE, tpm->service, method, err) &&
           wmi_put_embedded(call->in, "SecuritySettingData", tpm->security, err);
}

static bool has_protector(struct tpm *tpm, bool *ret_has, struct err *err)
{
    struct wmi_call call;
    struct buf bytes;
    bool ok = begin(tpm, &call, "GetKeyProtector", err) && wmi_call_run(&call, err);

    buf_init(&bytes, PROTECTOR_BYTES);
    *ret_has = ok && wmi_bytes(call.out, "KeyProtector", &bytes) && bytes.len > PLACEHOLDER;
    buf_done(&bytes);
    wmi_call_done(&call);
    return ok;
}

static bool set_protector(struct tpm *tpm, const struct buf *bytes, struct err *err)
{
    struct wmi_call call;
    bool ok = begin(tpm, &call, "SetKeyProtector", err) &&
              wmi_put_bytes(call.in, "KeyProtector", bytes, err) && wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

static bool enable(struct tpm *tpm, struct err *err)
{
    struct wmi_call call = {.wmi = NULL};
    bool ok = wmi_put_number(tpm->security, "TpmEnabled", true, err) &&
              begin(tpm, &call, "ModifySecuritySettings", err) && wmi_call_run(&call, err);

    wmi_call_done(&call);
    return ok;
}

/* Makes the protector unless there is one; *ret_can is false on hosts without guardians. */
static bool protect(struct tpm *tpm, bool *ret_can, struct err *err)
{
    struct wmi *wmi = NULL;
    struct err why = ERR_INIT;
    struct buf bytes;
    bool has = false, ok;

    *ret_can = true;
    if (!has_protector(tpm, &has, err))
        return false;
    if (has)
        return true;
    if (!wmi_open(WMI_GUARDIANS, &wmi, &why)) {
        *ret_can = false;
        if (why.code == WMI_NO_NAMESPACE) {
            log_err(LOG_WARN, "hyperv", "no virtual TPM", &why);
            return true;
        }
        if (err)
            *err = why;
        return false;
    }
    buf_init(&bytes, PROTECTOR_BYTES);
    ok = make_protector(wmi, &bytes, err) && set_protector(tpm, &bytes, err);
    buf_done(&bytes);
    wmi_close(wmi);
    return ok;
}

bool hyperv_add_tpm(struct hyperv *h, const struct hyperv_vm *vm, struct err *err)
{
    struct tpm tpm = {.h = h};
    struct wmi_rows services = {NULL}, rows = {NULL};
    uint64_t enabled = 0;
    bool can = true, ok;

    ok =
        wmi_query(h->wmi, "SELECT * FROM " SECURITY_SERVICE, &services, err) &&
        (services.count || err_set(err, ERR_UNSUPPORTED, TEXT_HV_OBJECT, SECURITY_SERVICE, NULL)) &&
        wmi_path(services.items[0], tpm.service, err) &&
        hyperv_resources(h, vm, SECURITY_CLASS, NULL, &rows, err) &&
        (rows.count || err_set(err, ERR_UNSUPPORTED, TEXT_HV_OBJECT, SECURITY_CLASS, NULL));
    if (ok) {
        tpm.security = rows.items[0];
        wmi_number(tpm.security, "TpmEnabled", &enabled);
        ok = enabled || (protect(&tpm, &can, err) && (!can || enable(&tpm, err)));
    }
    wmi_rows_done(&services);
    wmi_rows_done(&rows);
    return ok;
}
