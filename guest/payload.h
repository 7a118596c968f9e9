/*
 * The payload store: programs that the agent may run, as the host put them into the folder
 * payloads/ of the agent's data folder (private: SYSTEM and Administrators). Which names exist,
 * what their files may be called, how large they may be and who may have signed them is a table.
 * The store keeps one version of each: payloads/<name>.json is the record that the host's word made
 * (file, version, size, SHA-256, publisher), payloads/<name>-<hash>/<file> the file. A put arrives
 * in chunks in a staging file that survives restarts, is verified as a whole, renamed into place,
 * and becomes current by the atomic replacement of the record; a crash at any point leaves the old
 * version standing. ZIP payloads (VB-Cable) are unpacked by zip.h into a folder beside them, when
 * they are asked for. Blocking; job threads only.
 */
#ifndef GPUPV_GUEST_PAYLOAD_H
#define GPUPV_GUEST_PAYLOAD_H

#include "common/digest.h"
#include "common/fs.h"

#define PAYLOAD_MAX_BYTES  ((uint64_t)64 * 1024 * 1024)  /* today's have 1 to 4 MB */
#define PAYLOAD_FREE_BYTES ((uint64_t)256 * 1024 * 1024) /* stays free on the volume */

enum payload_id { PAYLOAD_PARSEC, PAYLOAD_PARSEC_VDD, PAYLOAD_VB_CABLE, PAYLOAD_COUNT };

/* What may be stored under a name. */
struct payload_kind {
    const char *name;       /* "parsec-vdd"; stable, on the wire */
    const char *suffix;     /* of the file: ".exe" */
    const char *publishers; /* allowed Authenticode publishers, separated by '|' */
    uint64_t max_bytes;
    const char *program; /* ZIP payloads: the file inside that is run; NULL: the file itself */
};

struct payload_info {
    enum payload_id id;
    char file[FS_NAME_BYTES];
    char version[32];
    char sha256[DIGEST_HEX_BYTES];
    char publisher[128];
    uint64_t size_bytes;
};

struct payload_store;

/* The row of id. */
const struct payload_kind *payload_kind(enum payload_id id);

/* Finds a name; false when it is unknown. */
bool payload_parse(const char *name, enum payload_id *ret_id);

/* Opens (makes) the store below the agent's data folder and removes what crashes left behind. The
 * caller frees with payload_store_free. */
bool payload_store_open(const char *folder, struct payload_store **ret_store, struct err *err);

/* NULL is fine. */
void payload_store_free(struct payload_store *store);

/* One chunk of the file that info describes. offset must be the number of bytes staged so far, else
 * ERR_CONFLICT; either way *ret_next is the offset to send next (set on ERR_CONFLICT too, so that
 * an interrupted put goes on). The chunk that completes the file verifies and installs it:
 * *ret_done. An info that is current already is done at once. ERR_BAD_INPUT for a name, size, hash
 * or publisher that cannot be; ERR_UNSAFE when the whole does not have the hash (staging starts
 * anew); ERR_NO_SPACE. length 0 asks how far it is. */
bool payload_put(struct payload_store *store,
                 const struct payload_info *info,
                 uint64_t offset,
                 const void *data,
                 size_t length,
                 uint64_t *ret_next,
                 bool *ret_done,
                 struct err *err);

/* The current version; absent: true with *ret_present false. */
bool payload_find(struct payload_store *store,
                  enum payload_id id,
                  struct payload_info *ret_info,
                  bool *ret_present,
                  struct err *err);

/* The program to run, as an absolute path (FS_PATH_BYTES), and its SHA-256: the payload's file
 * after its hash was checked again, or for a ZIP the program inside, unpacked from the checked
 * file. ERR_NOT_FOUND when the payload is absent. */
bool payload_program(struct payload_store *store,
                     enum payload_id id,
                     char *ret_path,
                     char *ret_sha256,
                     struct err *err);

/* Removes the payload; absent is fine. */
bool payload_remove(struct payload_store *store, enum payload_id id, struct err *err);

#endif
