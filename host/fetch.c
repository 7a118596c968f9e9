/* Payloads before anything is made. */
#include "host/fetch.h"

#include "common/ui/progress.h"
#include "common/ui/table.h"
#include "host/download.h"
#include "host/proxy.h"
#include "host/sources.h"

#include <stdlib.h>
#include <string.h>

#define LOCK_WAIT_MS 1000

struct work {
    struct call *call;
    const struct fetch_request *request;
    struct payloads *payloads;
    struct sources *sources;
    char folder[FS_PATH_BYTES]; /* of parts */
    char proxy[PROXY_BYTES];
    bool missing[PAYLOADS_COUNT];
    size_t count, done;
    struct progress progress;
    size_t row; /* at present */
};

static bool list_missing(struct work *work, struct err *err)
{
    struct payload_item item;

    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        if (!work->request->wanted[i])
            continue;
        if (!payloads_find(work->payloads, i, &item, err))
            return false;
        work->missing[i] = !item.present || work->request->again;
        work->count += work->missing[i];
    }
    return true;
}

static void show_missing(struct work *work)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_PAYLOAD},
        {.title = TEXT_HOST_COLUMN_SOURCE, .least = 20},
        {.title = TEXT_HOST_COLUMN_LICENCE, .least = 20},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);

    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        if (!work->missing[i])
            continue;
        table_text(table, &work->call->ui, TONE_PLAIN, payload_rows[i].title);
        table_cell(table, TONE_PLAIN, work->sources->rows[i].urls[0]);
        table_cell(table, TONE_PLAIN, work->sources->rows[i].licence);
    }
    ui_say(&work->call->ui, TONE_PLAIN, TEXT_HOST_PAYLOADS_MISSING, NULL);
    table_print(table, &work->call->ui);
    table_free(table);
}

/* ---- the real thing ---- */

static void on_progress(uint64_t done, uint64_t total, void *user)
{
    struct work *work = user;
    unsigned permille = total && done <= total ? (unsigned)(done * PROGRESS_FULL / total) : 0;
    char got[32], all[32];

    progress_step(&work->progress,
                  (unsigned)((work->done * PROGRESS_FULL + permille) / work->count),
                  total ? TEXT_SETUP_FETCH_STEP_OF : TEXT_SETUP_FETCH_STEP,
                  text_raw(payload_rows[work->row].title, work->call->ui.lang),
                  ui_size_text(got, sizeof got, done),
                  ui_size_text(all, sizeof all, total),
                  NULL);
}

/* The name to keep a file under: that of its address when it fits the row. */
static const char *name_for(size_t row, const char *url, char out[FS_NAME_BYTES])
{
    const char *slash = strrchr(url, '/');

    text_copy(out, FS_NAME_BYTES, slash ? slash + 1 : url);
    out[strcspn(out, "?#")] = 0;
    return payloads_fits(row, out) ? out : payload_rows[row].file;
}

/* Fetches from one address and takes the file. What was continued and is not what it should be is
 * fetched once more as a whole: the file may have changed in between. */
static bool fetch_from(struct work *work, const char *url, struct err *err)
{
    char path[FS_PATH_BYTES], name[FS_NAME_BYTES];
    struct download download = {.url = url,
                                .proxy = work->proxy,
                                .folder = work->folder,
                                .name = name_for(work->row, url, name),
                                .most_bytes = PAYLOADS_FILE_BYTES,
                                .on_progress = on_progress,
                                .user = work};
    struct payloads_new new_file = {
        path, download.name, work->sources->rows[work->row].sha256, work->call->simulated};
    bool resumed = true;

    while (resumed) {
        struct err why = ERR_INIT;
        bool ok;

        if (!download_run(&download, path, &resumed, err))
            return false;
        ok = payloads_take(work->payloads, work->row, &new_file, &why);
        fs_remove(path, NULL);
        if (ok)
            return true;
        if (err)
            *err = why;
    }
    return false;
}

/* Tries the row's addresses; only one that is gone leads to the next. */
static bool fetch_row(struct work *work, struct err *err)
{
    const struct source *source = &work->sources->rows[work->row];
    struct err why = ERR_INIT;

    for (size_t i = 0; i < source->url_count; i++) {
        err_clear(&why);
        on_progress(0, 0, work);
        if (fetch_from(work, source->urls[i], &why))
            return true;
        if (why.kind != ERR_NOT_FOUND)
            break;
    }
    if (err)
        *err = why;
    return false;
}

