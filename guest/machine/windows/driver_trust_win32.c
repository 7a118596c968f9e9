/* SetupVerifyInfFile foresees, the catalogue's signer is added. */
#include "guest/machine/windows/driver_trust_win32.h"
#include "common/trust_win32.h"

#include "common/digest.h"
#include "common/fs.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <setupapi.h>

#define PATH_UNITS 1024

/* What SetupVerifyInfFile answers, by what an installation does without a person. */
static const struct {
    DWORD code;
    enum driver_trust trust;
} answers[] = {
    {ERROR_SUCCESS, DRIVER_SILENT},                                  /* Windows' own, WHQL */
    {ERROR_AUTHENTICODE_TRUSTED_PUBLISHER, DRIVER_SILENT},           /* 0xE0000241 */
    {ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED, DRIVER_WOULD_PROMPT}, /* 0xE0000242 */
};

bool driver_inf_path(const char *inf_path, uint16_t **ret_path, struct err *err)
{
    uint16_t *given = NULL, *path = calloc(PATH_UNITS, sizeof *path);
    DWORD units, attributes;
    bool ok = false;

    if (!path) {
        err_no_memory(err);
        goto out;
    }
    if (!utf16_from_utf8(inf_path, &given, err))
        goto out;
    units = GetFullPathNameW(given, PATH_UNITS, path, NULL);
    if (units == 0 || units >= PATH_UNITS) {
        err_set(err, ERR_NOT_FOUND, TEXT_DEVICE_NO_INF, inf_path, NULL);
        goto out;
    }
    attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        err_set(err, ERR_NOT_FOUND, TEXT_DEVICE_NO_INF, inf_path, NULL);
        goto out;
    }
    *ret_path = path;
    path = NULL;
    ok = true;

out:
    free(given);
    free(path);
    return ok;
}

/* Asks Windows about the INF. *ret_code is ERROR_SUCCESS or why it is not Windows' own; *info is
 * filled for the codes that name a signer. */
static bool
verify_inf(const char *inf_path, DWORD *ret_code, SP_INF_SIGNER_INFO_W *info, struct err *err)
{
    uint16_t *path = NULL;

    if (!driver_inf_path(inf_path, &path, err))
        return false;
    *info = (SP_INF_SIGNER_INFO_W){.cbSize = sizeof *info};
    *ret_code = SetupVerifyInfFileW(path, NULL, info) ? ERROR_SUCCESS : GetLastError();
    free(path);
    if (*ret_code == ERROR_OUTOFMEMORY || *ret_code == ERROR_NOT_ENOUGH_MEMORY)
        return err_no_memory(err);
    return true;
}

bool driver_trust_look(const char *inf_path, enum driver_trust *ret_trust, struct err *err)
{
    SP_INF_SIGNER_INFO_W info;
    enum driver_trust trust = DRIVER_UNTRUSTED;
    DWORD code;

    if (!verify_inf(inf_path, &code, &info, err))
        return false;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].code == code)
            trust = answers[i].trust;
    *ret_trust = trust;
    return true;
}

/* ---- the trusted publishers ---- */

static HCERTSTORE open_publishers(const char *path, struct err *err)
{
    HCERTSTORE store =
        CertOpenStore(CERT_STORE_PROV_SYSTEM_W,
                      0,
                      0,
                      CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_OPEN_EXISTING_FLAG,
                      L"TrustedPublisher");

    if (!store && GetLastError() == ERROR_FILE_NOT_FOUND)
        store = CertOpenStore(
            CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"TrustedPublisher");
    if (!store)
        err_set_os(
            err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DEVICE_PUBLISHER, path, NULL);
    return store;
}

static bool add_publisher(PCCERT_CONTEXT certificate, const char *path, struct err *err)
{
    HCERTSTORE store = open_publishers(path, err);
    DWORD code;
    bool ok;

    if (!store)
        return false;
    ok = CertAddCertificateContextToStore(store, certificate, CERT_STORE_ADD_NEW, NULL) != FALSE;
    code = GetLastError();
    CertCloseStore(store, 0);
    return ok || code == (DWORD)CRYPT_E_EXISTS ||
           err_set_os(err, ERR_DOMAIN_HRESULT, (int32_t)code, TEXT_DEVICE_PUBLISHER, path, NULL);
}

