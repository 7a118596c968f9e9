/* What the commands open, and `run`: the agent on this machine until it is told to stop. */
#include "guest/agent.h"
#include "guest/command.h"
#include "guest/machine/sim/sim.h"

#include "common/log.h"

#include <string.h>

#define DISK_AGENT_FOLDER "agent" /* of a simulated disk: the agent's data */

static bool choose_folder(struct agent_call *call, const char *disk, struct err *err)
{
    const struct option_value *data = arguments_get(&call->args, "data");
    char base[FS_PATH_BYTES];

    if (data->set) {
        text_copy(call->folder, sizeof call->folder, data->text);
        return true;
    }
    if (disk)
        return fs_join(call->folder, disk, DISK_AGENT_FOLDER, err);
    if (!fs_env("ProgramData", base, sizeof base))
        return err_set(err, ERR_USAGE, TEXT_AGENT_NO_FOLDER, NULL);
    return fs_join(call->folder, base, "gpupv-agent", err);
}

bool command_open(const struct agent_command *command, struct agent_call *call, struct err *err)
{
    const char *disk = arguments_get(&call->args, "simulate")->text;

    size_t words = command->flags & AGENT_WORD ? 1 : 0;

    if (call->args.word_count > words)
        return err_set(err, ERR_USAGE, TEXT_AGENT_EXTRA_WORD, call->args.words[words], NULL);
    if (!(command->flags & (AGENT_NEEDS_MACHINE | AGENT_NEEDS_FOLDER)))
        return true;
    if (!choose_folder(call, disk, err))
        return false;
    if (!(command->flags & AGENT_NEEDS_MACHINE))
        return true;
    if (disk && command->run == command_run && arguments_get(&call->args, "boot")->set &&
        !machine_sim_boot_disk(disk, err))
        return false;
    return command_machine(call, err);
}

bool command_machine(struct agent_call *call, struct err *err)
{
    const char *disk = arguments_get(&call->args, "simulate")->text;

    if (call->machine)
        return true;
    return disk ? machine_open_sim(disk, &call->machine, err)
                : machine_open_system(&call->machine, err);
}

void command_close(struct agent_call *call)
{
    machine_free(call->machine);
    call->machine = NULL;
}

static bool parse_listen(const char *text, struct agent_options *options, struct err *err)
{
    struct link_address *address = &options->address;

    options->listens = strcmp(text, "none") != 0;
    if (strcmp(text, "hyperv") == 0) {
        address->kind = LINK_HYPERV;
        address->vm = link_vm_parent;
        address->service = link_service_id;
        return true;
    }
    if (strncmp(text, "uv:", 3) == 0 && strlen(text) - 3 < sizeof address->path && text[3]) {
        address->kind = LINK_UV;
        text_copy(address->path, sizeof address->path, text + 3);
        return true;
    }
    return !options->listens || err_set(err, ERR_USAGE, TEXT_AGENT_BAD_LISTEN, text, NULL);
}

int command_run(struct agent_call *call)
{
    const struct option_value *listen = arguments_get(&call->args, "listen");
    struct agent_options options = {.folder = call->folder, .machine = call->machine};
    bool simulated = arguments_get(&call->args, "simulate")->set;
    char path[FS_PATH_BYTES];
    int code = 2;

    if (!parse_listen(listen->set ? listen->text : "hyperv", &options, &call->err) ||
        !fs_make_dirs(call->folder, FS_PRIVATE, &call->err) ||
        !fs_join(path, call->folder, "agent.log", &call->err) || !log_open(path, &call->err))
        return code;
    options.power = simulated ? machine_sim_exit_code : NULL;
    if (!agent_run(&options, &code, &call->err))
        log_err(LOG_ERROR, "agent", "cannot run", &call->err);
    log_close();
    if (code == AGENT_EXIT_RELEASED)
        fs_remove_tree(call->folder, &call->err); /* an error is main's to tell */
    return code;
}
