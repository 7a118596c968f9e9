/* Facts that several checks share. */
#include "guest/check/check.h"
#include "guest/device.h"

#define MINUTE_MS INT64_C(60000)

/* A session that logged itself on and was never touched: Windows counts idle time from about the
 * logon, so input this long after the desktop's beginning is the logon's own. */
#define LOGON_INPUT_MS  INT64_C(10000)
#define LOGON_SETTLE_MS MINUTE_MS

void facts_read(struct machine *machine, struct facts *facts)
{
    facts->system_known =
        machine->system->ops->query(machine->system, &facts->system, &facts->system_why);
    facts->session_known =
        machine->sessions->ops->query(machine->sessions, &facts->session, &facts->session_why);
    facts->paths_known =
        machine->displays->ops->paths(machine->displays, &facts->paths, &facts->paths_why);
    facts->gpu_known = machine->gpu->ops->query(machine->gpu, &facts->gpu, &facts->gpu_why);
    if (!device_video_look(machine->devices, &facts->video, facts->video_instance, NULL)) {
        facts->video = VIDEO_UNKNOWN;
        facts->video_instance[0] = 0;
    }
}

bool facts_setup_done(const struct facts *facts)
{
    if (facts->session_known && facts->session.desktop_age_ms >= SETUP_DESKTOP_MS)
        return true;
    return facts->system_known && !facts->system.setup_running && !facts->system.oobe_running;
}

bool facts_idle(const struct facts *facts, int64_t idle_ms)
{
    const struct session_state *session = &facts->session;

    if (!facts->session_known)
        return false;
    if (!session->user_logged_on)
        return true;
    if (session->input_idle_ms < 0)
        return false;
    if (session->input_idle_ms >= idle_ms)
        return true;
    return session->desktop_age_ms >= LOGON_SETTLE_MS &&
           session->input_idle_ms >= session->desktop_age_ms - LOGON_INPUT_MS;
}
