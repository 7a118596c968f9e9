/* What the commands open, and `run`: the agent on this machine until it is told to stop. */
#include "guest/agent.h"
#include "guest/command.h"
#include "guest/engine.h"
#include "guest/folder.h"
#include "guest/install.h"
#include "guest/machine/sim/sim.h"

#include "common/log.h"

#include <string.h>

#define DISK_AGENT_FOLDER "agent" /* of a simulated disk: the agent's data */

/* Whoever names neither data nor disk means those of the installed service. */
static void take_installed(struct agent_call *call)
{
    struct install_state state;

    if (!install_look(&state, NULL) || state.service == INSTALL_ABSENT)
        return;
    text_copy(call->disk, sizeof call->disk, state.disk);
    text_copy(call->folder, sizeof call->folder, state.data);
}

bool command_folder(struct agent_call *call, struct err *err)
{
    const char *disk = arguments_get(&call->args, "simulate")->text;
    const char *data = arguments_get(&call->args, "data")->text;

    text_copy(call->disk, sizeof call->disk, disk ? disk : "");
    text_copy(call->folder, sizeof call->folder, data ? data : "");
    if (!disk && !data)
        take_installed(call);
    if (call->folder[0])
        return true;
    return call->disk[0] ? fs_join(call->folder, call->disk, DISK_AGENT_FOLDER, err)
                         : folder_data(call->folder, err);
}

bool command_open(const struct agent_command *command, struct agent_call *call, struct err *err)
{

    size_t words = command->flags & AGENT_WORD ? 1 : 0;

    if (call->args.word_count > words)
        return err_set(err, ERR_USAGE, TEXT_AGENT_EXTRA_WORD, call->args.words[words], NULL);
    if (!(command->flags & (AGENT_NEEDS_MACHINE | AGENT_NEEDS_FOLDER)))
        return true;
    if (!command_folder(call, err))
        return false;
    if (!(command->flags & AGENT_NEEDS_MACHINE))
        return true;
    if (call->disk[0] && command->run == command_run && arguments_get(&call->args, "boot")->set &&
        !machine_sim_boot_disk(call->disk, err))
        return false;
    return command_machine(call, err);
}

bool command_machine(struct agent_call *call, struct err *err)
{
    if (call->machine)
        return true;
    return call->disk[0] ? machine_open_sim(call->disk, &call->machine, err)
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

static int run_agent(struct agent_call *call, struct agent_control *control)
{
    const struct option_value *listen = arguments_get(&call->args, "listen");
    struct agent_options options = {
        .folder = call->folder, .machine = call->machine, .control = control};
    char path[FS_PATH_BYTES];
    int code = 2;

    if (!parse_listen(listen->set ? listen->text : "hyperv", &options, &call->err) ||
        !fs_make_dirs(call->folder, FS_PRIVATE, &call->err) ||
        !fs_join(path, call->folder, "agent.log", &call->err) || !log_open(path, &call->err))
        return code;
    options.power = call->disk[0] ? machine_sim_exit_code : NULL;
    if (!agent_run(&options, &code, &call->err))
        log_err(LOG_ERROR, "agent", "cannot run", &call->err);
    log_close();
    if (code == AGENT_EXIT_RELEASED)
        fs_remove_tree(call->folder, &call->err); /* an error is main's to tell */
    return code;
}

int command_run(struct agent_call *call)
{
    return run_agent(call, NULL);
}

int command_agent_serve(struct agent_call *call, struct agent_control *control)
{
    int code;

    do {
        code = 2;
        if (command_machine(call, &call->err))
            code = run_agent(call, control);
        command_close(call);
    } while (call->disk[0] && code == SIM_EXIT_REBOOT &&
             machine_sim_boot_disk(call->disk, &call->err));
    return code;
}

bool command_rescue_console(const struct agent_call *call, struct err *err)
{
    struct agent_call own = *call;
    bool ok;

    own.machine = NULL;
    ok = command_machine(&own, err) && engine_rescue_console(own.machine, err);
    command_close(&own);
    return ok;
}
