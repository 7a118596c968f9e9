/* Names of users and computers. */
#include "host/account.h"

#include "common/fs.h"

#include <ctype.h>
#include <string.h>

#define USER_CHARACTERS     20
#define PASSWORD_CHARACTERS 127
#define COMPUTER_FALLBACK   "GPUPV-VM"
#define COMPUTER_SUFFIX     "-VM"
#define COMPUTER_PREFIX     "VM-"

/* Accounts, groups and well-known principals that every Windows has; the English names hold in all
 * languages, for Setup resolves them by name. */
static const char *const reserved[] = {
    "Administrator",
    "Administrators",
    "All Users",
    "Anonymous Logon",
    "Authenticated Users",
    "Batch",
    "BuiltIn",
    "Creator Group",
    "Creator Owner",
    "Default",
    "Default User",
    "DefaultAccount",
    "defaultuser0",
    "Dialup",
    "Everyone",
    "Guest",
    "Guests",
    "HelpAssistant",
    "Interactive",
    "KRBTGT",
    "Local",
    "Local Service",
    "LocalService",
    "LocalSystem",
    "Network",
    "Network Service",
    "NetworkService",
    "None",
    "NT Authority",
    "Power Users",
    "Proxy",
    "Public",
    "Remote Desktop Users",
    "Restricted",
    "Self",
    "Service",
    "System",
    "Terminal Server",
    "TrustedInstaller",
    "Users",
    "WDAGUtilityAccount",
};

static bool same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

/* Characters that need no surrogates count 1, as Windows counts. */
static size_t units(const char *text)
{
    size_t count = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        count += (c & 0xC0) != 0x80;
        count += c >= 0xF0;
    }
    return count;
}

static bool refuse_user(const char *user, struct err *err)
{
    err_set(err, ERR_USAGE, TEXT_BUILD_USER_BAD, user, NULL);
    return err_hint(err, TEXT_BUILD_USER_HINT);
}

bool account_check_user(const char *user, struct err *err)
{
    size_t length = strlen(user);

    /* what cannot be a folder cannot have a profile */
    if (!fs_name_is_safe(user) || units(user) > USER_CHARACTERS || length >= ACCOUNT_USER_BYTES ||
        strpbrk(user, "[];=,+@%&") || user[0] == ' ')
        return refuse_user(user, err);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (same(user, reserved[i])) {
            err_set(err, ERR_USAGE, TEXT_BUILD_USER_RESERVED, user, NULL);
            return err_hint(err, TEXT_BUILD_USER_RESERVED_HINT);
        }
    return true;
}

bool account_check_computer(const char *computer, const char *user, struct err *err)
{
    size_t length = strlen(computer), digits = 0;
    bool ok = length && length < ACCOUNT_COMPUTER_BYTES && computer[0] != '-' &&
              computer[length - 1] != '-';

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)computer[i];

        ok = ok && c < 0x80 && (isalnum(c) || c == '-');
        digits += c < 0x80 && isdigit(c);
    }
    if (!ok || digits == length) {
        err_set(err, ERR_USAGE, TEXT_BUILD_COMPUTER_BAD, computer, NULL);
        return err_hint(err, TEXT_BUILD_COMPUTER_HINT);
    }
    if (same(computer, user)) {
        err_set(err, ERR_USAGE, TEXT_HOST_USER_IS_COMPUTER, user, NULL);
        return err_hint(err, TEXT_HOST_USER_IS_COMPUTER_HINT);
    }
    return true;
}

bool account_check_password(const char *password, struct err *err)
{
    size_t length = strlen(password);
    bool ok = text_is_utf8(password, length) && units(password) <= PASSWORD_CHARACTERS;

    for (size_t i = 0; i < length; i++)
        ok = ok && (unsigned char)password[i] >= 0x20 && password[i] != 0x7F;
    if (ok)
        return true;
    err_set(err, ERR_USAGE, TEXT_BUILD_PASSWORD_BAD, NULL);
    return err_hint(err, TEXT_BUILD_PASSWORD_HINT);
}

/* Letters, digits and '-' of the name, cut to `room` characters. */
static size_t keep(const char *name, char *out, size_t room)
{
    size_t n = 0;

    for (; *name && n < room; name++) {
        unsigned char c = (unsigned char)*name;

        if (c < 0x80 && (isalnum(c) || (c == '-' && n)))
            out[n++] = (char)c;
    }
    while (n && out[n - 1] == '-')
        n--;
    out[n] = 0;
    return n;
}

void account_computer(const char *vm, const char *user, char *out)
{
    size_t n = keep(vm, out, ACCOUNT_COMPUTER_BYTES - 1);

    if (!n)
        text_copy(out, ACCOUNT_COMPUTER_BYTES, COMPUTER_FALLBACK);
    else if (strspn(out, "0123456789") == n) {
        text_copy(out, ACCOUNT_COMPUTER_BYTES, COMPUTER_PREFIX);
        keep(vm, out + strlen(out), ACCOUNT_COMPUTER_BYTES - sizeof COMPUTER_PREFIX);
    }
    if (!same(out, user))
        return;
    n = keep(vm, out, ACCOUNT_COMPUTER_BYTES - sizeof COMPUTER_SUFFIX);
    text_copy(out + n, ACCOUNT_COMPUTER_BYTES - n, n ? COMPUTER_SUFFIX : "GPUPV-GUEST");
}
