/*
 * The simulated Parsec: what its service and parsecd do when they start, stop or crash, how they
 * treat their configuration (they read it at the start only, rewrite it, and remove lines that the
 * plan does not have), what they write to log.txt, and how the account and clients come and go.
 * Facts: guest.md section 1.
 */
#ifndef GPUPV_SIM_PARSECD_H
#define GPUPV_SIM_PARSECD_H

#include "guest/machine/sim/disk.h"

#define PARSECD_SERVICE    "Parsec"
#define PARSECD_PROCESS    "parsecd.exe"
#define PARSECD_RESPAWN_MS 2000

/* The service came up: processes, configuration, log. */
void parsecd_start(struct sim_env *env);

/* The service went down; the user's parsecd stays, as the real one does. */
void parsecd_stop(struct sim_env *env);

/* Somebody ended parsecd; a running service starts it again after PARSECD_RESPAWN_MS. */
void parsecd_killed(struct sim_env *env);

/* Monitors that Parsec itself plugs in now, and whether it blanks all other displays. */
unsigned parsecd_monitors(const struct world *world);
bool parsecd_private(const struct world *world);

/* The account changes: signed in writes user.bin, signed out removes it, lost keeps it. */
void parsecd_account(struct sim_env *env, enum world_account account);

/* A client connects or leaves; a line per fact in the log. False when Parsec does not accept
 * anybody now. */
bool parsecd_client(struct sim_env *env, bool connected);

/* Puts the stock configuration into place. */
void parsecd_stock_config(struct sim_env *env);

/* Where Parsec keeps its data. */
enum file_root parsecd_root(const struct world *world);

/* Whether Parsec reaches its servers, directly or through the proxy of its configuration. */
bool parsecd_online(const struct world *world);

#endif
