/* check: whether this computer can run VMs with a GPU, and what to do about it. */
#include "host/command.h"
#include "host/host_check.h"
#include "host/image/editions.h"
#include "host/ledger.h"
#include "common/ui/console.h"
#include "common/ui/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES 4 /* mending one thing may show the next */

static const struct option options[] = {
    {"fix", 0, OPTION_FLAG, NULL, TEXT_SETUP_HELP_FIX, 0, 0},
    {"iso", 0, OPTION_TEXT, "FILE", TEXT_SETUP_HELP_CHECK_ISO, 0, 0},
    {0},
};

struct work {
    struct call *call;
    struct computer *computer;
    struct known_bad_list known_bad;
    struct host_view view;
    struct host_finding findings[HOST_CHECKS_MOST];
    bool applies[HOST_CHECKS_MOST];
    char guest_build[COMPUTER_TEXT_BYTES];
    const char *asked[HOST_CHECKS_MOST]; /* settings, in this run */
    size_t asked_count;
    unsigned fixed;
    bool reboot;
};

/* ---- looking ---- */

/* The newest build in the image decides what is known of it. */
static bool read_iso(struct work *work, const char *path, struct err *err)
{
    struct editions *editions = NULL;

    if (!editions_read(path, &editions, err))
        return false;
    for (size_t i = 0; i < editions->count; i++) {
        const struct edition *edition = &editions->rows[i];
        char build[COMPUTER_TEXT_BYTES];

        if (edition->use != EDITION_FITS)
            continue;
        snprintf(build,
                 sizeof build,
                 "%u.%u.%u.%u",
                 edition->major,
                 edition->minor,
                 edition->build,
                 edition->revision);
        if (known_bad_compare(build, work->guest_build) > 0)
            text_copy(work->guest_build, sizeof work->guest_build, build);
    }
    editions_free(editions);
    return true;
}

/* A hypervisor that cannot be asked is a finding, no end. */
static void ask_hypervisor(struct work *work)
{
    struct call *call = work->call;
    struct hypervisor *h = NULL;
    struct err *why = &work->view.no_host_why;

    work->view.has_host = (call->simulated ? hypervisor_open_sim(call->state, NULL, &h, why)
                                           : hypervisor_open_system(&h, why)) &&
                          h->ops->host(h, &work->view.host, why);
    hypervisor_free(h);
}

static bool look(struct work *work, struct err *err)
{
    if (!work->computer->ops->facts(work->computer, &work->view.facts, err))
        return false;
    memset(work->findings, 0, sizeof work->findings);
    for (size_t i = 0; host_checks[i].id; i++) {
        work->findings[i].level = HOST_UNKNOWN;
        work->applies[i] = host_checks[i].run(&work->view, &work->findings[i]);
        if (!err_is_set(&work->findings[i].what))
            err_set(&work->findings[i].what, ERR_FAILED, TEXT_SETUP_CHECK_UNKNOWN, NULL);
    }
    return true;
}

/* ---- mending ---- */

static bool was_asked(struct work *work, const char *setting)
{
    for (size_t i = 0; i < work->asked_count; i++)
        if (!strcmp(work->asked[i], setting))
            return true;
    work->asked[work->asked_count++] = setting;
    return false;
}

static bool fix_one(struct work *work,
                    struct ledger *ledger,
                    const struct host_finding *finding,
                    struct err *err)
{
    const char *name = strchr(finding->fix_setting, '.') + 1;
    bool changed = false;

    if (was_asked(work, finding->fix_setting) ||
        !ui_confirm(&work->call->ui, finding->fix_ask, name, NULL))
        return true;
    if (!ledger_change(ledger,
                       work->computer,
                       finding->fix_setting,
                       finding->fix_value,
                       &changed,
                       &work->reboot,
                       err))
        return false;
    work->fixed += changed;
    return true;
}

static bool fix_all(struct work *work, struct err *err)
{
    struct ledger *ledger = NULL;
    bool ok;

    if (!work->call->simulated && !console_is_admin()) {
        err_set(err, ERR_DENIED, TEXT_HOST_NOT_ADMIN, "check --fix", NULL);
        return err_hint(err, TEXT_HOST_NOT_ADMIN_HINT);
    }
    ok = ledger_open(work->call->state, &ledger, err);
    for (int pass = 0; ok && pass < PASSES; pass++) {
        for (size_t i = 0; ok && host_checks[i].id; i++)
            if (work->applies[i] && work->findings[i].fix_setting)
                ok = fix_one(work, ledger, &work->findings[i], err);
        ok = ok && look(work, err);
    }
    ledger_free(ledger);
    return ok;
}

/* ---- showing ---- */

static enum ui_tone tone_of(enum host_level level)
{
    static const enum ui_tone tones[HOST_LEVELS] = {[HOST_OK] = TONE_GOOD,
                                                    [HOST_NOTE] = TONE_PLAIN,
                                                    [HOST_WARN] = TONE_WARN,
                                                    [HOST_BAD] = TONE_BAD,
                                                    [HOST_UNKNOWN] = TONE_DIM};

    return tones[level];
}

