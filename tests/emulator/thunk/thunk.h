/* A DLL that stands in for one of Wine's own: exports that an emulator does not replace jump
 * through thunk_table into the original. make_thunk.py writes the table, thunk.c fills it. The
 * original is a copy of Wine's file elsewhere in the prefix, loaded by its full path: Wine
 * recognises the copy as its own and joins it with its Unix half, which a renamed copy would not
 * get. Call thunk_load from DllMain before anything else; no other function here may be used
 * earlier. Nothing is ever unloaded. */
#ifndef GPUPV_TESTS_THUNK_H
#define GPUPV_TESTS_THUNK_H

#include <stdbool.h>
#include <stddef.h>

typedef void (*thunk_function)(void);

struct thunk_export {
    const char *name; /* NULL: known by its ordinal only */
    int ordinal;
};

/* Generated for each DLL. */
extern thunk_function thunk_table[];
extern const struct thunk_export thunk_exports[];
extern const size_t thunk_export_count;
extern const char thunk_load_path[];

/* Loads the original and fills the table. false: the original is not where it should be. */
bool thunk_load(void);

/* The original's function of that name, NULL when it has none. Valid for the life of the process.
 */
thunk_function thunk_original(const char *name);

#endif
