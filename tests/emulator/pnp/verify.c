/* Signatures of driver packages. A catalogue is a PKCS #7 message whose content holds the hashes of
 * the package's files; whether those stand where a real catalogue has them is not looked at, that
 * they stand there is. */
#include "verify.h"

#include "inf.h"
#include "store.h"

#include <setupapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wincrypt.h>

/* Known to no header of mingw-w64 10. */
#define ERROR_FILE_HASH_NOT_IN_CATALOG 0xE000024BUL

enum { FILE_MAX = 16 << 20, CHAIN_MAX = 6, SHA1_BYTES = 20, SHA256_BYTES = 32 };

static const struct {
    const wchar_t *trust;
    DWORD code;
} refused[] = {
    {L"untrusted", (DWORD)CERT_E_UNTRUSTEDROOT},
    {L"expired", (DWORD)CERT_E_EXPIRED},
    {L"revoked", (DWORD)CERT_E_REVOKED},
};

static BYTE *read_file(const wchar_t *path, DWORD *ret_size)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    BYTE *data = NULL;
    DWORD size, got = 0;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    size = GetFileSize(file, NULL);
    if (size && size < FILE_MAX && (data = malloc(size)) != NULL)
        ReadFile(file, data, size, &got, NULL);
    CloseHandle(file);
    *ret_size = got;
    return data;
}

/* ---- certificates ---- */

static HCERTSTORE system_store(const wchar_t *name)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W,
                         0,
                         0,
                         CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_READONLY_FLAG |
                             CERT_STORE_OPEN_EXISTING_FLAG,
                         name);
}

static void thumbprint(const CERT_CONTEXT *certificate, wchar_t *ret_hex)
{
    BYTE hash[20];
    DWORD size = sizeof(hash);

    *ret_hex = L'\0';
    if (!CertGetCertificateContextProperty(certificate, CERT_SHA1_HASH_PROP_ID, hash, &size))
        return;
    for (DWORD i = 0; i < size; i++)
        swprintf(ret_hex + 2 * i, 3, L"%02X", hash[i]);
}

static bool store_has(const wchar_t *name, const wchar_t *hex)
{
    HCERTSTORE store = system_store(name);
    const CERT_CONTEXT *at = NULL;
    wchar_t other[48];
    bool found = false;

    if (!store)
        return false;
    while (!found && (at = CertEnumCertificatesInStore(store, at)) != NULL) {
        thumbprint(at, other);
        found = !_wcsicmp(other, hex);
    }
    if (at)
        CertFreeCertificateContext(at);
    CertCloseStore(store, 0);
    return found;
}

/* The certificate in the store that signed this one, NULL when there is none. */
static const CERT_CONTEXT *issuer_in(HCERTSTORE store, const CERT_CONTEXT *certificate)
{
    const CERT_CONTEXT *at = NULL;
    DWORD flags;

    while (store && (at = CertFindCertificateInStore(store,
                                                     X509_ASN_ENCODING,
                                                     0,
                                                     CERT_FIND_SUBJECT_NAME,
                                                     &certificate->pCertInfo->Issuer,
                                                     at)) != NULL) {
        flags = CERT_STORE_SIGNATURE_FLAG;
        if (CertVerifySubjectCertificateContext(certificate, at, &flags) && !flags)
            return at;
    }
    return NULL;
}

/* Whether a chain leads from the signer to the machine's Root store. */
static bool chain_is_trusted(HCERTSTORE message, const CERT_CONTEXT *signer)
{
    HCERTSTORE root = system_store(L"Root");
    const CERT_CONTEXT *at = CertDuplicateCertificateContext(signer), *next;
    wchar_t hex[48];
    bool trusted = false;

    for (int i = 0; at && i < CHAIN_MAX && !trusted; i++) {
        thumbprint(at, hex);
        next = issuer_in(root, at);
        trusted = next || store_has(L"Root", hex);
        if (!next && !trusted)
            next = issuer_in(message, at);
        CertFreeCertificateContext(at);
        at = next;
    }
    if (at)
        CertFreeCertificateContext(at);
    if (root)
        CertCloseStore(root, 0);
    return trusted;
}

