/* A script of a stranger: whatever comes out is a spec that may be written down. */
#include "tests/fuzz/fuzz.h"

#include "host/import.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script *script = calloc(1, sizeof *script);
    struct import *import = calloc(1, sizeof *import);
    struct err err = ERR_INIT;

    if (script && import && script_read(data, size, script, &err)) {
        import_script(script, import);
        if (!spec_check(&import->spec, &err) || import->unused_count > script->count)
            abort();
    }
    free(script);
    free(import);
    return 0;
}
