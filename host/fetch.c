/* Payloads before anything is made. */
#include "host/fetch.h"

#include "common/ui/table.h"
#include "host/guest/payloads.h"

static bool list_missing(struct payloads *payloads,
                         bool missing[PAYLOADS_COUNT],
                         size_t *ret_count,
                         struct err *err)
{
    struct payload_item item;

    *ret_count = 0;
    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        if (!payloads_find(payloads, i, &item, err))
            return false;
        missing[i] = !item.present;
        *ret_count += missing[i];
    }
    return true;
}

static void show_missing(struct call *call, const bool missing[PAYLOADS_COUNT])
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_PAYLOAD},
        {.title = TEXT_HOST_COLUMN_VERSION},
        {.title = TEXT_HOST_COLUMN_SOURCE, .least = 20},
        {.title = TEXT_HOST_COLUMN_LICENCE, .least = 20},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);

    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        if (!missing[i])
            continue;
        table_text(table, &call->ui, TONE_PLAIN, payload_rows[i].title);
        table_cell(table, TONE_PLAIN, payload_rows[i].version);
        table_cell(table, TONE_PLAIN, payload_rows[i].source);
        table_cell(table, TONE_PLAIN, payload_rows[i].licence);
    }
    ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_PAYLOADS_MISSING, NULL);
    table_print(table, &call->ui);
    table_free(table);
}

/* Shows what is missing and asks, when somebody is there to answer. The simulation's stand-ins have
 * no licence, so without anybody it goes on. */
static bool ask(struct call *call, const bool missing[PAYLOADS_COUNT], bool accepted)
{
    if (accepted || call->ui.yes || !call->ui.interactive || call->ui.json)
        return true;
    show_missing(call, missing);
    return ui_confirm(&call->ui, TEXT_HOST_PAYLOADS_ASK, NULL);
}

static bool fetch(struct call *call,
                  struct payloads *payloads,
                  const bool missing[PAYLOADS_COUNT],
                  bool accepted,
                  struct err *err)
{
    if (!call->hypervisor->simulated_internet) {
        show_missing(call, missing);
        err_set(err, ERR_FAILED, TEXT_HOST_PAYLOADS_OFFLINE, NULL);
        return err_hint(err, TEXT_HOST_PAYLOADS_OFFLINE_HINT);
    }
    if (!ask(call, missing, accepted)) {
        err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
        return err_hint(err, TEXT_HOST_PAYLOADS_HINT);
    }
    for (size_t i = 0; i < PAYLOADS_COUNT; i++)
        if (missing[i] && !payloads_make_stand_in(payloads, i, err))
            return false;
    ui_note(&call->ui, TONE_DIM, TEXT_HOST_PAYLOADS_STAND_INS, NULL);
    return true;
}

bool fetch_payloads(struct call *call, bool accepted, struct err *err)
{
    struct payloads *payloads = NULL;
    bool missing[PAYLOADS_COUNT];
    size_t count = 0;
    bool ok;

    if (!payloads_open(call->state, &payloads, err))
        return false;
    ok = list_missing(payloads, missing, &count, err) &&
         (!count || fetch(call, payloads, missing, accepted, err));
    payloads_free(payloads);
    return ok;
}
