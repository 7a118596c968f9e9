/*
 * The engine's memory: what was tried, what came of it, and how to take it back. The state is the
 * fold of the records; records are lines in an append-only file, each with a checksum and flushed
 * before the engine goes on, so a crash at any instruction loses nothing: a repair that began and
 * has no end was interrupted. Compaction replaces the file atomically by the records of the state.
 *
 * A torn last line (a crash while writing) is dropped. Other damage gives one clear error, keeps
 * what stands before it, puts the file aside as <path>.bad, and no reboot is asked for until
 * JOURNAL_DAY_MS later, since the budget is no longer known.
 *
 * Wall time throughout: it must survive reboots. Time that jumped back never makes a wait longer.
 * Blocking; the engine's thread only.
 */
#ifndef GPUPV_JOURNAL_H
#define GPUPV_JOURNAL_H

#include "guest/repair/repair.h"

#define JOURNAL_TEXT_BYTES    288
#define JOURNAL_BOOT_BYTES    40
#define JOURNAL_UNDOS         64
#define JOURNAL_REBOOTS       16
#define JOURNAL_FILE_BYTES    (1024 * 1024) /* larger files are damaged */
#define JOURNAL_COMPACT_BYTES (64 * 1024)
#define JOURNAL_DAY_MS        INT64_C(86400000)
#define JOURNAL_INTERRUPTS    2 /* crashes on a rung that are not counted as tries */

enum journal_event {
    JOURNAL_BOOT,     /* the first start in this boot: text is the boot id */
    JOURNAL_BEGIN,    /* about to act: cause, repair, detail, rung */
    JOURNAL_END,      /* of the BEGIN before: outcome */
    JOURNAL_GIVEN_UP, /* cause: the ladder is used up */
    JOURNAL_CLEAR,    /* cause: forgotten, since it went away by itself; value 1: a person asked */
    JOURNAL_UNDO,     /* repair, life, text: how to take it back */
    JOURNAL_UNDONE,   /* repair, text: taken back or no longer needed */
    JOURNAL_CONSOLE,  /* value 1: the console picture was taken (text: device), 0: given back */
    JOURNAL_KEEP,     /* value 1: a person wants the console picture kept, 0: automatic */
    JOURNAL_DAMAGED,  /* the file before this one was damaged */
    JOURNAL_ENTRY,    /* compaction: the whole memory of one cause */
    JOURNAL_REBOOTED, /* compaction: one reboot that was asked for; value 1: it is still to come */
    JOURNAL_EVENTS
};

enum journal_outcome {
    OUTCOME_FIXED,       /* the check is good */
    OUTCOME_CHANGED,     /* another cause now */
    OUTCOME_SAME,        /* applied, but nothing changed */
    OUTCOME_FAILED,      /* apply failed */
    OUTCOME_REBOOT,      /* applied, takes effect after a restart */
    OUTCOME_INTERRUPTED, /* found at a start: begun, not ended */
    OUTCOMES
};

struct journal_record {
    enum journal_event event;
    int64_t wall_ms;
    enum cause cause;
    enum repair_id repair;
    enum journal_outcome outcome;
    enum undo_life life;
    uint32_t detail; /* of the finding */
    uint32_t rung;   /* position in the ladder */
    uint32_t value;
    char text[JOURNAL_TEXT_BYTES];
};

/* Memory of one cause. All zero: never seen. */
struct journal_entry {
    uint32_t detail;     /* the evidence that the counts belong to */
    uint8_t rung;        /* the present rung of the ladder */
    uint8_t tries;       /* on this rung */
    uint8_t interrupted; /* crashes on this rung that are not counted as tries yet */
    bool given_up;
    bool reboot;       /* what this rung did takes effect after a restart */
    uint8_t asks;      /* restarts asked for on behalf of that, without effect so far */
    uint16_t attempts; /* since the cause appeared: what a person is shown */
    uint16_t fixed;    /* how often it was fixed since fixed_since_ms: flapping has a bound too */
    int64_t fixed_since_ms;
    int64_t last_ms; /* end of the last attempt */
};

struct journal_undo {
    enum repair_id repair; /* REPAIR_NONE: free */
    enum undo_life life;
    char text[JOURNAL_TEXT_BYTES];
};

struct journal_state {
    struct journal_entry entries[CAUSE_COUNT];
    int64_t reboots[JOURNAL_REBOOTS]; /* wall times asked for; 0: free */
    char boot[JOURNAL_BOOT_BYTES];
    bool console_taken;
    bool keep_console;
    int64_t damaged_ms; /* 0: never */
    bool pending;       /* a repair began and has not ended */
    enum cause pending_cause;
    enum repair_id pending_repair;
    uint32_t pending_detail;
    int64_t reboot_asked_ms; /* a restart of this boot was asked for; 0: no */
    struct journal_undo undos[JOURNAL_UNDOS];
};

/* Folds one record into state; pure. Records that make no sense change nothing. */
void journal_fold(struct journal_state *state, const struct journal_record *record);

/* Writes one record as a line with its checksum and "\n". False when out is full. */
bool journal_encode(const struct journal_record *record, struct buf *out);

/* Reads one line without its "\n"; false when it is not a record that journal_encode wrote. A whole
 * record with names that this version does not know has the event JOURNAL_EVENTS. */
bool journal_decode(const char *line, size_t length, struct journal_record *ret_record);

enum journal_damage { JOURNAL_WHOLE, JOURNAL_TORN, JOURNAL_BROKEN };

/* Folds a whole file into *ret_state (reset first); *ret_good is the length of the good part. */
enum journal_damage
journal_replay(const char *data, size_t length, struct journal_state *ret_state, size_t *ret_good);

/* Appends the records that fold into state, as compaction writes them. False when out is full. */
bool journal_dump(const struct journal_state *state, int64_t wall_ms, struct buf *out);

/* Stable name ("fixed") and the words that a person reads. */
const char *journal_outcome_name(enum journal_outcome outcome);
enum text_id journal_outcome_title(enum journal_outcome outcome);

struct journal;

/* Opens the journal at path (missing: a fresh one). Damage is not a failure: *ret_damage holds the
 * error for the log, and the file is put aside. Fails only when the folder cannot be read. NULL as
 * path keeps everything in memory. The caller frees with journal_free. */
bool journal_open(const char *path,
                  struct clock *clock,
                  struct journal **ret_journal,
                  struct err *ret_damage,
                  struct err *err);

/* NULL is fine. */
void journal_free(struct journal *journal);

/* Owned by journal; valid until journal_free. */
const struct journal_state *journal_state(const struct journal *journal);

/* Writes a record with the present time, flushed, then folds it. On failure the state is unchanged:
 * do not act. */
bool journal_append(struct journal *journal, struct journal_record record, struct err *err);

/* Called after each record was written: for tests that crash at every write. NULL: none. */
void journal_set_hook(struct journal *journal, void (*hook)(void *user), void *user);

#endif
