/*
 * A VM's key in a file that may travel (flow F13): all generations, sealed under a passphrase with
 * PBKDF2-HMAC-SHA256 and ChaCha20-Poly1305. The file is JSON with the VM's id, the number of
 * rounds, salt and nonce in the open, all of them authenticated. Whoever reads one treats it as
 * hostile: sizes and rounds have bounds. Blocking, some seconds on a slow processor; any thread.
 */
#ifndef GPUPV_HOST_KEY_EXPORT_H
#define GPUPV_HOST_KEY_EXPORT_H

#include "common/key.h"

#define KEY_EXPORT_ROUNDS     600000 /* of what we write */
#define KEY_EXPORT_ROUNDS_MIN 1000
#define KEY_EXPORT_ROUNDS_MAX 10000000
#define KEY_EXPORT_PASSPHRASE 12 /* characters, at least */

/* Writes a new file, private. ERR_EXISTS when there is one; ERR_USAGE for a short passphrase. */
bool key_export_write(const char *path,
                      const struct key_file *key,
                      const char *passphrase,
                      unsigned rounds,
                      struct err *err);

/* Reads the file. ERR_AUTH: another passphrase, or the file was changed; ERR_BAD_INPUT: no such
 * file of ours. The caller wipes with key_wipe. */
bool key_export_read(const char *path,
                     const char *passphrase,
                     struct key_file *ret_key,
                     struct err *err);

#endif