DWORD verify_certificate(const wchar_t *certificate, const wchar_t *trust)
{
    if (!_wcsicmp(trust, L"microsoft"))
        return 0;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (!_wcsicmp(trust, refused[i].trust))
            return refused[i].code;
    return *certificate && store_has(L"TrustedPublisher", certificate)
               ? ERROR_AUTHENTICODE_TRUSTED_PUBLISHER
               : ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED;
}

/* ---- catalogues ---- */

static bool holds(const BYTE *data, DWORD size, const BYTE *part, DWORD len)
{
    for (DWORD i = 0; len && i + len <= size; i++)
        if (!memcmp(data + i, part, len))
            return true;
    return false;
}

/* SHA-1 or SHA-256, by the length that is wanted. */
static bool hash_of(DWORD len, const BYTE *data, DWORD size, BYTE *ret_hash)
{
    HCRYPTPROV provider = 0;
    HCRYPTHASH hash = 0;
    DWORD got = len;
    bool ok;

    if (!CryptAcquireContextW(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT))
        return false;
    ok = CryptCreateHash(provider, len == SHA1_BYTES ? CALG_SHA1 : CALG_SHA_256, 0, 0, &hash) &&
         CryptHashData(hash, data, size, 0) &&
         CryptGetHashParam(hash, HP_HASHVAL, ret_hash, &got, 0);
    if (hash)
        CryptDestroyHash(hash);
    CryptReleaseContext(provider, 0);
    return ok && got == len;
}

/* Whether the content has the file's SHA-1 or SHA-256. */
static bool content_names(const BYTE *content, DWORD size, const BYTE *file, DWORD file_size)
{
    BYTE hash[SHA256_BYTES];

    return (hash_of(SHA1_BYTES, file, file_size, hash) && holds(content, size, hash, SHA1_BYTES)) ||
           (hash_of(SHA256_BYTES, file, file_size, hash) &&
            holds(content, size, hash, SHA256_BYTES));
}

static BYTE *message_part(HCRYPTMSG message, DWORD what, DWORD *ret_size)
{
    BYTE *data = NULL;

    *ret_size = 0;
    if (CryptMsgGetParam(message, what, 0, NULL, ret_size) && (data = malloc(*ret_size)) != NULL &&
        !CryptMsgGetParam(message, what, 0, data, ret_size)) {
        free(data);
        data = NULL;
    }
    return data;
}

/* What follows the tag and the length of a DER value. */
static DWORD der_header(const BYTE *data, DWORD size)
{
    DWORD len = size > 1 && data[1] & 0x80 ? 2u + (data[1] & 0x7f) : 2u;

    return len < size ? len : 0;
}

/* Whether the digest that the signer signed is that of the content (PKCS #7, 9.3: without tag and
 * length). Wine's own verification looks at the signature alone. */
static bool digest_fits(HCRYPTMSG message, const BYTE *content, DWORD size)
{
    DWORD unused, header = der_header(content, size);
    CRYPT_ATTRIBUTES *attributes =
        (CRYPT_ATTRIBUTES *)message_part(message, CMSG_SIGNER_AUTH_ATTR_PARAM, &unused);
    BYTE hash[SHA256_BYTES];
    bool fits = false;

    for (DWORD i = 0; attributes && i < attributes->cAttr && !fits; i++) {
        const CRYPT_ATTRIBUTE *at = &attributes->rgAttr[i];
        DWORD len;

        if (strcmp(at->pszObjId, szOID_RSA_messageDigest) != 0 || at->cValue != 1)
            continue;
        len = at->rgValue[0].cbData - 2; /* an octet string */
        fits = (len == SHA1_BYTES || len == SHA256_BYTES) &&
               hash_of(len, content + header, size - header, hash) &&
               !memcmp(at->rgValue[0].pbData + 2, hash, len);
    }
    free(attributes);
    return fits;
}

