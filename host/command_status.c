/* status: what VMs are and what their agents found. */
#include "common/clock.h"
#include "host/report.h"
#include "common/ui/table.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL_S_MOST 3600

static const struct option options[] = {
    {"watch", 'w', OPTION_FLAG, NULL, TEXT_HELP_OPTION_WATCH, 0, 0},
    {"interval", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_INTERVAL, 1, INTERVAL_S_MOST},
    {"count", 0, OPTION_NUMBER, "N", TEXT_HELP_OPTION_COUNT, 1, 1000000},
    {0},
};

/* One look at the VMs. */
struct view {
    struct target *targets;
    struct report *reports;
    size_t count;
    enum exit_code code;
};

static void view_done(struct view *view)
{
    free(view->targets);
    free(view->reports);
    *view = (struct view){NULL};
}

static bool
view_make(struct call *call, struct client_pool *pool, struct view *ret_view, struct err *err)
{
    struct view view = {NULL};

    if (!targets_of(call, false, true, &view.targets, &view.count, err))
        return false;
    view.reports = calloc(view.count + 1, sizeof *view.reports);
    if (!view.reports)
        err_no_memory(err);
    if (!view.reports || !reports_make(call, pool, view.targets, view.count, view.reports, err)) {
        view_done(&view);
        return false;
    }
    for (size_t i = 0; i < view.count; i++)
        view.code = exit_code_worse(view.code, view.reports[i].code);
    *ret_view = view;
    return true;
}

/* ---- several VMs: a table ---- */

static void show_table(struct ui *ui, const struct view *view)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_VM, .least = 8},
        {.title = TEXT_HOST_COLUMN_POWER},
        {.title = TEXT_HOST_COLUMN_HEALTH},
        {.title = TEXT_HOST_COLUMN_GPU, .least = 10},
        {.title = TEXT_HOST_COLUMN_DETAIL, .least = 24, .wrap = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char detail[UI_TEXT_BYTES];

    for (size_t i = 0; i < view->count; i++) {
        const struct report *report = &view->reports[i];
        const struct target *target = report->target;

        table_cell(table, TONE_PLAIN, target->name);
        table_text(table,
                   ui,
                   TONE_PLAIN,
                   target->exists ? vm_state_text(target->vm.state) : TEXT_HOST_REPORT_GONE);
        table_text(table, ui, report_tone(report), report_title(report));
        table_cell(table, TONE_PLAIN, target->vm.gpu_attached ? target->record.gpu_name : "-");
        table_cell(table, TONE_PLAIN, report_detail(report, ui->lang, detail, sizeof detail));
    }
    table_print(table, ui);
    table_free(table);
}

/* ---- one VM: everything ---- */

/* One line of the facts; text is dropped when it is empty. */
static void fact(struct table *table,
                 const struct ui *ui,
                 enum ui_tone tone,
                 enum text_id label,
                 const char *text)
{
    char indented[96];

    if (!*text)
        return;
    snprintf(indented, sizeof indented, "  %s", text_raw(label, ui->lang));
    table_cell(table, TONE_DIM, indented);
    table_cell(table, tone, text);
}

/* The same with a sentence that has one or two arguments. */
static void fact_of(struct table *table,
                    const struct ui *ui,
                    enum ui_tone tone,
                    enum text_id label,
                    enum text_id sentence,
                    const char *a,
                    const char *b)
{
    const char *args[] = {a, b};
    char text[UI_TEXT_BYTES];

    fact(table, ui, tone, label, text_format(text, sizeof text, ui->lang, sentence, args, 2));
}

/* Host and guest side by side, when they may differ. */
static void add_driver(struct table *table, const struct ui *ui, const struct report *report)
{
    const char *guest = report->has_health ? report->health.driver_guest : "";

    if (!*report->driver_host || !report->target->vm.gpu_attached)
        return;
    fact_of(table,
            ui,
            strcmp(guest, report->driver_host) ? TONE_WARN : TONE_PLAIN,
            TEXT_DRIVER_FACT,
            TEXT_DRIVER_FACT_BOTH,
            report->driver_host,
            *guest ? guest : "-");
}

