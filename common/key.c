/* What a key file holds and how generations come and go; the file itself is in key_file.c. */
#include "common/key.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <mbedtls/platform_util.h>

bool key_vm_is_valid(const char *text)
{
    for (size_t i = 0; i < KEY_VM_BYTES - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]) || !text[i])
            return false;
    }
    return text[KEY_VM_BYTES - 1] == '\0';
}

static bool make_secret(uint8_t *secret, struct err *err)
{
    int code = uv_random(NULL, NULL, secret, KEY_SECRET_BYTES, 0, NULL);

    return code == 0 || err_set_os(err, ERR_DOMAIN_UV, code, TEXT_KEY_RANDOM, NULL);
}

bool key_new(const char *vm, struct key_file *ret_key, struct err *err)
{
    struct key_file key = {.current = 1, .count = 1, .entries[0].generation = 1};

    if (!key_vm_is_valid(vm))
        return err_set(err, ERR_BAD_INPUT, TEXT_KEY_VM, vm, NULL);
    text_copy(key.vm, sizeof key.vm, vm);
    if (!make_secret(key.entries[0].secret, err))
        return false;
    *ret_key = key;
    key_wipe(&key);
    return true;
}

void key_wipe(struct key_file *key)
{
    mbedtls_platform_zeroize(key, sizeof *key);
}

const struct key_entry *key_find(const struct key_file *key, int64_t generation)
{
    for (size_t i = 0; i < key->count; i++)
        if (key->entries[i].generation == generation)
            return &key->entries[i];
    return NULL;
}

const struct key_entry *key_next(const struct key_file *key)
{
    return key->count && key->entries[0].generation > key->current ? &key->entries[0] : NULL;
}

/* Puts an entry in front; the oldest goes when there is no room. */
static void push_newest(struct key_file *key, const struct key_entry *entry)
{
    if (key->count == KEY_ENTRIES)
        key->count--;
    memmove(&key->entries[1], &key->entries[0], key->count * sizeof key->entries[0]);
    key->entries[0] = *entry;
    key->count++;
}

bool key_rotate_begin(struct key_file *key, struct err *err)
{
    struct key_entry entry = {.generation = key->current + 1};

    if (key_next(key))
        return true;
    if (!make_secret(entry.secret, err))
        return false;
    push_newest(key, &entry);
    mbedtls_platform_zeroize(&entry, sizeof entry);
    return true;
}

bool key_accept(struct key_file *key,
                int64_t session_generation,
                int64_t from,
                int64_t generation,
                const uint8_t secret[KEY_SECRET_BYTES],
                struct err *err)
{
    struct key_entry entry = {.generation = generation};

    if (from != session_generation || !key_find(key, from) || generation <= from ||
        generation <= key->current)
        return err_set(
            err, ERR_CONFLICT, TEXT_KEY_ROTATE_LOST, TEXT_NUM(from), TEXT_NUM(generation), NULL);
    memcpy(entry.secret, secret, sizeof entry.secret);
    while (key->count && key->entries[0].generation > key->current) {
        /* only one unproved generation is kept: what the host sent last */
        key->count--;
        memmove(&key->entries[0], &key->entries[1], key->count * sizeof key->entries[0]);
    }
    push_newest(key, &entry);
    mbedtls_platform_zeroize(&entry, sizeof entry);
    return true;
}

bool key_adopt(struct key_file *key,
               const char *vm,
               int64_t generation,
               const uint8_t secret[KEY_SECRET_BYTES],
               struct err *err)
{
    struct key_file fresh = {
        .current = generation, .count = 1, .entries[0].generation = generation};

    if (!key_vm_is_valid(vm) || generation < 1)
        return err_set(err, ERR_BAD_INPUT, TEXT_KEY_VM, vm, NULL);
    text_copy(fresh.vm, sizeof fresh.vm, vm);
    memcpy(fresh.entries[0].secret, secret, KEY_SECRET_BYTES);
    *key = fresh;
    key_wipe(&fresh);
    return true;
}

bool key_confirm(struct key_file *key, int64_t generation, bool keep_older)
{
    size_t kept = 0;
    bool changed;

    if (!key_find(key, generation) || generation < key->current)
        return false;
    changed = generation > key->current;
    key->current = generation;
    while (kept < key->count && key->entries[kept].generation >= generation)
        kept++;
    if (keep_older && kept + KEY_KEPT - 1 < key->count)
        kept += KEY_KEPT - 1;
    else if (keep_older)
        kept = key->count;
    changed |= kept < key->count;
    mbedtls_platform_zeroize(&key->entries[kept], (KEY_ENTRIES - kept) * sizeof key->entries[0]);
    key->count = kept;
    return changed;
}

const char *key_identity(const struct key_file *key, int64_t generation, char *out)
{
    snprintf(out, KEY_IDENTITY_BYTES, "%s:%" PRId64, key->vm, generation);
    return out;
}

int64_t key_identity_generation(const char *identity)
{
    const char *digits = strchr(identity, ':');
    size_t count = digits ? strspn(digits + 1, "0123456789") : 0;

    if (count == 0 || count > 15 || digits[1 + count] != '\0')
        return 0;
    return strtoll(digits + 1, NULL, 10);
}

const struct key_entry *key_by_identity(const struct key_file *key, const char *identity)
{
    const struct key_entry *found = NULL;
    char own[KEY_IDENTITY_BYTES];

    for (size_t i = 0; i < key->count; i++)
        if (strcmp(key_identity(key, key->entries[i].generation, own), identity) == 0)
            found = &key->entries[i];
    return found;
}
