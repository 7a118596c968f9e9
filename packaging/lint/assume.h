/*
 * What an analyzer cannot see from one file: the functions that set an error always answer false.
 * With it a result that a failed call left untouched is not taken for one that is used. Forced into
 * every file but err.c; never compiled into anything.
 */
#include "common/err.h"

#define err_set(...)       ((err_set)(__VA_ARGS__), false)
#define err_set_os(...)    ((err_set_os)(__VA_ARGS__), false)
#define err_no_memory(err) ((err_no_memory)(err), false)
#define err_hint(...)      ((err_hint)(__VA_ARGS__), false)
#define err_context(...)   ((err_context)(__VA_ARGS__), false)
