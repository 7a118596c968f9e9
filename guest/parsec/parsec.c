/* Parsec as a whole. */
#include "guest/parsec/parsec.h"

#include "guest/check/check.h"
#include "guest/device.h"

#include <stdlib.h>
#include <string.h>

bool parsec_open(struct machine *machine,
                 const char *folder,
                 struct clock *holder_clock,
                 struct parsec **ret_parsec,
                 struct err *err)
{
    struct parsec *parsec = calloc(1, sizeof *parsec);

    if (!parsec)
        return err_no_memory(err);
    parsec->machine = machine;
    text_copy(parsec->folder, sizeof parsec->folder, folder);
    if (!parsec_state_load(folder, &parsec->state, &parsec->damage))
        parsec_state_init(&parsec->state);
    if (!parsec_log_new(&parsec->log, err) || !payload_store_open(folder, &parsec->payloads, err) ||
        !holder_new(machine->vdd,
                    holder_clock ? holder_clock : machine->clock,
                    holder_clock ? HOLDER_THREAD : HOLDER_STEPPED,
                    &parsec->holder,
                    err)) {
        parsec_close(parsec);
        return false;
    }
    *ret_parsec = parsec;
    return true;
}

void parsec_close(struct parsec *parsec)
{
    if (!parsec)
        return;
    holder_free(parsec->holder);
    payload_store_free(parsec->payloads);
    parsec_log_free(parsec->log);
    free(parsec);
}

bool parsec_save(struct parsec *parsec, struct err *err)
{
    return parsec_state_save(parsec->folder, &parsec->state, err);
}

/* Connected clients, -1 when that cannot be known. A log that ends in the middle of a session says
 * nothing when Parsec does not run. */
static int count_clients(struct parsec *parsec)
{
    struct processes_port *processes = parsec->machine->processes;
    uint32_t clients = parsec_log_clients(parsec_log_state(parsec->log));
    unsigned running = 0;

    if (err_is_set(&parsec->log_why))
        return -1;
    if (clients == 0)
        return 0;
    if (processes->ops->count(processes, PARSEC_PROCESS, &running, NULL) && running == 0)
        return 0;
    return (int)clients;
}

static bool shows_monitor(const struct facts *facts)
{
    size_t i;

    for (i = 0; facts->paths_known && i < facts->paths.count; i++) {
        if (facts->paths.items[i].kind == DISPLAY_PARSEC)
            return true;
    }
    return false;
}

/* A missing monitor says something only when everything that it needs is right. */
static bool can_judge(struct parsec *parsec, const struct facts *facts)
{
    struct device_view view;

    return facts->paths_known && facts->clients > 0 && parsec->lines_ok &&
           parsec->account.account == ACCOUNT_YES &&
           device_look(parsec->machine->devices, &device_vdd, &view, NULL) && view.best &&
           device_works(view.best);
}

void parsec_observe(struct parsec *parsec, const struct profile *profile, struct facts *facts)
{
    struct strategy_facts seen = {.now_ms = clock_now_ms(parsec->machine->clock)};

    err_clear(&parsec->log_why);
    (void)parsec_log_read(parsec->log, parsec->machine->files, &parsec->log_why);
    facts->clients = count_clients(parsec);
    parsec_log_stream(parsec_log_state(parsec->log), &facts->stream);
    facts->stream.clients = facts->clients > 0 ? (uint32_t)facts->clients : 0;
    /* a window that did not open is tried again by the next step */
    (void)signin_step(&parsec->signin, parsec->machine, parsec->account.account, NULL);
    facts->signing_in = signin_is_active(&parsec->signin);
    seen.clients = facts->stream.clients;
    seen.monitor = shows_monitor(facts);
    seen.can_judge = can_judge(parsec, facts);
    /* what cannot be saved is still true until the next start */
    if (strategy_observe(profile, &seen, &parsec->watch, &parsec->state))
        (void)parsec_save(parsec, NULL);
    facts->hold = strategy_active(profile, &parsec->state) == CONFIG_STRATEGY_HOLD;
}
