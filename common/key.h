/*
 * The keys of one VM: 32-byte secrets, each with a generation, kept in one small file on each side
 * (design, Key life). Generations grow by one. On the host `next` is the one newer than `current`
 * that the guest may not know yet; older ones are kept as the last two, for a guest whose disk was
 * restored. In the guest the newer one is what key.rotate brought, until a hello proves that the
 * host has it too; then all older ones go.
 *
 *   host  key_rotate_begin, key_save        g+1 is next
 *   host  key.rotate{from g, g+1} over a session under g
 *   guest key_accept, key_save, answer      knows g and g+1
 *   host  dials g+1: hello                  key_confirm(keep_older true), key_save
 *   guest on_hello under g+1                key_confirm(keep_older false), key_save
 *
 * Whatever dies in between, both still have one generation in common. Secrets are wiped with
 * key_wipe; they are never logged, and the file is private (0600; SYSTEM and Administrators).
 * Plain data: copy by assignment, wipe every copy. Any thread, not locked.
 */
#ifndef GPUPV_KEY_H
#define GPUPV_KEY_H

#include "common/buf.h"
#include "common/err.h"

#include <stddef.h>

#define KEY_SECRET_BYTES   32
#define KEY_ENTRIES        4 /* next, current and the last two */
#define KEY_KEPT           3 /* without next, so that making it drops none that may be in use */
#define KEY_VM_BYTES       37
#define KEY_IDENTITY_BYTES 72
#define KEY_FILE_BYTES     8192

struct key_entry {
    int64_t generation; /* 1.. */
    uint8_t secret[KEY_SECRET_BYTES];
};

struct key_file {
    char vm[KEY_VM_BYTES]; /* lower case, without braces */
    int64_t current;       /* the newest generation that both sides proved */
    size_t count;
    struct key_entry entries[KEY_ENTRIES]; /* newest first */
};

/* How secrets lie in the file. */
struct key_seal {
    const char *name; /* in the file; a file sealed another way is refused */
    bool (*seal)(const uint8_t *data, size_t length, struct buf *out, struct err *err);
    bool (*open)(const uint8_t *data, size_t length, struct buf *out, struct err *err);
};

/* As they are: the folder's permissions are the guard. */
extern const struct key_seal key_seal_plain;

/* For the host's store: machine-scope DPAPI on Windows, as they are elsewhere. */
extern const struct key_seal key_seal_host;

/* True for an id as in key_file.vm. */
bool key_vm_is_valid(const char *text);

/* Makes the first key of a VM. */
bool key_new(const char *vm, struct key_file *ret_key, struct err *err);

/* Reads the file. ERR_NOT_FOUND when there is none, ERR_BAD_INPUT when it is damaged. */
bool key_load(const char *path,
              const struct key_seal *seal,
              struct key_file *ret_key,
              struct err *err);

/* Replaces the file atomically, private and flushed. */
bool key_save(const char *path,
              const struct key_seal *seal,
              const struct key_file *key,
              struct err *err);

/* Overwrites the secrets in memory. */
void key_wipe(struct key_file *key);

/* The entry of a generation, NULL when it is not there. */
const struct key_entry *key_find(const struct key_file *key, int64_t generation);

/* The newest entry when it is newer than current (the host's `next`), else NULL. */
const struct key_entry *key_next(const struct key_file *key);

/* Host: makes `next` unless there is one already, which is then sent again. No generation goes: the
 * guest may be known by the oldest one only. Save before sending. */
bool key_rotate_begin(struct key_file *key, struct err *err);

/* Guest: takes a newer generation over a session that was made under `from`. ERR_CONFLICT when the
 * session does not use `from` or `generation` is not newer. The same one again is fine; another
 * secret for a generation that no hello has proved replaces it. Save before answering. */
bool key_accept(struct key_file *key,
                int64_t session_generation,
                int64_t from,
                int64_t generation,
                const uint8_t secret[KEY_SECRET_BYTES],
                struct err *err);

/* Guest: begins anew with the key of a VM that it had none for (pairing, or a clone that was told
 * its own id): nothing of the old ones stays. Save before answering. */
bool key_adopt(struct key_file *key,
               const char *vm,
               int64_t generation,
               const uint8_t secret[KEY_SECRET_BYTES],
               struct err *err);

/* Either side: a hello under `generation` succeeded. It becomes current when it is newer; the host
 * keeps KEY_KEPT, the guest (keep_older false) drops all older ones. True when something changed
 * and must be saved. */
bool key_confirm(struct key_file *key, int64_t generation, bool keep_older);

/* "<vm>:<generation>" into out (KEY_IDENTITY_BYTES); returns out. */
const char *key_identity(const struct key_file *key, int64_t generation, char *out);

/* The secret that an identity names, NULL when vm or generation are not this key's. Takes the same
 * time whichever entry it is. */
const struct key_entry *key_by_identity(const struct key_file *key, const char *identity);

/* The generation in an identity; 0 when it is malformed. */
int64_t key_identity_generation(const char *identity);

#endif
