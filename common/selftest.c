/* Running a table of probes and showing what they said. */
#include "common/selftest.h"

#include "common/fs.h"
#include "common/ui/table.h"
#include "common/version.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum text_id title;
    enum ui_tone tone;
} outcomes[SELFTEST_OUTCOMES] = {
    [SELFTEST_UNKNOWN] = {"unknown", TEXT_SELFTEST_UNKNOWN, TONE_DIM},
    [SELFTEST_CONFIRMED] = {"confirmed", TEXT_SELFTEST_CONFIRMED, TONE_GOOD},
    [SELFTEST_REFUTED] = {"refuted", TEXT_SELFTEST_REFUTED, TONE_BAD},
};

/* ---- answers ---- */

static void answer_set(struct selftest_answer *answer,
                       enum selftest_outcome outcome,
                       enum text_id id,
                       va_list list)
{
    const char *args[ERR_ARGS + 1] = {NULL};

    for (size_t i = 0; i < ERR_ARGS; i++) {
        args[i] = va_arg(list, const char *);
        if (!args[i])
            break;
    }
    answer->outcome = outcome;
    err_clear(&answer->evidence);
    err_set(&answer->evidence, ERR_FAILED, id, args[0], args[1], args[2], args[3], NULL);
}

void selftest_confirm(struct selftest_answer *answer, enum text_id evidence, ...)
{
    va_list list;

    va_start(list, evidence);
    answer_set(answer, SELFTEST_CONFIRMED, evidence, list);
    va_end(list);
}

void selftest_refute(struct selftest_answer *answer, enum text_id evidence, ...)
{
    va_list list;

    va_start(list, evidence);
    answer_set(answer, SELFTEST_REFUTED, evidence, list);
    va_end(list);
}

void selftest_unknown(struct selftest_answer *answer, enum text_id evidence, ...)
{
    va_list list;

    va_start(list, evidence);
    answer_set(answer, SELFTEST_UNKNOWN, evidence, list);
    va_end(list);
}

void selftest_failed(struct selftest_answer *answer, const struct err *why)
{
    bool open = why->kind == ERR_UNSUPPORTED || why->kind == ERR_NOT_FOUND ||
                why->kind == ERR_DENIED || why->kind == ERR_BUSY || why->kind == ERR_NO_MEMORY;

    answer->outcome = open ? SELFTEST_UNKNOWN : SELFTEST_REFUTED;
    answer->evidence = *why;
}

const char *selftest_outcome_name(enum selftest_outcome outcome)
{
    return (unsigned)outcome < SELFTEST_OUTCOMES ? outcomes[outcome].name : "unknown";
}

/* ---- showing ---- */

static void count_outcomes(const struct selftest *test,
                           const struct selftest_answer *answers,
                           unsigned counts[SELFTEST_OUTCOMES])
{
    memset(counts, 0, sizeof *counts * SELFTEST_OUTCOMES);
    for (size_t i = 0; i < test->count; i++)
        counts[answers[i].outcome]++;
}

static void show(const struct selftest *test, const struct selftest_answer *answers, struct ui *ui)
{
    static const struct table_column columns[4] = {
        {.title = TEXT_SELFTEST_COLUMN_PROBE},
        {.title = TEXT_SELFTEST_COLUMN_OUTCOME},
        {.title = TEXT_SELFTEST_COLUMN_QUESTION, .least = 24},
        {.title = TEXT_SELFTEST_COLUMN_EVIDENCE, .wrap = true, .least = 24}};
    struct table *table = table_new(columns, 4);
    unsigned counts[SELFTEST_OUTCOMES];
    char text[UI_TEXT_BYTES];

    for (size_t i = 0; i < test->count; i++) {
        table_cell(table, TONE_PLAIN, test->rows[i].id);
        table_text(
            table, ui, outcomes[answers[i].outcome].tone, outcomes[answers[i].outcome].title);
        table_text(table, ui, TONE_PLAIN, test->rows[i].title);
        table_cell(table, TONE_DIM, err_message(&answers[i].evidence, ui->lang, text, sizeof text));
    }
    table_print(table, ui);
    table_free(table);
    count_outcomes(test, answers, counts);
    ui_say(ui,
           counts[SELFTEST_REFUTED] ? TONE_WARN : TONE_GOOD,
           TEXT_SELFTEST_SUM,
           TEXT_NUM(counts[SELFTEST_CONFIRMED]),
           TEXT_NUM(counts[SELFTEST_REFUTED]),
           TEXT_NUM(counts[SELFTEST_UNKNOWN]),
           NULL);
}

