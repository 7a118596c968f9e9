/*
 * What the simulated Parsec writes to log.txt: at its start, when clients come and go, and when
 * something does not work (the lines of guest.md section 1.5).
 */
#ifndef GPUPV_SIM_PARSECD_LOG_H
#define GPUPV_SIM_PARSECD_LOG_H

#include "guest/machine/sim/disk.h"

/* Appends one line "[L time] text"; the file is rotated to log.1.txt as Parsec does. */
void parsecd_log(struct sim_env *env, char level, const char *text);

/* Process start, version, state of the virtual display driver, network. */
void parsecd_log_start(struct sim_env *env);

/* The session with Parsec's servers stands, or was refused. */
void parsecd_log_account(struct sim_env *env);

/* A client connected: what is streamed to it, or why nothing is; or it left. */
void parsecd_log_client(struct sim_env *env, bool connected);

#endif
