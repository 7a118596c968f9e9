/* Structs as JSON by tables. */
#include "guest/machine/sim/shape.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Room for one struct of any shape, aligned for all its fields. */
union item {
    unsigned char bytes[SHAPE_ITEM_BYTES];
    int64_t align;
};

/* Where in the file we are. */
struct place {
    char path[160];
    struct err *err;
};

static bool read_item(struct place *place,
                      const struct shape *shape,
                      const cJSON *json,
                      const char *const *known,
                      unsigned char *item);

static void item_init(const struct shape *shape, void *item)
{
    memset(item, 0, shape->size);
    if (shape->init)
        shape->init(item);
}

/* The getters name the field; this puts the path in front of it. */
static bool fail_here(const struct place *place)
{
    char name[ERR_ARG_BYTES];

    if (place->err && place->err->arg_count && place->path[0]) {
        text_copy(name, sizeof(name), place->err->args[0]);
        snprintf(place->err->args[0],
                 sizeof(place->err->args[0]),
                 "%s%s%.80s",
                 place->path,
                 name[0] == '[' ? "" : ".",
                 name);
    }
    return false;
}

/* Goes down to key, and to its element index when that is not negative; ret_length undoes it. */
static void place_down(struct place *place, const char *key, int index, size_t *ret_length)
{
    size_t used = strlen(place->path), room = sizeof(place->path) - used;

    *ret_length = used;
    if (index < 0)
        snprintf(place->path + used, room, "%s%s", used ? "." : "", key);
    else
        snprintf(place->path + used, room, "%s%s[%d]", used ? "." : "", key, index);
}

static bool
read_int(const struct shape_field *field, const cJSON *json, unsigned char *at, struct place *place)
{
    int64_t min = field->min, max = field->max, value;
    int32_t narrow;
    uint32_t positive;

    memcpy(&value, at, sizeof(value) * (field->kind == SHAPE_INT64));
    if (field->kind != SHAPE_INT64) {
        memcpy(&narrow, at, sizeof(narrow));
        memcpy(&positive, at, sizeof(positive));
        value = field->kind == SHAPE_INT32 ? narrow : (int64_t)positive;
    }
    if (!min && !max) {
        min = field->kind == SHAPE_INT32 ? INT32_MIN : 0;
        max = field->kind == SHAPE_INT32    ? INT32_MAX
              : field->kind == SHAPE_UINT32 ? (int64_t)UINT32_MAX
                                            : (int64_t)1 << 53;
    }
    if (!json_int(json, field->key, min, max, &value, place->err))
        return fail_here(place);
    narrow = (int32_t)value;
    positive = (uint32_t)value;
    if (field->kind == SHAPE_INT64)
        memcpy(at, &value, sizeof(value));
    else if (field->kind == SHAPE_INT32)
        memcpy(at, &narrow, sizeof(narrow));
    else
        memcpy(at, &positive, sizeof(positive));
    return true;
}

static bool read_choice(const struct shape_field *field,
                        const cJSON *json,
                        unsigned char *at,
                        struct place *place)
{
    int index;

    memcpy(&index, at, sizeof(index));
    if (!json_choice(json, field->key, field->names, field->name_count, &index, place->err))
        return fail_here(place);
    memcpy(at, &index, sizeof(index));
    return true;
}

static bool
read_text(const struct shape_field *field, const cJSON *json, char *at, struct place *place)
{
    char fallback[SHAPE_ITEM_BYTES];

    text_copy(fallback, sizeof(fallback), at);
    return json_string_into(
               json, field->key, field->required ? NULL : fallback, at, field->size, place->err) ||
           fail_here(place);
}

static bool read_object(const struct shape_field *field,
                        const cJSON *json,
                        unsigned char *at,
                        struct place *place)
{
    const cJSON *object;
    size_t up;
    bool ok;

    if (!json_object(json, field->key, &object, place->err))
        return fail_here(place);
    if (!object)
        return true;
    place_down(place, field->key, -1, &up);
    ok = read_item(place, field->shape, object, NULL, at);
    place->path[up] = 0;
    return ok;
}

static bool read_element(const struct shape_field *field,
                         const cJSON *element,
                         int index,
                         unsigned char *at,
                         struct place *place)
{
    size_t up;
    bool ok = true;

    place_down(place, field->key, index, &up);
    if (field->kind == SHAPE_LIST) {
        if (!cJSON_IsObject(element))
            ok = err_set(place->err, ERR_BAD_INPUT, TEXT_JSON_TYPE, place->path, "object", NULL);
        else
            item_init(field->shape, at);
        ok = ok && read_item(place, field->shape, element, NULL, at);
    } else if (!cJSON_IsString(element)) {
        ok = err_set(place->err, ERR_BAD_INPUT, TEXT_JSON_TYPE, place->path, "string", NULL);
    } else if (strlen(element->valuestring) >= field->size) {
        ok = err_set(place->err,
                     ERR_TOO_LARGE,
                     TEXT_JSON_TOO_LONG,
                     place->path,
                     TEXT_NUM(field->size - 1),
                     NULL);
    } else {
        text_copy((char *)at, field->size, element->valuestring);
    }
    place->path[up] = 0;
    return ok;
}

static bool read_list(const struct shape_field *field,
                      const cJSON *json,
                      unsigned char *item,
                      struct place *place)
{
    size_t stride = field->kind == SHAPE_LIST ? field->shape->size : field->size;
    const cJSON *array, *element;
    uint32_t count = 0;

