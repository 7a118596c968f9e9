/* See store.h. */
#include "store.h"

#include "hyperv.h"
#include "job.h"
#include "machine.h"
#include "seed.h"
#include "value.h"

#include "common/buf.h"
#include "common/json.h"

#include <stdlib.h>
#include <string.h>

#define STATE_FILE HYPERV_FOLDER "\\state.json"
#define STATE_NEW  HYPERV_FOLDER "\\state.new"

enum { STATE_MAX_BYTES = 64 << 20, NUMBER_BYTES = 32 };

static cJSON *root, *rows;
static bool dirty;
static int depth;
static BY_HANDLE_FILE_INFORMATION stamp; /* of the file that root was read from or written to */

/* ---- the file ---- */

static bool read_stamp(HANDLE file, BY_HANDLE_FILE_INFORMATION *ret)
{
    memset(ret, 0, sizeof(*ret));
    return GetFileInformationByHandle(file, ret);
}

static bool same_stamp(const BY_HANDLE_FILE_INFORMATION *a, const BY_HANDLE_FILE_INFORMATION *b)
{
    return !memcmp(&a->ftLastWriteTime, &b->ftLastWriteTime, sizeof(a->ftLastWriteTime)) &&
           a->nFileSizeLow == b->nFileSizeLow && a->nFileIndexLow == b->nFileIndexLow &&
           a->nFileIndexHigh == b->nFileIndexHigh;
}

static HANDLE open_state(DWORD access, DWORD how, const char *path)
{
    return CreateFileA(path,
                       access,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL,
                       how,
                       FILE_ATTRIBUTE_NORMAL,
                       NULL);
}

static void use(cJSON *fresh)
{
    cJSON_Delete(root);
    root = fresh;
    rows = cJSON_GetObjectItem(root, "rows");
    if (!cJSON_IsArray(rows))
        emulator_fail("state.json has no rows");
}

static void load(HANDLE file, DWORD size)
{
    char *text = emulator_grow(NULL, (size_t)size + 1);
    DWORD length;
    cJSON *fresh;

    if (!ReadFile(file, text, size, &length, NULL) || length != size)
        emulator_fail("state.json cannot be read");
    text[size] = '\0';
    fresh = cJSON_Parse(text);
    free(text);
    if (!fresh)
        emulator_fail("state.json is no JSON");
    use(fresh);
}

static void write_state(void)
{
    struct buf text;
    HANDLE file;
    DWORD written;

    buf_init(&text, STATE_MAX_BYTES);
    if (!json_write(root, &text))
        emulator_fail("state too large");
    file = open_state(GENERIC_WRITE, CREATE_ALWAYS, STATE_NEW);
    if (file == INVALID_HANDLE_VALUE ||
        !WriteFile(file, text.data, (DWORD)text.len, &written, NULL) || written != text.len)
        emulator_fail("state.json cannot be written: %lu", GetLastError());
    CloseHandle(file);
    if (!MoveFileExA(STATE_NEW, STATE_FILE, MOVEFILE_REPLACE_EXISTING))
        emulator_fail("state.json cannot be replaced: %lu", GetLastError());
    file = open_state(GENERIC_READ, OPEN_EXISTING, STATE_FILE);
    read_stamp(file, &stamp);
    CloseHandle(file);
    buf_done(&text);
}

static void refresh(void)
{
    HANDLE file = open_state(GENERIC_READ, OPEN_EXISTING, STATE_FILE);
    BY_HANDLE_FILE_INFORMATION now;

    if (file == INVALID_HANDLE_VALUE) {
        cJSON *fresh = cJSON_CreateObject();

        CreateDirectoryA("C:\\emulator", NULL);
        CreateDirectoryA(HYPERV_FOLDER, NULL);
        cJSON_AddArrayToObject(fresh, "rows");
        use(fresh);
        seed_make();
        dirty = true;
        return;
    }
    if (!read_stamp(file, &now))
        emulator_fail("state.json: %lu", GetLastError());
    if (!root || !same_stamp(&now, &stamp)) {
        load(file, now.nFileSizeLow);
        stamp = now;
    }
    CloseHandle(file);
}

void store_open(void)
{
    emulator_lock();
    if (depth++)
        return;
    emulator_refresh();
    refresh();
    job_tick();
    machine_tick();
}

void store_close(void)
{
    if (depth == 1 && dirty) {
        write_state();
        dirty = false;
    }
    depth--;
    emulator_unlock();
}

cJSON *store_copy(void)
{
    return cJSON_Duplicate(root, true);
}

void store_undo(cJSON *copy)
{
    use(copy);
    dirty = true;
}

void store_keep(cJSON *copy)
{
    cJSON_Delete(copy);
}

void store_changed(void)
{
    dirty = true;
}

cJSON *store_root(void)
{
    return root;
}

/* ---- rows ---- */

cJSON *store_first(void)
{
    return rows->child;
}

cJSON *store_next(const char *class, const cJSON *after)
{
    cJSON *row = after ? after->next : rows->child;

    while (row && !row_is(row, class))
        row = row->next;
    return row;
}

cJSON *store_find(const char *class, const char *property, const char *value)
{
    cJSON *row = NULL;

    while ((row = store_next(class, row)))
        if (!_stricmp(row_text(row, property), value))
            return row;
    return NULL;
}

