/*
 * Sign-in mode (flow F1): while a person signs in to Parsec on the VM's console, Hyper-V Video is
 * on and primary, the agent holds no monitor, and Parsec's window is open in the user's session.
 * The mode ends when the account is there, on signin.end, or after SIGNIN_LIMIT_MS. While it is
 * active the engine gives the console back and plans nothing that takes it away (facts.signing_in).
 * It does not outlive the agent: a person asks again.
 */
#ifndef GPUPV_GUEST_PARSEC_SIGNIN_H
#define GPUPV_GUEST_PARSEC_SIGNIN_H

#include "guest/parsec/account.h"
#include "guest/parsec/holder.h"

#define SIGNIN_LIMIT_MS (INT64_C(30) * 60 * 1000)
#define SIGNIN_RETRY_MS 5000 /* between tries to open the window while nobody is logged on */

/* Starts zeroed. */
struct signin {
    bool active;
    bool window;       /* Parsec's window was opened in this mode */
    int64_t until_ms;  /* monotonic */
    int64_t window_ms; /* the next try to open it is not before */
};

/* Enters the mode: enables Hyper-V Video, releases the holder's monitor and makes the console's
 * picture primary. Already in it: the time limit starts anew and the window is opened again.
 * ERR_NOT_FOUND when Parsec is not installed; nothing is changed then. */
bool signin_begin(struct signin *signin,
                  struct machine *machine,
                  struct holder *holder,
                  struct err *err);

/* Goes on: opens the window once somebody is logged on, ends the mode when account is ACCOUNT_YES
 * or the time is over. Cheap when not active. False: the window could not be opened; the mode goes
 * on. */
bool signin_step(struct signin *signin,
                 struct machine *machine,
                 enum account account,
                 struct err *err);

/* Leaves the mode; not in it: fine. */
void signin_end(struct signin *signin);

/* True while a person signs in. */
bool signin_is_active(const struct signin *signin);

#endif
