/* A file held open, its hash and its Authenticode signature. */
#include "common/trust_win32.h"

#include "common/digest.h"
#include "common/fs_win32.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <softpub.h>
#include <wintrust.h>

#define PIECE_BYTES ((size_t)256 * 1024)
#define LONG_PREFIX L"\\\\?\\"

struct trust_file {
    HANDLE handle;
    uint16_t *path_utf16; /* final path with its prefix */
    char path[FS_PATH_BYTES];
    char signer[TRUST_SIGNER_BYTES];
    PCCERT_CONTEXT certificate;
};

/* What WinVerifyTrust says, by what a person should be told. */
static const struct {
    HRESULT code;
    enum text_id message;
} refusals[] = {
    {TRUST_E_NOSIGNATURE, TEXT_DEVICE_TRUST_UNSIGNED},
    {TRUST_E_SUBJECT_FORM_UNKNOWN, TEXT_DEVICE_TRUST_UNSIGNED},
    {TRUST_E_PROVIDER_UNKNOWN, TEXT_DEVICE_TRUST_UNSIGNED},
    {TRUST_E_BAD_DIGEST, TEXT_DEVICE_TRUST_CHANGED},
    {CERT_E_REVOKED, TEXT_DEVICE_TRUST_REVOKED},
    {CRYPT_E_REVOKED, TEXT_DEVICE_TRUST_REVOKED},
    {TRUST_E_EXPLICIT_DISTRUST, TEXT_DEVICE_TRUST_REVOKED},
};

/* Nobody could be asked whether the certificate was revoked: told apart from "it was". */
static bool is_offline(LONG code)
{
    return code == CRYPT_E_REVOCATION_OFFLINE || code == CRYPT_E_NO_REVOCATION_CHECK ||
           code == CERT_E_REVOCATION_FAILURE;
}

static bool refuse(LONG code, const char *path, struct err *err)
{
    enum text_id message = TEXT_DEVICE_TRUST_BAD;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].code == code)
            message = refusals[i].message;
    err_set(err, ERR_UNSAFE, message, path, NULL);
    if (err) {
        err->domain = ERR_DOMAIN_HRESULT;
        err->code = (int32_t)code;
    }
    return err_hint(err, TEXT_DEVICE_HINT_TRUST);
}

/* ---- the open file ---- */

static bool open_file(struct trust_file *file, const char *path, struct err *err)
{
    struct fs_stat stat = {.kind = FS_OTHER};
    uint16_t *wide;

    if (!fs_wide(path, &wide, err))
        return false;
    file->handle = CreateFileW(wide,
                               GENERIC_READ,
                               FILE_SHARE_READ,
                               NULL,
                               OPEN_EXISTING,
                               FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_SEQUENTIAL_SCAN,
                               NULL);
    if (file->handle == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();

        free(wide);
        return fs_fail(code, TEXT_FILE_OPEN, path, err);
    }
    free(wide);
    if (!fs_handle_stat(file->handle, path, &stat, err))
        return false;
    if (stat.kind != FS_FILE || stat.links > 1 || GetFileType(file->handle) != FILE_TYPE_DISK)
        return fs_unsafe(path, err);
    return true;
}

/* Where the handle's file really is: a drive of this computer. */
static bool find_path(struct trust_file *file, const char *path, struct err *err)
{
    const size_t prefix = sizeof LONG_PREFIX / sizeof(wchar_t) - 1;
    DWORD units = GetFinalPathNameByHandleW(file->handle, NULL, 0, FILE_NAME_NORMALIZED);
    DWORD length;

    if (units == 0)
        return fs_fail(GetLastError(), TEXT_FILE_OPEN, path, err);
    file->path_utf16 = calloc((size_t)units + 1, sizeof *file->path_utf16);
    if (!file->path_utf16)
        return err_no_memory(err);
    length =
        GetFinalPathNameByHandleW(file->handle, file->path_utf16, units + 1, FILE_NAME_NORMALIZED);
    if (length == 0 || length > units)
        return fs_fail(GetLastError(), TEXT_FILE_OPEN, path, err);
    /* "\\?\UNC\..." and volumes without a letter are no place for a program of ours */
    if (length < prefix + 3 || wcsncmp(file->path_utf16, LONG_PREFIX, prefix) != 0 ||
        file->path_utf16[prefix + 1] != L':')
        return fs_unsafe(path, err);
    return utf16_to_utf8_into(
               file->path_utf16 + prefix, (size_t)length - prefix, file->path, sizeof file->path) ||
           err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
}

static bool read_digest(HANDLE handle, const char *path, char *ret_hex, struct err *err)
{
    struct digest *digest = NULL;
    void *piece = malloc(PIECE_BYTES);
    bool ok = false;
    DWORD got;

    if (!piece) {
        err_no_memory(err);
        goto out;
    }
    if (!digest_new(&digest, err))
        goto out;
    do {
        if (!ReadFile(handle, piece, PIECE_BYTES, &got, NULL)) {
            fs_fail(GetLastError(), TEXT_FILE_READ, path, err);
            goto out;
        }
        digest_add(digest, piece, got);
    } while (got > 0);
    digest_end(digest, ret_hex);
    ok = true;

out:
    digest_free(digest);
    free(piece);
    return ok;
}

