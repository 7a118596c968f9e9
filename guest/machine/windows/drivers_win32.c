/*
 * Port of driver packages: looked up in the driver store, judged, staged and bound without a
 * person. Facts: guest.md section 2.
 */
#include "guest/machine/windows/driver_store_win32.h"
#include "guest/machine/windows/driver_trust_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/utf16.h"

#include <stdlib.h>

#include <windows.h>

#include <newdev.h>
#include <setupapi.h>

/* setupapi.h; mingw-w64 lacks them */
#define DEVICE_INSTALL_BLOCKED   0xE0000248u
#define DRIVER_INSTALL_BLOCKED   0xE0000249u
#define FILE_HASH_NOT_IN_CATALOG 0xE000024Bu

/* How installing is refused, by what a person should be told. */
static const struct {
    DWORD code;
    enum err_kind kind;
    enum text_id message;
} refusals[] = {
    {ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED, ERR_DENIED, TEXT_DEVICE_WOULD_ASK},
    {ERROR_CANCELLED, ERR_DENIED, TEXT_DEVICE_WOULD_ASK},
    {ERROR_AUTHENTICODE_PUBLISHER_NOT_TRUSTED, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED},
    {ERROR_AUTHENTICODE_DISALLOWED, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED},
    {ERROR_NO_CATALOG_FOR_OEM_INF, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED},
    {FILE_HASH_NOT_IN_CATALOG, ERR_UNSAFE, TEXT_PACKAGE_UNTRUSTED},
    {DEVICE_INSTALL_BLOCKED, ERR_DENIED, TEXT_DEVICE_POLICY},
    {DRIVER_INSTALL_BLOCKED, ERR_DENIED, TEXT_DEVICE_POLICY},
    {ERROR_IN_WOW64, ERR_UNSUPPORTED, TEXT_DEVICE_WOW64},
};

static bool
refuse(DWORD code, enum text_id message, const char *name, const char *inf_path, struct err *err)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].code != code)
            continue;
        err_set(err, refusals[i].kind, refusals[i].message, inf_path, NULL);
        if (err) {
            err->domain = ERR_DOMAIN_WIN32;
            err->code = (int32_t)code;
        }
        return err_hint(err, TEXT_DEVICE_HINT_PACKAGE);
    }
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, message, name, inf_path, NULL);
}

static bool
drivers_find(struct drivers_port *port, const char *hardware_id, char *ret_inf, struct err *err)
{
    (void)port;
    return driver_store_find(hardware_id, ret_inf, DEVICE_ID_BYTES, err);
}

static bool drivers_trust(struct drivers_port *port,
                          const char *inf_path,
                          enum driver_trust *ret_trust,
                          struct err *err)
{
    (void)port;
    return driver_trust_look(inf_path, ret_trust, err);
}

static bool drivers_trust_signer(struct drivers_port *port, const char *inf_path, struct err *err)
{
    (void)port;
    return driver_trust_signer(inf_path, err);
}

static bool drivers_signer(struct drivers_port *port,
                           const char *inf_path,
                           char *ret_mark,
                           bool *ret_trusted,
                           struct err *err)
{
    (void)port;
    return driver_trust_mark(inf_path, ret_mark, ret_trusted, err);
}

static bool drivers_distrust(struct drivers_port *port, const char *mark, struct err *err)
{
    (void)port;
    return driver_trust_end(mark, err);
}

static bool drivers_stage(struct drivers_port *port, const char *inf_path, struct err *err)
{
    uint16_t *path = NULL;
    DWORD code;

    (void)port;
    if (!driver_inf_path(inf_path, &path, err))
        return false;
    code = SetupCopyOEMInfW(path, NULL, SPOST_PATH, 0, NULL, 0, NULL, NULL) ? ERROR_SUCCESS
                                                                            : GetLastError();
    free(path);
    return code == ERROR_SUCCESS || code == ERROR_FILE_EXISTS ||
           refuse(code, TEXT_DEVICE_STAGE, inf_path, inf_path, err);
}

/* INSTALLFLAG_NONINTERACTIVE fails where Windows would ask; with &reboot it asks nobody to restart
 * either. */
static bool drivers_bind(struct drivers_port *port,
                         const char *hardware_id,
                         const char *inf_path,
                         bool *ret_reboot,
                         struct err *err)
{
    uint16_t *path = NULL, *id = NULL;
    BOOL reboot = FALSE;
    bool ok = false;
    DWORD code;

    (void)port;
    if (!driver_inf_path(inf_path, &path, err) || !utf16_from_utf8(hardware_id, &id, err))
        goto out;
    code = UpdateDriverForPlugAndPlayDevicesW(
               NULL, id, path, INSTALLFLAG_FORCE | INSTALLFLAG_NONINTERACTIVE, &reboot)
               ? ERROR_SUCCESS
               : GetLastError();
    /* no more items: the devices have this driver, or a better one */
    ok = code == ERROR_SUCCESS || code == ERROR_NO_MORE_ITEMS ||
         refuse(code, TEXT_DEVICE_BIND, hardware_id, inf_path, err);
    if (ok)
        *ret_reboot = reboot != FALSE;

out:
    free(id);
    free(path);
    return ok;
}

static const struct drivers_ops drivers_ops = {
    .find = drivers_find,
    .trust = drivers_trust,
    .signer = drivers_signer,
    .distrust = drivers_distrust,
    .trust_signer = drivers_trust_signer,
    .stage = drivers_stage,
    .bind = drivers_bind,
};

bool windows_drivers_new(struct drivers_port **ret_port, struct err *err)
{
    struct drivers_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &drivers_ops;
    *ret_port = port;
    return true;
}

void windows_drivers_free(struct drivers_port *port)
{
    free(port);
}
