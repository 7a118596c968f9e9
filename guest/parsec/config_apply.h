/*
 * Parsec's configuration on the guest: which files count, how they differ from the profile, and the
 * edit itself. Parsec keeps the files in memory and writes them back, so an edit stops the service
 * and its processes, changes the files and starts it again; that drops streams and therefore
 * happens only while no client is connected, or when forced. The files lie in folders that ordinary
 * users can write: everything goes through the files port's checked handles.
 *
 * Parsec needs some seconds to take or refuse the lines; config_look tells `settling` for that time
 * and counts what Parsec took out again as evidence (strategy.h).
 */
#ifndef GPUPV_GUEST_PARSEC_CONFIG_APPLY_H
#define GPUPV_GUEST_PARSEC_CONFIG_APPLY_H

#include "guest/machine/machine.h"
#include "guest/parsec/log.h"
#include "guest/parsec/state.h"

#define CONFIG_SETTLE_MS  10000 /* after a start Parsec has read or rewritten its files */
#define CONFIG_SERVICE_MS 30000 /* for the service to stop or start */

/* The four files. */
enum config_place {
    CONFIG_SHARED_TEXT,
    CONFIG_SHARED_JSON,
    CONFIG_USER_TEXT,
    CONFIG_USER_JSON,
    CONFIG_PLACES
};

struct config_file {
    bool target; /* exists, or has to be made, and is not excluded by the profile's scope */
    bool exists;
    struct err broken;       /* not of Parsec's form: an edit replaces it and keeps a copy */
    struct config_diff diff; /* empty: the file agrees */
};

struct config_view {
    struct config_file files[CONFIG_PLACES];
    enum file_root live; /* the folder that Parsec uses */
    size_t differences;  /* in all targets */
    bool settling;       /* an edit was made moments ago: judge later */
};

/* Compares the files with the profile. Also notes in state what an earlier edit came to (settled,
 * or lines removed); *ret_state_changed tells that it must be saved. */
bool config_look(struct machine *machine,
                 const struct profile *profile,
                 const struct parsec_log *log,
                 enum config_strategy strategy,
                 struct parsec_state *state,
                 bool *ret_state_changed,
                 struct config_view *ret_view,
                 struct err *err);

/* Stops Parsec, edits every target that differs, starts Parsec again (also after a failure).
 * ERR_BUSY with a client connected, unless forced. folder is the agent's data folder: state is
 * saved there before the first file changes, and copies of broken files go there. */
bool config_apply(struct machine *machine,
                  const struct profile *profile,
                  struct parsec_log *log,
                  enum config_strategy strategy,
                  struct parsec_state *state,
                  const char *folder,
                  bool force,
                  struct err *err);

/* Gives the lines back that stood there before the agent (for `release`). Otherwise as
 * config_apply. */
bool config_give_back(struct machine *machine,
                      const struct profile *profile,
                      struct parsec_log *log,
                      struct parsec_state *state,
                      const char *folder,
                      bool force,
                      struct err *err);

/* Name of a file for messages: "config.txt" in the folder's path. */
const char *config_place_name(enum config_place place);

#endif
