#include "guest/parsec/parsec.h"

#include "guest/console.h"

#include <inttypes.h>
#include <stdio.h>

/* Evidence of a wrong size: which one it is. */
static uint32_t mode_detail(const struct display_path *path)
{
    return path->width * 31 + path->height * 17 + path->hz;
}

static const struct display_path *virtual_path(const struct facts *facts)
{
    for (size_t i = 0; i < facts->paths.count; i++) {
        if (facts->paths.items[i].kind == DISPLAY_PARSEC)
            return &facts->paths.items[i];
    }
    return NULL;
}

static void mode_text(char *out, size_t size, uint32_t width, uint32_t height, uint32_t hz)
{
    snprintf(out, size, "%" PRIu32 "x%" PRIu32 "@%" PRIu32, width, height, hz);
}

static void set_mode_finding(const struct display_path *path,
                             const struct profile_display_mode *wanted,
                             struct finding *ret_finding)
{
    char shown[48], want[48];

    mode_text(shown, sizeof shown, path->width, path->height, path->hz);
    mode_text(want, sizeof want, wanted->width, wanted->height, wanted->hz);
    finding_set(ret_finding, CAUSE_MONITOR_MODE, mode_detail(path), shown, want, NULL);
}

/* Strategy hold: the agent's monitor must be there; a client may change its size while it is
 * connected. */
static void judge_hold(struct check_context *context,
                       const struct holder_status *holder,
                       struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;
    const struct display_path *path = virtual_path(facts);
    const struct profile_display_mode *wanted = &context->profile->display.modes[0];

    if (!path)
        finding_set(ret_finding, CAUSE_MONITOR_ABSENT, 0, NULL);
    else if (holder->state != HOLDER_HOLDING)
        finding_set(ret_finding, CAUSE_MONITOR_FOREIGN, 0, NULL);
    else if (facts->clients == 0 &&
             (path->width != wanted->width || path->height != wanted->height))
        set_mode_finding(path, wanted, ret_finding);
    else
        finding_ok(ret_finding);
}

/* Strategy parsec: Parsec plugs a monitor in while a client is connected. */
static void judge_parsec(struct check_context *context,
                         const struct holder_status *holder,
                         struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;
    bool overdue = context->parsec && context->parsec->watch.counted;

    if (holder->state != HOLDER_OFF)
        finding_set(ret_finding, CAUSE_MONITOR_HELD, 0, NULL);
    else if (facts->clients > 0 && overdue && !virtual_path(facts))
        finding_set(ret_finding, CAUSE_MONITOR_NOT_SHOWN, 0, NULL);
    else
        finding_ok(ret_finding);
}

void check_display_monitor(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;
    struct holder_status holder = {.state = HOLDER_OFF};

    if (!facts->paths_known) {
        finding_unknown(ret_finding, &facts->paths_why);
        return;
    }
    if (context->parsec)
        holder_status(context->parsec->holder, &holder);
    if (facts->hold)
        judge_hold(context, &holder, ret_finding);
    else
        judge_parsec(context, &holder, ret_finding);
}
