/* Scaled time. */
#include "guest/machine/sim/sim_clock.h"

static int64_t scaled_now(struct clock *base)
{
    struct sim_clock *clock = (struct sim_clock *)base;
    int64_t now_ms;

    uv_mutex_lock(&clock->lock);
    now_ms = clock->now_ms + (clock_now_ms(clock_system()) - clock->real_now_ms) * clock->scale;
    uv_mutex_unlock(&clock->lock);
    return now_ms;
}

static int64_t scaled_wall(struct clock *base)
{
    struct sim_clock *clock = (struct sim_clock *)base;
    int64_t wall_ms;

    uv_mutex_lock(&clock->lock);
    wall_ms = clock->wall_ms + (clock_wall_ms(clock_system()) - clock->real_wall_ms) * clock->scale;
    uv_mutex_unlock(&clock->lock);
    return wall_ms;
}

static void scaled_sleep(struct clock *base, int64_t time_ms)
{
    clock_sleep_ms(clock_system(), sim_clock_real((struct sim_clock *)base, time_ms));
}

static const struct clock_ops scaled_ops = {
    .now_ms = scaled_now,
    .wall_ms = scaled_wall,
    .sleep_ms = scaled_sleep,
};

void sim_clock_init(struct sim_clock *clock)
{
    clock->base.ops = &scaled_ops;
    uv_mutex_init(&clock->lock);
    clock->scale = 1;
    clock->real_wall_ms = clock_wall_ms(clock_system());
    clock->wall_ms = clock->real_wall_ms;
    clock->real_now_ms = clock_now_ms(clock_system());
    clock->now_ms = clock->real_now_ms;
}

void sim_clock_done(struct sim_clock *clock)
{
    uv_mutex_destroy(&clock->lock);
}

void sim_clock_set(struct sim_clock *clock, int64_t scale, int64_t real_wall_ms, int64_t wall_ms)
{
    int64_t real_now_ms = clock_now_ms(clock_system());

    uv_mutex_lock(&clock->lock);
    clock->now_ms += (real_now_ms - clock->real_now_ms) * clock->scale;
    clock->real_now_ms = real_now_ms;
    clock->scale = scale;
    clock->real_wall_ms = real_wall_ms;
    clock->wall_ms = wall_ms;
    uv_mutex_unlock(&clock->lock);
}

int64_t sim_clock_real(struct sim_clock *clock, int64_t time_ms)
{
    int64_t scale;

    uv_mutex_lock(&clock->lock);
    scale = clock->scale;
    uv_mutex_unlock(&clock->lock);
    return (time_ms + scale - 1) / scale;
}
