/* Sentences, errors, questions and the JSON document. */
#include "common/ui/ui.h"

#include "common/fs.h"
#include "common/ui/console.h"
#include "common/ui/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define ARG_BYTES      512
#define ANSWER_BYTES   64
#define DOCUMENT_BYTES ((size_t)64 << 20)

static uv_mutex_t terminal_mutex;
static uv_once_t terminal_once = UV_ONCE_INIT;

static void terminal_mutex_init(void)
{
    uv_mutex_init_recursive(&terminal_mutex);
}

void ui_lock(void)
{
    uv_once(&terminal_once, terminal_mutex_init);
    uv_mutex_lock(&terminal_mutex);
}

void ui_unlock(void)
{
    uv_mutex_unlock(&terminal_mutex);
}

void ui_init(struct ui *ui, const struct ui_options *options)
{
    char value[16];
    bool plain = options->no_colour || (fs_env("NO_COLOR", value, sizeof value) && *value);

    *ui = (struct ui){.out = stdout,
                      .errors = stderr,
                      .json = options->json,
                      .yes = options->yes,
                      .verbose = options->verbose,
                      .lang = options->lang};
    ui->out_colour = !plain && !ui->json && console_has_escapes(stdout);
    ui->error_colour = !plain && console_has_escapes(stderr);
    ui->bars = console_has_escapes(stderr);
    ui->interactive = console_is_terminal(stdin) && console_is_terminal(stderr);
    ui->width = console_is_terminal(stdout) ? console_width(stdout) : 0;
}

static const char *const tone_codes[TONES] = {
    [TONE_PLAIN] = "",
    [TONE_GOOD] = "\033[32m",
    [TONE_WARN] = "\033[33m",
    [TONE_BAD] = "\033[31m",
    [TONE_DIM] = "\033[2m",
    [TONE_TITLE] = "\033[1m",
};

const char *ui_tone_begin(enum ui_tone tone, bool colour)
{
    return colour ? tone_codes[tone] : "";
}

const char *ui_tone_end(enum ui_tone tone, bool colour)
{
    return colour && *tone_codes[tone] ? "\033[0m" : "";
}

/* Writes a whole line, the bar taken off and put back around it. */
static void put_line(struct ui *ui,
                     FILE *stream,
                     bool colour,
                     enum ui_tone tone,
                     const char *prefix,
                     const char *text)
{
    ui_lock();
    progress_erase(ui);
    fprintf(
        stream, "%s%s%s%s\n", prefix, ui_tone_begin(tone, colour), text, ui_tone_end(tone, colour));
    fflush(stream);
    progress_draw(ui);
    ui_unlock();
}

/* Fills id with the arguments of a variadic call, each made safe. */
static void fill(char *out, size_t size, enum text_lang lang, enum text_id id, va_list list)
{
    char safe[TEXT_ARGS][ARG_BYTES];
    const char *args[TEXT_ARGS];
    size_t count = 0;

    while (count < TEXT_ARGS) {
        const char *arg = va_arg(list, const char *);

        if (!arg)
            break;
        args[count] = text_safe(safe[count], sizeof safe[count], arg);
        count++;
    }
    text_format(out, size, lang, id, args, count);
}

void ui_say(struct ui *ui, enum ui_tone tone, enum text_id id, ...)
{
    char text[UI_TEXT_BYTES];
    va_list list;

    if (ui->json)
        return;
    va_start(list, id);
    fill(text, sizeof text, ui->lang, id, list);
    va_end(list);
    put_line(ui, ui->out, ui->out_colour, tone, "", text);
}

void ui_note(struct ui *ui, enum ui_tone tone, enum text_id id, ...)
{
    char text[UI_TEXT_BYTES];
    va_list list;

    va_start(list, id);
    fill(text, sizeof text, ui->lang, id, list);
    va_end(list);
    put_line(ui, ui->errors, ui->error_colour, tone, "", text);
}

void ui_text(struct ui *ui, enum ui_tone tone, const char *text)
{
    size_t size = strlen(text) + 1;
    char *safe;

    if (ui->json)
        return;
    safe = malloc(size);
    if (!safe)
        return;
    put_line(ui, ui->out, ui->out_colour, tone, "", text_safe(safe, size, text));
    free(safe);
}