static enum text_id level_text(enum host_level level)
{
    static const enum text_id texts[HOST_LEVELS] = {[HOST_OK] = TEXT_SETUP_LEVEL_OK,
                                                    [HOST_NOTE] = TEXT_SETUP_LEVEL_NOTE,
                                                    [HOST_WARN] = TEXT_SETUP_LEVEL_WARN,
                                                    [HOST_BAD] = TEXT_SETUP_LEVEL_BAD,
                                                    [HOST_UNKNOWN] = TEXT_SETUP_LEVEL_UNKNOWN};

    return texts[level];
}

static void show_table(struct work *work)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_CHECK},
        {.title = TEXT_HOST_COLUMN_STATUS},
        {.title = TEXT_HOST_COLUMN_DETAIL, .least = 30, .wrap = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    struct ui *ui = &work->call->ui;
    char text[UI_TEXT_BYTES];

    for (size_t i = 0; host_checks[i].id; i++) {
        const struct host_finding *finding = &work->findings[i];

        if (!work->applies[i])
            continue;
        table_text(table, ui, TONE_PLAIN, host_checks[i].title);
        table_text(table, ui, tone_of(finding->level), level_text(finding->level));
        table_cell(table, TONE_PLAIN, err_message(&finding->what, ui->lang, text, sizeof text));
    }
    table_print(table, ui);
    table_free(table);
    for (size_t i = 0; host_checks[i].id; i++)
        if (work->applies[i] &&
            *err_hint_text(&work->findings[i].what, ui->lang, text, sizeof text))
            ui_say(ui,
                   TONE_PLAIN,
                   TEXT_SETUP_CHECK_REMEDY,
                   text_raw(host_checks[i].title, ui->lang),
                   text,
                   NULL);
}

static bool add_finding(struct work *work, cJSON *list, size_t i)
{
    const struct host_finding *finding = &work->findings[i];
    cJSON *row = ui_error_json(&work->call->ui, &finding->what);

    if (!cJSON_AddItemToArray(list, row)) {
        cJSON_Delete(row);
        return false;
    }
    cJSON_DeleteItemFromObject(row, "kind"); /* it is no error */
    return cJSON_AddStringToObject(row, "check", host_checks[i].id) &&
           cJSON_AddStringToObject(row, "level", host_level_name(finding->level)) &&
           cJSON_AddStringToObject(
               row, "title", text_raw(host_checks[i].title, work->call->ui.lang)) &&
           (!finding->fix_setting || cJSON_AddStringToObject(row, "fix", finding->fix_setting));
}

static bool show_json(struct work *work, struct err *err)
{
    cJSON *document = ui_document_new("check");
    cJSON *list = cJSON_AddArrayToObject(document, "findings");
    cJSON *facts = cJSON_AddObjectToObject(document, "facts");
    char value[COMPUTER_TEXT_BYTES];
    bool ok = list && facts;

    for (size_t i = 0; ok && host_checks[i].id; i++)
        ok = !work->applies[i] || add_finding(work, list, i);
    for (const struct fact_row *row = fact_rows; ok && row->name; row++)
        ok = cJSON_AddStringToObject(facts, row->name, fact_get(&work->view.facts, row, value)) !=
             NULL;
    ok = ok && cJSON_AddStringToObject(document, "known_bad_date", work->known_bad.date) &&
         json_add_int(document, "fixed", work->fixed) &&
         cJSON_AddBoolToObject(document, "restart_needed", work->reboot);
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&work->call->ui, document, err);
}

static enum exit_code code_of(const struct work *work)
{
    enum exit_code code = CODE_OK;

    if (work->reboot)
        return CODE_REBOOT;
    for (size_t i = 0; host_checks[i].id; i++)
        if (work->applies[i] && work->findings[i].level == HOST_BAD)
            code = exit_code_worse(code, CODE_FAILED);
        else if (work->applies[i] && work->findings[i].level == HOST_WARN)
            code = exit_code_worse(code, CODE_DEGRADED);
    return code;
}

static bool run(struct work *work, struct err *err)
{
    struct call *call = work->call;
    const char *iso = call_text(call, "iso");

    if (!(call->simulated ? computer_open_sim(call->state, &work->computer, err)
                          : computer_open_system(call->state, &work->computer, err)) ||
        !known_bad_load(call->state, &work->known_bad, err) || (iso && !read_iso(work, iso, err)))
        return false;
    work->view.known_bad = &work->known_bad;
    work->view.guest_build = work->guest_build;
    work->view.lang = call->ui.lang;
    ask_hypervisor(work);
    if (!look(work, err) || (call_flag(call, "fix") && !fix_all(work, err)))
        return false;
    if (call->ui.json)
        return show_json(work, err);
    show_table(work);
    if (work->reboot)
        ui_say(&call->ui, TONE_WARN, TEXT_SETUP_RESTART_NEEDED, NULL);
    return true;
}

static bool check_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct work *work = calloc(1, sizeof *work);
    bool ok = work || err_no_memory(err);

    if (ok) {
        work->call = call;
        ok = run(work, err);
        if (ok)
            *ret_code = code_of(work);
        computer_free(work->computer);
    }
    free(work);
    return ok;
}

const struct command command_check = {
    .name = "check",
    .summary = TEXT_SETUP_HELP_CHECK,
    .args = "",
    .options = options,
    .exec = check_exec,
};
