/* Keys that travel. */
#include "host/key_export.h"

#include "common/fs.h"
#include "common/json.h"
#include "common/secure.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <mbedtls/chachapoly.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>

#define SCHEMA       "gpupv.key"
#define FILE_VERSION 1
#define FILE_BYTES   8192
#define SALT_BYTES   16
#define NONCE_BYTES  12
#define TAG_BYTES    16
#define SEAL_BYTES   32
#define NUMBER_BYTES 8
#define ENTRY_BYTES  (NUMBER_BYTES + KEY_SECRET_BYTES)
#define PLAIN_BYTES  (NUMBER_BYTES + KEY_ENTRIES * ENTRY_BYTES)
#define HEX(bytes)   ((bytes)*2 + 1)

/* What stands in the open. */
struct envelope {
    char vm[KEY_VM_BYTES];
    unsigned rounds;
    uint8_t salt[SALT_BYTES], nonce[NONCE_BYTES];
};

static const char *put_hex(const uint8_t *data, size_t length, char *out)
{
    for (size_t i = 0; i < length; i++)
        snprintf(out + i * 2, 3, "%02x", data[i]);
    return out;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Reads at most size bytes; the text ends with them. */
static bool get_hex(const char *text, uint8_t *out, size_t size, size_t *ret_length)
{
    size_t length = strlen(text) / 2;

    if (strlen(text) % 2 || length > size)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = digit(text[i * 2]), low = digit(text[i * 2 + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *ret_length = length;
    return true;
}

static void put_number(uint8_t *out, int64_t number)
{
    for (size_t i = 0; i < NUMBER_BYTES; i++)
        out[i] = (uint8_t)((uint64_t)number >> (8 * (NUMBER_BYTES - 1 - i)));
}

static int64_t get_number(const uint8_t *data)
{
    uint64_t number = 0;

    for (size_t i = 0; i < NUMBER_BYTES; i++)
        number = number << 8 | data[i];
    return (int64_t)number;
}

/* ---- the secrets in one block ---- */

static size_t pack(const struct key_file *key, uint8_t out[PLAIN_BYTES])
{
    put_number(out, key->current);
    for (size_t i = 0; i < key->count; i++) {
        uint8_t *at = out + NUMBER_BYTES + i * ENTRY_BYTES;

        put_number(at, key->entries[i].generation);
        memcpy(at + NUMBER_BYTES, key->entries[i].secret, KEY_SECRET_BYTES);
    }
    return NUMBER_BYTES + key->count * ENTRY_BYTES;
}

static bool unpack(const uint8_t *data, size_t length, struct key_file *key)
{
    int64_t newer = INT64_MAX;

    if (length < NUMBER_BYTES + ENTRY_BYTES || (length - NUMBER_BYTES) % ENTRY_BYTES ||
        length > PLAIN_BYTES)
        return false;
    key->current = get_number(data);
    key->count = (length - NUMBER_BYTES) / ENTRY_BYTES;
    for (size_t i = 0; i < key->count; i++) {
        const uint8_t *at = data + NUMBER_BYTES + i * ENTRY_BYTES;

        key->entries[i].generation = get_number(at);
        memcpy(key->entries[i].secret, at + NUMBER_BYTES, KEY_SECRET_BYTES);
        if (key->entries[i].generation < 1 || key->entries[i].generation >= newer)
            return false;
        newer = key->entries[i].generation;
    }
    return key_find(key, key->current) != NULL;
}

/* ---- sealing ---- */

static bool derive(const struct envelope *envelope,
                   const char *passphrase,
                   uint8_t out[SEAL_BYTES],
                   struct err *err)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    mbedtls_md_context_t md;
    bool ok;

    mbedtls_md_init(&md);
    ok = info && mbedtls_md_setup(&md, info, 1) == 0 &&
         mbedtls_pkcs5_pbkdf2_hmac(&md,
                                   (const unsigned char *)passphrase,
                                   strlen(passphrase),
                                   envelope->salt,
                                   sizeof envelope->salt,
                                   envelope->rounds,
                                   SEAL_BYTES,
                                   out) == 0;
    mbedtls_md_free(&md);
    return ok || err_no_memory(err);
}

/* What is authenticated besides. */
static size_t header(const struct envelope *envelope, char out[256])
{
    char salt[HEX(SALT_BYTES)];

    return (size_t)snprintf(out,
                            256,
                            "%s %d %s %u %s",
                            SCHEMA,
                            FILE_VERSION,
                            envelope->vm,
                            envelope->rounds,
                            put_hex(envelope->salt, SALT_BYTES, salt));
}

/* Seals or opens length bytes; the tag is made, or checked. */
static bool apply_seal(const struct envelope *envelope,
                       const char *passphrase,
                       bool seals,
                       const uint8_t *in,
                       size_t length,
                       uint8_t *out,
                       uint8_t tag[TAG_BYTES],
                       struct err *err)
{
    mbedtls_chachapoly_context context;
    uint8_t seal[SEAL_BYTES];
    char aad[256];
    size_t aad_length = header(envelope, aad);
    int code = -1;

    if (!derive(envelope, passphrase, seal, err))
        return false;
    mbedtls_chachapoly_init(&context);
    if (mbedtls_chachapoly_setkey(&context, seal) == 0)
        code = seals ? mbedtls_chachapoly_encrypt_and_tag(&context,
                                                          length,
                                                          envelope->nonce,
                                                          (const unsigned char *)aad,
                                                          aad_length,
                                                          in,
                                                          out,
                                                          tag)
                     : mbedtls_chachapoly_auth_decrypt(&context,
                                                       length,
                                                       envelope->nonce,
                                                       (const unsigned char *)aad,
                                                       aad_length,
                                                       tag,
                                                       in,
                                                       out);
    mbedtls_chachapoly_free(&context);
    secure_wipe(seal, sizeof seal);
    return code == 0 || err_set(err, ERR_AUTH, TEXT_SETUP_KEY_WRONG, "", NULL);
}

/* ---- the file ---- */

static bool save(const char *path,
                 const struct envelope *envelope,
                 const uint8_t *sealed,
                 size_t length,
                 struct err *err)
{
    char salt[HEX(SALT_BYTES)], nonce[HEX(NONCE_BYTES)], data[HEX(PLAIN_BYTES + TAG_BYTES)];
    cJSON *json = cJSON_CreateObject();
    struct buf text;
    bool ok;

    buf_init(&text, FILE_BYTES);
    ok = (cJSON_AddStringToObject(json, "schema", SCHEMA) &&
          json_add_int(json, "version", FILE_VERSION) &&
          cJSON_AddStringToObject(json, "vm", envelope->vm) &&
          json_add_int(json, "rounds", envelope->rounds) &&
          cJSON_AddStringToObject(json, "salt", put_hex(envelope->salt, SALT_BYTES, salt)) &&
          cJSON_AddStringToObject(json, "nonce", put_hex(envelope->nonce, NONCE_BYTES, nonce)) &&
          cJSON_AddStringToObject(json, "sealed", put_hex(sealed, length, data)) &&
          json_write_pretty(json, &text)) ||
         err_no_memory(err);
    ok = ok && fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

bool key_export_write(const char *path,
                      const struct key_file *key,
                      const char *passphrase,
                      unsigned rounds,
                      struct err *err)
{
    uint8_t plain[PLAIN_BYTES], sealed[PLAIN_BYTES + TAG_BYTES];
    struct envelope envelope = {.rounds = rounds};
    struct fs_stat stat = {.kind = FS_MISSING};
    size_t length;
    bool ok;
    int code;

    if (strlen(passphrase) < KEY_EXPORT_PASSPHRASE)
        return err_set(err, ERR_USAGE, TEXT_SETUP_KEY_SHORT, TEXT_NUM(KEY_EXPORT_PASSPHRASE), NULL);
    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING) {
        err_set(err, ERR_EXISTS, TEXT_SETUP_FILE_EXISTS, path, NULL);
        return err_hint(err, TEXT_SETUP_FILE_EXISTS_HINT);
    }
    text_copy(envelope.vm, sizeof envelope.vm, key->vm);
    code = uv_random(NULL, NULL, envelope.salt, sizeof envelope.salt, 0, NULL);
    if (!code)
        code = uv_random(NULL, NULL, envelope.nonce, sizeof envelope.nonce, 0, NULL);
    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HOST_NO_RANDOM, NULL);
    length = pack(key, plain);
    ok = apply_seal(&envelope, passphrase, true, plain, length, sealed, sealed + length, err) &&
         save(path, &envelope, sealed, length + TAG_BYTES, err);
    secure_wipe(plain, sizeof plain);
    return ok;
}

static bool read_fixed(const cJSON *json, const char *key, uint8_t *out, size_t size)
{
    const char *text = NULL;
    size_t length = 0;

    return json_string(json, key, NULL, &text, NULL) && get_hex(text, out, size, &length) &&
           length == size;
}

static bool read_envelope(const cJSON *json,
                          struct envelope *envelope,
                          uint8_t sealed[PLAIN_BYTES + TAG_BYTES],
                          size_t *ret_length)
{
    const char *schema = "", *data = "";
    int64_t version = 0, rounds = 0;

    if (!json_string(json, "schema", "", &schema, NULL) || strcmp(schema, SCHEMA) != 0 ||
        !json_int(json, "version", FILE_VERSION, FILE_VERSION, &version, NULL) || !version ||
        !json_string_into(json, "vm", NULL, envelope->vm, sizeof envelope->vm, NULL) ||
        !key_vm_is_valid(envelope->vm) ||
        !json_int(json, "rounds", KEY_EXPORT_ROUNDS_MIN, KEY_EXPORT_ROUNDS_MAX, &rounds, NULL) ||
        !rounds || !read_fixed(json, "salt", envelope->salt, SALT_BYTES) ||
        !read_fixed(json, "nonce", envelope->nonce, NONCE_BYTES) ||
        !json_string(json, "sealed", NULL, &data, NULL) ||
        !get_hex(data, sealed, PLAIN_BYTES + TAG_BYTES, ret_length))
        return false;
    envelope->rounds = (unsigned)rounds;
    return *ret_length > TAG_BYTES;
}

bool key_export_read(const char *path,
                     const char *passphrase,
                     struct key_file *ret_key,
                     struct err *err)
{
    uint8_t plain[PLAIN_BYTES], sealed[PLAIN_BYTES + TAG_BYTES];
    struct envelope envelope = {.rounds = 0};
    struct key_file key = {.count = 0};
    cJSON *json = NULL;
    size_t length = 0;
    bool ok;

    if (!json_read_file(path, &json_limits_message, &json, err))
        return false;
    ok = read_envelope(json, &envelope, sealed, &length) ||
         err_set(err, ERR_BAD_INPUT, TEXT_SETUP_KEY_BAD, path, NULL);
    cJSON_Delete(json);
    if (!ok)
        return false;
    length -= TAG_BYTES;
    if (!apply_seal(&envelope, passphrase, false, sealed, length, plain, sealed + length, NULL))
        return err_set(err, ERR_AUTH, TEXT_SETUP_KEY_WRONG, path, NULL);
    text_copy(key.vm, sizeof key.vm, envelope.vm);
    ok = unpack(plain, length, &key) || err_set(err, ERR_BAD_INPUT, TEXT_SETUP_KEY_BAD, path, NULL);
    if (ok)
        *ret_key = key;
    secure_wipe(plain, sizeof plain);
    key_wipe(&key);
    return ok;
}
