/*
 * Parsec's configuration on the guest: which files count, how they differ from the profile, and the
 * edit itself. Parsec keeps its settings in memory and writes the files back, so an edit stops the
 * service and its processes, changes the files and starts it again; that drops streams and
 * therefore happens only while no client is connected, or when forced. The files lie in folders
 * that ordinary users can write: everything goes through the files port's checked handles.
 *
 * What Parsec takes out again after an edit is seen by the next look, and is evidence for the
 * display strategy (strategy.h).
 */
#ifndef GPUPV_GUEST_PARSEC_CONFIG_APPLY_H
#define GPUPV_GUEST_PARSEC_CONFIG_APPLY_H

#include "guest/machine/machine.h"
#include "guest/parsec/log.h"
#include "guest/parsec/state.h"

#define PARSEC_SERVICE         "Parsec"
#define PARSEC_PROCESS         "parsecd.exe"
#define PARSEC_SERVICE_WAIT_MS 30000 /* for the service to stop or start */

/* The four files. */
enum config_place {
    CONFIG_SHARED_TEXT,
    CONFIG_SHARED_JSON,
    CONFIG_USER_TEXT,
    CONFIG_USER_JSON,
    CONFIG_PLACES
};

struct config_file {
    bool target; /* exists or has to be made, within the profile's scope */
    bool exists;
    struct err broken;       /* cannot be understood: an edit replaces it and keeps a copy */
    struct config_diff diff; /* empty: the file agrees */
};

struct config_view {
    struct config_file files[CONFIG_PLACES];
    struct config_lines wanted;
    enum file_root live;               /* the folder that Parsec uses */
    size_t differences;                /* lines that differ in the targets */
    const char *broken;                /* name of a file that cannot be understood; NULL: none */
    uint32_t fingerprint;              /* of what differs; 0: nothing */
    char first_key[PROFILE_KEY_BYTES]; /* of the first difference */
};

/* Compares the files with the profile. Also counts, in state, what Parsec took out of the lines
 * that were applied before; *ret_state_changed tells that it must be saved. */
bool config_look(struct machine *machine,
                 const struct profile *profile,
                 const struct parsec_log *log,
                 struct parsec_state *state,
                 bool *ret_state_changed,
                 struct config_view *ret_view,
                 struct err *err);

/* What an edit works with. */
struct config_job {
    struct machine *machine;
    const struct profile *profile;
    struct parsec_log *log;
    struct parsec_state *state;
    const char *folder; /* the agent's data folder: state is saved there before the first file
                           changes, copies of broken files go there */
    bool force;         /* also while a client is connected */
};

/* Stops Parsec, edits every target that differs, starts Parsec again (also after a failure).
 * Nothing differs: true, and Parsec is left alone. ERR_BUSY with a client connected, unless forced.
 */
bool config_apply(const struct config_job *job, struct err *err);

/* Gives the lines back that stood there before the agent (for `release`). Otherwise as
 * config_apply. */
bool config_give_back(const struct config_job *job, struct err *err);

/* Reads one key of the configuration that Parsec uses; "" when it is not there. */
bool config_live_value(struct machine *machine,
                       const struct profile *profile,
                       const struct parsec_log *log,
                       const char *key,
                       char *out,
                       size_t size,
                       struct err *err);

#endif
