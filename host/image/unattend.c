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
#define PASSWORD      "Password"         /* elements whose name goes into the disguise */
#define ADMINISTRATOR "AdministratorPassword"
#define GROUP         "Administrators" /* Setup knows it by this name in every language */

/* The agent ends the autologon of Setup at the first sign-in; these are for a guest that has to
 * restart before. */
#define LOGONS "3"

#define SECRET_BYTES   (ACCOUNT_PASSWORD_BYTES + sizeof ADMINISTRATOR)
#define DISGUISE_BYTES (SECRET_BYTES * 3 + 8)
#define KEY_GROUPS     5
#define KEY_GROUP      5 /* letters and digits of a group */

/* The password as its elements have it. */
struct secrets {
    char user[DISGUISE_BYTES], administrator[DISGUISE_BYTES];
};

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
static bool disguise(const char *password, const char *element, char *out, struct err *err)
{
    uint8_t bytes[2 * SECRET_BYTES];
    char plain[SECRET_BYTES];
    uint16_t *units = NULL;
    size_t count, length = 0;
    bool ok;

    text_copy(plain, sizeof plain, password);
    text_copy(plain + strlen(plain), sizeof plain - strlen(plain), element);
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

static void put_password(struct xml_writer *xml, const char *element, const char *value)
{
    xml_open(xml, element, NULL);
    xml_leaf(xml, "PlainText", "false");
    xml_leaf(xml, "Value", value);
    xml_close(xml);
}

static void put_specialize(struct xml_writer *xml, const struct unattend *u)
{
    open_pass(xml, "specialize");
    open_component(xml, u, "Microsoft-Windows-Shell-Setup");
    xml_leaf(xml, "ComputerName", u->computer);
    if (u->product_key && *u->product_key)
        xml_leaf(xml, "ProductKey", u->product_key);
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

static void
put_autologon(struct xml_writer *xml, const struct unattend *u, const struct secrets *secrets)
{
    xml_open(xml, "AutoLogon", NULL);
    xml_leaf(xml, "Enabled", "true");
    xml_leaf(xml, "LogonCount", LOGONS);
    put_password(xml, PASSWORD, secrets->user);
    xml_leaf(xml, "Username", u->user);
    xml_close(xml);
}

static void
put_account(struct xml_writer *xml, const struct unattend *u, const struct secrets *secrets)
{
    static const char *const add[] = {"wcm:action", "add", NULL};

    xml_open(xml, "UserAccounts", NULL);
    if (u->administrator)
        put_password(xml, ADMINISTRATOR, secrets->administrator);
    xml_open(xml, "LocalAccounts", NULL);
    xml_open(xml, "LocalAccount", add);
    xml_leaf(xml, "Group", GROUP);
    xml_leaf(xml, "Name", u->user);
    put_password(xml, PASSWORD, secrets->user);
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

static void
put_oobe_system(struct xml_writer *xml, const struct unattend *u, const struct secrets *secrets)
{
    open_pass(xml, "oobeSystem");
    put_languages(xml, u);
    open_component(xml, u, "Microsoft-Windows-Shell-Setup");
    if (u->autologon)
        put_autologon(xml, u, secrets);
    put_oobe(xml);
    put_account(xml, u, secrets);
    xml_close(xml);
    xml_close(xml);
}

bool unattend_check_key(const char *key, struct err *err)
{
    const char *at = key;
    bool ok = strlen(key) == KEY_GROUPS * (KEY_GROUP + 1) - 1;

    for (size_t i = 0; ok && *at; i++, at++)
        ok = i % (KEY_GROUP + 1) == KEY_GROUP
                 ? *at == '-'
                 : (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
    if (ok)
        return true;
    err_set(err, ERR_USAGE, TEXT_BUILD_KEY_BAD, NULL);
    return err_hint(err, TEXT_BUILD_KEY_HINT);
}

static bool check(const struct unattend *u, struct err *err)
{
    return account_check_user(u->user, err) && account_check_computer(u->computer, u->user, err) &&
           account_check_password(u->password, err) &&
           (!u->product_key || !*u->product_key || unattend_check_key(u->product_key, err));
}

bool unattend_write(const struct unattend *unattend, struct buf *out, struct err *err)
{
    static const char *const root[] = {"xmlns", NAMESPACE, "xmlns:wcm", NAMESPACE_WCM, NULL};
    struct secrets secrets;
    struct xml_writer xml;
    bool ok;

    ok = check(unattend, err) && disguise(unattend->password, PASSWORD, secrets.user, err) &&
         disguise(unattend->password, ADMINISTRATOR, secrets.administrator, err);
    /* room at once: a buffer that grows leaves its secret behind in freed memory */
    if (ok && !buf_reserve(out, UNATTEND_BYTES))
        ok = err_no_memory(err);
    if (ok) {
        xml_begin(&xml, out);
        xml_open(&xml, "unattend", root);
        put_specialize(&xml, unattend);
        put_oobe_system(&xml, unattend, &secrets);
        ok = xml_finish(&xml, err);
    }
    secure_wipe(&secrets, sizeof secrets);
    return ok;
}
