#include "guest/console.h"

#include "guest/journal.h"

static bool path_active(const struct facts *facts, enum display_kind kind)
{
    for (size_t i = 0; i < facts->paths.count; i++) {
        if (facts->paths.items[i].kind == kind)
            return true;
    }
    return false;
}

/* The picture of Hyper-V Video itself, without the basic display that Windows falls back to. */
static bool video_active(const struct facts *facts)
{
    if (!facts->paths_known)
        return facts->video == VIDEO_ENABLED;
    return path_active(facts, DISPLAY_HYPERV_VIDEO);
}

bool console_active(const struct facts *facts)
{
    return video_active(facts) || (facts->paths_known && path_active(facts, DISPLAY_BASIC));
}

bool console_virtual_active(const struct facts *facts)
{
    return facts->paths_known && path_active(facts, DISPLAY_PARSEC);
}

bool console_desktop_ready(const struct facts *facts)
{
    return facts->session_known && facts->session.desktop_age_ms >= 0 && facts->paths_known &&
           facts->paths.count > 0;
}

bool console_is_right(enum check_status status)
{
    return status == STATUS_OK || status == STATUS_OFF || status == STATUS_WARNING;
}

/* More than the needs of display.hyperv_video: whether the console may go is asked of all of them,
 * which repair comes first is not. */
static const enum check_id stream_needs[] = {
    CHECK_DISPLAY_ADAPTER,
    CHECK_DISPLAY_MONITOR,
    CHECK_SESSION_DESKTOP,
    CHECK_SESSION_ENHANCED,
    CHECK_PARSEC_INSTALLED,
    CHECK_PARSEC_SERVICE,
    CHECK_PARSEC_CONFIG,
    CHECK_PARSEC_ACCOUNT,
};

/* Everything that a stream needs, but for one check, is right. */
static bool needs_right(const struct findings *findings, enum check_id but_for)
{
    for (size_t i = 0; i < sizeof stream_needs / sizeof stream_needs[0]; i++) {
        if (stream_needs[i] != but_for &&
            !console_is_right(findings->checks[stream_needs[i]].status))
            return false;
    }
    return true;
}

bool console_stream_ready(const struct findings *findings)
{
    return needs_right(findings, CHECK_COUNT) &&
           (!findings->facts.hold || console_virtual_active(&findings->facts));
}

/* Somebody is connected and has the virtual monitor before them. The files of the configuration may
 * say something else meanwhile: Parsec has read them when it started. */
static bool is_watched(const struct findings *findings)
{
    return findings->facts.clients > 0 && console_virtual_active(&findings->facts) &&
           needs_right(findings, CHECK_PARSEC_CONFIG);
}

bool console_visible(const struct findings *findings)
{
    return console_active(&findings->facts) || console_stream_ready(findings) ||
           is_watched(findings);
}

/* A person or the profile wants the picture whatever the stream does. */
static bool picture_kept(const struct profile *profile,
                         const struct journal_state *journal,
                         const struct facts *facts)
{
    return journal->keep_console || facts->signing_in ||
           profile->display.hyperv_video == PROFILE_VIDEO_SECONDARY ||
           (profile->display.hyperv_video == PROFILE_VIDEO_LEAVE && journal->console_taken);
}

static bool virtual_is_second(const struct facts *facts)
{
    bool found = false;

    for (size_t i = 0; facts->paths_known && i < facts->paths.count; i++) {
        if (facts->paths.items[i].kind != DISPLAY_PARSEC)
            continue;
        if (facts->paths.items[i].primary)
            return false;
        found = true;
    }
    return found;
}

enum cause console_cause(const struct profile *profile,
                         const struct journal_state *journal,
                         const struct findings *findings)
{
    const struct facts *facts = &findings->facts;
    enum profile_video policy = profile->display.hyperv_video;
    bool missed = policy != PROFILE_VIDEO_LEAVE && !console_stream_ready(findings);

    if (!console_visible(findings))
        return CAUSE_VIDEO_LOST;
    if (facts->video == VIDEO_DISABLED && (missed || picture_kept(profile, journal, facts)))
        return CAUSE_VIDEO_WANTED;
    if (journal->keep_console || facts->signing_in)
        return CAUSE_NONE;
    if (policy == PROFILE_VIDEO_DISABLE && video_active(facts))
        return CAUSE_VIDEO_ON;
    if (policy == PROFILE_VIDEO_SECONDARY && virtual_is_second(facts))
        return CAUSE_VIDEO_PRIMARY;
    return CAUSE_NONE;
}

void console_judge(const struct profile *profile,
                   const struct journal_state *journal,
                   const struct findings *findings,
                   struct finding *ret_finding)
{
    const struct facts *facts = &findings->facts;
    enum cause cause;

    if (facts->video == VIDEO_ABSENT) {
        finding_off(ret_finding);
        return;
    }
    /* what cannot be seen is left alone, unless it was taken and is missed */
    if (facts->video == VIDEO_UNKNOWN && !facts->paths_known &&
        (!journal->console_taken || console_stream_ready(findings))) {
        finding_unknown(ret_finding, &facts->paths_why);
        return;
    }
    cause = console_cause(profile, journal, findings);
    if (cause == CAUSE_NONE)
        finding_ok(ret_finding);
    else
        finding_set(ret_finding, cause, 0, NULL);
}