static bool mark_of(PCCERT_CONTEXT certificate, char mark[DRIVER_MARK_BYTES], struct err *err)
{
    return digest_data(certificate->pbCertEncoded, certificate->cbCertEncoded, mark, err);
}

/* The trusted certificate with that mark, NULL when there is none; the caller frees it. */
static PCCERT_CONTEXT find_publisher(HCERTSTORE store, const char *mark)
{
    char other[DRIVER_MARK_BYTES];
    PCCERT_CONTEXT at = NULL;

    while ((at = CertEnumCertificatesInStore(store, at)) != NULL)
        if (mark_of(at, other, NULL) && strcmp(other, mark) == 0)
            return at;
    return NULL;
}

/* ---- the signer ---- */

/* The catalogue of the INF, judged: Windows matched the two, and the publisher is allowed. */
static bool open_catalogue(const char *inf_path,
                           char path[FS_PATH_BYTES],
                           struct trust_file **ret_catalogue,
                           struct err *err)
{
    SP_INF_SIGNER_INFO_W info;
    DWORD code;

    if (!verify_inf(inf_path, &code, &info, err))
        return false;
    /* Windows matched the INF with this catalogue; every other answer names none to rely on */
    if (code != ERROR_SUCCESS && code != (DWORD)ERROR_AUTHENTICODE_TRUSTED_PUBLISHER &&
        code != (DWORD)ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED) {
        err_set(err, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED, inf_path, NULL);
        if (err) {
            err->domain = ERR_DOMAIN_WIN32;
            err->code = (int32_t)code;
        }
        return false;
    }
    if (!utf16_to_utf8_into(info.CatalogFile, utf16_len(info.CatalogFile), path, FS_PATH_BYTES))
        return err_set(err, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED, inf_path, NULL);
    return trust_file_open(path, NULL, DRIVER_PUBLISHERS, ret_catalogue, err);
}

bool driver_trust_signer(const char *inf_path, struct err *err)
{
    struct trust_file *catalogue = NULL;
    char path[FS_PATH_BYTES];
    bool ok;

    if (!open_catalogue(inf_path, path, &catalogue, err))
        return false;
    ok = add_publisher(trust_file_certificate(catalogue), path, err);
    trust_file_close(catalogue);
    return ok;
}

bool driver_trust_mark(const char *inf_path, char *ret_mark, bool *ret_trusted, struct err *err)
{
    struct trust_file *catalogue = NULL;
    PCCERT_CONTEXT known = NULL;
    HCERTSTORE store = NULL;
    char path[FS_PATH_BYTES], mark[DRIVER_MARK_BYTES];
    bool ok = false;

    if (!open_catalogue(inf_path, path, &catalogue, err))
        return false;
    if (!mark_of(trust_file_certificate(catalogue), mark, err))
        goto out;
    store = open_publishers(path, err);
    if (!store)
        goto out;
    known = find_publisher(store, mark);
    text_copy(ret_mark, DRIVER_MARK_BYTES, mark);
    *ret_trusted = known != NULL;
    ok = true;

out:
    if (known)
        CertFreeCertificateContext(known);
    if (store)
        CertCloseStore(store, 0);
    trust_file_close(catalogue);
    return ok;
}

bool driver_trust_end(const char *mark, struct err *err)
{
    HCERTSTORE store = open_publishers(mark, err);
    PCCERT_CONTEXT known;
    DWORD code = 0;

    if (!store)
        return false;
    known = find_publisher(store, mark);
    if (known && (!CertDeleteCertificateFromStore(known) || /* frees it in any case */
                  !CertControlStore(store, 0, CERT_STORE_CTRL_COMMIT, NULL)))
        code = GetLastError();
    CertCloseStore(store, 0);
    return !code ||
           err_set_os(err, ERR_DOMAIN_HRESULT, (int32_t)code, TEXT_DEVICE_DISTRUST, mark, NULL);
}
