/*
 * Who can see this machine: the rule that nobody is ever locked out (design, section 5). Pure
 * functions of profile, memory and findings, used by the check display.hyperv_video, by the plan
 * and by the tests that enumerate worlds. "The console" is the picture that the hypervisor's own
 * console shows: an active path of Hyper-V Video or of the basic display that Windows falls back
 * to.
 */
#ifndef GPUPV_CONSOLE_H
#define GPUPV_CONSOLE_H

#include "guest/check/check.h"

struct journal_state;

/* True when the console shows a picture. Paths that cannot be read: true when the device is
 * enabled. */
bool console_active(const struct facts *facts);

/* True when a path on the Parsec virtual adapter is active. */
bool console_virtual_active(const struct facts *facts);

/* True when an interactive desktop and a display to show it on exist. */
bool console_desktop_ready(const struct facts *facts);

/* True when a status lets what needs the check go on: OK, OFF or WARNING. */
bool console_is_right(enum check_status status);

/* True when a person can reach the desktop through Parsec now: account signed in, service running,
 * desktop there, virtual adapter working, configuration as wanted and, with the strategy `hold`,
 * the held monitor active. Unknown counts as not ready. */
bool console_stream_ready(const struct findings *findings);

/* True when somebody can see the machine one way or the other. */
bool console_visible(const struct findings *findings);

/* What is wrong with the console picture, CAUSE_NONE when nothing is. For a machine that has
 * Hyper-V Video. */
enum cause console_cause(const struct profile *profile,
                         const struct journal_state *journal,
                         const struct findings *findings);

/* The finding of display.hyperv_video. Needs the facts and the findings of the checks before it. */
void console_judge(const struct profile *profile,
                   const struct journal_state *journal,
                   const struct findings *findings,
                   struct finding *ret_finding);

#endif
