/*
 * The commands, one const row each (command_<name>.c), and what they get: struct call. Flags are
 * enforced once, in command_run, before exec sees the call. A command either does its whole job in
 * `exec`, or names `each`, which is run for every VM that the command line means, in parallel if
 * asked, with one result table at the end (many.h). Help and README are made from these rows.
 */
#ifndef GPUPV_HOST_COMMAND_H
#define GPUPV_HOST_COMMAND_H

#include "host/exit_code.h"
#include "host/guest/store.h"
#include "host/hypervisor/hypervisor.h"
#include "common/options.h"
#include "common/ui/ui.h"

#define COMMAND_VERBS 12
#define COMMANDS_MAX  64

enum command_flag {
    COMMAND_NEEDS_ADMIN = 1 << 0,      /* exit 77 without rights; not in the simulation */
    COMMAND_READ_ONLY = 1 << 1,        /* changes nothing: takes no lock */
    COMMAND_NEEDS_HYPERVISOR = 1 << 2, /* call.hypervisor and call.store are open; exit 69 */
    COMMAND_NEEDS_VM = 1 << 3,         /* each word is a VM that must be there */
    COMMAND_NEW_VM = 1 << 4,           /* the words may name VMs that are still to be made */
    COMMAND_MANY_VMS = 1 << 5,         /* several names, patterns, --all, --parallel */
    COMMAND_ONLY_SIM = 1 << 6,         /* needs --simulate */
    COMMAND_DRY_RUN = 1 << 7,          /* has --dry-run */
    COMMAND_SETTINGS = 1 << 8,         /* words with '=' are settings, not VMs */
    COMMAND_NO_LOCK = 1 << 9,          /* takes long and is no harm to others: no lock of the VM */
    COMMAND_HIDDEN = 1 << 10,          /* not in the help */
    COMMAND_VERB_OPTIONAL = 1 << 11    /* a first word that is no verb is a word like others */
};

struct call;
struct drivers;
struct target;
struct outcome;

/* A word that must follow the command: `display restore`. */
struct command_verb {
    const char *name;
    const char *args;
    enum text_id summary;
    unsigned flags; /* more of enum command_flag with this verb */
};

struct command {
    const char *name;
    enum text_id summary;
    const char *args;                 /* "NAME..." */
    const struct option *options;     /* ended by a row without a name; NULL: none */
    const struct command_verb *verbs; /* ended by a row without a name; NULL: none */
    unsigned flags;                   /* enum command_flag */
    size_t least_words, most_words;   /* without the verb; MANY_VMS: any number */
    bool (*exec)(struct call *call, enum exit_code *ret_code, struct err *err);
    void (*each)(struct call *call, struct target *target, struct outcome *outcome);
};

/* One run of gpupv. */
struct call {
    const struct command *command;
    const struct command_verb *verb; /* NULL when the command has none */
    struct arguments args;
    const char **words; /* without the verb and the settings */
    size_t word_count;
    const char **settings; /* "key=value" */
    size_t setting_count;
    struct ui ui;
    bool simulated;
    char state[FS_PATH_BYTES]; /* DIR of --simulate, else the folder of all state */
    struct hypervisor *hypervisor;
    struct store *store;
    struct drivers *drivers; /* of the host; with the hypervisor */
};

/* All rows in the order of the help, ended by NULL. */
extern const struct command *const commands[];

/* The options that stand before or after every command; those that come with flags. */
extern const struct option command_global_options[], command_many_options[], command_dry_options[];

/* The row of a name, NULL when there is none. */
const struct command *command_find(const char *name);

/* The folder of state that the call works in: DIR of --simulate or its default, else the machine's.
 */
bool command_state(const struct arguments *args, char *out, struct err *err);

/* The shortcuts to options of a call. */
bool call_flag(const struct call *call, const char *option);
const char *call_text(const struct call *call, const char *option); /* NULL: not given */
int64_t call_number(const struct call *call, const char *option, int64_t missing);

/* Opens call->hypervisor or call->store unless they are open; for commands without
 * COMMAND_NEEDS_HYPERVISOR, which need them in the end. */
bool call_open_hypervisor(struct call *call, struct err *err);
bool call_open_store(struct call *call, struct err *err);

/* Runs a command line (argv in UTF-8) and returns the exit code. */
enum exit_code command_main(int argc, const char *const *argv);

/* Prints the help of a command, or the list of all (command NULL). */
void help_print(struct ui *ui, const struct command *command);

/* The tables of the README: commands, exit codes; appended to out as Markdown. */
void help_readme(struct buf *out, enum text_lang lang);

/* The rows. */
extern const struct command command_adopt, command_completions, command_selftest, command_key,
    command_check, command_host, command_hypervisor, command_config, command_connect,
    command_console, command_create, command_display, command_drivers, command_gpu, command_gpus,
    command_help, command_images, command_import, command_logs, command_payload, command_release,
    command_remove, command_repair, command_restart, command_screenshot, command_set,
    command_signin, command_sim, command_sim_machine, command_start, command_status, command_stop,
    command_up, command_version;

#endif
