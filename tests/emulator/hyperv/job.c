/* See job.h. Facts: hyperv-wmi.md §4 (MicrosoftDocs, Msvm_ConcreteJob). */
#include "job.h"

#include "clock_text.h"
#include "hyperv.h"
#include "text.h"
#include "value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATE_STARTING = 3,
    STATE_RUNNING = 4,
    STATE_COMPLETED = 7,
    STATE_TERMINATED = 8,
    STATE_KILLED = 9,
    STATE_EXCEPTION = 10
};
enum { AT_ONCE, ALWAYS, USUAL, IN_TURNS };

static const struct job_kind *kind_of(const char *name)
{
    const struct job_kind *const tables[] = {
        machine_jobs, settings_jobs, security_jobs, image_jobs, snapshot_jobs, component_jobs};

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct job_kind *kind = tables[i]; kind->name; kind++)
            if (!strcmp(kind->name, name))
                return kind;
    emulator_fail("no work %s", name);
}

bool job_fail(struct failure *failure, DWORD code, const char *format, ...)
{
    va_list arguments;

    failure->code = code;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    return false;
}

/* Pieces of work are counted, so that a test can have one of them fail. */
static DWORD planned_fault(const char *name)
{
    DWORD fault = state_fault(HYPERV_KEY "\\jobfault", name);
    DWORD number = state_number(HYPERV_KEY, "Works", 0) + 1;

    state_set_number(HYPERV_KEY, "Works", number);
    state_log("hyperv", "- work %lu %s", (unsigned long)number, name);
    if (number == emulator_setting("FailJob", 0))
        fault = emulator_setting("FailJobCode", FAILED_CODE);
    return fault;
}

/* Runs the work; what failed has changed nothing. */
static bool
run(const struct job_kind *kind, const cJSON *args, cJSON *affected, struct failure *failure)
{
    DWORD fault = planned_fault(kind->name);
    cJSON *copy, *kept;

    if (fault)
        return job_fail(failure, fault, "a fault of the test");
    copy = store_copy();
    kept = cJSON_Duplicate(args, true); /* args may lie in the state that is undone */
    if (kind->run(kept, affected, failure)) {
        cJSON_Delete(kept);
        store_keep(copy);
        return true;
    }
    cJSON_Delete(kept);
    store_undo(copy);
    return false;
}

/* The job's row is found anew: undoing a failure has replaced all rows. */
static cJSON *job_row(const char *id)
{
    return store_find("CIM_ConcreteJob", "InstanceID", id);
}

static void end(cJSON *job, int state, const struct failure *failure, cJSON *affected)
{
    char *now = clock_text(0);

    row_set_number(job, "JobState", state);
    row_set_number(job, "PercentComplete", 100);
    row_set(job, "TimeOfLastStateChange", now);
    free(now);
    row_set_json(job, "OperationalStatus", NULL);
    row_set(job, "OperationalStatus", state == STATE_COMPLETED ? "2" : "6");
    if (failure) {
        /* in Chinese, "the operation failed" */
        const char *text = emulator_setting("Language", 0)
                               ? "\xE6\x93\x8D\xE4\xBD\x9C\xE5\xA4\xB1\xE8\xB4\xA5\xE3\x80\x82"
                               : failure->text;

        row_set_number(job, "ErrorCode", failure->code);
        row_set(job, "ErrorDescription", text);
        row_set(job, "ErrorSummaryDescription", text);
        row_set(job, "JobStatus", text);
    } else {
        row_set_number(job, "ErrorCode", 0);
        row_set(job, "JobStatus", "Job is complete");
    }
    memo_set_json(job, "affected", affected);
    memo_set(job, "ended", (double)emulator_now());
}

static void finish(const char *id)
{
    cJSON *job = job_row(id), *args = cJSON_Duplicate(cJSON_GetObjectItem(job, "args"), true);
    const struct job_kind *kind = kind_of(memo_text(job, "kind"));
    cJSON *affected = cJSON_CreateArray();
    struct failure failure = {0};

    if (cJSON_GetObjectItem(job, "failure")) { /* it was tried already */
        failure.code = (DWORD)memo(job, "failure", 0);
        snprintf(failure.text, sizeof(failure.text), "%s", memo_text(job, "why"));
    } else
        run(kind, args, affected, &failure);
    if (failure.code && kind->failed)
        kind->failed(args);
    end(job_row(id),
        failure.code ? STATE_EXCEPTION : STATE_COMPLETED,
        failure.code ? &failure : NULL,
        affected);
    state_log(
        "hyperv", "- job %s %s: %lu %s", kind->name, id, (unsigned long)failure.code, failure.text);
    cJSON_Delete(args);
}

