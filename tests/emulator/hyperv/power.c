/* RequestStateChange. Facts: hyperv-wmi.md §15, §22 (traps 19, 20, 26). */
#include "machine.h"

#include "hyperv.h"
#include "resource.h"

#include <stdlib.h>
#include <string.h>

enum {
    ASK_START = 2,
    ASK_OFF = 3,
    ASK_SHUTDOWN = 4,
    ASK_SAVE = 6,
    ASK_PAUSE = 9,
    ASK_REBOOT = 10,
    ASK_RESET = 11
};

/* What may be asked in which state, and where it leads. */
static const struct {
    uint16_t asked, from, to;
} changes[] = {
    {ASK_START, POWER_OFF, POWER_RUNNING},
    {ASK_START, POWER_SAVED, POWER_RUNNING},
    {ASK_START, POWER_PAUSED, POWER_RUNNING},
    {ASK_OFF, POWER_RUNNING, POWER_OFF},
    {ASK_OFF, POWER_PAUSED, POWER_OFF},
    {ASK_SHUTDOWN, POWER_RUNNING, POWER_OFF},
    {ASK_SAVE, POWER_RUNNING, POWER_SAVED},
    {ASK_SAVE, POWER_PAUSED, POWER_SAVED},
    {ASK_PAUSE, POWER_RUNNING, POWER_PAUSED},
    {ASK_REBOOT, POWER_RUNNING, POWER_RUNNING},
    {ASK_RESET, POWER_RUNNING, POWER_RUNNING},
    {ASK_RESET, POWER_PAUSED, POWER_RUNNING},
};

/* The state that follows, 0 when it cannot be asked now; *ret_known when it can be asked at all. */
static int next_state(int asked, int from, bool *ret_known)
{
    int to = 0;

    *ret_known = false;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        *ret_known |= changes[i].asked == asked;
        if (changes[i].asked == asked && changes[i].from == from)
            to = changes[i].to;
    }
    return to;
}

static DWORD request(struct invocation *call)
{
    const cJSON *asked = cJSON_GetObjectItem(call->in, "RequestedState");
    const char *vm = row_text(call->target, "Name");
    bool known = false;
    cJSON *args;
    int to;

    if (!row_is(call->target, "Msvm_ComputerSystem") || memo(call->target, "host", 0) != 0)
        return UNSUPPORTED;
    if (!asked) /* TimeoutPeriod is not used */
        return BAD_PARAMETER;
    to = next_state(asked->valueint, machine_state(vm), &known);
    if (!known)
        return BAD_PARAMETER;
    if (!to || job_busy(vm) || memo(call->target, "next_at", 0) > 0)
        return BAD_STATE;
    args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "vm", vm);
    cJSON_AddNumberToObject(args, "asked", asked->valueint);
    cJSON_AddNumberToObject(args, "to", to);
    return job_submit(call, "RequestStateChange", args);
}

static int number_of(const cJSON *args, const char *name)
{
    return cJSON_GetObjectItem(args, name)->valueint;
}

static const char *vm_of(const cJSON *args)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(args, "vm"));
}

/* While a job works, the machine says what it is about to be. */
static void begin(const cJSON *args)
{
    cJSON *vm = machine_find(vm_of(args));

    memo_set(vm, "before", (double)row_number(vm, "EnabledState", 0));
    row_set_number(vm, "RequestedState", number_of(args, "asked"));
    row_set(vm, "OperationalStatus", "11");
    if (number_of(args, "to") == POWER_SAVED) {
        row_set_number(vm, "EnabledState", POWER_OTHER);
        row_set(vm, "OtherEnabledState", "Saving");
    } else if (number_of(args, "asked") == ASK_START && memo(vm, "booted", 0) <= 0)
        row_set_number(vm, "EnabledState", POWER_STARTING);
}

static void failed(const cJSON *args)
{
    cJSON *vm = machine_find(vm_of(args));

    if (!vm)
        return;
    row_set_number(vm, "EnabledState", (int64_t)memo(vm, "before", POWER_OFF));
    row_set(vm, "OtherEnabledState", NULL);
    row_set(vm, "OperationalStatus", "2");
}

/* A state that comes a little behind the job. */
static void enter_later(const char *id, int state)
{
    cJSON *vm = machine_find(id);
    DWORD lag = emulator_setting("StateLagMs", 30);

    if (!lag) {
        machine_enter(id, state);
        return;
    }
    memo_set(vm, "next", state);
    memo_set(vm, "next_at", (double)(emulator_now() + lag));
}

static bool start_again(const char *id, const char *word)
{
    cJSON *vm = machine_find(id);

    machine_enter(id, POWER_RUNNING);
    memo_set(vm, "booted", (double)emulator_now());
    hook_run("StartHook", word, id);
    return true;
}

static bool run(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const char *id = vm_of(args);
    cJSON *vm = machine_find(id);
    int asked = number_of(args, "asked"), to = number_of(args, "to");
    char *path;

    if (!vm)
        return job_fail(failure, BAD_STATE, "The machine is gone");
    path = row_path(vm);
    cJSON_AddItemToArray(affected, cJSON_CreateString(path));
    free(path);
    if (asked == ASK_START && memo(vm, "booted", 0) <= 0 && !start_check(vm, failure))
        return false;
    if (asked == ASK_SAVE && gpu_in_use(id))
        return job_fail(
            failure,
            FAILED_CODE,
            "The operation cannot be performed while the virtual machine is assigned one or "
            "more GPUP partitions.");
    if (asked == ASK_RESET)
        return start_again(id, "reset");
    if (asked == ASK_SHUTDOWN || asked == ASK_REBOOT) {
        if (machine_heartbeat(vm) != 2)
            return job_fail(failure, FAILED_CODE, "The guest does not answer");
        machine_ask(id, asked == ASK_REBOOT ? "reboot" : "shutdown");
        row_set(vm, "OperationalStatus", "2");
        return true;
    }
    enter_later(id, to);
    return true;
}

const struct method_row machine_methods[] = {
    {"CIM_EnabledLogicalElement", "RequestStateChange", request},
    {0},
};

const struct job_kind machine_jobs[] = {
    {.name = "RequestStateChange",
     .class = "Msvm_ConcreteJob",
     .type = 12,
     .slow = true,
     .run = run,
     .begin = begin,
     .failed = failed},
    {0},
};
