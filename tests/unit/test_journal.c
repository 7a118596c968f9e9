/* The engine's memory: lines, the fold, damage, compaction. */
#include "tests/support/support.h"

#include "common/fs.h"
#include "guest/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define PATH "journal"
#define WALL INT64_C(1700000000000)

static struct clock_manual time_now;

static int setup(void **state)
{
    (void)state;
    clock_manual_init(&time_now, 1000, WALL);
    remove(PATH);
    remove(PATH ".bad");
    return 0;
}

static struct journal *open_journal(struct err *ret_damage)
{
    struct journal *journal = NULL;

    assert_true(journal_open(PATH, &time_now.base, &journal, ret_damage, NULL));
    return journal;
}

static void append(struct journal *journal, struct journal_record record)
{
    assert_true(journal_append(journal, record, NULL));
}

static void begin(struct journal *journal, enum cause cause, enum repair_id repair)
{
    append(journal,
           (struct journal_record){
               .event = JOURNAL_BEGIN, .cause = cause, .repair = repair, .detail = 43, .rung = 1});
}

static void end(struct journal *journal, enum journal_outcome outcome)
{
    append(journal, (struct journal_record){.event = JOURNAL_END, .outcome = outcome});
}

/* A journal with one failed attempt, one reboot, an undo record and a flag. */
static void fill(struct journal *journal)
{
    append(journal, (struct journal_record){.event = JOURNAL_BOOT, .text = "boot-1"});
    begin(journal, CAUSE_VDD_FAILED, REPAIR_VDD_RESTART);
    append(journal,
           (struct journal_record){.event = JOURNAL_UNDO,
                                   .repair = REPAIR_LEGACY_TASKS,
                                   .life = UNDO_AT_RELEASE,
                                   .text = "Monitor Parsec VDD State %\\ {1} \xe6\x88\x91"});
    end(journal, OUTCOME_SAME);
    begin(journal, CAUSE_CABLE_FAILED, REPAIR_REBOOT);
    end(journal, OUTCOME_REBOOT);
    append(journal, (struct journal_record){.event = JOURNAL_KEEP, .value = 1});
}

static void write_file(const char *data, size_t length)
{
    assert_true(fs_write_atomic(PATH, data, length, FS_PRIVATE, NULL));
}

static void read_file(const char *path, struct buf *out)
{
    buf_init(out, JOURNAL_FILE_BYTES);
    assert_true(fs_read(path, JOURNAL_FILE_BYTES, out, NULL));
}

static void journal_comes_back_as_it_was(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage), *again;

    (void)state;
    fill(journal);
    again = open_journal(&damage);
    assert_false(err_is_set(&damage));
    assert_memory_equal(journal_state(journal), journal_state(again), sizeof(struct journal_state));
    assert_int_equal(journal_state(again)->entries[CAUSE_VDD_FAILED].tries, 1);
    assert_int_equal(journal_state(again)->entries[CAUSE_VDD_FAILED].detail, 43);
    journal_free(journal);
    journal_free(again);
}

static void dump_folds_into_the_same_state(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage);
    struct journal_state *folded = calloc(1, sizeof *folded);
    struct buf out;
    size_t good;

    (void)state;
    fill(journal);
    begin(journal, CAUSE_VDD_MISSING, REPAIR_VDD_BIND); /* under way */
    buf_init(&out, JOURNAL_FILE_BYTES);
    assert_true(journal_dump(journal_state(journal), WALL, &out));
    assert_int_equal(journal_replay(buf_str(&out), out.len, folded, &good), JOURNAL_WHOLE);
    assert_memory_equal(journal_state(journal), folded, sizeof *folded);
    buf_done(&out);
    free(folded);
    journal_free(journal);
}

static void dump_keeps_a_reboot_under_way(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage);
    struct journal_state *folded = calloc(1, sizeof *folded);
    struct buf out;
    size_t good;

    (void)state;
    fill(journal);
    clock_manual_move(&time_now, 5000);
    begin(journal, CAUSE_VDD_NEED_RESTART, REPAIR_REBOOT);
    buf_init(&out, JOURNAL_FILE_BYTES);
    assert_true(journal_dump(journal_state(journal), WALL + 9999, &out));
    assert_int_equal(journal_replay(buf_str(&out), out.len, folded, &good), JOURNAL_WHOLE);
    assert_memory_equal(journal_state(journal), folded, sizeof *folded);
    buf_done(&out);
    free(folded);
    journal_free(journal);
}

static void empty_file_gives_one_error_and_a_careful_start(void **state)
{
    struct err damage;
    struct journal *journal;

    (void)state;
    write_file("", 0);
    journal = open_journal(&damage);
    assert_int_equal(damage.message, TEXT_JOURNAL_BROKEN);
    assert_true(journal_state(journal)->damaged_ms != 0);
    journal_free(journal);
    journal = open_journal(&damage);
    assert_false(err_is_set(&damage)); /* told once */
    assert_true(journal_state(journal)->damaged_ms != 0);
    journal_free(journal);
}

static void garbage_is_put_aside(void **state)
{
    struct err damage;
    struct journal *journal;
    struct buf bad;

    (void)state;
    write_file("\x01\x02garbage\nmore\n", 15);
    journal = open_journal(&damage);
    assert_int_equal(damage.message, TEXT_JOURNAL_BROKEN);
    read_file(PATH ".bad", &bad);
    assert_int_equal(bad.len, 15);
    buf_done(&bad);
    journal_free(journal);
}

