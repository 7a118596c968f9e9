/*
 * Ports: Windows services, processes and scheduled tasks. Blocking; job threads only. Facts:
 * guest.md sections 1.1, 6.1, 6.3.
 */
#ifndef GPUPV_MACHINE_SERVICES_H
#define GPUPV_MACHINE_SERVICES_H

#include "common/err.h"

#include <stdint.h>

#define SERVICE_NAME_BYTES 64
#define PROCESS_ARGS       16
#define TASK_NAME_BYTES    128

/* Not SERVICE_RUNNING and the like: those are macros of windows.h with other values. */
enum service_state {
    SERVICE_STATE_ABSENT,
    SERVICE_STATE_STOPPED,
    SERVICE_STATE_PENDING,
    SERVICE_STATE_RUNNING
};
enum service_start { SERVICE_START_AUTO, SERVICE_START_MANUAL, SERVICE_START_DISABLED };

struct service_status {
    enum service_state state;
    enum service_start start;
};

struct services_port;

struct services_ops {
    /* State and start type; a missing service is true with SERVICE_STATE_ABSENT. */
    bool (*query)(struct services_port *port,
                  const char *name,
                  struct service_status *ret_status,
                  struct err *err);
    /* Starts it and waits until it runs, wait_ms at most. Running already: true. */
    bool (*start)(struct services_port *port, const char *name, int64_t wait_ms, struct err *err);
    /* Stops it and waits until it is down, wait_ms at most. Not running: true. */
    bool (*stop)(struct services_port *port, const char *name, int64_t wait_ms, struct err *err);
    /* Changes how it starts, not its present state. */
    bool (*set_start)(struct services_port *port,
                      const char *name,
                      enum service_start start,
                      struct err *err);
};

struct services_port {
    const struct services_ops *ops;
};

/* A program to run to its end: never through a shell, in a job that dies with it. */
struct process_run {
    const char *path;               /* absolute */
    const char *args[PROCESS_ARGS]; /* ended by NULL; quoted by the port */
    const char *folder;             /* working folder, NULL: that of path */
    int64_t deadline_ms;            /* killed with its children after that */
    /* What must be true of the file while it runs (design, Trust); checked with the file held open.
     * NULL: a program of Windows itself. */
    const char *sha256;     /* 64 hex digits */
    const char *publishers; /* allowed publishers, separated by '|', compared without case */
};

struct process_result {
    int32_t exit_code;
    bool timed_out;
};

struct processes_port;

struct processes_ops {
    /* How many processes run the executable of this file name ("parsecd.exe"). */
    bool (*count)(struct processes_port *port,
                  const char *name,
                  unsigned *ret_count,
                  struct err *err);
    /* Ends all of them. */
    bool (*terminate)(struct processes_port *port, const char *name, struct err *err);
    bool (*run)(struct processes_port *port,
                const struct process_run *run,
                struct process_result *ret_result,
                struct err *err);
};

struct processes_port {
    const struct processes_ops *ops;
};

struct task {
    char name[TASK_NAME_BYTES]; /* in the root folder of the scheduler */
    bool present, enabled;
};

struct tasks_port;

struct tasks_ops {
    /* One task of the root folder; a missing one is true with present = false. */
    bool (*query)(struct tasks_port *port,
                  const char *name,
                  struct task *ret_task,
                  struct err *err);
    /* Stops and disables or enables again. */
    bool (*set_enabled)(struct tasks_port *port, const char *name, bool enabled, struct err *err);
};

struct tasks_port {
    const struct tasks_ops *ops;
};

#endif
