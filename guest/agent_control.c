/* A small mailbox between threads and the loop. */
#include "guest/agent_control.h"

#include <stdlib.h>
#include <uv.h>

#define NS_IN_MS UINT64_C(1000000)

struct agent_control {
    uv_mutex_t lock;
    uv_cond_t answered;
    struct uv_async_s *async; /* NULL: no loop */
    struct agent_wishes wishes;
    uint64_t asked, answer; /* pulses; equal: nobody waits */
};

bool agent_control_new(struct agent_control **ret_control, struct err *err)
{
    struct agent_control *control = calloc(1, sizeof *control);

    if (!control)
        return err_no_memory(err);
    if (uv_mutex_init(&control->lock) != 0 || uv_cond_init(&control->answered) != 0) {
        free(control); /* a mutex without its condition costs a few bytes, once */
        return err_no_memory(err);
    }
    *ret_control = control;
    return true;
}

void agent_control_free(struct agent_control *control)
{
    if (!control)
        return;
    uv_cond_destroy(&control->answered);
    uv_mutex_destroy(&control->lock);
    free(control);
}

/* Tells the loop that there is something; the caller holds the lock. */
static void call_loop(struct agent_control *control)
{
    if (control->async)
        uv_async_send(control->async);
}

void agent_control_stop(struct agent_control *control, int exit_code)
{
    uv_mutex_lock(&control->lock);
    control->wishes.stop = true;
    if (exit_code)
        control->wishes.exit_code = exit_code;
    call_loop(control);
    uv_mutex_unlock(&control->lock);
}

void agent_control_wake(struct agent_control *control)
{
    uv_mutex_lock(&control->lock);
    control->wishes.wake = true;
    call_loop(control);
    uv_mutex_unlock(&control->lock);
}

enum agent_pulse agent_control_pulse(struct agent_control *control, int64_t wait_ms)
{
    uint64_t end_ns = uv_hrtime() + (uint64_t)wait_ms * NS_IN_MS;
    enum agent_pulse pulse = AGENT_PULSE_NONE;
    uint64_t mine;

    uv_mutex_lock(&control->lock);
    mine = ++control->asked;
    call_loop(control);
    while (control->async && control->answer < mine) {
        uint64_t now_ns = uv_hrtime();

        if (now_ns >= end_ns ||
            uv_cond_timedwait(&control->answered, &control->lock, end_ns - now_ns) != 0)
            break;
    }
    if (control->answer >= mine)
        pulse = AGENT_PULSE_BEATS;
    else if (control->async)
        pulse = AGENT_PULSE_STALLED;
    uv_mutex_unlock(&control->lock);
    return pulse;
}

void agent_control_attach(struct agent_control *control, struct uv_async_s *async)
{
    uv_mutex_lock(&control->lock);
    control->async = async;
    call_loop(control); /* what came before */
    uv_mutex_unlock(&control->lock);
}

void agent_control_detach(struct agent_control *control)
{
    uv_mutex_lock(&control->lock);
    control->async = NULL;
    uv_cond_broadcast(&control->answered);
    uv_mutex_unlock(&control->lock);
}

struct agent_wishes agent_control_take(struct agent_control *control)
{
    struct agent_wishes wishes;

    uv_mutex_lock(&control->lock);
    wishes = control->wishes;
    control->wishes.wake = false;
    control->answer = control->asked;
    uv_cond_broadcast(&control->answered);
    uv_mutex_unlock(&control->lock);
    return wishes;
}
