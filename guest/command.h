/*
 * The commands of gpupv-agent: rows are in main.c. What a command gets is a struct call with parsed
 * options, the terminal, and (AGENT_NEEDS_MACHINE) the machine. A command returns its exit code, or
 * sets call->err and lets main say it.
 */
#ifndef GPUPV_GUEST_COMMAND_H
#define GPUPV_GUEST_COMMAND_H

#include "common/fs.h"
#include "common/options.h"
#include "common/ui/table.h"
#include "common/ui/ui.h"

enum agent_command_flag {
    AGENT_NEEDS_MACHINE = 1 << 0, /* call->machine and call->folder are there */
    AGENT_RAW = 1 << 1,           /* parses its own words (sim) */
    AGENT_NEEDS_FOLDER = 1 << 2,  /* call->folder is there */
    AGENT_WORD = 1 << 3,          /* takes one word; its absence is the command's to tell */
    AGENT_HIDDEN = 1 << 4         /* not in the help: nobody types it */
};

struct agent_control;
struct engine_step;
struct health;
struct local_client;
struct machine;

struct agent_call {
    struct arguments args;
    struct ui ui;
    struct machine *machine;
    char folder[FS_PATH_BYTES]; /* the agent's data */
    char disk[FS_PATH_BYTES];   /* of the simulated machine, "": this computer */
    struct err err;
};

struct agent_command {
    const char *name;
    enum text_id summary;
    const struct option *options; /* NULL: none of its own */
    unsigned flags;               /* enum agent_command_flag */
    int (*run)(struct agent_call *call);
};

/* Opens what the row's flags ask for. */
bool command_open(const struct agent_command *command, struct agent_call *call, struct err *err);

/* Chooses call->folder by the options. */
bool command_folder(struct agent_call *call, struct err *err);

/* Opens call->machine when it is not open yet: for commands that may find that a running agent does
 * their work. */
bool command_machine(struct agent_call *call, struct err *err);

/* Connects to the agent that runs on call->folder; *ret_client is NULL when none does. False (with
 * call->err) when there is one that cannot be asked. */
bool command_agent(struct agent_call *call, struct local_client **ret_client);

/* Asks a running agent for a report; `refresh`: after a fresh look at everything. */
bool command_agent_health(struct agent_call *call,
                          struct local_client *client,
                          bool refresh,
                          struct health *ret_health);

/* Shows a report with what was done (count steps) and returns the exit code of its level. */
int command_show(struct agent_call *call,
                 const char *schema,
                 const struct health *health,
                 const struct engine_step *steps,
                 size_t count);

/* Closes what command_open opened. */
void command_close(struct agent_call *call);

/* The agent itself, until it is told to stop. */
int command_run(struct agent_call *call);

/* The same for the service, which `control` stops from another thread: opens and closes the
 * machine, and plays the hardware of a simulated one, which restarts when it asks for it. */
int command_agent_serve(struct agent_call *call, struct agent_control *control);

/* Gives the console back while the agent's own thread is busy, over a machine of its own. */
bool command_rescue_console(const struct agent_call *call, struct err *err);

/* Makes the agent a service of this computer, and takes it away again. */
int command_install(struct agent_call *call);
int command_uninstall(struct agent_call *call);

/* The process that Windows' service manager started; ERR_UNSUPPORTED for anybody else. */
int command_service(struct agent_call *call);

/* What the agent last found, and whether it runs at all; nothing is changed. */
int command_status(struct agent_call *call);

/* One look at everything; nothing is changed. */
int command_check(struct agent_call *call);

/* Passes until nothing is left to do now. */
int command_repair(struct agent_call *call);

/* Asks this machine what the agent takes for granted; nothing is changed. 1 when something is
 * otherwise. */
int command_selftest(struct agent_call *call);

/* The code of a command line in the form of pair_code_parse, into ret_code (PAIR_CODE_BYTES):
 * `word` itself, or a line of the standard input for "-". NULL is ERR_USAGE. */
bool pair_read_code(const char *word, char *ret_code, struct err *err);

/* Lets a host in that shows the code of the command line. */
int command_pair(struct agent_call *call);

#endif
