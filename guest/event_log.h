/*
 * The agent's events in Windows' event log (Application, source gpupv-agent): the few things that
 * an administrator looks for there. The texts are a message table in the program (messages.mc), so
 * that the Event Viewer shows them in its own language. Everything else is in the agent's log.
 * Windows only; any thread.
 */
#ifndef GPUPV_GUEST_EVENT_LOG_H
#define GPUPV_GUEST_EVENT_LOG_H

enum event {
    EVENT_STARTED, /* version */
    EVENT_STOPPED,
    EVENT_CANNOT_RUN, /* why */
    EVENT_STALLED,    /* dump */
    EVENT_CRASHED,    /* exception code, dump */
    EVENT_RELEASED,
    EVENT_STOPPED_LATE, /* seconds, what became of the console */
    EVENT_INSTALLED,    /* version */
    EVENTS
};

/* Reports an event with its texts, "" for those it lacks. A log that cannot be written is told in
 * the agent's own log, and nowhere else. */
void event_log_report(enum event event, const char *first, const char *second);

#endif
