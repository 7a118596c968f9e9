/*
 * Running a program to its end: checked and held open (trust), never through a shell, with no
 * handle of ours, its temporary files in a folder that only administrators can write, and in a job
 * that ends with us. Blocking; one thread at a time.
 */
#ifndef GPUPV_WINDOWS_PROCESS_RUN_WIN32_H
#define GPUPV_WINDOWS_PROCESS_RUN_WIN32_H

#include "guest/machine/services.h"

/* processes_ops.run: waits for the program and for what it started, which installers that go on in
 * a copy of themselves need; kills all of it at the deadline. */
bool process_run_to_end(const struct process_run *run,
                        struct process_result *ret_result,
                        struct err *err);

/* A job whose processes die with the last handle of it; NULL and err. */
void *process_job_new(const char *what, struct err *err);

#endif
