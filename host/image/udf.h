/*
 * Reads UDF, the file system of Windows' ISO files, without mounting them: ECMA-167 as UDF 1.02
 * (Microsoft's oscdimg) to 2.01 use it: one block size of 2048 bytes, plain partitions, files of
 * any size in any number of extents. What only rewritable media have (virtual, sparable and
 * metadata partitions, strategy 4096) is refused by name. The file is hostile input: every
 * descriptor is checked with its checksums, everything is bounded, folders that lead back to
 * themselves are found.
 *
 * Names are UTF-8 components separated by '/', compared without the case of ASCII letters. One
 * thread at a time.
 */
#ifndef GPUPV_IMAGE_UDF_H
#define GPUPV_IMAGE_UDF_H

#include "host/image/source.h"

#define UDF_NAME_BYTES 768 /* of one component */

struct udf;

/* Finds the volume; borrows iso, which must live longer. ERR_NOT_FOUND: there is no UDF;
 * ERR_BAD_INPUT: damaged or not supported. Caller frees with udf_close. */
bool udf_open(struct source *iso, struct udf **ret_udf, struct err *err);

/* NULL is fine. */
void udf_close(struct udf *udf);

/* Opens the file at path; *ret_source is NULL when there is none. Caller frees it with source_free,
 * before the iso. */
bool udf_open_file(struct udf *udf, const char *path, struct source **ret_source, struct err *err);

/* Calls visit for each entry of the folder at path ("": the root) until it returns false. A missing
 * folder has none. */
bool udf_list(struct udf *udf,
              const char *path,
              bool (*visit)(const char *name, bool folder, void *user),
              void *user,
              struct err *err);

#endif
