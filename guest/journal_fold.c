/* The fold of journal records into the engine's memory. Pure. */
#include "guest/journal.h"

#include <inttypes.h>
#include <string.h>

static bool is_cause(enum cause cause)
{
    return cause > CAUSE_NONE && cause < CAUSE_COUNT;
}

/* Forgets the tries, keeps how often the cause came back. */
static void entry_reset(struct journal_entry *entry)
{
    uint16_t fixed = entry->fixed;
    int64_t since = entry->fixed_since_ms;

    *entry = (struct journal_entry){.fixed = fixed, .fixed_since_ms = since};
}

static void entry_fixed(struct journal_entry *entry, int64_t wall_ms)
{
    int64_t age_ms = wall_ms - entry->fixed_since_ms;

    entry_reset(entry);
    if (entry->fixed == 0 || age_ms < 0 || age_ms >= JOURNAL_DAY_MS) {
        entry->fixed = 0;
        entry->fixed_since_ms = wall_ms;
    }
    if (entry->fixed < UINT16_MAX)
        entry->fixed++;
}

/* One more try on this rung; a restart on behalf of another repair is counted apart. */
static void entry_tried(struct journal_state *state, const struct journal_record *record)
{
    struct journal_entry *entry = &state->entries[state->pending_cause];
    const struct cause_step *step = &cause_row(state->pending_cause)->ladder[entry->rung];
    bool asked = state->pending_repair == REPAIR_REBOOT && step->repair != REPAIR_REBOOT;
    uint8_t *count = asked ? &entry->asks : &entry->tries;

    if (*count < UINT8_MAX)
        ++*count;
    entry->last_ms = record->wall_ms;
}

static void undo_drop(struct journal_state *state, enum repair_id repair, const char *text)
{
    for (size_t i = 0; i < JOURNAL_UNDOS; i++) {
        struct journal_undo *undo = &state->undos[i];

        if (undo->repair != repair)
            continue;
        if (text ? strcmp(undo->text, text) == 0 : undo->life == UNDO_IF_INTERRUPTED)
            *undo = (struct journal_undo){.repair = REPAIR_NONE};
    }
}

static void fold_undo(struct journal_state *state, const struct journal_record *record)
{
    for (size_t i = 0; i < JOURNAL_UNDOS; i++) {
        struct journal_undo *undo = &state->undos[i];

        if (undo->repair == REPAIR_NONE) {
            undo->repair = record->repair;
            undo->life = record->life;
            memcpy(undo->text, record->text, sizeof undo->text);
            return;
        }
    }
}

static void reboot_push(struct journal_state *state, int64_t wall_ms)
{
    memmove(state->reboots + 1, state->reboots, (JOURNAL_REBOOTS - 1) * sizeof state->reboots[0]);
    state->reboots[0] = wall_ms;
}

/* A restart that was asked for and did not come. */
static void reboot_pop(struct journal_state *state)
{
    memmove(state->reboots, state->reboots + 1, (JOURNAL_REBOOTS - 1) * sizeof state->reboots[0]);
    state->reboots[JOURNAL_REBOOTS - 1] = 0;
    state->reboot_asked_ms = 0;
}

static void fold_boot(struct journal_state *state, const struct journal_record *record)
{
    text_copy(state->boot, sizeof state->boot, record->text);
    state->reboot_asked_ms = 0;
    state->console_taken = false; /* disabling is never persistent */
    for (size_t i = 0; i < CAUSE_COUNT; i++)
        state->entries[i].reboot = false;
}

static void fold_begin(struct journal_state *state, const struct journal_record *record)
{
    struct journal_entry *entry = &state->entries[record->cause];

    if (entry->detail != record->detail) {
        /* other evidence starts anew, but evidence that keeps changing has a bound too */
        if (entry->attempts)
            entry_fixed(entry, record->wall_ms);
        entry_reset(entry);
    }
    entry->detail = record->detail;
    if (entry->rung != record->rung) {
        entry->rung = (uint8_t)record->rung;
        entry->tries = 0;
        entry->interrupted = 0;
        entry->asks = 0;
        entry->reboot = false;
    }
    if (record->repair != REPAIR_REBOOT)
        entry->reboot = false;
    state->pending = true;
    state->pending_cause = record->cause;
    state->pending_repair = record->repair;
    state->pending_detail = record->detail;
    if (record->repair == REPAIR_REBOOT) {
        reboot_push(state, record->wall_ms);
        state->reboot_asked_ms = record->wall_ms;
    }
}

