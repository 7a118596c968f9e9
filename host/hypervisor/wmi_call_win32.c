/* Methods of objects, and the jobs that they start. */
#include <windows.h>

#include "host/hypervisor/wmi_inside_win32.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/hypervisor/hyperv_rules.h"

#include <string.h>

#define JOB_POLL_FIRST_MS 20
#define JOB_POLL_MOST_MS  500
#define STATE_TRIES       10 /* a state that just changes is over in a moment */
#define STATE_WAIT_MS     100
#define JOB_TEXT_BYTES    2048

bool wmi_call_begin(struct wmi_call *call,
                    struct wmi *wmi,
                    const char *type,
                    const char *path,
                    const char *method,
                    struct err *err)
{
    IWbemClassObject *class_object = NULL, *in = NULL;
    BSTR name = wmi_bstr(method);
    HRESULT result = E_OUTOFMEMORY;

    *call = (struct wmi_call){.wmi = wmi, .method = method, .timeout_ms = WMI_JOB_MS};
    text_copy(call->path, sizeof call->path, path);
    if (!wmi_get(wmi, type, &class_object, err)) {
        SysFreeString(name);
        return false;
    }
    if (name)
        result = IWbemClassObject_GetMethod(class_object, name, 0, &in, NULL);
    IWbemClassObject_Release(class_object);
    SysFreeString(name);
    if (SUCCEEDED(result) && in) { /* a method without parameters has none */
        result = IWbemClassObject_SpawnInstance(in, 0, &call->in);
        IWbemClassObject_Release(in);
    }
    return SUCCEEDED(result) || wmi_fail(result, TEXT_HV_CALL, method, err);
}

void wmi_call_done(struct wmi_call *call)
{
    wmi_object_free(call->in);
    wmi_object_free(call->out);
    call->in = call->out = NULL;
}

static bool execute(struct wmi_call *call, struct err *err)
{
    BSTR path = wmi_bstr(call->path), method = wmi_bstr(call->method);
    HRESULT result = E_OUTOFMEMORY;
    uint64_t code = 0;

    wmi_object_free(call->out);
    call->out = NULL;
    if (path && method)
        result = IWbemServices_ExecMethod(
            call->wmi->services, path, method, 0, NULL, call->in, &call->out, NULL);
    SysFreeString(path);
    SysFreeString(method);
    if (FAILED(result))
        return wmi_fail(result, TEXT_HV_CALL, call->method, err);
    if (!call->out || !wmi_number(call->out, "ReturnValue", &code))
        return err_set(err, ERR_FAILED, TEXT_HV_ANSWER, call->method, NULL);
    call->code = (uint32_t)code;
    return true;
}

/* ---- jobs ---- */

static bool take_error(const char *text, void *user)
{
    struct buf *out = user;

    return !wmi_xml_value(text, "Message", out);
}

/* The job's own words, which GetErrorEx has when the job itself has none. */
static void job_text(const struct wmi_call *call, IWbemClassObject *job, char *out, size_t size)
{
    struct wmi_call ask;
    struct buf text;

    if (wmi_text(job, "ErrorDescription", out, size) && *out)
        return;
    if (wmi_text(job, "ErrorSummaryDescription", out, size) && *out)
        return;
    buf_init(&text, size);
    if (wmi_call_begin(&ask, call->wmi, "Msvm_ConcreteJob", call->job, "GetErrorEx", NULL) &&
        execute(&ask, NULL) && !ask.code)
        wmi_texts(ask.out, "Errors", take_error, &text);
    wmi_call_done(&ask);
    text_copy(out, size, buf_str(&text));
    buf_done(&text);
}

static bool look_at_job(struct wmi_call *call, bool *ret_done, struct err *err)
{
    uint64_t state = 0, code = 0, percent = 0;
    char text[JOB_TEXT_BYTES];
    IWbemClassObject *job = NULL;
    struct err why = ERR_INIT;

    if (!wmi_get(call->wmi, call->job, &job, &why)) {
        /* jobs are forgotten after a while: what it was to do tells whether it did */
        *ret_done = why.kind == ERR_NOT_FOUND;
        if (!*ret_done && err)
            *err = why;
        return *ret_done;
    }
    wmi_number(job, "JobState", &state);
    wmi_number(job, "ErrorCode", &code);
    wmi_number(job, "PercentComplete", &percent);
    *ret_done = false;
    call->code = (uint32_t)code;
    switch (hyperv_job((uint32_t)state, (uint32_t)code)) {
    case HYPERV_JOB_DONE:
        *ret_done = true;
        call->code = 0;
        break;
    case HYPERV_JOB_FAILED:
        job_text(call, job, text, sizeof text);
        wmi_object_free(job);
        return hyperv_job_failed((uint32_t)code, text, err);
    case HYPERV_JOB_RUNS:
        log_write(LOG_DEBUG, "hyperv", "%s: %u %%", call->method, (unsigned)percent);
        break;
    }
    wmi_object_free(job);
    return true;
}

static bool wait_for_job(struct wmi_call *call, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + call->timeout_ms, pause = JOB_POLL_FIRST_MS;

    if (!wmi_text(call->out, "Job", call->job, sizeof call->job) || !*call->job)
        return err_set(err, ERR_FAILED, TEXT_HV_ANSWER, call->method, NULL);
    for (;;) {
        bool done = false;

        if (!look_at_job(call, &done, err))
            return false;
        if (done)
            return true;
        if (clock_now_ms(clock_system()) >= until)
            return err_set(err,
                           ERR_TIMEOUT,
                           TEXT_HV_JOB_SLOW,
                           call->method,
                           TEXT_NUM(call->timeout_ms / 1000),
                           NULL);
        clock_sleep_ms(clock_system(), pause);
        pause = pause * 2 < JOB_POLL_MOST_MS ? pause * 2 : JOB_POLL_MOST_MS;
    }
}

bool wmi_call_run(struct wmi_call *call, struct err *err)
{
    for (int i = 0;; i++) {
        *call->job = 0;
        if (!execute(call, err))
            return false;
        if (call->plain || call->code != HYPERV_INVALID_STATE || i == STATE_TRIES)
            break;
        clock_sleep_ms(clock_system(), STATE_WAIT_MS);
    }
    if (!call->code)
        return true;
    if (!call->plain && call->code == HYPERV_RETURN_JOB)
        return wait_for_job(call, err);
    return hyperv_refused(call->code, call->method, err);
}
