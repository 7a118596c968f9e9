/*
 * Time as a port, so that the engine, the simulated Windows and the tests can have their own.
 * Milliseconds everywhere. clock_system() is the real one; struct clock_manual moves only when
 * told. now_ms is monotonic and never goes back within a process; wall_ms is Unix time and may
 * jump.
 */
#ifndef GPUPV_CLOCK_H
#define GPUPV_CLOCK_H

#include <stdint.h>

struct clock;

struct clock_ops {
    int64_t (*now_ms)(struct clock *clock);  /* monotonic */
    int64_t (*wall_ms)(struct clock *clock); /* since 1970, UTC */
    void (*sleep_ms)(struct clock *clock,
                     int64_t time_ms); /* blocks the calling thread; manual: moves on */
};

struct clock {
    const struct clock_ops *ops;
};

/* The machine's clock; never freed; any thread. */
struct clock *clock_system(void);

/* A clock that moves only by sleep_ms and clock_manual_move; not locked. */
struct clock_manual {
    struct clock base;
    int64_t time_ms;
    int64_t wall_offset_ms;
};

/* Starts at time_ms = start_ms with wall time start_ms + wall_offset_ms. */
void clock_manual_init(struct clock_manual *clock, int64_t start_ms, int64_t wall_offset_ms);

/* Moves time on by delta_ms >= 0. */
void clock_manual_move(struct clock_manual *clock, int64_t delta_ms);

/* clock->ops->now_ms(clock) and friends, for short. */
int64_t clock_now_ms(struct clock *clock);
int64_t clock_wall_ms(struct clock *clock);
void clock_sleep_ms(struct clock *clock, int64_t time_ms);

#endif