/* ---- the document ---- */

static cJSON *probe_to_json(const struct selftest_probe *probe,
                            const struct selftest_answer *answer,
                            enum text_lang lang)
{
    cJSON *row = cJSON_CreateObject();
    char text[UI_TEXT_BYTES];

    if (row && cJSON_AddStringToObject(row, "id", probe->id) &&
        cJSON_AddStringToObject(row, "question", text_raw(probe->title, lang)) &&
        cJSON_AddStringToObject(row, "source", probe->source) &&
        cJSON_AddStringToObject(row, "outcome", selftest_outcome_name(answer->outcome)) &&
        cJSON_AddStringToObject(
            row, "evidence", err_message(&answer->evidence, lang, text, sizeof text)) &&
        cJSON_AddStringToObject(row, "evidence_id", text_row(answer->evidence.message)->name))
        return row;
    cJSON_Delete(row);
    return NULL;
}

static bool fill(cJSON *document,
                 const struct selftest *test,
                 const struct selftest_answer *answers,
                 enum text_lang lang)
{
    unsigned counts[SELFTEST_OUTCOMES];
    cJSON *probes = NULL;
    bool ok = document && cJSON_AddStringToObject(document, "build", version_text()) &&
              cJSON_AddStringToObject(document, "system", test->system ? test->system : "") &&
              (probes = cJSON_AddArrayToObject(document, "probes")) != NULL;

    for (size_t i = 0; ok && i < test->count; i++)
        ok = cJSON_AddItemToArray(probes, probe_to_json(&test->rows[i], &answers[i], lang));
    count_outcomes(test, answers, counts);
    for (int i = 0; ok && i < SELFTEST_OUTCOMES; i++)
        ok = cJSON_AddNumberToObject(document, outcomes[i].name, counts[i]) != NULL;
    return ok;
}

static cJSON *
to_document(const struct selftest *test, const struct selftest_answer *answers, enum text_lang lang)
{
    cJSON *document = ui_document_new(test->schema);

    if (fill(document, test, answers, lang))
        return document;
    cJSON_Delete(document);
    return NULL;
}

/* A report is for whoever gets it: in English, one probe after the other. */
static bool write_report(const struct selftest *test,
                         const struct selftest_answer *answers,
                         const char *path,
                         struct err *err)
{
    cJSON *document = to_document(test, answers, TEXT_EN);
    char *text = document ? cJSON_Print(document) : NULL;
    bool ok = text ? fs_write_atomic(path, text, strlen(text), FS_SHARED, err) : err_no_memory(err);

    cJSON_free(text);
    cJSON_Delete(document);
    return ok;
}

bool selftest_run(const struct selftest *test,
                  void *user,
                  struct ui *ui,
                  const char *report_path,
                  unsigned *ret_refuted,
                  struct err *err)
{
    struct selftest_answer *answers = calloc(test->count + 1, sizeof *answers);
    unsigned counts[SELFTEST_OUTCOMES];
    cJSON *document;
    bool ok = true;

    if (!answers)
        return err_no_memory(err);
    for (size_t i = 0; i < test->count; i++) {
        selftest_unknown(&answers[i], TEXT_SELFTEST_NO_ANSWER, NULL);
        test->rows[i].run(user, &answers[i]);
    }
    if (report_path)
        ok = write_report(test, answers, report_path, err);
    if (ok && ui->json) {
        document = to_document(test, answers, ui->lang);
        ok = document ? ui_document(ui, document, err) : err_no_memory(err);
    } else if (ok) {
        show(test, answers, ui);
        if (report_path)
            ui_say(ui, TONE_PLAIN, TEXT_SELFTEST_REPORT, report_path, NULL);
    }
    count_outcomes(test, answers, counts);
    if (ok)
        *ret_refuted = counts[SELFTEST_REFUTED];
    free(answers);
    return ok;
}
