/*
 * What an analyzer cannot see from one file: the functions that set an error always answer false,
 * and cJSON's questions answer false for NULL. With it a result that a failed call left untouched
 * is not taken for one that is used. Forced into every file but err.c; never compiled into
 * anything.
 */
#include "common/err.h"

#include <cjson/cJSON.h>

#define err_set(...)       ((err_set)(__VA_ARGS__), false)
#define err_set_os(...)    ((err_set_os)(__VA_ARGS__), false)
#define err_no_memory(err) ((err_no_memory)(err), false)
#define err_hint(...)      ((err_hint)(__VA_ARGS__), false)
#define err_context(...)   ((err_context)(__VA_ARGS__), false)

#define cJSON_IsArray(item)  ((item) && (cJSON_IsArray)(item))
#define cJSON_IsBool(item)   ((item) && (cJSON_IsBool)(item))
#define cJSON_IsNumber(item) ((item) && (cJSON_IsNumber)(item))
#define cJSON_IsObject(item) ((item) && (cJSON_IsObject)(item))
#define cJSON_IsString(item) ((item) && (cJSON_IsString)(item))
#define cJSON_IsTrue(item)   ((item) && (cJSON_IsTrue)(item))
