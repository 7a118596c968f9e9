/* See thunk.h. */
#include "thunk.h"

#include <windows.h>

static HMODULE original;

thunk_function thunk_original(const char *name)
{
    return (thunk_function)GetProcAddress(original, name);
}

bool thunk_load(void)
{
    if (original)
        return true;
    original = LoadLibraryExA(thunk_load_path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!original)
        return false;
    for (size_t i = 0; i < thunk_export_count; i++) {
        const struct thunk_export *row = &thunk_exports[i];
        const char *key = row->name ? row->name : MAKEINTRESOURCEA(row->ordinal);

        thunk_table[i] = (thunk_function)GetProcAddress(original, key);
    }
    return true;
}
