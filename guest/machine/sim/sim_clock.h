/*
 * The clock of a simulated machine on disk: runs `scale` times as fast as real time from a point
 * that is part of the world, so every process sees the same machine time and it goes on over
 * restarts. Any thread.
 */
#ifndef GPUPV_SIM_CLOCK_H
#define GPUPV_SIM_CLOCK_H

#include "common/clock.h"
#include "guest/machine/sim/sync.h"

#include <stdbool.h>

struct sim_clock {
    struct clock base;
    struct sync *sync;
    int64_t scale;
    int64_t real_wall_ms, wall_ms; /* the point where both walls are known */
    int64_t real_now_ms, now_ms;   /* the same for the monotonic pair */
};

/* In place; scale 1 from now on. False when out of memory; sim_clock_done is fine all the same. */
bool sim_clock_init(struct sim_clock *clock);
void sim_clock_done(struct sim_clock *clock);

/* Makes real wall time real_wall_ms the machine's wall_ms, running with scale; the monotonic time
 * goes on from where it is. */
void sim_clock_set(struct sim_clock *clock, int64_t scale, int64_t real_wall_ms, int64_t wall_ms);

/* Real milliseconds for so many of the machine's, rounded up. */
int64_t sim_clock_real(struct sim_clock *clock, int64_t time_ms);

#endif