cJSON *store_at(const struct path *path)
{
    for (cJSON *row = path->keys ? rows->child : NULL; row; row = row->next) {
        const struct schema_class *class = row_class(row);

        if (class && path_matches(path, class, row_properties(row)))
            return row;
    }
    return NULL;
}

cJSON *store_at_text(const char *text)
{
    struct path path;
    cJSON *row = NULL;

    if (SUCCEEDED(path_parse(NAMESPACE_HYPERV, text, &path)))
        row = store_at(&path);
    path_done(&path);
    return row;
}

cJSON *store_add(const char *class)
{
    cJSON *row = cJSON_CreateObject();

    cJSON_AddStringToObject(row, "class", class);
    cJSON_AddObjectToObject(row, "p");
    cJSON_AddItemToArray(rows, row);
    dirty = true;
    return row;
}

void store_remove(cJSON *row)
{
    cJSON_Delete(cJSON_DetachItemViaPointer(rows, row));
    dirty = true;
}

static const char *class_name(const cJSON *row)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(row, "class"));

    return name ? name : "";
}

/* NULL for a class that this build does not have. Its number is kept where an object of cJSON has
 * no use for a number, and nothing of it is written. */
const struct schema_class *row_class(const cJSON *row)
{
    static const char *const spaces[] = {NAMESPACE_HYPERV, NAMESPACE_HGS, NAMESPACE_CIMV2};
    const struct schema_class *class = schema_numbered((size_t)row->valueint);

    if (class)
        return class;
    for (size_t i = 0; i < ARRAY_SIZE(spaces) && !class; i++)
        class = schema_class(spaces[i], class_name(row));
    if (class)
        ((cJSON *)(uintptr_t)row)->valueint = (int)schema_number(class);
    return class;
}

bool row_is(const cJSON *row, const char *class)
{
    const struct schema_class *own = row_class(row);

    return own && schema_is_a(own, class);
}

cJSON *row_properties(const cJSON *row)
{
    return cJSON_GetObjectItem(row, "p");
}

char *row_path(const cJSON *row)
{
    char *path = path_full(row_class(row), row_properties(row));

    if (!path)
        emulator_fail("a row of %s without keys", class_name(row));
    return path;
}

/* ---- properties ---- */

const char *row_text(const cJSON *row, const char *property)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(row_properties(row), property));

    return text ? text : "";
}

int64_t row_number(const cJSON *row, const char *property, int64_t otherwise)
{
    const cJSON *value = cJSON_GetObjectItem(row_properties(row), property);

    if (cJSON_IsNumber(value))
        return (int64_t)value->valuedouble;
    return cJSON_IsString(value) ? (int64_t)strtoull(value->valuestring, NULL, 10) : otherwise;
}

bool row_bool(const cJSON *row, const char *property)
{
    return cJSON_IsTrue(cJSON_GetObjectItem(row_properties(row), property));
}

const char *row_item(const cJSON *row, const char *property, int index)
{
    return cJSON_GetStringValue(
        cJSON_GetArrayItem(cJSON_GetObjectItem(row_properties(row), property), index));
}

void row_set_json(cJSON *row, const char *property, cJSON *value)
{
    const struct schema_property *p = schema_property(row_class(row), property);
    cJSON *properties = row_properties(row);

    dirty = true;
    if (!p) {
        cJSON_Delete(value);
        return;
    }
    cJSON_DeleteItemFromObject(properties, p->name);
    if (value)
        cJSON_AddItemToObject(properties, p->name, value);
}

void row_set(cJSON *row, const char *property, const char *text)
{
    const struct schema_property *p = schema_property(row_class(row), property);
    cJSON *value, *array;

    if (!p || !text) {
        row_set_json(row, property, NULL);
        return;
    }
    value = value_parse(p->type & ~CIM_FLAG_ARRAY, text);
    if (!value)
        emulator_fail("%s.%s cannot be \"%s\"", class_name(row), property, text);
    if (p->type & CIM_FLAG_ARRAY) {
        array = cJSON_CreateArray();
        cJSON_AddItemToArray(array, value);
        value = array;
    }
    row_set_json(row, property, value);
}

void row_set_number(cJSON *row, const char *property, int64_t number)
{
    char *text = emulator_print("%lld", (long long)number);

    row_set(row, property, text);
    free(text);
}

void row_set_all(cJSON *row, const char *pairs)
{
    char *copy = emulator_copy(pairs), *rest = NULL;

    for (char *pair = strtok_s(copy, ";", &rest); pair; pair = strtok_s(NULL, ";", &rest)) {
        char *equals = strchr(pair, '=');

        if (!equals)
            emulator_fail("pairs: %s", pairs);
        *equals = '\0';
        row_set(row, pair, equals + 1);
    }
    free(copy);
}

/* ---- memos ---- */

double memo(const cJSON *row, const char *name, double otherwise)
{
    const cJSON *value = cJSON_GetObjectItem(row, name);

    return cJSON_IsNumber(value) ? value->valuedouble : otherwise;
}

const char *memo_text(const cJSON *row, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(row, name));

    return text ? text : "";
}

void memo_set_json(cJSON *row, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObject(row, name);
    cJSON_AddItemToObject(row, name, value);
    dirty = true;
}

void memo_set(cJSON *row, const char *name, double value)
{
    memo_set_json(row, name, cJSON_CreateNumber(value));
}

void memo_set_text(cJSON *row, const char *name, const char *text)
{
    memo_set_json(row, name, cJSON_CreateString(text));
}
