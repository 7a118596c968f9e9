/*
 * The label of a disk that is a plain folder: what the header of a disk file would say. It lies in
 * the folder as .disk.json; a folder without one is no disk. `dirty` and `bitlocker` are never
 * written by us: tests and people put them in to play a volume that was not shut down cleanly, or
 * is encrypted. Blocking; any thread.
 */
#ifndef GPUPV_DIR_LABEL_H
#define GPUPV_DIR_LABEL_H

#include "host/image/image.h"

#define DIR_LABEL_FILE ".disk.json"

struct dir_label {
    uint64_t size_bytes;
    char id[IMAGE_ID_BYTES];
    char parent[FS_PATH_BYTES]; /* "": none */
    char parent_id[IMAGE_ID_BYTES];
    bool dirty, bitlocker;
};

/* Reads the label of the disk at path; ERR_NOT_FOUND when it is no disk. */
bool dir_label_load(const char *path, struct dir_label *ret_label, struct err *err);

/* Gives the label a new id and writes it to the folder at path. */
bool dir_label_renew(const char *path, struct dir_label *label, struct err *err);

#endif
