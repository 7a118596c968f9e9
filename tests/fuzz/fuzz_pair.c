/* Pairing: what a person types, the identity in a stranger's handshake, and the file that waits. A
 * code that is taken reads back as itself; a file gives no more attempts than it has. */
#include "tests/fuzz/fuzz.h"

#include "common/fs.h"
#include "guest/pairing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER   "fuzz_pair"
#define IDENTITY "pair:4f3c2a10-0000-4000-8000-00000000beef"
#define NOW_MS   INT64_C(1000000000000)

static void check_text(const char *text)
{
    char code[PAIR_CODE_BYTES], again[PAIR_CODE_BYTES], vm[KEY_VM_BYTES];
    char identity[KEY_IDENTITY_BYTES];

    if (pair_code_parse(text, code, NULL) &&
        (!pair_code_parse(code, again, NULL) || strcmp(code, again) != 0))
        abort();
    if (!pair_identity_vm(text, vm))
        return;
    if (!key_vm_is_valid(vm) || strcmp(pair_identity(vm, identity), text) != 0 ||
        key_identity_generation(text) != 0)
        abort();
}

static void check_file(const uint8_t *data, size_t size)
{
    uint8_t secret[KEY_SECRET_BYTES];
    struct clock_manual now;
    int taken = 0;

    clock_manual_init(&now, 0, NOW_MS);
    if (!fs_make_dirs(FOLDER, FS_PRIVATE, NULL) ||
        !fs_write_atomic(FOLDER "/" PAIRING_FILE, data, size, FS_PRIVATE, NULL))
        abort();
    while (pairing_secret(FOLDER, IDENTITY, "", &now.base, secret, NULL))
        taken++;
    if (taken > PAIRING_ATTEMPTS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[128];

    snprintf(text, sizeof text, "%.*s", (int)(size < 127 ? size : 127), (const char *)data);
    check_text(text);
    check_file(data, size);
    return 0;
}
