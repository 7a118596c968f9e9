/* The list of an injection, made and freed. */
#include "host/image/plan_inside.h"

#include "common/secure.h"
#include "host/image/bytes.h"

#include <stdlib.h>
#include <string.h>

bool plan_new(struct plan **ret_plan, struct err *err)
{
    struct plan *plan = calloc(1, sizeof *plan);

    if (!plan)
        return err_no_memory(err);
    *ret_plan = plan;
    return true;
}

static void free_bytes(uint8_t *data, size_t length)
{
    if (data)
        secure_wipe(data, length);
    free(data);
}

static void free_hive(struct plan_hive *hive)
{
    if (!hive)
        return;
    for (size_t i = 0; i < hive->count; i++) {
        free(hive->edits[i].key);
        free(hive->edits[i].name);
        free_bytes(hive->edits[i].data, hive->edits[i].length);
    }
    free(hive->edits);
    free(hive);
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_item *item = &plan->items[i];

        free(item->name);
        free(item->source);
        free_bytes(item->data, item->length);
        free_hive(item->hive);
        hive_free(item->edited);
    }
    free(plan->items);
    free(plan);
}

/* ---- items ---- */

/* Room for one more in an array that grows by doubling; NULL: no memory, or too many. */
static void *grow(void *array, size_t count, size_t size, size_t most)
{
    if (count & (count - 1) || (count && count < 8))
        return array;
    if (count >= most)
        return NULL;
    return realloc(array, (count < 8 ? 8 : 2 * count) * size);
}

/* A copy, NULL of NULL; *ok turns false without memory. */
static char *copy_text(const char *text, bool *ok)
{
    size_t length = text ? strlen(text) + 1 : 0;
    char *copy = text ? malloc(length) : NULL;

    if (copy)
        memcpy(copy, text, length);
    else if (text)
        *ok = false;
    return copy;
}

static uint8_t *copy_bytes(const void *data, size_t length, bool *ok)
{
    uint8_t *copy = length ? malloc(length) : NULL;

    if (copy)
        memcpy(copy, data, length);
    else if (length)
        *ok = false;
    return copy;
}

/* Adds an item; *ret_item stays valid until the next one. */
static bool add(struct plan *plan,
                enum plan_kind kind,
                const char *name,
                struct plan_item **ret_item,
                struct err *err)
{
    struct plan_item *items = grow(plan->items, plan->count, sizeof *items, PLAN_ITEMS);
    struct plan_item *item;
    bool ok = true;

    if (!items)
        return err_no_memory(err);
    plan->items = items;
    item = &items[plan->count];
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->name = copy_text(name, &ok);
    if (!ok)
        return err_no_memory(err);
    plan->count++;
    *ret_item = item;
    return true;
}

bool plan_folder(struct plan *plan, const char *name, enum image_acl acl, struct err *err)
{
    struct plan_item *item;

    if (!add(plan, PLAN_FOLDER, name, &item, err))
        return false;
    item->acl = acl;
    return true;
}

bool plan_file(struct plan *plan,
               const char *name,
               const char *source,
               enum image_acl acl,
               unsigned flags,
               struct err *err)
{
    struct plan_item *item;
    bool ok = true;

    if (!add(plan, PLAN_FILE, name, &item, err))
        return false;
    item->acl = acl;
    item->flags = flags;
    item->source = copy_text(source, &ok);
    return ok || err_no_memory(err);
}

bool plan_data(struct plan *plan,
               const char *name,
               const void *data,
               size_t length,
               enum image_acl acl,
               unsigned flags,
               struct err *err)
{
    struct plan_item *item;
    bool ok = true;

    if (!add(plan, PLAN_DATA, name, &item, err))
        return false;
    item->acl = acl;
    item->flags = flags;
    item->data = copy_bytes(data, length, &ok);
    item->length = ok ? length : 0;
    return ok || err_no_memory(err);
}

bool plan_remove(struct plan *plan, const char *name, struct err *err)
{
    struct plan_item *item;

    return add(plan, PLAN_REMOVAL, name, &item, err);
}

/* ---- the registry ---- */

bool plan_hive(struct plan *plan, const char *name, struct plan_hive **ret_hive, struct err *err)
{
    struct plan_item *item;

    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].kind == PLAN_HIVE && !strcmp(plan->items[i].name, name)) {
            *ret_hive = plan->items[i].hive;
            return true;
        }
    if (!add(plan, PLAN_HIVE, name, &item, err))
        return false;
    item->hive = calloc(1, sizeof *item->hive);
    if (!item->hive) {
        plan->count--;
        free(item->name);
        return err_no_memory(err);
    }
    *ret_hive = item->hive;
    return true;
}

static bool edit(struct plan_hive *hive, const struct plan_edit *what, struct err *err)
{
    struct plan_edit *edits = grow(hive->edits, hive->count, sizeof *edits, PLAN_EDITS);
    struct plan_edit made = {.kind = what->kind, .type = what->type};
    bool ok = true;

    if (!edits)
        return err_no_memory(err);
    hive->edits = edits;
    made.key = copy_text(what->key, &ok);
    made.name = copy_text(what->name, &ok);
    made.data = copy_bytes(what->data, what->length, &ok);
    made.length = made.data ? what->length : 0;
    plan_keep_edit(hive, &made);
    return ok || err_no_memory(err);
}

static bool set(struct plan_hive *hive,
                const char *key,
                const char *name,
                uint32_t type,
                const void *data,
                size_t length,
                struct err *err)
{
    struct plan_edit what = {.kind = PLAN_SET, .type = type, .length = length};

    what.key = (char *)(uintptr_t)key;
    what.name = (char *)(uintptr_t)name;
    what.data = (uint8_t *)(uintptr_t)data;
    return edit(hive, &what, err);
}

bool plan_set_dword(
    struct plan_hive *hive, const char *key, const char *name, uint32_t number, struct err *err)
{
    uint8_t bytes[4];

    bytes_put32(bytes, number);
    return set(hive, key, name, HIVE_DWORD, bytes, sizeof bytes, err);
}

bool plan_set_text(struct plan_hive *hive,
                   const char *key,
                   const char *name,
                   enum hive_type type,
                   const char *text,
                   struct err *err)
{
    uint8_t *bytes = NULL;
    size_t length;
    bool ok;

    if (!hive_text_bytes(type, text, &bytes, &length, err))
        return false;
    ok = set(hive, key, name, type, bytes, length, err);
    free(bytes);
    return ok;
}

bool plan_set_binary(struct plan_hive *hive,
                     const char *key,
                     const char *name,
                     const void *data,
                     size_t length,
                     struct err *err)
{
    return set(hive, key, name, HIVE_BINARY, data, length, err);
}

bool plan_remove_key(struct plan_hive *hive, const char *key, struct err *err)
{
    struct plan_edit what = {.kind = PLAN_REMOVE_KEY};

    what.key = (char *)(uintptr_t)key;
    return edit(hive, &what, err);
}
