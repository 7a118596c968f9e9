/* Journal records as lines: `<16 hex digits: XXH64 of the rest> <wall ms> <event> key=value ...`.
 */
#include "guest/journal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HASH_DIGITS 16
#define LINE_BYTES  1024 /* of one record; text may triple by escaping */

static const char *const event_names[JOURNAL_EVENTS] = {
    [JOURNAL_BOOT] = "boot",
    [JOURNAL_BEGIN] = "begin",
    [JOURNAL_END] = "end",
    [JOURNAL_GIVEN_UP] = "given_up",
    [JOURNAL_CLEAR] = "clear",
    [JOURNAL_UNDO] = "undo",
    [JOURNAL_UNDONE] = "undone",
    [JOURNAL_CONSOLE] = "console",
    [JOURNAL_KEEP] = "keep",
    [JOURNAL_DAMAGED] = "damaged",
    [JOURNAL_ENTRY] = "entry",
    [JOURNAL_REBOOTED] = "rebooted",
};

static const char *const outcome_names[OUTCOMES] = {
    [OUTCOME_FIXED] = "fixed",
    [OUTCOME_CHANGED] = "changed",
    [OUTCOME_SAME] = "same",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_REBOOT] = "reboot",
    [OUTCOME_INTERRUPTED] = "interrupted",
};

static const char *const life_names[] = {
    [UNDO_IF_INTERRUPTED] = "if_interrupted",
    [UNDO_AT_RELEASE] = "at_release",
};

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("._-:/\\{}&+", c));
}

static void put_escaped(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (is_plain(*c))
            buf_put(out, c, 1);
        else
            buf_printf(out, "%%%02x", (unsigned)(unsigned char)*c);
    }
}

bool journal_encode(const struct journal_record *record, struct buf *out)
{
    struct buf body;
    bool ok = false;

    assert(record->event < JOURNAL_EVENTS);
    buf_init(&body, LINE_BYTES);
    buf_printf(&body, "%" PRId64 " %s", record->wall_ms, event_names[record->event]);
    if (record->cause != CAUSE_NONE)
        buf_printf(&body, " cause=%s", cause_row(record->cause)->name);
    if (record->repair != REPAIR_NONE)
        buf_printf(&body, " repair=%s", repair_row(record->repair)->name);
    if (record->event == JOURNAL_END)
        buf_printf(&body, " outcome=%s", outcome_names[record->outcome]);
    if (record->event == JOURNAL_UNDO)
        buf_printf(&body, " life=%s", life_names[record->life]);
    if (record->detail)
        buf_printf(&body, " detail=%" PRIu32, record->detail);
    if (record->rung)
        buf_printf(&body, " rung=%" PRIu32, record->rung);
    if (record->value)
        buf_printf(&body, " value=%" PRIu32, record->value);
    if (record->text[0]) {
        buf_puts(&body, " text=");
        put_escaped(&body, record->text);
    }
    if (!body.failed)
        ok = buf_printf(
            out, "%016" PRIx64 " %s\n", (uint64_t)XXH64(body.data, body.len, 0), buf_str(&body));
    buf_done(&body);
    return ok;
}

static bool name_index(const char *const *names, size_t count, const char *name, int *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_index = (int)i;
            return true;
        }
    }
    return false;
}

