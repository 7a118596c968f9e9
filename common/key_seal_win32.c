/*
 * The host's seal: DPAPI in machine scope, so that the service and every elevated administrator
 * share the file (design, Key life). Every process of the machine could open it: the file's ACL is
 * the guard, DPAPI keeps the secrets out of backups and copied disks.
 */
#include "common/key.h"

#include <windows.h>

#include <dpapi.h>

static bool take(DATA_BLOB *blob, struct buf *out, struct err *err)
{
    bool ok = buf_put(out, blob->pbData, blob->cbData) || err_no_memory(err);

    SecureZeroMemory(blob->pbData, blob->cbData);
    LocalFree(blob->pbData);
    return ok;
}

static bool protect(const uint8_t *data, size_t length, struct buf *out, struct err *err)
{
    DATA_BLOB in = {(DWORD)length, (BYTE *)data}, blob = {0, NULL};

    if (!CryptProtectData(&in,
                          L"gpupv",
                          NULL,
                          NULL,
                          NULL,
                          CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN,
                          &blob))
        return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_KEY_PROTECT, NULL);
    return take(&blob, out, err);
}

static bool unprotect(const uint8_t *data, size_t length, struct buf *out, struct err *err)
{
    DATA_BLOB in = {(DWORD)length, (BYTE *)data}, blob = {0, NULL};

    if (!CryptUnprotectData(&in, NULL, NULL, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &blob))
        return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_KEY_PROTECT, NULL);
    return take(&blob, out, err);
}

const struct key_seal key_seal_host = {.name = "dpapi-machine", .seal = protect, .open = unprotect};
