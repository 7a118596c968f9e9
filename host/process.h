/*
 * Processes that the simulation starts: the hidden virtual machine process, which outlives the
 * command that started it, and below it the agent, which must not outlive the machine. Also short
 * programs that run to their end with their output read, and the number of a machine process that
 * is asked to look at its requests. Blocking; any thread, but process_serve and process_child_wait
 * belong to the main thread of a machine process. Programs are started without a shell.
 */
#ifndef GPUPV_HOST_PROCESS_H
#define GPUPV_HOST_PROCESS_H

#include "common/buf.h"
#include "common/err.h"

#define PROCESS_OUTPUT_BYTES ((size_t)8 << 20) /* of process_run; more is ERR_TOO_LARGE */

/* Starts a program that outlives us, without a console and without our handles. args ends with
 * NULL and begins with the program's name. It has no input and no output. */
bool process_start_detached(const char *path,
                            const char *const *args,
                            int64_t *ret_pid,
                            struct err *err);

/* Told what a program printed, as it comes, and a few times a second with nothing; returning false
 * with err ends the program. */
typedef bool (*process_output)(const void *bytes, size_t length, void *user, struct err *err);

/* Runs a program to its end; what it prints on its standard output and standard error goes to
 * output. */
bool process_watch(const char *path,
                   const char *const *args,
                   process_output output,
                   void *user,
                   int *ret_code,
                   struct err *err);

/* Runs a program to its end; what it prints on its standard output goes to out, its standard error
 * too. After deadline_ms it is killed: ERR_TIMEOUT. */
bool process_run(const char *path,
                 const char *const *args,
                 int64_t deadline_ms,
                 struct buf *out,
                 int *ret_code,
                 struct err *err);

/* The number of this process. */
int64_t process_self(void);

/* Makes this process reachable by process_notice under token (letters, digits, '-'). Call once,
 * first. */
bool process_serve(const char *token, struct err *err);

/* Wakes the process_child_wait of the process that serves token and has this number. Not there any
 * more: true. */
bool process_notice(int64_t pid, const char *token, struct err *err);

/* Ends a process that cannot defend itself, at once. Not there any more: true. */
bool process_kill(int64_t pid, struct err *err);

struct process_child;

enum process_event { PROCESS_EXITED, PROCESS_NOTICED, PROCESS_TIMEOUT };

/* Starts a program that dies with this process, however this process ends. Its output is appended
 * to log_path. */
bool process_child_start(const char *path,
                         const char *const *args,
                         const char *log_path,
                         struct process_child **ret_child,
                         struct err *err);

/* Waits until the child ends, somebody noticed us, or timeout_ms (-1: none) passed. child may be
 * NULL. The exit code of a child that a signal ended is 128 + the signal. */
bool process_child_wait(struct process_child *child,
                        int64_t timeout_ms,
                        enum process_event *ret_event,
                        int *ret_code,
                        struct err *err);

/* The child's number, 0 for NULL. */
int64_t process_child_id(const struct process_child *child);

/* Asks the child to end by itself (as a shutdown of its Windows would). */
void process_child_ask(struct process_child *child);

/* Kills a child that still runs, waits for its end and frees; NULL is fine. */
void process_child_free(struct process_child *child);

#endif