static bool parse_uint(const char *text, uint32_t *ret_value)
{
    char *end;
    unsigned long long value;

    if (*text < '0' || *text > '9' || strlen(text) > 10)
        return false;
    value = strtoull(text, &end, 10);
    if (*end || value > UINT32_MAX)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool parse_text(const char *escaped, char *out, size_t size)
{
    size_t used = 0;

    for (const char *c = escaped; *c; c++) {
        char byte = *c;

        if (byte == '%') {
            int high = hex_digit(c[1]), low = high < 0 ? -1 : hex_digit(c[2]);

            if (low < 0 || (high == 0 && low == 0))
                return false;
            byte = (char)(high * 16 + low);
            c += 2;
        }
        if (used + 1 >= size)
            return false;
        out[used++] = byte;
    }
    out[used] = 0;
    return true;
}

/* One "key=value"; false when it cannot be read. Names that are not known make the record
 * JOURNAL_EVENTS: an older agent reads the journal of a newer one. */
static bool parse_field(char *field, struct journal_record *record)
{
    char *value = strchr(field, '=');
    int index = 0;

    if (!value)
        return false;
    *value++ = 0;
    if (strcmp(field, "detail") == 0)
        return parse_uint(value, &record->detail);
    if (strcmp(field, "rung") == 0)
        return parse_uint(value, &record->rung);
    if (strcmp(field, "value") == 0)
        return parse_uint(value, &record->value);
    if (strcmp(field, "text") == 0)
        return parse_text(value, record->text, sizeof record->text);
    if (strcmp(field, "cause") == 0 && cause_parse(value, &record->cause))
        return true;
    if (strcmp(field, "repair") == 0 && repair_parse(value, &record->repair))
        return true;
    if (strcmp(field, "outcome") == 0 && name_index(outcome_names, OUTCOMES, value, &index)) {
        record->outcome = (enum journal_outcome)index;
        return true;
    }
    if (strcmp(field, "life") == 0 && name_index(life_names, 2, value, &index)) {
        record->life = (enum undo_life)index;
        return true;
    }
    record->event = JOURNAL_EVENTS;
    return true;
}

/* The next word of *cursor, ended by a space or the end; NULL when there is none. */
static char *next_word(char **cursor)
{
    char *word = *cursor, *space;

    if (!word)
        return NULL;
    space = strchr(word, ' ');
    if (space)
        *space++ = 0;
    *cursor = space;
    return word;
}

static bool parse_body(char *body, struct journal_record *record)
{
    char *cursor = body, *end, *word = next_word(&cursor), *name = next_word(&cursor);
    int event = JOURNAL_EVENTS;

    if (!name || !*word)
        return false;
    record->wall_ms = strtoll(word, &end, 10);
    if (*end)
        return false;
    name_index(event_names, JOURNAL_EVENTS, name, &event);
    record->event = (enum journal_event)event;
    while ((word = next_word(&cursor))) {
        if (!parse_field(word, record))
            return false;
    }
    return true;
}

bool journal_decode(const char *line, size_t length, struct journal_record *ret_record)
{
    struct journal_record record = {.event = JOURNAL_EVENTS};
    char copy[LINE_BYTES + 1], hash[HASH_DIGITS + 1];
    const char *body = line + HASH_DIGITS + 1;
    size_t body_length;

    if (length <= HASH_DIGITS + 1 || line[HASH_DIGITS] != ' ')
        return false;
    body_length = length - HASH_DIGITS - 1;
    if (body_length > LINE_BYTES || memchr(body, 0, body_length))
        return false;
    snprintf(hash, sizeof hash, "%016" PRIx64, (uint64_t)XXH64(body, body_length, 0));
    if (memcmp(hash, line, HASH_DIGITS) != 0)
        return false;
    memcpy(copy, body, body_length);
    copy[body_length] = 0;
    if (!parse_body(copy, &record))
        return false;
    *ret_record = record;
    return true;
}

enum journal_damage
journal_replay(const char *data, size_t length, struct journal_state *ret_state, size_t *ret_good)
{
    size_t at = 0;

    *ret_state = (struct journal_state){0};
    while (at < length) {
        const char *end = memchr(data + at, '\n', length - at);
        struct journal_record record;

        *ret_good = at;
        if (!end) /* cut off while it was written, unless it is all there is */
            return at == 0 ? JOURNAL_BROKEN : JOURNAL_TORN;
        if (!journal_decode(data + at, (size_t)(end - data) - at, &record))
            return JOURNAL_BROKEN;
        journal_fold(ret_state, &record);
        at = (size_t)(end - data) + 1;
    }
    *ret_good = at;
    return at == 0 ? JOURNAL_BROKEN : JOURNAL_WHOLE;
}

static bool entry_is_empty(const struct journal_entry *entry)
{
    static const struct journal_entry empty;

    return entry->detail == empty.detail && entry->attempts == 0 && entry->fixed == 0 &&
           entry->tries == 0 && entry->rung == 0 && !entry->given_up && !entry->reboot;
}

static bool
dump_entry(const struct journal_entry *entry, enum cause cause, int64_t wall_ms, struct buf *out)
{
    struct journal_record record = {
        .event = JOURNAL_ENTRY,
        .wall_ms = wall_ms,
        .cause = cause,
        .detail = entry->detail,
        .rung = entry->rung,
    };

    if (entry_is_empty(entry))
        return true;
    snprintf(record.text,
             sizeof record.text,
             "%u %u %u %u %u %u %u %" PRId64 " %" PRId64,
             (unsigned)entry->tries,
             (unsigned)entry->interrupted,
             (unsigned)entry->given_up,
             (unsigned)entry->reboot,
             (unsigned)entry->asks,
             (unsigned)entry->attempts,
             (unsigned)entry->fixed,
             entry->fixed_since_ms,
             entry->last_ms);
    return journal_encode(&record, out);
}

static bool dump_undo(const struct journal_undo *undo, int64_t wall_ms, struct buf *out)
{
    struct journal_record record = {
        .event = JOURNAL_UNDO,
        .wall_ms = wall_ms,
        .repair = undo->repair,
        .life = undo->life,
    };

    if (undo->repair == REPAIR_NONE)
        return true;
    memcpy(record.text, undo->text, sizeof record.text);
    return journal_encode(&record, out);
}

static bool dump_flag(enum journal_event event, bool on, int64_t wall_ms, struct buf *out)
{
    return !on ||
           journal_encode(&(struct journal_record){.event = event, .wall_ms = wall_ms, .value = 1},
                          out);
}

static bool dump_reboots(const struct journal_state *state, size_t newest, struct buf *out)
{
    bool ok = true;

    for (size_t i = JOURNAL_REBOOTS; ok && i-- > newest;) {
        struct journal_record record = {
            .event = JOURNAL_REBOOTED,
            .wall_ms = state->reboots[i],
            .value = state->reboots[i] == state->reboot_asked_ms,
        };

        if (state->reboots[i])
            ok = journal_encode(&record, out);
    }
    return ok;
}

/* The action under way; must come last. */
static bool dump_pending(const struct journal_state *state, int64_t wall_ms, struct buf *out)
{
    struct journal_record record = {
        .event = JOURNAL_BEGIN,
        .wall_ms = state->pending_repair == REPAIR_REBOOT ? state->reboots[0] : wall_ms,
        .cause = state->pending_cause,
        .repair = state->pending_repair,
        .detail = state->pending_detail,
        .rung = state->entries[state->pending_cause].rung,
    };

    return !state->pending || journal_encode(&record, out);
}

bool journal_dump(const struct journal_state *state, int64_t wall_ms, struct buf *out)
{
    struct journal_record boot = {.event = JOURNAL_BOOT, .wall_ms = wall_ms};
    bool ok;

    text_copy(boot.text, sizeof boot.text, state->boot);
    ok = journal_encode(&boot, out);
    /* folding the action under way counts its reboot again */
    ok = ok && dump_reboots(state, state->pending && state->pending_repair == REPAIR_REBOOT, out);
    for (int i = CAUSE_NONE + 1; ok && i < CAUSE_COUNT; i++)
        ok = dump_entry(&state->entries[i], (enum cause)i, wall_ms, out);
    for (size_t i = 0; ok && i < JOURNAL_UNDOS; i++)
        ok = dump_undo(&state->undos[i], wall_ms, out);
    ok = ok && dump_flag(JOURNAL_CONSOLE, state->console_taken, wall_ms, out) &&
         dump_flag(JOURNAL_KEEP, state->keep_console, wall_ms, out) &&
         dump_flag(JOURNAL_DAMAGED, state->damaged_ms != 0, state->damaged_ms, out) &&
         dump_pending(state, wall_ms, out);
    return ok;
}

const char *journal_outcome_name(enum journal_outcome outcome)
{
    return (unsigned)outcome < OUTCOMES ? outcome_names[outcome] : "unknown";
}

enum text_id journal_outcome_title(enum journal_outcome outcome)
{
    static const enum text_id titles[OUTCOMES] = {
        [OUTCOME_FIXED] = TEXT_OUTCOME_FIXED,
        [OUTCOME_CHANGED] = TEXT_OUTCOME_CHANGED,
        [OUTCOME_SAME] = TEXT_OUTCOME_SAME,
        [OUTCOME_FAILED] = TEXT_OUTCOME_FAILED,
        [OUTCOME_REBOOT] = TEXT_OUTCOME_REBOOT,
        [OUTCOME_INTERRUPTED] = TEXT_OUTCOME_INTERRUPTED,
    };

    return (unsigned)outcome < OUTCOMES ? titles[outcome] : TEXT_UNKNOWN;
}
