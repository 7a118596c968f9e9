/*
 * Pairing by a one-time code: how a guest that runs already meets a host it shares no key with
 * (flow F5). The host makes a code and shows it; an administrator types it in the guest; both
 * derive the same secret from it and prove it to each other in the TLS handshake under the PSK
 * identity "pair:<vm id>". Such a session may do one thing: bring the real key (key.rotate from
 * generation 0), which ends the code.
 *
 * A code carries 75 random bits, so whoever recorded or attacked a handshake cannot search for it;
 * the guest also counts attempts (guest/pairing.h). The sixteenth letter is a check of the others:
 * what is mistyped is refused at the keyboard and costs no attempt. Letters that look alike are
 * one: O is 0, I and L are 1; case, spaces and hyphens do not matter.
 *
 * Pure but for the random source; any thread. Codes and secrets are wiped by whoever holds them.
 */
#ifndef GPUPV_PAIR_H
#define GPUPV_PAIR_H

#include "common/key.h"

#define PAIR_CODE_BYTES 20 /* "XXXX-XXXX-XXXX-XXXX" and its end */
#define PAIR_LIFE_MS    (INT64_C(15) * 60 * 1000)

/* Makes a code into out (PAIR_CODE_BYTES). */
bool pair_code_new(char *out, struct err *err);

/* Reads what a person typed into out (PAIR_CODE_BYTES), in the form that pair_code_new writes.
 * ERR_USAGE with a hint when it is no code. */
bool pair_code_parse(const char *text, char *out, struct err *err);

/* The secret of the code for one VM. */
bool pair_secret(const char *code,
                 const char *vm,
                 uint8_t ret_secret[KEY_SECRET_BYTES],
                 struct err *err);

/* "pair:<vm>" into out (KEY_IDENTITY_BYTES); returns out. */
const char *pair_identity(const char *vm, char *out);

/* True for the identity of a pairing; its VM goes to out (KEY_VM_BYTES). */
bool pair_identity_vm(const char *identity, char *out);

#endif
