/* Work that a method starts: done at once, or by a job that takes its time. Everything that fails
 * while working fails in a job, also where success comes at once. */
#ifndef GPUPV_TESTS_HYPERV_JOB_H
#define GPUPV_TESTS_HYPERV_JOB_H

#include "method.h"

/* What a piece of work says when it failed. */
struct failure {
    DWORD code;
    char text[256];
};

struct job_kind {
    const char *name;   /* of the method */
    const char *class;  /* Msvm_ConcreteJob, Msvm_StorageJob */
    const char *output; /* output argument that gets what was made, NULL */
    uint16_t type;      /* JobType */
    bool slow;          /* usually a job, see setting Jobs */
    /* Does it; args is what the handler gave. Appends paths of what it made or changed to affected.
     * false: failure is set; what it did is undone by the caller. */
    bool (*run)(const cJSON *args, cJSON *affected, struct failure *failure);
    /* Right away when a job begins, before run; NULL: nothing. */
    void (*begin)(const cJSON *args);
    /* When the job failed, after everything was undone; NULL: nothing. */
    void (*failed)(const cJSON *args);
};

/* Every kind by its name; each table ends with a row without name. */
extern const struct job_kind machine_jobs[], settings_jobs[], security_jobs[], image_jobs[],
    snapshot_jobs[], component_jobs[];

/* Sets a failure; returns false. */
bool job_fail(struct failure *failure, DWORD code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs or starts the work of that name, and fills Job and the output of the call. Takes args, which
 * may name the machine it works on ("vm"): it is busy until the job ends. Returns the ReturnValue.
 */
DWORD job_submit(struct invocation *call, const char *name, cJSON *args);

/* Whether a job still works on the machine with that id. */
bool job_busy(const char *vm);

/* Finishes jobs that are due and forgets old ones. */
void job_tick(void);

/* What a job's row looks like now. */
void job_live(const cJSON *row, cJSON *properties);

#endif
