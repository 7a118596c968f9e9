/* The set-up of the agent's service. */
#include "common/agent_service.h"

const uint32_t agent_service_restart_ms[AGENT_SERVICE_RESTARTS] = {1000, 5000, 60000};

/* Not among them: making tokens, permanent objects, locking memory, profiling the system, changing
 * its time and firmware, relabelling. Installers inherit what is here. */
const char *const agent_service_privileges[] = {"SeAssignPrimaryTokenPrivilege",
                                                "SeAuditPrivilege",
                                                "SeBackupPrivilege",
                                                "SeChangeNotifyPrivilege",
                                                "SeCreateGlobalPrivilege",
                                                "SeDebugPrivilege",
                                                "SeImpersonatePrivilege",
                                                "SeIncreaseBasePriorityPrivilege",
                                                "SeIncreaseQuotaPrivilege",
                                                "SeLoadDriverPrivilege",
                                                "SeManageVolumePrivilege",
                                                "SeRestorePrivilege",
                                                "SeSecurityPrivilege",
                                                "SeShutdownPrivilege",
                                                "SeTakeOwnershipPrivilege",
                                                "SeTcbPrivilege",
                                                NULL};
