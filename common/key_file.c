/*
 * The key file:
 * {"version":1,"vm":"...","current":2,"seal":"plain","keys":[{"generation":2,"secret":"<hex>"}]}.
 * The secrets lie in it as the seal makes them; everything read is checked before it is believed.
 */
#include "common/key.h"

#include "common/fs.h"
#include "common/json.h"

#include <string.h>

#include <mbedtls/platform_util.h>

#define KEY_VERSION      1
#define KEY_GENERATION   (((int64_t)1 << 53) - 2)
#define KEY_SEALED_BYTES 1024

static bool plain(const uint8_t *data, size_t length, struct buf *out, struct err *err)
{
    return buf_put(out, data, length) || err_no_memory(err);
}

const struct key_seal key_seal_plain = {.name = "plain", .seal = plain, .open = plain};

static bool hex_decode(const char *hex, struct buf *out)
{
    size_t length = strlen(hex);

    if (length % 2)
        return false;
    for (size_t i = 0; i < length; i += 2) {
        static const char digits[] = "0123456789abcdef";
        const char *high = memchr(digits, hex[i], 16), *low = memchr(digits, hex[i + 1], 16);
        uint8_t byte;

        if (!high || !low)
            return false;
        byte = (uint8_t)((high - digits) << 4 | (low - digits));
        if (!buf_put(out, &byte, 1))
            return false;
    }
    return true;
}

static void buf_wipe(struct buf *b)
{
    if (b->data)
        mbedtls_platform_zeroize(b->data, b->cap);
    buf_done(b);
}

static bool bad_file(struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_KEY_DAMAGED, NULL);
}

static bool read_entry(const cJSON *json,
                       const struct key_seal *seal,
                       struct key_entry *ret_entry,
                       struct err *err)
{
    static const char *const known[] = {"generation", "secret", NULL};
    const char *hex = NULL;
    struct buf sealed, secret;
    bool ok = false;

    buf_init(&sealed, KEY_SEALED_BYTES);
    buf_init(&secret, KEY_SEALED_BYTES);
    if (!json_only_known(json, known, err) ||
        !json_int(json, "generation", 1, KEY_GENERATION, &ret_entry->generation, err) ||
        !json_string(json, "secret", NULL, &hex, err))
        goto out;
    if (!hex_decode(hex, &sealed)) {
        bad_file(err);
        goto out;
    }
    if (!seal->open(sealed.data, sealed.len, &secret, err))
        goto out;
    ok = secret.len == KEY_SECRET_BYTES || bad_file(err);
    if (ok)
        memcpy(ret_entry->secret, secret.data, KEY_SECRET_BYTES);

out:
    buf_wipe(&sealed);
    buf_wipe(&secret);
    return ok;
}

static bool
read_entries(const cJSON *list, const struct key_seal *seal, struct key_file *key, struct err *err)
{
    const cJSON *item;
    int64_t newer = KEY_GENERATION + 1;

    cJSON_ArrayForEach(item, list)
    {
        struct key_entry *entry = &key->entries[key->count];

        if (key->count == KEY_ENTRIES || !cJSON_IsObject(item))
            return bad_file(err);
        if (!read_entry(item, seal, entry, err))
            return false;
        if (entry->generation < 1 || entry->generation >= newer)
            return bad_file(err);
        newer = entry->generation;
        key->count++;
    }
    return key_find(key, key->current) || bad_file(err);
}

static bool
read_file(const cJSON *json, const struct key_seal *seal, struct key_file *key, struct err *err)
{
    static const char *const known[] = {"version", "vm", "current", "seal", "keys", NULL};
    const char *name = NULL;
    const cJSON *list = NULL;
    int64_t version = 0;

    if (!cJSON_IsObject(json))
        return bad_file(err);
    if (!json_only_known(json, known, err) ||
        !json_int(json, "version", KEY_VERSION, KEY_VERSION, &version, err) ||
        !json_string_into(json, "vm", NULL, key->vm, sizeof key->vm, err) ||
        !json_int(json, "current", 1, KEY_GENERATION, &key->current, err) ||
        !json_string(json, "seal", NULL, &name, err) || !json_array(json, "keys", &list, err))
        return false;
    if (version != KEY_VERSION || !key_vm_is_valid(key->vm) || !list)
        return bad_file(err);
    if (strcmp(name, seal->name) != 0)
        return err_set(err, ERR_UNSUPPORTED, TEXT_KEY_SEAL, name, NULL);
    return read_entries(list, seal, key, err);
}

/* Overwrites the texts of a tree: sealed or not, they are as good as the keys. */
static void json_wipe(cJSON *json)
{
    cJSON *item;

    if (cJSON_IsString(json))
        mbedtls_platform_zeroize(json->valuestring, strlen(json->valuestring));
    for (item = json ? json->child : NULL; item; item = item->next)
        json_wipe(item);
}

bool key_load(const char *path,
              const struct key_seal *seal,
              struct key_file *ret_key,
              struct err *err)
{
    struct key_file key = {0};
    cJSON *json = NULL;
    struct buf text;
    bool ok;

    buf_init(&text, KEY_FILE_BYTES);
    ok = fs_read(path, KEY_FILE_BYTES, &text, err) &&
         json_parse(buf_str(&text), text.len, &json_limits_message, &json, err) &&
         read_file(json, seal, &key, err);
    if (ok)
        *ret_key = key;
    else
        err_context(err, TEXT_KEY_READING, path);
    json_wipe(json);
    cJSON_Delete(json);
    buf_wipe(&text);
    key_wipe(&key);
    return ok;
}

static bool write_entry(const struct key_seal *seal,
                        const struct key_entry *entry,
                        struct buf *out,
                        struct err *err)
{
    struct buf sealed;
    bool ok;

    buf_init(&sealed, KEY_SEALED_BYTES);
    ok = seal->seal(entry->secret, KEY_SECRET_BYTES, &sealed, err);
    if (ok) {
        buf_printf(out, "{\"generation\":%lld,\"secret\":\"", (long long)entry->generation);
        for (size_t i = 0; i < sealed.len; i++)
            buf_printf(out, "%02x", sealed.data[i]);
        buf_puts(out, "\"}");
    }
    buf_wipe(&sealed);
    return ok;
}

bool key_save(const char *path,
              const struct key_seal *seal,
              const struct key_file *key,
              struct err *err)
{
    struct buf text;
    bool ok = true;

    /* reserved whole, so that growing leaves no copies behind */
    buf_init(&text, KEY_FILE_BYTES);
    if (!buf_reserve(&text, KEY_FILE_BYTES))
        return err_no_memory(err);
    buf_printf(&text,
               "{\"version\":%d,\"vm\":\"%s\",\"current\":%lld,\"seal\":\"%s\",\"keys\":[",
               KEY_VERSION,
               key->vm,
               (long long)key->current,
               seal->name);
    for (size_t i = 0; ok && i < key->count; i++) {
        if (i)
            buf_puts(&text, ",");
        ok = write_entry(seal, &key->entries[i], &text, err);
    }
    buf_puts(&text, "]}\n");
    ok = ok && (!text.failed || err_no_memory(err)) &&
         fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_wipe(&text);
    return ok;
}
