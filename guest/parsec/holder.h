/*
 * The display holder: keeps one monitor of the Parsec virtual display driver alive (strategy
 * `hold`). The driver drops every monitor about a second after the last keep-alive, so a thread of
 * its own sends one every HOLDER_PING_MS and does nothing else; when the agent dies the monitor
 * goes with it, which is what lets the console picture come back.
 *
 * Monitors belong to the driver and not to us: before the first add the agent stays silent for
 * HOLDER_SILENCE_MS, and a monitor that survives has another owner, so the holder stands down.
 * Afterwards a driver crash, a device that comes and goes, or a pause that was long enough for the
 * driver to drop the monitor is answered by opening and adding again, never with two monitors.
 *
 * holder_hold, holder_release and holder_free are for the job thread; holder_status is for any
 * thread. Only the holder's thread calls the vdd port.
 */
#ifndef GPUPV_GUEST_PARSEC_HOLDER_H
#define GPUPV_GUEST_PARSEC_HOLDER_H

#include "common/profile.h"
#include "guest/machine/machine.h"

#define HOLDER_PING_MS    50   /* the driver asks for one within 100 ms */
#define HOLDER_LIMIT_MS   100  /* a longer gap is counted as missed */
#define HOLDER_DROPPED_MS 700  /* after such a gap the monitor may be gone: it is added again */
#define HOLDER_SILENCE_MS 1500 /* monitors without an owner are gone after about 1 s */
#define HOLDER_RETRY_MS   500  /* between tries to reach the driver again */
#define HOLDER_START_MS   5000 /* holder_hold waits so long (real time) for the first add */

enum holder_state {
    HOLDER_OFF,
    HOLDER_HOLDING,
    HOLDER_LOST, /* the driver does not answer; tried again */
    HOLDER_STATES
};

struct holder_status {
    enum holder_state state;
    uint32_t index;        /* of the monitor */
    uint32_t driver_minor; /* version of the driver: 0.<minor>; 0 unknown */
    uint64_t adds;         /* monitors added since holder_new */
    uint64_t pings;
    uint64_t missed;  /* gaps above HOLDER_LIMIT_MS while holding */
    int64_t since_ms; /* the holder's clock at the last change of state */
    struct err why;   /* HOLDER_LOST: what the driver port said */
};

/* HOLDER_STEPPED has no thread: holder_step does its work, for tests with virtual time. */
enum holder_mode { HOLDER_THREAD, HOLDER_STEPPED };

struct holder;

/* clock times the keep-alives and the silence, which counts from here. The caller frees with
 * holder_free. */
bool holder_new(struct vdd_port *vdd,
                struct clock *clock,
                enum holder_mode mode,
                struct holder **ret_holder,
                struct err *err);

/* Releases and frees; NULL is fine. */
void holder_free(struct holder *holder);

/* Adds the monitor and keeps it. Already holding, or on the way back to it: true. Sleeps for the
 * rest of the silence, then asks displays for monitors that survived it: ERR_CONFLICT when there is
 * one. ERR_NOT_FOUND without a started device. */
bool holder_hold(struct holder *holder, struct displays_port *displays, struct err *err);

/* Removes the monitor, ends the thread and closes the driver; not holding is fine. */
void holder_release(struct holder *holder);

/* Fills *ret_status with what the holder does at this moment. */
void holder_status(struct holder *holder, struct holder_status *ret_status);

/* HOLDER_STEPPED, between holder_hold and holder_release: does what is due; returns after how many
 * ms of its clock to call again. */
int64_t holder_step(struct holder *holder);

/* Writes the profile's modes where the driver reads them at plug-in; *ret_changed tells whether
 * they differed, so that a held monitor must be added again to know them. */
bool holder_write_modes(struct registry_port *registry,
                        const struct profile *profile,
                        bool *ret_changed,
                        struct err *err);

#endif
