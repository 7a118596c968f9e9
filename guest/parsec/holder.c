/* The display holder: one thread, one monitor. */
#include "guest/parsec/holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define NS_PER_MS      UINT64_C(1000000)
#define RETRY_SLICE_MS 250 /* of a wait: a release must not take long */
#define MODES_KEY      "HKLM\\SOFTWARE\\Parsec\\vdd\\%u"
#define MODE_KEY_BYTES 64

struct holder {
    struct vdd_port *vdd;
    struct clock *clock;
    enum holder_mode mode;
    uv_mutex_t lock; /* guards wanted and status */
    uv_cond_t changed;
    bool wanted;
    struct holder_status status;
    /* of the job thread */
    uv_thread_t thread;
    bool active; /* between holder_hold and holder_release */
    int64_t silent_since_ms;
    /* of the thread that steps */
    bool open;
    bool added; /* since the last loss too: the driver may still show the monitor */
    uint32_t index;
    int64_t sent_ms, answered_ms; /* begin and end of the last keep-alive: it counted in between */
    int64_t retry_ms;
};

bool holder_new(struct vdd_port *vdd,
                struct clock *clock,
                enum holder_mode mode,
                struct holder **ret_holder,
                struct err *err)
{
    struct holder *holder = calloc(1, sizeof *holder);

    if (!holder)
        return err_no_memory(err);
    if (uv_mutex_init(&holder->lock) != 0) {
        free(holder);
        return err_no_memory(err);
    }
    if (uv_cond_init(&holder->changed) != 0) {
        uv_mutex_destroy(&holder->lock);
        free(holder);
        return err_no_memory(err);
    }
    holder->vdd = vdd;
    holder->clock = clock;
    holder->mode = mode;
    holder->silent_since_ms = clock_now_ms(clock);
    holder->status.since_ms = holder->silent_since_ms;
    *ret_holder = holder;
    return true;
}

void holder_free(struct holder *holder)
{
    if (!holder)
        return;
    holder_release(holder);
    uv_cond_destroy(&holder->changed);
    uv_mutex_destroy(&holder->lock);
    free(holder);
}

void holder_status(struct holder *holder, struct holder_status *ret_status)
{
    uv_mutex_lock(&holder->lock);
    *ret_status = holder->status;
    uv_mutex_unlock(&holder->lock);
}

static bool is_wanted(struct holder *holder)
{
    bool wanted;

    uv_mutex_lock(&holder->lock);
    wanted = holder->wanted;
    uv_mutex_unlock(&holder->lock);
    return wanted;
}

static void set_wanted(struct holder *holder, bool wanted)
{
    uv_mutex_lock(&holder->lock);
    holder->wanted = wanted;
    uv_mutex_unlock(&holder->lock);
}

/* Publishes a state; why may be NULL. */
static void announce(struct holder *holder, enum holder_state state, const struct err *why)
{
    int64_t now_ms = clock_now_ms(holder->clock);

    uv_mutex_lock(&holder->lock);
    if (holder->status.state != state)
        holder->status.since_ms = now_ms;
    holder->status.state = state;
    holder->status.index = holder->index;
    if (why)
        holder->status.why = *why;
    else
        err_clear(&holder->status.why);
    uv_cond_broadcast(&holder->changed);
    uv_mutex_unlock(&holder->lock);
}

/* ---- the thread that steps ---- */

static void lose(struct holder *holder, const struct err *why)
{
    if (holder->open)
        holder->vdd->ops->close(holder->vdd);
    holder->open = false;
    holder->retry_ms = clock_now_ms(holder->clock) + HOLDER_RETRY_MS;
    announce(holder, HOLDER_LOST, why);
}

/* Keep-alives serve every monitor of the driver: one that we lost sight of and that still lives
 * would be kept beside the new one. */
static void drop(struct holder *holder)
{
    if (holder->added && clock_now_ms(holder->clock) - holder->answered_ms < HOLDER_SILENCE_MS)
        (void)holder->vdd->ops->remove(holder->vdd, holder->index, NULL);
    holder->added = false;
}

static bool ping(struct holder *holder, struct err *err)
{
    int64_t sent_ms = clock_now_ms(holder->clock);

    if (!holder->vdd->ops->ping(holder->vdd, err))
        return false;
    holder->sent_ms = sent_ms;
    holder->answered_ms = clock_now_ms(holder->clock);
    uv_mutex_lock(&holder->lock);
    holder->status.pings++;
    uv_mutex_unlock(&holder->lock);
    return true;
}

static bool add(struct holder *holder, struct err *err)
{
    drop(holder);
    if (!holder->vdd->ops->add(holder->vdd, &holder->index, err))
        return false;
    holder->added = true;
    holder->answered_ms = clock_now_ms(holder->clock);
    uv_mutex_lock(&holder->lock);
    holder->status.adds++;
    uv_mutex_unlock(&holder->lock);
    if (!ping(holder, err))
        return false;
    announce(holder, HOLDER_HOLDING, NULL);
    return true;
}

static bool open_driver(struct holder *holder, struct err *err)
{
    uint32_t minor = 0;

    if (!holder->vdd->ops->open(holder->vdd, err))
        return false;
    holder->open = true;
    if (!holder->vdd->ops->version(holder->vdd, &minor, NULL))
        minor = 0;
    uv_mutex_lock(&holder->lock);
    holder->status.driver_minor = minor;
    uv_mutex_unlock(&holder->lock);
    return add(holder, err);
}

/* One keep-alive. After a long gap (the machine was paused, the processor was taken away) the
 * driver may have dropped the monitor although it answers. */
