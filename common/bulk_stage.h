/*
 * The files of a transfer on the disk, for the threads of bulk: where each is staged, opening,
 * finishing. Blocking; different files may be worked on by different threads at once.
 */
#ifndef GPUPV_BULK_STAGE_H
#define GPUPV_BULK_STAGE_H

#include "bulk.h"
#include "fs.h"

/* Writes the path of file `index` below folder to out (FS_PATH_BYTES), with BULK_PART when part. */
bool bulk_stage_path(const char *folder,
                     const struct manifest *files,
                     size_t index,
                     bool part,
                     char *out,
                     struct err *err);

/* Opens the part of a file to write to it, making its folders, with private permissions or (shared)
 * those of folder. last_folder (FS_PATH_BYTES) remembers the folder that was made last, to make it
 * only once; "" at first. */
bool bulk_stage_open(const char *folder,
                     bool shared,
                     const struct manifest *files,
                     size_t index,
                     char *last_folder,
                     struct fs_file **ret_file,
                     struct err *err);

/* Ends a file whose bytes are all written: compares its digest (with that of `data`, when the whole
 * file is in memory, else it is read again), sets its time, closes it and gives it its name. Closes
 * in any case; a wrong digest removes the part. */
bool bulk_stage_finish(const char *folder,
                       const struct manifest *files,
                       size_t index,
                       struct fs_file *file,
                       const uint8_t *data,
                       struct err *err);

#endif
