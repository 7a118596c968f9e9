/* Scaled time. */
#include "guest/machine/sim/sim_clock.h"

#include <stddef.h>

static int64_t scaled_now(struct clock *base)
{
    struct sim_clock *clock = (struct sim_clock *)base;
    int64_t now_ms;

    sync_lock(clock->sync);
    now_ms = clock->now_ms + (clock_now_ms(clock_system()) - clock->real_now_ms) * clock->scale;
    sync_unlock(clock->sync);
    return now_ms;
}

static int64_t scaled_wall(struct clock *base)
{
    struct sim_clock *clock = (struct sim_clock *)base;
    int64_t wall_ms;

    sync_lock(clock->sync);
    wall_ms = clock->wall_ms + (clock_wall_ms(clock_system()) - clock->real_wall_ms) * clock->scale;
    sync_unlock(clock->sync);
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

bool sim_clock_init(struct sim_clock *clock)
{
    clock->base.ops = &scaled_ops;
    clock->sync = sync_new();
    clock->scale = 1;
    clock->real_wall_ms = clock_wall_ms(clock_system());
    clock->wall_ms = clock->real_wall_ms;
    clock->real_now_ms = clock_now_ms(clock_system());
    clock->now_ms = clock->real_now_ms;
    return clock->sync != NULL;
}

void sim_clock_done(struct sim_clock *clock)
{
    sync_free(clock->sync);
}

void sim_clock_set(struct sim_clock *clock, int64_t scale, int64_t real_wall_ms, int64_t wall_ms)
{
    int64_t real_now_ms = clock_now_ms(clock_system());

    sync_lock(clock->sync);
    clock->now_ms += (real_now_ms - clock->real_now_ms) * clock->scale;
    clock->real_now_ms = real_now_ms;
    clock->scale = scale;
    clock->real_wall_ms = real_wall_ms;
    clock->wall_ms = wall_ms;
    sync_unlock(clock->sync);
}

int64_t sim_clock_real(struct sim_clock *clock, int64_t time_ms)
{
    int64_t scale;

    sync_lock(clock->sync);
    scale = clock->scale;
    sync_unlock(clock->sync);
    return (time_ms + scale - 1) / scale;
}