static bool check_digest(struct trust_file *file, const char *sha256, struct err *err)
{
    char found[DIGEST_HEX_BYTES];

    if (!read_digest(file->handle, file->path, found, err))
        return false;
    return strcmp(found, sha256) == 0 ||
           err_set(err, ERR_UNSAFE, TEXT_PARSEC_PAYLOAD_CHANGED, file->path, NULL);
}

/* ---- the signature ---- */

static LONG ask(WINTRUST_DATA *data, DWORD action)
{
    GUID verify = WINTRUST_ACTION_GENERIC_VERIFY_V2;

    data->dwStateAction = action;
    return WinVerifyTrust(INVALID_HANDLE_VALUE, &verify, data);
}

/* Verifies with or without asking for revoked certificates; the state stays for close_state. */
static LONG
verify(struct trust_file *file, bool revocation, WINTRUST_FILE_INFO *info, WINTRUST_DATA *data)
{
    *info = (WINTRUST_FILE_INFO){
        .cbStruct = sizeof *info, .pcwszFilePath = file->path_utf16, .hFile = file->handle};
    *data = (WINTRUST_DATA){
        .cbStruct = sizeof *data,
        .dwUIChoice = WTD_UI_NONE,
        .fdwRevocationChecks = revocation ? WTD_REVOKE_WHOLECHAIN : WTD_REVOKE_NONE,
        .dwUnionChoice = WTD_CHOICE_FILE,
        .pFile = info,
        .dwProvFlags = revocation ? WTD_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT
                                  : WTD_REVOCATION_CHECK_NONE | WTD_CACHE_ONLY_URL_RETRIEVAL,
        .dwUIContext = WTD_UICONTEXT_EXECUTE,
    };
    return ask(data, WTD_STATEACTION_VERIFY);
}

/* The certificate of the first signer. */
static PCCERT_CONTEXT signer_of(const WINTRUST_DATA *data)
{
    CRYPT_PROVIDER_DATA *provider = WTHelperProvDataFromStateData(data->hWVTStateData);
    CRYPT_PROVIDER_SGNR *signer =
        provider ? WTHelperGetProvSignerFromChain(provider, 0, FALSE, 0) : NULL;
    CRYPT_PROVIDER_CERT *certificate = signer ? WTHelperGetProvCertFromChain(signer, 0) : NULL;

    return certificate ? certificate->pCert : NULL;
}

static bool check_signature(struct trust_file *file, const char *publishers, struct err *err)
{
    WINTRUST_FILE_INFO info;
    WINTRUST_DATA data;
    LONG code = verify(file, true, &info, &data);
    PCCERT_CONTEXT certificate;
    bool ok = false;

    if (is_offline(code)) {
        ask(&data, WTD_STATEACTION_CLOSE);
        code = verify(file, false, &info, &data);
    }
    certificate = code == ERROR_SUCCESS ? signer_of(&data) : NULL;
    if (!certificate) {
        refuse(code, file->path, err);
        goto out;
    }
    trust_certificate_name(certificate, file->signer, sizeof file->signer);
    if (!text_is_listed(publishers, file->signer)) {
        err_set(err, ERR_UNSAFE, TEXT_DEVICE_TRUST_PUBLISHER, file->path, file->signer, NULL);
        err_hint(err, TEXT_DEVICE_HINT_TRUST);
        goto out;
    }
    file->certificate = CertDuplicateCertificateContext(certificate);
    ok = true;

out:
    ask(&data, WTD_STATEACTION_CLOSE);
    return ok;
}

/* ---- public ---- */

static bool attribute(PCCERT_CONTEXT certificate, const char *oid, char *out, size_t size)
{
    char id[16]; /* the parameter is not const */
    uint16_t name[TRUST_SIGNER_BYTES];
    DWORD units;

    text_copy(id, sizeof id, oid);
    units = CertGetNameStringW(
        certificate, CERT_NAME_ATTR_TYPE, 0, id, name, sizeof name / sizeof name[0]);
    return units > 1 && utf16_to_utf8_into(name, units - 1, out, size);
}

void trust_certificate_name(PCCERT_CONTEXT certificate, char *out, size_t size)
{
    if (!attribute(certificate, szOID_ORGANIZATION_NAME, out, size) &&
        !attribute(certificate, szOID_COMMON_NAME, out, size))
        out[0] = '\0';
}

bool trust_file_open(const char *path,
                     const char *sha256,
                     const char *publishers,
                     struct trust_file **ret_file,
                     struct err *err)
{
    struct trust_file *file = calloc(1, sizeof *file);

    if (!file)
        return err_no_memory(err);
    file->handle = INVALID_HANDLE_VALUE;
    if (!open_file(file, path, err) || !find_path(file, path, err) ||
        (sha256 && !check_digest(file, sha256, err)) ||
        (publishers && !check_signature(file, publishers, err))) {
        trust_file_close(file);
        return false;
    }
    *ret_file = file;
    return true;
}

void trust_file_close(struct trust_file *file)
{
    if (!file)
        return;
    if (file->certificate)
        CertFreeCertificateContext(file->certificate);
    if (file->handle != INVALID_HANDLE_VALUE)
        CloseHandle(file->handle);
    free(file->path_utf16);
    free(file);
}

const char *trust_file_path(const struct trust_file *file)
{
    return file->path;
}

const char *trust_file_signer(const struct trust_file *file)
{
    return file->signer;
}

PCCERT_CONTEXT trust_file_certificate(const struct trust_file *file)
{
    return file->certificate;
}
