/* Reading and appending the lines of a steps file. */
#include "common/steps_file.h"

#include "common/fs.h"

#include <string.h>

static const struct json_limits line_limits = {
    .bytes = STEPS_RECORD_BYTES + 1024,
    .depth = 8,
    .elements = 1000,
};

static const char *const event_names[STEPS_EVENTS] = {
    [STEPS_BEGUN] = "begun",
    [STEPS_DONE] = "done",
    [STEPS_UNDONE] = "undone",
};

static bool damaged(const struct steps_file *file, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_STEPS_DAMAGED, file->path, NULL);
}

struct steps_entry *steps_file_find(struct steps_file *file, const char *step)
{
    size_t i;

    for (i = 0; i < file->count; i++) {
        if (strcmp(file->entries[i].name, step) == 0)
            return file->entries[i].state == STEPS_UNDONE ? NULL : &file->entries[i];
    }
    return NULL;
}

/* The entry of a step whatever its state, a new one at the end when it has none; NULL: no room. */
static struct steps_entry *entry_of(struct steps_file *file, const char *step)
{
    size_t i;

    for (i = 0; i < file->count; i++) {
        if (strcmp(file->entries[i].name, step) == 0)
            return &file->entries[i];
    }
    if (file->count == STEPS_MAX)
        return NULL;
    text_copy(file->entries[file->count].name, STEPS_NAME_BYTES, step);
    file->entries[file->count].record = NULL;
    return &file->entries[file->count++];
}

/* Takes record. */
static bool note_event(struct steps_file *file,
                       const char *step,
                       enum steps_event event,
                       cJSON *record,
                       struct err *err)
{
    struct steps_entry *entry = entry_of(file, step);

    if (!entry) {
        cJSON_Delete(record);
        return damaged(file, err);
    }
    cJSON_Delete(entry->record);
    entry->record = record;
    entry->state = event;
    return true;
}

/* {"step","event","record"} */
static bool read_event(struct steps_file *file, const cJSON *line, struct err *err)
{
    char name[STEPS_NAME_BYTES];
    const cJSON *record;
    cJSON *copy;
    int event = STEPS_EVENTS;

    if (!json_string_into(line, "step", NULL, name, sizeof name, NULL) ||
        !json_choice(line, "event", event_names, STEPS_EVENTS, &event, NULL) ||
        event == STEPS_EVENTS || !json_object(line, "record", &record, NULL))
        return damaged(file, err);
    copy = record ? cJSON_Duplicate(record, true) : cJSON_CreateObject();
    if (!copy)
        return err_no_memory(err);
    return note_event(file, name, (enum steps_event)event, copy, err);
}

/* The first line is {"plan","version"}, {"undo"} says that undoing began, others are events. */
static bool read_line(struct steps_file *file, const cJSON *line, struct err *err)
{
    int64_t version = 0;

    if (!file->plan[0]) {
        if (!json_string_into(line, "plan", NULL, file->plan, sizeof file->plan, NULL) ||
            !json_int(line, "version", 1, INT32_MAX, &version, NULL) || !file->plan[0] || !version)
            return damaged(file, err);
        return version == 1 || err_set(err, ERR_UNSUPPORTED, TEXT_STEPS_NEWER, file->path, NULL);
    }
    if (cJSON_GetObjectItemCaseSensitive(line, "undo")) {
        file->undoing = true;
        return true;
    }
    return read_event(file, line, err);
}

static bool read_lines(struct steps_file *file, const char *text, struct err *err)
{
    const char *end;

    for (; *text; text = end + 1) {
        cJSON *line;
        bool ok;

        end = strchr(text, '\n');
        if (!end) {
            file->torn = true;
            return true;
        }
        if (!json_parse(text, (size_t)(end - text), &line_limits, &line, NULL))
            return damaged(file, err);
        ok = read_line(file, line, err);
        cJSON_Delete(line);
        if (!ok)
            return false;
    }
    return true;
}

/* Ends the text before a tail of zeros: what a power cut makes of a line that was not flushed. */
static bool cut_zeros(struct steps_file *file, struct buf *text, struct err *err)
{
    size_t length = strlen(buf_str(text));
    size_t i;

    for (i = length; i < text->len; i++) {
        if (text->data[i] != 0)
            return damaged(file, err);
    }
    file->torn = length < text->len;
    text->len = length;
    return true;
}

bool steps_file_load(struct steps_file *file, const char *path, struct err *err)
{
    struct err failure = ERR_INIT;
    struct buf text;
    bool ok;

    memset(file, 0, sizeof *file);
    file->path = path;
    buf_init(&text, STEPS_FILE_BYTES);
    ok = fs_read(path, STEPS_FILE_BYTES, &text, &failure);
    if (ok)
        ok = cut_zeros(file, &text, err) && read_lines(file, buf_str(&text), err);
    else if (failure.kind == ERR_NOT_FOUND)
        ok = true;
    else if (err)
        *err = failure;
    buf_done(&text);
    return ok;
}