/* Whether the licences are accepted: on the command line, or by a person who saw what it is. */
static bool ask(struct work *work, struct err *err)
{
    struct ui *ui = &work->call->ui;

    if (work->request->accepted)
        return true;
    show_missing(work);
    if ((ui->yes || (ui->interactive && !ui->json)) && ui_confirm(ui, TEXT_HOST_PAYLOADS_ASK, NULL))
        return true;
    err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
    return err_hint(err, TEXT_HOST_PAYLOADS_HINT);
}

static bool fetch_rows(struct work *work, struct err *err)
{
    bool ok = true;

    progress_begin(&work->progress, &work->call->ui, NULL, true);
    for (work->row = 0; ok && work->row < PAYLOADS_COUNT; work->row++)
        if (work->missing[work->row]) {
            ok = fetch_row(work, err);
            work->done += ok;
        }
    progress_end(&work->progress);
    return ok;
}

static bool fetch_all(struct work *work, struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_lock *lock = NULL;
    char path[FS_PATH_BYTES];
    bool ok;

    if (!ask(work, err) ||
        !proxy_choose(work->request->proxy, work->sources->proxy, work->proxy, err) ||
        !fs_join(work->folder, work->call->state, "payloads/incoming", err) ||
        !fs_make_dirs(work->folder, FS_PRIVATE, err) || !fs_join(path, work->folder, "lock", err) ||
        !fs_lock(path, LOCK_WAIT_MS, &lock, err))
        return false;
    ok = fetch_rows(work, &why);
    fs_unlock(lock);
    if (ok)
        return true;
    /* whoever cannot fetch learns where a person can; the addresses go to people, not into JSON */
    show_missing(work);
    ui_note(&work->call->ui, TONE_PLAIN, TEXT_HOST_PAYLOADS_OFFLINE_HINT, NULL);
    if (err)
        *err = why;
    return false;
}

/* ---- the simulation ---- */

static bool has_internet(const struct call *call, bool *ret_has, struct err *err)
{
    struct hypervisor *opened = NULL;

    if (call->hypervisor) {
        *ret_has = call->hypervisor->simulated_internet;
        return true;
    }
    if (!hypervisor_open_sim(call->state, NULL, &opened, err))
        return false;
    *ret_has = opened && opened->simulated_internet;
    hypervisor_free(opened);
    return true;
}

/* Shows what is missing and asks, when somebody is there to answer. Stand-ins have no licence, so
 * without anybody it goes on. */
static bool ask_stand_ins(struct work *work, struct err *err)
{
    const struct ui *ui = &work->call->ui;

    return ui->yes || !ui->interactive || ui->json || ask(work, err);
}

static bool make_stand_ins(struct work *work, struct err *err)
{
    bool internet = false;

    if (!has_internet(work->call, &internet, err))
        return false;
    if (!internet) {
        show_missing(work);
        err_set(err, ERR_FAILED, TEXT_HOST_PAYLOADS_OFFLINE, NULL);
        return err_hint(err, TEXT_HOST_PAYLOADS_OFFLINE_HINT);
    }
    if (!ask_stand_ins(work, err))
        return false;
    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        if (work->missing[i] && !payloads_make_stand_in(work->payloads, i, err))
            return false;
    ui_note(&work->call->ui, TONE_DIM, TEXT_HOST_PAYLOADS_STAND_INS, NULL);
    return true;
}

/* The simulation fetches only from where the person said. */
static bool fetches(const struct work *work)
{
    bool from_user = true;

    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        from_user = from_user && (!work->missing[i] || work->sources->rows[i].from_user);
    return !work->call->simulated || from_user;
}

/* ---- public ---- */

bool fetch_wanted(struct call *call, const struct fetch_request *request, struct err *err)
{
    struct work *work = calloc(1, sizeof *work);
    struct sources *sources = calloc(1, sizeof *sources);
    bool ok = (work && sources) || err_no_memory(err);

    if (ok) {
        work->call = call;
        work->request = request;
        work->sources = sources;
        ok = payloads_open(call->state, &work->payloads, err) &&
             sources_load(call->state, sources, err) && list_missing(work, err);
    }
    if (ok && work->count)
        ok = fetches(work) ? fetch_all(work, err) : make_stand_ins(work, err);
    if (work)
        payloads_free(work->payloads);
    free(sources);
    free(work);
    return ok;
}

bool fetch_payloads(struct call *call, bool accepted, struct err *err)
{
    struct fetch_request request = {.accepted = accepted};

    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        request.wanted[i] = true;
    return fetch_wanted(call, &request, err);
}