static void fold_end(struct journal_state *state, const struct journal_record *record)
{
    struct journal_entry *entry = &state->entries[state->pending_cause];

    state->pending = false;
    if (entry->attempts < UINT16_MAX)
        entry->attempts++;
    switch (record->outcome) {
    case OUTCOME_FIXED:
    case OUTCOME_CHANGED:
        entry_fixed(entry, record->wall_ms);
        break;
    case OUTCOME_REBOOT:
        entry->reboot = entry->reboot || state->pending_repair != REPAIR_REBOOT;
        entry_tried(state, record);
        break;
    case OUTCOME_INTERRUPTED:
        if (entry->interrupted++ >= JOURNAL_INTERRUPTS)
            entry_tried(state, record);
        break;
    case OUTCOME_SAME:
    case OUTCOME_FAILED:
    case OUTCOMES:
        entry_tried(state, record);
        break;
    }
    if (state->pending_repair == REPAIR_REBOOT && record->outcome != OUTCOME_REBOOT)
        reboot_pop(state);
    if (record->outcome != OUTCOME_INTERRUPTED)
        undo_drop(state, state->pending_repair, NULL);
}

static void fold_clear(struct journal_state *state, const struct journal_record *record)
{
    struct journal_entry *entry = &state->entries[record->cause];

    if (record->value)
        *entry = (struct journal_entry){0};
    else if (entry->attempts)
        entry_fixed(entry, record->wall_ms);
    else
        entry_reset(entry);
}

static void fold_entry(struct journal_state *state, const struct journal_record *record)
{
    struct journal_entry *entry = &state->entries[record->cause];
    unsigned tries, interrupted, given_up, reboot, asks, attempts, fixed;
    int64_t since_ms, last_ms;

    if (sscanf(record->text,
               "%u %u %u %u %u %u %u %" SCNd64 " %" SCNd64,
               &tries,
               &interrupted,
               &given_up,
               &reboot,
               &asks,
               &attempts,
               &fixed,
               &since_ms,
               &last_ms) != 9)
        return;
    *entry = (struct journal_entry){
        .detail = record->detail,
        .rung = (uint8_t)record->rung,
        .tries = (uint8_t)tries,
        .interrupted = (uint8_t)interrupted,
        .given_up = given_up != 0,
        .reboot = reboot != 0,
        .asks = (uint8_t)asks,
        .attempts = (uint16_t)attempts,
        .fixed = (uint16_t)fixed,
        .fixed_since_ms = since_ms,
        .last_ms = last_ms,
    };
}

/* Events whose record must name a cause. */
static bool wants_cause(enum journal_event event)
{
    return event == JOURNAL_BEGIN || event == JOURNAL_GIVEN_UP || event == JOURNAL_CLEAR ||
           event == JOURNAL_ENTRY;
}

void journal_fold(struct journal_state *state, const struct journal_record *record)
{
    if ((wants_cause(record->event) && !is_cause(record->cause)) || record->rung >= CAUSE_STEPS)
        return;
    switch (record->event) {
    case JOURNAL_BOOT:
        fold_boot(state, record);
        break;
    case JOURNAL_BEGIN:
        fold_begin(state, record);
        break;
    case JOURNAL_END:
        if (state->pending)
            fold_end(state, record);
        break;
    case JOURNAL_GIVEN_UP:
        state->entries[record->cause].given_up = true;
        break;
    case JOURNAL_CLEAR:
        fold_clear(state, record);
        break;
    case JOURNAL_UNDO:
        if (record->repair != REPAIR_NONE)
            fold_undo(state, record);
        break;
    case JOURNAL_UNDONE:
        undo_drop(state, record->repair, record->text);
        break;
    case JOURNAL_CONSOLE:
        state->console_taken = record->value != 0;
        break;
    case JOURNAL_KEEP:
        state->keep_console = record->value != 0;
        break;
    case JOURNAL_DAMAGED:
        state->damaged_ms = record->wall_ms;
        break;
    case JOURNAL_ENTRY:
        fold_entry(state, record);
        break;
    case JOURNAL_REBOOTED:
        reboot_push(state, record->wall_ms);
        if (record->value)
            state->reboot_asked_ms = record->wall_ms;
        break;
    case JOURNAL_EVENTS:
        break;
    }
}
