/*
 * The guest's side of pairing (common/pair.h): the one code that waits to be proved, kept in a
 * small private file of the agent's data so that it survives a restart of the service. It lives
 * PAIR_LIFE_MS, takes PAIRING_ATTEMPTS handshakes (counted on disk before each, so that killing the
 * agent gives no more) and is gone after the first key it brought. A clock that went back by more
 * than PAIRING_SLACK_MS ends it too: time that cannot be told counts as over.
 *
 * Blocking, quick; one thread at a time. Whoever may write the agent's data folder may make a code,
 * which is why only administrators and SYSTEM may.
 */
#ifndef GPUPV_GUEST_PAIRING_H
#define GPUPV_GUEST_PAIRING_H

#include "common/clock.h"
#include "common/pair.h"

#define PAIRING_FILE     "pair.json"
#define PAIRING_ATTEMPTS 10
#define PAIRING_SLACK_MS INT64_C(60000)

/* Lets the code (in the form of pair_code_parse) wait; replaces an older one. The folder is made
 * when it is missing, private. */
bool pairing_begin(const char *folder, const char *code, struct clock *clock, struct err *err);

/* The secret for a handshake under `identity` ("pair:<vm>"); costs one attempt. own_vm: the id that
 * Hyper-V gives this machine, "" when it is unknown. ERR_NOT_FOUND without a code, ERR_AUTH when it
 * is over; what is over is removed. */
bool pairing_secret(const char *folder,
                    const char *identity,
                    const char *own_vm,
                    struct clock *clock,
                    uint8_t ret_secret[KEY_SECRET_BYTES],
                    struct err *err);

/* Removes the code: it brought a key. None is fine. */
bool pairing_end(const char *folder, struct err *err);

/* Removes a code that is over, so that it does not stay on the disk. */
void pairing_sweep(const char *folder, struct clock *clock);

#endif
