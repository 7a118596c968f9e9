/* Codes as a person types them, and the secret that both sides derive. */
#include "common/pair.h"

#include "common/secure.h"

#include <string.h>

#include <mbedtls/md.h>

#define LETTERS       15 /* of 5 bits each; one more is the check */
#define GROUP         4
#define CHECK_MODULUS 31 /* prime, so that one wrong letter or two swapped ones show */
#define PREFIX        "pair:"
#define PURPOSE       "gpupv pairing 1:" /* before the VM's id: no other secret is derived alike */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static char check_letter(const uint8_t values[LETTERS])
{
    unsigned sum = 0;

    for (unsigned i = 0; i < LETTERS; i++)
        sum += (i + 1) * values[i];
    return alphabet[sum % CHECK_MODULUS];
}

/* Writes letters and check in groups. */
static void write_code(const uint8_t values[LETTERS], char *out)
{
    size_t at = 0;

    for (size_t i = 0; i <= LETTERS; i++) {
        if (i && i % GROUP == 0)
            out[at++] = '-';
        out[at++] = i < LETTERS ? alphabet[values[i]] : check_letter(values);
    }
    out[at] = '\0';
}

bool pair_code_new(char *out, struct err *err)
{
    uint8_t values[LETTERS];

    if (!secure_random(values, sizeof values))
        return err_set(err, ERR_IO, TEXT_KEY_RANDOM, NULL);
    for (size_t i = 0; i < LETTERS; i++)
        values[i] &= 31; /* 256 is a multiple of 32: every letter is as likely */
    write_code(values, out);
    secure_wipe(values, sizeof values);
    return true;
}

/* The value of a letter as people type it, -1 for none. */
static int letter_value(char c)
{
    static const struct {
        char typed, meant;
    } alike[] = {{'O', '0'}, {'I', '1'}, {'L', '1'}};
    const char *at;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++)
        if (c == alike[i].typed)
            c = alike[i].meant;
    at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

bool pair_code_parse(const char *text, char *out, struct err *err)
{
    uint8_t values[LETTERS + 1];
    size_t count = 0;
    bool ok = true;

    for (const char *c = text; ok && *c; c++) {
        int value = letter_value(*c);

        if (*c == '-' || *c == ' ')
            continue;
        ok = value >= 0 && count <= LETTERS;
        if (ok)
            values[count++] = (uint8_t)value;
    }
    if (!ok || count != LETTERS + 1 || alphabet[values[LETTERS]] != check_letter(values)) {
        secure_wipe(values, sizeof values);
        err_set(err, ERR_USAGE, TEXT_PAIR_CODE_BAD, NULL);
        return err_hint(err, TEXT_PAIR_CODE_BAD_HINT);
    }
    write_code(values, out);
    secure_wipe(values, sizeof values);
    return true;
}

bool pair_secret(const char *code,
                 const char *vm,
                 uint8_t ret_secret[KEY_SECRET_BYTES],
                 struct err *err)
{
    char purpose[sizeof PURPOSE + KEY_VM_BYTES];
    int status;

    if (!key_vm_is_valid(vm))
        return err_set(err, ERR_BAD_INPUT, TEXT_KEY_VM, vm, NULL);
    snprintf(purpose, sizeof purpose, "%s%s", PURPOSE, vm);
    status = mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
                             (const unsigned char *)code,
                             strlen(code),
                             (const unsigned char *)purpose,
                             strlen(purpose),
                             ret_secret);
    return status == 0 || err_set_os(err, ERR_DOMAIN_TLS, status, TEXT_SECURE_SETUP, NULL);
}

const char *pair_identity(const char *vm, char *out)
{
    snprintf(out, KEY_IDENTITY_BYTES, "%s%s", PREFIX, vm);
    return out;
}

bool pair_identity_vm(const char *identity, char *out)
{
    const char *vm = identity + strlen(PREFIX);

    if (strncmp(identity, PREFIX, strlen(PREFIX)) != 0 || !key_vm_is_valid(vm))
        return false;
    text_copy(out, KEY_VM_BYTES, vm);
    return true;
}
