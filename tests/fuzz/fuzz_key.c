/* Key files, and identities in a handshake. A file that is accepted holds keys in order, knows its
 * current one, and is the same after it was saved; a rotation on it always leaves both sides one
 * generation in common. */
#include "tests/fuzz/fuzz.h"

#include "common/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "fuzz_key.json"

static void put_file(const uint8_t *data, size_t size)
{
    FILE *file = fopen(FILE_NAME, "wb");

    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static void check_key(const struct key_file *key)
{
    char identity[KEY_IDENTITY_BYTES];
    size_t i;

    if (key->count < 1 || key->count > KEY_ENTRIES || !key_find(key, key->current))
        abort();
    for (i = 0; i < key->count; i++) {
        int64_t generation = key->entries[i].generation;

        if (i && generation >= key->entries[i - 1].generation)
            abort();
        key_identity(key, generation, identity);
        if (key_identity_generation(identity) != generation ||
            key_by_identity(key, identity) != &key->entries[i])
            abort();
    }
}

static void rotate(const struct key_file *key)
{
    struct key_file host = *key;
    struct key_file guest = *key;
    const struct key_entry *next;

    if (!key_rotate_begin(&host, NULL))
        return;
    next = key_next(&host);
    if (!next || !key_find(&host, host.current))
        abort();
    if (key_accept(&guest, guest.current, guest.current, next->generation, next->secret, NULL) &&
        !key_find(&guest, guest.current))
        abort();
    check_key(&host);
    check_key(&guest);
    key_wipe(&host);
    key_wipe(&guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key_file key;
    struct err err = ERR_INIT;
    char identity[128];

    put_file(data, size);
    memset(&key, 0, sizeof key);
    if (key_load(FILE_NAME, &key_seal_plain, &key, &err)) {
        check_key(&key);
        rotate(&key);
        snprintf(
            identity, sizeof identity, "%.*s", (int)(size < 127 ? size : 127), (const char *)data);
        key_by_identity(&key, identity);
    } else if (!err_is_set(&err)) {
        abort();
    }
    snprintf(identity, sizeof identity, "%.*s", (int)(size < 127 ? size : 127), (const char *)data);
    if (key_identity_generation(identity) < 0)
        abort();
    key_wipe(&key);
    return 0;
}