/* Judges a decoded message; *ret_verdict gets its signer. */
static DWORD
judge(HCRYPTMSG message, const BYTE *file, DWORD file_size, struct verdict *ret_verdict)
{
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_MSG, X509_ASN_ENCODING, 0, 0, message);
    DWORD size, content_size, code = (DWORD)TRUST_E_NOSIGNATURE;
    BYTE *content = message_part(message, CMSG_CONTENT_PARAM, &content_size);
    CERT_INFO *id = (CERT_INFO *)message_part(message, CMSG_SIGNER_CERT_INFO_PARAM, &size);
    const CERT_CONTEXT *signer = NULL;
    wchar_t path[PATH_CHARS], trust[32];

    if (store && content && id)
        signer = CertGetSubjectCertificateFromStore(store, X509_ASN_ENCODING, id);
    if (!signer)
        goto out;
    code = (DWORD)TRUST_E_BAD_DIGEST;
    if (!CryptMsgControl(message, 0, CMSG_CTRL_VERIFY_SIGNATURE, signer->pCertInfo) ||
        !digest_fits(message, content, content_size))
        goto out;
    thumbprint(signer, ret_verdict->certificate);
    CertGetNameStringW(
        signer, CERT_NAME_SIMPLE_DISPLAY_TYPE, 0, NULL, ret_verdict->signer, PNP_TEXT_MAX);
    code = ERROR_FILE_HASH_NOT_IN_CATALOG;
    if (!content_names(content, content_size, file, file_size))
        goto out;
    path_join(path, PNP_SIGNERS, ret_verdict->certificate);
    if (!reg_text(path, L"Trust", trust, 32))
        wcscpy(trust, chain_is_trusted(store, signer) ? L"vendor" : L"untrusted");
    code = verify_certificate(ret_verdict->certificate, trust);

out:
    if (signer)
        CertFreeCertificateContext(signer);
    if (store)
        CertCloseStore(store, 0);
    free(content);
    free(id);
    return code;
}

static DWORD judge_catalog(const wchar_t *inf, struct verdict *ret_verdict)
{
    DWORD size = 0, file_size = 0, code = (DWORD)TRUST_E_NOSIGNATURE;
    BYTE *data = read_file(ret_verdict->catalog, &size), *file = read_file(inf, &file_size);
    HCRYPTMSG message =
        CryptMsgOpenToDecode(X509_ASN_ENCODING | PKCS_7_ASN_ENCODING, 0, 0, 0, NULL, NULL);

    if (!data)
        code = ERROR_FILE_NOT_FOUND;
    else if (message && CryptMsgUpdate(message, data, size, TRUE))
        code = judge(message, file, file_size, ret_verdict);
    if (message)
        CryptMsgClose(message);
    free(data);
    free(file);
    return code;
}

/* ---- INF files ---- */

/* What is in the store was judged when it came; a seed's row says who signed it. */
static void judge_stored(const struct driver *driver, struct verdict *ret_verdict)
{
    wchar_t path[PATH_CHARS], trust[32];

    path_join(path, PNP_DRIVERS, driver->inf);
    if (!reg_text(path, L"Trust", trust, 32))
        wcscpy(trust, _wcsnicmp(driver->inf, L"oem", 3) ? L"microsoft" : L"vendor");
    if (!reg_text(path, L"Signer", ret_verdict->signer, PNP_TEXT_MAX))
        wcscpy(ret_verdict->signer,
               _wcsicmp(trust, L"microsoft") ? driver->provider : L"Microsoft Windows");
    reg_text(path, L"Certificate", ret_verdict->certificate, 48);
    swprintf(ret_verdict->catalog,
             PATH_CHARS,
             L"C:\\windows\\system32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}\\%ls",
             driver->inf);
    wcscpy(wcsrchr(ret_verdict->catalog, L'.'), L".cat");
    ret_verdict->code = verify_certificate(ret_verdict->certificate, trust);
}

void verify_inf(const wchar_t *path, struct verdict *ret_verdict)
{
    struct verdict verdict = {.code = 0};
    struct driver driver;
    struct inf inf;

    if (store_find(path, &driver)) {
        judge_stored(&driver, &verdict);
        *ret_verdict = verdict;
        return;
    }
    verdict.code = GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES ? ERROR_FILE_NOT_FOUND
                                                                       : inf_read(path, &inf);
    if (!verdict.code && !*inf.catalog) {
        verdict.code = ERROR_NO_CATALOG_FOR_OEM_INF;
    } else if (!verdict.code) {
        swprintf(verdict.catalog,
                 PATH_CHARS,
                 L"%.*ls%ls",
                 (int)(wcsrchr(path, L'\\') + 1 - path),
                 path,
                 inf.catalog);
        verdict.code = judge_catalog(path, &verdict);
    }
    *ret_verdict = verdict;
}