static DWORD duration(const char *name)
{
    char key[128];

    snprintf(key, sizeof(key), "Ms%s", name);
    return state_number(HYPERV_KEY "\\jobs", key, emulator_setting("JobMs", 40));
}

static cJSON *job_new(const struct job_kind *kind, cJSON *args)
{
    cJSON *job = store_add(kind->class);
    char *id = emulator_guid(), *now = clock_text(0);
    uint64_t ms = emulator_now();

    row_set(job, "InstanceID", id);
    row_set_all(
        job,
        "Caption=Job;JobState=4;PercentComplete=0;Cancellable=FALSE;ErrorCode=0;HealthState=5;"
        "OperationalStatus=2;DeleteOnCompletion=FALSE;JobStatus=Job is running;"
        "TimeBeforeRemoval=00000000000500.000000:000");
    row_set(job, "ElementName", kind->name);
    row_set(job, "Name", kind->name);
    row_set_number(job, "JobType", kind->type);
    row_set(job, "TimeSubmitted", now);
    row_set(job, "StartTime", now);
    memo_set_text(job, "kind", kind->name);
    memo_set_json(job, "args", args);
    memo_set(job, "began", (double)ms);
    memo_set(job, "due", (double)(ms + duration(kind->name)));
    free(id);
    free(now);
    return job;
}

static bool starts_job(const struct job_kind *kind)
{
    DWORD how = state_number(HYPERV_KEY "\\jobs", kind->name, emulator_setting("Jobs", USUAL));
    double turns;

    if (how == USUAL)
        return kind->slow;
    if (how != IN_TURNS)
        return how == ALWAYS;
    turns = memo(store_root(), "turns", 0);
    memo_set(store_root(), "turns", turns + 1);
    return (int)turns % 2 == 1;
}

static DWORD answer_with_job(struct invocation *call, const cJSON *job)
{
    char *path = row_path(job);

    cJSON_AddStringToObject(call->out, "Job", path);
    free(path);
    return STARTED;
}

static void put_output(struct invocation *call, const struct job_kind *kind, cJSON *affected)
{
    bool list = false;

    for (size_t i = 0; kind->output && i < call->method->count; i++)
        if (call->method->arguments[i].output &&
            !strcmp(call->method->arguments[i].name, kind->output))
            list = (call->method->arguments[i].type & CIM_FLAG_ARRAY) != 0;
    if (kind->output && list)
        cJSON_AddItemToObject(call->out, kind->output, affected);
    else if (kind->output && affected->child) {
        cJSON_AddStringToObject(call->out, kind->output, affected->child->valuestring);
        cJSON_Delete(affected);
    } else
        cJSON_Delete(affected);
}

DWORD job_submit(struct invocation *call, const char *name, cJSON *args)
{
    const struct job_kind *kind = kind_of(name);
    cJSON *affected, *job;
    struct failure failure = {0};

    if (starts_job(kind)) {
        if (kind->begin)
            kind->begin(args);
        return answer_with_job(call, job_new(kind, args));
    }
    affected = cJSON_CreateArray();
    if (kind->begin)
        kind->begin(args);
    if (run(kind, args, affected, &failure)) {
        put_output(call, kind, affected);
        cJSON_Delete(args);
        return DONE;
    }
    cJSON_Delete(affected);
    job = job_new(kind, args);
    memo_set(job, "failure", failure.code);
    memo_set_text(job, "why", failure.text);
    return answer_with_job(call, job);
}

static bool is_running(const cJSON *job)
{
    return row_number(job, "JobState", 0) == STATE_RUNNING;
}

bool job_busy(const char *vm)
{
    cJSON *job = NULL;

    while ((job = store_next("CIM_ConcreteJob", job))) {
        const char *on =
            cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(job, "args"), "vm"));

        if (on && is_running(job) && !_stricmp(on, vm))
            return true;
    }
    return false;
}

/* vmms died: nobody knows its jobs any more, and what they were about was done or not. */
static void forget_all(bool done)
{
    cJSON *job;

    while ((job = store_next("CIM_ConcreteJob", NULL))) {
        char *id = emulator_copy(row_text(job, "InstanceID"));

        if (is_running(job) && done)
            finish(id);
        else if (is_running(job) && kind_of(memo_text(job, "kind"))->failed)
            kind_of(memo_text(job, "kind"))->failed(cJSON_GetObjectItem(job, "args"));
        store_remove(job_row(id));
        free(id);
    }
}

