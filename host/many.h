/*
 * Which VMs a command line means, and one piece of work on each of them: names, ids, patterns
 * (LAB-*), --all; in turn or --parallel N; one result table; a failure does not stop the rest.
 */
#ifndef GPUPV_HOST_MANY_H
#define GPUPV_HOST_MANY_H

#include "host/command.h"

#define MANY_PARALLEL_MAX 64
#define OUTCOME_BYTES     512

/* One VM as the hypervisor and the store know it. */
struct target {
    char name[VM_NAME_BYTES];
    char id[VM_ID_BYTES]; /* "" when it is still to be made */
    bool exists;          /* the hypervisor has it; vm is set */
    struct vm_info vm;
    bool managed; /* the store has it; record is set, unless broken */
    bool broken;  /* its record cannot be read; broken_why says why */
    struct err broken_why;
    struct store_vm record;
};

/* What came of the work on one VM. The functions below fill it in. */
struct outcome {
    enum exit_code code;
    struct err err;             /* set when it failed */
    char result[OUTCOME_BYTES]; /* one sentence in the user's language; "" */
    enum ui_tone tone;
    cJSON *json; /* further fields of the JSON result; owned, may be NULL */
    bool alone;  /* in: it is the only VM, so progress and detail may be shown */
    bool told;   /* out: shown already, no line needed when it is alone */
};

/* Everything that is known: the VMs of the store and those of the hypervisor, sorted by name.
 * Caller frees with free. */
bool targets_all(struct call *call,
                 struct target **ret_targets,
                 size_t *ret_count,
                 struct err *err);

/* Those that the words of the call mean. missing_ok: a name that nobody has becomes a target
 * without id. No words and no --all: ERR_USAGE, unless all_default. */
bool targets_of(struct call *call,
                bool missing_ok,
                bool all_default,
                struct target **ret_targets,
                size_t *ret_count,
                struct err *err);

/* The one VM that a word means. */
bool target_one(struct call *call, const char *word, struct target *ret_target, struct err *err);

/* Looks again, now that the VM is locked: it may have changed since it was listed. */
bool target_refresh(struct call *call, struct target *target, struct err *err);

/* Fails when gpupv does not manage the VM, or its record is broken. */
bool target_managed(const struct target *target, struct err *err);

/* Sets the outcome: done with a sentence, or failed. */
void outcome_done(struct outcome *outcome,
                  const struct ui *ui,
                  enum exit_code code,
                  enum text_id result,
                  ...) GPUPV_SENTINEL;
void outcome_failed(struct outcome *outcome, const struct err *err);

/* Runs command->each for the VMs of the call and shows what came of it. */
bool many_run(struct call *call, enum exit_code *ret_code, struct err *err);

/* True when text matches a pattern of '*' and '?', ignoring the case of ASCII letters. */
bool many_match(const char *pattern, const char *text);

#endif
