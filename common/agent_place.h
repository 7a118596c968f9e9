/*
 * Where the agent stands in a guest and under which names, as the host puts it on a disk and the
 * agent installs itself. Constants only.
 */
#ifndef GPUPV_AGENT_PLACE_H
#define GPUPV_AGENT_PLACE_H

#define AGENT_SERVICE        "gpupv-agent"
#define AGENT_PROGRAM        "gpupv-agent.exe"
#define AGENT_PROGRAM_FOLDER "gpupv"       /* below %ProgramFiles% */
#define AGENT_DATA_FOLDER    "gpupv-agent" /* below %ProgramData% */
#define AGENT_EVENT_SOURCE   "gpupv-agent" /* in the event log Application */

#endif