static void file_above_the_limit_is_put_aside(void **state)
{
    char *large = calloc(1, JOURNAL_FILE_BYTES + 1);
    struct err damage;
    struct journal *journal;

    (void)state;
    memset(large, 'x', JOURNAL_FILE_BYTES + 1);
    write_file(large, JOURNAL_FILE_BYTES + 1);
    journal = open_journal(&damage);
    assert_int_equal(damage.message, TEXT_JOURNAL_BROKEN);
    journal_free(journal);
    free(large);
}

/* Cut at every byte: whole lines count, the rest is dropped, and writing goes on. */
static void every_truncation_keeps_the_whole_lines(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage);
    struct buf whole;

    (void)state;
    fill(journal);
    journal_free(journal);
    read_file(PATH, &whole);
    for (size_t length = 1; length < whole.len; length++) {
        bool at_line = whole.data[length - 1] == '\n';

        write_file((const char *)whole.data, length);
        journal = open_journal(&damage);
        assert_int_equal(err_is_set(&damage), !at_line);
        append(journal, (struct journal_record){.event = JOURNAL_KEEP, .value = 1});
        journal_free(journal);
        journal = open_journal(&damage);
        assert_false(err_is_set(&damage));
        assert_true(journal_state(journal)->keep_console);
        journal_free(journal);
    }
    buf_done(&whole);
}

/* Any changed byte is noticed. */
static void every_changed_byte_is_noticed(void **state)
{
    struct journal_state *folded = calloc(1, sizeof *folded);
    struct err damage;
    struct journal *journal = open_journal(&damage);
    struct buf whole;
    size_t good;

    (void)state;
    fill(journal);
    journal_free(journal);
    read_file(PATH, &whole);
    for (size_t i = 0; i < whole.len; i++) {
        whole.data[i] ^= 1;
        assert_int_not_equal(journal_replay((const char *)whole.data, whole.len, folded, &good),
                             JOURNAL_WHOLE);
        assert_true(good <= i);
        whole.data[i] ^= 1;
    }
    buf_done(&whole);
    free(folded);
}

/* The checksum is right, the name is not known here: an older agent reads a newer journal. */
static void names_of_a_newer_agent_change_nothing(void **state)
{
    static const char body[] = "1700000000000 begin cause=of.tomorrow repair=vdd.bind";
    struct journal_state *folded = calloc(1, sizeof *folded), *empty = calloc(1, sizeof *empty);
    char line[128];
    size_t good;
    int length = snprintf(
        line, sizeof line, "%016" PRIx64 " %s\n", (uint64_t)XXH64(body, strlen(body), 0), body);

    (void)state;
    assert_int_equal(journal_replay(line, (size_t)length, folded, &good), JOURNAL_WHOLE);
    assert_memory_equal(folded, empty, sizeof *empty);
    free(folded);
    free(empty);
}

static void large_journal_is_compacted(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage);
    struct fs_stat stat;

    (void)state;
    fill(journal);
    for (int i = 0; i < 3000; i++)
        append(journal, (struct journal_record){.event = JOURNAL_KEEP, .value = 1});
    assert_true(fs_stat(PATH, &stat, NULL));
    assert_true(stat.size_bytes < JOURNAL_COMPACT_BYTES + 1024);
    assert_int_equal(journal_state(journal)->entries[CAUSE_VDD_FAILED].tries, 1);
    journal_free(journal);
}

static void interruptions_count_as_tries_only_when_they_repeat(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage);
    const struct journal_entry *entry = &journal_state(journal)->entries[CAUSE_VDD_MISSING];

    (void)state;
    for (int i = 0; i < JOURNAL_INTERRUPTS; i++) {
        begin(journal, CAUSE_VDD_MISSING, REPAIR_VDD_BIND);
        end(journal, OUTCOME_INTERRUPTED);
    }
    assert_int_equal(entry->tries, 0);
    begin(journal, CAUSE_VDD_MISSING, REPAIR_VDD_BIND);
    end(journal, OUTCOME_INTERRUPTED);
    assert_int_equal(entry->tries, 1);
    journal_free(journal);
}

static void interrupted_repair_keeps_its_undo(void **state)
{
    struct err damage;
    struct journal *journal = open_journal(&damage);
    struct journal_record undo = {.event = JOURNAL_UNDO,
                                  .repair = REPAIR_VDD_RESTART,
                                  .life = UNDO_IF_INTERRUPTED,
                                  .text = "ROOT\\DISPLAY\\0000"};

    (void)state;
    begin(journal, CAUSE_VDD_FAILED, REPAIR_VDD_RESTART);
    append(journal, undo);
    end(journal, OUTCOME_INTERRUPTED);
    assert_string_equal(journal_state(journal)->undos[0].text, undo.text);
    begin(journal, CAUSE_VDD_FAILED, REPAIR_VDD_RESTART);
    end(journal, OUTCOME_FIXED);
    assert_int_equal(journal_state(journal)->undos[0].repair, REPAIR_NONE);
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty_file_gives_one_error_and_a_careful_start, setup),
        cmocka_unit_test_setup(garbage_is_put_aside, setup),
        cmocka_unit_test_setup(file_above_the_limit_is_put_aside, setup),
        cmocka_unit_test_setup(every_truncation_keeps_the_whole_lines, setup),
        cmocka_unit_test_setup(every_changed_byte_is_noticed, setup),
        cmocka_unit_test_setup(names_of_a_newer_agent_change_nothing, setup),
        cmocka_unit_test_setup(journal_comes_back_as_it_was, setup),
        cmocka_unit_test_setup(dump_folds_into_the_same_state, setup),
        cmocka_unit_test_setup(dump_keeps_a_reboot_under_way, setup),
        cmocka_unit_test_setup(large_journal_is_compacted, setup),
        cmocka_unit_test_setup(interruptions_count_as_tries_only_when_they_repeat, setup),
        cmocka_unit_test_setup(interrupted_repair_keeps_its_undo, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