static void add_power(struct table *table, const struct ui *ui, const struct report *report)
{
    const struct target *target = report->target;
    bool attached = target->vm.gpu_attached;
    char span[48];

    if (target->exists && target->vm.state == VM_RUNNING)
        fact_of(table,
                ui,
                TONE_PLAIN,
                TEXT_HOST_FACT_POWER,
                TEXT_HOST_FACT_UP,
                text_raw(vm_state_text(target->vm.state), ui->lang),
                ui_span_text(span, sizeof span, ui->lang, target->vm.uptime_ms));
    if (*target->record.gpu_name)
        fact_of(table,
                ui,
                attached ? TONE_PLAIN : TONE_WARN,
                TEXT_HOST_FACT_GPU,
                !attached                                            ? TEXT_HOST_FACT_GPU_AWAY
                : report->has_health && *report->health.driver_guest ? TEXT_HOST_FACT_GPU_DRIVER
                                                                     : TEXT_HOST_FACT_GPU_NAME,
                target->record.gpu_name,
                report->health.driver_guest);
    add_driver(table, ui, report);
}

static void show_facts(struct ui *ui, const struct report *report)
{
    static const struct table_column columns[] = {
        {.title = TEXT_NONE},
        {.title = TEXT_NONE, .least = 24, .wrap = true},
    };
    struct table *table = table_new(columns, 2);
    char text[UI_TEXT_BYTES];

    ui_say(ui,
           report_tone(report),
           TEXT_HOST_NAMED_RESULT,
           report->target->name,
           text_raw(report_title(report), ui->lang),
           NULL);
    add_power(table, ui, report);
    if (report->state == REPORT_HEALTH) {
        fact(table,
             ui,
             TONE_PLAIN,
             TEXT_HOST_FACT_STREAM,
             report_stream(&report->health, ui->lang, text, sizeof text));
        if (report->health.observe_only)
            fact_of(table,
                    ui,
                    TONE_WARN,
                    TEXT_HOST_FACT_AGENT,
                    TEXT_HOST_FACT_OBSERVES,
                    report->target->name,
                    "");
    }
    err_message(&report->why, ui->lang, text, sizeof text);
    fact(table, ui, TONE_BAD, TEXT_HOST_FACT_WHY, text);
    err_hint_text(&report->why, ui->lang, text, sizeof text);
    fact(table, ui, TONE_PLAIN, TEXT_HOST_FACT_REMEDY, text);
    if (report->state != REPORT_HEALTH && report->hint.present) {
        char span[48];

        fact_of(table,
                ui,
                TONE_DIM,
                TEXT_HOST_FACT_HINT,
                TEXT_HOST_FACT_PUBLISHED,
                report->hint.level,
                ui_span_text(span, sizeof span, ui->lang, report->hint.uptime_s * 1000));
    }
    table_print(table, ui);
    table_free(table);
}

static enum ui_tone status_tone(enum check_status status)
{
    static const enum ui_tone tones[STATUS_COUNT] = {
        [STATUS_UNKNOWN] = TONE_DIM,
        [STATUS_OK] = TONE_GOOD,
        [STATUS_OFF] = TONE_DIM,
        [STATUS_WARNING] = TONE_WARN,
        [STATUS_BAD] = TONE_BAD,
        [STATUS_REPAIRING] = TONE_WARN,
        [STATUS_WAITING] = TONE_WARN,
        [STATUS_GIVEN_UP] = TONE_BAD,
    };

    return tones[status];
}