void ui_error(struct ui *ui, const char *subject, const struct err *err)
{
    char message[UI_TEXT_BYTES], hint[UI_TEXT_BYTES], prefix[ARG_BYTES + 8] = "gpupv: ";

    if (ui->json || !err_is_set(err))
        return;
    if (subject) {
        text_safe(prefix, ARG_BYTES, subject);
        strcat(prefix, ": ");
    }
    err_message(err, ui->lang, message, sizeof message);
    err_hint_text(err, ui->lang, hint, sizeof hint);
    ui_lock();
    put_line(ui, ui->errors, ui->error_colour, TONE_BAD, prefix, message);
    if (*hint)
        put_line(ui, ui->errors, ui->error_colour, TONE_PLAIN, "  ", hint);
    ui_unlock();
}

cJSON *ui_error_json(const struct ui *ui, const struct err *err)
{
    char text[UI_TEXT_BYTES];
    cJSON *json = cJSON_CreateObject(), *args = cJSON_CreateArray();
    bool ok = json && args;

    ok = ok && cJSON_AddStringToObject(json, "id", text_row(err->message)->name) &&
         cJSON_AddStringToObject(json, "kind", err_kind_name(err->kind)) &&
         cJSON_AddStringToObject(json, "message", err_message(err, ui->lang, text, sizeof text)) &&
         cJSON_AddStringToObject(json, "hint", err_hint_text(err, ui->lang, text, sizeof text));
    for (size_t i = 0; ok && i < err->arg_count; i++)
        ok = cJSON_AddItemToArray(args, cJSON_CreateString(err->args[i]));
    if (!ok || !cJSON_AddItemToObject(json, "args", args)) {
        cJSON_Delete(args);
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

cJSON *ui_document_new(const char *name)
{
    cJSON *json = cJSON_CreateObject();
    char schema[64];

    snprintf(schema, sizeof schema, "gpupv.%s", name);
    if (!cJSON_AddStringToObject(json, "schema", schema) ||
        !cJSON_AddNumberToObject(json, "version", 1)) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

bool ui_document(struct ui *ui, cJSON *document, struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, DOCUMENT_BYTES);
    ok = document && json_write(document, &text) && buf_puts(&text, "\n");
    if (!ok)
        err_no_memory(err);
    if (ok) {
        ui_lock();
        ok = fwrite(text.data, 1, text.len, ui->out) == text.len && fflush(ui->out) == 0;
        ui_unlock();
        if (!ok)
            err_set(err, ERR_IO, TEXT_FILE_WRITE, "stdout", NULL);
    }
    buf_done(&text);
    cJSON_Delete(document);
    return ok;
}

bool ui_confirm(struct ui *ui, enum text_id question, ...)
{
    char text[UI_TEXT_BYTES], answer[ANSWER_BYTES];
    va_list list;

    if (ui->yes)
        return true;
    if (!ui->interactive)
        return false;
    va_start(list, question);
    fill(text, sizeof text, ui->lang, question, list);
    va_end(list);
    ui_lock();
    progress_erase(ui);
    fprintf(ui->errors, "%s %s ", text, text_raw(TEXT_HOST_YES_NO, ui->lang));
    fflush(ui->errors);
    ui_unlock();
    if (!fgets(answer, sizeof answer, stdin))
        return false;
    answer[strcspn(answer, "\r\n")] = 0;
    return !strcmp(answer, "y") || !strcmp(answer, "Y") || !strcmp(answer, "yes") ||
           !strcmp(answer, "\xe6\x98\xaf");
}

const char *ui_size_text(char *out, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double amount = (double)bytes;
    size_t unit = 0;

    while (amount >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        amount /= 1024;
        unit++;
    }
    snprintf(out, size, unit && amount < 10 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
    return out;
}

const char *ui_span_text(char *out, size_t size, enum text_lang lang, int64_t span_ms)
{
    static const struct {
        int64_t from_s, unit_s;
        enum text_id id;
    } spans[] = {
        {2 * 86400, 86400, TEXT_HOST_DAYS},
        {2 * 3600, 3600, TEXT_HOST_HOURS},
        {120, 60, TEXT_HOST_MINUTES},
        {0, 1, TEXT_HOST_SECONDS},
    };
    int64_t span_s = span_ms > 0 ? span_ms / 1000 : 0;
    const char *args[1];
    char number[24];
    size_t i = 0;

    while (span_s < spans[i].from_s)
        i++;
    args[0] = text_num(number, span_s / spans[i].unit_s);
    return text_format(out, size, lang, spans[i].id, args, 1);
}
