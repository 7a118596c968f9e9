/* sim-machine: the hidden process of one simulated machine; started by the simulated hypervisor. */
#include "host/command.h"

#include "common/json.h"
#include "common/log.h"
#include "host/hypervisor/sim_state.h"

#define NOTE_BYTES (64 * 1024)

/* Leaves what went wrong where the command that started us looks for it. */
static void leave_note(const struct call *call, const struct err *why)
{
    cJSON *json = err_to_json(why);
    char path[FS_PATH_BYTES];
    struct buf text;

    buf_init(&text, NOTE_BYTES);
    if (sim_vm_exists(call->state, call->words[0]) && json && json_write(json, &text) &&
        sim_path(call->state, call->words[0], "failed.json", path, NULL))
        fs_write_atomic(path, text.data, text.len, FS_PRIVATE, NULL);
    buf_done(&text);
    cJSON_Delete(json);
}

static bool sim_machine_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    char agent[FS_PATH_BYTES];
    struct err why = ERR_INIT;

    *ret_code = CODE_OK;
    if (sim_agent_path(agent, &why) && sim_machine_run(call->state, call->words[0], agent, &why))
        return true;
    log_err(LOG_ERROR, "machine", "the simulated machine stopped", &why);
    leave_note(call, &why);
    if (err)
        *err = why;
    return false;
}

const struct command command_sim_machine = {
    .name = "sim-machine",
    .summary = TEXT_HELP_SIM_MACHINE,
    .args = "ID",
    .flags = COMMAND_HIDDEN | COMMAND_ONLY_SIM,
    .least_words = 1,
    .most_words = 1,
    .exec = sim_machine_exec,
};
