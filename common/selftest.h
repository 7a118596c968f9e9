/*
 * Self-test: what the program takes for granted of the machine that it runs on and that only such a
 * machine can confirm. Each program has one const table of probes; a probe asks one thing and only
 * reads. This file runs a table, shows it to a person or as JSON, and writes a report that can be
 * sent to somebody: it holds no names of people and no secrets, and probes give no such evidence.
 *
 * An outcome is `unknown` where the machine cannot answer (nobody is connected, another system).
 * Blocking; one thread.
 */
#ifndef GPUPV_SELFTEST_H
#define GPUPV_SELFTEST_H

#include "common/ui/ui.h"

enum selftest_outcome { SELFTEST_UNKNOWN, SELFTEST_CONFIRMED, SELFTEST_REFUTED, SELFTEST_OUTCOMES };

struct selftest_answer {
    enum selftest_outcome outcome;
    struct err evidence; /* what was seen, or why nothing was: a sentence with its arguments */
};

struct selftest_probe {
    const char *id;     /* stable: "gpu.driver_version" */
    enum text_id title; /* what is taken for granted, as a statement */
    const char *source; /* where it comes from: "guest.md 8" */
    /* Asks. An answer that is left alone means that the machine cannot tell. */
    void (*run)(void *user, struct selftest_answer *ret_answer);
};

struct selftest {
    const char *schema; /* of the JSON document: "agent.selftest" */
    const struct selftest_probe *rows;
    size_t count;
    const char
        *system; /* what the machine is ("Windows 10.0.26100.4946"), for the report; NULL: - */
};

/* Setters for probes; the arguments are const char *, ended by NULL. */
void selftest_confirm(struct selftest_answer *answer, enum text_id evidence, ...) GPUPV_SENTINEL;
void selftest_refute(struct selftest_answer *answer, enum text_id evidence, ...) GPUPV_SENTINEL;

/* The machine cannot answer, and why not. */
void selftest_unknown(struct selftest_answer *answer, enum text_id evidence, ...) GPUPV_SENTINEL;

/* The same for what failed: "not on this machine" and "not there" leave the question open, other
 * errors refute it. */
void selftest_failed(struct selftest_answer *answer, const struct err *why);

/* A probe of both programs: Hyper-V sockets of this machine, from this machine. user is not used.
 */
void selftest_loopback(void *user, struct selftest_answer *ret_answer);

/* Stable name of an outcome ("confirmed"). */
const char *selftest_outcome_name(enum selftest_outcome outcome);

/* Runs every probe with `user`, shows the answers on ui, and writes them as JSON to report_path,
 * which NULL leaves out. *ret_refuted is the number of refuted probes. */
bool selftest_run(const struct selftest *test,
                  void *user,
                  struct ui *ui,
                  const char *report_path,
                  unsigned *ret_refuted,
                  struct err *err);

#endif
