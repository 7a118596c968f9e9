/* The machine's clock through libuv, and the clock of tests and simulations. */
#include "common/clock.h"

#include <assert.h>
#include <stddef.h>
#include <uv.h>

#define NS_PER_MS 1000000

static int64_t system_now_ms(struct clock *clock)
{
    (void)clock;
    return (int64_t)(uv_hrtime() / NS_PER_MS);
}

static int64_t system_wall_ms(struct clock *clock)
{
    uv_timeval64_t now = {0};

    (void)clock;
    uv_gettimeofday(&now);
    return now.tv_sec * 1000 + now.tv_usec / 1000;
}

static void system_sleep_ms(struct clock *clock, int64_t time_ms)
{
    (void)clock;
    while (time_ms > 0) {
        unsigned part = time_ms > 1000000 ? 1000000 : (unsigned)time_ms;

        uv_sleep(part);
        time_ms -= part;
    }
}

static const struct clock_ops system_ops = {
    .now_ms = system_now_ms,
    .wall_ms = system_wall_ms,
    .sleep_ms = system_sleep_ms,
};

struct clock *clock_system(void)
{
    static struct clock clock = {.ops = &system_ops};

    return &clock;
}

static struct clock_manual *manual_of(struct clock *clock)
{
    return (struct clock_manual *)((char *)clock - offsetof(struct clock_manual, base));
}

static int64_t manual_now_ms(struct clock *clock)
{
    return manual_of(clock)->time_ms;
}

static int64_t manual_wall_ms(struct clock *clock)
{
    return manual_of(clock)->time_ms + manual_of(clock)->wall_offset_ms;
}

static void manual_sleep_ms(struct clock *clock, int64_t time_ms)
{
    if (time_ms > 0)
        clock_manual_move(manual_of(clock), time_ms);
}

static const struct clock_ops manual_ops = {
    .now_ms = manual_now_ms,
    .wall_ms = manual_wall_ms,
    .sleep_ms = manual_sleep_ms,
};

void clock_manual_init(struct clock_manual *clock, int64_t start_ms, int64_t wall_offset_ms)
{
    clock->base.ops = &manual_ops;
    clock->time_ms = start_ms;
    clock->wall_offset_ms = wall_offset_ms;
}

void clock_manual_move(struct clock_manual *clock, int64_t delta_ms)
{
    assert(delta_ms >= 0);
    clock->time_ms += delta_ms;
}

int64_t clock_now_ms(struct clock *clock)
{
    return clock->ops->now_ms(clock);
}

int64_t clock_wall_ms(struct clock *clock)
{
    return clock->ops->wall_ms(clock);
}

void clock_sleep_ms(struct clock *clock, int64_t time_ms)
{
    clock->ops->sleep_ms(clock, time_ms);
}
