/* The table of short keys: finding a row and applying it. */
#include "guest/machine/sim/edit.h"

#include "guest/machine/sim/edit_rows.h"
#include "guest/machine/sim/parsecd.h"

#include <string.h>

static const struct edit_row *const groups[] = {
    edit_device_rows,
    edit_parsec_rows,
    edit_system_rows,
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

bool edit_is(const char *value, const char *word)
{
    return strcmp(value, word) == 0;
}

void edit_service(struct sim_env *env, struct world_service *service, const char *value)
{
    bool runs = edit_is(value, "running"), parsec = world_same(service->name, PARSECD_SERVICE);
    bool ran = service->state == SERVICE_STATE_RUNNING;

    service->ready_at_ms = 0;
    service->stopping = false;
    service->start_error = edit_is(value, "broken") ? 1053 : 0;
    service->start = edit_is(value, "disabled") ? SERVICE_START_DISABLED : SERVICE_START_AUTO;
    service->state = runs ? SERVICE_STATE_RUNNING : SERVICE_STATE_STOPPED;
    if (parsec && runs && !ran)
        parsecd_start(env);
    if (parsec && !runs && ran)
        parsecd_stop(env);
}

static const struct edit_row *row_at(size_t i)
{
    for (size_t g = 0; g < GROUPS; g++)
        for (const struct edit_row *row = groups[g]; row->about.key; row++)
            if (i-- == 0)
                return row;
    return NULL;
}

const struct edit_key *edit_key(size_t i)
{
    const struct edit_row *row = row_at(i);

    return row ? &row->about : NULL;
}

static const struct edit_row *find(const char *key)
{
    const struct edit_row *row;

    for (size_t i = 0; (row = row_at(i)) != NULL; i++)
        if (edit_is(row->about.key, key))
            return row;
    return NULL;
}

/* Whether value is one of "a|b|c". */
static bool value_ok(const char *values, const char *value)
{
    size_t length = strlen(value), part;

    if (values[0] == '<')
        return true;
    for (; length && *values; values += part + (values[part] == '|')) {
        part = strcspn(values, "|");
        if (part == length && memcmp(values, value, length) == 0)
            return true;
    }
    return false;
}

bool edit_known(const char *key, const char *value)
{
    const struct edit_row *row = find(key);

    return row && value_ok(row->about.values, value);
}

/* The key that shares the longest beginning with a mistyped one. */
static const char *nearest(const char *key)
{
    const struct edit_row *row = row_at(0);
    const char *name = row->about.key;
    size_t best = 0, length;

    for (size_t i = 0; (row = row_at(i)) != NULL; i++) {
        for (length = 0; key[length] && key[length] == row->about.key[length];)
            length++;
        if (length <= best)
            continue;
        best = length;
        name = row->about.key;
    }
    return name;
}

static bool set_text(const struct edit_row *row, char *at, const char *value, struct err *err)
{
    if (strlen(value) >= row->text_size)
        return err_set(err,
                       ERR_TOO_LARGE,
                       TEXT_JSON_TOO_LONG,
                       row->about.key,
                       TEXT_NUM(row->text_size - 1),
                       NULL);
    text_copy(at, row->text_size, value);
    return true;
}

bool edit_apply(struct sim_env *env, const char *key, const char *value, struct err *err)
{
    const struct edit_row *row = find(key);
    unsigned char *at;

    if (!row) {
        err_set(err, ERR_USAGE, TEXT_SIM_EDIT_KEY, key, nearest(key), NULL);
        return err_hint(err, TEXT_SIM_EDIT_KEY_HINT);
    }
    if (!value_ok(row->about.values, value))
        return err_set(err, ERR_USAGE, TEXT_SIM_EDIT_VALUE, key, value, row->about.values, NULL);
    if (row->apply)
        return row->apply(env, value, err);
    at = (unsigned char *)env->world + row->offset;
    if (row->text_size)
        return set_text(row, (char *)at, value, err);
    *(bool *)(void *)at = edit_is(value, strchr(row->about.values, '|') + 1);
    return true;
}