static bool keep(struct holder *holder, struct err *err)
{
    int64_t gap_ms = clock_now_ms(holder->clock) - holder->sent_ms;

    if (gap_ms > HOLDER_LIMIT_MS) {
        uv_mutex_lock(&holder->lock);
        holder->status.missed++;
        uv_mutex_unlock(&holder->lock);
    }
    return gap_ms > HOLDER_DROPPED_MS ? add(holder, err) : ping(holder, err);
}

int64_t holder_step(struct holder *holder)
{
    struct err why = ERR_INIT;
    int64_t left_ms = holder->retry_ms - clock_now_ms(holder->clock);

    if (!holder->open && left_ms > 0)
        return left_ms < RETRY_SLICE_MS ? left_ms : RETRY_SLICE_MS;
    if (!(holder->open ? keep(holder, &why) : open_driver(holder, &why))) {
        lose(holder, &why);
        return HOLDER_PING_MS;
    }
    left_ms = holder->sent_ms + HOLDER_PING_MS - clock_now_ms(holder->clock);
    return left_ms > 0 ? left_ms : 0;
}

static void leave(struct holder *holder)
{
    if (holder->open) {
        drop(holder);
        holder->vdd->ops->close(holder->vdd);
    }
    holder->open = false;
    holder->added = false;
    announce(holder, HOLDER_OFF, NULL);
}

static void run(void *user)
{
    struct holder *holder = user;

    while (is_wanted(holder)) {
        int64_t wait_ms = holder_step(holder);

        if (wait_ms > 0)
            clock_sleep_ms(holder->clock, wait_ms);
    }
    leave(holder);
}

/* ---- the job thread ---- */

static bool has_survivor(struct displays_port *displays, bool *ret_survivor, struct err *err)
{
    struct display_list list;
    bool survivor = false;

    if (!displays->ops->paths(displays, &list, err))
        return false;
    for (size_t i = 0; i < list.count; i++)
        survivor = survivor || list.items[i].kind == DISPLAY_PARSEC;
    *ret_survivor = survivor;
    return true;
}

/* Waits until the first try to add has ended. */
static bool wait_for_monitor(struct holder *holder, struct err *err)
{
    uint64_t end_ns = uv_hrtime() + (uint64_t)HOLDER_START_MS * NS_PER_MS, now_ns;
    struct holder_status status;

    uv_mutex_lock(&holder->lock);
    while (holder->status.state == HOLDER_OFF && (now_ns = uv_hrtime()) < end_ns)
        (void)uv_cond_timedwait(&holder->changed, &holder->lock, end_ns - now_ns);
    status = holder->status;
    uv_mutex_unlock(&holder->lock);
    if (status.state == HOLDER_HOLDING)
        return true;
    if (status.state == HOLDER_OFF)
        return err_set(err, ERR_TIMEOUT, TEXT_PARSEC_HOLDER_SILENT, NULL);
    if (err)
        *err = status.why;
    return false;
}

static bool start(struct holder *holder, struct err *err)
{
    int code;

    holder->retry_ms = clock_now_ms(holder->clock);
    set_wanted(holder, true);
    if (holder->mode == HOLDER_STEPPED) {
        holder->active = true;
        (void)holder_step(holder);
        return true;
    }
    code = uv_thread_create(&holder->thread, run, holder);
    if (code != 0) {
        set_wanted(holder, false);
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_PARSEC_HOLDER_SILENT, NULL);
    }
    holder->active = true;
    return true;
}

bool holder_hold(struct holder *holder, struct displays_port *displays, struct err *err)
{
    int64_t silent_ms = clock_now_ms(holder->clock) - holder->silent_since_ms;
    bool survivor;

    if (holder->active)
        return true;
    if (silent_ms < HOLDER_SILENCE_MS)
        clock_sleep_ms(holder->clock, HOLDER_SILENCE_MS - silent_ms);
    if (!has_survivor(displays, &survivor, err))
        return false;
    if (survivor)
        return err_set(err, ERR_CONFLICT, TEXT_PARSEC_HOLDER_OTHER, NULL);
    if (!start(holder, err))
        return false;
    if (wait_for_monitor(holder, err))
        return true;
    holder_release(holder);
    return false;
}

void holder_release(struct holder *holder)
{
    if (!holder->active)
        return;
    set_wanted(holder, false);
    if (holder->mode == HOLDER_STEPPED)
        leave(holder);
    else
        uv_thread_join(&holder->thread);
    holder->active = false;
    holder->silent_since_ms = clock_now_ms(holder->clock);
}

/* ---- modes ---- */

static bool write_number(struct registry_port *registry,
                         const char *key,
                         const char *name,
                         uint32_t number,
                         bool *changed,
                         struct err *err)
{
    struct registry_value value = {.type = REGISTRY_ABSENT};

    if (!registry->ops->get(registry, key, name, &value, err))
        return false;
    if (value.type == REGISTRY_DWORD && value.dword == number)
        return true;
    value = (struct registry_value){.type = REGISTRY_DWORD, .dword = number};
    *changed = true;
    return registry->ops->set(registry, key, name, &value, err);
}

bool holder_write_modes(struct registry_port *registry,
                        const struct profile *profile,
                        bool *ret_changed,
                        struct err *err)
{
    bool changed = false;

    for (unsigned i = 0; i < profile->display.mode_count && i < PROFILE_MODES; i++) {
        const struct profile_display_mode *mode = &profile->display.modes[i];
        char key[MODE_KEY_BYTES];

        snprintf(key, sizeof key, MODES_KEY, i);
        if (!write_number(registry, key, "width", mode->width, &changed, err) ||
            !write_number(registry, key, "height", mode->height, &changed, err) ||
            !write_number(registry, key, "hz", mode->hz, &changed, err))
            return false;
    }
    *ret_changed = changed;
    return true;
}
