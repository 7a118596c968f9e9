/* The file that tells commands where the agent is: what is entered has a secret of full length and
 * an address of our own making. */
#include "tests/fuzz/fuzz.h"

#include "common/fs.h"
#include "guest/local_door.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER "fuzz_local_door"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct local_door door = {.token = ""};
    struct err err = ERR_INIT;

    if (!fs_make_dirs(FOLDER, FS_PRIVATE, NULL) ||
        !fs_write_atomic(FOLDER "/" LOCAL_DOOR_FILE, data, size, FS_PRIVATE, NULL))
        abort();
    if (local_door_find(FOLDER, &door, &err) ? strlen(door.token) != 32 || !door.address.path[0]
                                             : !err_is_set(&err))
        abort();
    return 0;
}