void steps_file_done(struct steps_file *file)
{
    size_t i;

    for (i = 0; i < file->count; i++)
        cJSON_Delete(file->entries[i].record);
    file->count = 0;
}

/* One line for json, which is freed; NULL: out of memory. */
static bool put_line(struct buf *out, cJSON *json, struct err *err)
{
    bool ok = json && json_write(json, out) && buf_put(out, "\n", 1);

    cJSON_Delete(json);
    return ok || err_no_memory(err);
}

static cJSON *event_line(const char *step, enum steps_event event, const cJSON *record)
{
    cJSON *line = cJSON_CreateObject();
    cJSON *copy = record ? cJSON_Duplicate(record, true) : cJSON_CreateObject();

    if (line && copy && cJSON_AddStringToObject(line, "step", step) &&
        cJSON_AddStringToObject(line, "event", event_names[event]) &&
        cJSON_AddItemToObject(line, "record", copy))
        return line;
    cJSON_Delete(line);
    cJSON_Delete(copy);
    return NULL;
}

static cJSON *plan_line(const char *plan)
{
    cJSON *line = cJSON_CreateObject();

    if (line && cJSON_AddStringToObject(line, "plan", plan) &&
        cJSON_AddNumberToObject(line, "version", 1))
        return line;
    cJSON_Delete(line);
    return NULL;
}

static cJSON *undo_line(void)
{
    cJSON *line = cJSON_CreateObject();

    if (line && cJSON_AddBoolToObject(line, "undo", true))
        return line;
    cJSON_Delete(line);
    return NULL;
}

/* Writes the whole file anew from what is known, to get rid of half a line. */
static bool rewrite(struct steps_file *file, struct err *err)
{
    struct buf out;
    bool ok;
    size_t i;

    buf_init(&out, STEPS_FILE_BYTES);
    ok = put_line(&out, plan_line(file->plan), err);
    for (i = 0; ok && i < file->count; i++) {
        const struct steps_entry *entry = &file->entries[i];

        ok = put_line(&out, event_line(entry->name, entry->state, entry->record), err);
    }
    if (ok && file->undoing)
        ok = put_line(&out, undo_line(), err);
    ok = ok && fs_write_atomic(file->path, out.data, out.len, FS_PRIVATE, err);
    file->torn = !ok;
    buf_done(&out);
    return ok;
}

/* Appends a line made by put_line; a line that failed half-way is cleared away by the next one. */
static bool append(struct steps_file *file, cJSON *line, struct err *err)
{
    struct buf out;
    bool ok;

    if (file->torn && !rewrite(file, err)) {
        cJSON_Delete(line);
        return false;
    }
    buf_init(&out, line_limits.bytes);
    ok = put_line(&out, line, err);
    if (ok && !fs_append(file->path, out.data, out.len, FS_PRIVATE, err)) {
        file->torn = true;
        ok = false;
    }
    buf_done(&out);
    return ok;
}

bool steps_file_start(struct steps_file *file, const char *plan, struct err *err)
{
    steps_file_done(file);
    text_copy(file->plan, sizeof file->plan, plan);
    file->undoing = false;
    return rewrite(file, err);
}

bool steps_file_undo(struct steps_file *file, struct err *err)
{
    if (file->undoing)
        return true;
    if (!append(file, undo_line(), err))
        return false;
    file->undoing = true;
    return true;
}

/* Names that would be a secret's; the value of a reference to one ends in _from. */
static bool speaks_of_secrets(const cJSON *record)
{
    static const char *const words[] = {"password", "secret", "passphrase", "token", "private_key"};
    const cJSON *item;
    size_t i;

    for (item = record ? record->child : NULL; item; item = item->next) {
        size_t length = item->string ? strlen(item->string) : 0;
        bool reference = length > 5 && strcmp(item->string + length - 5, "_from") == 0;

        for (i = 0; length && !reference && i < sizeof words / sizeof words[0]; i++) {
            if (strstr(item->string, words[i]))
                return true;
        }
        if (speaks_of_secrets(item))
            return true;
    }
    return false;
}

bool steps_file_event(struct steps_file *file,
                      const char *step,
                      enum steps_event event,
                      const cJSON *record,
                      struct err *err)
{
    cJSON *copy;

    if (speaks_of_secrets(record))
        return err_set(err, ERR_UNSAFE, TEXT_STEPS_SECRET, step, NULL);
    copy = record ? cJSON_Duplicate(record, true) : cJSON_CreateObject();
    if (!copy)
        return err_no_memory(err);
    if (!append(file, event_line(step, event, copy), err)) {
        cJSON_Delete(copy);
        return false;
    }
    return note_event(file, step, event, copy, err);
}

bool steps_file_finish(struct steps_file *file, struct err *err)
{
    return fs_remove(file->path, err);
}