static void show_checks(struct ui *ui, const struct report *report)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_CHECK, .least = 16},
        {.title = TEXT_HOST_COLUMN_STATUS},
        {.title = TEXT_HOST_COLUMN_DETAIL, .least = 24, .wrap = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char message[UI_TEXT_BYTES];

    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct health_check *check = &report->health.checks[i];
        const char *remedy = text_raw(check->remedy, ui->lang);

        table_text(table, ui, TONE_PLAIN, check_title((enum check_id)i));
        table_text(table, ui, status_tone(check->status), check_status_title(check->status));
        err_message(&check->why, ui->lang, message, sizeof message);
        if (check->remedy != TEXT_NONE && strlen(message) + strlen(remedy) + 4 < sizeof message) {
            strcat(message, *message ? " - " : "");
            strcat(message, remedy);
        }
        table_cell(table, TONE_PLAIN, message);
    }
    ui_text(ui, TONE_PLAIN, "");
    table_print(table, ui);
    table_free(table);
}

static void show_one(struct ui *ui, const struct report *report)
{
    int64_t age_ms = clock_wall_ms(clock_system()) - report->health.wall_ms;
    char span[48];

    show_facts(ui, report);
    if (!report->has_health)
        return;
    if (report->state != REPORT_HEALTH)
        ui_say(ui,
               TONE_DIM,
               TEXT_HOST_STATUS_OLD,
               ui_span_text(span, sizeof span, ui->lang, age_ms),
               NULL);
    show_checks(ui, report);
}

/* ---- both ---- */

static bool show_json(struct call *call, const struct view *view, struct err *err)
{
    cJSON *document = ui_document_new("status");
    cJSON *list = cJSON_AddArrayToObject(document, "vms");

    for (size_t i = 0; list && i < view->count; i++)
        if (!cJSON_AddItemToArray(list, report_to_json(call, &view->reports[i]))) {
            cJSON_Delete(document);
            return err_no_memory(err);
        }
    return ui_document(&call->ui, document, err);
}

static bool show(struct call *call, const struct view *view, struct err *err)
{
    if (call->ui.json)
        return show_json(call, view, err);
    if (view->count == 1 && call->word_count)
        show_one(&call->ui, &view->reports[0]);
    else if (view->count)
        show_table(&call->ui, view);
    else
        ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_NO_VMS, NULL);
    return true;
}

/* What a watcher would see change, as one number. */
static uint64_t fingerprint(const struct view *view)
{
    uint64_t sum = view->count;

    for (size_t i = 0; i < view->count; i++) {
        const struct report *report = &view->reports[i];

        sum = sum * 31 + (uint64_t)report->state;
        sum = sum * 31 + (uint64_t)report->target->vm.state;
        sum = sum * 31 + (uint64_t)report->health.level;
        for (int c = 0; c < CHECK_COUNT; c++)
            sum = sum * 31 + (uint64_t)report->health.checks[c].status;
    }
    return sum;
}

static bool watch(struct call *call, enum exit_code *ret_code, struct err *err)
{
    int64_t left = call_number(call, "count", INT64_MAX);
    int64_t interval_ms = call_number(call, "interval", 1) * 1000;
    struct client_pool *pool = NULL;
    uint64_t seen = 0;
    bool ok = client_pool_new(0, &pool, err), redraws = call->ui.out_colour && !call->ui.json;

    while (ok && left-- > 0) {
        struct view view;

        ok = view_make(call, pool, &view, err);
        if (!ok)
            break;
        if (redraws)
            fputs("\033[H\033[2J", call->ui.out);
        if (redraws || fingerprint(&view) != seen)
            ok = show(call, &view, err);
        seen = fingerprint(&view);
        *ret_code = view.code;
        view_done(&view);
        if (left > 0)
            clock_sleep_ms(clock_system(), interval_ms);
    }
    client_pool_free(pool);
    return ok;
}

static bool status_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct view view;
    bool ok;

    if (call_flag(call, "watch"))
        return watch(call, ret_code, err);
    if (!view_make(call, NULL, &view, err))
        return false;
    *ret_code = view.code;
    ok = show(call, &view, err);
    view_done(&view);
    return ok;
}

const struct command command_status = {
    .name = "status",
    .summary = TEXT_HELP_STATUS,
    .args = "[NAME...]",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_READ_ONLY | COMMAND_NEEDS_HYPERVISOR | COMMAND_MANY_VMS,
    .exec = status_exec,
};