static void notice_restart(void)
{
    double until = emulator_setting("DownUntil", 0);

    if (until <= 0 || memo(store_root(), "restart", 0) == until)
        return;
    memo_set(store_root(), "restart", until);
    forget_all(emulator_setting("RestartDone", 0) != 0);
}

void job_tick(void)
{
    double now = (double)emulator_now();
    cJSON *job = NULL, *next_job;

    notice_restart();
    for (job = store_next("CIM_ConcreteJob", NULL); job; job = next_job) {
        next_job = store_next("CIM_ConcreteJob", job);
        if (is_running(job) && memo(job, "due", 0) <= now) {
            char *id = emulator_copy(row_text(job, "InstanceID"));

            finish(id);
            free(id);
            next_job = store_next("CIM_ConcreteJob", NULL); /* rows may be others now */
        } else if (!is_running(job) &&
                   memo(job, "ended", 0) + emulator_setting("JobKeepMs", 300000) <= now)
            store_remove(job);
    }
}

void job_live(const cJSON *row, cJSON *properties)
{
    double began = memo(row, "began", 0), due = memo(row, "due", 1), now = (double)emulator_now();
    double until = is_running(row) ? now : memo(row, "ended", now);
    char *elapsed = clock_interval((uint64_t)(until - began));

    cJSON_DeleteItemFromObject(properties, "ElapsedTime");
    cJSON_AddStringToObject(properties, "ElapsedTime", elapsed);
    free(elapsed);
    if (!is_running(row))
        return;
    cJSON_SetNumberValue(cJSON_GetObjectItem(properties, "PercentComplete"),
                         due > began && now < due ? (int)((now - began) * 100 / (due - began))
                                                  : 99);
    if ((now - began) * 3 < due - began)
        cJSON_SetNumberValue(cJSON_GetObjectItem(properties, "JobState"), STATE_STARTING);
}

/* ---- methods of a job ---- */

static char *error_text(const cJSON *job)
{
    cJSON *error = cJSON_CreateObject(), *p = cJSON_AddObjectToObject(error, "p");
    char *text;

    cJSON_AddStringToObject(error, "class", "Msvm_Error");
    cJSON_AddStringToObject(p, "ErrorSource", row_text(job, "InstanceID"));
    cJSON_AddStringToObject(p, "Message", row_text(job, "ErrorDescription"));
    text = emulator_print("%lld", (long long)row_number(job, "ErrorCode", 0));
    cJSON_AddStringToObject(p, "MessageID", text);
    free(text);
    text = text_xml_json(NAMESPACE_HYPERV, error);
    cJSON_Delete(error);
    return text;
}

static DWORD get_error(struct invocation *call)
{
    char *text;

    if (row_number(call->target, "JobState", 0) != STATE_EXCEPTION)
        return DONE;
    text = error_text(call->target);
    cJSON_AddStringToObject(call->out, "Error", text);
    free(text);
    return DONE;
}

static DWORD get_errors(struct invocation *call)
{
    cJSON *errors = cJSON_AddArrayToObject(call->out, "Errors");
    char *text;

    if (row_number(call->target, "JobState", 0) == STATE_EXCEPTION) {
        text = error_text(call->target);
        cJSON_AddItemToArray(errors, cJSON_CreateString(text));
        free(text);
    }
    return DONE;
}

static DWORD change_job(struct invocation *call)
{
    const cJSON *wanted = cJSON_GetObjectItem(call->in, "RequestedState");

    if (!cJSON_IsNumber(wanted) || (wanted->valuedouble != 4 && wanted->valuedouble != 5))
        return BAD_PARAMETER;
    if (!is_running(call->target) || !row_bool(call->target, "Cancellable"))
        return BAD_STATE;
    end(call->target,
        wanted->valuedouble == 4 ? STATE_TERMINATED : STATE_KILLED,
        NULL,
        cJSON_CreateArray());
    return DONE;
}

const struct method_row job_methods[] = {
    {"CIM_ConcreteJob", "GetError", get_error},
    {"CIM_ConcreteJob", "GetErrorEx", get_errors},
    {"CIM_ConcreteJob", "RequestStateChange", change_job},
    {0},
};
