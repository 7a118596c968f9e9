/* Takes the place of functions that a program imports, without touching its file: the table of
 * imports of the executable is rewritten from the DllMain of an emulator DLL that the executable
 * loads anyhow, and its GetProcAddress answers with the same functions. Other modules of the
 * process keep Wine's own, so an emulator may call the real functions by their plain names.
 *
 * A row may name a function that this Wine lacks: the executable then finds it nevertheless. Rows
 * live as long as the process. hook_process is called with the loader's lock held and loads
 * nothing; hook_find is thread-safe afterwards. */
#ifndef GPUPV_TESTS_HOOK_H
#define GPUPV_TESTS_HOOK_H

#include <stdbool.h>
#include <stddef.h>

typedef void (*hook_function)(void);

struct hook {
    const char *dll; /* "kernel32", without its ending; NULL: any that exports the name */
    const char *name;
    hook_function function;
    bool (*absent)(void); /* NULL or false: it is there; true: GetProcAddress finds nothing */
};

struct hook_table {
    const struct hook *rows;
    size_t count;
};

/* Puts all rows of all tables into the executable. tables ends with a row without hooks. false: the
 * executable's memory could not be changed. */
bool hook_process(const struct hook_table *tables);

/* The function that stands in for name of that DLL ("gdi32.dll"), or NULL. */
hook_function hook_find(const char *dll, const char *name);

#endif