    if (!json_array(json, field->key, &array, place->err))
        return fail_here(place);
    if (!array)
        return true;
    cJSON_ArrayForEach(element, array)
    {
        if (count == (uint32_t)field->max) {
            err_set(place->err,
                    ERR_TOO_LARGE,
                    TEXT_SIM_LIST_FULL,
                    field->key,
                    TEXT_NUM(field->max),
                    NULL);
            return fail_here(place);
        }
        if (!read_element(field, element, (int)count, item + field->offset + stride * count, place))
            return false;
        count++;
    }
    memcpy(item + field->count_offset, &count, sizeof(count));
    return true;
}

static bool read_field(const struct shape_field *field,
                       const cJSON *json,
                       unsigned char *item,
                       struct place *place)
{
    unsigned char *at = item + field->offset;

    switch (field->kind) {
    case SHAPE_TEXT:
        return read_text(field, json, (char *)at, place);
    case SHAPE_BOOL:
        return json_bool(json, field->key, (bool *)(void *)at, place->err) || fail_here(place);
    case SHAPE_CHOICE:
        return read_choice(field, json, at, place);
    case SHAPE_OBJECT:
        return read_object(field, json, at, place);
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        return read_list(field, json, item, place);
    default:
        return read_int(field, json, at, place);
    }
}

static bool read_item(struct place *place,
                      const struct shape *shape,
                      const cJSON *json,
                      const char *const *known,
                      unsigned char *item)
{
    const char *keys[SHAPE_FIELDS];
    size_t count = 0;

    for (size_t i = 0; i < shape->count; i++)
        keys[count++] = shape->fields[i].key;
    for (size_t i = 0; known && known[i]; i++)
        keys[count++] = known[i];
    keys[count] = NULL;
    if (!json_only_known(json, keys, place->err))
        return fail_here(place);
    for (size_t i = 0; i < shape->count; i++)
        if (!read_field(&shape->fields[i], json, item, place))
            return false;
    return true;
}

bool shape_read(const struct shape *shape,
                const cJSON *json,
                const char *const *known,
                void *item,
                struct err *err)
{
    struct place place = {.path = "", .err = err};

    if (!cJSON_IsObject(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "(top)", "object", NULL);
    return read_item(&place, shape, json, known, item);
}

static bool write_number(const struct shape_field *field, const unsigned char *at, cJSON *json)
{
    int32_t narrow;
    uint32_t positive;
    int64_t value;

    memcpy(&narrow, at, sizeof(narrow));
    memcpy(&positive, at, sizeof(positive));
    value = field->kind == SHAPE_INT32 ? narrow : (int64_t)positive;
    if (field->kind == SHAPE_INT64)
        memcpy(&value, at, sizeof(value));
    return json_add_int(json, field->key, value);
}

static bool write_list(const struct shape_field *field, const unsigned char *item, cJSON *json)
{
    size_t stride = field->kind == SHAPE_LIST ? field->shape->size : field->size;
    cJSON *array = cJSON_AddArrayToObject(json, field->key);
    union item base;
    uint32_t count;

    memcpy(&count, item + field->count_offset, sizeof(count));
    for (uint32_t i = 0; array && i < count; i++) {
        const unsigned char *at = item + field->offset + stride * i;
        cJSON *element =
            field->kind == SHAPE_LIST ? cJSON_CreateObject() : cJSON_CreateString((const char *)at);

        if (!element || !cJSON_AddItemToArray(array, element)) {
            cJSON_Delete(element);
            return false;
        }
        if (field->kind == SHAPE_TEXTS)
            continue;
        item_init(field->shape, base.bytes);
        if (!shape_write(field->shape, at, base.bytes, element))
            return false;
    }
    return array != NULL;
}

/* Whether the field is as init left it, and need not be written. */
static bool field_is_plain(const struct shape_field *field,
                           const unsigned char *item,
                           const unsigned char *base)
{
    uint32_t count;

    if (field->required || field->kind == SHAPE_OBJECT)
        return false;
    if (field->kind == SHAPE_LIST || field->kind == SHAPE_TEXTS) {
        memcpy(&count, item + field->count_offset, sizeof(count));
        return count == 0;
    }
    if (field->kind == SHAPE_TEXT)
        return strcmp((const char *)item + field->offset, (const char *)base + field->offset) == 0;
    return memcmp(item + field->offset, base + field->offset, field->size) == 0;
}

/* An object with nothing to say is left out. */
static bool
write_object(const struct shape_field *field, const void *item, const void *base, cJSON *json)
{
    cJSON *object = cJSON_CreateObject();
    bool ok = object && shape_write(field->shape, item, base, object);

    if (ok && object->child && cJSON_AddItemToObject(json, field->key, object))
        return true;
    cJSON_Delete(object);
    return ok;
}

static bool write_field(const struct shape_field *field,
                        const unsigned char *item,
                        const unsigned char *base,
                        cJSON *json)
{
    const unsigned char *at = item + field->offset;
    int index;

    switch (field->kind) {
    case SHAPE_TEXT:
        return cJSON_AddStringToObject(json, field->key, (const char *)at) != NULL;
    case SHAPE_BOOL:
        return cJSON_AddBoolToObject(json, field->key, *at != 0) != NULL;
    case SHAPE_CHOICE:
        memcpy(&index, at, sizeof(index));
        return cJSON_AddStringToObject(json, field->key, field->names[index]) != NULL;
    case SHAPE_OBJECT:
        return write_object(field, at, base + field->offset, json);
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        return write_list(field, item, json);
    default:
        return write_number(field, at, json);
    }
}

bool shape_write(const struct shape *shape, const void *item, const void *base, cJSON *json)
{
    for (size_t i = 0; i < shape->count; i++)
        if (!field_is_plain(&shape->fields[i], item, base) &&
            !write_field(&shape->fields[i], item, base, json))
            return false;
    return true;
}
