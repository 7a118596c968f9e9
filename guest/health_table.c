/* Rows for people: what is wrong, why, and what happens next. */
#include "guest/health_table.h"

static enum ui_tone status_tone(enum check_status status)
{
    static const enum ui_tone tones[STATUS_COUNT] = {
        [STATUS_UNKNOWN] = TONE_WARN,
        [STATUS_OK] = TONE_GOOD,
        [STATUS_OFF] = TONE_DIM,
        [STATUS_WARNING] = TONE_WARN,
        [STATUS_BAD] = TONE_BAD,
        [STATUS_REPAIRING] = TONE_WARN,
        [STATUS_WAITING] = TONE_WARN,
        [STATUS_GIVEN_UP] = TONE_BAD,
    };

    return (unsigned)status < STATUS_COUNT ? tones[status] : TONE_WARN;
}

static enum ui_tone level_tone(enum health_level level)
{
    return level == LEVEL_HEALTHY ? TONE_GOOD : level == LEVEL_FAILED ? TONE_BAD : TONE_WARN;
}

static void add_check(struct table *table,
                      const struct ui *ui,
                      enum check_id id,
                      const struct health_check *check)
{
    char why[UI_TEXT_BYTES], text[2 * UI_TEXT_BYTES];

    table_text(table, ui, TONE_PLAIN, check_title(id));
    table_text(table, ui, status_tone(check->status), check_status_title(check->status));
    err_message(&check->why, ui->lang, why, sizeof why);
    snprintf(text,
             sizeof text,
             "%s%s%s",
             err_is_set(&check->why) ? why : "",
             err_is_set(&check->why) && check->remedy != TEXT_NONE ? "; " : "",
             text_raw(check->remedy, ui->lang));
    table_cell(table, TONE_PLAIN, text);
}

void health_table_print(struct ui *ui, const struct health *health, bool all)
{
    static const struct table_column columns[] = {
        {.title = TEXT_AGENT_COLUMN_CHECK, .least = 12},
        {.title = TEXT_AGENT_COLUMN_STATUS},
        {.title = TEXT_AGENT_COLUMN_FINDING, .least = 20, .wrap = true}};
    struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);

    ui_say(ui,
           level_tone(health->level),
           TEXT_AGENT_LEVEL,
           text_raw(health_level_title(health->level), ui->lang),
           NULL);
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct health_check *check = &health->checks[i];

        if (all || (check->status != STATUS_OK && check->status != STATUS_OFF))
            add_check(table, ui, (enum check_id)i, check);
    }
    if (table_rows(table))
        table_print(table, ui);
    table_free(table);
}

void health_table_steps(struct ui *ui, const struct engine_step *steps, size_t count)
{
    static const struct table_column columns[] = {
        {.title = TEXT_AGENT_COLUMN_CHECK, .least = 12},
        {.title = TEXT_AGENT_COLUMN_REPAIR, .least = 20},
        {.title = TEXT_AGENT_COLUMN_RESULT, .least = 12, .wrap = true}};
    struct table *table = table_new(columns, sizeof columns / sizeof columns[0]);
    char note[UI_TEXT_BYTES];

    for (size_t i = 0; i < count; i++) {
        const struct engine_step *step = &steps[i];

        table_text(table, ui, TONE_PLAIN, check_title(step->check));
        table_text(table, ui, TONE_PLAIN, repair_row(step->repair)->title);
        if (err_is_set(&step->note))
            err_message(&step->note, ui->lang, note, sizeof note);
        else
            text_copy(note,
                      sizeof note,
                      step->done ? text_raw(journal_outcome_title(step->outcome), ui->lang) : "");
        table_cell(table, step->waits ? TONE_WARN : TONE_PLAIN, note);
    }
    if (count)
        table_print(table, ui);
    table_free(table);
}
