/* Builds and drivers that are known to give trouble. */
#include "host/known_bad.h"

#include "common/json.h"
#include "host/embedded.h"
#include "host/many.h"

#include <stdlib.h>
#include <string.h>

#define FILE_NAME    "known-bad.json"
#define FILE_VERSION 1

static const char *const what_names[] = {"host", "guest", "driver"};

int known_bad_compare(const char *a, const char *b)
{
    while (*a || *b) {
        char *end_a, *end_b;
        unsigned long long x = strtoull(a, &end_a, 10), y = strtoull(b, &end_b, 10);

        if (x != y)
            return x < y ? -1 : 1;
        /* whatever is no number ends the version */
        a = *end_a == '.' ? end_a + 1 : end_a + strlen(end_a);
        b = *end_b == '.' ? end_b + 1 : end_b + strlen(end_b);
    }
    return 0;
}

/* True when the name matches one of the patterns, which are separated by '|'. */
static bool is_gpu(const char *patterns, const char *name)
{
    char pattern[sizeof((struct known_bad *)0)->gpu];

    while (*patterns) {
        size_t length = strcspn(patterns, "|");

        text_copy(pattern, length + 1, patterns);
        if (many_match(pattern, name))
            return true;
        patterns += length + (patterns[length] == '|');
    }
    return false;
}

const struct known_bad *known_bad_find(const struct known_bad_list *list,
                                       enum known_bad_what what,
                                       const char *gpu,
                                       const char *version)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct known_bad *row = &list->rows[i];

        if (row->what == what && (!gpu || is_gpu(row->gpu, gpu)) &&
            (!*row->from || (*version && known_bad_compare(version, row->from) >= 0)) &&
            (!*row->to || (*version && known_bad_compare(version, row->to) <= 0)))
            return row;
    }
    return NULL;
}

/* ---- the file ---- */

static bool read_texts(const cJSON *json,
                       const char *key,
                       char texts[TEXT_LANGS][KNOWN_BAD_TEXT_BYTES],
                       struct err *err)
{
    static const char *const known[] = {"en", "zh", NULL};
    const cJSON *part = NULL;

    if (!json_object(json, key, &part, err))
        return false;
    if (!part)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, key, NULL);
    if (json_only_known(part, known, err) &&
        json_string_into(part, "en", NULL, texts[TEXT_EN], KNOWN_BAD_TEXT_BYTES, err) &&
        json_string_into(part, "zh", NULL, texts[TEXT_ZH], KNOWN_BAD_TEXT_BYTES, err))
        return true;
    return json_in(key, err);
}

static bool check_version(const char *key, const char *version, struct err *err)
{
    if (strspn(version, "0123456789.") == strlen(version))
        return true;
    return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, key, "1.2.3.4", NULL);
}

static bool read_row(const cJSON *json, struct known_bad *row, struct err *err)
{
    static const char *const known[] = {
        "what", "gpu", "from", "to", "symptom", "workaround", "source", NULL};
    int what = -1;

    if (!cJSON_IsObject(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, "", "object", NULL);
    if (!json_only_known(json, known, err) ||
        !json_choice(json, "what", what_names, KNOWN_BAD_WHATS, &what, err) ||
        !json_string_into(json, "gpu", "", row->gpu, sizeof row->gpu, err) ||
        !json_string_into(json, "from", "", row->from, sizeof row->from, err) ||
        !json_string_into(json, "to", "", row->to, sizeof row->to, err) ||
        !json_string_into(json, "source", NULL, row->source, sizeof row->source, err) ||
        !read_texts(json, "symptom", row->symptom, err) ||
        !read_texts(json, "workaround", row->workaround, err) ||
        !check_version("from", row->from, err) || !check_version("to", row->to, err))
        return false;
    if (what < 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "what", NULL);
    row->what = (enum known_bad_what)what;
    if (row->what == KNOWN_BAD_DRIVER && !*row->gpu)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "gpu", NULL);
    return true;
}

static bool read_list(const cJSON *json, struct known_bad_list *list, struct err *err)
{
    static const char *const known[] = {"schema", "version", "date", "entries", "$schema", NULL};
    int64_t version = FILE_VERSION;
    const cJSON *rows = NULL, *item;

    memset(list, 0, sizeof *list);
    if (!json_only_known(json, known, err) ||
        !json_int(json, "version", FILE_VERSION, FILE_VERSION, &version, err) ||
        !json_string_into(json, "date", NULL, list->date, sizeof list->date, err) ||
        !json_array(json, "entries", &rows, err))
        return false;
    cJSON_ArrayForEach(item, rows)
    {
        if (list->count == KNOWN_BAD_MOST)
            return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(KNOWN_BAD_MOST), NULL);
        if (!read_row(item, &list->rows[list->count], err))
            return json_in_item("entries", list->count, err);
        list->count++;
    }
    return true;
}

static bool load_user(const char *state, struct known_bad_list *list, struct err *err)
{
    struct known_bad_list *other = NULL;
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    if (!fs_join(path, state, FILE_NAME, err))
        return false;
    if (!json_read_file(path, &json_limits_file, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    other = malloc(sizeof *other);
    ok = (other || err_no_memory(err)) &&
         (read_list(json, other, err) || err_context(err, TEXT_FILE_READING, path));
    /* an old file must not hide what a newer program knows */
    if (ok && strcmp(other->date, list->date) >= 0)
        *list = *other;
    free(other);
    cJSON_Delete(json);
    return ok;
}

bool known_bad_load(const char *state, struct known_bad_list *ret_list, struct err *err)
{
    cJSON *json = NULL;
    bool ok;

    ok = json_parse((const char *)embedded_known_bad,
                    embedded_known_bad_bytes,
                    &json_limits_file,
                    &json,
                    err) &&
         read_list(json, ret_list, err) && load_user(state, ret_list, err);
    cJSON_Delete(json);
    return ok;
}
