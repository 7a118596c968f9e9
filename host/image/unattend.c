/* The answer file for Windows Setup. */
#include "host/image/unattend.h"

#include "common/secure.h"
#include "common/utf16.h"
#include "host/account.h"
#include "host/image/bytes.h"
#include "host/image/xml_write.h"

#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE     "urn:schemas-microsoft-com:unattend"
#define NAMESPACE_WCM "http://schemas.microsoft.com/WMIConfig/2002/State"
#define TOKEN         "31bf3856ad364e35" /* of Microsoft's components */
#define PASSWORD      "Password"         /* the element whose name goes into the disguise */
#define GROUP         "Administrators"   /* Setup knows it by this name in every language */

/* The agent ends the autologon of Setup at the first sign-in; these are for a guest that has to
 * restart before. */
#define LOGONS "3"

#define SECRET_BYTES   (ACCOUNT_PASSWORD_BYTES + sizeof PASSWORD)
#define DISGUISE_BYTES (SECRET_BYTES * 3 + 8)

static void open_component(struct xml_writer *xml, const struct unattend *u, const char *name)
{
    const char *const attributes[] = {"name",
                                      name,
                                      "processorArchitecture",
                                      u->architecture,
                                      "publicKeyToken",
                                      TOKEN,
                                      "language",
                                      "neutral",
                                      "versionScope",
                                      "nonSxS",
                                      NULL};

    xml_open(xml, "component", attributes);
}

static void open_pass(struct xml_writer *xml, const char *pass)
{
    const char *const attributes[] = {"pass", pass, NULL};

    xml_open(xml, "settings", attributes);
}

/* base64 of the UTF-16 of password and element name: keeps eyes away, nothing more. */
static bool disguise(const char *password, char *out, struct err *err)
{
    uint8_t bytes[2 * SECRET_BYTES];
    char plain[SECRET_BYTES];
    uint16_t *units = NULL;
    size_t count, length = 0;
    bool ok;

    text_copy(plain, sizeof plain, password);
    text_copy(plain + strlen(plain), sizeof plain - strlen(plain), PASSWORD);
    ok = utf16_from_utf8(plain, &units, err);
    secure_wipe(plain, sizeof plain);
    if (!ok)
        return false;
    count = utf16_len(units);
    for (size_t i = 0; i < count; i++)
        bytes_put16(bytes + 2 * i, units[i]);
    secure_wipe(units, count * sizeof *units);
    free(units);
    ok = !mbedtls_base64_encode((unsigned char *)out, DISGUISE_BYTES, &length, bytes, 2 * count);
    secure_wipe(bytes, sizeof bytes);
    return ok || err_no_memory(err);
}

static void put_password(struct xml_writer *xml, const char *value)
{
    xml_open(xml, PASSWORD, NULL);
    xml_leaf(xml, "PlainText", "false");
    xml_leaf(xml, "Value", value);
    xml_close(xml);
}

static void put_specialize(struct xml_writer *xml, const struct unattend *u)
{
    open_pass(xml, "specialize");
    open_component(xml, u, "Microsoft-Windows-Shell-Setup");
    xml_leaf(xml, "ComputerName", u->computer);
    if (*u->time_zone)
        xml_leaf(xml, "TimeZone", u->time_zone);
    xml_close(xml);
    xml_close(xml);
}

static void put_languages(struct xml_writer *xml, const struct unattend *u)
{
    open_component(xml, u, "Microsoft-Windows-International-Core");
    xml_leaf(xml, "InputLocale", u->keyboard);
    xml_leaf(xml, "SystemLocale", u->locale);
    xml_leaf(xml, "UILanguage", u->language);
    xml_leaf(xml, "UserLocale", u->locale);
    xml_close(xml);
}

static void put_autologon(struct xml_writer *xml, const struct unattend *u, const char *secret)
{
    xml_open(xml, "AutoLogon", NULL);
    xml_leaf(xml, "Enabled", "true");
    xml_leaf(xml, "LogonCount", LOGONS);
    put_password(xml, secret);
    xml_leaf(xml, "Username", u->user);
    xml_close(xml);
}

static void put_account(struct xml_writer *xml, const struct unattend *u, const char *secret)
{
    static const char *const add[] = {"wcm:action", "add", NULL};

    xml_open(xml, "UserAccounts", NULL);
    xml_open(xml, "LocalAccounts", NULL);
    xml_open(xml, "LocalAccount", add);
    xml_leaf(xml, "Group", GROUP);
    xml_leaf(xml, "Name", u->user);
    put_password(xml, secret);
    xml_close(xml);
    xml_close(xml);
    xml_close(xml);
}

/* SkipMachineOOBE and SkipUserOOBE are deprecated and leave machines half set up; an account and
 * these keys are what makes OOBE ask nothing. */
static void put_oobe(struct xml_writer *xml)
{
    xml_open(xml, "OOBE", NULL);
    xml_leaf(xml, "HideEULAPage", "true");
    xml_leaf(xml, "HideOnlineAccountScreens", "true");
    xml_leaf(xml, "HideWirelessSetupInOOBE", "true");
    xml_leaf(xml, "ProtectYourPC", "3");
    xml_close(xml);
}

static void put_oobe_system(struct xml_writer *xml, const struct unattend *u, const char *secret)
{
    open_pass(xml, "oobeSystem");
    put_languages(xml, u);
    open_component(xml, u, "Microsoft-Windows-Shell-Setup");
    if (u->autologon)
        put_autologon(xml, u, secret);
    put_oobe(xml);
    put_account(xml, u, secret);
    xml_close(xml);
    xml_close(xml);
}

bool unattend_write(const struct unattend *unattend, struct buf *out, struct err *err)
{
    static const char *const root[] = {"xmlns", NAMESPACE, "xmlns:wcm", NAMESPACE_WCM, NULL};
    char secret[DISGUISE_BYTES];
    struct xml_writer xml;
    bool ok;

    if (!account_check_user(unattend->user, err) ||
        !account_check_computer(unattend->computer, unattend->user, err) ||
        !account_check_password(unattend->password, err) ||
        !disguise(unattend->password, secret, err))
        return false;
    /* room at once: a buffer that grows leaves its secret behind in freed memory */
    if (!buf_reserve(out, UNATTEND_BYTES)) {
        secure_wipe(secret, sizeof secret);
        return err_no_memory(err);
    }
    xml_begin(&xml, out);
    xml_open(&xml, "unattend", root);
    put_specialize(&xml, unattend);
    put_oobe_system(&xml, unattend, secret);
    ok = xml_finish(&xml, err);
    secure_wipe(secret, sizeof secret);
    return ok;
}
