#include "guest/journal.h"

#include "common/fs.h"

#include <stdlib.h>
#include <string.h>

#define DUMP_BYTES ((size_t)256 * 1024) /* what the records of a state can take */

struct journal {
    char path[FS_PATH_BYTES]; /* "": memory only */
    struct clock *clock;
    struct journal_state state;
    bool exists; /* the file is there and whole */
    uint64_t size_bytes;
    void (*hook)(void *user);
    void *user;
};

/* Replaces the file by the records of the present state, then one more when record is not NULL. */
static bool rewrite(struct journal *journal, const struct journal_record *record, struct err *err)
{
    struct buf out;
    bool ok;

    buf_init(&out, DUMP_BYTES);
    ok = journal_dump(&journal->state, clock_wall_ms(journal->clock), &out) &&
         (!record || journal_encode(record, &out));
    if (!ok)
        err_set(err, ERR_TOO_LARGE, TEXT_JOURNAL_FULL, NULL);
    else
        ok = fs_write_atomic(journal->path, out.data, out.len, FS_PRIVATE, err);
    if (ok) {
        journal->exists = true;
        journal->size_bytes = out.len;
    }
    buf_done(&out);
    return ok;
}

/* Appends one line. A failure may have left half of it: the next write replaces the file. */
static bool append(struct journal *journal, const struct journal_record *record, struct err *err)
{
    struct buf line;
    bool ok;

    buf_init(&line, DUMP_BYTES);
    if (!journal_encode(record, &line)) {
        buf_done(&line);
        return err_set(err, ERR_TOO_LARGE, TEXT_JOURNAL_FULL, NULL);
    }
    ok = fs_append(journal->path, line.data, line.len, FS_PRIVATE, err);
    journal->exists = ok;
    journal->size_bytes += line.len;
    buf_done(&line);
    return ok;
}

static bool
write_record(struct journal *journal, const struct journal_record *record, struct err *err)
{
    if (!journal->path[0])
        return true;
    if (!journal->exists || journal->size_bytes >= JOURNAL_COMPACT_BYTES)
        return rewrite(journal, record, err);
    return append(journal, record, err);
}

bool journal_append(struct journal *journal, struct journal_record record, struct err *err)
{
    record.wall_ms = clock_wall_ms(journal->clock);
    if (!write_record(journal, &record, err))
        return false;
    journal_fold(&journal->state, &record);
    if (journal->hook)
        journal->hook(journal->user);
    return true;
}

static size_t count_lines(const char *data, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += data[i] == '\n';
    return count;
}

/* Puts a damaged file aside and starts from what stood before the damage. */
static bool start_carefully(struct journal *journal, struct err *err)
{
    struct journal_record record = {
        .event = JOURNAL_DAMAGED,
        .wall_ms = clock_wall_ms(journal->clock),
    };
    char aside[FS_PATH_BYTES];

    if (snprintf(aside, sizeof aside, "%s.bad", journal->path) >= (int)sizeof aside)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_WRITE, journal->path, NULL);
    if (!fs_rename(journal->path, aside, err))
        return false;
    journal_fold(&journal->state, &record);
    return rewrite(journal, NULL, err);
}

static bool load(struct journal *journal, struct err *ret_damage, struct err *err)
{
    enum journal_damage damage = JOURNAL_BROKEN;
    struct err why = ERR_INIT;
    size_t good = 0;
    struct buf data;
    bool ok = true;

    buf_init(&data, JOURNAL_FILE_BYTES);
    if (fs_read(journal->path, JOURNAL_FILE_BYTES, &data, &why))
        damage = journal_replay(buf_str(&data), data.len, &journal->state, &good);
    else if (why.kind == ERR_NOT_FOUND)
        goto out;
    else if (why.kind != ERR_TOO_LARGE) {
        ok = false;
        if (err)
            *err = why;
        goto out;
    }
    journal->exists = damage == JOURNAL_WHOLE;
    journal->size_bytes = good;
    if (damage == JOURNAL_TORN)
        err_set(ret_damage, ERR_BAD_INPUT, TEXT_JOURNAL_TORN, journal->path, NULL);
    if (damage == JOURNAL_BROKEN) {
        size_t lines = good ? count_lines(buf_str(&data), good) : 0;

        err_set(
            ret_damage, ERR_BAD_INPUT, TEXT_JOURNAL_BROKEN, journal->path, TEXT_NUM(lines), NULL);
        ok = start_carefully(journal, err);
    }

out:
    buf_done(&data);
    return ok;
}

bool journal_open(const char *path,
                  struct clock *clock,
                  struct journal **ret_journal,
                  struct err *ret_damage,
                  struct err *err)
{
    struct journal *journal = calloc(1, sizeof *journal);

    err_clear(ret_damage);
    if (!journal)
        return err_no_memory(err);
    journal->clock = clock;
    text_copy(journal->path, sizeof journal->path, path ? path : "");
    if (path && !load(journal, ret_damage, err)) {
        journal_free(journal);
        return false;
    }
    *ret_journal = journal;
    return true;
}

void journal_free(struct journal *journal)
{
    free(journal);
}

const struct journal_state *journal_state(const struct journal *journal)
{
    return &journal->state;
}

void journal_set_hook(struct journal *journal, void (*hook)(void *user), void *user)
{
    journal->hook = hook;
    journal->user = user;
}
