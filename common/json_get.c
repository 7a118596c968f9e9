/* Reading fields of parsed JSON, with errors that name the field. */
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 63 /* longer names get no suggestion */

static bool wrong_type(const char *key, const char *type, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, key, type, NULL);
}

static const cJSON *field(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

bool json_string(const cJSON *object,
                 const char *key,
                 const char *fallback,
                 const char **ret_value,
                 struct err *err)
{
    const cJSON *item = field(object, key);

    if (!item && !fallback)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, key, NULL);
    if (item && !cJSON_IsString(item))
        return wrong_type(key, "string", err);
    *ret_value = item ? item->valuestring : fallback;
    return true;
}

bool json_string_into(const cJSON *object,
                      const char *key,
                      const char *fallback,
                      char *out,
                      size_t size,
                      struct err *err)
{
    const char *value;

    if (!json_string(object, key, fallback, &value, err))
        return false;
    if (strlen(value) >= size)
        return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_LONG, key, TEXT_NUM(size - 1), NULL);
    memcpy(out, value, strlen(value) + 1);
    return true;
}

bool json_int(const cJSON *object,
              const char *key,
              int64_t min,
              int64_t max,
              int64_t *ret_value,
              struct err *err)
{
    const cJSON *item = field(object, key);
    double value;

    if (!item)
        return true;
    value = item->valuedouble;
    if (!cJSON_IsNumber(item))
        return wrong_type(key, "integer", err);
    if (!(value >= -(double)JSON_INT_MAX && value <= (double)JSON_INT_MAX) ||
        (int64_t)value < min || (int64_t)value > max)
        return err_set(
            err, ERR_BAD_INPUT, TEXT_JSON_RANGE, key, TEXT_NUM(min), TEXT_NUM(max), NULL);
    if ((double)(int64_t)value != value)
        return wrong_type(key, "integer", err);
    *ret_value = (int64_t)value;
    return true;
}

bool json_bool(const cJSON *object, const char *key, bool *ret_value, struct err *err)
{
    const cJSON *item = field(object, key);

    if (!item)
        return true;
    if (!cJSON_IsBool(item))
        return wrong_type(key, "boolean", err);
    *ret_value = cJSON_IsTrue(item);
    return true;
}

/* Joins names as "a, b, c" into out, cut where it does not fit. */
static void join_names(char *out, size_t size, const char *const *names, size_t count)
{
    size_t used = 0;
    size_t i;

    out[0] = '\0';
    for (i = 0; i < count && used < size; i++) {
        text_copy(out + used, size - used, i ? ", " : "");
        used += strlen(out + used);
        text_copy(out + used, size - used, names[i]);
        used += strlen(out + used);
    }
}

bool json_choice(const cJSON *object,
                 const char *key,
                 const char *const *names,
                 size_t count,
                 int *ret_index,
                 struct err *err)
{
    const cJSON *item = field(object, key);
    char all[ERR_ARG_BYTES];
    size_t i;

    if (!item)
        return true;
    if (!cJSON_IsString(item))
        return wrong_type(key, "string", err);
    for (i = 0; i < count; i++) {
        if (strcmp(names[i], item->valuestring) == 0) {
            *ret_index = (int)i;
            return true;
        }
    }
    join_names(all, sizeof all, names, count);
    return err_set(err, ERR_BAD_INPUT, TEXT_JSON_CHOICE, key, item->valuestring, all, NULL);
}

bool json_object(const cJSON *object, const char *key, const cJSON **ret_value, struct err *err)
{
    const cJSON *item = field(object, key);

    if (item && !cJSON_IsObject(item))
        return wrong_type(key, "object", err);
    *ret_value = item;
    return true;
}

bool json_array(const cJSON *object, const char *key, const cJSON **ret_value, struct err *err)
{
    const cJSON *item = field(object, key);

    if (item && !cJSON_IsArray(item))
        return wrong_type(key, "array", err);
    *ret_value = item;
    return true;
}

static bool prefix(struct err *err, const char *parent)
{
    char joined[ERR_ARG_BYTES];
    size_t used;

    text_copy(joined, sizeof joined, parent);
    used = strlen(joined);
    if (err->args[0][0] && err->args[0][0] != '[') {
        text_copy(joined + used, sizeof joined - used, ".");
        used = strlen(joined);
    }
    text_copy(joined + used, sizeof joined - used, err->args[0]);
    text_copy(err->args[0], sizeof err->args[0], joined);
    return false;
}

bool json_in(const char *parent, struct err *err)
{
    if (!err || err->arg_count == 0)
        return false;
    return prefix(err, parent);
}

bool json_in_item(const char *parent, size_t index, struct err *err)
{
    char item[ERR_ARG_BYTES];

    snprintf(item, sizeof item, "%.200s[%zu]", parent, index);
    return json_in(item, err);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that turn a into b (Levenshtein); both at most NAME_BYTES_MAX bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_BYTES_MAX + 1];
    size_t length = strlen(b);
    size_t i;
    size_t j;

    for (j = 0; j <= length; j++)
        row[j] = j;
    for (i = 1; a[i - 1]; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (j = 1; j <= length; j++) {
            size_t above = row[j];
            size_t swap = corner + (a[i - 1] != b[j - 1]);

            row[j] = smaller(swap, smaller(above, row[j - 1]) + 1);
            corner = above;
        }
    }
    return row[length];
}

static const char *nearest(const char *name, const char *const *known)
{
    const char *best = known[0] ? known[0] : "";
    size_t best_distance = SIZE_MAX;

    if (strlen(name) > NAME_BYTES_MAX)
        return best;
    for (; *known; known++) {
        size_t d = strlen(*known) > NAME_BYTES_MAX ? SIZE_MAX : distance(name, *known);

        if (d < best_distance) {
            best_distance = d;
            best = *known;
        }
    }
    return best;
}

static bool is_known(const char *name, const char *const *known)
{
    for (; *known; known++) {
        if (strcmp(name, *known) == 0)
            return true;
    }
    return false;
}

bool json_only_known(const cJSON *object, const char *const *known, struct err *err)
{
    const cJSON *item;

    for (item = cJSON_IsObject(object) ? object->child : NULL; item; item = item->next) {
        if (!is_known(item->string, known))
            return err_set(err,
                           ERR_BAD_INPUT,
                           TEXT_JSON_UNKNOWN_FIELD,
                           item->string,
                           nearest(item->string, known),
                           NULL);
    }
    return true;
}

bool json_add_int(cJSON *object, const char *key, int64_t value)
{
    if (value > JSON_INT_MAX || value < -JSON_INT_MAX)
        return false;
    return cJSON_AddNumberToObject(object, key, (double)value) != NULL;
}
