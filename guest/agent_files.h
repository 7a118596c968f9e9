/* The names of the files in the agent's data folder that more than one source knows. */
#ifndef GPUPV_GUEST_AGENT_FILES_H
#define GPUPV_GUEST_AGENT_FILES_H

#define AGENT_PROFILE_FILE "profile.json"
#define AGENT_KEY_FILE     "key.json"
#define AGENT_JOURNAL_FILE "journal"
#define AGENT_LOG_FILE     "agent.log"
#define AGENT_LOCK_FILE    "agent.lock"

#endif
